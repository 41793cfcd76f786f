//! Reading JSON that people sent into checked words, gathering every flaw on the way so that one answer names them all.
//! Called by domains whose bodies hold free-form objects, which no declared schema can check for them.
//! It never bends a value to fit: what is of another type is a flaw.

use std::{fmt, ops::RangeInclusive, str::FromStr};

use serde_json::{Map, Value};

use crate::platform::error::{FieldError, Refusal};

/// The flaws found so far.
#[derive(Debug, Default)]
pub struct JsonReader(Vec<FieldError>);

/// The way to a value from the body.
pub type JsonPath<'a> = &'a [&'a dyn AsSegment];

/// A name or an index on the way to a value.
pub trait AsSegment {
    /// As it stands in `loc`.
    fn segment(&self) -> Value;
}

impl AsSegment for &str {
    fn segment(&self) -> Value {
        Value::from(*self)
    }
}

impl AsSegment for String {
    fn segment(&self) -> Value {
        Value::from(self.as_str())
    }
}

impl AsSegment for usize {
    fn segment(&self) -> Value {
        Value::from(*self)
    }
}

impl JsonReader {
    /// Notes a flaw.
    pub fn flaw(&mut self, way: JsonPath<'_>, kind: &'static str, message: impl fmt::Display) {
        let loc = way.iter().map(|segment| segment.segment()).collect();
        self.0.push(FieldError { loc, kind, message: message.to_string() });
    }

    /// How many there are so far: whoever reads very much may stop where nobody would read the answer.
    pub const fn found(&self) -> usize {
        self.0.len()
    }

    /// The word in a text.
    pub fn word<T: FromStr<Err: fmt::Display>>(&mut self, way: JsonPath<'_>, text: &str) -> Option<T> {
        self.take(way, "value", text.parse())
    }

    /// What a check gave, or none and a flaw.
    pub fn take<T, E: fmt::Display>(
        &mut self,
        way: JsonPath<'_>,
        kind: &'static str,
        checked: Result<T, E>,
    ) -> Option<T> {
        checked.map_err(|error| self.flaw(way, kind, error)).ok()
    }

    /// A list of so many items.
    pub fn count(&mut self, way: JsonPath<'_>, items: usize, allowed: RangeInclusive<usize>) {
        self.size(way, items, allowed, "items");
    }

    /// A text of so many characters, trimmed.
    pub fn text(&mut self, way: JsonPath<'_>, value: &Value, allowed: RangeInclusive<usize>) -> Option<String> {
        let Some(text) = value.as_str().map(str::trim) else {
            self.flaw(way, "type", "must be a string");
            return None;
        };
        let chars = text.chars().take(allowed.end().saturating_add(1)).count();
        self.size(way, chars, allowed, "characters").then(|| text.to_owned())
    }

    /// A list of so many texts.
    pub fn texts(
        &mut self,
        way: JsonPath<'_>,
        value: &Value,
        items: RangeInclusive<usize>,
        chars: RangeInclusive<usize>,
    ) -> Vec<String> {
        let list = self.list(way, value, items).unwrap_or_default();
        let texts = list.iter().enumerate();
        texts.filter_map(|(at, item)| self.text(&[way, &[&at]].concat(), item, chars.clone())).collect()
    }

    /// A list of so many items of any kind.
    pub fn list<'v>(
        &mut self,
        way: JsonPath<'_>,
        value: &'v Value,
        items: RangeInclusive<usize>,
    ) -> Option<&'v [Value]> {
        let Some(list) = value.as_array() else {
            self.flaw(way, "type", "must be a list");
            return None;
        };
        self.size(way, list.len(), items, "items").then_some(list)
    }

    /// An object.
    pub fn object<'v>(&mut self, way: JsonPath<'_>, value: &'v Value) -> Option<&'v Map<String, Value>> {
        if value.as_object().is_none() {
            self.flaw(way, "type", "must be an object");
        }
        value.as_object()
    }

    /// The words, if they have no flaw.
    ///
    /// # Errors
    /// `InvalidFields` with every flaw. A word that is missing without one is our own fault.
    pub fn finish<T>(self, words: Option<T>) -> Result<T, Refusal> {
        match words {
            Some(words) if self.0.is_empty() => Ok(words),
            None if self.0.is_empty() => Err(anyhow::anyhow!("a word is missing without a flaw").into()),
            _ => Err(Refusal::InvalidFields(self.0)),
        }
    }

    fn size(&mut self, way: JsonPath<'_>, size: usize, allowed: RangeInclusive<usize>, unit: &str) -> bool {
        let (least, most) = allowed.into_inner();
        if size < least {
            self.flaw(way, "too_short", format_args!("must have at least {least} {unit}"));
        }
        if size > most {
            self.flaw(way, "too_long", format_args!("must have at most {most} {unit}"));
        }
        (least..=most).contains(&size)
    }
}
