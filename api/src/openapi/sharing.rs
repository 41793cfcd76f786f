//! Errors that operations have in common, written once below `components.responses`: they are most of the document.

use serde_json::{Map, Value, json};

/// Moves the errors of all operations to `components.responses` and leaves references to them.
pub(super) fn share_errors(document: &mut Value) {
    let mut shared = Map::new();
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    let operations = paths.flat_map(|(_, operations)| operations.as_object_mut().into_iter().flatten());
    for (_, operation) in operations {
        for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
            if status.starts_with(['4', '5']) {
                let name = name(status, response);
                let reference = json!({ "$ref": format!("#/components/responses/{name}") });
                shared.insert(name, std::mem::replace(response, reference));
            }
        }
    }
    shared.sort_keys();
    document["components"]["responses"] = Value::Object(shared);
}

/// One name per status, and another one for the answers that carry the state of a limit.
fn name(status: &str, response: &Value) -> String {
    let name = match status {
        "400" => "BadRequest",
        "401" => "Unauthorized",
        "403" => "Forbidden",
        "404" => "NotFound",
        "406" => "NotAcceptable",
        "408" => "RequestTimeout",
        "409" => "Conflict",
        "412" => "PreconditionFailed",
        "413" => "PayloadTooLarge",
        "415" => "UnsupportedMediaType",
        "422" => "UnprocessableEntity",
        "429" => "TooManyRequests",
        "431" => "RequestHeaderFieldsTooLarge",
        "500" => "InternalServerError",
        "503" if response["headers"].get("Location").is_some() => "ServiceUnavailableOrAccepted",
        "503" => "ServiceUnavailable",
        other => return format!("Error{other}"),
    };
    let is_limited = status != "429" && response["headers"].get("RateLimit").is_some();
    if is_limited { format!("{name}WithLimit") } else { name.to_owned() }
}
