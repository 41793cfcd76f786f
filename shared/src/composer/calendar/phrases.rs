//! The phrase bank of the calendar's composer: angles, openings and closings in English and French, formats by channel.
//! Called by the composer only; these are words, chosen so that a topic can stand in them without being bent.
//! It must never name a product, a price, a date or an address: whatever is printed here may be published by mistake.

use super::super::language::Language;

mod english;
mod french;

/// A way to look at a topic. `{topic}` stands for it.
#[derive(Debug)]
pub(super) struct Angle {
    pub(super) title: &'static str,
    pub(super) caption: &'static str,
    pub(super) tag: &'static str,
}

/// What one language has.
#[derive(Debug)]
pub(super) struct Bank {
    pub(super) topics: &'static [&'static str],
    pub(super) angles: &'static [Angle],
    pub(super) closings: &'static [&'static str],
    /// `{audience}` stands for those it is for.
    pub(super) audience: &'static str,
    /// `{date}` and `{time}` stand for when it is due.
    pub(super) due: &'static str,
    /// `{tone}` stands for the tone asked for.
    pub(super) tone: &'static str,
    /// From Monday.
    pub(super) weekdays: [&'static str; 7],
    /// From January.
    pub(super) months: [&'static str; 12],
}

pub(super) const fn bank(language: Language) -> &'static Bank {
    match language {
        Language::English => &english::ENGLISH,
        Language::French => &french::FRENCH,
    }
}

/// How captions begin, by the tone asked for. An unknown tone begins plainly.
pub(super) fn openings(language: Language, tone: Option<&str>) -> &'static [&'static str] {
    let tone = tone.unwrap_or_default().to_lowercase();
    let is = |stems: &[&str]| stems.iter().any(|stem| tone.contains(stem));
    match language {
        Language::English if is(&["play", "fun", "humor", "humour", "witty", "light"]) => {
            &["Plot twist ahead.", "Guess what?", "Warning: may cause nodding.", "Here we go."]
        }
        Language::English if is(&["friend", "warm", "casual", "kind"]) => {
            &["Good to see you here.", "Take a minute with us.", "Make yourself comfortable.", "We thought of you."]
        }
        Language::English if is(&["bold", "inspir", "energ", "confident"]) => {
            &["Start today.", "No excuses.", "This one is worth it.", "Think bigger."]
        }
        Language::French if is(&["ludi", "drôle", "humour", "léger", "fun", "play"]) => {
            &["Devinez quoi ?", "Attention, surprise.", "C’est parti.", "Vous allez sourire."]
        }
        Language::French if is(&["amic", "chaleur", "bienveill", "décontract", "friend", "warm"]) => &[
            "Quel plaisir de vous retrouver.",
            "Prenez une minute avec nous.",
            "Installez-vous.",
            "On a pensé à vous.",
        ],
        Language::French if is(&["audac", "inspir", "énerg", "bold"]) => {
            &["C’est aujourd’hui.", "Plus d’excuses.", "Cela en vaut la peine.", "Voyez plus grand."]
        }
        Language::English | Language::French => &[""],
    }
}

/// What a channel's content can be. The names are those the channels use, in every language.
pub(super) fn formats(channel: &str) -> &'static [&'static str] {
    match channel {
        "instagram" => &["carousel", "reel", "photo", "story"],
        "tiktok" => &["video", "tutorial", "duet"],
        "linkedin" => &["post", "document", "article", "poll"],
        "facebook" => &["post", "photo", "video", "event"],
        "youtube" => &["short", "video", "community"],
        "newsletter" => &["letter", "digest"],
        "blog" => &["article", "interview", "list"],
        _ => &["post", "photo", "video"],
    }
}
