//! Plain text from a feed's HTML. The tokenizer of html5ever decodes entities and finds tags in one pass; no tree is
//! built, because a tree of hostile markup is expensive and the text needs none.
//! Markup is removed everywhere, also where a feed calls its text plain: many feeds put markup there.

use std::cell::RefCell;

use almanac_shared::values::invisible::is_invisible;
use html5ever::{
    tendril::StrTendril,
    tokenizer::{
        BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts, states::RawKind,
    },
};

use super::reading::MAX_FIELD_BYTES;
use crate::outbound::ai::text::cut;

/// Bytes that are tokenized before the length of the text is looked at.
const PIECE: usize = 4_096;

/// Tags that do not separate words.
const INLINE: [&str; 30] = [
    "a", "abbr", "acronym", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins", "kbd",
    "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "wbr",
];

/// The beginning of the text in some HTML, on one line, without hidden characters, in at most `limit` characters.
pub(super) fn plain(html: &str, limit: usize) -> String {
    let tokenizer = Tokenizer::new(Collector::new(limit), TokenizerOpts::default());
    let queue = BufferQueue::default();
    let mut rest = &html[..html.floor_char_boundary(MAX_FIELD_BYTES)];
    while !rest.is_empty() && !tokenizer.sink.text.borrow().is_full() {
        let (piece, next) = rest.split_at(rest.floor_char_boundary(PIECE));
        queue.push_back(StrTendril::from_slice(piece));
        let _ = tokenizer.feed(&queue);
        rest = next;
    }
    tokenizer.end();
    let text = tokenizer.sink.text.into_inner();
    cut(&text.line, limit).0
}

struct Collector {
    text: RefCell<Text>,
}

impl Collector {
    fn new(limit: usize) -> Self {
        Self { text: RefCell::new(Text { limit, ..Text::default() }) }
    }
}

impl TokenSink for Collector {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut text = self.text.borrow_mut();
        match token {
            Token::CharacterTokens(characters) => text.push(&characters),
            Token::TagToken(tag) => return text.pass(&tag),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

#[derive(Default)]
struct Text {
    line: String,
    characters: usize,
    limit: usize,
    /// Whether white space comes before the next character.
    is_apart: bool,
    /// Whether a script or a style sheet is open.
    is_hidden: bool,
}

impl Text {
    /// Whether it has one character more than the limit, so that it will be cut.
    fn is_full(&self) -> bool {
        self.characters > self.limit
    }

    fn push(&mut self, characters: &str) {
        for char in characters.chars() {
            if self.is_hidden || self.is_full() {
                return;
            }
            if char.is_whitespace() {
                self.is_apart = true;
            } else if !is_removed(char) {
                if self.is_apart && !self.line.is_empty() {
                    self.line.push(' ');
                    self.characters += 1;
                }
                self.is_apart = false;
                self.line.push(char);
                self.characters += 1;
            }
        }
    }

    fn pass(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        self.is_apart |= !INLINE.contains(&&*tag.name);
        let is_raw = matches!(&*tag.name, "script" | "style");
        if is_raw {
            self.is_hidden = tag.kind == TagKind::StartTag;
        }
        if is_raw && self.is_hidden { TokenSinkResult::RawData(RawKind::Rawtext) } else { TokenSinkResult::Continue }
    }
}

/// Characters that are not seen: controls, direction marks, and those that can hide a message in a text.
fn is_removed(char: char) -> bool {
    char.is_control()
        || is_invisible(char)
        || matches!(char, '\u{AD}' | '\u{180E}' | '\u{2061}'..='\u{2064}' | '\u{206A}'..='\u{206F}')
        // Tags and supplementary variation selectors.
        || matches!(char, '\u{E0000}'..='\u{E0FFF}')
}
