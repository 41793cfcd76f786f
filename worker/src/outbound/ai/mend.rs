//! Mending of the small slips models make inside an otherwise complete object.
//! Called by `answer` only when an object did not parse; what still does not parse afterwards is dropped.
//! It must never add content: it drops what JSON forbids, or puts the replacement character in its place.
//! `jsonrepair` and `llm_json` are not used: they put an empty text where a value is missing.

use std::{iter::Peekable, str::Chars};

/// The object with raw control characters turned into spaces, unknown escapes and lone surrogates made harmless, and
/// commas before a closing bracket removed.
pub fn mend(object: &str) -> String {
    let mut mended = String::with_capacity(object.len());
    let mut chars = object.chars().peekable();
    let mut in_string = false;
    while let Some(char) = chars.next() {
        match char {
            '\\' if in_string => escape(&mut chars, &mut mended),
            '"' => {
                in_string = !in_string;
                mended.push(char);
            }
            '}' | ']' if !in_string => {
                let end = mended.trim_end();
                if end.ends_with(',') {
                    mended.truncate(end.len() - 1);
                }
                mended.push(char);
            }
            _ if char < ' ' => mended.push(' '),
            _ => mended.push(char),
        }
    }
    mended
}

/// Copies a known escape; of an unknown one (`\'`, `\_`) only the character stays.
fn escape(chars: &mut Peekable<Chars<'_>>, mended: &mut String) {
    match chars.peek().copied() {
        Some(known @ ('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't')) => {
            chars.next();
            mended.extend(['\\', known]);
        }
        Some('u') => {
            chars.next();
            unicode(chars, mended);
        }
        _ => {}
    }
}

fn unicode(chars: &mut Peekable<Chars<'_>>, mended: &mut String) {
    let Some(unit) = hex4(chars) else {
        mended.push(char::REPLACEMENT_CHARACTER);
        return;
    };
    if !(0xD800..0xDC00).contains(&unit) {
        mended.push(char::from_u32(unit).map_or(char::REPLACEMENT_CHARACTER, visible));
        return;
    }
    // A leading surrogate counts only together with a trailing one right behind it.
    let mut ahead = chars.clone();
    let trailing = (ahead.next() == Some('\\') && ahead.next() == Some('u')).then(|| hex4(&mut ahead)).flatten();
    match trailing.filter(|unit| (0xDC00..0xE000).contains(unit)) {
        Some(trailing) => {
            *chars = ahead;
            let joined = 0x10000 + ((unit - 0xD800) << 10) + (trailing - 0xDC00);
            mended.push(char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        None => mended.push(char::REPLACEMENT_CHARACTER),
    }
}

/// A character that would change the text's structure when written bare becomes a space.
fn visible(char: char) -> char {
    if char < ' ' || char == '"' || char == '\\' { ' ' } else { char }
}

fn hex4(chars: &mut Peekable<Chars<'_>>) -> Option<u32> {
    (0..4).try_fold(0, |unit, _| Some(unit * 16 + chars.next_if(char::is_ascii_hexdigit)?.to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::mend;

    #[test]
    fn common_slips_are_mended_without_adding_content() {
        let table = [
            ("{\"a\":\"one\ntwo\"}", json!({"a": "one two"})),
            (r#"{"a":"it\'s"}"#, json!({"a": "it's"})),
            (r#"{"a":"\ud83d\ude00 \ud83d x \udc00"}"#, json!({"a": "😀 \u{fffd} x \u{fffd}"})),
            (r#"{"a":["x", ], }"#, json!({"a": ["x"]})),
            (r#"{"a":",]","b":"\u00e9\u12"}"#, json!({"a": ",]", "b": "é\u{fffd}"})),
            (r#"{"a":"\u0022\u005c"}"#, json!({"a": "  "})),
            (r#"{"a":"\u0001\u0021"}"#, json!({"a": " !"})),
            (r#"{"a":"x\n\"y\\",}"#, json!({"a": "x\n\"y\\"})),
        ];

        for (broken, mended) in table {
            assert_eq!(serde_json::from_str::<Value>(&mend(broken)).ok(), Some(mended), "{broken}");
        }
    }

    #[test]
    fn a_backslash_outside_of_a_string_escapes_nothing() {
        assert_eq!(mend(r#"{\"a":[1,]}"#), r#"{\"a":[1]}"#);
    }

    proptest! {
        #[test]
        fn mending_never_panics(text in any::<String>(), escapes in r#"["\\u0-9a-fd{},: ]{0,40}"#) {
            mend(&text);
            mend(&escapes);
        }

        #[test]
        fn plain_json_keeps_its_meaning(text in "[^\"\\\\\u{0}-\u{1f}]{0,40}") {
            let object = json!({ "a": [text] });
            prop_assert_eq!(serde_json::from_str::<Value>(&mend(&object.to_string())).unwrap(), object);
        }
    }
}
