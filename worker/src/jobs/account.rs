//! `account.erase`: ends a person's other jobs, then removes in small batches what was theirs when they asked.
//! Called by `run` with a claimed job. It may stop and start again anywhere: what is gone is gone, and a batch never
//! reaches what is younger than the job.

use std::time::Duration;

use almanac_shared::{
    account::store,
    error::Code,
    faults::{self, Point},
    jobs::{
        ClaimedJob, Failure, State,
        store::{WriteError, finish},
    },
    progress::event::Event,
};
use serde_json::json;
use tokio::time::Instant;

use super::{JobError, Verdict};
use crate::{
    deps::Deps,
    stop::{Reason, Stop},
};

/// How often the jobs that were asked to end are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// For so long they are waited for in a slot: longer than a lease, in which a dead worker's job comes back.
const PATIENCE: Duration = Duration::from_secs(15);
/// After that the slot is given to others for this long.
const COME_BACK: Duration = Duration::from_secs(5);

/// Runs one attempt of an erase.
pub async fn erase(deps: &Deps, job: &ClaimedJob, stop: &Stop) -> Result<Verdict, JobError> {
    let began = Instant::now();
    faults::pass(Point::ClaimedBeforeCall);
    tell_stage(deps, job, "stopping");
    loop {
        if let Some(reason) = stop.given() {
            return stopped(deps, job, reason, began).await;
        }
        let running = store::stop(&deps.service, job.lease()).await?;
        if running.is_empty() {
            break;
        }
        if began.elapsed() > PATIENCE {
            return Ok(Verdict::Retry(COME_BACK));
        }
        running.into_iter().for_each(|other| deps.bell.nudge(other));
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = stop.wait() => {}
        }
    }
    tell_stage(deps, job, "removing");
    while store::erase_some(&deps.service, job.lease()).await? {
        faults::pass(Point::BetweenBursts);
        if let Some(reason) = stop.given() {
            return stopped(deps, job, reason, began).await;
        }
    }
    conclude(deps, job, State::Succeeded, None, began).await
}

/// Says how far it is, to those who listen now; nothing is stored for it.
fn tell_stage(deps: &Deps, job: &ClaimedJob, stage: &str) {
    let data = json!({ "stage": stage }).to_string();
    deps.publisher.publish(job.id, vec![Event::decoration("progress", data)]);
}

async fn stopped(deps: &Deps, job: &ClaimedJob, reason: Reason, began: Instant) -> Result<Verdict, JobError> {
    match reason {
        Reason::Cancelled => {
            let failure = Failure::new(Code::Cancelled, "Cancelled on request; what was removed stays removed.");
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
    let data = json!({ "status": state.as_str(), "error": failure }).to_string();
    let seq = finish(&deps.service, job.lease(), state, failure.as_ref(), Some(&data)).await?;
    faults::pass(Point::CommittedBeforePublish);
    deps.publisher.publish(job.id, vec![Event { seq, kind: "done".into(), data }]);
    deps.metrics.job_finished(&job.kind, state.as_str(), began.elapsed().as_secs_f64());
    tracing::info!(status = state.as_str(), "the erase ended");
    Ok(Verdict::Concluded)
}
