//! The OpenAPI document as a contract: each answer and event that a test receives is compared with it.
//! `actor` calls it for every request. It must never accept what the document does not describe.

use std::{process::Command, sync::OnceLock};

use http::{HeaderMap, Method};
use serde_json::Value;

use crate::{observe::OrFail, run::test_run};

/// The document of the program under test.
#[derive(Debug)]
pub struct Contract {
    document: Value,
}

static CONTRACT: OnceLock<Contract> = OnceLock::new();

/// The contract, read from `almanac-api openapi` once per run.
pub fn contract() -> &'static Contract {
    CONTRACT.get_or_init(|| {
        let program = test_run().settings.program("almanac-api").or_fail("finding almanac-api");
        let printed = Command::new(program)
            .args(["openapi", "--json"])
            .env_clear()
            .output()
            .or_fail("running almanac-api openapi");
        let document = serde_json::from_slice(&printed.stdout).or_fail("almanac-api openapi --json printed no JSON");
        Contract { document }
    })
}

/// A documented operation, and where its request went.
#[derive(Clone, Copy, Debug)]
pub struct Operation<'a> {
    description: &'a Value,
    is_enveloped: bool,
}

impl Contract {
    /// The document itself.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// The operation of a request; `None` if the document has none.
    pub fn operation(&self, method: &Method, target: &str) -> Option<Operation<'_>> {
        let path = target.split('?').next().unwrap_or_default();
        let mounts =
            ["/v1/", "/api/v1/", "/api/"].into_iter().find_map(|mount| Some((mount, path.strip_prefix(mount)?)));
        let (mount, rest) = match mounts {
            Some(found) => found,
            None if path == "/generate-calendar" => ("", "organic/generate-calendar"),
            None => return None,
        };
        let paths = self.document["paths"].as_object()?.iter();
        let fits = |pattern: &str| {
            let (pattern, path) = (pattern.trim_start_matches('/').split('/'), rest.split('/'));
            pattern.clone().count() == path.clone().count()
                && pattern.zip(path).all(|(part, given)| part.starts_with('{') && !given.is_empty() || part == given)
        };
        // A literal segment takes precedence over a parameter.
        let (_, operations) =
            paths.filter(|(pattern, _)| fits(pattern)).min_by_key(|(pattern, _)| pattern.matches('{').count())?;
        let description = operations.get(method.as_str().to_lowercase())?;
        Some(Operation { description, is_enveloped: mount == "/v1/" })
    }

    /// What the document does not say of an answer.
    pub fn answer_flaws(&self, operation: Operation<'_>, status: u16, media_type: &str, body: &[u8]) -> Vec<String> {
        let Some(answer) = self.answer(operation, status) else {
            return vec![format!("status {status} is not described")];
        };
        let content = answer["content"].as_object();
        if body.is_empty() {
            return content.map(|_| "the body is empty".to_owned()).into_iter().collect();
        }
        let media_type = media_type.split(';').next().unwrap_or_default();
        let Some(content) = content.and_then(|content| content.get(media_type)) else {
            return vec![format!("{media_type} of status {status} is not described")];
        };
        let schema = &content["schema"];
        if media_type != "application/json" {
            return Vec::new();
        }
        let Ok(json) = serde_json::from_slice::<Value>(body) else { return vec!["the body is no JSON".to_owned()] };
        let is_bare = status < 400 && !operation.is_enveloped;
        match schema["properties"].get("data").filter(|_| is_bare) {
            Some(data) => self.flaws(data, &json, "body"),
            None if is_bare && schema["anyOf"].is_array() => {
                let bare = schema["anyOf"].as_array().into_iter().flatten().map(|one| &one["properties"]["data"]);
                let each: Vec<_> = bare.map(|data| self.flaws(data, &json, "body")).collect();
                if each.iter().any(Vec::is_empty) { Vec::new() } else { each.concat() }
            }
            None => self.flaws(schema, &json, "body"),
        }
    }

    /// The headers that the document promises and an answer does not have.
    pub fn header_flaws(&self, operation: Operation<'_>, status: u16, headers: &HeaderMap) -> Vec<String> {
        let Some(answer) = self.answer(operation, status) else { return Vec::new() };
        let described = answer["headers"].as_object().into_iter().flatten();
        let missing = described.filter(|(name, header)| header["required"] == true && !headers.contains_key(*name));
        missing.map(|(name, _)| format!("status {status} is without its header {name}")).collect()
    }

    /// What the document does not say of an event of a stream; `kind` is its type.
    pub fn event_flaws(&self, operation: Operation<'_>, media_type: &str, kind: &str, data: &Value) -> Vec<String> {
        // Ends a stream of any kind when its token expires.
        if kind == "error" && data["code"] == "auth_expired" {
            return Vec::new();
        }
        let Some(answer) = self.answer(operation, 200) else { return vec!["status 200 is not described".to_owned()] };
        match answer["content"].get(media_type) {
            Some(content) => self.flaws(&content["schema"], data, kind),
            None => vec![format!("{media_type} is not described")],
        }
    }

    fn answer<'a>(&'a self, operation: Operation<'a>, status: u16) -> Option<&'a Value> {
        let answer = operation.description["responses"].get(status.to_string())?;
        let shared = answer["$ref"].as_str().and_then(|reference| reference.rsplit('/').next());
        Some(shared.map_or(answer, |name| &self.document["components"]["responses"][name]))
    }

    /// What is wrong with a value of a schema; nothing if it fits.
    pub fn flaws(&self, schema: &Value, value: &Value, at: &str) -> Vec<String> {
        if value.is_null() && schema["nullable"] == true {
            return Vec::new();
        }
        if let Some(name) = schema["$ref"].as_str() {
            return self.flaws(self.schema(name), value, at);
        }
        if let Some(parts) = schema["allOf"].as_array() {
            return parts.iter().flat_map(|part| self.flaws(part, value, at)).collect();
        }
        if let Some(several) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
            let each: Vec<_> = several.iter().map(|one| self.flaws(one, value, at)).collect();
            return match each.iter().any(Vec::is_empty) {
                true => Vec::new(),
                // The one that comes closest says most.
                false => each.into_iter().min_by_key(Vec::len).unwrap_or_default(),
            };
        }
        let expected = schema["type"].as_str().unwrap_or("any");
        match (expected, value) {
            ("object", Value::Object(fields)) => self.object_flaws(schema, fields, at),
            ("array", Value::Array(items)) => {
                let items = items.iter().enumerate();
                items.flat_map(|(nth, item)| self.flaws(&schema["items"], item, &format!("{at}[{nth}]"))).collect()
            }
            ("string", Value::String(_)) => match schema["enum"].as_array() {
                Some(words) if !words.contains(value) => vec![format!("{at}: {value} is none of {words:?}")],
                _ => Vec::new(),
            },
            ("integer", Value::Number(number)) if number.is_i64() || number.is_u64() => Vec::new(),
            ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) | ("any", _) => Vec::new(),
            _ => vec![format!("{at}: {value} is no {expected}")],
        }
    }

    fn object_flaws(&self, schema: &Value, fields: &serde_json::Map<String, Value>, at: &str) -> Vec<String> {
        let (known, further) = (&schema["properties"], schema.get("additionalProperties"));
        let given = fields.iter().flat_map(|(name, value)| match (known.get(name), further) {
            (Some(schema), _) | (None, Some(schema)) => self.flaws(schema, value, &format!("{at}.{name}")),
            (None, None) if known.is_null() => Vec::new(),
            (None, None) => vec![format!("{at}.{name} is not described")],
        });
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let missing = required.filter(|name| !fields.contains_key(*name)).map(|name| format!("{at}.{name} is missing"));
        given.chain(missing).collect()
    }

    /// A schema by its name or by a reference to it.
    pub fn schema(&self, name: &str) -> &Value {
        let name = name.rsplit('/').next().unwrap_or_default();
        self.document["components"]["schemas"].get(name).or_fail(name)
    }
}
