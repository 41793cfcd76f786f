//! Flashcards as a model's task: its prompts, the schema of one card, and the reading of a card from an answer.
//! Called through `Task`.
//! A card that leaves here has text on both sides, within its limits; nothing else of the object is kept.

use almanac_shared::{composer::flashcards::Document, flashcards::rules::front_key};
use serde_json::{Value, json};

use super::Wanted;
use crate::outbound::ai::{
    Filtered,
    text::{cut, has_substance},
};

/// Every version of the prompt that a stored generation may still name.
pub(super) const PROMPTS: &[(&str, &str)] = &[("v1", include_str!("../../../../prompts/flashcards.txt"))];

/// Ten cards of 500 characters and some, in tokens, twice over.
pub(super) const MAX_TOKENS: u32 = 4_096;

/// Close to the text, with some freedom of wording.
pub(super) const TEMPERATURE: f32 = 0.3;

/// Longest front in characters: a question, not a paragraph.
pub(super) const FRONT_CHARS: usize = 500;

/// Longest back in characters.
pub(super) const BACK_CHARS: usize = 2_000;

/// Two sides, as proposed by a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flashcard {
    /// The question, 1–500 characters.
    pub front: String,
    /// The answer, 1–2000 characters.
    pub back: String,
}

pub(super) fn item_schema() -> Value {
    json!({
        "type": "object",
        "properties": { "front": { "type": "string" }, "back": { "type": "string" } },
        "required": ["front", "back"],
        "additionalProperties": false,
    })
}

/// A document that is none of ours asks for nothing.
pub(super) fn wanted(document: &Value) -> Wanted {
    let Some(document) = Document::read(document) else { return Wanted::default() };
    let existing = document.exclude.iter().map(|front| identity(front)).collect();
    Wanted { most: document.count as usize, existing, ..Wanted::default() }
}

/// A card needs two letters or digits on each side.
pub(super) fn read(object: &Filtered) -> Option<(Flashcard, bool)> {
    let side = |name| object.get(name).and_then(Value::as_str).filter(|text| has_substance(text));
    let (front, front_cut) = cut(side("front")?, FRONT_CHARS);
    let (back, back_cut) = cut(side("back")?, BACK_CHARS);
    Some((Flashcard { front, back }, front_cut || back_cut))
}

/// Two cards with the same front are the same card, by the rule the store's unique index holds.
pub(super) fn identity(front: &str) -> String {
    front_key(front)
}

#[cfg(test)]
mod tests {
    use almanac_shared::composer::flashcards::normalised_front;
    use proptest::prelude::*;

    use super::{super::super::filter::tests::filtered, *};

    proptest! {
        #[test]
        fn the_composer_tells_cards_apart_as_the_store_does(front in any::<String>(), plain in "[ A-zéß?.-]{0,20}") {
            prop_assert_eq!(normalised_front(&front), front_key(&front));
            prop_assert_eq!(normalised_front(&plain), front_key(&plain));
        }
    }

    #[test]
    fn a_card_needs_words_on_both_sides() {
        let table = [
            json!({"front": "What?"}),
            json!({"front": "", "back": "That"}),
            json!({"front": "What?", "back": " \n"}),
            json!({"front": "...", "back": "..."}),
            json!({"front": "What?", "back": "…!"}),
            json!({"front": "What?", "back": "[…]"}),
            json!({"front": 1, "back": "That"}),
            json!({"front": ["What?"], "back": "That"}),
            json!(["What?", "That"]),
        ];

        for object in table {
            assert_eq!(read(&filtered(&object)), None, "{object}");
        }
    }

    #[test]
    fn a_card_over_its_limits_is_cut_and_marked() {
        let object = json!({"front": "é".repeat(501), "back": "b".repeat(2_000), "tags": ["extra"]});

        let (card, was_cut) = read(&filtered(&object)).unwrap();

        assert!(was_cut);
        assert_eq!(card.front.chars().count(), 500);
        assert!(card.front.ends_with('…'));
        assert_eq!(card.back.len(), 2_000);
    }

    #[test]
    fn every_prompt_is_long_enough_to_recognise_an_echo_and_names_its_task() {
        for (version, text) in PROMPTS {
            assert!(text.chars().count() > 500 && text.contains("flashcards"), "{version}");
        }
    }
}
