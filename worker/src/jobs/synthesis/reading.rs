//! What a synthesis reads: the feeds of its theme, fetched once per synthesis. A feed that fails costs its own items only;
//! if all fail, there is no synthesis: none is invented.

use std::{collections::HashSet, time::Duration};

use almanac_shared::{
    jobs::Failure,
    platform::error::Code,
    synthesis::{
        FeedItem, reading, schedule,
        store::work::{self, Reading, SourceChange, SourceError, StoredSource},
    },
    values::local_time,
};
use chrono_tz::Tz;
use tokio::time::Instant;

use super::SynthesisRun;
use crate::{
    jobs::{JobError, model_run::Attempt},
    outbound::feeds::{FeedError, Fetched, Source},
};

/// The time that all feeds of a theme may take together.
const FETCH_TIME: Duration = Duration::from_secs(60);

impl SynthesisRun {
    /// Reads the feeds, unless an earlier attempt has. A reason not to ask the model is kept in `refused`. A stop signal
    /// ends the wait; what follows from it is decided by the caller.
    pub(super) async fn read(&mut self, attempt: &mut Attempt<'_>) -> Result<(), JobError> {
        if !self.week.is_empty() {
            return Ok(());
        }
        if attempt.seq == 0 {
            self.report(attempt, ("init", 0), "Starting.").await?;
        }
        let (deps, user) = (attempt.deps, attempt.job.user_id);
        let sources = work::sources(&deps.service, user, self.order.theme_id).await?;
        let message = format!("Reading {} feeds.", sources.len());
        self.report(attempt, ("fetch", 5), &message).await?;
        let fetch =
            deps.feeds.fetch_all(sources.iter().map(as_source).collect(), self.order.now, Instant::now() + FETCH_TIME);
        let fetched = tokio::select! {
            fetched = fetch => fetched,
            _ = attempt.stop.wait() => return Ok(()),
        };
        let known = work::known_keys(&deps.service, user, self.order.theme_id).await?;
        let lists: Vec<Vec<FeedItem>> = sources.iter().zip(&fetched).filter_map(items).collect();
        let recent: Vec<Vec<FeedItem>> = lists.iter().map(|items| reading::recent(items, self.order.now)).collect();
        self.refused = judge(&fetched, &recent, &known);
        let chosen = if self.refused.is_some() { Vec::new() } else { reading::choose(&recent, reading::MAX_ITEMS) };
        let zone = local_time::zone(&self.order.zone).unwrap_or(Tz::UTC);
        let read = Reading {
            week: schedule::iso_week(self.order.now, zone),
            articles: chosen,
            keys: recent.iter().flatten().map(|item| item.key.clone()).collect(),
            sources: sources.into_iter().zip(fetched).map(change).collect(),
        };
        work::keep_reading(&deps.service, attempt.job.lease(), &read).await?;
        (self.week, self.articles) = (read.week, read.articles);
        if self.refused.is_none() {
            self.report_read(attempt).await?;
        }
        Ok(())
    }
}

/// Why there is nothing to sum up: every feed failed, or none has an item that the last synthesis did not have. A theme
/// without feeds is written about from its description.
fn judge(fetched: &[Result<Fetched, FeedError>], recent: &[Vec<FeedItem>], known: &HashSet<String>) -> Option<Failure> {
    if fetched.is_empty() {
        return None;
    }
    if fetched.iter().all(Result::is_err) {
        return Some(Failure::new(Code::SourcesFailed, "None of the theme's feeds could be read."));
    }
    let all: Vec<FeedItem> = recent.iter().flatten().cloned().collect();
    let none = || Failure::new(Code::NoNews, "The theme's feeds have nothing new.");
    (!reading::news(&all, known)).then(none)
}

fn as_source(stored: &StoredSource) -> Source {
    Source {
        url: stored.url.clone(),
        etag: stored.etag.clone(),
        last_modified: stored.last_modified.clone(),
        items: stored.items.clone(),
    }
}

/// The items of a feed that was read.
fn items((stored, fetched): (&StoredSource, &Result<Fetched, FeedError>)) -> Option<Vec<FeedItem>> {
    match fetched {
        Ok(Fetched::Unchanged) => Some(stored.items.clone()),
        Ok(Fetched::Changed { items, .. }) => Some(items.clone()),
        Err(_) => None,
    }
}

fn change((stored, fetched): (StoredSource, Result<Fetched, FeedError>)) -> SourceChange {
    let StoredSource { url, etag, last_modified, .. } = stored;
    match fetched {
        Ok(Fetched::Unchanged) => SourceChange { url, fetched: true, etag, last_modified, items: None, error: None },
        Ok(Fetched::Changed { etag, last_modified, items }) => {
            SourceChange { url, fetched: true, etag, last_modified, items: Some(items), error: None }
        }
        Err(FeedError { code, message }) => {
            let error = Some(SourceError { code: code.to_string(), message });
            SourceChange { url, fetched: false, etag: None, last_modified: None, items: None, error }
        }
    }
}
