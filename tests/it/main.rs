//! All integration tests, one binary: over HTTP against real Postgres and Redis. One folder per area, one file per
//! subject; a domain has a folder of its own.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot continue ends here, and has a clock of its own"
)]

mod account;
mod api;
mod brands;
mod calendar;
mod email;
mod events;
mod faults;
mod flashcards;
mod house;
mod jobs;
mod models;
mod organic;
mod platform;
mod publishing;
mod security;
mod synthesis;
