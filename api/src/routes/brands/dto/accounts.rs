//! Request and response bodies of a brand's accounts.

use almanac_shared::brands::{
    Account,
    rules::{AccountBody, NAME_CHARS},
};
use chrono::{DateTime, Utc};
use poem_openapi::{Object, types::MaybeUndefined};
use serde::{Deserialize, Serialize};

use crate::http::{
    document_types::{PlatformAccountState, SeedPlatform},
    merge_patch::patch,
    text::{ClientId, Text},
};

/// A new account on a platform.
#[derive(Clone, Debug, Deserialize, Object)]
pub struct CreateAccount {
    /// 1 to 128 letters and digits of any script, or any of space `. _ - : / # @ + ,`; no space at the ends. Generated if
    /// absent.
    #[serde(default)]
    #[oai(nullable)]
    id: Option<ClientId>,
    platform: SeedPlatform,
    /// 1 to 200 characters.
    name: Text<NAME_CHARS>,
    /// `connected` if absent.
    #[serde(default)]
    #[oai(nullable)]
    state: Option<PlatformAccountState>,
}

impl From<CreateAccount> for AccountBody {
    fn from(CreateAccount { id, platform, name, state }: CreateAccount) -> Self {
        let (platform, state) = (Some(platform.into()), state.map(Into::into));
        Self { id: id.map(Into::into), platform, name: Some(name.into()), state }
    }
}

/// A merge patch of an account. Unknown fields and `id` are ignored.
#[derive(Clone, Debug, Deserialize, Object)]
pub struct AccountPatch {
    #[serde(default)]
    platform: MaybeUndefined<SeedPlatform>,
    /// 1 to 200 characters.
    #[serde(default)]
    name: MaybeUndefined<Text<NAME_CHARS>>,
    /// Null is `connected`.
    #[serde(default)]
    #[oai(nullable)]
    state: MaybeUndefined<PlatformAccountState>,
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
pub struct AccountResponse {
    id: String,
    platform: SeedPlatform,
    name: String,
    state: PlatformAccountState,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Account> for AccountResponse {
    fn from(account: Account) -> Self {
        let Account { id, platform, name, state, created_at, updated_at } = account;
        let (platform, state) = (platform.as_str().into(), state.as_str().into());
        Self { id: id.to_string(), platform, name, state, created_at, updated_at }
    }
}

/// A page of accounts.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct AccountPage {
    /// Newest first.
    pub(in super::super) items: Vec<AccountResponse>,
    /// Cursor of the next page; null on the last one.
    #[oai(nullable)]
    pub(in super::super) next_cursor: Option<String>,
}
