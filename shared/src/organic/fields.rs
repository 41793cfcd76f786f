//! A placement as the merge's field map: what a run writes and people edit, one name for each leaf of the event.
//! Called wherever a placement crosses from its event to the store and back; the merge itself is `crate::values::merge`.
//! It never holds what follows from something else: day and part of the day are inside `schedule`, made from its instant.

use serde_json::{Map, Value};

use super::event::Placement;
use crate::values::{merge::Fields, wire_enum::wire_enum};

wire_enum! {
    /// A value of a placement that runs write and people edit: the path to it in the event. The order is the one in which
    /// edits are listed.
    pub enum Field {
        /// When it goes out: one value, because day, part of the day and instant follow from each other.
        Schedule = "schedule",
        /// Where it goes out.
        Platform = "platform",
        /// What it grew from; no person's to change.
        Seed = "seed",
        /// The format for machines.
        Type = "content.type",
        /// The format for people.
        Format = "content.format",
        /// What it is about, in a line.
        TitleTopic = "content.titleTopic",
        /// What it should achieve.
        Objective = "content.objective",
        /// Whom it is for.
        Target = "content.target",
        /// Its tone of voice.
        Tone = "content.tone",
        /// What it asks people to do.
        Cta = "content.cta",
        /// Its slides.
        NumSlides = "content.numSlides",
        /// The idea in a few sentences.
        CreativeIdea = "creative.creativeIdea",
        /// Assets of the brand's library.
        AssetIds = "creative.assetIds",
        /// What to make where no asset fits.
        AssetHints = "creative.assetHints",
        /// The text to publish.
        Caption = "copy.caption",
        /// Tags that many people look for.
        HashtagsHigh = "copy.hashtags.high",
        /// Tags that some people look for.
        HashtagsMedium = "copy.hashtags.medium",
        /// Tags that few people look for.
        HashtagsLow = "copy.hashtags.low",
    }
}

impl Field {
    /// The path to it in the event.
    pub fn path(self) -> impl Iterator<Item = &'static str> {
        self.as_str().split('.')
    }
}

/// All fields of a placement. What is absent in the event is null here, so that a run can take it away again.
///
/// # Errors
/// None that these types can cause.
pub fn of(placement: &Placement) -> serde_json::Result<Fields<Field>> {
    let event = serde_json::to_value(placement)?;
    let leaf = |field: &Field| field.path().fold(&event, |value, step| &value[step]).clone();
    Ok(Field::ALL.iter().map(|field| (*field, leaf(field))).collect())
}

/// The placement that a field map says.
///
/// # Errors
/// A field is missing or holds what it cannot hold: the map was not made by us.
pub fn read(id: &str, fields: &Fields<Field>) -> serde_json::Result<Placement> {
    let mut event = Map::from_iter([("placementId".to_owned(), id.into())]);
    for (field, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
        put(&mut event, field.as_str(), value.clone());
    }
    serde_json::from_value(event.into())
}

fn put(object: &mut Map<String, Value>, path: &str, value: Value) {
    let Some((first, rest)) = path.split_once('.') else {
        object.insert(path.to_owned(), value);
        return;
    };
    let inner = object.entry(first).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(inner) = inner {
        put(inner, rest, value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event() -> Value {
        json!({
            "placementId": "p1",
            "schedule": {
                "dayId": "2026-01-26", "scheduledAt": "2026-01-26T17:00:00Z", "timeOfDay": "morning", "adjusted": true,
                "reason": "moved",
            },
            "platform": {"name": "instagram", "accountId": "acct_1"},
            "seed": {"trendId": "t1", "source": "trend"},
            "content": {"type": "reel", "format": "Reel", "titleTopic": "T", "objective": "O", "numSlides": 3},
            "creative": {
                "creativeIdea": "I", "assetIds": ["a"], "assetHints": [{"role": "hook", "suggestion": "steam"}],
            },
            "copy": {"caption": "C", "hashtags": {"high": ["#a"], "medium": [], "low": ["#b"]}},
        })
    }

    #[test]
    fn a_placement_survives_its_field_map() {
        let placement: Placement = serde_json::from_value(event()).unwrap();

        let fields = of(&placement).unwrap();

        assert_eq!(fields.len(), Field::ALL.len());
        assert_eq!(fields[&Field::Tone], Value::Null, "absent is null, so that a run can take it away");
        assert_eq!(fields[&Field::HashtagsHigh], json!(["#a"]));
        let again = read("p1", &fields).unwrap();
        assert_eq!(again, placement);
        assert_eq!(serde_json::to_value(&again).unwrap(), event());
    }

    #[test]
    fn every_field_is_read_by_its_spelling_which_is_its_way() {
        for field in Field::ALL {
            assert_eq!(field.as_str().parse(), Ok(*field));
            assert_eq!(field.path().collect::<Vec<_>>().join("."), field.as_str());
            assert_eq!(serde_json::to_value(field).unwrap(), field.as_str());
        }
        assert!("copy".parse::<Field>().is_err());
    }
}
