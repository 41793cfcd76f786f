//! The one door between what a model or its provider writes and everything that we store, send or log: an `Item` can only
//! be read from a `Filtered` object, and errors and usage hold `Excerpt` and `Word`; this module alone makes these three.
//! It takes out runs of the system prompt, secrets, control and direction characters.

use std::{fmt, ops::Deref, sync::Arc};

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::Value;

use super::{
    Prompt,
    echo::Echo,
    text::{clean, clean_all},
};
use crate::outbound::redact::redact;

/// What stands for a run of the system prompt.
pub const MARK: &str = "[…]";

/// Longest excerpt in characters.
pub const EXCERPT_CHARS: usize = 500;

/// Bytes of a text that are looked at for an excerpt: enough to fill it, and a bound on the work.
const EXCERPT_WINDOW: usize = 16 * 1024;

/// Longest word in bytes.
const WORD_BYTES: usize = 128;

/// Letters of the items so far that the next item is read behind: a run that began in one item is known in the next.
const CARRIED: usize = 200;

/// Rounds in which runs are taken out one by one.
const ROUNDS: u32 = 8;

/// An item's object whose texts passed the filter.
#[derive(Clone, Debug, PartialEq)]
pub struct Filtered(Value);

impl Deref for Filtered {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.0
    }
}

/// The beginning of what a provider said, at most `EXCERPT_CHARS` characters, fit to be shown to the job's owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Excerpt(String);

impl Excerpt {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a run of the system prompt was taken out of it.
    pub fn is_echo(&self) -> bool {
        self.0.contains(MARK)
    }
}

/// A name that a provider gives: visible ASCII, short, fit for a column and a log line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Word(String);

impl Word {
    /// A word of our own.
    pub fn of_ours(word: &'static str) -> Self {
        Self(word.to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The filter of one call.
#[derive(Clone, Debug)]
pub struct Filter {
    echo: Arc<Echo>,
    secret: Option<SecretString>,
    /// The last letters of the items so far.
    carried: Vec<char>,
}

impl Filter {
    /// For a call with this prompt and this key.
    pub fn of(prompt: Prompt, secret: Option<SecretString>) -> Self {
        Self { echo: Echo::of_known(prompt.text()), secret, carried: Vec::new() }
    }

    /// An item's object with every text filtered, and whether it repeated the prompt. A run may cross the borders of
    /// texts and of items; a text that `is_ours`, such as the name of a slot, ends none.
    pub fn item(&mut self, object: Value, is_ours: impl Fn(&str) -> bool) -> (Filtered, bool) {
        let mut object = clean_all(object);
        let all = self.behind_carried(texts(&mut object, &is_ours));
        let echoed = !self.echo.runs(&all).is_empty() && self.take_out(&mut object, &is_ours);
        let mut last: Vec<char> =
            all.iter().rev().copied().filter(|char| char.is_alphanumeric()).take(CARRIED).collect();
        last.reverse();
        self.carried = last;
        if echoed {
            drop_empty_elements(&mut object);
        }
        (Filtered(object), echoed)
    }

    /// What is searched: these texts behind the letters of the items so far.
    fn behind_carried(&self, texts: Vec<&mut String>) -> Vec<char> {
        let mut all = self.carried.clone();
        for text in texts {
            all.push('\0');
            all.extend(text.chars());
        }
        all
    }

    /// Puts the mark in the place of every run. What was taken out may bring two others together, so it looks again
    /// until nothing is left. A text made to need many rounds is taken out whole, so that they are few.
    fn take_out(&self, object: &mut Value, is_ours: &impl Fn(&str) -> bool) -> bool {
        for round in 0.. {
            let all = self.behind_carried(texts(object, is_ours));
            let runs = self.echo.runs(&all);
            let mut at = self.carried.len();
            let mut changed = false;
            for text in texts(object, is_ours) {
                at += 1;
                let length = text.chars().count();
                let within = runs.iter().map(|run| run.start.max(at)..run.end.min(at + length));
                let within = within.filter(|run| all.get(run.clone()).is_some_and(has_letter));
                let within: Vec<_> = within.map(|run| run.start - at..run.end - at).collect();
                if !within.is_empty() {
                    *text = if round < ROUNDS { marked(&all[at..at + length], &within) } else { MARK.to_owned() };
                    changed = true;
                }
                at += length;
            }
            if !changed {
                return round > 0;
            }
        }
        true
    }

    /// The beginning of a text; nothing when nothing is left of it.
    pub fn excerpt(&self, text: &[u8]) -> Option<Excerpt> {
        let window = String::from_utf8_lossy(&text[..text.len().min(EXCERPT_WINDOW)]);
        let mut window = clean(&window).replace('\n', " ");
        if text.len() > EXCERPT_WINDOW {
            // The last word may be the beginning of a secret.
            window.truncate(window.rfind(' ').unwrap_or(window.len()));
        }
        let mut text = Value::String(window);
        Self { carried: Vec::new(), ..self.clone() }.take_out(&mut text, &|_| false);
        let text = redact(text.as_str().unwrap_or_default(), self.secret.as_ref());
        let kept: String = text.chars().take(EXCERPT_CHARS).collect();
        let kept = kept.trim();
        (!kept.is_empty()).then(|| Excerpt(kept.to_owned()))
    }

    /// A name, when it is one that fits a column and a log line.
    pub fn word(&self, name: &str) -> Option<Word> {
        let fits = !name.is_empty() && name.len() <= WORD_BYTES && name.bytes().all(|byte| byte.is_ascii_graphic());
        let secret = self.secret.as_ref().map(ExposeSecret::expose_secret).filter(|secret| !secret.is_empty());
        let plain = fits && !secret.is_some_and(|secret| name.contains(secret));
        let chars: Vec<char> = name.chars().collect();
        (plain && self.echo.runs(&chars).is_empty()).then(|| Word(name.to_owned()))
    }
}

fn has_letter(run: &[char]) -> bool {
    run.iter().any(|char| char.is_alphanumeric())
}

fn marked(text: &[char], runs: &[std::ops::Range<usize>]) -> String {
    let (mut marked, mut from) = (String::with_capacity(text.len()), 0);
    for run in runs {
        marked.extend(&text[from..run.start]);
        marked.push_str(MARK);
        from = run.end;
    }
    marked.extend(&text[from..]);
    marked
}

/// Every text of a value, in the order in which it was written, but those that are ours.
fn texts<'a>(value: &'a mut Value, is_ours: &impl Fn(&str) -> bool) -> Vec<&'a mut String> {
    match value {
        Value::String(text) if is_ours(text) => Vec::new(),
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter_mut().flat_map(|value| texts(value, is_ours)).collect(),
        Value::Object(fields) => fields.values_mut().flat_map(|value| texts(value, is_ours)).collect(),
        _ => Vec::new(),
    }
}

/// Elements of lists, such as tags, that have no word of their own left.
fn drop_empty_elements(value: &mut Value) {
    match value {
        Value::Array(values) => {
            values.retain(|value| value.as_str().is_none_or(|text| text.chars().any(char::is_alphanumeric)));
            values.iter_mut().for_each(drop_empty_elements);
        }
        Value::Object(fields) => fields.values_mut().for_each(drop_empty_elements),
        _ => {}
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::outbound::ai::{Task, echo::ECHO_CHARS};

    /// An object that passed the filter, for tests of what is read from one.
    pub(in crate::outbound::ai) fn filtered(object: &Value) -> Filtered {
        filter(Task::Flashcards).item(object.clone(), |_| false).0
    }

    fn filter(task: Task) -> Filter {
        Filter::of(task.prompt("v1").unwrap(), Some("canary/secret".into()))
    }

    fn item(filter: &mut Filter, object: Value) -> (Value, bool) {
        let (Filtered(object), echoed) = filter.item(object, |_| false);
        (object, echoed)
    }

    fn prompt(task: Task) -> &'static str {
        task.prompt("v1").unwrap().text()
    }

    #[test]
    fn a_run_is_replaced_and_the_words_around_it_stay() {
        for &task in Task::ALL {
            let run: String = prompt(task).chars().skip(100).take(80).collect();
            let object =
                json!({ "front": "Q?", "back": format!("Well: {}— 42!", run.trim()), "n": 1, "list": [run, "kept"] });

            let (kept, echoed) = item(&mut filter(task), object);

            assert!(echoed);
            assert_eq!(kept, json!({ "front": "Q?", "back": "Well: […]— 42!", "n": 1, "list": ["kept"] }));
        }
    }

    #[test]
    fn what_repeats_nothing_stays_as_it_is() {
        let object = json!({ "front": "[…] is a mark", "back": "60 characters of anything else are nothing of the prompt at all.", "tags": ["#a", "[…]"] });
        assert_eq!(item(&mut filter(Task::Flashcards), object.clone()), (object, false));
    }

    #[test]
    fn a_run_over_the_borders_of_texts_tags_and_items_is_found() {
        let prompt = prompt(Task::Calendar);
        let piece = |from: usize| prompt.chars().skip(from).take(40).collect::<String>();
        let mut filter = filter(Task::Calendar);
        let is_ours = |text: &str| text == "x:1" || text == "x:2";

        let (first, echoed) = filter.item(json!({ "key": "x:1", "caption": piece(0), "notes": piece(40) }), is_ours);
        assert!(echoed);
        assert_eq!(*first, json!({ "key": "x:1", "caption": "[…]", "notes": "[…]" }));
        let (second, echoed) = filter.item(json!({ "key": "x:2", "title": piece(80), "notes": "My own." }), is_ours);
        assert!(echoed);
        assert_eq!(*second, json!({ "key": "x:2", "title": "[…]", "notes": "My own." }));
        let tags: Vec<String> = prompt.split_whitespace().map(|word| format!("#{word}")).collect();
        let (third, echoed) = filter.item(json!({ "hashtags": tags, "notes": "Mine." }), is_ours);
        assert!(echoed);
        assert_eq!(*third, json!({ "hashtags": [], "notes": "Mine." }));
    }

    #[test]
    fn runs_inside_runs_are_taken_out_in_few_rounds() {
        let prompt: Vec<char> = prompt(Task::Organic).chars().collect();
        let inside = |text: String, from: usize| {
            let part = |range: std::ops::Range<usize>| prompt[range].iter().collect::<String>();
            format!("{}{text}{}", part(from..from + 40), part(from + 40..from + 80))
        };
        let text = (0..40).fold(String::new(), |text, place| inside(text, place * 70));

        let (kept, echoed) = item(&mut filter(Task::Organic), json!({ "caption": text, "title": "Mine" }));

        assert!(echoed);
        assert_eq!(kept["title"], "Mine");
        assert!(!item(&mut filter(Task::Organic), kept).1, "nothing is left to find");
    }

    #[test]
    fn an_excerpt_of_a_body_that_repeats_the_request_holds_nothing_of_the_prompt() {
        for &task in Task::ALL {
            let asked = json!([{ "role": "system", "content": prompt(task) }, { "role": "user", "content": "{}" }]);
            let once =
                json!({ "error": { "message": format!("Invalid request: {asked}"), "key": "Bearer canary/secret" } });
            let twice = json!({ "error": { "message": once.to_string() } });
            for body in
                [once.to_string(), twice.to_string(), format!("<pre>{}</pre>", prompt(task)), prompt(task).repeat(9)]
            {
                let excerpt = filter(task).excerpt(body.as_bytes()).unwrap();
                let text = excerpt.as_str();
                assert!(excerpt.is_echo() && text.chars().count() <= EXCERPT_CHARS, "{text}");
                assert!(!text.contains("You write") && !text.contains("canary"), "{text}");
            }
        }
    }

    #[test]
    fn an_excerpt_is_one_clean_line_without_secrets() {
        let filter = filter(Task::Flashcards);
        let table = [
            ("Rate\nlimit\0", Some("Rate limit")),
            ("the canary/secret sings to anna@example.com", Some("the [redacted] sings to [redacted]")),
            ("\u{202e}evil\u{2066}x\u{feff} \u{9b}31m", Some("evilx 31m")),
            (" \n\u{200b} ", None),
        ];

        for (text, excerpt) in table {
            assert_eq!(filter.excerpt(text.as_bytes()).as_ref().map(Excerpt::as_str), excerpt);
        }
    }

    #[test]
    fn an_excerpt_looks_behind_what_is_taken_out_and_says_whether_it_repeats_the_prompt() {
        let text = format!("{}Rate limit", "\0".repeat(16_000));
        let excerpt = filter(Task::Flashcards).excerpt(text.as_bytes()).unwrap();
        assert_eq!((excerpt.as_str(), excerpt.is_echo()), ("Rate limit", false));
    }

    #[test]
    fn a_word_is_short_plain_and_nothing_of_ours() {
        let filter = filter(Task::Flashcards);
        let run: String = prompt(Task::Flashcards).split_whitespace().take(20).collect::<Vec<_>>().join("_");

        let word = filter.word("gen-1/x:y").unwrap();
        assert_eq!((word.as_str(), word.to_string().as_str()), ("gen-1/x:y", "gen-1/x:y"));
        for name in ["", "two words", "é", "x".repeat(129).as_str(), "id-canary/secret", &run] {
            assert_eq!(filter.word(name), None, "{name}");
        }
    }

    /// A slice of a prompt in one of the forms that models and servers give it.
    fn form(run: &str, form: u8) -> String {
        match form {
            0 => run.to_owned(),
            1 => run.to_uppercase(),
            2 => run.split_whitespace().collect::<Vec<_>>().join("\n\t"),
            3 => Value::from(run).to_string(),
            4 => Value::from(Value::from(run).to_string()).to_string(),
            5 => run.replace(' ', "\u{200b} "),
            _ => run.replace('"', "&quot;"),
        }
    }

    fn letters(text: &str) -> String {
        text.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    }

    /// Whether a run of the prompt is left, searched in another way than the filter does: by each window of its letters.
    fn repeats(prompt: &str, text: &str) -> bool {
        let (prompt, text) = (letters(prompt).into_bytes(), letters(text));
        prompt.windows(ECHO_CHARS).any(|run| text.as_bytes().windows(ECHO_CHARS).any(|window| window == run))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_run_of_a_prompt_passes_in_any_form_or_place(
            task in prop::sample::select(Task::ALL), from in 0usize..1_700, length in 60usize..400, shape in 0u8..7,
            before in "[a-z \\\\\"]{0,30}", after in any::<String>(), split in 0usize..400,
        ) {
            let run: String = prompt(task).chars().skip(from).take(length).collect();
            prop_assume!(letters(&run).len() >= 80);
            let text = format!("{before}{}{after}", form(&run, shape));
            let at = text.floor_char_boundary(split);

            let (whole, echoed) = item(&mut filter(task), json!({ "front": "Q", "back": text }));
            prop_assert!(echoed);
            prop_assert!(!repeats(prompt(task), whole["back"].as_str().unwrap()));
            let (parted, echoed) = item(&mut filter(task), json!({ "front": text[..at], "back": text[at..] }));
            prop_assert!(echoed);
            let joined = format!("{}{}", parted["front"].as_str().unwrap(), parted["back"].as_str().unwrap());
            prop_assert!(!repeats(prompt(task), &joined));
            let excerpt = filter(task).excerpt(text.as_bytes());
            prop_assert!(!repeats(prompt(task), excerpt.as_ref().map_or("", Excerpt::as_str)));
        }

        #[test]
        fn filtering_twice_changes_nothing_more(
            pieces in prop::collection::vec((0usize..1_700, 1usize..200, "[a-z]{0,5}"), 0..6),
        ) {
            let prompt: Vec<char> = prompt(Task::Flashcards).chars().collect();
            let piece = |(from, length, gap): &(usize, usize, String)| {
                prompt.iter().skip(*from).take(*length).chain(&gap.chars().collect::<Vec<_>>()).collect::<String>()
            };
            let text: String = pieces.iter().map(piece).collect();
            let (once, _) = item(&mut filter(Task::Flashcards), json!({ "back": text }));
            let (twice, echoed) = item(&mut filter(Task::Flashcards), once.clone());
            prop_assert!(!echoed);
            prop_assert_eq!(once, twice);
        }

        #[test]
        fn an_excerpt_is_bounded_and_holds_no_secret(before in any::<String>(), after in any::<Vec<u8>>(), times in 1usize..900) {
            let text = [format!("{before} canary/secret ").repeat(times).as_bytes(), &after].concat();
            let Some(excerpt) = filter(Task::Flashcards).excerpt(&text) else { return Ok(()) };
            let text = excerpt.as_str();
            prop_assert!(text.chars().count() <= EXCERPT_CHARS);
            prop_assert!(!text.contains("canary/secret"));
            let hidden = |char: char| char.is_control() || matches!(char, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
            prop_assert!(!text.contains(hidden));
        }
    }
}
