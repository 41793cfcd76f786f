//! The ids that clients choose (brands, accounts, trends, assets, placements): one rule for all of them. Called where an
//! id is read from a body, a path, a cursor or a row; the table has the same rule (`almanac.is_name`) and the OpenAPI
//! document its pattern.

mod characters;

use self::characters::{LETTERS, MARKS};
use crate::values::wire_enum::InvalidText;

/// Most characters of an id.
pub const MAX: usize = 128;

/// The rule as a regular expression of ECMAScript with the flag `u`, for documents. It leaves out what a pattern cannot say
/// well: `.` and `..` are no ids, and neither are characters that no font shows.
pub const PATTERN: &str = r"^(?:[\p{L}\p{Nd}]\p{M}*|[._\-:/#@+,])(?:(?:[\p{L}\p{Nd}]\p{M}*|[ ._\-:/#@+,])*(?:[\p{L}\p{Nd}]\p{M}*|[._\-:/#@+,]))?$";

/// What a refusal says.
const EXPECTED: &str = "1 to 128 letters, digits or any of space . _ - : / # @ + , and begin and end with no space";

/// Checks an id.
///
/// Letters and digits are those of any script, as Unicode 16.0 has them. Combining marks are part of the letter or digit
/// before them (Hindi, Thai, Arabic and decomposed accents need them), so none stands at the beginning or after
/// punctuation; each counts as one character. An id is not normalised: two spellings of `é` are two ids. Characters that no
/// font shows are refused, joiners and variation selectors too, because two ids that differ in them look the same. `.` and
/// `..` are refused because in a path they are steps, also if they are percent-encoded.
///
/// # Errors
/// It is none.
pub fn check(text: &str) -> Result<(), InvalidText> {
    let fits = (1..=MAX).contains(&text.chars().take(MAX + 1).count());
    let bounded = !text.starts_with(' ') && !text.ends_with(' ');
    if fits && bounded && text != "." && text != ".." && are_allowed(text) {
        Ok(())
    } else {
        Err(InvalidText(EXPECTED))
    }
}

fn are_allowed(text: &str) -> bool {
    let mut carries_marks = false;
    text.chars().all(|character| {
        let (is_letter, is_mark) = (within(LETTERS, character), within(MARKS, character));
        let allowed = if is_mark { carries_marks } else { is_letter || is_punctuation(character) };
        carries_marks = is_letter;
        allowed
    })
}

const fn is_punctuation(character: char) -> bool {
    matches!(character, ' ' | '.' | '_' | '-' | ':' | '/' | '#' | '@' | '+' | ',')
}

fn within(ranges: &[(char, char)], character: char) -> bool {
    let at = ranges.partition_point(|&(_, last)| last < character);
    ranges.get(at).is_some_and(|&(first, _)| first <= character)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_id_is_letters_digits_and_some_punctuation() {
        for good in
            ["brand_123", "0", "urn:li:organization:1", "@shop", "post #1", "a/b", "日本-1", "हिन्दी", "e\u{301}", "..."]
        {
            assert!(check(good).is_ok(), "{good:?}");
        }
        assert!(check(&"日".repeat(128)).is_ok() && check(&"日".repeat(129)).is_err());
        for bad in [
            "",
            " ",
            ".",
            "..",
            " a",
            "a ",
            "a~b",
            "a%b",
            "a\u{0}",
            "a\n",
            "a\u{a0}b",
            "a\u{200d}b",
            "a\u{202e}b",
            "😀",
            "\u{301}a",
            "-\u{301}",
            "a\u{fe0f}",
            "\u{3164}",
            "½",
        ] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_no_letter_and_no_mark_to_rust_is_no_letter_here(character: char) {
            // Marks that are not alphabetic, such as accents, are the only difference, and newer compilers know more letters.
            let known = character.is_alphanumeric() || within(MARKS, character);
            prop_assert!(known || !within(LETTERS, character));
        }
    }
}
