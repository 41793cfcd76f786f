//! The tasks a model can be given: prompt, schema of the answer, limits, and the type of an item.
//! Called by the adapters to ask and by `answer` to read.
//! Prompts are files of this crate: no text from outside ever becomes one.
//!
//! To add a task: 1. a variant of `Task` and one of `Item`, 2. a file like `flashcards.rs`, 3. `worker/prompts/<task>.txt`,
//! then follow the compiler.

pub mod calendar;
pub mod flashcards;
pub mod organic;
pub mod synthesis;

use std::collections::HashSet;

use serde_json::{Value, json};

use almanac_shared::wire_enum;

use self::{calendar::CalendarEntry, flashcards::Flashcard, organic::OrganicDraft, synthesis::SectionDraft};
use super::Filtered;

wire_enum! {
    /// What is asked of a model. Spelled so in documents and schema names.
    pub enum Task {
        /// Question and answer cards from a text.
        Flashcards = "flashcards",
        /// One entry for each slot of a calendar run.
        Calendar = "calendar",
        /// One draft for each placement of an organic week.
        Organic = "organic",
        /// Sections that sum up the articles of a week.
        Synthesis = "synthesis",
    }
}

/// One item of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// Of `Task::Flashcards`.
    Flashcard(Flashcard),
    /// Of `Task::Calendar`.
    Calendar(CalendarEntry),
    /// Of `Task::Organic`.
    Organic(OrganicDraft),
    /// Of `Task::Synthesis`.
    Synthesis(SectionDraft),
}

/// A system prompt that exists: its only maker is `Task::prompt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prompt {
    task: Task,
    version: &'static str,
    text: &'static str,
}

impl Prompt {
    /// The task it is for.
    pub fn task(&self) -> Task {
        self.task
    }

    /// Its version, as a request's `prompt_version` names it.
    pub fn version(&self) -> &'static str {
        self.version
    }

    /// The system message.
    pub fn text(&self) -> &'static str {
        self.text
    }
}

/// What one document asks for, so that an answer can be held against it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Most items.
    pub(super) most: usize,
    /// Identities of items that exist already.
    pub(super) existing: Vec<String>,
    /// Identities of the only items that were asked for; any when none.
    pub(super) only: Option<HashSet<String>>,
    /// Other texts of the document that an answer copies, such as ids: a repeated prompt continues behind them.
    pub(super) copied: HashSet<String>,
}

impl Task {
    /// The prompt of that version; `None` if there is none.
    pub fn prompt(self, version: &str) -> Option<Prompt> {
        let prompts = match self {
            Self::Flashcards => flashcards::PROMPTS,
            Self::Calendar => calendar::PROMPTS,
            Self::Organic => organic::PROMPTS,
            Self::Synthesis => synthesis::PROMPTS,
        };
        let (version, text) = prompts.iter().copied().find(|(known, _)| *known == version)?;
        Some(Prompt { task: self, version, text })
    }

    /// Most tokens of an answer.
    pub const fn max_tokens(self) -> u32 {
        match self {
            Self::Flashcards => flashcards::MAX_TOKENS,
            Self::Calendar => calendar::MAX_TOKENS,
            Self::Organic => organic::MAX_TOKENS,
            Self::Synthesis => synthesis::MAX_TOKENS,
        }
    }

    /// Sampling temperature.
    pub const fn temperature(self) -> f32 {
        match self {
            Self::Flashcards => flashcards::TEMPERATURE,
            Self::Calendar => calendar::TEMPERATURE,
            Self::Organic => organic::TEMPERATURE,
            Self::Synthesis => synthesis::TEMPERATURE,
        }
    }

    /// The strict JSON schema of the answer, `{"items": [...]}`.
    pub fn schema(self) -> Value {
        let item = match self {
            Self::Flashcards => flashcards::item_schema(),
            Self::Calendar => calendar::item_schema(),
            Self::Organic => organic::item_schema(),
            Self::Synthesis => synthesis::item_schema(),
        };
        json!({
            "type": "object",
            "properties": { "items": { "type": "array", "items": item } },
            "required": ["items"],
            "additionalProperties": false,
        })
    }

    /// Keys under which models put the array of items, `items` being the one we ask for.
    pub(super) const fn array_names(self) -> &'static [&'static str] {
        match self {
            Self::Flashcards => &["items", "suggestions", "entries", "placements", "sections", "flashcards", "cards"],
            Self::Calendar => &["items", "entries", "suggestions", "placements", "sections", "calendar", "posts"],
            Self::Organic => &["items", "placements", "entries", "suggestions", "sections", "posts", "week"],
            // Not "articles": that array stands inside an item.
            Self::Synthesis => &["items", "sections", "entries", "suggestions", "placements", "synthesis"],
        }
    }

    /// What a document asks for.
    pub(super) fn wanted(self, document: &Value) -> Wanted {
        match self {
            Self::Flashcards => flashcards::wanted(document),
            Self::Calendar => calendar::wanted(document),
            Self::Organic => organic::wanted(document),
            Self::Synthesis => synthesis::wanted(document),
        }
    }

    /// The item in an object, and whether it was cut to its limits; `None` when it is none of this task.
    pub(super) fn read(self, object: &Filtered) -> Option<(Item, bool)> {
        match self {
            Self::Flashcards => flashcards::read(object).map(|(card, cut)| (Item::Flashcard(card), cut)),
            Self::Calendar => calendar::read(object).map(|(entry, cut)| (Item::Calendar(entry), cut)),
            Self::Organic => organic::read(object).map(|(draft, cut)| (Item::Organic(draft), cut)),
            Self::Synthesis => synthesis::read(object).map(|(section, cut)| (Item::Synthesis(section), cut)),
        }
    }
}

impl Item {
    /// What makes two items the same; the first one wins.
    pub(super) fn identity(&self) -> String {
        match self {
            Self::Flashcard(card) => flashcards::identity(&card.front),
            Self::Calendar(entry) => entry.key.clone(),
            Self::Organic(draft) => draft.id.to_string(),
            Self::Synthesis(section) => synthesis::identity(&section.title),
        }
    }
}
