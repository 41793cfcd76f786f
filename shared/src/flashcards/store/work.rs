//! What a worker reads for a generation, and the form in which it stores suggestions.
//! Called by the worker's job.

use serde::Serialize;

use super::super::Assignment;
use crate::{
    jobs::store::WriteError,
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

/// A suggestion that is not stored yet, as `almanac.store_suggestions` takes it.
#[derive(Clone, Debug, Serialize)]
pub struct NewSuggestion {
    /// Its place in the generation, from 1.
    pub ordinal: i32,
    /// Its id.
    pub id: SuggestionId,
    /// The front as `rules::front_key` compares it.
    pub front_key: String,
    /// The question.
    pub front: String,
    /// The answer.
    pub back: String,
}
