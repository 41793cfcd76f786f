//! Plans: by example, then the promises of a plan for any week of any zone.

use chrono_tz::{TZ_VARIANTS, Tz};
use proptest::prelude::*;

use super::*;

const PARIS: Week = Week { start: NaiveDate::from_ymd_opt(2026, 1, 26).unwrap(), zone: Tz::Europe__Paris };

fn local(week: &Week, day: u64, minute: i64) -> DateTime<Utc> {
    instant(week.start + Days::new(day), NaiveTime::MIN + Duration::minutes(minute), week.zone)
}

fn wish(id: usize, account: &str, at: DateTime<Utc>) -> Wish {
    let account = (!account.is_empty()).then(|| account.parse().unwrap());
    Wish { id: id.to_string().parse().unwrap(), account, at, before: None }
}

/// `a Mon 09:00` for each wish; the account `-` is none.
fn wishes(week: &Week, table: &[&str]) -> Vec<Wish> {
    let one = |(id, text): (usize, &&str)| {
        let mut parts = text.split(' ');
        let account = parts.next().unwrap().trim_matches('-');
        let day: chrono::Weekday = parts.next().unwrap().parse().unwrap();
        let time: NaiveTime = parts.next().unwrap().parse().unwrap();
        let day = week.start + Days::new(day.num_days_from_monday().into());
        wish(id, account, instant(day, time, week.zone))
    };
    table.iter().enumerate().map(one).collect()
}

fn shown(week: &Week, planned: &[Result<Planned, NoFreeSlot>]) -> Vec<String> {
    let one = |planned: &Result<Planned, NoFreeSlot>| match planned {
        Ok(planned) => {
            let at = week.zone.from_utc_datetime(&planned.at.naive_utc()).format("%a %H:%M");
            format!("{at}{}", if planned.moved.is_some() { " moved" } else { "" })
        }
        Err(NoFreeSlot) => "none".to_owned(),
    };
    planned.iter().map(one).collect()
}

fn planned(table: &[&str]) -> Vec<String> {
    shown(&PARIS, &plan(&PARIS, &Spacing::default(), &wishes(&PARIS, table), &[]))
}

#[test]
fn who_comes_first_keeps_the_time_and_the_next_moves_by_half_an_hour() {
    assert_eq!(
        planned(&["a Mon 09:00", "a Mon 09:00", "a Mon 09:10", "a Mon 08:31", "a Mon 08:30", "b Mon 09:00"]),
        ["Mon 09:00", "Mon 09:30 moved", "Mon 10:10 moved", "Mon 11:01 moved", "Mon 08:30", "Mon 09:00"]
    );
}

#[test]
fn half_an_hour_apart_is_no_overlap_and_a_minute_less_is_one() {
    assert_eq!(planned(&["a Mon 09:00", "a Mon 09:30"]), ["Mon 09:00", "Mon 09:30"]);
    assert_eq!(planned(&["a Mon 09:00", "a Mon 09:29"]), ["Mon 09:00", "Mon 09:59 moved"]);
    assert_eq!(planned(&["a Mon 09:29", "a Mon 09:00"]), ["Mon 09:29", "Mon 10:00 moved"]);
}

#[test]
fn a_move_stays_between_seven_and_ten_and_goes_on_the_next_day() {
    assert_eq!(planned(&["a Mon 21:30", "a Mon 21:30"]), ["Mon 21:30", "Mon 22:00 moved"]);
    assert_eq!(planned(&["a Mon 22:00", "a Mon 22:00"]), ["Mon 22:00", "Tue 07:00 moved"]);
    assert_eq!(planned(&["a Mon 03:10", "a Mon 03:10"]), ["Mon 03:10", "Mon 07:10 moved"]);
    assert_eq!(planned(&["a Mon 23:50", "a Tue 07:00", "a Mon 23:50"]), ["Mon 23:50", "Tue 07:00", "Tue 07:30 moved"]);
}

#[test]
fn a_time_outside_the_window_stays_where_it_is_when_nothing_is_in_its_way() {
    assert_eq!(planned(&["a Mon 03:00", "a Sun 23:59"]), ["Mon 03:00", "Sun 23:59"]);
}

#[test]
fn after_the_last_day_there_is_nothing_to_move_to() {
    assert_eq!(planned(&["a Sun 22:00", "a Sun 22:00", "a Sun 21:50"]), ["Sun 22:00", "none", "none"]);
}

#[test]
fn a_newsletter_is_in_nobodys_way() {
    assert_eq!(planned(&["- Mon 09:00", "- Mon 09:00", "a Mon 09:00"]), ["Mon 09:00", "Mon 09:00", "Mon 09:00"]);
}

#[test]
fn what_others_have_planned_is_taken_on_their_account_only() {
    let occupied = [Occupied { account: "a".parse().unwrap(), at: local(&PARIS, 0, 9 * 60 + 15) }];
    let wishes = wishes(&PARIS, &["a Mon 09:00", "b Mon 09:00"]);
    let planned = plan(&PARIS, &Spacing::default(), &wishes, &occupied);
    assert_eq!(shown(&PARIS, &planned), ["Mon 10:00 moved", "Mon 09:00"]);
}

#[test]
fn a_wider_gap_moves_further() {
    let spacing = Spacing { gap: Duration::minutes(60), ..Spacing::default() };
    let planned = plan(&PARIS, &spacing, &wishes(&PARIS, &["a Mon 09:00", "a Mon 09:15"]), &[]);
    assert_eq!(shown(&PARIS, &planned), ["Mon 09:00", "Mon 10:15 moved"]);
}

#[test]
fn an_hour_that_does_not_exist_is_no_place_to_move_to_and_one_that_comes_twice_is_two() {
    // The clocks of Troll jump from 01:00 to 03:00 on 29 March 2026 and back on 25 October.
    let spacing = Spacing { opens: NaiveTime::MIN, ..Spacing::default() };
    let moves = |start: &str, wish: &str| {
        let week = Week { start: start.parse().unwrap(), zone: Tz::Antarctica__Troll };
        let two = [wish, wish, wish];
        shown(&week, &plan(&week, &spacing, &wishes(&week, &two), &[]))
    };
    assert_eq!(moves("2026-03-23", "a Sun 00:30"), ["Sun 00:30", "Sun 03:00 moved", "Sun 03:30 moved"]);
    assert_eq!(moves("2026-10-19", "a Sun 02:30"), ["Sun 02:30", "Sun 01:00 moved", "Sun 01:30 moved"]);
}

#[test]
fn every_move_says_why() {
    let wishes = wishes(&PARIS, &["a Mon 09:00", "a Mon 09:00"]);
    let planned = plan(&PARIS, &Spacing::default(), &wishes, &[]);
    let why = planned[1].unwrap().moved.unwrap();
    assert_eq!(
        why.sentence(wishes[1].at, &PARIS),
        "Moved from Mon 09:00: another placement of this account is too close to it."
    );
}

fn again(wishes: &[Wish], planned: &[Result<Planned, NoFreeSlot>]) -> Vec<Wish> {
    let one = |(wish, planned): (&Wish, &Result<Planned, NoFreeSlot>)| {
        let before = planned.ok().map(|planned| Before { wished: wish.at, planned: planned.at, by_hand: false });
        Wish { before, ..wish.clone() }
    };
    wishes.iter().zip(planned).map(one).collect()
}

#[test]
fn a_placement_that_moved_stays_there_when_it_is_asked_for_alone_again() {
    let first = wishes(&PARIS, &["a Mon 09:00", "a Mon 09:00"]);
    let spacing = Spacing::default();
    let second = &again(&first, &plan(&PARIS, &spacing, &first, &[]))[1..];

    let planned = plan(&PARIS, &spacing, second, &[]);

    assert_eq!(planned, [Ok(Planned { at: local(&PARIS, 0, 9 * 60 + 30), moved: Some(Why::PlannedBefore) })]);
}

#[test]
fn a_new_wish_is_planned_anew_and_the_wish_for_what_it_has_is_no_move() {
    let before = Before { wished: local(&PARIS, 0, 540), planned: local(&PARIS, 0, 570), by_hand: false };
    let asks = |minute: i64, before: Before| {
        let wish = Wish { before: Some(before), ..wish(0, "a", local(&PARIS, 0, minute)) };
        plan(&PARIS, &Spacing::default(), &[wish], &[])[0].unwrap()
    };
    assert_eq!(asks(600, before), Planned { at: local(&PARIS, 0, 600), moved: None });
    assert_eq!(asks(570, before), Planned { at: local(&PARIS, 0, 570), moved: None });
    assert_eq!(
        asks(600, Before { by_hand: true, ..before }),
        Planned { at: local(&PARIS, 0, 570), moved: Some(Why::ByHand) }
    );
}

#[test]
fn what_a_person_moved_stays_and_what_was_planned_there_before_makes_room() {
    let before = |by_hand| Some(Before { wished: local(&PARIS, 0, 540), planned: local(&PARIS, 0, 540), by_hand });
    let planned = Wish { before: before(false), ..wish(0, "a", local(&PARIS, 0, 540)) };
    let by_hand = Wish { before: before(true), ..wish(1, "a", local(&PARIS, 0, 540)) };
    let result = plan(&PARIS, &Spacing::default(), &[planned, by_hand], &[]);
    assert_eq!(shown(&PARIS, &result), ["Mon 09:30 moved", "Mon 09:00"]);
}

#[test]
fn a_new_placement_does_not_push_away_what_was_planned_before() {
    let first = wishes(&PARIS, &["a Mon 09:00", "a Mon 10:00"]);
    let mut second = wishes(&PARIS, &["a Mon 10:00"]);
    second.extend(again(&first, &plan(&PARIS, &Spacing::default(), &first, &[])));
    let planned = plan(&PARIS, &Spacing::default(), &second, &[]);
    assert_eq!(shown(&PARIS, &planned), ["Mon 10:30 moved", "Mon 09:00", "Mon 10:00"]);
}

#[test]
fn the_time_it_was_given_is_kept_also_when_a_client_asks_for_that_very_time() {
    let second = wishes(&PARIS, &["a Mon 09:30", "a Mon 09:30"]);
    let before = Before { wished: local(&PARIS, 0, 540), planned: local(&PARIS, 0, 570), by_hand: false };
    let second = [second[0].clone(), Wish { before: Some(before), ..second[1].clone() }];
    let planned = plan(&PARIS, &Spacing::default(), &second, &[]);
    assert_eq!(shown(&PARIS, &planned), ["Mon 10:00 moved", "Mon 09:30"]);
}

#[test]
fn a_move_goes_as_far_as_the_last_day_of_the_week() {
    let busy = (0..6).flat_map(|day| (0..48).map(move |half| local(&PARIS, day, 30 * half)));
    let occupied: Vec<_> = busy.map(|at| Occupied { account: "a".parse().unwrap(), at }).collect();
    let planned = plan(&PARIS, &Spacing::default(), &wishes(&PARIS, &["a Mon 09:00"]), &occupied);
    assert_eq!(shown(&PARIS, &planned), ["Sun 07:00 moved"]);
}

/// Weeks around the changes of the clocks as well as any others.
fn any_week() -> impl Strategy<Value = Week> {
    let mondays = prop_oneof![
        (0u64..10_000).prop_map(|weeks| NaiveDate::from_ymd_opt(1970, 1, 5).unwrap() + Days::new(7 * weeks)),
        prop::sample::select(vec!["2026-03-02", "2026-03-23", "2026-10-19", "2026-10-26", "2026-09-28", "2011-12-26"])
            .prop_map(|text| text.parse().unwrap()),
    ];
    (mondays, prop::sample::select(TZ_VARIANTS.to_vec())).prop_map(|(start, zone)| Week { start, zone })
}

/// Wishes that crowd: few accounts, times on and off the grid of half hours, most of them in a few hours.
fn any_wishes(week: Week) -> impl Strategy<Value = Vec<Wish>> {
    let minute = prop_oneof![3 => (0i64..8).prop_map(|n| 540 + 15 * n), 1 => 0i64..1_440, 1 => 1_200i64..1_440];
    let account = prop::sample::select(vec!["a", "a", "b", ""]);
    let one = (account, prop_oneof![Just(0u64), Just(6), 0u64..7], minute);
    prop::collection::vec(one, 0..40).prop_map(move |wishes| {
        let wishes = wishes.into_iter().enumerate();
        wishes.map(|(id, (account, day, minute))| wish(id, account, local(&week, day, minute))).collect()
    })
}

fn any_occupied(week: Week) -> impl Strategy<Value = Vec<Occupied>> {
    let one = (prop::sample::select(vec!["a", "b"]), 0u64..7, (0i64..96).prop_map(|n| 15 * n));
    prop::collection::vec(one, 0..6).prop_map(move |taken| {
        let one = |(account, day, minute): (&str, u64, i64)| Occupied {
            account: account.parse().unwrap(),
            at: local(&week, day, minute),
        };
        taken.into_iter().map(one).collect()
    })
}

fn any_case() -> impl Strategy<Value = (Week, Vec<Wish>, Vec<Occupied>)> {
    any_week().prop_flat_map(|week| (Just(week), any_wishes(week), any_occupied(week)))
}

/// Times of an account that are taken before the wish at `index` has its turn.
fn taken(
    account: &AccountId,
    wishes: &[Wish],
    planned: &[Result<Planned, NoFreeSlot>],
    occupied: &[Occupied],
) -> Vec<DateTime<Utc>> {
    let earlier = wishes.iter().zip(planned).filter(|(wish, _)| wish.account.as_ref() == Some(account));
    let earlier = earlier.filter_map(|(_, planned)| planned.ok().map(|planned| planned.at));
    earlier.chain(occupied.iter().filter(|other| other.account == *account).map(|other| other.at)).collect()
}

/// The rule said again, minute by minute: the first time after the wish that is free and on its grid.
fn nearest(
    week: &Week,
    spacing: &Spacing,
    wished: DateTime<Utc>,
    is_free: impl Fn(DateTime<Utc>) -> bool,
) -> Option<DateTime<Utc>> {
    let today = week.date_of(wished);
    let minutes = (1..8 * 25 * 60).map(|minute| wished + Duration::minutes(minute));
    let mut on_grid = minutes.flat_map(|minute| {
        let day = week.date_of(minute);
        let from = if day == today { wished } else { instant(day, spacing.opens, week.zone) };
        // The opening may be off the minutes of the wish; look at the whole minute from here.
        (0..60).map(move |second| minute + Duration::seconds(second)).find(move |at| {
            let fits = (spacing.opens..=spacing.closes).contains(&week.time_of(*at)) && week.date_of(*at) == day;
            fits && *at >= from && (*at - from).num_seconds() % spacing.step.num_seconds() == 0
        })
    });
    on_grid.find(|at| week.holds(week.date_of(*at)) && week.date_of(*at) >= today && is_free(*at))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_two_of_an_account_overlap_and_everything_moved_is_in_the_week_between_opening_and_closing(
        (week, wishes, occupied) in any_case(),
    ) {
        let spacing = Spacing::default();
        let planned = plan(&week, &spacing, &wishes, &occupied);
        prop_assert_eq!(planned.len(), wishes.len());
        for (index, (wish, planned_one)) in wishes.iter().zip(&planned).enumerate() {
            let Ok(one) = planned_one else { continue };
            prop_assert_eq!(one.moved.is_some(), one.at != wish.at);
            if one.moved.is_some() {
                prop_assert!(one.at > wish.at && week.holds(week.date_of(one.at)));
                prop_assert!((spacing.opens..=spacing.closes).contains(&week.time_of(one.at)));
            }
            if let Some(account) = &wish.account {
                let others = taken(account, &wishes[..index], &planned[..index], &occupied);
                prop_assert!(others.iter().all(|other| (*other - one.at).abs() >= spacing.gap));
            }
        }
    }

    #[test]
    fn nothing_moves_without_need_and_what_moves_moves_as_little_as_it_can(
        (week, wishes, occupied) in any_case(), pick in any::<prop::sample::Index>(),
    ) {
        prop_assume!(!wishes.is_empty());
        let spacing = Spacing::default();
        let planned = plan(&week, &spacing, &wishes, &occupied);
        let index = pick.index(wishes.len());
        let wish = &wishes[index];
        let Some(account) = &wish.account else {
            prop_assert_eq!(planned[index], Ok(Planned { at: wish.at, moved: None }));
            return Ok(());
        };
        let others = taken(account, &wishes[..index], &planned[..index], &occupied);
        let is_free = |at: DateTime<Utc>| others.iter().all(|other| (*other - at).abs() >= spacing.gap);
        let expected =
            if is_free(wish.at) { Some(wish.at) } else { nearest(&week, &spacing, wish.at, is_free) };
        prop_assert_eq!(planned[index].ok().map(|planned| planned.at), expected);
    }

    #[test]
    fn the_same_wishes_give_the_same_plan_and_asked_for_again_nothing_moves(
        (week, wishes, occupied) in any_case(), rotate in 0usize..40,
    ) {
        let spacing = Spacing::default();
        let first = plan(&week, &spacing, &wishes, &occupied);
        prop_assert_eq!(&plan(&week, &spacing, &wishes, &occupied), &first);
        let mut repeated = again(&wishes, &first);
        prop_assert_eq!(&plan(&week, &spacing, &repeated, &occupied), &first);

        // Nor does it in another order, or when the client sends the times it was given.
        let mut times: Vec<_> = first.iter().map(|planned| planned.ok().map(|planned| planned.at)).collect();
        let by = rotate % wishes.len().max(1);
        repeated.rotate_left(by);
        times.rotate_left(by);
        let moved: Vec<_> = plan(&week, &spacing, &repeated, &occupied).iter().map(|planned| planned.ok().map(|planned| planned.at)).collect();
        for (time, moved) in times.iter().zip(&moved) {
            prop_assert!(time.is_none() || time == moved);
        }
        for (wish, time) in repeated.iter_mut().zip(&times) {
            wish.at = time.unwrap_or(wish.at);
        }
        for (wish, planned) in repeated.iter().zip(plan(&week, &spacing, &repeated, &occupied)) {
            let stays = Ok(Planned { at: wish.at, moved: None });
            prop_assert!(wish.before.is_none() || planned == stays);
        }
    }
}

#[test]
fn every_zone_plans_the_days_on_which_its_clocks_change() {
    for zone in TZ_VARIANTS {
        for start in ["2026-03-02", "2026-03-23", "2026-10-19", "2026-10-26"] {
            let week = Week { start: start.parse().unwrap(), zone };
            let changes = |day: &u64| local(&week, day + 1, 0) - local(&week, *day, 0) != Duration::hours(24);
            for day in (0..7).filter(changes) {
                let spacing = Spacing::default();
                // Every half hour from opening to closing, and one more: exactly that one has no place on its day.
                let full: Vec<_> = (0..32).map(|id| wish(id, "a", local(&week, day, 7 * 60))).collect();
                let planned: Vec<_> = plan(&week, &spacing, &full, &[]).into_iter().map(Result::ok).collect();
                let last = planned[30].unwrap().at;
                assert_eq!(
                    (week.date_of(last), week.time_of(last)),
                    (week.start + Days::new(day), spacing.closes),
                    "{zone} {start}"
                );
                assert!(planned[31].is_none_or(|next| week.date_of(next.at) > week.date_of(last)), "{zone} {start}");
            }
        }
    }
}
