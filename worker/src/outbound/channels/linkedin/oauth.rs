//! New tokens for a refresh token, by LinkedIn's token endpoint.
//! <https://learn.microsoft.com/linkedin/shared/authentication/programmatic-refresh-tokens>

use std::time::Duration;

use almanac_shared::{platform::error::Code, publishing::credentials::Tokens};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::form_urlencoded;

use super::{LinkedinApp, unreadable};
use crate::outbound::channels::{ChannelError, ErrorClass, Refreshed, answer::Answer, classify};

/// The form of the request.
pub(super) fn form(app: &LinkedinApp, refresh: &SecretString) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "refresh_token");
    form.append_pair("refresh_token", refresh.expose_secret());
    form.append_pair("client_id", &app.client_id);
    form.append_pair("client_secret", app.secret.expose_secret());
    form.finish()
}

/// The tokens of an answer. A refresh token that is not answered stays.
pub(super) fn refreshed(answer: &Answer, old: &Tokens) -> Result<Refreshed, ChannelError> {
    if let Some(mut verdict) = classify::linkedin(answer) {
        // A refused refresh token is answered as an invalid request; only a new connection helps.
        if matches!(verdict.class, ErrorClass::Validation | ErrorClass::Permission) {
            verdict.class = ErrorClass::Auth;
            verdict.code = Code::ChannelAuthInvalid;
            verdict.message = "The channel refused to renew the account's credentials; connect it again.";
        }
        return Err(answer.error(verdict, old));
    }
    let secret = |name: &str| {
        let text = answer.body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        text.map(SecretString::from)
    };
    let seconds = |name: &str| answer.body.get(name).and_then(Value::as_u64).map(Duration::from_secs);
    let access = secret("access_token").ok_or_else(|| unreadable("The token"))?;
    let refresh = secret("refresh_token").or_else(|| old.refresh.clone());
    Ok(Refreshed {
        tokens: Tokens { access, refresh },
        expires_in: seconds("expires_in"),
        refresh_expires_in: seconds("refresh_token_expires_in"),
    })
}
