//! What a worker reads and writes for a generation: what to ask, bursts of suggestions, the end.
//! Called by the worker's job and maintenance. Every write names its lease and is refused when that is gone.

use serde::Serialize;
use serde_json::Value;

use super::super::Assignment;
use crate::{
    jobs::{
        Lease,
        store::{WriteError, until_free},
    },
    platform::{
        db::Service,
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

/// A suggestion that is not stored yet.
#[derive(Clone, Debug, Serialize)]
pub struct NewSuggestion {
    /// Its id.
    pub id: SuggestionId,
    /// The front as `rules::front_key` compares it.
    pub front_key: String,
    /// The question.
    pub front: String,
    /// The answer.
    pub back: String,
}

/// A burst of suggestions with the events that tell of them.
#[derive(Clone, Debug, Default)]
pub struct Burst {
    /// Suggestions the generation had before.
    pub after: i32,
    /// The suggestions.
    pub suggestions: Vec<NewSuggestion>,
    /// Type and data of each event.
    pub events: Vec<(String, String)>,
    /// `{completed, total, stage}` for whoever polls the job.
    pub progress: Option<Value>,
}

/// Stores a burst under the lease; answers the seq of its last event.
pub async fn save(service: &Service, lease: Lease, burst: &Burst) -> Result<i64, WriteError> {
    let ids: Vec<_> = burst.suggestions.iter().map(|suggestion| suggestion.id.0).collect();
    let column = |of: fn(&NewSuggestion) -> &String| burst.suggestions.iter().map(of).cloned().collect::<Vec<_>>();
    let (keys, fronts, backs) = (column(|s| &s.front_key), column(|s| &s.front), column(|s| &s.back));
    let (types, data): (Vec<_>, Vec<_>) = burst.events.iter().cloned().unzip();
    until_free(|| async {
        let seq = sqlx::query_scalar!(
            r#"SELECT almanac.save_suggestions($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) AS "seq!""#,
            lease.job.0,
            lease.epoch,
            burst.after,
            &ids,
            &keys,
            &fronts,
            &backs,
            &types,
            &data,
            burst.progress
        )
        .fetch_one(service.work())
        .await?;
        Ok(seq)
    })
    .await
}
