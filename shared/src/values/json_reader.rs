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

    /// Number of flaws so far, so that a reader of a large document can stop at the limit.
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

    /// Checks the number of items in a list.
    pub fn count(&mut self, way: JsonPath<'_>, items: usize, allowed: RangeInclusive<usize>) {
        self.size(way, items, allowed, "items");
    }

    /// A text, trimmed, with an allowed number of characters.
    pub fn text(&mut self, way: JsonPath<'_>, value: &Value, allowed: RangeInclusive<usize>) -> Option<String> {
        let Some(text) = value.as_str().map(str::trim) else {
            self.flaw(way, "type", "must be a string");
            return None;
        };
        let chars = text.chars().take(allowed.end().saturating_add(1)).count();
        self.size(way, chars, allowed, "characters").then(|| text.to_owned())
    }

    /// A list of texts, with allowed numbers of items and of characters.
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

    /// A list of any items, with an allowed number of them.
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What a reader found: path, kind and message of each flaw.
    fn flaws(read: impl FnOnce(&mut JsonReader)) -> Vec<String> {
        let mut reader = JsonReader::default();
        read(&mut reader);
        let found = reader.found();
        let flaws = match reader.finish(Some(())) {
            Ok(()) => Vec::new(),
            Err(Refusal::InvalidFields(flaws)) => flaws,
            Err(other) => panic!("not malformed: {other:?}"),
        };
        assert_eq!(flaws.len(), found);
        flaws.iter().map(|flaw| format!("{} {} {}", Value::from(flaw.loc.clone()), flaw.kind, flaw.message)).collect()
    }

    #[test]
    fn a_path_holds_names_and_indexes() {
        let name = "list".to_owned();
        assert_eq!(
            flaws(|reader| reader.flaw(&[&name, &2_usize, &"id"], "value", "bad")),
            [r#"["list",2,"id"] value bad"#]
        );
        assert_eq!(flaws(|_| ()), [""; 0]);
    }

    #[test]
    fn a_word_is_read_or_is_a_flaw() {
        let mut reader = JsonReader::default();
        assert_eq!(reader.word(&[&"n"], "7"), Some(7_u8));
        assert_eq!(reader.found(), 0);
        assert_eq!(reader.word::<u8>(&[&"n"], "x"), None);
        assert_eq!(reader.take(&[&"n"], "value", Ok::<_, String>(1)), Some(1));
        assert_eq!(reader.take(&[&"n"], "value", Err::<u8, _>("no")), None);
        assert_eq!(reader.found(), 2);
    }

    #[test]
    fn a_text_is_trimmed_and_its_characters_are_counted() {
        for (value, text, flaw) in [
            (json!(" éé "), Some("éé"), None),
            (json!("ééé"), Some("ééé"), None),
            (json!(" é "), None, Some(r#"["t"] too_short must have at least 2 characters"#)),
            (json!("éééé"), None, Some(r#"["t"] too_long must have at most 3 characters"#)),
            (json!(3), None, Some(r#"["t"] type must be a string"#)),
        ] {
            let read = flaws(|reader| assert_eq!(reader.text(&[&"t"], &value, 2..=3).as_deref(), text, "{value}"));
            assert_eq!(read, flaw.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_list_has_its_number_of_items() {
        for (value, items, flaw) in [
            (json!([1]), Some(1), None),
            (json!([1, 2]), Some(2), None),
            (json!([]), None, Some(r#"["l"] too_short must have at least 1 items"#)),
            (json!([1, 2, 3]), None, Some(r#"["l"] too_long must have at most 2 items"#)),
            (json!({}), None, Some(r#"["l"] type must be a list"#)),
        ] {
            let read =
                flaws(|reader| assert_eq!(reader.list(&[&"l"], &value, 1..=2).map(<[Value]>::len), items, "{value}"));
            assert_eq!(read, flaw.into_iter().collect::<Vec<_>>());
        }
        assert_eq!(flaws(|reader| reader.count(&[&"l"], 3, 0..=2)), [r#"["l"] too_long must have at most 2 items"#]);
        assert_eq!(flaws(|reader| reader.count(&[&"l"], 2, 0..=2)), [""; 0]);
    }

    #[test]
    fn each_flawed_text_of_a_list_is_named_and_the_others_are_read() {
        let read = flaws(|reader| {
            assert_eq!(reader.texts(&[&"l"], &json!(["a ", 1, "", "b"]), 0..=4, 1..=2), ["a", "b"]);
        });
        assert_eq!(read, [r#"["l",1] type must be a string"#, r#"["l",2] too_short must have at least 1 characters"#]);
    }

    #[test]
    fn an_object_is_an_object() {
        let value = json!({"a": 1});
        assert_eq!(flaws(|reader| assert_eq!(reader.object(&[&"o"], &value).map(Map::len), Some(1))), [""; 0]);
        let read = flaws(|reader| assert!(reader.object(&[&"o"], &json!([])).is_none()));
        assert_eq!(read, [r#"["o"] type must be an object"#]);
    }

    #[test]
    fn a_reader_that_found_a_flaw_gives_nothing_and_one_that_gives_nothing_found_a_flaw() {
        let reader = |flawed: bool| {
            let mut reader = JsonReader::default();
            if flawed {
                reader.flaw(&[], "value", "bad");
            }
            reader
        };
        assert_eq!(reader(false).finish(Some(1)).unwrap(), 1);
        assert!(matches!(reader(true).finish(Some(1)), Err(Refusal::InvalidFields(flaws)) if flaws.len() == 1));
        assert!(matches!(reader(true).finish::<u8>(None), Err(Refusal::InvalidFields(flaws)) if flaws.len() == 1));
        assert!(matches!(reader(false).finish::<u8>(None), Err(Refusal::Unexpected(_))));
    }
}
