//! Requests to publish while Postgres cannot be reached: kept on disk and answered `deferred`, submitted when it is
//! back, also by a process that was killed in between; refused where they cannot be kept.

use std::path::PathBuf;

use almanac_tests::{
    Mode, OrFail, Reply, Stack, User,
    actor::publishing::{Written, texts},
    eventually,
    world::channels::Site,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{SOON, connected};
use crate::faults::accepted_work::COMMITS_ARE_CUT;

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("almanac-spool-{}", Uuid::new_v4())))
    }

    /// What is on disk in it.
    fn content(&self) -> String {
        let files = std::fs::read_dir(&self.0).or_fail("the folder").map(|file| file.or_fail("a file").path());
        files.map(|path| std::fs::read_to_string(path).or_fail("a file")).collect()
    }

    async fn stack(&self) -> Stack {
        Stack::builder().proxied().api_env("SPOOL_DIR", self.0.to_str().or_fail("a path")).start().await
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Sends a request under a key until the API knows that Postgres cannot be reached.
async fn publish(user: &User, order: &Value, key: &str) -> Reply {
    user.publish_call(order).key(key).send().await
}

/// Repeats a request until it is no longer deferred.
async fn settled(user: &User, order: &Value, key: &str) -> Reply {
    let path = || async {
        let reply = user.publish_call(order).key(key).try_send().await.ok()?;
        let is_settled = reply.status != 503 && !(reply.status == 202 && reply.data()["status"] == "deferred");
        is_settled.then_some(reply)
    };
    eventually(SOON, "a deferred request is settled", path).await
}

async fn written(user: &User) -> (Written, Value) {
    let written = user.write("facebook", &texts(2)).await;
    let order = written.order(&json!({}));
    (written, order)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deferred_request_is_published_when_postgres_is_back() {
    let folder = Folder::new();
    let stack = folder.stack().await;
    let (anna, grant) = connected(&stack, Site::Facebook).await;
    let (written, order) = written(&anna).await;
    stack.proxies().api_postgres.set(Mode::Refuse).await;

    let deferred = publish(&anna, &order, "later").await.expect(202);
    let again = publish(&anna, &order, "later").await.expect(202);
    let reused = publish(&anna, &written.order(&json!({ "repost": true })), "later").await;
    let without_key = anna.publish(&order).await;
    let dry = anna.publish(&written.order(&json!({ "dryRun": true }))).await.expect(200);

    let answer = deferred.data();
    assert_eq!(
        (&answer["status"], &answer["planId"], &answer["intents"]),
        (&json!("deferred"), &Value::Null, &json!([]))
    );
    assert_eq!((again.data(), deferred.header("location")), (answer, None));
    assert_eq!(deferred.json()["meta"]["degraded"], json!(["storage"]));
    reused.refused(422, "IDEMPOTENCY_KEY_REUSED");
    without_key.refused(503, "UNAVAILABLE");
    let plan = dry.data();
    assert_eq!((&plan["planHash"], &plan["intents"]), (&Value::Null, &json!([])));
    assert_eq!(
        (&plan["warnings"][0]["code"], &dry.json()["meta"]["degraded"]),
        (&json!("STORE_UNAVAILABLE"), &json!(["storage"]))
    );
    let kept = folder.content();
    assert_eq!(kept.lines().count(), 1, "{kept}");
    assert!(kept.contains(&anna.id.to_string()) && !kept.contains(anna.token()), "a user and no token");

    stack.proxies().api_postgres.set(Mode::Pass).await;
    let accepted = settled(&anna, &order, "later").await.expect(202);
    let intents = accepted.data()["intents"].as_array().or_fail("intents").clone();
    let ids: Vec<String> = intents.iter().map(|it| it["id"].as_str().or_fail("an id").to_owned()).collect();
    assert_eq!(ids.len(), 2);
    for intent in anna.wait_for_ends(&ids).await {
        assert_eq!(intent["status"], "published", "{intent}");
    }
    assert_eq!(stack.world.channels().ledger().posts(&grant.account).len(), 2);
    eventually(SOON, "the spool is empty", || async { folder.content().is_empty().then_some(()) }).await;
    let last = publish(&anna, &order, "later").await.expect(202);
    assert_eq!((last.data(), last.header("idempotency-replayed")), (accepted.data(), Some("true")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_whose_commit_has_no_answer_is_named_if_the_request_cannot_wait() {
    let stack = Stack::builder().start().await;
    let (anna, _) = connected(&stack, Site::Facebook).await;
    let (_, order) = written(&anna).await;
    sqlx::raw_sql(COMMITS_ARE_CUT).execute(&stack.admin().await).await.unwrap();

    let reply = anna.publish(&order).await.refused(503, "UNAVAILABLE");

    let plan = reply.header("location").and_then(|location| location.strip_prefix("/v1/publish/plans/"));
    assert!(plan.is_some_and(|id| Uuid::parse_str(id).is_ok()), "{:?}", reply.header("location"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deferred_request_survives_a_killed_process() {
    let folder = Folder::new();
    let stack = folder.stack().await;
    let (anna, _) = connected(&stack, Site::Facebook).await;
    let (_, order) = written(&anna).await;
    stack.proxies().api_postgres.set(Mode::Refuse).await;
    publish(&anna, &order, "later").await.expect(202);

    stack.api(0).kill().await;
    stack.api(0).launch();
    stack.proxies().api_postgres.set(Mode::Pass).await;

    let path = "/v1/publish/intents";
    let submitted = || async {
        let reply = anna.request(http::Method::GET, path).try_send().await.ok().filter(|reply| reply.status == 200)?;
        (reply.data()["items"].as_array().map(Vec::len) == Some(2)).then_some(())
    };
    eventually(SOON, "the request is submitted without being repeated", submitted).await;
    let repeated = settled(&anna, &order, "later").await.expect(202);
    assert_eq!(repeated.header("idempotency-replayed"), Some("true"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_after_the_wait_is_the_answer_of_the_key() {
    let folder = Folder::new();
    let stack = folder.stack().await;
    let (anna, _) = connected(&stack, Site::Facebook).await;
    let (_, order) = written(&anna).await;
    let eve = stack.user();
    let admin = stack.admin().await;
    stack.proxies().api_postgres.set(Mode::Refuse).await;

    // Whose calendar it is, and which accounts are connected, is not known while Postgres is away.
    publish(&eve, &order, "later").await.expect(202);
    publish(&anna, &order, "later").await.expect(202);
    sqlx::query("DELETE FROM almanac.channel_credentials WHERE user_id = $1")
        .bind(anna.id)
        .execute(&admin)
        .await
        .or_fail("disconnecting the account");
    stack.proxies().api_postgres.set(Mode::Pass).await;
    eventually(SOON, "the spool is empty", || async { folder.content().is_empty().then_some(()) }).await;

    let refused = settled(&eve, &order, "later").await.refused(404, "NOT_FOUND");
    assert_eq!(refused.header("idempotency-replayed"), Some("true"));
    let refused = settled(&anna, &order, "later").await.refused(422, "CHANNEL_AUTH_MISSING");
    assert_eq!(refused.json()["error"]["channel"], "facebook");
    assert_eq!(anna.get("/v1/publish/intents").await.expect(200).data()["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_folder_a_real_call_waits_for_postgres() {
    let stack = Stack::builder().proxied().start().await;
    let (anna, _) = connected(&stack, Site::Facebook).await;
    let (_, order) = written(&anna).await;
    stack.proxies().api_postgres.set(Mode::Refuse).await;

    let refused = publish(&anna, &order, "later").await.refused(503, "UNAVAILABLE");

    assert!(refused.header("retry-after").is_some());
}
