//! The words of accounts on the wire.

use almanac_shared::brands::{
    Account,
    rules::{AccountBody, NAME_CHARS},
};
use chrono::{DateTime, Utc};
use poem_openapi::{Object, types::MaybeUndefined};
use serde::{Deserialize, Serialize};

use crate::{
    http::text::{ClientId, Text},
    routes::brands::patch,
};

/// A new account on a platform.
#[derive(Clone, Debug, Deserialize, Object)]
pub struct CreateAccount {
    /// 1 to 128 letters and digits of any script, or any of space `. _ - : / # @ + ,`; no space at the ends. Made by the
    /// server if absent.
    #[serde(default)]
    id: Option<ClientId>,
    /// `instagram`, `linkedin`, `facebook`, `tiktok` or `youtube`.
    platform: String,
    /// 1 to 200 characters.
    name: Text<NAME_CHARS>,
    /// `connected` when absent; `disconnected` and `auth_failed` refuse its placements.
    #[serde(default)]
    state: Option<String>,
}

impl From<CreateAccount> for AccountBody {
    fn from(CreateAccount { id, platform, name, state }: CreateAccount) -> Self {
        Self { id: id.map(Into::into), platform: Some(platform), name: Some(name.into()), state }
    }
}

/// A change of an account.
#[derive(Clone, Debug, Deserialize, Object)]
pub struct AccountPatch {
    /// `instagram`, `linkedin`, `facebook`, `tiktok` or `youtube`.
    #[serde(default)]
    platform: MaybeUndefined<String>,
    /// 1 to 200 characters.
    #[serde(default)]
    name: MaybeUndefined<Text<NAME_CHARS>>,
    /// `connected`, `disconnected` or `auth_failed`; null is `connected`.
    #[serde(default)]
    state: MaybeUndefined<String>,
}

impl AccountPatch {
    pub(in super::super) fn apply(self, account: &mut AccountBody) {
        patch(&mut account.platform, self.platform);
        patch(&mut account.name, self.name);
        patch(&mut account.state, self.state);
    }
}

/// An account on a platform.
#[derive(Clone, Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct AccountShown {
    /// Its id.
    id: String,
    /// Where it is.
    platform: String,
    /// What it is called.
    name: String,
    /// `connected`, `disconnected` or `auth_failed`.
    state: String,
    /// Made at.
    created_at: DateTime<Utc>,
    /// Last changed at.
    updated_at: DateTime<Utc>,
}

impl From<Account> for AccountShown {
    fn from(account: Account) -> Self {
        let Account { id, platform, name, state, created_at, updated_at } = account;
        let (platform, state) = (platform.to_string(), state.to_string());
        Self { id: id.to_string(), platform, name, state, created_at, updated_at }
    }
}

/// A page of accounts.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct AccountPage {
    /// Newest first.
    pub(in super::super) items: Vec<AccountShown>,
    /// Where the list goes on.
    pub(in super::super) next_cursor: Option<String>,
}
