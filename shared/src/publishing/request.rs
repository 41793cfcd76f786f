//! A request to publish as a client sends it, and how it is read: which entries, where, when. Called by the API with a
//! body, also with one that waited in the spool. Pure; a flaw of shape is a 400 that names the field.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::{Deserialize, Serialize};

use super::{
    Channel, Options,
    rules::{ENTRIES_MAX, PublishAt, PublishRequest},
};
use crate::{
    brands::{BrandId, name},
    organic::Timestamp,
    platform::{
        error::{Code, Refusal},
        id::{CalendarId, EntryId},
    },
    values::json_reader::{AsSegment, JsonReader},
};

/// A request as it was sent. A plan and the spool keep it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestBody {
    /// A calendar; either this or `brand_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar_id: Option<String>,
    /// Only these entries of the calendar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry_ids: Option<Vec<String>>,
    /// A brand, whose placements are published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand_id: Option<String>,
    /// Only these placements of the brand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placement_ids: Option<Vec<String>>,
    /// Only entries of these channels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<Vec<String>>,
    /// By channel: the account of entries that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_ids: Option<BTreeMap<String, String>>,
    /// True unless it is sent as false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
    /// `now`, `entry` or an instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish_at: Option<String>,
    /// The plan that a person approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_hash: Option<String>,
    /// Publishes again what was published before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repost: Option<bool>,
    /// What a person decides besides the content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Options>,
}

/// A request whose every word was checked.
#[derive(Clone, Debug)]
pub struct Order {
    /// As it was sent.
    pub body: RequestBody,
    /// Where its entries come from.
    pub source: Source,
    /// Only these, each once, in this order; all if `None`.
    pub only: Option<Vec<String>>,
    /// What the rules take.
    pub request: PublishRequest,
    /// The plan that a person approved.
    pub plan_hash: Option<String>,
    /// Whether it only asks what would be published.
    pub is_dry_run: bool,
}

/// Where entries come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A calendar.
    Calendar(CalendarId),
    /// A brand: its placements.
    Brand(BrandId),
}

impl Source {
    /// The field of the request that names it.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Calendar(_) => "calendarId",
            Self::Brand(_) => "brandId",
        }
    }

    /// The calendar, if it is one.
    pub const fn calendar(&self) -> Option<CalendarId> {
        match self {
            Self::Calendar(id) => Some(*id),
            Self::Brand(_) => None,
        }
    }

    /// The brand, if it is one.
    pub fn brand(&self) -> Option<&BrandId> {
        match self {
            Self::Calendar(_) => None,
            Self::Brand(id) => Some(id),
        }
    }
}

impl Order {
    /// Checks every word.
    ///
    /// # Errors
    /// `InvalidFields` with every flaw of shape; `NOTHING_TO_PUBLISH` for an empty list of channels.
    pub fn parse(body: RequestBody) -> Result<Self, Refusal> {
        let mut shape = JsonReader::default();
        let source = source(&mut shape, &body);
        let channels = channels(&mut shape, body.channels.as_deref().unwrap_or_default());
        let accounts = accounts(&mut shape, body.account_ids.iter().flatten());
        let publish_at = publish_at(&mut shape, body.publish_at.as_deref());
        let (source, publish_at) = shape.finish(source.zip(publish_at))?;
        if body.channels.as_ref().is_some_and(Vec::is_empty) {
            let message = "An empty list of channels publishes nothing.".to_owned();
            return Err(Refusal::Rule { code: Code::NothingToPublish, field: "channels", message });
        }
        let request = PublishRequest {
            channels,
            accounts,
            publish_at,
            repost: body.repost.unwrap_or(false),
            options: body.options.clone().unwrap_or_default(),
        };
        Ok(Self {
            source,
            only: entries(&body).or_else(|| body.placement_ids.as_ref().map(|ids| each_once(ids.iter().cloned()))),
            request,
            plan_hash: body.plan_hash.clone(),
            is_dry_run: body.dry_run.unwrap_or(true),
            body,
        })
    }
}

fn source(shape: &mut JsonReader, body: &RequestBody) -> Option<Source> {
    let (entries, placements) = (body.entry_ids.as_ref(), body.placement_ids.as_ref());
    shape.count(&[&"entryIds"], entries.map_or(0, Vec::len), 0..=ENTRIES_MAX);
    shape.count(&[&"placementIds"], placements.map_or(0, Vec::len), 0..=ENTRIES_MAX);
    match (&body.calendar_id, &body.brand_id) {
        (Some(calendar), None) => {
            refuse_beside(shape, "placementIds", placements.is_some(), "calendarId");
            shape.take(&[&"calendarId"], "uuid", calendar.parse()).map(Source::Calendar)
        }
        (None, Some(brand)) => {
            refuse_beside(shape, "entryIds", entries.is_some(), "brandId");
            shape.word(&[&"brandId"], brand).map(Source::Brand)
        }
        (Some(_), Some(_)) => {
            shape.flaw(&[&"brandId"], "value", "must be absent beside calendarId");
            None
        }
        (None, None) => {
            shape.flaw(&[&"calendarId"], "missing", "needs a calendarId or a brandId");
            None
        }
    }
}

fn refuse_beside(shape: &mut JsonReader, field: &'static str, is_present: bool, other: &str) {
    if is_present {
        shape.flaw(&[&field], "value", format_args!("must be absent beside {other}"));
    }
}

/// The entries that are named, their ids spelled as stored ones are.
fn entries(body: &RequestBody) -> Option<Vec<String>> {
    let spelled = |id: &String| id.parse().map_or_else(|_| id.clone(), |id: EntryId| id.to_string());
    body.entry_ids.as_ref().map(|ids| each_once(ids.iter().map(spelled)))
}

fn each_once(ids: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = HashSet::new();
    ids.filter(|id| seen.insert(id.clone())).collect()
}

fn channels(shape: &mut JsonReader, names: &[String]) -> BTreeSet<Channel> {
    let names = names.iter().enumerate();
    names.filter_map(|(at, name)| shape.take(&[&"channels", &at], "enum", name.parse())).collect()
}

fn accounts<'a>(
    shape: &mut JsonReader,
    named: impl Iterator<Item = (&'a String, &'a String)>,
) -> BTreeMap<Channel, String> {
    let mut accounts = BTreeMap::new();
    for (channel, id) in named {
        let way: [&dyn AsSegment; 2] = [&"accountIds", channel];
        let channel = shape.take(&way, "enum", channel.parse());
        let checked = shape.take(&way, "value", name::check(id));
        accounts.extend(channel.zip(checked).map(|(channel, ())| (channel, id.clone())));
    }
    accounts
}

fn publish_at(shape: &mut JsonReader, text: Option<&str>) -> Option<PublishAt> {
    match text {
        None | Some("now") => Some(PublishAt::Now),
        Some("entry") => Some(PublishAt::Entry),
        Some(text) => {
            let at = text.parse::<Timestamp>().map_err(|_| "must be now, entry, or an RFC 3339 time with its offset");
            shape.take(&[&"publishAt"], "value", at).map(|at| PublishAt::At(at.at()))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const CALENDAR: &str = "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11";

    fn parsed(body: Value) -> Result<Order, Refusal> {
        Order::parse(serde_json::from_value(body).expect("a body"))
    }

    /// The places of the flaws of a body.
    fn flaws(body: Value) -> Vec<String> {
        match parsed(body) {
            Err(Refusal::InvalidFields(flaws)) => flaws.iter().map(|flaw| json!(flaw.loc).to_string()).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_request_is_a_dry_run_of_all_entries_now_unless_it_says_otherwise() {
        let order = parsed(json!({ "calendarId": CALENDAR })).expect("an order");

        assert!(order.is_dry_run && !order.request.repost);
        assert_eq!(order.source, Source::Calendar(CALENDAR.parse().expect("an id")));
        assert_eq!((order.request.publish_at, order.plan_hash, order.only), (PublishAt::Now, None, None));
    }

    #[test]
    fn entries_that_are_named_twice_count_once() {
        let order = parsed(json!({ "brandId": "b", "placementIds": ["p2", "p1", "p2"] })).expect("an order");

        assert_eq!(order.only.expect("ids"), ["p2", "p1"]);
    }

    #[test]
    fn each_flaw_of_shape_names_its_field() {
        for (body, place) in [
            (json!({}), r#"["calendarId"]"#),
            (json!({ "calendarId": CALENDAR, "brandId": "b" }), r#"["brandId"]"#),
            (json!({ "calendarId": "x" }), r#"["calendarId"]"#),
            (json!({ "brandId": " " }), r#"["brandId"]"#),
            (json!({ "calendarId": CALENDAR, "placementIds": [] }), r#"["placementIds"]"#),
            (json!({ "brandId": "b", "entryIds": [] }), r#"["entryIds"]"#),
            (json!({ "calendarId": CALENDAR, "entryIds": vec![CALENDAR; 1_001] }), r#"["entryIds"]"#),
            (json!({ "calendarId": CALENDAR, "channels": ["facebook", "blog"] }), r#"["channels",1]"#),
            (json!({ "calendarId": CALENDAR, "accountIds": { "blog": "a" } }), r#"["accountIds","blog"]"#),
            (json!({ "calendarId": CALENDAR, "accountIds": { "tiktok": "" } }), r#"["accountIds","tiktok"]"#),
            (json!({ "calendarId": CALENDAR, "publishAt": "tomorrow" }), r#"["publishAt"]"#),
            (json!({ "calendarId": CALENDAR, "publishAt": "2026-01-26T09:00:00" }), r#"["publishAt"]"#),
        ] {
            assert_eq!(flaws(body.clone()), [place], "{body}");
        }
    }

    #[test]
    fn an_empty_list_of_channels_is_not_all_of_them() {
        let refused = parsed(json!({ "calendarId": CALENDAR, "channels": [] }));
        assert!(matches!(refused, Err(Refusal::Rule { code: Code::NothingToPublish, .. })), "{refused:?}");
    }
}
