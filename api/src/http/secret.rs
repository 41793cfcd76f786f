//! Secrets in a body: tokens of other services. No refusal, log or debug output shows one, and no answer holds one.

use std::borrow::Cow;

use poem_openapi::{
    registry::{MetaSchema, MetaSchemaRef},
    types::{ParseError, ParseFromJSON, ParseResult, ToJSON, Type},
};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

/// Most characters of a token. Vendors' tokens have up to some two thousand.
const MAX: usize = 4_096;

/// A token of another service.
#[derive(Clone, Debug)]
pub struct SecretToken(SecretString);

impl From<SecretToken> for SecretString {
    fn from(token: SecretToken) -> Self {
        token.0
    }
}

impl<'de> Deserialize<'de> for SecretToken {
    /// serde's own sentences repeat the value that they refuse, so any value is read and then judged.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) if is_token(&text) => Ok(Self(text.into())),
            _ => Err(D::Error::custom("must be a string of 1 to 4096 visible ASCII characters")),
        }
    }
}

/// Whether a text can stand in an `Authorization` header as it is.
fn is_token(text: &str) -> bool {
    (1..=MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

impl Type for SecretToken {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "string".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            min_length: Some(1),
            max_length: Some(MAX),
            pattern: Some("^[!-~]+$".to_owned()),
            write_only: true,
            ..MetaSchema::new_with_format("string", "password")
        }))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl ParseFromJSON for SecretToken {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        serde_json::from_value(value.unwrap_or_default()).map_err(ParseError::custom)
    }
}

impl ToJSON for SecretToken {
    fn to_json(&self) -> Option<Value> {
        None
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;
    use serde_json::json;

    use super::*;
    use crate::http::strict_json;

    #[derive(Debug, Deserialize)]
    struct Body {
        token: Option<SecretToken>,
    }

    fn read(token: &Value) -> Result<Option<SecretToken>, String> {
        let body = strict_json::parse::<Body>(json!({ "token": token }).to_string().as_bytes());
        body.map(|body| body.token).map_err(|error| format!("{error:?} {:?}", error.details))
    }

    #[test]
    fn a_token_is_read_as_it_stands_and_not_printed() {
        let token = read(&json!("canary-\"\\~")).unwrap().unwrap();

        assert!(!format!("{token:?}").contains("canary"));
        assert_eq!(SecretString::from(token).expose_secret(), "canary-\"\\~");
        assert!(read(&json!(null)).unwrap().is_none());
        assert!(read(&json!("x".repeat(MAX))).is_ok());
    }

    #[test]
    fn a_refused_token_is_not_shown() {
        for wrong in [
            json!(""),
            json!("canary canary"),
            json!("canary\n"),
            json!("canary-é"),
            json!("canary".repeat(MAX)),
            json!(31_415_926),
            json!(true),
            json!(["canary"]),
            json!({ "canary": "canary" }),
        ] {
            let refusal = read(&wrong).unwrap_err();
            assert!(refusal.contains("token") && refusal.contains("4096"), "{refusal}");
            assert!(!refusal.contains("canary") && !refusal.contains("31415926"), "{refusal}");
        }
    }
}
