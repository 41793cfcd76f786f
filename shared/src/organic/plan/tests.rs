//! Plans by example: what is refused and why, what moves, and that planning again moves nothing.

use serde_json::{Value, json};

use super::*;
use crate::{
    organic::{
        fields,
        fitting::fit,
        rules::{PLACEMENTS_MAX, RequestBody},
        task,
    },
    platform::id::RunId,
    values::merge::Record,
};

fn request(placements: &Value, options: &Value) -> WeekRequest {
    let body = json!({
        "brandProfileId": "b", "weekStart": "2026-01-26", "timezone": "America/Los_Angeles",
        "placements": placements, "options": options,
    });
    WeekRequest::parse(serde_json::from_value::<RequestBody>(body).unwrap(), PLACEMENTS_MAX).unwrap()
}

fn seed(id: &str, platform: &str, account: Option<&str>, at: &str) -> Value {
    let mut seed = json!({
        "placementId": id, "trendId": "t1", "dayId": &at[..10], "scheduledAt": format!("{at}:00-08:00"),
        "platform": platform,
    });
    if let Some(account) = account {
        seed["accountId"] = account.into();
    }
    seed
}

fn account(id: &str, platform: Platform, state: AccountState) -> Account {
    let made = DateTime::UNIX_EPOCH;
    Account { id: id.parse().unwrap(), platform, name: id.to_owned(), state, created_at: made, updated_at: made }
}

fn trend(id: &str) -> Trend {
    let (source, made) = (crate::brands::TrendSource::Trend, DateTime::UNIX_EPOCH);
    Trend {
        id: id.parse().unwrap(),
        title: id.to_owned(),
        source,
        description: None,
        priority: 0,
        tags: Vec::new(),
        created_at: made,
        updated_at: made,
    }
}

fn holdings() -> Holdings {
    let accounts = vec![
        account("insta", Platform::Instagram, AccountState::Connected),
        account("gone", Platform::Facebook, AccountState::Disconnected),
        account("stale", Platform::Tiktok, AccountState::AuthFailed),
    ];
    Holdings { accounts, trends: vec![trend("t1"), trend("t2")], ..Holdings::default() }
}

/// What a run of the plan leaves in the store.
fn after(request: &WeekRequest, plan: &Plan, mut holdings: Holdings) -> Holdings {
    for slot in &plan.slots {
        let draft = task::Draft { title_topic: "T".to_owned(), ..task::Draft::default() };
        let draft = fit(draft, slot.seed.outlet, slot.seed.format()).draft;
        let placement = task::placement(&request.week, slot, draft, &[]);
        holdings.stored.push(Stored {
            id: slot.seed.id.clone(),
            outlet: slot.seed.outlet,
            account: slot.seed.account.clone(),
            at: slot.planned.at,
            trend: slot.seed.trend.clone(),
        });
        holdings.saved.push(SavedPlacement {
            week_start: request.week.start,
            zone: request.week.zone,
            wished_at: slot.seed.scheduled_at.at(),
            run_id: RunId::fresh(),
            matches: Vec::new(),
            record: Record::generated(fields::of(&placement).unwrap()),
            placement,
            updated_at: DateTime::UNIX_EPOCH,
        });
    }
    holdings
}

fn times(plan: &Plan) -> BTreeMap<String, DateTime<Utc>> {
    plan.slots.iter().map(|slot| (slot.seed.id.to_string(), slot.planned.at)).collect()
}

#[test]
fn what_cannot_be_made_is_refused_with_its_reason_and_the_rest_is_planned() {
    let mut trendless = seed("trendless", "instagram", Some("insta"), "2026-01-27T09:00");
    trendless["trendId"] = "foreign".into();
    let request = request(
        &json!([
            seed("good", "instagram", Some("insta"), "2026-01-26T09:00"),
            seed("homeless", "youtube", None, "2026-01-26T09:00"),
            seed("gone", "facebook", Some("gone"), "2026-01-26T09:00"),
            seed("stale", "tiktok", Some("stale"), "2026-01-26T09:00"),
            seed("unlinked", "linkedin", Some("taken-away"), "2026-01-26T09:00"),
            trendless,
        ]),
        &json!({}),
    );

    let plan = Plan::of(&request, &holdings());

    let refused =
        plan.refused.iter().map(|refused| (refused.placement_id.as_ref().unwrap().to_string(), refused.code.unwrap()));
    let expected = [
        ("homeless", Code::MissingAccount),
        ("gone", Code::AccountDisconnected),
        ("stale", Code::AuthFailed),
        ("unlinked", Code::AccountDisconnected),
        ("trendless", Code::TrendNotFound),
    ];
    assert_eq!(refused.collect::<Vec<_>>(), expected.map(|(id, code)| (id.to_owned(), code)));
    assert_eq!((plan.slots.len(), plan.total()), (1, 6));
    assert_eq!(plan.slots[0].trend.as_ref().map(|trend| trend.title.as_str()), Some("t1"));
}

#[test]
fn an_account_of_another_platform_is_not_taken() {
    let placements = json!([seed("p", "instagram", Some("stale"), "2026-01-26T09:00")]);
    let plan = Plan::of(&request(&placements, &json!({})), &holdings());
    assert_eq!((plan.slots.len(), plan.refused[0].code), (0, Some(Code::AccountDisconnected)));
}

#[test]
fn a_refusal_has_the_sentence_of_its_code() {
    let messages = [
        (Code::MissingAccount, "No account is named for this placement, and none for its platform."),
        (Code::AccountDisconnected, "The account of this placement is not connected any more."),
        (Code::AuthFailed, "The platform no longer takes the credentials of this placement's account."),
        (Code::TrendNotFound, "The brand has no trend with this id."),
        (Code::NoFreeSlot, "No time of this week is free on this placement's account."),
    ];
    for (code, message) in messages {
        let refused = refusal(&"p".parse().unwrap(), code);
        assert_eq!((refused.code, refused.message.as_str()), (Some(code), message));
    }
}

#[test]
fn only_the_placement_of_the_same_id_and_account_says_where_a_wish_was_before() {
    let wished = |ids: [&str; 2], account: &str| {
        let seeds: Vec<Value> = ids.iter().map(|id| seed(id, "instagram", Some(account), "2026-01-26T09:00")).collect();
        request(&seeds.into(), &json!({}))
    };
    let mut with = holdings();
    with.accounts.push(account("other", Platform::Instagram, AccountState::Connected));
    let first = wished(["a", "b"], "insta");
    let mut saved = after(&first, &Plan::of(&first, &with), with).saved;
    saved[1].record.edited.insert(Field::Schedule);
    let before = |ids, account| {
        let before = wishes(&wished(ids, account).seeds, &saved).into_iter().map(|wish| wish.before);
        before.map(|before| before.map(|before| (before.planned, before.by_hand))).collect::<Vec<_>>()
    };

    let at = |n: usize| saved[n].placement.schedule.scheduled_at.at();
    assert_eq!(before(["a", "b"], "insta"), [Some((at(0), false)), Some((at(1), true))]);
    assert_eq!(before(["a", "b"], "other"), [None, None]);
    assert_eq!(before(["c", "b"], "insta"), [None, Some((at(1), true))]);
}

#[test]
fn planning_again_moves_nothing_in_whatever_order_it_is_asked() {
    let close = ["2026-01-26T09:00", "2026-01-26T09:10", "2026-01-26T11:00"];
    let seeds: Vec<Value> =
        close.iter().enumerate().map(|(n, at)| seed(&format!("p{n}"), "instagram", Some("insta"), at)).collect();
    let options = json!({"schedulePreset": "beta-launch", "preferredPlatforms": ["instagram"]});
    let once = request(&seeds.clone().into(), &options);
    let first = Plan::of(&once, &holdings());
    let moved = first.slots.iter().filter(|slot| slot.planned.moved.is_some()).count();
    assert_eq!(moved, 1, "two are too close");
    assert!(times(&first).keys().any(|id| id.starts_with("preset-")), "and the preset adds what is left");

    let backwards = request(&seeds.into_iter().rev().collect(), &options);
    let again = Plan::of(&backwards, &after(&once, &first, holdings()));

    assert_eq!(times(&again), times(&first));
}

#[test]
fn a_placement_keeps_its_distance_from_the_weeks_beside_it() {
    // Ten minutes before this week's Monday begins in Los Angeles, and ten minutes after its Sunday has ended.
    let beside = ["2026-01-26T07:50:00Z", "2026-02-02T08:10:00Z"].map(|at| Stored {
        id: at.replace(['-', ':'], "").parse().unwrap(),
        outlet: crate::organic::Outlet::Platform(Platform::Instagram),
        account: Some("insta".parse().unwrap()),
        at: at.parse().unwrap(),
        trend: None,
    });
    let with = Holdings { stored: beside.to_vec(), ..holdings() };
    let near = [("mon", "2026-01-26T00:00"), ("sun", "2026-02-01T23:59"), ("far", "2026-01-26T00:20")];
    let seeds: Vec<Value> = near.iter().map(|(id, at)| seed(id, "instagram", Some("insta"), at)).collect();

    let alone = Plan::of(&request(&seeds.clone().into(), &json!({})), &holdings());
    let plan = Plan::of(&request(&seeds.into(), &json!({})), &with);

    assert_eq!(times(&alone)["mon"], "2026-01-26T08:00:00Z".parse::<DateTime<Utc>>().unwrap());
    assert_eq!(times(&plan)["mon"], "2026-01-26T15:00:00Z".parse::<DateTime<Utc>>().unwrap(), "07:00 on Monday");
    assert_eq!(times(&plan)["far"], "2026-01-26T08:20:00Z".parse::<DateTime<Utc>>().unwrap(), "half an hour away");
    let refused: Vec<_> = plan.refused.iter().map(|refused| refused.code).collect();
    assert_eq!(refused, [Some(Code::NoFreeSlot)], "no time of Sunday is left, and no day of the week");
}

#[test]
fn a_plan_survives_its_json() {
    let placements = json!([seed("p", "instagram", Some("insta"), "2026-01-26T09:00")]);
    let options = json!({"includeNewsletter": true, "newsletterDayId": "2026-01-28"});
    let plan = Plan::of(&request(&placements, &options), &holdings());

    let read: Plan = serde_json::from_value(serde_json::to_value(&plan).unwrap()).unwrap();

    assert_eq!(read, plan);
    assert_eq!(plan.slots.len(), 2, "the newsletter among them");
    assert_eq!(plan.slots[1].trend.as_ref().map(|trend| trend.title.as_str()), Some("t1"), "it leads with the first");
    assert_eq!(plan.slots[0].seed.scheduled_at.as_str(), read.slots[0].seed.scheduled_at.as_str());
}

#[test]
fn every_id_that_a_request_may_use_is_known_before_it_is_planned() {
    let placements = json!([seed("p", "instagram", Some("insta"), "2026-01-26T09:00")]);
    let options = json!({"schedulePreset": "beta-launch", "includeNewsletter": true});
    let request = request(&placements, &options);
    let known = ids(&request);
    for slot in Plan::of(&request, &holdings()).slots {
        assert!(known.contains(&slot.seed.id), "{}", slot.seed.id);
    }
}
