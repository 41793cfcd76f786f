//! Submitting a plan: one statement and one commit.

use serde_json::Value;
use uuid::Uuid;

use crate::{
    jobs::submission::{Outcome, SubmitError},
    platform::{
        db::PinnedConnection,
        id::{JobId, PublishPlanId, UserId},
    },
};

/// A plan to be submitted.
#[derive(Clone, Debug)]
pub(in super::super) struct NewPlan {
    pub user: UserId,
    pub id: PublishPlanId,
    /// The columns of its row, the id too.
    pub plan: Value,
    /// The columns of its intents' rows, in the order of `jobs`.
    pub intents: Value,
    pub jobs: Vec<JobId>,
    pub repost: bool,
    pub key: Option<String>,
    pub fingerprint: Option<Vec<u8>>,
    pub answer: String,
    pub trace: Option<String>,
    pub request_id: Option<String>,
}

/// What became of it.
#[derive(Clone, Debug)]
pub(in super::super) struct Submitted {
    pub outcome: Outcome,
    /// Of a new plan and of a repeated request.
    pub answer: Option<String>,
}

/// Submits a plan with its intents and their jobs.
pub(in super::super) async fn submit(pinned: &mut PinnedConnection, new: &NewPlan) -> Result<Submitted, SubmitError> {
    let jobs: Vec<Uuid> = new.jobs.iter().map(|job| job.0).collect();
    let mut connection = pinned.take_alive().await.map_err(SubmitError::Unsent)?;
    let statement = sqlx::query!(
        r#"
        SELECT outcome AS "outcome!", job_id AS "job: JobId", answer, active_kind, remaining, reset_seconds, failure
          FROM almanac.submit_publications($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        "#,
        new.user.0,
        new.plan,
        new.intents,
        &jobs,
        new.repost,
        new.key.as_deref(),
        new.fingerprint.as_deref(),
        new.answer,
        new.trace.as_deref(),
        new.request_id.as_deref()
    )
    .fetch_one(&mut *connection);
    let answer = pinned.answer(statement).await;
    pinned.put_back(connection, &answer);
    let row = answer.map_err(SubmitError::of_statement)?;
    Ok(Submitted {
        outcome: Outcome {
            outcome: row.outcome,
            job: row.job,
            active_kind: row.active_kind,
            remaining: row.remaining,
            reset_seconds: row.reset_seconds,
            failure: row.failure,
        },
        answer: row.answer,
    })
}
