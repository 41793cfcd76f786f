//! Publishing: the types. Saved entries of a calendar, or placements of an organic week, become posts on the accounts of
//! five channels. Called by the API's routes and the worker's job; choice, rendering, hashes and receipts stand in the
//! files below. Only `credentials.rs` holds a secret, and no SQL, HTTP or clock stands in this folder's pure files.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    calendar::{self, Medium},
    organic::event::Placement,
    platform::{
        error::Code,
        id::{CalendarId, RunId},
        metrics::IntentEnd,
    },
    values::wire_enum::wire_enum,
};

pub mod accounts;
mod configured;
pub mod credentials;
mod memory;
pub mod options;
pub mod plan;
pub mod receipts;
pub mod render;
pub mod request;
pub mod rules;
pub mod service;
pub mod store;
pub mod stored;

pub use self::{
    configured::{Configured, client_channel},
    options::Options,
};

wire_enum! {
    /// A social network that posts are published to.
    #[derive(sqlx::Type)]
    #[sqlx(type_name = "text", rename_all = "snake_case")]
    pub enum Channel {
        /// Instagram, professional accounts.
        Instagram = "instagram",
        /// TikTok.
        Tiktok = "tiktok",
        /// LinkedIn, people and organizations.
        Linkedin = "linkedin",
        /// Facebook Pages.
        Facebook = "facebook",
        /// YouTube.
        Youtube = "youtube",
    }

    /// Where requests are sent.
    #[derive(sqlx::Type)]
    #[sqlx(type_name = "text", rename_all = "snake_case")]
    pub enum Transport {
        /// To the vendors.
        Live = "live",
        /// To the built-in server that behaves as the vendors' documents say.
        Sandbox = "sandbox",
    }

    /// The state of an intent: one entry on its way to one account.
    #[derive(sqlx::Type)]
    #[sqlx(type_name = "text", rename_all = "snake_case")]
    pub enum IntentStatus {
        /// Accepted, not started.
        Pending = "pending",
        /// A worker is sending it.
        Publishing = "publishing",
        /// The channel confirmed it.
        Published = "published",
        /// Nothing was published.
        Failed = "failed",
        /// Computed and not stored.
        DryRun = "dry_run",
        /// Sent without an answer; the look-up has not decided yet.
        Unknown = "unknown",
        /// Only a person can find out whether it was published.
        NeedsReview = "needs_review",
        /// Accepted into the spool while the database is down.
        Deferred = "deferred",
        /// Ended by request, or its entry was deleted.
        Cancelled = "cancelled",
    }

    /// What an entry is to be on its channel.
    pub enum PublishFormat {
        /// Whatever the channel makes of the text and the media.
        Post = "post",
        /// A short upright video.
        Reel = "reel",
        /// Shown for a day.
        Story = "story",
        /// Several pictures to swipe through.
        Carousel = "carousel",
        /// A video.
        Video = "video",
        /// A letter to subscribers; no channel has it.
        Newsletter = "newsletter",
    }

    /// How an Instagram account is connected. It decides the host that its requests go to.
    #[derive(sqlx::Type)]
    #[sqlx(type_name = "text", rename_all = "snake_case")]
    pub enum Login {
        /// By Instagram itself.
        Instagram = "instagram",
        /// By the Facebook Page that it belongs to.
        Facebook = "facebook",
    }
}

impl IntentStatus {
    /// Whether the intent may still become a post, or may have become one unseen.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Publishing | Self::Unknown | Self::NeedsReview | Self::Deferred)
    }

    /// How an intent of this status ended; `None` if it is on its way.
    pub const fn end(self) -> Option<IntentEnd> {
        match self {
            Self::Published => Some(IntentEnd::Published),
            Self::Failed => Some(IntentEnd::Failed),
            Self::NeedsReview => Some(IntentEnd::NeedsReview),
            Self::Cancelled => Some(IntentEnd::Cancelled),
            Self::Pending | Self::Publishing | Self::Unknown | Self::Deferred | Self::DryRun => None,
        }
    }

    /// Whether another intent of the same entry and account would publish it twice.
    pub const fn is_live(self) -> bool {
        self.is_open() || matches!(self, Self::Published)
    }
}

impl PublishFormat {
    /// The format that a text names; anything that is no format is a post.
    pub fn of(text: &str) -> Self {
        Self::parse(&text.trim().to_ascii_lowercase()).unwrap_or(Self::Post)
    }
}

/// An account that posts are published to, without its tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The channel it is on.
    pub channel: Channel,
    /// The name that the client gave it.
    pub account_id: String,
    /// The vendor's id: a number, or on LinkedIn a URN.
    pub external_id: String,
    /// How it is connected; on Instagram only.
    pub login: Option<Login>,
    /// What its posts have where a request names no option.
    pub settings: Options,
}

/// What is published: a calendar's entry, or a placement of an organic week.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The entry's or the placement's id.
    pub id: String,
    /// Counts its changes.
    pub version: i64,
    /// Where it is to go; any name, of which five are channels.
    pub channel: String,
    /// The account it names itself, as placements do.
    pub account_id: Option<String>,
    /// Its format.
    pub format: PublishFormat,
    /// A headline.
    pub title: String,
    /// The text.
    pub caption: String,
    /// Tags, each with its `#`, in order.
    pub hashtags: Vec<String>,
    /// Pictures and videos, in order.
    pub media: Vec<Medium>,
    /// When it is due by its calendar or week.
    pub scheduled_at: DateTime<Utc>,
    /// The run that last wrote it, if one did.
    pub run_id: Option<RunId>,
    /// Its calendar; a placement has none.
    pub calendar_id: Option<CalendarId>,
}

impl Entry {
    /// A saved entry of a calendar.
    pub fn of_calendar(calendar: CalendarId, run: Option<RunId>, entry: &calendar::Entry) -> Self {
        let content = &entry.content;
        Self {
            id: entry.id.to_string(),
            version: entry.version,
            channel: content.channel.as_str().to_owned(),
            account_id: None,
            format: PublishFormat::of(&content.format),
            title: content.title.clone(),
            caption: content.caption.clone(),
            hashtags: content.hashtags.clone(),
            media: content.media.clone(),
            scheduled_at: content.scheduled_at(),
            run_id: run,
            calendar_id: Some(calendar),
        }
    }

    /// A placement of an organic week; `media` are its matched assets that have an address, in order.
    pub fn of_placement(placement: &Placement, version: i64, run: Option<RunId>, media: Vec<Medium>) -> Self {
        Self {
            id: placement.placement_id.to_string(),
            version,
            channel: placement.platform.name.to_string(),
            account_id: placement.platform.account_id.as_ref().map(ToString::to_string),
            format: PublishFormat::of(placement.content.kind.as_str()),
            title: placement.content.title_topic.clone(),
            caption: placement.copy.caption.clone(),
            hashtags: placement.copy.hashtags.all().map(str::to_owned).collect(),
            media,
            scheduled_at: placement.schedule.scheduled_at.at(),
            run_id: run,
            calendar_id: None,
        }
    }
}

/// Why an entry cannot be published as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// For a program.
    pub code: Code,
    /// For a person.
    pub message: String,
    /// The field of the entry, or the option, that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'static str>,
    /// The channel's limit that was passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

impl Problem {
    /// A problem of a field.
    pub fn new(code: Code, field: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: Some(field), limit: None }
    }

    /// The same problem, with the limit that was passed.
    #[must_use]
    pub const fn with_limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }
}

/// What a person should know about a post that can be published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// For a program.
    pub code: Code,
    /// For a person.
    pub message: String,
    /// The field that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'static str>,
}

impl Warning {
    /// A warning about a field.
    pub fn new(code: Code, field: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: Some(field) }
    }
}

#[cfg(test)]
mod tests;
