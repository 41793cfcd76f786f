//! The words of flashcards on the wire: what a client sends and sees, field by field.
//! The routes beside this read and make them; nothing here asks anybody anything.

use almanac_shared::flashcards::{
    Card, Generation, Suggestion,
    rules::{BACK_MAX, FRONT_MAX},
};
use chrono::{DateTime, Utc};
use poem_openapi::Object;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::http::{reply::Urls, text::Text};

/// A request for a generation.
#[derive(Clone, Debug, Deserialize, Object)]
#[oai(rename = "CreateAIGenerationCommand")]
pub struct CreateGeneration {
    /// 1,000 to 10,000 characters after trimming.
    #[oai(validator(min_length = 1000, max_length = 10000))]
    pub(super) source_text: String,
    /// One of the operator's models.
    #[serde(default)]
    pub(super) model: Option<String>,
    /// The prompt to use.
    #[serde(default)]
    pub(super) prompt_version: Option<String>,
}

/// An accepted generation.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(rename = "CreateAIGenerationAcceptedDTO", skip_serializing_if_is_none)]
pub struct GenerationAccepted {
    /// Its id; its job has the same.
    pub(super) generation_id: String,
    /// Always `pending`.
    pub(super) status: String,
    /// Its links; on `/v1` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) urls: Option<Urls>,
}

/// A generation.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(rename = "AIGenerationDTO")]
pub struct GenerationShown {
    /// Its id.
    pub(super) id: String,
    /// `pending`, `running`, `succeeded`, `failed` or `cancelled`.
    pub(super) status: String,
    /// The model asked.
    pub(super) model: String,
    /// The prompt used.
    pub(super) prompt_version: String,
    /// Tokens read, over all calls.
    pub(super) tokens_input: Option<i32>,
    /// Tokens written, over all calls.
    pub(super) tokens_output: Option<i32>,
    /// US dollars, when the provider says.
    pub(super) cost_usd: Option<f64>,
    /// Who answered, and how long it took.
    pub(super) ai_metadata: Option<Value>,
    /// Why it failed: `{code, message, …}`.
    pub(super) error: Option<Value>,
    /// Accepted at.
    pub(super) created_at: DateTime<Utc>,
    /// Ended at.
    pub(super) finished_at: Option<DateTime<Utc>>,
    /// Suggestions so far.
    pub(super) suggestion_count: i64,
}

impl From<Generation> for GenerationShown {
    fn from(generation: Generation) -> Self {
        Self {
            id: generation.id.to_string(),
            status: generation.status,
            model: generation.model,
            prompt_version: generation.prompt_version,
            tokens_input: generation.tokens_input,
            tokens_output: generation.tokens_output,
            cost_usd: generation.cost_usd,
            ai_metadata: generation.ai_metadata,
            error: generation.error,
            created_at: generation.created_at,
            finished_at: generation.finished_at,
            suggestion_count: generation.suggestion_count,
        }
    }
}

/// A proposed card.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(rename = "Suggestion")]
pub struct SuggestionShown {
    /// Its id.
    pub(super) id: String,
    /// The generation it belongs to.
    pub(super) generation_id: String,
    /// The question.
    pub(super) front: String,
    /// The answer.
    pub(super) back: String,
    /// `proposed`, `accepted`, `edited` or `rejected`.
    pub(super) status: String,
    /// Made at.
    pub(super) created_at: DateTime<Utc>,
}

impl From<Suggestion> for SuggestionShown {
    fn from(suggestion: Suggestion) -> Self {
        Self {
            id: suggestion.id.to_string(),
            generation_id: suggestion.generation_id.to_string(),
            front: suggestion.front,
            back: suggestion.back,
            status: suggestion.status,
            created_at: suggestion.created_at,
        }
    }
}

/// A card that was kept.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(rename = "Card")]
pub struct CardShown {
    /// Its id.
    pub(super) id: String,
    /// The suggestion it came from; null once that is deleted with its generation.
    pub(super) suggestion_id: Option<String>,
    /// The generation it came from; it may be deleted.
    pub(super) generation_id: String,
    /// The question.
    pub(super) front: String,
    /// The answer.
    pub(super) back: String,
    /// Kept at.
    pub(super) created_at: DateTime<Utc>,
    /// Last edited at.
    pub(super) updated_at: DateTime<Utc>,
}

impl From<Card> for CardShown {
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

/// A change of a card's or a suggestion's text; a side that is absent stays.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct SidesPatch {
    /// The question, 1 to 500 characters.
    #[serde(default)]
    pub(super) front: Option<Text<FRONT_MAX>>,
    /// The answer, 1 to 2,000 characters.
    #[serde(default)]
    pub(super) back: Option<Text<BACK_MAX>>,
}

/// Which suggestions; all open ones when absent.
#[derive(Clone, Debug, Default, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Their ids.
    #[serde(default)]
    pub(super) suggestion_ids: Option<Vec<String>>,
}

/// A page of generations.
#[derive(Debug, Serialize, Object)]
pub struct GenerationPage {
    /// Newest first.
    pub(super) items: Vec<GenerationShown>,
    /// Where the list goes on.
    pub(super) next_cursor: Option<String>,
}

/// A page of suggestions.
#[derive(Debug, Serialize, Object)]
pub struct SuggestionPage {
    /// In the order they were made.
    pub(super) items: Vec<SuggestionShown>,
    /// Where the list goes on.
    pub(super) next_cursor: Option<String>,
}

/// A page of cards.
#[derive(Debug, Serialize, Object)]
pub struct CardPage {
    /// Newest first.
    pub(super) items: Vec<CardShown>,
    /// Where the list goes on.
    pub(super) next_cursor: Option<String>,
}

/// The cards that an accept made, now or before.
#[derive(Debug, Serialize, Object)]
pub struct Cards {
    /// In the order of their suggestions.
    pub(super) cards: Vec<CardShown>,
}

/// The suggestions that a reject was about.
#[derive(Debug, Serialize, Object)]
pub struct Rejected {
    /// As they are now.
    pub(super) suggestions: Vec<SuggestionShown>,
}
