//! Hashtags of a composed placement. Single words are what most people look for, whole phrases what few do.
//! Called by the composer; every tag has one `#`, no space, and stands in one group only.

use super::{super::language::Language, Slot, shortened, wishes::Hints};

/// Most tags of a group.
const MOST: usize = 3;
/// Most characters of a tag that is made of a phrase.
const CHARS: usize = 40;
/// Shortest word that is worth a tag.
const WORD_CHARS: usize = 4;

/// Tags that many, some and few people look for; the last are our own. LinkedIn and Facebook take few of them, a newsletter none.
pub(super) fn of(slot: &Slot, language: Language, hints: &Hints, own: [&str; 2]) -> [Vec<String>; 3] {
    let most = match slot.platform.as_str() {
        "newsletter" => 0,
        "linkedin" | "facebook" => 1,
        _ => MOST,
    };
    let (title, tags) = slot.trend.as_ref().map_or(("", [].as_slice()), |trend| (trend.title.as_str(), &trend.tags));
    let words = title.split(|char: char| !char.is_alphanumeric());
    let words = words.filter(|word| word.chars().count() >= WORD_CHARS && !language.is_small(word));
    let single =
        tags.iter().chain(&hints.tags).map(String::as_str).filter(|tag| !tag.trim().contains(char::is_whitespace));
    let phrases =
        tags.iter().chain(&hints.tags).map(String::as_str).filter(|tag| tag.trim().contains(char::is_whitespace));
    let mut known = Vec::new();
    let high = group(&mut known, single.chain(words), most);
    let medium = group(&mut known, phrases.chain([title]), most);
    let low = group(&mut known, own.into_iter(), most);
    [high, medium, low]
}

fn group<'a>(known: &mut Vec<String>, texts: impl Iterator<Item = &'a str>, most: usize) -> Vec<String> {
    let mut tags = Vec::new();
    for text in texts {
        let tag = tag(text);
        let lower = tag.to_lowercase();
        if tags.len() < most && tag.chars().count() > 1 && !known.contains(&lower) {
            known.push(lower);
            tags.push(tag);
        }
    }
    tags
}

/// The words of a text in one, each with its capital.
fn tag(text: &str) -> String {
    let mut tag = String::from("#");
    for word in shortened(text, CHARS).split(|char: char| !char.is_alphanumeric()) {
        let mut chars = word.chars();
        tag.extend(chars.next().into_iter().flat_map(char::to_uppercase).chain(chars));
    }
    tag
}
