//! The document, the reading of answers, and what the composer answers, read and fitted.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    brands::{Platform, TrendId},
    organic::{
        Outlet, PlacementSeed,
        event::Event,
        fitting::fit,
        rules::{PLACEMENTS_MAX, RequestBody},
        slots::Why,
    },
};

const REQUEST: &str = include_str!("../../../../tests/golden/organic/request_with_every_field.json");

fn request() -> WeekRequest {
    WeekRequest::parse(serde_json::from_str::<RequestBody>(REQUEST).unwrap(), PLACEMENTS_MAX).unwrap()
}

fn brand() -> Brand {
    let made = DateTime::UNIX_EPOCH;
    let (name, timezone) = ("Bean & Co".to_owned(), "Europe/Paris".to_owned());
    let (voice, language) = (Some("warm and playful".to_owned()), Some("fr".to_owned()));
    Brand { id: "brand_123".parse().unwrap(), name, timezone, voice, language, created_at: made, updated_at: made }
}

fn trend(id: &TrendId) -> Trend {
    let made = DateTime::UNIX_EPOCH;
    Trend {
        id: id.clone(),
        title: "Slow coffee".to_owned(),
        source: TrendSource::Event,
        description: Some("More people brew by hand.".to_owned()),
        priority: 1,
        tags: vec!["coffee".to_owned(), "cold brew".to_owned()],
        created_at: made,
        updated_at: made,
    }
}

fn slot(seed: &PlacementSeed) -> Slot {
    let planned = Planned { at: seed.scheduled_at.at(), moved: None };
    Slot { seed: seed.clone(), planned, trend: seed.trend.as_ref().map(trend) }
}

fn slots() -> Vec<Slot> {
    request().seeds.iter().map(slot).collect()
}

#[test]
fn the_document_asks_for_slots_with_everything_that_may_shape_their_copy() {
    let document = Value::from(document(&request(), &brand(), &slots()[..1]));
    assert_eq!(
        document,
        json!({
            "task": "organic",
            "slots": [{
                "placementId": "placement_1", "platform": "instagram", "scheduledAt": "2026-01-26T09:00:00-08:00",
                "timeOfDay": "morning", "format": "reel",
                "trend": {
                    "title": "Slow coffee", "source": "trend", "description": "More people brew by hand.",
                    "tags": ["coffee", "cold brew"],
                },
                "metadata": { "tags": ["launch", "behind the scenes"], "priority": 1 },
            }],
            "brand": { "name": "Bean & Co", "voice": "warm and playful" },
            "guidance": "Keep it warm and practical.",
            "language": "en-US",
            "preferredPlatforms": ["instagram", "linkedin"],
        })
    );
    assert_eq!(Value::from(Document::read(&document).unwrap()), document);
}

#[test]
fn a_brand_writes_in_its_language_unless_the_request_names_another() {
    let mut request = request();
    request.options.language = None;
    assert_eq!(document(&request, &brand(), &slots()).language.as_deref(), Some("fr"));
}

#[test]
fn an_item_is_read_without_what_is_not_its_to_say() {
    let item = json!({
        "placementId": "p1", "accountId": "other", "platform": "tiktok", "scheduledAt": "1999-01-01T00:00:00Z",
        "content": {
            "type": "story", "titleTopic": " Title ", "objective": "reach", "target": "", "tone": null, "cta": 7, "numSlides": "4",
            "url": "https://example.test",
        },
        "creative": {"creativeIdea": "Idea", "assetIds": ["a1"], "assetHints": [{"role": "cover", "suggestion": "A cup"}, "Light", {}, 3]},
        "copy": {"caption": "Text", "hashtags": {"high": ["#A"], "medium": ["b", "a"], "low": "c d"}},
    });

    let (id, draft, cut) = read(&item).unwrap();

    let hint = |role: &str, suggestion: &str| AssetHint { role: role.to_owned(), suggestion: suggestion.to_owned() };
    let tags = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect();
    let expected = Draft {
        title_topic: "Title".to_owned(),
        objective: Some("reach".to_owned()),
        num_slides: Some(4),
        creative_idea: "Idea".to_owned(),
        asset_hints: vec![hint("cover", "A cup"), hint("main", "Light")],
        caption: "Text".to_owned(),
        hashtags: Hashtags { high: tags(&["#A"]), medium: tags(&["#b"]), low: tags(&["#c", "#d"]) },
        ..Draft::default()
    };
    assert_eq!((id.as_str(), draft, cut), ("p1", expected, false));
}

#[test]
fn an_item_may_be_flat_and_its_tags_one_list() {
    let (_, draft, _) =
        read(&json!({"placementId": "p", "titleTopic": "T", "caption": "C", "hashtags": ["a", "#b"]})).unwrap();
    assert_eq!((draft.title_topic.as_str(), draft.caption.as_str()), ("T", "C"));
    assert_eq!(draft.hashtags.medium, ["#a", "#b"]);
    let (_, draft, _) =
        read(&json!({"placementId": "p", "copy": {"caption": "First\nsecond", "hashtags": "#a #b"}})).unwrap();
    assert_eq!((draft.title_topic.as_str(), draft.hashtags.medium.len()), ("First", 2));
}

#[test]
fn an_item_needs_an_id_and_something_to_say() {
    for item in [
        json!([]),
        json!({"content": {"titleTopic": "T"}}),
        json!({"placementId": 1, "content": {"titleTopic": "T"}}),
        json!({"placementId": "", "content": {"titleTopic": "T"}}),
        json!({"placementId": "p", "creative": {"creativeIdea": "I"}}),
        json!({"placementId": "p", "content": "T", "copy": [{"caption": "C"}]}),
    ] {
        assert_eq!(read(&item), None, "{item}");
    }
}

#[test]
fn an_item_over_its_limits_is_cut_and_marked() {
    let hints: Vec<Value> = (0..12).map(|n| json!({"role": "r", "suggestion": n.to_string()})).collect();
    let tags: Vec<String> = (0..40).map(|n| format!("t{n}")).collect();
    let table = [
        json!({"content": {"titleTopic": "x".repeat(201)}}),
        json!({"content": {"titleTopic": "x", "cta": "x".repeat(201)}}),
        json!({"content": {"titleTopic": "x"}, "creative": {"creativeIdea": "x".repeat(2_001)}}),
        json!({"content": {"titleTopic": "x"}, "creative": {"assetHints": hints}}),
        json!({"content": {"titleTopic": "x"}, "copy": {"hashtags": {"high": tags}}}),
        json!({"copy": {"caption": "x".repeat(63_207)}}),
    ];
    for mut item in table {
        item["placementId"] = "p".into();
        let (_, draft, cut) = read(&item).unwrap();
        assert!(cut, "{item}");
        assert!(draft.asset_hints.len() <= HINTS_MAX && draft.hashtags.high.len() <= fitting::HASHTAGS_MAX);
    }
}

#[test]
fn a_placement_is_its_slot_and_its_draft() {
    let request = request();
    let mut slot = slots().remove(0);
    let draft = Draft {
        title_topic: "T".to_owned(),
        asset_hints: vec![AssetHint { role: "r".to_owned(), suggestion: "s".to_owned() }],
        ..Draft::default()
    };
    let found = [Match { asset: "a1".parse().unwrap(), score: 9, reason: String::new() }];

    let plain = Event::Placement { placement: Box::new(placement(&request.week, &slot, draft.clone(), &[])) };
    slot.planned = Planned { at: slot.planned.at + chrono::Duration::days(1), moved: Some(Why::Taken) };
    let moved = Event::Placement { placement: Box::new(placement(&request.week, &slot, draft, &found)) };

    assert_eq!(
        serde_json::to_string(&plain).unwrap(),
        "{\"type\":\"placement\",\"placement\":{\"placementId\":\"placement_1\",\"schedule\":{\"dayId\":\"2026-01-26\",\"scheduledAt\":\
         \"2026-01-26T17:00:00Z\",\"timeOfDay\":\"morning\",\"adjusted\":false},\"platform\":{\"name\":\"instagram\",\"accountId\":\"ig_001\"},\"seed\":\
         {\"trendId\":\"trend_1\",\"source\":\"trend\"},\"content\":{\"type\":\"reel\",\"format\":\"Reel\",\"titleTopic\":\"T\"},\
         \"creative\":{\"creativeIdea\":\"\",\"assetIds\":[],\"assetHints\":[{\"role\":\"r\",\"suggestion\":\"s\"}]},\
         \"copy\":{\"caption\":\"\",\"hashtags\":{\"high\":[],\"medium\":[],\"low\":[]}}}}"
    );
    let data: Value = serde_json::from_str(&moved.data().unwrap()).unwrap();
    assert_eq!(
        data["placement"]["schedule"],
        json!({
            "dayId": "2026-01-27", "scheduledAt": "2026-01-27T17:00:00Z", "timeOfDay": "morning", "adjusted": true,
            "reason": "Moved from Mon 09:00: another placement of this account is too close to it.",
        })
    );
    let hints = json!([{"role": "r", "suggestion": "s"}]);
    let creative = json!({"creativeIdea": "", "assetIds": ["a1"], "assetHints": hints});
    assert_eq!(data["placement"]["creative"], creative, "hints stay beside what matched");
}

#[test]
fn the_time_of_an_unmoved_placement_is_given_back_as_it_was_sent_when_that_was_utc() {
    let slot = slots().remove(1);
    let placement = placement(&request().week, &slot, Draft::default(), &[]);
    assert_eq!(placement.schedule.scheduled_at.as_str(), "2026-01-28T17:30:00.000Z");
    assert_eq!((placement.seed.source, placement.schedule.adjusted), (TrendSource::Question, Some(false)));
}

#[test]
fn a_newsletter_without_a_trend_has_none_and_nobodys_account() {
    let request = request();
    let slot = slot(&request.newsletter().unwrap());
    let placement = placement(&request.week, &slot, Draft::default(), &[]);
    let shown = serde_json::to_value(&placement).unwrap();
    assert_eq!(shown["platform"], json!({"name": "newsletter", "accountId": null}));
    assert_eq!(shown["seed"], json!({"source": "manual"}));
    assert_eq!(shown["content"]["type"], "newsletter");
}

#[test]
fn a_subject_has_the_tags_of_both_and_the_topic_of_its_draft() {
    let slot = slots().remove(0);
    let subject = slot.subject("Three habits");
    assert_eq!(subject.tags, ["launch", "behind the scenes", "coffee", "cold brew"]);
    assert_eq!((subject.trend, subject.topic, subject.format), ("Slow coffee", "Three habits", Format::Reel));
}

fn unsigned(text: &str) -> String {
    text.replace(['<', '>', '@', '#'], "x")
}

fn any_slot() -> impl Strategy<Value = Slot> {
    let outlets: Vec<_> =
        Platform::ALL.iter().map(|platform| Outlet::Platform(*platform)).chain([Outlet::Newsletter]).collect();
    let formats = prop::option::of(prop::sample::select(Format::ALL.to_vec()));
    let trend_of = (prop_oneof!["[a-zA-Zé ]{1,60}", "\\PC{1,300}"], prop::collection::vec("\\PC{0,30}", 0..6));
    ("[a-z0-9]{1,20}", 0i64..168, prop::sample::select(outlets), formats, prop::option::of(trend_of)).prop_map(
        |(id, hour, outlet, desired_format, about)| {
            // Signs that some outlets refuse are dropped from whatever says them; that is shown elsewhere.
            let about = about.map(|(title, tags)| (unsigned(&title), tags));
            let mut slot = slots().remove(0);
            slot.planned.at += chrono::Duration::hours(hour);
            slot.seed.id = id.parse().unwrap();
            slot.seed.outlet = outlet;
            slot.seed.desired_format = desired_format;
            slot.trend = about.map(|(title, tags)| Trend { title, tags, ..slot.trend.unwrap() });
            slot
        },
    )
}

proptest! {
    #[test]
    fn what_the_composer_writes_is_read_whole_and_fits_its_outlet(
        slot in any_slot(), guidance in prop::option::of("\\PC{0,400}"), language in prop::option::of("en|fr|fr-CA|es|de"),
    ) {
        let mut request = request();
        request.options.guidance = guidance.as_deref().map(unsigned);
        request.options.language = language;
        let document = document(&request, &brand(), [&slot]);

        let composed = crate::composer::compose(&Value::from(document)).unwrap();

        prop_assert_eq!(composed.len(), 1);
        let (id, draft, cut) = read(&composed[0]).unwrap();
        prop_assert_eq!(&id, &slot.seed.id);
        prop_assert!(!cut, "{:?}", draft);
        prop_assert!(!draft.caption.is_empty() && !draft.creative_idea.is_empty() && !draft.asset_hints.is_empty());
        let fitted = fit(draft.clone(), slot.seed.outlet, slot.seed.format());
        prop_assert_eq!(fitted.cut, Vec::<&str>::new());
    }
}
