//! How a fake network treats one request: whether it executes it, what it answers, and how it breaks off.
//! Tests queue scripts by account and step with `Channels::play`; without one a request is executed and answered.
//! Pure: it must neither wait nor send.

use std::time::Duration;

use rand::{SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};

/// What a request is for. Scripts are queued by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// The one request that publishes a post.
    Publish,
    /// What comes before it: unpublished photos, upload sessions and uploads.
    Upload,
    /// A list of posts.
    LookUp,
    /// One post, photo, image, video or account.
    Read,
    /// New tokens.
    Token,
}

/// The treatment of one request.
#[derive(Clone, Debug, PartialEq)]
pub enum Script {
    /// Executes it and answers.
    Ok,
    /// The same, with usage headers that say how many percent of the limit are used up.
    OkAtUsage(u8),
    /// The same after a pause.
    Delay(Duration),
    /// The same after `World::release` of the account.
    Hold,
    /// Executes nothing and never answers.
    Hang,
    /// Executes nothing and resets the connection.
    ResetBefore,
    /// Executes it and never answers.
    AcceptThenHang,
    /// Executes it and resets the connection.
    AcceptThenReset,
    /// Executes it and answers with this error all the same.
    AcceptThenStatus(u16),
    /// Executes it and answers after `World::release` of the account.
    AcceptThenHold,
    /// Executes nothing and answers with an error.
    Refuse(Refusal),
}

/// An error answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// `Retry-After` in seconds.
    pub retry_after: Option<u64>,
    /// The body; `None` for the usual one of the network and the status.
    pub body: Option<Value>,
}

impl Script {
    /// An error with the network's usual body for this status.
    pub const fn status(status: u16) -> Self {
        Self::Refuse(Refusal { status, retry_after: None, body: None })
    }

    /// 429, with or without `Retry-After` in seconds.
    pub const fn too_many(retry_after: Option<u64>) -> Self {
        Self::Refuse(Refusal { status: 429, retry_after, body: None })
    }

    /// An error with a body of the test's own.
    pub const fn refusal(status: u16, retry_after: Option<u64>, body: Value) -> Self {
        Self::Refuse(Refusal { status, retry_after, body: Some(body) })
    }

    /// An error of Facebook's by its code, with the status that it comes with.
    pub fn graph(code: i64) -> Self {
        let (status, body) = graph_error(code);
        Self::refusal(status, None, body)
    }

    /// An error of Facebook's that names itself transient, whatever its code says.
    pub fn graph_transient(code: i64) -> Self {
        let (status, mut body) = graph_error(code);
        body["error"]["is_transient"] = true.into();
        Self::refusal(status, None, body)
    }

    /// LinkedIn's limit for a day, which ends at midnight UTC.
    pub fn linkedin_daily_limit() -> Self {
        let mut body = linkedin_error(429);
        body["message"] = "Resource level throttle APPLICATION DAY limit for calls to this resource is reached.".into();
        Self::refusal(429, None, body)
    }

    /// Outcomes for this number of requests, the same for the same seed, and `Ok` for all later ones. Some execute the
    /// request without an answer, some do neither, some refuse it: the ledger says which post exists.
    pub fn seeded(seed: u64, count: usize) -> Vec<Self> {
        let outcomes = [
            Self::Ok,
            Self::AcceptThenHang,
            Self::AcceptThenReset,
            Self::AcceptThenStatus(500),
            Self::ResetBefore,
            Self::status(500),
            Self::too_many(Some(1)),
        ];
        let mut random = StdRng::seed_from_u64(seed);
        let picked = (0..count).filter_map(|_| outcomes.choose(&mut random).cloned());
        picked.chain([Self::Ok]).collect()
    }

    /// Whether the client cannot know from the answer whether the request was executed.
    pub fn is_ambiguous(&self) -> bool {
        match self {
            Self::Hang | Self::ResetBefore | Self::AcceptThenHang | Self::AcceptThenReset => true,
            Self::AcceptThenStatus(status) => *status >= 500,
            Self::Refuse(refusal) => refusal.status >= 500,
            Self::Ok | Self::OkAtUsage(_) | Self::Delay(_) | Self::Hold | Self::AcceptThenHold => false,
        }
    }
}

/// The status and the body of an error of the Graph API.
/// <https://developers.facebook.com/docs/graph-api/guides/error-handling>
pub(super) fn graph_error(code: i64) -> (u16, Value) {
    let (status, kind, message) = match code {
        1 => (500, "OAuthException", "An unknown error occurred"),
        2 => (500, "OAuthException", "Service temporarily unavailable"),
        4 => (403, "OAuthException", "(#4) Application request limit reached"),
        10 => (403, "OAuthException", "(#10) Application does not have permission for this action"),
        17 => (400, "OAuthException", "(#17) User request limit reached"),
        32 => (403, "OAuthException", "(#32) Page request limit reached"),
        100 => (400, "GraphMethodException", "(#100) Invalid parameter"),
        190 => (401, "OAuthException", "Error validating access token: Session has expired."),
        200 => (403, "OAuthException", "(#200) Requires pages_manage_posts permission to manage the object"),
        368 => (403, "OAuthException", "The action attempted has been deemed abusive or is otherwise disallowed"),
        506 => (400, "FacebookApiException", "(#506) Duplicate status message"),
        613 => (400, "OAuthException", "(#613) Calls to this api have exceeded the rate limit."),
        _ => (400, "OAuthException", "Something went wrong"),
    };
    let mut error = json!({
        "message": message, "type": kind, "code": code, "is_transient": code == 2, "fbtrace_id": "AFakeTrace01",
    });
    if let Some(subcode) = (code == 190).then_some(463) {
        error["error_subcode"] = subcode.into();
    }
    (status, json!({ "error": error }))
}

/// The body of an error of LinkedIn's, by its status.
/// <https://learn.microsoft.com/linkedin/shared/api-guide/concepts/error-handling>
pub(super) fn linkedin_error(status: u16) -> Value {
    let (service_code, code, message) = match status {
        400 => (100, "ILLEGAL_ARGUMENT", "Request is invalid"),
        401 => (65601, "EXPIRED_ACCESS_TOKEN", "The token used in the request has expired"),
        403 => (100, "ACCESS_DENIED", "Not enough permissions to access: partnerApiPosts.CREATE.20260701"),
        404 => (100, "NOT_FOUND", "Could not find entity"),
        426 => (0, "NONEXISTENT_VERSION", "Requested version 20260701 is not active"),
        429 => (101, "TOO_MANY_REQUESTS", "Throttle limit for calls to this resource is reached."),
        _ => (0, "INTERNAL_SERVER_ERROR", "Internal Server Error"),
    };
    json!({ "status": status, "serviceErrorCode": service_code, "code": code, "message": message })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_outcomes_and_ends_well() {
        let scripts = Script::seeded(7, 60);

        assert_eq!(scripts, Script::seeded(7, 60));
        assert_ne!(scripts, Script::seeded(8, 60));
        assert_eq!((scripts.len(), scripts.last()), (61, Some(&Script::Ok)));
        let ambiguous = scripts.iter().filter(|script| script.is_ambiguous()).count();
        assert!((20..60).contains(&ambiguous), "{ambiguous} of 60 are ambiguous");
    }

    #[test]
    fn an_error_of_the_graph_says_whether_it_is_transient() {
        let transient = |script: &Script| match script {
            Script::Refuse(Refusal { body: Some(body), .. }) => body["error"]["is_transient"].clone(),
            _ => Value::Null,
        };
        assert_eq!(transient(&Script::graph(2)), true);
        assert_eq!(transient(&Script::graph(190)), false);
        assert_eq!(transient(&Script::graph_transient(1)), true);
    }
}
