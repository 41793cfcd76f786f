//! What a worker writes for a generation: calls opened and closed, bursts of suggestions, the end.
//! Called by the worker's job and the sweeper. Every write names its lease and is refused when that is gone.

use serde_json::Value;

use super::super::{Assignment, MAX_CALLS};
use crate::{
    db::Service,
    id::{LlmCallId, SuggestionId, UserId},
    jobs::{
        Failure, Lease, State,
        store::{WriteError, calls::CallEnd},
    },
};

/// A model call about to be made: its place among the calls of the step, and what to ask. None when the step has used
/// up its calls. The ledger row is committed when this returns (M6).
#[derive(Clone, Debug)]
pub struct OpenedCall {
    /// The call, counted from 1 over all attempts; none when there is no call left.
    pub nth: Option<i32>,
    /// What to ask.
    pub assignment: Assignment,
}

/// Opens a call of this generation under the lease and reads what to ask, in one statement.
pub async fn open_call(
    service: &Service,
    user: UserId,
    lease: Lease,
    call: LlmCallId,
    provider: &str,
) -> Result<OpenedCall, WriteError> {
    let row = sqlx::query!(
        r#"
        SELECT almanac.open_call($1, $2, $3, 'cards', $4, g.model, $5) AS nth,
               g.source_text, g.model, g.prompt_version,
               ARRAY(SELECT s.front FROM almanac.ai_suggestions s WHERE s.generation_id = g.id ORDER BY s.ordinal)
                   AS "fronts!"
          FROM almanac.ai_generations g
         WHERE g.id = $2 AND g.user_id = $6
        "#,
        call.0,
        lease.job.0,
        lease.epoch,
        provider,
        MAX_CALLS,
        user.0
    )
    .fetch_one(service.work())
    .await?;
    let assignment = Assignment {
        source_text: row.source_text,
        model: row.model,
        prompt_version: row.prompt_version,
        fronts: row.fronts,
    };
    Ok(OpenedCall { nth: row.nth, assignment })
}

/// A burst of suggestions with the events that tell of them.
#[derive(Clone, Debug, Default)]
pub struct Burst {
    /// Suggestions the generation had before.
    pub after: i32,
    /// Id, normalised front, front, back.
    pub suggestions: Vec<(SuggestionId, String, String, String)>,
    /// Type and data of each event.
    pub events: Vec<(String, String)>,
    /// `{completed, total, stage}` for whoever polls the job.
    pub progress: Option<Value>,
}

/// Stores a burst under the lease; answers the seq of its last event.
pub async fn save(service: &Service, lease: Lease, burst: &Burst) -> Result<i64, WriteError> {
    let columns = Columns::of(burst);
    let seq = sqlx::query_scalar!(
        r#"SELECT almanac.save_suggestions($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) AS "seq!""#,
        lease.job.0,
        lease.epoch,
        burst.after,
        &columns.ids,
        &columns.keys,
        &columns.fronts,
        &columns.backs,
        &columns.types,
        &columns.data,
        burst.progress
    )
    .fetch_one(service.work())
    .await?;
    Ok(seq)
}

/// How a generation ends.
#[derive(Clone, Debug)]
pub struct Ending {
    /// The job's final state.
    pub state: State,
    /// Why, unless it succeeded.
    pub failure: Option<Failure>,
    /// The final event's data.
    pub data: String,
    /// Attribution for `ai_metadata`.
    pub metadata: Value,
}

/// Stores the last burst, closes the call, writes the totals of all calls and ends the job: one statement, one commit.
/// Answers the seq of the final event.
pub async fn conclude(
    service: &Service,
    lease: Lease,
    burst: &Burst,
    call: Option<&CallEnd>,
    ending: &Ending,
) -> Result<i64, WriteError> {
    let columns = Columns::of(burst);
    let error = ending.failure.as_ref().and_then(|failure| serde_json::to_value(failure).ok());
    let seq = sqlx::query_scalar!(
        r#"
        SELECT almanac.conclude_generation(
            $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21) AS "seq!"
        "#,
        lease.job.0,
        lease.epoch,
        burst.after,
        &columns.ids,
        &columns.keys,
        &columns.fronts,
        &columns.backs,
        &columns.types,
        &columns.data,
        burst.progress,
        call.map(|end| end.call.0),
        call.map(CallEnd::state),
        call.and_then(|end| end.tokens_input),
        call.and_then(|end| end.tokens_output),
        call.and_then(|end| end.cost_usd.clone()),
        call.and_then(|end| end.provider_ref.clone()),
        call.and_then(|end| end.error.clone()),
        ending.metadata,
        ending.state.as_str(),
        error,
        ending.data
    )
    .fetch_one(service.work())
    .await?;
    Ok(seq)
}

/// Forgets source texts whose retention is over; answers how many.
pub async fn forget_texts(service: &Service, days: u32) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        UPDATE almanac.ai_generations SET source_text = NULL
         WHERE (user_id, id) IN (
               SELECT user_id, id FROM almanac.ai_generations
                WHERE finished_at < clock_timestamp() - make_interval(days => $1) AND source_text IS NOT NULL
                LIMIT 200)
        "#,
        i32::try_from(days).unwrap_or(i32::MAX)
    )
    .execute(service.work())
    .await?;
    Ok(done.rows_affected())
}

struct Columns {
    ids: Vec<uuid::Uuid>,
    keys: Vec<String>,
    fronts: Vec<String>,
    backs: Vec<String>,
    types: Vec<String>,
    data: Vec<String>,
}

impl Columns {
    fn of(burst: &Burst) -> Self {
        let of = |pick: fn(&(SuggestionId, String, String, String)) -> String| {
            burst.suggestions.iter().map(pick).collect::<Vec<_>>()
        };
        Self {
            ids: burst.suggestions.iter().map(|suggestion| suggestion.0.0).collect(),
            keys: of(|suggestion| suggestion.1.clone()),
            fronts: of(|suggestion| suggestion.2.clone()),
            backs: of(|suggestion| suggestion.3.clone()),
            types: burst.events.iter().map(|event| event.0.clone()).collect(),
            data: burst.events.iter().map(|event| event.1.clone()).collect(),
        }
    }
}
