//! Publishing: how intents and dry runs end, calls of the channels, and missing credentials.
//! Called by the worker's publishing job and channel client, and by the API where a publish request is refused or
//! computed. The alerts in `deploy/alerts/` count these families; what is a failure for them is decided here only.

use chrono::{DateTime, Utc};
use prometheus_client::{
    metrics::histogram::Histogram,
    registry::{Registry, Unit},
};

use super::{Counters, Gauges, Histograms, Metrics, labels, register, register_seconds};
use crate::platform::error::Code;

/// Channels that have samples from the start.
pub const CHANNELS: [&str; 5] = ["instagram", "tiktok", "linkedin", "facebook", "youtube"];

/// How an intent ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntentEnd {
    /// The channel confirmed the post.
    Published,
    /// Nothing was published.
    Failed,
    /// Only a person can find out.
    NeedsReview,
    /// Ended by request, or its entry was deleted.
    Cancelled,
}

/// Codes about credentials and configuration of a channel, and the reasons that they are counted as.
const AUTH_CODES: [(Code, &str); 3] = [
    (Code::ChannelAuthMissing, "missing"),
    (Code::ChannelNotConfigured, "not_configured"),
    (Code::ChannelAuthInvalid, "invalid"),
];

/// Why an intent ended as it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    None,
    Provider,
    AuthInvalid,
    Unanswered,
    AuthMissing,
    Validation,
    Stale,
    SwitchedOff,
    Internal,
    EntryDeleted,
    Request,
}

/// How the codes begin that our own rules give to texts, media and options of an entry.
const OF_CONTENT: [&str; 4] = ["TEXT_", "MEDIA_", "OPTION_", "TOO_MANY_"];

/// Every pair that occurs.
const ENDS: [(IntentEnd, Cause); 11] = [
    (IntentEnd::Published, Cause::None),
    (IntentEnd::Failed, Cause::Provider),
    (IntentEnd::Failed, Cause::AuthInvalid),
    (IntentEnd::Failed, Cause::AuthMissing),
    (IntentEnd::Failed, Cause::Validation),
    (IntentEnd::Failed, Cause::Stale),
    (IntentEnd::Failed, Cause::SwitchedOff),
    (IntentEnd::Failed, Cause::Internal),
    (IntentEnd::NeedsReview, Cause::Unanswered),
    (IntentEnd::Cancelled, Cause::EntryDeleted),
    (IntentEnd::Cancelled, Cause::Request),
];

impl IntentEnd {
    /// The spelling of the label `outcome`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Failed => "failed",
            Self::NeedsReview => "needs_review",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Cause {
    /// The cause that an end's code shows. A code that is not listed is one of the channel's.
    fn of(end: IntentEnd, code: Option<Code>) -> Self {
        match (end, code) {
            (IntentEnd::Published, _) => Self::None,
            (IntentEnd::NeedsReview, _) => Self::Unanswered,
            (IntentEnd::Cancelled, Some(Code::EntryDeleted)) => Self::EntryDeleted,
            (IntentEnd::Cancelled, _) => Self::Request,
            (IntentEnd::Failed, None) => Self::Internal,
            (IntentEnd::Failed, Some(code)) => Self::of_failure(code),
        }
    }

    fn of_failure(code: Code) -> Self {
        match code {
            Code::ChannelAuthInvalid => Self::AuthInvalid,
            Code::ChannelAuthMissing | Code::ChannelNotConfigured => Self::AuthMissing,
            Code::PlanStale => Self::Stale,
            Code::ServiceDisabled => Self::SwitchedOff,
            Code::Internal | Code::Poison | Code::Timeout | Code::QueueTimeout | Code::Unavailable => Self::Internal,
            Code::ValidationFailed
            | Code::InThePast
            | Code::AccountAmbiguous
            | Code::RuleRefused
            | Code::ChannelUnsupported
            | Code::FormatUnsupported => Self::Validation,
            _ if OF_CONTENT.iter().any(|content| code.as_str().starts_with(content)) => Self::Validation,
            _ => Self::Provider,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Provider => "provider",
            Self::AuthInvalid => "auth_invalid",
            Self::Unanswered => "unanswered",
            Self::AuthMissing => "auth_missing",
            Self::Validation => "validation",
            Self::Stale => "stale",
            Self::SwitchedOff => "switched_off",
            Self::Internal => "internal",
            Self::EntryDeleted => "entry_deleted",
            Self::Request => "request",
        }
    }

    /// Whether the alerts count it: the channel refused the post or its credentials, or did not answer. What a person
    /// or an operator can correct here, or did here, is no failure.
    const fn is_failure(self) -> bool {
        matches!(self, Self::Provider | Self::AuthInvalid | Self::Unanswered)
    }
}

#[derive(Debug)]
pub(super) struct Publishing {
    ended: Counters<3>,
    failures: Counters<2>,
    last_failure: Gauges<1>,
    waiting: Gauges<2>,
    dry_runs: Counters<2>,
    calls: Counters<3>,
    call_seconds: Histograms<1>,
    auth_missing: Counters<2>,
}

impl Publishing {
    pub fn register(registry: &mut Registry) -> Self {
        let last_failure = Gauges::default();
        let help = "When an intent last ended as one of publish_failures, as Unix time; absent before the first";
        registry.register_with_unit("publish_last_failure_timestamp", help, Unit::Seconds, last_failure.clone());
        let metrics = Self {
            last_failure,
            ended: register(registry, "publish_intents_ended", "Intents that ended, by outcome and cause"),
            failures: register(
                registry,
                "publish_failures",
                "Intents that the channel refused or did not answer: what the alerts count",
            ),
            waiting: register(registry, "publish_waiting", "Intents that have not ended, by status"),
            dry_runs: register(registry, "publish_dry_runs", "Entries of dry runs, by what would become of them"),
            calls: register(registry, "channel_calls", "Steps of posts at channels, by the class of their outcome"),
            call_seconds: register_seconds(registry, "channel_call", "Time of a step of a post at its channel", || {
                Histogram::new([0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 60.0])
            }),
            auth_missing: register(
                registry,
                "channel_auth_missing",
                "Publish requests and intents without usable credentials or configuration of their channel",
            ),
        };
        metrics.show_zeros();
        metrics
    }

    /// A rate needs a first sample, also of what has not happened yet.
    fn show_zeros(&self) {
        for channel in CHANNELS {
            for (end, cause) in ENDS {
                let (outcome, cause_word) = (end.as_str(), cause.as_str());
                let _ = self.ended.get_or_create(&labels([
                    ("channel", channel),
                    ("outcome", outcome),
                    ("cause", cause_word),
                ]));
                if cause.is_failure() {
                    let _ = self.failures.get_or_create(&labels([("channel", channel), ("cause", cause_word)]));
                }
            }
            for (_, reason) in AUTH_CODES {
                let _ = self.auth_missing.get_or_create(&labels([("channel", channel), ("reason", reason)]));
            }
            for outcome in ["ready", "failed"] {
                let _ = self.dry_runs.get_or_create(&labels([("channel", channel), ("outcome", outcome)]));
            }
        }
    }
}

impl Metrics {
    /// An intent ended at this time; `code` as in its `error`. Counted once per end, by the process that ended it. An
    /// intent that a person resolves has been counted when it became `needs_review`.
    pub fn intent_ended(&self, channel: &str, end: IntentEnd, code: Option<Code>, at: DateTime<Utc>) {
        let cause = Cause::of(end, code);
        let of = labels([("channel", channel), ("outcome", end.as_str()), ("cause", cause.as_str())]);
        self.publishing.ended.get_or_create(&of).inc();
        if cause.is_failure() {
            let of = labels([("channel", channel), ("cause", cause.as_str())]);
            self.publishing.failures.get_or_create(&of).inc();
            self.publishing.last_failure.get_or_create(&labels([("channel", channel)])).set(at.timestamp());
        }
        if let Some(code) = code {
            self.channel_auth_missing(channel, code);
        }
    }

    /// How many intents of a channel have this status, which is not final; as Postgres has them.
    pub fn publish_waiting(&self, channel: &str, status: &str, intents: i64) {
        self.publishing.waiting.get_or_create(&labels([("channel", channel), ("status", status)])).set(intents);
    }

    /// A dry run computed the requests of an entry, or (`ready` is false) why it cannot be published.
    pub fn publish_dry_run(&self, channel: &str, ready: bool) {
        let outcome = if ready { "ready" } else { "failed" };
        self.publishing.dry_runs.get_or_create(&labels([("channel", channel), ("outcome", outcome)])).inc();
    }

    /// A step of a post at its channel ended. `step` is such as `publish`; `class` is `ok` or the class of its error,
    /// such as `rate_limited`.
    pub fn channel_call(&self, channel: &str, step: &'static str, class: &'static str, seconds: f64) {
        let of = labels([("channel", channel), ("step", step), ("class", class)]);
        self.publishing.calls.get_or_create(&of).inc();
        self.publishing.call_seconds.get_or_create(&labels([("channel", channel)])).observe(seconds);
    }

    /// A publish request was refused for a channel with this code; counted if that is about the channel's credentials
    /// or configuration. Called once per refused channel; ends of intents are counted by [`Metrics::intent_ended`].
    pub fn channel_auth_missing(&self, channel: &str, code: Code) {
        if let Some((_, reason)) = AUTH_CODES.iter().find(|(known, _)| *known == code) {
            self.publishing.auth_missing.get_or_create(&labels([("channel", channel), ("reason", reason)])).inc();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ends, their codes, and the cause that each of them shows.
    #[test]
    fn the_cause_of_an_end_is_read_from_its_code() {
        use IntentEnd::{Cancelled, Failed, NeedsReview, Published};
        for (end, code, cause, is_failure) in [
            (Published, None, "none", false),
            (NeedsReview, None, "unanswered", true),
            (NeedsReview, Some(Code::Poison), "unanswered", true),
            (Failed, Some(Code::ProviderError), "provider", true),
            (Failed, Some(Code::ProviderRateLimited), "provider", true),
            (Failed, Some(Code::ChannelAuthInvalid), "auth_invalid", true),
            (Failed, Some(Code::ChannelAuthMissing), "auth_missing", false),
            (Failed, Some(Code::MediaType), "validation", false),
            (Failed, Some(Code::TextTooLong), "validation", false),
            (Failed, Some(Code::TooManyHashtags), "validation", false),
            (Failed, Some(Code::FormatUnsupported), "validation", false),
            (Failed, Some(Code::PlanStale), "stale", false),
            (Failed, Some(Code::ServiceDisabled), "switched_off", false),
            (Failed, Some(Code::Poison), "internal", false),
            (Failed, None, "internal", false),
            (Cancelled, Some(Code::EntryDeleted), "entry_deleted", false),
            (Cancelled, Some(Code::Cancelled), "request", false),
            (Cancelled, None, "request", false),
        ] {
            let found = Cause::of(end, code);
            assert_eq!((found.as_str(), found.is_failure()), (cause, is_failure), "{end:?} {code:?}");
            assert!(ENDS.contains(&(end, found)), "{end:?} {found:?} has no first sample");
        }
    }
}
