//! How a mail ends: its state, its delivery's status, and what its effect becomes.

use almanac_shared::{
    events::event::Event,
    jobs::{Failure, State, store::ends::Conclusion},
    platform::{error::Code, id::JobId},
};
use serde_json::json;

use super::Attempt;
use crate::{
    deps::Deps,
    jobs::{JobError, Verdict},
};

/// How a mail ends.
pub(super) struct End {
    state: State,
    /// Of the delivery.
    status: &'static str,
    /// Of the effect; `None` if nothing was sent.
    effect: Option<&'static str>,
    failure: Option<Failure>,
    provider_ref: Option<String>,
}

impl End {
    /// The provider took it.
    pub(super) fn accepted(provider_ref: Option<String>) -> Self {
        Self { state: State::Succeeded, status: "sent", effect: Some("confirmed"), failure: None, provider_ref }
    }

    /// The provider refused it and always will.
    pub(super) fn rejected(code: Code, message: &str) -> Self {
        Self::failed("failed", "rejected", Failure::new(code, message))
    }

    /// A request may have been taken, and only a person can find out.
    pub(super) fn unknown() -> Self {
        let message = "The mail provider's answer is missing. Look there whether the mail was sent.";
        Self::failed("needs_review", "needs_review", Failure::new(Code::OutcomeUnknown, message))
    }

    /// The provider did not take it for as long as it remembers a key.
    pub(super) fn out_of_time(is_unknown: bool) -> Self {
        if is_unknown {
            return Self::unknown();
        }
        let message = "The mail provider took no mails for 23 hours.";
        Self::failed("failed", "abandoned", Failure::new(Code::EmailUnavailable, message))
    }

    /// The address gets no mail. The owner is not told why.
    pub(super) fn suppressed() -> Self {
        Self::skipped("suppressed")
    }

    /// The address is no recipient any more.
    pub(super) fn removed() -> Self {
        Self::skipped("skipped")
    }

    pub(super) fn cancelled() -> Self {
        let failure = Failure::new(Code::Cancelled, "Cancelled before it was sent.");
        Self { state: State::Cancelled, failure: Some(failure), ..Self::skipped("skipped") }
    }

    fn skipped(status: &'static str) -> Self {
        Self { state: State::Succeeded, status, effect: Some("abandoned"), failure: None, provider_ref: None }
    }

    fn failed(status: &'static str, effect: &'static str, failure: Failure) -> Self {
        Self { state: State::Failed, status, effect: Some(effect), failure: Some(failure), provider_ref: None }
    }
}

impl Attempt<'_> {
    /// Writes the end, then publishes its event.
    pub(super) async fn end(&self, end: End) -> Result<Option<Verdict>, JobError> {
        let End { state, status, effect, failure, provider_ref } = end;
        let data = json!({ "status": state.as_str(), "delivery": status, "error": failure }).to_string();
        let code = failure.as_ref().map(|failure| failure.code.as_str());
        let conclusion = Conclusion {
            lease: self.job.lease(),
            state,
            failure: failure.clone(),
            events: Vec::new(),
            progress: None,
            call: None,
            result: json!({ "status": status, "effect": effect, "provider_ref": provider_ref }),
            data: data.clone(),
        };
        let seq = self.deps.endings.write(conclusion).await?;
        self.deps.publisher.publish(self.job.id, vec![Event { seq, kind: "done".to_owned(), data }]);
        self.deps.metrics.mail_ended(status);
        match (state, code) {
            (State::Failed, code) => {
                tracing::warn!(deliveryId = %self.job.id, status, code, "the mail was not delivered")
            }
            _ => tracing::info!(deliveryId = %self.job.id, status, "the mail ended"),
        }
        Ok(Some(Verdict::Concluded))
    }
}

/// Counts the end of a mail that the platform wrote.
pub fn count_end(deps: &Deps, job: JobId) {
    tracing::warn!(deliveryId = %job, "the mail ended without its worker");
    deps.metrics.mail_ended("unended");
}
