//! The words of trends on the wire.

use almanac_shared::brands::{
    Trend,
    rules::{DESCRIPTION_CHARS, TITLE_CHARS, TrendBody},
};
use chrono::{DateTime, Utc};
use poem_openapi::{Object, types::MaybeUndefined};
use serde::{Deserialize, Serialize};

use crate::{
    http::text::{ClientId, Text},
    routes::brands::patch,
};

/// A new trend.
#[derive(Clone, Debug, Deserialize, Object)]
pub struct CreateTrend {
    /// 1 to 128 letters and digits of any script, or any of space `. _ - : / # @ + ,`; no space at the ends. Made by the
    /// server if absent.
    #[serde(default)]
    id: Option<ClientId>,
    /// 1 to 300 characters.
    title: Text<TITLE_CHARS>,
    /// `trend`, `question`, `event` or `manual`.
    source: String,
    /// At most 2,000 characters.
    #[serde(default)]
    description: Option<Text<DESCRIPTION_CHARS>>,
    /// 0 to 100, 0 when absent: the higher, the sooner a preset takes it.
    #[serde(default)]
    priority: Option<i32>,
    /// At most 50, each of 1 to 64 characters.
    #[serde(default)]
    tags: Option<Vec<String>>,
}

impl From<CreateTrend> for TrendBody {
    fn from(CreateTrend { id, title, source, description, priority, tags }: CreateTrend) -> Self {
        let (id, description) = (id.map(Into::into), description.map(Into::into));
        Self { id, title: Some(title.into()), source: Some(source), description, priority, tags }
    }
}

/// A change of a trend.
#[derive(Clone, Debug, Deserialize, Object)]
pub struct TrendPatch {
    /// 1 to 300 characters.
    #[serde(default)]
    title: MaybeUndefined<Text<TITLE_CHARS>>,
    /// `trend`, `question`, `event` or `manual`.
    #[serde(default)]
    source: MaybeUndefined<String>,
    /// Null takes it away.
    #[serde(default)]
    description: MaybeUndefined<Text<DESCRIPTION_CHARS>>,
    /// 0 to 100; null is 0.
    #[serde(default)]
    priority: MaybeUndefined<i32>,
    /// All of them; null is none.
    #[serde(default)]
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
pub struct TrendShown {
    /// Its id.
    id: String,
    /// A headline.
    title: String,
    /// `trend`, `question`, `event` or `manual`.
    source: String,
    /// More about it.
    description: Option<String>,
    /// The higher, the sooner a preset takes it.
    priority: i32,
    /// Tags.
    tags: Vec<String>,
    /// Made at.
    created_at: DateTime<Utc>,
    /// Last changed at.
    updated_at: DateTime<Utc>,
}

impl From<Trend> for TrendShown {
    fn from(trend: Trend) -> Self {
        let Trend { id, title, source, description, priority, tags, created_at, updated_at } = trend;
        let (id, source) = (id.to_string(), source.to_string());
        Self { id, title, source, description, priority, tags, created_at, updated_at }
    }
}

/// A page of trends.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct TrendPage {
    /// Newest first.
    pub(in super::super) items: Vec<TrendShown>,
    /// Where the list goes on.
    pub(in super::super) next_cursor: Option<String>,
}
