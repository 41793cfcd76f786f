//! The slots of a run: channels × cadence × range, computed and never left to a model (D8), and the instant of a local time.
//! Called on submit to know the size, by the job to ask and to fill, by the dry run, and wherever an entry is moved.
//! Pure: the same request gives the same slots in the same order.

use chrono::{DateTime, Days, Duration, LocalResult, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::{Cadence, ChannelName, EntryKey, Ordinal, Slot, rules::CalendarRequest};
use crate::error::{Code, Refusal};

/// Dates looked at, at most. It only bounds the time spent on a range whose dates are nearly all skipped.
const MOST_DATES: usize = 10_000;

/// The slots of a request by date, on each date in the request's order of channels.
///
/// # Errors
/// `RANGE_TOO_LARGE` for more than `most` slots, `NO_SLOTS` when the constraints skip every date.
pub fn compute(request: &CalendarRequest, most: usize) -> Result<Vec<Slot>, Refusal> {
    let mut slots = Vec::new();
    for (looked_at, date) in dates(request.cadence, request.start, request.end).enumerate() {
        if looked_at == MOST_DATES {
            return Err(too_large(most));
        }
        if request.constraints.skips(date) {
            continue;
        }
        if slots.len() + request.channels.len() > most {
            return Err(too_large(most));
        }
        slots.extend(request.channels.iter().map(|channel| slot(request, channel, date)));
    }
    if slots.is_empty() {
        let message = "The constraints skip every date of this range.".into();
        return Err(Refusal::Rule { code: Code::NoSlots, field: "constraints", message });
    }
    Ok(slots)
}

fn slot(request: &CalendarRequest, channel: &ChannelName, date: NaiveDate) -> Slot {
    let time = request.constraints.times.get(channel).copied().unwrap_or_else(|| default_time(channel));
    let key = EntryKey { channel: channel.clone(), date, ordinal: Ordinal::Slot(1) };
    Slot { key, time, scheduled_at: instant(date, time, request.zone) }
}

fn too_large(most: usize) -> Refusal {
    let message = format!("The range holds more than {most} slots. Choose a shorter range or fewer channels.");
    Refusal::Rule { code: Code::RangeTooLarge, field: "end", message }
}

/// The dates of a cadence from `start` to `end`, both included.
pub fn dates(cadence: Cadence, start: NaiveDate, end: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    let nth = move |n: u32| match cadence {
        Cadence::Daily => start.checked_add_days(Days::new(n.into())),
        Cadence::Weekly => start.checked_add_days(Days::new(u64::from(n) * 7)),
        // Always counted from the first date, so that a short month does not move the months after it.
        Cadence::Monthly => start.checked_add_months(Months::new(n)),
    };
    (0..).map_while(nth).take_while(move |date| *date <= end)
}

/// The local time at which a channel is posted to when nobody says otherwise (D18).
pub fn default_time(channel: &ChannelName) -> NaiveTime {
    let hour = match channel.as_str() {
        "instagram" => 11,
        "facebook" => 13,
        "tiktok" => 18,
        "youtube" => 16,
        _ => 9,
    };
    NaiveTime::MIN + Duration::hours(hour)
}

/// The instant of a local time: the first instant at which the zone's clocks show it or, where they jump over it, the
/// first instant after the jump. A time that comes twice is the earlier one.
pub fn instant(date: NaiveDate, time: NaiveTime, zone: Tz) -> DateTime<Utc> {
    let local = date.and_time(time);
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) => at.to_utc(),
        LocalResult::Ambiguous(one, other) => one.min(other).to_utc(),
        LocalResult::None => end_of_gap(local, zone),
    }
}

/// Halves the time around the jump until one second is left.
fn end_of_gap(local: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    // No zone is more than a day from UTC, so the jump lies between.
    let mut before = local.and_utc() - Duration::hours(26);
    let mut after = local.and_utc() + Duration::hours(26);
    while after - before > Duration::seconds(1) {
        let middle = before + Duration::seconds((after - before).num_seconds() / 2);
        if zone.from_utc_datetime(&middle.naive_utc()).naive_local() < local { before = middle } else { after = middle }
    }
    after
}

#[cfg(test)]
mod tests;
