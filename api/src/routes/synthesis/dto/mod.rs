//! Request and response bodies of themes, as JSON and as the OpenAPI document describes them.

pub(super) mod schedule;
pub(super) mod synthesis;

use almanac_shared::synthesis::{
    SOURCES_MAX, SourceState, Theme,
    rules::{DESCRIPTION_CHARS, LANGUAGE_CHARS, NAME_CHARS, SECTIONS_MAX, ThemeBody},
};
use chrono::{DateTime, Utc};
use poem_openapi::{Object, types::MaybeUndefined};
use serde::{Deserialize, Serialize};

use crate::http::{document_types::Of, failure::FailureResponse, merge_patch::patch, text::Text};

// The bounds in the descriptions below are those of the rules.
const _: () = assert!(SOURCES_MAX == 20 && SECTIONS_MAX == 20);

/// A new theme.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct CreateTheme {
    /// 1 to 200 characters, one line. Mails carry it as their subject.
    name: Text<NAME_CHARS>,
    /// What it is about, at most 2,000 characters.
    #[serde(default)]
    #[oai(nullable)]
    description: Option<Text<DESCRIPTION_CHARS>>,
    /// Language of syntheses and mails, e.g. `fr` or `en-US`; `en` if absent.
    #[serde(default)]
    #[oai(nullable)]
    language: Option<Text<LANGUAGE_CHARS>>,
    /// Addresses of RSS, Atom or JSON feeds.
    #[serde(default)]
    #[oai(nullable, validator(max_items = 20))]
    sources: Option<Vec<String>>,
    /// Titles of the sections, each at most 120 characters; the model chooses them if absent or empty.
    #[serde(default)]
    #[oai(nullable, validator(max_items = 20))]
    sections: Option<Vec<String>>,
}

impl From<CreateTheme> for ThemeBody {
    fn from(CreateTheme { name, description, language, sources, sections }: CreateTheme) -> Self {
        Self {
            name: Some(name.into()),
            description: description.map(Into::into),
            language: language.map(Into::into),
            sources,
            sections,
        }
    }
}

/// A merge patch of a theme.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct ThemePatch {
    /// 1 to 200 characters, one line.
    #[serde(default)]
    name: MaybeUndefined<Text<NAME_CHARS>>,
    /// Null removes it.
    #[serde(default)]
    #[oai(nullable)]
    description: MaybeUndefined<Text<DESCRIPTION_CHARS>>,
    /// Null sets it to `en`.
    #[serde(default)]
    #[oai(nullable)]
    language: MaybeUndefined<Text<LANGUAGE_CHARS>>,
    /// Replaces the list; null empties it.
    #[serde(default)]
    #[oai(nullable, validator(max_items = 20))]
    sources: MaybeUndefined<Vec<String>>,
    /// Replaces the list; null empties it.
    #[serde(default)]
    #[oai(nullable, validator(max_items = 20))]
    sections: MaybeUndefined<Vec<String>>,
}

impl ThemePatch {
    pub(super) fn apply(self, theme: &mut ThemeBody) {
        patch(&mut theme.name, self.name);
        patch(&mut theme.description, self.description);
        patch(&mut theme.language, self.language);
        patch(&mut theme.sources, self.sources);
        patch(&mut theme.sections, self.sections);
    }
}

/// A theme.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(rename = "Theme")]
pub struct ThemeResponse {
    id: String,
    /// Another one after each change. The value for `If-Match`.
    version: i64,
    name: String,
    description: String,
    language: String,
    /// Addresses of its feeds.
    sources: Vec<String>,
    /// Titles of its sections; empty if the model chooses them.
    sections: Vec<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Theme> for ThemeResponse {
    fn from(theme: Theme) -> Self {
        let version = theme.version();
        let Theme { id, name, description, language, sources, sections, created_at, updated_at } = theme;
        Self { id: id.to_string(), version, name, description, language, sources, sections, created_at, updated_at }
    }
}

/// A page of themes.
#[derive(Debug, Serialize, Object)]
pub struct ThemePage {
    /// Newest first.
    pub(super) items: Vec<ThemeResponse>,
    /// Cursor of the next page; null on the last one.
    #[oai(nullable)]
    pub(super) next_cursor: Option<String>,
}

/// A feed of a theme.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(rename = "ThemeSource")]
pub struct SourceResponse {
    url: String,
    /// Time of the last fetch that succeeded.
    #[oai(nullable)]
    last_fetched_at: Option<DateTime<Utc>>,
    /// Why the last fetch failed; null if it succeeded.
    #[oai(nullable)]
    last_error: Option<Of<FailureResponse>>,
    /// Number of items in the feed.
    items: i64,
}

impl From<SourceState> for SourceResponse {
    fn from(SourceState { url, last_fetched_at, last_error, items }: SourceState) -> Self {
        Self { url, last_fetched_at, last_error: last_error.map(Into::into), items }
    }
}

/// The feeds of a theme.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "ThemeSourceList")]
pub struct SourceList {
    /// In the theme's order.
    pub(super) items: Vec<SourceResponse>,
}
