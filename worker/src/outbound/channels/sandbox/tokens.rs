//! Token endpoints: new access tokens for refresh tokens, in the form of each vendor. The sandbox takes any token of its
//! callers; a refresh token of TikTok is used up by its use.

use std::collections::HashMap;

use http::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    call::{Answer, Call, hex, json as json_answer},
    folder::Folder,
    graph,
};

/// Lives of tokens in seconds.
const HOUR: u32 = 3_600;
const DAY: u32 = 24 * HOUR;

/// <https://learn.microsoft.com/linkedin/shared/authentication/programmatic-refresh-tokens>
pub(super) fn linkedin(call: &Call) -> Answer {
    let form = match refresh_form(call, "client_id") {
        Ok(form) => form,
        Err(refusal) => return refusal.answer(json!({})),
    };
    let body = json!({"access_token": new_token(), "expires_in": 60 * DAY, "refresh_token": form["refresh_token"],
                      "refresh_token_expires_in": 365 * DAY});
    json_answer(StatusCode::OK, &body)
}

/// <https://developers.google.com/identity/protocols/oauth2/web-server#offline>
pub(super) fn google(call: &Call) -> Answer {
    if let Err(refusal) = refresh_form(call, "client_id") {
        return refusal.answer(json!({}));
    }
    let scope = "https://www.googleapis.com/auth/youtube.upload";
    let body = json!({"access_token": new_token(), "expires_in": HOUR - 1, "scope": scope, "token_type": "Bearer"});
    json_answer(StatusCode::OK, &body)
}

/// <https://developers.tiktok.com/doc/oauth-user-access-token-management>
pub(super) fn tiktok(call: &Call, folder: &Folder) -> anyhow::Result<Answer> {
    let refused = |refusal: Refusal| Ok(refusal.answer(json!({"log_id": "sandbox"})));
    let form = match refresh_form(call, "client_key") {
        Ok(form) => form,
        Err(refusal) => return refused(refusal),
    };
    let used = hex(&Sha256::digest(&form["refresh_token"]));
    if !folder.note("token", &used, &folder.now())? {
        return refused(Refusal::Grant);
    }
    let body = json!({"open_id": "sandbox", "scope": "user.info.basic,video.publish,video.upload",
                      "access_token": new_token(), "expires_in": 2 * HOUR, "refresh_token": new_token(),
                      "refresh_expires_in": 180 * DAY, "token_type": "Bearer"});
    Ok(json_answer(StatusCode::OK, &body))
}

/// Of accounts that were connected by Instagram's login.
/// <https://developers.facebook.com/docs/instagram-platform/reference/refresh_access_token>
pub(super) fn instagram(call: &Call) -> Answer {
    if call.query("grant_type") != Some("ig_refresh_token") {
        return graph::invalid("grant_type must be ig_refresh_token");
    }
    if !graph::has_token(call) {
        return graph::no_token();
    }
    extended()
}

/// Of accounts that were connected by Facebook's login.
/// <https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived>
pub(super) fn facebook(call: &Call) -> Answer {
    let parameters = graph::parameters(call);
    let given = |name: &str| parameters.get(name).and_then(Value::as_str).unwrap_or_default();
    if given("grant_type") != "fb_exchange_token" {
        return graph::invalid("grant_type must be fb_exchange_token");
    }
    if given("client_id").is_empty() || given("client_secret").is_empty() {
        return graph::refused(101, "Missing client_id or client_secret parameter.");
    }
    if given("fb_exchange_token").is_empty() { graph::no_token() } else { extended() }
}

fn extended() -> Answer {
    let body = json!({"access_token": new_token(), "token_type": "bearer", "expires_in": 60 * DAY});
    json_answer(StatusCode::OK, &body)
}

/// Why a form is refused, by <https://datatracker.ietf.org/doc/html/rfc6749#section-5.2>.
#[derive(Clone, Copy)]
enum Refusal {
    Request,
    Client,
    Grant,
}

impl Refusal {
    fn answer(self, mut body: Value) -> Answer {
        let (status, error, description) = match self {
            Self::Request => (StatusCode::BAD_REQUEST, "invalid_request", "A required parameter is missing"),
            Self::Client => (StatusCode::UNAUTHORIZED, "invalid_client", "Client authentication failed"),
            Self::Grant => (StatusCode::BAD_REQUEST, "invalid_grant", "The refresh token is invalid or expired"),
        };
        body["error"] = error.into();
        body["error_description"] = description.into();
        json_answer(status, &body)
    }
}

/// The form of a refresh. TikTok has a name of its own for the client's id.
fn refresh_form(call: &Call, client: &str) -> Result<HashMap<String, String>, Refusal> {
    let form = call.form().ok_or(Refusal::Request)?;
    let has = |name: &str| form.get(name).is_some_and(|value| !value.is_empty());
    if form.get("grant_type").map(String::as_str) != Some("refresh_token") || !has("refresh_token") {
        return Err(Refusal::Request);
    }
    if has(client) && has("client_secret") { Ok(form) } else { Err(Refusal::Client) }
}

fn new_token() -> String {
    format!("sandbox-{:032x}", rand::random::<u128>())
}
