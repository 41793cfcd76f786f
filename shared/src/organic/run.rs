//! A week's run and its placements, as their owner and the worker read them.
//! Filled by the store; called by the service, the routes and the job. Holds records and their reading, decides nothing.

use std::collections::BTreeSet;

use anyhow::Context;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use super::{
    WeekRequest,
    event::Placement,
    fields::{self, Field},
    matching::Match,
    rules::RequestBody,
};
use crate::{
    brands::BrandId,
    platform::id::RunId,
    values::merge::{Fields, Record},
};

/// Placements that a stored request may have: it was held against the operator's limit when it was accepted.
const ANY_NUMBER: usize = 100_000;

/// A run: one generation of a brand's week.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its id, equal to its job's.
    pub id: RunId,
    /// The brand.
    pub brand_id: BrandId,
    /// Its Monday.
    pub week_start: NaiveDate,
    /// pending, running, succeeded, partial, timeout, failed or cancelled.
    pub status: String,
    /// Placements it was to make; none before its first start.
    pub total: Option<i32>,
    /// Placements it made.
    pub placed: i32,
    /// Placements that ended with an error.
    pub failed: i32,
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

/// A saved placement.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedPlacement {
    /// As people see it.
    pub placement: Placement,
    /// The Monday of its week.
    pub week_start: NaiveDate,
    /// The zone of the request that made it. Its days and times of day are in this zone.
    pub zone: Tz,
    /// The time that was asked for when it was made last.
    pub wished_at: DateTime<Utc>,
    /// The run that made it last.
    pub run_id: RunId,
    /// As the merge takes it.
    pub record: Record<Field>,
    /// The assets that its last run found for it, and why.
    pub matches: Vec<Match>,
    /// Last changed at.
    pub updated_at: DateTime<Utc>,
}

impl SavedPlacement {
    /// As clients see it: the event's shape, and what an edit of it needs to know.
    ///
    /// # Errors
    /// None that these types can cause.
    pub fn wire(&self) -> serde_json::Result<Value> {
        let mut wire: Map<String, Value> = serde_json::from_value(serde_json::to_value(&self.placement)?)?;
        let beside = json!({
            "weekStart": self.week_start, "timezone": self.zone.name(), "version": self.record.version,
            "editedFields": self.record.edited, "runId": self.run_id, "updatedAt": self.updated_at,
            "assetMatches": self.matches,
        });
        wire.extend(beside.as_object().cloned().unwrap_or_default());
        Ok(wire.into())
    }
}

/// Reads a stored request by the rules it was accepted by.
///
/// # Errors
/// What is stored is no request: it was not made by us.
pub fn order(stored: Value) -> anyhow::Result<WeekRequest> {
    let body: RequestBody = serde_json::from_value(stored).context("reading a stored request")?;
    WeekRequest::parse(body, ANY_NUMBER).context("checking a stored request")
}

/// The columns of a stored placement.
pub(super) struct PlacementRow {
    pub placement_id: String,
    pub week_start: NaiveDate,
    pub timezone: String,
    pub wished_at: DateTime<Utc>,
    pub run_id: RunId,
    pub version: i64,
    pub fields: Value,
    pub edited: Vec<String>,
    pub matches: Value,
    pub updated_at: DateTime<Utc>,
}

impl PlacementRow {
    pub(super) fn read(self) -> anyhow::Result<SavedPlacement> {
        let fields: Fields<Field> = serde_json::from_value(self.fields).context("reading stored fields")?;
        let edited = self.edited.iter().map(|name| name.parse()).collect::<Result<BTreeSet<Field>, _>>();
        let id = &self.placement_id;
        Ok(SavedPlacement {
            placement: fields::read(id, &fields).with_context(|| format!("reading the fields of {id}"))?,
            week_start: self.week_start,
            zone: self.timezone.parse().map_err(|_| anyhow::anyhow!("{} is no zone", self.timezone))?,
            wished_at: self.wished_at,
            run_id: self.run_id,
            record: Record {
                version: self.version,
                fields,
                edited: edited.context("reading the names of edited fields")?,
                from_run: true,
                deleted: false,
            },
            matches: serde_json::from_value(self.matches).context("reading stored matches")?,
            updated_at: self.updated_at,
        })
    }
}
