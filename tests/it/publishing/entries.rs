//! Entries that change between a request and its sending, plans that a person approved, and times to publish at.

use almanac_tests::{
    Stack, User,
    actor::{
        calendar::keyed,
        publishing::{Written, texts},
        token,
    },
    eventually,
    world::{
        Answer,
        channels::{Grant, Site},
    },
};
use serde_json::{Value, json};

use super::{SOON, connected, ending, sends};

/// What happens to an entry while its intent waits, and what becomes of it.
#[derive(Clone, Copy, Debug)]
struct Change {
    edit: Option<&'static str>,
    is_deleted: bool,
    is_approved: bool,
    status: &'static str,
    code: &'static str,
    /// What is posted.
    text: Option<&'static str>,
}

const UNCHANGED: Change = Change {
    edit: None,
    is_deleted: false,
    is_approved: true,
    status: "published",
    code: "",
    text: Some("As planned"),
};
const CHANGES: [Change; 7] = [
    UNCHANGED,
    Change { is_approved: false, ..UNCHANGED },
    Change { edit: Some("Better words"), is_approved: false, text: Some("Better words"), ..UNCHANGED },
    Change { edit: Some("Better words"), status: "failed", code: "PLAN_STALE", text: None, ..UNCHANGED },
    Change { edit: Some(""), is_approved: false, status: "failed", code: "TEXT_REQUIRED", text: None, ..UNCHANGED },
    Change { is_deleted: true, status: "cancelled", code: "ENTRY_DELETED", text: None, ..UNCHANGED },
    Change {
        is_deleted: true,
        is_approved: false,
        status: "cancelled",
        code: "ENTRY_DELETED",
        text: None,
        ..UNCHANGED
    },
];

/// A person with one entry.
struct Author {
    anna: User,
    grant: Grant,
    written: Written,
}

impl Author {
    async fn new(stack: &Stack) -> Self {
        let (anna, grant) = connected(stack, Site::Facebook).await;
        let written = anna.write("facebook", &["As planned".to_owned()]).await;
        Self { anna, grant, written }
    }

    async fn publish(&self, is_approved: bool) -> String {
        let hash = if is_approved {
            let dry = self.written.order(&json!({ "dryRun": true }));
            self.anna.publish(&dry).await.expect(200).data()["planHash"].clone()
        } else {
            Value::Null
        };
        let changes = if hash.is_null() { json!({}) } else { json!({ "planHash": hash }) };
        self.anna.published(&self.written.order(&changes)).await.intents.remove(0)
    }

    async fn apply(&self, change: Change) {
        if let Some(text) = change.edit {
            self.anna.patch(&self.written.path(0), json!({ "caption": text })).await.expect(200);
        }
        if change.is_deleted {
            self.anna.delete(&self.written.path(0)).await.expect(204);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_entry_is_sent_as_approved_or_not_at_all() {
    let stack = Stack::builder().start().await;
    let mut authors = Vec::new();
    for change in CHANGES {
        authors.push((change, Author::new(&stack).await));
    }
    stack.worker(0).kill().await;
    let mut intents = Vec::new();
    for (change, author) in &authors {
        intents.push(author.publish(change.is_approved).await);
        author.apply(*change).await;
    }

    stack.worker(0).start().await;

    let ledger = stack.world.channels().ledger();
    for ((change, author), id) in authors.iter().zip(&intents) {
        let intent = author.anna.wait_for_intent(id, change.status).await;
        assert_eq!(ending(&intent), (change.status, change.code), "{change:?}");
        let posts: Vec<String> = ledger.posts(&author.grant.account).into_iter().map(|post| post.text).collect();
        assert_eq!(posts, change.text.into_iter().collect::<Vec<_>>(), "{change:?}");
        assert_eq!(sends(ledger, &author.grant), posts.len(), "{change:?}: nothing else is sent");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_has_changed_since_it_was_shown_is_refused() {
    let stack = Stack::shared().await;
    let author = Author::new(&stack).await;
    let (anna, written) = (&author.anna, &author.written);
    let dry = written.order(&json!({ "dryRun": true }));
    let hash = anna.publish(&dry).await.expect(200).data()["planHash"].clone();
    anna.patch(&written.path(0), json!({ "caption": "Changed" })).await.expect(200);

    let refused = anna.publish(&written.order(&json!({ "planHash": hash }))).await.refused(409, "PLAN_STALE").json();

    assert!(!refused["error"]["details"].as_array().unwrap().is_empty(), "it says what changed: {refused}");
    let hash = anna.publish(&dry).await.expect(200).data()["planHash"].clone();
    let later = written.order(&json!({ "planHash": hash, "publishAt": "entry" }));
    let intent = anna.published(&later).await.intents.remove(0);
    assert_eq!(anna.intent(&intent).await["status"], "pending", "the time is no part of the plan");
    anna.post(&format!("/v1/publish/intents/{intent}/cancel"), json!({})).await;
    anna.wait_for_intent(&intent, "cancelled").await;
}

/// An instant some seconds from now.
fn instant(seconds: i64) -> String {
    let now = chrono::DateTime::from_timestamp(i64::try_from(token::now()).unwrap_or_default() + seconds, 0);
    now.unwrap_or_default().to_rfc3339()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_published_before_its_time() {
    let stack = Stack::shared().await;
    let (anna, grant) = connected(&stack, Site::Facebook).await;
    let texts = texts(1);
    let written = anna.write("facebook", &texts).await;
    let due = instant(6);
    let id = anna.published(&written.order(&json!({ "publishAt": due }))).await.intents.remove(0);
    assert_eq!(anna.intent(&id).await["status"], "pending");
    let other = anna.write("facebook", &["Now".to_owned()]).await;
    let other = anna.published(&other.order(&json!({}))).await.intents.remove(0);
    anna.wait_for_intent(&other, "published").await;

    anna.wait_for_intent(&id, "published").await;

    let post = stack.world.channels().ledger().the_only_post(&grant.account, &texts[0]);
    assert!(post.at >= chrono::DateTime::parse_from_rfc3339(&due).unwrap(), "{} is before {due}", post.at);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_has_passed_is_skipped_or_refused() {
    let stack = Stack::shared().await;
    let (anna, _) = connected(&stack, Site::Facebook).await;
    let entries = [
        json!({ "channel": "facebook", "caption": "Then", "date": "2020-01-01" }),
        json!({ "channel": "facebook", "caption": "Later" }),
    ];
    let written = anna.write_entries(&entries).await;

    let refused = written.order(&json!({ "publishAt": instant(-60) }));
    anna.publish(&refused).await.refused(422, "IN_THE_PAST");
    let only = written.order(&json!({ "publishAt": "entry", "entryIds": [written.entries[0]] }));
    anna.publish(&only).await.refused(422, "IN_THE_PAST");
    let both = anna.published(&written.order(&json!({ "publishAt": "entry" }))).await;

    assert_eq!(both.answer["skipped"], json!([{ "entryId": written.entries[0], "code": "IN_THE_PAST" }]));
    assert_eq!(both.intents.len(), 1);
    anna.post(&format!("/v1/publish/intents/{}/cancel", both.intents[0]), json!({})).await;
    anna.wait_for_intent(&both.intents[0], "cancelled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_was_away_sends_what_became_due() {
    let stack = Stack::builder().start().await;
    let (anna, grant) = connected(&stack, Site::Linkedin).await;
    let texts = texts(1);
    let written = anna.write("linkedin", &texts).await;
    let id = anna.published(&written.order(&json!({ "publishAt": instant(4) }))).await.intents.remove(0);
    stack.worker(0).kill().await;
    let admin = stack.admin().await;
    let is_due = async || {
        let due = "SELECT bool_and(run_at < clock_timestamp()) FROM almanac.jobs WHERE kind = 'publishing.publish'";
        sqlx::query_scalar::<_, bool>(due).fetch_one(&admin).await.unwrap().then_some(())
    };
    eventually(SOON, "its time has come", is_due).await;

    stack.worker(0).start().await;

    anna.wait_for_intent(&id, "published").await;
    stack.world.channels().ledger().the_only_post(&grant.account, &texts[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_timed_out_publishes_nothing_by_itself() {
    let stack = Stack::builder().api_env("CALENDAR_TIMEOUT_SECONDS", "3").start().await;
    let (anna, grant) = connected(&stack, Site::Facebook).await;
    stack.world.play("late", [Answer { cards: usize::MAX, hold_after: Some(2), ..Answer::default() }.into()]);

    let order = json!({ "channels": ["facebook"], "constraints": keyed("late") });
    let seen = anna.plan(&order).await.collect_to_end().await;

    let done = seen.last().unwrap().json();
    assert_eq!((&done["data"]["status"], &done["data"]["entries"]), (&json!("timeout"), &json!(2)));
    let calendar = anna.calendar_of(&done).await;
    let open = anna.get("/v1/jobs?kind=publishing.publish").await.expect(200).data();
    assert_eq!(open["items"], json!([]));
    // A person's request is the only thing that publishes its entries.
    let posts = [0, 1].map(|number| calendar["entries"][number]["id"].as_str().unwrap());
    for entry in posts {
        let path = format!("/v1/calendars/{}/entries/{entry}", calendar["id"].as_str().unwrap());
        anna.patch(&path, json!({ "format": "post" })).await.expect(200);
    }
    let order = json!({ "calendarId": calendar["id"], "dryRun": false });
    for intent in anna.wait_for_ends(&anna.published(&order).await.intents).await {
        assert_eq!(ending(&intent), ("published", ""), "{intent}");
    }
    assert_eq!(stack.world.channels().ledger().posts(&grant.account).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_was_replaced_gets_no_post_that_was_approved_for_another() {
    let stack = Stack::builder().start().await;
    let (approved, plain) = (Author::new(&stack).await, Author::new(&stack).await);
    stack.worker(0).kill().await;
    let (stale, sent) = (approved.publish(true).await, plain.publish(false).await);
    let others = [&approved, &plain].map(|_| stack.world.channels().account(Site::Facebook));
    approved.anna.connect_account(&others[0]).await;
    plain.anna.connect_account(&others[1]).await;

    stack.worker(0).start().await;

    let intent = approved.anna.wait_for_intent(&stale, "failed").await;
    assert_eq!(ending(&intent), ("failed", "PLAN_STALE"), "{intent}");
    plain.anna.wait_for_intent(&sent, "published").await;
    let ledger = stack.world.channels().ledger();
    let posts = [&approved.grant, &plain.grant, &others[0], &others[1]].map(|grant| ledger.posts(&grant.account).len());
    assert_eq!(posts, [0, 0, 0, 1], "only what was not approved by its hash is sent to the new account");
    let receipt = plain.anna.receipt(&sent).await;
    assert_eq!(receipt["account"]["externalId"], others[1].account);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_was_moved_to_another_channel_is_not_posted_to_the_old_one() {
    let stack = Stack::builder().start().await;
    let author = Author::new(&stack).await;
    stack.worker(0).kill().await;
    let id = author.publish(false).await;
    author.anna.patch(&author.written.path(0), json!({ "channel": "linkedin" })).await.expect(200);

    stack.worker(0).start().await;

    let intent = author.anna.wait_for_intent(&id, "failed").await;
    assert_eq!(ending(&intent), ("failed", "PLAN_STALE"), "{intent}");
    assert_eq!(sends(stack.world.channels().ledger(), &author.grant), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_intent_at_its_entrys_time_moves_with_the_entry() {
    let stack = Stack::builder().start().await;
    let author = Author::new(&stack).await;
    let anna = &author.anna;
    stack.worker(0).kill().await;
    let order = author.written.order(&json!({ "publishAt": "entry" }));
    let id = anna.published(&order).await.intents.remove(0);
    // As if its time had come before the worker started.
    let due = "UPDATE almanac.jobs SET run_at = clock_timestamp() WHERE subject_id = $1";
    sqlx::query(due).bind(&id).execute(&stack.admin().await).await.unwrap();
    anna.patch(&author.written.path(0), json!({ "date": "2028-06-06" })).await.expect(200);

    stack.worker(0).start().await;

    let moved = async || {
        let at = anna.intent(&id).await["publishAt"].as_str().unwrap_or_default().to_owned();
        at.starts_with("2028-06-06").then_some(())
    };
    eventually(SOON, "the intent has the entry's new time", moved).await;
    assert_eq!(sends(stack.world.channels().ledger(), &author.grant), 0, "nothing is sent before it");
    anna.post(&format!("/v1/publish/intents/{id}/cancel"), json!({})).await.expect(202);
    anna.wait_for_intent(&id, "cancelled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_its_channel_does_not_take_fails_when_it_is_accepted_whenever_it_is_due() {
    let stack = Stack::shared().await;
    let (anna, grant) = connected(&stack, Site::Linkedin).await;
    let written = anna.write("linkedin", &["a".repeat(3_001), "Fine".to_owned()]).await;

    let published = anna.published(&written.order(&json!({ "publishAt": "entry" }))).await;

    let shown = &published.answer["intents"];
    assert_eq!((&shown[0]["status"], &shown[0]["error"]["code"]), (&json!("failed"), &json!("TEXT_TOO_LONG")));
    assert_eq!((&shown[1]["status"], &shown[1]["error"]), (&json!("pending"), &Value::Null));
    let intent = anna.wait_for_intent(&published.intents[0], "failed").await;
    assert_eq!(ending(&intent), ("failed", "TEXT_TOO_LONG"), "{intent}");
    assert_eq!(intent["error"]["limit"], 3_000);
    assert_eq!(sends(stack.world.channels().ledger(), &grant), 0);
    anna.post(&format!("/v1/publish/intents/{}/cancel", published.intents[1]), json!({})).await.expect(202);
    anna.wait_for_intent(&published.intents[1], "cancelled").await;
    crate::publishing::assert_all_ended(&stack, &anna, &published.intents).await;
}
