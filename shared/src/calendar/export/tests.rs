//! Every file is read back with an independent parser.

use std::collections::{BTreeMap, BTreeSet};

use icalendar::parser::{read_calendar, unfold};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{calendar::Content, platform::id::EntryId, values::csv::starts_formula};

const ID: &str = "0197a3c4-0000-7000-8000-000000000001";

fn entry(change: Value) -> Entry {
    let mut content = json!({
        "channel": "instagram", "date": "2026-03-29", "time": "02:30", "timezone": "Europe/Paris",
        "title": "Slow, \"good\" coffee; how?", "topic": "Coffee", "format": "reel", "caption": "One\nTwo",
        "hashtags": ["#slow", "#coffee"], "notes": "", "media": [{"url": "https://cdn.example/a,b.jpg", "type": "image"}],
    });
    content.as_object_mut().unwrap().extend(change.as_object().cloned().unwrap());
    let content: Content = serde_json::from_value(content).unwrap();
    Entry {
        id: EntryId(ID.parse().unwrap()),
        key: format!("{}:{}:1", content.channel.as_str(), content.date).parse().unwrap(),
        version: 3,
        from_run: true,
        edited: BTreeSet::from([Field::Title]),
        deleted: false,
        updated_at: DateTime::from_timestamp(1_769_414_400, 0).unwrap(),
        content,
    }
}

fn file(format: Format, entries: &[Entry]) -> String {
    let mut export = Export::start(format, CalendarId(ID.parse().unwrap()), Some("Spring; plan"));
    let mut text = String::new();
    for entry in entries {
        export.push(entry);
        text.push_str(&export.take());
    }
    text + &export.finish()
}

/// The events of a file, each as its properties by name, read by a library.
fn events(text: &str) -> Vec<BTreeMap<String, String>> {
    let unfolded = unfold(text);
    let calendar = read_calendar(&unfolded).unwrap();
    let event = |component: &icalendar::parser::Component<'_>| {
        assert_eq!(component.name, "VEVENT");
        let properties = component.properties.iter();
        properties.map(|one| (one.name.to_string(), one.val.to_string())).collect()
    };
    calendar.components.iter().map(event).collect()
}

#[test]
fn an_event_is_due_at_its_instant_in_utc_under_a_stable_id() {
    let text = file(Format::Ics, &[entry(json!({}))]);

    let events = events(&text);

    let expected = [
        ("UID", "instagram:2026-03-29:1.0197a3c4-0000-7000-8000-000000000001@almanac"),
        ("DTSTAMP", "20260126T080000Z"),
        ("LAST-MODIFIED", "20260126T080000Z"),
        ("SEQUENCE", "2"),
        // 02:30 does not exist on this day in Paris: it is the first instant after the jump.
        ("DTSTART", "20260329T010000Z"),
        ("SUMMARY", "Slow, \"good\" coffee; how?"),
        ("DESCRIPTION", "One\nTwo\n\n#slow #coffee"),
        ("CATEGORIES", "instagram"),
        ("TRANSP", "TRANSPARENT"),
        ("ATTACH", "https://cdn.example/a,b.jpg"),
    ];
    assert_eq!(events, [expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into()]);
    assert!(text.contains("X-WR-CALNAME:Spring\\; plan\r\n"));
}

#[test]
fn a_library_finds_the_very_instant_again_in_every_zone() {
    for zone in chrono_tz::TZ_VARIANTS {
        let entry = entry(json!({"timezone": zone.name(), "date": "2026-10-25"}));
        let text = file(Format::Ics, std::slice::from_ref(&entry));
        let calendar: icalendar::Calendar = text.parse().unwrap();
        let Some(icalendar::CalendarComponent::Event(event)) = calendar.components.first() else { panic!("no event") };
        let start = icalendar::Component::get_start(event);
        assert_eq!(start, Some(icalendar::DatePerhapsTime::from(entry.content.scheduled_at())), "{zone}");
    }
}

#[test]
fn an_address_that_could_end_its_line_is_left_out() {
    let media =
        json!([{"url": "https://x\r\nATTENDEE:mailto:a@b.c", "type": "image"}, {"url": "https://y", "type": "video"}]);
    let events = events(&file(Format::Ics, &[entry(json!({"media": media}))]));
    assert_eq!((events.len(), events[0].get("ATTACH").map(String::as_str)), (1, Some("https://y")));
    assert!(!events[0].contains_key("ATTENDEE"));
}

#[test]
fn a_caption_of_nothing_that_can_be_shown_leaves_no_blank_lines() {
    let events = events(&file(Format::Ics, &[entry(json!({"caption": "\u{1}", "hashtags": [], "notes": "x"}))]));
    assert_eq!(events[0]["DESCRIPTION"], "x");
}

#[test]
fn csv_has_a_header_and_cells_that_no_spreadsheet_runs() {
    let text = file(Format::Csv, &[entry(json!({"title": "=cmd|' /C calc'!A0", "caption": "a \"b\",\nc"}))]);
    let (header, row) = text.split_once("\r\n").unwrap();
    assert_eq!(
        header,
        "key,channel,date,time,timezone,title,topic,format,caption,hashtags,notes,media,scheduledAt,source,version,updatedAt"
    );
    assert_eq!(
        row,
        concat!(
            r#""instagram:2026-03-29:1","instagram","2026-03-29","02:30","Europe/Paris","'=cmd|' /C calc'!A0","Coffee","reel","#,
            "\"a \"\"b\"\",\nc\",",
            r##""#slow #coffee","","https://cdn.example/a,b.jpg","2026-03-29T01:00:00Z","ai","3","2026-01-26T08:00:00Z""##,
            "\r\n"
        )
    );
}

#[test]
fn json_is_the_entries_as_the_calendar_shows_them() {
    assert_eq!(file(Format::Json, &[]), "[]\n");
    let read: Value = serde_json::from_str(&file(Format::Json, &[entry(json!({})), entry(json!({}))])).unwrap();
    assert_eq!(read.as_array().unwrap().len(), 2);
    assert_eq!(
        read[0],
        json!({
            "id": ID, "key": "instagram:2026-03-29:1", "version": 3, "channel": "instagram", "date": "2026-03-29",
            "time": "02:30", "timezone": "Europe/Paris", "scheduledAt": "2026-03-29T01:00:00Z",
            "title": "Slow, \"good\" coffee; how?", "topic": "Coffee", "format": "reel", "caption": "One\nTwo",
            "hashtags": ["#slow", "#coffee"], "notes": "", "media": [{"url": "https://cdn.example/a,b.jpg", "type": "image"}],
            "source": "ai", "editedFields": ["title"], "updatedAt": "2026-01-26T08:00:00Z",
        })
    );
}

#[test]
fn every_format_is_found_by_its_name_and_no_other() {
    for format in Format::ALL {
        assert_eq!(Format::parse(format.as_str()), Some(*format));
    }
    assert_eq!(Format::parse("ICS"), None);
}

/// What a text can be in iCalendar: one kind of line break, no other control characters.
fn plain(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.chars().filter(|char| !char.is_control() || matches!(char, '\n' | '\t')).collect()
}

proptest! {
    #[test]
    fn whatever_people_write_is_read_back_and_no_line_is_too_long(
        title in any::<String>(), caption in "[\\\\;,:\"nN\r\n\t é漢😀\u{1}]{0,200}",
    ) {
        let text = file(Format::Ics, &[entry(json!({"title": title, "caption": caption, "hashtags": [], "notes": "x"}))]);

        let events = events(&text);

        prop_assert_eq!(events.len(), 1);
        prop_assert_eq!(&events[0]["SUMMARY"], &plain(&title));
        let caption = plain(caption.trim());
        let caption = if caption.is_empty() { "x".to_owned() } else { format!("{caption}\n\nx") };
        prop_assert_eq!(&events[0]["DESCRIPTION"], &caption);
        prop_assert!(text.split("\r\n").all(|line| line.len() <= 75 && !line.contains(['\r', '\n'])));
        prop_assert!(text.ends_with("END:VCALENDAR\r\n"));
    }

    #[test]
    fn a_spreadsheet_reads_back_every_cell(title in any::<String>(), caption in "[\t\r\n\"#,=+@'a -]{0,20}") {
        let text = file(Format::Csv, &[entry(json!({"title": title, "caption": caption}))]);

        let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
        let row = reader.records().next().unwrap().unwrap();

        let shown = |cell: &str| if starts_formula(cell) { format!("'{cell}") } else { cell.to_owned() };
        prop_assert_eq!([&row[5], &row[8]], [shown(&title), shown(&caption)]);
        prop_assert_eq!(row.len(), 16);
    }
}
