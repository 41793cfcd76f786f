//! Feeds of users: RSS, Atom and JSON Feed, fetched through the guard and read into items of plain text. Called by the
//! jobs of syntheses.
//! It must never let a feed's markup, a feed's own words about an error, or more than a bounded part of a feed through.

mod document;
mod error;
mod item;
mod json;
mod link;
mod reading;
mod text;
mod xml;

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use almanac_shared::synthesis::FeedItem;
use chrono::{DateTime, Utc};
use futures_util::{StreamExt, stream};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

use self::document::{Answer, Document};
pub use self::error::{FeedError, FeedFault};
use super::guard::Guard;

/// How long a server may take for its whole answer, redirects included.
const FETCH_TIME: Duration = Duration::from_secs(5);

/// How long many feeds may take together.
const TOTAL_TIME: Duration = Duration::from_secs(60);

/// Feeds that are fetched at once.
const FETCHES: usize = 8;

/// Feeds that are parsed at once. Bounds the memory and the threads that hostile feeds take.
const PARSES: usize = 2;

/// A feed, and what is known from its last fetch.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Its address, as its owner wrote it.
    pub url: String,
    /// Validators of the last answer.
    pub etag: Option<String>,
    /// The same by time.
    pub last_modified: Option<String>,
    /// Items of the last fetch. An item without a date keeps the date that it has here.
    pub items: Vec<FeedItem>,
}

/// What a fetch found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The server knows by the validators of the source that nothing changed.
    Unchanged,
    /// A whole feed.
    Changed {
        /// Validators for the next fetch.
        etag: Option<String>,
        /// The same by time.
        last_modified: Option<String>,
        /// Newest first, at most 200, with distinct keys.
        items: Vec<FeedItem>,
    },
}

/// Fetches feeds.
#[derive(Clone, Debug)]
pub struct Feeds {
    guard: Guard,
    parsing: Arc<Semaphore>,
}

impl Feeds {
    /// Fetches through a guard.
    pub fn new(guard: Guard) -> Self {
        Self { guard, parsing: Arc::new(Semaphore::new(PARSES)) }
    }

    /// Fetches a feed; its server has five seconds, and parsing the time until the deadline. `now` is the date of items that have none and were not seen before.
    ///
    /// # Errors
    /// The address is refused, there is no answer in time, or the answer is not a feed.
    pub async fn fetch(&self, source: &Source, now: DateTime<Utc>, deadline: Instant) -> Result<Fetched, FeedError> {
        let until = deadline.min(Instant::now() + FETCH_TIME);
        match document::fetch(&self.guard, source, until).await? {
            Answer::Unchanged => Ok(Fetched::Unchanged),
            Answer::Changed { etag, last_modified, document } => {
                let items = self.parse(document, source.items.clone(), now, deadline).await?;
                Ok(Fetched::Changed { etag, last_modified, items })
            }
        }
    }

    /// Fetches feeds, eight at a time and 60 seconds in all. The results are in the order of the sources.
    pub async fn fetch_all(
        &self,
        sources: Vec<Source>,
        now: DateTime<Utc>,
        deadline: Instant,
    ) -> Vec<Result<Fetched, FeedError>> {
        let deadline = deadline.min(Instant::now() + TOTAL_TIME);
        let fetches = sources
            .into_iter()
            .enumerate()
            .map(|(place, source)| async move { (place, self.fetch(&source, now, deadline).await) });
        let mut results: Vec<_> = stream::iter(fetches).buffer_unordered(FETCHES).collect().await;
        results.sort_by_key(|(place, _)| *place);
        results.into_iter().map(|(_, result)| result).collect()
    }

    /// Parses on a thread of its own. A parse whose caller gave up keeps its permit until it ends.
    async fn parse(
        &self,
        document: Document,
        known: Vec<FeedItem>,
        now: DateTime<Utc>,
        deadline: Instant,
    ) -> Result<Vec<FeedItem>, FeedError> {
        let permit = timeout_at(deadline, Arc::clone(&self.parsing).acquire_owned()).await;
        let permit = permit.map_err(|_| FeedFault::Timeout)?;
        let parsing = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            reading::read(&document, &known, now)
        });
        match timeout_at(deadline, parsing).await {
            Ok(Ok(read)) => read,
            Ok(Err(_)) => {
                tracing::error!("feed parser panicked");
                Err(FeedFault::NotAFeed.into())
            }
            Err(_) => Err(FeedFault::Timeout.into()),
        }
    }
}
