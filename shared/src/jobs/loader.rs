//! Reads one job under its user's row security. Requests that arrive together share a statement; batching adds no
//! delay, because there is no timer. Called by the service; it never writes.

use std::sync::Arc;

use anyhow::anyhow;

use super::{
    JobRow,
    store::{self, Look},
};
use crate::platform::{
    batcher::{Batcher, HandleBatch, Pending},
    db::{Database, PinnedConnection, is_dead_connection},
    error::{Refusal, is_outage},
    id::{JobId, UserId},
};

/// The way to the task that reads.
#[derive(Clone, Debug)]
pub struct JobLoader(Batcher<Load>);

/// A job as its owner sees it.
#[derive(Clone, Debug)]
pub struct JobSnapshot {
    /// Its row.
    pub job: JobRow,
    /// Events that are kept of its log; fewer than its last seq when retention has taken some.
    pub kept: i64,
}

impl JobLoader {
    /// Starts reading.
    pub fn start(database: &Database) -> Self {
        Self(Batcher::start(|_| Load(database.look_connection())))
    }

    /// One job; `None` if it is missing or another user's.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn at(&self, user: UserId, job: JobId) -> Result<Option<JobSnapshot>, Refusal> {
        let stopped = || Err(Refusal::Unexpected(anyhow!("the job loader has stopped")));
        self.0.call(Look { user, job }).await.unwrap_or_else(stopped)
    }
}

#[derive(Debug)]
struct Load(PinnedConnection);

impl HandleBatch for Load {
    type Item = Look;
    type Answer = Result<Option<JobSnapshot>, Refusal>;
    type Outage = Arc<sqlx::Error>;
    const MAX: usize = 64;

    async fn handle(&mut self, batch: Vec<Pending<Self>>) -> Result<(), Self::Outage> {
        let looks: Vec<Look> = batch.iter().map(|pending| pending.item).collect();
        match look(&mut self.0, &looks).await {
            Ok(found) => {
                for (pending, found) in batch.into_iter().zip(found) {
                    pending.answer(Ok(found));
                }
                Ok(())
            }
            Err(error) => {
                let error = Arc::new(error);
                for pending in batch {
                    pending.answer(Self::answer_outage(&error));
                }
                if is_outage(&error) { Err(error) } else { Ok(()) }
            }
        }
    }

    fn answer_outage(outage: &Self::Outage) -> Self::Answer {
        Err(Refusal::of_store(outage, anyhow!("reading jobs: {outage}")))
    }
}

/// After a restart of Postgres every idle connection fails once; a read may be repeated.
async fn look(pinned: &mut PinnedConnection, looks: &[Look]) -> sqlx::Result<Vec<Option<JobSnapshot>>> {
    for _ in 0..pinned.stale() {
        match store::look(pinned, looks).await {
            Err(error) if is_dead_connection(&error) => {}
            answer => return answer,
        }
    }
    store::look(pinned, looks).await
}
