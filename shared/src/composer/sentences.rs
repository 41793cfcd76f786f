//! Cutting a text into sentences of a size that fits on a card.
//! Called by the composer; whatever the text, something comes back for every part of it that has words.
//! It never cuts inside a word unless the word alone is longer than a card.

/// Longest sentence kept whole, in characters; longer ones are cut between words.
const MAX_CHARS: usize = 300;

/// Shorter ones join the next: headings, "No.", initials.
const MIN_CHARS: usize = 25;

/// The sentences of a text in order, white space collapsed.
pub(super) fn sentences(text: &str) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut open = String::new();
    for word in text.split_whitespace().flat_map(short_enough) {
        if !open.is_empty() && chars(&open) + 1 + chars(word) > MAX_CHARS {
            sentences.push(std::mem::take(&mut open));
        }
        if !open.is_empty() {
            open.push(' ');
        }
        open.push_str(word);
        if ends_sentence(word) && chars(&open) >= MIN_CHARS {
            sentences.push(std::mem::take(&mut open));
        }
    }
    if !open.is_empty() {
        sentences.push(open);
    }
    sentences
}

/// A word longer than a card (a text without spaces) in parts that fit.
fn short_enough(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        let end = rest.char_indices().nth(MAX_CHARS / 4).map_or(rest.len(), |(at, _)| at);
        let (part, after) = rest.split_at(end);
        rest = after;
        (!part.is_empty()).then_some(part)
    })
}

fn ends_sentence(word: &str) -> bool {
    let word = word.trim_end_matches(['"', '\'', ')', ']', '»', '”', '’']);
    // "A." is an initial, not an end.
    let initial = word.len() == 2 && word.starts_with(char::is_uppercase);
    word.ends_with(['.', '!', '?', '…', '。', '！', '？']) && !initial
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_is_cut_at_the_ends_of_its_sentences() {
        let text = "Chapter 1.\nMarie A. Curie found radium in 1898. \"Nothing is to be feared!\" she said.\n\nIt is only to be";
        assert_eq!(
            sentences(text),
            [
                "Chapter 1. Marie A. Curie found radium in 1898.",
                "\"Nothing is to be feared!\"",
                "she said. It is only to be",
            ]
        );
    }

    proptest! {
        #[test]
        fn no_character_of_a_word_is_lost_and_no_sentence_is_too_long(text in any::<String>(), times in 1usize..200) {
            let text = text.repeat(times);
            let sentences = sentences(&text);
            let bare = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(bare(&sentences.concat()), bare(&text));
            prop_assert!(sentences.iter().all(|sentence| chars(sentence) <= MAX_CHARS));
        }
    }
}
