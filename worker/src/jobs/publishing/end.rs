//! How an intent ends: its status, its effect and its receipt, in one transaction with the end of the job.

use std::{sync::atomic::Ordering, time::Duration};

use almanac_shared::{
    events::event::Event,
    jobs::{
        Failure, State,
        store::{WriteError, ends::Conclusion},
    },
    platform::{
        clock::{Clock, SystemClock},
        error::Code,
        faults::{self, Point},
        id::JobId,
    },
    publishing::{
        IntentStatus,
        render::Known,
        store::{
            ended::ended_intent,
            work::{self, LatePost, OpenedIntent},
        },
    },
};
use serde_json::{Value, json};

use super::{Attempt, Next};
use crate::{
    deps::Deps,
    jobs::{JobError, Verdict},
    outbound::channels::{ChannelError, Posted},
    runner::stop::Reason,
};

/// Between two tries to write an end while Postgres does not answer: what the channel said must not be lost.
pub(super) const AGAIN: Duration = Duration::from_millis(300);

/// The end of an intent.
pub(super) struct End {
    status: IntentStatus,
    /// The state of its effect, if it has one.
    effect: &'static str,
    failure: Option<Failure>,
    external_id: Option<String>,
    external_url: Option<String>,
    proof: Option<Value>,
    /// What the channel is asked by for the address, which comes later.
    address: Option<Known>,
}

impl End {
    fn new(status: IntentStatus, effect: &'static str, failure: Option<Failure>) -> Self {
        Self { status, effect, failure, external_id: None, external_url: None, proof: None, address: None }
    }

    /// The channel has the post.
    pub(super) fn published(post: Posted) -> Self {
        Self {
            external_id: Some(post.external_id),
            external_url: post.external_url,
            proof: Some(post.proof),
            ..Self::new(IntentStatus::Published, "confirmed", None)
        }
    }

    /// The same; what its channel is asked by for its address, if that comes later.
    pub(super) fn with_address_later(self, handle: Option<Known>) -> Self {
        Self { address: handle.filter(|_| self.external_url.is_none()), ..self }
    }

    /// The channel has the post, as a worker learned that had lost its lease.
    pub(super) fn late(post: &LatePost) -> Self {
        Self {
            external_id: Some(post.external_id.clone()),
            external_url: post.post["external_url"].as_str().map(str::to_owned),
            proof: Some(post.post["proof"].clone()),
            address: post.post["address"].as_object().map(|known| known.clone().into_iter().collect()),
            ..Self::new(IntentStatus::Published, "confirmed", None)
        }
    }

    /// Nothing was published.
    pub(super) fn failed(failure: Failure) -> Self {
        Self::new(IntentStatus::Failed, "rejected", Some(failure))
    }

    /// It would not be what was approved or asked for.
    pub(super) fn stale(message: &str) -> Self {
        Self::failed(Failure::new(Code::PlanStale, message))
    }

    /// The channel refused the post.
    pub(super) fn rejected(error: ChannelError, proof: Value) -> Self {
        Self { proof: Some(proof), ..Self::failed(error.into()) }
    }

    /// Only a person can find out whether it was published.
    pub(super) fn needs_review(why: String) -> Self {
        let proof = Some(json!({ "reason": why }));
        let failure = Failure::new(Code::OutcomeUnknown, why);
        Self { proof, ..Self::new(IntentStatus::NeedsReview, "needs_review", Some(failure)) }
    }

    pub(super) fn cancelled() -> Self {
        let failure = Failure::new(Code::Cancelled, "Cancelled by request. Nothing was published.");
        Self::new(IntentStatus::Cancelled, "rejected", Some(failure))
    }

    pub(super) fn entry_deleted() -> Self {
        let failure = Failure::new(Code::EntryDeleted, "The entry was deleted before it was published.");
        Self::new(IntentStatus::Cancelled, "rejected", Some(failure))
    }

    pub(super) fn switched_off() -> Self {
        let message = "Publishing was switched off before this was sent. Retry it when publishing is on again.";
        Self::failed(Failure::new(Code::ServiceDisabled, message))
    }

    const fn state(&self) -> State {
        match self.status {
            IntentStatus::Published => State::Succeeded,
            IntentStatus::Cancelled => State::Cancelled,
            _ => State::Failed,
        }
    }

    /// The events of the job's log that tell of it: the last step, then the result.
    fn events(&self, opened: &OpenedIntent) -> Vec<(String, String)> {
        let result = json!({
            "intentId": opened.id, "status": self.status, "externalUrl": self.external_url, "error": self.failure,
        });
        let step = if self.status == IntentStatus::Published { "sent" } else { "stopped" };
        vec![("progress".to_owned(), json!({ "step": step }).to_string()), ("result".to_owned(), result.to_string())]
    }

    fn result(&self) -> Value {
        json!({
            "status": self.status, "effect": self.effect, "external_id": self.external_id,
            "external_url": self.external_url, "proof": self.proof, "address": self.address,
        })
    }
}

/// A post belongs to one intent, also where several users have connected the same account.
fn is_post_of_another(error: &WriteError) -> bool {
    let WriteError::Refused(error) = error else { return false };
    error.as_database_error().and_then(|error| error.constraint()) == Some("publish_intents_post")
}

/// Counts the end of an intent whose job was ended by the platform.
pub async fn count_end(deps: &Deps, job: JobId) {
    match ended_intent(&deps.service, job).await {
        Ok(Some(intent)) => {
            deps.metrics.intent_ended(intent.channel.as_str(), intent.end, intent.code, SystemClock.now());
        }
        Ok(None) => {}
        Err(error) => tracing::warn!(jobId = %job, %error, "the end of an intent is not counted"),
    }
}

impl Attempt<'_> {
    /// Ends the intent and its job.
    pub(super) async fn end(&self, opened: &OpenedIntent, end: End) -> Result<Next, JobError> {
        let state = end.state();
        let mut events = end.events(opened);
        let data = json!({ "status": state, "error": end.failure }).to_string();
        let conclusion = Conclusion {
            lease: self.job.lease(),
            state,
            failure: end.failure.clone(),
            events: events.clone(),
            progress: (end.status == IntentStatus::Published)
                .then(|| json!({ "completed": 1, "total": 1, "stage": "sent", "percent": 100 })),
            call: None,
            result: end.result(),
            data: data.clone(),
        };
        let last = match self.write(&conclusion, &end).await {
            Err(JobError::Write(error)) if is_post_of_another(&error) => {
                // Another intent ended with it in the meantime: the next look-up leaves it out.
                if !self.has_found_other.swap(true, Ordering::Relaxed) {
                    return Ok(Next::Again);
                }
                let why = "The channel names a post that stands for another intent.";
                return Box::pin(self.end(opened, End::needs_review(why.to_owned()))).await;
            }
            written => written?,
        };
        faults::pass(Point::CommittedBeforePublish);
        events.push(("done".to_owned(), data));
        let first = last + 1 - i64::try_from(events.len()).unwrap_or_default();
        let numbered = (first..).zip(events).map(|(seq, (kind, data))| Event { seq, kind, data });
        self.deps.publisher.publish(self.job.id, numbered.collect());
        self.report(opened, &end, state);
        Ok(Next::Settled(Verdict::Concluded))
    }

    /// Writes the end, also after an outage of Postgres. A post that was confirmed is kept even if the lease is lost.
    async fn write(&self, conclusion: &Conclusion, end: &End) -> Result<i64, JobError> {
        loop {
            match self.deps.endings.write(conclusion.clone()).await {
                Err(WriteError::Outage(error)) if self.stop.given() != Some(Reason::LeaseLost) => {
                    tracing::warn!(%error, "the end of an intent could not be written yet");
                    tokio::time::sleep(AGAIN).await;
                }
                Err(WriteError::LeaseLost | WriteError::Outage(_)) => {
                    self.keep_late_post(end).await?;
                    return Err(WriteError::LeaseLost.into());
                }
                written => return Ok(written?),
            }
        }
    }

    async fn keep_late_post(&self, end: &End) -> Result<(), JobError> {
        let Some(id) = end.external_id.as_ref().filter(|_| end.status == IntentStatus::Published) else {
            return Ok(());
        };
        let post = json!({ "external_url": end.external_url, "proof": end.proof, "address": end.address });
        if work::note_late_post(&self.deps.service, self.job.lease(), id, &post).await? {
            tracing::info!("the post was confirmed after the lease was lost; it is kept for the next attempt");
        }
        Ok(())
    }

    fn report(&self, opened: &OpenedIntent, end: &End, state: State) {
        let code = end.failure.as_ref().map(|failure| failure.code);
        if let Some(end) = end.status.end() {
            self.deps.metrics.intent_ended(opened.channel.as_str(), end, code, SystemClock.now());
        }
        self.deps.metrics.job_finished(&self.job.kind, state.as_str(), self.began.elapsed().as_secs_f64());
        let status = end.status.as_str();
        match &end.failure {
            None => tracing::info!(status, "the intent was published"),
            Some(failure) if end.status == IntentStatus::Cancelled => {
                tracing::info!(status, code = %failure.code, "the intent was cancelled");
            }
            Some(failure) => tracing::error!(status, code = %failure.code, "the intent was not published"),
        }
    }
}
