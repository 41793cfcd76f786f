//! Placements of an organic week as a model's task: its prompts and the schema of one item. What an item means is read in
//! `almanac_shared::organic::task`, beside the document that asks for it.
//! Called through `Task`.
//! Only what a placement says is read: an account, a platform, a time or an address in an answer is left where it is.

use almanac_shared::{
    composer::organic::Document,
    organic::{
        PlacementId,
        task::{self, Draft},
    },
};
use serde_json::{Value, json};

use super::Wanted;
use crate::outbound::ai::{Filtered, text::has_substance};

/// Every version of the prompt that a stored run may still name.
pub(super) const PROMPTS: &[(&str, &str)] = &[("v1", include_str!("../../../../prompts/organic.txt"))];

/// Some 40 placements of usual length. More is what the smaller models refuse; a fuller week asks again for the rest.
pub(super) const MAX_TOKENS: u32 = 16_384;

/// Placements shall differ from each other.
pub(super) const TEMPERATURE: f32 = 0.8;

/// What a model says about one placement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganicDraft {
    /// The placement it is for; always one that was asked for.
    pub id: PlacementId,
    /// What it says, each field within its limit.
    pub draft: Draft,
}

pub(super) fn item_schema() -> Value {
    let text = json!({ "type": "string" });
    let tags = json!({ "type": "array", "items": text });
    let object = |properties: Value| {
        let required: Vec<&String> = properties.as_object().map(|map| map.keys().collect()).unwrap_or_default();
        json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false })
    };
    let hint = object(json!({ "role": text, "suggestion": text }));
    object(json!({
        "placementId": text,
        "content": object(json!({
            "titleTopic": text, "objective": text, "target": text, "tone": text, "cta": text,
            "numSlides": { "type": ["integer", "null"] },
        })),
        "creative": object(json!({ "creativeIdea": text, "assetHints": { "type": "array", "items": hint } })),
        "copy": object(json!({
            "caption": text, "hashtags": object(json!({ "high": tags, "medium": tags, "low": tags })),
        })),
    }))
}

/// A document that is none of ours asks for nothing.
pub(super) fn wanted(document: &Value) -> Wanted {
    let Some(document) = Document::read(document) else { return Wanted::default() };
    let ids = document.slots.into_iter().map(|slot| slot.placement_id);
    Wanted { most: ids.len(), only: Some(ids.collect()), ..Wanted::default() }
}

/// A placement's line must say something.
pub(super) fn read(object: &Filtered) -> Option<(OrganicDraft, bool)> {
    let (id, mut draft, was_cut) = task::read(object)?;
    if !has_substance(&draft.title_topic) {
        draft.title_topic = task::first_line(&draft.caption);
    }
    has_substance(&draft.title_topic).then_some((OrganicDraft { id, draft }, was_cut))
}

#[cfg(test)]
mod tests {
    use almanac_shared::composer;

    use super::{super::super::filter::tests::filtered, *};

    fn document() -> Value {
        let slot = |id: &str, platform: &str, format: &str| {
            json!({
                "placementId": id, "platform": platform, "scheduledAt": "2026-01-26T09:00:00-08:00",
                "timeOfDay": "morning", "format": format,
                "trend": {"title": "Cold brew season", "source": "trend", "tags": ["coldbrew"]},
            })
        };
        json!({
            "task": "organic", "slots": [slot("a", "instagram", "reel"), slot("b", "linkedin", "post")],
            "brand": {"name": "Bean & Co"}, "guidance": "Warm.", "language": "en-US",
        })
    }

    #[test]
    fn a_document_wants_the_ids_of_its_slots() {
        let wanted = wanted(&document());
        assert_eq!(wanted.most, 2);
        assert_eq!(wanted.only, Some(["a".to_owned(), "b".to_owned()].into()));
    }

    #[test]
    fn what_the_composer_writes_is_read_whole() {
        let items = composer::compose(&document()).unwrap();
        assert_eq!(items.len(), 2);
        for item in items {
            let (read, was_cut) = read(&filtered(&item)).unwrap();
            assert!(!was_cut, "{item}");
            assert_eq!(read.id.as_str(), item["placementId"]);
            assert!(!read.draft.title_topic.is_empty() && !read.draft.caption.is_empty());
        }
    }

    #[test]
    fn every_part_of_the_schema_is_strict() {
        fn strict(schema: &Value) {
            if let Some(properties) = schema["properties"].as_object() {
                assert_eq!(schema["additionalProperties"], false);
                assert_eq!(schema["required"].as_array().map(Vec::len), Some(properties.len()));
                properties.values().for_each(strict);
            }
            if schema["items"].is_object() {
                strict(&schema["items"]);
            }
        }
        strict(&item_schema());
    }

    #[test]
    fn every_prompt_is_long_enough_to_recognise_an_echo_and_names_its_task() {
        for (version, text) in PROMPTS {
            assert!(text.chars().count() > 500 && text.contains("\"organic\""), "{version}");
        }
    }
}
