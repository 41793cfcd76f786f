//! Words, rules and records of Almanac. Both processes speak through this crate.
//! It holds no HTTP server and makes no provider call.

pub mod clock;
pub mod config;
pub mod error;
pub mod flashcards;
pub mod id;
pub mod idempotency;
pub mod metrics;
pub mod telemetry;
