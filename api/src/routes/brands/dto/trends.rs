//! Request and response bodies of a brand's trends.

use almanac_shared::brands::{
    Trend,
    rules::{DESCRIPTION_CHARS, TITLE_CHARS, TrendBody},
};
use chrono::{DateTime, Utc};
use poem_openapi::{Object, types::MaybeUndefined};
use serde::{Deserialize, Serialize};

use crate::http::{
    document_types::SeedSource,
    merge_patch::patch,
    text::{ClientId, Text},
};

/// A new trend.
#[derive(Clone, Debug, Deserialize, Object)]
pub struct CreateTrend {
    /// 1 to 128 letters and digits of any script, or any of space `. _ - : / # @ + ,`; no space at the ends. Generated if
    /// absent.
    #[serde(default)]
    #[oai(nullable)]
    id: Option<ClientId>,
    /// 1 to 300 characters.
    title: Text<TITLE_CHARS>,
    source: SeedSource,
    /// At most 2,000 characters.
    #[serde(default)]
    #[oai(nullable)]
    description: Option<Text<DESCRIPTION_CHARS>>,
    /// 0 to 100, 0 if absent. A preset uses trends of higher priority first.
    #[serde(default)]
    #[oai(nullable)]
    priority: Option<i32>,
    /// At most 50, each of 1 to 64 characters.
    #[serde(default)]
    #[oai(nullable)]
    tags: Option<Vec<String>>,
}

impl From<CreateTrend> for TrendBody {
    fn from(CreateTrend { id, title, source, description, priority, tags }: CreateTrend) -> Self {
        let (id, description) = (id.map(Into::into), description.map(Into::into));
        Self { id, title: Some(title.into()), source: Some(source.into()), description, priority, tags }
    }
}

/// A merge patch of a trend. Unknown fields and `id` are ignored.
#[derive(Clone, Debug, Deserialize, Object)]
pub struct TrendPatch {
    /// 1 to 300 characters.
    #[serde(default)]
    title: MaybeUndefined<Text<TITLE_CHARS>>,
    #[serde(default)]
    source: MaybeUndefined<SeedSource>,
    /// Null removes it.
    #[serde(default)]
    #[oai(nullable)]
    description: MaybeUndefined<Text<DESCRIPTION_CHARS>>,
    /// 0 to 100; null is 0.
    #[serde(default)]
    #[oai(nullable)]
    priority: MaybeUndefined<i32>,
    /// Replaces all tags; null removes them.
    #[serde(default)]
    #[oai(nullable)]
    tags: MaybeUndefined<Vec<String>>,
}

impl TrendPatch {
    pub(in super::super) fn apply(self, trend: &mut TrendBody) {
        patch(&mut trend.title, self.title);
        patch(&mut trend.source, self.source);
        patch(&mut trend.description, self.description);
        patch(&mut trend.priority, self.priority);
        patch(&mut trend.tags, self.tags);
    }
}

/// A trend.
#[derive(Clone, Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct TrendResponse {
    id: String,
    title: String,
    source: SeedSource,
    #[oai(nullable)]
    description: Option<String>,
    /// 0 to 100. A preset uses trends of higher priority first.
    priority: i32,
    tags: Vec<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Trend> for TrendResponse {
    fn from(trend: Trend) -> Self {
        let Trend { id, title, source, description, priority, tags, created_at, updated_at } = trend;
        let (id, source) = (id.to_string(), source.as_str().into());
        Self { id, title, source, description, priority, tags, created_at, updated_at }
    }
}

/// A page of trends.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct TrendPage {
    /// Newest first.
    pub(in super::super) items: Vec<TrendResponse>,
    /// Cursor of the next page; null on the last one.
    #[oai(nullable)]
    pub(in super::super) next_cursor: Option<String>,
}
