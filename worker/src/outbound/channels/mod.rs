//! Publishing on a channel: the trait that each vendor's adapter implements, and what it says about a request whose
//! answer may be missing. Called by the publishing job, which stores every state; an adapter stores nothing.
//! A publishing request is sent once and never repeated here: no vendor has an idempotency key.

use std::{fmt, time::Duration};

use almanac_shared::{
    platform::error::Code,
    publishing::{Account, Entry, Options, Problem, credentials::Tokens, render::Known},
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::send_budget::SendBudget;

pub mod adapters;
mod answer;
mod classify;
pub mod client;
mod counted;
pub mod facebook;
mod graph;
mod ids;
pub mod instagram;
pub mod linkedin;
mod oauth;
mod polls;
mod post;
mod pressure;
#[cfg(test)]
pub(crate) mod samples;
pub mod sandbox;
pub mod tiktok;
mod upload;
#[cfg(test)]
pub(crate) mod vendor;
pub mod youtube;

/// What an adapter needs of an intent.
#[derive(Clone, Copy)]
pub struct Delivery<'a> {
    /// What is published.
    pub entry: &'a Entry,
    /// Where.
    pub account: &'a Account,
    /// Its options, completed by the account's settings.
    pub options: &'a Options,
    /// The account's tokens.
    pub tokens: &'a Tokens,
    /// The vendor's host, without a slash at its end.
    pub base_url: &'a str,
}

/// Where handles are stored before the next step uses them.
#[async_trait]
pub trait Handles: Send + Sync {
    /// Stores everything that is known.
    async fn keep(&self, known: &Known) -> Result<(), anyhow::Error>;

    /// Stores the quota of the account as its vendor reported it: `used`, `total` and `seconds`, for its owner to see.
    async fn keep_quota(&self, quota: &Value) -> Result<(), anyhow::Error>;
}

/// A channel behind its vendor's API.
#[async_trait]
pub trait Channel: Send + Sync {
    /// Everything before the request that publishes. `known` holds what earlier attempts learned and is extended.
    async fn prepare(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        handles: &dyn Handles,
    ) -> Result<Prepared, ChannelError>;

    /// Whether the next step reads media, whose hosts may be slow.
    fn reads_media(&self, entry: &Entry, _known: &Known) -> bool {
        !entry.media.is_empty()
    }

    /// The one request that publishes.
    async fn publish(&self, delivery: &Delivery<'_>, known: &Known, budget: SendBudget) -> Sent;

    /// Whether a request whose answer is missing published the post, or how far the vendor is with one that it has
    /// accepted. What `known` then holds is kept if the post is absent or pending: handles that are of no more use are taken
    /// out of it before the post is prepared again.
    async fn look_up(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        window: &LookUpWindow,
    ) -> Result<LookUp, ChannelError>;

    /// What the vendor is asked by for the address of a post that it has published without one; `None` if it will never tell.
    fn address_handle(&self, _delivery: &Delivery<'_>, _known: &Known) -> Option<Known> {
        None
    }

    /// The address of a published post, if the vendor tells it by now. Takes what [`Self::address_handle`] gave.
    async fn address(&self, _delivery: &Delivery<'_>, _handle: &Known) -> Result<Option<String>, ChannelError> {
        Ok(None)
    }

    /// When access tokens are exchanged.
    fn renewal(&self) -> Renewal {
        Renewal::BY_REFRESH_TOKEN
    }

    /// New tokens in the place of these; `None`: the channel or this account has no refresh.
    async fn refresh(&self, tokens: &Tokens) -> Result<Option<Refreshed>, ChannelError>;
}

/// How far a post is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prepared {
    /// It can be published.
    Ready,
    /// The vendor is still working; ask again after this pause.
    Wait(Duration),
}

/// What became of the request that publishes.
#[derive(Clone, Debug, PartialEq)]
pub enum Sent {
    /// The vendor confirmed it.
    Confirmed(Posted),
    /// The vendor has everything and makes the post; the look-up tells how that ends.
    Accepted {
        /// What shows it.
        proof: Value,
        /// What is known from now on: the handle by which the vendor is asked.
        known: Known,
        /// Until the vendor is asked how far it is.
        pause: Duration,
    },
    /// It was certainly not executed: no byte of its body left, or the vendor documents that it did nothing.
    NotSent {
        /// Why.
        error: ChannelError,
        /// What shows it.
        proof: Value,
    },
    /// The vendor refused it: nothing was published.
    Rejected {
        /// Why.
        error: ChannelError,
        /// What shows it.
        proof: Value,
    },
    /// It may or may not have been published.
    Unknown {
        /// What is known.
        why: Value,
    },
}

/// A post that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// The vendor's id; a text, because such numbers pass 2^53.
    pub external_id: String,
    /// Its address, if the vendor told it.
    pub external_url: Option<String>,
    /// Status and ids of the vendor's answer.
    pub proof: Value,
}

/// What a look-up found.
#[derive(Clone, Debug, PartialEq)]
pub enum LookUp {
    /// The post.
    Found(Posted),
    /// The post does not exist.
    Absent {
        /// What was listed.
        proof: Value,
    },
    /// The vendor is still making the post; ask again after this pause.
    Pending(Duration),
    /// The vendor refused the post after it had accepted it: nothing was published.
    Refused {
        /// Why.
        error: ChannelError,
        /// What shows it.
        proof: Value,
    },
    /// The vendor does not tell.
    Impossible {
        /// A sentence for the person who has to look.
        why: String,
    },
}

/// When a post can have appeared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookUpWindow {
    /// The first byte left at the earliest.
    pub from: DateTime<Utc>,
    /// The request ended at the latest.
    pub until: DateTime<Utc>,
    /// External ids of other intents' posts.
    pub taken: Vec<String>,
}

impl LookUpWindow {
    /// By how much the vendor's clock and ours may differ.
    const CLOCK_SKEW: chrono::TimeDelta = chrono::TimeDelta::seconds(60);

    /// Where a list of posts has to reach back to.
    fn earliest(&self) -> DateTime<Utc> {
        self.from - Self::CLOCK_SKEW
    }

    fn contains(&self, at: DateTime<Utc>) -> bool {
        self.earliest() <= at && at <= self.until + Self::CLOCK_SKEW
    }

    fn is_taken(&self, id: &str) -> bool {
        self.taken.iter().any(|taken| taken == id)
    }
}

/// When the access tokens of a channel are exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// How long before they expire.
    pub before: Duration,
    /// Whether the access token itself is exchanged, and not a refresh token. One that has expired cannot be.
    pub by_access_token: bool,
}

impl Renewal {
    /// By a refresh token, when the access token would not outlive an attempt.
    pub const BY_REFRESH_TOKEN: Self = Self { before: Duration::from_secs(60), by_access_token: false };

    /// Whether a token that lives for so long is exchanged now.
    pub fn is_due(self, left: Duration, has_refresh: bool) -> bool {
        let can_be = if self.by_access_token { !left.is_zero() } else { has_refresh };
        can_be && left < self.before
    }
}

/// Tokens in the place of others.
#[derive(Clone, Debug)]
pub struct Refreshed {
    /// The new tokens. The refresh token is the old one if the vendor gave no other.
    pub tokens: Tokens,
    /// How long the access token lives.
    pub expires_in: Option<Duration>,
    /// How long the refresh token lives.
    pub refresh_expires_in: Option<Duration>,
}

/// Why a step failed.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelError {
    /// What can be done about it.
    pub class: ErrorClass,
    /// For a program.
    pub code: Code,
    /// For a person.
    pub message: String,
    /// What the vendor said: `provider_status`, `provider_code`, `request_id`, `excerpt`, `existing_id`.
    pub context: Map<String, Value>,
    /// How long the vendor asks to wait.
    pub retry_after: Option<Duration>,
}

impl ChannelError {
    /// An error without a vendor's answer.
    pub fn new(class: ErrorClass, code: Code, message: impl Into<String>) -> Self {
        Self { class, code, message: message.into(), context: Map::new(), retry_after: None }
    }

    /// The same error after a pause.
    #[must_use]
    pub const fn after(mut self, pause: Duration) -> Self {
        self.retry_after = Some(pause);
        self
    }
}

impl fmt::Display for ChannelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for ChannelError {}

impl ChannelError {
    /// Whether the same request may succeed later without being changed.
    pub const fn may_pass(&self) -> bool {
        matches!(
            self.class,
            ErrorClass::RateLimited | ErrorClass::Quota | ErrorClass::Transient | ErrorClass::Ambiguous
        )
    }
}

impl From<Problem> for ChannelError {
    fn from(problem: Problem) -> Self {
        let mut error = Self::new(ErrorClass::Validation, problem.code, problem.message);
        error.context.extend(problem.field.map(|field| ("field".to_owned(), field.into())));
        error.context.extend(problem.limit.map(|limit| ("limit".to_owned(), limit.into())));
        error
    }
}

/// What can be done about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// The tokens: refresh them once, then the account has to be connected again.
    Auth,
    /// A permission is missing.
    Permission,
    /// The post itself; repeating it cannot help.
    Validation,
    /// Too many calls; later.
    RateLimited,
    /// The day's posts are used up; later.
    Quota,
    /// It may pass by itself; reads and uploads may be repeated.
    Transient,
    /// The vendor's rules forbid it.
    Policy,
    /// A write whose outcome is not known.
    Ambiguous,
}
