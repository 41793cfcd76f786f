//! Texts as they are shown: one line or paragraphs, without characters that act on what stands beside them.

use crate::values::invisible::is_invisible;

/// The text on one line: runs of white space are one space, and invisible control characters are gone.
pub fn line(text: &str) -> String {
    let visible: String =
        text.chars().filter(|char| char.is_whitespace() || !(char.is_control() || is_invisible(*char))).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Lines of the text that say anything, each as one paragraph.
pub fn paragraphs(text: &str) -> Vec<String> {
    text.split(['\n', '\r', '\u{2028}', '\u{2029}']).map(line).filter(|line| !line.is_empty()).collect()
}

/// The line in at most `limit` characters, the last one an ellipsis if the text is longer.
pub fn short_line(text: &str, limit: usize) -> String {
    let line = line(text);
    if line.chars().nth(limit).is_none() {
        return line;
    }
    let kept: String = line.chars().take(limit.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_no_breaks_and_nothing_invisible() {
        let table = [
            ("  two\r\n words\t here ", "two words here"),
            ("a\u{0}b\u{7}\u{202e}evil\u{2066}x\u{feff}", "abevilx"),
            ("a\u{85}b\u{2028}c\u{a0}d", "a b c d"),
            // The joiners of Persian and of a family stay.
            ("می\u{200c}خواهم 👩\u{200d}👧", "می\u{200c}خواهم 👩\u{200d}👧"),
            ("\u{200b}\n", ""),
        ];
        for (text, expected) in table {
            assert_eq!(line(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_paragraph_is_a_line_that_says_something() {
        assert_eq!(paragraphs("One.\n\n \u{200b}\r\nTwo\u{2029}Three"), ["One.", "Two", "Three"]);
        assert!(paragraphs(" \n ").is_empty());
    }

    #[test]
    fn a_long_line_ends_with_an_ellipsis() {
        assert_eq!(short_line("twelve chars", 12), "twelve chars");
        assert_eq!(short_line("twelve chars!", 8), "twelve…");
        assert_eq!(short_line("ééééé", 4), "ééé…");
    }
}
