//! Everything that is proven over HTTP, against real Postgres and Redis, one binary. One file per subject.

mod crash;
mod drain;
mod flashcards;
mod lease;
mod outage;
mod poison;
mod streams;
