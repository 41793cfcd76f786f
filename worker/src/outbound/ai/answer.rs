//! One answer as it grows: text in, checked items out, with a count of everything that was not kept.
//! Every implementation of `Ai` feeds its model's text through here, the offline one too.
//! Nothing leaves that did not pass the filter and was not held against what was asked for.

use std::collections::HashSet;

use serde_json::Value;

use super::{AiErrorKind, AiRequest, Excerpt, Filter, Item, ItemCounts, Task, items::Extractor, mend::mend};

/// Most bytes of an answer.
pub(super) const MAX_ANSWER: usize = 1024 * 1024;

/// Collects one answer.
#[derive(Debug)]
pub(super) struct Answer {
    task: Task,
    filter: Filter,
    extractor: Extractor,
    left: usize,
    only: Option<HashSet<String>>,
    copied: HashSet<String>,
    seen: HashSet<String>,
    counts: ItemCounts,
}

impl Answer {
    pub(super) fn to(request: &AiRequest, filter: Filter) -> Self {
        let wanted = request.task.wanted(&request.document);
        Self {
            task: request.task,
            filter,
            extractor: Extractor::new(request.task.array_names()),
            left: wanted.most,
            only: wanted.only,
            copied: wanted.copied,
            seen: wanted.existing.into_iter().collect(),
            counts: ItemCounts::default(),
        }
    }

    /// Takes the next piece of the model's text and gives the items that closed in it. The answer that passes its limit
    /// is given up; items before the limit stay valid.
    pub(super) fn push(&mut self, piece: &str) -> Result<Vec<Item>, AiErrorKind> {
        if self.extractor.text().len() + piece.len() > MAX_ANSWER {
            return Err(AiErrorKind::TooLarge);
        }
        let mut objects = Vec::new();
        self.extractor.push(piece.as_bytes(), |object| objects.push(parse(object)));
        Ok(objects.into_iter().filter_map(|object| self.keep(object)).collect())
    }

    /// The raw text so far.
    pub(super) fn text(&self) -> &[u8] {
        self.extractor.text()
    }

    /// The beginning of the text so far; nothing when nothing is left of it.
    pub(super) fn excerpt(&self) -> Option<Excerpt> {
        self.filter.excerpt(self.text())
    }

    /// What every other text of the same provider goes through.
    pub(super) fn filter(&self) -> &Filter {
        &self.filter
    }

    pub(super) fn counts(&self) -> ItemCounts {
        ItemCounts { dropped: self.counts.dropped + self.extractor.broken(), ..self.counts }
    }

    /// What is wrong with an answer that is complete: `None` when it gave at least one item.
    pub(super) fn verdict(&self) -> Option<AiErrorKind> {
        let counts = self.counts();
        if counts.kept > 0 {
            return None;
        }
        let unusable = counts.dropped + counts.echoed > 0 || !is_hollow(self.text());
        Some(if unusable && counts.repeated == 0 { AiErrorKind::InvalidOutput } else { AiErrorKind::EmptyOutput })
    }

    fn keep(&mut self, object: Option<Value>) -> Option<Item> {
        let counts = &mut self.counts;
        let only = self.only.as_ref();
        let Some(object) = object else {
            counts.dropped += 1;
            return None;
        };
        let is_ours = |text: &str| self.copied.contains(text) || only.is_some_and(|only| only.contains(text));
        let (object, echoed) = self.filter.item(object, is_ours);
        counts.echoed += u32::from(echoed);
        let asked_for = |item: &Item| only.is_none_or(|only| only.contains(&item.identity()));
        let read = self.task.read(&object);
        let Some((item, cut)) = read.filter(|(item, _)| self.left > 0 && asked_for(item)) else {
            counts.dropped += 1;
            return None;
        };
        if !self.seen.insert(item.identity()) {
            counts.repeated += 1;
            return None;
        }
        self.left -= 1;
        counts.kept += 1;
        counts.cut += u32::from(cut);
        Some(item)
    }
}

fn parse(object: &[u8]) -> Option<Value> {
    serde_json::from_slice(object).ok().or_else(|| serde_json::from_str(&mend(&String::from_utf8_lossy(object))).ok())
}

/// Blank, or JSON without content such as `{"items": []}`: an answer that says "nothing" rather than one we cannot read.
fn is_hollow(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    let text = text.trim().trim_start_matches("```json").trim_matches('`').trim();
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(fields)) => fields.values().all(|value| value.as_array().is_some_and(Vec::is_empty)),
        Ok(Value::Array(values)) => values.is_empty(),
        Ok(Value::Null) => true,
        _ => text.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::time::Instant;

    use super::*;

    fn answer(exclude: &[&str]) -> Answer {
        let document = json!({"task": "flashcards", "source_text": "…", "count": 3, "exclude": exclude});
        let prompt = Task::Flashcards.prompt("v1").unwrap();
        Answer::to(&AiRequest::new(prompt, "m".to_owned(), document, Instant::now()), Filter::of(prompt, None))
    }

    fn fronts(items: Vec<Item>) -> Vec<String> {
        let front = |item| match item {
            Item::Flashcard(card) => card.front,
            other => panic!("not a card: {other:?}"),
        };
        items.into_iter().map(front).collect()
    }

    #[test]
    fn entries_for_slots_nobody_asked_for_are_dropped_and_the_first_of_a_slot_wins() {
        let slot = |key: &str| json!({"key": key, "channel": "x", "date": "2026-01-26", "time": "09:00"});
        let document = json!({"task": "calendar", "slots": [slot("a"), slot("b"), slot("c")], "constraints": {}});
        let prompt = Task::Calendar.prompt("v1").unwrap();
        let mut answer =
            Answer::to(&AiRequest::new(prompt, "m".to_owned(), document, Instant::now()), Filter::of(prompt, None));
        let items = json!({"entries": [
            {"key": "a", "title": "first", "date": "1999-01-01"}, {"key": "z", "title": "stranger"},
            {"key": "a", "title": "second"}, {"title": "no key"}, {"key": "b", "title": "other"},
        ]});

        let kept = answer.push(&items.to_string()).unwrap();

        let title = |item: &Item| match item {
            Item::Calendar(entry) => format!("{} {}", entry.key, entry.draft.title),
            other => panic!("not an entry: {other:?}"),
        };
        assert_eq!(kept.iter().map(title).collect::<Vec<_>>(), ["a first", "b other"]);
        assert_eq!(answer.counts(), ItemCounts { kept: 2, cut: 0, dropped: 2, echoed: 0, repeated: 1 });
    }

    #[test]
    fn sections_are_kept_by_their_titles_and_a_prompt_cut_up_between_ids_is_found() {
        let article = |id: &str| json!({"id": id, "title": "A", "url": null, "published": "2026-03-24", "summary": ""});
        let document = json!({
            "task": "synthesis", "theme": {"name": "Coffee", "description": ""}, "week": "2026-W13", "language": "en",
            "sections": ["Harvest", "Prices"], "exclude": ["Machines"], "articles": [article("1"), article("2"), article("3")],
        });
        let prompt = Task::Synthesis.prompt("v1").unwrap();
        let mut answer =
            Answer::to(&AiRequest::new(prompt, "m".to_owned(), document, Instant::now()), Filter::of(prompt, None));
        let echo: Vec<char> = prompt.text().chars().take(90).collect();
        let pieces = ["1", "2", "3"].iter().zip(echo.chunks(30));
        let pieces = pieces.map(|(id, piece)| json!({"id": id, "takeaway": piece.iter().collect::<String>()}));
        let section = |title: &str| json!({"title": title, "summary": "It rained."});
        let items = json!({"sections": [
            section("Machines"), section(" PRICES"), section("Weather"), section("Prices"),
            {"title": "Harvest", "summary": "It rained.", "articles": pieces.collect::<Vec<_>>()},
        ]});

        let kept = answer.push(&items.to_string()).unwrap();

        let takeaways = |item: Item| match item {
            Item::Synthesis(section) => section.articles.into_iter().map(|note| note.takeaway).collect::<Vec<_>>(),
            other => panic!("not a section: {other:?}"),
        };
        assert_eq!(kept.into_iter().map(takeaways).collect::<Vec<_>>(), [vec![], vec![String::new(); 3]]);
        assert_eq!(answer.counts(), ItemCounts { kept: 2, cut: 0, dropped: 2, echoed: 1, repeated: 1 });
    }

    #[test]
    fn what_was_not_kept_is_counted_by_its_reason() {
        let mut answer = answer(&["Made before?"]);
        let echo: String = Task::Flashcards.prompt("v1").unwrap().text().chars().take(80).collect();
        let items = json!({"items": [
            {"front": "Aa?", "back": "aa"}, {"front": " aa? ", "back": "again"}, {"front": "made  before?", "back": "me"},
            {"front": "What now?", "back": echo}, {"front": "Now?", "back": format!("So: {echo}")}, {"front": "Cc?"},
            {"front": "Dd?", "back": "x".repeat(2_001)}, {"front": "E\u{0}e?", "back": "\u{202e}ee"},
            {"front": "Ff?", "back": "one too many"},
        ]});

        let kept = answer.push(&items.to_string()).unwrap();

        assert_eq!(fronts(kept), ["Aa?", "Now?", "Dd?"]);
        assert_eq!(answer.counts(), ItemCounts { kept: 3, cut: 1, dropped: 4, echoed: 2, repeated: 2 });
        assert_eq!(answer.verdict(), None);
    }

    #[test]
    fn an_answer_without_items_is_empty_or_unreadable() {
        let table = [
            ("", AiErrorKind::EmptyOutput),
            (" \n", AiErrorKind::EmptyOutput),
            (r#"{"items": []}"#, AiErrorKind::EmptyOutput),
            ("```json\n[]\n```", AiErrorKind::EmptyOutput),
            (r#"[{"front":"made","back":"again"}]"#, AiErrorKind::EmptyOutput),
            ("I cannot help with that.", AiErrorKind::InvalidOutput),
            (r#"{"items": [{"front": "x""#, AiErrorKind::InvalidOutput),
            (r#"{"items": [{"question": "x"}]}"#, AiErrorKind::InvalidOutput),
        ];

        for (text, verdict) in table {
            let mut answer = answer(&["made"]);
            answer.push(text).unwrap();
            assert_eq!(answer.verdict(), Some(verdict), "{text}");
        }
    }

    #[test]
    fn an_excerpt_is_the_beginning_of_the_text_so_far() {
        let mut answer = answer(&[]);
        assert_eq!(answer.excerpt(), None);
        answer.push("I cannot ").unwrap();
        answer.push("help.").unwrap();
        assert_eq!(answer.excerpt().as_ref().map(Excerpt::as_str), Some("I cannot help."));
    }

    #[test]
    fn an_answer_over_a_mebibyte_is_given_up() {
        let mut answer = answer(&[]);
        assert!(answer.push(&"x".repeat(MAX_ANSWER)).is_ok());
        assert_eq!(answer.push("x"), Err(AiErrorKind::TooLarge));
    }

    #[test]
    fn a_surrogate_pair_split_over_pieces_is_one_character() {
        let mut answer = answer(&[]);
        answer.push(r#"{"items":[{"front":"\ud83"#).unwrap();
        answer.push(r"d\ude").unwrap();
        let kept = answer.push(r#"00 so?","back":"it\'s"}"#).unwrap();
        assert_eq!(fronts(kept), ["😀 so?"]);
    }
}
