//! Options of a request to publish, which are also the settings of an account. `shared` reads them and refuses unknown
//! ones; the objects here describe them in the OpenAPI document only.

use std::borrow::Cow;

use almanac_shared::publishing::Options;
use poem_openapi::{
    Object,
    registry::{MetaSchemaRef, Registry},
    types::{ParseError, ParseFromJSON, ParseResult, ToJSON, Type},
};
use serde::Deserialize;
use serde_json::Value;

use crate::http::document_types::{LinkedinVisibility, TiktokPrivacyLevel, YoutubePrivacyStatus};

/// Options as they were sent.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct PublishOptions(Options);

impl From<PublishOptions> for Options {
    fn from(options: PublishOptions) -> Self {
        options.0
    }
}

/// What a person decides besides the content, by channel. An option wins over the account's setting.
#[derive(Debug, Object)]
#[oai(rename = "PublishOptions")]
struct DescribedOptions {
    tiktok: Option<TiktokOptions>,
    youtube: Option<YoutubeOptions>,
    linkedin: Option<LinkedinOptions>,
    instagram: Option<InstagramOptions>,
}

/// Options of TikTok posts.
#[derive(Debug, Object)]
#[oai(rename_all = "camelCase")]
pub struct TiktokOptions {
    /// Required here or in the account's settings.
    privacy_level: Option<TiktokPrivacyLevel>,
    /// False if absent.
    allow_comment: Option<bool>,
    /// False if absent; videos only.
    allow_duet: Option<bool>,
    /// False if absent; videos only.
    allow_stitch: Option<bool>,
    /// Advertises the brand of a third party.
    brand_content: Option<bool>,
    /// Advertises the account's own brand.
    brand_organic: Option<bool>,
    /// Declares the content as made by AI; videos only.
    ai_generated: Option<bool>,
}

/// Options of YouTube videos.
#[derive(Debug, Object)]
#[oai(rename_all = "camelCase")]
pub struct YoutubeOptions {
    /// `private` if absent.
    privacy_status: Option<YoutubePrivacyStatus>,
    /// Required here or in the account's settings.
    made_for_kids: Option<bool>,
    /// YouTube's number of a category.
    category_id: Option<String>,
    /// Keywords instead of the hashtags.
    tags: Option<Vec<String>>,
    notify_subscribers: Option<bool>,
    /// Declares realistic content as altered or synthetic.
    ai_generated: Option<bool>,
}

/// Options of LinkedIn posts.
#[derive(Debug, Object)]
#[oai(rename_all = "camelCase")]
pub struct LinkedinOptions {
    /// `PUBLIC` if absent.
    visibility: Option<LinkedinVisibility>,
}

/// Options of Instagram posts.
#[derive(Debug, Object)]
#[oai(rename_all = "camelCase")]
pub struct InstagramOptions {
    /// Whether a reel is shown in the feed too.
    share_to_feed: Option<bool>,
}

impl Type for PublishOptions {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        DescribedOptions::name()
    }

    fn schema_ref() -> MetaSchemaRef {
        DescribedOptions::schema_ref()
    }

    fn register(registry: &mut Registry) {
        DescribedOptions::register(registry);
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl ParseFromJSON for PublishOptions {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        serde_json::from_value(value.unwrap_or_default()).map(Self).map_err(ParseError::custom)
    }
}

impl ToJSON for PublishOptions {
    fn to_json(&self) -> Option<Value> {
        serde_json::to_value(&self.0).ok()
    }
}
