//! What a worker reads and writes for a generation: what to ask, bursts of suggestions, the end.
//! Called by the worker's job and maintenance. Every write names its lease and is refused when that is gone.

use serde_json::Value;
use uuid::Uuid;

use super::super::Assignment;
use crate::{
    jobs::{
        Failure, Lease, State,
        store::{WriteError, calls::CallEnd, until_free},
    },
    platform::{
        db::{PinnedConnection, Service},
        id::{JobId, SuggestionId, UserId},
    },
};

/// What a worker is to ask; `None` if the generation was deleted.
pub async fn assignment(service: &Service, user: UserId, job: JobId) -> Result<Option<Assignment>, WriteError> {
    let assignment = sqlx::query_as!(
        Assignment,
        r#"
        SELECT g.source_text, g.model, g.prompt_version,
               ARRAY(SELECT s.front FROM almanac.ai_suggestions s WHERE s.generation_id = g.id ORDER BY s.ordinal)
                   AS "fronts!"
          FROM almanac.ai_generations g
         WHERE g.user_id = $1 AND g.id = $2
        "#,
        user.0,
        job.0
    )
    .fetch_optional(service.work())
    .await?;
    Ok(assignment)
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
    let columns = Columns::of(std::iter::once(burst));
    until_free(|| async {
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
    })
    .await
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

/// Everything a generation ends with.
#[derive(Clone, Debug)]
pub struct Conclusion {
    /// The right to write it.
    pub lease: Lease,
    /// What was not stored yet.
    pub burst: Burst,
    /// The call that ends with it.
    pub call: Option<CallEnd>,
    /// How it ends.
    pub ending: Ending,
}

/// Stores last bursts, closes calls, writes the totals of all calls and ends the jobs: one statement, one commit.
/// Returns for each the seq of its final event, or why nothing of it is written. One refused row refuses them all.
pub(in crate::flashcards) async fn conclude(
    kept: &mut PinnedConnection,
    conclusions: &[&Conclusion],
) -> Result<Vec<Result<i64, WriteError>>, WriteError> {
    fn each<T>(conclusions: &[&Conclusion], of: impl Fn(&Conclusion) -> T) -> Vec<T> {
        conclusions.iter().map(|conclusion| of(conclusion)).collect()
    }
    fn call<T>(conclusions: &[&Conclusion], of: impl Fn(&CallEnd) -> Option<T>) -> Vec<Option<T>> {
        each(conclusions, |conclusion| conclusion.call.as_ref().and_then(&of))
    }
    let errors =
        each(conclusions, |c| c.ending.failure.as_ref().and_then(|failure| serde_json::to_value(failure).ok()));
    let columns = Columns::of(conclusions.iter().map(|conclusion| &conclusion.burst));
    let mut connection = kept.take().await?;
    let ended = sqlx::query!(
        r#"
        SELECT n AS "n!", seq, busy AS "busy!" FROM almanac.finish_generations(
            $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)
        "#,
        &each(conclusions, |c| c.lease.job.0),
        &each(conclusions, |c| c.lease.epoch),
        &each(conclusions, |c| c.burst.after),
        &each(conclusions, |c| c.burst.progress.clone()) as &[Option<Value>],
        &call(conclusions, |end| Some(end.call.0)) as &[Option<Uuid>],
        &call(conclusions, |end| Some(end.state().to_owned())) as &[Option<String>],
        &call(conclusions, |end| end.tokens_input) as &[Option<i32>],
        &call(conclusions, |end| end.tokens_output) as &[Option<i32>],
        &call(conclusions, |end| end.cost_usd.clone()) as &[Option<String>],
        &call(conclusions, |end| end.provider_ref.clone()) as &[Option<String>],
        &call(conclusions, |end| end.error.clone()) as &[Option<Value>],
        &each(conclusions, |c| c.ending.metadata.clone()),
        &each(conclusions, |c| c.ending.state.as_str().to_owned()),
        &errors as &[Option<Value>],
        &each(conclusions, |c| c.ending.data.clone()),
        &columns.suggestion_of,
        &columns.ids,
        &columns.keys,
        &columns.fronts,
        &columns.backs,
        &columns.event_of,
        &columns.types,
        &columns.data
    )
    .fetch_all(&mut *connection);
    let answer = kept.answer(ended).await;
    kept.put_back(connection, &answer);
    let rows = answer?;
    let mut ended: Vec<Result<i64, WriteError>> = conclusions.iter().map(|_| Err(WriteError::LeaseLost)).collect();
    for row in rows {
        if let Some(end) = usize::try_from(row.n - 1).ok().and_then(|at| ended.get_mut(at)) {
            *end = match row.seq {
                Some(seq) if !row.busy => Ok(seq),
                _ => Err(WriteError::Busy),
            };
        }
    }
    Ok(ended)
}

/// Bursts as columns, each row with the place of its burst from 1.
#[derive(Default)]
struct Columns {
    suggestion_of: Vec<i32>,
    ids: Vec<Uuid>,
    keys: Vec<String>,
    fronts: Vec<String>,
    backs: Vec<String>,
    event_of: Vec<i32>,
    types: Vec<String>,
    data: Vec<String>,
}

impl Columns {
    fn of<'a>(bursts: impl Iterator<Item = &'a Burst>) -> Self {
        let mut columns = Self::default();
        for (place, burst) in (1..).zip(bursts) {
            for (id, key, front, back) in &burst.suggestions {
                columns.suggestion_of.push(place);
                columns.ids.push(id.0);
                columns.keys.push(key.clone());
                columns.fronts.push(front.clone());
                columns.backs.push(back.clone());
            }
            for (kind, data) in &burst.events {
                columns.event_of.push(place);
                columns.types.push(kind.clone());
                columns.data.push(data.clone());
            }
        }
        columns
    }
}
