//! What a person may ask of everything that is theirs: its end. The words of the `account` jobs.
//! Called by the API (accept) and by the worker (erase); knows no domain, whose tables the migrations name.

pub mod service;
pub mod store;

use crate::platform::config::Rate;

/// Erases a person may ask for. Not a setting: far above what anybody needs, and low enough that wiping out the log of
/// the other limits, which an erase does, is no way around them.
pub const ERASE_RATE: Rate = Rate { count: 5, seconds: 86_400 };

/// Things that one batch of an erase removes at most: few enough that its lock is held for milliseconds.
pub const BATCH: i32 = 200;
