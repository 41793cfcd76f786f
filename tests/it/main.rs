//! Everything that is proven over HTTP, against real Postgres and Redis, one binary. One file per subject.

mod admin;
mod auth;
mod erase;
mod flags;
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
mod world_ai;
