//! How a call of a model ended, in the ledger's words. Called by every job that asks a model; decides nothing.

use almanac_shared::{id::LlmCallId, jobs::store::calls::CallEnd};

use crate::outbound::ai::{AiError, AiUsage};

/// A call that did not succeed; whoever knows that it did says so.
pub(super) fn call_end(call: LlmCallId, usage: Option<&AiUsage>, error: Option<&AiError>) -> CallEnd {
    let count = |tokens: Option<u32>| tokens.and_then(|tokens| i32::try_from(tokens).ok());
    CallEnd {
        call,
        succeeded: false,
        tokens_input: usage.and_then(|usage| count(usage.tokens_input)),
        tokens_output: usage.and_then(|usage| count(usage.tokens_output)),
        cost_usd: usage.and_then(|usage| usage.cost_usd.clone()),
        provider_ref: usage
            .and_then(|usage| usage.provider_ref.clone())
            .or_else(|| error.and_then(|error| error.provider_ref.clone())),
        error: error.map(AiError::detail),
    }
}
