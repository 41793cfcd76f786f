//! One call of the model: what it is asked, what is taken from its answer as it comes, and how the call is remembered.
//! Called by the run beside this, once for each step. Whatever is taken is stored before anybody is told of it.

use std::pin::pin;

use almanac_shared::{
    calendar::{
        Content, Made,
        store::work::{self, Burst},
        task,
    },
    platform::{
        circuit,
        faults::{self, Point},
        id::{EntryId, LlmCallId},
        telemetry,
    },
};
use tokio::time::Instant;

use super::{JobError, Planning};
use crate::{
    jobs::{BEGUN_AGAIN, calls},
    outbound::{
        ai::{AiError, AiErrorKind, AiEvent, AiRequest, AiUsage, Answering, CalendarEntry, Item, Prompt, Word},
        breaker::{Opened, Outcome, Permit},
    },
    runner::stop::Reason,
};

/// How one call ended; what came last is in the burst, to be stored together with what follows.
pub(super) struct CallResult {
    pub burst: Burst,
    pub how: How,
}

pub(super) enum How {
    /// The model said all it had to say.
    Complete(AiUsage),
    /// It failed.
    Broken(AiError),
    /// Somebody wants the job to end.
    Stopped(Reason),
    /// The job's time is over.
    TimeUp,
}

impl Planning<'_> {
    /// Opens a call in the ledger, unless the step has used up its calls.
    pub(super) async fn open_call(&mut self, existing: usize) -> Result<(LlmCallId, work::Opened), JobError> {
        let (call, provider, lease) = (LlmCallId::fresh(), self.deps.ai.provider(), self.job.lease());
        let opened = work::open_call(&self.deps.service, lease, call, provider, &self.order.model, existing).await?;
        self.calls += 1;
        Ok((call, opened))
    }

    pub(super) fn request(&self, prompt: Prompt) -> AiRequest {
        let document = task::document(&self.order.request, &self.order.slots, &self.filled());
        let mut request = AiRequest::new(prompt, self.order.model.clone(), document.into(), self.deadline);
        request.traceparent = telemetry::current_traceparent();
        request
    }

    /// Makes one call and stores what comes as it comes: everything that is ready together in one commit. The last
    /// burst is left to the caller.
    pub(super) async fn call(&mut self, request: AiRequest) -> Result<CallResult, JobError> {
        self.deps.retries.called();
        faults::pass(Point::CallInFlight);
        let mut events = Answering::start(self.deps.ai.call(request));
        loop {
            let mut burst = self.burst();
            // One wait from beginning to end: what it has gathered would be lost with it.
            let mut next = pin!(events.next());
            let ready = loop {
                tokio::select! {
                    biased;
                    reason = self.stop.wait() => return Ok(CallResult { burst, how: How::Stopped(reason) }),
                    () = tokio::time::sleep_until(self.deadline) => return Ok(CallResult { burst, how: How::TimeUp }),
                    ready = &mut next => break ready,
                    () = tokio::time::sleep(BEGUN_AGAIN), if self.seq == 0 => self.tell_begin(),
                }
            };
            if ready.is_empty() {
                return Ok(CallResult { burst, how: How::Broken(AiErrorKind::Truncated.into()) });
            }
            for event in ready {
                match event {
                    Ok(AiEvent::Item(Item::Calendar(entry))) => self.add(&mut burst, entry),
                    // The answer is read as the task that was asked for, so no other item comes.
                    Ok(AiEvent::Started { .. } | AiEvent::Item(_)) => {}
                    Ok(AiEvent::Finished(usage)) => return Ok(CallResult { burst, how: How::Complete(usage) }),
                    Err(error) => return Ok(CallResult { burst, how: How::Broken(error) }),
                }
            }
            self.keep(burst).await?;
        }
    }

    pub(super) fn burst(&self) -> Burst {
        Burst { after: i32::try_from(self.made.len()).unwrap_or(i32::MAX), ..Burst::default() }
    }

    /// A draft becomes the entry of its slot: where and when it goes is the slot's to say, never the answer's.
    fn add(&mut self, burst: &mut Burst, entry: CalendarEntry) {
        let Some(slot) = self.order.slots.iter().find(|slot| slot.key.to_string() == entry.key) else { return };
        if self.made.iter().any(|made| made.key == slot.key) {
            return;
        }
        let content = Content::of(slot, self.order.request.zone, entry.draft);
        let made = Made { key: slot.key.clone(), entry_id: EntryId::fresh(), fields: content.generated_fields() };
        self.tell_entry(burst, &made, &content);
        self.made.push(made.clone());
        burst.made.push(made);
    }

    /// Stores a burst and tells of it.
    pub(super) async fn keep(&mut self, mut burst: Burst) -> Result<(), JobError> {
        if burst.made.is_empty() {
            return Ok(());
        }
        self.waiting.content_came(self.deps, self.job).await?;
        self.tell_progress(&mut burst);
        faults::pass(Point::AnsweredBeforeCommit);
        work::save(&self.deps.service, self.job.lease(), &burst).await?;
        faults::pass(Point::CommittedBeforePublish);
        self.publish(burst.events);
        faults::pass(Point::BetweenBursts);
        Ok(())
    }

    /// Adds up what a call used, usable or not.
    pub(super) fn spend(&mut self, usage: &AiUsage) {
        self.spent = self.spent.and(calls::spend(self.deps, usage));
        self.served = usage.clone();
    }

    /// Records how a call went with its circuit, and tells the API when that opens.
    pub(super) fn judge(&self, permit: Permit, outcome: Outcome) {
        let Some(Opened { retry_in }) = permit.record(outcome, Instant::now()) else { return };
        let model = self.order.model.as_str();
        tracing::warn!(model, seconds = retry_in.as_secs(), "the provider's circuit is open");
        self.deps.metrics.breaker(self.deps.ai.provider(), model, true);
        circuit::publish(self.deps.redis.clone(), model, retry_in);
    }

    pub(super) fn count_failure(&mut self, error: &AiError) {
        if let Some(usage) = &error.usage {
            self.spend(usage);
        }
        let model = &self.order.model;
        self.deps.metrics.llm_call(self.deps.ai.provider(), model, error.kind.as_str(), error.elapsed.as_secs_f64());
        tracing::warn!(
            %error,
            code = %error.code(),
            providerRequestId = error.provider_ref.as_ref().map(Word::as_str),
            "a call of the model failed"
        );
    }
}
