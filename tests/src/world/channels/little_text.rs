//! LinkedIn's "little text" as LinkedIn reads it: a post is silently cut at the first reserved character that has no
//! backslash. Called by the fake, so that a missing escape is seen in the ledger.
//! <https://learn.microsoft.com/linkedin/marketing/community-management/shares/little-text-format>

const RESERVED: &str = r"|{}@[]()<>#*_~";
const HASHTAG: &str = r"{hashtag|\#|";

/// What people see of a commentary, and the part of the commentary that was kept.
pub(super) fn read(commentary: &str) -> (String, &str) {
    let (mut shown, mut rest) = (String::new(), commentary);
    let kept = |rest: &str| &commentary[..commentary.len() - rest.len()];
    while let Some(char) = rest.chars().next() {
        let after = &rest[char.len_utf8()..];
        if char == '\\' {
            let Some(escaped) = after.chars().next() else { return (shown, kept(rest)) };
            shown.push(escaped);
            rest = &after[escaped.len_utf8()..];
        } else if let Some((text, after)) = template(rest).or_else(|| plain_hashtag(rest)).or_else(|| mention(rest)) {
            shown.push_str(&text);
            rest = after;
        } else if RESERVED.contains(char) {
            return (shown, kept(rest));
        } else {
            shown.push(char);
            rest = after;
        }
    }
    (shown, commentary)
}

/// `{hashtag|\#|tag}`.
fn template(text: &str) -> Option<(String, &str)> {
    let (tag, rest) = text.strip_prefix(HASHTAG)?.split_once('}')?;
    Some((format!("#{}", tag.replace('\\', "")), rest))
}

/// `#tag`.
fn plain_hashtag(text: &str) -> Option<(String, &str)> {
    let tag = text.strip_prefix('#')?;
    let length = tag.find(|char: char| !char.is_alphanumeric()).unwrap_or(tag.len());
    (length > 0).then(|| (format!("#{}", &tag[..length]), &tag[length..]))
}

/// `@[Name](urn)`.
fn mention(text: &str) -> Option<(String, &str)> {
    let (name, rest) = text.strip_prefix("@[")?.split_once("](")?;
    let (_, rest) = rest.strip_prefix("urn:li:")?.split_once(')')?;
    Some((name.to_owned(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_text_is_read_whole() {
        for (commentary, shown) in [
            (r"Hello \#world \(really\) a\_b\\c", r"Hello #world (really) a_b\c"),
            (r"{hashtag|\#|work\_day} – who's in?", "#work_day – who's in?"),
            ("plain #tag and @[Ann](urn:li:person:1)!", "plain #tag and Ann!"),
        ] {
            assert_eq!(read(commentary), (shown.to_owned(), commentary));
        }
    }

    #[test]
    fn text_is_cut_at_the_first_reserved_character() {
        for (commentary, shown) in [
            ("A cup (or two)", "A cup "),
            ("a_b", "a"),
            ("# alone", ""),
            ("mail@example.org", "mail"),
            ("100 é~", "100 é"),
        ] {
            assert_eq!(read(commentary), (shown.to_owned(), shown), "{commentary}");
        }
    }
}
