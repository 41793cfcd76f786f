//! The composer's placements: one for each slot a document asks for, and the document that asks for them.
//! The worker writes the document for every model, the composer reads it.
//! A placement depends on its own slot, the brand and the wishes only, so asking again for missing slots gives what was
//! missing.

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use self::{
    phrases::{Angle, Bank},
    wishes::{Hints, Wishes},
};
use super::language::Language;

mod phrases;
mod tags;
mod wishes;

/// The task's name in a document.
pub const TASK: &str = "organic";

/// Longest topic in a title: a title is a line, and beside pictures on TikTok it has ninety.
const TOPIC_IN_TITLE: usize = 50;
/// Longest topic inside a sentence.
const TOPIC_IN_TEXT: usize = 120;

/// The user message of an organic week.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// Always `organic`.
    pub task: String,
    /// What to fill.
    pub slots: Vec<Slot>,
    /// The brand that publishes.
    #[serde(default)]
    pub brand: Brand,
    /// What the person says about the copy: data, never instructions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guidance: Option<String>,
    /// The language to write in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Platforms that copy may point to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub preferred_platforms: Vec<String>,
}

/// One slot of a document, in the words of the wire.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Slot {
    /// The placement's key.
    pub placement_id: String,
    /// Where it goes: a platform or `newsletter`.
    pub platform: String,
    /// Local time with its offset.
    pub scheduled_at: String,
    /// The part of the local day.
    pub time_of_day: String,
    /// What it is.
    pub format: String,
    /// What it is about; absent for the newsletter of a brand without trends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trend: Option<Trend>,
    /// Hints: data, never instructions.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

/// What a slot is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trend {
    /// A headline.
    pub title: String,
    /// What kind of seed it is.
    #[serde(default)]
    pub source: String,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// The brand that publishes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brand {
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Tone of voice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
}

impl Document {
    /// The document in a JSON value, if it is one of this task.
    pub fn read(value: &Value) -> Option<Self> {
        Self::deserialize(value).ok().filter(|document| document.task == TASK)
    }
}

impl From<Document> for Value {
    fn from(document: Document) -> Self {
        // Texts, lists and maps with text keys always have a JSON form.
        serde_json::to_value(document).unwrap_or_default()
    }
}

/// One composed placement: what a model says about a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The slot's.
    pub placement_id: String,
    /// What it is about, in a line.
    pub title_topic: String,
    /// Its objective.
    pub objective: String,
    /// Its audience, if the document names one.
    pub target: Option<String>,
    /// Its tone, if the document names one.
    pub tone: Option<String>,
    /// What it asks people to do.
    pub cta: String,
    /// The slides of a carousel.
    pub num_slides: Option<u32>,
    /// The idea in a few sentences.
    pub creative_idea: String,
    /// What to make for it: role and suggestion.
    pub asset_hints: Vec<(String, String)>,
    /// The text to publish.
    pub caption: String,
    /// Tags that many, some and few people look for, each with its `#`.
    pub hashtags: [Vec<String>; 3],
}

impl From<Placement> for Value {
    fn from(placement: Placement) -> Self {
        let [high, medium, low] = placement.hashtags;
        let hint = |(role, suggestion): (String, String)| json!({ "role": role, "suggestion": suggestion });
        let hints: Vec<Value> = placement.asset_hints.into_iter().map(hint).collect();
        let mut content = json!({ "titleTopic": placement.title_topic, "objective": placement.objective });
        for (name, text) in [("target", placement.target), ("tone", placement.tone), ("cta", Some(placement.cta))] {
            if let Some(text) = text {
                content[name] = text.into();
            }
        }
        if let Some(slides) = placement.num_slides {
            content["numSlides"] = slides.into();
        }
        json!({
            "placementId": placement.placement_id,
            "content": content,
            "creative": { "creativeIdea": placement.creative_idea, "assetHints": hints },
            "copy": { "caption": placement.caption, "hashtags": { "high": high, "medium": medium, "low": low } },
        })
    }
}

/// One placement a slot, in the order of the slots.
pub fn compose(document: &Document) -> Vec<Placement> {
    let wishes = Wishes::read(document);
    document.slots.iter().map(|slot| Composition::of(slot, &wishes).placement()).collect()
}

/// One placement being written.
struct Composition<'a> {
    slot: &'a Slot,
    wishes: &'a Wishes,
    language: Language,
    hints: Hints,
    bank: &'static Bank,
    angle: &'static Angle,
    topic: String,
    turn: usize,
}

impl<'a> Composition<'a> {
    fn of(slot: &'a Slot, wishes: &'a Wishes) -> Self {
        let language = wishes.language(slot);
        let bank = phrases::bank(language);
        let turn = turn_of(slot);
        let named = slot.trend.as_ref().map(|trend| one_line(&trend.title)).filter(|title| !title.is_empty());
        let topic = named.unwrap_or_else(|| bank.no_topic.to_owned());
        let angle = &bank.angles[turn % bank.angles.len()];
        Self { slot, wishes, language, hints: Hints::read(&slot.metadata), bank, angle, topic, turn }
    }

    fn placement(self) -> Placement {
        let objective = self.hints.objective.clone().unwrap_or_else(|| self.objective().to_owned());
        Placement {
            placement_id: self.slot.placement_id.clone(),
            title_topic: sentence(&self.filled(self.angle.title, TOPIC_IN_TITLE)),
            objective,
            target: self.hints.target.clone(),
            tone: self.hints.tone.clone().or_else(|| self.wishes.tone.clone()),
            cta: self.cta(),
            // Enough to distinguish the points, a beginning and an end.
            num_slides: (self.slot.format == "carousel").then(|| 5 + u32::from(self.turn.is_multiple_of(2))),
            creative_idea: self.idea(),
            asset_hints: self.asset_hints(),
            caption: self.caption(),
            hashtags: tags::of(self.slot, self.language, &self.hints, [self.angle.tag, &self.wishes.brand]),
        }
    }

    fn filled(&self, template: &str, topic_units: usize) -> String {
        template.replace("{topic}", &shortened(&self.topic, topic_units)).replace("{brand}", &self.wishes.brand)
    }

    fn text(&self, template: &str) -> String {
        sentence(&self.filled(template, TOPIC_IN_TEXT))
    }

    fn objective(&self) -> &'static str {
        let source = self.slot.trend.as_ref().map_or("manual", |trend| trend.source.as_str());
        match (self.slot.format.as_str(), source) {
            ("newsletter", _) => self.bank.objectives.loyalty,
            (_, "question") => self.bank.objectives.conversation,
            (_, "event") => self.bank.objectives.attendance,
            (_, "trend") => self.bank.objectives.reach,
            _ => self.bank.objectives.trust,
        }
    }

    fn cta(&self) -> String {
        let list = phrases::ctas(self.bank, &self.slot.format, &self.slot.platform);
        self.hints.cta.clone().unwrap_or_else(|| pick(list, self.turn / 3).to_owned())
    }

    fn idea(&self) -> String {
        let idea = phrases::idea(self.bank, &self.slot.format);
        let time = self.bank.times.iter().find(|(name, _)| *name == self.slot.time_of_day).map(|(_, phrase)| *phrase);
        let guidance =
            self.wishes.guidance.as_deref().map(|guidance| self.bank.guidance.replace("{guidance}", guidance));
        let note = self.hints.note.as_deref().map(|note| self.bank.note.replace("{note}", note));
        let parts = [Some(self.text(idea)), time.map(str::to_owned), guidance, note];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    fn asset_hints(&self) -> Vec<(String, String)> {
        let hints = phrases::asset_hints(self.bank, &self.slot.format);
        hints.iter().map(|(role, suggestion)| ((*role).to_owned(), self.text(suggestion))).collect()
    }

    /// Each outlet has its own manner: what stands first, how much, and what closes it.
    fn caption(&self) -> String {
        let opening =
            phrases::opening(self.bank, self.hints.tone.as_deref().or(self.wishes.tone.as_deref()), self.turn);
        let hook = [opening, &self.text(self.angle.hook)].join(" ").trim().to_owned();
        let body = self.text(self.angle.body);
        let points = self.angle.points.iter().map(|point| self.text(point));
        let list = |mark: &str| points.clone().map(|point| format!("{mark}{point}")).collect::<Vec<_>>().join("\n");
        let mentions = self.wishes.mentions.join(" ");
        let (cta, sign) = (self.cta(), self.signature());
        let parts = match (self.slot.platform.as_str(), self.slot.format.as_str()) {
            (_, "newsletter") | ("newsletter", _) => {
                let greeting = self.filled(self.bank.greeting, TOPIC_IN_TEXT);
                let paragraphs = points.clone().collect::<Vec<_>>().join("\n\n");
                vec![
                    greeting,
                    hook,
                    body,
                    mentions,
                    paragraphs,
                    self.elsewhere(),
                    cta,
                    self.filled(self.bank.farewell, 0),
                ]
            }
            (_, "story") => vec![hook, mentions, cta],
            ("tiktok", _) => vec![hook, mentions, cta],
            ("linkedin", _) => vec![hook, body, list("– "), mentions, cta],
            ("youtube", _) => vec![
                hook,
                body,
                format!("{}\n{}", self.bank.in_this_video, list("• ")),
                mentions,
                self.elsewhere(),
                cta,
                sign,
            ],
            (_, "carousel") => vec![hook, list("→ "), mentions, cta, sign],
            _ => vec![hook, body, mentions, cta, sign],
        };
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
    }

    fn signature(&self) -> String {
        if self.wishes.brand.is_empty() { String::new() } else { format!("— {}", self.wishes.brand) }
    }

    /// Where else the brand is: the preferred platforms but this one.
    fn elsewhere(&self) -> String {
        let others = self.wishes.platforms.iter().filter(|platform| **platform != self.slot.platform);
        let names: Vec<&str> = others.map(|platform| phrases::platform_name(platform)).collect();
        if names.is_empty() { String::new() } else { self.bank.elsewhere.replace("{platforms}", &names.join(", ")) }
    }
}

/// Which phrase of each list a slot gets: neighbours in time, on other platforms and under other ids get others.
fn turn_of(slot: &Slot) -> usize {
    let date = slot.scheduled_at.get(..10).and_then(|date| date.parse::<NaiveDate>().ok()).unwrap_or_default();
    let day = date.num_days_from_ce().unsigned_abs() as usize;
    let sum = |text: &str| text.bytes().fold(7_usize, |sum, byte| (sum * 31 + usize::from(byte)) % 9_973);
    day + sum(&slot.platform) + sum(&slot.placement_id)
}

/// The item whose turn it is. The lists are never empty; were one, it would say nothing.
fn pick<'a>(list: &[&'a str], turn: usize) -> &'a str {
    list.get(turn % list.len().max(1)).copied().unwrap_or_default()
}

/// With a capital at its beginning.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Cut between words, without a mark, because the text continues inside a sentence. Measured in UTF-16 code units, as
/// the strictest outlet does.
fn shortened(text: &str, units: usize) -> String {
    let mut used = 0;
    let too_much = text.char_indices().find(|(_, char)| {
        used += char.len_utf16();
        used > units
    });
    let Some((end, _)) = too_much else { return text.to_owned() };
    let kept = &text[..end];
    kept.rfind(' ').map_or(kept, |at| &kept[..at]).trim_end_matches([',', ';', ':']).to_owned()
}

#[cfg(test)]
mod tests;
