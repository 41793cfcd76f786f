//! Cards as a file to take away: CSV for spreadsheets, JSON for programs, tab-separated text for Anki's importer.
//! The export route calls it page by page with what the store gave: `start`, any number of `push`, `finish`.
//! It is pure and knows no user: it never looks a card up and never drops or reorders one.
//!
//! To add a format: 1. a variant of `Format` with its wire name, content type and file name, 2. its three parts below,
//! 3. a test that reads the file back with an independent parser.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, ser::Serializer};

use crate::values::{
    csv::{push_cell, push_quoted},
    wire_enum::wire_enum,
};

/// One card, as every format shows it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Row<'a> {
    /// The question.
    pub front: &'a str,
    /// The answer.
    pub back: &'a str,
    /// When the card was accepted, UTC.
    #[serde(serialize_with = "as_wire_time")]
    pub created_at: DateTime<Utc>,
}

wire_enum! {
    /// What the file is for (`?format=`).
    pub enum Format {
        /// RFC 4180 with a header, safe to open in a spreadsheet.
        Csv = "csv",
        /// One array of objects.
        Json = "json",
        /// Text that Anki imports without questions (2.1.54 and later).
        Anki = "anki",
    }
}

impl Format {
    /// For the `Content-Type` header.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Json => "application/json",
            Self::Anki => "text/plain; charset=utf-8",
        }
    }

    /// For the `Content-Disposition` header.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Csv => "cards.csv",
            Self::Json => "cards.json",
            Self::Anki => "cards.txt",
        }
    }
}

/// A file in the making.
#[derive(Debug)]
pub struct Export {
    format: Format,
    text: String,
    empty: bool,
}

impl Export {
    /// Begins a file.
    pub fn start(format: Format) -> Self {
        let head = match format {
            Format::Csv => "front,back,created_at\r\n",
            Format::Json => "[",
            // No `#columns:` line on purpose: it makes Anki look fields up by name, and a collection in another language
            // has no "Back". Without it the fields are filled from left to right, also when there is no "Basic" and the
            // note type in use is taken.
            Format::Anki => "#separator:tab\n#html:false\n#notetype:Basic\n",
        };
        Self { format, text: head.to_owned(), empty: true }
    }

    /// Adds a card.
    pub fn push(&mut self, card: &Row<'_>) {
        match self.format {
            Format::Csv => self.push_csv(card),
            Format::Json => self.push_json(card),
            Format::Anki => self.push_anki(card),
        }
        self.empty = false;
    }

    /// What is ready to be sent. Taking it keeps the memory of a long export at one page.
    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// Ends the file and gives what was not taken yet.
    pub fn finish(mut self) -> String {
        if self.format == Format::Json {
            self.text.push_str("]\n");
        }
        self.text
    }

    fn push_csv(&mut self, card: &Row<'_>) {
        for cell in [card.front, card.back] {
            push_cell(&mut self.text, cell);
            self.text.push(',');
        }
        self.text.push_str(&wire_time(card.created_at));
        self.text.push_str("\r\n");
    }

    fn push_json(&mut self, card: &Row<'_>) {
        if !self.empty {
            self.text.push(',');
        }
        // Two strings and a time always have a JSON form.
        self.text.push_str(&serde_json::to_string(card).unwrap_or_default());
    }

    /// In quotes for Anki too: so neither a tab or line break inside, nor its `#` for a comment and `tags:` for a header
    /// at the start of a line, is taken for anything but text.
    fn push_anki(&mut self, card: &Row<'_>) {
        push_quoted(&mut self.text, "", card.front);
        self.text.push('\t');
        push_quoted(&mut self.text, "", card.back);
        self.text.push('\n');
    }
}

fn wire_time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn as_wire_time<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&wire_time(*at))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::values::csv::starts_formula;

    fn at() -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_769_414_400_123).unwrap()
    }

    fn file(format: Format, cards: &[(String, String)]) -> String {
        let mut export = Export::start(format);
        let mut text = String::new();
        for (front, back) in cards {
            export.push(&Row { front, back, created_at: at() });
            text.push_str(&export.take());
        }
        text + &export.finish()
    }

    fn pair(front: &str, back: &str) -> (String, String) {
        (front.to_owned(), back.to_owned())
    }

    fn rows(reader: &csv::ReaderBuilder, text: &str) -> Vec<(String, String)> {
        reader
            .from_reader(text.as_bytes())
            .records()
            .map(|record| record.unwrap())
            .map(|record| pair(&record[0], &record[1]))
            .collect()
    }

    /// Reads as Anki does: its importer uses this very crate, with `#` for comments and rows of any length.
    fn read_by_anki(text: &str) -> Vec<(String, String)> {
        assert!(!text.starts_with("tags:"));
        rows(csv::ReaderBuilder::new().has_headers(false).flexible(true).comment(Some(b'#')).delimiter(b'\t'), text)
    }

    fn read_by_spreadsheet(text: &str) -> Vec<(String, String)> {
        rows(csv::ReaderBuilder::new().has_headers(true), text)
    }

    /// What a cell becomes in the CSV: unchanged, unless a spreadsheet would run it.
    fn shown(cell: &str) -> String {
        if starts_formula(cell) { format!("'{cell}") } else { cell.to_owned() }
    }

    #[test]
    fn csv_has_a_header_quotes_and_the_time_in_utc() {
        let text = file(Format::Csv, &[pair("What is \"x\"?", "a, b\nc")]);
        assert_eq!(text, "front,back,created_at\r\n\"What is \"\"x\"\"?\",\"a, b\nc\",2026-01-26T08:00:00.123Z\r\n");
    }

    #[test]
    fn a_cell_that_a_spreadsheet_would_run_is_shown_as_text() {
        for start in ["=", "+", "-", "@", "\t", "\r"] {
            let cell = format!("{start}cmd|' /C calc'!A0");
            let text = file(Format::Csv, &[(cell.clone(), cell.clone())]);
            assert_eq!(read_by_spreadsheet(&text), [(format!("'{cell}"), format!("'{cell}"))]);
        }
        for harmless in ["1-2", "'=1", " =1", ""] {
            assert_eq!(shown(harmless), harmless);
        }
    }

    #[test]
    fn json_is_one_array_however_many_cards_there_are() {
        assert_eq!(file(Format::Json, &[]), "[]\n");
        assert_eq!(
            file(Format::Json, &[pair("a", "=b\""), pair("c", "")]),
            concat!(
                r#"[{"front":"a","back":"=b\"","created_at":"2026-01-26T08:00:00.123Z"},"#,
                r#"{"front":"c","back":"","created_at":"2026-01-26T08:00:00.123Z"}]"#,
                "\n"
            )
        );
    }

    #[test]
    fn the_anki_file_begins_with_the_header_lines_its_importer_reads() {
        assert_eq!(
            file(Format::Anki, &[pair("#1 is a heading", "tab\there")]),
            "#separator:tab\n#html:false\n#notetype:Basic\n\"#1 is a heading\"\t\"tab\there\"\n"
        );
    }

    #[test]
    fn anki_reads_back_what_would_be_markup_a_comment_or_a_header() {
        let cards = [
            pair("#not a comment", "<b>not html</b> &amp;"),
            pair("tags: none", "two\nlines\r\nand\ttabs"),
            pair("\"quoted\"", "\"\""),
            pair("", "\u{feff}"),
            pair("=1+1", " padded "),
        ];
        assert_eq!(read_by_anki(&file(Format::Anki, &cards)), cards);
    }

    #[test]
    fn every_format_is_found_by_its_name_and_no_other() {
        for format in Format::ALL {
            assert_eq!(Format::parse(&format.to_string()), Some(*format));
        }
        assert_eq!(Format::parse("CSV"), None);
        assert_eq!(Format::parse(""), None);
    }

    proptest! {
        #[test]
        fn anki_reads_back_exactly_what_was_written(cards in prop::collection::vec((any::<String>(), any::<String>()), 0..5)) {
            prop_assert_eq!(read_by_anki(&file(Format::Anki, &cards)), cards);
        }

        #[test]
        fn cards_made_of_the_awkward_characters_survive_too(
            cards in prop::collection::vec(("[\t\r\n\"#,=+@':a\\\\ -]{0,9}", "[\t\r\n\"#,=+@':a\\\\ -]{0,9}"), 1..6),
        ) {
            let safe: Vec<_> = cards.iter().map(|(front, back)| (shown(front), shown(back))).collect();
            prop_assert_eq!(read_by_anki(&file(Format::Anki, &cards)), cards.clone());
            prop_assert_eq!(read_by_spreadsheet(&file(Format::Csv, &cards)), safe);
        }

        #[test]
        fn a_spreadsheet_reads_back_every_card(cards in prop::collection::vec((any::<String>(), any::<String>()), 0..5)) {
            let safe: Vec<_> = cards.iter().map(|(front, back)| (shown(front), shown(back))).collect();
            prop_assert_eq!(read_by_spreadsheet(&file(Format::Csv, &cards)), safe);
        }

        #[test]
        fn a_program_reads_back_every_card(cards in prop::collection::vec((any::<String>(), any::<String>()), 0..5)) {
            let read: Vec<serde_json::Value> = serde_json::from_str(&file(Format::Json, &cards)).unwrap();
            let read: Vec<_> =
                read.iter().map(|card| pair(card["front"].as_str().unwrap(), card["back"].as_str().unwrap())).collect();
            prop_assert_eq!(read, cards);
        }
    }
}
