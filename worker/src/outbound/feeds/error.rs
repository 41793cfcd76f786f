//! Why a feed could not be read, as a code and a sentence for the owner of the theme.
//! It must never repeat text of the feed or of its server.

use almanac_shared::wire_enum;

use crate::outbound::guard::GuardError;

wire_enum! {
    /// Why a feed could not be read.
    pub enum FeedFault {
        /// The address, or one that it redirects to, must not be fetched.
        AddressRefused = "ADDRESS_REFUSED",
        /// No whole answer in time.
        Timeout = "TIMEOUT",
        /// The connection failed.
        Unreachable = "UNREACHABLE",
        /// The server has no such document (404, 410).
        NotFound = "NOT_FOUND",
        /// The server asks for a login or refuses (401, 403, 451).
        AccessDenied = "ACCESS_DENIED",
        /// The server asks for fewer requests (429).
        RateLimited = "RATE_LIMITED",
        /// The server has an error (5xx).
        ServerError = "SERVER_ERROR",
        /// Any other status, or an encoding that was not asked for.
        UnexpectedAnswer = "UNEXPECTED_ANSWER",
        /// Over the limit of bytes.
        TooLarge = "TOO_LARGE",
        /// The document is a web page.
        WebPage = "WEB_PAGE",
        /// The document is no feed, or a broken one.
        NotAFeed = "NOT_A_FEED",
    }
}

impl FeedFault {
    const fn message(self) -> &'static str {
        match self {
            Self::AddressRefused => "The address cannot be fetched.",
            Self::Timeout => "The feed's server did not answer in time.",
            Self::Unreachable => "The feed's server could not be reached.",
            Self::NotFound => "The feed's server has no feed at this address.",
            Self::AccessDenied => "The feed's server denied access to the feed.",
            Self::RateLimited => "The feed's server asked for fewer requests.",
            Self::ServerError => "The feed's server had an error.",
            Self::UnexpectedAnswer => "The feed's server gave an answer that cannot be used.",
            Self::TooLarge => "The feed is larger than 10 MiB.",
            Self::WebPage => "The address shows a web page. Use the address of its feed.",
            Self::NotAFeed => "The address has no RSS, Atom or JSON feed that can be read.",
        }
    }
}

/// A feed could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FeedError {
    /// The kind of failure.
    pub code: FeedFault,
    /// A sentence for the owner.
    pub message: String,
}

impl FeedError {
    pub(super) fn new(code: FeedFault, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl From<FeedFault> for FeedError {
    fn from(code: FeedFault) -> Self {
        Self::new(code, code.message())
    }
}

impl From<GuardError> for FeedError {
    fn from(error: GuardError) -> Self {
        match error {
            GuardError::Refused(rule) => Self::new(FeedFault::AddressRefused, rule),
            GuardError::Timeout => FeedFault::Timeout.into(),
            GuardError::Network(_) => FeedFault::Unreachable.into(),
        }
    }
}
