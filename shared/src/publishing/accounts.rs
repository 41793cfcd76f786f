//! Connected accounts: the use-cases. Called by the API's routes; a plan reads the accounts of its user here too.
//! Tokens are sealed before they are stored, and nothing here opens them.

use anyhow::Context;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    Account, Channel, Login, Options,
    credentials::{AccountRef, Keyring, Tokens},
    rules::{Credentials, StoredAccount},
    store::accounts::{self as store, AccountRow},
};
use crate::{
    platform::{
        db::{Database, UserTx},
        error::{Code, FieldError, Refusal},
        id::UserId,
    },
    values::wire_enum::wire_enum,
};

/// Most characters of a vendor's id.
pub const EXTERNAL_ID_CHARS: usize = 200;

/// What the vendor's ids of a LinkedIn account begin with.
const LINKEDIN_URNS: [&str; 2] = ["urn:li:person:", "urn:li:organization:"];

wire_enum! {
    /// Whether posts can be sent to an account.
    pub enum Health {
        /// They can.
        Ok = "ok",
        /// The tokens have expired and cannot be refreshed.
        Expired = "expired",
        /// The channel refused the tokens.
        Invalid = "invalid",
        /// No key of this installation opens the tokens.
        Unreadable = "unreadable",
    }
}

/// An account to be connected.
#[derive(Clone, Debug)]
pub struct AccountDraft {
    /// Its channel.
    pub channel: Channel,
    /// The name that the client gives it.
    pub account_id: String,
    /// The vendor's id; `None`: the same as its name.
    pub external_id: Option<String>,
    /// How it is connected; it matters on Instagram only.
    pub login: Option<Login>,
    /// What its posts have where a request names no option.
    pub settings: Options,
    /// Its tokens.
    pub tokens: Tokens,
    /// When the access token expires, if that is known.
    pub expires_at: Option<DateTime<Utc>>,
    /// When the refresh token expires, if that is known.
    pub refresh_expires_at: Option<DateTime<Utc>>,
}

/// A connected account, without its tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectedAccount {
    /// The account.
    pub account: Account,
    /// When the access token expires, if that is known.
    pub expires_at: Option<DateTime<Utc>>,
    /// When the refresh token expires, if that is known.
    pub refresh_expires_at: Option<DateTime<Utc>>,
    /// Whether it has a refresh token.
    pub has_refresh: bool,
    /// Whether posts can be sent to it.
    pub health: Health,
    /// As the channel last reported it.
    pub quota: Option<Value>,
    /// When it was connected first.
    pub created_at: DateTime<Utc>,
    /// When it was last connected again, or its tokens refreshed.
    pub updated_at: DateTime<Utc>,
}

/// The use-cases and what they stand on.
#[derive(Clone, Debug)]
pub struct Accounts {
    database: Database,
    keyring: Option<Keyring>,
}

impl Accounts {
    /// Creates the use-cases. Without keys no account can be connected, and no stored tokens can be used.
    pub const fn new(database: Database, keyring: Option<Keyring>) -> Self {
        Self { database, keyring }
    }

    /// Connects an account, or replaces what is stored under its name.
    ///
    /// # Errors
    /// `CHANNEL_NOT_CONFIGURED` without keys; the vendor's id is none of the channel's; the store is unavailable.
    pub async fn put(&self, user: UserId, draft: &AccountDraft) -> Result<ConnectedAccount, Refusal> {
        check_external_id(draft.channel, draft.external_id())?;
        let keyring = self.keyring.as_ref().ok_or_else(|| without_keys(draft.channel))?;
        let account = AccountRef { user, channel: draft.channel, account_id: &draft.account_id };
        let sealed = keyring.seal(&draft.tokens, &account)?;
        let mut tx = self.database.as_user(user).await?;
        store::put(&mut tx, user, draft, &sealed).await?;
        let row = store::find(&mut tx, draft.channel, &draft.account_id).await?;
        tx.commit().await?;
        self.connected(row.context("reading an account just connected")?)
    }

    /// One account.
    ///
    /// # Errors
    /// Missing or not theirs.
    pub async fn get(&self, user: UserId, channel: Channel, account_id: &str) -> Result<ConnectedAccount, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let row = store::find(&mut tx, channel, account_id).await?;
        tx.commit().await?;
        self.connected(row.ok_or(Refusal::NotFound)?)
    }

    /// All accounts of a user, by channel and name.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn list(&self, user: UserId) -> Result<Vec<ConnectedAccount>, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let rows = store::list(&mut tx).await?;
        tx.commit().await?;
        rows.into_iter().map(|row| self.connected(row)).collect()
    }

    /// Removes an account with its tokens.
    ///
    /// # Errors
    /// Missing or not theirs.
    pub async fn delete(&self, user: UserId, channel: Channel, account_id: &str) -> Result<(), Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let was_there = store::delete(&mut tx, channel, account_id).await?;
        tx.commit().await?;
        was_there.then_some(()).ok_or(Refusal::NotFound)
    }

    fn connected(&self, row: AccountRow) -> Result<ConnectedAccount, Refusal> {
        Ok(ConnectedAccount {
            account: row.account()?,
            health: health(credentials(&row, self.keyring.as_ref())),
            expires_at: row.expires_at,
            refresh_expires_at: row.refresh_expires_at,
            has_refresh: row.has_refresh,
            quota: row.quota,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// All accounts of a transaction's user, as the rules of a plan need them.
///
/// # Errors
/// The store is unavailable.
pub(super) async fn stored(tx: &mut UserTx, keyring: Option<&Keyring>) -> Result<Vec<StoredAccount>, Refusal> {
    let rows = store::list(tx).await?;
    let stored =
        |row: &AccountRow| Ok(StoredAccount { account: row.account()?, credentials: credentials(row, keyring) });
    rows.iter().map(stored).collect()
}

impl AccountDraft {
    /// The vendor's id.
    pub fn external_id(&self) -> &str {
        self.external_id.as_deref().unwrap_or(&self.account_id)
    }
}

/// What can be done with tokens.
fn credentials(row: &AccountRow, keyring: Option<&Keyring>) -> Credentials {
    if !keyring.is_some_and(|keyring| keyring.key_ids().contains(&row.key_id.as_str())) {
        Credentials::Unreadable
    } else if row.refused {
        Credentials::Refused
    } else if row.expired {
        Credentials::Expired
    } else {
        Credentials::Usable
    }
}

const fn health(credentials: Credentials) -> Health {
    match credentials {
        Credentials::Unreadable => Health::Unreadable,
        Credentials::Refused => Health::Invalid,
        Credentials::Expired | Credentials::Missing => Health::Expired,
        Credentials::Usable => Health::Ok,
    }
}

fn without_keys(channel: Channel) -> Refusal {
    let message = "Tokens cannot be stored on this installation: its CREDENTIALS_KEY is not set.".to_owned();
    let flaw = FieldError { loc: vec!["accessToken".into()], kind: "rule", message };
    Refusal::Rules { code: Code::ChannelNotConfigured, channel: Some(channel.as_str()), flaws: vec![flaw] }
}

/// Whether a text can be the vendor's id of an account. It becomes a part of addresses and bodies of requests.
fn check_external_id(channel: Channel, id: &str) -> Result<(), Refusal> {
    let (is_id, expected) = match channel {
        Channel::Facebook | Channel::Instagram => (
            !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()),
            "the number that the channel gave the account",
        ),
        Channel::Linkedin => (is_linkedin_urn(id), "urn:li:person:… or urn:li:organization:…"),
        Channel::Tiktok | Channel::Youtube => {
            (!id.is_empty() && !id.chars().any(char::is_control), "a text without control characters")
        }
    };
    if is_id {
        return Ok(());
    }
    let message = format!("On {channel} externalId is {expected}; without one, accountId has to be that.");
    Err(Refusal::Rule { code: Code::RuleRefused, field: "externalId", message })
}

/// The ids behind the prefix are of letters, digits, `-` and `_`.
fn is_linkedin_urn(id: &str) -> bool {
    let own = LINKEDIN_URNS.iter().find_map(|prefix| id.strip_prefix(prefix));
    let is_own = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    own.is_some_and(|own| !own.is_empty() && own.bytes().all(is_own))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_accepted(channel: Channel, id: &str) -> bool {
        check_external_id(channel, id).is_ok()
    }

    #[test]
    fn a_vendors_id_has_the_form_of_its_channel() {
        for (channel, good) in [
            (Channel::Facebook, "17841400000000000"),
            (Channel::Instagram, "1"),
            (Channel::Linkedin, "urn:li:person:8675309_-x"),
            (Channel::Linkedin, "urn:li:organization:123"),
            (Channel::Tiktok, "723f24d7-e717-40f8-a2b6-cb8464cd23b4"),
            (Channel::Youtube, "UC_x5XG1OV2P6uZZ5FSM9Ttw"),
        ] {
            assert!(is_accepted(channel, good), "{channel}: {good}");
        }
        for (channel, bad) in [
            (Channel::Facebook, "acct_1"),
            (Channel::Facebook, ""),
            (Channel::Facebook, "١٢"),
            (Channel::Instagram, "-1"),
            (Channel::Linkedin, "123"),
            (Channel::Linkedin, "urn:li:person:"),
            (Channel::Linkedin, "urn:li:person:a b"),
            (Channel::Linkedin, "urn:li:share:1"),
            (Channel::Linkedin, "URN:LI:PERSON:1"),
            (Channel::Tiktok, "a\nb"),
            (Channel::Youtube, ""),
        ] {
            assert!(!is_accepted(channel, bad), "{channel}: {bad}");
        }
    }

    #[test]
    fn the_gravest_trouble_is_the_health_of_an_account() {
        assert_eq!(health(Credentials::Usable), Health::Ok);
        assert_eq!(health(Credentials::Expired), Health::Expired);
        assert_eq!(health(Credentials::Refused), Health::Invalid);
        assert_eq!(health(Credentials::Unreadable), Health::Unreadable);
    }
}
