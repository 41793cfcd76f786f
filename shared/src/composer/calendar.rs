//! The composer's calendar entries: one for each slot a document asks for, and the document that asks for them.
//! The worker writes the document for every model, the composer reads it; dry runs are made of nothing else.
//! An entry depends on its own slot and on the constraints only, so asking again for missing slots gives what was missing.

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use self::wishes::Wishes;

mod phrases;
mod wishes;

/// The task's name in a document.
pub const TASK: &str = "calendar";

/// Longest topic in a title, in characters: a title is a line.
const TOPIC_IN_TITLE: usize = 100;

/// The user message of a calendar run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Always `calendar`.
    pub task: String,
    /// What to fill.
    pub slots: Vec<Slot>,
    /// What was asked for, unknown keys included: data, never instructions.
    #[serde(default)]
    pub constraints: Map<String, Value>,
    /// The language to write in; that of the constraints when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// One slot of a document, in the words of the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// `channel:date:ordinal`.
    pub key: String,
    /// Where it goes.
    pub channel: String,
    /// Local date, `YYYY-MM-DD`.
    pub date: String,
    /// Local time of day, `HH:MM`.
    pub time: String,
}

impl Document {
    /// Asks for these slots.
    pub fn new(slots: Vec<Slot>, constraints: Map<String, Value>, language: Option<String>) -> Self {
        Self { task: TASK.to_owned(), slots, constraints, language }
    }

    /// The document in a JSON value, if it is one of this task.
    pub fn read(value: &Value) -> Option<Self> {
        Self::deserialize(value).ok().filter(|document| document.task == TASK)
    }
}

impl From<Document> for Value {
    fn from(document: Document) -> Self {
        let slot =
            |slot: Slot| json!({ "key": slot.key, "channel": slot.channel, "date": slot.date, "time": slot.time });
        let slots: Vec<Value> = document.slots.into_iter().map(slot).collect();
        let mut value = json!({ "task": document.task, "slots": slots, "constraints": document.constraints });
        if let Some(language) = document.language {
            value["language"] = language.into();
        }
        value
    }
}

/// One composed entry: what a model says about a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The slot's.
    pub key: String,
    /// A headline for people.
    pub title: String,
    /// What it is about.
    pub topic: String,
    /// What kind of content, fitting the channel.
    pub format: String,
    /// The text to publish.
    pub caption: String,
    /// Tags, each with its `#`.
    pub hashtags: Vec<String>,
    /// For the people who make it.
    pub notes: String,
}

impl From<Entry> for Value {
    fn from(entry: Entry) -> Self {
        json!({
            "key": entry.key, "title": entry.title, "topic": entry.topic, "format": entry.format,
            "caption": entry.caption, "hashtags": entry.hashtags, "notes": entry.notes,
        })
    }
}

/// One entry a slot, in the order of the slots.
pub fn compose(document: &Document) -> Vec<Entry> {
    let wishes = Wishes::read(&document.constraints, document.language.as_deref());
    document.slots.iter().map(|slot| entry(slot, &wishes)).collect()
}

fn entry(slot: &Slot, wishes: &Wishes) -> Entry {
    let date = slot.date.parse::<NaiveDate>().unwrap_or_default();
    let turn = Turn::of(date, &slot.channel);
    let topic = wishes.topic(turn.topic);
    let angle = wishes.angle(turn.angle);
    let filled = |template: &str, chars: usize| sentence(&template.replace("{topic}", &shortened(topic, chars)));
    let title = wishes.permitted(&filled(angle.title, TOPIC_IN_TITLE));
    Entry {
        key: slot.key.clone(),
        title: if title.is_empty() { "…".to_owned() } else { title },
        topic: wishes.permitted(topic),
        format: pick(phrases::formats(&slot.channel), turn.format).to_owned(),
        caption: wishes.permitted(&caption(&filled(angle.caption, usize::MAX), turn, wishes)),
        hashtags: wishes.hashtags(topic, angle.tag),
        notes: wishes.permitted(&notes(date, &slot.time, wishes)),
    }
}

fn caption(body: &str, turn: Turn, wishes: &Wishes) -> String {
    let bank = phrases::bank(wishes.language);
    let opening = pick(phrases::openings(wishes.language, wishes.tone.as_deref()), turn.opening);
    let audience = wishes.audience.as_deref().map(|audience| bank.audience.replace("{audience}", audience));
    let brand = wishes.brand.as_deref().map(|brand| format!("— {brand}"));
    let first = [opening, body].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let parts = [Some(first), audience, Some(pick(bank.closings, turn.closing).to_owned()), brand];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
}

fn notes(date: NaiveDate, time: &str, wishes: &Wishes) -> String {
    let bank = phrases::bank(wishes.language);
    let weekday = pick(&bank.weekdays, date.weekday().num_days_from_monday() as usize);
    let month = pick(&bank.months, date.month0() as usize);
    let due = bank.due.replace("{date}", &format!("{weekday} {} {month} {}", date.day(), date.year()));
    let tone = wishes.tone.as_deref().map(|tone| bank.tone.replace("{tone}", tone));
    [Some(due.replace("{time}", time)), tone].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Which phrase of each list a slot gets: neighbours in time and on other channels get others.
#[derive(Clone, Copy, Debug)]
struct Turn {
    topic: usize,
    angle: usize,
    format: usize,
    opening: usize,
    closing: usize,
}

impl Turn {
    fn of(date: NaiveDate, channel: &str) -> Self {
        let day = date.num_days_from_ce().unsigned_abs() as usize;
        let channel = channel.bytes().fold(7_usize, |sum, byte| (sum * 31 + usize::from(byte)) % 9_973);
        // Weeks and months count too, so that a weekly plan does not meet the same phrase in every turn of seven.
        let spread = day + day / 7 + day / 28 + channel;
        Self {
            topic: spread,
            angle: day + channel,
            format: spread / 2,
            opening: spread / 3,
            closing: day / 2 + channel,
        }
    }
}

/// The item whose turn it is. The lists are never empty; were one, it would say nothing.
fn pick<'a>(list: &[&'a str], turn: usize) -> &'a str {
    list.get(turn % list.len().max(1)).copied().unwrap_or_default()
}

/// With a capital at its beginning.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn shortened(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

#[cfg(test)]
mod tests;
