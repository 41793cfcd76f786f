//! Request and response bodies of a brand's assets.

use almanac_shared::brands::{
    Asset,
    rules::{AssetBody, TITLE_CHARS, URL_CHARS},
};
use chrono::{DateTime, Utc};
use poem_openapi::{Object, types::MaybeUndefined};
use serde::{Deserialize, Serialize};

use crate::http::{
    document_types::CreativeAssetKind,
    merge_patch::patch,
    text::{ClientId, Text},
};

/// A new creative asset.
#[derive(Clone, Debug, Deserialize, Object)]
pub struct CreateAsset {
    /// 1 to 128 letters and digits of any script, or any of space `. _ - : / # @ + ,`; no space at the ends. Generated if
    /// absent.
    #[serde(default)]
    #[oai(nullable)]
    id: Option<ClientId>,
    /// 1 to 300 characters.
    title: Text<TITLE_CHARS>,
    kind: CreativeAssetKind,
    /// An http or https URL.
    #[serde(default)]
    #[oai(nullable)]
    url: Option<Text<URL_CHARS>>,
    /// At most 50, each of 1 to 64 characters.
    #[serde(default)]
    #[oai(nullable)]
    tags: Option<Vec<String>>,
}

impl From<CreateAsset> for AssetBody {
    fn from(CreateAsset { id, title, kind, url, tags }: CreateAsset) -> Self {
        let (id, url) = (id.map(Into::into), url.map(Into::into));
        Self { id, title: Some(title.into()), kind: Some(kind.into()), url, tags }
    }
}

/// A merge patch of an asset. Unknown fields and `id` are ignored.
#[derive(Clone, Debug, Deserialize, Object)]
pub struct AssetPatch {
    /// 1 to 300 characters.
    #[serde(default)]
    title: MaybeUndefined<Text<TITLE_CHARS>>,
    #[serde(default)]
    kind: MaybeUndefined<CreativeAssetKind>,
    /// Null removes it.
    #[serde(default)]
    #[oai(nullable)]
    url: MaybeUndefined<Text<URL_CHARS>>,
    /// Replaces all tags; null removes them.
    #[serde(default)]
    #[oai(nullable)]
    tags: MaybeUndefined<Vec<String>>,
}

impl AssetPatch {
    pub(in super::super) fn apply(self, asset: &mut AssetBody) {
        patch(&mut asset.title, self.title);
        patch(&mut asset.kind, self.kind);
        patch(&mut asset.url, self.url);
        patch(&mut asset.tags, self.tags);
    }
}

/// A creative asset.
#[derive(Clone, Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct AssetResponse {
    id: String,
    title: String,
    kind: CreativeAssetKind,
    #[oai(nullable)]
    url: Option<String>,
    tags: Vec<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Asset> for AssetResponse {
    fn from(asset: Asset) -> Self {
        let Asset { id, title, kind, url, tags, created_at, updated_at } = asset;
        let (id, kind) = (id.to_string(), kind.as_str().into());
        Self { id, title, kind, url, tags, created_at, updated_at }
    }
}

/// A page of assets.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct AssetPage {
    /// Newest first.
    pub(in super::super) items: Vec<AssetResponse>,
    /// Cursor of the next page; null on the last one.
    #[oai(nullable)]
    pub(in super::super) next_cursor: Option<String>,
}
