//! The one table from refusals to HTTP: status, code, envelope and headers of everything that is not a success.
//! Handlers return [`ApiError`], and `middleware::boundary` renders it; nothing else writes a status code.
//! It must never show the cause of a 5xx to a client.
//!
//! To add a code: 1. a variant of `Code` in `almanac_shared::platform::error`, 2. its line in [`status`], 3. a constructor if
//! routes raise it themselves.

pub(crate) mod wire;

use std::{fmt, ops::Deref, sync::Arc};

use almanac_shared::platform::{
    error::{ActiveJob, Code, LimitState, Refusal, Work},
    id::JobId,
};
use poem::{
    Body, IntoResponse, Response,
    error::ResponseError,
    http::{HeaderValue, StatusCode, header},
};

pub use self::wire::{Active, Detail};

/// The status of a code. A code that only events and rows carry never becomes a status, and counts as our fault here.
pub const fn status(code: Code) -> StatusCode {
    match code {
        Code::ValidationFailed | Code::MalformedJson | Code::MalformedText => StatusCode::BAD_REQUEST,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::Forbidden | Code::CsrfRequired | Code::OtherUser => StatusCode::FORBIDDEN,
        Code::NotFound | Code::NotFinal | Code::NoReceipt => StatusCode::NOT_FOUND,
        Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Code::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
        Code::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
        Code::ActiveGeneration
        | Code::IdempotencyInProgress
        | Code::AlreadyExists
        | Code::AlreadyFinal
        | Code::AlreadyPublished
        | Code::PlanStale
        | Code::Unfinished
        | Code::SeqAhead => StatusCode::CONFLICT,
        Code::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        Code::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Code::ModelNotAllowed
        | Code::IdempotencyKeyReused
        | Code::EndBeforeStart
        | Code::UnknownTimeZone
        | Code::RangeTooLarge
        | Code::NoSlots
        | Code::NotAMonday
        | Code::DayOutsideWeek
        | Code::DayMismatch
        | Code::NewsletterDayMissing
        | Code::NoPlacements
        | Code::NoSynthesis
        | Code::NoEmail
        | Code::InvalidDay
        | Code::InvalidTime
        | Code::LocalTimeIncomplete
        | Code::InvalidEmail
        | Code::TooManyEmails
        | Code::InvalidCatchUp
        | Code::InThePast
        | Code::AccountAmbiguous
        | Code::ChannelAuthMissing
        | Code::ChannelNotConfigured
        | Code::NothingToPublish
        | Code::OptionRequired
        | Code::OptionInvalid
        | Code::FormatUnsupported
        | Code::MediaRequired
        | Code::MediaCount
        | Code::MediaType
        | Code::MediaUrl
        | Code::TextTooLong
        | Code::TextRequired
        | Code::TextInvalid
        | Code::TooManyHashtags
        | Code::TooManyMentions
        | Code::RuleRefused => StatusCode::UNPROCESSABLE_ENTITY,
        Code::ServiceDisabled => StatusCode::CONFLICT,
        Code::RateLimited | Code::StreamLimit => StatusCode::TOO_MANY_REQUESTS,
        Code::ProviderUnavailable | Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Whether the same request may succeed later without being changed.
const fn retryable(code: Code) -> bool {
    matches!(
        code,
        Code::BodyTimeout
            | Code::ActiveGeneration
            | Code::IdempotencyInProgress
            | Code::NotFinal
            | Code::Unfinished
            | Code::RateLimited
            | Code::StreamLimit
            | Code::ProviderUnavailable
            | Code::Unavailable
            | Code::Internal
    )
}

/// A refusal on its way to the client, rendered once, at the boundary. Its content is boxed, so that a `Result` with it
/// stays small.
#[derive(Clone)]
pub struct ApiError(Box<Problem>);

/// What an [`ApiError`] says.
#[derive(Clone)]
pub struct Problem {
    /// The reason.
    pub code: Code,
    /// Readable text for the user; never the cause of a 5xx.
    pub message: String,
    /// What exactly is wrong.
    pub details: Vec<Detail>,
    /// Seconds after which trying again makes sense; becomes `Retry-After` too.
    pub retry_after: Option<u32>,
    /// The publishing channel it is about.
    pub channel: Option<String>,
    /// The active job that the request conflicts with.
    pub active: Option<Active>,
    /// Further headers, e.g. `Allow`, `RateLimit`.
    pub headers: Vec<(header::HeaderName, HeaderValue)>,
    cause: Option<Arc<anyhow::Error>>,
}

impl Deref for ApiError {
    type Target = Problem;

    fn deref(&self) -> &Problem {
        &self.0
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError").field("code", &self.code).field("message", &self.message).finish_non_exhaustive()
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for ApiError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_ref().map(|cause| &***cause as &(dyn std::error::Error + 'static))
    }
}

impl ApiError {
    /// A refusal with nothing but its code and a sentence.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        let (details, headers) = (Vec::new(), Vec::new());
        let (message, cause) = (message.into(), None);
        Self(Box::new(Problem {
            code,
            message,
            details,
            retry_after: None,
            channel: None,
            active: None,
            headers,
            cause,
        }))
    }

    /// 400: the request does not match the declared schema.
    pub fn invalid(details: Vec<Detail>) -> Self {
        Self::new(Code::ValidationFailed, "the request does not match the schema").details(details)
    }

    /// 401.
    pub fn unauthenticated(message: impl Into<String>) -> Self {
        Self::new(Code::Unauthenticated, message)
            .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// 403.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(Code::Forbidden, message)
    }

    /// 404: missing, or not the caller's; the two answer alike.
    pub fn not_found() -> Self {
        Self::new(Code::NotFound, "not found")
    }

    /// 422: a rule says no to one field.
    pub fn rule(code: Code, loc: &[&str], message: impl Into<String>) -> Self {
        let message = message.into();
        let detail = Detail::at(loc.iter().copied(), "rule", message.clone());
        Self::new(code, message).details(vec![detail])
    }

    /// 429, with the bucket's headers.
    pub fn rate_limited(limit: LimitState) -> Self {
        Self::new(Code::RateLimited, "too many requests; try again later").retry_after(limit.reset_seconds.max(1))
    }

    /// 503: cannot be accepted now.
    pub fn unavailable(retry_after: u32, cause: Option<anyhow::Error>) -> Self {
        let mut error = Self::new(Code::Unavailable, "temporarily unavailable").retry_after(retry_after);
        error.0.cause = cause.map(Arc::new);
        error
    }

    /// 503: perhaps accepted, and if so it is found at `Location`.
    fn unconfirmed(work: Work, cause: anyhow::Error) -> Self {
        let error = Self::unavailable(2, Some(cause));
        let address = match work {
            Work::Job(id) => format!("/v1/jobs/{id}"),
            Work::Plan(id) => format!("/v1/publish/plans/{id}"),
        };
        match HeaderValue::from_str(&address) {
            Ok(address) => error.with_header(header::LOCATION, address),
            Err(_) => error,
        }
    }

    /// 500; the cause goes to the log, once, and nowhere else.
    pub fn internal(cause: anyhow::Error) -> Self {
        let mut error = Self::new(Code::Internal, "something went wrong on our side");
        error.0.cause = Some(Arc::new(cause));
        error
    }

    /// Adds the pause after which trying again makes sense.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// Says what exactly is wrong.
    #[must_use]
    pub fn details(mut self, details: Vec<Detail>) -> Self {
        self.0.details = details;
        self
    }

    /// Names the publishing channel it is about.
    #[must_use]
    pub fn about_channel(mut self, channel: impl Into<String>) -> Self {
        self.0.channel = Some(channel.into());
        self
    }

    /// Adds the active job that the request conflicts with.
    #[must_use]
    pub fn blocked_by(mut self, job: ActiveJob) -> Self {
        self.0.active = Some(job.into());
        self
    }

    /// The active job that the request conflicts with, if there is one.
    pub fn blocker(&self) -> Option<JobId> {
        self.active.as_ref()?.id.parse().ok()
    }

    /// Adds the address of the result of the active job, if that differs from the job's own page.
    #[must_use]
    pub fn blocker_about(mut self, subject_type: &str, subject_id: &str) -> Self {
        let active = self.0.active.take();
        self.0.active = active.map(|it| Active { urls: it.urls.about(subject_type, subject_id), ..it });
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn with_header(mut self, name: header::HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// The answer's status.
    pub fn status(&self) -> StatusCode {
        status(self.code)
    }

    /// The answer in full. The response remembers its error, so that the boundary can render it again under the
    /// request's id when an inner layer had none.
    pub fn render(self, request_id: &str) -> Response {
        let body = wire::envelope(&self, retryable(self.code), request_id);
        let mut response = Response::builder()
            .status(self.status())
            .content_type("application/json; charset=utf-8")
            .header("x-error-code", self.code.as_str())
            .body(Body::from(body));
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response.headers_mut().extend(self.headers.iter().cloned());
        response.set_data(self);
        response
    }

    /// Writes a failure of ours to the log; refusals of the client's making are the access log's business.
    pub fn log(&self) {
        match (&self.cause, self.status().is_server_error()) {
            (Some(cause), true) if self.code == Code::Internal => {
                tracing::error!(code = self.code.as_str(), error = format!("{cause:#}"), "request failed");
            }
            (Some(cause), true) => {
                tracing::warn!(
                    code = self.code.as_str(),
                    error = format!("{cause:#}"),
                    "request refused: temporarily unavailable"
                );
            }
            (None, true) if self.code == Code::Internal => tracing::error!(error = self.message, "request failed"),
            _ => {}
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::not_found(),
            Refusal::Forbidden(flaws) => {
                let message = flaws.first().map_or_else(String::new, |flaw| flaw.message.clone());
                Self::forbidden(message).details(flaws.into_iter().map(Detail::from).collect())
            }
            Refusal::AlreadyRunning(job) => {
                Self::new(Code::ActiveGeneration, "another generation of this user is still running").blocked_by(job)
            }
            Refusal::NotFinal(job) => Self::new(Code::Unfinished, "the job has not ended").blocked_by(job),
            Refusal::KeyReused => {
                Self::new(Code::IdempotencyKeyReused, "this idempotency key was used with another request")
            }
            Refusal::KeyInProgress => {
                Self::new(Code::IdempotencyInProgress, "the first request with this key is still in progress")
                    .retry_after(1)
            }
            Refusal::RateLimited(limit) => Self::rate_limited(limit),
            Refusal::InvalidFields(flaws) => Self::invalid(flaws.into_iter().map(Detail::from).collect()),
            Refusal::Rule { code, field, message } => Self::rule(code, &["body", field], message),
            Refusal::RuleAt(code, flaw) => Self::new(code, flaw.message.clone()).details(vec![flaw.into()]),
            Refusal::Rules { code, channel, flaws } => {
                let message = flaws.first().map_or_else(String::new, |flaw| flaw.message.clone());
                let error = Self::new(code, message).details(flaws.into_iter().map(Detail::from).collect());
                channel.into_iter().fold(error, Self::about_channel)
            }
            Refusal::VersionMismatch { current: Some(current) } => {
                Self::new(Code::PreconditionFailed, format!("not the current version, which is \"{current}\""))
            }
            Refusal::VersionMismatch { current: None } => {
                Self::new(Code::PreconditionFailed, "not the current version: there is none")
            }
            Refusal::AlreadyExists => Self::new(Code::AlreadyExists, "a resource with this id already exists"),
            Refusal::AlreadyFinal => Self::new(Code::AlreadyFinal, "the job has ended"),
            Refusal::ProviderUnavailable { retry_after } => {
                Self::new(Code::ProviderUnavailable, "the model provider cannot be reached now")
                    .retry_after(retry_after)
            }
            Refusal::StoreUnavailable(cause) | Refusal::StoreGone(cause) => Self::unavailable(2, Some(cause)),
            Refusal::Unconfirmed { work, cause } => Self::unconfirmed(work, cause),
            Refusal::Unexpected(cause) => Self::internal(cause),
        }
    }
}

impl From<anyhow::Error> for ApiError {
    fn from(cause: anyhow::Error) -> Self {
        Refusal::from(cause).into()
    }
}

impl ResponseError for ApiError {
    fn status(&self) -> StatusCode {
        status(self.code)
    }

    fn as_response(&self) -> Response {
        self.clone().render("")
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.render("")
    }
}
