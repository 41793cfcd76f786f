//! The phrase bank of the composer's placements: angles, openings, calls to action and ideas in English and French.
//! Called by the composer only; these are words, chosen so that a topic can stand in them without being bent.
//! It must never name a product, a price, a date or an address: whatever is printed here may be published by mistake.

use super::{super::language::Language, pick};

mod english;
mod french;

/// A way to look at a topic. `{topic}` stands for it in every text.
#[derive(Debug)]
pub(super) struct Angle {
    pub(super) title: &'static str,
    pub(super) hook: &'static str,
    pub(super) body: &'static str,
    pub(super) points: [&'static str; 3],
    pub(super) tag: &'static str,
}

/// What one language has.
#[derive(Debug)]
pub(super) struct Bank {
    pub(super) no_topic: &'static str,
    pub(super) angles: &'static [Angle],
    pub(super) objectives: Objectives,
    /// By the tones of guidance; the last ones stand for every other tone.
    pub(super) openings: Openings,
    pub(super) ctas: Ctas,
    pub(super) ideas: ByFormat<&'static str>,
    /// Role and suggestion.
    pub(super) hints: ByFormat<&'static [(&'static str, &'static str)]>,
    /// What each part of the day suggests, by its name.
    pub(super) times: [(&'static str, &'static str); 4],
    pub(super) in_this_video: &'static str,
    pub(super) greeting: &'static str,
    pub(super) farewell: &'static str,
    /// `{platforms}` stands for where else the brand is.
    pub(super) elsewhere: &'static str,
    /// `{guidance}` stands for what the person said.
    pub(super) guidance: &'static str,
    /// `{note}` stands for a hint of the placement.
    pub(super) note: &'static str,
}

/// What a placement can be for.
#[derive(Debug)]
pub(super) struct Objectives {
    pub(super) reach: &'static str,
    pub(super) conversation: &'static str,
    pub(super) attendance: &'static str,
    pub(super) trust: &'static str,
    pub(super) loyalty: &'static str,
}

/// How texts begin.
#[derive(Debug)]
pub(super) struct Openings {
    playful: &'static [&'static str],
    friendly: &'static [&'static str],
    bold: &'static [&'static str],
    professional: &'static [&'static str],
}

/// What people are asked to do.
#[derive(Debug)]
pub(super) struct Ctas {
    feed: &'static [&'static str],
    business: &'static [&'static str],
    video: &'static [&'static str],
    story: &'static [&'static str],
    letter: &'static [&'static str],
}

/// One for each format.
#[derive(Debug)]
pub(super) struct ByFormat<T> {
    reel: T,
    carousel: T,
    story: T,
    post: T,
    newsletter: T,
}

impl<T: Copy> ByFormat<T> {
    fn of(&self, format: &str) -> T {
        match format {
            "reel" => self.reel,
            "carousel" => self.carousel,
            "story" => self.story,
            "newsletter" => self.newsletter,
            _ => self.post,
        }
    }
}

pub(super) const fn bank(language: Language) -> &'static Bank {
    match language {
        Language::English => &english::ENGLISH,
        Language::French => &french::FRENCH,
    }
}

/// How a text begins in a tone. An unknown tone begins plainly.
pub(super) fn opening(bank: &Bank, tone: Option<&str>, turn: usize) -> &'static str {
    let tone = tone.unwrap_or_default().to_lowercase();
    let openings = match () {
        () if tone.contains("playful") || tone.contains("ludique") => bank.openings.playful,
        () if tone.contains("friendly") || tone.contains("warm") || tone.contains("chaleur") => bank.openings.friendly,
        () if tone.contains("bold") || tone.contains("audac") => bank.openings.bold,
        () if tone.contains("professional") || tone.contains("professionnel") => bank.openings.professional,
        () => &[""],
    };
    pick(openings, turn / 2)
}

pub(super) fn ctas(bank: &Bank, format: &str, platform: &str) -> &'static [&'static str] {
    match (format, platform) {
        ("newsletter", _) | (_, "newsletter") => bank.ctas.letter,
        ("story", _) => bank.ctas.story,
        (_, "youtube" | "tiktok") => bank.ctas.video,
        (_, "linkedin") => bank.ctas.business,
        _ => bank.ctas.feed,
    }
}

pub(super) fn idea(bank: &Bank, format: &str) -> &'static str {
    bank.ideas.of(format)
}

pub(super) fn asset_hints(bank: &Bank, format: &str) -> &'static [(&'static str, &'static str)] {
    bank.hints.of(format)
}

/// The name people know a platform by.
pub(super) fn platform_name(platform: &str) -> &str {
    match platform {
        "instagram" => "Instagram",
        "linkedin" => "LinkedIn",
        "facebook" => "Facebook",
        "tiktok" => "TikTok",
        "youtube" => "YouTube",
        other => other,
    }
}
