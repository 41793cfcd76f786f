//! Publishing to TikTok: videos in chunks, whose last one publishes, and pictures that TikTok fetches.

mod faults;
mod interruptions;
mod photos;
mod refusals;

use almanac_tests::{
    Stack, User,
    actor::publishing::{Written, texts},
    eventually,
    world::channels::{Channels, Grant, Site, Step, video},
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{SOON, assert_all_ended, assert_ledgers_agree, connected, ending};

/// A video of one chunk.
const SMALL: &str = "video-12s.mp4";
/// A video of two chunks.
const LARGE: &str = "video-12s-20MB.mp4";

/// A person with an account, and an entry with a video.
struct Case {
    anna: User,
    grant: Grant,
    text: String,
    video: &'static str,
    written: Written,
}

impl Case {
    async fn new(stack: &Stack, video: &'static str) -> Self {
        Self::with(stack, video, |_, _| {}).await
    }

    /// The same, after the network was told how to behave.
    async fn with(stack: &Stack, video: &'static str, tell: impl FnOnce(&Channels, &str)) -> Self {
        let (anna, grant) = connected(stack, Site::Tiktok).await;
        tell(stack.world.channels(), &grant.account);
        let text = texts(1).remove(0);
        let written = anna.write_entries(&[entry(stack, &grant, video, &text)]).await;
        Self { anna, grant, text, video, written }
    }

    async fn publish(&self) -> String {
        self.anna.published(&self.written.order(&json!({}))).await.intents.remove(0)
    }

    /// Publishes the entry and waits for its end.
    async fn run(&self) -> (String, Value) {
        let id = self.publish().await;
        let ended = self.anna.wait_for_ends(std::slice::from_ref(&id)).await.remove(0);
        (id, ended)
    }

    /// Waits for the end of an intent, which must be one post of the whole video.
    async fn assert_posted_once(&self, stack: &Stack, id: &str) -> Value {
        let intent = self.anna.wait_for_intent(id, "published").await;
        let post = stack.world.channels().ledger().the_only_post(&self.grant.account, &self.text);
        assert!(post.is_called(intent["externalId"].as_str().unwrap_or_default()), "{intent} {post:?}");
        assert_eq!(post.content, Some(video(self.video)), "every byte in its place");
        assert_ledgers_agree(stack, &self.anna, &self.grant).await;
        assert_all_ended(stack, &self.anna, &[id.to_owned()]).await;
        intent
    }

    /// Number of requests for a step.
    fn requests(&self, stack: &Stack, step: Step) -> usize {
        stack.world.channels().ledger().requests(&self.grant.account, step).len()
    }
}

/// A folder of its own for each account: the host of media counts the requests for a path.
fn entry(stack: &Stack, grant: &Grant, video: &str, text: &str) -> Value {
    let base = stack.world.channel_base_url(stack.world.address(), "media");
    let url = format!("{base}/{}/{video}", grant.account);
    json!({ "channel": "tiktok", "caption": text, "format": "video", "media": [{ "url": url, "type": "video" }] })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_is_published_with_its_last_chunk() {
    let stack = Stack::builder().workers(2).start().await;
    let formats = ["video-12s-720x1280-20MB-tail.mp4", "video-600s-3MB.mov", "video-5MB.webm", SMALL, LARGE];
    let (stack, formats) = (&stack, formats.into_iter());

    join_all(formats.map(async |name| {
        let case = Case::new(stack, name).await;
        let id = case.publish().await;
        let intent = case.assert_posted_once(stack, &id).await;

        let id = intent["externalId"].as_str().unwrap();
        assert!(id.len() == 19 && id.bytes().all(|byte| byte.is_ascii_digit()), "all of its digits: {id}");
        assert_eq!(intent["externalUrl"], format!("https://www.tiktok.com/@a_creator/video/{id}"));
        let steps = [Step::Quota, Step::Init, Step::Publish].map(|step| case.requests(stack, step));
        assert_eq!(steps, [1, 1, 1], "{name}");
        assert_eq!(case.requests(stack, Step::Chunk), usize::from(name.contains("20MB")), "{name}");
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_without_a_public_id_keeps_its_handle_and_has_no_address() {
    let stack = Stack::shared().await;
    let stack = &*stack;
    // It comes later, and is not waited for.
    let late = Case::with(stack, SMALL, |channels, account| channels.set_id_reads(account, 5)).await;
    let private = Case::new(stack, SMALL).await;
    let options = json!({ "options": { "tiktok": { "privacyLevel": "SELF_ONLY" } } });
    let ids = [late.publish().await, private.anna.published(&private.written.order(&options)).await.intents.remove(0)];

    for (case, id) in [&late, &private].into_iter().zip(ids) {
        let intent = case.assert_posted_once(stack, &id).await;
        let post = stack.world.channels().ledger().the_only_post(&case.grant.account, &case.text);
        assert_eq!((&intent["externalId"], &intent["externalUrl"]), (&json!(post.id), &Value::Null));
        let receipt = case.anna.receipt(&id).await;
        assert_eq!(receipt["externalId"], post.id);
    }
}

/// As if it were time to ask for addresses again. Returns of how many posts the person's channels are asked.
async fn ask_again(stack: &Stack, user: Uuid) -> u64 {
    let sql = "UPDATE almanac.publish_intents SET address_due_at = clock_timestamp()
                WHERE user_id = $1 AND address_due_at IS NOT NULL";
    sqlx::query(sql).bind(user).execute(&stack.admin().await).await.unwrap().rows_affected()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_a_post_comes_when_tiktok_has_reviewed_it() {
    let stack = Stack::builder().workers(2).start().await;
    let late = Case::with(&stack, SMALL, |channels, account| channels.set_id_reads(account, 2)).await;
    let private = Case::new(&stack, SMALL).await;
    let options = json!({ "options": { "tiktok": { "privacyLevel": "SELF_ONLY" } } });
    let id = late.publish().await;
    let shown_to_nobody = private.anna.published(&private.written.order(&options)).await.intents.remove(0);
    let before = late.assert_posted_once(&stack, &id).await;
    private.assert_posted_once(&stack, &shown_to_nobody).await;
    let receipt = late.anna.receipt(&id).await;
    assert_eq!(ask_again(&stack, private.anna.id).await, 0, "it will never have one");

    let told = async || {
        ask_again(&stack, late.anna.id).await;
        let intent = late.anna.intent(&id).await;
        intent["externalUrl"].is_string().then_some(intent)
    };
    let intent = eventually(SOON, "TikTok tells the address", told).await;

    let post = stack.world.channels().ledger().the_only_post(&late.grant.account, &late.text);
    let public_id = post.public_id.unwrap();
    assert_eq!(intent["externalUrl"], format!("https://www.tiktok.com/@a_creator/video/{public_id}"));
    assert_eq!((&intent["externalId"], &intent["status"]), (&before["externalId"], &json!("published")));
    assert_eq!(late.anna.receipt(&id).await, receipt, "a receipt is never changed");
    assert_eq!(ask_again(&stack, late.anna.id).await, 0, "it is not asked for any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_sees_neither_tokens_nor_upload_addresses() {
    let stack = Stack::builder().start().await;
    let case = Case::new(&stack, LARGE).await;
    let id = case.publish().await;
    case.assert_posted_once(&stack, &id).await;

    let shown = [
        case.anna.get(&format!("/v1/publish/intents/{id}")).await.text(),
        case.anna.get(&format!("/v1/publish/intents/{id}/receipt")).await.text(),
        case.anna.get("/v1/channels").await.text(),
        format!("{:?}", case.anna.log_of(&id).await),
        stack.worker(0).log(),
        stack.api(0).log(),
    ];
    for text in shown {
        assert!(!text.contains("canary") && !text.contains("upload_token"), "{text}");
    }
}
