//! Request and response bodies of channels, as JSON and as the OpenAPI document describes them.

use std::collections::BTreeMap;

use almanac_shared::{
    brands::AccountId,
    platform::config::PublishSettings,
    publishing::{
        Channel, Login, Options,
        accounts::{AccountDraft, ConnectedAccount, EXTERNAL_ID_CHARS},
        credentials::Tokens,
    },
};
use chrono::{DateTime, Datelike, Utc};
use poem_openapi::Object;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::http::{
    document_types::{AccountHealth, AccountLogin, Of, PublishChannel, PublishTransport},
    error::{ApiError, Detail},
    secret::SecretToken,
    strict_json::{self, Checks},
    text::Text,
};

/// Tokens and settings of an account.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[oai(rename_all = "camelCase")]
pub struct ConnectAccount {
    /// The channel's access token; on Facebook the one of the Page.
    access_token: SecretToken,
    /// Exchanged for new tokens before the access token expires.
    #[serde(default)]
    #[oai(nullable)]
    refresh_token: Option<SecretToken>,
    /// Expiry of the access token; unknown if absent.
    #[serde(default)]
    #[oai(nullable)]
    expires_at: Option<DateTime<Utc>>,
    /// Expiry of the refresh token; unknown if absent.
    #[serde(default)]
    #[oai(nullable)]
    refresh_expires_at: Option<DateTime<Utc>>,
    /// The channel's id of the account: digits on Facebook and Instagram, `urn:li:person:…` or `urn:li:organization:…` on
    /// LinkedIn. The account's id if absent. At most 200 characters.
    #[serde(default)]
    #[oai(nullable)]
    external_id: Option<Text<EXTERNAL_ID_CHARS>>,
    /// How an Instagram account is connected; no effect on other channels.
    #[serde(default)]
    #[oai(nullable)]
    login: Option<AccountLogin>,
    /// Options of posts whose request names none: those that `options` of a request has for the channel, such as
    /// `{"visibility": "PUBLIC"}` on LinkedIn. Facebook has none.
    #[serde(default)]
    #[oai(nullable)]
    settings: Option<BTreeMap<String, Value>>,
}

impl ConnectAccount {
    /// The account to be stored.
    ///
    /// # Errors
    /// 400 with each field that is none.
    pub(super) fn draft(self, channel: Channel, account: &AccountId) -> Result<AccountDraft, ApiError> {
        let external_id = self.external_id.map(|text| text.0.trim().to_owned());
        let login = self.login.map(|login| login.parse::<Login>()).transpose();
        let mut checks = Checks::default();
        if let Some(id) = &external_id {
            checks = checks.length("externalId", id, 1..=EXTERNAL_ID_CHARS);
        }
        if let Err(error) = &login {
            checks = checks.with(Detail::at(["body", "login"], "enum", error.to_string()));
        }
        for (field, at) in [("expiresAt", self.expires_at), ("refreshExpiresAt", self.refresh_expires_at)] {
            if at.is_some_and(|at| !(1970..=9999).contains(&at.year())) {
                checks = checks.with(Detail::at(["body", field], "value", "must be a time from 1970 to 9999"));
            }
        }
        checks.finish()?;
        Ok(AccountDraft {
            channel,
            account_id: account.to_string(),
            external_id,
            login: login.ok().flatten(),
            settings: read_settings(channel, self.settings.into_iter().flatten().collect())?,
            tokens: Tokens { access: self.access_token.into(), refresh: self.refresh_token.map(Into::into) },
            expires_at: self.expires_at,
            refresh_expires_at: self.refresh_expires_at,
        })
    }
}

/// The options of one channel.
fn read_settings(channel: Channel, settings: Map<String, Value>) -> Result<Options, ApiError> {
    fn read<T: DeserializeOwned>(settings: Map<String, Value>) -> Result<T, ApiError> {
        strict_json::read_part(settings.into(), &["body", "settings"])
    }
    let mut options = Options::default();
    match channel {
        Channel::Tiktok => options.tiktok = read(settings)?,
        Channel::Youtube => options.youtube = read(settings)?,
        Channel::Linkedin => options.linkedin = read(settings)?,
        Channel::Instagram => options.instagram = read(settings)?,
        Channel::Facebook => {
            if let Some(field) = settings.keys().next() {
                let loc = ["body", "settings", field];
                let flaw = Detail::at(loc, "unknown_field", "accounts on facebook have no settings");
                return Err(ApiError::invalid(vec![flaw]));
            }
        }
    }
    Ok(options)
}

/// A connected account, without its tokens.
#[derive(Clone, Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct ConnectedAccountResponse {
    channel: PublishChannel,
    account_id: String,
    /// The channel's id of the account.
    external_id: String,
    #[oai(nullable)]
    login: Option<AccountLogin>,
    /// Options of posts whose request names none.
    settings: Of<BTreeMap<String, Value>>,
    /// Expiry of the access token; null if it is unknown.
    #[oai(nullable)]
    expires_at: Option<DateTime<Utc>>,
    /// Expiry of the refresh token; null if it is unknown.
    #[oai(nullable)]
    refresh_expires_at: Option<DateTime<Utc>>,
    has_refresh_token: bool,
    health: AccountHealth,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<ConnectedAccount> for ConnectedAccountResponse {
    fn from(connected: ConnectedAccount) -> Self {
        let account = connected.account;
        Self {
            channel: account.channel.as_str().into(),
            settings: account.settings.of_channel(account.channel).into(),
            account_id: account.account_id,
            external_id: account.external_id,
            login: account.login.map(|login| login.as_str().into()),
            expires_at: connected.expires_at,
            refresh_expires_at: connected.refresh_expires_at,
            has_refresh_token: connected.has_refresh,
            health: connected.health.as_str().into(),
            created_at: connected.created_at,
            updated_at: connected.updated_at,
        }
    }
}

/// All channels.
#[derive(Debug, Serialize, Object)]
pub struct ChannelList {
    pub(super) items: Vec<ChannelResponse>,
}

/// A channel with the caller's accounts.
#[derive(Clone, Debug, Serialize, Object)]
pub struct ChannelResponse {
    channel: PublishChannel,
    /// Whether the server has the client that the caller's accounts on the channel need; without accounts, any client of
    /// the channel. The sandbox needs none.
    configured: bool,
    transport: PublishTransport,
    accounts: Vec<ChannelAccount>,
}

/// The state of a connected account.
#[derive(Clone, Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct ChannelAccount {
    account_id: String,
    health: AccountHealth,
    /// Expiry of the access token; null if it is unknown.
    #[oai(nullable)]
    expires_at: Option<DateTime<Utc>>,
    /// The quota as the channel last reported it; null if it has not.
    #[oai(nullable)]
    quota: Option<Of<BTreeMap<String, Value>>>,
}

impl ChannelResponse {
    pub(super) fn new(channel: Channel, settings: &PublishSettings, accounts: &[ConnectedAccount]) -> Self {
        let own: Vec<_> = accounts.iter().filter(|connected| connected.account.channel == channel).collect();
        let has_client =
            |connected: &&ConnectedAccount| settings.configured.has_client(channel, connected.account.login);
        let configured =
            if own.is_empty() { settings.configured.has_any_client(channel) } else { own.iter().any(has_client) };
        Self {
            channel: channel.as_str().into(),
            configured,
            transport: settings.transport.as_str().into(),
            accounts: own.into_iter().cloned().map(Into::into).collect(),
        }
    }
}

impl From<ConnectedAccount> for ChannelAccount {
    fn from(connected: ConnectedAccount) -> Self {
        Self {
            account_id: connected.account.account_id,
            health: connected.health.as_str().into(),
            expires_at: connected.expires_at,
            quota: connected.quota.map(Into::into),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(channel: Channel, settings: Value) -> Result<Options, Vec<Detail>> {
        let Value::Object(settings) = settings else { panic!("no object") };
        read_settings(channel, settings).map_err(|error| error.details.clone())
    }

    #[test]
    fn settings_are_the_options_of_their_channel() {
        for (channel, settings) in [
            (Channel::Tiktok, json!({ "privacyLevel": "SELF_ONLY", "allowComment": null })),
            (Channel::Youtube, json!({ "madeForKids": false, "tags": ["a"] })),
            (Channel::Linkedin, json!({ "visibility": "PUBLIC" })),
            (Channel::Instagram, json!({ "shareToFeed": true })),
            (Channel::Facebook, json!({})),
        ] {
            let fields = settings.as_object().unwrap().clone();
            assert_eq!(read(channel, settings), Ok(Options::of_settings(channel, fields).unwrap()), "{channel}");
        }
    }

    #[test]
    fn a_wrong_setting_is_named() {
        for (channel, settings, field) in [
            (Channel::Tiktok, json!({ "privacyLevel": "EVERYBODY" }), "privacyLevel"),
            (Channel::Youtube, json!({ "madeForKids": "no" }), "madeForKids"),
            (Channel::Linkedin, json!({ "visible": true }), "visible"),
            (Channel::Facebook, json!({ "visibility": "PUBLIC" }), "visibility"),
        ] {
            let flaws = read(channel, settings).unwrap_err();
            assert_eq!(flaws.len(), 1);
            assert_eq!(flaws[0].loc, ["body", "settings", field], "{flaws:?}");
        }
    }
}
