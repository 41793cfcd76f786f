//! Takes secrets out of a provider's text. Called where outside text is kept as an excerpt.
//! It must never let our own secrets, a bearer token, a key-like word or an e-mail address through.
//! `redact` and `veil` are not used: they hide typed fields, and these secrets are in free text.

use secrecy::{ExposeSecret, SecretString};

const HIDDEN: &str = "[redacted]";

/// A word this long that mixes letters and digits is taken for a key.
const KEY_LIKE: usize = 24;

/// The text with everything secret replaced.
pub fn redact(text: &str, secret: Option<&SecretString>) -> String {
    let text = match secret.map(|secret| secret.expose_secret()) {
        Some(secret) if !secret.is_empty() => text.replace(secret, HIDDEN),
        _ => text.to_owned(),
    };
    let mut kept = String::with_capacity(text.len());
    let mut after_scheme = false;
    for word in text.split_inclusive(|char: char| !is_word(char)) {
        let end = word.trim_end_matches(|char| !is_word(char)).len();
        let (word, gap) = word.split_at(end);
        kept.push_str(if after_scheme && !word.is_empty() || is_secret(word) { HIDDEN } else { word });
        kept.push_str(gap);
        after_scheme = match word {
            "" => after_scheme,
            _ => ["bearer", "basic"].contains(&word.to_ascii_lowercase().as_str()),
        };
    }
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
        ];

        for (text, redacted) in table {
            assert_eq!(redact(text, Some(&secret)), redacted);
        }
    }

    #[test]
    fn a_word_is_a_secret_by_what_stands_before_it_its_start_or_its_form() {
        let table = [
            ("basic abc def", "basic [redacted] def"),
            ("Bearer: \n abc", "Bearer: \n [redacted]"),
            ("sk-12345 sk-123456 xx-123456", "sk-12345 [redacted] xx-123456"),
            ("a@b @b.c a@b.c", "a@b @b.c [redacted]"),
            ("0123456789abcdef0123456 0123456789abcdef01234567", "0123456789abcdef0123456 [redacted]"),
            ("0123456789012345678901234567 is a number", "0123456789012345678901234567 is a number"),
        ];

        for (text, redacted) in table {
            assert_eq!(redact(text, None), redacted);
            assert_eq!(redact(text, Some(&SecretString::from(""))), redacted, "an empty secret is in every text");
        }
    }
}
