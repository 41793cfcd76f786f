//! Documents that are made to take time or memory, or to break the parser. Each is read or refused within a bound.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

/// Enough to show a bound that is missing, and soon read by an unoptimised build.
const SIZE: usize = 2 << 20;

/// Far above what is needed by an unoptimised build on a busy machine, far below what a missing bound takes.
const BOUND: Duration = Duration::from_secs(30);

fn within_bound<T>(work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = work();
    assert!(started.elapsed() < BOUND, "{:?}", started.elapsed());
    result
}

fn filled(start: &str, piece: &str, end: &str) -> String {
    [start, &piece.repeat((SIZE - start.len() - end.len()) / piece.len()), end].concat()
}

#[test]
fn entities_of_a_document_type_are_not_expanded() {
    let laughs: String =
        (1..10).map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10))).collect();
    let text = format!(
        "<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY l0 'lol'>{laughs}<!ENTITY file SYSTEM 'file:///etc/passwd'>]>{}",
        &rss_text("<item><title>&l9; &file;</title></item>")["<?xml version=\"1.0\"?>".len()..]
    );
    let items = within_bound(|| read(text)).unwrap();
    assert_eq!(titles(&items), ["&l9; &file;"]);
}

#[test]
fn large_documents_take_a_bounded_time() {
    let rss = |piece: &str| filled("<rss version='2.0'><channel>", piece, "</channel></rss>");
    let feed = |piece: &str| filled("<feed xmlns='http://www.w3.org/2005/Atom'>", piece, "</feed>");
    let item = |piece: &str| filled("<rss><channel><item><title>t</title>", piece, "</item></channel></rss>");
    for (text, count) in [
        (rss("<item/>"), 0),
        (rss("<item><title>same</title></item>"), 1),
        (rss("<x><y/></x>"), 0),
        (feed("<entry><link href='a'/><title>a</title></entry>"), 1),
        (item("<link>x</link>"), 1),
        (item("<author>a@b.c</author>"), 1),
        (
            filled(
                "<rss><channel><item><title>t</title><description><![CDATA[",
                "<b>",
                "]]></description></item></channel></rss>",
            ),
            1,
        ),
        (
            filled(
                "<rss><channel><item><title>t</title><description>",
                "&amp;",
                "</description></item></channel></rss>",
            ),
            1,
        ),
        (filled("<rss><channel><item><title>t</title><x ", "a='' ", "/></item></channel></rss>"), 1),
        (filled("<rss><channel><item><title>t", "<!-- -->", "</title></item></channel></rss>"), 1),
    ] {
        let found = within_bound(|| read(text.clone())).map(|items| items.len());
        assert_eq!(found, Ok(count), "{}", &text[..80]);
    }
}

#[test]
fn a_deeply_nested_document_is_read_or_refused() {
    for depth in [1_000, 60_000, 400_000] {
        let nested = format!("<item><title>t</title><description>{}x{}", "<a>".repeat(depth), "</a>".repeat(depth));
        let result = within_bound(|| read(rss_text(&format!("{nested}</description></item>"))));
        assert!(result.is_ok() || result == Err(FeedFault::NotAFeed.into()), "{depth}");
    }
    let json = format!("{{\"version\": \"https://jsonfeed.org/version/1\", \"items\": {}", "[".repeat(1_000_000));
    assert_eq!(code(within_bound(|| read(json))), FeedFault::NotAFeed);
}

#[test]
fn a_long_base_does_not_lengthen_each_link() {
    let base = format!("https://a.example/{}/", "a".repeat(4 << 20));
    let entries = "<entry><title>t</title><link href='x'/></entry>".repeat(10_000);
    let text = format!("<feed xmlns='http://www.w3.org/2005/Atom' xml:base='{base}'>{entries}</feed>");
    let items = within_bound(|| read(text)).unwrap();
    assert_eq!(items[0].url.as_deref(), Some("https://news.example/blog/x"));
}

#[test]
fn authors_of_a_feed_are_not_copied_into_its_items() {
    let authors: Vec<_> = (0..20_000).map(|number| serde_json::json!({ "name": number.to_string() })).collect();
    let items: Vec<_> = (0..20_000).map(|number| serde_json::json!({ "title": number.to_string() })).collect();
    let version = "https://jsonfeed.org/version/1.1";
    let text = serde_json::json!({ "version": version, "authors": authors, "items": items }).to_string();
    assert_eq!(within_bound(|| read(text)).unwrap().len(), 200);
}

#[test]
fn names_on_which_the_parser_panics_are_left_out() {
    let items = rss("<item><title>t</title><author>Anna Example —a@b.example</author>\
        <itunes:duration xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'>99999999999999999999999:00:00\
        </itunes:duration></item>");
    assert_eq!(titles(&items), ["t"]);
}

#[test]
fn many_attributes_in_the_markup_of_each_item_end_the_reading() {
    let names: String = (0..6_000).map(|number| format!(" a{number}")).collect();
    let item =
        |number: u32| format!("<item><title>{number}</title><description><![CDATA[<p{names}>x]]></description></item>");
    let text = rss_text(&(0..200).map(item).collect::<String>());
    let result = within_bound(|| read(text));
    assert!(result.is_ok() || result == Err(FeedFault::Timeout.into()));
}

proptest! {
    #[test]
    fn no_document_makes_the_reading_panic(pieces in proptest::collection::vec(prop_oneof![
        Just("<rss version='2.0'>"), Just("<channel>"), Just("<item>"), Just("<title>"), Just("<link>"), Just("a&b"),
        Just("<![CDATA[<p>x]]>"), Just("</item>"), Just("</title>"), Just("</link>"), Just("</channel>"), Just("</rss>"),
        Just("<feed xmlns='http://www.w3.org/2005/Atom'>"), Just("<entry xml:base='//'>"), Just("<link href='::'/>"),
        Just("</entry>"), Just("</feed>"), Just("&#0;"), Just("&#xFFFFFF;"), Just("é—"), Just("<content type='xhtml'>"),
        Just("</content>"), Just("<?xml version='1.0' encoding='latin1'?>"), Just("<!DOCTYPE x>"), Just("{\"items\":["),
    ], 0..40)) {
        let _ = read(pieces.concat());
        let _ = read(format!("<feed xmlns='http://www.w3.org/2005/Atom'><entry>{}</entry></feed>", pieces.concat()));
    }

    #[test]
    fn no_bytes_make_the_reading_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(bytes.clone());
        let _ = read([b"<rss version='2.0'><channel><item><title>".as_slice(), &bytes].concat());
    }
}
