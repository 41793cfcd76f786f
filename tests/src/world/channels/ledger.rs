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
};
use crate::run::locked;

/// Which fake a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Site {
    /// Facebook's Graph API.
    Facebook,
    /// LinkedIn's API.
    Linkedin,
    /// The host of media.
    Media,
}

/// One request and its end.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Its place in the ledger.
    pub number: usize,
    /// The fake that it came to.
    pub site: Site,
    /// The page's id or the author's URN; empty if the request names none.
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
    /// How many bytes its body had.
    pub bytes: usize,
    /// When its body had arrived.
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
    /// The page's id or the author's URN.
    pub account: String,
    /// The network's id: `<page>_<number>` or a URN.
    pub id: String,
    /// The text as people see it.
    pub text: String,
    /// The text as it was sent.
    pub source: String,
    /// Addresses of photos and videos, or URNs of images and videos, in order.
    pub media: Vec<String>,
    /// The last characters of the token that made it.
    pub token_end: String,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// The request that made it.
    pub exchange: usize,
}

#[derive(Debug, Default)]
struct Record {
    exchanges: Vec<Exchange>,
    posts: Vec<Post>,
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

    /// Writes down a post that exists from now on.
    pub(super) fn add(&self, post: Post) {
        let mut record = locked(&self.record);
        if let Some(exchange) = record.exchanges.get_mut(post.exchange) {
            exchange.post = Some(post.id.clone());
        }
        record.posts.push(post);
        drop(record);
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

    /// Number of posts of an account by their text.
    pub fn posts_by_text(&self, account: &str) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for post in self.posts(account) {
            *counts.entry(post.text).or_default() += 1;
        }
        counts
    }

    /// Fails the test unless the account has exactly one post of this text, and returns it.
    #[track_caller]
    pub fn the_only_post(&self, account: &str, text: &str) -> Post {
        let mut posts = self.posts(account);
        posts.retain(|post| post.text == text);
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
