//! The slots of a run: channels × cadence × range, computed and never left to a model.
//! Called on submit to know the size, by the job to ask and to fill, and by the dry run.
//! Pure: the same request gives the same slots in the same order.

use chrono::{Days, Duration, Months, NaiveDate, NaiveTime};

use super::{Cadence, ChannelName, EntryKey, Ordinal, Slot, rules::CalendarRequest};
use crate::platform::error::{Code, Refusal};

pub use crate::values::local_time::instant;

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

/// The local time at which a channel is posted to by default.
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

#[cfg(test)]
mod tests {
    use chrono::{Datelike, Timelike};
    use chrono_tz::TZ_VARIANTS;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::calendar::rules::RequestBody;

    mod golden;

    fn request(body: Value) -> CalendarRequest {
        CalendarRequest::parse(serde_json::from_value::<RequestBody>(body).unwrap()).unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn keys(body: Value) -> Vec<String> {
        compute(&request(body), 200).unwrap().iter().map(|slot| slot.key.to_string()).collect()
    }

    #[test]
    fn each_channel_gets_one_slot_a_date_in_the_order_of_the_request() {
        let slots = compute(
            &request(json!({
                "channels": ["tiktok", "instagram", "tiktok", "blog"], "cadence": "daily", "start": "2026-01-26", "end": "2026-01-27",
                "timezone": "Europe/Paris", "constraints": {"times": {"blog": "07:30"}},
            })),
            200,
        );
        let slots: Vec<_> = slots
            .unwrap()
            .iter()
            .map(|slot| format!("{} {} {}", slot.key, slot.time, slot.scheduled_at.time()))
            .collect();
        assert_eq!(
            slots,
            [
                "tiktok:2026-01-26:1 18:00:00 17:00:00",
                "instagram:2026-01-26:1 11:00:00 10:00:00",
                "blog:2026-01-26:1 07:30:00 06:30:00",
                "tiktok:2026-01-27:1 18:00:00 17:00:00",
                "instagram:2026-01-27:1 11:00:00 10:00:00",
                "blog:2026-01-27:1 07:30:00 06:30:00",
            ]
        );
    }

    #[test]
    fn a_weekly_cadence_keeps_the_weekday_of_its_start_and_a_monthly_one_its_day() {
        let weekly = json!({"channels": ["x"], "cadence": "weekly", "start": "2026-02-26", "end": "2026-03-12"});
        assert_eq!(keys(weekly), ["x:2026-02-26:1", "x:2026-03-05:1", "x:2026-03-12:1"]);
        let monthly = json!({"channels": ["x"], "cadence": "monthly", "start": "2027-12-31", "end": "2028-04-30"});
        assert_eq!(
            keys(monthly),
            ["x:2027-12-31:1", "x:2028-01-31:1", "x:2028-02-29:1", "x:2028-03-31:1", "x:2028-04-30:1"]
        );
    }

    #[test]
    fn skipped_dates_and_weekdays_have_no_slot() {
        let body = json!({
            "channels": ["x"], "cadence": "daily", "start": "2026-01-26", "end": "2026-02-01",
            "constraints": {"skipDates": ["2026-01-28", "2030-01-01"], "skipWeekdays": ["sat", "sun"]},
        });
        assert_eq!(keys(body), ["x:2026-01-26:1", "x:2026-01-27:1", "x:2026-01-29:1", "x:2026-01-30:1"]);
    }

    #[test]
    fn two_hundred_slots_are_planned_and_one_more_is_too_many() {
        let range = |channels: &[&str], end: &str| {
            let body = json!({"channels": channels, "cadence": "daily", "start": "2026-01-01", "end": end});
            compute(&request(body), 200).map(|slots| slots.len())
        };
        let refused = |result| matches!(result, Err(Refusal::Rule { code: Code::RangeTooLarge, field: "end", .. }));

        assert_eq!(range(&["a"], "2026-07-19").unwrap(), 200);
        assert!(refused(range(&["a"], "2026-07-20")));
        assert_eq!(range(&["a", "b", "c", "d", "e", "f", "g", "h"], "2026-01-25").unwrap(), 200);
        assert!(refused(range(&["a", "b", "c", "d", "e", "f", "g", "h"], "2026-01-26")));
        assert!(refused(range(&["a"], "2199-12-31")));
    }

    #[test]
    fn a_range_that_is_skipped_altogether_is_refused_also_when_it_is_long() {
        let all = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let skipped = |end: &str| {
            let constraints = json!({"skipWeekdays": all});
            let body = json!({"channels": ["a"], "cadence": "daily", "start": "2026-01-01", "end": end, "constraints": constraints});
            match compute(&request(body), 200) {
                Err(Refusal::Rule { code, .. }) => code,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(skipped("2026-12-31"), Code::NoSlots);
        assert_eq!(skipped("2199-12-31"), Code::RangeTooLarge);
    }

    fn any_date() -> impl Strategy<Value = NaiveDate> {
        (0u64..109_000).prop_map(|days| day("1900-01-01") + Days::new(days))
    }

    fn any_cadence() -> impl Strategy<Value = Cadence> {
        prop::sample::select(Cadence::ALL.to_vec())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn dates_grow_and_stay_in_the_range_by_the_rule_of_their_cadence(
            cadence in any_cadence(), start in any_date(), days in 0u64..800,
        ) {
            let end = start + Days::new(days);

            let dates: Vec<_> = dates(cadence, start, end).collect();

            prop_assert_eq!(dates[0], start);
            prop_assert!(dates.iter().all(|date| *date <= end));
            for pair in dates.windows(2) {
                let gap = (pair[1] - pair[0]).num_days();
                let months = pair[1].year() * 12 + pair[1].month() as i32 - pair[0].year() * 12 - pair[0].month() as i32;
                let last_of_month = (pair[1] + Days::new(1)).day() == 1;
                let by_the_rule = match cadence {
                    Cadence::Daily => gap == 1,
                    Cadence::Weekly => gap == 7 && pair[1].weekday() == start.weekday(),
                    Cadence::Monthly => {
                        months == 1 && (pair[1].day() == start.day() || (pair[1].day() < start.day() && last_of_month))
                    }
                };
                prop_assert!(by_the_rule);
            }
            // Nothing is left out at the end.
            let longest = match cadence { Cadence::Daily => 1, Cadence::Weekly => 7, Cadence::Monthly => 31 };
            prop_assert!((end - dates[dates.len() - 1]).num_days() < longest);
        }

        #[test]
        fn no_two_slots_share_a_key_and_the_same_request_gives_the_same_slots(
            cadence in any_cadence(), start in any_date(), days in 0u64..60, channels in prop::collection::vec("[a-c]", 1..=8),
            zone in prop::sample::select(TZ_VARIANTS.to_vec()), skip in prop::collection::vec(0u64..60, 0..5),
        ) {
            let end = start + Days::new(days);
            prop_assume!(end < day("2199-12-31"));
            let skip: Vec<_> = skip.iter().map(|days| (start + Days::new(*days)).to_string()).collect();
            let skip: Vec<_> = skip.into_iter().filter(|date| date.as_str() <= "2199-12-31").collect();
            let request = request(json!({
                "channels": channels, "cadence": cadence, "start": start, "end": end, "timezone": zone.name(),
                "constraints": {"skipDates": skip},
            }));

            let Ok(slots) = compute(&request, 200) else { return Ok(()) };

            let unique: std::collections::BTreeSet<_> = slots.iter().map(|slot| slot.key.clone()).collect();
            prop_assert_eq!(unique.len(), slots.len());
            prop_assert!(slots.iter().all(|slot| request.covers(&slot.key) && slot.time.second() == 0));
            prop_assert!(slots.iter().all(|slot| !skip.contains(&slot.key.date.to_string())));
            prop_assert_eq!(compute(&request, 200).unwrap(), slots);
        }
    }
}
