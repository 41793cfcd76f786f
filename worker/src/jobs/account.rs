//! `account.erase`: ends a user's older jobs, then removes in small batches the data that was there at the request.
//! Called by `run` with a claimed job. It may stop and start again anywhere: no batch reaches what is younger than the
//! request, and the last batch is a look at everything that finds nothing.

use std::time::Duration;

use almanac_shared::{
    account::store::{self, Batch},
    events::event::Event,
    jobs::{
        ClaimedJob, Failure, State,
        store::{WriteError, finish},
    },
    platform::{
        error::Code,
        faults::{self, Point},
    },
};
use serde_json::json;
use tokio::time::Instant;

use super::{JobError, Verdict};
use crate::{
    deps::Deps,
    runner::stop::{Reason, Stop},
};

/// Interval between looks at what the erase waits for: older jobs that still run, and locked rows.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The longest wait in a slot without progress; a job that is asked to cancel ends well within it.
const PATIENCE: Duration = Duration::from_secs(3);
/// Pause after that, during which the slot is free for other erases.
const COME_BACK: Duration = Duration::from_secs(2);

/// Runs one attempt of an erase.
pub async fn erase(deps: &Deps, job: &ClaimedJob, stop: &Stop) -> Result<Verdict, JobError> {
    let began = Instant::now();
    let mut progress = began;
    faults::pass(Point::ClaimedBeforeCall);
    tell_stage(deps, job, "stopping");
    let mut removing = false;
    loop {
        if let Some(reason) = stop.given() {
            return stopped(deps, job, reason, began).await;
        }
        let running = store::stop(&deps.service, job.lease()).await?;
        if running.is_empty() {
            if !removing {
                tell_stage(deps, job, "removing");
                removing = true;
            }
            match store::erase_some(&deps.service, job.lease()).await? {
                Batch::Done => break,
                Batch::Removed => {
                    faults::pass(Point::BetweenBursts);
                    progress = Instant::now();
                    continue;
                }
                Batch::Held => {}
            }
        }
        if progress.elapsed() > PATIENCE {
            return pause(deps, job, began).await;
        }
        running.into_iter().for_each(|other| deps.bell.nudge(other));
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = stop.wait() => {}
        }
    }
    conclude(deps, job, State::Succeeded, None, began).await
}

/// Frees the slot. The row is queued again afterwards, so there is nothing left to write for `run`.
async fn pause(deps: &Deps, job: &ClaimedJob, began: Instant) -> Result<Verdict, JobError> {
    if store::pause(&deps.service, job.lease(), COME_BACK).await? {
        return Ok(Verdict::Concluded);
    }
    stopped(deps, job, Reason::Cancelled, began).await
}

/// Publishes the current stage to followers; it is not stored.
fn tell_stage(deps: &Deps, job: &ClaimedJob, stage: &str) {
    let data = json!({ "stage": stage }).to_string();
    deps.publisher.publish(job.id, vec![Event::decoration("progress", data)]);
}

async fn stopped(deps: &Deps, job: &ClaimedJob, reason: Reason, began: Instant) -> Result<Verdict, JobError> {
    match reason {
        Reason::Cancelled => {
            let failure = Failure::new(Code::Cancelled, "Cancelled by request. What was deleted stays deleted.");
            conclude(deps, job, State::Cancelled, Some(failure), began).await
        }
        Reason::Drain | Reason::Outage => Ok(Verdict::HandBack),
        Reason::LeaseLost => Err(JobError::Write(WriteError::LeaseLost)),
    }
}

async fn conclude(
    deps: &Deps,
    job: &ClaimedJob,
    state: State,
    failure: Option<Failure>,
    began: Instant,
) -> Result<Verdict, JobError> {
    let event = finish(&deps.service, job.lease(), state, failure.as_ref()).await?;
    faults::pass(Point::CommittedBeforePublish);
    deps.publisher.publish(job.id, event.into_iter().collect());
    deps.metrics.job_finished(&job.kind, state.as_str(), began.elapsed().as_secs_f64());
    tracing::info!(status = state.as_str(), "the erase ended");
    Ok(Verdict::Concluded)
}
