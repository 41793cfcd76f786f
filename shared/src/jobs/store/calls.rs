//! The ledger of model calls (M6): how a call ended. Opening one is each domain's own statement, because it reads with it
//! what to ask. Called by the domains' stores and by their jobs; knows no domain.

use serde_json::Value;

use super::WriteError;
use crate::{db::Service, id::LlmCallId};

/// How a call of a model ended, for its ledger row.
#[derive(Clone, Debug)]
pub struct CallEnd {
    /// The call.
    pub call: LlmCallId,
    /// Whether its answer was usable to the end.
    pub succeeded: bool,
    /// Tokens read.
    pub tokens_input: Option<i32>,
    /// Tokens written.
    pub tokens_output: Option<i32>,
    /// US dollars as the provider wrote them.
    pub cost_usd: Option<String>,
    /// The provider's own id.
    pub provider_ref: Option<String>,
    /// Why it failed.
    pub error: Option<Value>,
}

impl CallEnd {
    /// The spelling in the ledger's `state` column.
    pub(crate) const fn state(&self) -> &'static str {
        if self.succeeded { "succeeded" } else { "failed" }
    }
}

/// Closes a call that bought nothing more; the job goes on.
pub async fn close_call(service: &Service, end: &CallEnd) -> Result<(), WriteError> {
    sqlx::query!(
        "SELECT almanac.close_call($1, $2, $3, $4, $5, $6, $7)",
        end.call.0,
        end.state(),
        end.tokens_input,
        end.tokens_output,
        end.cost_usd,
        end.provider_ref,
        end.error
    )
    .execute(service.work())
    .await?;
    Ok(())
}
