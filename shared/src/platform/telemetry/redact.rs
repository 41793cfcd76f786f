//! Field names that may carry a secret or a user's text.
//! The log line and the trace exporter ask before a value leaves the process; it is the last net, not the rule.
//! The rule is that such values are never put into a field at all: nothing here makes it safe to do so.

/// What stands in the place of a secret.
pub(super) const REDACTED: &str = "[redacted]";

/// Words that make a field's name suspicious, wherever they stand in it: `apiToken`, `token_hash`, `http.cookie`.
const SECRET_WORDS: [&str; 25] = [
    "address",
    "apikey",
    "authorization",
    "back",
    "bearer",
    "body",
    "caption",
    "claims",
    "cookie",
    "credential",
    "credentials",
    "email",
    "excerpt",
    "front",
    "jwt",
    "key",
    "password",
    "prompt",
    "recipient",
    "sealed",
    "secret",
    "signature",
    "text",
    "ticket",
    "token",
];

/// Names that hold such a word and are known to be harmless.
const HARMLESS: [&str; 4] = ["prompt_version", "promptVersion", "exclusive_key", "exclusiveKey"];

/// Whether a text under this name is replaced by `[redacted]`.
pub(super) fn is_secret(name: &str) -> bool {
    !HARMLESS.contains(&name)
        && words(name).any(|word| SECRET_WORDS.iter().any(|secret| word.eq_ignore_ascii_case(secret)))
}

/// The words of a name in any of the usual spellings: `source_text`, `sourceText`, `source.text`.
fn words(name: &str) -> impl Iterator<Item = &str> {
    let mut rest = name;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
        let bytes = rest.as_bytes();
        let end = (1..bytes.len())
            .find(|&at| {
                !bytes[at].is_ascii_alphanumeric()
                    || bytes[at].is_ascii_uppercase() && bytes[at - 1].is_ascii_lowercase()
            })
            .unwrap_or(bytes.len());
        let (word, after) = rest.split_at_checked(end)?;
        rest = after;
        Some(word).filter(|word| !word.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_may_carry_a_secret_are_known_in_every_spelling() {
        for name in [
            "authorization",
            "Authorization",
            "token",
            "access_token",
            "accessToken",
            "refreshToken",
            "refresh_token",
            "sealed",
            "sealed_bytes",
            "clientSecret",
            "FACEBOOK_APP_SECRET",
            "CREDENTIALS_KEY",
            "source_text",
            "sourceText",
            "prompt",
            "system_prompt",
            "email",
            "user.email",
            "http.request.header.cookie",
            "api_key",
            "OPENROUTER_API_KEY",
            "front",
            "request_body",
            "APIKEY",
        ] {
            assert!(is_secret(name), "{name} should be redacted");
        }
    }

    #[test]
    fn names_that_every_line_needs_are_left_alone() {
        for name in super::super::REQUIRED {
            assert!(!is_secret(name), "{name} should be printed");
        }
        for name in [
            "message",
            "tokens",
            "tokensInput",
            "tokens_output",
            "prompt_version",
            "latencyMs",
            "error",
            "lane",
            "context",
            "feedback",
        ] {
            assert!(!is_secret(name), "{name} should be printed");
        }
    }
}
