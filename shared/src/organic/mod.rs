//! Organic weeks: the types. A user places trends into a week of a brand; free slots are found, a model writes what
//! each placement says, assets are matched to it, and a later run never makes a second placement with the same id.
//! Called by the API's routes and the worker's job; no SQL, no HTTP and no clock stands in this folder's pure files.

use std::{collections::BTreeMap, fmt, str::FromStr};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::{
    brands::{AccountId, BrandId, Platform, TrendId, TrendSource, name},
    values::wire_enum::{InvalidText, deserialize_from_str, wire_enum},
};

pub mod edits;
pub mod event;
pub mod fields;
pub mod fitting;
pub mod matching;
pub mod plan;
pub mod preset;
pub mod rules;
pub mod run;
pub mod service;
pub mod slots;
pub mod store;
pub mod task;
mod time;

pub use self::time::{Timestamp, Week};

/// The key of a placement across runs: a later run replaces it and makes no second one. Clients choose it; presets and
/// newsletters make their own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, sqlx::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct PlacementId(String);

impl PlacementId {
    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id of what a preset places on a platform's day.
    pub fn of_preset(day: NaiveDate, platform: Platform) -> Self {
        Self(format!("preset-{day}-{platform}"))
    }

    /// The id of a day's newsletter.
    pub fn of_newsletter(day: NaiveDate) -> Self {
        Self(format!("newsletter-{day}"))
    }
}

impl fmt::Display for PlacementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PlacementId {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, InvalidText> {
        name::check(text).map(|()| Self(text.to_owned()))
    }
}

/// Where a placement is published: on a platform's account or, for newsletters, on no account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outlet {
    /// One of the platforms.
    Platform(Platform),
    /// The brand's newsletter.
    Newsletter,
}

impl Outlet {
    /// The spelling on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Platform(platform) => platform.as_str(),
            Self::Newsletter => "newsletter",
        }
    }

    /// The platform, if it is one.
    pub const fn platform(self) -> Option<Platform> {
        match self {
            Self::Platform(platform) => Some(platform),
            Self::Newsletter => None,
        }
    }
}

impl fmt::Display for Outlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Outlet {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, InvalidText> {
        if text == "newsletter" { Ok(Self::Newsletter) } else { text.parse().map(Self::Platform) }
    }
}

impl Serialize for Outlet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

wire_enum! {
    /// What a placement is.
    pub enum Format {
        /// A short upright film.
        Reel = "reel",
        /// Several slides to swipe through.
        Carousel = "carousel",
        /// Seen for a day.
        Story = "story",
        /// A text, with a picture or without.
        Post = "post",
        /// A letter to subscribers.
        Newsletter = "newsletter",
    }

    /// Where a run is.
    pub enum Stage {
        /// Brand, accounts and trends are looked at, slots are planned.
        Analyzing = "analyzing",
        /// The model writes.
        Drafting = "drafting",
        /// Assets are looked for.
        Matching = "matching",
        /// Texts are made to fit their platforms.
        Optimizing = "optimizing",
        /// What is missing is named, and the week is closed.
        Finalizing = "finalizing",
    }

    /// How a week without placements is filled.
    pub enum SchedulePreset {
        /// A post on each platform and day from Monday to Friday.
        BetaLaunch = "beta-launch",
    }

    /// When in a day a placement is, by the clocks of its week's zone.
    pub enum TimeOfDay {
        /// From 05:00.
        Morning = "morning",
        /// From 12:00.
        Afternoon = "afternoon",
        /// From 17:00.
        Evening = "evening",
        /// From 21:00.
        Night = "night",
    }
}

impl Format {
    /// The name for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Reel => "Reel",
            Self::Carousel => "Carousel",
            Self::Story => "Story",
            Self::Post => "Post",
            Self::Newsletter => "Newsletter",
        }
    }

    /// The format of an outlet if the request names none.
    pub const fn usual(outlet: Outlet) -> Self {
        match outlet {
            Outlet::Platform(Platform::Instagram | Platform::Tiktok | Platform::Youtube) => Self::Reel,
            Outlet::Platform(Platform::Linkedin | Platform::Facebook) => Self::Post,
            Outlet::Newsletter => Self::Newsletter,
        }
    }
}

deserialize_from_str! { PlacementId Outlet }

/// A request whose every word was checked.
#[derive(Clone, Debug, PartialEq)]
pub struct WeekRequest {
    /// Whose week it is.
    pub brand: BrandId,
    /// Which week, by which clocks.
    pub week: Week,
    /// The account of each platform that a placement does not name itself.
    pub accounts: BTreeMap<Platform, AccountId>,
    /// What was placed, each id once, in the order of the request.
    pub seeds: Vec<PlacementSeed>,
    /// Ids that came more than once; the last one of each is among the seeds.
    pub repeated: Vec<PlacementId>,
    /// What else is wanted.
    pub options: Options,
}

/// One placement that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlacementSeed {
    /// Its key.
    pub id: PlacementId,
    /// What it is about. Only a newsletter of a brand without trends has none.
    pub trend: Option<TrendId>,
    /// Its local date.
    pub day: NaiveDate,
    /// When it is wanted.
    pub scheduled_at: Timestamp,
    /// What the client shows for the time; stored for it, never read.
    pub time_label: Option<String>,
    /// Where it goes.
    pub outlet: Outlet,
    /// The account that was named, or that its platform has in this request; none means `MISSING_ACCOUNT` unless
    /// it is a newsletter.
    pub account: Option<AccountId>,
    /// What kind of seed the client took it for; the trend's own kind when absent.
    pub source: Option<TrendSource>,
    /// The format that was asked for.
    pub desired_format: Option<Format>,
    /// Hints for matching and copy: data, never instructions.
    pub metadata: Map<String, Value>,
}

impl PlacementSeed {
    /// The format it gets: the one asked for, else what is usual there.
    pub fn format(&self) -> Format {
        self.desired_format.unwrap_or(Format::usual(self.outlet))
    }

    /// The tags among its hints.
    pub fn tags(&self) -> Vec<&str> {
        let tags = self.metadata.get("tags").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        tags.iter().filter_map(Value::as_str).collect()
    }
}

/// What is wanted of a week beside its placements.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// Fill what is left free.
    pub preset: Option<SchedulePreset>,
    /// The day of the newsletter, when one is wanted.
    pub newsletter: Option<NaiveDate>,
    /// What the person says about the copy: data, never instructions.
    pub guidance: Option<String>,
    /// The language to write in; the brand's when absent.
    pub language: Option<String>,
    /// Platforms a preset fills and copy points to, each once, in the order of the request.
    pub preferred_platforms: Vec<Platform>,
}

#[cfg(test)]
mod tests;
