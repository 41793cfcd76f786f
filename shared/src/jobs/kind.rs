//! The kinds of jobs and the lanes that deliver them.
//! Called by services that submit and by the worker that runs; holds words only, no behaviour of a kind.
//!
//! To add a kind:
//! 1. a variant and its arms here; its rate and time limit also in `.env.example`;
//! 2. its domain: `shared/src/<domain>/` (and `lib.rs`), the service as a field of `api/src/state.rs`;
//! 3. its tables and a row in `job_kinds` in a migration of its own; the row repeats lane, route and limits, and names the
//!    domain's SQL functions: `on_lock`, `on_start`, `on_save`, `on_finish`, `on_retry`, `on_prune`, `on_erase` (0002_jobs.sql
//!    says how each is called and which may be null). Each function, and the one that submits, is a file in
//!    `migrations/functions/<domain>/`. No function of `jobs` is edited. Then `make sqlx`;
//! 4. a function in `worker/src/jobs/`, for a kind that asks a model a `Generation`; then also a `Task` in
//!    `worker/src/outbound/ai/task`, its prompt, and what the offline composer answers (`shared/src/composer`);
//! 5. its routes (`api/src/routes/mod.rs`), what clients see of its jobs (`api/src/routes/kinds.rs`), examples of its
//!    schemas (`api/src/openapi/examples.rs`), the address of its subject (`Urls::about`). Then `make openapi`;
//! 6. tests in `tests/it/<domain>/` (named in `main.rs`), and what it owns in `tests/it/security/resources.rs`. Nothing asks
//!    for its lines in `tests/src/invariants.rs`, `models/domain_outcomes.rs` and `security/prompt_leaks.rs`.

use crate::{platform::config::Variable, values::wire_enum::wire_enum};

wire_enum! {
    /// What a job does: spelled so in the `kind` column, in answers and in spans.
    pub enum Kind {
        /// Makes flashcard suggestions from a text.
        GenerateFlashcards = "flashcards.generate",
        /// Makes a run of a calendar.
        GenerateCalendar = "calendar.generate",
        /// Makes the placements of a brand's week.
        GenerateOrganic = "organic.generate",
        /// Publishes one intent: an entry to an account of a channel.
        Publish = "publishing.publish",
        /// Sums up the feeds of a theme.
        GenerateSynthesis = "synthesis.generate",
        /// Mails a synthesis to one recipient.
        SendEmail = "email.send",
        /// Removes everything of one user.
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
        /// Intents on their way to a channel.
        Publishing = "publishing",
        /// Syntheses of themes.
        Synthesis = "synthesis",
        /// Mails, one per recipient.
        Email = "email",
        /// Account jobs: erasing a user's data.
        Account = "account",
    }
}

/// What an operator may set about a kind. `almanac-api migrate` writes it into `job_kinds`.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The rate limit's name in `RateLimit` headers and in `almanac.submissions`.
    pub family: &'static str,
    /// Accepted jobs per user: count/seconds.
    pub rate: Variable,
    /// Seconds from a job's first start to its end.
    pub time_limit: Option<Variable>,
}

/// Syntheses and test mails that people ask for count together.
const SYNTHESIS_RATE: Variable = Variable {
    name: "SYNTHESIS_RATE",
    default: "10/300",
    about: "accepted syntheses and test mails per user, without those of schedules: count/seconds",
};

impl Kind {
    /// The lane that delivers it.
    pub const fn lane(self) -> Lane {
        match self {
            Self::GenerateFlashcards => Lane::Flashcards,
            Self::GenerateCalendar => Lane::Calendar,
            Self::GenerateOrganic => Lane::Organic,
            Self::Publish => Lane::Publishing,
            Self::GenerateSynthesis => Lane::Synthesis,
            Self::SendEmail => Lane::Email,
            Self::EraseAccount => Lane::Account,
        }
    }

    /// The route that accepts it, as idempotency keys name it: the method and the `/v1` spelling.
    pub const fn route(self) -> &'static str {
        match self {
            Self::GenerateFlashcards => "POST /v1/ai/generations",
            Self::GenerateCalendar => "POST /v1/ai/calendar",
            Self::GenerateOrganic => "POST /v1/organic/generate-calendar",
            Self::Publish => "POST /v1/publish",
            Self::GenerateSynthesis => "POST /v1/themes/{id}/syntheses",
            Self::SendEmail => "POST /v1/themes/{id}/schedule/test-mail",
            Self::EraseAccount => "DELETE /v1/me/data",
        }
    }
    /// Its limits, each a variable with its default.
    pub const fn limits(self) -> Limits {
        match self {
            Self::GenerateFlashcards => Limits {
                family: "generation",
                rate: Variable {
                    name: "GENERATION_RATE",
                    default: "5/300",
                    about: "accepted flashcard generations per user: count/seconds",
                },
                time_limit: None,
            },
            Self::GenerateCalendar => Limits {
                family: "calendar",
                rate: Variable {
                    name: "CALENDAR_RATE",
                    default: "20/300",
                    about: "accepted calendar runs per user: count/seconds",
                },
                time_limit: Some(Variable {
                    name: "CALENDAR_TIMEOUT_SECONDS",
                    default: "30",
                    about: "how long a calendar run may take from its first start; it ends with what it has",
                }),
            },
            Self::GenerateOrganic => Limits {
                family: "organic",
                rate: Variable {
                    name: "ORGANIC_RATE",
                    default: "20/300",
                    about: "accepted organic weeks per user: count/seconds",
                },
                time_limit: Some(Variable {
                    name: "ORGANIC_TIMEOUT_SECONDS",
                    default: "60",
                    about: "how long an organic week may take from its first start; it ends with what it has",
                }),
            },
            Self::Publish => Limits {
                family: "publish",
                rate: Variable {
                    name: "PUBLISH_RATE",
                    default: "60/300",
                    about: "accepted requests to publish per user, each with up to 1,000 entries: count/seconds",
                },
                time_limit: None,
            },
            Self::GenerateSynthesis => Limits {
                family: "synthesis",
                rate: SYNTHESIS_RATE,
                time_limit: Some(Variable {
                    name: "SYNTHESIS_TIMEOUT_SECONDS",
                    default: "300",
                    about: "how long a synthesis may take from its first start; then it has failed",
                }),
            },
            Self::SendEmail => Limits { family: "synthesis", rate: SYNTHESIS_RATE, time_limit: None },
            // Low: an erasure removes the log of the other limits, and must not become a way around them.
            Self::EraseAccount => Limits {
                family: "erase",
                rate: Variable {
                    name: "ERASE_RATE",
                    default: "5/86400",
                    about: "accepted erasures of all data per user: count/seconds",
                },
                time_limit: None,
            },
        }
    }
}

impl Lane {
    /// Jobs at once in one worker while `WORKER_CONCURRENCY` is empty.
    pub const fn default_slots(self) -> usize {
        match self {
            Self::Flashcards | Self::Calendar | Self::Organic => 32,
            Self::Publishing | Self::Synthesis | Self::Email => 8,
            Self::Account => 2,
        }
    }
}
