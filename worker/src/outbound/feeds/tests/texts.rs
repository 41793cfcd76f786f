//! Plain text of titles and summaries.

use proptest::prelude::*;

use super::{super::text::plain, *};

#[test]
fn markup_becomes_plain_text_on_one_line() {
    for (html, expected) in [
        ("<p>One</p><p>two <b>th</b>ree</p>", "One two three"),
        ("a<br>b<br/>c<hr>d", "a b c d"),
        ("<ul><li>a<li>b</ul>", "a b"),
        ("Tom &amp; Jerry &#x2014; &eacute;t&eacute;&nbsp;&nbsp;x", "Tom & Jerry — été x"),
        ("<script>alert('<p>x</p>')</script>a<style>p { }</style>b", "a b"),
        ("<!-- x --><img src='a' alt='b' onerror='alert(1)'>c", "c"),
        ("I <3 you, 1 < 2 & 3 > 2", "I <3 you, 1 < 2 & 3 > 2"),
        (" \n\t a \u{2028} b \r\n", "a b"),
        ("\u{202e}evil\u{0}\u{7}\u{feff}\u{ad} \u{200b}x\u{e0041}\u{e007f}", "evil x"),
        ("👩\u{200d}🚀 می\u{200c}خواهم", "👩\u{200d}🚀 می\u{200c}خواهم"),
        ("<script>never closed", ""),
        ("x <a href='", "x"),
        ("", ""),
    ] {
        assert_eq!(plain(html, 100), expected, "{html}");
    }
}

#[test]
fn texts_are_cut_between_characters() {
    let items =
        rss(&format!("<item><title>{}</title><description>{}</description></item>", "é".repeat(301), "😀".repeat(601)));
    assert_eq!(items[0].title, format!("{}…", "é".repeat(299)));
    assert_eq!(items[0].summary, format!("{}…", "😀".repeat(599)));
    assert_eq!(plain(&"é".repeat(300), 300), "é".repeat(300));
}

#[test]
fn an_item_without_a_title_takes_the_beginning_of_its_text() {
    let items = rss(&format!("<item><description>&lt;p&gt;Hello {}</description></item>", "world ".repeat(50)));
    assert!(items[0].title.starts_with("Hello world") && items[0].title.ends_with('…'));
    assert_eq!(items[0].title.chars().count(), 120);
    assert!(rss("<item><title> &lt;br&gt; </title><link>https://a.example/</link></item>").is_empty());
}

#[test]
fn the_content_stands_in_for_an_empty_summary() {
    let content = "<content:encoded xmlns:content='http://purl.org/rss/1.0/modules/content/'>\
        <![CDATA[<p>Long &amp; good]]></content:encoded>";
    let items = rss(&format!("<item><title>t</title><description>&lt;img src='x'&gt;</description>{content}</item>"));
    assert_eq!(items[0].summary, "Long & good");
}

proptest! {
    #[test]
    fn text_is_bounded_and_visible(html in "([a-z <>&;/='\"!-]|\\PC|\\pC){0,400}", limit in 1..50_usize) {
        let text = plain(&html, limit);
        prop_assert!(text.chars().count() <= limit);
        let is_hidden = |char: char| char.is_control() || matches!(char, '\u{202A}'..='\u{202E}');
            prop_assert!(!text.chars().any(is_hidden));
        prop_assert_eq!(text.trim(), &*text);
        prop_assert!(!text.contains("  "));
    }

    #[test]
    fn the_length_of_the_text_does_not_depend_on_the_pieces(words in 1..3_000_usize) {
        prop_assert_eq!(plain(&"<p>é ".repeat(words), 100_000).chars().count(), words * 2 - 1);
    }
}
