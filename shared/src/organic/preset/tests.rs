//! What the preset places, by example and for any week.

use std::collections::HashSet;

use chrono_tz::TZ_VARIANTS;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::organic::{
    rules::{PLACEMENTS_MAX, RequestBody},
    slots::{Spacing, Wish, plan},
};

fn gap() -> Duration {
    Spacing::default().gap
}

fn request(change: Value) -> WeekRequest {
    let mut body = json!({
        "brandProfileId": "b", "weekStart": "2026-01-26", "timezone": "Europe/Paris", "placements": [],
        "options": {"schedulePreset": "beta-launch"},
    });
    body.as_object_mut().unwrap().extend(change.as_object().cloned().unwrap());
    WeekRequest::parse(serde_json::from_value::<RequestBody>(body).unwrap(), PLACEMENTS_MAX).unwrap()
}

fn preferring(platforms: &[&str], placements: Value) -> WeekRequest {
    request(json!({
        "options": {"schedulePreset": "beta-launch", "preferredPlatforms": platforms}, "placements": placements,
    }))
}

fn placement(id: &str, trend: &str, at: &str, platform: &str) -> Value {
    json!({
        "placementId": id, "trendId": trend, "dayId": &at[..10], "scheduledAt": format!("{at}:00+01:00"), "platform": platform,
        "accountId": format!("{platform}-1"),
    })
}

fn account(id: &str, platform: Platform, state: AccountState) -> Account {
    let made = DateTime::UNIX_EPOCH;
    Account { id: id.parse().unwrap(), platform, name: id.to_owned(), state, created_at: made, updated_at: made }
}

fn linked(platforms: &[Platform]) -> Vec<Account> {
    platforms.iter().map(|platform| account(&format!("{platform}-1"), *platform, AccountState::Connected)).collect()
}

fn trends(count: usize) -> Vec<TrendId> {
    (1..=count).map(|n| format!("t{n}").parse().unwrap()).collect()
}

/// Everything placed gets the time it asks for.
fn filled(week: &WeekRequest, accounts: &[Account], trends: &[TrendId], stored: &[Stored]) -> Filled {
    let planned: Vec<_> = week.seeds.iter().map(|seed| Some(seed.scheduled_at.at())).collect();
    fill(week, &Stock { planned: &planned, accounts, trends, stored }, gap())
}

fn shown(filled: &Filled) -> Vec<String> {
    let one = |seed: &PlacementSeed| {
        format!("{} {} {}", seed.id, seed.scheduled_at.as_str(), seed.trend.as_ref().map_or("-", TrendId::as_str))
    };
    filled.seeds.iter().map(one).collect()
}

fn stored(seed: &PlacementSeed) -> Stored {
    let (account, trend) = (seed.account.clone(), seed.trend.clone());
    Stored { id: seed.id.clone(), outlet: seed.outlet, account, at: seed.scheduled_at.at(), trend }
}

#[test]
fn each_linked_platform_is_filled_from_monday_to_friday_at_its_hour() {
    let accounts = linked(&[Platform::Tiktok, Platform::Instagram]);
    let filled = filled(&request(json!({})), &accounts, &trends(20), &[]);
    assert_eq!(
        shown(&filled)[..3],
        [
            "preset-2026-01-26-instagram 2026-01-26T10:00:00Z t1",
            "preset-2026-01-26-tiktok 2026-01-26T17:00:00Z t2",
            "preset-2026-01-27-instagram 2026-01-27T10:00:00Z t3",
        ]
    );
    assert_eq!(filled.seeds.len(), 10);
    assert_eq!(shown(&filled)[9], "preset-2026-01-30-tiktok 2026-01-30T17:00:00Z t10");
    assert!(filled.without_account.is_empty() && filled.without_trend == 0);
}

#[test]
fn the_hours_are_those_of_calendars_too() {
    for platform in Platform::ALL {
        let time = crate::calendar::slots::default_time(&platform.as_str().parse().unwrap());
        assert_eq!(time, NaiveTime::MIN + Duration::hours(hour(*platform)));
    }
}

#[test]
fn preferred_platforms_stand_in_their_order_and_those_without_an_account_are_named() {
    let accounts = linked(&[Platform::Instagram, Platform::Linkedin]);
    let week = preferring(&["linkedin", "tiktok"], json!([]));
    let filled = filled(&week, &accounts, &trends(20), &[]);
    assert_eq!(shown(&filled)[0], "preset-2026-01-26-linkedin 2026-01-26T08:00:00Z t1");
    assert_eq!((filled.seeds.len(), filled.without_account.len()), (5, 5));
    assert_eq!(filled.without_account[0].as_str(), "preset-2026-01-26-tiktok");
}

#[test]
fn the_account_is_the_requests_else_one_that_works_else_any_that_was_preferred() {
    let accounts = [
        account("a", Platform::Instagram, AccountState::Disconnected),
        account("c", Platform::Instagram, AccountState::Connected),
        account("b", Platform::Instagram, AccountState::Connected),
        account("d", Platform::Tiktok, AccountState::AuthFailed),
    ];
    let chosen = |request: WeekRequest| -> Vec<String> {
        let filled = filled(&request, &accounts, &trends(20), &[]);
        let monday = filled.seeds.iter().filter(|seed| seed.day == request.week.start);
        monday.map(|seed| seed.account.as_ref().unwrap().to_string()).collect()
    };
    assert_eq!(chosen(request(json!({}))), ["b"]);
    assert_eq!(chosen(preferring(&["tiktok", "instagram"], json!([]))), ["d", "b"]);
    assert_eq!(chosen(request(json!({"platformAccountIds": {"instagram": "c", "youtube": "y"}}))), ["c", "y"]);
}

#[test]
fn only_free_times_are_filled_and_no_account_gets_a_third_on_a_day() {
    let placements = json!([
        placement("p1", "t1", "2026-01-26T11:29", "instagram"),
        placement("p2", "t3", "2026-01-27T11:30", "instagram"),
        placement("p3", "t5", "2026-01-28T08:00", "instagram"),
        placement("p4", "t6", "2026-01-28T20:00", "instagram"),
        placement("preset-2026-01-29-instagram", "t7", "2026-01-29T15:00", "instagram"),
    ]);
    let accounts = linked(&[Platform::Instagram]);
    let week = preferring(&["instagram"], placements);
    let filled = filled(&week, &accounts, &trends(20), &[]);
    assert_eq!(
        shown(&filled),
        ["preset-2026-01-27-instagram 2026-01-27T10:00:00Z t2", "preset-2026-01-30-instagram 2026-01-30T10:00:00Z t4",]
    );
}

#[test]
fn what_is_stored_counts_like_what_is_placed_unless_it_is_placed_again() {
    let at = |text: &str| format!("{text}:00+01:00").parse::<DateTime<Utc>>().unwrap();
    let one = |id: &str, time: &str| Stored {
        id: id.parse().unwrap(),
        outlet: Outlet::Platform(Platform::Instagram),
        account: Some("instagram-1".parse().unwrap()),
        at: at(time),
        trend: None,
    };
    let stored = [one("old", "2026-01-26T11:10"), one("p1", "2026-01-27T11:00")];
    let accounts = linked(&[Platform::Instagram]);
    let week = preferring(&["instagram"], json!([placement("p1", "x", "2026-01-28T11:00", "instagram")]));
    let filled = filled(&week, &accounts, &trends(20), &stored);
    let days: Vec<_> = filled.seeds.iter().map(|seed| seed.day.to_string()).collect();
    assert_eq!(days, ["2026-01-27", "2026-01-29", "2026-01-30"]);
}

#[test]
fn filled_again_everything_keeps_its_trend() {
    let accounts = linked(&[Platform::Instagram, Platform::Linkedin]);
    let week = request(json!({}));
    let first = filled(&week, &accounts, &trends(30), &[]);
    let kept: Vec<_> = first.seeds.iter().map(stored).collect();
    let mut reordered = trends(30);
    reordered.reverse();
    assert_eq!(filled(&week, &accounts, &reordered, &kept), first);
}

#[test]
fn a_trend_that_went_away_or_is_placed_by_hand_is_replaced() {
    let accounts = linked(&[Platform::Instagram]);
    let first = filled(&request(json!({})), &accounts, &trends(5), &[]);
    let kept: Vec<_> = first.seeds.iter().map(stored).collect();
    let left: Vec<_> = trends(9).into_iter().filter(|trend| trend.as_str() != "t2").collect();
    let week = preferring(&["instagram"], json!([placement("p", "t3", "2026-01-31T11:00", "instagram")]));
    let filled = filled(&week, &accounts, &left, &kept);
    let given: Vec<_> = filled.seeds.iter().map(|seed| seed.trend.as_ref().unwrap().as_str()).collect();
    assert_eq!(given, ["t1", "t6", "t7", "t4", "t5"]);
}

#[test]
fn a_newsletter_uses_no_trend_up_and_another_placement_does() {
    let accounts = linked(&[Platform::Instagram]);
    let first_trend = |outlet: Outlet| {
        let (id, trend) = ("other".parse().unwrap(), Some("t1".parse().unwrap()));
        let stored = [Stored { id, outlet, account: None, at: DateTime::UNIX_EPOCH, trend }];
        filled(&request(json!({})), &accounts, &trends(9), &stored).seeds[0].trend.clone().unwrap().to_string()
    };
    assert_eq!(first_trend(Outlet::Newsletter), "t1");
    assert_eq!(first_trend(Outlet::Platform(Platform::Tiktok)), "t2");
}

#[test]
fn when_trends_run_out_the_rest_stays_empty() {
    let accounts = linked(&[Platform::Instagram]);
    let filled = filled(&request(json!({})), &accounts, &trends(2), &[]);
    assert_eq!((filled.seeds.len(), filled.without_trend), (2, 3));
}

#[test]
fn without_a_preset_nothing_is_filled() {
    let accounts = linked(&[Platform::Instagram]);
    let placements = json!([placement("p", "t", "2026-01-31T11:00", "instagram")]);
    let week = request(json!({"options": {"preferredPlatforms": ["tiktok"]}, "placements": placements}));
    assert_eq!(filled(&week, &accounts, &trends(2), &[]), Filled::default());
}

#[test]
fn a_newsletter_leads_with_what_it_had_else_with_the_first_trend() {
    let id = PlacementId::of_newsletter("2026-01-26".parse().unwrap());
    let had = |trend: &str| {
        let trend = Some(trend.parse().unwrap());
        [Stored { id: id.clone(), outlet: Outlet::Newsletter, account: None, at: DateTime::UNIX_EPOCH, trend }]
    };
    let lead = |trends: &[TrendId], stored: &[Stored]| {
        lead(&id, &Stock { planned: &[], accounts: &[], trends, stored }).map(|trend| trend.to_string())
    };
    assert_eq!(lead(&trends(3), &[]).as_deref(), Some("t1"));
    assert_eq!(lead(&trends(3), &had("t2")).as_deref(), Some("t2"));
    assert_eq!(lead(&trends(3), &had("gone")).as_deref(), Some("t1"));
    assert_eq!(lead(&[], &[]), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_is_placed_the_plan_moves_nothing_that_the_preset_placed(
        zone in prop::sample::select(TZ_VARIANTS.to_vec()), weeks in 0u64..4_000,
        hours in prop::collection::vec((0u64..7, 0i64..48, prop::sample::select(vec!["instagram", "linkedin", "youtube"])), 0..20),
        trend_count in 0usize..40,
    ) {
        let start = "1970-01-05".parse::<NaiveDate>().unwrap() + chrono::Days::new(7 * weeks);
        let placements: Vec<_> = hours.iter().enumerate().filter_map(|(id, (day, half, platform))| {
            let day = start + chrono::Days::new(*day);
            let at = instant(day, NaiveTime::MIN + Duration::minutes(30 * half), zone);
            // A day that a zone skipped has no times.
            let shown = at.with_timezone(&zone).date_naive();
            (shown == day).then(|| json!({
                "placementId": id.to_string(), "trendId": format!("t{id}"), "dayId": day, "scheduledAt": at, "platform": platform,
                "accountId": format!("{platform}-1"),
            }))
        }).collect();
        let week = request(json!({"weekStart": start, "timezone": zone.name(), "placements": placements}));
        let accounts = linked(Platform::ALL);
        let wish = |seed: &PlacementSeed| {
            Wish { id: seed.id.clone(), account: seed.account.clone(), at: seed.scheduled_at.at(), before: None }
        };
        let mut wishes: Vec<_> = week.seeds.iter().map(wish).collect();
        let planned: Vec<_> =
            plan(&week.week, &Spacing::default(), &wishes, &[]).iter().map(|planned| planned.ok().map(|one| one.at)).collect();
        let stock = Stock { planned: &planned, accounts: &accounts, trends: &trends(trend_count), stored: &[] };

        let filled = fill(&week, &stock, gap());

        prop_assert_eq!(&fill(&week, &stock, gap()), &filled);
        let all: Vec<_> = week.seeds.iter().chain(&filled.seeds).collect();
        let ids: HashSet<_> = all.iter().map(|seed| &seed.id).collect();
        prop_assert_eq!(ids.len(), all.len());
        let used: HashSet<_> = filled.seeds.iter().map(|seed| seed.trend.clone()).collect();
        prop_assert_eq!(used.len(), filled.seeds.len());
        prop_assert!(week.seeds.iter().all(|seed| !used.contains(&seed.trend)));
        wishes.extend(filled.seeds.iter().map(wish));
        let both = plan(&week.week, &Spacing::default(), &wishes, &[]);
        for (planned, seed) in both[planned.len()..].iter().zip(&filled.seeds) {
            prop_assert_eq!(planned.unwrap().moved, None, "{}", seed.id);
            let that_day = all.iter().zip(&both).filter(|(other, planned)| {
                other.account == seed.account && planned.is_ok_and(|planned| week.week.date_of(planned.at) == seed.day)
            });
            prop_assert!(that_day.count() <= MOST_A_DAY);
        }
    }
}

#[test]
fn a_time_that_a_moved_placement_got_is_not_free_any_more() {
    let placements = json!([
        placement("p1", "t1", "2026-01-26T10:30", "instagram"),
        placement("p2", "t2", "2026-01-26T10:30", "instagram"),
    ]);
    let week = preferring(&["instagram"], placements);
    let at = |text: &str| Some(text.parse::<DateTime<Utc>>().unwrap());
    let accounts = linked(&[Platform::Instagram]);
    let first_day = |planned: &[Option<DateTime<Utc>>]| {
        let stock = Stock { planned, accounts: &accounts, trends: &trends(9), stored: &[] };
        fill(&week, &stock, gap()).seeds[0].day.to_string()
    };
    assert_eq!(first_day(&[at("2026-01-26T09:30:00Z"), at("2026-01-26T10:00:00Z")]), "2026-01-27");
    assert_eq!(first_day(&[at("2026-01-26T09:30:00Z"), None]), "2026-01-26");
}
