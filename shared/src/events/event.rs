//! An event of a job's log and its three spellings: SSE frame, NDJSON line, Redis message.
//! Pure; called by the log, the relay and their tests. The data is exact one-line JSON and is never parsed again, but for
//! the status of a final event.

use bytes::{BufMut, Bytes, BytesMut};
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::platform::id::JobId;

/// What Redis carries at most; a larger event travels as its seq alone and is read from Postgres.
const MESSAGE_LIMIT: usize = 8 * 1024;

/// The longest type of an event, in bytes.
const MAX_KIND: usize = 32;

/// One event, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Place in the log, from 1; 0 for what only decorates and is not stored.
    pub seq: i64,
    /// Its type, e.g. `suggestion`.
    pub kind: String,
    /// One line of JSON: an object.
    pub data: String,
}

/// How a socket spells events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Server-sent events.
    Sse,
    /// One JSON object a line.
    Ndjson,
}

/// How a log ended, as far as those who watch over streams want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With what was asked for, a part of it, or because its owner wanted it to end.
    Served,
    /// The job failed.
    Failed,
    /// The job's time was over.
    Timeout,
}

impl Ending {
    /// Reads the status of a final event, whose data may stand in an envelope.
    fn of(data: &str) -> Self {
        let data: Value = serde_json::from_str(data).unwrap_or_default();
        let status = data.pointer("/data/status").or_else(|| data.get("status")).and_then(Value::as_str);
        match status {
            Some("failed") => Self::Failed,
            Some("timeout") => Self::Timeout,
            _ => Self::Served,
        }
    }
}

/// An event spelled for both kinds of sockets, once for all of them.
#[derive(Debug)]
pub struct Frame {
    /// Place in the log; 0 for a decoration.
    pub seq: i64,
    /// Whether nothing follows.
    pub last: bool,
    /// How the job ended, in a final event.
    pub ending: Option<Ending>,
    sse: Bytes,
    ndjson: Bytes,
}

impl Frame {
    /// Spells an event.
    pub fn of(event: &Event) -> Self {
        let last = event.is_last();
        let ending = last.then(|| Ending::of(&event.data));
        Self { seq: event.seq, last, ending, sse: event.to_sse(), ndjson: event.to_ndjson() }
    }

    /// The bytes for one kind of socket.
    pub fn bytes(&self, encoding: Encoding) -> &Bytes {
        match encoding {
            Encoding::Sse => &self.sse,
            Encoding::Ndjson => &self.ndjson,
        }
    }
}

impl Event {
    /// An event that only decorates: published, never stored, without id.
    pub fn decoration(kind: &str, data: String) -> Self {
        Self { seq: 0, kind: kind.to_owned(), data }
    }

    /// Whether this is a log's one final event.
    pub fn is_last(&self) -> bool {
        matches!(self.kind.as_str(), "done" | "complete")
    }

    /// Whether it is exactly one SSE frame and one NDJSON line. Any client of Redis can publish, and type and data are
    /// copied to sockets unchanged. A decoration is never final.
    fn may_be_relayed(&self) -> bool {
        let is_word = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        let kind_fits = (1..=MAX_KIND).contains(&self.kind.len()) && self.kind.bytes().all(is_word);
        let is_line = self.data.starts_with('{') && !self.data.contains(['\n', '\r']);
        kind_fits
            && is_line
            && (self.seq > 0 || !self.is_last())
            && serde_json::from_str::<IgnoredAny>(&self.data).is_ok()
    }

    fn to_sse(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(self.data.len() + self.kind.len() + 48);
        if self.seq > 0 {
            out.put_slice(format!("id: {}\n", self.seq).as_bytes());
        }
        for part in ["event: ", &self.kind, "\ndata: ", &self.data, "\n\n"] {
            out.put_slice(part.as_bytes());
        }
        out.freeze()
    }

    fn to_ndjson(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(self.data.len() + self.kind.len() + 48);
        out.put_slice(format!("{{\"type\":\"{}\"", self.kind).as_bytes());
        if self.seq > 0 {
            out.put_slice(format!(",\"seq\":{}", self.seq).as_bytes());
        }
        match self.data.strip_prefix('{') {
            Some("}") | None => out.put_u8(b'}'),
            Some(rest) => {
                out.put_u8(b',');
                out.put_slice(rest.as_bytes());
            }
        }
        out.put_u8(b'\n');
        out.freeze()
    }

    /// The Redis message: `seq type data`, or the seq alone when that is too long.
    pub fn to_message(&self) -> String {
        let whole = format!("{} {} {}", self.seq, self.kind, self.data);
        if whole.len() > MESSAGE_LIMIT { self.seq.to_string() } else { whole }
    }
}

/// What a Redis message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A whole event.
    Event(Event),
    /// Only the seq of the last event.
    Seq(i64),
}

impl Message {
    /// Reads a message; `None` if it has another form.
    pub fn parse(text: &str) -> Option<Self> {
        let Some((seq, rest)) = text.split_once(' ') else {
            return text.parse().ok().filter(|seq| *seq > 0).map(Self::Seq);
        };
        let (kind, data) = rest.split_once(' ')?;
        let seq = seq.parse().ok().filter(|seq| *seq >= 0)?;
        let event = Event { seq, kind: kind.to_owned(), data: data.to_owned() };
        event.may_be_relayed().then_some(Self::Event(event))
    }
}

/// The channel of a job's events.
pub fn channel(job: JobId) -> String {
    format!("{CHANNEL_PREFIX}{job}")
}

/// The job of a channel.
pub fn job_of(channel: &str) -> Option<JobId> {
    channel.strip_prefix(CHANNEL_PREFIX)?.parse().ok()
}

const CHANNEL_PREFIX: &str = "almanac:ev:";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(seq: i64, kind: &str, data: &str) -> Event {
        Event { seq, kind: kind.into(), data: data.into() }
    }

    #[test]
    fn an_event_has_one_spelling_per_socket_kind() {
        let frame = Frame::of(&event(3, "suggestion", r#"{"front":"a","back":"b"}"#));
        assert_eq!(frame.bytes(Encoding::Sse), "id: 3\nevent: suggestion\ndata: {\"front\":\"a\",\"back\":\"b\"}\n\n");
        assert_eq!(
            frame.bytes(Encoding::Ndjson),
            "{\"type\":\"suggestion\",\"seq\":3,\"front\":\"a\",\"back\":\"b\"}\n"
        );
        assert!(!frame.last && Frame::of(&event(4, "done", "{}")).last);
    }

    #[test]
    fn a_decoration_has_no_id_and_no_seq() {
        let frame = Frame::of(&Event::decoration("progress", "{}".into()));
        assert_eq!(frame.bytes(Encoding::Sse), "event: progress\ndata: {}\n\n");
        assert_eq!(frame.bytes(Encoding::Ndjson), "{\"type\":\"progress\"}\n");
    }

    #[test]
    fn a_long_event_travels_as_its_seq() {
        let long = event(9, "suggestion", &format!("{{\"front\":\"{}\"}}", "x".repeat(MESSAGE_LIMIT)));
        assert_eq!(Message::parse(&long.to_message()), Some(Message::Seq(9)));
    }

    #[test]
    fn only_a_message_that_is_longer_than_the_limit_is_its_seq() {
        let of_size = |size: usize| event(9, "a", &format!("{{{}}}", " ".repeat(size - "9 a {}".len())));
        let message = |size| Message::parse(&of_size(size).to_message());
        assert_eq!(message(8_192), Some(Message::Event(of_size(8_192))));
        assert_eq!(message(8_193), Some(Message::Seq(9)));
    }

    #[test]
    fn a_final_event_says_how_its_job_ended() {
        let ending = |kind, data| Frame::of(&event(3, kind, data)).ending;
        for (data, expected) in [
            (r#"{"status":"failed"}"#, Ending::Failed),
            (r#"{"status":"timeout"}"#, Ending::Timeout),
            (r#"{"status":"completed"}"#, Ending::Served),
            (r#"{"data":{"status":"failed"}}"#, Ending::Failed),
            (r#"{"data":{"status":"timeout"},"status":"failed"}"#, Ending::Timeout),
            ("{}", Ending::Served),
        ] {
            assert_eq!((ending("done", data), ending("complete", data)), (Some(expected), Some(expected)), "{data}");
            assert_eq!(ending("suggestion", data), None);
        }
    }

    #[test]
    fn a_message_is_a_seq_or_an_event_in_bounds() {
        let longest = "a".repeat(MAX_KIND);
        for (text, taken) in [
            ("1", true),
            ("0", false),
            ("-1", false),
            ("", false),
            ("1 a", false),
            ("1 a {}", true),
            ("0 a {}", true),
            ("-1 a {}", false),
            ("1 done {}", true),
            ("0 done {}", false),
            ("0 complete {}", false),
            ("1 a_b {}", true),
            ("1 A {}", false),
            ("1  {}", false),
            ("1 a []", false),
            ("1 a {", false),
            ("1 a {\n}", false),
            (&format!("1 {longest} {{}}"), true),
            (&format!("1 {longest}a {{}}"), false),
        ] {
            assert_eq!(Message::parse(text).is_some(), taken, "{text:?}");
        }
    }

    #[test]
    fn a_channel_names_its_job() {
        let job = JobId::fresh();
        assert_eq!(channel(job), format!("almanac:ev:{job}"));
        assert_eq!(job_of(&channel(job)), Some(job));
        assert_eq!(job_of(&job.to_string()), None);
        assert_eq!(job_of("almanac:ev:x"), None);
    }

    proptest! {
        #[test]
        fn a_message_reads_back_as_its_event(seq in 0i64.., kind in "[a-z_]{1,20}", text in "\\PC*") {
            let data = serde_json::json!({ "text": text }).to_string();
            let sent = event(seq, &kind, &data);
            prop_assert_eq!(Message::parse(&sent.to_message()), Some(Message::Event(sent)));
        }

        #[test]
        fn a_relayed_message_is_exactly_one_frame_and_one_line(
            seq in -2i64..3,
            kind in prop_oneof!["[a-z_]{1,8}", "[a-z]{0,3}[\n\r:\"\\\\\u{2028}A-Z0-9]{1,2}[a-z]{0,3}", "[a-z]{40}", Just("done".to_owned())],
            data in prop_oneof![Just("{}".to_owned()), "\\{[\n\r\",:{}a]{0,6}\\}", Just("{\"a\":1}\n\ndata: x".to_owned())],
        ) {
            if let Some(Message::Event(event)) = Message::parse(&format!("{seq} {kind} {data}")) {
                let frame = Frame::of(&event);
                let sse = std::str::from_utf8(frame.bytes(Encoding::Sse)).unwrap();
                let id = if event.seq > 0 { format!("id: {}\n", event.seq) } else { String::new() };
                prop_assert_eq!(sse, format!("{id}event: {}\ndata: {}\n\n", event.kind, event.data));
                prop_assert_eq!(sse.matches(['\n', '\r']).count(), if event.seq > 0 { 4 } else { 3 });
                let line = std::str::from_utf8(frame.bytes(Encoding::Ndjson)).unwrap();
                prop_assert_eq!(line.matches(['\n', '\r']).count(), 1);
                let object: Value = serde_json::from_str(line).unwrap();
                prop_assert_eq!(&object["type"], &event.kind);
                prop_assert!(event.seq > 0 || !frame.last);
            }
        }

        #[test]
        fn foreign_messages_are_never_taken_for_events(text in "\\PC*") {
            if let Some(Message::Event(event)) = Message::parse(&text) {
                prop_assert_eq!(event.data.chars().next(), Some('{'));
            }
        }
    }
}
