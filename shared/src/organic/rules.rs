//! The rules of a week's request: what each of its words may be, and which well-formed requests are refused.
//! Called by the submitting route before anything is stored, and by the job to read the stored request again.
//! Pure; a flaw of shape is a 400, a broken rule a 422, and both name the field.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    str::FromStr,
};

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Timelike, Utc, Weekday};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Options, Outlet, PlacementId, PlacementSeed, Timestamp, Week, WeekRequest};
use crate::{
    brands::{AccountId, Platform},
    platform::error::{Code, FieldError, Refusal},
    values::{
        json_reader::{JsonPath, JsonReader},
        local_time,
        wire_enum::InvalidText,
    },
};

/// Most placements of a request.
pub const PLACEMENTS_MAX: usize = 50;
/// Most characters of a time's label.
pub const TIME_LABEL_MAX: usize = 64;
/// Most bytes of a placement's metadata as JSON: it is part of the prompt.
pub const METADATA_MAX: usize = 8 * 1024;
/// Most bytes of all metadata of a request.
pub const METADATA_TOTAL_MAX: usize = 64 * 1024;
/// Most characters of guidance.
pub const GUIDANCE_MAX: usize = 4_000;
/// Most characters of a language's name.
pub const LANGUAGE_MAX: usize = 64;

/// Local time of a newsletter.
pub const NEWSLETTER_HOUR: u32 = 9;

/// A request as it was sent. The job's payload keeps it, so that a worker reads it by the same rules.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestBody {
    /// The brand that the week is made for.
    pub brand_profile_id: String,
    /// The Monday, `YYYY-MM-DD`.
    pub week_start: String,
    /// IANA name of the zone that the days are read in.
    pub timezone: String,
    /// The account of each platform, for placements that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_account_ids: Option<BTreeMap<String, String>>,
    /// What to make; may be empty when a preset fills the week.
    pub placements: Vec<PlacementBody>,
    /// How the week is filled and written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<OptionsBody>,
}

/// A placement as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlacementBody {
    /// The key under which a later run replaces it.
    pub placement_id: String,
    /// What it is about: a trend of the brand.
    pub trend_id: String,
    /// Its day in the week's zone, `YYYY-MM-DD`.
    pub day_id: String,
    /// The wish, RFC 3339 with an offset.
    pub scheduled_at: String,
    /// The client's name for the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_label: Option<String>,
    /// Where it goes.
    pub platform: String,
    /// The account it goes to; its platform's in `platformAccountIds` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// What kind of seed the trend is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed_source: Option<String>,
    /// Its format; the platform's usual one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desired_format: Option<String>,
    /// Hints of the client; at most 8 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
}

/// The options as they were sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OptionsBody {
    /// How a week without placements is filled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule_preset: Option<String>,
    /// Whether a newsletter is made too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_newsletter: Option<bool>,
    /// The newsletter's day, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newsletter_day_id: Option<String>,
    /// A wish to the model, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guidance_prompt: Option<String>,
    /// The language of the texts; the brand's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The platforms that a preset fills.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_platforms: Option<Vec<String>>,
}

impl WeekRequest {
    /// Checks every word; `most` is the most placements.
    ///
    /// # Errors
    /// `InvalidFields` with every flaw, else the first broken rule: `UNKNOWN_TIME_ZONE`, `NOT_A_MONDAY`, `DAY_OUTSIDE_WEEK`,
    /// `DAY_MISMATCH`, `NEWSLETTER_DAY_MISSING`, `NO_PLACEMENTS`.
    pub fn parse(body: RequestBody, most: usize) -> Result<Self, Refusal> {
        let RequestBody { brand_profile_id, week_start, timezone, platform_account_ids, placements, options } = body;
        let mut shape = JsonReader::default();
        let brand = shape.word(&[&"brandProfileId"], &brand_profile_id);
        let start = shape.take(&[&"weekStart"], "date", local_time::date(&week_start));
        let accounts = accounts(&mut shape, platform_account_ids.unwrap_or_default());
        shape.count(&[&"placements"], placements.len(), 0..=most);
        let seeds = seeds(&mut shape, &placements, &accounts, most);
        let options = read_options(&mut shape, options.unwrap_or_default());
        let (brand, start, (options, newsletter)) =
            shape.finish(brand.zip(start).map(|(brand, start)| (brand, start, options)))?;
        let week = Week { start, zone: local_time::zone(&timezone)? };
        in_week(&week, &seeds)?;
        let newsletter = newsletter_day(&week, &options, newsletter)?;
        if seeds.is_empty() && options.preset.is_none() {
            let message = "The request has neither placements nor a preset.";
            return Err(rule(Code::NoPlacements, &[&"placements"], message));
        }
        let (seeds, repeated) = each_once(seeds);
        Ok(Self { brand, week, accounts, seeds, repeated, options: Options { newsletter, ..options } })
    }

    /// Every account that the request names, with the platform it is named for: each must be linked to the brand.
    pub fn named_accounts(&self) -> std::collections::BTreeSet<(Platform, &AccountId)> {
        let mapped = self.accounts.iter().map(|(platform, account)| (*platform, account));
        let placed = self.seeds.iter().filter_map(|seed| seed.outlet.platform().zip(seed.account.as_ref()));
        mapped.chain(placed).collect()
    }

    /// The newsletter's placement, when one is wanted. What it is about is the caller's to say. A placement of the
    /// same id that was seeded by hand stands in its place.
    pub fn newsletter(&self) -> Option<PlacementSeed> {
        let day = self.options.newsletter?;
        let id = PlacementId::of_newsletter(day);
        let time = NaiveTime::from_hms_opt(NEWSLETTER_HOUR, 0, 0)?;
        let seed = PlacementSeed {
            id,
            trend: None,
            day,
            scheduled_at: local_time::instant(day, time, self.week.zone).into(),
            time_label: None,
            outlet: Outlet::Newsletter,
            account: None,
            source: None,
            desired_format: None,
            metadata: Map::new(),
        };
        self.seeds.iter().all(|seeded| seeded.id != seed.id).then_some(seed)
    }
}

/// An instant with its offset: RFC 3339 to the letter.
///
/// # Errors
/// Another spelling, an instant that does not exist, or a year that must be a slip.
pub fn instant(text: &str) -> Result<DateTime<Utc>, InvalidText> {
    let expected = InvalidText("a time with date and offset, e.g. 2026-01-26T09:00:00-08:00 or 2026-01-26T17:00:00Z");
    // The reader beneath also takes a space or a small t in the middle, and a sixty-first second.
    let spelled = text.len() <= 40 && text.is_ascii() && text.as_bytes().get(10) == Some(&b'T');
    let spelled = spelled && !text.ends_with('z');
    let read = spelled.then(|| DateTime::parse_from_rfc3339(text).ok()).flatten();
    let plain =
        read.filter(|at| at.nanosecond() < 1_000_000_000 && local_time::date(&at.date_naive().to_string()).is_ok());
    plain.map(|at| at.to_utc()).ok_or(expected)
}

fn accounts(shape: &mut JsonReader, named: BTreeMap<String, String>) -> BTreeMap<Platform, AccountId> {
    let mut accounts = BTreeMap::new();
    for (platform, account) in named {
        let way: JsonPath<'_> = &[&"platformAccountIds", &platform];
        let account = shape.word(way, &account);
        accounts.extend(shape.word::<Platform>(way, &platform).zip(account));
    }
    accounts
}

/// A placement with a flaw is none, so places among the seeds are no places in the request.
struct Placed {
    at: usize,
    seed: PlacementSeed,
}

fn seeds(
    shape: &mut JsonReader,
    placements: &[PlacementBody],
    accounts: &BTreeMap<Platform, AccountId>,
    most: usize,
) -> Vec<Placed> {
    let mut metadata = 0;
    let mut seeds = Vec::new();
    for (at, body) in placements.iter().enumerate().take(most) {
        metadata += body.metadata.as_ref().map_or(0, bytes);
        seeds.extend(seed(shape, at, body, accounts).map(|seed| Placed { at, seed }));
    }
    if metadata > METADATA_TOTAL_MAX {
        let message = format_args!("the metadata of all placements must have at most {METADATA_TOTAL_MAX} bytes");
        shape.flaw(&[&"placements"], "too_long", message);
    }
    seeds
}

fn bytes(metadata: &Map<String, Value>) -> usize {
    Value::from(metadata.clone()).to_string().len()
}

fn seed(
    shape: &mut JsonReader,
    at: usize,
    body: &PlacementBody,
    accounts: &BTreeMap<Platform, AccountId>,
) -> Option<PlacementSeed> {
    let mut field = Fields { shape, at };
    let id = field.word("placementId", &body.placement_id);
    let trend = field.word("trendId", &body.trend_id);
    let day = field.take("dayId", "date", local_time::date(&body.day_id));
    let scheduled_at = field.take("scheduledAt", "time", body.scheduled_at.parse::<Timestamp>());
    let platform: Option<Platform> = field.word("platform", &body.platform);
    let named = body.account_id.as_deref().and_then(|account| field.word("accountId", account));
    let source = body.seed_source.as_deref().and_then(|source| field.word("seedSource", source));
    let desired_format = body.desired_format.as_deref().and_then(|format| field.word("desiredFormat", format));
    let time_label = body.time_label.clone();
    let metadata = body.metadata.clone().unwrap_or_default();
    field.at_most("timeLabel", time_label.as_ref().map_or(0, |label| label.chars().count()), TIME_LABEL_MAX);
    field.at_most("metadata", bytes(&metadata), METADATA_MAX);
    let platform = platform?;
    Some(PlacementSeed {
        id: id?,
        trend: Some(trend?),
        day: day?,
        scheduled_at: scheduled_at?,
        time_label,
        outlet: Outlet::Platform(platform),
        account: named.or_else(|| accounts.get(&platform).cloned()),
        source,
        desired_format,
        metadata,
    })
}

/// The fields of one placement, so that each flaw names its way.
struct Fields<'a> {
    shape: &'a mut JsonReader,
    at: usize,
}

impl Fields<'_> {
    fn word<T: FromStr<Err: fmt::Display>>(&mut self, name: &str, text: &str) -> Option<T> {
        self.shape.word(&[&"placements", &self.at, &name], text)
    }

    fn take<T, E: fmt::Display>(&mut self, name: &str, kind: &'static str, read: Result<T, E>) -> Option<T> {
        self.shape.take(&[&"placements", &self.at, &name], kind, read)
    }

    fn at_most(&mut self, name: &str, size: usize, most: usize) {
        if size > most {
            let message = format_args!("must have at most {most}, and has {size}");
            self.shape.flaw(&[&"placements", &self.at, &name], "too_long", message);
        }
    }
}

/// The options, and the newsletter's day if one is named; the day is judged later, when the week is known.
fn read_options(shape: &mut JsonReader, body: OptionsBody) -> (Options, Newsletter) {
    let mut text = |name: &'static str, text: Option<String>, most: usize| {
        let text = text.and_then(|text| shape.text(&[&"options", &name], &text.into(), 0..=most));
        text.filter(|text| !text.is_empty())
    };
    let guidance = text("guidancePrompt", body.guidance_prompt, GUIDANCE_MAX);
    let language = text("language", body.language, LANGUAGE_MAX);
    let preset = body.schedule_preset.and_then(|preset| shape.word(&[&"options", &"schedulePreset"], &preset));
    let day = body.newsletter_day_id.map(|day| local_time::date(&day));
    let day = day.and_then(|day| shape.take(&[&"options", &"newsletterDayId"], "date", day));
    let mut preferred_platforms: Vec<Platform> = Vec::new();
    for (at, name) in body.preferred_platforms.unwrap_or_default().iter().enumerate() {
        let platform = shape.word(&[&"options", &"preferredPlatforms", &at], name);
        preferred_platforms.extend(platform.filter(|platform| !preferred_platforms.contains(platform)));
    }
    let newsletter = Newsletter { wanted: body.include_newsletter.unwrap_or(false), day };
    (Options { preset, newsletter: None, guidance, language, preferred_platforms }, newsletter)
}

struct Newsletter {
    wanted: bool,
    day: Option<NaiveDate>,
}

fn in_week(week: &Week, placed: &[Placed]) -> Result<(), Refusal> {
    if week.start.weekday() != Weekday::Mon {
        return Err(rule(Code::NotAMonday, &[&"weekStart"], "A week starts on a Monday."));
    }
    for Placed { at, seed } in placed {
        let way: JsonPath<'_> = &[&"placements", at, &"dayId"];
        if !week.holds(seed.day) {
            return Err(rule(Code::DayOutsideWeek, way, "This day is not in the week."));
        }
        let shown = week.date_of(seed.scheduled_at.at());
        if shown != seed.day {
            let message = format!("`scheduledAt` is on {shown} in {}, not on {}.", week.zone, seed.day);
            return Err(rule(Code::DayMismatch, way, &message));
        }
    }
    Ok(())
}

/// With a preset the day defaults to the week's first; without day and preset it is unknown.
fn newsletter_day(week: &Week, options: &Options, named: Newsletter) -> Result<Option<NaiveDate>, Refusal> {
    let way: JsonPath<'_> = &[&"options", &"newsletterDayId"];
    match named {
        Newsletter { wanted: false, .. } => Ok(None),
        Newsletter { day: Some(day), .. } if week.holds(day) => Ok(Some(day)),
        Newsletter { day: Some(_), .. } => Err(rule(Code::DayOutsideWeek, way, "This day is not in the week.")),
        Newsletter { day: None, .. } if options.preset.is_some() => Ok(Some(week.start)),
        Newsletter { day: None, .. } => {
            Err(rule(Code::NewsletterDayMissing, way, "A newsletter needs a day, or a preset that gives it one."))
        }
    }
}

/// The last of each id, in the order of the request.
fn each_once(placed: Vec<Placed>) -> (Vec<PlacementSeed>, Vec<PlacementId>) {
    let mut known = HashSet::new();
    let mut repeated = Vec::new();
    let mut seeds = Vec::with_capacity(placed.len());
    for Placed { seed, .. } in placed.into_iter().rev() {
        if known.insert(seed.id.clone()) {
            seeds.push(seed);
        } else if !repeated.contains(&seed.id) {
            repeated.push(seed.id);
        }
    }
    seeds.reverse();
    repeated.reverse();
    (seeds, repeated)
}

fn rule(code: Code, way: JsonPath<'_>, message: &str) -> Refusal {
    let loc = way.iter().map(|segment| segment.segment()).collect();
    Refusal::RuleAt(code, FieldError { loc, kind: "rule", message: message.to_owned() })
}

#[cfg(test)]
mod tests;
