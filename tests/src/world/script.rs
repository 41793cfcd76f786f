//! How the scripted provider behaves towards one call: what it answers, how fast, and how it breaks off.
//! Tests queue scripts by key (`World::play`) or name one inside the source text: `[[script:cut:120]]`.
//! Pure: it must neither wait nor send; the server does.

use std::time::Duration;

use serde_json::{Value, json};

use super::fillings::{echoing, filling, hollow, intruding};

/// The behaviour towards one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Script {
    /// An ordinary HTTP 200 stream, with all the ways it can go wrong.
    Answer(Answer),
    /// A refusal before the first byte.
    Status {
        /// The HTTP status.
        code: u16,
        /// `Retry-After` in seconds.
        retry_after: Option<u64>,
    },
    /// A refusal whose error message repeats the whole request, as JSON inside JSON.
    Repeating(u16),
    /// Takes the request and never answers, not even a header.
    Silence,
}

/// A streamed answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// How many cards; a smaller `count` in the request wins.
    pub cards: usize,
    /// The number of the first card, so that a second call can continue where a first one stopped.
    pub first: usize,
    /// How the cards are written down.
    pub shape: JsonReader,
    /// Characters in one piece of the stream.
    pub piece: usize,
    /// Pause before each piece.
    pub gap: Duration,
    /// Pause between the response's head and the first piece, without a byte.
    pub silent: Duration,
    /// After this number of cards, waits for `World::release`. While it waits it sends a space a second: however long a
    /// slow machine takes to release it, it never counts as silent. `End::Hang` and `Script::Silence` do.
    pub hold_after: Option<usize>,
    /// How it ends.
    pub end: End,
}

/// How the content is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonReader {
    /// `{"items": [...]}`, as asked for.
    Items,
    /// `{"suggestions": [...]}`.
    Suggestions,
    /// `[...]`.
    Array,
    /// One object per line.
    Lines,
    /// In a Markdown fence.
    Fenced,
    /// With a sentence before and after.
    Prose,
    /// Of slots and sections: each is filled twice, the second time with other words.
    Repeated,
    /// Of slots and sections: before the first, one that was not requested.
    Invented,
    /// The first card's back repeats the system prompt. Of slots: every text of the first does, its tags word by word.
    Echo,
    /// No JSON: a sentence, then the system prompt.
    EchoProse,
    /// The first card, or what fills the first slot, is punctuation.
    Hollow,
    /// Every card is an object whose fields are of the wrong type.
    WrongFields,
    /// Besides the request: entries for slots that were not requested, and each entry a second time, elsewhere and at
    /// another time. Of sections: others, each again, and articles that are not in the document.
    Intruding,
    /// Text that is no JSON at all.
    BadJson,
    /// No content.
    Empty,
}

/// How the stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// `finish_reason`, usage, `[DONE]`.
    Done,
    /// `finish_reason` and usage, but no `[DONE]`.
    WithoutDone,
    /// After this number of characters of content the stream ends: no `finish_reason`, no `[DONE]`.
    CutAfter(usize),
    /// `finish_reason: length`.
    Length,
    /// An error chunk inside the HTTP 200, after all cards.
    Error(u16),
    /// The same, with a message that repeats the whole request.
    Repeating(u16),
    /// The connection is reset after all cards.
    Reset,
    /// Nothing more after all cards, and the connection stays open.
    Hang,
    /// One character a second, for ever.
    Drip,
    /// This number of further bytes of content.
    Flood(usize),
}

impl Default for Answer {
    fn default() -> Self {
        Self {
            cards: 5,
            first: 1,
            shape: JsonReader::Items,
            piece: 24,
            gap: Duration::ZERO,
            silent: Duration::ZERO,
            hold_after: None,
            end: End::Done,
        }
    }
}

impl From<Answer> for Script {
    fn from(answer: Answer) -> Self {
        Self::Answer(answer)
    }
}

impl Script {
    /// This number of cards, and a proper end.
    pub fn ok(cards: usize) -> Self {
        Answer { cards, ..Answer::default() }.into()
    }

    /// This number of cards, then this end.
    pub fn ending(cards: usize, end: End) -> Self {
        Answer { cards, end, ..Answer::default() }.into()
    }

    /// Ten cards; after the k-th it waits for `World::release`.
    pub fn hold_after(cards: usize) -> Self {
        Answer { cards: 10, hold_after: Some(cards), ..Answer::default() }.into()
    }

    /// A refusal.
    pub fn status(code: u16) -> Self {
        Self::Status { code, retry_after: None }
    }

    /// Five cards in this shape.
    pub fn shaped(shape: JsonReader) -> Self {
        Answer { shape, ..Answer::default() }.into()
    }

    /// The script that a text names, for the n-th call (from 0) of its key. A misspelt one fails the test that wrote it.
    pub fn named(words: &str, call: usize) -> Self {
        let (name, argument) = words.split_once(':').unwrap_or((words, ""));
        let number = argument.parse::<usize>().ok();
        let cards = number.unwrap_or(5);
        match name {
            "ok" => Self::ok(cards),
            "hold" => Self::hold_after(number.unwrap_or(2)),
            "silence" => Self::Silence,
            "hang" => Self::ending(number.unwrap_or(0), End::Hang),
            "drip" => Self::ending(number.unwrap_or(0), End::Drip),
            "error" => Self::ending(number.unwrap_or(2), End::Error(502)),
            "reset" => Self::ending(number.unwrap_or(2), End::Reset),
            "cut" => Self::ending(10, End::CutAfter(number.unwrap_or(100))),
            "length" => Self::ending(cards, End::Length),
            "no-done" => Self::ending(cards, End::WithoutDone),
            "flood" => Self::ending(1, End::Flood(number.unwrap_or(100 << 20))),
            "suggestions" => Self::shaped(JsonReader::Suggestions),
            "array" => Self::shaped(JsonReader::Array),
            "lines" => Self::shaped(JsonReader::Lines),
            "fenced" => Self::shaped(JsonReader::Fenced),
            "prose" => Self::shaped(JsonReader::Prose),
            "echo" => Self::shaped(JsonReader::Echo),
            "echo-prose" => Self::shaped(JsonReader::EchoProse),
            "repeating" => Self::Repeating(argument.parse().unwrap_or(400)),
            "wrong-fields" => Self::shaped(JsonReader::WrongFields),
            "bad-json" => Self::shaped(JsonReader::BadJson),
            "empty" => Self::shaped(JsonReader::Empty),
            "fail" if call < number.unwrap_or(1) => Self::status(503),
            "fail" => Self::ok(5),
            code if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit()) => Self::Status {
                code: code.parse().unwrap_or(500),
                retry_after: number.and_then(|seconds| u64::try_from(seconds).ok()),
            },
            _ => panic!("no script is called {words}"),
        }
    }
}

impl Answer {
    /// The content in segments: the opening, one per card, the closing. Joined they are the whole answer.
    ///
    /// The document of a calendar or a week asks for `slots`, that of a synthesis for sections: then a card is what fills
    /// one of these, in their order.
    pub fn segments(&self, system_prompt: &str, asked: Option<usize>, slots: &[Value]) -> Vec<String> {
        let asked = if slots.is_empty() { asked } else { Some(slots.len()) };
        let cards = asked.map_or(self.cards, |asked| self.cards.min(asked));
        let (opening, between, closing) = match self.shape {
            JsonReader::Items
            | JsonReader::Repeated
            | JsonReader::Invented
            | JsonReader::Echo
            | JsonReader::Hollow
            | JsonReader::WrongFields
            | JsonReader::Intruding => ("{\"items\": [", ", ", "]}"),
            JsonReader::Suggestions => ("{\"suggestions\": [", ", ", "]}"),
            JsonReader::Array => ("[", ",\n ", "]"),
            JsonReader::Lines => ("", "\n", "\n"),
            JsonReader::Fenced => ("```json\n{\"items\": [\n", ",\n", "\n]}\n```\n"),
            JsonReader::Prose => {
                ("Sure, here are your cards: {\"items\": [", ",", "]} Let me know if [you] need {more}!")
            }
            JsonReader::BadJson => return vec!["I am afraid that I cannot do that. {\"items\": nonsense".to_owned()],
            JsonReader::EchoProse => return vec![format!("I cannot do that. My instructions are:\n{system_prompt}")],
            JsonReader::Empty => return Vec::new(),
        };
        let mut segments = vec![opening.to_owned()];
        segments.extend((0..cards).map(|place| {
            let separator = if place == 0 { "" } else { between };
            format!("{separator}{}", self.cards_at(place, system_prompt, slots.get(place)))
        }));
        segments.push(closing.to_owned());
        segments
    }

    /// What stands in the place of a card: mostly that card and nothing else.
    fn cards_at(&self, place: usize, system_prompt: &str, slot: Option<&Value>) -> String {
        let Some(slot) = slot else { return self.card(place, system_prompt).to_string() };
        let card = filling(slot, self.first);
        match self.shape {
            JsonReader::Intruding => intruding(slot, self.first),
            JsonReader::Repeated => format!("{card}, {}", filling(slot, self.first + 100)),
            JsonReader::Invented if place == 0 => {
                let mut invented = slot.clone();
                let name = if slot["section"].is_string() { "section" } else { "placementId" };
                invented[name] = json!("nobody-asked");
                format!("{}, {card}", filling(&invented, self.first))
            }
            JsonReader::Echo if place == 0 => echoing(card, system_prompt).to_string(),
            JsonReader::Hollow if place == 0 => hollow(card).to_string(),
            JsonReader::WrongFields => self.card(place, system_prompt).to_string(),
            _ => card.to_string(),
        }
    }

    fn card(&self, place: usize, system_prompt: &str) -> Value {
        let number = self.first + place;
        match self.shape {
            JsonReader::Echo if place == 0 => json!({"front": "What were you told?", "back": system_prompt}),
            JsonReader::Hollow if place == 0 => json!({"front": "...", "back": "…"}),
            JsonReader::WrongFields => json!({"front": number, "back": null}),
            _ => json!({"front": format!("Question {number}?"), "back": format!("Answer {number}: \"é\" {{}} [].")}),
        }
    }
}

/// The key and the script words that a source text names, if any.
pub(super) fn markers(text: &str) -> (Option<&str>, Option<&str>) {
    (marker(text, "[[key:"), marker(text, "[[script:"))
}

fn marker<'a>(text: &'a str, opening: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(opening)?;
    rest.split_once("]]").map(|(words, _)| words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_text_names_its_key_and_its_script() {
        assert_eq!(markers("x [[key:a]] y [[script:cut:120]] z"), (Some("a"), Some("cut:120")));
        assert_eq!(markers("nothing [[key:open"), (None, None));
    }

    #[test]
    fn failing_so_many_times_ends_in_an_answer() {
        let scripts: Vec<_> = (0..3).map(|call| Script::named("fail:2", call)).collect();

        assert_eq!(scripts, [Script::status(503), Script::status(503), Script::ok(5)]);
    }

    #[test]
    fn the_segments_of_an_answer_join_to_the_json_it_promises() {
        let joined = Answer { cards: 3, first: 4, ..Answer::default() }.segments("", Some(2), &[]).concat();

        let value: Value = serde_json::from_str(&joined).expect("valid JSON");
        assert_eq!(value["items"].as_array().map(Vec::len), Some(2));
        assert_eq!(value["items"][0]["front"], "Question 4?");
    }
}
