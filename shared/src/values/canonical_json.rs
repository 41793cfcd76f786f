//! Canonical JSON (RFC 8785): one text for one value, so that a hash of it names the value. Called by everything that
//! hashes JSON: idempotency keys, publishing plans, receipts.
//! Numbers are doubles here, as the RFC demands: an id beyond 2^53 must be a string.

use serde::Serialize;
use sha2::{Digest, Sha256};

/// The canonical text of a value: keys sorted by UTF-16 code units, no white space, each number in one spelling.
///
/// # Errors
/// The value has no JSON form.
pub fn to_string<T: Serialize>(value: &T) -> serde_json::Result<String> {
    serde_json_canonicalizer::to_string(value)
}

/// SHA-256 of the canonical text.
///
/// # Errors
/// The value has no JSON form.
pub fn sha256<T: Serialize>(value: &T) -> serde_json::Result<[u8; 32]> {
    Ok(Sha256::digest(to_string(value)?).into())
}

/// SHA-256 of the canonical text in lower-case hex.
///
/// # Errors
/// The value has no JSON form.
pub fn sha256_hex<T: Serialize>(value: &T) -> serde_json::Result<String> {
    Ok(sha256(value)?.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Example of section 3.2.2 and the sorting example of section 3.2.3 of the RFC.
    #[test]
    fn the_examples_of_the_rfc_have_the_text_it_prints() {
        let numbers: Value = serde_json::from_str(
            r#"{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
                "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}"#,
        )
        .unwrap();
        let expected = "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\
                        \"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}";
        assert_eq!(to_string(&numbers).unwrap(), expected);

        let keys = json!({"\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7});
        let values: String = to_string(&keys).unwrap().chars().filter(|char| ('2'..='7').contains(char)).collect();
        assert_eq!(values, "246753", "the emoji is two surrogates, which sort below U+FB33");
    }

    #[test]
    fn a_hash_is_lower_case_hex_of_the_text() {
        // `printf '{}' | sha256sum`
        let expected = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        assert_eq!(sha256_hex(&json!({})).unwrap(), expected);
    }
}
