//! The kinds of jobs and the lanes that deliver them.
//! Called by services that submit and by the worker that runs; holds words only, no behaviour of a kind.
//!
//! To add a kind: 1. a variant here, 2. follow the compiler to `worker/src/jobs/mod.rs` and write one function there (for a
//! kind that asks a model, a `Generation`), 3. a row in `job_kinds` in the domain's migration that names the domain's SQL
//! functions (`on_start`, `on_save`, `on_finish`, `on_retry`, `on_erase`), 4. one test.

use crate::values::wire_enum::wire_enum;

wire_enum! {
    /// What a job does: spelled so in the `kind` column, in answers and in spans.
    pub enum Kind {
        /// Makes flashcard suggestions from a text.
        GenerateFlashcards = "flashcards.generate",
        /// Makes a run of a calendar.
        GenerateCalendar = "calendar.generate",
        /// Makes the placements of a brand's week.
        GenerateOrganic = "organic.generate",
        /// Removes everything a person made.
        EraseAccount = "account.erase",
    }

    /// The queue that delivers a job; each has its own concurrency. Spelled so in the `lane` column, settings and metrics.
    pub enum Lane {
        /// Flashcard generations.
        Flashcards = "flashcards",
        /// Calendar runs.
        Calendar = "calendar",
        /// Organic weeks.
        Organic = "organic",
        /// What a person asks of all their data.
        Account = "account",
    }
}

impl Kind {
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
