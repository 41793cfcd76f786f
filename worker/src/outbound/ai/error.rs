//! Why a call of a model failed, in words the retry loop, the breaker, the ledger and the user can each act on.
//! Made by the adapters; read by the job that called.
//! Its `Display` goes into logs, so it never holds text of a provider, a prompt or a user: that is in `excerpt` alone.

use std::{fmt, time::Duration};

use almanac_shared::{platform::error::Code, wire_enum};
use serde_json::{Value, json};

use super::{AiUsage, Excerpt, Word};

wire_enum! {
    /// What went wrong with a call.
    pub enum AiErrorKind {
        /// No connection: refused, no such host, no TLS. Nothing was sent.
        Connect = "connect",
        /// The connection broke before the response's head.
        Reset = "reset",
        /// The call's deadline passed.
        Timeout = "timeout",
        /// After the first content nothing was received for the request's `idle`.
        Idle = "idle",
        /// 429.
        RateLimited = "rate_limited",
        /// The provider refused our key: 401, or 403 for missing permission.
        Auth = "auth",
        /// The account is out of credit.
        Quota = "quota",
        /// The provider refused the request itself, and would again.
        Rejected = "rejected",
        /// The provider refused the content.
        Policy = "policy",
        /// The provider failed before its answer began: 5xx, 408.
        Transient = "transient",
        /// An error inside an answer that had begun with 200.
        InStream = "in_stream",
        /// The stream ended before the answer did.
        Truncated = "truncated",
        /// The answer passed its size limit.
        TooLarge = "too_large",
        /// The answer held no usable item.
        InvalidOutput = "invalid_output",
        /// The answer held nothing at all.
        EmptyOutput = "empty_output",
        /// The caller's stop signal.
        Cancelled = "cancelled",
        /// The circuit is open; nothing was sent.
        BreakerOpen = "breaker_open",
        /// The calls this job may make, or the process's retries, are used up; nothing was sent.
        BudgetSpent = "budget_spent",
    }
}

/// One failed call. What was emitted before it stays valid.
#[derive(Clone, Debug)]
pub struct AiError {
    /// What went wrong.
    pub kind: AiErrorKind,
    /// The provider's HTTP status, or the number its in-stream error carried.
    pub status: Option<u16>,
    /// How long the provider asked us to wait.
    pub retry_after: Option<Duration>,
    /// The provider's own name for the call.
    pub provider_ref: Option<Word>,
    /// What the provider said. For the user's `error` object; never for a log.
    pub excerpt: Option<Excerpt>,
    /// From the start of the call to the failure.
    pub elapsed: Duration,
    /// What was counted until then.
    pub usage: Option<Box<AiUsage>>,
    /// Whether any of the answer had come.
    pub began: bool,
}

impl AiError {
    /// An error of which only the kind is known yet.
    pub fn new(kind: AiErrorKind) -> Self {
        Self {
            kind,
            status: None,
            retry_after: None,
            provider_ref: None,
            excerpt: None,
            elapsed: Duration::ZERO,
            usage: None,
            began: false,
        }
    }

    /// Whether the same call may be made again at once, inside this attempt: only where the answer had not begun
    /// (connection, 429, 5xx).
    pub fn retryable_at_once(&self) -> bool {
        use AiErrorKind as Kind;
        matches!(self.kind, Kind::Connect | Kind::Reset | Kind::RateLimited | Kind::Transient)
    }

    /// Whether another call, now or in a later attempt, could succeed where this one failed. Refusals of key, credit,
    /// request or content, and oversized answers, come back the same.
    pub fn retryable(&self) -> bool {
        use AiErrorKind as Kind;
        match self.kind {
            Kind::Auth | Kind::Quota | Kind::Rejected | Kind::Policy | Kind::TooLarge => false,
            Kind::Cancelled | Kind::BudgetSpent => false,
            Kind::Connect | Kind::Reset | Kind::Timeout | Kind::Idle | Kind::RateLimited | Kind::Transient => true,
            Kind::InStream | Kind::Truncated | Kind::InvalidOutput | Kind::EmptyOutput | Kind::BreakerOpen => true,
        }
    }

    /// Whether the failure says that the provider cannot serve now, so that it counts for the circuit breaker. A refused
    /// request or a poor answer says nothing about the next one.
    pub fn is_outage(&self) -> bool {
        use AiErrorKind as Kind;
        match self.kind {
            Kind::Connect | Kind::Reset | Kind::Timeout | Kind::Idle | Kind::RateLimited | Kind::Transient => true,
            Kind::InStream | Kind::Truncated | Kind::Auth | Kind::Quota => true,
            Kind::Rejected | Kind::Policy | Kind::TooLarge | Kind::InvalidOutput | Kind::EmptyOutput => false,
            Kind::Cancelled | Kind::BreakerOpen | Kind::BudgetSpent => false,
        }
    }

    /// The code on the wire.
    pub fn code(&self) -> Code {
        use AiErrorKind as Kind;
        match self.kind {
            Kind::Timeout | Kind::Idle => Code::ProviderTimeout,
            Kind::Transient if matches!(self.status, Some(408 | 504 | 524)) => Code::ProviderTimeout,
            Kind::RateLimited => Code::ProviderRateLimited,
            Kind::Auth | Kind::Quota => Code::ProviderAuth,
            Kind::Rejected | Kind::Policy => Code::ProviderRejected,
            Kind::Connect | Kind::Reset | Kind::Transient | Kind::InStream => Code::ProviderError,
            Kind::Truncated => Code::ProviderTruncated,
            Kind::TooLarge => Code::OutputTooLarge,
            Kind::InvalidOutput => Code::InvalidOutput,
            Kind::EmptyOutput => Code::EmptyOutput,
            Kind::Cancelled => Code::Cancelled,
            Kind::BreakerOpen | Kind::BudgetSpent => Code::ProviderUnavailable,
        }
    }

    /// The `error` object of a job: provider status, excerpt, request id, timing; snake_case.
    pub fn detail(&self) -> Value {
        json!({
            "code": self.code(),
            "reason": self.kind.as_str(),
            "retryable": self.retryable(),
            "provider_status": self.status,
            "request_id": self.provider_ref,
            "excerpt": self.excerpt,
            "latency_ms": u64::try_from(self.elapsed.as_millis()).unwrap_or(u64::MAX),
            "retry_after_seconds": self.retry_after.map(|wait| wait.as_secs()),
        })
    }
}

impl fmt::Display for AiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "model call failed: {}", self.kind)?;
        self.status.map_or(Ok(()), |status| write!(f, ", provider status {status}"))
    }
}

impl std::error::Error for AiError {}

impl From<AiErrorKind> for AiError {
    fn from(kind: AiErrorKind) -> Self {
        Self::new(kind)
    }
}
