//! A calendar's own row, its runs, and what a run made, as their owner and the worker read them.
//! Filled by the store; called by the service and the job. Holds records and their reading, decides nothing.

use anyhow::Context;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Content, EntryKey, Field, Slot,
    rules::{CalendarRequest, RequestBody},
    slots,
};
use crate::{
    platform::id::{CalendarId, EntryId, PlanId, RunId},
    values::merge::Fields,
};

/// Slots that a stored request may have: it was held against the operator's limit when it was accepted.
const ANY_NUMBER: usize = 100_000;

/// A calendar, without its entries.
#[derive(Clone, Debug)]
pub struct Calendar {
    /// Its id.
    pub id: CalendarId,
    /// Its name, if it has one.
    pub title: Option<String>,
    /// The zone of its first request.
    pub timezone: String,
    /// The version of its latest run.
    pub version: i32,
    /// Saved entries, without those that people deleted.
    pub entry_count: i64,
    /// Made at.
    pub created_at: DateTime<Utc>,
    /// Last changed at: a title, or a new run.
    pub updated_at: DateTime<Utc>,
}

/// A run: one version of a calendar.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its id, equal to its job's.
    pub id: RunId,
    /// The calendar.
    pub calendar_id: CalendarId,
    /// Counts the calendar's runs, from 1.
    pub version: i32,
    /// pending, running, succeeded, partial, timeout, failed or cancelled.
    pub status: String,
    /// The request as it was sent.
    pub request: Value,
    /// Entries it was to make.
    pub slots: i32,
    /// Entries it made.
    pub entries: i32,
    /// Entries that were new when it ended.
    pub added: Option<i32>,
    /// Entries that would have changed when it ended.
    pub updated: Option<i32>,
    /// Entries that would have gone when it ended.
    pub removed: Option<i32>,
    /// The plan it refers to.
    pub plan_id: Option<PlanId>,
    /// The model asked.
    pub model: String,
    /// Tokens read, over all calls.
    pub tokens_input: Option<i32>,
    /// Tokens written, over all calls.
    pub tokens_output: Option<i32>,
    /// US dollars, over all calls.
    pub cost_usd: Option<f64>,
    /// Milliseconds from its first start to its end.
    pub latency_ms: Option<i64>,
    /// Why it did not succeed.
    pub error: Option<Value>,
    /// Accepted at.
    pub created_at: DateTime<Utc>,
    /// Ended at.
    pub finished_at: Option<DateTime<Utc>>,
}

/// An entry as a run made it.
#[derive(Clone, Debug, Serialize)]
pub struct Made {
    /// Its slot.
    pub key: EntryKey,
    /// The entry it becomes where none of its key is saved.
    #[serde(rename = "id")]
    pub entry_id: EntryId,
    /// What the run says.
    pub fields: Fields<Field>,
}

/// What a worker needs to run.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The calendar.
    pub calendar_id: CalendarId,
    /// The run's version.
    pub version: i32,
    /// Whether its entries become the calendar's without an accept.
    pub adopts: bool,
    /// The request.
    pub request: CalendarRequest,
    /// All slots, filled or not.
    pub slots: Vec<Slot>,
    /// The model.
    pub model: String,
    /// The prompt.
    pub prompt_version: String,
    /// Entries from earlier attempts: already paid for and already in the event log.
    pub made: Vec<Made>,
}

impl Run {
    /// Its request and slots, by the rules it was accepted by.
    ///
    /// # Errors
    /// What is stored is no request: it was not made by us.
    pub fn order(&self) -> anyhow::Result<(CalendarRequest, Vec<Slot>)> {
        order(self.request.clone())
    }
}

/// Reads a stored request by the rules it was accepted by.
///
/// # Errors
/// What is stored is no request.
pub fn order(stored: Value) -> anyhow::Result<(CalendarRequest, Vec<Slot>)> {
    let body: RequestBody = serde_json::from_value(stored).context("reading a stored request")?;
    let request = CalendarRequest::parse(body).context("checking a stored request")?;
    let slots = slots::compute(&request, ANY_NUMBER).context("computing the slots of a stored request")?;
    Ok((request, slots))
}

/// An entry of a run as events and runs show it; `id` only where it is the saved entry's too.
pub fn wire(id: Option<EntryId>, key: &EntryKey, content: &Content) -> Value {
    let mut wire = serde_json::Map::new();
    if let Some(id) = id {
        wire.insert("id".to_owned(), id.to_string().into());
    }
    wire.insert("key".to_owned(), key.to_string().into());
    wire.extend(content.wire());
    wire.into()
}

/// One frame's data: the envelope that every event of a calendar's stream has.
pub fn envelope(data: &Value, error: &Value, meta: Value) -> String {
    json!({ "data": data, "error": error, "meta": meta }).to_string()
}
