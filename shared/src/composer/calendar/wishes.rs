//! The constraints, in the form that the calendar's phrases need. Called by the composer once per document.
//! A constraint of the wrong type is ignored here; it was reported before.
//! A text that contains a word to avoid must never pass `permitted`.

use serde_json::{Map, Value};

use super::{
    super::language::Language,
    phrases::{self, Angle},
};

/// Most characters of a hashtag that is made of a topic.
const TAG_CHARS: usize = 40;

/// The wishes of one document.
#[derive(Debug)]
pub(super) struct Wishes {
    pub(super) language: Language,
    pub(super) tone: Option<String>,
    pub(super) audience: Option<String>,
    pub(super) brand: Option<String>,
    topics: Vec<String>,
    angles: Vec<&'static Angle>,
    avoid: Vec<Vec<char>>,
}

impl Wishes {
    pub(super) fn read(constraints: &Map<String, Value>, language: Option<&str>) -> Self {
        let text = |name: &str| constraints.get(name).and_then(Value::as_str).and_then(filled);
        let brand = constraints.get("brand").and_then(|brand| brand.get("name").unwrap_or(brand).as_str());
        let avoid: Vec<Vec<char>> = texts(constraints.get("avoid")).iter().map(|term| folded(term)).collect();
        let language = language.and_then(filled).or_else(|| text("language"));
        let language = language.map_or_else(|| guess(constraints), |name| Language::named(&name));
        let bank = phrases::bank(language);
        let mut topics = texts(constraints.get("topics"));
        if topics.is_empty() {
            topics = bank.topics.iter().map(|&topic| topic.to_owned()).collect();
        }
        Self {
            language,
            tone: text("tone"),
            audience: text("audience"),
            brand: brand.and_then(filled),
            topics: permitted_or_all(topics, |topic| holds_any(topic, &avoid)),
            angles: permitted_or_all(bank.angles.iter().collect(), |angle| {
                holds_any(angle.title, &avoid) || holds_any(angle.caption, &avoid)
            }),
            avoid,
        }
    }

    /// The topic whose turn it is.
    pub(super) fn topic(&self, turn: usize) -> &str {
        &self.topics[turn % self.topics.len()]
    }

    /// The angle whose turn it is.
    pub(super) fn angle(&self, turn: usize) -> &'static Angle {
        self.angles[turn % self.angles.len()]
    }

    /// The text without what is to be avoided; trimmed.
    pub(super) fn permitted(&self, text: &str) -> String {
        let mut text = text.trim().to_owned();
        // Taking one out may join the letters of another, so it is repeated until nothing is found. Each round is shorter.
        while holds_any(&text, &self.avoid) {
            text = tidied(&without(&text, &self.avoid));
        }
        text
    }

    /// Tags of topic, angle and brand.
    pub(super) fn hashtags(&self, topic: &str, angle: &str) -> Vec<String> {
        // A tag has no spaces, so what is to be avoided is looked for without them too.
        let squeeze = |term: &Vec<char>| term.iter().copied().filter(|char| char.is_alphanumeric()).collect();
        let squeezed: Vec<Vec<char>> = self.avoid.iter().map(squeeze).collect();
        let mut tags: Vec<String> = Vec::new();
        for text in [Some(topic), Some(angle), self.brand.as_deref()].into_iter().flatten() {
            let tag = tag(text);
            let usable = tag.len() > 1 && !holds_any(&tag, &self.avoid) && !holds_any(&tag, &squeezed);
            if usable && !tags.iter().any(|known| known.eq_ignore_ascii_case(&tag)) {
                tags.push(tag);
            }
        }
        tags
    }
}

/// A list with nothing permitted in it is used as it is: `permitted` takes out what remains.
fn permitted_or_all<T: Clone>(all: Vec<T>, is_avoided: impl Fn(&T) -> bool) -> Vec<T> {
    let permitted: Vec<T> = all.iter().filter(|item| !is_avoided(item)).cloned().collect();
    if permitted.is_empty() { all } else { permitted }
}

fn guess(constraints: &Map<String, Value>) -> Language {
    let mut text = texts(constraints.get("topics"));
    text.extend(["tone", "audience"].iter().filter_map(|name| constraints.get(*name)?.as_str().map(str::to_owned)));
    Language::of(&text.join(". "))
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let list = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).filter_map(filled).collect()
}

fn filled(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The words of a text as one tag: `slow coffee` → `#SlowCoffee`.
fn tag(text: &str) -> String {
    let mut tag = String::from("#");
    for word in text.split(|char: char| !char.is_alphanumeric()) {
        let mut chars = word.chars();
        let first = chars.next().into_iter().flat_map(char::to_uppercase);
        if tag.chars().count() + word.chars().count() > TAG_CHARS {
            break;
        }
        tag.extend(first.chain(chars));
    }
    tag
}

/// One character for each, so that places in the folded text are places in the text.
fn folded(text: &str) -> Vec<char> {
    text.chars().map(|char| char.to_lowercase().next().unwrap_or(char)).collect()
}

fn holds_any(text: &str, terms: &[Vec<char>]) -> bool {
    let text = folded(text);
    (0..text.len()).any(|at| match_at(&text[at..], terms).is_some())
}

/// The length of the term that the text begins with.
fn match_at(text: &[char], terms: &[Vec<char>]) -> Option<usize> {
    terms.iter().find(|term| !term.is_empty() && text.starts_with(term)).map(Vec::len)
}

/// The text with every occurrence of a term left out, compared without case.
fn without(text: &str, terms: &[Vec<char>]) -> String {
    let searched = folded(text);
    let mut left_out = 0;
    let mut kept = String::with_capacity(text.len());
    for (at, char) in text.chars().enumerate() {
        if left_out == 0 {
            left_out = match_at(&searched[at..], terms).unwrap_or(0);
        }
        if left_out == 0 {
            kept.push(char);
        } else {
            left_out -= 1;
        }
    }
    kept
}

/// One space between words, paragraphs kept.
fn tidied(text: &str) -> String {
    let lines = text.split('\n').map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}
