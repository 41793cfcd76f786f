//! Posts with media on accounts of their own: written, published, and compared with the network's ledger.

use almanac_tests::{
    OrFail, Stack, User,
    actor::publishing::Written,
    world::channels::{Grant, Script, Step},
};
use serde_json::{Value, json};

use super::{assert_all_ended, assert_ledgers_agree, sends};

/// A post of one account.
pub(super) struct MediaPost {
    pub(super) user: User,
    pub(super) grant: Grant,
    pub(super) text: String,
    pub(super) intent: String,
}

/// A post that is not yet published.
pub(super) struct Draft {
    post: MediaPost,
    written: Written,
}

impl Draft {
    /// Publishes it.
    pub(super) async fn submit(self) -> MediaPost {
        let intent = self.post.user.published(&self.written.order(&json!({}))).await.intents.remove(0);
        MediaPost { intent, ..self.post }
    }
}

/// An account whose requests for a step follow scripts, and end well.
pub(super) async fn account(stack: &Stack, grant: Grant, scripts: &[(Step, Script)]) -> (User, Grant) {
    let user = stack.user();
    user.connect_account(&grant).await;
    for (step, script) in scripts {
        stack.world.channels().play(&grant.account, *step, [script.clone(), Script::Ok]);
    }
    (user, grant)
}

/// An entry of a channel with files of the host of media.
pub(super) fn entry(stack: &Stack, channel: &str, format: &str, text: &str, files: &[&str]) -> Value {
    let kind = |name: &str| if name.ends_with("mp4") || name.ends_with("mov") { "video" } else { "image" };
    // TikTok fetches pictures by https only.
    let address = |name: &str| match (channel, kind(name)) {
        ("tiktok", "image") => stack.world.secure_media_url(name),
        _ => stack.world.media_url(name),
    };
    let media = files.iter().map(|name| json!({ "url": address(name), "type": kind(name) }));
    json!({ "channel": channel, "caption": text, "format": format, "media": media.collect::<Vec<_>>() })
}

impl MediaPost {
    /// Publishes one entry.
    pub(super) async fn new(stack: &Stack, account: (User, Grant), format: &str, files: &[&str]) -> Self {
        Self::write(stack, account, format, files).await.submit().await
    }

    /// Writes one entry.
    pub(super) async fn write(stack: &Stack, account: (User, Grant), format: &str, files: &[&str]) -> Draft {
        let (user, grant) = account;
        let text = format!("A {format} of {}", uuid::Uuid::new_v4().simple());
        let written = user.write_entries(&[entry(stack, grant.channel(), format, &text, files)]).await;
        Draft { post: Self { user, grant, text, intent: String::new() }, written }
    }

    /// Waits until it is published, once, by this number of requests.
    pub(super) async fn assert_published(&self, stack: &Stack, requests: std::ops::RangeInclusive<usize>) {
        let intent = self.user.wait_for_intent(&self.intent, "published").await;
        let ledger = stack.world.channels().ledger();
        let posts = ledger.posts(&self.grant.account);
        let post = posts.first().or_fail("a post");
        assert_eq!((posts.len(), &intent["externalId"]), (1, &json!(post.id)), "{}: {intent}", self.text);
        let sent = sends(ledger, &self.grant);
        assert!(requests.contains(&sent), "{}: sent {sent} times", self.text);
        assert_ledgers_agree(stack, &self.user, &self.grant).await;
        assert_all_ended(stack, &self.user, std::slice::from_ref(&self.intent)).await;
    }

    /// Waits until it has failed with a code, and no post was made.
    pub(super) async fn assert_failed(&self, stack: &Stack, code: &str) -> Value {
        let intent = self.user.wait_for_intent(&self.intent, "failed").await;
        assert_eq!(intent["error"]["code"], code, "{}: {intent}", self.text);
        assert_eq!(stack.world.channels().ledger().posts(&self.grant.account).len(), 0, "{}", self.text);
        assert_all_ended(stack, &self.user, std::slice::from_ref(&self.intent)).await;
        intent
    }

    /// The number of requests to the network for the account.
    pub(super) fn requests(&self, stack: &Stack) -> usize {
        let all = stack.world.channels().ledger().exchanges();
        all.iter().filter(|exchange| exchange.account == self.grant.account).count()
    }
}
