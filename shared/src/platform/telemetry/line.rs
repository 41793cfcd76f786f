//! One log line: its fields while they are gathered, and its two forms, JSON for machines and text for people.
//! The log layer calls it for every event; it is pure, so a golden test can hold every byte.
//! It must never write a value whose name `redact` knows as a secret.

use std::{
    error::Error,
    fmt::{self, Write},
    ops::Range,
};

use chrono::{DateTime, SecondsFormat, Utc};
use tracing::{
    Level,
    field::{Field, Visit},
};

use super::redact::{REDACTED, is_secret};

/// Fields that every line has, null where there is none, in the order they are printed.
pub const REQUIRED: [&str; 10] =
    ["requestId", "userId", "channel", "calendarId", "runId", "status", "jobId", "kind", "traceId", "spanId"];

/// What the line itself prints; a field of that name steps aside.
const TAKEN: [&str; 3] = ["timestamp", "level", "target"];

/// What a line says before its fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head<'a> {
    pub at: DateTime<Utc>,
    pub level: Level,
    pub target: &'a str,
}

/// Named values, each already encoded as JSON, in the order they came. A later value of the same name wins.
/// All values share one text, so gathering a line costs two allocations, not two per field.
#[derive(Debug, Default)]
pub(super) struct Fields {
    text: String,
    places: Vec<(&'static str, Range<usize>)>,
}

impl Fields {
    /// The encoded value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.places.iter().find(|(known, _)| *known == name).map(|(_, place)| &self.text[place.clone()])
    }

    /// Sets a value that needs no redaction.
    pub fn put_str(&mut self, name: &'static str, value: &str) {
        self.put(name, |text| push_json_str(text, value));
    }

    /// Takes over what an outer span knows and this one does not.
    pub fn inherit(&mut self, outer: &Fields) {
        for (name, place) in &outer.places {
            if self.get(name).is_none() {
                self.put(name, |text| text.push_str(&outer.text[place.clone()]));
            }
        }
    }

    fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.places.iter().map(|(name, place)| (*name, &self.text[place.clone()]))
    }

    fn put(&mut self, name: &'static str, encode: impl FnOnce(&mut String)) {
        let name = wire_name(name);
        let start = self.text.len();
        encode(&mut self.text);
        match self.places.iter().position(|(known, _)| *known == name) {
            None => self.places.push((name, start..self.text.len())),
            Some(index) => self.replace(index, start),
        }
    }

    /// Moves the value at the end of the text to the place of the older one, so a span that is recorded a thousand
    /// times does not grow.
    fn replace(&mut self, index: usize, start: usize) {
        let value = self.text.split_off(start);
        let old = self.places[index].1.clone();
        self.text.replace_range(old.clone(), &value);
        for (_, place) in &mut self.places {
            if place.start > old.start {
                *place = place.start + value.len() - old.len()..place.end + value.len() - old.len();
            }
        }
        self.places[index].1 = old.start..old.start + value.len();
    }

    fn put_text(&mut self, field: &Field, write: impl FnOnce(&mut JsonText<'_>) -> fmt::Result) {
        let name = field.name();
        self.put(name, |text| {
            text.push('"');
            if is_secret(name) {
                text.push_str(REDACTED);
            } else if write(&mut JsonText(text)).is_err() {
                text.push_str("[unprintable]");
            }
            text.push('"');
        });
    }

    fn put_display(&mut self, field: &Field, value: impl fmt::Display) {
        self.put(field.name(), |text| {
            let _ = write!(text, "{value}");
        });
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put_text(field, |text| write!(text, "{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put_text(field, |text| text.write_str(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.put_text(field, |text| {
            write!(text, "{value}")?;
            let mut cause = value.source();
            while let Some(inner) = cause {
                write!(text, ": {inner}")?;
                cause = inner.source();
            }
            Ok(())
        });
    }

    // A number or a boolean holds no secret, so counts such as `tokens` pass whatever they are called.
    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() { self.put_display(field, value) } else { self.record_debug(field, &value) }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put_display(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put_display(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put_display(field, value);
    }
}

/// The JSON form: one object, then a newline.
pub(super) fn json(head: &Head<'_>, fields: &Fields) -> String {
    let mut line = String::with_capacity(512);
    line.push_str("{\"timestamp\":\"");
    line.push_str(&head.at.to_rfc3339_opts(SecondsFormat::Millis, true));
    line.push_str("\",\"level\":\"");
    line.push_str(head.level.as_str());
    line.push_str("\",\"target\":");
    push_json_str(&mut line, head.target);
    for name in ["message"].iter().chain(&REQUIRED) {
        push_member(&mut line, name, "", fields.get(name).unwrap_or("null"));
    }
    for (name, value) in own(fields) {
        push_member(&mut line, name, if TAKEN.contains(&name) { "_" } else { "" }, value);
    }
    line.push_str("}\n");
    line
}

/// Text for a terminal: time, level, message, then the fields as `name=value`.
pub(super) fn text(head: &Head<'_>, fields: &Fields) -> String {
    let mut line = String::with_capacity(256);
    let _ = write!(line, "{} {:<5} ", head.at.format("%H:%M:%S%.3f"), head.level.as_str());
    // Values stay in their JSON spelling, so a value with a newline cannot forge a second line.
    let message = fields.get("message").unwrap_or(head.target);
    line.push_str(message.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(message));
    let known = REQUIRED.iter().filter_map(|name| fields.get(name).map(|value| (*name, value)));
    for (name, value) in own(fields).chain(known) {
        let _ = write!(line, "  {name}={value}");
    }
    line.push('\n');
    line
}

/// Fields that are neither the message nor required.
fn own(fields: &Fields) -> impl Iterator<Item = (&'static str, &str)> {
    fields.iter().filter(|(name, _)| *name != "message" && !REQUIRED.contains(name))
}

/// Rust's spelling of a required field is the same field.
fn wire_name(name: &'static str) -> &'static str {
    match name {
        "request_id" => "requestId",
        "user_id" => "userId",
        "calendar_id" => "calendarId",
        "run_id" => "runId",
        "job_id" => "jobId",
        "trace_id" => "traceId",
        "span_id" => "spanId",
        _ => name,
    }
}

fn push_member(line: &mut String, name: &str, suffix: &str, value: &str) {
    line.push(',');
    line.push('"');
    // Field names are literals of our own code, but `r#type`-like and dotted names exist: escape them all the same.
    let _ = JsonText(line).write_str(name);
    line.push_str(suffix);
    line.push_str("\":");
    line.push_str(value);
}

fn push_json_str(text: &mut String, value: &str) {
    text.push('"');
    let _ = JsonText(text).write_str(value);
    text.push('"');
}

/// Escapes what is written into it for the inside of a JSON string.
struct JsonText<'a>(&'a mut String);

impl Write for JsonText<'_> {
    fn write_str(&mut self, value: &str) -> fmt::Result {
        let mut clean = 0;
        for (index, byte) in value.bytes().enumerate() {
            let escape = match byte {
                b'"' => "\\\"",
                b'\\' => "\\\\",
                b'\n' => "\\n",
                b'\r' => "\\r",
                b'\t' => "\\t",
                0..0x20 | 0x7f => "",
                _ => continue,
            };
            self.0.push_str(&value[clean..index]);
            clean = index + 1;
            if escape.is_empty() {
                write!(self.0, "\\u{byte:04x}")?;
            } else {
                self.0.push_str(escape);
            }
        }
        self.0.push_str(&value[clean..]);
        Ok(())
    }
}
