//! Where a list starts if no cursor is given: places before all its rows, so that every page has the same condition.
//! `$1 IS NULL OR …` cannot be searched in an index by a plan that is kept, and neither can `coalesce($1, …)` under row
//! security, which takes it for a function that may leak rows. Called by the stores; ids have `Uuid::max()`.

use chrono::{DateTime, Utc};

/// Later than any row, for lists that are newest first.
pub(crate) const LATEST: DateTime<Utc> = DateTime::<Utc>::MAX_UTC;

/// Earlier than any row: 4368 BC. Postgres stores no year before 4713 BC.
pub(crate) const EARLIEST: DateTime<Utc> = match DateTime::from_timestamp(-200_000_000_000, 0) {
    Some(at) => at,
    None => DateTime::UNIX_EPOCH,
};
