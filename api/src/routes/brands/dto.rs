//! Request and response bodies of brands, as JSON and as the OpenAPI document describes them.

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
    accounts::{AccountPage, AccountPatch, AccountResponse, CreateAccount},
    assets::{AssetPage, AssetPatch, AssetResponse, CreateAsset},
    trends::{CreateTrend, TrendPage, TrendPatch, TrendResponse},
};
use crate::http::{
    merge_patch::patch,
    text::{ClientId, Text},
};

/// A new brand.
#[derive(Clone, Debug, Deserialize, Object)]
pub struct CreateBrand {
    /// 1 to 128 letters and digits of any script, or any of space `. _ - : / # @ + ,`; no space at the ends. Generated if
    /// absent.
    #[serde(default)]
    #[oai(nullable)]
    id: Option<ClientId>,
    /// 1 to 200 characters.
    name: Text<NAME_CHARS>,
    /// IANA name.
    timezone: String,
    /// Tone of voice for the model, at most 2,000 characters.
    #[serde(default)]
    #[oai(nullable)]
    voice: Option<Text<VOICE_CHARS>>,
    /// Language of generated texts, e.g. `en-US`.
    #[serde(default)]
    #[oai(nullable)]
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

/// A merge patch of a brand.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct BrandPatch {
    /// 1 to 200 characters.
    #[serde(default)]
    name: MaybeUndefined<Text<NAME_CHARS>>,
    /// IANA name.
    #[serde(default)]
    timezone: MaybeUndefined<String>,
    /// Null removes it.
    #[serde(default)]
    #[oai(nullable)]
    voice: MaybeUndefined<Text<VOICE_CHARS>>,
    /// Null removes it.
    #[serde(default)]
    #[oai(nullable)]
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
pub struct BrandResponse {
    id: String,
    name: String,
    /// IANA name; the zone of a request takes precedence.
    timezone: String,
    /// Tone of voice for the model.
    #[oai(nullable)]
    voice: Option<String>,
    /// Language of generated texts.
    #[oai(nullable)]
    language: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Brand> for BrandResponse {
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
    pub(super) items: Vec<BrandResponse>,
    /// Cursor of the next page; null on the last one.
    #[oai(nullable)]
    pub(super) next_cursor: Option<String>,
}

/// Accounts, trends and assets to import.
#[derive(Clone, Debug, Deserialize, Object)]
pub struct BrandImport {
    /// At most 2,000.
    #[serde(default)]
    #[oai(nullable)]
    accounts: Option<Vec<CreateAccount>>,
    /// At most 2,000.
    #[serde(default)]
    #[oai(nullable)]
    trends: Option<Vec<CreateTrend>>,
    /// At most 2,000.
    #[serde(default)]
    #[oai(nullable)]
    assets: Option<Vec<CreateAsset>>,
}

impl From<BrandImport> for ImportBody {
    fn from(BrandImport { accounts, trends, assets }: BrandImport) -> Self {
        Self {
            accounts: accounts.into_iter().flatten().map(Into::into).collect(),
            trends: trends.into_iter().flatten().map(Into::into).collect(),
            assets: assets.into_iter().flatten().map(Into::into).collect(),
        }
    }
}

/// Number of imported items, each id counted once.
#[derive(Debug, Serialize, Object)]
pub struct BrandImported {
    accounts: usize,
    trends: usize,
    assets: usize,
}

impl From<Imported> for BrandImported {
    fn from(Imported { accounts, trends, assets }: Imported) -> Self {
        Self { accounts, trends, assets }
    }
}
