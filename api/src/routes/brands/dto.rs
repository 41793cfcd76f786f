//! The words of brands on the wire: what a client sends and sees, field by field. What
//! belongs to a brand has a file for each kind below.
//! The routes beside this read and make them; nothing here asks anybody anything.

mod accounts;
mod assets;
mod trends;

use almanac_shared::brands::{
    Brand,
    rules::{BrandBody, ImportBody, LANGUAGE_CHARS, NAME_CHARS, VOICE_CHARS},
    service::Imported,
};
use chrono::{DateTime, Utc};
use poem_openapi::{Object, types::MaybeUndefined};
use serde::{Deserialize, Serialize};

pub use self::{
    accounts::{AccountPage, AccountPatch, AccountShown, CreateAccount},
    assets::{AssetPage, AssetPatch, AssetShown, CreateAsset},
    trends::{CreateTrend, TrendPage, TrendPatch, TrendShown},
};
use super::patch;
use crate::http::text::{ClientId, Text};

/// A new brand.
#[derive(Clone, Debug, Deserialize, Object)]
pub struct CreateBrand {
    /// 1 to 128 letters and digits of any script, or any of space `. _ - : / # @ + ,`; no space at the ends. Made by the
    /// server if absent.
    #[serde(default)]
    id: Option<ClientId>,
    /// 1 to 200 characters.
    name: Text<NAME_CHARS>,
    /// IANA name.
    timezone: String,
    /// How it speaks, at most 2,000 characters.
    #[serde(default)]
    voice: Option<Text<VOICE_CHARS>>,
    /// The language it writes in, e.g. `en-US`.
    #[serde(default)]
    language: Option<Text<LANGUAGE_CHARS>>,
}

impl From<CreateBrand> for BrandBody {
    fn from(CreateBrand { id, name, timezone, voice, language }: CreateBrand) -> Self {
        Self {
            id: id.map(Into::into),
            name: Some(name.into()),
            timezone: Some(timezone),
            voice: voice.map(Into::into),
            language: language.map(Into::into),
        }
    }
}

/// A change of a brand.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct BrandPatch {
    /// 1 to 200 characters.
    #[serde(default)]
    name: MaybeUndefined<Text<NAME_CHARS>>,
    /// IANA name.
    #[serde(default)]
    timezone: MaybeUndefined<String>,
    /// Null takes it away.
    #[serde(default)]
    voice: MaybeUndefined<Text<VOICE_CHARS>>,
    /// Null takes it away.
    #[serde(default)]
    language: MaybeUndefined<Text<LANGUAGE_CHARS>>,
}

impl BrandPatch {
    pub(super) fn apply(self, brand: &mut BrandBody) {
        patch(&mut brand.name, self.name);
        patch(&mut brand.timezone, self.timezone);
        patch(&mut brand.voice, self.voice);
        patch(&mut brand.language, self.language);
    }
}

/// A brand.
#[derive(Clone, Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct BrandShown {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// Its usual zone; a request's own wins over it.
    timezone: String,
    /// How it speaks.
    voice: Option<String>,
    /// The language it writes in.
    language: Option<String>,
    /// Made at.
    created_at: DateTime<Utc>,
    /// Last changed at.
    updated_at: DateTime<Utc>,
}

impl From<Brand> for BrandShown {
    fn from(brand: Brand) -> Self {
        let Brand { id, name, timezone, voice, language, created_at, updated_at } = brand;
        Self { id: id.to_string(), name, timezone, voice, language, created_at, updated_at }
    }
}

/// A page of brands.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct BrandPage {
    /// Newest first.
    pub(super) items: Vec<BrandShown>,
    /// Where the list goes on.
    pub(super) next_cursor: Option<String>,
}

/// What to load into a brand; each list may be left out.
#[derive(Clone, Debug, Deserialize, Object)]
pub struct ImportThings {
    /// At most 2,000.
    #[serde(default)]
    accounts: Option<Vec<CreateAccount>>,
    /// At most 2,000.
    #[serde(default)]
    trends: Option<Vec<CreateTrend>>,
    /// At most 2,000.
    #[serde(default)]
    assets: Option<Vec<CreateAsset>>,
}

impl From<ImportThings> for ImportBody {
    fn from(ImportThings { accounts, trends, assets }: ImportThings) -> Self {
        Self {
            accounts: accounts.into_iter().flatten().map(Into::into).collect(),
            trends: trends.into_iter().flatten().map(Into::into).collect(),
            assets: assets.into_iter().flatten().map(Into::into).collect(),
        }
    }
}

/// How much there was to load, each id once.
#[derive(Debug, Serialize, Object)]
pub struct ThingsImported {
    /// Accounts.
    accounts: usize,
    /// Trends.
    trends: usize,
    /// Assets.
    assets: usize,
}

impl From<Imported> for ThingsImported {
    fn from(Imported { accounts, trends, assets }: Imported) -> Self {
        Self { accounts, trends, assets }
    }
}
