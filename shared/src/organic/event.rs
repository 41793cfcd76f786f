//! The events of an organic week as clients read them: four kinds, the keys in a fixed order.
//! Made by the worker's job; the log adds `type` and `seq` around the data of each.
//! An optional value that is not there is left out, never null; the one null is the account of a newsletter.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{Format, Outlet, PlacementId, Stage, TimeOfDay, Timestamp};
use crate::{
    brands::{AccountId, AssetId, TrendId, TrendSource},
    platform::error::Code,
};

/// One line of the stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Event {
    /// Progress of the run.
    Progress(Progress),
    /// One placement is ready.
    Placement {
        /// In an object of its own.
        placement: Box<Placement>,
    },
    /// One placement could not be made or, without an id, the run could not continue.
    Error(Failure),
    /// Nothing follows.
    Complete(Complete),
}

impl Event {
    /// Its type, as the log names it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Progress(_) => "progress",
            Self::Placement { .. } => "placement",
            Self::Error(_) => "error",
            Self::Complete(_) => "complete",
        }
    }

    /// What the log keeps of it: one line of JSON, an object without the type.
    ///
    /// # Errors
    /// None that these types can cause.
    pub fn data(&self) -> serde_json::Result<String> {
        match self {
            Self::Progress(progress) => serde_json::to_string(progress),
            Self::Placement { placement } => {
                #[derive(Serialize)]
                struct Wrapped<'a> {
                    placement: &'a Placement,
                }
                serde_json::to_string(&Wrapped { placement })
            }
            Self::Error(failure) => serde_json::to_string(failure),
            Self::Complete(complete) => serde_json::to_string(complete),
        }
    }
}

/// How far a run is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Placements that are done, also those that failed.
    pub completed: u32,
    /// Placements of the run.
    pub total: u32,
    /// What is being done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// Readable text for the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// A placement that is ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Placement {
    /// Its key.
    pub placement_id: PlacementId,
    /// When.
    pub schedule: Schedule,
    /// Where.
    pub platform: PlatformAccount,
    /// What it grew from.
    pub seed: Seed,
    /// What it is.
    pub content: Content,
    /// How it looks.
    pub creative: Creative,
    /// What it says.
    pub copy: Wording,
}

/// When a placement goes out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// The local date, also after a move.
    pub day_id: NaiveDate,
    /// The instant.
    pub scheduled_at: Timestamp,
    /// The part of the local day.
    pub time_of_day: TimeOfDay,
    /// True when it is not the time that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adjusted: Option<bool>,
    /// Why it was moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Where a placement goes out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlatformAccount {
    /// The platform, or `newsletter`.
    pub name: Outlet,
    /// The account; null for newsletters.
    pub account_id: Option<AccountId>,
}

/// What a placement grew from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seed {
    /// The trend; absent for the newsletter of a brand without trends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trend_id: Option<TrendId>,
    /// What kind of seed it is.
    pub source: TrendSource,
}

/// What a placement is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Content {
    /// The format for machines.
    #[serde(rename = "type")]
    pub kind: Format,
    /// The format for people.
    pub format: String,
    /// What it is about, in a line; on YouTube its title.
    pub title_topic: String,
    /// Its objective.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective: Option<String>,
    /// Whom it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Its tone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tone: Option<String>,
    /// What it asks people to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cta: Option<String>,
    /// Its slides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub num_slides: Option<u32>,
}

/// How a placement looks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Creative {
    /// The idea in a few sentences.
    pub creative_idea: String,
    /// Assets of the brand's library that fit.
    #[serde(default)]
    pub asset_ids: Vec<AssetId>,
    /// What to make, also beside assets that fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset_hints: Option<Vec<AssetHint>>,
}

/// Something to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetHint {
    /// What part it plays, e.g. `cover`.
    pub role: String,
    /// What it shows.
    pub suggestion: String,
}

/// What a placement says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wording {
    /// The text to publish.
    pub caption: String,
    /// Its tags.
    pub hashtags: Hashtags,
}

/// Tags by how many people look for them, each with one `#`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hashtags {
    /// Many.
    #[serde(default)]
    pub high: Vec<String>,
    /// Some.
    #[serde(default)]
    pub medium: Vec<String>,
    /// Few.
    #[serde(default)]
    pub low: Vec<String>,
}

impl Hashtags {
    /// All of them, the most looked for first.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        [&self.high, &self.medium, &self.low].into_iter().flatten().map(String::as_str)
    }
}

/// Why something could not be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// For a program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// Readable text for the user.
    pub message: String,
    /// The placement; absent when it is about the whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placement_id: Option<PlacementId>,
}

/// The end. Clients may rely on the type alone; everything else may be absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Complete {
    /// How the run ended: a final status of its job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Placements that were made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placements: Option<u32>,
    /// Placements that were not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<u32>,
    /// Placements that were moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adjusted: Option<u32>,
    /// From the run's first start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<i64>,
    /// In and out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<i64>,
    /// What the model read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_input: Option<i64>,
    /// What it wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_output: Option<i64>,
    /// What it cost, in US dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// Readable text for the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

#[cfg(test)]
mod tests;
