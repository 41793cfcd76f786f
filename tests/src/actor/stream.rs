//! Readers of the API's two stream encodings, byte by byte as they come: server-sent events and NDJSON.
//! `User::follow` and its kin return one; tests take events as they arrive or all to the end.
//! It must never reconnect or heal: what the wire said is what the test sees.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::HeaderMap;
use serde_json::Value;

use crate::{
    contract::{Operation, contract},
    observe::OrFail,
};

/// Heartbeats come every 15 s at most, so this silence means that something is wrong.
const SILENCE: Duration = Duration::from_secs(30);

/// One thing that a stream said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// An event: an SSE frame with data, or an NDJSON line.
    Event(Event),
    /// An SSE comment, such as a heartbeat.
    Comment(String),
    /// An SSE `retry:` without data, in milliseconds.
    Retry(u64),
}

/// An event of a job's log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// `id:`, or `seq` of an NDJSON line; none for what only decorates.
    pub seq: Option<u64>,
    /// `event:`, or `type` of an NDJSON line.
    pub kind: String,
    /// The data exactly as sent.
    pub data: String,
    /// `retry:` in the same frame, in milliseconds.
    pub retry: Option<u64>,
}

impl Event {
    /// The data as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data).or_fail(&format!("the data of {} is no JSON: {}", self.kind, self.data))
    }

    /// Whether nothing may come after it.
    pub fn is_final(&self) -> bool {
        matches!(self.kind.as_str(), "done" | "complete")
    }
}

/// Which encoding a stream has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// `text/event-stream`.
    Sse,
    /// `application/x-ndjson`.
    Ndjson,
}

impl Encoding {
    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Sse => "text/event-stream",
            Self::Ndjson => "application/x-ndjson",
        }
    }
}

/// Cuts bytes into frames, however they were cut on the wire.
#[derive(Debug)]
pub struct Parser {
    encoding: Encoding,
    line: Vec<u8>,
    event: Event,
    has_data: bool,
    frames: VecDeque<Frame>,
}

impl Parser {
    /// A parser at the start of a stream.
    pub fn new(encoding: Encoding) -> Self {
        Self { encoding, line: Vec::new(), event: Event::default(), has_data: false, frames: VecDeque::new() }
    }

    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if *byte == b'\n' {
                let line = std::mem::take(&mut self.line);
                let line = String::from_utf8(line).or_fail("a line of the stream is no UTF-8");
                match self.encoding {
                    Encoding::Sse => self.sse_line(line.trim_end_matches('\r')),
                    Encoding::Ndjson => self.ndjson_line(&line),
                }
            } else {
                self.line.push(*byte);
            }
        }
    }

    /// The next complete frame.
    pub fn pop(&mut self) -> Option<Frame> {
        self.frames.pop_front()
    }

    /// Whether the bytes so far end inside a frame.
    pub fn is_mid_frame(&self) -> bool {
        !self.line.is_empty() || self.has_data
    }

    fn sse_line(&mut self, line: &str) {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            match (std::mem::take(&mut self.has_data), event.retry) {
                (true, _) => self.frames.push_back(Frame::Event(event)),
                (false, Some(retry)) => self.frames.push_back(Frame::Retry(retry)),
                (false, None) => {}
            }
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" => self.frames.push_back(Frame::Comment(value.to_owned())),
            "id" => self.event.seq = Some(value.parse().or_fail("an id is no number")),
            "event" => value.clone_into(&mut self.event.kind),
            "retry" => self.event.retry = Some(value.parse().or_fail("retry is no number")),
            "data" => {
                if self.has_data {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
                self.has_data = true;
            }
            _ => panic!("a field that no browser knows: {line}"),
        }
    }

    fn ndjson_line(&mut self, line: &str) {
        if line.is_empty() {
            return;
        }
        let json: Value = serde_json::from_str(line).or_fail(&format!("a line is no JSON: {line}"));
        let kind = json["type"].as_str().or_fail(&format!("a line has no type: {line}")).to_owned();
        self.frames.push_back(Frame::Event(Event {
            seq: json["seq"].as_u64(),
            kind,
            data: line.to_owned(),
            retry: None,
        }));
    }
}

/// An open stream.
pub struct EventStream {
    /// The HTTP status; 200, unless the test asked for a stream that is not there.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    request: String,
    operation: Option<Operation<'static>>,
    encoding: Encoding,
    body: std::pin::Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>,
    parser: Parser,
    raw: Vec<u8>,
    broken: Option<String>,
}

impl std::fmt::Debug for EventStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventStream").field("request", &self.request).field("status", &self.status).finish()
    }
}

impl EventStream {
    pub(super) fn open(request: String, encoding: Encoding, response: reqwest::Response) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            request,
            operation: None,
            encoding,
            body: Box::pin(response.bytes_stream()),
            parser: Parser::new(encoding),
            raw: Vec::new(),
            broken: None,
        }
    }

    /// The same stream, whose events must be those of the operation.
    pub(super) fn described_by(self, operation: Option<Operation<'static>>) -> Self {
        Self { operation: operation.filter(|_| self.status == 200), ..self }
    }

    /// Fails the test if the OpenAPI document does not describe this event.
    fn check(&self, frame: &Frame) {
        let (Some(operation), Frame::Event(event)) = (self.operation, frame) else { return };
        let flaws = contract().event_flaws(operation, self.encoding.media_type(), &event.kind, &event.json());
        assert!(flaws.is_empty(), "{}: {flaws:#?}\nin {}", self.request, event.data);
    }

    /// The next frame, comments included; none at the end. Fails the test after 30 s of silence.
    pub async fn next_frame(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.parser.pop() {
                self.check(&frame);
                return Some(frame);
            }
            let piece = tokio::time::timeout(SILENCE, self.body.next()).await;
            match piece.or_fail(&format!("{} said nothing for {SILENCE:?}; so far: {}", self.request, self.text())) {
                Some(Ok(bytes)) => {
                    self.raw.extend_from_slice(&bytes);
                    self.parser.push(&bytes);
                }
                Some(Err(error)) => {
                    self.broken = Some(error.to_string());
                    return None;
                }
                None => return None,
            }
        }
    }

    /// The next event; none at the end.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            match self.next_frame().await {
                Some(Frame::Event(event)) => return Some(event),
                Some(Frame::Comment(_) | Frame::Retry(_)) => {}
                None => return None,
            }
        }
    }

    /// The next event of a kind; fails the test if the stream ends before.
    pub async fn next_of(&mut self, kind: &str) -> Event {
        while let Some(event) = self.next().await {
            if event.kind == kind {
                return event;
            }
        }
        panic!("{} ended without {kind}: {}", self.request, self.text());
    }

    /// All events to the end, which must be a clean one.
    pub async fn collect_to_end(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        assert!(self.broken.is_none(), "{} broke: {:?}\n{}", self.request, self.broken, self.text());
        assert!(!self.parser.is_mid_frame(), "{} ended inside a frame:\n{}", self.request, self.text());
        events
    }

    /// All events until the stream ends in whatever way, for servers that are killed.
    pub async fn collect_to_break(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }

    /// How the connection broke, if it did.
    pub fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    /// Every byte so far.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &[u8] =
        b"retry: 2000\nid: 1\nevent: suggestion\ndata: {\"a\":1}\n\n: beat\n\nevent: error\ndata: {}\n\nretry: 700\n\n";

    fn frames(encoding: Encoding, pieces: &[&[u8]]) -> Vec<Frame> {
        let mut parser = Parser::new(encoding);
        pieces.iter().for_each(|piece| parser.push(piece));
        assert!(!parser.is_mid_frame());
        std::iter::from_fn(|| parser.pop()).collect()
    }

    fn event(seq: Option<u64>, kind: &str, data: &str, retry: Option<u64>) -> Frame {
        Frame::Event(Event { seq, kind: kind.to_owned(), data: data.to_owned(), retry })
    }

    #[test]
    fn frames_are_the_same_wherever_the_bytes_are_cut() {
        let whole = frames(Encoding::Sse, &[STREAM]);

        assert_eq!(
            whole,
            [
                event(Some(1), "suggestion", "{\"a\":1}", Some(2000)),
                Frame::Comment("beat".to_owned()),
                event(None, "error", "{}", None),
                Frame::Retry(700),
            ]
        );
        for cut in 0..STREAM.len() {
            assert_eq!(frames(Encoding::Sse, &[&STREAM[..cut], &STREAM[cut..]]), whole, "cut at {cut}");
        }
    }

    #[test]
    fn a_line_of_ndjson_is_an_event() {
        let line = b"{\"type\":\"done\",\"seq\":7}\n";

        assert_eq!(frames(Encoding::Ndjson, &[line]), [event(Some(7), "done", "{\"type\":\"done\",\"seq\":7}", None)]);
    }
}
