//! Entries as iCalendar events (RFC 5545). Called by the export, entry by entry.
//! Times are UTC instants (RFC 5545, 3.3.5, form 2): the rules of every zone were applied when the instant was computed,
//! so no reader needs ours, and each shows it in the zone of its own user.
//! No value may ever end its line: whatever people or models wrote stays inside its property.
//! `icalendar` does not write it: it leaves CR in values, and its last line of a folded value may have 76 octets.

use chrono::{DateTime, Utc};

use crate::{calendar::Entry, platform::id::CalendarId};

/// Longest line in octets, its end not counted (RFC 5545, 3.1).
const LINE_OCTETS: usize = 75;

/// Begins the calendar.
pub(super) fn begin(text: &mut String, title: Option<&str>) {
    push_line(text, "BEGIN:VCALENDAR");
    push_line(text, "VERSION:2.0");
    push_line(text, "PRODID:-//Almanac//Calendar//EN");
    push_line(text, "CALSCALE:GREGORIAN");
    // Without a METHOD it is a plain calendar to import, not an invitation to answer.
    if let Some(title) = title {
        push_line(text, &format!("X-WR-CALNAME:{}", escaped(title)));
    }
}

/// Adds one event. Its id is made of calendar and key, so a second import updates it instead of doubling it.
pub(super) fn push(text: &mut String, calendar: CalendarId, entry: &Entry) {
    let content = &entry.content;
    push_line(text, "BEGIN:VEVENT");
    push_line(text, &format!("UID:{}", escaped(&format!("{}.{calendar}@almanac", entry.key))));
    push_line(text, &format!("DTSTAMP:{}", instant(entry.updated_at)));
    push_line(text, &format!("LAST-MODIFIED:{}", instant(entry.updated_at)));
    push_line(text, &format!("SEQUENCE:{}", entry.version.saturating_sub(1).max(0)));
    push_line(text, &format!("DTSTART:{}", instant(content.scheduled_at())));
    push_line(text, &format!("SUMMARY:{}", escaped(&content.title)));
    let hashtags = content.hashtags.join(" ");
    let parts = [content.caption.as_str(), &hashtags, &content.notes].map(str::trim);
    let description: Vec<&str> = parts.into_iter().filter(|part| part.chars().any(is_kept)).collect();
    if !description.is_empty() {
        push_line(text, &format!("DESCRIPTION:{}", escaped(&description.join("\n\n"))));
    }
    push_line(text, &format!("CATEGORIES:{}", escaped(content.channel.as_str())));
    // A post is due at an instant and blocks no time in the reader's calendar.
    push_line(text, "TRANSP:TRANSPARENT");
    for medium in content.media.iter().filter(|medium| is_one_line(&medium.url)) {
        push_line(text, &format!("ATTACH:{}", medium.url));
    }
    push_line(text, "END:VEVENT");
}

/// Ends the calendar.
pub(super) fn end(text: &mut String) {
    push_line(text, "END:VCALENDAR");
}

fn instant(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}

/// An address is not escaped (RFC 5545, 3.3.13); one that could break out of its line is none.
fn is_one_line(url: &str) -> bool {
    !url.chars().any(|char| char.is_control() || char.is_whitespace())
}

/// A text value (RFC 5545, 3.3.11): line breaks of every kind as `\n`, other control characters left out.
fn escaped(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    let mut chars = value.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' | '\n' => escaped.push_str("\\n"),
            '\\' | ';' | ',' => escaped.extend(['\\', char]),
            char if is_kept(char) => escaped.push(char),
            _ => {}
        }
    }
    escaped
}

/// Control characters are left out of texts, but for tabs and line breaks.
fn is_kept(char: char) -> bool {
    !char.is_control() || matches!(char, '\t' | '\r' | '\n')
}

/// One content line, folded between characters: a reader that unfolds octets must not meet half of one.
fn push_line(text: &mut String, line: &str) {
    let mut octets = 0;
    for char in line.chars() {
        if octets + char.len_utf8() > LINE_OCTETS {
            text.push_str("\r\n ");
            octets = 1;
        }
        text.push(char);
        octets += char.len_utf8();
    }
    text.push_str("\r\n");
}
