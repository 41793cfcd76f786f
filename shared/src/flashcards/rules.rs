//! The rules of flashcards: what a source text is, what a side may hold, when two questions are the same.
//! Pure; called by routes before anything is stored and by the worker before anything is kept.

use crate::platform::error::{Code, Refusal};

/// Fewest characters of a source text.
pub const SOURCE_MIN: usize = 1_000;
/// Most characters of a source text.
pub const SOURCE_MAX: usize = 10_000;
/// Most characters of a front.
pub const FRONT_MAX: usize = 500;
/// Most characters of a back.
pub const BACK_MAX: usize = 2_000;

/// A text of 1,000 to 10,000 Unicode scalar values after trimming.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceText(String);

/// Why a text is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceTextError {
    /// Fewer characters than the minimum.
    #[error("has {0} characters after trimming; at least {SOURCE_MIN} are needed")]
    TooShort(usize),
    /// More characters than the maximum.
    #[error("has more than {SOURCE_MAX} characters")]
    TooLong,
}

impl SourceText {
    /// Checks a text.
    ///
    /// # Errors
    /// Too short or too long.
    pub fn parse(text: String) -> Result<Self, SourceTextError> {
        let trimmed = text.trim();
        // Counting stops right after the maximum: a huge text costs no more than a long one.
        match trimmed.chars().take(SOURCE_MAX + 1).count() {
            count if count > SOURCE_MAX => Err(SourceTextError::TooLong),
            count if count < SOURCE_MIN => Err(SourceTextError::TooShort(count)),
            _ if trimmed.len() == text.len() => Ok(Self(text)),
            _ => Ok(Self(trimmed.to_owned())),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One side of a card: not blank, within its limit.
///
/// # Errors
/// A sentence for the field's details.
pub fn side(text: &str, max: usize) -> Result<String, String> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err("must not be blank".into());
    }
    if trimmed.chars().count() > max {
        return Err(format!("must have at most {max} characters"));
    }
    Ok(trimmed.to_owned())
}

/// What makes two fronts the same question: letters and digits, case and spacing aside.
pub fn front_key(front: &str) -> String {
    let mut key = String::with_capacity(front.len());
    for word in front.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if !key.is_empty() {
            key.push(' ');
        }
        if word.is_ascii() {
            let from = key.len();
            key.push_str(word);
            key[from..].make_ascii_lowercase();
        } else {
            key.extend(word.chars().flat_map(char::to_lowercase));
        }
    }
    // A front of signs alone ("∫ or ∮?") is its own key.
    if key.is_empty() { front.trim().to_owned() } else { key }
}

/// The model to ask: the named one if the operator allows it, else the default.
///
/// # Errors
/// `MODEL_NOT_ALLOWED`.
pub fn model(named: Option<String>, default: &str, allowed: &[String]) -> Result<String, Refusal> {
    match named {
        None => Ok(default.to_owned()),
        Some(name) if allowed.contains(&name) => Ok(name),
        Some(_) => Err(Refusal::Rule {
            code: Code::ModelNotAllowed,
            field: "model",
            message: "This model is not allowed.".into(),
        }),
    }
}

/// The prompt to use.
///
/// # Errors
/// A version that does not exist.
pub fn prompt_version(named: Option<String>) -> Result<String, Refusal> {
    match named {
        None => Ok(super::DEFAULT_PROMPT_VERSION.to_owned()),
        Some(version) if super::PROMPT_VERSIONS.contains(&version.as_str()) => Ok(version),
        Some(_) => Err(Refusal::Rule {
            code: Code::RuleRefused,
            field: "prompt_version",
            message: "Unknown prompt version.".into(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_source_text_is_counted_in_characters_after_trimming() {
        let cases = [
            ("a".repeat(999), Err(SourceTextError::TooShort(999))),
            ("a".repeat(1_000), Ok(1_000)),
            ("é".repeat(10_000), Ok(20_000)),
            ("é".repeat(10_001), Err(SourceTextError::TooLong)),
            (format!("  {}\n", "a".repeat(999)), Err(SourceTextError::TooShort(999))),
            (format!("\n{}\t ", "a".repeat(1_000)), Ok(1_000)),
            (String::new(), Err(SourceTextError::TooShort(0))),
        ];
        for (text, expected) in cases {
            assert_eq!(SourceText::parse(text).map(|text| text.as_str().len()), expected);
        }
    }

    #[test]
    fn fronts_are_the_same_question_when_their_words_are() {
        let same = [("What is ATP?", "what  is atp"), ("L'énergie?", "l énergie"), ("Æ, ß.", "æ ß")];
        for (one, other) in same {
            assert_eq!(front_key(one), front_key(other));
        }
        assert_ne!(front_key("What is ATP?"), front_key("What is ADP?"));
        assert_ne!(front_key("∫?"), front_key("∮?"));
    }

    #[test]
    fn a_key_is_the_words_in_lower_case_with_single_spaces_between() {
        for (front, key) in [(" What is  ATP?", "what is atp"), ("Été, ß.", "été ß"), (" ∫? ", "∫?")] {
            assert_eq!(front_key(front), key);
        }
    }

    #[test]
    fn a_side_is_trimmed_and_may_have_its_maximum_of_characters() {
        assert_eq!(side(" été\n", 3), Ok("été".to_owned()));
        assert_eq!(side("été!", 3), Err("must have at most 3 characters".to_owned()));
        assert_eq!(side(" \n", 3), Err("must not be blank".to_owned()));
    }

    #[test]
    fn only_models_and_prompts_that_exist_are_taken() {
        let allowed = ["small".to_owned(), "large".to_owned()];
        assert_eq!(model(None, "small", &allowed).unwrap(), "small");
        assert_eq!(model(Some("large".into()), "small", &allowed).unwrap(), "large");
        assert!(model(Some("huge".into()), "small", &allowed).is_err());
        assert_eq!(prompt_version(None).unwrap(), "v1");
        assert_eq!(prompt_version(Some("v1".into())).unwrap(), "v1");
        assert!(prompt_version(Some("v0".into())).is_err());
    }

    proptest! {
        #[test]
        fn a_side_is_never_blank_and_never_over_its_limit(text in "\\PC{0,40}") {
            match side(&text, 20) {
                Ok(kept) => prop_assert!(!kept.trim().is_empty() && kept.chars().count() <= 20),
                Err(_) => prop_assert!(text.trim().is_empty() || text.trim().chars().count() > 20),
            }
        }

        #[test]
        fn a_key_is_its_own_key(front in "\\PC{1,60}") {
            let key = front_key(&front);
            prop_assert_eq!(front_key(&key), key.clone());
        }
    }
}
