//! Errors as the networks' documents have them, by their codes: bodies, and the statuses that they come with.
//! The fakes answer with them, and scripts name them.

use serde_json::{Value, json};

use super::site::Site;

/// The usual body of an error of a network, by the status.
pub(super) fn usual_error(site: Site, status: u16) -> Value {
    match site {
        Site::Linkedin => linkedin_error(status),
        Site::Tiktok => tiktok_error(tiktok_code(status)).1,
        Site::Youtube => google_error_at(status, google_reason(status)),
        Site::Facebook | Site::Instagram | Site::Media => {
            let code = match status {
                401 => 190,
                429 => 4,
                _ => 2,
            };
            graph_error(code).1
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
        9 => (400, "OAuthException", "(#9) Application request limit reached"),
        100 => (400, "GraphMethodException", "(#100) Invalid parameter"),
        190 => (401, "OAuthException", "Error validating access token: Session has expired."),
        200 => (403, "OAuthException", "(#200) Requires pages_manage_posts permission to manage the object"),
        368 => (403, "OAuthException", "The action attempted has been deemed abusive or is otherwise disallowed"),
        506 => (400, "FacebookApiException", "(#506) Duplicate status message"),
        613 => (400, "OAuthException", "(#613) Calls to this api have exceeded the rate limit."),
        -1 => (500, "IGApiException", "An unexpected error has occurred. Please retry your request later."),
        -2 => (400, "IGApiException", "The media could not be fetched in time."),
        24 => (400, "OAuthException", "The requested resource does not exist"),
        25 => (400, "OAuthException", "The Instagram account is restricted."),
        352 => (400, "OAuthException", "The video format is not supported."),
        9004 => (400, "OAuthException", "Only photo or video can be accepted as media type."),
        9007 => (400, "OAuthException", "Media ID is not available"),
        36000..=36004 => (400, "OAuthException", "The media does not meet the requirements"),
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

/// The status and the body of an error of the Graph API with a sub-code.
/// <https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/error-codes>
pub(super) fn graph_suberror(code: i64, subcode: i64) -> (u16, Value) {
    let (status, mut body) = graph_error(code);
    body["error"]["error_subcode"] = subcode.into();
    body["error"]["error_user_title"] = "The request cannot be executed".into();
    (status, body)
}

/// The status and the body of an error of TikTok's by its code.
/// <https://developers.tiktok.com/doc/content-posting-api-reference-direct-post>
pub(super) fn tiktok_error(code: &str) -> (u16, Value) {
    let status = match code {
        "ok" => 200,
        "access_token_invalid" | "scope_not_authorized" => 401,
        "reached_active_user_cap"
        | "unaudited_client_can_only_post_to_private_accounts"
        | "url_ownership_unverified"
        | "privacy_level_option_mismatch" => 403,
        code if code.starts_with("spam_risk") => 403,
        "rate_limit_exceeded" => 429,
        "internal_error" => 500,
        _ => 400,
    };
    let message = if code == "ok" { "" } else { "The request was refused." };
    let error = json!({ "code": code, "message": message, "log_id": "202611210000000000000000000000FAKE" });
    (status, json!({ "data": {}, "error": error }))
}

const fn tiktok_code(status: u16) -> &'static str {
    match status {
        400 => "invalid_param",
        401 => "access_token_invalid",
        403 => "spam_risk_too_many_posts",
        429 => "rate_limit_exceeded",
        _ => "internal_error",
    }
}

/// The status and the body of an error of Google's by its reason.
/// <https://developers.google.com/youtube/v3/docs/errors>
pub(super) fn google_error(reason: &str) -> (u16, Value) {
    let status = match reason {
        "authError" | "youtubeSignupRequired" => 401,
        "quotaExceeded" | "rateLimitExceeded" | "forbidden" | "insufficientPermissions" => 403,
        "notFound" | "videoNotFound" => 404,
        "backendError" => 503,
        "internalError" => 500,
        _ => 400,
    };
    (status, google_error_at(status, reason))
}

fn google_error_at(status: u16, reason: &str) -> Value {
    let domain = match reason {
        "quotaExceeded" => "youtube.quota",
        "rateLimitExceeded" => "usageLimits",
        "authError" | "forbidden" | "backendError" | "internalError" => "global",
        _ => "youtube.video",
    };
    let message = format!("The request was refused: {reason}.");
    let error = json!({ "message": message, "domain": domain, "reason": reason });
    json!({ "error": { "code": status, "message": message, "errors": [error] } })
}

const fn google_reason(status: u16) -> &'static str {
    match status {
        401 => "authError",
        403 => "quotaExceeded",
        404 | 410 => "notFound",
        429 => "rateLimitExceeded",
        500 => "internalError",
        502..=504 => "backendError",
        _ => "badRequest",
    }
}
