//! Texts of posts: how caption and hashtags become one text, how each channel counts it, and how LinkedIn escapes it.
//! Called by the channels' renderers. Nothing is cut here: a text over a limit is a problem.

use super::super::Problem;
use crate::platform::error::Code;

/// Caption, blank line, hashtags with a space between them; what is empty leaves no blank line.
pub(super) fn joined(caption: &str, hashtags: &[String]) -> String {
    let parts = [caption.to_owned(), hashtags.join(" ")];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// UTF-16 code units: at least as many as characters, so the stricter count where a vendor does not say which it means.
pub(super) fn utf16_units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Holds a length against a limit; `unit` is the word for the message.
pub(super) fn check_length(field: &'static str, length: usize, limit: usize, unit: &str) -> Result<(), Problem> {
    if length <= limit {
        return Ok(());
    }
    let message = format!("The text has {length} {unit}; the channel takes at most {limit}.");
    Err(Problem::new(Code::TextTooLong, field, message).with_limit(limit))
}

/// A text that must not be blank.
pub(super) fn check_present(field: &'static str, text: &str) -> Result<(), Problem> {
    if text.trim().is_empty() {
        return Err(Problem::new(Code::TextRequired, field, "The channel needs a text here."));
    }
    Ok(())
}

/// How many words a text has that begin with a mark (`#` or `@`), as channels link them: not inside another word.
pub(super) fn marked_words(text: &str, mark: char) -> usize {
    let mut before = ' ';
    let mut count = 0;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        let begins = char == mark && !is_tag_char(before) && chars.peek().copied().is_some_and(is_tag_char);
        count += usize::from(begins);
        before = char;
    }
    count
}

/// LinkedIn's "little text": reserved characters get a backslash, else the post is cut at the first of them; hashtags
/// become templates, because an escaped `#` is no link.
/// <https://learn.microsoft.com/linkedin/marketing/community-management/shares/little-text-format>
pub(super) fn little_text(text: &str) -> String {
    let mut little = String::with_capacity(text.len() + text.len() / 8);
    let mut rest = text;
    let mut at_start = true;
    while let Some(char) = rest.chars().next() {
        match rest.strip_prefix('#').filter(|_| at_start).and_then(tag_length) {
            Some(length) => {
                little.push_str("{hashtag|\\#|");
                push_escaped(&mut little, &rest[1..=length]);
                little.push('}');
                rest = &rest[1 + length..];
                at_start = false;
            }
            None => {
                let length = char.len_utf8();
                push_escaped(&mut little, &rest[..length]);
                rest = &rest[length..];
                at_start = char.is_whitespace() || char == '(';
            }
        }
    }
    little
}

/// Bytes of the hashtag that a text begins with, if it has a letter: `1` in `#1` is a number.
fn tag_length(text: &str) -> Option<usize> {
    let length = text.find(|char| !is_tag_char(char)).unwrap_or(text.len());
    text[..length].chars().any(char::is_alphabetic).then_some(length)
}

fn is_tag_char(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

fn push_escaped(little: &mut String, text: &str) {
    for char in text.chars() {
        if r"\|{}@[]()<>#*_~".contains(char) {
            little.push('\\');
        }
        little.push(char);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn caption_and_hashtags_are_joined_by_a_blank_line() {
        let tags = ["#a".to_owned(), "#b".to_owned()];
        for (caption, hashtags, expected) in
            [("Hi", &tags[..], "Hi\n\n#a #b"), ("Hi", &[], "Hi"), ("", &tags, "#a #b"), ("", &[], "")]
        {
            assert_eq!(joined(caption, hashtags), expected);
        }
    }

    #[test]
    fn marked_words_are_counted_as_channels_link_them() {
        for (text, tags, mentions) in [
            ("#one #two, (#three)", 3, 0),
            ("C# and # and a#b", 0, 0),
            ("@ann and mail@example.org", 0, 1),
            ("#été #日本 #_x", 3, 0),
            ("##twice", 1, 0),
        ] {
            assert_eq!((marked_words(text, '#'), marked_words(text, '@')), (tags, mentions), "{text}");
        }
    }

    #[test]
    fn little_text_escapes_and_links_hashtags() {
        for (text, expected) in [
            ("plain", "plain"),
            (r"a\b|c{d}e@f[g]h(i)j<k>l#m*n_o~p", r"a\\b\|c\{d\}e\@f\[g\]h\(i\)j\<k\>l\#m\*n\_o\~p"),
            ("#one (#two_x) #1 # C#", r"{hashtag|\#|one} \({hashtag|\#|two\_x}\) \#1 \# C\#"),
            ("https://x.example/#part", r"https://x.example/\#part"),
            ("#été", r"{hashtag|\#|été}"),
        ] {
            assert_eq!(little_text(text), expected);
        }
    }

    /// Reads little text as LinkedIn does: templates become their hashtag, a backslash keeps the next character.
    fn read_little(text: &str) -> String {
        let (mut read, mut chars) = (String::new(), text.chars());
        let opening = "{hashtag|\\#|";
        while let Some(char) = chars.next() {
            match char {
                '\\' => read.extend(chars.next()),
                '{' => {
                    assert!(text.contains(opening));
                    read.push('#');
                    chars.by_ref().nth(opening.len() - 2).expect("a template");
                }
                '}' => {}
                char => {
                    assert!(!r"|@[]()<>#*_~".contains(char), "{char} is not escaped in {text}");
                    read.push(char);
                }
            }
        }
        read
    }

    proptest! {
        #[test]
        fn little_text_is_read_as_the_text(text in "[a-zé#@_ \\\\{}()\\[\\]|<>*~]{0,30}") {
            prop_assert_eq!(read_little(&little_text(&text)), text);
        }
    }
}
