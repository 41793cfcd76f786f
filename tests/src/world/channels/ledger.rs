//! What the fake networks saw and did: every request in order, and every post that exists because of one.
//! The fakes write, tests read: it is the independent witness of "exactly one post". Nothing in it is ever removed.
//! It must hold no token: of each only the last characters are kept.

use std::{collections::BTreeMap, fmt::Debug, sync::Mutex, time::Duration};

use chrono::{DateTime, Utc};
use http::Method;
use serde_json::Value;
use tokio::{sync::watch, time::Instant};

use super::{
    super::Outcome,
    script::{Script, Step},
    site::Site,
};
use crate::run::locked;

/// One request and its end.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Its place in the ledger.
    pub number: usize,
    /// The fake that it came to.
    pub site: Site,
    /// The network's id of the account; empty if the request names none.
    pub account: String,
    /// What it was for; `None` if the fake has no such path.
    pub step: Option<Step>,
    /// Its method.
    pub method: Method,
    /// Its path without the base path, and its query without a token.
    pub target: String,
    /// Whether its token is a valid one of the account.
    pub authorized: bool,
    /// The last characters of its token.
    pub token_end: String,
    /// Its headers, lower case, without `Authorization`.
    pub headers: BTreeMap<String, String>,
    /// Its body as JSON, also of a form; secrets are shortened. Null for bytes.
    pub body: Value,
    /// How many bytes of its body arrived. An upload is written down when its head has arrived.
    pub bytes: u64,
    /// How many bytes of a file the host of media sent, once it sends no more.
    pub sent: u64,
    /// When its body had arrived; of an upload, when its head had.
    pub at: Instant,
    /// How it was treated.
    pub script: Script,
    /// The id of the post that it made.
    pub post: Option<String>,
    /// Its end.
    pub outcome: Outcome,
}

impl Exchange {
    /// Whether its client cannot know from what it saw whether the request was executed.
    pub fn is_ambiguous(&self) -> bool {
        self.script.is_ambiguous() || matches!(self.outcome, Outcome::Broken | Outcome::ClosedByClient)
    }
}

/// A post that exists.
#[derive(Clone, Debug, PartialEq)]
pub struct Post {
    /// The network.
    pub site: Site,
    /// The network's id of the account.
    pub account: String,
    /// The network's id: `<page>_<number>`, a URN, the number of a medium, the id of a video; TikTok's `publish_id`.
    pub id: String,
    /// Of an Instagram medium: `IMAGE`, `REELS`, `STORIES` or `CAROUSEL`. Empty elsewhere.
    pub kind: &'static str,
    /// What TikTok calls the post once everybody may see it.
    pub public_id: Option<String>,
    /// The title of a YouTube video or of TikTok photos; empty elsewhere.
    pub title: String,
    /// The text as people see it: YouTube's description.
    pub text: String,
    /// The text as it was sent.
    pub source: String,
    /// Addresses of photos and videos, or URNs of images and videos, in order.
    pub media: Vec<String>,
    /// The video that was uploaded byte by byte.
    pub content: Option<Content>,
    /// The last characters of the token that made it.
    pub token_end: String,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// The request that made it.
    pub exchange: usize,
}

impl Post {
    /// Whether the network calls it so, at first or once everybody may see it.
    pub fn is_called(&self, id: &str) -> bool {
        self.id == id || self.public_id.as_deref() == Some(id)
    }
}

/// Bytes by their number and their SHA-256 in hexadecimal digits, which is empty if they arrived out of order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Number of bytes.
    pub size: u64,
    /// SHA-256.
    pub sha256: String,
}

#[derive(Debug, Default)]
struct Record {
    exchanges: Vec<Exchange>,
    posts: Vec<Post>,
    /// Posts that nobody sees yet.
    processing: Vec<Post>,
}

/// All requests and posts, in their order.
#[derive(Debug)]
pub struct Ledger {
    record: Mutex<Record>,
    changed: watch::Sender<()>,
}

impl Default for Ledger {
    fn default() -> Self {
        Self { record: Mutex::default(), changed: watch::Sender::new(()) }
    }
}

impl Ledger {
    /// Writes a request down; returns its number.
    pub(super) fn open(&self, mut exchange: Exchange) -> usize {
        let mut record = locked(&self.record);
        exchange.number = record.exchanges.len();
        let number = exchange.number;
        record.exchanges.push(exchange);
        drop(record);
        self.changed.send_replace(());
        number
    }

    /// Changes how a request stands.
    pub(super) fn set_outcome(&self, number: usize, outcome: Outcome) {
        if let Some(exchange) = locked(&self.record).exchanges.get_mut(number) {
            exchange.outcome = outcome;
        }
        self.changed.send_replace(());
    }

    /// Writes down how much of a request's body has arrived.
    pub(super) fn set_bytes(&self, number: usize, bytes: u64) {
        if let Some(exchange) = locked(&self.record).exchanges.get_mut(number) {
            exchange.bytes = bytes;
        }
        self.changed.send_replace(());
    }

    /// Writes down how much of a file was sent.
    pub(super) fn set_sent(&self, number: usize, bytes: u64) {
        if let Some(exchange) = locked(&self.record).exchanges.get_mut(number) {
            exchange.sent = bytes;
        }
    }

    /// Writes down a post that exists from now on.
    pub(super) fn add(&self, post: Post) {
        self.record_post(post, |record| &mut record.posts);
    }

    /// Writes down a post that exists once its processing ends well, without any further request.
    pub(super) fn add_processing(&self, post: Post) {
        self.record_post(post, |record| &mut record.processing);
    }

    fn record_post(&self, post: Post, list: fn(&mut Record) -> &mut Vec<Post>) {
        let mut record = locked(&self.record);
        if let Some(exchange) = record.exchanges.get_mut(post.exchange) {
            exchange.post = Some(post.id.clone());
        }
        list(&mut record).push(post);
        drop(record);
        self.changed.send_replace(());
    }

    /// Takes a post out of processing: it is to be shown, or has failed.
    pub(super) fn take_processing(&self, id: &str) -> Option<Post> {
        let mut record = locked(&self.record);
        let at = record.processing.iter().position(|post| post.id == id)?;
        Some(record.processing.remove(at))
    }

    /// Changes a post.
    pub(super) fn change_post(&self, id: &str, change: impl FnOnce(&mut Post)) {
        locked(&self.record).posts.iter_mut().find(|post| post.id == id).map(change);
        self.changed.send_replace(());
    }

    /// All requests.
    pub fn exchanges(&self) -> Vec<Exchange> {
        locked(&self.record).exchanges.clone()
    }

    /// The requests of an account for a step.
    pub fn requests(&self, account: &str, step: Step) -> Vec<Exchange> {
        let record = locked(&self.record);
        let of = |exchange: &&Exchange| exchange.account == account && exchange.step == Some(step);
        record.exchanges.iter().filter(of).cloned().collect()
    }

    /// The posts of an account, oldest first.
    pub fn posts(&self, account: &str) -> Vec<Post> {
        locked(&self.record).posts.iter().filter(|post| post.account == account).cloned().collect()
    }

    /// Number of posts that an account has made, also of those in processing.
    pub fn count(&self, account: &str) -> usize {
        let record = locked(&self.record);
        record.posts.iter().chain(&record.processing).filter(|post| post.account == account).count()
    }

    /// The account that made a post.
    pub(super) fn author(&self, id: &str) -> Option<String> {
        let record = locked(&self.record);
        record.posts.iter().find(|post| post.id == id).map(|post| post.account.clone())
    }

    /// What an account has handed in and nobody sees yet. It becomes a post unless its processing fails.
    pub fn posts_in_processing(&self, account: &str) -> Vec<Post> {
        locked(&self.record).processing.iter().filter(|post| post.account == account).cloned().collect()
    }

    /// Number of posts of an account by their text, also of those in processing: each of them was accepted.
    pub fn posts_by_text(&self, account: &str) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for post in self.posts(account).into_iter().chain(self.posts_in_processing(account)) {
            *counts.entry(post.text).or_default() += 1;
        }
        counts
    }

    /// Fails the test unless the account has exactly one post of this text, and none in processing, and returns it.
    #[track_caller]
    pub fn the_only_post(&self, account: &str, text: &str) -> Post {
        let mut posts = self.posts(account);
        posts.retain(|post| post.text == text);
        let mut processing = self.posts_in_processing(account);
        processing.retain(|post| post.text == text);
        assert_eq!(processing, [], "in processing on {account}:\n{:#?}", self.summary(account));
        assert_eq!(posts.len(), 1, "posts of {text:?} on {account}: {posts:#?}\n{:#?}", self.summary(account));
        posts.remove(0)
    }

    /// Waits until the requests are as the test wants them, 45 s at most. Woken by changes, not by a clock.
    pub async fn wait_for<T>(&self, what: &str, found: impl Fn(&[Exchange]) -> Option<T>) -> T {
        let mut changed = self.changed.subscribe();
        let look = async {
            loop {
                if let Some(answer) = found(&locked(&self.record).exchanges) {
                    return answer;
                }
                // The sender lives as long as self.
                let _ = changed.changed().await;
            }
        };
        match tokio::time::timeout(Duration::from_secs(45), look).await {
            Ok(answer) => answer,
            Err(_) => panic!("the networks did not see within 45 s: {what}\n{:#?}", self.summary("")),
        }
    }

    /// The requests of an account in short, or of all accounts if it is empty.
    fn summary(&self, account: &str) -> Vec<impl Debug> {
        let record = locked(&self.record);
        let of = record.exchanges.iter().filter(|exchange| account.is_empty() || exchange.account == account);
        of.map(|it| (it.number, it.account.clone(), it.target.clone(), it.script.clone(), it.outcome)).collect()
    }
}
