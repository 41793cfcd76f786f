//! Bodies of syntheses and mails.

use almanac_shared::synthesis::{Article, Delivery, Section, Synthesis, service::ListedDelivery};
use chrono::{DateTime, NaiveDate, Utc};
use poem_openapi::Object;
use serde::{Deserialize, Serialize};

use crate::http::{
    document_types::{AcceptedStatus, DeliveryStatus, GenerationStatus, Of},
    failure::FailureResponse,
    reply::Urls,
};

/// Nothing may be set yet.
#[derive(Clone, Debug, Default, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(rename = "NoSettings")]
pub struct NoSettings {}

/// An accepted synthesis or test mail.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(rename = "SynthesisAccepted", skip_serializing_if_is_none)]
pub struct WorkAccepted {
    /// Id of the job, and of the synthesis or mail.
    pub(in super::super) id: String,
    pub(in super::super) theme_id: String,
    pub(in super::super) status: AcceptedStatus,
    pub(in super::super) urls: Urls,
}

/// An item in a section.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(rename = "SynthesisArticle")]
pub struct ArticleResponse {
    title: String,
    /// Address of the item, if the feed gives one.
    #[oai(nullable)]
    url: Option<String>,
    published_at: DateTime<Utc>,
    /// What the model says about it; may be empty.
    takeaway: String,
}

impl From<Article> for ArticleResponse {
    fn from(Article { title, url, published_at, takeaway }: Article) -> Self {
        Self { title, url, published_at, takeaway }
    }
}

/// A section of a synthesis.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(rename = "SynthesisSection")]
pub struct SectionResponse {
    title: String,
    summary: String,
    /// The items that it is about.
    articles: Vec<ArticleResponse>,
}

impl From<Section> for SectionResponse {
    fn from(Section { title, summary, articles }: Section) -> Self {
        Self { title, summary, articles: articles.into_iter().map(Into::into).collect() }
    }
}

/// A synthesis.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(rename = "Synthesis")]
pub struct SynthesisResponse {
    /// Equal to the id of its job.
    id: String,
    theme_id: String,
    status: GenerationStatus,
    /// ISO week of the run in the schedule's zone, e.g. `2026-W13`; null before its feeds were read.
    #[oai(nullable)]
    week: Option<String>,
    /// Local date of the fire of a schedule; null if a person asked for it.
    #[oai(nullable)]
    fire_date: Option<NaiveDate>,
    sections: Vec<SectionResponse>,
    /// Why it failed, e.g. `NO_NEWS`, `SOURCES_FAILED` or `SYNTHESIS_TIMEOUT`.
    #[oai(nullable)]
    error: Option<Of<FailureResponse>>,
    model: String,
    #[oai(nullable)]
    tokens_input: Option<i32>,
    #[oai(nullable)]
    tokens_output: Option<i32>,
    /// Cost in US dollars, if the provider reports it.
    #[oai(nullable)]
    cost_usd: Option<f64>,
    created_at: DateTime<Utc>,
    #[oai(nullable)]
    finished_at: Option<DateTime<Utc>>,
}

impl From<Synthesis> for SynthesisResponse {
    fn from(synthesis: Synthesis) -> Self {
        Self {
            id: synthesis.id.to_string(),
            theme_id: synthesis.theme_id.to_string(),
            status: synthesis.status.into(),
            week: synthesis.week,
            fire_date: synthesis.fire_date,
            sections: synthesis.sections.into_iter().map(Into::into).collect(),
            error: synthesis.error.map(Into::into),
            model: synthesis.model,
            tokens_input: synthesis.tokens_input,
            tokens_output: synthesis.tokens_output,
            cost_usd: synthesis.cost_usd,
            created_at: synthesis.created_at,
            finished_at: synthesis.finished_at,
        }
    }
}

/// A page of syntheses.
#[derive(Debug, Serialize, Object)]
pub struct SynthesisPage {
    /// Newest first.
    pub(in super::super) items: Vec<SynthesisResponse>,
    /// Cursor of the next page; null on the last one.
    #[oai(nullable)]
    pub(in super::super) next_cursor: Option<String>,
}

/// A mail to one recipient.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(rename = "EmailDelivery")]
pub struct DeliveryResponse {
    /// Equal to the id of its job.
    id: String,
    synthesis_id: String,
    email: String,
    status: DeliveryStatus,
    /// Local date of the fire; null for a test mail.
    #[oai(nullable)]
    fire_date: Option<NaiveDate>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Delivery> for DeliveryResponse {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id.to_string(),
            synthesis_id: delivery.synthesis_id.to_string(),
            email: delivery.address,
            status: delivery.status.into(),
            fire_date: delivery.fire_date,
            created_at: delivery.created_at,
            updated_at: delivery.updated_at,
        }
    }
}

/// A page of mails.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "EmailDeliveryPage")]
pub struct DeliveryPage {
    /// In the order in which they were made.
    pub(in super::super) items: Vec<DeliveryResponse>,
    /// Cursor of the next page; null on the last one.
    #[oai(nullable)]
    pub(in super::super) next_cursor: Option<String>,
}

/// A mail of any user, without its address.
#[derive(Clone, Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename = "AdminDelivery", rename_all = "camelCase")]
pub struct ListedDeliveryResponse {
    /// Equal to the id of its job.
    id: String,
    user_id: String,
    synthesis_id: String,
    status: DeliveryStatus,
    /// Why it was not delivered.
    #[oai(nullable)]
    error: Option<Of<FailureResponse>>,
    /// The mail provider's id.
    #[oai(nullable)]
    provider_ref: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<ListedDelivery> for ListedDeliveryResponse {
    fn from(delivery: ListedDelivery) -> Self {
        Self {
            id: delivery.id.to_string(),
            user_id: delivery.user_id.to_string(),
            synthesis_id: delivery.synthesis_id.to_string(),
            status: delivery.status.into(),
            error: delivery.error.map(Into::into),
            provider_ref: delivery.provider_ref,
            created_at: delivery.created_at,
            updated_at: delivery.updated_at,
        }
    }
}

/// A page of mails of any user.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename = "AdminDeliveryPage", rename_all = "camelCase")]
pub struct ListedDeliveryPage {
    /// Newest first.
    pub(in super::super) items: Vec<ListedDeliveryResponse>,
    /// Cursor of the next page; null on the last one.
    #[oai(nullable)]
    pub(in super::super) next_cursor: Option<String>,
}
