//! Flashcards: the types. A user sends a text, a model suggests cards, and the user accepts the good ones.
//! Called by the API's routes and the worker's job. Rules, records and use-cases are in the files below.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::platform::id::{CardId, GenerationId, SuggestionId};

pub mod download;
pub mod export;
pub mod rules;
pub mod service;
pub mod store;
mod submission;

/// How many cards a generation asks for.
pub const CARDS_PER_GENERATION: usize = 10;
/// The prompt when a request names none.
pub const DEFAULT_PROMPT_VERSION: &str = "v1";
/// Prompts that exist.
pub const PROMPT_VERSIONS: &[&str] = &[DEFAULT_PROMPT_VERSION];

/// A generation as its owner sees it.
#[derive(Clone, Debug)]
pub struct Generation {
    /// Its id, equal to its job's.
    pub id: GenerationId,
    /// pending, running, succeeded, failed or cancelled.
    pub status: String,
    /// The model asked.
    pub model: String,
    /// The prompt used.
    pub prompt_version: String,
    /// Tokens read, over all calls.
    pub tokens_input: Option<i32>,
    /// Tokens written, over all calls.
    pub tokens_output: Option<i32>,
    /// US dollars, over all calls; `None` if the provider does not report it.
    pub cost_usd: Option<f64>,
    /// Attribution: model served, provider, latency.
    pub ai_metadata: Option<Value>,
    /// Why it failed.
    pub error: Option<Value>,
    /// Accepted at.
    pub created_at: DateTime<Utc>,
    /// Ended at.
    pub finished_at: Option<DateTime<Utc>>,
    /// Suggestions so far.
    pub suggestion_count: i64,
}

/// One proposed card.
#[derive(Clone, Debug)]
pub struct Suggestion {
    /// Its id.
    pub id: SuggestionId,
    /// The generation it belongs to.
    pub generation_id: GenerationId,
    /// Place in the generation, from 1.
    pub ordinal: i32,
    /// The question.
    pub front: String,
    /// The answer.
    pub back: String,
    /// proposed, accepted, edited or rejected.
    pub status: String,
    /// Made at.
    pub created_at: DateTime<Utc>,
}

/// An accepted card.
#[derive(Clone, Debug)]
pub struct Card {
    /// Its id.
    pub id: CardId,
    /// The suggestion it came from; none once that is deleted with its generation.
    pub suggestion_id: Option<SuggestionId>,
    /// The generation it came from.
    pub generation_id: GenerationId,
    /// The question.
    pub front: String,
    /// The answer.
    pub back: String,
    /// Kept at.
    pub created_at: DateTime<Utc>,
    /// Last edited at.
    pub updated_at: DateTime<Utc>,
}

/// What a worker needs to ask a model.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The text; none once its retention is over.
    pub source_text: Option<String>,
    /// The model.
    pub model: String,
    /// The prompt.
    pub prompt_version: String,
    /// Fronts that exist already, in order: asked for no more.
    pub fronts: Vec<String>,
}
