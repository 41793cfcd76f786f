//! Parameters, header names and media types of operations.

use poem::http::Method;
use poem_openapi::{
    registry::{
        MetaHeader, MetaMediaType, MetaOperation, MetaOperationParam, MetaParamIn, MetaResponse, MetaSchema,
        MetaSchemaRef,
    },
    types::Type,
};
use serde_json::json;

/// On every response that has passed the middleware.
const REQUEST_ID: &str = "X-Request-Id";
/// On every error with a body.
const ERROR_CODE: &str = "X-Error-Code";

/// A response header: its usual spelling (the macros write it in upper case), meaning and example.
const RESPONSE_HEADERS: [(&str, &str, &str); 12] = [
    (REQUEST_ID, "Id of the request: the one that it carried, or a new one.", "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11"),
    (ERROR_CODE, "The code of the error.", "RATE_LIMITED"),
    (
        "Location",
        "The submitted job; of a request to publish, the plan.",
        "/v1/jobs/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11",
    ),
    ("RateLimit-Policy", "Requests and seconds of the limit.", "\"generation\";q=5;w=300"),
    ("RateLimit", "Remaining requests, and seconds until there is one more.", "\"generation\";r=3;t=120"),
    ("Retry-After", "Seconds before the next attempt.", "2"),
    ("Idempotency-Replayed", "`true` if an earlier request with the same `Idempotency-Key` stored the answer.", "true"),
    ("Content-Security-Policy", "No script, no frame, nothing from elsewhere.", "default-src 'none'"),
    ("Content-Disposition", "Name of the file.", "attachment; filename=\"calendar.ics\""),
    ("X-Dry-Run", "`true` while `PUBLISH_SERVICE_ENABLED` is off for the caller.", "true"),
    ("Set-Cookie", "The cookie `almanac_session`.", "almanac_session=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict"),
    ("WWW-Authenticate", "The scheme of the token.", "Bearer"),
];

/// Operations that read `If-Match`.
const CONDITIONAL: [&str; 8] = [
    "updateEntry",
    "deleteEntry",
    "updatePlacement",
    "deletePlacement",
    "updateTheme",
    "deleteTheme",
    "saveSchedule",
    "deleteSchedule",
];

/// Parameters that lists have in common.
const LIST_PARAMETERS: [(&str, &str); 2] =
    [("limit", "Number of items of a page; 50 if absent."), ("cursor", "`nextCursor` of the previous page.")];

/// Completes an operation of the macros.
pub(super) fn complete(path: &str, operation: &mut MetaOperation) {
    operation.params.iter_mut().for_each(|parameter| describe(path, parameter));
    operation.params.extend(header_parameters(operation));
    for response in &mut operation.responses.responses {
        response.headers.iter_mut().for_each(spell);
        merge_media_types(response);
    }
}

/// Adds the headers of the middleware to all responses, errors included.
pub(super) fn identify(operation: &mut MetaOperation) {
    for response in &mut operation.responses.responses {
        let status = response.status.unwrap_or_default();
        // A head that is too large is answered before the middleware.
        if status != 431 {
            response.headers.push(header(REQUEST_ID));
            response.headers.extend((status >= 400).then(|| header(ERROR_CODE)));
        }
    }
}

/// Whether a success has this header, in any spelling.
pub(super) fn answers_with(operation: &MetaOperation, header: &str) -> bool {
    let mut headers = operation.responses.responses.iter().flat_map(|response| &response.headers);
    headers.any(|found| found.name.eq_ignore_ascii_case(header))
}

/// Whether a success is a stream of events.
pub(super) fn streams(operation: &MetaOperation) -> bool {
    let mut media_types = operation.responses.responses.iter().flat_map(|response| &response.content);
    media_types.any(|media_type| media_type.content_type == "text/event-stream")
}

/// Whether the operation reads `If-Match`.
pub(super) fn is_conditional(operation: &MetaOperation) -> bool {
    operation.operation_id.is_some_and(|id| CONDITIONAL.contains(&id))
}

/// A response header of the table.
pub(super) fn header(name: &str) -> MetaHeader {
    let schema = MetaSchemaRef::Inline(Box::new(MetaSchema::new("string")));
    let mut header = MetaHeader { name: name.to_owned(), description: None, required: true, deprecated: false, schema };
    spell(&mut header);
    header
}

fn spell(header: &mut MetaHeader) {
    let mut known = RESPONSE_HEADERS.iter();
    if let Some((name, meaning, example)) = known.find(|(name, ..)| name.eq_ignore_ascii_case(&header.name)) {
        header.name = (*name).to_owned();
        header.description = Some((*meaning).to_owned());
        if let MetaSchemaRef::Inline(schema) = &mut header.schema {
            let is_number = schema.ty == "integer";
            schema.example = Some(if is_number { json!(2) } else { json!(example) });
        }
    }
}

/// Headers that handlers read from the request, where the macros do not see them.
fn header_parameters(operation: &MetaOperation) -> Vec<MetaOperationParam> {
    let mut parameters = Vec::new();
    if answers_with(operation, "Idempotency-Key") || answers_with(operation, "Idempotency-Replayed") {
        let schema = MetaSchema {
            min_length: Some(1),
            max_length: Some(255),
            pattern: Some("^[!-~]+$".to_owned()),
            example: Some(json!("a3f1c2d4-order-17")),
            ..MetaSchema::new("string")
        };
        let meaning =
            "Repeats the stored answer if a request with this key and the same body was accepted within 24 h.";
        parameters.push(parameter("Idempotency-Key", meaning, schema));
    }
    if streams(operation) && operation.method == Method::POST {
        let schema = MetaSchema { example: Some(json!("wait=30")), ..MetaSchema::new("string") };
        let meaning = "`wait=n` waits up to n seconds (at most 60) for the result and answers 200 instead of 202.";
        parameters.push(parameter("Prefer", meaning, schema));
    }
    if streams(operation) && operation.method == Method::GET && operation.operation_id != Some("followPlan") {
        let schema = MetaSchema {
            minimum: Some(0.0),
            example: Some(json!(17)),
            ..MetaSchema::new_with_format("integer", "int64")
        };
        parameters.push(parameter("Last-Event-ID", "Resume after this `seq`; overrides `after`.", schema));
    }
    if operation.operation_id == Some("saveSchedule") {
        let schema = MetaSchema { example: Some(json!("*")), ..MetaSchema::new("string") };
        parameters.push(parameter(
            "If-None-Match",
            "`*`: the theme must have no schedule. A tag means the same.",
            schema,
        ));
    }
    if is_conditional(operation) {
        let schema = MetaSchema { example: Some(json!("\"3\"")), ..MetaSchema::new("string") };
        parameters.push(parameter("If-Match", "The expected `version` in quotes; any version if absent.", schema));
    }
    parameters
}

fn parameter(name: &str, meaning: &str, schema: MetaSchema) -> MetaOperationParam {
    MetaOperationParam {
        name: name.to_owned(),
        schema: MetaSchemaRef::Inline(Box::new(schema)),
        in_type: MetaParamIn::Header,
        description: Some(meaning.to_owned()),
        required: false,
        deprecated: false,
        explode: false,
        style: None,
    }
}

fn describe(path: &str, parameter: &mut MetaOperationParam) {
    if let Some((_, meaning)) = LIST_PARAMETERS.iter().find(|(name, _)| *name == parameter.name) {
        parameter.description = Some((*meaning).to_owned());
    }
    if parameter.name == "format" {
        parameter.description = Some("`json` if absent.".to_owned());
    }
    if parameter.in_type == MetaParamIn::Path {
        let example = match parameter.name.as_str() {
            "name" => "CALENDAR_SERVICE_ENABLED",
            "channel" => "linkedin",
            "account" if path.starts_with("/channels") => "bean_and_co",
            "account" => "acc_ig_1",
            "trend" => "trend_1",
            "asset" => "asset_1",
            "placement" => "placement_1",
            "id" if path.starts_with("/brands") => "brand_123",
            _ => super::examples::ID,
        };
        let example = MetaSchema { example: Some(json!(example)), ..MetaSchema::ANY };
        let schema = std::mem::replace(&mut parameter.schema, String::schema_ref());
        parameter.schema = super::schemas::tidy_reference(schema.merge(example));
    }
}

/// One schema per media type: the document is a map, and a second entry of the same name would replace the first.
fn merge_media_types(response: &mut MetaResponse) {
    let mut merged: Vec<MetaMediaType> = Vec::new();
    for media_type in response.content.drain(..) {
        match merged.iter_mut().find(|known| known.content_type == media_type.content_type) {
            None => merged.push(media_type),
            Some(known) => {
                let first = std::mem::replace(&mut known.schema, MetaSchemaRef::Inline(Box::new(MetaSchema::ANY)));
                let any_of = vec![first, media_type.schema];
                known.schema = MetaSchemaRef::Inline(Box::new(MetaSchema { any_of, ..MetaSchema::ANY }));
            }
        }
    }
    response.content = merged;
}
