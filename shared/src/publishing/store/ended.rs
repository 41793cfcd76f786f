//! How intents ended whose jobs were ended by the platform: poison, cancelled while queued, failed unexpectedly. Called to
//! count them, by workers and by the API in a user's transaction.

use sqlx::PgExecutor;

use crate::{
    platform::{
        db::{Service, UserTx},
        error::Code,
        id::JobId,
        metrics::IntentEnd,
    },
    publishing::{Channel, IntentStatus},
};

/// An intent that has ended, or needs a review.
#[derive(Clone, Copy, Debug)]
pub struct EndedIntent {
    /// Where it was to go.
    pub channel: Channel,
    /// How it ended.
    pub end: IntentEnd,
    /// The code of its error.
    pub code: Option<Code>,
}

/// The end of the intent of a job; `None` if the job has none, or it has not ended.
///
/// # Errors
/// The store is unavailable.
pub async fn ended_intent(service: &Service, job: JobId) -> sqlx::Result<Option<EndedIntent>> {
    select(service.work(), job).await
}

/// The same as a user, of a job of theirs.
pub(in super::super) async fn ended_intent_of(tx: &mut UserTx, job: JobId) -> sqlx::Result<Option<EndedIntent>> {
    select(tx.connection(), job).await
}

async fn select(connection: impl PgExecutor<'_>, job: JobId) -> sqlx::Result<Option<EndedIntent>> {
    let row = sqlx::query!(
        r#"
        SELECT i.channel AS "channel: Channel", i.status AS "status: IntentStatus", i.error ->> 'code' AS code
          FROM almanac.jobs j
          JOIN almanac.publish_attempts a ON a.user_id = j.user_id AND a.id = j.id
          JOIN almanac.publish_intents i ON i.user_id = a.user_id AND i.id = a.intent_id
         WHERE j.id = $1
        "#,
        job.0
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.and_then(|row| {
        let code = row.code.as_deref().and_then(Code::parse);
        Some(EndedIntent { channel: row.channel, end: row.status.end()?, code })
    }))
}
