//! The words of assets on the wire.

use almanac_shared::brands::{
    Asset,
    rules::{AssetBody, TITLE_CHARS, URL_CHARS},
};
use chrono::{DateTime, Utc};
use poem_openapi::{Object, types::MaybeUndefined};
use serde::{Deserialize, Serialize};

use crate::{
    http::text::{ClientId, Text},
    routes::brands::patch,
};

/// A new creative asset.
#[derive(Clone, Debug, Deserialize, Object)]
pub struct CreateAsset {
    /// 1 to 128 letters and digits of any script, or any of space `. _ - : / # @ + ,`; no space at the ends. Made by the
    /// server if absent.
    #[serde(default)]
    id: Option<ClientId>,
    /// 1 to 300 characters.
    title: Text<TITLE_CHARS>,
    /// `image`, `video`, `audio` or `document`.
    kind: String,
    /// An http or https address.
    #[serde(default)]
    url: Option<Text<URL_CHARS>>,
    /// At most 50, each of 1 to 64 characters.
    #[serde(default)]
    tags: Option<Vec<String>>,
}

impl From<CreateAsset> for AssetBody {
    fn from(CreateAsset { id, title, kind, url, tags }: CreateAsset) -> Self {
        let (id, url) = (id.map(Into::into), url.map(Into::into));
        Self { id, title: Some(title.into()), kind: Some(kind), url, tags }
    }
}

/// A change of an asset.
#[derive(Clone, Debug, Deserialize, Object)]
pub struct AssetPatch {
    /// 1 to 300 characters.
    #[serde(default)]
    title: MaybeUndefined<Text<TITLE_CHARS>>,
    /// `image`, `video`, `audio` or `document`.
    #[serde(default)]
    kind: MaybeUndefined<String>,
    /// Null takes it away.
    #[serde(default)]
    url: MaybeUndefined<Text<URL_CHARS>>,
    /// All of them; null is none.
    #[serde(default)]
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
pub struct AssetShown {
    /// Its id.
    id: String,
    /// What it shows.
    title: String,
    /// `image`, `video`, `audio` or `document`.
    kind: String,
    /// Where it is.
    url: Option<String>,
    /// Tags.
    tags: Vec<String>,
    /// Made at.
    created_at: DateTime<Utc>,
    /// Last changed at.
    updated_at: DateTime<Utc>,
}

impl From<Asset> for AssetShown {
    fn from(asset: Asset) -> Self {
        let Asset { id, title, kind, url, tags, created_at, updated_at } = asset;
        let (id, kind) = (id.to_string(), kind.to_string());
        Self { id, title, kind, url, tags, created_at, updated_at }
    }
}

/// A page of assets.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct AssetPage {
    /// Newest first.
    pub(in super::super) items: Vec<AssetShown>,
    /// Where the list goes on.
    pub(in super::super) next_cursor: Option<String>,
}
