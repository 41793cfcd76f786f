//! Placements that fit their outlet, say what was wished for, differ, and are the same each time.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

const PLATFORMS: [&str; 6] = ["instagram", "linkedin", "facebook", "tiktok", "youtube", "newsletter"];
const FORMATS: [&str; 5] = ["reel", "carousel", "story", "post", "newsletter"];

fn slot(id: &str, platform: &str, format: &str) -> Slot {
    let trend = Trend {
        title: "slow coffee".to_owned(),
        source: "trend".to_owned(),
        description: None,
        tags: vec!["coffee".to_owned(), "cold brew".to_owned()],
    };
    Slot {
        placement_id: id.to_owned(),
        platform: platform.to_owned(),
        scheduled_at: "2026-01-26T09:00:00-08:00".to_owned(),
        time_of_day: "morning".to_owned(),
        format: format.to_owned(),
        trend: Some(trend),
        metadata: Map::new(),
    }
}

fn document(slots: Vec<Slot>) -> Document {
    let brand = Brand { name: "Bean & Co".to_owned(), voice: None };
    let language = Some("en-US".to_owned());
    Document { task: TASK.to_owned(), slots, brand, guidance: None, language, preferred_platforms: Vec::new() }
}

fn one(document: &Document) -> Placement {
    compose(document).remove(0)
}

#[test]
fn a_placement_is_made_of_its_trend_and_its_brand() {
    let placement = one(&document(vec![slot("p1", "instagram", "reel")]));
    assert_eq!(
        Value::from(placement),
        json!({
            "placementId": "p1",
            "content": {
                "titleTopic": "Slow coffee, explained by those who do it",
                "objective": "Reach people who do not know us yet",
                "cta": "Save this for later.",
            },
            "creative": {
                "creativeIdea": "Three quick cuts: the question, one close-up of slow coffee, the answer. Text on screen from \
                                 the first second. It goes out in the morning: keep it light and to the point.",
                "assetHints": [
                    {"role": "opening shot", "suggestion": "A close-up that shows slow coffee in the first second"},
                    {"role": "b-roll", "suggestion": "Hands at work, filmed from above, two takes"},
                    {"role": "cover", "suggestion": "A still of the best moment with room for a line of text"},
                ],
            },
            "copy": {
                "caption": "We asked the people who spend the most hours with slow coffee.\n\nThey had little time and a lot to \
                            say. This is what stayed with us.\n\nSave this for later.\n\n— Bean & Co",
                "hashtags": {
                    "high": ["#Coffee", "#Slow"], "medium": ["#ColdBrew", "#SlowCoffee"], "low": ["#InTheirWords", "#BeanCo"],
                },
            },
        })
    );
}

#[test]
fn each_outlet_has_its_own_manner() {
    let caption = |platform: &str, format: &str| {
        let mut document = document(vec![slot("p1", platform, format)]);
        document.preferred_platforms = vec!["instagram".to_owned(), "youtube".to_owned()];
        one(&document).caption
    };
    assert!(caption("newsletter", "newsletter").starts_with("Hello,\n\n"));
    assert!(caption("newsletter", "newsletter").contains("You also find us on: Instagram, YouTube."));
    assert!(caption("newsletter", "newsletter").ends_with("Until next time,\nBean & Co"));
    assert!(caption("linkedin", "post").contains("\n– "));
    assert!(
        caption("youtube", "reel").contains("In this video:\n• ")
            && caption("youtube", "reel").contains("on: Instagram.")
    );
    assert!(caption("instagram", "carousel").contains("→ "));
    assert!(caption("tiktok", "reel").len() < caption("instagram", "reel").len());
    assert!(caption("instagram", "story").len() < caption("instagram", "post").len());
}

#[test]
fn each_format_has_its_idea_and_only_a_carousel_has_slides() {
    let made: Vec<_> = FORMATS.iter().map(|format| one(&document(vec![slot("p1", "instagram", format)]))).collect();
    let ideas: HashSet<_> = made.iter().map(|placement| &placement.creative_idea).collect();
    assert_eq!(ideas.len(), FORMATS.len());
    for (placement, format) in made.iter().zip(FORMATS) {
        assert_eq!(placement.num_slides.is_some(), format == "carousel", "{format}");
    }
}

#[test]
fn a_placement_is_written_in_the_language_asked_for_and_others_in_english() {
    let caption = |language: Option<&str>| {
        let mut document = document(vec![slot("p1", "instagram", "reel")]);
        document.language = language.map(str::to_owned);
        one(&document).caption
    };
    for french in ["fr", "fr-CA", "Français"] {
        assert!(caption(Some(french)).starts_with("Nous avons interrogé"), "{}", caption(Some(french)));
    }
    for other in [Some("en-US"), Some("es"), Some("de-DE"), None] {
        assert!(caption(other).starts_with("We asked the people"));
    }
    let mut document = document(vec![slot("p1", "instagram", "reel")]);
    document.language = None;
    document.guidance = Some("Restez dans le ton de la marque et ne parlez pas de prix.".to_owned());
    assert!(one(&document).caption.starts_with("Nous avons interrogé"), "the language is detected from the text");
}

#[test]
fn guidance_sets_the_tone_says_what_is_quoted_and_is_handed_on_to_people() {
    let mut document = document(vec![slot("p1", "instagram", "reel")]);
    document.guidance = Some("Be playful. Mention \"Open all week\" and avoid \"cheap\".".to_owned());

    let placement = one(&document);

    assert_eq!(placement.tone.as_deref(), Some("playful"));
    assert!(placement.caption.contains("Open all week") && !placement.caption.contains("cheap"));
    assert!(
        placement.creative_idea.ends_with("Keep in mind: Be playful. Mention \"Open all week\" and avoid \"cheap\".")
    );
    document.guidance = None;
    assert_ne!(one(&document).caption, placement.caption);
}

#[test]
fn the_voice_of_the_brand_sets_the_tone_where_guidance_does_not() {
    let mut document = document(vec![slot("p1", "instagram", "reel")]);
    document.brand.voice = Some("Warm, like a neighbour".to_owned());
    assert_eq!(one(&document).tone.as_deref(), Some("friendly"));
    document.guidance = Some("bold".to_owned());
    assert_eq!(one(&document).tone.as_deref(), Some("bold"));
}

#[test]
fn metadata_hints_stand_in_what_they_are_about() {
    let hints = json!({
        "tags": ["launch", "small batch"], "tone": "dry", "audience": "home baristas", "objective": "Sell out", "cta": "Come by.",
        "note": "Use the blue cup", "priority": 1, "unknown": {"deep": []},
    });
    let slot = Slot { metadata: hints.as_object().cloned().unwrap(), ..slot("p1", "instagram", "reel") };

    let placement = one(&document(vec![slot]));

    assert_eq!((placement.tone.as_deref(), placement.target.as_deref()), (Some("dry"), Some("home baristas")));
    assert_eq!((placement.objective.as_str(), placement.cta.as_str()), ("Sell out", "Come by."));
    assert!(placement.caption.contains("Come by.") && placement.creative_idea.ends_with("Note: Use the blue cup"));
    assert!(
        placement.hashtags[0].contains(&"#Launch".to_owned())
            && placement.hashtags[1].contains(&"#SmallBatch".to_owned())
    );
}

#[test]
fn the_placements_of_a_week_differ() {
    let days = 26..31;
    let slots: Vec<Slot> = days
        .flat_map(|day| ["instagram", "linkedin"].map(|platform| (day, platform)))
        .map(|(day, platform)| Slot {
            scheduled_at: format!("2026-01-{day}T09:00:00-08:00"),
            ..slot(&format!("preset-2026-01-{day}-{platform}"), platform, "post")
        })
        .collect();
    for platform in ["instagram", "linkedin"] {
        let own: Vec<Slot> = slots.iter().filter(|slot| slot.platform == platform).cloned().collect();
        let made = compose(&document(own));
        let titles: HashSet<_> = made.iter().map(|placement| &placement.title_topic).collect();
        assert_eq!(titles.len(), made.len(), "{platform} {titles:?}");
    }
}

#[test]
fn a_newsletter_without_a_trend_still_says_something() {
    let slot = Slot { trend: None, ..slot("newsletter-2026-01-26", "newsletter", "newsletter") };
    let placement = one(&document(vec![slot]));
    assert!(placement.title_topic.contains("hat we are working on"), "{}", placement.title_topic);
    assert!(placement.hashtags.iter().all(Vec::is_empty));
}

#[test]
fn a_document_survives_its_own_json() {
    let document = document(vec![slot("p1", "tiktok", "story")]);
    assert_eq!(Document::read(&Value::from(document.clone())), Some(document));
    assert_eq!(Document::read(&json!({"task": "calendar", "slots": []})), None);
}

#[test]
fn every_language_has_as_many_angles() {
    use super::super::language::Language;
    let count = |language| phrases::bank(language).angles.len();
    assert_eq!(count(Language::English), count(Language::French));
}

proptest! {
    #[test]
    fn any_document_gives_whole_placements_and_the_same_ones_again(
        ids in prop::collection::vec("[a-z0-9-]{1,20}", 1..6), title in "\\PC{0,300}", tags in prop::collection::vec("\\PC{0,40}", 0..5),
        guidance in prop::option::of("\\PC{0,300}"), voice in prop::option::of("\\PC{0,60}"), at in "\\PC{0,25}",
        platform in prop::sample::select(PLATFORMS.to_vec()), format in prop::sample::select(FORMATS.to_vec()),
        language in prop::option::of(prop::sample::select(vec!["en", "fr", "xx", ""])),
    ) {
        let trend = Trend { title, source: "question".to_owned(), description: None, tags };
        let slots = ids.iter().map(|id| Slot { trend: Some(trend.clone()), scheduled_at: at.clone(), ..slot(id, platform, format) });
        let mut whole = document(slots.collect());
        whole.guidance = guidance;
        whole.brand.voice = voice;
        whole.language = language.map(str::to_owned);

        let made = compose(&whole);

        prop_assert_eq!(&compose(&whole), &made);
        prop_assert_eq!(made.len(), ids.len());
        for (placement, slot) in made.iter().zip(&whole.slots) {
            prop_assert_eq!(&placement.placement_id, &slot.placement_id);
            prop_assert!(!placement.title_topic.is_empty() && placement.title_topic.chars().count() <= 120);
            let unfilled = placement.caption.contains("{topic}") || placement.caption.contains("{brand}");
            prop_assert!(!placement.caption.is_empty() && !unfilled);
            let tags: Vec<_> = placement.hashtags.iter().flatten().collect();
            prop_assert!(tags.iter().all(|tag| tag.starts_with('#') && !tag.contains(char::is_whitespace)));
            // Asked for alone, a slot gets the very same placement.
            let mut alone = whole.clone();
            alone.slots = vec![slot.clone()];
            prop_assert_eq!(&one(&alone), placement);
        }
    }
}
