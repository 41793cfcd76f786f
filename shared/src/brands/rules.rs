//! The rules of brands: what each of their words may be. A patch is judged like a whole: what would be stored is what is
//! read. Called by the use-cases before anything is stored; a flaw of shape is a 400, a broken rule a 422, and both name
//! the field. Pure; it never bends a value to fit, but for space around a text and a tag that is named twice.

use std::ops::RangeInclusive;

use chrono_tz::Tz;
use serde::Serialize;

use super::{
    Account, AccountId, AccountState, Asset, AssetId, AssetKind, Brand, BrandId, Platform, Trend, TrendId, TrendSource,
    terms::terms,
};
use crate::{
    platform::error::{Code, Refusal},
    values::{
        json_reader::{AsSegment, JsonPath, JsonReader},
        wire_enum::InvalidText,
    },
};

/// Most characters of a brand's or an account's name.
pub const NAME_CHARS: usize = 200;
/// Most characters of a brand's voice.
pub const VOICE_CHARS: usize = 2_000;
/// Most characters of a language.
pub const LANGUAGE_CHARS: usize = 64;
/// Most characters of a title.
pub const TITLE_CHARS: usize = 300;
/// Most characters of a description.
pub const DESCRIPTION_CHARS: usize = 2_000;
/// Most characters of an address.
pub const URL_CHARS: usize = 2_048;
/// Most tags of a thing.
pub const TAGS_MAX: usize = 50;
/// Most characters of a tag.
pub const TAG_CHARS: usize = 64;
/// What a priority may be.
pub const PRIORITIES: RangeInclusive<i32> = 0..=100;
/// Most things of each kind in one import.
pub const IMPORT_MAX: usize = 2_000;
/// Flaws after which an import is read no further.
const FLAWS_MAX: usize = 100;

/// A brand as it was sent, or as a patch would leave it.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of `Brand`")]
pub struct BrandBody {
    pub id: Option<String>,
    pub name: Option<String>,
    pub timezone: Option<String>,
    pub voice: Option<String>,
    pub language: Option<String>,
}

/// An account as it was sent, or as a patch would leave it.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of `Account`")]
pub struct AccountBody {
    pub id: Option<String>,
    pub platform: Option<String>,
    pub name: Option<String>,
    pub state: Option<String>,
}

/// A trend as it was sent, or as a patch would leave it.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of `Trend`")]
pub struct TrendBody {
    pub id: Option<String>,
    pub title: Option<String>,
    pub source: Option<String>,
    pub description: Option<String>,
    pub priority: Option<i32>,
    pub tags: Option<Vec<String>>,
}

/// An asset as it was sent, or as a patch would leave it.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of `Asset`")]
pub struct AssetBody {
    pub id: Option<String>,
    pub title: Option<String>,
    pub kind: Option<String>,
    pub url: Option<String>,
    pub tags: Option<Vec<String>>,
}

/// What one import brings.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "three lists, each by its name")]
pub struct ImportBody {
    pub accounts: Vec<AccountBody>,
    pub trends: Vec<TrendBody>,
    pub assets: Vec<AssetBody>,
}

/// A brand to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrandDraft {
    pub(super) id: BrandId,
    pub(super) name: String,
    pub(super) timezone: String,
    pub(super) voice: Option<String>,
    pub(super) language: Option<String>,
}

/// An account to be stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountDraft {
    pub(super) id: AccountId,
    platform: Platform,
    name: String,
    state: AccountState,
}

/// A trend to be stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrendDraft {
    pub(super) id: TrendId,
    title: String,
    source: TrendSource,
    description: Option<String>,
    priority: i32,
    tags: Vec<String>,
}

/// An asset to be stored, with the terms it is found by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AssetDraft {
    pub(super) id: AssetId,
    title: String,
    kind: AssetKind,
    url: Option<String>,
    tags: Vec<String>,
    terms: Vec<String>,
}

/// Everything of an import, to be stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "three lists, each by its name")]
pub struct Import {
    pub accounts: Vec<AccountDraft>,
    pub trends: Vec<TrendDraft>,
    pub assets: Vec<AssetDraft>,
}

/// What can be read from a body of its own: one kind of thing that belongs to a brand.
pub trait Read: Sized {
    /// The body.
    type Body;

    /// The thing, or none and the flaws that keep it from being one.
    fn read(shape: &mut JsonReader, way: JsonPath<'_>, body: Self::Body) -> Option<Self>;

    /// The thing in a request of its own.
    ///
    /// # Errors
    /// `InvalidFields` with every flaw.
    fn parse(body: Self::Body) -> Result<Self, Refusal> {
        let mut shape = JsonReader::default();
        let read = Self::read(&mut shape, &[], body);
        shape.finish(read)
    }
}

impl BrandDraft {
    /// A brand.
    ///
    /// # Errors
    /// `InvalidFields` with every flaw, else `UNKNOWN_TIME_ZONE`.
    pub fn parse(body: BrandBody) -> Result<Self, Refusal> {
        let mut shape = JsonReader::default();
        let id = id(&mut shape, &[], body.id, BrandId::fresh);
        let name = required(&mut shape, &[], "name", body.name, NAME_CHARS);
        let timezone = required(&mut shape, &[], "timezone", body.timezone, 64);
        let voice = optional(&mut shape, &[], "voice", body.voice, VOICE_CHARS);
        let language = optional(&mut shape, &[], "language", body.language, LANGUAGE_CHARS);
        let (id, (name, timezone)) = shape.finish(id.zip(name.zip(timezone)))?;
        let zone: Tz = timezone.parse().map_err(|_| Refusal::Rule {
            code: Code::UnknownTimeZone,
            field: "timezone",
            message: "Unknown time zone.".to_owned(),
        })?;
        Ok(Self { id, name, timezone: zone.name().to_owned(), voice, language })
    }
}

impl Read for AccountDraft {
    type Body = AccountBody;

    fn read(shape: &mut JsonReader, way: JsonPath<'_>, body: AccountBody) -> Option<Self> {
        let id = id(shape, way, body.id, AccountId::fresh);
        let platform = word(shape, way, "platform", body.platform, None);
        let name = required(shape, way, "name", body.name, NAME_CHARS);
        let state = word(shape, way, "state", body.state, Some(AccountState::Connected));
        Some(Self { id: id?, platform: platform?, name: name?, state: state? })
    }
}

impl Read for TrendDraft {
    type Body = TrendBody;

    fn read(shape: &mut JsonReader, way: JsonPath<'_>, body: TrendBody) -> Option<Self> {
        let id = id(shape, way, body.id, TrendId::fresh);
        let title = required(shape, way, "title", body.title, TITLE_CHARS);
        let source = word(shape, way, "source", body.source, None);
        let description = optional(shape, way, "description", body.description, DESCRIPTION_CHARS);
        let priority = body.priority.unwrap_or(0);
        if !PRIORITIES.contains(&priority) {
            shape.flaw(&[way, &[&"priority"]].concat(), "value", "must be from 0 to 100");
        }
        let tags = tags(shape, way, body.tags);
        Some(Self { id: id?, title: title?, source: source?, description, priority, tags })
    }
}

impl Read for AssetDraft {
    type Body = AssetBody;

    fn read(shape: &mut JsonReader, way: JsonPath<'_>, body: AssetBody) -> Option<Self> {
        let id = id(shape, way, body.id, AssetId::fresh);
        let title = required(shape, way, "title", body.title, TITLE_CHARS);
        let kind = word(shape, way, "kind", body.kind, None);
        let url = optional(shape, way, "url", body.url, URL_CHARS);
        if url.as_deref().is_some_and(|url| !is_address(url)) {
            shape.flaw(&[way, &[&"url"]].concat(), "value", "must be an http or https address");
        }
        let tags = tags(shape, way, body.tags);
        let title = title?;
        let terms = terms(tags.iter().chain([&title]).map(String::as_str)).into_iter().collect();
        Some(Self { id: id?, title, kind: kind?, url, tags, terms })
    }
}

impl Import {
    /// An import. Of things with the same id the last one counts.
    ///
    /// # Errors
    /// `InvalidFields` with every flaw, or as many as anybody would read.
    pub fn parse(body: ImportBody) -> Result<Self, Refusal> {
        let mut shape = JsonReader::default();
        let accounts = read_all(&mut shape, "accounts", body.accounts, |draft: &AccountDraft| draft.id.clone());
        let trends = read_all(&mut shape, "trends", body.trends, |draft: &TrendDraft| draft.id.clone());
        let assets = read_all(&mut shape, "assets", body.assets, |draft: &AssetDraft| draft.id.clone());
        shape.finish(Some(Self { accounts, trends, assets }))
    }
}

fn read_all<T: Read, I: Ord>(shape: &mut JsonReader, list: &str, bodies: Vec<T::Body>, id: fn(&T) -> I) -> Vec<T> {
    shape.count(&[&list], bodies.len(), 0..=IMPORT_MAX);
    let mut read = std::collections::BTreeMap::new();
    for (at, body) in bodies.into_iter().enumerate().take(IMPORT_MAX) {
        if shape.found() >= FLAWS_MAX {
            break;
        }
        read.extend(T::read(shape, &[&list, &at], body).map(|thing| (id(&thing), thing)));
    }
    read.into_values().collect()
}

impl From<&Brand> for BrandBody {
    fn from(brand: &Brand) -> Self {
        Self {
            id: Some(brand.id.to_string()),
            name: Some(brand.name.clone()),
            timezone: Some(brand.timezone.clone()),
            voice: brand.voice.clone(),
            language: brand.language.clone(),
        }
    }
}

impl From<&Account> for AccountBody {
    fn from(account: &Account) -> Self {
        Self {
            id: Some(account.id.to_string()),
            platform: Some(account.platform.to_string()),
            name: Some(account.name.clone()),
            state: Some(account.state.to_string()),
        }
    }
}

impl From<&Trend> for TrendBody {
    fn from(trend: &Trend) -> Self {
        Self {
            id: Some(trend.id.to_string()),
            title: Some(trend.title.clone()),
            source: Some(trend.source.to_string()),
            description: trend.description.clone(),
            priority: Some(trend.priority),
            tags: Some(trend.tags.clone()),
        }
    }
}

impl From<&Asset> for AssetBody {
    fn from(asset: &Asset) -> Self {
        Self {
            id: Some(asset.id.to_string()),
            title: Some(asset.title.clone()),
            kind: Some(asset.kind.to_string()),
            url: asset.url.clone(),
            tags: Some(asset.tags.clone()),
        }
    }
}

fn id<T: std::str::FromStr<Err = InvalidText>>(
    shape: &mut JsonReader,
    way: JsonPath<'_>,
    chosen: Option<String>,
    fresh: fn() -> T,
) -> Option<T> {
    match chosen {
        Some(chosen) => shape.word(&[way, &[&"id"]].concat(), &chosen),
        None => Some(fresh()),
    }
}

fn word<T: std::str::FromStr<Err = InvalidText>>(
    shape: &mut JsonReader,
    way: JsonPath<'_>,
    field: &str,
    text: Option<String>,
    usual: Option<T>,
) -> Option<T> {
    match text {
        Some(text) => shape.word(&[way, &[&field]].concat(), &text),
        None if usual.is_some() => usual,
        None => missing(shape, way, field),
    }
}

fn required(
    shape: &mut JsonReader,
    way: JsonPath<'_>,
    field: &str,
    text: Option<String>,
    most: usize,
) -> Option<String> {
    match text {
        Some(text) => shape.text(&[way, &[&field]].concat(), &text.into(), 1..=most),
        None => missing(shape, way, field),
    }
}

/// An empty text counts as absent: forms send it for a field that was not filled in.
fn optional(
    shape: &mut JsonReader,
    way: JsonPath<'_>,
    field: &str,
    text: Option<String>,
    most: usize,
) -> Option<String> {
    let text = shape.text(&[way, &[&field]].concat(), &text?.into(), 0..=most);
    text.filter(|text| !text.is_empty())
}

/// Each tag once, in the order they were sent.
fn tags(shape: &mut JsonReader, way: JsonPath<'_>, sent: Option<Vec<String>>) -> Vec<String> {
    let way = [way, &[&"tags" as &dyn AsSegment]].concat();
    let mut tags: Vec<String> = Vec::new();
    for tag in shape.texts(&way, &sent.unwrap_or_default().into(), 0..=TAGS_MAX, 1..=TAG_CHARS) {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

fn missing<T>(shape: &mut JsonReader, way: JsonPath<'_>, field: &str) -> Option<T> {
    shape.flaw(&[way, &[&field]].concat(), "missing", format_args!("missing field `{field}`"));
    None
}

fn is_address(url: &str) -> bool {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let printable = url.chars().all(|char| !char.is_whitespace() && !char.is_control());
    host.is_some_and(|host| !host.is_empty() && !host.starts_with('/')) && printable
}

#[cfg(test)]
mod tests;
