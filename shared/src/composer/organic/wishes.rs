//! What a document wishes for, in the form the organic phrases need it, and the hints of one slot.
//! Called by the composer once a document and once a slot. Hints of another type than expected count as none.
//! Guidance is read for the few things a phrase bank can honour; the people who make a placement read all of it.

use serde_json::{Map, Value};

use super::{super::language::Language, Document, Slot, one_line, shortened};

/// Longest part of guidance and notes that an idea repeats, in characters.
const GUIDANCE_CHARS: usize = 240;
/// Longest phrase in quotation marks that is taken for one to be said.
const MENTION_CHARS: usize = 160;
/// Most phrases to be said.
const MENTIONS_MAX: usize = 3;
/// Longest tone, audience, objective or call to action of a hint.
const HINT_CHARS: usize = 120;

/// Words that make a quoted phrase one to avoid rather than one to say.
const AVOIDING: &[&str] = &[
    "avoid", "never", "no", "not", "don't", "dont", "don’t", "without", "skip", "éviter", "évite", "évitez", "jamais",
    "pas", "sans", "aucun", "aucune",
];

/// Tones by the stems that name them, for guidance and voices in which a tone is named on the way.
const TONES: &[(&str, &[&str])] = &[
    ("playful", &["playful", "fun", "humor", "humour", "witty", "ludique", "drôle", "léger"]),
    ("friendly", &["friendly", "warm", "casual", "kind", "amical", "chaleur", "bienveill", "décontract"]),
    ("bold", &["bold", "inspir", "energ", "énerg", "confident", "audac"]),
    ("professional", &["professional", "expert", "serious", "formal", "professionnel", "sérieux", "sobre"]),
];

/// The wishes of one document.
#[derive(Debug)]
pub(super) struct Wishes {
    /// The language that was named.
    language: Option<Language>,
    pub(super) brand: String,
    pub(super) tone: Option<String>,
    pub(super) guidance: Option<String>,
    /// Phrases that guidance puts in quotation marks, to be said as they are.
    pub(super) mentions: Vec<String>,
    pub(super) platforms: Vec<String>,
}

impl Wishes {
    pub(super) fn read(document: &Document) -> Self {
        let guidance = document.guidance.as_deref().map(one_line).filter(|text| !text.is_empty());
        let voice = document.brand.voice.as_deref().map(one_line).filter(|text| !text.is_empty());
        let language = document.language.as_deref().map(str::trim).filter(|name| !name.is_empty());
        Self {
            language: language.map(Language::named),
            brand: shortened(&one_line(&document.brand.name), HINT_CHARS),
            tone: guidance
                .as_deref()
                .and_then(tone_in)
                .or_else(|| voice.as_deref().and_then(tone_in))
                .map(str::to_owned),
            mentions: guidance.as_deref().map(mentions).unwrap_or_default(),
            guidance: guidance.map(|text| shortened(&text, GUIDANCE_CHARS)),
            platforms: document.preferred_platforms.clone(),
        }
    }

    /// The language of one slot: the one that was named, else that of its own words.
    pub(super) fn language(&self, slot: &Slot) -> Language {
        let title = slot.trend.as_ref().map_or("", |trend| trend.title.as_str());
        let words = || format!("{}. {title}", self.guidance.as_deref().unwrap_or_default());
        self.language.unwrap_or_else(|| Language::of(&words()))
    }
}

/// The hints of one slot.
#[derive(Debug, Default)]
pub(super) struct Hints {
    pub(super) tags: Vec<String>,
    pub(super) tone: Option<String>,
    pub(super) target: Option<String>,
    pub(super) objective: Option<String>,
    pub(super) cta: Option<String>,
    pub(super) note: Option<String>,
}

impl Hints {
    pub(super) fn read(metadata: &Map<String, Value>) -> Self {
        let text = |names: &[&str], chars: usize| {
            let texts = names.iter().filter_map(|name| metadata.get(*name)?.as_str());
            texts.map(|text| shortened(&one_line(text), chars)).find(|text| !text.is_empty())
        };
        let lists = ["tags", "keywords"].iter().filter_map(|name| metadata.get(*name)?.as_array()).flatten();
        Self {
            tags: lists.filter_map(Value::as_str).map(str::to_owned).collect(),
            tone: text(&["tone"], HINT_CHARS),
            target: text(&["target", "audience"], HINT_CHARS),
            objective: text(&["objective", "goal"], HINT_CHARS),
            cta: text(&["cta", "callToAction"], HINT_CHARS),
            note: text(&["note", "notes", "hint"], GUIDANCE_CHARS),
        }
    }
}

fn tone_in(text: &str) -> Option<&'static str> {
    let text = text.to_lowercase();
    let named = |stem: &&str| text.split(|char: char| !char.is_alphanumeric()).any(|word| word.starts_with(stem));
    TONES.iter().find(|(_, stems)| stems.iter().any(named)).map(|(tone, _)| *tone)
}

/// What stands in quotation marks and is not to be avoided.
fn mentions(guidance: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut rest = guidance;
    while let Some((before, quoted, after)) = quotation(rest) {
        let quoted = quoted.trim();
        let last_words = before.rsplit(['.', '!', '?', ';']).next().unwrap_or_default().to_lowercase();
        let avoided = last_words.split_whitespace().any(|word| AVOIDING.contains(&word.trim_matches([',', ':'])));
        let fits = !quoted.is_empty() && quoted.chars().count() <= MENTION_CHARS;
        if fits && !avoided && found.len() < MENTIONS_MAX && !found.iter().any(|known| known == quoted) {
            found.push(quoted.to_owned());
        }
        rest = after;
    }
    found
}

/// The text before the first quotation, the quotation, and what follows.
fn quotation(text: &str) -> Option<(&str, &str, &str)> {
    let marks = [('"', '"'), ('“', '”'), ('«', '»')];
    let (start, open, close) = text
        .char_indices()
        .find_map(|(at, char)| marks.iter().find(|(open, _)| *open == char).map(|(open, close)| (at, *open, *close)))?;
    let inside = &text[start + open.len_utf8()..];
    let end = inside.find(close)?;
    Some((&text[..start], &inside[..end], &inside[end + close.len_utf8()..]))
}
