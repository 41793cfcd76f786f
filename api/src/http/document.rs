//! Static documents: the OpenAPI description and its page. `router` serves them with an entity tag, and a client whose copy
//! is current gets 304.

use bytes::Bytes;
use poem::{
    Endpoint, Request, Response,
    endpoint::make_sync,
    http::{HeaderMap, StatusCode, header},
};
use sha2::{Digest, Sha256};

/// An endpoint that serves `text`.
pub fn document(content_type: &'static str, text: String) -> impl Endpoint<Output = Response> {
    let tag = entity_tag(&text);
    let text = Bytes::from(text);
    make_sync(move |request: Request| {
        let answer = Response::builder().header(header::ETAG, &tag).header(header::CACHE_CONTROL, "no-cache");
        if is_current(request.headers(), &tag) {
            return answer.status(StatusCode::NOT_MODIFIED).finish();
        }
        answer.content_type(content_type).body(text.clone())
    })
}

fn entity_tag(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let digits: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{digits}\"")
}

/// `If-None-Match` compares weakly (RFC 9110, section 13.1.2).
fn is_current(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = values.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}
