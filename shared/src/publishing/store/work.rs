//! Publishing: the SQL of a worker, every write under its lease.
//! Called by the worker's job; decides nothing.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{
    sealed::{SealedAccount, SealedColumns, millis, object, settings},
    sources,
};
use crate::{
    brands::{self, BrandId},
    calendar,
    jobs::{
        Failure, Lease,
        store::{WriteError, interval, unreadable, until_free},
    },
    organic,
    platform::{
        db::Service,
        error::Code,
        id::{EffectId, IntentId, UserId},
    },
    publishing::{Channel, Entry, IntentStatus, Login, Options, Transport, render::Known},
    values::wire_enum::InvalidText,
};

/// The reason of an open effect whose channel has everything.
const ACCEPTED: &str = "accepted";

/// An intent as an attempt finds it.
#[derive(Clone, Debug)]
pub struct OpenedIntent {
    /// Its id.
    pub id: IntentId,
    /// What is published, in the version that was accepted.
    pub entry: Entry,
    /// The version of the entry as it is saved now; `None` if it was deleted.
    pub current_version: Option<i64>,
    /// The brand of a placement.
    pub brand_id: Option<String>,
    /// Where it goes.
    pub channel: Channel,
    /// The account.
    pub account_id: String,
    /// The vendor's id of the account, as accepted.
    pub external_account: String,
    /// Where requests are sent.
    pub transport: Transport,
    /// Its options.
    pub options: Options,
    /// Whether the request named the hash of a plan that a person had seen.
    pub approved: bool,
    /// Why it was refused when it was accepted: the channel does not take the entry.
    pub refused: Option<Failure>,
    /// Whether it is due at the entry's own time, so that it moves with the entry.
    pub follows_entry: bool,
    /// Whether it waited in the spool for so long that only a person can decide whether it is still wanted.
    pub is_overdue: bool,
    /// What earlier attempts of this job learned.
    pub known: Known,
    /// Its tokens, still sealed; `None` if the account is no longer connected.
    pub account: Option<SealedAccount>,
    /// What was sent.
    pub effect: Option<Effect>,
}

/// The row of the effect ledger for this attempt.
#[derive(Clone, Debug)]
pub struct Effect {
    /// Whether its request may have been executed: it was sent, and no answer is known.
    pub is_open: bool,
    /// Whether a worker was sending when it stopped.
    pub is_sending: bool,
    /// Whether the channel answered that it has everything and makes the post.
    pub is_accepted: bool,
    /// Whether a request of it was ever without an answer.
    pub was_unknown: bool,
    /// How often it was sent.
    pub sends: i32,
    /// The post, if a worker that had lost its lease learned of it: the vendor's id, and `external_url` and `proof`.
    pub late_post: Option<LatePost>,
    /// When it was sent first.
    pub first_sent_at: DateTime<Utc>,
    /// By then its request has been sent or never will be.
    pub send_deadline: DateTime<Utc>,
    /// How long ago that was; zero while it lies ahead.
    pub since_deadline: Duration,
    /// How long it is until then; zero if it has passed.
    pub until_deadline: Duration,
}

/// A post that a worker learned of after it had lost its lease.
#[derive(Clone, Debug)]
pub struct LatePost {
    /// The vendor's id.
    pub external_id: String,
    /// As [`note_late_post`] kept it.
    pub post: Value,
}

/// The requests of an entry that was saved again.
#[derive(Clone, Debug)]
pub struct RenderedAgain {
    /// The requests, without secrets.
    pub payload: Value,
    /// Names them; lower-case hex.
    pub payload_hash: String,
}

/// What [`begin_sending`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    /// The effect is `sending`: send now, within the budget.
    Begun,
    /// Publishing is switched off for the user.
    SwitchedOff,
    /// The entry was deleted.
    Deleted,
    /// The entry was saved again, or the account was connected to another account of the vendor.
    Changed,
    /// The effect is not planned.
    Taken,
}

/// Opens an intent under the lease of its job. `None` if it no longer exists.
///
/// # Errors
/// The lease is lost, the store is unavailable, or a stored value is invalid.
pub async fn open(service: &Service, lease: Lease) -> Result<Option<OpenedIntent>, WriteError> {
    // A held row is not waited for: the job leaves its slot and comes back.
    let row = sqlx::query!(
        r#"
            SELECT (intent).id AS "id!: IntentId", (intent).entry AS "entry!", (intent).brand_id,
                   (intent).channel AS "channel!: Channel", (intent).account_id AS "account_id!",
                   (intent).external_account AS "external_account!", (intent).transport AS "transport!: Transport",
                   (intent).options AS "options!", (intent).known AS "known!",
                   approved AS "approved!", current_version,
                   CASE (intent).status WHEN 'failed' THEN (intent).error END AS refused,
                   coalesce(request ->> 'publishAt' = 'entry', false) AS "follows_entry!",
                   request ? 'deferredAt'
                   AND (intent).created_at - (intent).publish_at > interval '60 min' AS "is_overdue!",
                   (account).external_id, (account).login AS "login: Login", (account).settings, (account).sealed,
                   (account).key_id, (account).has_refresh, (account).version,
                   (account).invalid_since IS NOT NULL AS "is_invalid!",
                   (extract(epoch FROM (account).expires_at - clock_timestamp()) * 1000)::float8 AS expires_in_ms,
                   (effect).state AS effect_state, (effect).attempts AS sends, (effect).send_deadline, (effect).provider_ref,
                   (effect).last_error, (effect).created_at AS first_sent_at,
                   (extract(epoch FROM (effect).send_deadline - clock_timestamp()) * 1000)::float8 AS deadline_in_ms
              FROM almanac.open_intent($1, $2)
            "#,
        lease.job.0,
        lease.epoch
    )
    .fetch_optional(service.work())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let account = SealedColumns {
        external_id: row.external_id,
        login: row.login,
        settings: row.settings,
        sealed: row.sealed,
        key_id: row.key_id,
        has_refresh: row.has_refresh,
        expires_in_ms: row.expires_in_ms,
        is_invalid: row.is_invalid,
        version: row.version,
    }
    .read(row.channel, &row.account_id)?;
    let effect = row.effect_state.zip(row.send_deadline).map(|(state, send_deadline)| {
        let deadline_in = row.deadline_in_ms.unwrap_or_default();
        let note = row.last_error.unwrap_or_default();
        Effect {
            is_open: ["sending", "unknown"].contains(&state.as_str()),
            is_sending: state == "sending",
            is_accepted: state == "unknown" && note["reason"] == ACCEPTED,
            was_unknown: note["was_unknown"] == true,
            sends: row.sends.unwrap_or_default(),
            late_post: row
                .provider_ref
                .filter(|_| state == "confirmed")
                .map(|external_id| LatePost { external_id, post: note }),
            first_sent_at: row.first_sent_at.unwrap_or(send_deadline),
            send_deadline,
            since_deadline: millis(-deadline_in),
            until_deadline: millis(deadline_in),
        }
    });
    Ok(Some(OpenedIntent {
        id: row.id,
        entry: serde_json::from_value(row.entry).map_err(|error| unreadable(error.into()))?,
        current_version: row.current_version,
        brand_id: row.brand_id,
        channel: row.channel,
        account_id: row.account_id,
        external_account: row.external_account,
        transport: row.transport,
        options: settings(row.channel, row.options)?,
        approved: row.approved,
        refused: row.refused.map(failure).transpose()?,
        follows_entry: row.follows_entry,
        is_overdue: row.is_overdue,
        known: object(row.known)?.into_iter().collect(),
        account,
        effect,
    }))
}

/// Right before the request that publishes: the effect becomes `sending` for as long as `within`, unless the flag, the
/// entry or the effect says otherwise. Not repeated if the store does not answer: the caller opens the intent again.
///
/// # Errors
/// The lease is lost or the store is unavailable.
pub async fn begin_sending(
    service: &Service,
    lease: Lease,
    version: i64,
    within: Duration,
    flag_default: bool,
) -> Result<Sending, WriteError> {
    let word = sqlx::query_scalar!(
        r#"SELECT almanac.begin_sending($1, $2, $3, $4, $5, $6) AS "word!""#,
        lease.job.0,
        lease.epoch,
        EffectId::fresh().0,
        version,
        interval(within),
        flag_default
    )
    .fetch_one(service.work())
    .await?;
    Ok(match word.as_str() {
        "sending" => Sending::Begun,
        "off" => Sending::SwitchedOff,
        "deleted" => Sending::Deleted,
        "changed" => Sending::Changed,
        _ => Sending::Taken,
    })
}

/// What became of a request that publishes, while the attempt goes on.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'a> {
    /// No answer is known; the value says why.
    Unknown(&'a Value),
    /// The channel has everything and does not show the post yet.
    Accepted {
        /// Its answer.
        proof: &'a Value,
        /// What is known from now on.
        known: &'a Known,
    },
    /// It was certainly not executed.
    NotSent {
        /// What shows it.
        proof: &'a Value,
        /// What is known from now on.
        known: &'a Known,
    },
}

/// Keeps the outcome of a request that publishes.
///
/// # Errors
/// The lease is lost or the store is unavailable.
pub async fn note_outcome(service: &Service, lease: Lease, outcome: Outcome<'_>) -> Result<(), WriteError> {
    let (effect, status, note, known) = match outcome {
        Outcome::Unknown(why) => ("unknown", IntentStatus::Unknown, why.clone(), None),
        Outcome::Accepted { proof, known } => {
            ("unknown", IntentStatus::Publishing, json!({ "reason": ACCEPTED, "proof": proof }), Some(known))
        }
        Outcome::NotSent { proof, known } => {
            ("planned", IntentStatus::Publishing, json!({ "proof": proof }), Some(known))
        }
    };
    let known = known.map(serde_json::to_value).transpose().map_err(|error| unreadable(error.into()))?;
    until_free(|| async {
        sqlx::query!(
            "SELECT almanac.note_outcome($1, $2, $3, $4, $5, $6)",
            lease.job.0,
            lease.epoch,
            effect,
            status.as_str(),
            note,
            known
        )
        .execute(service.work())
        .await?;
        Ok(())
    })
    .await
}

/// Keeps that a request published, without the lease: what is known is known, also to a worker that stood still. Returns
/// whether no later attempt has sent since.
///
/// # Errors
/// The store is unavailable.
pub async fn note_late_post(
    service: &Service,
    lease: Lease,
    external_id: &str,
    post: &Value,
) -> Result<bool, WriteError> {
    until_free(|| async {
        let kept = sqlx::query_scalar!(
            r#"SELECT almanac.note_late_post($1, $2, $3, $4) AS "kept!""#,
            lease.job.0,
            lease.epoch,
            external_id,
            post
        )
        .fetch_one(service.work())
        .await?;
        Ok(kept)
    })
    .await
}

/// Keeps what the channel's answers gave before a later request uses it.
///
/// # Errors
/// The lease is lost or the store is unavailable.
pub async fn keep_known(service: &Service, lease: Lease, known: &Known) -> Result<(), WriteError> {
    keep(service, lease, known, false).await.map(drop)
}

/// The channel asks to wait: keeps what is known, and returns for how long the attempt has waited for the channel.
///
/// # Errors
/// The lease is lost or the store is unavailable.
pub async fn wait_for_channel(service: &Service, lease: Lease, known: &Known) -> Result<Duration, WriteError> {
    keep(service, lease, known, true).await
}

async fn keep(service: &Service, lease: Lease, known: &Known, waits: bool) -> Result<Duration, WriteError> {
    let known = serde_json::to_value(known).map_err(|error| unreadable(error.into()))?;
    let waited = until_free(|| async {
        let waited = sqlx::query_scalar!(
            r#"
            SELECT (extract(epoch FROM almanac.keep_known($1, $2, $3, $4)) * 1000)::float8 AS "waited!"
            "#,
            lease.job.0,
            lease.epoch,
            known,
            waits
        )
        .fetch_one(service.work())
        .await?;
        Ok(waited)
    })
    .await?;
    Ok(millis(waited))
}

/// Replaces what an intent publishes by the entry as it is saved now, rendered again for its account as it is now. An intent
/// that follows its entry moves with it. Returns how long it is until the intent is due.
///
/// # Errors
/// The lease is lost or the store is unavailable.
pub async fn render_again(
    service: &Service,
    lease: Lease,
    opened: &OpenedIntent,
    entry: &Entry,
    rendered: &RenderedAgain,
) -> Result<Duration, WriteError> {
    let stored = serde_json::to_value(entry).map_err(|error| unreadable(error.into()))?;
    let account = opened.account.as_ref().map_or(&opened.external_account, |sealed| &sealed.account.external_id);
    let due_at = opened.follows_entry.then_some(entry.scheduled_at);
    let due_in = until_free(|| async {
        let due_in = sqlx::query_scalar!(
            r#"
            SELECT (extract(epoch FROM almanac.render_intent_again($1, $2, $3, $4, $5, $6, $7, $8)) * 1000)::float8
                   AS "due_in!"
            "#,
            lease.job.0,
            lease.epoch,
            stored,
            entry.version,
            account,
            rendered.payload,
            rendered.payload_hash,
            due_at
        )
        .fetch_one(service.work())
        .await?;
        Ok(due_in)
    })
    .await?;
    Ok(millis(due_in))
}

/// The entry of an intent as it is saved now; `None` if it was deleted.
///
/// # Errors
/// The store is unavailable, or a stored value is invalid.
pub async fn saved_entry(service: &Service, user: UserId, opened: &OpenedIntent) -> Result<Option<Entry>, WriteError> {
    let accepted = &opened.entry;
    if let Some(brand) = &opened.brand_id {
        let brand = brand.parse().map_err(|error: InvalidText| unreadable(error.into()))?;
        return saved_placement(service, user, &brand, &accepted.id).await;
    }
    let (Some(calendar), Ok(id)) = (accepted.calendar_id, accepted.id.parse()) else { return Ok(None) };
    let saved = calendar::store::work::entry(service, user, id).await?.filter(|entry| !entry.deleted);
    Ok(saved.map(|entry| Entry::of_calendar(calendar, accepted.run_id, &entry)))
}

async fn saved_placement(
    service: &Service,
    user: UserId,
    brand: &BrandId,
    id: &str,
) -> Result<Option<Entry>, WriteError> {
    let Some(saved) = organic::store::work::placement(service, user, brand, id).await? else { return Ok(None) };
    let named: Vec<_> = saved.placement.creative.asset_ids.iter().collect();
    let assets = brands::store::assets::of_ids(service.work(), user, brand, &named).await?;
    Ok(Some(sources::placement_entry(&saved, &sources::media_of(&assets))))
}

/// How many intents of each channel are on their way or need a review: channel, status, count.
///
/// # Errors
/// The store is unavailable.
pub async fn open_intents(service: &Service) -> Result<Vec<(String, String, i64)>, WriteError> {
    let rows = sqlx::query!(
        r#"
        SELECT channel, status, count(*) AS "intents!"
          FROM almanac.publish_intents
         WHERE status IN ('pending', 'publishing', 'unknown', 'needs_review')
         GROUP BY channel, status
        "#
    )
    .fetch_all(service.work())
    .await?;
    Ok(rows.into_iter().map(|row| (row.channel, row.status, row.intents)).collect())
}

/// Ids of posts that belong to other intents of an account, for a look-up not to take one of them: of those that were
/// published since a moment, and of those whose channel is still making them. An id that another intent only found in a list,
/// as this one may, is left to the older of the two.
///
/// # Errors
/// The store is unavailable.
pub async fn taken_posts(
    service: &Service,
    opened: &OpenedIntent,
    since: DateTime<Utc>,
) -> Result<Vec<String>, WriteError> {
    let ids = sqlx::query_scalar!(
        r#"
        SELECT external_id AS "id!" FROM almanac.publish_intents
         WHERE channel = $1 AND external_account = $2 AND transport = $3 AND external_id IS NOT NULL
           AND updated_at >= $4 AND id <> $5
        UNION ALL
        SELECT v.value FROM almanac.publish_intents i, jsonb_each_text(i.known) v
         WHERE i.channel = $1 AND i.external_account = $2 AND i.transport = $3 AND i.status IN ('publishing', 'unknown')
           AND i.id <> $5 AND (i.id < $5 OR i.known ? 'is_accepted') AND length(v.value) BETWEEN 5 AND 200
        "#,
        opened.channel.as_str(),
        opened.external_account,
        opened.transport.as_str(),
        since,
        opened.id.0
    )
    .fetch_all(service.work())
    .await?;
    Ok(ids)
}

/// A stored error as a failure.
fn failure(stored: Value) -> Result<Failure, WriteError> {
    let mut context = object(stored)?;
    let code = context.remove("code").and_then(|code| Code::parse(code.as_str()?)).unwrap_or(Code::ValidationFailed);
    let message = context.remove("message").and_then(|message| Some(message.as_str()?.to_owned()));
    Ok(Failure { code, message: message.unwrap_or_default(), context })
}
