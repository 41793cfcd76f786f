//! What every job that asks a model does with the end of a call: the ledger's words, what it used, and what its owner
//! reads of a failure. Decides nothing.

use almanac_shared::{
    jobs::{
        Failure,
        store::calls::{CallEnd, Charge, Spent},
    },
    platform::{error::Code, id::LlmCallId},
};
use serde_json::Value;

use crate::{
    deps::Deps,
    outbound::ai::{AiError, AiErrorKind, AiUsage, Word},
};

/// A call that did not succeed; the caller that knows that it did says so.
pub(super) fn call_end(call: LlmCallId, usage: Option<&AiUsage>, error: Option<&AiError>) -> CallEnd {
    let count = |tokens: Option<u32>| tokens.and_then(|tokens| i32::try_from(tokens).ok());
    let provider_ref = usage.and_then(|usage| usage.provider_ref.as_ref());
    let provider_ref = provider_ref.or_else(|| error.and_then(|error| error.provider_ref.as_ref()));
    CallEnd {
        call,
        succeeded: false,
        charge: Charge::Full,
        tokens_input: usage.and_then(|usage| count(usage.tokens_input)),
        tokens_output: usage.and_then(|usage| count(usage.tokens_output)),
        cost_usd: usage.and_then(|usage| Spent::rounded(usage.cost_usd.as_deref()?)),
        provider_ref: provider_ref.map(Word::to_string),
        error: error.map(AiError::detail),
    }
}

/// What a call used, usable or not, in the figures and in the sum of its job.
pub(super) fn spend(deps: &Deps, usage: &AiUsage) -> Spent {
    let spent = Spent {
        tokens_input: usage.tokens_input.map(i64::from),
        tokens_output: usage.tokens_output.map(i64::from),
        cost_usd: usage.cost_usd.as_deref().and_then(Spent::rounded).and_then(|cost| cost.parse().ok()),
    };
    let (read, written) = (usage.tokens_input.unwrap_or(0), usage.tokens_output.unwrap_or(0));
    deps.metrics.llm_usage(read.into(), written.into(), spent.cost_usd.unwrap_or(0.0));
    if usage.items.echoed > 0 {
        let code = Code::PromptEcho.as_str();
        tracing::warn!(code, items = usage.items.echoed, "the model repeated its instructions; they were taken out");
    }
    spent
}

/// The failure of a job that ends because of this error.
pub(in crate::jobs) fn failure_of(error: &AiError) -> Failure {
    let mut failure = Failure::new(error.code(), sentence(error));
    if let Value::Object(detail) = error.detail() {
        failure.context = detail.into_iter().filter(|(name, value)| name != "code" && !value.is_null()).collect();
    }
    failure
}

/// What the owner of a job reads: what the provider did, not a guess at the cause.
fn sentence(error: &AiError) -> &'static str {
    use AiErrorKind as Kind;
    match error.kind {
        Kind::Connect | Kind::Reset => "The model could not be reached. Please try again later.",
        Kind::Timeout | Kind::Idle => "The model did not answer in time. Please try again.",
        Kind::Transient if error.code() == Code::ProviderTimeout => {
            "The model did not answer in time. Please try again."
        }
        Kind::Transient => "The model's provider reported a failure of its own. Please try again later.",
        Kind::RateLimited => "The model is busy. Please try again in a while.",
        Kind::Auth => "The model's provider does not accept our account. Please contact support.",
        Kind::Quota => "Our account at the model's provider is out of credit. Please contact support.",
        Kind::Rejected => "The model's provider refused this request.",
        Kind::Policy => "The model refused this content.",
        Kind::InStream | Kind::Truncated => "The model's answer broke off. Please try again.",
        Kind::TooLarge | Kind::InvalidOutput => "The model's answer could not be read. Please try again.",
        Kind::EmptyOutput => "The model answered nothing. Please try again.",
        Kind::Cancelled => "Cancelled on request.",
        Kind::BreakerOpen | Kind::BudgetSpent => "The model is not available at the moment. Please try again later.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_lost_connection_is_called_unreachable() {
        use AiErrorKind as Kind;
        let table = [
            (Kind::Connect, true),
            (Kind::Reset, true),
            (Kind::Auth, false),
            (Kind::Quota, false),
            (Kind::Transient, false),
            (Kind::InStream, false),
            (Kind::Truncated, false),
            (Kind::BreakerOpen, false),
        ];
        for (kind, unreachable) in table {
            let failure = failure_of(&AiError::new(kind));
            assert_eq!(failure.message.contains("reached"), unreachable, "{kind}: {}", failure.message);
        }
        let late = AiError { status: Some(504), ..AiErrorKind::Transient.into() };
        assert!(failure_of(&late).message.contains("in time"));
    }
}
