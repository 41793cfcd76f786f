//! Ids in vendors' answers: numbers or texts, kept as texts. A number passes no floating point on the way, because ids
//! go beyond 2^53.

use serde_json::Value;

/// Longest id that is kept.
const MAX_BYTES: usize = 256;

/// An id as text, if it can be one.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if is_word(text) => Some(text.clone()),
        Value::Number(number) if number.is_u64() => Some(number.to_string()),
        _ => None,
    }
}

/// Visible ASCII, and short.
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A number that some vendors send as text.
pub(super) fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_of_64_bits_stay_as_they_are() {
        let read = |id: &str| text(&serde_json::from_str(id).unwrap());
        assert_eq!(read("7412345678901234567").as_deref(), Some("7412345678901234567"));
        assert_eq!(read("18446744073709551615").as_deref(), Some("18446744073709551615"));
        assert_eq!(read(r#""123_456""#).as_deref(), Some("123_456"));
        for none in ["1.5", "1e30", "18446744073709551616", "-1", r#""""#, r#""a b""#, "null", "[]", "true"] {
            assert_eq!(read(none), None, "{none}");
        }
    }

    #[test]
    fn numbers_may_be_texts() {
        assert_eq!((number(&json!(190)), number(&json!("190")), number(&json!("x"))), (Some(190), Some(190), None));
    }
}
