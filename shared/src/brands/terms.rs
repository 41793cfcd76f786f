//! The terms that a text is found by: its words, in lower case and without diacritics, because tags are often typed
//! without them (`Café` and `cafe` are one term). Assets are stored with the terms of their title and tags, a search
//! uses the terms of a topic, and matches are scored word by word. All three cut texts here, so they always agree.
//! Pure; it judges no match, it only says which texts have something in common. Letters of other scripts stay as they
//! are, a text without spaces is one word, and signs that are no words, emoji among them, are none.

use std::collections::BTreeSet;

/// Shortest word that says something; shorter ones are shared by everything.
pub(crate) const CHARS_MIN: usize = 2;
/// Most characters of a term: what is longer is cut, on both sides alike.
const CHARS_MAX: usize = 64;

/// Words that stand in every text and say nothing, in the two languages of the house, folded.
pub const SMALL: &[&str] = &[
    "an", "and", "are", "as", "at", "be", "by", "for", "from", "has", "have", "how", "in", "into", "is", "it", "its",
    "not", "of", "on", "or", "our", "that", "the", "their", "this", "to", "was", "we", "what", "when", "with", "you",
    "your", "au", "aux", "avec", "ce", "ces", "cette", "dans", "de", "des", "du", "elle", "en", "est", "et", "il",
    "la", "le", "les", "leur", "mais", "ne", "nos", "notre", "nous", "ou", "par", "pas", "plus", "pour", "que", "qui",
    "sa", "se", "ses", "son", "sont", "sur", "un", "une", "vos", "votre", "vous",
];

/// The terms of some texts, each once, in alphabetical order; small words are none.
pub fn terms<'a>(texts: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    let (mut terms, mut buffer) = (BTreeSet::new(), String::new());
    for text in texts {
        for_each_word(text, &mut buffer, |word| {
            if !SMALL.contains(&word) {
                terms.insert(word.chars().take(CHARS_MAX).collect());
            }
        });
    }
    terms
}

/// Hands over each word of a text, folded, in a buffer that is used again for all of them.
pub fn for_each_word(text: &str, buffer: &mut String, mut found: impl FnMut(&str)) {
    buffer.clear();
    for char in text.chars().chain([' ']) {
        if char.is_alphanumeric() {
            fold(char, buffer);
        } else if !is_mark(char) && !buffer.is_empty() {
            let long_enough = buffer.len() >= CHARS_MIN && buffer.chars().nth(CHARS_MIN - 1).is_some();
            if long_enough {
                found(buffer);
            }
            buffer.clear();
        }
    }
}

/// Accents that are characters of their own, as some keyboards write them.
const fn is_mark(char: char) -> bool {
    matches!(char, '\u{300}'..='\u{36F}')
}

/// Appends a letter in lower case, without its diacritic.
fn fold(char: char, folded: &mut String) {
    if char.is_ascii() {
        folded.push(char.to_ascii_lowercase());
        return;
    }
    for lower in char.to_lowercase() {
        match lower {
            'à'..='å' | 'ā' | 'ă' | 'ą' | 'ǎ' => folded.push('a'),
            'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => folded.push('c'),
            'ď' | 'đ' | 'ð' => folded.push('d'),
            'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => folded.push('e'),
            'ĝ' | 'ğ' | 'ġ' | 'ģ' => folded.push('g'),
            'ĥ' | 'ħ' => folded.push('h'),
            'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => folded.push('i'),
            'ĵ' => folded.push('j'),
            'ķ' => folded.push('k'),
            'ĺ' | 'ļ' | 'ľ' | 'ł' => folded.push('l'),
            'ñ' | 'ń' | 'ņ' | 'ň' => folded.push('n'),
            'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => folded.push('o'),
            'ŕ' | 'ŗ' | 'ř' => folded.push('r'),
            'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => folded.push('s'),
            'ţ' | 'ť' | 'ŧ' | 'ț' => folded.push('t'),
            'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => folded.push('u'),
            'ŵ' => folded.push('w'),
            'ý' | 'ÿ' | 'ŷ' => folded.push('y'),
            'ź' | 'ż' | 'ž' => folded.push('z'),
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            mark if is_mark(mark) => {}
            other => folded.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Vec<String> {
        terms([text]).into_iter().collect()
    }

    #[test]
    fn terms_are_words_in_lower_case_each_once() {
        assert_eq!(of("Cold-brew: a COLD drink!"), ["brew", "cold", "drink"]);
        assert_eq!(of("#ColdBrew 2026"), ["2026", "coldbrew"]);
        assert_eq!(terms(["cold brew", "cold"]).len(), 2);
    }

    #[test]
    fn terms_are_the_same_with_or_without_diacritics() {
        for (one, other) in [
            ("Café", "cafe"),
            ("CRÈME BRÛLÉE", "creme brulee"),
            ("straße", "STRASSE"),
            ("cœur", "Coeur"),
            ("cafe\u{301}", "café"),
            ("re\u{301}sume\u{301}", "résumé"),
            ("İzmir", "izmir"),
            ("Привет", "ПРИВЕТ"),
        ] {
            assert!(!of(one).is_empty());
            assert_eq!(of(one), of(other));
        }
    }

    #[test]
    fn small_words_single_letters_and_signs_are_no_terms() {
        assert_eq!(of("The best of les dans c ☕ "), ["best"]);
        assert_eq!(of("go я 日 é"), ["go"], "two letters are a word, one of several bytes is none");
        assert_eq!(of(" "), [""; 0]);
    }

    proptest! {
        #[test]
        fn the_terms_of_any_text_are_short_and_never_empty(text in "\\PC{0,200}") {
            for term in terms([text.as_str()]) {
                prop_assert!(!term.is_empty() && term.chars().count() <= CHARS_MAX);
                prop_assert!(!term.contains('\0'));
            }
        }
    }
}
