//! The ledger of model calls: how one is opened and how it ended. A domain that reads with the opening what to ask has
//! a statement of its own. Called by the domains' stores and by their jobs; knows no domain.

use serde_json::{Value, json};

use super::{WriteError, until_free};
use crate::{
    jobs::Lease,
    platform::{
        db::Service,
        id::{JobId, LlmCallId},
    },
};

/// Charged calls of one step, over all attempts.
pub const MAX_CHARGED: i32 = 3;
/// The same with those that an end or a stall of a worker cut.
pub const MAX_CALLS: i32 = 6;

/// What a call that did not succeed costs its job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charge {
    /// One of its calls.
    Full,
    /// None of its calls: this process cut it. It counts among all calls only.
    Cut,
    /// Nothing: the provider refused before any content.
    Nothing,
}

/// Whether a call may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// It may; its number among the charged ones.
    Nth(i32),
    /// The charged calls of the step are used up.
    Spent,
    /// With those that were cut, all calls of the step are used up.
    LimitReached,
}

impl Opened {
    pub(crate) fn of(nth: Option<i32>) -> Self {
        match nth {
            None => Self::Spent,
            Some(0) => Self::LimitReached,
            Some(nth) => Self::Nth(nth),
        }
    }
}

/// How a call of a model ended, for its ledger row.
#[derive(Clone, Debug)]
pub struct CallEnd {
    /// The call.
    pub call: LlmCallId,
    /// Whether its answer was usable to the end.
    pub succeeded: bool,
    /// What it costs the job if it did not succeed.
    pub charge: Charge,
    /// Tokens read.
    pub tokens_input: Option<i32>,
    /// Tokens written.
    pub tokens_output: Option<i32>,
    /// US dollars, as `Spent::rounded` writes them.
    pub cost_usd: Option<String>,
    /// The provider's own id.
    pub provider_ref: Option<String>,
    /// Why it failed.
    pub error: Option<Value>,
}

impl CallEnd {
    /// The form that `almanac.close_calls` takes.
    pub(crate) fn row(&self) -> Value {
        let state = match (self.succeeded, self.charge) {
            (true, _) => "succeeded",
            (false, Charge::Full) => "failed",
            (false, Charge::Cut) => "unknown",
            (false, Charge::Nothing) => "refused",
        };
        json!({
            "call": self.call, "state": state, "tokens_input": self.tokens_input, "tokens_output": self.tokens_output,
            "cost_usd": self.cost_usd, "provider_ref": self.provider_ref, "error": self.error,
        })
    }
}

/// What calls of a model used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spent {
    /// Tokens read.
    pub tokens_input: Option<i64>,
    /// Tokens written.
    pub tokens_output: Option<i64>,
    /// US dollars.
    pub cost_usd: Option<f64>,
}

impl Spent {
    /// The sum; unknown stays unknown.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        fn sum<T: std::ops::Add<Output = T>>(one: Option<T>, other: Option<T>) -> Option<T> {
            match (one, other) {
                (Some(one), Some(other)) => Some(one + other),
                (one, other) => one.or(other),
            }
        }
        Self {
            tokens_input: sum(self.tokens_input, other.tokens_input),
            tokens_output: sum(self.tokens_output, other.tokens_output),
            cost_usd: sum(self.cost_usd.map(micros), other.cost_usd.map(micros)).map(|micros| micros / MICROS),
        }
    }

    /// An amount of dollars in the digits that the ledger's column keeps, so that every sum of them is the same.
    pub fn rounded(digits: &str) -> Option<String> {
        let amount = micros(digits.parse().ok()?) / MICROS;
        amount.is_finite().then(|| format!("{amount:.6}"))
    }

    /// All tokens, when both counts are known.
    pub fn tokens(&self) -> Option<i64> {
        self.tokens_input.zip(self.tokens_output).map(|(read, written)| read + written)
    }
}

/// The ledger keeps millionths of a dollar.
const MICROS: f64 = 1_000_000.0;

/// Whole millionths, which a double counts without error.
fn micros(dollars: f64) -> f64 {
    (dollars * MICROS).round()
}

/// Calls of a job so far, over all attempts.
#[derive(Clone, Copy, Debug)]
pub struct Earlier {
    /// Number of calls that were made.
    pub calls: i64,
    /// What they used.
    pub spent: Spent,
}

/// Reads the calls of a job so far.
pub async fn earlier(service: &Service, job: JobId) -> Result<Earlier, WriteError> {
    let row = sqlx::query!(
        r#"
        SELECT count(*) FILTER (WHERE state <> 'refused') AS "calls!", sum(tokens_input)::bigint AS tokens_input,
               sum(tokens_output)::bigint AS tokens_output, sum(cost_usd)::float8 AS cost_usd
          FROM almanac.llm_calls
         WHERE job_id = $1
        "#,
        job.0
    )
    .fetch_one(service.work())
    .await?;
    let spent = Spent { tokens_input: row.tokens_input, tokens_output: row.tokens_output, cost_usd: row.cost_usd };
    Ok(Earlier { calls: row.calls, spent })
}

/// Opens a call under the lease, unless those of this step are used up, over all attempts. A step succeeds once at most.
pub async fn open_call(
    service: &Service,
    lease: Lease,
    call: LlmCallId,
    step: &str,
    (provider, model): (&str, &str),
) -> Result<Opened, WriteError> {
    until_free(|| async {
        let nth = sqlx::query_scalar!(
            "SELECT almanac.open_call($1, $2, $3, $4, $5, $6, $7, $8)",
            call.0,
            lease.job.0,
            lease.epoch,
            step,
            provider,
            model,
            MAX_CHARGED,
            MAX_CALLS
        )
        .fetch_one(service.work())
        .await?;
        Ok(Opened::of(nth))
    })
    .await
}

/// Closes a call that produced nothing more; the job continues.
pub async fn close_call(service: &Service, end: &CallEnd) -> Result<(), WriteError> {
    until_free(|| async {
        sqlx::query!("SELECT almanac.close_calls($1)", &[end.row()]).execute(service.work()).await?;
        Ok(())
    })
    .await
}

/// Takes back a call that was opened with the claim and will not be made: it was never paid for, and counts nothing.
/// Under the lease, so that a worker withdraws only its own call.
pub async fn withdraw_call(service: &Service, lease: Lease, call: LlmCallId) -> Result<(), WriteError> {
    until_free(|| async {
        sqlx::query!(
            r#"
            DELETE FROM almanac.llm_calls AS c USING almanac.fence($2, $3) AS job
             WHERE c.id = $1 AND c.job_id = job.id AND c.state = 'started'
            "#,
            call.0,
            lease.job.0,
            lease.epoch
        )
        .execute(service.work())
        .await?;
        Ok(())
    })
    .await
}

/// Forgets the texts that models were given and the raw answers that errors quote, for jobs that ended before the
/// retention began; returns for how many; 0 when none was found, or other transactions hold rows of all.
pub async fn prune_texts(service: &Service, days: u32) -> sqlx::Result<i64> {
    let days = i32::try_from(days).unwrap_or(i32::MAX);
    let jobs = sqlx::query_scalar!(r#"SELECT almanac.prune_texts($1, 200) AS "jobs!""#, days);
    jobs.fetch_one(service.work()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(dollars: f64) -> Spent {
        Spent { cost_usd: Some(dollars), ..Spent::default() }
    }

    #[test]
    fn costs_add_up_as_the_ledgers_decimals_do() {
        assert_eq!(cost(0.1).and(cost(0.2)).cost_usd, Some(0.3));
        assert_eq!(cost(0.00445).and(cost(0.00313)).cost_usd, Some(0.00758));
        assert_eq!(Spent::default().and(cost(0.000_001)).cost_usd, Some(0.000_001));
        assert_eq!(Spent::default().and(Spent::default()).cost_usd, None);
    }

    #[test]
    fn a_cost_is_written_in_the_digits_of_its_column() {
        let table = [
            ("0.00014325", Some("0.000143")),
            ("9.5e-4", Some("0.000950")),
            ("0", Some("0.000000")),
            ("free", None),
            ("inf", None),
        ];
        for (digits, rounded) in table {
            assert_eq!(Spent::rounded(digits).as_deref(), rounded, "{digits}");
        }
    }
}
