//! New tokens for a refresh token (RFC 6749, 6), as the token endpoints of LinkedIn, Google and TikTok give them. Called by
//! their adapters, which know what else a refusal means.

use std::time::Duration;

use almanac_shared::{platform::error::Code, publishing::credentials::Tokens};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::form_urlencoded;

use super::{
    ChannelError, ErrorClass, Refreshed,
    answer::Answer,
    classify::{self, Verdict},
};

/// The client of the installation: the name of the parameter that holds its public id, the id, and the secret.
pub(super) struct Client<'a> {
    pub(super) parameter: &'static str,
    pub(super) id: &'a str,
    pub(super) secret: &'a SecretString,
}

/// The form of the request.
pub(super) fn form(client: &Client<'_>, refresh: &SecretString) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "refresh_token");
    form.append_pair("refresh_token", refresh.expose_secret());
    form.append_pair(client.parameter, client.id);
    form.append_pair("client_secret", client.secret.expose_secret());
    form.finish()
}

/// The tokens of an answer whose verdict is given, if it is a refusal. A refresh token that is not answered stays.
pub(super) fn refreshed(answer: &Answer, verdict: Option<Verdict>, old: &Tokens) -> Result<Refreshed, ChannelError> {
    if let Some(verdict) = verdict {
        return Err(answer.error(refusal(answer, verdict), old));
    }
    let secret = |name: &str| {
        let text = answer.body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        text.map(SecretString::from)
    };
    let seconds = |name: &str| answer.body.get(name).and_then(Value::as_u64).map(Duration::from_secs);
    let access = secret("access_token").ok_or_else(|| {
        let message = "The token that the channel answered cannot be read.";
        ChannelError::new(ErrorClass::Transient, Code::ChannelUnavailable, message)
    })?;
    let refresh = secret("refresh_token").or_else(|| old.refresh.clone());
    Ok(Refreshed {
        tokens: Tokens { access, refresh },
        expires_in: seconds("expires_in"),
        refresh_expires_in: seconds("refresh_token_expires_in").or_else(|| seconds("refresh_expires_in")),
    })
}

/// A refused refresh token is answered as an invalid request; only a new connection helps. A mistake of the operator's in
/// the client must not cost users their accounts (RFC 6749, 5.2).
fn refusal(answer: &Answer, verdict: Verdict) -> Verdict {
    let word = answer.body.get("error").and_then(Value::as_str);
    let provider_code = word.map(str::to_owned).or_else(|| verdict.provider_code.clone());
    let verdict = match (word, verdict.class) {
        (Some("invalid_client" | "unauthorized_client"), _) => classify::transient(),
        (_, ErrorClass::Validation | ErrorClass::Permission) => Verdict {
            class: ErrorClass::Auth,
            code: Code::ChannelAuthInvalid,
            message: "The channel refused to renew the account's credentials; connect it again.",
            ..verdict
        },
        _ => verdict,
    };
    Verdict { provider_code, ..verdict }
}
