//! Everything that is proven over HTTP, against real Postgres and Redis, one binary. One file per subject.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails on the spot")]

mod auth;
mod flashcards;
mod house;
mod idempotency;
mod input;
mod limits;
mod lists;
mod platform;
mod review;
mod rows;
mod tenants;
mod trace;
mod wire;
mod world_ai;
