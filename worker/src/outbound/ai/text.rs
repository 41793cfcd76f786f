//! Cleaning and cutting of a model's texts. Called by `filter` (cleaning) and by each task's parsing (cutting).
//! All functions are pure and linear; none may ever let a NUL, control or bidi character through.
//! Unicode's class of format characters (Cf) is not used: it contains the joiners, which must stay.

use almanac_shared::values::invisible::is_invisible;
use serde_json::Value;

/// The mark at the end of a text that was cut.
pub const CUT_MARK: char = '…';

/// Cleans every string and key in a value. The value's depth is bounded by the extractor.
pub fn clean_all(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(clean(&text)),
        Value::Array(values) => Value::Array(values.into_iter().map(clean_all).collect()),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(key, value)| (clean(&key), clean_all(value))).collect())
        }
        other => other,
    }
}

/// The text without NUL, control, bidi and invisible characters; line breaks stay as `\n`, tabs become spaces; trimmed.
pub fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' | '\n' | '\u{2028}' | '\u{2029}' => cleaned.push('\n'),
            '\t' => cleaned.push(' '),
            _ if char.is_control() || is_invisible(char) => {}
            _ => cleaned.push(char),
        }
    }
    cleaned.trim().to_owned()
}

/// Whether a text says anything: two letters or digits at least.
pub fn has_substance(text: &str) -> bool {
    text.chars().filter(|char| char.is_alphanumeric()).nth(1).is_some()
}

/// The text in at most `limit` characters, the last one the cut mark when something was cut; and whether it was.
pub fn cut(text: &str, limit: usize) -> (String, bool) {
    if text.chars().nth(limit).is_none() {
        return (text.to_owned(), false);
    }
    let mut kept: String = text.chars().take(limit.saturating_sub(1)).collect();
    kept.truncate(kept.trim_end().len());
    kept.push(CUT_MARK);
    (kept, true)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn control_and_bidi_characters_are_stripped_and_line_breaks_kept() {
        let table = [
            ("a\0b\u{7}c", "abc"),
            (" \u{202e}evil\u{2066}x\u{feff} ", "evilx"),
            ("one\r\ntwo\rthree\u{2028}four\tfive", "one\ntwo\nthree\nfour five"),
            ("👩\u{200d}🚀 می\u{200c}خواهم", "👩\u{200d}🚀 می\u{200c}خواهم"),
            ("\u{9b}31m", "31m"),
        ];

        for (dirty, cleaned) in table {
            assert_eq!(clean(dirty), cleaned);
        }
    }

    #[test]
    fn every_text_and_every_name_in_a_value_is_cleaned_and_the_rest_stays() {
        let dirty = serde_json::json!({ "a\0": [" b\u{7}", 1, null, true, { "c\u{202e}": "d\0" }] });
        assert_eq!(clean_all(dirty), serde_json::json!({ "a": ["b", 1, null, true, { "c": "d" }] }));
    }

    #[test]
    fn a_text_over_its_limit_is_cut_between_characters_and_marked() {
        assert_eq!(cut("élan", 4), ("élan".to_owned(), false));
        assert_eq!(cut("élans", 4), ("éla…".to_owned(), true));
        assert_eq!(cut("😀😀 😀😀", 4), ("😀😀…".to_owned(), true));
        assert_eq!(cut("ab", 0).0, "…");
    }

    #[test]
    fn a_text_of_punctuation_has_no_substance() {
        for (text, substance) in
            [("...", false), ("a.", false), ("[…]", false), ("42", true), ("水が", true), ("", false)]
        {
            assert_eq!(has_substance(text), substance, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_cut_text_never_passes_its_limit(text in any::<String>(), limit in 1usize..20) {
            let (kept, was_cut) = cut(&text, limit);
            prop_assert!(kept.chars().count() <= limit);
            prop_assert_eq!(was_cut, text.chars().count() > limit);
        }

        #[test]
        fn cleaning_twice_changes_nothing_more(text in any::<String>()) {
            let once = clean(&text);
            prop_assert_eq!(clean(&once), once);
        }
    }
}
