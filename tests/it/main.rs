//! Everything that is proven over HTTP, against real Postgres and Redis, one binary. One file per subject.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on ends here, and has a clock of its own"
)]

mod admin;
mod auth;
mod calendar;
mod calendar_faults;
mod crash;
mod drain;
mod erase;
mod flags;
mod flashcards;
mod house;
mod idempotency;
mod input;
mod lease;
mod limits;
mod lists;
mod outage;
mod platform;
mod poison;
mod review;
mod rows;
mod streams;
mod tenants;
mod trace;
mod wire;
mod world_ai;
