//! The scanner that finds a model's items in its growing text, each at the byte where its object closes.
//! Called by `answer` for every piece of every stream; it looks at each byte once, so its cost is linear in the answer.
//! It must never panic, never judge what an item means, and never hold a stack deeper than `MAX_DEPTH`.
//! `StreamDeserializer` of serde_json is not used: it ends at text that is not JSON and finds no item of an open array.

use std::ops::Range;

/// Deepest nesting that is followed; deeper text is treated as prose.
pub const MAX_DEPTH: usize = 64;

/// Finds items in the shapes models answer in: `{"items": [...]}` under any of the given names, a bare array, one object
/// a line, with fences or prose around any of these. Text that breaks JSON's grammar is skipped as prose, and the search
/// goes on behind it, so one broken item costs only itself.
#[derive(Debug)]
pub struct Extractor {
    names: &'static [&'static str],
    text: Vec<u8>,
    stack: Vec<Frame>,
    lexeme: Lexeme,
    broken: u32,
}

#[derive(Clone, Copy, Debug)]
struct Frame {
    start: usize,
    role: Role,
    expects: Expects,
    /// The key just read is one of the names, so an array that follows holds the items.
    named: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// An outermost object: an item of its own, unless a named array turns up in it.
    Candidate,
    /// An outermost object that held a named array.
    Wrapper,
    /// An object inside the array of items.
    Item,
    /// An object inside an item.
    InnerObject,
    /// An array whose objects are items.
    Items,
    /// Any other array.
    InnerArray,
}

impl Role {
    fn is_array(self) -> bool {
        matches!(self, Self::Items | Self::InnerArray)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expects {
    KeyOrEnd,
    Colon,
    Value,
    ValueOrEnd,
    CommaOrEnd,
}

#[derive(Clone, Copy, Debug)]
enum Lexeme {
    None,
    Text { start: usize, key: bool, escaped: bool },
    Scalar,
}

impl Extractor {
    /// A scanner at the beginning of an answer; `names` are the keys that may hold the array of items.
    pub fn new(names: &'static [&'static str]) -> Self {
        Self { names, text: Vec::new(), stack: Vec::new(), lexeme: Lexeme::None, broken: 0 }
    }

    /// Takes the next piece, cut anywhere, and hands each object that closed in it to `found`, in order.
    pub fn push(&mut self, piece: &[u8], mut found: impl FnMut(&[u8])) {
        let from = self.text.len();
        self.text.extend_from_slice(piece);
        for at in from..self.text.len() {
            if let Some(range) = self.step(at) {
                found(&self.text[range]);
            }
        }
    }

    /// Everything pushed so far.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Items that were begun but broke JSON's grammar before they closed.
    pub fn broken(&self) -> u32 {
        self.broken
    }

    fn step(&mut self, at: usize) -> Option<Range<usize>> {
        let byte = self.text[at];
        match self.lexeme {
            Lexeme::Text { start, key, escaped } => {
                self.in_text(at, byte, (start, key, escaped));
                return None;
            }
            Lexeme::Scalar if is_scalar(byte) => return None,
            Lexeme::Scalar => {
                self.lexeme = Lexeme::None;
                self.expect(Expects::CommaOrEnd);
            }
            Lexeme::None => {}
        }
        self.between(at, byte)
    }

    /// Inside a string only its end matters; braces in it mean nothing.
    fn in_text(&mut self, at: usize, byte: u8, (start, key, escaped): (usize, bool, bool)) {
        match byte {
            _ if escaped => self.lexeme = Lexeme::Text { start, key, escaped: false },
            b'\\' => self.lexeme = Lexeme::Text { start, key, escaped: true },
            b'"' => {
                self.lexeme = Lexeme::None;
                if key {
                    let named = self.names.iter().any(|name| name.as_bytes() == &self.text[start..at]);
                    if let Some(frame) = self.stack.last_mut() {
                        frame.named = named;
                    }
                }
                self.expect(if key { Expects::Colon } else { Expects::CommaOrEnd });
            }
            _ => {}
        }
    }

    /// Between lexemes: structure as the innermost container allows it, or prose when it does not.
    fn between(&mut self, at: usize, byte: u8) -> Option<Range<usize>> {
        let Some(frame) = self.stack.last().copied() else {
            self.open(at, byte);
            return None;
        };
        let array = frame.role.is_array();
        match (byte, frame.expects) {
            (b' ' | b'\t' | b'\n' | b'\r', _) => {}
            (b'"', Expects::KeyOrEnd) => self.lexeme = Lexeme::Text { start: at + 1, key: true, escaped: false },
            (b'"', Expects::Value | Expects::ValueOrEnd) => {
                self.lexeme = Lexeme::Text { start: at + 1, key: false, escaped: false };
            }
            (b':', Expects::Colon) => self.expect(Expects::Value),
            // A comma before the end is a slip models make: it is allowed here and mended before parsing.
            (b',', Expects::CommaOrEnd) => self.expect(if array { Expects::ValueOrEnd } else { Expects::KeyOrEnd }),
            (b'}', Expects::KeyOrEnd | Expects::CommaOrEnd) if !array => return self.close(at),
            (b']', Expects::ValueOrEnd | Expects::CommaOrEnd) if array => return self.close(at),
            (b'{' | b'[', Expects::Value | Expects::ValueOrEnd) => self.open(at, byte),
            (_, Expects::Value | Expects::ValueOrEnd) if is_scalar(byte) => self.lexeme = Lexeme::Scalar,
            _ => {
                self.give_up();
                self.open(at, byte);
            }
        }
        None
    }

    fn open(&mut self, at: usize, byte: u8) {
        let array = match byte {
            b'{' => false,
            b'[' => true,
            _ => return,
        };
        if self.stack.len() == MAX_DEPTH {
            self.give_up();
        }
        let role = match (self.stack.last_mut(), array) {
            (None, false) => Role::Candidate,
            (None, true) => Role::Items,
            (Some(Frame { role: Role::Items, .. }), false) => Role::Item,
            (Some(Frame { role: Role::Items, .. }), true) => Role::Items,
            (Some(Frame { role: outer @ (Role::Candidate | Role::Wrapper), named: true, .. }), true) => {
                *outer = Role::Wrapper;
                Role::Items
            }
            (Some(_), false) => Role::InnerObject,
            (Some(_), true) => Role::InnerArray,
        };
        let expects = if array { Expects::ValueOrEnd } else { Expects::KeyOrEnd };
        self.stack.push(Frame { start: at, role, expects, named: false });
    }

    fn close(&mut self, at: usize) -> Option<Range<usize>> {
        let frame = self.stack.pop()?;
        self.expect(Expects::CommaOrEnd);
        matches!(frame.role, Role::Candidate | Role::Item).then_some(frame.start..at + 1)
    }

    fn give_up(&mut self) {
        self.broken += u32::from(self.stack.iter().any(|frame| frame.role == Role::Item));
        self.stack.clear();
        self.lexeme = Lexeme::None;
    }

    fn expect(&mut self, expects: Expects) {
        if let Some(frame) = self.stack.last_mut() {
            frame.expects = expects;
        }
    }
}

/// Numbers and literals are only delimited here; the parser judges them.
fn is_scalar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NAMES: &[&str] = &["items", "entries"];

    fn found(pieces: &[&[u8]]) -> Vec<String> {
        let mut extractor = Extractor::new(NAMES);
        let mut items = Vec::new();
        for piece in pieces {
            extractor.push(piece, |item| items.push(String::from_utf8_lossy(item).into_owned()));
        }
        items
    }

    #[test]
    fn every_tolerated_shape_gives_the_same_items() {
        let items = [r#"{"front":"a {[","back":"say \"}\""}"#, r#"{"front":"é😀","back":{"deep":[{"x":[1,null]}]}}"#];
        let [one, two] = items;
        let table = [
            format!(r#"{{"items":[{one},{two}]}}"#),
            format!(r#"{{"note":"[{{","n":-1.5e3,"more":{{"items":[{{}}]}},"entries":[{one},{two}],"end":true}}"#),
            format!("[{one}, {two}]"),
            format!("[{one}, {two},]"),
            format!("{one}\n{two}\n"),
            format!("{one},{two}"),
            format!("```json\n{{\"items\": [{one},\n{two}]}}\n```\nThat is [all] of {{it}}."),
            format!("Here are [2] cards {{as \"asked\"}}, see [link](x):\n[{one},{two}]"),
            format!(r#"{{"items":[{one},{{"front" oops}},{two}]}}"#),
            format!(r#"{{"items":["{{}}",{one},7,{two}"#),
        ];

        for text in &table {
            assert_eq!(found(&[text.as_bytes()]), items, "{text}");
        }
    }

    #[test]
    fn an_item_is_found_at_the_byte_that_closes_it() {
        let mut extractor = Extractor::new(NAMES);
        let mut count = 0;

        extractor.push(br#"{"items":[{"front":"a"#, |_| count += 1);
        assert_eq!(count, 0);
        extractor.push(br#""}"#, |_| count += 1);
        assert_eq!(count, 1);
    }

    #[test]
    fn an_items_own_lists_are_not_mistaken_for_the_list_of_items() {
        let text = r#"{"items":[{"title":"t","entries":[{"id":1}]}]}"#;
        assert_eq!(found(&[text.as_bytes()]), [r#"{"title":"t","entries":[{"id":1}]}"#]);
    }

    #[test]
    fn nesting_beyond_the_bound_is_prose_and_the_search_goes_on() {
        let deep = "[".repeat(100_000) + r#"{"a":"#.repeat(100_000).as_str();
        let text = format!("{deep} }} ]\n{{\"front\":\"a\"}}");
        assert_eq!(found(&[text.as_bytes()]).last().map(String::as_str), Some(r#"{"front":"a"}"#));
    }

    #[test]
    fn an_item_that_broke_is_counted() {
        let broken = |text: &str| {
            let mut extractor = Extractor::new(NAMES);
            extractor.push(text.as_bytes(), |_| {});
            extractor.broken()
        };
        assert_eq!(broken(r#"{"items":[{"front" oops},{"front":1}]}"#), 1);
        assert_eq!(broken(r#"{"items":[{"a" b},{"front":1}]} [{"c" d}]"#), 2);
        assert_eq!(broken(r#"Prose {of "mine"} {"items":[{"front":1}]}"#), 0);
    }

    #[test]
    fn the_text_is_everything_that_was_pushed() {
        let mut extractor = Extractor::new(NAMES);
        extractor.push(b"prose [", |_| {});
        extractor.push(b"{}", |_| {});
        assert_eq!(extractor.text(), b"prose [{}");
    }

    fn cut(bytes: &[u8], cuts: &[prop::sample::Index]) -> Vec<Vec<u8>> {
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        ends.extend([0, bytes.len()]);
        ends.sort_unstable();
        ends.windows(2).map(|pair| bytes[pair[0]..pair[1]].to_vec()).collect()
    }

    proptest! {
        #[test]
        fn any_split_of_the_bytes_yields_the_same_items(
            text in r#"([\[\]{},:"\\ \nae1é😀-]|"items"|"a"|\{"a":"[^"]{0,4}"\}|"items":\[){0,60}"#,
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let pieces = cut(text.as_bytes(), &cuts);
            let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            prop_assert_eq!(found(&pieces), found(&[text.as_bytes()]));
        }

        #[test]
        fn garbage_never_panics_and_what_is_found_is_delimited(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            for item in found(&[&bytes]) {
                let delimited = item.starts_with('{') && item.ends_with('}');
                prop_assert!(delimited);
            }
        }

        #[test]
        fn whatever_serde_writes_is_found_whole(front in any::<String>(), back in any::<String>()) {
            let item = serde_json::json!({ "front": front, "back": back });
            let text = serde_json::json!({ "items": [item, item] }).to_string();
            let read: Vec<serde_json::Value> =
                found(&[text.as_bytes()]).iter().map(|text| serde_json::from_str(text).unwrap()).collect();
            prop_assert_eq!(read, vec![item.clone(), item]);
        }
    }
}
