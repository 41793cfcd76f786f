//! A connected account as a worker reads it beside an intent: with its tokens, which are sealed. Called by the stores beside it.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::{
    jobs::store::{WriteError, unreadable},
    publishing::{Account, Channel, Login, Options},
};

/// A connected account with its sealed tokens.
#[derive(Clone, Debug)]
pub struct SealedAccount {
    /// The account.
    pub account: Account,
    /// The tokens.
    pub sealed: Vec<u8>,
    /// The key that sealed them.
    pub key_id: String,
    /// Whether a refresh token is among them.
    pub has_refresh: bool,
    /// Until the access token expires; zero if it has, `None` if that is unknown.
    pub expires_in: Option<Duration>,
    /// Whether the channel refused the tokens.
    pub is_invalid: bool,
    /// Counts the changes of the tokens.
    pub version: i64,
}

/// The columns of an account that may be missing.
pub(super) struct SealedColumns {
    pub external_id: Option<String>,
    pub login: Option<Login>,
    pub settings: Option<Value>,
    pub sealed: Option<Vec<u8>>,
    pub key_id: Option<String>,
    pub has_refresh: Option<bool>,
    pub expires_in_ms: Option<f64>,
    pub is_invalid: bool,
    pub version: Option<i64>,
}

impl SealedColumns {
    /// The account, if it is connected.
    pub(super) fn read(self, channel: Channel, account_id: &str) -> Result<Option<SealedAccount>, WriteError> {
        let (Some(external_id), Some(sealed), Some(key_id)) = (self.external_id, self.sealed, self.key_id) else {
            return Ok(None);
        };
        let account = Account {
            channel,
            account_id: account_id.to_owned(),
            external_id,
            login: self.login,
            settings: settings(channel, self.settings.unwrap_or_default())?,
        };
        Ok(Some(SealedAccount {
            account,
            sealed,
            key_id,
            has_refresh: self.has_refresh.unwrap_or(false),
            expires_in: self.expires_in_ms.map(millis),
            is_invalid: self.is_invalid,
            version: self.version.unwrap_or_default(),
        }))
    }
}

/// Stored options of a channel.
pub(super) fn settings(channel: Channel, stored: Value) -> Result<Options, WriteError> {
    Options::of_settings(channel, object(stored)?).map_err(|error| unreadable(error.into()))
}

/// A stored object; null is an empty one.
pub(super) fn object(value: Value) -> Result<Map<String, Value>, WriteError> {
    match value {
        Value::Object(members) => Ok(members),
        Value::Null => Ok(Map::new()),
        other => Err(unreadable(anyhow::anyhow!("a stored object is {other}"))),
    }
}

pub(super) fn millis(number: f64) -> Duration {
    Duration::try_from_secs_f64(number.max(0.0) / 1000.0).unwrap_or_default()
}
