//! Mails: the SQL of a worker, every write under its lease. Called by the worker's job; decides nothing.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::types::Json;

use super::super::Section;
use crate::{
    jobs::{
        Lease,
        store::{WriteError, interval, until_free},
    },
    platform::{db::Service, id::EffectId},
};

/// A delivery as an attempt finds it.
#[derive(Clone, Debug)]
pub struct OpenedMail {
    /// Its recipient.
    pub address: String,
    /// Names it in the ledger and at the provider.
    pub dedupe_key: String,
    /// Whether the provider has reported it.
    pub is_reported: bool,
    /// The mail, if it was rendered before.
    pub rendered: Option<RenderedMail>,
    /// Whether a request may have been taken whose answer is missing.
    pub is_unknown: bool,
    /// For how long the provider has been asked to take it.
    pub tried_for: Duration,
    /// Whether the provider may have forgotten the key.
    pub is_over: bool,
    /// The token of its unsubscribe link.
    pub token: String,
    /// Name of the theme.
    pub theme: String,
    /// Language of the theme.
    pub language: String,
    /// ISO week of the synthesis.
    pub week: String,
    /// Zone of the synthesis.
    pub zone: String,
    /// Local date of the fire; `None`: a test mail.
    pub fire_date: Option<NaiveDate>,
    /// When the synthesis was made.
    pub made_at: DateTime<Utc>,
    /// What it says.
    pub sections: Vec<Section>,
    /// What was sent.
    pub effect: Option<MailEffect>,
}

/// A mail as it leaves.
#[derive(Clone, Debug)]
pub struct RenderedMail {
    /// One line.
    pub subject: String,
    /// The HTML part.
    pub html: String,
    /// The text part.
    pub text: String,
    /// Its unsubscribe link.
    pub unsubscribe_url: Option<String>,
}

/// The row of the effect ledger for a delivery.
#[derive(Clone, Debug)]
pub struct MailEffect {
    /// Whether its request may have been executed: it was begun, and no answer is known.
    pub is_open: bool,
    /// The provider that it was sent to.
    pub provider: String,
}

/// What [`begin`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeginMail {
    /// The effect is `sending`: send now, within the budget.
    Begun,
    /// The provider has reported the mail.
    Reported,
    /// The address gets no mail, or none of this theme.
    Suppressed,
    /// The address is no recipient of the schedule any more.
    Removed,
    /// The delivery was deleted with its theme.
    Gone,
    /// The effect is not planned.
    Taken,
}

/// Opens a delivery under the lease of its job. `None` if it no longer exists. `token` is used if the recipient has none.
///
/// # Errors
/// The lease is lost, the store is unavailable, or a stored value is invalid.
pub async fn open(service: &Service, lease: Lease, token: &str) -> Result<Option<OpenedMail>, WriteError> {
    let row = sqlx::query!(
        r#"
        SELECT (delivery).address AS "address!", (delivery).dedupe_key AS "dedupe_key!", (delivery).status AS "status!",
               (delivery).subject, (delivery).html, (delivery).body, (delivery).unsubscribe_url,
               (delivery).unknown_since IS NOT NULL AS "is_unknown!", (delivery).fire_date, is_over AS "is_over!",
               extract(epoch FROM clock_timestamp() - (delivery).first_sent_at)::float8 AS tried_for,
               token AS "token!", (theme).name AS "theme!", (theme).language AS "language!", (synthesis).week,
               (synthesis).zone AS "zone!", (synthesis).created_at AS "made_at!",
               (synthesis).sections AS "sections!: Json<Vec<Section>>", (effect).state AS effect_state,
               (effect).provider_key
          FROM almanac.open_mail($1, $2, $3)
        "#,
        lease.job.0,
        lease.epoch,
        token
    )
    .fetch_optional(service.work())
    .await?;
    Ok(row.map(|row| OpenedMail {
        address: row.address,
        dedupe_key: row.dedupe_key,
        is_reported: row.status != "pending",
        rendered: row.subject.zip(row.html).zip(row.body).map(|((subject, html), text)| RenderedMail {
            subject,
            html,
            text,
            unsubscribe_url: row.unsubscribe_url,
        }),
        is_unknown: row.is_unknown,
        tried_for: row.tried_for.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or_default(),
        is_over: row.is_over,
        token: row.token,
        theme: row.theme,
        language: row.language,
        week: row.week.unwrap_or_default(),
        zone: row.zone,
        fire_date: row.fire_date,
        made_at: row.made_at,
        sections: row.sections.0,
        effect: row.effect_state.zip(row.provider_key).map(|(state, provider)| MailEffect {
            is_open: ["sending", "unknown"].contains(&state.as_str()),
            provider,
        }),
    }))
}

/// Keeps a mail as it was rendered.
///
/// # Errors
/// The lease is lost or the store is unavailable.
pub async fn keep(service: &Service, lease: Lease, mail: &RenderedMail) -> Result<(), WriteError> {
    until_free(|| async {
        sqlx::query!(
            "SELECT almanac.keep_mail($1, $2, $3, $4, $5, $6)",
            lease.job.0,
            lease.epoch,
            mail.subject,
            mail.html,
            mail.text,
            mail.unsubscribe_url
        )
        .execute(service.work())
        .await?;
        Ok(())
    })
    .await
}

/// Right before the request that mails: the effect becomes `sending` for as long as `within`, unless the recipient or the
/// effect says otherwise. Not repeated if the store does not answer: the caller opens the delivery again.
///
/// # Errors
/// The lease is lost or the store is unavailable.
pub async fn begin(service: &Service, lease: Lease, provider: &str, within: Duration) -> Result<BeginMail, WriteError> {
    let word = sqlx::query_scalar!(
        r#"SELECT almanac.begin_mail($1, $2, $3, $4, $5) AS "word!""#,
        lease.job.0,
        lease.epoch,
        EffectId::fresh().0,
        provider,
        interval(within)
    )
    .fetch_one(service.work())
    .await?;
    Ok(match word.as_str() {
        "sending" => BeginMail::Begun,
        "sent" => BeginMail::Reported,
        "suppressed" => BeginMail::Suppressed,
        "removed" => BeginMail::Removed,
        "gone" => BeginMail::Gone,
        _ => BeginMail::Taken,
    })
}

/// The mail may be sent again, for the reason in `proof`. `is_unknown`: a request may have been taken.
///
/// # Errors
/// The lease is lost or the store is unavailable.
pub async fn note(service: &Service, lease: Lease, proof: &str, is_unknown: bool) -> Result<(), WriteError> {
    until_free(|| async {
        sqlx::query!("SELECT almanac.note_mail($1, $2, $3, $4)", lease.job.0, lease.epoch, proof, is_unknown)
            .execute(service.work())
            .await?;
        Ok(())
    })
    .await
}
