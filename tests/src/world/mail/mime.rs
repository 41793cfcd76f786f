//! Reads the messages that the mail server gets: headers, and a text and an HTML part in any of the usual encodings.
//! Only what Almanac's mails are made of. Pure.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};

/// A message, or a part of one.
#[derive(Debug)]
pub(super) struct Part {
    /// Names in lower case, values unfolded.
    pub headers: BTreeMap<String, String>,
    body: String,
}

impl Part {
    /// Splits headers and body.
    pub fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let headers = head.split("\r\n").filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect();
        Self { headers, body: body.to_owned() }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The decoded content of the first part of this type; empty if there is none.
    pub fn content(&self, kind: &str) -> String {
        let own = self.header("content-type");
        let Some(boundary) = own.split("boundary=").nth(1) else {
            return if own.starts_with(kind) { self.decoded() } else { String::new() };
        };
        let boundary = format!("--{}", boundary.split(';').next().unwrap_or_default().trim_matches('"'));
        let parts = self.body.split(boundary.as_str()).skip(1).take_while(|part| !part.starts_with("--"));
        let contents = parts.map(|part| Self::parse(part.trim_start_matches("\r\n")).content(kind));
        contents.into_iter().find(|content| !content.is_empty()).unwrap_or_default()
    }

    fn decoded(&self) -> String {
        // The line break before a boundary belongs to the boundary.
        let body = self.body.strip_suffix("\r\n").unwrap_or(&self.body);
        let bytes = match self.header("content-transfer-encoding").to_lowercase().as_str() {
            "base64" => STANDARD.decode(body.replace("\r\n", "")).unwrap_or_default(),
            "quoted-printable" => quoted_printable(body),
            _ => body.as_bytes().to_vec(),
        };
        String::from_utf8_lossy(&bytes).replace("\r\n", "\n")
    }
}

/// <https://www.rfc-editor.org/rfc/rfc2045#section-6.7>
fn quoted_printable(text: &str) -> Vec<u8> {
    let text = text.replace("=\r\n", "");
    let mut parts = text.split('=');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let code = part.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.extend(code);
        bytes.extend(part.get(2..).unwrap_or_default().bytes());
    }
    bytes
}

/// A header with encoded words, of which those in a row are one text.
/// <https://www.rfc-editor.org/rfc/rfc2047>
pub(super) fn decoded_header(text: &str) -> String {
    let joined = text.replace("?= =?", "?==?");
    let (mut decoded, mut rest) = (String::new(), joined.as_str());
    while let Some((before, word)) = rest.split_once("=?") {
        decoded.push_str(before);
        let mut fields = word.splitn(3, '?').skip(1);
        let (Some(encoding), Some(tail)) = (fields.next(), fields.next()) else { break };
        let Some((code, after)) = tail.split_once("?=") else { break };
        let bytes = match encoding {
            "B" | "b" => STANDARD.decode(code).unwrap_or_default(),
            _ => quoted_printable(&code.replace('_', " ")),
        };
        decoded.push_str(&String::from_utf8_lossy(&bytes));
        rest = after;
    }
    decoded + rest
}
