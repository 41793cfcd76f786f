//! One call of the model: what is asked, what comes back while it streams, and what it used.
//! Called by the job beside this; what comes is stored as it comes, everything that is ready together in one commit.

use almanac_shared::{
    organic::task,
    platform::{
        circuit,
        faults::{self, Point},
        telemetry,
    },
};
use tokio::time::Instant;

use super::{How, Week, making::Harvest};
use crate::{
    jobs::{JobError, calls},
    outbound::{
        ai::{AiError, AiErrorKind, AiEvent, AiRequest, AiUsage, Answering, Item, Prompt, Word},
        breaker::{Opened, Outcome, Permit},
    },
};

/// How one call ended; what came last is in the harvest, to be stored together with what follows.
pub(super) struct CallResult {
    pub harvest: Harvest,
    pub how: How,
}

impl Week<'_> {
    /// Placements that nobody has made yet.
    pub(super) fn missing(&self) -> usize {
        self.plan.slots.len().saturating_sub(self.made.len())
    }

    pub(super) fn request(&self, prompt: Prompt) -> AiRequest {
        let missing = self.plan.slots.iter().filter(|slot| !self.made.contains(&slot.seed.id));
        let document = task::document(&self.order.request, &self.brand, missing);
        let mut request = AiRequest::new(prompt, self.order.model.clone(), document.into(), self.deadline);
        request.traceparent = telemetry::current_traceparent();
        request
    }

    /// Makes one call and stores what comes as it comes. The last harvest is left to the caller.
    pub(super) async fn call(&mut self, request: AiRequest) -> Result<CallResult, JobError> {
        self.deps.retries.called();
        faults::pass(Point::CallInFlight);
        let mut events = Answering::start(self.deps.ai.call(request));
        loop {
            let mut harvest = Harvest::default();
            let ready = tokio::select! {
                biased;
                reason = self.stop.wait() => return Ok(CallResult { harvest, how: How::Stopped(reason) }),
                () = tokio::time::sleep_until(self.deadline) => return Ok(CallResult { harvest, how: How::TimeUp }),
                ready = events.next() => ready,
            };
            if ready.is_empty() {
                return Ok(CallResult { harvest, how: How::Broken(AiErrorKind::Truncated.into()) });
            }
            for event in ready {
                match event {
                    Ok(AiEvent::Item(Item::Organic(draft))) => self.take(&mut harvest, draft),
                    // The answer is read as the task that was asked for, so no other item comes.
                    Ok(AiEvent::Started { .. } | AiEvent::Item(_)) => {}
                    Ok(AiEvent::Finished(usage)) => return Ok(CallResult { harvest, how: How::Complete(usage) }),
                    Err(error) => return Ok(CallResult { harvest, how: How::Broken(error) }),
                }
            }
            self.keep(harvest).await?;
        }
    }

    /// Adds up what a call used, usable or not.
    pub(super) fn spend(&mut self, usage: &AiUsage) {
        self.spent = self.spent.and(calls::spend(self.deps, usage));
        self.served = usage.clone();
    }

    /// Records how a call went with its circuit, and tells the API when that opens.
    pub(super) fn judge(&self, permit: Permit, outcome: Outcome, model: &str) {
        let Some(Opened { retry_in }) = permit.record(outcome, Instant::now()) else { return };
        tracing::warn!(model, seconds = retry_in.as_secs(), "the provider's circuit is open");
        self.deps.metrics.breaker(self.deps.ai.provider(), model, true);
        circuit::publish(self.deps.redis.clone(), model, retry_in);
    }

    pub(super) fn count_failure(&mut self, error: &AiError, model: &str) {
        if let Some(usage) = &error.usage {
            self.spend(usage);
        }
        self.deps.metrics.llm_call(self.deps.ai.provider(), model, error.kind.as_str(), error.elapsed.as_secs_f64());
        tracing::warn!(
            %error,
            code = %error.code(),
            providerRequestId = error.provider_ref.as_ref().map(Word::as_str),
            "a call of the model failed"
        );
    }
}
