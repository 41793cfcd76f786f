//! The routes, one file per domain: who, what, do, answer. They hold no SQL and no rules.
//!
//! To add a domain: 1. its module here, 2. its routes in `Routes` and `mounted`, 3. its tag; if it has a kind of job, also a
//! row in `kinds`.

pub mod account;
pub mod admin;
pub mod after_submit;
pub mod brands;
pub mod calendar;
pub mod flags;
pub mod flashcards;
pub mod health;
pub mod jobs;
pub mod kinds;
pub mod organic;
pub mod publishing;
pub mod session;
pub mod snapshot;
pub mod synthesis;

use poem_openapi::Tags;

use crate::state::App;

/// The family of an operation.
#[derive(Tags)]
#[oai(rename_all = "lowercase")]
pub enum Tag {
    /// Flashcards from a text: generations, suggestions, cards.
    Flashcards,
    /// Content calendars: runs, entries, edits.
    Calendar,
    /// A brand's week of posts.
    Organic,
    /// Brands with their accounts, trends and assets.
    Brands,
    /// Publishing: plans, intents, receipts, connected accounts.
    Publishing,
    /// Syntheses: themes, schedules, mails.
    Synthesis,
    /// Submitted work: status, events, cancellation.
    Jobs,
    /// The caller's session and data.
    Account,
    /// Operators only.
    Admin,
    /// The service itself.
    Service,
}

/// All routes of the OpenAPI document.
pub type Routes = (
    flashcards::FlashcardsApi,
    calendar::CalendarApi,
    calendar::EntriesApi,
    calendar::RunsApi,
    brands::Routes,
    organic::Routes,
    publishing::Routes,
    synthesis::Routes,
    jobs::JobsApi,
    session::SessionApi,
    account::AccountApi,
    admin::AdminApi,
    flags::FlagsApi,
    health::HealthApi,
);

/// The routes over this app.
pub fn mounted(app: &App) -> Routes {
    let app = || app.clone();
    (
        flashcards::FlashcardsApi { app: app() },
        calendar::CalendarApi { app: app() },
        calendar::EntriesApi { app: app() },
        calendar::RunsApi { app: app() },
        brands::routes(&app()),
        organic::routes(&app()),
        publishing::routes(&app()),
        synthesis::routes(&app()),
        jobs::JobsApi { app: app() },
        session::SessionApi { app: app() },
        account::AccountApi { app: app() },
        admin::AdminApi { app: app() },
        flags::FlagsApi { app: app() },
        health::HealthApi,
    )
}
