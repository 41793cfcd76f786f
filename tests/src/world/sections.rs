//! What the scripted provider says in the sections of a synthesis. Called by scripts: here a section is what a slot is for
//! a calendar.
//! Pure. The document decides titles and articles, the script the number of sections and how they go wrong.

use std::iter;

use serde_json::{Value, json};

/// Most sections if the document names none.
const SECTIONS_MAX: usize = 8;

/// Sections of an answer if neither the document nor the script says how many.
pub(super) const USUAL: usize = 2;

/// Whether a document asks for sections whose titles it does not name.
pub(super) fn is_open(task: &Value) -> bool {
    task["task"] == "synthesis" && task["sections"].as_array().is_none_or(Vec::is_empty)
}

/// The sections to write, at most `most`: those wanted, else "Section 1" and so on, without those that exist. The
/// articles are dealt out to them in turn. Empty for any other task.
pub(super) fn slots(task: &Value, most: usize) -> Vec<Value> {
    if task["task"] != "synthesis" {
        return Vec::new();
    }
    let texts = |name: &str| task[name].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    let existing: Vec<String> = texts("exclude").collect();
    let titles: Vec<String> = if is_open(task) {
        let numbered = (1..).map(|number| format!("Section {number}"));
        numbered.filter(|title| !existing.contains(title)).take(most.min(SECTIONS_MAX)).collect()
    } else {
        texts("sections").take(most).collect()
    };
    let ids: Vec<&Value> = task["articles"].as_array().into_iter().flatten().map(|article| &article["id"]).collect();
    let dealt = |place: usize| ids.iter().skip(place).step_by(titles.len()).collect::<Vec<_>>();
    titles.iter().enumerate().map(|(place, title)| json!({ "section": title, "articles": dealt(place) })).collect()
}

/// Whether a slot is a section.
pub(super) fn is_section(slot: &Value) -> bool {
    slot["section"].is_string()
}

/// What a model says in a section, and what it has no say in. `edition` numbers the answer, so that another run can say
/// something else.
pub(super) fn filling(slot: &Value, edition: usize) -> Value {
    let title = slot["section"].as_str().unwrap_or_default();
    let note = |id: &Value| {
        let name = id.as_str().unwrap_or_default();
        json!({
            "id": id, "takeaway": format!("Takeaway {edition} of article {name}."),
            "title": "Intruder", "url": "https://intruder.example/article", "published": "1999-01-01",
        })
    };
    let notes: Vec<Value> = slot["articles"].as_array().into_iter().flatten().map(note).collect();
    json!({
        "title": title, "summary": format!("Summary {edition} of {title}."), "articles": notes,
        "url": "https://intruder.example/section", "week": "1999-W01",
    })
}

/// Besides the section: one of a title that was not requested, the section again with other words, and in it the ids
/// of articles that are not in the document.
pub(super) fn intruding(slot: &Value, edition: usize) -> String {
    let mut wanted = filling(slot, edition);
    let strange = ["intruder", "999"].map(|id| json!({ "id": id, "takeaway": "Intruder" }));
    if let Some(notes) = wanted["articles"].as_array_mut() {
        notes.extend(strange);
    }
    let again = json!({ "title": slot["section"], "summary": "Intruder again.", "articles": [] });
    let other = json!({ "title": "Intruder", "summary": "Nobody asked.", "articles": slot["articles"] });
    [&other, &wanted, &again].map(Value::to_string).join(", ")
}

/// The section with the system prompt in its texts, in the forms that models give it.
pub(super) fn echoing(mut filling: Value, system_prompt: &str) -> Value {
    filling["summary"] = format!("Try this: {system_prompt} Enjoy.").into();
    let forms = [Value::from(system_prompt).to_string(), system_prompt.to_uppercase()];
    let notes = filling["articles"].as_array_mut().into_iter().flatten();
    for (note, form) in notes.zip(forms.iter().chain(iter::repeat(&forms[0]))) {
        note["takeaway"] = form.as_str().into();
    }
    filling
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(sections: &[&str], exclude: &[&str]) -> Value {
        let articles: Vec<Value> = (1..=3).map(|id| json!({ "id": id.to_string(), "title": "T" })).collect();
        json!({ "task": "synthesis", "sections": sections, "exclude": exclude, "articles": articles })
    }

    fn dealt(slots: &[Value]) -> Vec<String> {
        slots.iter().map(|slot| format!("{} {}", slot["section"], slot["articles"])).collect()
    }

    #[test]
    fn the_wanted_sections_share_all_articles() {
        let slots = slots(&document(&["A", "B"], &["C"]), usize::MAX);
        assert_eq!(dealt(&slots), [r#""A" ["1","3"]"#, r#""B" ["2"]"#]);
    }

    #[test]
    fn without_titles_the_script_says_how_many() {
        let open = document(&[], &["Section 1"]);
        assert_eq!(dealt(&slots(&open, 2)), [r#""Section 2" ["1","3"]"#, r#""Section 3" ["2"]"#]);
        assert_eq!(slots(&open, usize::MAX).len(), 8);
        assert_eq!(slots(&json!({ "task": "calendar" }), 2), Vec::<Value>::new());
    }
}
