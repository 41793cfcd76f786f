//! Static documents: the OpenAPI description, its page, and the files of the console. They are served from memory with an
//! entity tag, and a client whose copy is current gets 304.

use bytes::Bytes;
use poem::{
    Endpoint, Request, Response,
    endpoint::make_sync,
    http::{HeaderMap, StatusCode, header},
};
use sha2::{Digest, Sha256};

/// For documents that may change under their address: each use is checked by the entity tag.
pub const REVALIDATED: &str = "no-cache";

/// A document in memory.
#[derive(Clone, Debug)]
pub struct Document {
    content_type: &'static str,
    cache_control: &'static str,
    tag: String,
    bytes: Bytes,
}

impl Document {
    /// A document of this content.
    pub fn new(content_type: &'static str, cache_control: &'static str, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self { content_type, cache_control, tag: entity_tag(&bytes), bytes }
    }

    /// The answer to a `GET` with these headers.
    pub fn answer(&self, headers: &HeaderMap) -> Response {
        let answer =
            Response::builder().header(header::ETAG, &self.tag).header(header::CACHE_CONTROL, self.cache_control);
        if is_current(headers, &self.tag) {
            return answer.status(StatusCode::NOT_MODIFIED).finish();
        }
        answer.content_type(self.content_type).body(self.bytes.clone())
    }
}

/// An endpoint that serves `text`.
pub fn document(content_type: &'static str, text: String) -> impl Endpoint<Output = Response> {
    let document = Document::new(content_type, REVALIDATED, text);
    make_sync(move |request: Request| document.answer(request.headers()))
}

fn entity_tag(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let digits: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{digits}\"")
}

/// `If-None-Match` compares weakly (RFC 9110, section 13.1.2).
fn is_current(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = values.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}
