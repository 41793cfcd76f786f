//! How long a server asks its client to wait, from the headers of its answer. Called by every adapter.
//! `RetryAfter` of `headers` is not used: it has no accessor for its value.

use std::time::Duration;

use chrono::{DateTime, Days, NaiveTime, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use http::{HeaderMap, HeaderName, header};

/// Seconds, or a date read against the response's own `Date`, so that our clock has no part in it.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok().map(str::trim);
    let value = text(header::RETRY_AFTER)?;
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(value).ok()?;
    let now = httpdate::parse_http_date(text(header::DATE)?).ok()?;
    Some(until.duration_since(now).unwrap_or_default())
}

/// How long it is until the next midnight UTC, by the response's own `Date`.
pub fn until_utc_midnight(headers: &HeaderMap) -> Option<Duration> {
    let date = httpdate::parse_http_date(headers.get(header::DATE)?.to_str().ok()?).ok()?;
    let passed = DateTime::<Utc>::from(date).num_seconds_from_midnight();
    Some(Duration::from_secs(u64::from(86_400 - passed.min(86_399))))
}

/// The same for a time zone, whose days may have 23 or 25 hours.
pub fn until_midnight(headers: &HeaderMap, zone: Tz) -> Option<Duration> {
    let date = httpdate::parse_http_date(headers.get(header::DATE)?.to_str().ok()?).ok()?;
    let now = DateTime::<Utc>::from(date);
    let tomorrow = now.with_timezone(&zone).date_naive().checked_add_days(Days::new(1))?;
    let midnight = zone.from_local_datetime(&tomorrow.and_time(NaiveTime::MIN)).earliest()?;
    (midnight.to_utc() - now).to_std().ok()
}
