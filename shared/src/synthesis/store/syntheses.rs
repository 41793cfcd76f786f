//! Syntheses: the SQL of the user who asks for them and reads them.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use super::super::{Section, Synthesis};
use crate::{
    jobs::submission::{Outcome, SubmitError},
    platform::{
        db::{PinnedConnection, UserTx},
        id::{JobId, SynthesisId, ThemeId, UserId},
    },
};

/// A request to be submitted: a synthesis of a theme, or a test mail of its latest one.
#[derive(Clone, Debug)]
pub(in super::super) struct NewJob {
    pub user: UserId,
    pub id: JobId,
    pub theme: ThemeId,
    pub key: Option<String>,
    pub fingerprint: Option<Vec<u8>>,
    pub answer: String,
    pub trace: Option<String>,
    pub request_id: Option<String>,
}

/// Submits a synthesis in one statement and one commit.
pub(in super::super) async fn submit(
    pinned: &mut PinnedConnection,
    new: &NewJob,
    (model, prompt_version): (&str, &str),
) -> Result<Outcome, SubmitError> {
    let mut connection = pinned.take_alive().await.map_err(SubmitError::Unsent)?;
    let statement = sqlx::query!(
        r#"
        SELECT outcome AS "outcome!", job_id AS "job: JobId", active_kind, remaining, reset_seconds, failure
          FROM almanac.submit_syntheses($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        "#,
        &[new.user.0],
        &[new.id.0],
        &[new.theme.0],
        &[model] as &[&str],
        &[prompt_version] as &[&str],
        &[new.key.as_deref()] as &[Option<&str>],
        &[new.fingerprint.as_deref()] as &[Option<&[u8]>],
        &[new.answer.as_str()] as &[&str],
        &[new.trace.as_deref()] as &[Option<&str>],
        &[new.request_id.as_deref()] as &[Option<&str>]
    )
    .fetch_one(&mut *connection);
    let answer = pinned.answer(statement).await;
    pinned.put_back(connection, &answer);
    let row = answer.map_err(SubmitError::of_statement)?;
    Ok(Outcome {
        outcome: row.outcome,
        job: row.job,
        active_kind: row.active_kind,
        remaining: row.remaining,
        reset_seconds: row.reset_seconds,
        failure: row.failure,
    })
}

struct SynthesisRow {
    id: SynthesisId,
    theme_id: ThemeId,
    status: String,
    week: Option<String>,
    fire_date: Option<NaiveDate>,
    sections: Json<Vec<Section>>,
    error: Option<Value>,
    model: String,
    tokens_input: Option<i32>,
    tokens_output: Option<i32>,
    cost_usd: Option<f64>,
    zone: String,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

impl From<SynthesisRow> for Synthesis {
    fn from(row: SynthesisRow) -> Self {
        Self {
            id: row.id,
            theme_id: row.theme_id,
            status: row.status,
            week: row.week,
            fire_date: row.fire_date,
            sections: row.sections.0,
            error: row.error,
            model: row.model,
            tokens_input: row.tokens_input,
            tokens_output: row.tokens_output,
            cost_usd: row.cost_usd,
            zone: row.zone,
            created_at: row.created_at,
            finished_at: row.finished_at,
        }
    }
}

/// Reads syntheses; the argument is what follows the column list.
macro_rules! select_syntheses {
    ($rest:literal, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            SynthesisRow,
            r#"
            SELECT s.id AS "id: SynthesisId", s.theme_id AS "theme_id: ThemeId",
                   -- Not EXISTS: a plan may answer that by reading all jobs of the user.
                   CASE WHEN s.status = 'pending' AND (
                             SELECT j.started_at FROM almanac.jobs j
                              WHERE j.user_id = s.user_id AND j.id = s.id) IS NOT NULL
                        THEN 'running' ELSE s.status END AS "status!", s.week, s.fire_date,
                   s.sections AS "sections: Json<Vec<Section>>", s.error, s.model, s.tokens_input, s.tokens_output,
                   s.cost_usd::float8 AS cost_usd, s.zone, s.created_at, s.finished_at
              FROM almanac.syntheses s
            "# + $rest,
            $($argument),*
        )
    };
}

/// One synthesis of this user.
pub(in super::super) async fn synthesis(tx: &mut UserTx, id: SynthesisId) -> sqlx::Result<Option<Synthesis>> {
    let found = select_syntheses!("WHERE s.user_id = (SELECT almanac.uid()) AND s.id = $1", id.0)
        .fetch_optional(tx.connection())
        .await?;
    Ok(found.map(Into::into))
}

/// The syntheses of a theme, newest first, those after `before` in that order.
pub(in super::super) async fn of_theme(
    tx: &mut UserTx,
    theme: ThemeId,
    before: Option<SynthesisId>,
    limit: i64,
) -> sqlx::Result<Vec<Synthesis>> {
    let found = select_syntheses!(
        r#"
         WHERE s.user_id = (SELECT almanac.uid()) AND s.theme_id = $1 AND s.id < $2
         ORDER BY s.id DESC
         LIMIT $3
        "#,
        theme.0,
        before.map_or(Uuid::max(), |id| id.0),
        limit
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(found.into_iter().map(Into::into).collect())
}
