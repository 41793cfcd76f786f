//! Facts about the whole document: every operation and schema is complete. Run with the crate's own tests.

use almanac_shared::jobs::Kind;
use serde_json::Value;

use crate::router;

fn document() -> Value {
    router::description().unwrap()
}

/// Every operation as `name`, path, and its JSON.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, operations)| {
            let operations = operations.as_object().unwrap().values();
            operations.map(|operation| {
                (operation["operationId"].as_str().unwrap_or_default().to_owned(), path.clone(), operation.clone())
            })
        })
        .collect()
}

/// The answers of an operation by status.
fn answers<'a>(document: &'a Value, operation: &'a Value) -> Vec<(&'a str, &'a Value)> {
    let shared = |answer: &'a Value| match answer["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        Some(name) => &document["components"]["responses"][name],
        None => answer,
    };
    operation["responses"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(status, answer)| (status.as_str(), shared(answer)))
        .collect()
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let schema = if schema["allOf"].is_array() { &schema["allOf"][0] } else { schema };
    let name = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next());
    name.map_or(schema, |name| &document["components"]["schemas"][name])
}

#[test]
fn each_operation_has_one_tag_a_name_and_a_short_summary() {
    let document = document();
    let operations = operations(&document);
    assert!(operations.len() > 50);

    for (name, path, operation) in operations {
        let is_camel_case =
            name.starts_with(|first: char| first.is_ascii_lowercase()) && name.chars().all(char::is_alphanumeric);
        assert!(is_camel_case, "{path}: {name:?}");
        assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{name}");
        let summary = operation["summary"].as_str().unwrap_or_default();
        assert!((5..=80).contains(&summary.len()) && !summary.contains('\n'), "{name}: {summary:?}");
        assert!(!summary.ends_with('.'), "{name}: {summary:?}");
    }
}

#[test]
fn each_operation_has_an_example() {
    let document = document();

    for (name, _, operation) in operations(&document) {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let in_parameters =
            parameters.map(|parameter| &parameter["schema"]).any(|schema| schema.get("example").is_some());
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        let in_body = resolve(&document, body).get("example").is_some();
        let successes = answers(&document, &operation).into_iter().filter(|(status, _)| status.starts_with('2'));
        let in_answer = successes.into_iter().any(|(_, answer)| {
            let data = &answer["content"]["application/json"]["schema"]["properties"]["data"];
            let mut headers = answer["headers"].as_object().into_iter().flatten();
            resolve(&document, data).get("example").is_some()
                || headers.any(|(_, header)| header["schema"].get("example").is_some())
        });
        assert!(in_body || body.is_null(), "{name} has a body without an example");
        assert!(in_parameters || in_body || in_answer, "{name} has no example");
    }
}

#[test]
fn headers_have_their_usual_spelling() {
    let document = document();
    let mut seen = 0;

    for (name, _, operation) in operations(&document) {
        for (_, answer) in answers(&document, &operation) {
            for header in answer["headers"].as_object().into_iter().flatten().map(|(header, _)| header) {
                let is_upper = header.chars().filter(|letter| letter.is_alphabetic()).all(char::is_uppercase);
                assert!(!is_upper, "{name}: {header}");
                seen += 1;
            }
        }
    }

    assert!(seen > 100);
}

#[test]
fn bodies_are_described_and_each_media_type_once() {
    let document = document();

    for (name, _, operation) in operations(&document) {
        if let Some(body) = operation.get("requestBody") {
            for (media_type, content) in body["content"].as_object().unwrap() {
                let schema = resolve(&document, &content["schema"]);
                let is_described = schema.as_object().is_some_and(|schema| !schema.is_empty());
                assert!(is_described, "{name} has an empty body schema for {media_type}");
            }
        }
        for (_, answer) in answers(&document, &operation) {
            assert!(answer["description"].as_str().is_some_and(|text| !text.is_empty()), "{name}");
            for (media_type, content) in answer["content"].as_object().into_iter().flatten() {
                assert!(!media_type.contains(';'), "{name}: {media_type} has parameters");
                let schema = resolve(&document, &content["schema"]).as_object().unwrap();
                assert!(!schema.is_empty(), "{name}: {media_type} has an empty schema");
                assert_ne!(media_type, "application/octet-stream", "{name}");
            }
        }
    }
}

#[test]
fn operations_state_the_headers_that_they_read() {
    let document = document();
    let parameters = |name: &str| {
        let found = operations(&document).into_iter().find(|(id, _, _)| id == name).unwrap().2;
        let parameters = found["parameters"].as_array().cloned().unwrap_or_default();
        let headers = parameters.into_iter().filter(|parameter| parameter["in"] == "header");
        headers.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };

    assert_eq!(parameters("createCalendar"), ["Idempotency-Key", "Prefer"]);
    assert_eq!(parameters("createBrand"), ["Idempotency-Key"]);
    assert_eq!(parameters("followJob"), ["Last-Event-ID"]);
    assert_eq!(parameters("updateEntry"), ["If-Match"]);
    assert_eq!(parameters("deletePlacement"), ["If-Match"]);
    assert_eq!(parameters("saveSchedule"), ["If-None-Match", "If-Match"]);
    assert_eq!(parameters("listJobs"), [""; 0]);
}

#[test]
fn errors_are_those_that_the_operation_can_answer() {
    let document = document();
    let errors = |name: &str| {
        let found = operations(&document).into_iter().find(|(id, _, _)| id == name).unwrap().2;
        let statuses = answers(&document, &found).into_iter().map(|(status, _)| status);
        statuses.filter(|status| *status >= "400").collect::<Vec<_>>().join(" ")
    };

    assert_eq!(errors("showVersion"), "400 429 431 500");
    assert_eq!(errors("listJobs"), "400 401 403 429 431 500 503");
    assert_eq!(errors("deleteCard"), "400 401 403 404 429 431 500 503");
    assert_eq!(errors("updateEntry"), "400 401 403 404 408 412 413 415 422 429 431 500 503");
    assert_eq!(errors("createCalendar"), "400 401 403 404 406 408 409 413 415 422 429 431 500 503");
    assert_eq!(errors("followJob"), "400 401 403 404 406 409 429 431 500 503");
}

#[test]
fn nullable_fields_of_answers_are_always_present() {
    let document = document();
    let generation = &document["components"]["schemas"]["AIGenerationDTO"];
    let cost = &generation["properties"]["cost_usd"];
    let ticket = &document["components"]["schemas"]["CreateAIGenerationCommand"];

    assert_eq!(cost["nullable"], true);
    assert!(generation["required"].as_array().unwrap().contains(&"cost_usd".into()));
    assert_eq!(ticket["required"], serde_json::json!(["source_text"]), "a request may leave them out");
}

#[test]
fn the_route_of_each_kind_is_mounted_and_says_where_its_limit_stands() {
    let document = document();

    for kind in Kind::ALL {
        let (method, path) = kind.route().split_once(" /v1").unwrap();
        let operation = &document["paths"][path][method.to_lowercase()];
        assert!(operation.is_object(), "{kind}: no operation {} in routes/mod.rs", kind.route());
        let accepted = answers(&document, operation).into_iter().find(|(status, _)| *status == "202");
        let (_, accepted) = accepted.unwrap_or_else(|| panic!("{kind}: its operation accepts no job"));
        assert!(accepted["headers"]["RateLimit"].is_object(), "{kind}: no RateLimit in {accepted}");
    }
}
