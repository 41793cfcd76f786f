//! Request bodies, read to the letter: the schema comes from `T`, the parsing from serde, and every refusal names the
//! field. Routes take [`StrictJson`] and add their own lengths with [`Checks`].
//! It must never bend a value to fit: a number is not a string, a lone surrogate is not text.
//! `Json` of poem-openapi is not used: it parses into a `Value` first, which drops repeated fields without an error.

mod objects;

use std::ops::RangeInclusive;

use almanac_shared::platform::error::Code;
use poem::{
    Request, RequestBody,
    http::{HeaderValue, header},
};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    payload::{ParsePayload, Payload},
    registry::{MetaMediaType, MetaRequest, MetaSchemaRef, Registry},
    types::Type,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use self::objects::Objects;
use crate::http::error::{ApiError, Detail};

/// Objects and arrays inside each other.
const MAX_DEPTH: u32 = 64;

/// A JSON body. `StrictJson<Option<T>>` also takes no body at all.
#[derive(Clone, Debug)]
pub struct StrictJson<T>(pub T);

impl<T: Type> Payload for StrictJson<T> {
    const CONTENT_TYPE: &'static str = "application/json";

    fn check_content_type(content_type: &str) -> bool {
        let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
    }

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Type + DeserializeOwned> ParsePayload for StrictJson<T> {
    const IS_REQUIRED: bool = T::IS_REQUIRED;

    async fn from_request(request: &Request, body: &mut RequestBody) -> poem::Result<Self> {
        let bytes = body.take()?.into_bytes().await?;
        if bytes.is_empty() && !T::IS_REQUIRED {
            return Ok(Self(parse(b"null")?));
        }
        check_media(request, Self::check_content_type, &[Self::CONTENT_TYPE])?;
        Ok(Self(parse(&bytes)?))
    }
}

impl<'a, T: Type + DeserializeOwned> ApiExtractor<'a> for StrictJson<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        <Self as Payload>::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let content = vec![MetaMediaType { content_type: Self::CONTENT_TYPE, schema: Self::schema_ref() }];
        Some(MetaRequest { description: None, content, required: T::IS_REQUIRED })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        <Self as ParsePayload>::from_request(request, body).await
    }
}

/// 415 unless the media type is accepted and the body has no content coding.
pub fn check_media(request: &Request, is_accepted: fn(&str) -> bool, accepted: &[&str]) -> Result<(), ApiError> {
    let codings = request.headers().get_all(header::CONTENT_ENCODING).iter();
    let mut codings = codings.flat_map(|value| value.to_str().unwrap_or("unknown").split(','));
    if !codings.all(|coding| coding.trim().eq_ignore_ascii_case("identity")) {
        let refusal = ApiError::new(Code::UnsupportedMediaType, "Content-Encoding is not supported");
        return Err(refusal.with_header(header::ACCEPT_ENCODING, HeaderValue::from_static("identity")));
    }
    if !request.content_type().is_some_and(is_accepted) {
        return Err(ApiError::new(Code::UnsupportedMediaType, format!("the body must be {}", accepted.join(" or "))));
    }
    Ok(())
}

/// Reads `T` from JSON, or says in the contract's words what is wrong with it. Where the schema says object a list is
/// refused, at every depth: serde would take it for the struct, field by field.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let text = std::str::from_utf8(bytes).map_err(|_| malformed_text("the body is not UTF-8"))?;
    scan(bytes)?;
    // Tracking the path costs an allocation per level, so it is done only when there is something to report.
    read(text).or_else(|_| parse_with_path(text))
}

fn read<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = T::deserialize(Objects(&mut deserializer))?;
    deserializer.end()?;
    Ok(value)
}

fn parse_with_path<T: DeserializeOwned>(text: &str) -> Result<T, ApiError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value =
        serde_path_to_error::deserialize(Objects(&mut deserializer)).map_err(|error| refused(&error, &["body"]))?;
    deserializer.end().map_err(|error| malformed_json(&error))?;
    Ok(value)
}

/// Reads `T` from a part of a body whose type depends on the rest of the request; `way` is the way to it.
pub fn read_part<T: DeserializeOwned>(part: Value, way: &[&str]) -> Result<T, ApiError> {
    serde_path_to_error::deserialize(Objects(part)).map_err(|error| refused(&error, way))
}

fn refused(error: &serde_path_to_error::Error<serde_json::Error>, way: &[&str]) -> ApiError {
    let inner = error.inner();
    if !inner.is_data() {
        return malformed_json(inner);
    }
    let message = without_names(&without_position(&inner.to_string()));
    let mut loc: Vec<_> = way.iter().map(|name| Value::from(*name)).collect();
    loc.extend(error.path().iter().filter_map(|segment| match segment {
        Segment::Seq { index } => Some(Value::from(*index)),
        Segment::Map { key } => Some(Value::from(key.as_str())),
        Segment::Enum { variant } => Some(Value::from(variant.as_str())),
        Segment::Unknown => None,
    }));
    let (kind, field) = classify(&message);
    loc.extend(field.map(Value::from));
    ApiError::invalid(vec![Detail { loc, msg: message, kind: kind.to_owned() }])
}

/// serde has no kinds, only sentences; these beginnings are part of its `Error` trait's documented wording. A missing
/// or repeated field is reported at its parent, so its name is taken from the sentence.
fn classify(message: &str) -> (&'static str, Option<&str>) {
    let named = |rest: &'static str| message.strip_prefix(rest).and_then(|rest| rest.split('`').next());
    if let Some(field) = named("missing field `") {
        return ("missing", Some(field));
    }
    if let Some(field) = named("duplicate field `") {
        return ("duplicate", Some(field));
    }
    let kinds = [
        ("unknown field", "unknown_field"),
        ("unknown variant", "enum"),
        ("invalid type", "type"),
        ("invalid length", "length"),
    ];
    (kinds.iter().find(|(start, _)| message.starts_with(start)).map_or("value", |&(_, kind)| kind), None)
}

/// serde names the type that it expected as the program spells it.
fn without_names(message: &str) -> String {
    match message.split_once(", expected struct ") {
        Some((found, _)) => format!("{found}, expected an object"),
        None => message.to_owned(),
    }
}

/// serde_json ends its sentences with the place in the text, which says nothing that `loc` does not say better.
fn without_position(message: &str) -> String {
    message.rsplit_once(" at line ").map_or(message, |(sentence, _)| sentence).to_owned()
}

fn malformed_json(error: &serde_json::Error) -> ApiError {
    let detail = Detail::at(["body"], "json", error.to_string());
    ApiError::new(Code::MalformedJson, "the body is not JSON").details(vec![detail])
}

fn malformed_text(what: &str) -> ApiError {
    let detail = Detail::at(["body"], "text", what);
    ApiError::new(Code::MalformedText, what).details(vec![detail])
}

/// One pass over the bytes for what a JSON parser lets through: NUL, escaped or not, escapes of half a surrogate pair,
/// deep but legal nesting, and numbers out of the range of a double in ignored fields.
fn scan(bytes: &[u8]) -> Result<(), ApiError> {
    let (mut depth, mut in_string, mut at) = (0_u32, false, 0);
    while let Some(&byte) = bytes.get(at) {
        match (byte, in_string) {
            (0, _) => return Err(malformed_text("the body holds a NUL character")),
            (b'\\', true) => at += escape_length(&bytes[at..])? - 1,
            (b'"', _) => in_string = !in_string,
            (b'[' | b'{', false) if depth == MAX_DEPTH => {
                let detail = Detail::at(["body"], "depth", format!("nested deeper than {MAX_DEPTH}"));
                return Err(ApiError::new(Code::MalformedJson, "the body is nested too deeply").details(vec![detail]));
            }
            (b'[' | b'{', false) => depth += 1,
            (b'0'..=b'9', false) => at += number_length(&bytes[at..])? - 1,
            (b']' | b'}', false) => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// The bytes of the number at the start of `rest`.
fn number_length(rest: &[u8]) -> Result<usize, ApiError> {
    let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
    let length = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
    let number = std::str::from_utf8(&rest[..length]).unwrap_or_default();
    // Without an exponent it takes more than 308 digits.
    let may_be_too_large = length > 308 || number.contains(['e', 'E']);
    if may_be_too_large && number.parse().is_ok_and(f64::is_infinite) {
        let detail = Detail::at(["body"], "json", "a number is out of range");
        return Err(ApiError::new(Code::MalformedJson, "the body contains a number out of range").details(vec![detail]));
    }
    Ok(length)
}

/// The bytes that the escape at the start of `rest` takes; a surrogate pair counts as one.
fn escape_length(rest: &[u8]) -> Result<usize, ApiError> {
    match unicode_escape(rest) {
        None => Ok(2),
        Some(0) => Err(malformed_text("the body holds an escaped NUL character")),
        Some(0xD800..=0xDBFF) => match rest.get(6..).and_then(unicode_escape) {
            Some(0xDC00..=0xDFFF) => Ok(12),
            _ => Err(malformed_text("the body holds half a surrogate pair")),
        },
        Some(0xDC00..=0xDFFF) => Err(malformed_text("the body holds half a surrogate pair")),
        Some(_) => Ok(6),
    }
}

fn unicode_escape(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    let digits =
        std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    u16::from_str_radix(digits?, 16).ok()
}

/// Further checks of a body's declared shape (lengths, counts), gathered so that one answer names them all.
#[derive(Debug, Default)]
pub struct Checks(Vec<Detail>);

impl Checks {
    /// Text whose number of Unicode scalar values is in these bounds, as it stands: trim before.
    #[must_use]
    pub fn length(self, field: &str, text: &str, allowed: RangeInclusive<usize>) -> Self {
        // A character has at least one byte, at most four: far too long a text is not counted to its end.
        let count = text.chars().take(allowed.end().saturating_add(1)).count();
        self.size(field, count, allowed, "characters")
    }

    /// A list whose number of items is in these bounds.
    #[must_use]
    pub fn count(self, field: &str, items: usize, allowed: RangeInclusive<usize>) -> Self {
        self.size(field, items, allowed, "items")
    }

    /// Anything else that the schema promises.
    #[must_use]
    pub fn with(mut self, detail: Detail) -> Self {
        self.0.push(detail);
        self
    }

    /// 400 with every finding, or nothing.
    pub fn finish(self) -> Result<(), ApiError> {
        if self.0.is_empty() { Ok(()) } else { Err(ApiError::invalid(self.0)) }
    }

    fn size(self, field: &str, size: usize, allowed: RangeInclusive<usize>, unit: &str) -> Self {
        let (least, most) = allowed.into_inner();
        if size < least {
            return self.with(Detail::at(["body", field], "too_short", format!("must have at least {least} {unit}")));
        }
        if size > most {
            return self.with(Detail::at(["body", field], "too_long", format!("must have at most {most} {unit}")));
        }
        self
    }
}

#[cfg(test)]
mod tests;
