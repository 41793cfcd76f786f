//! The words of calendars on the wire: what a client sends and sees, field by field.
//! The routes beside this read and make them; nothing here asks anybody anything.

pub(super) mod entry;
pub(super) mod frame;

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
    entry::{DiffShown, EntryMade, EntryShown, SkippedShown},
    frame::RunSummary,
};
use crate::http::{reply::Urls, text::Text};

/// A request for a run: a new calendar, or a calendar made anew.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct CreateCalendar {
    /// 1 to 8 names, `[a-z][a-z0-9_-]{0,31}`.
    #[oai(validator(min_items = 1, max_items = 8))]
    channels: Vec<String>,
    /// `daily`, `weekly` or `monthly`.
    cadence: String,
    /// First date, `YYYY-MM-DD`.
    start: String,
    /// Last date, not before the first.
    end: String,
    /// Known: `topics`, `tone`, `audience`, `language`, `avoid`, `times`, `skipDates`, `skipWeekdays`, `brand`. Others
    /// go to the model as data.
    #[serde(default)]
    constraints: Option<BTreeMap<String, Value>>,
    /// The calendar to make anew.
    #[serde(default)]
    calendar_id: Option<String>,
    /// A plan to refer to.
    #[serde(default)]
    plan_id: Option<String>,
    /// IANA name; UTC when absent.
    #[serde(default)]
    timezone: Option<String>,
    /// The calendar's name, 1 to 200 characters; after its channels and dates if absent.
    #[serde(default)]
    title: Option<Text<TITLE_MAX>>,
}

impl From<CreateCalendar> for RequestBody {
    fn from(body: CreateCalendar) -> Self {
        let CreateCalendar { channels, cadence, start, end, constraints, calendar_id, plan_id, timezone, title } = body;
        let constraints = constraints.map(|constraints| constraints.into_iter().collect());
        let title = title.map(Into::into);
        Self { channels, cadence, start, end, constraints, calendar_id, plan_id, timezone, title }
    }
}

/// An accepted run.
#[derive(Clone, Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct RunAccepted {
    /// Its id; its job has the same.
    pub(super) run_id: String,
    /// Its calendar.
    pub(super) calendar_id: String,
    /// Counts the calendar's runs, from 1; null when the calendar was deleted since.
    pub(super) version: Option<i32>,
    /// Always `pending`.
    pub(super) status: String,
    /// Its links.
    pub(super) urls: Urls,
}

/// A calendar.
#[derive(Clone, Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct CalendarShown {
    /// Its id.
    id: String,
    /// Its name.
    title: Option<String>,
    /// The zone of its first request.
    timezone: String,
    /// The version of its latest run.
    version: i32,
    /// How many entries it has.
    entry_count: i64,
    /// Made at.
    created_at: DateTime<Utc>,
    /// Last changed at: a title, or a new run.
    updated_at: DateTime<Utc>,
}

impl From<Calendar> for CalendarShown {
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
    /// The calendar.
    #[serde(flatten)]
    #[oai(flatten)]
    calendar: CalendarShown,
    /// By date.
    entries: Vec<EntryShown>,
}

impl TryFrom<(Calendar, Vec<Entry>)> for CalendarWithEntries {
    type Error = Refusal;

    fn try_from((calendar, entries): (Calendar, Vec<Entry>)) -> Result<Self, Refusal> {
        Ok(Self { calendar: calendar.into(), entries: entry::all_shown(&entries)? })
    }
}

/// A calendar whose run was waited for: what there is now, and how the run ended.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct CalendarWaited {
    /// The calendar with its latest saved entries.
    #[serde(flatten)]
    #[oai(flatten)]
    calendar: CalendarWithEntries,
    /// The run, without its entries as generated.
    run: RunShown,
    /// Of a regeneration: what accepting it would change.
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<DiffShown>,
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
    pub(super) items: Vec<CalendarShown>,
    /// Where the list goes on.
    pub(super) next_cursor: Option<String>,
}

/// A change of a calendar itself.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct CalendarPatch {
    /// Its name, 1 to 200 characters; null names it after its channels and dates.
    #[serde(default)]
    pub(super) title: MaybeUndefined<Text<TITLE_MAX>>,
}

/// A run: one version of a calendar.
#[derive(Clone, Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct RunShown {
    /// Its id; its job has the same.
    id: String,
    /// Its calendar.
    calendar_id: String,
    /// Counts the calendar's runs, from 1.
    version: i32,
    /// `pending`, `running`, `succeeded`, `partial`, `timeout`, `failed` or `cancelled`.
    status: String,
    /// The request.
    request: Value,
    /// The plan it refers to.
    plan_id: Option<String>,
    /// The model asked.
    model: String,
    /// Entries it was to make.
    slots: i32,
    /// Entries it made.
    entry_count: i32,
    /// Entries that were new when it ended.
    added: Option<i32>,
    /// Entries that differed from the saved ones when it ended.
    updated: Option<i32>,
    /// Entries that it dropped.
    removed: Option<i32>,
    /// Milliseconds from its first start to its end.
    latency_ms: Option<i64>,
    /// All tokens.
    tokens: Option<i32>,
    /// Tokens read.
    tokens_input: Option<i32>,
    /// Tokens written.
    tokens_output: Option<i32>,
    /// US dollars, when the provider says.
    cost_usd: Option<f64>,
    /// Why it did not succeed, for a person.
    message: Option<String>,
    /// Why it did not succeed.
    error: Option<Value>,
    /// Accepted at.
    created_at: DateTime<Utc>,
    /// Ended at.
    finished_at: Option<DateTime<Utc>>,
    /// As generated; only where one run is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<Vec<EntryMade>>,
}

impl From<Run> for RunShown {
    fn from(run: Run) -> Self {
        Self {
            id: run.id.to_string(),
            calendar_id: run.calendar_id.to_string(),
            version: run.version,
            status: run.status,
            request: run.request,
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
            error: run.error,
            created_at: run.created_at,
            finished_at: run.finished_at,
            entries: None,
        }
    }
}

fn message(error: Option<&Value>) -> Option<String> {
    error?.get("message")?.as_str().map(str::to_owned)
}

impl RunShown {
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
    pub(super) items: Vec<RunShown>,
    /// Where the list goes on.
    pub(super) next_cursor: Option<String>,
}

/// What to take from a run; everything that costs no edit when absent.
#[derive(Clone, Debug, Default, Deserialize, Object)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[oai(rename_all = "camelCase")]
pub struct AcceptChoice {
    /// Only these keys. Naming one also permits its removal or revival.
    #[serde(default)]
    keys: Option<Vec<String>>,
    /// Only these fields of a key, and these even where a person wrote them.
    #[serde(default)]
    fields: Option<BTreeMap<String, Vec<String>>>,
    /// Take fields that a person wrote from the run too.
    #[serde(default)]
    overwrite_edits: Option<bool>,
}

impl From<AcceptChoice> for AcceptBody {
    fn from(AcceptChoice { keys, fields, overwrite_edits }: AcceptChoice) -> Self {
        Self { keys, fields, overwrite_edits }
    }
}

/// What an accept did.
#[derive(Debug, Serialize, Object)]
pub struct AcceptDone {
    /// The calendar's entries now.
    entries: Vec<EntryShown>,
    /// Keys of entries that came to be, or came back.
    added: Vec<String>,
    /// Keys of entries that changed.
    updated: Vec<String>,
    /// Keys of entries that went.
    removed: Vec<String>,
    /// What was not taken and why.
    skipped: Vec<SkippedShown>,
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

/// What a dry run answers where a finished calendar was asked for.
#[derive(Debug, Serialize, Object)]
pub struct DryRunShown {
    /// As the final event of its stream has it.
    pub(super) summary: RunSummary,
    /// What would have been streamed.
    pub(super) entries: Vec<EntryMade>,
}
