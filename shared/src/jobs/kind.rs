//! The kinds of jobs and the lanes that deliver them.
//! Called by services that submit and by the worker that runs; holds words only, no behaviour of a kind.
//!
//! To add a kind: 1. a variant here, 2. follow the compiler to `worker/src/jobs/mod.rs` and write one function there (for a
//! kind that asks a model, a `Generation`), 3. a row in `job_kinds` in the domain's migration that names the domain's SQL
//! functions (`on_start`, `on_finish`, `on_retry`, `on_erase`), 4. one test.

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Makes flashcard suggestions from a text.
    GenerateFlashcards,
    /// Makes a run of a calendar.
    GenerateCalendar,
    /// Makes the placements of a brand's week.
    GenerateOrganic,
    /// Removes everything a person made.
    EraseAccount,
}

/// The queue that delivers a job; each has its own concurrency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Flashcard generations.
    Flashcards,
    /// Calendar runs.
    Calendar,
    /// Organic weeks.
    Organic,
    /// What a person asks of all their data.
    Account,
}

impl Kind {
    /// Every kind.
    pub const ALL: &'static [Self] =
        &[Self::GenerateFlashcards, Self::GenerateCalendar, Self::GenerateOrganic, Self::EraseAccount];

    /// The spelling on the wire, in spans and in the `kind` column.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GenerateFlashcards => "flashcards.generate",
            Self::GenerateCalendar => "calendar.generate",
            Self::GenerateOrganic => "organic.generate",
            Self::EraseAccount => "account.erase",
        }
    }

    /// The kind of this spelling; none for a kind of a newer version.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }

    /// The lane that delivers it.
    pub const fn lane(self) -> Lane {
        match self {
            Self::GenerateFlashcards => Lane::Flashcards,
            Self::GenerateCalendar => Lane::Calendar,
            Self::GenerateOrganic => Lane::Organic,
            Self::EraseAccount => Lane::Account,
        }
    }

    /// The route that accepts it, as idempotency keys name it: the method and the `/v1` spelling.
    pub const fn route(self) -> &'static str {
        match self {
            Self::GenerateFlashcards => "POST /v1/ai/generations",
            Self::GenerateCalendar => "POST /v1/ai/calendar",
            Self::GenerateOrganic => "POST /v1/organic/generate-calendar",
            Self::EraseAccount => "DELETE /v1/me/data",
        }
    }
}

impl Lane {
    /// Every lane.
    pub const ALL: &'static [Self] = &[Self::Flashcards, Self::Calendar, Self::Organic, Self::Account];

    /// The lane's name: column, queue, setting and metric label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flashcards => "flashcards",
            Self::Calendar => "calendar",
            Self::Organic => "organic",
            Self::Account => "account",
        }
    }

    /// The lane of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|lane| lane.as_str() == text)
    }
}
