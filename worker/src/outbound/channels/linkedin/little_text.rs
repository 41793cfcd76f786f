//! LinkedIn's "little text" as the text that people read, to compare a listed post with the one that was sent.
//! <https://learn.microsoft.com/linkedin/marketing/community-management/shares/little-text-format>

/// What opens a hashtag's template; its end is a brace.
const HASHTAG: &str = "{hashtag|";

/// The text without templates of hashtags and without backslashes.
pub(super) fn plain_text(little: &str) -> String {
    let mut plain = String::with_capacity(little.len());
    let mut rest = little;
    while let Some(char) = rest.chars().next() {
        if let Some(template) = rest.strip_prefix(HASHTAG) {
            // `\#|tag}` or `#|tag}`.
            rest = template.strip_prefix('\\').unwrap_or(template);
            let Some((mark, tag)) = rest.split_once('|') else { continue };
            plain.push_str(mark);
            let mut chars = tag.char_indices();
            while let Some((at, char)) = chars.next() {
                rest = &tag[at + char.len_utf8()..];
                match char {
                    '}' => break,
                    '\\' => {
                        if let Some((at, char)) = chars.next() {
                            plain.push(char);
                            rest = &tag[at + char.len_utf8()..];
                        }
                    }
                    _ => plain.push(char),
                }
            }
            continue;
        }
        rest = &rest[char.len_utf8()..];
        match char {
            '\\' => {
                let next = rest.chars().next();
                plain.extend(next);
                rest = &rest[next.map_or(0, char::len_utf8)..];
            }
            _ => plain.push(char),
        }
    }
    plain
}

/// The text as LinkedIn shows it: cut at the first reserved character that has no backslash and opens no template.
pub(in crate::outbound::channels) fn shown_text(little: &str) -> String {
    let mut rest = little;
    while let Some(char) = rest.chars().next() {
        let template_end = match char {
            '{' if rest.starts_with(HASHTAG) => rest.find('}'),
            '@' if rest.starts_with("@[") => rest.find(')'),
            _ => None,
        };
        let length = match char {
            '\\' => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            _ if template_end.is_some() => template_end.map_or(0, |end| end + 1),
            _ if "|{}@[]()<>*_~".contains(char) => break,
            _ => char.len_utf8(),
        };
        rest = &rest[length..];
    }
    plain_text(&little[..little.len() - rest.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserved_character_without_a_backslash_cuts_the_shown_text() {
        for (little, shown) in [
            (r"Hi \(a\) {hashtag|\#|one} #two", "Hi (a) #one #two"),
            ("Hi (a) all", "Hi "),
            ("one {two", "one "),
            ("\\", ""),
        ] {
            assert_eq!(shown_text(little), shown, "{little}");
        }
    }

    #[test]
    fn templates_and_backslashes_are_taken_away() {
        for (little, plain) in [
            ("plain", "plain"),
            (r"a\\b \(c\) \#1 \@d", r"a\b (c) #1 @d"),
            (r"Hi\n {hashtag|\#|one} {hashtag|\#|two\_x}\!", "Hin #one #two_x!"),
            ("{hashtag|#|one}", "#one"),
            ("{hashtag|", ""),
            ("{hashtag|\\#|open", "#open"),
            ("été\\", "été"),
        ] {
            assert_eq!(plain_text(little), plain, "{little}");
        }
    }
}
