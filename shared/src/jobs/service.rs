//! Jobs: the use-cases of the user who submitted them. Called by the API's routes.
//! Shows, lists, follows, cancels and explains; never changes what a worker holds.

use serde_json::{Value, json};

use super::{
    CancelOutcome, JobRow, Kind, State,
    loader::{JobLoader, JobSnapshot},
    store,
};
use crate::{
    events::{
        event::{Encoding, Event},
        follower::Follower,
        log::Publisher,
        relay::Relay,
    },
    jobs::{idempotency, queue::Bell},
    platform::{
        db::Database,
        error::Refusal,
        id::{JobId, UserId},
    },
};

/// The use-cases and what they stand on.
#[derive(Clone)]
pub struct Jobs {
    database: Database,
    looks: JobLoader,
    relay: Relay,
    bell: Bell,
    publisher: Publisher,
}

/// What a listener gets.
pub enum Listening {
    /// The log from where the listener stands.
    Follow(Box<Follower>),
    /// The listener has the whole log already (204).
    NothingMore,
    /// The log is older than its retention: report the job's outcome from its row.
    Forgotten(Box<JobRow>),
    /// The position is beyond the log's end.
    Ahead,
}

impl Jobs {
    /// Creates the use-cases and starts the task that loads jobs.
    pub fn start(database: Database, relay: Relay, bell: Bell, publisher: Publisher) -> Self {
        Self { looks: JobLoader::start(&database), database, relay, bell, publisher }
    }

    /// Whether work of this kind was accepted under this key. A repeated request is answered from what is stored, so it
    /// does not conflict with an active job. Call it only if there is a conflict.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn knows(&self, user: UserId, kind: Kind, key: Option<&(String, [u8; 32])>) -> Result<bool, Refusal> {
        let Some((key, _)) = key else { return Ok(false) };
        let mut tx = self.database.as_user(user).await?;
        let known = idempotency::is_known(&mut tx, kind.route(), key).await?;
        tx.commit().await?;
        Ok(known)
    }

    /// One job.
    ///
    /// # Errors
    /// Missing or not theirs.
    pub async fn show(&self, user: UserId, id: JobId) -> Result<JobRow, Refusal> {
        let looked = self.looks.at(user, id).await?;
        looked.map(|looked| looked.job).ok_or(Refusal::NotFound)
    }

    /// Jobs, newest first.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn list(
        &self,
        user: UserId,
        filter: &store::Filter,
        before: Option<JobId>,
        limit: i64,
    ) -> Result<Vec<JobRow>, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let found = store::list(&mut tx, filter, before, limit).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Follows a job's log from after `after`; none: from its beginning.
    ///
    /// # Errors
    /// Missing or not theirs.
    pub async fn follow(
        &self,
        user: UserId,
        id: JobId,
        after: Option<i64>,
        encoding: Encoding,
    ) -> Result<Listening, Refusal> {
        let JobSnapshot { job, kept } = self.looks.at(user, id).await?.ok_or(Refusal::NotFound)?;
        let ended = job.state().is_final();
        let from = after.unwrap_or(0);
        if from > job.last_seq {
            return Ok(Listening::Ahead);
        }
        if ended && after.is_some_and(|after| after == job.last_seq) {
            return Ok(Listening::NothingMore);
        }
        if ended && kept < job.last_seq {
            return Ok(Listening::Forgotten(Box::new(job)));
        }
        let of = (id, Kind::parse(&job.kind));
        let mut follower = self.relay.follow(of, from, ended.then_some(job.last_seq), encoding).await;
        if !ended && !self.is_live() {
            follower.begin_with(&degraded(&job));
        }
        Ok(Listening::Follow(Box::new(follower)))
    }

    /// Whether events and wake-ups are delivered at once. While Redis is unavailable they take a second or two.
    pub fn is_live(&self) -> bool {
        self.relay.is_live()
    }

    /// Requests cancellation; a running job is stopped at once if Redis is up, else with its next renewal.
    ///
    /// # Errors
    /// Missing or not theirs.
    pub async fn cancel(&self, user: UserId, id: JobId) -> Result<CancelOutcome, Refusal> {
        let _turn = self.database.user_permit(user).await?;
        match store::cancel(&self.database, user, id).await? {
            CancelOutcome::Missing => Err(Refusal::NotFound),
            outcome => {
                self.bell.nudge(id);
                Ok(outcome)
            }
        }
    }

    /// Ends jobs whose time is over, also without any worker, and publishes their ends. Each API process calls it again
    /// and again; the database lets one process at a time in.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn expire_unstarted(&self) -> Result<(), Refusal> {
        for store::Expired { job, code, event } in store::expire_unstarted_as_api(&self.database).await? {
            tracing::error!(jobId = %job, status = "failed", code, "job expired");
            self.publisher.publish(job, vec![event]);
        }
        Ok(())
    }

    /// Why a job waits or failed: state, blocker, next action and when.
    ///
    /// # Errors
    /// Missing or not theirs.
    pub async fn explain(&self, user: UserId, id: JobId) -> Result<Value, Refusal> {
        let job = self.show(user, id).await?;
        let _turn = self.database.user_permit(user).await?;
        let load = if job.state() == State::Queued { store::lane_load(&self.database, id).await? } else { None };
        Ok(explain(&job, load.as_ref()))
    }
}

/// How far a job is, for a stream that is not live: in the shape of its kind's progress, with `meta.degraded`.
fn degraded(job: &JobRow) -> Event {
    let stored = |name: &str| job.progress.as_ref().map(|progress| progress[name].clone());
    let mut progress = json!({
        "completed": stored("completed").unwrap_or_else(|| 0.into()),
        "total": stored("total").unwrap_or_else(|| 0.into()),
    });
    if let Some(stage) = stored("stage") {
        progress["stage"] = stage;
    }
    let data = match Kind::parse(&job.kind) {
        Some(Kind::GenerateCalendar) => {
            progress["stage"] = stored("stage").unwrap_or_else(|| "queued".into());
            progress["percent"] = stored("percent").unwrap_or_else(|| 0.into());
            json!({
                "data": progress, "error": null,
                "meta": {
                    "runId": job.id, "calendarId": job.subject_id, "version": null, "seq": null, "done": false,
                    "degraded": ["live"],
                },
            })
        }
        Some(Kind::GenerateSynthesis) => {
            let step = stored("stage").unwrap_or_else(|| "init".into());
            let percent = stored("percent").unwrap_or_else(|| 0.into());
            json!({ "step": step, "message": "Running.", "percent": percent, "meta": { "degraded": ["live"] } })
        }
        _ => {
            progress["meta"] = json!({ "degraded": ["live"] });
            progress
        }
    };
    Event::decoration("progress", data.to_string())
}

/// The explanation of a job, from its row and its lane's load.
fn explain(job: &JobRow, load: Option<&Value>) -> Value {
    let ahead = load.and_then(|load| load["ahead"].as_i64()).unwrap_or(0);
    let running = load.and_then(|load| load["running"].as_i64()).unwrap_or(0);
    let (blocker, next, at) = match job.state() {
        State::Queued if job.cancel_requested_at.is_some() => (
            "its cancellation was requested; it ends when it is known what became of what it sent".into(),
            "a worker asks for it",
            Some(job.run_at),
        ),
        State::Queued if job.held_since.is_some() => (
            "the model's provider cannot serve now; the job waits for it and is charged nothing".into(),
            "a worker asks the provider again",
            Some(job.run_at),
        ),
        State::Queued if job.started_at.is_none() && job.run_at > job.created_at => {
            ("it is not due yet".into(), "a worker starts it when it is due", Some(job.run_at))
        }
        State::Queued if job.kind == Kind::Publish.as_str() && job.started_at.is_some() && job.crashes == 0 => (
            "its channel cannot go on with it yet; the job waits and is charged nothing".into(),
            "a worker asks the channel again",
            Some(job.run_at),
        ),
        State::Queued if job.kind == Kind::SendEmail.as_str() && job.started_at.is_some() && job.crashes == 0 => (
            "the mail provider does not take it yet; the job waits and is charged nothing".into(),
            "a worker asks the provider again",
            Some(job.run_at),
        ),
        State::Queued if job.attempt > 0 && job.run_at > job.created_at => (
            "the last attempt failed and the pause before the next one is not over, or no worker is free yet".into(),
            "a worker tries again",
            Some(job.run_at),
        ),
        State::Queued if job.crashes > 0 => {
            ("the worker that had it stopped; it is first in line".into(), "a worker starts it again", None)
        }
        State::Queued if ahead > 0 || running > 0 => {
            (format!("{ahead} job(s) stand before it, {running} run now"), "a worker starts it when one is free", None)
        }
        State::Queued => ("no worker has taken it yet".into(), "a worker starts it within seconds", None),
        State::Running if job.cancel_requested_at.is_some() => {
            ("its cancellation was requested".into(), "the worker stops it", job.lease_expires_at)
        }
        State::Running => {
            ("nothing".into(), "the worker goes on; if it stops, the job is rescued", job.lease_expires_at)
        }
        State::Dead => ("its worker crashed too often".into(), "none: submit it again", None),
        State::Failed | State::Timeout => ("see error".into(), "none: submit it again", None),
        State::Succeeded | State::Partial | State::Cancelled => ("nothing".into(), "none: it has ended", None),
    };
    json!({
        "id": job.id, "state": job.state, "status": job.status(), "attempt": job.attempt, "crashes": job.crashes,
        "blocker": blocker, "nextAction": next, "nextActionAt": at, "error": job.error,
    })
}
