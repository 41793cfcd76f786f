//! Types, rules and records of Almanac, used by both processes.
//! It holds no HTTP server and makes no provider call.

pub mod account;
pub mod brands;
pub mod calendar;
pub mod composer;
pub mod events;
pub mod flashcards;
pub mod jobs;
pub mod organic;
pub mod platform;
pub mod publishing;
pub mod synthesis;
pub mod values;
