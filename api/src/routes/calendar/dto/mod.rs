//! Request and response bodies of calendars, as JSON and as the OpenAPI document describes them.

pub(super) mod entry;
pub(in crate::routes) mod frame;

use std::collections::BTreeMap;

use almanac_shared::calendar::{
    Calendar, Content, Entry, Made, Run,
    diff::{self, AcceptBody},
    rules::{RequestBody, TITLE_MAX},
    run,
    service::{RunOutcome, Taken},
};
use almanac_shared::platform::error::Refusal;
use chrono::{DateTime, Utc};
use poem_openapi::{Object, types::MaybeUndefined};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::{
    entry::{DiffResponse, EntryMade, EntryResponse, SkippedResponse},
    frame::RunSummary,
};
use crate::http::{
    document_types::{AcceptedStatus, CalendarCadence, EntryField, JobStatus, Of},
    failure::FailureResponse,
    reply::Urls,
    text::Text,
};

/// A request for a run: of a new calendar, or with `calendarId` of an existing one.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct CreateCalendar {
    /// 1 to 8 channel names, each `[a-z][a-z0-9_-]{0,31}`.
    #[oai(validator(min_items = 1, max_items = 8))]
    channels: Vec<String>,
    cadence: CalendarCadence,
    /// First date, `YYYY-MM-DD`.
    start: String,
    /// Last date, `YYYY-MM-DD`, not before `start`.
    end: String,
    /// Known keys are `topics`, `tone`, `audience`, `language`, `avoid`, `times`, `skipDates`, `skipWeekdays` and
    /// `brand`. Other keys are passed to the model as data.
    #[serde(default)]
    #[oai(nullable)]
    constraints: Option<BTreeMap<String, Value>>,
    /// The calendar to generate again; a new calendar if absent.
    #[serde(default)]
    #[oai(nullable)]
    calendar_id: Option<String>,
    /// A UUID that the run refers to.
    #[serde(default)]
    #[oai(nullable)]
    plan_id: Option<String>,
    /// IANA name; UTC if absent.
    #[serde(default)]
    #[oai(nullable)]
    timezone: Option<String>,
    /// 1 to 200 characters. A calendar without a title is named after its channels and dates.
    #[serde(default)]
    #[oai(nullable)]
    title: Option<Text<TITLE_MAX>>,
}

impl From<CreateCalendar> for RequestBody {
    fn from(body: CreateCalendar) -> Self {
        let CreateCalendar { channels, cadence, start, end, constraints, calendar_id, plan_id, timezone, title } = body;
        let constraints = constraints.map(|constraints| constraints.into_iter().collect());
        let title = title.map(Into::into);
        let cadence = cadence.into();
        Self { channels, cadence, start, end, constraints, calendar_id, plan_id, timezone, title }
    }
}

/// An accepted run.
#[derive(Clone, Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct RunAccepted {
    /// Also the id of the job.
    pub(super) run_id: String,
    pub(super) calendar_id: String,
    /// Number of the run within its calendar, from 1; null if the calendar was deleted since.
    #[oai(nullable)]
    pub(super) version: Option<i32>,
    pub(super) status: AcceptedStatus,
    pub(super) urls: Urls,
}

/// A calendar.
#[derive(Clone, Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct CalendarResponse {
    id: String,
    #[oai(nullable)]
    title: Option<String>,
    /// IANA name of the zone of the first request.
    timezone: String,
    /// Version of the latest run.
    version: i32,
    /// Number of saved entries.
    entry_count: i64,
    created_at: DateTime<Utc>,
    /// Time of the last change of the title, or of the last run.
    updated_at: DateTime<Utc>,
}

impl From<Calendar> for CalendarResponse {
    fn from(calendar: Calendar) -> Self {
        Self {
            id: calendar.id.to_string(),
            title: calendar.title,
            timezone: calendar.timezone,
            version: calendar.version,
            entry_count: calendar.entry_count,
            created_at: calendar.created_at,
            updated_at: calendar.updated_at,
        }
    }
}

/// A calendar with its latest saved entries.
#[derive(Clone, Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct CalendarWithEntries {
    #[serde(flatten)]
    #[oai(flatten)]
    calendar: CalendarResponse,
    /// Ordered by date.
    entries: Vec<EntryResponse>,
}

impl TryFrom<(Calendar, Vec<Entry>)> for CalendarWithEntries {
    type Error = Refusal;

    fn try_from((calendar, entries): (Calendar, Vec<Entry>)) -> Result<Self, Refusal> {
        Ok(Self { calendar: calendar.into(), entries: entry::all_shown(&entries)? })
    }
}

/// A calendar whose run has ended (`Prefer: wait`).
#[derive(Clone, Debug, Serialize, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct CalendarWaited {
    #[serde(flatten)]
    #[oai(flatten)]
    calendar: CalendarWithEntries,
    /// The run that was waited for, without its entries.
    run: RunResponse,
    /// Changes that accepting the run would make; only if the calendar existed before.
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<DiffResponse>,
}

impl TryFrom<RunOutcome> for CalendarWaited {
    type Error = Refusal;

    fn try_from(outcome: RunOutcome) -> Result<Self, Refusal> {
        let diff = outcome.diff.map(entry::read).transpose()?;
        let calendar = (outcome.calendar, outcome.entries).try_into()?;
        Ok(Self { calendar, run: outcome.run.into(), diff })
    }
}

/// A page of calendars.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct CalendarPage {
    /// Newest first.
    pub(super) items: Vec<CalendarResponse>,
    /// Cursor of the next page; null on the last one.
    #[oai(nullable)]
    pub(super) next_cursor: Option<String>,
}

/// A merge patch of a calendar.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct CalendarPatch {
    /// 1 to 200 characters; null names the calendar after its channels and dates.
    #[serde(default)]
    #[oai(nullable)]
    pub(super) title: MaybeUndefined<Text<TITLE_MAX>>,
}

/// A run, which is one version of a calendar.
#[derive(Clone, Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct RunResponse {
    /// Also the id of the job.
    id: String,
    calendar_id: String,
    /// Number of the run within its calendar, from 1.
    version: i32,
    status: JobStatus,
    /// The request as it was submitted.
    request: Of<BTreeMap<String, Value>>,
    /// The `planId` of the request.
    #[oai(nullable)]
    plan_id: Option<String>,
    model: String,
    /// Number of slots that the request asks for.
    slots: i32,
    /// Number of generated entries.
    entry_count: i32,
    /// Number of entries that were not saved when the run ended.
    #[oai(nullable)]
    added: Option<i32>,
    /// Number of entries that differed from the saved ones when the run ended.
    #[oai(nullable)]
    updated: Option<i32>,
    /// Number of saved entries without a slot in the run.
    #[oai(nullable)]
    removed: Option<i32>,
    /// Milliseconds from the first start to the end.
    #[oai(nullable)]
    latency_ms: Option<i64>,
    /// Input and output tokens.
    #[oai(nullable)]
    tokens: Option<i32>,
    #[oai(nullable)]
    tokens_input: Option<i32>,
    #[oai(nullable)]
    tokens_output: Option<i32>,
    /// Cost in US dollars, if the provider reports it.
    #[oai(nullable)]
    cost_usd: Option<f64>,
    /// The message of `error`.
    #[oai(nullable)]
    message: Option<String>,
    /// Why the run did not succeed.
    #[oai(nullable)]
    error: Option<Of<FailureResponse>>,
    created_at: DateTime<Utc>,
    #[oai(nullable)]
    finished_at: Option<DateTime<Utc>>,
    /// Entries as generated; only in the answer about one run.
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<Vec<EntryMade>>,
}

impl From<Run> for RunResponse {
    fn from(run: Run) -> Self {
        Self {
            id: run.id.to_string(),
            calendar_id: run.calendar_id.to_string(),
            version: run.version,
            status: run.status.into(),
            request: run.request.into(),
            plan_id: run.plan_id.map(|plan| plan.to_string()),
            model: run.model,
            slots: run.slots,
            entry_count: run.entries,
            added: run.added,
            updated: run.updated,
            removed: run.removed,
            latency_ms: run.latency_ms,
            tokens: run.tokens_input.zip(run.tokens_output).map(|(read, written)| read + written),
            tokens_input: run.tokens_input,
            tokens_output: run.tokens_output,
            cost_usd: run.cost_usd,
            message: message(run.error.as_ref()),
            error: run.error.map(Into::into),
            created_at: run.created_at,
            finished_at: run.finished_at,
            entries: None,
        }
    }
}

fn message(error: Option<&Value>) -> Option<String> {
    error?.get("message")?.as_str().map(str::to_owned)
}

impl RunResponse {
    /// With what it made.
    ///
    /// # Errors
    /// What is stored was not made by us.
    pub(super) fn with_entries(shown: Run, made: &[Made]) -> Result<Self, Refusal> {
        let entries = made.iter().map(|made| {
            let content = Content::from_fields(&made.fields).map_err(|error| Refusal::Unexpected(error.into()))?;
            entry::read(run::wire(None, &made.key, &content))
        });
        Ok(Self { entries: Some(entries.collect::<Result<_, Refusal>>()?), ..shown.into() })
    }
}

/// A page of runs.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct RunPage {
    /// Newest first.
    pub(super) items: Vec<RunResponse>,
    /// Cursor of the next page; null on the last one.
    #[oai(nullable)]
    pub(super) next_cursor: Option<String>,
}

/// A choice from a run. Without one, everything is accepted that overwrites no edit.
#[derive(Clone, Debug, Default, Deserialize, Object)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[oai(rename_all = "camelCase")]
pub struct AcceptChoice {
    /// Only these entries. A named key also permits the removal of an edited entry and the return of a deleted one.
    #[serde(default)]
    #[oai(nullable)]
    keys: Option<Vec<String>>,
    /// By key: only these fields of the entry, also where a person edited them.
    #[serde(default)]
    #[oai(nullable)]
    fields: Option<BTreeMap<String, Vec<EntryField>>>,
    /// Overwrite edited fields; false if absent.
    #[serde(default)]
    #[oai(nullable)]
    overwrite_edits: Option<bool>,
}

impl From<AcceptChoice> for AcceptBody {
    fn from(AcceptChoice { keys, fields, overwrite_edits }: AcceptChoice) -> Self {
        let fields = fields.map(|fields| {
            let names = |names: Vec<EntryField>| names.into_iter().map(Into::into).collect();
            fields.into_iter().map(|(key, fields)| (key, names(fields))).collect()
        });
        Self { keys, fields, overwrite_edits }
    }
}

/// The result of an accept.
#[derive(Debug, Serialize, Object)]
pub struct AcceptDone {
    /// The saved entries after the accept.
    entries: Vec<EntryResponse>,
    /// Keys of new entries, and of deleted ones that returned.
    added: Vec<String>,
    /// Keys of changed entries.
    updated: Vec<String>,
    /// Keys of removed entries.
    removed: Vec<String>,
    /// Parts of the run that were not accepted.
    skipped: Vec<SkippedResponse>,
}

impl TryFrom<Taken> for AcceptDone {
    type Error = Refusal;

    fn try_from(taken: Taken) -> Result<Self, Refusal> {
        Ok(Self {
            entries: entry::all_shown(&taken.entries)?,
            skipped: entry::read(diff::wire_skipped(&taken.merged))?,
            added: taken.merged.added,
            updated: taken.merged.updated,
            removed: taken.merged.removed,
        })
    }
}

/// A dry run.
#[derive(Debug, Serialize, Object)]
pub struct DryRunResponse {
    /// The data of the final event of its stream.
    pub(super) summary: RunSummary,
    /// The entries of its stream.
    pub(super) entries: Vec<EntryMade>,
}
