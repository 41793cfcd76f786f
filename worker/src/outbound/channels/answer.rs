//! A vendor's answer, and what is kept of it: status, code and request id, and an excerpt without secrets. Made by the
//! client; read by the classification and the adapters.

use almanac_shared::publishing::credentials::Tokens;
use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::{ChannelError, ErrorClass, Posted, Sent, classify::Verdict, ids};
use crate::outbound::{ai::text::clean, redact::redact};

/// Longest excerpt in characters.
const EXCERPT_CHARS: usize = 500;

/// Bytes that are looked at for an excerpt.
const EXCERPT_WINDOW: usize = 4 * 1024;

/// Headers in which vendors name a request.
const REQUEST_IDS: [&str; 5] = ["x-fb-trace-id", "x-fb-request-id", "x-li-uuid", "x-li-request-id", "x-request-id"];

/// Where they name it in the body.
const BODY_REQUEST_IDS: [&str; 3] = ["/error/fbtrace_id", "/error/log_id", "/log_id"];

/// An answer. Its body may have ended early.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// Null if it is not JSON.
    pub(super) body: Value,
    text: Vec<u8>,
}

impl Answer {
    pub(super) fn new(status: u16, headers: HeaderMap, text: Vec<u8>) -> Self {
        Self { status, headers, body: serde_json::from_slice(&text).unwrap_or_default(), text }
    }

    pub(super) const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// What the answer shows: status, request id, and an id of the post.
    pub(super) fn proof(&self, id: Option<&str>) -> Value {
        let mut proof = Map::from_iter([("status".to_owned(), self.status.into())]);
        if let Some(request_id) = self.request_id() {
            proof.insert("requestId".to_owned(), request_id.into());
        }
        if let Some(id) = id {
            proof.insert("id".to_owned(), id.into());
        }
        Value::Object(proof)
    }

    /// The post that the answer confirms.
    pub(super) fn posted(&self, id: String, url: Option<String>) -> Sent {
        let proof = self.proof(Some(&id));
        Sent::Confirmed(Posted { external_id: id, external_url: url, proof })
    }

    /// A success that names no post: it exists, and its id is not known.
    pub(super) fn without_id(&self) -> Sent {
        Sent::Unknown { why: self.proof_of("no_id_in_the_answer") }
    }

    /// The same, with a reason.
    pub(super) fn proof_of(&self, reason: &str) -> Value {
        let mut proof = self.proof(None);
        proof["reason"] = reason.into();
        proof
    }

    /// The failure of a step that may be repeated.
    pub(super) fn error(&self, verdict: Verdict, tokens: &Tokens) -> ChannelError {
        self.error_saying(verdict, None, tokens)
    }

    /// The same; the vendor's sentence stands at another place.
    pub(super) fn error_saying(&self, verdict: Verdict, sentence: Option<&str>, tokens: &Tokens) -> ChannelError {
        let mut context = Map::from_iter([("provider_status".to_owned(), self.status.into())]);
        let excerpt = self.excerpt(sentence, &tokens.access);
        let parts = [
            ("provider_code", verdict.provider_code),
            ("request_id", self.request_id()),
            ("excerpt", excerpt),
            ("existing_id", verdict.existing_id),
        ];
        context.extend(parts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))));
        let Verdict { class, code, message, retry_after, .. } = verdict;
        ChannelError { class, code, message: message.to_owned(), context, retry_after }
    }

    /// What became of a publishing request that was not confirmed. A failure that may pass by itself may have come after
    /// the post was made.
    pub(super) fn sent(&self, verdict: Verdict, tokens: &Tokens) -> Sent {
        let mut proof = self.proof(verdict.existing_id.as_deref());
        if let Some(code) = &verdict.provider_code {
            proof["code"] = code.as_str().into();
        }
        match verdict.class {
            ErrorClass::Transient | ErrorClass::Ambiguous => Sent::Unknown { why: proof },
            ErrorClass::RateLimited | ErrorClass::Quota => Sent::NotSent { error: self.error(verdict, tokens), proof },
            _ => Sent::Rejected { error: self.error(verdict, tokens), proof },
        }
    }

    fn request_id(&self) -> Option<String> {
        let header = REQUEST_IDS.iter().find_map(|name| self.headers.get(*name)?.to_str().ok());
        let in_body = || BODY_REQUEST_IDS.iter().find_map(|path| self.body.pointer(path)?.as_str());
        let id = header.or_else(in_body)?;
        ids::is_word(id).then(|| id.to_owned())
    }

    /// The vendor's sentence, else the beginning of the body.
    fn excerpt(&self, sentence: Option<&str>, token: &SecretString) -> Option<String> {
        let usual = ["/error/error_user_msg", "/error/message", "/message", "/error_description"];
        let usual = || usual.iter().find_map(|path| self.body.pointer(path)?.as_str());
        let text = match sentence.or_else(usual) {
            Some(sentence) => sentence.into(),
            None => String::from_utf8_lossy(&self.text[..self.text.len().min(EXCERPT_WINDOW)]),
        };
        // Our own token first: a cut or a cleaned one would not be found.
        let text = match token.expose_secret() {
            "" => text.into_owned(),
            token => text.replace(token, "[redacted]"),
        };
        let text = redact(&without_queries(&clean(&text).replace('\n', " ")), Some(token));
        let kept: String = text.chars().take(EXCERPT_CHARS).collect();
        let kept = kept.trim();
        (!kept.is_empty()).then(|| kept.to_owned())
    }
}

/// A text without the queries of its addresses: those of uploads hold secrets.
fn without_queries(text: &str) -> String {
    let is_end = |char: char| char.is_whitespace() || matches!(char, '"' | '<' | '>');
    let words = text.split_inclusive(is_end).map(|word| match word.split_once('?') {
        Some((address, query)) if address.contains('/') && query.contains('=') => {
            let end = query.rfind(is_end).map_or("", |at| &query[at..]);
            format!("{address}?[redacted]{end}")
        }
        _ => word.to_owned(),
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::classify, *};

    fn tokens() -> Tokens {
        Tokens { access: SecretString::from("canary/token"), refresh: None }
    }

    fn error_of(status: u16, body: &Value) -> ChannelError {
        let answer = Answer::new(status, HeaderMap::new(), body.to_string().into_bytes());
        answer.error(classify::graph(&answer).expect("a refusal"), &tokens())
    }

    #[test]
    fn an_error_keeps_status_code_request_and_a_clean_excerpt() {
        let body = json!({"error": {"message": "Bad\ncanary/token of anna@example.com", "code": 100,
                                    "error_subcode": "33", "fbtrace_id": "A6LJ"}});
        let error = error_of(400, &body);

        let expected = json!({"provider_status": 400, "provider_code": "100/33", "request_id": "A6LJ",
                              "excerpt": "Bad [redacted] of [redacted]"});
        assert_eq!(Value::Object(error.context), expected);
    }

    #[test]
    fn an_excerpt_shows_no_query_of_an_address() {
        let text =
            r#"{"data":{"upload_url":"https://upload.example/video/?upload_id=1\u0026upload_token=s3cret"},"x":"y"#;
        let answer = Answer::new(502, HeaderMap::new(), text.as_bytes().to_vec());
        let error = answer.error(classify::tiktok(&answer).expect("a refusal"), &tokens());
        let expected = r#"{"data":{"upload_url":"https://upload.example/video/?[redacted]"},"x":"y"#;
        assert_eq!(error.context["excerpt"], expected);
        assert_eq!(
            without_queries("why? see https://a.example/b?c=d now, /video/?id=1&token=2 and https://e"),
            "why? see https://a.example/b?[redacted] now, /video/?[redacted] and https://e"
        );
    }

    #[test]
    fn an_excerpt_is_short() {
        let error = error_of(400, &json!({"error": {"message": "x ".repeat(2_000), "code": 1}}));
        assert_eq!(error.context["excerpt"].as_str().map(str::len), Some(EXCERPT_CHARS - 1));
    }
}
