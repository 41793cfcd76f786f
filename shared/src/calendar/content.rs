//! What an entry says, in three forms: typed, as the merge's field map, and as the JSON that clients and events carry.
//! Called wherever an entry crosses from one form to another; the store keeps the field map.
//! It never holds `scheduledAt`: that is made of date, time and zone each time, so the four cannot disagree.

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_json::{Map, Value};

use super::{ChannelName, Field, Slot, rules, slots};
use crate::values::{merge::Fields, wire_enum::wire_enum};

/// Everything an entry says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// Where it goes.
    pub channel: ChannelName,
    /// Local date.
    pub date: NaiveDate,
    /// Local time of day, whole minutes.
    #[serde(serialize_with = "write_time", deserialize_with = "read_time")]
    pub time: NaiveTime,
    /// Zone of date and time.
    #[serde(serialize_with = "write_zone", deserialize_with = "read_zone")]
    pub timezone: Tz,
    /// A headline for people.
    pub title: String,
    /// What it is about.
    #[serde(default)]
    pub topic: String,
    /// What kind of content.
    #[serde(default)]
    pub format: String,
    /// The text to publish.
    #[serde(default)]
    pub caption: String,
    /// Tags, each with its `#`.
    #[serde(default)]
    pub hashtags: Vec<String>,
    /// For the people who make it.
    #[serde(default)]
    pub notes: String,
    /// Pictures and videos, set by people only.
    #[serde(default)]
    pub media: Vec<Medium>,
}

/// A picture or a video of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Medium {
    /// Where it lies: http or https.
    pub url: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: MediumType,
    /// What it shows, for those who cannot see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alt: Option<String>,
}

wire_enum! {
    /// What a medium is.
    pub enum MediumType {
        /// A picture.
        Image = "image",
        /// A video.
        Video = "video",
    }
}

/// The part of an entry that a model writes. Everything else comes from the server or from a human edit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// A headline for people.
    pub title: String,
    /// What it is about.
    pub topic: String,
    /// What kind of content.
    pub format: String,
    /// The text to publish.
    pub caption: String,
    /// Tags.
    pub hashtags: Vec<String>,
    /// For the people who make it.
    pub notes: String,
}

impl Content {
    /// A slot filled with a draft.
    pub fn of(slot: &Slot, zone: Tz, draft: Draft) -> Self {
        let Draft { title, topic, format, caption, hashtags, notes } = draft;
        let (channel, date) = (slot.key.channel.clone(), slot.key.date);
        Self {
            channel,
            date,
            time: slot.time,
            timezone: zone,
            title,
            topic,
            format,
            caption,
            hashtags,
            notes,
            media: Vec::new(),
        }
    }

    /// When it is due.
    pub fn scheduled_at(&self) -> DateTime<Utc> {
        slots::instant(self.date, self.time, self.timezone)
    }

    /// All fields, as the merge and the store take them.
    pub fn fields(&self) -> Fields<Field> {
        Field::ALL.iter().map(|field| (*field, self.field(*field))).collect()
    }

    /// The fields a run writes: all but `media`, about which a run says nothing.
    pub fn generated_fields(&self) -> Fields<Field> {
        let mut fields = self.fields();
        fields.remove(&Field::Media);
        fields
    }

    /// The value of one field, as JSON.
    pub fn field(&self, field: Field) -> Value {
        match field {
            Field::Channel => self.channel.as_str().into(),
            Field::Date => self.date.to_string().into(),
            Field::Time => rules::wire_time(self.time).into(),
            Field::Timezone => self.timezone.name().into(),
            Field::Title => self.title.as_str().into(),
            Field::Topic => self.topic.as_str().into(),
            Field::Format => self.format.as_str().into(),
            Field::Caption => self.caption.as_str().into(),
            Field::Hashtags => self.hashtags.clone().into(),
            Field::Notes => self.notes.as_str().into(),
            // Strings and enums always have a JSON form.
            Field::Media => serde_json::to_value(&self.media).unwrap_or_default(),
        }
    }

    /// Reads a field map.
    ///
    /// # Errors
    /// A field is missing or holds what it cannot hold: the map was not made by us.
    pub fn from_fields(fields: &Fields<Field>) -> serde_json::Result<Self> {
        let object: Map<_, _> =
            fields.iter().map(|(field, value)| (field.as_str().to_owned(), value.clone())).collect();
        serde_json::from_value(object.into())
    }

    /// The fields as clients and events carry them, `scheduledAt` in its place.
    pub fn wire(&self) -> Map<String, Value> {
        let mut wire = Map::new();
        for field in Field::ALL.iter().copied() {
            wire.insert(field.as_str().to_owned(), self.field(field));
            if field == Field::Timezone {
                wire.insert("scheduledAt".to_owned(), wire_instant(self.scheduled_at()).into());
            }
        }
        wire
    }
}

/// An instant as the wire spells it: RFC 3339 in UTC, whole seconds.
pub fn wire_instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn write_time<S: Serializer>(time: &NaiveTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rules::wire_time(*time))
}

fn read_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveTime, D::Error> {
    rules::time(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

fn write_zone<S: Serializer>(zone: &Tz, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(zone.name())
}

fn read_zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tz, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(|_| D::Error::custom("no such time zone"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn content() -> Content {
        let wire = json!({
            "channel": "x", "date": "2026-07-01", "time": "09:05", "timezone": "Europe/Paris", "title": "T", "topic": "O",
            "format": "F", "caption": "C", "hashtags": ["#a"], "notes": "N",
            "media": [{"url": "https://x", "type": "image"}, {"url": "https://y", "type": "video", "alt": "a cup"}],
        });
        serde_json::from_value(wire).unwrap()
    }

    #[test]
    fn an_entry_survives_its_field_map() {
        let content = content();
        let fields = content.fields();
        assert_eq!(fields.len(), Field::ALL.len());
        assert_eq!(Content::from_fields(&fields).unwrap(), content);
        assert_eq!(serde_json::from_value::<Content>(serde_json::to_value(&content).unwrap()).unwrap(), content);
    }

    #[test]
    fn a_run_writes_all_fields_but_media() {
        let mut fields = content().fields();
        fields.remove(&Field::Media);
        assert_eq!(content().generated_fields(), fields);
    }

    #[test]
    fn the_wire_has_every_field_and_the_instant_behind_the_zone() {
        let expected = r##"{"channel":"x","date":"2026-07-01","time":"09:05","timezone":"Europe/Paris","scheduledAt":"2026-07-01T07:05:00Z","title":"T","topic":"O","format":"F","caption":"C","hashtags":["#a"],"notes":"N","media":[{"url":"https://x","type":"image"},{"url":"https://y","type":"video","alt":"a cup"}]}"##;
        assert_eq!(Value::from(content().wire()).to_string(), expected);
    }

    #[test]
    fn a_time_or_a_zone_that_does_not_exist_is_not_read() {
        for (field, wrong) in [(Field::Time, "24:00"), (Field::Timezone, "Mars/Base"), (Field::Date, "2026-02-30")] {
            let mut fields = content().fields();
            fields.insert(field, wrong.into());
            assert!(Content::from_fields(&fields).is_err(), "{wrong}");
        }
    }
}
