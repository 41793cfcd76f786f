//! The one door to language models: what is asked, what comes back while it streams, and the trait both models implement.
//! Jobs call `Ai::call` once per row of the call ledger; retries, budgets and breakers are theirs, made of the parts beside.
//! An implementation sends at most one HTTP request per call, and never takes an account, a channel, a time or a URL
//! from an answer.

mod answer;
mod answering;
mod echo;
mod error;
mod filter;
pub mod items;
mod mend;
pub mod offline;
pub mod openrouter;
pub mod task;
pub(in crate::outbound) mod text;

use std::{sync::Arc, time::Duration};

use almanac_shared::platform::config::AiProvider;
use futures_util::stream::BoxStream;
use serde::Serialize;
use tokio::time::Instant;

pub use self::{
    answering::Answering,
    error::{AiError, AiErrorKind},
    filter::{Excerpt, Filter, Filtered, Word},
    task::{Item, Prompt, Task},
};
use self::{offline::Offline, openrouter::OpenRouter};

/// A language model behind some provider.
pub trait Ai: Send + Sync + 'static {
    /// The configured provider's name, as in `AI_PROVIDER`: part of the breaker's key and of `ai_metadata`.
    fn provider(&self) -> &'static str;

    /// Makes one call: `Started`, any number of `Item`s, then `Finished` or an error, then the end. Items that arrived in
    /// one read are ready together. Nothing is sent before the first poll, and dropping the stream closes the connection,
    /// which cancels the call at the provider.
    fn call(&self, request: AiRequest) -> BoxStream<'static, Result<AiEvent, AiError>>;
}

/// One call.
#[derive(Clone, Debug)]
pub struct AiRequest {
    /// What is asked for; gives the schema of the answer and the type of its items.
    pub task: Task,
    /// The server-side system prompt, in the version the generation was accepted with.
    pub prompt: Prompt,
    /// The provider's name of the model.
    pub model: String,
    /// The single user message, `{"task": "...", ...}`. Texts of users and feeds stand in it as values only.
    pub document: serde_json::Value,
    /// Most tokens of the answer.
    pub max_tokens: u32,
    /// 0–2.
    pub temperature: f32,
    /// When the call must be over, connecting included. Until the first content nothing else limits it.
    pub deadline: Instant,
    /// Longest silence of the provider once content has come.
    pub idle: Duration,
    /// W3C trace context to send along.
    pub traceparent: Option<String>,
}

impl AiRequest {
    /// A call with the task's own limits and the usual idle time.
    pub fn new(prompt: Prompt, model: String, document: serde_json::Value, deadline: Instant) -> Self {
        let task = prompt.task();
        Self {
            task,
            prompt,
            model,
            document,
            max_tokens: task.max_tokens(),
            temperature: task.temperature(),
            deadline,
            idle: Duration::from_secs(10),
            traceparent: None,
        }
    }
}

/// What a call tells while it runs.
#[derive(Clone, Debug, PartialEq)]
pub enum AiEvent {
    /// The provider has begun to answer.
    Started {
        /// Its own name for the call, if it gave one by then: for the ledger, to reconcile the cost later.
        provider_ref: Option<Word>,
    },
    /// The next item, cleaned, checked and within its limits.
    Item(Item),
    /// The answer is complete.
    Finished(AiUsage),
}

/// What a call took and gave.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AiUsage {
    /// The model that served, when the provider names it.
    pub model: Option<Word>,
    /// The provider's own name for the call.
    pub provider_ref: Option<Word>,
    /// Tokens of prompt and document.
    pub tokens_input: Option<u32>,
    /// Tokens of the answer.
    pub tokens_output: Option<u32>,
    /// US dollars as decimal text that Postgres reads as `numeric`; `None` when the provider names no cost.
    pub cost_usd: Option<String>,
    /// Why the model stopped: `stop`, `length`, `content_filter`, ….
    pub finish_reason: Option<Word>,
    /// What became of the items.
    pub items: ItemCounts,
    /// The beginning of the raw answer. Set only when something in it was unusable.
    pub excerpt: Option<Excerpt>,
}

/// What became of the items of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ItemCounts {
    /// Handed on.
    pub kept: u32,
    /// Of these, cut to a field's limit.
    pub cut: u32,
    /// Not an item of the task, broken, or more than were asked for.
    pub dropped: u32,
    /// Repeated the system prompt (`PROMPT_ECHO`); kept without the repetition when enough is left of them.
    pub echoed: u32,
    /// Said again what came before, in this answer or in the calls before it.
    pub repeated: u32,
}

/// The model that the settings name. Opens no connection yet.
pub fn connect(provider: &AiProvider) -> anyhow::Result<Arc<dyn Ai>> {
    Ok(match provider {
        AiProvider::OpenRouter { key, base_url } => {
            Arc::new(OpenRouter::new(super::http::client()?, base_url, key.clone())?)
        }
        AiProvider::Offline { pace } => Arc::new(Offline::new(*pace)),
    })
}
