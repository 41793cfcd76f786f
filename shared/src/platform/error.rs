//! The refusals every part of Almanac can meet, and the codes that name them on the wire.
//! Stores and services return them; `api/src/http/error.rs` alone turns them into HTTP. No status code stands here.

use crate::{
    platform::{
        db::is_gone,
        id::{JobId, PublishPlanId},
    },
    values::wire_enum::wire_enum,
};

wire_enum! {
    /// A machine-readable reason: `UPPER_SNAKE` in answers, events and `error` columns.
    pub enum Code {
        /// The request does not match the declared schema (400).
        ValidationFailed = "VALIDATION_FAILED",
        /// The body is not JSON (400).
        MalformedJson = "MALFORMED_JSON",
        /// The body is not UTF-8 or holds a NUL character (400).
        MalformedText = "MALFORMED_TEXT",
        /// No token, or one that does not verify (401).
        Unauthenticated = "UNAUTHENTICATED",
        /// Known, but not allowed (403).
        Forbidden = "FORBIDDEN",
        /// A cookie session's unsafe request without `X-Requested-With: XMLHttpRequest` (403).
        CsrfRequired = "CSRF_REQUIRED",
        /// The credentials are not those of the user in `X-Expected-User` (403).
        OtherUser = "OTHER_USER",
        /// Missing, or not the caller's: one answer for both (404).
        NotFound = "NOT_FOUND",
        /// The path exists, the method does not (405).
        MethodNotAllowed = "METHOD_NOT_ALLOWED",
        /// `Accept` names nothing this route can make (406).
        NotAcceptable = "NOT_ACCEPTABLE",
        /// The body did not arrive within 30 s (408).
        BodyTimeout = "BODY_TIMEOUT",
        /// A job with the same exclusive key is still active (409).
        ActiveGeneration = "ACTIVE_GENERATION",
        /// A twin with the same idempotency key is still being accepted (409).
        IdempotencyInProgress = "IDEMPOTENCY_IN_PROGRESS",
        /// The job has not ended yet (409).
        Unfinished = "UNFINISHED",
        /// An intent has no receipt yet, because it has not ended (404).
        NotFinal = "NOT_FINAL",
        /// An intent ended before anything was sent, so it has no receipt (404).
        NoReceipt = "NO_RECEIPT",
        /// The plan is another one than the person saw (409); also an intent whose entry changed after that (row only).
        PlanStale = "PLAN_STALE",
        /// The entry has a live intent for the account (409 if all have one).
        AlreadyPublished = "ALREADY_PUBLISHED",
        /// The thing has reached its final state (409).
        AlreadyFinal = "ALREADY_FINAL",
        /// The caller has a thing of this id already (409).
        AlreadyExists = "ALREADY_EXISTS",
        /// A stream position beyond the log's end (409).
        SeqAhead = "SEQ_AHEAD",
        /// `If-Match` does not name the current version (412).
        PreconditionFailed = "PRECONDITION_FAILED",
        /// The body is over the limit (413).
        BodyTooLarge = "BODY_TOO_LARGE",
        /// A content type the route does not read (415).
        UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE",
        /// The model is not in the operator's list (422).
        ModelNotAllowed = "MODEL_NOT_ALLOWED",
        /// The idempotency key was used with another body (422).
        IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED",
        /// The range ends before it starts (422).
        EndBeforeStart = "END_BEFORE_START",
        /// No IANA zone has this name (422).
        UnknownTimeZone = "UNKNOWN_TIME_ZONE",
        /// The range holds more slots than one run may fill (422).
        RangeTooLarge = "RANGE_TOO_LARGE",
        /// The constraints skip every date of the range (422).
        NoSlots = "NO_SLOTS",
        /// A week that does not start on a Monday (422).
        NotAMonday = "NOT_A_MONDAY",
        /// A day that is not in the week (422).
        DayOutsideWeek = "DAY_OUTSIDE_WEEK",
        /// The day and the local date of the time are two (422).
        DayMismatch = "DAY_MISMATCH",
        /// A newsletter without a day, and no preset that gives it one (422).
        NewsletterDayMissing = "NEWSLETTER_DAY_MISSING",
        /// Nothing is placed and no preset is asked for (422).
        NoPlacements = "NO_PLACEMENTS",
        /// The theme has no synthesis yet (422).
        NoSynthesis = "NO_SYNTHESIS",
        /// The token names no e-mail address (422).
        NoEmail = "NO_EMAIL",
        /// Not a day of the week (422).
        InvalidDay = "INVALID_DAY",
        /// Not a time of day (422).
        InvalidTime = "INVALID_TIME",
        /// A time zone without a local time, or a local time without a time zone (422).
        LocalTimeIncomplete = "LOCAL_TIME_INCOMPLETE",
        /// Not an e-mail address (422).
        InvalidEmail = "INVALID_EMAIL",
        /// More recipients than a schedule may have (422).
        TooManyEmails = "TOO_MANY_EMAILS",
        /// A catch-up window outside its range (422).
        InvalidCatchUp = "INVALID_CATCH_UP",
        /// A time to publish that has passed (422).
        InThePast = "IN_THE_PAST",
        /// Several accounts of the channel are stored, and none is named (422).
        AccountAmbiguous = "ACCOUNT_AMBIGUOUS",
        /// No usable credentials are stored for a chosen account (422).
        ChannelAuthMissing = "CHANNEL_AUTH_MISSING",
        /// The operator has not set the channel up (422).
        ChannelNotConfigured = "CHANNEL_NOT_CONFIGURED",
        /// Nothing that could be published is left of the choice (422).
        NothingToPublish = "NOTHING_TO_PUBLISH",
        /// A required option that the request and the account leave open (422).
        OptionRequired = "OPTION_REQUIRED",
        /// A well-formed request that a rule refuses (422).
        RuleRefused = "RULE_REFUSED",
        /// Too much accepted work in the window (429).
        RateLimited = "RATE_LIMITED",
        /// Too many open streams of one user in one API process (429).
        StreamLimit = "STREAM_LIMIT",
        /// The provider's circuit is open (503).
        ProviderUnavailable = "PROVIDER_UNAVAILABLE",
        /// The store cannot be reached, or this process is draining (503).
        Unavailable = "UNAVAILABLE",
        /// Postgres cannot be reached, so a dry run knows no entries; a warning.
        StoreUnavailable = "STORE_UNAVAILABLE",
        /// Our fault; the log knows the cause (500).
        Internal = "INTERNAL",
        /// A token expired before its stream ended.
        AuthExpired = "auth_expired",
        /// Switched off by an operator before the work began.
        ServiceDisabled = "SERVICE_DISABLED",
        /// A job that killed its worker too often.
        Poison = "POISON",
        /// Not started within its `start_by`.
        QueueTimeout = "QUEUE_TIMEOUT",
        /// Ended by its own deadline.
        Timeout = "TIMEOUT",
        /// Ended by request.
        Cancelled = "CANCELLED",
        /// The model answered nothing usable.
        EmptyOutput = "EMPTY_OUTPUT",
        /// The model gave nothing for this slot, also when it was asked again.
        SlotUnfilled = "SLOT_UNFILLED",
        /// The model answered something that cannot be read.
        InvalidOutput = "INVALID_OUTPUT",
        /// A placement that names no account, on a platform for which the request names none.
        MissingAccount = "MISSING_ACCOUNT",
        /// The placement's trend is missing or foreign.
        TrendNotFound = "TREND_NOT_FOUND",
        /// The owner of the placement's account took the connection away.
        AccountDisconnected = "ACCOUNT_DISCONNECTED",
        /// The platform no longer takes the account's credentials.
        AuthFailed = "AUTH_FAILED",
        /// No time of the week is free on the placement's account.
        NoFreeSlot = "NO_FREE_SLOT",
        /// The model's answer passed the size limit.
        OutputTooLarge = "OUTPUT_TOO_LARGE",
        /// An item that repeats the system prompt; it was cut.
        PromptEcho = "PROMPT_ECHO",
        /// With calls that restarts of workers cut, as many calls were made as one step may have.
        CallLimit = "CALL_LIMIT",
        /// The provider did not answer in time.
        ProviderTimeout = "PROVIDER_TIMEOUT",
        /// The provider refused our key or our account.
        ProviderAuth = "PROVIDER_AUTH",
        /// The provider asked for fewer calls.
        ProviderRateLimited = "PROVIDER_RATE_LIMITED",
        /// The provider refused the request itself.
        ProviderRejected = "PROVIDER_REJECTED",
        /// The provider failed, before or inside its answer.
        ProviderError = "PROVIDER_ERROR",
        /// The provider's stream ended before its answer did.
        ProviderTruncated = "PROVIDER_TRUNCATED",
        /// An entry on a channel that is not published to.
        ChannelUnsupported = "CHANNEL_UNSUPPORTED",
        /// The channel refused the account's credentials.
        ChannelAuthInvalid = "CHANNEL_AUTH_INVALID",
        /// The channel refused the post itself.
        ChannelRejected = "CHANNEL_REJECTED",
        /// The account or the installation lacks a permission of the channel.
        ChannelPermission = "CHANNEL_PERMISSION",
        /// The channel blocked the post or the account by its own rules.
        ChannelPolicy = "CHANNEL_POLICY",
        /// The channel asked for fewer calls.
        ChannelRateLimited = "CHANNEL_RATE_LIMITED",
        /// The account's number of posts for the day is used up.
        ChannelQuota = "CHANNEL_QUOTA",
        /// The channel did not answer, or could not serve.
        ChannelUnavailable = "CHANNEL_UNAVAILABLE",
        /// The channel has a post with the same text already.
        DuplicatePost = "DUPLICATE_POST",
        /// The feeds of a theme have nothing that its latest synthesis did not have.
        NoNews = "NO_NEWS",
        /// None of a theme's feeds could be read.
        SourcesFailed = "SOURCES_FAILED",
        /// A synthesis took longer than it may.
        SynthesisTimeout = "SYNTHESIS_TIMEOUT",
        /// The e-mail provider refuses this installation: its key, its login or its sender.
        EmailNotConfigured = "EMAIL_NOT_CONFIGURED",
        /// The e-mail provider refused the mail or its recipient for good.
        EmailRejected = "EMAIL_REJECTED",
        /// The e-mail provider asked for fewer requests.
        EmailRateLimited = "EMAIL_RATE_LIMITED",
        /// The e-mail provider's number of mails is used up.
        EmailQuota = "EMAIL_QUOTA",
        /// The e-mail provider did not answer, or could not serve.
        EmailUnavailable = "EMAIL_UNAVAILABLE",
        /// A request that publishes has no answer, and only a person can find out what became of it.
        OutcomeUnknown = "OUTCOME_UNKNOWN",
        /// The entry was deleted before it was published.
        EntryDeleted = "ENTRY_DELETED",
        /// The channel has nothing of this format.
        FormatUnsupported = "FORMAT_UNSUPPORTED",
        /// An option that the channel does not take, alone or with another one.
        OptionInvalid = "OPTION_INVALID",
        /// An option that has no effect on this post; a warning.
        OptionIgnored = "OPTION_IGNORED",
        /// The format needs a picture or a video.
        MediaRequired = "MEDIA_REQUIRED",
        /// Too few or too many media.
        MediaCount = "MEDIA_COUNT",
        /// A picture where a video is needed, or the other way round.
        MediaType = "MEDIA_TYPE",
        /// An address that the channel cannot fetch from.
        MediaUrl = "MEDIA_URL",
        /// A medium that could not be fetched from its address.
        MediaUnreachable = "MEDIA_UNREACHABLE",
        /// A medium with more bytes than the channel takes.
        MediaTooLarge = "MEDIA_TOO_LARGE",
        /// A picture or video whose width, height or ratio the channel does not take.
        MediaDimensions = "MEDIA_DIMENSIONS",
        /// A video that is shorter or longer than the channel takes.
        MediaDuration = "MEDIA_DURATION",
        /// A medium that became another one while it was uploaded.
        MediaChanged = "MEDIA_CHANGED",
        /// Size and kind of the media are only known once they are fetched; a warning.
        MediaUnchecked = "MEDIA_UNCHECKED",
        /// A text over the channel's limit.
        TextTooLong = "TEXT_TOO_LONG",
        /// A text that the channel needs is empty.
        TextRequired = "TEXT_REQUIRED",
        /// A text with characters that the channel refuses.
        TextInvalid = "TEXT_INVALID",
        /// A text that the format does not show; a warning.
        TextIgnored = "TEXT_IGNORED",
        /// More hashtags than the channel takes.
        TooManyHashtags = "TOO_MANY_HASHTAGS",
        /// More mentions than the channel takes.
        TooManyMentions = "TOO_MANY_MENTIONS",
    }
}

/// Where a limit stands, for `RateLimit` headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitState {
    /// What is left in the window.
    pub remaining: u32,
    /// Seconds until the oldest counted request leaves the window.
    pub reset_seconds: u32,
}

/// The active job that a request conflicts with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveJob {
    /// The running job.
    pub id: JobId,
    /// Its kind on the wire, e.g. `calendar.generate`.
    pub kind: String,
}

/// Work that a request asks for, by the id that it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// A job.
    Job(JobId),
    /// A plan to publish, with a job for each of its intents.
    Plan(PublishPlanId),
}

/// One place where a request does not have the declared shape.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    /// The way there from the body: names and indexes.
    pub loc: Vec<serde_json::Value>,
    /// For a program, e.g. `too_long`.
    pub kind: &'static str,
    /// Readable text for the user.
    pub message: String,
}

/// Why a use-case was refused. Missing and not-yours are one variant.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Missing, or another user's.
    #[error("not found")]
    NotFound,
    /// Known, but not allowed: what exactly, by its place in the body.
    #[error("forbidden: {} places", .0.len())]
    Forbidden(Vec<FieldError>),
    /// A job with the same exclusive key is active.
    #[error("already running: {}", .0.id)]
    AlreadyRunning(ActiveJob),
    /// The idempotency key belongs to another body.
    #[error("idempotency key reused")]
    KeyReused,
    /// The key's first request has not ended yet.
    #[error("idempotency key in progress")]
    KeyInProgress,
    /// Over the limit.
    #[error("rate limited")]
    RateLimited(LimitState),
    /// The request does not have the declared shape; every flaw that was found.
    #[error("malformed: {} flaws", .0.len())]
    InvalidFields(Vec<FieldError>),
    /// Refused by a rule: its code, and a sentence for the user.
    #[error("{code}: {message}")]
    Rule {
        /// The rule's code.
        code: Code,
        /// The field it is about, as a JSON path from the body, e.g. `["model"]`.
        field: &'static str,
        /// Readable text for the user.
        message: String,
    },
    /// Refused by a rule, inside a list or an object: its code, place, and a sentence for the user.
    #[error("{0}: {message}", message = .1.message)]
    RuleAt(Code, FieldError),
    /// A rule said no in several places: its code, each place, and the publishing channel it is about.
    #[error("{code}: {} places", .flaws.len())]
    Rules {
        /// The rule's code.
        code: Code,
        /// The first channel that is refused.
        channel: Option<&'static str>,
        /// Each place; the first one's message is the answer's.
        flaws: Vec<FieldError>,
    },
    /// The job has not ended yet; only what has ended can be repeated.
    #[error("not final: {}", .0.id)]
    NotFinal(ActiveJob),
    /// It has changed since the version that was named.
    #[error("version mismatch: {current:?}")]
    VersionMismatch {
        /// Its version now; `None`: it is gone.
        current: Option<i64>,
    },
    /// The thing cannot change any more.
    #[error("already final")]
    AlreadyFinal,
    /// The caller has a thing of this id already.
    #[error("already exists")]
    AlreadyExists,
    /// The provider cannot be called now.
    #[error("provider unavailable")]
    ProviderUnavailable {
        /// Seconds after which trying again makes sense.
        retry_after: u32,
    },
    /// The store cannot be reached.
    #[error("store gone")]
    StoreGone(#[source] anyhow::Error),
    /// The store is there and could not do it now: a lock, a full pool, no answer in time.
    #[error("store unavailable")]
    StoreUnavailable(#[source] anyhow::Error),
    /// The commit was sent and not answered: only the store knows whether this work is accepted.
    #[error("unconfirmed: {work:?}")]
    Unconfirmed {
        /// The work.
        work: Work,
        /// Why there is no answer.
        #[source]
        cause: anyhow::Error,
    },
    /// Anything else; the cause is for the log only.
    #[error(transparent)]
    Unexpected(anyhow::Error),
}

impl Refusal {
    /// Maps a failed statement to a refusal of the request; `told` is for the log.
    pub(crate) fn of_store(error: &sqlx::Error, told: anyhow::Error) -> Self {
        if is_gone(error) {
            Self::StoreGone(told)
        } else if is_outage(error) {
            Self::StoreUnavailable(told)
        } else {
            Self::Unexpected(told)
        }
    }
}

impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        let store = |test: fn(&sqlx::Error) -> bool| {
            error.chain().filter_map(|cause| cause.downcast_ref::<sqlx::Error>()).any(test)
        };
        match (store(is_gone), store(is_outage)) {
            (true, _) => Self::StoreGone(error),
            (_, true) => Self::StoreUnavailable(error),
            _ => Self::Unexpected(error),
        }
    }
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        anyhow::Error::from(error).into()
    }
}

/// Whether a database error means that the store is unavailable, as opposed to a refused statement.
pub fn is_outage(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(db) => db.code().is_some_and(|code| may_pass(&code)),
        _ => false,
    }
}

/// Conditions of Postgres that pass by themselves: 57P01..03, it is shutting down or starting; 53xxx, out of room; 08xxx,
/// the connection broke; 57014 and 55P03, a statement or a lock took too long; 40xxx, two writes crossed; 25006, a server
/// that only reads, as one does that is about to take over; 25P03, this process was suspended within a transaction.
fn may_pass(code: &str) -> bool {
    let classes = ["57P", "53", "08", "40"];
    classes.iter().any(|class| code.starts_with(class)) || ["57014", "55P03", "25006", "25P03"].contains(&code)
}

#[cfg(test)]
mod tests {
    use super::may_pass;

    #[test]
    fn only_conditions_that_pass_by_themselves_are_an_outage() {
        for code in ["57P01", "57014", "53300", "08006", "40001", "40P01", "55P03", "25006", "25P03"] {
            assert!(may_pass(code), "{code}");
        }
        for code in ["23505", "42P01", "25P02", "22P05", "P0001"] {
            assert!(!may_pass(code), "{code}");
        }
    }
}
