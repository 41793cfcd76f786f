//! How a fake treats one request to send a mail. Pure: it must neither wait nor send.

/// The treatment of one request. At the mail server a request is a conversation up to the reply to its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Script {
    /// Accepts the mail and answers.
    Ok,
    /// The same after `World::release` of the recipient's address. Resend answers a second request with the same key 409.
    Hold,
    /// Accepts nothing and never answers; the mail server: from DATA on.
    Hang,
    /// Accepts nothing and resets the connection; the mail server: at DATA.
    ResetBefore,
    /// Accepts nothing and answers with an error; the mail server: with this reply at RCPT.
    Refuse {
        /// The HTTP status, or the code of the reply.
        status: u16,
        /// Resend's name of the error.
        name: &'static str,
        /// `Retry-After` in seconds.
        retry_after: Option<u64>,
    },
    /// Accepts the mail and never answers.
    AcceptThenHang,
    /// Accepts the mail and resets the connection; the mail server: after the final dot.
    AcceptThenReset,
    /// Accepts the mail and answers with this error all the same.
    AcceptThenStatus(u16),
}

impl Script {
    /// An error with Resend's usual name for this status.
    pub const fn status(status: u16) -> Self {
        Self::Refuse { status, name: usual_name(status), retry_after: None }
    }

    /// An error of Resend's by its name.
    pub const fn refusal(status: u16, name: &'static str) -> Self {
        Self::Refuse { status, name, retry_after: None }
    }

    /// 429, with or without `Retry-After` in seconds.
    pub const fn too_many(retry_after: Option<u64>) -> Self {
        Self::Refuse { status: 429, name: usual_name(429), retry_after }
    }

    /// Whether the client cannot know from the answer whether the mail was accepted.
    pub const fn is_ambiguous(&self) -> bool {
        match self {
            Self::Hang | Self::ResetBefore | Self::AcceptThenHang | Self::AcceptThenReset => true,
            Self::AcceptThenStatus(status) | Self::Refuse { status, .. } => *status >= 500,
            Self::Ok | Self::Hold => false,
        }
    }
}

/// <https://resend.com/docs/api-reference/errors>
pub(super) const fn usual_name(status: u16) -> &'static str {
    match status {
        400 => "validation_error",
        401 => "missing_api_key",
        403 => "invalid_api_key",
        404 => "not_found",
        405 => "method_not_allowed",
        422 => "invalid_parameter",
        429 => "rate_limit_exceeded",
        451 => "security_error",
        _ => "application_error",
    }
}
