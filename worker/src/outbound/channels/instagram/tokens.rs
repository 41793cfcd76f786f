//! New access tokens for those that still are valid: there is no refresh token.
//! <https://developers.facebook.com/docs/instagram-platform/reference/refresh_access_token>,
//! <https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived>

use std::time::Duration;

use almanac_shared::{
    platform::{config::ChannelClient as App, error::Code},
    publishing::{Login, credentials::Tokens, render::GRAPH_VERSION},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::form_urlencoded;

use super::Instagram;
use crate::outbound::channels::{ChannelError, ErrorClass, Refreshed, answer::Answer, classify, post::encoded};

impl Instagram {
    /// Exchanges the access token by the endpoint of the account's login.
    pub(super) async fn renew(&self, tokens: &Tokens) -> Result<Option<Refreshed>, ChannelError> {
        let base_url = &self.settings.base_url;
        let answer = match (self.settings.login, &self.settings.app) {
            (Login::Instagram, _) => {
                let token = encoded(tokens.access.expose_secret());
                let query = format!("grant_type=ig_refresh_token&access_token={token}");
                let url = SecretString::from(format!("{base_url}/refresh_access_token?{query}"));
                self.graph.client().get_with_secrets(&url).await?
            }
            (Login::Facebook, Some(app)) => {
                let url = format!("{base_url}/{GRAPH_VERSION}/oauth/access_token");
                self.graph.client().post_form(&url, form(app, &tokens.access)).await?
            }
            (Login::Facebook, None) => return Ok(None),
        };
        renewed(&answer, tokens).map(Some)
    }
}

fn form(app: &App, access: &SecretString) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "fb_exchange_token");
    form.append_pair("client_id", &app.id);
    form.append_pair("client_secret", app.secret.expose_secret());
    form.append_pair("fb_exchange_token", access.expose_secret());
    form.finish()
}

/// The token of an answer. A refusal says nothing against the token that the account has, unless it is of the token itself.
fn renewed(answer: &Answer, old: &Tokens) -> Result<Refreshed, ChannelError> {
    if let Some(mut verdict) = classify::graph(answer) {
        if verdict.class != ErrorClass::Auth {
            verdict.class = ErrorClass::Transient;
        }
        return Err(answer.error(verdict, old));
    }
    let access = answer.body.get("access_token").and_then(Value::as_str).filter(|token| !token.is_empty());
    let access = access.map(SecretString::from).ok_or_else(|| {
        let message = "The token that instagram answered cannot be read.";
        ChannelError::new(ErrorClass::Transient, Code::ChannelUnavailable, message)
    })?;
    Ok(Refreshed {
        tokens: Tokens { access, refresh: old.refresh.clone() },
        expires_in: answer.body.get("expires_in").and_then(Value::as_u64).map(Duration::from_secs),
        refresh_expires_in: None,
    })
}
