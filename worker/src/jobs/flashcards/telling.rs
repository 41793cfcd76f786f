//! What a generation says while it runs and when it has ended: to its listeners, to the figures, to the log, to the API.
//! Called by the job beside this, after whatever it tells of is stored.

use almanac_shared::{
    events::event::Event,
    flashcards::CARDS_PER_GENERATION,
    jobs::{Failure, State},
    platform::circuit,
};
use serde_json::{Value, json};

use super::Generating;
use crate::outbound::{
    ai::{AiError, Word},
    breaker::Opened,
};

impl Generating<'_> {
    pub(super) fn progress(&self, stage: &str) -> Value {
        let (completed, total) = (self.made.len(), CARDS_PER_GENERATION);
        json!({ "completed": completed, "total": total, "stage": stage, "percent": completed * 100 / total })
    }

    pub(super) fn tell(&mut self, events: Vec<(String, String)>) {
        let numbered = events.into_iter().map(|(kind, data)| {
            self.seq += 1;
            Event { seq: self.seq, kind, data }
        });
        let numbered: Vec<Event> = numbered.collect();
        self.deps.publisher.publish(self.job.id, numbered);
    }

    /// Says that work has begun, to those who listen now; nothing is stored for it.
    pub(super) fn tell_begin(&self) {
        let data = json!({ "completed": 0, "total": CARDS_PER_GENERATION, "stage": "drafting", "percent": 0 });
        let begin = Event::decoration("progress", data.to_string());
        self.deps.publisher.publish(self.job.id, vec![begin]);
    }

    pub(super) fn log_end(&self, state: State, latency_ms: u64, failure: Option<&Failure>) {
        let code = failure.map(|failure| failure.code.as_str());
        self.deps.metrics.job_finished(&self.job.kind, state.as_str(), self.began.elapsed().as_secs_f64());
        self.deps.metrics.generation_ended(state.as_str());
        tracing::info!(
            status = state.as_str(),
            code,
            latencyMs = latency_ms,
            suggestions = self.made.len(),
            tokensInput = self.spent.tokens_input,
            tokensOutput = self.spent.tokens_output,
            providerRequestId = self.served.provider_ref.as_ref().map(Word::as_str),
            "the generation ended"
        );
    }

    pub(super) fn count_call(&mut self, error: &AiError, model: &str) {
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

    /// Tells the API that this model cannot be called for a while, so that it stops accepting what cannot run.
    pub(super) fn publish_circuit(&self, opened: Option<Opened>, model: &str) {
        let Some(Opened { retry_in }) = opened else { return };
        tracing::warn!(model, seconds = retry_in.as_secs(), "the provider's circuit is open");
        self.deps.metrics.breaker(self.deps.ai.provider(), model, true);
        circuit::publish(self.deps.redis.clone(), model, retry_in);
    }
}
