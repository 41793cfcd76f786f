//! Bodies of schedules.

use almanac_shared::{
    platform::error::Refusal,
    synthesis::{
        Decision, StoredSchedule,
        schedule::{Fire, ScheduleBody},
    },
};
use anyhow::Context;
use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use poem_openapi::Object;
use serde::{Deserialize, Serialize};

use crate::http::document_types::{FireOutcome, ScheduleDay};

/// The schedule to save. What a rule refuses is 422: a day, a time, an address, or a fourth address.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct UpsertScheduleRequest {
    /// Whether it fires.
    enabled: bool,
    /// `mon` to `sun`; none: it never fires.
    days: Vec<String>,
    /// `HH:MM` in UTC. Echoed, but without effect when `timezone` and `time_local` are given.
    time_utc: String,
    /// Recipients, at most 3; none: no mail.
    emails: Vec<String>,
    /// IANA name; with `time_local`.
    #[serde(default)]
    #[oai(nullable)]
    timezone: Option<String>,
    /// `HH:MM` in `timezone`. A time that clocks skip fires right after the gap, one that comes twice fires once.
    #[serde(default)]
    #[oai(nullable)]
    time_local: Option<String>,
    /// How late a fire may start, in minutes; null: until the end of its date.
    #[serde(default)]
    #[oai(nullable)]
    catch_up_minutes: Option<i64>,
}

impl From<UpsertScheduleRequest> for ScheduleBody {
    fn from(request: UpsertScheduleRequest) -> Self {
        let UpsertScheduleRequest { enabled, days, time_utc, emails, timezone, time_local, catch_up_minutes } = request;
        Self { enabled, days, time_utc, timezone, time_local, emails, catch_up_minutes }
    }
}

/// The schedule of a theme.
#[derive(Clone, Debug, Serialize, Object)]
pub struct ScheduleResponse {
    id: String,
    theme_id: String,
    /// Another one after each save. The value for `If-Match`.
    version: i64,
    enabled: bool,
    /// In the order in which they were sent.
    days: Vec<ScheduleDay>,
    /// `HH:MM` in UTC.
    time_utc: String,
    emails: Vec<String>,
    /// Time of the last fire that succeeded.
    #[oai(nullable)]
    last_run_at: Option<DateTime<Utc>>,
    /// IANA name.
    #[oai(nullable)]
    timezone: Option<String>,
    /// `HH:MM` in `timezone`.
    #[oai(nullable)]
    time_local: Option<String>,
    #[oai(nullable)]
    catch_up_minutes: Option<i32>,
    /// When it fires next; null if it does not.
    #[oai(nullable)]
    next_fire_at: Option<DateTime<Utc>>,
}

impl TryFrom<StoredSchedule> for ScheduleResponse {
    type Error = Refusal;

    fn try_from(stored: StoredSchedule) -> Result<Self, Refusal> {
        let version = stored.version();
        let days: Vec<String> = serde_json::from_value(stored.days).context("reading the days of a schedule")?;
        Ok(Self {
            id: stored.id.to_string(),
            theme_id: stored.theme_id.to_string(),
            version,
            enabled: stored.enabled,
            days: days.into_iter().map(Into::into).collect(),
            time_utc: stored.time_utc,
            emails: serde_json::from_value(stored.emails).context("reading the recipients of a schedule")?,
            last_run_at: stored.last_run_at,
            timezone: stored.timezone,
            time_local: stored.time_local,
            catch_up_minutes: stored.catch_up_minutes,
            next_fire_at: stored.next_fire_at.filter(|_| stored.enabled),
        })
    }
}

/// A fire that lies ahead.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(rename = "PlannedFire")]
pub struct FireResponse {
    fire_at: DateTime<Utc>,
    /// The same with the offset of its zone.
    local_time: String,
    /// IANA name.
    zone: String,
}

impl FireResponse {
    pub(in super::super) fn new(fire: Fire, zone: Tz) -> Self {
        Self {
            fire_at: fire.at,
            local_time: fire.at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, false),
            zone: zone.name().to_owned(),
        }
    }
}

/// Fires that lie ahead.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "SchedulePreview")]
pub struct FireList {
    /// Earliest first, at most 250.
    pub(in super::super) items: Vec<FireResponse>,
}

/// What became of a fire.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(rename = "ScheduleDecision")]
pub struct DecisionResponse {
    /// When it was due.
    fire_at: DateTime<Utc>,
    outcome: FireOutcome,
    /// A code, e.g. `NO_NEWS`, `LATE`, `BUSY`, `UNDELIVERED`, or that of the error.
    #[oai(nullable)]
    reason: Option<String>,
    /// Time of the decision.
    at: DateTime<Utc>,
}

impl From<Decision> for DecisionResponse {
    fn from(Decision { fire_at, outcome, reason, at, .. }: Decision) -> Self {
        Self { fire_at, outcome: outcome.into(), reason, at }
    }
}

/// A page of decisions.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "ScheduleDecisionPage")]
pub struct DecisionPage {
    /// Newest first.
    pub(in super::super) items: Vec<DecisionResponse>,
    /// Cursor of the next page; null on the last one.
    #[oai(nullable)]
    pub(in super::super) next_cursor: Option<String>,
}
