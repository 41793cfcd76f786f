//! Sections of a synthesis as a model's task: its prompts, the schema of one section, and the reading of one from an answer.
//! Called through `Task`.
//! Only titles, texts and ids are read: an address or a date in an answer is ignored.

use std::collections::HashSet;

use almanac_shared::composer::synthesis::{
    ARTICLES_MAX, Document, SECTIONS_MAX, SUMMARY_CHARS, TAKEAWAY_CHARS, TITLE_CHARS, normalised_title,
};
use serde_json::{Value, json};

use super::Wanted;
use crate::outbound::ai::{
    Filtered,
    text::{clean, cut, has_substance},
};

/// Every version of the prompt that a stored synthesis may still name.
pub(super) const PROMPTS: &[(&str, &str)] = &[("v1", include_str!("../../../../prompts/synthesis.txt"))];

/// Eight sections of 1,200 characters and 80 takeaways of 300 characters, in tokens, with room for other scripts.
pub(super) const MAX_TOKENS: u32 = 16_384;

/// Close to the articles, with some freedom of wording.
pub(super) const TEMPERATURE: f32 = 0.4;

/// What a model says in one section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectionDraft {
    /// As the model writes it. Compare it by `identity`.
    pub title: String,
    /// What happened; never without words.
    pub summary: String,
    /// The articles it names, each once. An id is not necessarily one of the document.
    pub articles: Vec<ArticleNote>,
}

/// What a model says about one article.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArticleNote {
    /// The article's id in the document, according to the model.
    pub id: String,
    /// What the article adds; may be empty.
    pub takeaway: String,
}

pub(super) fn item_schema() -> Value {
    let text = json!({ "type": "string" });
    let article = json!({
        "type": "object",
        "properties": { "id": text, "takeaway": text },
        "required": ["id", "takeaway"],
        "additionalProperties": false,
    });
    json!({
        "type": "object",
        "properties": { "title": text, "summary": text, "articles": { "type": "array", "items": article } },
        "required": ["title", "summary", "articles"],
        "additionalProperties": false,
    })
}

/// A document of another task asks for nothing.
pub(super) fn wanted(document: &Value) -> Wanted {
    let Some(document) = Document::read(document) else { return Wanted::default() };
    let existing = document.exclude.iter().map(|title| identity(title)).collect();
    let titles: HashSet<String> = document.sections.iter().map(|title| identity(title)).collect();
    let most = if titles.is_empty() { SECTIONS_MAX } else { document.sections.len() };
    let ids = document.articles.into_iter().map(|article| article.id);
    Wanted {
        most,
        existing,
        only: (!titles.is_empty()).then_some(titles),
        copied: document.sections.into_iter().chain(ids).collect(),
    }
}

/// A section needs a title with a letter or digit, and a summary with words.
pub(super) fn read(object: &Filtered) -> Option<(SectionDraft, bool)> {
    let text = |name| object.get(name).and_then(Value::as_str).unwrap_or_default();
    let (title, title_cut) = cut(text("title"), TITLE_CHARS);
    let (summary, summary_cut) = cut(text("summary"), SUMMARY_CHARS);
    let (articles, articles_cut) = notes(object.get("articles"));
    let has_text = title.chars().any(char::is_alphanumeric) && has_substance(&summary);
    has_text.then_some((SectionDraft { title, summary, articles }, title_cut || summary_cut || articles_cut))
}

/// The articles of a section, each once, and whether one of them was cut or left out because they are too many.
fn notes(value: Option<&Value>) -> (Vec<ArticleNote>, bool) {
    let objects = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut notes: Vec<ArticleNote> = Vec::new();
    let mut was_cut = false;
    for object in objects {
        let Some(id) = id(object.get("id")).filter(|id| notes.iter().all(|note| note.id != *id)) else { continue };
        if notes.len() == ARTICLES_MAX {
            return (notes, true);
        }
        let takeaway = object.get("takeaway").and_then(Value::as_str).filter(|text| has_substance(text));
        let (takeaway, cut) = cut(takeaway.unwrap_or_default(), TAKEAWAY_CHARS);
        was_cut |= cut;
        notes.push(ArticleNote { id, takeaway });
    }
    (notes, was_cut)
}

/// Ids look like numbers, so models also write them as numbers.
fn id(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(id) => Some(id.trim().to_owned()).filter(|id| !id.is_empty()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

/// Two sections with the same title are the same section, case and white space aside. A title of a document is compared
/// as it would stand in an answer: cleaned and within its limit.
pub fn identity(title: &str) -> String {
    normalised_title(&cut(&clean(title), TITLE_CHARS).0)
}

#[cfg(test)]
mod tests {
    use almanac_shared::composer;
    use proptest::prelude::*;

    use super::{super::super::filter::tests::filtered, *};

    fn note(id: &str, takeaway: &str) -> ArticleNote {
        ArticleNote { id: id.to_owned(), takeaway: takeaway.to_owned() }
    }

    fn document(sections: &[&str], exclude: &[&str]) -> Value {
        let article = |id: &str, title: &str| {
            json!({
                "id": id, "title": title, "url": "https://news.example/1", "published": "2026-03-24",
                "summary": "Growers expect a smaller harvest. The rain came late.",
            })
        };
        json!({
            "task": "synthesis", "theme": {"name": "Coffee", "description": "From the plant to the cup."},
            "week": "2026-W13", "language": "fr", "sections": sections, "exclude": exclude,
            "articles": [article("1", "Récolte"), article("2", "Machines"), article("3", "Prix")],
        })
    }

    #[test]
    fn a_section_is_read_without_addresses_and_unknown_fields() {
        let object = json!({
            "title": "Harvest", "summary": "It rained.", "url": "https://intruder.example", "week": "1999-W01",
            "articles": [
                {"id": "1", "takeaway": "Late rain.", "url": "https://intruder.example", "title": "Other"},
                {"id": 2, "takeaway": "Less coffee."}, {"id": " 3 ", "takeaway": "..."}, {"id": "1", "takeaway": "Again."},
                {"id": "4"}, {"id": 5, "takeaway": 5}, {"id": null, "takeaway": "x"}, {"id": ""}, {"takeaway": "No id."}, "6",
            ],
        });

        let (section, was_cut) = read(&filtered(&object)).unwrap();

        let articles =
            vec![note("1", "Late rain."), note("2", "Less coffee."), note("3", ""), note("4", ""), note("5", "")];
        let expected = SectionDraft { title: "Harvest".to_owned(), summary: "It rained.".to_owned(), articles };
        assert_eq!((section, was_cut), (expected, false));
    }

    #[test]
    fn a_section_needs_a_title_and_a_summary() {
        for object in [
            json!({"title": "Harvest"}),
            json!({"summary": "It rained."}),
            json!({"title": "Harvest", "summary": "[…]", "articles": [{"id": "1", "takeaway": "Late rain."}]}),
            json!({"title": "...", "summary": "It rained."}),
            json!({"title": 1, "summary": "It rained."}),
            json!({"title": "...", "summary": "…"}),
            json!(["Harvest", "It rained."]),
        ] {
            assert_eq!(read(&filtered(&object)), None, "{object}");
        }
        for articles in [Value::Null, json!("1"), json!({"id": "1"}), json!([])] {
            let object = json!({"title": "R", "summary": "It rained.", "articles": articles});
            assert_eq!(read(&filtered(&object)).map(|(section, _)| section.articles), Some(Vec::new()), "{object}");
        }
    }

    #[test]
    fn a_section_over_its_limits_is_cut_and_marked() {
        let within = json!({"title": "é".repeat(120), "summary": "s".repeat(2_000), "articles": [{"id": 1, "takeaway": "t".repeat(500)}]});
        assert_eq!(read(&filtered(&within)).map(|(_, was_cut)| was_cut), Some(false));
        let over = |field: &str, value: Value| {
            let mut object = within.clone();
            object[field] = value;
            let (section, was_cut) = read(&filtered(&object)).unwrap();
            assert!(was_cut, "{field}");
            section
        };

        let title = over("title", "é".repeat(121).into()).title;
        let summary = over("summary", "s".repeat(2_001).into()).summary;
        let takeaway = over("articles", json!([{"id": 1, "takeaway": "t".repeat(501)}])).articles.remove(0).takeaway;
        let articles: Vec<Value> = (0..21).map(|id| json!({"id": id, "takeaway": ""})).collect();

        let lengths = [&title, &summary, &takeaway].map(|text| text.chars().count());
        assert_eq!(lengths, [TITLE_CHARS, SUMMARY_CHARS, TAKEAWAY_CHARS]);
        assert!([&title, &summary, &takeaway].iter().all(|text| text.ends_with('…')));
        assert_eq!(over("articles", articles.into()).articles.len(), ARTICLES_MAX);
    }

    #[test]
    fn a_document_wants_its_titles_or_up_to_eight_sections() {
        let given = wanted(&document(&["Harvest  Report", "PRICES"], &["Machines "]));
        assert_eq!((given.most, given.existing), (2, vec!["machines".to_owned()]));
        assert_eq!(given.only, Some(["harvest report".to_owned(), "prices".to_owned()].into()));
        assert_eq!(given.copied, ["Harvest  Report", "PRICES", "1", "2", "3"].map(str::to_owned).into());

        let chosen = wanted(&document(&[], &["Machines"]));
        assert_eq!((chosen.most, chosen.existing.len(), chosen.only), (8, 1, None));
        assert_eq!(wanted(&json!({"task": "calendar"})), Wanted::default());
    }

    #[test]
    fn a_title_is_recognised_as_an_answer_gives_it() {
        let long = "Market news ".repeat(20);
        for (given, answered) in
            [("Market\u{200b} News", "market  news"), (long.as_str(), long.as_str()), ("Été", "ÉTÉ")]
        {
            let object = json!({"title": answered, "summary": "It rained."});
            let (section, _) = read(&filtered(&object)).unwrap();
            assert_eq!(identity(&section.title), identity(given), "{given}");
        }
    }

    #[test]
    fn what_the_composer_writes_is_read_whole() {
        for sections in [&["Récolte", "Prix"][..], &[]] {
            let document = document(sections, &["Machines"]);
            let items = composer::compose(&document).unwrap();
            assert_eq!(items.len(), 2);
            for item in items {
                let (section, was_cut) = read(&filtered(&item)).unwrap();
                assert!(!was_cut, "{item}");
                assert_eq!(json!([section.title, section.summary]), json!([item["title"], item["summary"]]));
                assert_eq!(Some(section.articles.len()), item["articles"].as_array().map(Vec::len));
            }
        }
    }

    #[test]
    fn every_part_of_the_schema_is_strict() {
        let schema = item_schema();
        for part in [&schema, &schema["properties"]["articles"]["items"]] {
            assert_eq!(part["additionalProperties"], false);
            let names =
                part["properties"].as_object().map(|properties| properties.keys().map(String::as_str).collect());
            let required = part["required"].as_array().map(|names| names.iter().filter_map(Value::as_str).collect());
            assert_eq!(required, names.map(|names: HashSet<&str>| names));
        }
    }

    #[test]
    fn every_prompt_is_long_enough_to_recognise_an_echo_and_names_its_task() {
        for (version, text) in PROMPTS {
            assert!(text.chars().count() > 500 && text.contains("\"synthesis\""), "{version}");
        }
    }

    proptest! {
        #[test]
        fn any_section_is_within_its_limits(
            title in "\\PC{0,200}", summary in "\\PC{0,200}", times in 1usize..20,
            articles in prop::collection::vec((0u8..30, "\\PC{0,30}"), 0..40),
        ) {
            let articles: Vec<Value> =
                articles.iter().map(|(id, text)| json!({"id": id, "takeaway": text.repeat(times)})).collect();
            let object = json!({"title": title, "summary": summary.repeat(times), "articles": articles});
            let Some((section, _)) = read(&filtered(&object)) else { return Ok(()) };
            prop_assert!(section.title.chars().count() <= TITLE_CHARS);
            prop_assert!(section.summary.chars().count() <= SUMMARY_CHARS && has_substance(&section.summary));
            prop_assert!(section.articles.iter().all(|note| note.takeaway.chars().count() <= TAKEAWAY_CHARS));
            let ids: HashSet<&String> = section.articles.iter().map(|note| &note.id).collect();
            prop_assert!(ids.len() == section.articles.len() && ids.len() <= ARTICLES_MAX);
        }

        #[test]
        fn a_title_cut_and_folded_again_stays_the_same(title in any::<String>()) {
            let once = identity(&title);
            prop_assert_eq!(normalised_title(&once), once.clone());
        }
    }
}
