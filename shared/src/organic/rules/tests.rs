//! Every flaw and every rule of a request, by table.

use serde_json::json;

use super::*;
use crate::brands::TrendSource;
use crate::organic::{Format, SchedulePreset};

const EXAMPLE: &str = include_str!("../../../../tests/golden/organic/request.json");
const EVERY_FIELD: &str = include_str!("../../../../tests/golden/organic/request_with_every_field.json");

fn placement() -> Value {
    json!({
        "placementId": "p1", "trendId": "t1", "dayId": "2026-01-26", "scheduledAt": "2026-01-26T09:00:00+01:00",
        "platform": "instagram", "accountId": "ig",
    })
}

fn with(mut whole: Value, change: Value) -> Value {
    whole.as_object_mut().unwrap().extend(change.as_object().cloned().unwrap());
    whole
}

fn body(change: Value) -> Value {
    let plain = json!({
        "brandProfileId": "brand_123", "weekStart": "2026-01-26", "timezone": "Europe/Paris", "placements": [placement()],
    });
    with(plain, change)
}

fn parse(change: Value) -> Result<WeekRequest, Refusal> {
    WeekRequest::parse(serde_json::from_value(body(change)).unwrap(), PLACEMENTS_MAX)
}

fn parse_one(change: Value) -> Result<WeekRequest, Refusal> {
    parse(json!({ "placements": [with(placement(), change)] }))
}

fn flaws(parsed: Result<WeekRequest, Refusal>) -> Vec<String> {
    match parsed {
        Err(Refusal::InvalidFields(flaws)) => {
            flaws.iter().map(|flaw| format!("{} {}", Value::from(flaw.loc.clone()), flaw.kind)).collect()
        }
        other => panic!("{other:?}"),
    }
}

fn flaws_or_none(parsed: Result<WeekRequest, Refusal>) -> Vec<String> {
    if parsed.is_ok() { Vec::new() } else { flaws(parsed) }
}

fn refused(parsed: Result<WeekRequest, Refusal>) -> (Code, String) {
    match parsed {
        Err(Refusal::RuleAt(code, flaw)) => (code, Value::from(flaw.loc).to_string()),
        Err(Refusal::Rule { code, field, .. }) => (code, json!([field]).to_string()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_example_request_is_accepted_as_it_is() {
    let request = WeekRequest::parse(serde_json::from_str(EXAMPLE).unwrap(), PLACEMENTS_MAX).unwrap();

    assert_eq!(request.brand.as_str(), "brand_123");
    let [seed] = request.seeds.as_slice() else { panic!("{:?}", request.seeds) };
    assert_eq!((seed.id.as_str(), seed.format()), ("seed-2026-01-26-trend-101", Format::Reel));
    assert_eq!(
        (seed.account.as_ref().unwrap().as_str(), seed.scheduled_at.as_str()),
        ("ig_123", "2026-01-26T17:00:00.000Z")
    );
    assert_eq!(request.options.preset, Some(SchedulePreset::BetaLaunch));
    let letter = request.newsletter().unwrap();
    assert_eq!((letter.id.as_str(), letter.scheduled_at.as_str()), ("newsletter-2026-01-26", "2026-01-26T17:00:00Z"));
    assert_eq!((letter.outlet, letter.account, letter.desired_format), (Outlet::Newsletter, None, None));
}

#[test]
fn a_request_with_every_field_is_read_whole() {
    let request = WeekRequest::parse(serde_json::from_str(EVERY_FIELD).unwrap(), PLACEMENTS_MAX).unwrap();

    assert_eq!(request.seeds[0].tags(), ["launch", "behind the scenes"]);
    let accounts: Vec<_> = request.seeds.iter().map(|seed| seed.account.as_ref().unwrap().as_str()).collect();
    assert_eq!(accounts, ["ig_001", "li_001"], "its own, or the platform's");
}

#[test]
fn a_stored_request_is_read_again_as_it_was_sent() {
    for sent in [EXAMPLE, EVERY_FIELD] {
        let body: RequestBody = serde_json::from_str(sent).unwrap();
        let stored = serde_json::to_value(&body).unwrap();
        assert_eq!(stored, serde_json::from_str::<Value>(sent).unwrap());
        assert_eq!(serde_json::from_value::<RequestBody>(stored).unwrap(), body);
    }
}

#[test]
fn every_flaw_of_the_request_is_named_with_the_way_to_it() {
    let table = [
        (json!({"brandProfileId": ""}), r#"["brandProfileId"] value"#),
        (json!({"brandProfileId": "a~b"}), r#"["brandProfileId"] value"#),
        (json!({"weekStart": "26.01.2026"}), r#"["weekStart"] date"#),
        (json!({"weekStart": "2026-02-30"}), r#"["weekStart"] date"#),
        (json!({"platformAccountIds": {"myspace": "x"}}), r#"["platformAccountIds","myspace"] value"#),
        (json!({"platformAccountIds": {"tiktok": ""}}), r#"["platformAccountIds","tiktok"] value"#),
        (json!({"options": {"schedulePreset": "launch"}}), r#"["options","schedulePreset"] value"#),
        (json!({"options": {"newsletterDayId": "Monday"}}), r#"["options","newsletterDayId"] date"#),
        (json!({"options": {"guidancePrompt": "x".repeat(4_001)}}), r#"["options","guidancePrompt"] too_long"#),
        (json!({"options": {"language": "x".repeat(65)}}), r#"["options","language"] too_long"#),
        (json!({"options": {"preferredPlatforms": ["tiktok", "x"]}}), r#"["options","preferredPlatforms",1] value"#),
    ];
    for (change, expected) in table {
        assert_eq!(flaws(parse(change.clone())), [expected], "{change}");
    }
}

#[test]
fn every_flaw_of_a_placement_is_named_with_the_way_to_it() {
    let table = [
        (json!({"placementId": " "}), "placementId", "value"),
        (json!({"trendId": ""}), "trendId", "value"),
        (json!({"trendId": "a~b"}), "trendId", "value"),
        (json!({"dayId": "2026-1-26"}), "dayId", "date"),
        (json!({"scheduledAt": "2026-01-26T09:00:00"}), "scheduledAt", "time"),
        (json!({"platform": "Instagram"}), "platform", "value"),
        (json!({"platform": "newsletter"}), "platform", "value"),
        (json!({"accountId": ""}), "accountId", "value"),
        (json!({"seedSource": "rumour"}), "seedSource", "value"),
        (json!({"desiredFormat": "video"}), "desiredFormat", "value"),
        (json!({"timeLabel": "x".repeat(65)}), "timeLabel", "too_long"),
        (json!({"metadata": {"note": "x".repeat(METADATA_MAX)}}), "metadata", "too_long"),
    ];
    for (change, field, kind) in table {
        let expected = format!(r#"["placements",0,"{field}"] {kind}"#);
        assert_eq!(flaws(parse_one(change.clone())), [expected], "{change}");
    }
}

#[test]
fn all_flaws_are_named_at_once_and_each_at_its_place() {
    let second = with(placement(), json!({"placementId": "", "platform": "x"}));
    let change = json!({"weekStart": "x", "timezone": "x", "placements": [placement(), second]});
    assert_eq!(
        flaws(parse(change)),
        [r#"["weekStart"] date"#, r#"["placements",1,"placementId"] value"#, r#"["placements",1,"platform"] value"#]
    );
}

#[test]
fn the_fifty_first_placement_is_one_too_many() {
    let many = |count: usize| {
        let placements: Vec<_> = (0..count).map(|n| with(placement(), json!({"placementId": n.to_string()}))).collect();
        parse(json!({ "placements": placements }))
    };
    assert_eq!(many(50).unwrap().seeds.len(), 50);
    assert_eq!(flaws(many(51)), [r#"["placements"] too_long"#]);
}

#[test]
fn metadata_is_bounded_over_all_placements_too() {
    let metadata = json!({"note": "x".repeat(METADATA_MAX - 100)});
    let one = |n: usize| with(placement(), json!({"placementId": n.to_string(), "metadata": metadata}));
    let placements: Vec<_> = (0..9).map(one).collect();
    assert_eq!(flaws(parse(json!({ "placements": placements }))), [r#"["placements"] too_long"#]);
}

#[test]
fn metadata_and_a_time_label_may_have_their_maximum() {
    let metadata = |bytes: usize| json!({"note": "x".repeat(bytes - r#"{"note":""}"#.len())});
    let one = |change: Value| flaws_or_none(parse_one(change));
    assert_eq!(one(json!({"metadata": metadata(8_192), "timeLabel": "é".repeat(64)})), [""; 0]);
    assert_eq!(one(json!({"metadata": metadata(8_193)})), [r#"["placements",0,"metadata"] too_long"#]);

    let full = |n: usize| with(placement(), json!({"placementId": n.to_string(), "metadata": metadata(8_192)}));
    let mut placements: Vec<_> = (0..8).map(full).collect();
    assert_eq!(flaws_or_none(parse(json!({ "placements": placements }))), [""; 0]);
    placements.push(with(placement(), json!({"placementId": "last", "metadata": {}})));
    assert_eq!(flaws(parse(json!({ "placements": placements }))), [r#"["placements"] too_long"#]);
}

#[test]
fn a_time_is_rfc_3339_to_the_letter() {
    for good in ["2026-01-26T09:00:00Z", "2026-01-26T09:00:00.000Z", "2026-01-26T09:00:00-08:00"] {
        assert!(instant(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "2026-01-26",
        "2026-01-26T09:00",
        "2026-01-26T09:00Z",
        "2026-01-26 09:00:00Z",
        "2026-01-26t09:00:00Z",
        "2026-01-26T09:00:00z",
        "2026-01-26T09:00:00",
        "2026-01-26T24:00:00Z",
        "2026-01-26T09:59:60Z",
        "2026-02-29T09:00:00Z",
        "2026-01-26T09:00:00+0100",
        "2026-01-26T09:00:00+25:00",
        " 2026-01-26T09:00:00Z",
        "0206-01-26T09:00:00Z",
        "2026-01-26T09:00:00.0000000000000000000000000Z",
    ] {
        assert!(instant(bad).is_err(), "{bad}");
    }
}

#[test]
fn well_formed_requests_are_refused_by_rules() {
    let option = |options: Value| json!({ "options": options });
    let table = [
        (json!({"timezone": "Europe/Atlantis"}), Code::UnknownTimeZone, r#"["timezone"]"#),
        (json!({"timezone": "+01:00"}), Code::UnknownTimeZone, r#"["timezone"]"#),
        (json!({"weekStart": "2026-01-27"}), Code::NotAMonday, r#"["weekStart"]"#),
        (json!({"weekStart": "2026-01-19"}), Code::DayOutsideWeek, r#"["placements",0,"dayId"]"#),
        (
            json!({"timezone": "America/Los_Angeles", "weekStart": "2026-01-26"}),
            Code::DayMismatch,
            r#"["placements",0,"dayId"]"#,
        ),
        (option(json!({"includeNewsletter": true})), Code::NewsletterDayMissing, r#"["options","newsletterDayId"]"#),
        (
            option(json!({"includeNewsletter": true, "newsletterDayId": "2026-02-02"})),
            Code::DayOutsideWeek,
            r#"["options","newsletterDayId"]"#,
        ),
        (json!({"placements": []}), Code::NoPlacements, r#"["placements"]"#),
        (
            json!({"placements": [], "options": {"includeNewsletter": true, "newsletterDayId": "2026-01-26"}}),
            Code::NoPlacements,
            r#"["placements"]"#,
        ),
    ];
    for (change, code, at) in table {
        // One o'clock in Paris is still the day before in California.
        let change = if code == Code::DayMismatch {
            with(
                change,
                json!({"placements": [with(placement(), json!({"scheduledAt": "2026-01-26T01:00:00+01:00"}))]}),
            )
        } else {
            change
        };
        assert_eq!(refused(parse(change.clone())), (code, at.to_owned()), "{change}");
    }
}

#[test]
fn a_day_is_held_against_the_clocks_of_the_week_also_when_they_change() {
    // 29 March 2026: the clocks of Paris jump from 02:00 to 03:00.
    let at = |day: &str, time: &str| {
        let change = json!({"dayId": day, "scheduledAt": time});
        parse(json!({"weekStart": "2026-03-23", "placements": [with(placement(), change)]}))
    };
    assert!(at("2026-03-29", "2026-03-29T21:59:59Z").is_ok());
    assert_eq!(refused(at("2026-03-29", "2026-03-29T22:00:00Z")).0, Code::DayMismatch);
    assert!(at("2026-03-29", "2026-03-28T23:00:00Z").is_ok());
    assert_eq!(refused(at("2026-03-29", "2026-03-28T22:59:59Z")).0, Code::DayMismatch);
}

#[test]
fn nothing_placed_with_a_preset_is_a_request_and_its_newsletter_has_the_first_day() {
    let options =
        json!({"schedulePreset": "beta-launch", "includeNewsletter": true, "language": " ", "guidancePrompt": ""});
    let request = parse(json!({ "placements": [], "options": options })).unwrap();
    assert_eq!(request.options.newsletter, Some("2026-01-26".parse().unwrap()));
    assert_eq!((request.options.language, request.options.guidance), (None, None));
    let unwanted = json!({"newsletterDayId": "2030-01-01"});
    assert_eq!(parse(json!({ "options": unwanted })).unwrap().options.newsletter, None);
}

#[test]
fn the_last_of_an_id_wins_in_its_place_and_the_id_is_named_once() {
    let one = |id: &str, trend: &str| with(placement(), json!({"placementId": id, "trendId": trend}));
    let placements = [one("a", "1"), one("b", "2"), one("a", "3"), one("c", "4"), one("a", "5"), one("c", "6")];

    let request = parse(json!({ "placements": placements })).unwrap();

    let seeds: Vec<_> =
        request.seeds.iter().map(|seed| format!("{} {}", seed.id, seed.trend.as_ref().unwrap())).collect();
    assert_eq!(seeds, ["b 2", "a 5", "c 6"]);
    assert_eq!(request.repeated.iter().map(PlacementId::as_str).collect::<Vec<_>>(), ["a", "c"]);
}

#[test]
fn an_account_is_the_one_named_else_the_platforms_else_none() {
    let one = |id: &str, platform: &str, account: Value| {
        with(placement(), json!({"placementId": id, "platform": platform, "accountId": account}))
    };
    let placements =
        [one("a", "instagram", json!("own")), one("b", "instagram", json!(null)), one("c", "tiktok", json!(null))];
    let accounts = json!({"instagram": "ig", "linkedin": "li"});

    let request = parse(json!({ "placements": placements, "platformAccountIds": accounts })).unwrap();

    let resolved: Vec<_> = request.seeds.iter().map(|seed| seed.account.as_ref().map(AccountId::as_str)).collect();
    assert_eq!(resolved, [Some("own"), Some("ig"), None]);
    let named: Vec<_> = request.named_accounts().into_iter().map(|(at, id)| format!("{at} {id}")).collect();
    assert_eq!(named, ["instagram ig", "instagram own", "linkedin li"]);
}

#[test]
fn a_placement_with_the_newsletters_id_stands_in_its_place() {
    let seeded = with(placement(), json!({"placementId": "newsletter-2026-01-26"}));
    let options = json!({"includeNewsletter": true, "newsletterDayId": "2026-01-26"});
    assert_eq!(parse(json!({ "placements": [seeded], "options": options })).unwrap().newsletter(), None);
}

#[test]
fn what_a_placement_leaves_out_is_left_open() {
    let request = parse(json!({})).unwrap();
    let seed = &request.seeds[0];
    assert_eq!((seed.source, seed.desired_format, seed.time_label.as_deref()), (None, None, None));
    assert_eq!((seed.format(), seed.tags()), (Format::Reel, Vec::<&str>::new()));
    let named =
        parse_one(json!({"seedSource": "question", "desiredFormat": "newsletter", "timeLabel": "9 AM"})).unwrap();
    assert_eq!((named.seeds[0].source, named.seeds[0].format()), (Some(TrendSource::Question), Format::Newsletter));
}
