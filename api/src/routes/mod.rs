//! The routes, one file per domain: who, what, do, answer. They hold no SQL and no rules.

pub mod account;
pub mod admin;
pub mod after_submit;
pub mod brands;
pub mod calendar;
pub mod flags;
pub mod flashcards;
pub mod health;
pub mod jobs;
pub mod organic;
pub mod session;
pub mod snapshot;
