//! Account erasure: removes everything of one user. Types of the `account` jobs.
//! Called by the API (accept) and by the worker (erase); knows no domain, whose tables the migrations name.

pub mod service;
pub mod store;

/// Things that one batch of an erase removes at most: few enough that its lock is held for milliseconds.
pub const BATCH: i32 = 200;
