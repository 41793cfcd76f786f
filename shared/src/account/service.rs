//! Account erasure: the use-case. Called by the API's route.
//! It only accepts; the worker's job does the removing.

use anyhow::Context;

use super::store;
use crate::{
    jobs::{
        self, JobRow, Lane,
        queue::Bell,
        submission::{LockWait, SubmitError},
    },
    platform::{
        db::Database,
        error::{LimitState, Refusal, Work},
        id::{JobId, UserId},
    },
};

/// The use-case and what it stands on.
#[derive(Clone, Debug)]
pub struct Account {
    database: Database,
    bell: Bell,
}

/// An erase that is on its way.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// Its job.
    pub job: JobRow,
    /// False when one was on its way already: asking again is the same wish.
    pub new: bool,
    /// Where the limit stands now.
    pub limit: LimitState,
}

impl Account {
    /// Creates the use-cases on a database and the doorbell.
    pub const fn new(database: Database, bell: Bell) -> Self {
        Self { database, bell }
    }

    /// Accepts the removal of everything this person has made until now, then rings.
    ///
    /// # Errors
    /// Rate limited, or the store is unavailable.
    pub async fn erase(
        &self,
        user: UserId,
        trace: Option<String>,
        request_id: Option<String>,
    ) -> Result<Accepted, Refusal> {
        let id = JobId::fresh();
        let mut pinned = self.database.single_submit_connection();
        let mut lock = LockWait::start();
        let (traced, asked) = (trace.as_deref(), request_id.as_deref());
        let unaccepted = |error: SubmitError| error.refusal(Work::Job(id));
        let mut outcome = store::submit(&mut pinned, user, id, traced, asked).await.map_err(unaccepted)?;
        while lock.again(&outcome, &mut pinned).await {
            outcome = store::submit(&mut pinned, user, id, traced, asked).await.map_err(unaccepted)?;
        }
        let limit = outcome.limit();
        let (id, new) = match outcome.replayed() {
            Ok(_) => (id, true),
            Err(Refusal::AlreadyRunning(active)) => (active.id, false),
            Err(refusal) => return Err(refusal),
        };
        if new {
            self.bell.ring(Lane::Account, id, trace);
        }
        let mut tx = self.database.as_user(user).await?;
        let job = jobs::store::show(&mut tx, id).await?.context("reading an erase that was just accepted")?;
        tx.commit().await?;
        Ok(Accepted { job, new, limit })
    }
}
