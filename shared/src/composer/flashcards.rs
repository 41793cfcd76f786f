//! The composer's flashcards: cards made of a text's own sentences, and the document that asks for them.
//! The worker writes the document for every model, the composer reads it; both compare cards by `normalised_front`.
//! The order of the cards does not depend on how many are asked for, so asking for the rest continues where it stopped.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{language::Language, sentences::sentences};

/// The task's name in a document.
pub const TASK: &str = "flashcards";

/// Cards when the document does not say.
const DEFAULT_COUNT: u32 = 10;

/// The user message of a flashcard generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Always `flashcards`.
    pub task: String,
    /// What to make cards of.
    pub source_text: String,
    /// How many cards, at most.
    #[serde(default = "default_count")]
    pub count: u32,
    /// Fronts of cards that exist already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
}

impl Document {
    /// Asks for `count` cards other than those in `exclude`.
    pub fn new(source_text: String, count: u32, exclude: Vec<String>) -> Self {
        Self { task: TASK.to_owned(), source_text, count, exclude }
    }

    /// The document in a JSON value, if it is one of this task.
    pub fn read(value: &Value) -> Option<Self> {
        Self::deserialize(value).ok().filter(|document| document.task == TASK)
    }
}

impl From<Document> for Value {
    fn from(document: Document) -> Self {
        let mut value = json!({
            "task": document.task, "source_text": document.source_text, "count": document.count,
        });
        if !document.exclude.is_empty() {
            value["exclude"] = document.exclude.into();
        }
        value
    }
}

/// One composed card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// The question.
    pub front: String,
    /// The answer.
    pub back: String,
}

impl From<Card> for Value {
    fn from(card: Card) -> Self {
        json!({ "front": card.front, "back": card.back })
    }
}

/// A front as it counts for telling cards apart: its letters and digits, case, spacing and punctuation aside; a front of
/// signs alone is itself. The same rule as the flashcards domain's `front_key`, which the ground floor may not call.
pub fn normalised_front(front: &str) -> String {
    let words = front.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(|word| word.chars().flat_map(char::to_lowercase).collect()).collect();
    if words.is_empty() { front.trim().to_owned() } else { words.join(" ") }
}

/// The cards for a document: `count` of them as long as the text has any words.
pub fn compose(document: &Document) -> Vec<Card> {
    let language = Language::of(&document.source_text);
    let sentences = sentences(&document.source_text);
    let mut seen: HashSet<String> = document.exclude.iter().map(|front| normalised_front(front)).collect();
    candidates(&sentences, language)
        .filter(|card| seen.insert(normalised_front(&card.front)))
        .take(document.count as usize)
        .collect()
}

/// Every card the sentences give, without end: each sentence once in its best form, then once in each other form, then
/// plain numbered questions.
fn candidates(sentences: &[String], language: Language) -> impl Iterator<Item = Card> {
    let best = sentences.iter().enumerate().filter_map(move |(at, sentence)| {
        let others: [Form; 2] = if at % 2 == 0 { [gap, topic] } else { [topic, gap] };
        [definition, others[0], others[1]].iter().find_map(|form| form(sentence, language))
    });
    let forms: [Form; 3] = [gap, topic, definition];
    let other =
        forms.into_iter().flat_map(move |form| sentences.iter().filter_map(move |sentence| form(sentence, language)));
    best.chain(other).chain(numbered(sentences, language))
}

/// A way to make a card of a sentence; `None` when the sentence does not lend itself to it.
type Form = fn(&str, Language) -> Option<Card>;

/// "X is …": asks for X.
fn definition(sentence: &str, language: Language) -> Option<Card> {
    let verbs: &[(&str, &str)] = match language {
        Language::English => {
            &[(" is ", "What is"), (" are ", "What are"), (" was ", "What was"), (" were ", "What were")]
        }
        Language::French => &[(" est ", "Qu’est-ce que"), (" sont ", "Que sont"), (" désigne ", "Que désigne")],
    };
    let (at, ask) = verbs.iter().filter_map(|(verb, ask)| Some((sentence.find(verb)?, ask))).min()?;
    let subject = &sentence[..at];
    let words = subject.split(' ').count();
    let bare = subject.chars().all(|char| char.is_alphanumeric() || matches!(char, ' ' | '-' | '\'' | '’'));
    let names_something = subject.split(' ').any(|word| is_telling(word, language));
    if words > 5 || !bare || !names_something {
        return None;
    }
    Some(Card {
        front: format!("{ask} {}{}", uncapitalised(subject, language), question_mark(language)),
        back: sentence.to_owned(),
    })
}

/// The sentence with its most telling word left out.
fn gap(sentence: &str, language: Language) -> Option<Card> {
    let word = telling_word(sentence, language)?;
    let with_gap = sentence.replacen(word, "_____", 1);
    let ask = match language {
        Language::English => "Fill the gap:",
        Language::French => "Complétez :",
    };
    Some(Card { front: format!("{ask} {with_gap}"), back: word.to_owned() })
}

/// Asks what is said about the sentence's most telling word.
fn topic(sentence: &str, language: Language) -> Option<Card> {
    let word = telling_word(sentence, language)?;
    let front = match language {
        Language::English => format!("What should you remember about “{word}”?"),
        Language::French => format!("Que faut-il retenir à propos de « {word} » ?"),
    };
    Some(Card { front, back: sentence.to_owned() })
}

/// The last resort, which any text with words can serve.
fn numbered(sentences: &[String], language: Language) -> impl Iterator<Item = Card> {
    let last = sentences.len();
    (0..if last == 0 { 0 } else { usize::MAX }).map(move |at| {
        let front = match language {
            Language::English => format!("What does point {} say?", at + 1),
            Language::French => format!("Que dit le point {} ?", at + 1),
        };
        Card { front, back: sentences[at % last].clone() }
    })
}

/// The longest word that carries meaning; the first of several.
fn telling_word(sentence: &str, language: Language) -> Option<&str> {
    let words = sentence.split(|char: char| !char.is_alphanumeric() && char != '-');
    words.filter(|word| is_telling(word, language)).rev().max_by_key(|word| word.chars().count())
}

fn is_telling(word: &str, language: Language) -> bool {
    const PRONOUNS: &[&str] =
        &["this", "that", "these", "those", "there", "they", "what", "cette", "celui", "celle", "ceux"];
    word.chars().count() >= 4 && !language.is_small(word) && !PRONOUNS.contains(&word.to_lowercase().as_str())
}

/// An article that began the sentence stands inside the question; a name keeps its capital.
fn uncapitalised(subject: &str, language: Language) -> String {
    match subject.split_once(' ') {
        Some((first, rest)) if language.is_small(first) || ["A", "Une", "L"].contains(&first) => {
            format!("{} {rest}", first.to_lowercase())
        }
        _ => subject.to_owned(),
    }
}

fn question_mark(language: Language) -> &'static str {
    match language {
        Language::English => "?",
        Language::French => " ?",
    }
}

fn default_count() -> u32 {
    DEFAULT_COUNT
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ENGLISH: &str = "The mitochondrion is the organelle that makes most of a cell's energy. It has two membranes, and the \
        inner one is folded into cristae. Enzymes on the cristae build adenosine triphosphate from sugar and oxygen.";
    const FRENCH: &str = "La photosynthèse est le processus par lequel les plantes transforment la lumière en sucre. Elle a lieu \
        dans les chloroplastes. Les feuilles absorbent le dioxyde de carbone par de petites ouvertures.";

    fn cards(text: &str, count: u32, exclude: &[String]) -> Vec<Card> {
        compose(&Document::new(text.to_owned(), count, exclude.to_vec()))
    }

    #[test]
    fn cards_are_made_of_the_texts_own_words() {
        let english = cards(ENGLISH, 3, &[]);
        assert_eq!(english[0].front, "What is the mitochondrion?");
        assert_eq!(english[0].back, "The mitochondrion is the organelle that makes most of a cell's energy.");
        assert_eq!(english[1].front, "What should you remember about “membranes”?");
        assert_eq!(english[2].back, "triphosphate");

        let french = cards(FRENCH, 2, &[]);
        assert_eq!(french[0].front, "Qu’est-ce que la photosynthèse ?");
        assert_eq!(french[1].front, "Que faut-il retenir à propos de « chloroplastes » ?");
    }

    #[test]
    fn a_text_of_one_word_still_gives_the_cards_asked_for() {
        assert_eq!(cards(&"a".repeat(1_000), 10, &[]).len(), 10);
        assert_eq!(cards("水".repeat(1_000).as_str(), 10, &[]).len(), 10);
        assert_eq!(cards(" \n ", 10, &[]).len(), 0);
    }

    #[test]
    fn a_document_survives_its_own_json() {
        let document = Document::new("text".to_owned(), 3, vec!["a?".to_owned()]);
        assert_eq!(Document::read(&Value::from(document.clone())), Some(document));
        assert_eq!(Document::read(&json!({"task": "flashcards", "source_text": "t"})).map(|read| read.count), Some(10));
        assert_eq!(Document::read(&json!({"task": "calendar", "source_text": "t"})), None);
    }

    proptest! {
        #[test]
        fn asking_for_the_rest_continues_where_it_stopped(
            text in "([A-Za-zé]{1,12}( |\\. |, )){1,80}", first in 0u32..8, rest in 0u32..8,
        ) {
            let whole = cards(&text, first + rest, &[]);
            let begun = cards(&text, first, &[]);
            let fronts: Vec<String> = begun.iter().map(|card| card.front.clone()).collect();
            let continued = cards(&text, rest, &fronts);
            prop_assert_eq!([begun, continued].concat(), whole);
        }

        #[test]
        fn any_text_gives_whole_distinct_cards(text in any::<String>(), count in 0u32..30) {
            let cards = cards(&text, count, &[]);
            let fronts: HashSet<String> = cards.iter().map(|card| normalised_front(&card.front)).collect();
            prop_assert_eq!(fronts.len(), cards.len());
            let has_words = text.split_whitespace().next().is_some();
            prop_assert_eq!(cards.len(), if has_words { count as usize } else { 0 });
            for card in cards {
                prop_assert!(!card.back.trim().is_empty());
                prop_assert!(card.front.chars().count() <= 500 && card.back.chars().count() <= 2_000);
            }
        }
    }
}
