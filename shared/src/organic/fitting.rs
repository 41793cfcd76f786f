//! Making a draft fit where it goes: captions, titles, hashtags and slides within the limits that the platforms publish, so
//! that nothing written here is refused there.
//! Called by the worker's job for every draft of any model, and when a placement is edited. The limits are those a
//! validator can check without asking the platform; sizes are counted in the unit each platform counts in.
//! Pure. It only ever shortens, drops and tidies, it says which fields it cut, and what fits already stays as it is.

use std::collections::HashSet;

use super::{Format, Outlet, event::Hashtags, task::Draft};
use crate::brands::Platform;

/// The mark at the end of a text that was cut.
pub const CUT_MARK: char = '…';
/// Most characters of a title where the outlet says nothing: it is a line.
pub const TITLE_MAX: usize = 200;
/// Most characters of a hashtag, its `#` included. Half a tag is another tag, so a longer one is left out.
pub const HASHTAG_MAX: usize = 100;
/// Most hashtags, also where an outlet takes more.
pub const HASHTAGS_MAX: usize = 30;
/// Slides of a carousel about which the draft says nothing.
const SLIDES_USUAL: u32 = 5;
/// So far back a cut looks for the end of a word, as a part of the text: a language without spaces has none.
const WORD_SHARE: usize = 4;

/// What a size is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// UTF-16 code units. Never fewer than characters, so it is also used where the platform's unit is unknown.
    Utf16,
    /// Bytes of UTF-8.
    Bytes,
}

/// What an outlet takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The text to publish; with the hashtags where they are part of it.
    pub caption: usize,
    /// What the caption is counted in.
    pub unit: Unit,
    /// A title, in UTF-16 code units.
    pub title: usize,
    /// Hashtags in caption and list together.
    pub hashtags: usize,
    /// Mentions in the caption.
    pub mentions: usize,
    /// Where the hashtags go.
    pub placed: Placed,
    /// Angle brackets are refused.
    pub plain: bool,
    /// Slides of a carousel.
    pub slides: (u32, u32),
}

/// Where hashtags go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// Below the caption, and they count with it.
    InCaption,
    /// In a separate field with this many characters at most, separators included.
    Apart(usize),
}

/// A draft that fits.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// What is left of it.
    pub draft: Draft,
    /// The fields that were cut, in the spelling of the wire.
    pub cut: Vec<&'static str>,
}

/// What the outlet takes of this format.
pub const fn limits(outlet: Outlet, format: Format) -> Limits {
    let any = Limits {
        caption: 20_000,
        unit: Unit::Utf16,
        title: TITLE_MAX,
        hashtags: HASHTAGS_MAX,
        mentions: usize::MAX,
        placed: Placed::InCaption,
        plain: false,
        slides: (2, 10),
    };
    match outlet {
        Outlet::Newsletter => any,
        Outlet::Platform(Platform::Instagram) => Limits { caption: 2_200, mentions: 20, ..any },
        // Pictures have a title and a description of their own, films have one long title.
        Outlet::Platform(Platform::Tiktok) => match format {
            Format::Carousel | Format::Post => Limits { caption: 4_000, title: 90, slides: (2, 35), ..any },
            Format::Reel | Format::Story | Format::Newsletter => Limits { caption: 2_200, ..any },
        },
        Outlet::Platform(Platform::Linkedin) => Limits { caption: 3_000, slides: (2, 20), ..any },
        Outlet::Platform(Platform::Facebook) => Limits { caption: 63_206, ..any },
        Outlet::Platform(Platform::Youtube) => {
            let apart = Placed::Apart(500);
            Limits { caption: 5_000, unit: Unit::Bytes, title: 100, placed: apart, plain: true, ..any }
        }
    }
}

/// The draft within the limits of its outlet.
pub fn fit(draft: Draft, outlet: Outlet, format: Format) -> Fitted {
    let limits = limits(outlet, format);
    let mut cut = Vec::new();
    let (caption, signs_cut) = plain_signs(&draft.caption, &limits);
    let (hashtags, tags_cut) = fit_hashtags(&draft.hashtags, &limits, signs_in(&caption, '#'));
    let room = limits.caption - below_caption(&hashtags, &limits);
    let (caption, caption_cut) = shortened(&caption, room, limits.unit);
    let title = one_line(&draft.title_topic, limits.plain);
    let (mut title_topic, title_cut) = shortened(&title, limits.title, Unit::Utf16);
    if title_topic.is_empty() {
        // What a title stands for must have one: YouTube refuses a video without.
        title_topic = shortened(&one_line(&caption, limits.plain), limits.title, Unit::Utf16).0;
    }
    let num_slides = slides(draft.num_slides, format, limits.slides);
    let changes = [("titleTopic", title_cut), ("caption", caption_cut || signs_cut), ("hashtags", tags_cut)];
    cut.extend(changes.iter().filter(|(_, was_cut)| *was_cut).map(|(name, _)| *name));
    if draft.num_slides.is_some() && draft.num_slides != num_slides {
        cut.push("numSlides");
    }
    Fitted { draft: Draft { title_topic, num_slides, caption, hashtags, ..draft }, cut }
}

/// Hashtags in one spelling: one `#`, letters, digits and `_`, each tag once whatever its case, in its best group; and
/// whether one was too long.
pub fn tidied(hashtags: &Hashtags) -> (Hashtags, bool) {
    let mut known = HashSet::new();
    let mut too_long = false;
    let mut group = |texts: &[String]| {
        let words = texts.iter().flat_map(|text| text.split(['#', ',', ';']));
        let mut tags = Vec::new();
        for word in words {
            let word: String = word.chars().filter(|char| names(*char)).collect();
            if word.is_empty() {
                continue;
            }
            if word.chars().count() >= HASHTAG_MAX {
                too_long = true;
            } else if known.insert(word.to_lowercase()) {
                tags.push(format!("#{word}"));
            }
        }
        tags
    };
    let tidied = Hashtags { high: group(&hashtags.high), medium: group(&hashtags.medium), low: group(&hashtags.low) };
    (tidied, too_long)
}

/// The size of a text.
pub fn size(text: &str, unit: Unit) -> usize {
    match unit {
        Unit::Utf16 => text.chars().map(char::len_utf16).sum(),
        Unit::Bytes => text.len(),
    }
}

/// The text in at most `limit` units, ended by the mark when something was cut; and whether it was. The cut is made at the
/// end of a word where one is near, and never inside of what is read as one character.
pub fn shortened(text: &str, limit: usize, unit: Unit) -> (String, bool) {
    let text = text.trim();
    if size(text, unit) <= limit {
        return (text.to_owned(), false);
    }
    let mark = CUT_MARK.to_string();
    let Some(room) = limit.checked_sub(size(&mark, unit)) else { return (String::new(), true) };
    let end = longest(text, room, unit);
    let at_word =
        if text[end..].starts_with(char::is_whitespace) { Some(end) } else { text[..end].rfind(char::is_whitespace) };
    let near = at_word.filter(|at| *at >= end - end / WORD_SHARE);
    let kept = text[..near.unwrap_or(end)].trim_end();
    (if kept.is_empty() { mark } else { format!("{kept}{mark}") }, true)
}

/// Where the longest beginning that fits ends. What joins a character to the one before it stays with it.
fn longest(text: &str, room: usize, unit: Unit) -> usize {
    let (mut used, mut end, mut last) = (0, 0, ' ');
    for (at, char) in text.char_indices() {
        if !joins(char) && last != JOINER {
            end = at;
        }
        used += match unit {
            Unit::Utf16 => char.len_utf16(),
            Unit::Bytes => char.len_utf8(),
        };
        if used > room {
            return end;
        }
        last = char;
    }
    text.len()
}

const JOINER: char = '\u{200D}';

/// Accents, variation selectors, skin tones, enclosing marks and the joiner.
const fn joins(char: char) -> bool {
    matches!(char, '\u{300}'..='\u{36F}' | '\u{200D}' | '\u{20D0}'..='\u{20FF}' | '\u{FE00}'..='\u{FE0F}' | '\u{1F3FB}'..='\u{1F3FF}')
}

fn one_line(text: &str, plain: bool) -> String {
    let text: String = text.chars().filter(|char| !(plain && is_bracket(*char))).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

const fn is_bracket(char: char) -> bool {
    matches!(char, '<' | '>')
}

/// The caption without signs that the outlet refuses: brackets, and the `@` and `#` of mentions and tags beyond the limit.
/// The words behind them stay.
fn plain_signs(caption: &str, limits: &Limits) -> (String, bool) {
    let plain: String = caption.chars().filter(|char| !(limits.plain && is_bracket(*char))).collect();
    let mut dropped = plain.len() < caption.len();
    let (mut mentions, mut tags) = (0, 0);
    let mut kept = String::with_capacity(plain.len());
    let mut chars = plain.chars().peekable();
    while let Some(char) = chars.next() {
        let (count, most) = match char {
            '@' => (&mut mentions, limits.mentions),
            '#' => (&mut tags, limits.hashtags),
            _ => {
                kept.push(char);
                continue;
            }
        };
        *count += usize::from(chars.peek().is_some_and(|next| names(*next)));
        if *count > most {
            dropped = true;
            // A sign that stood before this one would be the word's own now.
            kept.truncate(kept.trim_end_matches(['@', '#']).len());
        } else {
            kept.push(char);
        }
    }
    (kept.trim().to_owned(), dropped)
}

/// Whether a sign before this character makes a mention or a tag of it.
fn names(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

/// How many of a caption's words begin with the sign.
fn signs_in(caption: &str, sign: char) -> usize {
    let pairs = caption.chars().zip(caption.chars().skip(1));
    pairs.filter(|(char, next)| *char == sign && names(*next)).count()
}

/// As many as the outlet takes, the most looked for first. Together they take no more than half of a caption's room.
fn fit_hashtags(hashtags: &Hashtags, limits: &Limits, in_caption: usize) -> (Hashtags, bool) {
    let (mut tidied, mut cut) = tidied(hashtags);
    let mut left = limits.hashtags.saturating_sub(in_caption);
    let (mut room, unit) = match limits.placed {
        Placed::InCaption => (limits.caption / 2, limits.unit),
        Placed::Apart(room) => (room, Unit::Utf16),
    };
    for group in [&mut tidied.high, &mut tidied.medium, &mut tidied.low] {
        group.retain(|tag| {
            // One more for what stands between two of them.
            let taken = size(tag, unit) + 1;
            let fits = left > 0 && taken <= room;
            if fits {
                left -= 1;
                room -= taken;
            }
            cut |= !fits;
            fits
        });
    }
    (tidied, cut)
}

/// What the hashtags take of the caption's room: a blank line, and spaces between them.
fn below_caption(hashtags: &Hashtags, limits: &Limits) -> usize {
    let sizes: usize = hashtags.all().map(|tag| size(tag, limits.unit) + 1).sum();
    if limits.placed == Placed::InCaption && sizes > 0 { sizes + 1 } else { 0 }
}

/// A carousel always has slides; about anything else the draft may say nothing.
fn slides(given: Option<u32>, format: Format, (least, most): (u32, u32)) -> Option<u32> {
    match format {
        Format::Carousel => Some(given.unwrap_or(SLIDES_USUAL).clamp(least, most)),
        Format::Reel | Format::Story | Format::Post | Format::Newsletter => given.map(|slides| slides.clamp(1, most)),
    }
}

#[cfg(test)]
mod tests;
