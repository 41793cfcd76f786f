//! A host of feeds. The world serves them under `/feeds`; a test sets each one (`Feeds::serve`) and reads what was asked
//! (`Feeds::requests`). Any other name is not found.
//! It must never parse what it serves: what a feed means is for the system under test to say.

mod content;
mod serving;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Mutex,
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

pub use self::content::{Feed, Item};
pub(super) use self::serving::{is_path, serve};
use super::Outcome;
use crate::run::locked;

/// The feeds and the requests for them.
#[derive(Debug)]
pub struct Feeds {
    feeds: Mutex<HashMap<String, Feed>>,
    requests: Mutex<Vec<FeedRequest>>,
    changed: watch::Sender<()>,
}

/// A request for a feed.
#[derive(Clone, Debug)]
pub struct FeedRequest {
    /// The feed's name.
    pub name: String,
    /// Its headers, lower case.
    pub headers: BTreeMap<String, String>,
    /// When it arrived.
    pub at: Instant,
    /// Its end.
    pub outcome: Outcome,
}

impl FeedRequest {
    /// A header, such as `if-none-match`.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

impl Default for Feeds {
    fn default() -> Self {
        Self { feeds: Mutex::default(), requests: Mutex::default(), changed: watch::Sender::new(()) }
    }
}

impl Feeds {
    /// Serves a feed under a name from now on, in place of the one that it was.
    pub fn serve(&self, name: &str, feed: Feed) {
        locked(&self.feeds).insert(name.to_owned(), feed);
    }

    /// All requests for a feed.
    pub fn requests(&self, name: &str) -> Vec<FeedRequest> {
        locked(&self.requests).iter().filter(|request| request.name == name).cloned().collect()
    }

    /// Waits for the n-th request (from 1) for a feed.
    pub async fn wait_for_request(&self, name: &str, n: usize) -> FeedRequest {
        self.wait_for(&format!("request {n} for {name}"), |requests| requests.get(n - 1).cloned(), name).await
    }

    /// Waits until the n-th request (from 1) for a feed has ended, in any way.
    pub async fn wait_until_ended(&self, name: &str, n: usize) -> FeedRequest {
        let ended =
            |requests: &[FeedRequest]| requests.get(n - 1).filter(|request| request.outcome != Outcome::Open).cloned();
        self.wait_for(&format!("the end of request {n} for {name}"), ended, name).await
    }

    /// Waits 45 s at most. Woken by changes, not by a clock.
    async fn wait_for<T>(&self, what: &str, found: impl Fn(&[FeedRequest]) -> Option<T>, name: &str) -> T {
        let mut changed = self.changed.subscribe();
        let look = async {
            loop {
                if let Some(answer) = found(&self.requests(name)) {
                    return answer;
                }
                // The sender lives as long as self.
                let _ = changed.changed().await;
            }
        };
        match tokio::time::timeout(Duration::from_secs(45), look).await {
            Ok(answer) => answer,
            Err(_) => panic!("the host of feeds did not see within 45 s: {what}\n{:#?}", self.requests(name)),
        }
    }

    fn feed(&self, name: &str) -> Option<Feed> {
        locked(&self.feeds).get(name).cloned()
    }

    /// Writes a request down; returns its place.
    fn open(&self, request: FeedRequest) -> usize {
        let mut requests = locked(&self.requests);
        requests.push(request);
        let place = requests.len() - 1;
        drop(requests);
        self.changed.send_replace(());
        place
    }

    fn set_outcome(&self, place: usize, outcome: Outcome) {
        if let Some(request) = locked(&self.requests).get_mut(place) {
            request.outcome = outcome;
        }
        self.changed.send_replace(());
    }
}
