//! The state of one attempt that does not depend on what is made: the handles, the job's deadline, the wait for the
//! provider, the position in the event log, and what calls of the model used. Used by `model_run` and by the kinds.

use std::{sync::OnceLock, time::Duration};

use almanac_shared::{
    events::event::Event,
    jobs::{
        ClaimedJob, State,
        store::{
            calls::{self as ledger, Opened, Spent},
            ends::Conclusion,
            items::{Burst, save_items},
        },
    },
    platform::{
        circuit,
        faults::{self, Point},
        id::LlmCallId,
        telemetry,
    },
};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{calls, provider_wait::Waiting};
use crate::{
    deps::Deps,
    jobs::JobError,
    outbound::{
        ai::{AiError, AiRequest, AiUsage, Prompt, Word},
        breaker::{self, Outcome, Permit},
    },
    runner::stop::Stop,
};

/// A call of the model for a job without a deadline.
const CALL_LIMIT: Duration = Duration::from_secs(30);

pub struct Attempt<'a> {
    pub deps: &'a Deps,
    pub job: &'a ClaimedJob,
    pub stop: &'a Stop,
    pub model: String,
    pub prompt_version: String,
    /// Last seq of the log. Only the holder of the lease appends, so it can count along.
    pub seq: i64,
    /// Calls over all attempts that the job was charged for or that were cut.
    pub calls: i64,
    /// What all calls used, those of earlier attempts included.
    pub spent: Spent,
    /// The answering model, for `ai_metadata`.
    pub served: AiUsage,
    pub(super) waiting: Waiting,
    began: Instant,
    deadline: Option<Instant>,
    first_call: Option<LlmCallId>,
    latency_ms: OnceLock<i64>,
}

impl<'a> Attempt<'a> {
    pub fn new(deps: &'a Deps, job: &'a ClaimedJob, stop: &'a Stop) -> Self {
        faults::pass(Point::ClaimedBeforeCall);
        let began = Instant::now();
        Self {
            deps,
            job,
            stop,
            model: String::new(),
            prompt_version: String::new(),
            seq: job.last_seq,
            calls: 0,
            spent: Spent::default(),
            served: AiUsage::default(),
            waiting: Waiting::of(deps, job),
            began,
            deadline: job.time_left.map(|left| began + left),
            first_call: job.first_call,
            latency_ms: OnceLock::new(),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    pub(super) fn has_deadline(&self) -> bool {
        self.deadline.is_some()
    }

    /// Resolves at the job's deadline; never without one.
    pub(super) async fn deadline_passed(&self) {
        match self.deadline {
            Some(deadline) => tokio::time::sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    }

    /// For how long the job is to wait in the queue if the circuit of its model is open.
    pub fn closed_for(&self) -> Option<Duration> {
        let looked = self.deps.breakers.look(self.deps.ai.provider(), &self.model, Instant::now());
        looked.err().map(|breaker::Opened { retry_in }| self.waiting.pause(retry_in))
    }

    /// Admits a call, or returns for how long the job is to wait in the queue.
    pub(super) fn admit(&self) -> Result<Permit, Duration> {
        let admitted = self.deps.breakers.admit(self.deps.ai.provider(), &self.model, Instant::now());
        admitted.map_err(|breaker::Opened { retry_in }| self.waiting.pause(retry_in))
    }

    /// Opens a call of this step in the ledger, or takes the one that was opened with the claim.
    pub(super) async fn open_call(&mut self, step: &str) -> Result<(LlmCallId, Opened), JobError> {
        self.calls += 1;
        if let Some(call) = self.first_call.take() {
            return Ok((call, Opened::Nth(1)));
        }
        let (call, provider) = (LlmCallId::fresh(), self.deps.ai.provider());
        let named = (provider, self.model.as_str());
        let opened = ledger::open_call(&self.deps.service, self.job.lease(), call, step, named).await?;
        Ok((call, opened))
    }

    /// Takes back the call that was opened with the claim, if it was not made.
    pub(super) async fn withdraw_first_call(&mut self) -> Result<(), JobError> {
        if let Some(call) = self.first_call.take() {
            ledger::withdraw_call(&self.deps.service, self.job.lease(), call).await?;
        }
        Ok(())
    }

    pub(super) fn request(&self, prompt: Prompt, document: Value) -> AiRequest {
        let deadline = self.deadline.unwrap_or_else(|| Instant::now() + CALL_LIMIT);
        let mut request = AiRequest::new(prompt, self.model.clone(), document, deadline);
        request.traceparent = telemetry::current_traceparent();
        request
    }

    pub(super) fn count_answer(&mut self, usage: &AiUsage, asked: Instant) {
        let seconds = asked.elapsed().as_secs_f64();
        self.deps.metrics.llm_call(self.deps.ai.provider(), &self.model, "succeeded", seconds);
        self.spend(usage);
    }

    pub(super) fn count_failure(&mut self, error: &AiError) {
        if let Some(usage) = &error.usage {
            self.spend(usage);
        }
        let seconds = error.elapsed.as_secs_f64();
        self.deps.metrics.llm_call(self.deps.ai.provider(), &self.model, error.kind.as_str(), seconds);
        tracing::warn!(
            %error,
            code = %error.code(),
            providerRequestId = error.provider_ref.as_ref().map(Word::as_str),
            "a call of the model failed"
        );
    }

    /// Adds what a call used, usable or not.
    fn spend(&mut self, usage: &AiUsage) {
        self.spent = self.spent.and(calls::spend(self.deps, usage));
        self.served = usage.clone();
    }

    /// Records the outcome of a call in the circuit. The API reads from Redis that it opened, and accepts no work that
    /// cannot run.
    pub(super) fn record_outcome(&self, permit: Permit, outcome: Outcome) {
        let Some(breaker::Opened { retry_in }) = permit.record(outcome, Instant::now()) else { return };
        let model = self.model.as_str();
        tracing::warn!(model, seconds = retry_in.as_secs(), "the provider's circuit is open");
        self.deps.metrics.breaker(self.deps.ai.provider(), model, true);
        circuit::publish(self.deps.redis.clone(), model, retry_in);
    }

    /// Reads the calls of earlier attempts.
    pub async fn count_earlier(&mut self) -> Result<(), JobError> {
        let ledger::Earlier { calls, spent } = ledger::earlier(&self.deps.service, self.job.id).await?;
        (self.calls, self.spent) = (calls, spent);
        Ok(())
    }

    /// Stores a burst in one commit, then publishes its events.
    pub async fn save<T: Serialize>(&mut self, burst: &mut Burst<T>) -> Result<(), JobError> {
        faults::pass(Point::AnsweredBeforeCommit);
        save_items(&self.deps.service, self.job.lease(), burst).await?;
        faults::pass(Point::CommittedBeforePublish);
        self.publish(std::mem::take(&mut burst.events));
        Ok(())
    }

    /// Publishes stored events, in the order in which they were stored.
    pub fn publish(&mut self, events: Vec<(String, String)>) {
        let numbered = events.into_iter().map(|(kind, data)| {
            self.seq += 1;
            Event { seq: self.seq, kind, data }
        });
        let numbered: Vec<Event> = numbered.collect();
        self.deps.publisher.publish(self.job.id, numbered);
    }

    /// Ends the job in one commit, then publishes its last events.
    pub async fn end(&mut self, final_type: &str, conclusion: Conclusion) -> Result<(), JobError> {
        let mut events = conclusion.events.clone();
        if !events.is_empty() {
            faults::pass(Point::AnsweredBeforeCommit);
        }
        events.push((final_type.to_owned(), conclusion.data.clone()));
        self.deps.endings.write(conclusion).await?;
        faults::pass(Point::CommittedBeforePublish);
        self.publish(events);
        Ok(())
    }

    /// Publishes progress that is not stored, to those who listen now.
    pub(super) fn decorate(&self, progress: String) {
        self.deps.publisher.publish(self.job.id, vec![Event::decoration("progress", progress)]);
    }

    /// From the job's first start to its end, whatever attempt this is: its limit less what was left of it when this one
    /// began. Measured once, so that events, rows and logs agree.
    pub fn latency_ms(&self) -> i64 {
        *self.latency_ms.get_or_init(|| self.measure())
    }

    fn measure(&self) -> i64 {
        let limit = self.job.payload["timeLimitMs"].as_u64().unwrap_or(0);
        let left = self.job.time_left.map_or(u128::from(limit), |left| left.as_millis());
        let before = u128::from(limit).saturating_sub(left);
        i64::try_from(before + self.began.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// Attribution for `ai_metadata`.
    pub fn metadata(&self, latency_ms: i64) -> Value {
        json!({
            "provider": self.deps.ai.provider(), "model": self.served.model, "provider_ref": self.served.provider_ref,
            "finish_reason": self.served.finish_reason, "latency_ms": latency_ms, "items": self.served.items,
        })
    }

    pub(super) fn count_end(&self, state: State) {
        self.deps.metrics.job_finished(&self.job.kind, state.as_str(), self.began.elapsed().as_secs_f64());
    }
}
