//! Mails: the SQL of their owner, of the operators, and of recipients and providers, who have no account here.

use sqlx::types::Uuid;

use super::{super::Delivery, syntheses::NewJob};
use crate::{
    jobs::submission::{Outcome, SubmitError},
    platform::{
        db::{AdminTx, Database, PinnedConnection, UserTx},
        id::{DeliveryId, JobId, SynthesisId, UserId},
    },
};

/// A mail as operators see it: without its address.
#[derive(Clone, Debug)]
pub struct ListedDelivery {
    /// Its id, equal to its job's.
    pub id: DeliveryId,
    /// Its owner.
    pub user_id: UserId,
    /// The synthesis it carries.
    pub synthesis_id: SynthesisId,
    /// How far it is.
    pub status: String,
    /// `{code, message}`.
    pub error: Option<serde_json::Value>,
    /// The provider's id.
    pub provider_ref: Option<String>,
    /// Creation time.
    pub created_at: chrono::DateTime<chrono::Utc>,
    /// Time of the last change.
    pub updated_at: chrono::DateTime<chrono::Utc>,
}

/// What the page of an unsubscribe link shows.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Name of the theme; `None` once it is deleted.
    pub theme: Option<String>,
    /// Its language.
    pub language: Option<String>,
}

/// Submits a test mail in one statement and one commit.
pub(in super::super) async fn submit_test_mail(
    pinned: &mut PinnedConnection,
    new: &NewJob,
    address: &str,
) -> Result<Outcome, SubmitError> {
    let mut connection = pinned.take_alive().await.map_err(SubmitError::Unsent)?;
    let statement = sqlx::query!(
        r#"
        SELECT outcome AS "outcome!", job_id AS "job: JobId", remaining, reset_seconds, failure
          FROM almanac.submit_test_mails($1, $2, $3, $4, $5, $6, $7, $8, $9)
        "#,
        &[new.user.0],
        &[new.id.0],
        &[new.theme.0],
        &[address] as &[&str],
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
        active_kind: None,
        remaining: row.remaining,
        reset_seconds: row.reset_seconds,
        failure: row.failure,
    })
}

/// The mails of a synthesis, in the order in which they were made.
pub(in super::super) async fn of_synthesis(
    tx: &mut UserTx,
    synthesis: SynthesisId,
    after: Option<DeliveryId>,
    limit: i64,
) -> sqlx::Result<Vec<Delivery>> {
    sqlx::query_as!(
        Delivery,
        r#"
        SELECT id AS "id: DeliveryId", synthesis_id AS "synthesis_id: SynthesisId", address, fire_date, status, created_at,
               updated_at
          FROM almanac.email_deliveries
         WHERE user_id = (SELECT almanac.uid()) AND synthesis_id = $1 AND id > $2
         ORDER BY id
         LIMIT $3
        "#,
        synthesis.0,
        after.map_or(Uuid::nil(), |id| id.0),
        limit
    )
    .fetch_all(tx.connection())
    .await
}

/// The mails of all users for operators, newest first: those that were not delivered, or all of one status.
pub(in super::super) async fn all(
    tx: &mut AdminTx,
    status: Option<&str>,
    before: Option<DeliveryId>,
    limit: i64,
) -> sqlx::Result<Vec<ListedDelivery>> {
    let before = before.map_or(Uuid::max(), |id| id.0);
    if let Some(status) = status {
        return sqlx::query_as!(
            ListedDelivery,
            r#"
            SELECT id AS "id: DeliveryId", user_id AS "user_id: UserId", synthesis_id AS "synthesis_id: SynthesisId", status,
                   error, provider_ref, created_at, updated_at
              FROM almanac.email_deliveries
             WHERE status = ANY (ARRAY[$1]) AND id < $2  -- not `=`: the order of all ids is no way to a rare status
             ORDER BY status DESC, id DESC
             LIMIT $3
            "#,
            status,
            before,
            limit
        )
        .fetch_all(tx.connection())
        .await;
    }
    sqlx::query_as!(
        ListedDelivery,
        r#"
        SELECT id AS "id: DeliveryId", user_id AS "user_id: UserId", synthesis_id AS "synthesis_id: SynthesisId", status,
               error, provider_ref, created_at, updated_at
          FROM almanac.email_deliveries
         WHERE status IN ('bounced', 'complained', 'failed', 'needs_review') AND id < $1
         ORDER BY id DESC
         LIMIT $2
        "#,
        before,
        limit
    )
    .fetch_all(tx.connection())
    .await
}

/// What a provider reports of a mail.
#[derive(Clone, Copy, Debug)]
pub struct MailReport<'a> {
    /// Which mail.
    pub delivery: DeliveryId,
    /// What became of it, as deliveries say it.
    pub status: &'a str,
    /// Whether a bounce will be repeated by every further mail.
    pub is_permanent: bool,
    /// The provider's id of the mail.
    pub provider_ref: Option<&'a str>,
    /// Its recipient, if the report names one.
    pub to: Option<&'a str>,
}

/// Records what the provider reports of a mail; false if there is no such mail.
pub(in super::super) async fn record_event(database: &Database, report: &MailReport<'_>) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT almanac.record_mail_event($1, $2, $3, $4, $5) AS "known!""#,
        report.delivery.0,
        report.status,
        report.is_permanent,
        report.provider_ref,
        report.to
    )
    .fetch_one(database.own())
    .await
}

/// What an unsubscribe link is about; `None` if its token is unknown.
pub(in super::super) async fn subscription(database: &Database, token: &str) -> sqlx::Result<Option<Subscription>> {
    sqlx::query_as!(
        Subscription,
        "SELECT theme_name AS theme, theme_language AS language FROM almanac.look_up_recipient($1)",
        token
    )
    .fetch_optional(database.own())
    .await
}

/// Ends the mails of a theme to a recipient, or all mail of this service; false if the token is unknown.
pub(in super::super) async fn unsubscribe(database: &Database, token: &str, all: bool) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"SELECT almanac.unsubscribe($1, $2) AS "known!""#, token, all).fetch_one(database.own()).await
}
