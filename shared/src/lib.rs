//! Words, rules and records of Almanac. Both processes speak through this crate.
//! It holds no HTTP server and makes no provider call.

pub mod account;
pub mod brands;
pub mod calendar;
pub mod circuit;
pub mod clock;
pub mod composer;
pub mod config;
pub mod db;
pub mod error;
pub mod faults;
pub mod flags;
pub mod flashcards;
pub mod id;
pub mod idempotency;
pub mod jobs;
pub mod limits;
pub mod local_time;
pub mod merge;
pub mod metrics;
pub mod organic;
pub mod progress;
pub mod queue;
pub mod redis;
pub mod shape;
pub mod spreadsheet;
pub mod telemetry;
