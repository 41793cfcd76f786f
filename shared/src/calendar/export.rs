//! A calendar as a file to take away: JSON for programs, CSV for spreadsheets, iCalendar for other calendars.
//! The export route calls it with the latest saved entries: `start`, any number of `push`, `finish`.
//! It is pure and knows no user: it never looks an entry up and never drops or reorders one.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{Entry, Field, Medium, content::wire_instant};
use crate::{
    platform::id::CalendarId,
    values::{csv::push_cell, wire_enum::wire_enum},
};

mod ics;

wire_enum! {
    /// What the file is for (`?format=`).
    pub enum Format {
        /// One array of objects.
        Json = "json",
        /// RFC 4180 with a header, safe to open in a spreadsheet.
        Csv = "csv",
        /// RFC 5545.
        Ics = "ics",
    }
}

impl Format {
    /// For the `Content-Type` header.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ics => "text/calendar; charset=utf-8",
        }
    }

    /// For the `Content-Disposition` header.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Json => "calendar.json",
            Self::Csv => "calendar.csv",
            Self::Ics => "calendar.ics",
        }
    }
}

/// A file in the making.
#[derive(Debug)]
pub struct Export {
    format: Format,
    calendar: CalendarId,
    text: String,
    empty: bool,
}

impl Export {
    /// Begins the file of a calendar; `title` is the calendar's, if it has one.
    pub fn start(format: Format, calendar: CalendarId, title: Option<&str>) -> Self {
        let mut text = String::new();
        match format {
            Format::Json => text.push('['),
            Format::Csv => push_csv_header(&mut text),
            Format::Ics => ics::begin(&mut text, title),
        }
        Self { format, calendar, text, empty: true }
    }

    /// Adds an entry.
    pub fn push(&mut self, entry: &Entry) {
        match self.format {
            Format::Json => {
                if !self.empty {
                    self.text.push(',');
                }
                self.text.push_str(&Value::from(wire(entry)).to_string());
            }
            Format::Csv => push_csv(&mut self.text, entry),
            Format::Ics => ics::push(&mut self.text, self.calendar, entry),
        }
        self.empty = false;
    }

    /// What is ready to be sent. Taking it keeps the memory of a long export at one page.
    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// Ends the file and gives what was not taken yet.
    pub fn finish(mut self) -> String {
        match self.format {
            Format::Json => self.text.push_str("]\n"),
            Format::Csv => {}
            Format::Ics => ics::end(&mut self.text),
        }
        self.text
    }
}

/// A saved entry as the calendar's own routes show it.
pub fn wire(entry: &Entry) -> Map<String, Value> {
    let mut wire = Map::new();
    wire.insert("id".to_owned(), entry.id.to_string().into());
    wire.insert("key".to_owned(), entry.key.to_string().into());
    wire.insert("version".to_owned(), entry.version.into());
    wire.extend(entry.content.wire());
    wire.insert("source".to_owned(), entry.source().into());
    wire.insert("editedFields".to_owned(), entry.edited.iter().map(|field| field.as_str()).collect());
    wire.insert("updatedAt".to_owned(), wire_instant(entry.updated_at).into());
    wire
}

/// The columns of the CSV besides the fields, which stand between them.
const FIRST_COLUMNS: [&str; 1] = ["key"];
const LAST_COLUMNS: [&str; 4] = ["scheduledAt", "source", "version", "updatedAt"];

fn push_csv_header(text: &mut String) {
    let columns = FIRST_COLUMNS.into_iter().chain(Field::ALL.iter().map(|field| field.as_str())).chain(LAST_COLUMNS);
    text.push_str(&columns.collect::<Vec<_>>().join(","));
    text.push_str("\r\n");
}

fn push_csv(text: &mut String, entry: &Entry) {
    push_cell(text, &entry.key.to_string());
    for field in Field::ALL.iter().copied() {
        text.push(',');
        push_cell(text, &cell(entry, field));
    }
    let updated_at: DateTime<Utc> = entry.updated_at;
    let last = [
        wire_instant(entry.content.scheduled_at()),
        entry.source().to_owned(),
        entry.version.to_string(),
        wire_instant(updated_at),
    ];
    for value in last {
        text.push(',');
        push_cell(text, &value);
    }
    text.push_str("\r\n");
}

/// A field as one cell: lists with a space between their items, which neither a tag nor an address can hold.
fn cell(entry: &Entry, field: Field) -> String {
    match field {
        Field::Hashtags => entry.content.hashtags.join(" "),
        Field::Media => entry.content.media.iter().map(address).collect::<Vec<_>>().join(" "),
        field => entry.content.field(field).as_str().unwrap_or_default().to_owned(),
    }
}

fn address(medium: &Medium) -> &str {
    &medium.url
}

#[cfg(test)]
mod tests;
