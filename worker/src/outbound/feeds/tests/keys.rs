//! Addresses in their normal form, and keys.

use proptest::prelude::*;

use super::{super::link::normalise, *};

fn base() -> Url {
    Url::parse("https://news.example/blog/feed.xml").unwrap()
}

#[test]
fn an_address_has_one_normal_form() {
    for (link, expected) in [
        ("https://A.Example/x", "https://a.example/x"),
        ("HTTPS://a.example:443/x#top", "https://a.example/x"),
        ("http://a.example:80", "http://a.example/"),
        ("http://a.example:8080/", "http://a.example:8080/"),
        (" \nhttps://a.example/x \n", "https://a.example/x"),
        ("https://a.example/?utm_source=a&UTM_Medium=b&id=1&fbclid=c&gclid=d", "https://a.example/?id=1"),
        ("https://a.example/x?utm_source=a", "https://a.example/x"),
        ("https://a.example/x?", "https://a.example/x"),
        ("https://a.example/x?b=%20&a=1+2&utm", "https://a.example/x?b=%20&a=1+2&utm"),
        ("post/1", "https://news.example/blog/post/1"),
        ("/post/1", "https://news.example/post/1"),
        ("//b.example/1", "https://b.example/1"),
        ("https://münchen.example/", "https://xn--mnchen-3ya.example/"),
    ] {
        assert_eq!(normalise(link, &base()).as_deref(), Some(expected), "{link}");
    }
}

#[test]
fn what_is_no_web_address_is_dropped() {
    let long = format!("https://a.example/{}", "a".repeat(3_000));
    for link in [
        "",
        " ",
        "javascript:alert(1)",
        "data:text/html,x",
        "mailto:a@b.c",
        "ftp://a.example/",
        "file:///etc/passwd",
        "https://bank.example@evil.example/",
        "https://",
        "https://a b/",
        &long,
    ] {
        assert_eq!(normalise(link, &base()), None, "{link}");
        assert_eq!(rss(&format!("<item><title>t</title><link>{link}</link></item>"))[0].url, None, "{link}");
    }
}

proptest! {
    #[test]
    fn a_normal_form_is_a_web_address_and_stays(link in "(https?://)?[a-zA-Z0-9.:@/?&=#%_ \\-é]{0,40}") {
        if let Some(url) = normalise(&link, &base()) {
            prop_assert!(url.starts_with("http://") || url.starts_with("https://"));
            prop_assert!(!url.contains('#'));
            prop_assert_eq!(normalise(&url, &base()), Some(url));
        }
    }
}

fn key_of(item: &str) -> String {
    rss(&format!("<item>{item}</item>")).remove(0).key
}

#[test]
fn an_article_has_the_same_key_in_two_feeds() {
    let in_rss =
        key_of("<title>A</title><guid isPermaLink='false'>1</guid><link>https://a.example/1?utm_source=rss</link>");
    let in_atom = &atom("<entry><id>tag:1</id><title>B</title><link href='https://A.example/1#x'/></entry>")[0].key;

    assert_eq!(&in_rss, in_atom);
    assert_eq!(in_rss.len(), 64);
    assert_ne!(in_rss, key_of("<title>A</title><link>https://a.example/2</link>"));
}

#[test]
fn an_item_without_a_link_is_named_by_its_id_and_else_by_its_text() {
    assert_eq!(key_of("<title>A</title><guid>17</guid>"), key_of("<title>B</title><guid>17</guid>"));
    assert_ne!(key_of("<title>A</title><guid>17</guid>"), key_of("<title>A</title><guid>18</guid>"));
    assert_eq!(key_of("<title>Caf\u{e9}  x</title>"), key_of("<title> CAFE\u{301}\nx</title>"));
    assert_ne!(key_of("<title>A</title>"), key_of("<title>A</title><description>b</description>"));

    let elsewhere = Document {
        url: Url::parse("https://other.example/feed").unwrap(),
        ..document(rss_text(
            "<item><title>A</title><guid>17</guid></item><item><title>B</title><guid>urn:x:1</guid></item>",
        ))
    };
    let elsewhere = reading::read(&elsewhere, &[], now()).unwrap();
    assert_ne!(elsewhere[0].key, key_of("<title>A</title><guid>17</guid>"), "a number is unique on its host only");
    assert_eq!(elsewhere[1].key, key_of("<title>A</title><guid>urn:x:1</guid>"));
}

#[test]
fn an_id_that_is_an_address_is_the_link_of_an_item_without_one() {
    let items = rss("<item><title>A</title><guid>https://a.example/1</guid></item>");
    assert_eq!(items[0].url.as_deref(), Some("https://a.example/1"));
}

#[test]
fn relative_links_are_resolved_against_the_nearest_base() {
    let entry = "<entry xml:base='posts/'><title>t</title><link href='1'/></entry>";
    let feed = |base: &str| format!("<feed xmlns='http://www.w3.org/2005/Atom' {base}>{entry}</feed>");
    let url = |text: String| read(text).unwrap().remove(0).url.unwrap();

    assert_eq!(url(feed("")), "https://news.example/blog/posts/1");
    assert_eq!(url(feed("xml:base='https://b.example/x/'")), "https://b.example/x/posts/1");
}
