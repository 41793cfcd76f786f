//! Which items are kept, and when they were published.

use chrono::TimeDelta;

use super::*;

fn dated(title: &str, date: &str) -> String {
    format!("<entry><title>{title}</title><published>{date}</published></entry>")
}

#[test]
fn items_are_in_the_order_of_their_dates() {
    let items = atom(
        &[dated("b", "2026-03-02T00:00:00Z"), dated("c", "2026-03-01T00:00:00Z"), dated("a", "2026-03-03T00:00:00Z")]
            .concat(),
    );
    assert_eq!(titles(&items), ["a", "b", "c"]);
}

#[test]
fn a_date_in_the_future_is_now() {
    assert_eq!(atom(&dated("a", "2031-01-01T00:00:00Z"))[0].published_at, now());
    assert_eq!(atom(&dated("a", "+262142-01-01T00:00:00Z"))[0].published_at, now());
}

#[test]
fn an_item_without_a_date_has_the_date_when_it_was_first_seen() {
    let text = rss_text("<item><title>new</title></item><item><title>old</title><pubDate>soon</pubDate></item>");
    let first = reading::read(&document(text.clone()), &[], now()).unwrap();
    assert!(first.iter().all(|item| item.published_at == now()));
    assert_eq!(titles(&first), ["new", "old"]);

    let known = FeedItem { published_at: now() - TimeDelta::days(3), ..first[1].clone() };
    let later = now() + TimeDelta::hours(1);
    let again = reading::read(&document(text), &[known], later).unwrap();
    let dates: Vec<_> = again.iter().map(|item| item.published_at).collect();
    assert_eq!((titles(&again), dates), (vec!["new", "old"], vec![later, now() - TimeDelta::days(3)]));
}

#[test]
fn the_date_of_the_feed_goes_before_a_known_one() {
    let text = rss_text("<item><title>a</title><pubDate>Mon, 09 Mar 2026 10:00:00 +0100</pubDate></item>");
    let known = FeedItem { published_at: now() - TimeDelta::days(3), ..rss("<item><title>a</title></item>").remove(0) };
    let items = reading::read(&document(text), &[known], now()).unwrap();
    assert_eq!(items[0].published_at.to_rfc3339(), "2026-03-09T09:00:00+00:00");
}

#[test]
fn the_newest_200_items_are_kept() {
    let item = |number: u32| {
        let date = DateTime::from_timestamp(1_700_000_000 + i64::from(number), 0).unwrap().to_rfc3339();
        dated(&format!("n{number}"), &date)
    };
    let items = atom(&(0..5_000).map(item).collect::<String>());
    assert_eq!(items.len(), 200);
    assert_eq!((titles(&items)[0], titles(&items)[199]), ("n4999", "n4800"));
}

#[test]
fn an_item_is_kept_once() {
    let item = |day: u32, link: &str| {
        format!(
            "<item><title>day {day}</title><link>https://a.example/{link}</link><pubDate>0{day} Mar 2026 10:00:00 GMT</pubDate></item>"
        )
    };
    let items = rss(&[item(1, "x"), item(3, "x#part"), item(2, "x?utm_source=feed"), item(4, "y")].concat());
    assert_eq!(titles(&items), ["day 4", "day 3"]);
}
