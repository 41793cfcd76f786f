//! Syntheses: the types. A theme has feeds and sections; a model sums up the feeds' new items; a schedule does that on
//! chosen days and mails the result. Called by the API's routes, and by the worker's jobs and scheduler.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    platform::id::{DeliveryId, SynthesisId, ThemeId},
    values::wire_enum::wire_enum,
};

pub mod reading;
pub mod render;
pub mod rules;
pub mod schedule;
pub mod service;
pub mod store;

/// The prompt of new syntheses.
pub const PROMPT_VERSION: &str = "v1";
/// Most feeds of a theme.
pub const SOURCES_MAX: usize = 20;
/// Most recipients of a schedule.
pub const RECIPIENTS_MAX: usize = 3;

wire_enum! {
    /// A day of the week, as schedules name it.
    pub enum Day {
        /// Monday.
        Mon = "mon",
        /// Tuesday.
        Tue = "tue",
        /// Wednesday.
        Wed = "wed",
        /// Thursday.
        Thu = "thu",
        /// Friday.
        Fri = "fri",
        /// Saturday.
        Sat = "sat",
        /// Sunday.
        Sun = "sun",
    }
}

/// An item of a feed: plain text without markup, bounded, and with an address that is `http` or `https`, if any.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedItem {
    /// Equal for the same item in every fetch and in every feed that carries it.
    pub key: String,
    /// Its title; never empty.
    pub title: String,
    /// Its address, normalised.
    #[serde(default)]
    pub url: Option<String>,
    /// When it was published. Without a date: when it was first seen.
    pub published_at: DateTime<Utc>,
    /// The beginning of its text; may be empty.
    #[serde(default)]
    pub summary: String,
}

/// A section of a synthesis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Its title.
    pub title: String,
    /// What happened, in a few sentences.
    pub summary: String,
    /// The items that it is about, in the model's order.
    pub articles: Vec<Article>,
}

/// An item in a section. Title, address and date are those of the feed, never a model's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Article {
    /// Title of the item.
    pub title: String,
    /// Address of the item, if the feed gives one.
    pub url: Option<String>,
    /// Publication date of the item.
    pub published_at: DateTime<Utc>,
    /// What the model says about it; may be empty.
    pub takeaway: String,
}

/// A theme as its owner sees it.
#[derive(Clone, Debug)]
pub struct Theme {
    /// Its id.
    pub id: ThemeId,
    /// Its name, which mails carry as their subject.
    pub name: String,
    /// What it is about; may be empty.
    pub description: String,
    /// Language of its syntheses, BCP 47.
    pub language: String,
    /// Addresses of its feeds, in order.
    pub sources: Vec<String>,
    /// Titles of its sections, in order; empty: the model chooses them.
    pub sections: Vec<String>,
    /// Creation time.
    pub created_at: DateTime<Utc>,
    /// Time of the last change.
    pub updated_at: DateTime<Utc>,
}

impl Theme {
    /// Another one after each change: what `If-Match` names. Changes of one theme follow each other under a lock, so no two
    /// have the same microsecond.
    pub const fn version(&self) -> i64 {
        self.updated_at.timestamp_micros()
    }
}

/// A feed of a theme, as its last fetch left it.
#[derive(Clone, Debug)]
pub struct SourceState {
    /// Its address.
    pub url: String,
    /// Time of the last fetch that brought it.
    pub last_fetched_at: Option<DateTime<Utc>>,
    /// `{code, message}` of the last fetch; `None` if it brought the feed.
    pub last_error: Option<Value>,
    /// Number of items it held.
    pub items: i64,
}

/// A schedule as it is stored.
#[derive(Clone, Debug)]
pub struct StoredSchedule {
    /// Its id.
    pub id: uuid::Uuid,
    /// Its theme.
    pub theme_id: ThemeId,
    /// Whether it fires.
    pub enabled: bool,
    /// Words of `Day`, in the order in which they were sent.
    pub days: Value,
    /// `HH:MM` in UTC.
    pub time_utc: String,
    /// Recipients.
    pub emails: Value,
    /// IANA name; decides with `time_local`.
    pub timezone: Option<String>,
    /// `HH:MM` in `timezone`.
    pub time_local: Option<String>,
    /// Length of the catch-up window; `None`: the rest of the fire date.
    pub catch_up_minutes: Option<i32>,
    /// Time of the last fire that succeeded.
    pub last_run_at: Option<DateTime<Utc>>,
    /// Time of the last save.
    pub saved_at: DateTime<Utc>,
    /// Local date of the next fire.
    pub next_fire_date: Option<NaiveDate>,
    /// The next fire.
    pub next_fire_at: Option<DateTime<Utc>>,
}

impl StoredSchedule {
    /// Another one after each save, also of a schedule that was deleted in between: what `If-Match` names. Fires do not
    /// change it.
    pub const fn version(&self) -> i64 {
        self.saved_at.timestamp_micros()
    }
}

/// What became of a fire.
#[derive(Clone, Debug)]
pub struct Decision {
    /// When it was due.
    pub fire_at: DateTime<Utc>,
    /// Its local date.
    pub fire_date: NaiveDate,
    /// running, waiting, delivering, done, skipped, missed or failed.
    pub outcome: String,
    /// A code, if there is more to say.
    pub reason: Option<String>,
    /// When that was decided.
    pub at: DateTime<Utc>,
}

/// A synthesis as its owner sees it.
#[derive(Clone, Debug)]
pub struct Synthesis {
    /// Its id, equal to its job's.
    pub id: SynthesisId,
    /// Its theme.
    pub theme_id: ThemeId,
    /// pending, running, succeeded, failed or cancelled.
    pub status: String,
    /// ISO week of the run in the schedule's zone, e.g. `2026-W13`; `None` before its feeds were read.
    pub week: Option<String>,
    /// Local date of the fire; `None` if a person asked for it.
    pub fire_date: Option<NaiveDate>,
    /// The sections so far.
    pub sections: Vec<Section>,
    /// Why it failed.
    pub error: Option<Value>,
    /// The model asked.
    pub model: String,
    /// Tokens read, over all calls.
    pub tokens_input: Option<i32>,
    /// Tokens written, over all calls.
    pub tokens_output: Option<i32>,
    /// US dollars, over all calls; `None` if the provider does not report it.
    pub cost_usd: Option<f64>,
    /// The zone of its week and date.
    pub zone: String,
    /// Creation time.
    pub created_at: DateTime<Utc>,
    /// End time.
    pub finished_at: Option<DateTime<Utc>>,
}

/// A mail to one recipient.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its id, equal to its job's.
    pub id: DeliveryId,
    /// The synthesis it carries.
    pub synthesis_id: SynthesisId,
    /// Its recipient.
    pub address: String,
    /// Local date of the fire; `None`: a test mail.
    pub fire_date: Option<NaiveDate>,
    /// How far it is.
    pub status: String,
    /// Creation time.
    pub created_at: DateTime<Utc>,
    /// Time of the last change.
    pub updated_at: DateTime<Utc>,
}
