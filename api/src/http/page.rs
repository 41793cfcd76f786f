//! Pages of lists: page size and cursors. Called by routes. A cursor is opaque to clients and contains only data of its
//! list.

use std::str::FromStr;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use uuid::Uuid;

use crate::http::error::{ApiError, Detail};

/// Default number of rows of a page.
pub const DEFAULT: i64 = 50;

/// Rows asked for: one more than the page, to know whether another follows.
pub const fn fetch(limit: i64) -> i64 {
    limit + 1
}

/// Cuts a fetched page to its limit; returns the row after which the next page begins.
pub fn cut<T>(rows: &mut Vec<T>, limit: i64) -> Option<&T> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if rows.len() <= limit {
        return None;
    }
    rows.truncate(limit);
    rows.last()
}

/// A place in a list that is ordered by an id.
pub fn of_id(id: Uuid) -> String {
    URL_SAFE_NO_PAD.encode(id.as_bytes())
}

/// Reads a place in a list that is ordered by an id.
///
/// # Errors
/// 400 when it is not one of ours.
pub fn id(cursor: Option<&str>) -> Result<Option<Uuid>, ApiError> {
    read(cursor, |bytes| Uuid::from_slice(bytes).ok())
}

/// A place in a list that is ordered by time, then id.
pub fn of_moment(at: DateTime<Utc>, id: Uuid) -> String {
    let mut bytes = at.timestamp_micros().to_be_bytes().to_vec();
    bytes.extend_from_slice(id.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads a place in a list that is ordered by time, then id.
///
/// # Errors
/// 400 when it is not one of ours.
pub fn moment(cursor: Option<&str>) -> Result<Option<(DateTime<Utc>, Uuid)>, ApiError> {
    read(cursor, |bytes| {
        let (micros, id) = bytes.split_at_checked(8)?;
        Some((instant(micros)?, Uuid::from_slice(id).ok()?))
    })
}

/// A place in a list that is ordered by time, then an id that people choose.
pub fn of_named(at: DateTime<Utc>, id: &str) -> String {
    let mut bytes = at.timestamp_micros().to_be_bytes().to_vec();
    bytes.extend_from_slice(id.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads a place in a list that is ordered by time, then an id that people choose.
///
/// # Errors
/// 400 when it is not one of ours.
pub fn named<T: FromStr>(cursor: Option<&str>) -> Result<Option<(DateTime<Utc>, T)>, ApiError> {
    read(cursor, |bytes| {
        let (micros, id) = bytes.split_at_checked(8)?;
        Some((instant(micros)?, std::str::from_utf8(id).ok()?.parse().ok()?))
    })
}

/// An instant that a row of ours may have: people write years of four digits, and a zone may move them over the edge.
/// The store holds no year before 4713 BC.
fn instant(micros: &[u8]) -> Option<DateTime<Utc>> {
    let at = DateTime::from_timestamp_micros(i64::from_be_bytes(micros.try_into().ok()?))?;
    (-1..=10_000).contains(&at.year()).then_some(at)
}

/// A place in a list that is ordered by date.
pub fn of_date(date: NaiveDate) -> String {
    of_number(date.num_days_from_ce())
}

/// Reads a place in a list that is ordered by date.
///
/// # Errors
/// 400 when it is not one of ours.
pub fn date(cursor: Option<&str>) -> Result<Option<NaiveDate>, ApiError> {
    read(cursor, |bytes| {
        let date = NaiveDate::from_num_days_from_ce_opt(i32::from_be_bytes(bytes.try_into().ok()?))?;
        (0..=9_999).contains(&date.year()).then_some(date)
    })
}

/// A place in a list that is ordered by number.
pub fn of_number(number: i32) -> String {
    URL_SAFE_NO_PAD.encode(number.to_be_bytes())
}

/// Reads a place in a list that is ordered by number.
///
/// # Errors
/// 400 when it is not one of ours.
pub fn number(cursor: Option<&str>) -> Result<Option<i32>, ApiError> {
    read(cursor, |bytes| Some(i32::from_be_bytes(bytes.try_into().ok()?)))
}

fn read<T>(cursor: Option<&str>, parse: impl FnOnce(&[u8]) -> Option<T>) -> Result<Option<T>, ApiError> {
    let Some(cursor) = cursor else { return Ok(None) };
    let place = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| parse(&bytes));
    match place {
        Some(place) => Ok(Some(place)),
        None => Err(ApiError::invalid(vec![Detail::at(["query", "cursor"], "value", "is no cursor of this list")])),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_reads_back_and_foreign_text_never_does_harm(micros in 0i64..4_000_000_000_000_000, bits: u128, text in "\\PC{0,60}") {
            let (at, row) = (DateTime::from_timestamp_micros(micros).unwrap(), Uuid::from_u128(bits));
            prop_assert_eq!(moment(Some(&of_moment(at, row))).unwrap(), Some((at, row)));
            prop_assert_eq!(id(Some(&of_id(row))).unwrap(), Some(row));
            prop_assert_eq!(named(Some(&of_named(at, "brand_1"))).unwrap(), Some((at, "brand_1".to_owned())));
            let _ = (moment(Some(&text)).is_ok(), id(Some(&text)).is_ok(), number(Some(&text)).is_ok());
            let _ = named::<String>(Some(&text)).is_ok();
        }

        #[test]
        fn a_cursor_names_no_time_that_the_store_cannot_hold(micros: i64, bits: u128) {
            let of = |tail: &[u8]| URL_SAFE_NO_PAD.encode([micros.to_be_bytes().as_slice(), tail].concat());
            let moment = moment(Some(&of(Uuid::from_u128(bits).as_bytes())));
            let named = named::<String>(Some(&of(b"brand_1")));
            prop_assert_eq!(moment.is_ok(), named.is_ok());
            prop_assert!(moment.ok().flatten().is_none_or(|(at, _)| (-4_712..=294_275).contains(&at.year())));
        }
    }
}
