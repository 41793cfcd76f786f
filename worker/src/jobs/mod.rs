//! The table of jobs: which function runs which kind, and how each may end.
//! Called by `run`; a new kind is one line in `run_kind` and one file beside this one.

use std::time::Duration;

use almanac_shared::{
    jobs::{ClaimedJob, Failure, Kind, Lane, store::WriteError},
    platform::id::JobId,
};

use crate::{deps::Deps, runner::stop::Stop};

mod account;
mod calendar;
mod email;
mod flashcards;
mod model_run;
mod organic;
mod publishing;
mod synthesis;

/// For so long a job is left to newer workers, when an API of a newer version accepted what this one does not know.
pub const LEFT_TO_NEWER: Duration = Duration::from_secs(30);
/// The same for a job with a deadline of seconds, by which it ends should no newer worker come.
const LEFT_FOR_A_MOMENT: Duration = Duration::from_secs(2);

/// How an attempt ended, for the one place that decides what follows (`run`).
#[derive(Debug)]
pub enum Verdict {
    /// The job wrote its own end together with its last results.
    Concluded,
    /// Try again after this pause; counts an attempt.
    Retry(Duration),
    /// The provider cannot serve now: try again after this pause. Counts nothing, for as long as `PROVIDER_WAIT_SECONDS`.
    Hold(Duration),
    /// Only a newer worker can do it: try again after this pause. Counts nothing.
    Leave(Duration),
    /// It cannot be done.
    Fail(Failure),
    /// Not now: this process was asked to release the job. Counts nothing.
    HandBack,
}

/// What can go wrong inside a job that the job itself does not judge.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// A write under the lease did not happen.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Anything else: retried, then failed.
    #[error(transparent)]
    Unexpected(#[from] anyhow::Error),
}

/// Counts the end of a job that the platform wrote: poison, failed unexpectedly, or ended instead of waiting. Ends that a
/// kind writes itself are counted where it writes them.
pub async fn count_end(deps: &Deps, lane: &str, job: JobId) {
    match Lane::parse(lane) {
        Some(Lane::Publishing) => publishing::count_end(deps, job).await,
        Some(Lane::Email) => email::count_end(deps, job),
        _ => {}
    }
}

/// Runs one attempt of a job.
pub async fn run_kind(kind: Kind, deps: &Deps, job: &ClaimedJob, stop: &Stop) -> Result<Verdict, JobError> {
    match kind {
        Kind::GenerateFlashcards => flashcards::generate(deps, job, stop).await,
        Kind::GenerateCalendar => calendar::generate(deps, job, stop).await,
        Kind::GenerateOrganic => organic::generate(deps, job, stop).await,
        Kind::Publish => publishing::publish(deps, job, stop).await,
        Kind::GenerateSynthesis => synthesis::generate(deps, job, stop).await,
        Kind::SendEmail => email::send(deps, job, stop).await,
        Kind::EraseAccount => account::erase(deps, job, stop).await,
    }
}
