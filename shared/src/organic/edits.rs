//! What a user may write into a placement: a merge patch in the shape of its event.
//! Called by the placement routes before anything is stored; the limits are those that a model's items are cut to.
//! Pure. Its id and what it grew from never change, and day, instant and part of the day always agree.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use super::{
    Format, Outlet, TimeOfDay, Timestamp,
    event::{AssetHint, Placement, PlatformAccount, Schedule},
    fields::Field,
    fitting, task,
};
use crate::{
    brands::{AccountId, AssetId},
    platform::error::{Code, FieldError, Refusal},
    values::{
        json_reader::{JsonPath, JsonReader},
        local_time,
        merge::Fields,
    },
};

/// Most characters of the format's name for people.
pub const LABEL_CHARS: usize = 64;
/// Most characters of a reason that is sent back.
const REASON_MAX: usize = 1_000;
/// Most assets of a placement.
pub const ASSETS_MAX: usize = 50;
/// Most slides: what the outlet with the most takes.
pub const SLIDES_MAX: u64 = 35;

/// The fields that a patch writes, in the form they are stored in. `null` takes away what may be absent, and empties
/// what may be empty.
///
/// # Errors
/// `InvalidFields` with every flaw, `DAY_MISMATCH`.
pub fn patch(body: &Map<String, Value>, current: &Placement, zone: Tz) -> Result<Fields<Field>, Refusal> {
    let mut reader = Reader { shape: JsonReader::default(), fields: Fields::new(), current, zone };
    let mut day = None;
    for (name, value) in body {
        match name.as_str() {
            "placementId" => reader.unchanged(name, value, &json!(current.placement_id)),
            "seed" => reader.unchanged(name, value, &json!(current.seed)),
            "schedule" => day = reader.schedule(value),
            "platform" => reader.platform(value),
            "content" => reader.parts(&[name], value, Reader::content),
            "creative" => reader.parts(&[name], value, Reader::creative),
            "copy" => reader.parts(&[name], value, Reader::copy),
            _ => reader.unknown(&[name]),
        }
    }
    let Reader { shape, mut fields, .. } = reader;
    if let (Some(kind), false) = (fields.get(&Field::Type), fields.contains_key(&Field::Format)) {
        let kind = kind.as_str().and_then(|kind| kind.parse::<Format>().ok());
        fields.extend(kind.map(|kind| (Field::Format, kind.label().into())));
    }
    let fields = shape.finish(Some(fields))?;
    if day.is_some_and(|(named, real)| named != real) {
        let message = "The day is not the local date of the time.".to_owned();
        let loc = vec!["schedule".into(), "dayId".into()];
        return Err(Refusal::RuleAt(Code::DayMismatch, FieldError { loc, kind: "rule", message }));
    }
    Ok(fields)
}

/// The Monday of the week that a placement is in.
pub fn week_start(day: NaiveDate) -> NaiveDate {
    day - Days::new(u64::from(day.weekday().num_days_from_monday()))
}

struct Reader<'a> {
    shape: JsonReader,
    fields: Fields<Field>,
    current: &'a Placement,
    zone: Tz,
}

impl Reader<'_> {
    fn unknown(&mut self, way: JsonPath<'_>) {
        self.shape.flaw(way, "unknown_field", "is not a writable field of a placement");
    }

    /// What a client sends back as it got it is no change.
    fn unchanged(&mut self, name: &str, value: &Value, current: &Value) {
        if value != current {
            self.shape.flaw(&[&name], "read_only", "cannot be changed");
        }
    }

    fn parts(&mut self, way: JsonPath<'_>, value: &Value, read: fn(&mut Self, &str, JsonPath<'_>, &Value)) {
        for (name, value) in self.shape.object(way, value).cloned().into_iter().flatten() {
            read(self, &name, &[way, &[&name]].concat(), &value);
        }
    }

    /// The instant decides; a day without one keeps the local time. Answers the day that was named and the real one.
    fn schedule(&mut self, value: &Value) -> Option<(NaiveDate, NaiveDate)> {
        let (mut day, mut at) = (None, None);
        for (name, value) in self.shape.object(&[&"schedule"], value).cloned().into_iter().flatten() {
            let way: JsonPath<'_> = &[&"schedule", &name];
            match name.as_str() {
                "dayId" => {
                    let text = self.shape.text(way, &value, 0..=64);
                    day = text.and_then(|text| self.shape.take(way, "date", local_time::date(&text)));
                }
                "scheduledAt" => {
                    let text = self.shape.text(way, &value, 0..=64);
                    at = text.and_then(|text| self.shape.take(way, "timestamp", text.parse::<Timestamp>()));
                }
                // Made from the instant, whatever is sent back; but it must be what it was.
                "timeOfDay" | "adjusted" | "reason" if value.is_null() => {}
                "timeOfDay" => {
                    let text = self.shape.text(way, &value, 0..=64);
                    let _made_anew = text.and_then(|text| self.shape.word::<TimeOfDay>(way, &text));
                }
                "adjusted" if value.is_boolean() => {}
                "adjusted" => self.shape.flaw(way, "type", "must be true or false"),
                "reason" => {
                    let _made_anew = self.shape.text(way, &value, 0..=REASON_MAX);
                }
                _ => self.unknown(way),
            }
        }
        let kept = self.current.schedule.scheduled_at.at();
        let at = at.map(Timestamp::in_utc).or_else(|| day.map(|day| self.moved(kept, day).into()))?;
        let schedule = self.schedule_at(at);
        let real = schedule.day_id;
        self.put(Field::Schedule, json!(schedule));
        day.map(|day| (day, real))
    }

    /// The same local time on another day.
    fn moved(&self, at: DateTime<Utc>, day: NaiveDate) -> DateTime<Utc> {
        let time: NaiveTime = self.zone.from_utc_datetime(&at.naive_utc()).time();
        local_time::instant(day, time, self.zone)
    }

    /// A time set by a person was not adjusted.
    fn schedule_at(&self, at: Timestamp) -> Schedule {
        let local = self.zone.from_utc_datetime(&at.at().naive_utc());
        let time_of_day = TimeOfDay::of(at.at(), self.zone);
        Schedule { day_id: local.date_naive(), scheduled_at: at, time_of_day, adjusted: Some(false), reason: None }
    }

    fn platform(&mut self, value: &Value) {
        let PlatformAccount { mut name, mut account_id } = self.current.platform.clone();
        for (part, value) in self.shape.object(&[&"platform"], value).cloned().into_iter().flatten() {
            let way: JsonPath<'_> = &[&"platform", &part];
            match part.as_str() {
                "name" => {
                    let text = self.shape.text(way, &value, 0..=64);
                    name = text.and_then(|text| self.shape.word::<Outlet>(way, &text)).unwrap_or(name);
                }
                "accountId" if value.is_null() => account_id = None,
                "accountId" => {
                    let text = self.shape.text(way, &value, 0..=200);
                    account_id = text.and_then(|text| self.shape.word::<AccountId>(way, &text)).or(account_id);
                }
                _ => self.unknown(way),
            }
        }
        if name.platform().is_some() != account_id.is_some() {
            let message = "must be given for a platform, and null for a newsletter";
            self.shape.flaw(&[&"platform", &"accountId"], "value", message);
        }
        self.put(Field::Platform, json!(PlatformAccount { name, account_id }));
    }

    fn content(&mut self, name: &str, way: JsonPath<'_>, value: &Value) {
        match name {
            "type" => {
                let text = self.shape.text(way, value, 0..=64);
                let kind = text.and_then(|text| self.shape.word::<Format>(way, &text));
                self.fields.extend(kind.map(|kind| (Field::Type, kind.as_str().into())));
            }
            "format" => self.text(Field::Format, way, value, 1..=LABEL_CHARS),
            "titleTopic" => self.text(Field::TitleTopic, way, value, 1..=fitting::TITLE_MAX),
            "objective" => self.optional(Field::Objective, way, value),
            "target" => self.optional(Field::Target, way, value),
            "tone" => self.optional(Field::Tone, way, value),
            "cta" => self.optional(Field::Cta, way, value),
            "numSlides" if value.is_null() => self.put(Field::NumSlides, Value::Null),
            "numSlides" => match value.as_u64().filter(|count| (1..=SLIDES_MAX).contains(count)) {
                Some(count) => self.put(Field::NumSlides, count.into()),
                None => {
                    let message = format_args!("must be a whole number from 1 to {SLIDES_MAX}");
                    self.shape.flaw(way, "value", message);
                }
            },
            _ => self.unknown(way),
        }
    }

    fn creative(&mut self, name: &str, way: JsonPath<'_>, value: &Value) {
        match name {
            "creativeIdea" => self.text(Field::CreativeIdea, way, value, 0..=task::IDEA_MAX),
            "assetIds" => {
                let texts = self.list(way, value, ASSETS_MAX, 200);
                let ids = texts.iter().enumerate();
                let ids = ids.filter_map(|(at, text)| self.shape.word::<AssetId>(&[way, &[&at]].concat(), text));
                let ids = json!(ids.collect::<Vec<_>>());
                self.put(Field::AssetIds, ids);
            }
            "assetHints" if value.is_null() => self.put(Field::AssetHints, Value::Null),
            "assetHints" => {
                let hints = self.shape.list(way, value, 0..=task::HINTS_MAX).unwrap_or_default().iter().enumerate();
                let hints = hints.filter_map(|(at, hint)| self.hint(&[way, &[&at]].concat(), hint));
                let hints = json!(hints.collect::<Vec<_>>());
                self.put(Field::AssetHints, hints);
            }
            _ => self.unknown(way),
        }
    }

    fn hint(&mut self, way: JsonPath<'_>, value: &Value) -> Option<AssetHint> {
        self.shape.object(way, value)?;
        let role = self.shape.text(&[way, &[&"role"]].concat(), &value["role"], 1..=task::ROLE_MAX);
        let way = [way, &[&"suggestion"]].concat();
        let suggestion = self.shape.text(&way, &value["suggestion"], 1..=task::SUGGESTION_MAX)?;
        Some(AssetHint { role: role?, suggestion })
    }

    fn copy(&mut self, name: &str, way: JsonPath<'_>, value: &Value) {
        match name {
            "caption" => self.text(Field::Caption, way, value, 0..=task::CAPTION_MAX),
            "hashtags" => self.parts(way, value, Self::hashtags),
            _ => self.unknown(way),
        }
    }

    fn hashtags(&mut self, name: &str, way: JsonPath<'_>, value: &Value) {
        let field = match name {
            "high" => Field::HashtagsHigh,
            "medium" => Field::HashtagsMedium,
            "low" => Field::HashtagsLow,
            _ => return self.unknown(way),
        };
        let tags = self.list(way, value, fitting::HASHTAGS_MAX, fitting::HASHTAG_MAX);
        self.put(field, tags.into());
    }

    fn list(&mut self, way: JsonPath<'_>, value: &Value, items: usize, chars: usize) -> Vec<String> {
        if value.is_null() { Vec::new() } else { self.shape.texts(way, value, 0..=items, 1..=chars) }
    }

    fn text(&mut self, field: Field, way: JsonPath<'_>, value: &Value, chars: std::ops::RangeInclusive<usize>) {
        let empties = value.is_null() && *chars.start() == 0;
        let text = if empties { Some(String::new()) } else { self.shape.text(way, value, chars) };
        self.fields.extend(text.map(|text| (field, text.into())));
    }

    fn optional(&mut self, field: Field, way: JsonPath<'_>, value: &Value) {
        if value.is_null() {
            self.put(field, Value::Null);
        } else {
            self.text(field, way, value, 0..=task::WORDS_MAX);
        }
    }

    fn put(&mut self, field: Field, value: Value) {
        self.fields.insert(field, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placement() -> Placement {
        let event = json!({
            "placementId": "p1",
            "schedule": {
                "dayId": "2026-01-26", "scheduledAt": "2026-01-26T17:00:00Z", "timeOfDay": "morning", "adjusted": true,
                "reason": "moved",
            },
            "platform": {"name": "instagram", "accountId": "acct_1"},
            "seed": {"trendId": "t1", "source": "trend"},
            "content": {"type": "reel", "format": "Reel", "titleTopic": "T", "objective": "O", "numSlides": 3},
            "creative": {"creativeIdea": "I", "assetIds": ["a"]},
            "copy": {"caption": "C", "hashtags": {"high": ["#a"], "medium": [], "low": ["#b"]}},
        });
        serde_json::from_value(event).unwrap()
    }

    fn read(body: &Value) -> Result<Fields<Field>, Refusal> {
        patch(body.as_object().unwrap(), &placement(), Tz::America__Los_Angeles)
    }

    #[track_caller]
    fn places(body: &Value) -> Vec<Vec<Value>> {
        match read(body) {
            Err(Refusal::InvalidFields(flaws)) => flaws.into_iter().map(|flaw| flaw.loc).collect(),
            other => panic!("{body}: {other:?}"),
        }
    }

    #[test]
    fn only_what_is_named_is_written() {
        let fields = read(&json!({"copy": {"caption": " Mine ", "hashtags": {"low": null}}})).unwrap();
        assert_eq!(fields, Fields::from([(Field::Caption, json!("Mine")), (Field::HashtagsLow, json!([]))]));
        let fields = read(&json!({"content": {"type": "carousel", "cta": null, "numSlides": 5}})).unwrap();
        let expected = [
            (Field::Type, json!("carousel")),
            (Field::Format, json!("Carousel")),
            (Field::Cta, Value::Null),
            (Field::NumSlides, json!(5)),
        ];
        assert_eq!(fields, Fields::from(expected), "the label follows the type");
        assert_eq!(read(&json!({})).unwrap(), Fields::new());
    }

    #[test]
    fn a_move_keeps_day_instant_and_part_of_the_day_together() {
        let schedule = |body: Value| read(&json!({ "schedule": body })).unwrap()[&Field::Schedule].clone();
        let expected = json!({"dayId": "2026-01-28", "scheduledAt": "2026-01-29T02:30:00Z", "timeOfDay": "evening", "adjusted": false});
        assert_eq!(schedule(json!({"scheduledAt": "2026-01-28T18:30:00-08:00"})), expected);
        assert_eq!(schedule(json!({"scheduledAt": "2026-01-29T02:30:00Z", "dayId": "2026-01-28"})), expected);
        let expected = json!({"dayId": "2026-01-29", "scheduledAt": "2026-01-29T17:00:00Z", "timeOfDay": "morning", "adjusted": false});
        assert_eq!(schedule(json!({"dayId": "2026-01-29"})), expected, "the same local time on another day");
        let apart = read(&json!({"schedule": {"scheduledAt": "2026-01-29T02:30:00Z", "dayId": "2026-01-29"}}));
        assert!(matches!(apart, Err(Refusal::RuleAt(Code::DayMismatch, _))), "{apart:?}");
    }

    #[test]
    fn what_comes_back_as_it_was_sent_changes_nothing_but_the_marks() {
        let event = serde_json::to_value(placement()).unwrap();
        let fields = read(&event).unwrap();
        assert!(!fields.contains_key(&Field::Seed));
        assert_eq!(fields[&Field::Platform], event["platform"]);
        assert_eq!(fields[&Field::Caption], event["copy"]["caption"]);
    }

    #[test]
    fn every_flaw_is_named_by_its_way() {
        let body = json!({
            "placementId": "p2", "seed": {"trendId": "t2"}, "price": 1, "copy": {"caption": 1, "hashtags": {"top": []}},
            "schedule": {"dayId": "2026-02-30", "scheduledAt": "soon"}, "platform": {"name": "myspace"},
            "content": {"type": "poem", "titleTopic": "", "numSlides": 0},
            "creative": {"assetIds": ["a~b"], "assetHints": [{"role": "hook"}]},
        });
        let mut flaws: Vec<String> = places(&body).into_iter().map(|loc| Value::from(loc).to_string()).collect();
        flaws.sort();
        let mut expected = [
            r#"["placementId"]"#,
            r#"["seed"]"#,
            r#"["price"]"#,
            r#"["copy","caption"]"#,
            r#"["copy","hashtags","top"]"#,
            r#"["schedule","dayId"]"#,
            r#"["schedule","scheduledAt"]"#,
            r#"["platform","name"]"#,
            r#"["content","type"]"#,
            r#"["content","titleTopic"]"#,
            r#"["content","numSlides"]"#,
            r#"["creative","assetIds",0]"#,
            r#"["creative","assetHints",0,"suggestion"]"#,
        ];
        expected.sort_unstable();
        assert_eq!(flaws, expected);
        let newsletter = json!({"platform": {"name": "newsletter"}});
        assert_eq!(places(&newsletter), [[json!("platform"), json!("accountId")]]);
    }
}
