//! The rules of a calendar request: what each of its words may be, and which well-formed requests are refused.
//! Called by the submitting route before anything is stored, and by the job to read the stored request again.
//! Pure; a flaw of shape is a 400, a broken rule a 422, and both name the field.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate, NaiveTime, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Cadence, ChannelName};
use crate::{
    platform::{
        error::{Code, Refusal},
        id::{CalendarId, PlanId},
    },
    values::{
        json_reader::{AsSegment, JsonPath, JsonReader},
        wire_enum::InvalidText,
    },
};

pub use crate::values::local_time::{date, time, wire_time, zone};

/// Most channels of a request.
pub const CHANNELS_MAX: usize = 8;
/// Most characters of a calendar's title.
pub const TITLE_MAX: usize = 200;
/// Most bytes of constraints as JSON: they are part of every prompt.
pub const CONSTRAINTS_MAX: usize = 32 * 1024;
/// A request as it was sent. The job's payload keeps it, so that a worker reads it by the same rules.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestBody {
    /// Where to post, in the order of the answer.
    pub channels: Vec<String>,
    /// How often: `daily`, `weekly` or `monthly`.
    pub cadence: String,
    /// The first day, `YYYY-MM-DD`.
    pub start: String,
    /// The last day, `YYYY-MM-DD`.
    pub end: String,
    /// Anything the model should know: topics, tone, language. At most [`CONSTRAINTS_MAX`] bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraints: Option<Map<String, Value>>,
    /// The calendar to regenerate; a new one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar_id: Option<String>,
    /// The client's own reference; stored, never looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_id: Option<String>,
    /// IANA name; UTC when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// The calendar's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// A request whose every word was checked.
#[derive(Clone, Debug, PartialEq)]
pub struct CalendarRequest {
    /// Each once, in the order of the request.
    pub channels: Vec<ChannelName>,
    /// How often.
    pub cadence: Cadence,
    /// First date.
    pub start: NaiveDate,
    /// Last date, not before the first.
    pub end: NaiveDate,
    /// What else is wanted.
    pub constraints: Constraints,
    /// The calendar to regenerate; `None` for a first run.
    pub calendar_id: Option<CalendarId>,
    /// A plan to refer to.
    pub plan_id: Option<PlanId>,
    /// The zone of all its times.
    pub zone: Tz,
    /// The calendar's name.
    pub title: Option<String>,
}

/// The known keys that rules look at, and all keys as they came, for the model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Constraints {
    /// Local times of channels that differ from the default.
    pub times: BTreeMap<ChannelName, NaiveTime>,
    /// Dates without entries.
    pub skip_dates: BTreeSet<NaiveDate>,
    /// Weekdays without entries.
    pub skip_weekdays: Vec<Weekday>,
    /// The language asked for.
    pub language: Option<String>,
    /// Everything as it was sent.
    pub all: Map<String, Value>,
}

impl Constraints {
    /// Whether nothing may be planned for a date.
    pub fn skips(&self, date: NaiveDate) -> bool {
        self.skip_dates.contains(&date) || self.skip_weekdays.contains(&date.weekday())
    }
}

impl CalendarRequest {
    /// Checks every word.
    ///
    /// # Errors
    /// `InvalidFields` with every flaw of shape, else the first broken rule: `END_BEFORE_START`, `UNKNOWN_TIME_ZONE`.
    pub fn parse(body: RequestBody) -> Result<Self, Refusal> {
        let mut shape = JsonReader::default();
        let channels = channels(&mut shape, &body.channels);
        let cadence = shape.word(&[&"cadence"], &body.cadence);
        let start = shape.take(&[&"start"], "date", date(&body.start));
        let end = shape.take(&[&"end"], "date", date(&body.end));
        let constraints = constraints(&mut shape, body.constraints.unwrap_or_default());
        let calendar_id = body.calendar_id.and_then(|id| shape.take(&[&"calendarId"], "uuid", id.parse()));
        let plan_id = body.plan_id.and_then(|id| shape.take(&[&"planId"], "uuid", id.parse()));
        let title = body.title.and_then(|title| shape.text(&[&"title"], &title.into(), 1..=TITLE_MAX));
        let dates = start.zip(end);
        let (cadence, (start, end)) = shape.finish(cadence.zip(dates))?;
        if end < start {
            return Err(rule(Code::EndBeforeStart, "end", "The range ends before it starts."));
        }
        let zone = body.timezone.as_deref().map_or(Ok(Tz::UTC), zone)?;
        Ok(Self { channels, cadence, start, end, constraints, calendar_id, plan_id, zone, title })
    }

    /// What a calendar without a title is called: its channels and dates, at most `TITLE_MAX` characters.
    pub fn name(&self) -> String {
        let dates =
            if self.start == self.end { self.start.to_string() } else { format!("{} to {}", self.start, self.end) };
        let channels: Vec<_> = self.channels.iter().map(ChannelName::as_str).collect();
        let all = channels.join(", ");
        match channels.as_slice() {
            [first, others @ ..] if all.len() + 2 + dates.len() > TITLE_MAX => {
                format!("{first} and {} more: {dates}", others.len())
            }
            _ => format!("{all}: {dates}"),
        }
    }

    /// Whether a key is this run's business: its channels × [start, end].
    pub fn covers(&self, key: &super::EntryKey) -> bool {
        (self.start..=self.end).contains(&key.date) && self.channels.contains(&key.channel)
    }
}

/// A channel that is named twice is one channel: each gets its entries once.
fn channels(shape: &mut JsonReader, names: &[String]) -> Vec<ChannelName> {
    shape.count(&[&"channels"], names.len(), 1..=CHANNELS_MAX);
    let mut channels = Vec::new();
    for (at, name) in names.iter().enumerate().take(CHANNELS_MAX) {
        let channel: Option<ChannelName> = shape.word(&[&"channels", &at], name);
        channels.extend(channel.filter(|channel| !channels.contains(channel)));
    }
    channels
}

/// Null is as good as absent; keys that are not known go to the model as they are.
fn constraints(shape: &mut JsonReader, mut all: Map<String, Value>) -> Constraints {
    all.retain(|_, value| !value.is_null());
    let mut known = Constraints::default();
    for (name, value) in &all {
        let way: JsonPath<'_> = &[&"constraints", name];
        match name.as_str() {
            "topics" | "avoid" => drop(shape.texts(way, value, 0..=50, 1..=200)),
            "tone" | "audience" => drop(shape.text(way, value, 0..=500)),
            "language" => known.language = shape.text(way, value, 0..=64).filter(|language| !language.is_empty()),
            "brand" => brand(shape, way, value),
            "times" => known.times = times(shape, way, value),
            "skipDates" => known.skip_dates = words(shape, way, value, date).into_iter().collect(),
            "skipWeekdays" => known.skip_weekdays = words(shape, way, value, weekday),
            _ => {}
        }
    }
    if Value::from(all.clone()).to_string().len() > CONSTRAINTS_MAX {
        shape.flaw(&[&"constraints"], "too_long", format_args!("must have at most {CONSTRAINTS_MAX} bytes"));
    }
    known.all = all;
    known
}

/// A name, or an object about which only the model needs to know more.
fn brand(shape: &mut JsonReader, way: JsonPath<'_>, value: &Value) {
    match value {
        Value::Object(_) => {}
        Value::String(_) => drop(shape.text(way, value, 0..=200)),
        _ => shape.flaw(way, "type", "must be a name or an object"),
    }
}

fn times(shape: &mut JsonReader, way: JsonPath<'_>, value: &Value) -> BTreeMap<ChannelName, NaiveTime> {
    let mut times = BTreeMap::new();
    for (name, value) in shape.object(way, value).into_iter().flatten() {
        let way = [way, &[name]].concat();
        let channel = shape.word(&way, name);
        let text = shape.text(&way, value, 0..=64);
        let time = text.and_then(|text| shape.take(&way, "time", time(&text)));
        times.extend(channel.zip(time));
    }
    times
}

fn words<T>(
    shape: &mut JsonReader,
    way: JsonPath<'_>,
    value: &Value,
    read: fn(&str) -> Result<T, InvalidText>,
) -> Vec<T> {
    let items = shape.list(way, value, 0..=1_000).unwrap_or_default().iter().enumerate();
    let words = items.filter_map(|(at, item)| {
        let place: &[&dyn AsSegment] = &[way, &[&at]].concat();
        let text = shape.text(place, item, 0..=64)?;
        shape.take(place, "value", read(&text))
    });
    words.collect()
}

fn weekday(text: &str) -> Result<Weekday, InvalidText> {
    match text {
        "mon" => Ok(Weekday::Mon),
        "tue" => Ok(Weekday::Tue),
        "wed" => Ok(Weekday::Wed),
        "thu" => Ok(Weekday::Thu),
        "fri" => Ok(Weekday::Fri),
        "sat" => Ok(Weekday::Sat),
        "sun" => Ok(Weekday::Sun),
        _ => Err(InvalidText("one of mon, tue, wed, thu, fri, sat, sun")),
    }
}

fn rule(code: Code, field: &'static str, message: &str) -> Refusal {
    Refusal::Rule { code, field, message: message.to_owned() }
}

#[cfg(test)]
mod tests;
