//! One item in each format, in several charsets.

use super::*;

/// The item that all formats below carry.
fn assert_is_the_item(items: &[FeedItem]) {
    let [item] = items else { panic!("not one item: {items:?}") };
    assert_eq!(item.title, "Tom & Jerry");
    assert_eq!(item.url.as_deref(), Some("https://news.example/blog/a?id=1&x=2"));
    assert_eq!(item.summary, "A short text.");
    assert_eq!(item.published_at.to_rfc3339(), "2026-03-09T10:00:00+00:00");
}

#[test]
fn all_formats_give_the_same_item() {
    let rss_item = "<title>Tom &amp;amp; Jerry</title><link>a?id=1&amp;x=2</link>\
        <description>&lt;p&gt;A short text.&lt;/p&gt;</description>";
    let rss_date = "<pubDate>Mon, 09 Mar 2026 10:00:00 GMT</pubDate>";
    assert_is_the_item(&rss(&format!("<item>{rss_item}{rss_date}<guid isPermaLink='false'>17</guid></item>")));
    for version in ["", "version='0.91'", "version='2.0.1'"] {
        assert_is_the_item(
            &read(format!("<rss {version}><channel><item>{rss_item}{rss_date}</item></channel></rss>")).unwrap(),
        );
    }
    assert_is_the_item(
        &read(format!(
            "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/' \
             xmlns:dc='http://purl.org/dc/elements/1.1/'><channel><items/></channel>\
             <item>{rss_item}<dc:date>2026-03-09T10:00:00Z</dc:date></item></rdf:RDF>"
        ))
        .unwrap(),
    );
    assert_is_the_item(&atom(
        "<entry><id>urn:1</id><title>Tom &amp; Jerry</title><link rel='edit' href='edit'/>\
         <link href='a?id=1&amp;x=2'/><updated>2026-03-09T10:00:00Z</updated>\
         <content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><p class='x'>A <b>short</b> text.</p></div>\
         </content></entry>",
    ));
    let json = serde_json::json!({
        "version": "https://jsonfeed.org/version/1.1", "title": "News", "authors": [{ "name": "Anna" }],
        "items": [{ "id": 1, "url": "a?id=1&x=2", "title": "Tom & Jerry", "content_html": "<p>A short text.</p>",
            "date_published": "2026-03-09T11:00:00+01:00", "tags": ["x"], "attachments": [{ "url": "x" }] }],
    });
    assert_is_the_item(&read(json.to_string()).unwrap());
    assert_is_the_item(&read(format!("\u{feff}{json}")).unwrap());
}

#[test]
fn a_document_is_decoded_as_it_declares_or_as_it_is() {
    let item = "<rss version=\"2.0\"><channel><item><title>\u{e9}t\u{e9}</title></item></channel></rss>";
    let latin: Vec<u8> = item.chars().map(|char| char as u8).collect();
    let utf16: Vec<u8> = format!("\u{feff}<?xml version='1.0' encoding='utf-16'?>{item}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let declared = |declaration: &str, bytes: &[u8]| [declaration.as_bytes(), bytes].concat();
    let long = format!("<?xml version='1.0' {} encoding='iso-8859-1' ?>", " ".repeat(100));
    for bytes in [
        item.as_bytes().to_vec(),
        format!("\u{feff}{item}").into_bytes(),
        format!("\n <?xml version='1.0' encoding='UTF-8'?>{item}").into_bytes(),
        declared("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>", &latin),
        declared(&long, &latin),
        // The declaration is wrong or missing.
        declared("<?xml version='1.0' encoding='utf-8'?>", &latin),
        declared("<?xml version='1.0' encoding='utf-16'?>", item.as_bytes()),
        declared("<?xml version='1.0' encoding='no such'?>", item.as_bytes()),
        latin,
        utf16,
    ] {
        assert_eq!(titles(&read(bytes.clone()).unwrap()), ["été"], "{:?}", String::from_utf8_lossy(&bytes));
    }

    let (cyrillic, ..) =
        encoding_rs::WINDOWS_1251.encode("<rss><channel><item><title>мир</title></item></channel></rss>");
    let cyrillic = Document { charset: Some("windows-1251".to_owned()), ..document(cyrillic) };
    assert_eq!(titles(&reading::read(&cyrillic, &[], now()).unwrap()), ["мир"]);
}

#[test]
fn sloppy_feeds_are_read() {
    let items = rss("<item><title>R & D &nbsp;&hellip; &copy</title><link>https://a.example/?a=1&b=2</link>\
        <media:title>not declared</media:title></item>");
    assert_eq!((items[0].title.as_str(), items[0].url.as_deref()), ("R & D … ©", Some("https://a.example/?a=1&b=2")));
    let items = atom(
        "<entry><title type='weird'>T</title><content type='image/png'>aGk=</content><summary/>\
        <link href='https://a.example/?a=1&b=2'/><content src='x' type='nonsense'/><title>Title</title></entry>",
    );
    assert_eq!((items[0].title.as_str(), items[0].url.as_deref()), ("Title", Some("https://a.example/?a=1&b=2")));
    assert_eq!(items[0].summary, "");
    for root in ["rss xmlns='http://backend.userland.com/rss2' version='2.0'", "rss version='3'"] {
        let items = read(format!("<{root}><channel><item><title>T</title></item></channel></rss>")).unwrap();
        assert_eq!(titles(&items), ["T"], "{root}");
    }
    assert!(rss("").is_empty());
}

#[test]
fn what_is_no_feed_is_named_as_what_it_is() {
    let page = "<!DOCTYPE html>\n<html lang=en><head><title>x</title><body>a & b <br>";
    for (text, fault) in [
        ("", FeedFault::NotAFeed),
        (" \n", FeedFault::NotAFeed),
        ("Not found", FeedFault::NotAFeed),
        ("{\"items\": [", FeedFault::NotAFeed),
        ("{\"items\": []}", FeedFault::NotAFeed),
        ("{\"version\": \"7\", \"items\": []}", FeedFault::NotAFeed),
        ("<svg xmlns='http://www.w3.org/2000/svg'/>", FeedFault::NotAFeed),
        ("<?xml version='1.0'?>", FeedFault::NotAFeed),
        ("<rss version='2.0'><channel><item><title>x</title></item>", FeedFault::NotAFeed),
        ("<rss version='2.0'><channel><item><title>x</item></channel></rss>", FeedFault::NotAFeed),
        (page, FeedFault::WebPage),
        ("<HTML><body>", FeedFault::WebPage),
        ("<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'/>", FeedFault::WebPage),
    ] {
        let error = read(text).unwrap_err();
        assert_eq!(error.code, fault, "{text}");
        assert!(error.message.starts_with("The address "), "{error}");
    }
}
