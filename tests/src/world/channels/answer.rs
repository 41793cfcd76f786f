//! An answer of a fake network before it is sent. The fakes make it, `serving` sends it or, by script, does not.

use serde_json::{Value, json};

use super::errors::{google_error, graph_error, graph_suberror, linkedin_error, tiktok_error};

#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<Value>,
}

impl Answer {
    /// 200 with a body.
    pub fn ok(body: Value) -> Self {
        Self::new(200, Some(body))
    }

    /// A status without a body.
    pub fn empty(status: u16) -> Self {
        Self::new(status, None)
    }

    pub fn new(status: u16, body: Option<Value>) -> Self {
        Self { status, headers: Vec::new(), body }
    }

    /// An error of a Graph API by its code.
    pub fn graph(code: i64) -> Self {
        let (status, body) = graph_error(code);
        Self::new(status, Some(body))
    }

    /// The same with a sub-code.
    pub fn graph_sub(code: i64, subcode: i64) -> Self {
        let (status, body) = graph_suberror(code, subcode);
        Self::new(status, Some(body))
    }

    /// An error of TikTok's by its code.
    pub fn tiktok(code: &str) -> Self {
        let (status, body) = tiktok_error(code);
        Self::new(status, Some(body))
    }

    /// An error of Google's by its reason.
    pub fn google(reason: &str) -> Self {
        let (status, body) = google_error(reason);
        Self::new(status, Some(body))
    }

    /// An error of LinkedIn's by its status.
    pub fn linkedin(status: u16) -> Self {
        Self::new(status, Some(linkedin_error(status)))
    }

    /// An error of LinkedIn's that names a field.
    pub fn linkedin_input(status: u16, code: &str, message: &str) -> Self {
        let input = json!({ "code": code, "description": message });
        let details = json!({ "inputErrors": [input] });
        let body = json!({
            "status": status, "code": code, "message": message,
            "errorDetailType": "com.linkedin.common.error.BadRequest", "errorDetails": details,
        });
        Self::new(status, Some(body))
    }

    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn is_success(&self) -> bool {
        (200..400).contains(&self.status)
    }
}
