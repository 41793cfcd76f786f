//! Entries that are plausible, different, permitted and the same each time.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

fn slots(channels: &[&str], first: &str, days: u64, step: usize) -> Vec<Slot> {
    let first: NaiveDate = first.parse().unwrap();
    let dates = (0..days).step_by(step).map(|day| first + chrono::Days::new(day));
    let slot = |date: NaiveDate, channel: &&str| Slot {
        key: format!("{channel}:{date}:1"),
        channel: (*channel).to_owned(),
        date: date.to_string(),
        time: "11:00".to_owned(),
    };
    dates.flat_map(|date| channels.iter().map(move |channel| slot(date, channel))).collect()
}

fn entries(slots: Vec<Slot>, constraints: Value) -> Vec<Entry> {
    compose(&Document::new(slots, constraints.as_object().cloned().unwrap(), None))
}

#[test]
fn an_entry_is_made_of_what_was_wished_for() {
    let wishes = json!({
        "topics": ["slow coffee"], "tone": "playful", "audience": "home baristas", "brand": {"name": "Bean & Co"}, "language": "en",
    });
    let entry = entries(slots(&["instagram"], "2026-01-26", 1, 1), wishes).remove(0);
    assert_eq!(
        entry,
        Entry {
            key: "instagram:2026-01-26:1".to_owned(),
            title: "Behind the scenes: slow coffee".to_owned(),
            topic: "slow coffee".to_owned(),
            format: "photo".to_owned(),
            caption: "Here we go. This is what slow coffee looks like before anybody has tidied up. No filter, no script, \
                      just the people who do the work.\n\nMade for home baristas.\n\nShare it with somebody who needs it.\n\n\
                      — Bean & Co"
                .to_owned(),
            hashtags: ["#SlowCoffee", "#BehindTheScenes", "#BeanCo"].map(str::to_owned).into(),
            notes: "Have text and pictures ready for Monday 26 January 2026, 11:00. Keep the tone playful.".to_owned(),
        }
    );
}

#[test]
fn an_entry_is_written_in_the_language_asked_for() {
    let french = json!({"topics": ["le café"], "audience": "les curieux"});
    let made = |constraints: Value, language: Option<&str>| {
        let constraints = constraints.as_object().cloned().unwrap();
        let slots = slots(&["linkedin"], "2026-08-01", 1, 1);
        compose(&Document::new(slots, constraints, language.map(str::to_owned))).remove(0).notes
    };
    for (constraints, language) in [
        (json!({}), Some("fr")),
        (json!({}), Some("fr-CA")),
        (json!({"language": "Français"}), None),
        (french.clone(), None),
    ] {
        let notes = made(constraints, language);
        assert!(notes.starts_with("Préparer textes et images pour le samedi 1 août 2026, 11:00."), "{notes}");
    }
    for (constraints, language) in [(json!({}), None), (json!({}), Some("de")), (french, Some("en"))] {
        let notes = made(constraints, language);
        assert!(notes.starts_with("Have text and pictures ready for Saturday 1 August 2026, 11:00."), "{notes}");
    }
}

#[test]
fn neighbouring_entries_differ_in_title_and_caption() {
    for (days, step) in [(23, 1), (23 * 7, 7), (365, 30)] {
        for topics in
            [json!(["coffee"]), json!(["coffee", "tea"]), json!(["a", "b", "c", "d", "e", "f", "g"]), json!([])]
        {
            let made = entries(slots(&["instagram"], "2026-01-26", days, step), json!({"topics": topics}));
            let titles: HashSet<_> = made.iter().map(|entry| &entry.title).collect();
            let captions: HashSet<_> = made.iter().map(|entry| &entry.caption).collect();
            assert_eq!((titles.len(), captions.len()), (made.len(), made.len()), "{days} {step} {topics}");
        }
    }
}

#[test]
fn every_topic_has_its_turn() {
    let topics = ["a", "b", "c", "d", "e", "f", "g"];
    for (days, step) in [(28, 1), (40 * 7, 7)] {
        let made = entries(slots(&["x"], "2026-01-26", days, step), json!({"topics": topics}));
        let used: HashSet<_> = made.iter().map(|entry| entry.topic.as_str()).collect();
        assert_eq!(used.len(), topics.len(), "{days}");
    }
}

#[test]
fn a_document_survives_its_own_json() {
    let document = Document::new(slots(&["x"], "2026-01-26", 2, 1), Map::new(), Some("fr".to_owned()));
    assert_eq!(Document::read(&Value::from(document.clone())), Some(document));
    assert_eq!(Document::read(&json!({"task": "flashcards", "slots": []})), None);
    assert!(Document::read(&json!({"task": "calendar", "slots": []})).is_some());
}

fn any_wishes() -> impl Strategy<Value = Value> {
    let words = || prop::collection::vec("[a-zA-Zé]{1,9}( [a-z]{1,5})?", 0..4);
    (words(), words(), "\\PC{0,12}", "[a-z ]{0,12}", prop::option::of(prop::sample::select(vec!["en", "fr", "xx"])))
        .prop_map(|(topics, avoid, tone, brand, language)| {
            json!({"topics": topics, "avoid": avoid, "tone": tone, "brand": brand, "language": language})
        })
}

proptest! {
    #[test]
    fn any_wishes_give_whole_entries_within_their_limits_and_the_same_ones_again(
        wishes in any_wishes(), from in 0u64..70_000, channels in prop::collection::vec("[a-z]{1,32}", 1..4),
    ) {
        let first = NaiveDate::default() + chrono::Days::new(from);
        let channels: Vec<&str> = channels.iter().map(String::as_str).collect();
        let slots = slots(&channels, &first.to_string(), 5, 1);

        let made = entries(slots.clone(), wishes.clone());

        prop_assert_eq!(made.len(), slots.len());
        prop_assert_eq!(&entries(slots.clone(), wishes.clone()), &made);
        for (entry, slot) in made.iter().zip(&slots) {
            prop_assert_eq!(&entry.key, &slot.key);
            prop_assert!(!entry.title.is_empty() && entry.title.chars().count() <= 200);
            prop_assert!(entry.hashtags.iter().all(|tag| tag.starts_with('#') && !tag.contains(char::is_whitespace)));
            // Asked for alone, a slot gets the very same entry.
            prop_assert_eq!(&entries(vec![slot.clone()], wishes.clone())[0], entry);
        }
    }

    #[test]
    fn nothing_that_is_to_be_avoided_is_said(wishes in any_wishes(), from in 0u64..70_000) {
        let first = NaiveDate::default() + chrono::Days::new(from);
        let avoid: Vec<String> =
            wishes["avoid"].as_array().unwrap().iter().map(|term| term.as_str().unwrap().to_lowercase()).collect();

        for entry in entries(slots(&["instagram", "blog"], &first.to_string(), 4, 1), wishes) {
            let said = [entry.title, entry.topic, entry.caption, entry.notes, entry.hashtags.join("\n")].map(|text| text.to_lowercase());
            for term in &avoid {
                prop_assert!(!said.iter().any(|text| text.contains(term.as_str())), "{} in {:?}", term, said);
            }
        }
    }
}
