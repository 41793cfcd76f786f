//! The words of assets on the wire.

use almanac_shared::brands::{Asset, rules::AssetBody};
use chrono::{DateTime, Utc};
use poem_openapi::{Object, types::MaybeUndefined};
use serde::{Deserialize, Serialize};

use crate::routes::brands::patch;

/// A new creative asset.
#[derive(Clone, Debug, Deserialize, Object)]
pub struct CreateAsset {
    /// 1 to 128 letters, digits or any of `_ - . : @ ~`; made for you when absent.
    #[serde(default)]
    id: Option<String>,
    /// 1 to 300 characters.
    title: String,
    /// `image`, `video`, `audio` or `document`.
    kind: String,
    /// An http or https address.
    #[serde(default)]
    url: Option<String>,
    /// At most 50, each of 1 to 64 characters.
    #[serde(default)]
    tags: Option<Vec<String>>,
}

impl From<CreateAsset> for AssetBody {
    fn from(CreateAsset { id, title, kind, url, tags }: CreateAsset) -> Self {
        Self { id, title: Some(title), kind: Some(kind), url, tags }
    }
}

/// A change of an asset.
#[derive(Clone, Debug, Deserialize, Object)]
pub struct AssetPatch {
    /// 1 to 300 characters.
    #[serde(default)]
    title: MaybeUndefined<String>,
    /// `image`, `video`, `audio` or `document`.
    #[serde(default)]
    kind: MaybeUndefined<String>,
    /// Null takes it away.
    #[serde(default)]
    url: MaybeUndefined<String>,
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
