//! A week as a model's task: the document that asks for drafts, and the reading of one item of its answer.
//! Called by the worker's job before each call of a model, by the reading of answers, and to build what an event shows.
//! It never takes an account, a platform, a time or an address from an answer: a placement is its slot plus a draft.

use chrono::{DateTime, SecondsFormat, TimeZone, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Format, PlacementId, PlacementSeed, TimeOfDay, Week, WeekRequest,
    event::{AssetHint, Content, Creative, Hashtags, Placement, PlatformAccount, Schedule, Seed, Wording},
    fitting::{self, Unit},
    matching::{self, Match},
    slots::Planned,
};
use crate::{
    brands::{Brand, Trend, TrendSource},
    composer::organic::{self as composer, Document},
};

/// Most characters of a caption in an answer: what the longest of the outlets takes.
pub const CAPTION_MAX: usize = 63_206;
/// Most characters of the idea.
pub const IDEA_MAX: usize = 2_000;
/// Most characters of objective, target, tone and call to action.
pub const WORDS_MAX: usize = 200;
/// Most hints for assets.
pub const HINTS_MAX: usize = 10;
/// Most characters of a hint's role.
pub const ROLE_MAX: usize = 64;
/// Most characters of a hint's suggestion.
pub const SUGGESTION_MAX: usize = 500;

/// The part of a placement that a model writes. Everything else comes from the server or from a human edit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// What it is about, in a line.
    pub title_topic: String,
    /// Its objective.
    pub objective: Option<String>,
    /// Whom it is for.
    pub target: Option<String>,
    /// Its tone.
    pub tone: Option<String>,
    /// What it asks people to do.
    pub cta: Option<String>,
    /// How many slides it has.
    pub num_slides: Option<u32>,
    /// The idea in a few sentences.
    pub creative_idea: String,
    /// What to make for it.
    pub asset_hints: Vec<AssetHint>,
    /// The text to publish.
    pub caption: String,
    /// Its tags.
    pub hashtags: Hashtags,
}

/// A placement that has its time and its trend, and waits for a draft.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    /// What was asked for.
    pub seed: PlacementSeed,
    /// When it goes out.
    pub planned: Planned,
    /// What it is about; none for the newsletter of a brand without trends.
    pub trend: Option<Trend>,
}

impl Slot {
    /// What kind of seed it grew from: as the client took it, else as its trend is stored.
    pub fn source(&self) -> TrendSource {
        let stored = self.trend.as_ref().map(|trend| trend.source);
        self.seed.source.or(stored).unwrap_or(TrendSource::Manual)
    }

    /// What matching needs to know of it, with the topic that the draft gave it.
    pub fn subject<'a>(&'a self, topic: &'a str) -> matching::Subject<'a> {
        let trend = self.trend.as_ref();
        let mut tags = self.seed.tags();
        tags.extend(trend.into_iter().flat_map(|trend| &trend.tags).map(String::as_str));
        matching::Subject {
            tags,
            trend: trend.map_or("", |trend| trend.title.as_str()),
            topic,
            description: trend.and_then(|trend| trend.description.as_deref()).unwrap_or_default(),
            format: self.seed.format(),
        }
    }
}

/// Asks for these slots.
pub fn document<'a>(request: &WeekRequest, brand: &Brand, slots: impl IntoIterator<Item = &'a Slot>) -> Document {
    let slot = |slot: &Slot| composer::Slot {
        placement_id: slot.seed.id.to_string(),
        platform: slot.seed.outlet.to_string(),
        scheduled_at: local(slot.planned.at, &request.week),
        time_of_day: TimeOfDay::of(slot.planned.at, request.week.zone).to_string(),
        format: slot.seed.format().to_string(),
        trend: slot.trend.as_ref().map(|trend| composer::Trend {
            title: trend.title.clone(),
            source: slot.source().to_string(),
            description: trend.description.clone(),
            tags: trend.tags.clone(),
        }),
        metadata: slot.seed.metadata.clone(),
    };
    let options = &request.options;
    Document {
        task: composer::TASK.to_owned(),
        slots: slots.into_iter().map(slot).collect(),
        brand: composer::Brand { name: brand.name.clone(), voice: brand.voice.clone() },
        guidance: options.guidance.clone(),
        language: options.language.clone().or_else(|| brand.language.clone()),
        preferred_platforms: options.preferred_platforms.iter().map(ToString::to_string).collect(),
    }
}

/// Local time of the week's zone, with offset, so that the model knows the time of day there.
fn local(at: DateTime<Utc>, week: &Week) -> String {
    week.zone.from_utc_datetime(&at.naive_utc()).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The draft in one item of an answer, the placement it says it is for, and whether something was cut. An item needs its
/// `placementId`, and a title or a caption; what else is missing is absent. Texts are expected clean.
pub fn read(item: &Value) -> Option<(PlacementId, Draft, bool)> {
    let id = item.get("placementId")?.as_str()?.parse().ok()?;
    let mut reading = Reading { item, cut: false };
    let caption = reading.text("copy", "caption", CAPTION_MAX).unwrap_or_default();
    let title = reading.text("content", "titleTopic", fitting::TITLE_MAX);
    let draft = Draft {
        // A line is what people recognise a placement by, so one without it borrows from what it says.
        title_topic: title.unwrap_or_else(|| first_line(&caption)),
        objective: reading.text("content", "objective", WORDS_MAX),
        target: reading.text("content", "target", WORDS_MAX),
        tone: reading.text("content", "tone", WORDS_MAX),
        cta: reading.text("content", "cta", WORDS_MAX),
        num_slides: reading.value("content", "numSlides").and_then(number),
        creative_idea: reading.text("creative", "creativeIdea", IDEA_MAX).unwrap_or_default(),
        asset_hints: reading.hints(),
        hashtags: reading.hashtags(),
        caption,
    };
    (!draft.title_topic.is_empty()).then_some((id, draft, reading.cut))
}

/// A caption's first line, within a title's limit.
pub fn first_line(caption: &str) -> String {
    let line = caption.lines().next().unwrap_or_default();
    fitting::shortened(line, fitting::TITLE_MAX, Unit::Utf16).0
}

fn number(value: &Value) -> Option<u32> {
    let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
    number.and_then(|number| u32::try_from(number).ok()).filter(|number| *number > 0)
}

/// One item being read. Models put fields where they belong or, leaving the groups out, beside the id.
struct Reading<'a> {
    item: &'a Value,
    cut: bool,
}

impl<'a> Reading<'a> {
    fn value(&self, group: &str, name: &str) -> Option<&'a Value> {
        let grouped = self.item.get(group).and_then(|group| group.get(name));
        grouped.or_else(|| self.item.get(name)).filter(|value| !value.is_null())
    }

    fn text(&mut self, group: &str, name: &str, most: usize) -> Option<String> {
        let text = self.value(group, name)?.as_str()?;
        Some(self.shortened(text, most)).filter(|text| !text.is_empty())
    }

    fn shortened(&mut self, text: &str, most: usize) -> String {
        let (text, cut) = fitting::shortened(text, most, Unit::Utf16);
        self.cut |= cut;
        text
    }

    /// A hint may be a mere text: then it is about the whole.
    fn hints(&mut self) -> Vec<AssetHint> {
        let listed =
            self.value("creative", "assetHints").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        self.cut |= listed.len() > HINTS_MAX;
        let mut hints = Vec::new();
        for hint in listed.iter().take(HINTS_MAX) {
            let (role, suggestion) = match hint {
                Value::String(text) => ("main", text.as_str()),
                _ => {
                    let text = |name: &str| hint.get(name).and_then(Value::as_str).unwrap_or_default();
                    (text("role"), text("suggestion"))
                }
            };
            let role = if role.trim().is_empty() { "main" } else { role };
            let (role, suggestion) = (self.shortened(role, ROLE_MAX), self.shortened(suggestion, SUGGESTION_MAX));
            hints.extend((!suggestion.is_empty()).then_some(AssetHint { role, suggestion }));
        }
        hints
    }

    /// In groups, or in one list: then the popularity of each is unknown.
    fn hashtags(&mut self) -> Hashtags {
        let value = self.value("copy", "hashtags").unwrap_or(&Value::Null);
        let group = |name: &str| value.get(name).map(tags).unwrap_or_default();
        let whole = if value.is_object() { Vec::new() } else { tags(value) };
        let listed = Hashtags { high: group("high"), medium: [group("medium"), whole].concat(), low: group("low") };
        let (mut tidied, mut cut) = fitting::tidied(&listed);
        for group in [&mut tidied.high, &mut tidied.medium, &mut tidied.low] {
            cut |= group.len() > fitting::HASHTAGS_MAX;
            group.truncate(fitting::HASHTAGS_MAX);
        }
        self.cut |= cut;
        tidied
    }
}

/// A list of tags, or one text of them.
fn tags(value: &Value) -> Vec<String> {
    match value {
        Value::Array(tags) => tags.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        // Without a `#` in it, spaces part the tags of a text.
        Value::String(text) if text.contains('#') => vec![text.clone()],
        Value::String(text) => text.split_whitespace().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// A slot and its fitted draft as the placement that clients see.
pub fn placement(week: &Week, slot: &Slot, draft: Draft, found: &[Match]) -> Placement {
    let Slot { seed, planned, .. } = slot;
    let format = seed.format();
    let (scheduled_at, wished) = match planned.moved {
        None => (seed.scheduled_at.clone().in_utc(), seed.scheduled_at.at()),
        Some(_) => (planned.at.into(), seed.scheduled_at.at()),
    };
    Placement {
        placement_id: seed.id.clone(),
        schedule: Schedule {
            day_id: week.date_of(planned.at),
            scheduled_at,
            time_of_day: TimeOfDay::of(planned.at, week.zone),
            adjusted: Some(planned.moved.is_some()),
            reason: planned.moved.map(|why| why.sentence(wished, week)),
        },
        platform: PlatformAccount { name: seed.outlet, account_id: seed.account.clone() },
        seed: Seed { trend_id: seed.trend.clone(), source: slot.source() },
        content: content(format, &draft),
        creative: Creative {
            creative_idea: draft.creative_idea,
            asset_ids: found.iter().map(|found| found.asset.clone()).collect(),
            // Beside assets that match, too: they say what else to make.
            asset_hints: Some(draft.asset_hints).filter(|hints| !hints.is_empty()),
        },
        copy: Wording { caption: draft.caption, hashtags: draft.hashtags },
    }
}

fn content(format: Format, draft: &Draft) -> Content {
    Content {
        kind: format,
        format: format.label().to_owned(),
        title_topic: draft.title_topic.clone(),
        objective: draft.objective.clone(),
        target: draft.target.clone(),
        tone: draft.tone.clone(),
        cta: draft.cta.clone(),
        num_slides: draft.num_slides,
    }
}

#[cfg(test)]
mod tests;
