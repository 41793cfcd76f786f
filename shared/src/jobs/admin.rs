//! Use-cases of an operator, over the jobs of all users. Called by the API's admin routes after their admin check.
//! Lists, measures and repeats; an ended job is never touched, and no job is run by any other way than a queue's.

use anyhow::{Context, anyhow};

use super::{
    JobRow, Lane,
    store::{self, Filter, admin::RetryOutcome},
};
use crate::{
    jobs::queue::Bell,
    platform::{
        db::Database,
        error::{ActiveJob, Code, Refusal},
        id::{JobId, UserId},
    },
};

/// The use-cases and what they stand on.
#[derive(Clone, Debug)]
pub struct Operations {
    database: Database,
    bell: Bell,
}

/// A job as an operator may see it.
#[derive(Clone, Debug)]
pub struct AdminJob {
    /// What its owner sees.
    pub job: JobRow,
    /// Its owner.
    pub user: UserId,
    /// The lane that delivers it.
    pub lane: String,
}

/// How busy a lane is, as Postgres has it.
#[derive(Clone, Debug)]
pub struct LaneLoad {
    /// Its name.
    pub lane: String,
    /// Jobs that wait, those for a later moment included.
    pub queued: i64,
    /// For how many seconds the oldest due one has been due.
    pub oldest_due_seconds: Option<f64>,
    /// Jobs that a worker holds.
    pub running: i64,
    /// Poison.
    pub dead: i64,
}

/// The circumstances of a retry.
#[derive(Clone, Debug, Default)]
pub struct Retry {
    /// The idempotency key.
    pub key: Option<String>,
    /// W3C traceparent.
    pub trace: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
}

/// A job that was accepted again.
#[derive(Clone, Debug)]
pub struct Retried {
    /// The new job.
    pub job: AdminJob,
    /// Whether an earlier request with the same key had made it.
    pub replayed: bool,
}

impl Operations {
    /// Creates the operations on a database and the doorbell.
    pub const fn new(database: Database, bell: Bell) -> Self {
        Self { database, bell }
    }

    /// Jobs, newest first.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn list(
        &self,
        user: Option<UserId>,
        filter: &Filter,
        before: Option<JobId>,
        limit: i64,
    ) -> Result<Vec<AdminJob>, Refusal> {
        let mut tx = self.database.as_admin().await?;
        let found = store::admin::list(&mut tx, user, filter, before, limit).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Poison, newest job first.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn dead(&self, before: Option<JobId>, limit: i64) -> Result<Vec<AdminJob>, Refusal> {
        let mut tx = self.database.as_admin().await?;
        let found = store::admin::dead(&mut tx, before, limit).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Every lane, in the order of [`Lane::ALL`].
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn lanes(&self) -> Result<Vec<LaneLoad>, Refusal> {
        let names: Vec<String> = Lane::ALL.iter().map(|lane| lane.as_str().to_owned()).collect();
        let mut tx = self.database.as_admin().await?;
        let mut loads = store::admin::lanes(&mut tx, &names).await?;
        tx.commit().await?;
        loads.sort_by_key(|load| Lane::parse(&load.lane));
        Ok(loads)
    }

    /// Repeats what has ended: a new job with a new log, and a new resource of the same order. No limit counts it.
    ///
    /// # Errors
    /// Missing; not ended yet; its slot is taken; or what it was made from is no longer kept.
    pub async fn retry(&self, id: JobId, retry: Retry) -> Result<Retried, Refusal> {
        let mut tx = self.database.as_admin().await?;
        let outcome = store::admin::retry(&mut tx, id, JobId::fresh(), &retry).await?;
        let (job, replayed) = judge(&outcome)?;
        let found = store::admin::show(&mut tx, job).await?;
        tx.commit().await?;
        if let Some(lane) = outcome.lane.as_deref().and_then(Lane::parse).filter(|_| !replayed) {
            self.bell.ring(lane, job, retry.trace);
        }
        // A replay can name a job that was erased since.
        Ok(Retried { job: found.ok_or(Refusal::NotFound)?, replayed })
    }
}

/// The job that stands for the retry and whether it is an earlier one, or why there is none.
fn judge(outcome: &RetryOutcome) -> Result<(JobId, bool), Refusal> {
    let job = || outcome.job.context("retrying without a job");
    let in_the_way = || job().map(|id| ActiveJob { id, kind: outcome.kind.clone().unwrap_or_default() });
    match outcome.outcome.as_str() {
        "new" => Ok((job()?, false)),
        "replay" => Ok((job()?, true)),
        "missing" => Err(Refusal::NotFound),
        "unfinished" => Err(Refusal::NotFinal(in_the_way()?)),
        "active" => Err(Refusal::AlreadyRunning(in_the_way()?)),
        "gone" => Err(Refusal::Rule {
            code: Code::RuleRefused,
            field: "id",
            message: "nothing to repeat: the input of this job is no longer stored, or it was repeated or took effect already".to_owned(),
        }),
        other => Err(Refusal::Unexpected(anyhow!("retrying a job: {other}"))),
    }
}
