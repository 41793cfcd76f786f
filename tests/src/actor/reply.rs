//! A complete answer of the API, with what tests ask of it.
//! Users return it. It must never hide a part of the answer: every assertion shows the whole.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;

use crate::{
    contract::{Operation, contract},
    observe::OrFail,
};

/// Status, headers and body.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The request, for messages.
    pub request: String,
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Bytes,
}

impl Reply {
    pub(super) async fn read(request: String, response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.or_fail(&format!("reading the answer to {request}"));
        Self { request, status, headers, body }
    }

    /// Fails the test if the OpenAPI document does not describe this answer.
    pub(super) fn keeps_the_contract(&self, operation: Operation<'_>) {
        let media_type = self.header("content-type").unwrap_or_default();
        let mut flaws = contract().answer_flaws(operation, self.status, media_type, &self.body);
        flaws.extend(contract().header_flaws(operation, self.status, &self.headers));
        assert!(flaws.is_empty(), "{}: {flaws:#?}\nin {}", self.request, self.text());
    }

    /// The same answer, which must have this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.request, self.text());
        self
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).or_fail(&format!("{} answered no JSON: {}", self.request, self.text()))
    }

    /// What the envelope carries.
    #[track_caller]
    pub fn data(&self) -> Value {
        let mut json = self.json();
        assert!(json["error"].is_null() && json.get("data").is_some(), "{}: {}", self.request, self.text());
        json["data"].take()
    }

    /// The code of a refusal, which must stand in the body and in `X-Error-Code`.
    #[track_caller]
    pub fn error_code(&self) -> String {
        let json = self.json();
        let code = json["error"]["code"].as_str().or_fail(&format!("{}: {}", self.request, self.text()));
        assert_eq!(self.header("x-error-code"), Some(code), "{}", self.request);
        code.to_owned()
    }

    /// A refusal with this status and code.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Self {
        let reply = self.expect(status);
        assert_eq!(reply.error_code(), code, "{}: {}", reply.request, reply.text());
        reply
    }

    /// A header, if it is there and text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}
