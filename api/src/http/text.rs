//! Texts of a request whose bounds stand in the OpenAPI document: ids that clients choose, and texts with a maximum
//! number of characters. The bounds are those of the rules in `shared`; the rules check them, nothing here refuses
//! anything.

use std::borrow::Cow;

use almanac_shared::brands::name;
use poem_openapi::{
    registry::{MetaSchema, MetaSchemaRef},
    types::{ParseError, ParseFromJSON, ParseResult, ToJSON, Type},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An id that a client chooses.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct ClientId(pub String);

/// A text of at most `MOST` characters after trimming.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Text<const MOST: usize>(pub String);

fn id_schema() -> MetaSchema {
    MetaSchema {
        min_length: Some(1),
        max_length: Some(name::MAX),
        pattern: Some(name::PATTERN.to_owned()),
        ..MetaSchema::new("string")
    }
}

fn text_schema(most: usize) -> MetaSchema {
    MetaSchema { max_length: Some(most), ..MetaSchema::new("string") }
}

macro_rules! texts {
    ($([$($generics:tt)*] $name:ty = $schema:expr;)*) => {$(
        impl<$($generics)*> From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl<$($generics)*> Type for $name {
            const IS_REQUIRED: bool = true;

            type RawValueType = String;
            type RawElementValueType = String;

            fn name() -> Cow<'static, str> {
                "string".into()
            }

            fn schema_ref() -> MetaSchemaRef {
                MetaSchemaRef::Inline(Box::new($schema))
            }

            fn as_raw_value(&self) -> Option<&String> {
                Some(&self.0)
            }

            fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a String> + 'a> {
                Box::new(std::iter::once(&self.0))
            }
        }

        impl<$($generics)*> ParseFromJSON for $name {
            fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
                String::parse_from_json(value).map(Self).map_err(ParseError::propagate)
            }
        }

        impl<$($generics)*> ToJSON for $name {
            fn to_json(&self) -> Option<Value> {
                self.0.to_json()
            }
        }
    )*};
}

texts! {
    [] ClientId = id_schema();
    [const MOST: usize] Text<MOST> = text_schema(MOST);
}
