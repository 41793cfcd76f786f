//! The redactor: what a provider said, made fit for an error column.
//! Called wherever outside text is kept as an excerpt.
//! It must never let our own secrets, a bearer token, a key-like word or an e-mail address through, nor more than 2 kB.

use secrecy::{ExposeSecret, SecretString};

/// Longest excerpt in bytes.
pub const MAX_EXCERPT: usize = 2_000;

const HIDDEN: &str = "[redacted]";

/// A word this long that mixes letters and digits is taken for a key.
const KEY_LIKE: usize = 24;

/// The beginning of a text with everything secret replaced, control characters as spaces, cut at a character boundary.
pub fn excerpt(text: &[u8], secret: Option<&SecretString>) -> String {
    // A few times the final size is enough to fill it, and bounds the work on a megabyte of answer.
    let text = String::from_utf8_lossy(&text[..text.len().min(4 * MAX_EXCERPT)]);
    let text = match secret.map(|secret| secret.expose_secret()) {
        Some(secret) if !secret.is_empty() => text.replace(secret, HIDDEN),
        _ => text.into_owned(),
    };
    let mut kept = String::with_capacity(text.len().min(MAX_EXCERPT));
    let mut after_scheme = false;
    for word in text.split_inclusive(|char: char| !is_word(char)) {
        let end = word.trim_end_matches(|char| !is_word(char)).len();
        let (word, gap) = word.split_at(end);
        kept.push_str(if after_scheme && !word.is_empty() || is_secret(word) { HIDDEN } else { word });
        kept.extend(gap.chars().map(|char| if char.is_control() { ' ' } else { char }));
        after_scheme = match word {
            "" => after_scheme,
            _ => ["bearer", "basic"].contains(&word.to_ascii_lowercase().as_str()),
        };
    }
    kept.truncate(kept.floor_char_boundary(MAX_EXCERPT));
    kept
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || matches!(char, '-' | '_' | '.' | '@' | '+' | '~')
}

fn is_secret(word: &str) -> bool {
    let mail = word.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    let prefixed =
        word.len() > 8 && ["sk-", "pk-", "rk-", "sk_", "key-", "eyJ"].iter().any(|prefix| word.starts_with(prefix));
    let mixed = word.bytes().any(|byte| byte.is_ascii_digit()) && word.bytes().any(|byte| byte.is_ascii_alphabetic());
    mail || prefixed || (word.len() >= KEY_LIKE && mixed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn secrets_are_replaced_and_the_rest_stays_readable() {
        let secret = SecretString::from("canary");
        let table = [
            ("No auth: Bearer abc", "No auth: Bearer [redacted]"),
            ("key sk-or-v1-12345678 is bad", "key [redacted] is bad"),
            ("the canary sings", "the [redacted] sings"),
            ("mail anna@example.com now", "mail [redacted] now"),
            (r#"{"id":"0123456789abcdef0123456789abcdef"}"#, r#"{"id":"[redacted]"}"#),
            ("Internationalisierungsstrategien stay", "Internationalisierungsstrategien stay"),
            ("Rate\nlimit\0", "Rate limit "),
        ];

        for (text, redacted) in table {
            assert_eq!(excerpt(text.as_bytes(), Some(&secret)), redacted);
        }
    }

    proptest! {
        #[test]
        fn an_excerpt_is_bounded_and_holds_no_secret(before in any::<String>(), after in any::<Vec<u8>>(), times in 1usize..900) {
            let secret = SecretString::from("Q7!canary/secret");
            let text = [format!("{before} Q7!canary/secret ").repeat(times).as_bytes(), &after].concat();
            let kept = excerpt(&text, Some(&secret));
            prop_assert!(kept.len() <= MAX_EXCERPT);
            prop_assert!(!kept.contains("Q7!canary/secret"));
        }
    }
}
