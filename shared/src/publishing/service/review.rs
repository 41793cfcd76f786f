//! What a person does with an intent: cancel it, retry a failure, say what became of one that needs a review.

use anyhow::{Context, anyhow};

use super::Publishing;
use crate::{
    jobs::{CancelOutcome, Kind, Lane, store as jobs},
    platform::{
        db::UserTx,
        error::{ActiveJob, Code, FieldError, Refusal},
        id::{IntentId, JobId, UserId},
    },
    publishing::{
        IntentStatus,
        store::{
            ended::{self, EndedIntent},
            intents as store,
        },
        stored::{Intent, Resolution},
    },
};

/// A cancelled intent.
#[derive(Clone, Copy, Debug)]
pub struct Cancelled {
    /// Its job.
    pub job: JobId,
    /// What became of the job.
    pub outcome: CancelOutcome,
}

impl Publishing {
    /// Cancels an intent by its job: one that waits ends at once, one that a worker has ends unless it is being sent. One whose
    /// post may exist is looked up first, and ends as published if it does.
    ///
    /// # Errors
    /// Missing or not theirs; final, or under review.
    pub async fn cancel(&self, user: UserId, id: IntentId) -> Result<Cancelled, Refusal> {
        let intent = self.intent(user, id).await?;
        refuse_ended(&intent)?;
        let _turn = self.database.user_permit(user).await?;
        match jobs::cancel(&self.database, user, intent.job_id).await? {
            CancelOutcome::Missing => Err(Refusal::NotFound),
            CancelOutcome::AlreadyFinal => Err(Refusal::AlreadyFinal),
            outcome @ (CancelOutcome::Ended | CancelOutcome::Cancelling) => {
                self.bell.nudge(intent.job_id);
                Ok(Cancelled { job: intent.job_id, outcome })
            }
        }
    }

    /// How the intent of a job of this person ended; `None` if the job has none, or it is on its way.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn ended(&self, user: UserId, job: JobId) -> Result<Option<EndedIntent>, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let ended = ended::ended_intent_of(&mut tx, job).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// Retries a failed intent with a new job, in a transaction of this person's that the caller commits; then the caller
    /// calls [`Publishing::notify_retry`].
    ///
    /// # Errors
    /// Missing or not theirs; not failed; another intent of its entry is on its way; or the user's data is being erased.
    pub async fn retry(
        tx: &mut UserTx,
        id: IntentId,
        trace: Option<&str>,
        request_id: Option<&str>,
    ) -> Result<Intent, Refusal> {
        let job = JobId::fresh();
        let outcome = store::retry(tx, id, job, trace, request_id).await?;
        let intent = store::intent(tx, id).await?.ok_or(Refusal::NotFound)?;
        match outcome.as_str() {
            "new" => Ok(intent),
            "missing" => Err(Refusal::NotFound),
            "unfinished" => Err(Refusal::NotFinal(active(&intent))),
            "final" => Err(Refusal::AlreadyFinal),
            "review" => Err(under_review()),
            "taken" => Err(on_its_way(&intent)),
            "active" => Err(Refusal::AlreadyRunning(active(&intent))),
            other => Err(anyhow!("retrying an intent: {other}").into()),
        }
    }

    /// Notifies a worker of an intent that was retried.
    pub fn notify_retry(&self, intent: &Intent, trace: Option<String>) {
        self.bell.ring(Lane::Publishing, intent.job_id, trace);
    }

    /// Ends the review of an intent, in a transaction of this person's that the caller commits.
    ///
    /// # Errors
    /// Missing or not theirs; or it needs no review.
    pub async fn resolve(
        tx: &mut UserTx,
        id: IntentId,
        resolution: Resolution,
        url: Option<&str>,
    ) -> Result<Intent, Refusal> {
        match store::resolve(tx, id, resolution, url).await?.as_str() {
            "resolved" => Ok(store::intent(tx, id).await?.context("reading an intent just resolved")?),
            "missing" => Err(Refusal::NotFound),
            "unfinished" => {
                let intent = store::intent(tx, id).await?.ok_or(Refusal::NotFound)?;
                Err(Refusal::NotFinal(active(&intent)))
            }
            _ => Err(Refusal::AlreadyFinal),
        }
    }
}

fn active(intent: &Intent) -> ActiveJob {
    ActiveJob { id: intent.job_id, kind: Kind::Publish.as_str().to_owned() }
}

fn refuse_ended(intent: &Intent) -> Result<(), Refusal> {
    match intent.status {
        IntentStatus::NeedsReview => Err(under_review()),
        status if status.is_open() => Ok(()),
        _ => Err(Refusal::AlreadyFinal),
    }
}

fn under_review() -> Refusal {
    let message = "Only a person can find out whether it was published: resolve the intent first.".to_owned();
    Refusal::Rule { code: Code::AlreadyFinal, field: "intent", message }
}

fn on_its_way(intent: &Intent) -> Refusal {
    let message = "Another intent of the entry is on its way to this account.".to_owned();
    let flaw = FieldError { loc: vec!["entryId".into(), intent.entry_id.as_str().into()], kind: "rule", message };
    Refusal::Rules { code: Code::AlreadyPublished, channel: Some(intent.channel.as_str()), flaws: vec![flaw] }
}
