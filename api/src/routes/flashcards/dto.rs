//! Request and response bodies of flashcards, as JSON and as the OpenAPI document describes them.

use almanac_shared::flashcards::{
    Card, Generation, Suggestion,
    rules::{BACK_MAX, FRONT_MAX},
};
use chrono::{DateTime, Utc};
use poem_openapi::Object;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::http::{
    document_types::{AcceptedStatus, GenerationStatus, Of, SuggestionStatus},
    failure::FailureResponse,
    reply::Urls,
    text::Text,
};

/// A request for a generation.
#[derive(Clone, Debug, Deserialize, Object)]
#[oai(rename = "CreateAIGenerationCommand")]
pub struct CreateGeneration {
    /// 1,000 to 10,000 characters after trimming.
    #[oai(validator(min_length = 1000, max_length = 10000))]
    pub(super) source_text: String,
    /// One of the models that the operator allows; the default model if absent.
    #[serde(default)]
    #[oai(nullable)]
    pub(super) model: Option<String>,
    /// Version of the prompt; the newest if absent.
    #[serde(default)]
    #[oai(nullable)]
    pub(super) prompt_version: Option<String>,
}

/// An accepted generation. Under `/api` it has no `urls`.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(rename = "CreateAIGenerationAcceptedDTO", skip_serializing_if_is_none)]
pub struct GenerationAccepted {
    /// Also the id of its job.
    pub(super) generation_id: String,
    pub(super) status: AcceptedStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) urls: Option<Urls>,
}

/// A generation.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(rename = "AIGenerationDTO")]
pub struct GenerationResponse {
    /// Also the id of its job.
    pub(super) id: String,
    pub(super) status: GenerationStatus,
    pub(super) model: String,
    pub(super) prompt_version: String,
    /// Input tokens of all calls.
    #[oai(nullable)]
    pub(super) tokens_input: Option<i32>,
    /// Output tokens of all calls.
    #[oai(nullable)]
    pub(super) tokens_output: Option<i32>,
    /// Cost in US dollars, if the provider reports it.
    #[oai(nullable)]
    pub(super) cost_usd: Option<f64>,
    /// The last call of the model.
    #[oai(nullable)]
    pub(super) ai_metadata: Option<Of<AiMetadata>>,
    /// Why the generation failed or was cancelled.
    #[oai(nullable)]
    pub(super) error: Option<Of<FailureResponse>>,
    pub(super) created_at: DateTime<Utc>,
    #[oai(nullable)]
    pub(super) finished_at: Option<DateTime<Utc>>,
    /// Number of suggestions so far.
    pub(super) suggestion_count: i64,
}

impl From<Generation> for GenerationResponse {
    fn from(generation: Generation) -> Self {
        Self {
            id: generation.id.to_string(),
            status: generation.status.into(),
            model: generation.model,
            prompt_version: generation.prompt_version,
            tokens_input: generation.tokens_input,
            tokens_output: generation.tokens_output,
            cost_usd: generation.cost_usd,
            ai_metadata: generation.ai_metadata.map(Into::into),
            error: generation.error.map(Into::into),
            created_at: generation.created_at,
            finished_at: generation.finished_at,
            suggestion_count: generation.suggestion_count,
        }
    }
}

/// The call of the model that ended a generation.
#[derive(Debug, Object)]
#[oai(rename = "AIMetadata")]
pub struct AiMetadata {
    provider: String,
    /// The model that answered.
    #[oai(nullable)]
    model: Option<String>,
    /// The provider's id of the call.
    #[oai(nullable)]
    provider_ref: Option<String>,
    #[oai(nullable)]
    finish_reason: Option<String>,
    /// Milliseconds from the start of the job to its end.
    latency_ms: i64,
    /// Items in the answer by what became of them.
    #[oai(nullable)]
    items: Option<Value>,
}

/// A proposed card.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(rename = "Suggestion")]
pub struct SuggestionResponse {
    pub(super) id: String,
    pub(super) generation_id: String,
    /// The question.
    pub(super) front: String,
    /// The answer.
    pub(super) back: String,
    pub(super) status: SuggestionStatus,
    pub(super) created_at: DateTime<Utc>,
}

impl From<Suggestion> for SuggestionResponse {
    fn from(suggestion: Suggestion) -> Self {
        Self {
            id: suggestion.id.to_string(),
            generation_id: suggestion.generation_id.to_string(),
            front: suggestion.front,
            back: suggestion.back,
            status: suggestion.status.into(),
            created_at: suggestion.created_at,
        }
    }
}

/// A saved card.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(rename = "Card")]
pub struct CardResponse {
    pub(super) id: String,
    /// The accepted suggestion; null once it was deleted with its generation.
    #[oai(nullable)]
    pub(super) suggestion_id: Option<String>,
    /// The generation of the suggestion, which may have been deleted.
    pub(super) generation_id: String,
    /// The question.
    pub(super) front: String,
    /// The answer.
    pub(super) back: String,
    /// Time of the accept.
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
}

impl From<Card> for CardResponse {
    fn from(card: Card) -> Self {
        Self {
            id: card.id.to_string(),
            suggestion_id: card.suggestion_id.map(|id| id.to_string()),
            generation_id: card.generation_id.to_string(),
            front: card.front,
            back: card.back,
            created_at: card.created_at,
            updated_at: card.updated_at,
        }
    }
}

/// A merge patch of a card or a suggestion. At least one of the two is required.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct SidesPatch {
    /// The question, 1 to 500 characters.
    #[serde(default)]
    #[oai(nullable)]
    pub(super) front: Option<Text<FRONT_MAX>>,
    /// The answer, 1 to 2,000 characters.
    #[serde(default)]
    #[oai(nullable)]
    pub(super) back: Option<Text<BACK_MAX>>,
}

/// A choice of suggestions.
#[derive(Clone, Debug, Default, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct SuggestionChoice {
    /// All proposed and edited suggestions if absent.
    #[serde(default)]
    #[oai(nullable)]
    pub(super) suggestion_ids: Option<Vec<String>>,
}

/// A page of generations.
#[derive(Debug, Serialize, Object)]
pub struct GenerationPage {
    /// Newest first.
    pub(super) items: Vec<GenerationResponse>,
    /// Cursor of the next page; null on the last one.
    #[oai(nullable)]
    pub(super) next_cursor: Option<String>,
}

/// A page of suggestions.
#[derive(Debug, Serialize, Object)]
pub struct SuggestionPage {
    /// Oldest first.
    pub(super) items: Vec<SuggestionResponse>,
    /// Cursor of the next page; null on the last one.
    #[oai(nullable)]
    pub(super) next_cursor: Option<String>,
}

/// A page of cards.
#[derive(Debug, Serialize, Object)]
pub struct CardPage {
    /// Newest first.
    pub(super) items: Vec<CardResponse>,
    /// Cursor of the next page; null on the last one.
    #[oai(nullable)]
    pub(super) next_cursor: Option<String>,
}

/// The cards of accepted suggestions, also those of an earlier accept.
#[derive(Debug, Serialize, Object)]
pub struct AcceptedCards {
    /// In the order of the suggestions.
    pub(super) cards: Vec<CardResponse>,
}

/// Rejected suggestions.
#[derive(Debug, Serialize, Object)]
pub struct RejectedSuggestions {
    pub(super) suggestions: Vec<SuggestionResponse>,
}
