//! Everything that is proven over HTTP, against real Postgres and Redis, one binary. One file per subject.

mod flashcards;
mod input;
mod platform;
