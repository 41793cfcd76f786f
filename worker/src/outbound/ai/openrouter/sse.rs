//! The decoder of server-sent events: bytes in, `data` payloads out, the same for any cutting of the bytes.
//! Called by the adapter for every read of a stream. It keeps at most one event in memory.
//! It must never panic on any byte, and never grow past `MAX_EVENT`.
//! `sse-core` is not used: it replaces non-UTF-8 bytes. Nor `eventsource-stream`: it does not bound a line.

use std::mem;

/// Largest single event, and largest single line, in bytes. A whole answer fits in one.
pub const MAX_EVENT: usize = 2 * 1024 * 1024;

/// An event, or a line of one, passed `MAX_EVENT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventTooLarge;

/// Decodes one stream. Comments, `event`, `id` and `retry` are read over: completions use none of them.
#[derive(Debug, Default)]
pub struct Decoder {
    line: Vec<u8>,
    data: Option<Vec<u8>>,
    /// The last byte was a CR, so an LF right behind it belongs to the same line end.
    after_cr: bool,
    /// The first line has ended, so no byte-order mark can come any more.
    begun: bool,
}

impl Decoder {
    /// Takes the next read and returns the events that ended in it.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, EventTooLarge> {
        let mut events = Vec::new();
        let mut rest = bytes;
        if mem::take(&mut self.after_cr) {
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
            self.after_cr = bytes.is_empty();
        }
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
            self.extend_line(&rest[..end])?;
            let ended_by_cr = rest[end] == b'\r';
            rest = &rest[end + 1..];
            if ended_by_cr {
                self.after_cr = rest.is_empty();
                rest = rest.strip_prefix(b"\n").unwrap_or(rest);
            }
            events.extend(self.end_line()?);
        }
        self.extend_line(rest)?;
        Ok(events)
    }

    /// The event that the end of the stream cut off, if any. Its last line may be incomplete: the caller judges.
    pub fn finish(mut self) -> Option<Vec<u8>> {
        if !self.line.is_empty() {
            self.end_line().ok()?;
        }
        self.data
    }

    fn extend_line(&mut self, bytes: &[u8]) -> Result<(), EventTooLarge> {
        if self.line.len() + bytes.len() > MAX_EVENT {
            return Err(EventTooLarge);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_line(&mut self) -> Result<Option<Vec<u8>>, EventTooLarge> {
        let line = mem::take(&mut self.line);
        let line = match mem::replace(&mut self.begun, true) {
            false => line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&line),
            true => &line,
        };
        if line.is_empty() {
            return Ok(self.data.take());
        }
        let value = match line.strip_prefix(b"data") {
            Some([]) => &[],
            Some([b':', b' ', value @ ..] | [b':', value @ ..]) => value,
            _ => return Ok(None),
        };
        match &mut self.data {
            Some(data) if data.len() + value.len() >= MAX_EVENT => return Err(EventTooLarge),
            Some(data) => {
                data.push(b'\n');
                data.extend_from_slice(value);
            }
            none => *none = Some(value.to_vec()),
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events(pieces: &[&[u8]]) -> (Vec<String>, Option<String>) {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let mut decoder = Decoder::default();
        let whole = pieces.iter().flat_map(|piece| decoder.push(piece).unwrap()).map(text).collect();
        (whole, decoder.finish().map(text))
    }

    #[test]
    fn events_are_read_in_every_spelling() {
        let table: [(&str, &[&str], Option<&str>); 8] = [
            ("data: a\n\ndata: b\n\n", &["a", "b"], None),
            ("data:a\r\n\r\ndata: b\r\rdata:  c\n\n", &["a", "b", " c"], None),
            (": comment\n\n:\ndata: a\n: in between\ndata: b\n\n", &["a\nb"], None),
            ("event: x\nid: 1\nretry: 5\ndata: a\n\n", &["a"], None),
            ("\u{feff}data: a\n\n\n\n", &["a"], None),
            ("data\n\ndatax: no\ndata: \n\n", &["", ""], None),
            ("data: a\n\ndata: cut", &["a"], Some("cut")),
            ("data: a\ndata: b\n", &[], Some("a\nb")),
        ];

        for (stream, whole, rest) in table {
            let expected = (whole.iter().map(|&text| text.to_owned()).collect(), rest.map(str::to_owned));
            assert_eq!(events(&[stream.as_bytes()]), expected, "{stream:?}");
        }
    }

    #[test]
    fn a_line_end_split_by_an_empty_read_is_one_line_end() {
        assert_eq!(events(&[b"data: a\r", b"", b"\ndata: b\r\n\r", b"", b"\n"]), (vec!["a\nb".to_owned()], None));
    }

    #[test]
    fn a_line_without_end_is_refused_before_it_fills_the_memory() {
        let mut decoder = Decoder::default();
        let flood = vec![b'x'; MAX_EVENT];
        assert_eq!(decoder.push(&flood), Ok(vec![]));
        assert_eq!(decoder.push(b"x"), Err(EventTooLarge));
    }

    #[test]
    fn an_event_of_many_lines_is_bounded_too() {
        let mut decoder = Decoder::default();
        let line = [b"data: ".as_slice(), &vec![b'x'; MAX_EVENT / 2], b"\n"].concat();
        assert_eq!(decoder.push(&line), Ok(vec![]));
        assert_eq!(decoder.push(&line), Err(EventTooLarge));
    }

    proptest! {
        #[test]
        fn any_chunking_equals_no_chunking(
            stream in "(data: ?|data|: c|event: e|[a-z é]{0,5}|\r|\n|\r\n|\n\n){0,40}",
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
        ) {
            let bytes = stream.as_bytes();
            let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).chain([0, bytes.len()]).collect();
            ends.sort_unstable();
            let pieces: Vec<&[u8]> = ends.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            prop_assert_eq!(events(&pieces), events(&[bytes]));
        }

        #[test]
        fn garbage_never_panics(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..8)) {
            let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            events(&pieces);
        }
    }
}
