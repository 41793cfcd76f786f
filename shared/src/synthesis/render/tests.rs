//! Whole mails held against golden files, and hostile texts: what a feed or a model writes stays text.

use std::{fs, path::PathBuf};

use chrono::DateTime;
use proptest::prelude::*;

use super::*;
use crate::synthesis::Article;

mod markup;

fn article(title: &str, url: Option<&str>, takeaway: &str) -> Article {
    Article {
        title: title.to_owned(),
        url: url.map(str::to_owned),
        published_at: DateTime::UNIX_EPOCH,
        takeaway: takeaway.to_owned(),
    }
}

fn section(title: &str, summary: &str, articles: Vec<Article>) -> Section {
    Section { title: title.to_owned(), summary: summary.to_owned(), articles }
}

fn issue<'a>(language: &'a str, sections: &'a [Section]) -> Issue<'a> {
    let date = NaiveDate::from_ymd_opt(2026, 3, 23).expect("a date");
    Issue { theme: "Robotics & automation", week: "2026-W13", date, language, sections }
}

fn english() -> Vec<Section> {
    let humanoids = vec![
        article(
            "Factory trials of two-legged robots move from weeks to months",
            Some("https://www.robots.example/trials?utm=none&week=13"),
            "Three plants extended their trials; uptime, not dexterity, is what they now measure.",
        ),
        article(
            "A hand with 17 joints that costs less than a phone",
            Some("https://lab.university.example/papers/2026/hand.html"),
            "The design is open. Its tendons are fishing line, replaced in five minutes.",
        ),
        article("Field notes from a warehouse in Lyon", Some("http://blog.example/lyon"), ""),
    ];
    let rules = vec![
        article(
            "What the machinery regulation asks of self-learning systems",
            Some("https://policy.example/machinery"),
            "From January 2027 a robot that learns on site counts as modified, and its operator as its maker.",
        ),
        article("Letter to members, March", None, "Printed only; the association publishes it in April."),
    ];
    vec![
        section(
            "Humanoids at work",
            "Trials are getting longer, and the questions duller: who charges the batteries, who sweeps up. That is progress.\n\n\
             Prices of hands fell again, by a third since autumn.",
            humanoids,
        ),
        section("Rules", "The regulation of 2023 is a year away. Most of its questions are about software.", rules),
    ]
}

fn french() -> Vec<Section> {
    let articles = vec![
        article(
            "L’atelier où le robot apprend en regardant",
            Some("https://www.atelier.example/apprendre"),
            "Dix démonstrations suffisent pour visser ; cent pour bien visser.",
        ),
        article("« Nous ne vendons plus de bras »", Some("https://journal.example/bras"), ""),
    ];
    vec![section("L’usine", "Les ateliers moyens s’équipent, souvent d’occasion.", articles)]
}

const UNSUBSCRIBE: &str = "https://almanac.example/unsubscribe/dGhpcyBpcyBub3QgYSB0b2tlbg";

/// Names and texts of the golden files.
fn golden() -> Vec<(&'static str, String)> {
    let render = |language, sections: &[Section]| mail(&issue(language, sections), Some(UNSUBSCRIBE)).expect("a mail");
    let (en, fr) = (render("en", &english()), render("fr", &french()));
    vec![("mail_en.html", en.html), ("mail_en.txt", en.text), ("mail_fr.html", fr.html), ("mail_fr.txt", fr.text)]
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/synthesis")).join(name)
}

#[test]
fn mails_are_rendered_as_their_golden_files_say() {
    for (name, found) in golden() {
        let expected = fs::read_to_string(path(name)).expect("a golden file");
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
#[ignore = "writes the golden files; run it by hand after a wanted change and read the difference"]
fn write_the_golden_files() {
    for (name, text) in golden() {
        fs::write(path(name), text).expect("a file");
    }
}

#[test]
fn a_subject_is_one_bounded_line() {
    let subject = |theme: &str, language| {
        let issue = Issue { theme, ..issue(language, &[]) };
        mail(&issue, None).expect("a mail").subject
    };
    assert_eq!(subject("Robotics", "en"), "Robotics – Week 13, 23 March 2026");
    assert_eq!(subject("Robotique", "fr"), "Robotique – Semaine 13, 23 mars 2026");
    assert_eq!(subject("A\r\nBcc: x@y.example\u{202e}", "en"), "A Bcc: x@y.example – Week 13, 23 March 2026");
    assert!(subject(&"é".repeat(5_000), "en").chars().count() <= 150);
}

#[test]
fn an_issue_without_items_says_so() {
    let mail = mail(&issue("fr", &[]), None).expect("a mail");
    assert!(mail.html.contains("Aucun nouvel article.") && mail.text.contains("Aucun nouvel article."));
    assert!(!mail.html.contains("Se désabonner") && !mail.text.contains("Se désabonner"));
}

#[test]
fn a_language_from_right_to_left_turns_the_mail() {
    let mail = mail(&issue("ar", &french()), None).expect("a mail");
    assert!(mail.html.contains(r#"<html lang="ar" dir="rtl""#), "{}", mail.html);
    assert!(mail.html.contains(r#"<span class="host" dir="ltr""#));
}

#[test]
fn a_mail_without_a_working_unsubscribe_address_is_not_made() {
    for url in ["javascript:alert(1)", "", "/unsubscribe/x", "https://a@b.example/"] {
        let refused = mail(&issue("en", &english()), Some(url));
        assert!(matches!(refused, Err(RenderError::UnsubscribeUrl)), "{url}");
    }
}

#[test]
fn a_large_mail_fits_and_its_text_holds_every_item() {
    let item = |number| article(&"word ".repeat(40), Some(&format!("https://a.example/{number}")), &"why ".repeat(100));
    let sections =
        [section("Small", "S.", (0..3).map(item).collect()), section("Large", "L.", (3..900).map(item).collect())];
    let mail = mail(&issue("en", &sections), Some(UNSUBSCRIBE)).expect("a mail");

    assert!((101_000..=fit::MAX_BYTES).contains(&mail.html.len()), "{}", mail.html.len());
    let shown = mail.html.matches(r#"<a class="title""#).count();
    assert!(shown > 150, "{shown}");
    assert!(mail.html.contains(&format!("{} more items</p>", 900 - shown)));
    assert!((0..3).all(|number| mail.html.contains(&format!("https://a.example/{number}\""))));
    assert!(mail.html.contains(UNSUBSCRIBE) && mail.html.ends_with("</html>"));
    assert!((0..900).all(|number| mail.text.contains(&format!("https://a.example/{number}\n"))));
    assert_eq!(page(&issue("en", &sections)).expect("a page").matches(r#"<a class="title""#).count(), 900);
}

#[test]
fn the_dark_colours_stay_in_a_style_element_and_the_others_become_attributes() {
    let html = mail(&issue("en", &english()), None).expect("a mail").html;
    assert!(html.contains("<style>@media (prefers-color-scheme:dark)"), "{html}");
    assert_eq!(html.matches("<style").count(), 1);
    assert!(html.contains(r#" style="color:#0f6b6f;font-weight:600;text-decoration:none">Factory trials"#));
    // Browsers look for it in the first 1,024 bytes.
    assert!(html.find("<meta charset").is_some_and(|at| at < 1_000));
}

#[test]
fn a_page_is_a_mail_without_its_footer_under_a_policy_that_allows_its_style() {
    let page = page(&issue("en", &english())).expect("a page");
    assert!(!page.contains("You receive this mail") && !page.contains("[if mso]") && !page.contains(" style="));
    assert!(page.contains(&format!("<style>{STYLE}</style>")));
    let policy = content_security_policy();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
}

#[test]
fn unsubscribing_asks_with_two_forms_and_confirms_without() {
    let url = "https://almanac.example/u/a\"b&c";
    let page = |state, language| unsubscribe_page(state, "A <b> \"c\"", language, url).expect("a page");
    let asking = page(Unsubscribe::Asking, "en");
    assert_eq!(asking.matches(r#"<form method="post" action="https://almanac.example/u/a&#34;b&#38;c">"#).count(), 2);
    assert_eq!(asking.matches("<button").count(), 2);
    assert_eq!(asking.matches(r#"<input type="hidden" name="scope" value="all">"#).count(), 1);
    assert!(asking.contains("Stop receiving “A &#60;b&#62; &#34;c&#34;”?"), "{asking}");
    for (state, words) in
        [(Unsubscribe::DoneTheme, "Vous êtes désabonné de «"), (Unsubscribe::DoneAll, "tous les messages")]
    {
        let done = page(state, "fr");
        assert!(done.contains(words) && !done.contains("<form"), "{done}");
        markup::check(&done);
    }
    markup::check(&asking);
}

/// Texts that would break a careless page.
const HOSTILE: [&str; 12] = [
    "<script>alert(1)</script>",
    "</style><script src=//evil.example></script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "--><![endif]--><iframe>",
    "{{ content.subject }}{% raw %}",
    "&lt;script&gt; &amp; &#60;b&#62;",
    "\u{202e}gnp.exe\u{2066}\u{200f}",
    "a\0b\u{7}c\r\nBcc: x@y.example\u{85}\u{2028}",
    "]]></title><base href=//evil.example>",
    "مرحبا بالعالم",
    "👩\u{200d}👧\u{fffd}\u{e000}",
];

#[test]
fn hostile_texts_stay_text() {
    let long = "x".repeat(5_000);
    let texts = || HOSTILE.into_iter().chain([long.as_str()]);
    let articles: Vec<_> = texts().map(|text| article(text, Some("https://a.example/"), text)).collect();
    let sections: Vec<_> = texts().map(|text| section(text, text, articles.clone())).collect();
    for text in texts() {
        let issue = Issue { theme: text, week: text, language: text, ..issue("en", &sections) };
        let mail = mail(&issue, None).expect("a mail");
        markup::check(&mail.html);
        markup::check(&page(&issue).expect("a page"));
        markup::check(&unsubscribe_page(Unsubscribe::Asking, text, text, text).expect("a page"));
        let is_hidden = |char: char| (char.is_control() && char != '\n') || ('\u{202A}'..='\u{202E}').contains(&char);
        assert!(!mail.html.contains(is_hidden) && !mail.text.contains(is_hidden));
        assert!(!mail.subject.contains(|char: char| is_hidden(char) || char == '\n'));
    }
}

#[test]
fn every_one_of_300_items_keeps_its_link() {
    let item = |number| article(&format!("Item {number}"), Some(&format!("https://a.example/{number}")), "Because.");
    let sections = [section("All", "Many.", (0..300).map(item).collect())];
    let mail = mail(&issue("en", &sections), None).expect("a mail");
    for number in 0..300 {
        let url = format!("https://a.example/{number}");
        assert!(
            mail.html.contains(&format!("href=\"{url}\"")) && mail.text.contains(&format!("  {url}\n")),
            "{number}"
        );
    }
}

/// Any characters, with those that mean something in markup often among them.
fn text() -> impl Strategy<Value = String> {
    let piece =
        prop_oneof![".{0,8}", prop::sample::select(HOSTILE.to_vec()).prop_map(str::to_owned), "[<>\"'&=/ -]{1,6}"];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

fn address() -> impl Strategy<Value = String> {
    ("https?://[a-z]{1,8}\\.example", "(/[a-z0-9\"'<>&=%_~+ é-]{0,12}){0,3}", "(\\?[a-z\"'<>&=]{0,12})?")
        .prop_map(|(host, path, query)| host + &path + &query)
}

proptest! {
    #[test]
    fn no_text_becomes_markup_and_every_link_appears(
        texts in prop::collection::vec((text(), address(), text()), 1..5), other in prop::collection::vec(text(), 4),
    ) {
        let articles = texts.iter().map(|(title, url, takeaway)| article(title, Some(url), takeaway)).collect();
        let sections = [section(&other[0], &other[1], articles)];
        let issue = Issue { theme: &other[2], week: &other[3], ..issue(&other[3], &sections) };
        let mail = mail(&issue, None).expect("a mail");
        markup::check(&mail.html);
        markup::check(&page(&issue).expect("a page"));
        for (_, url, _) in &texts {
            let url = url::Url::parse(url).expect("an address").to_string();
            let href = format!("href=\"{}\"", url.replace('&', "&amp;"));
            prop_assert!(mail.html.contains(&href), "{href} in {}", mail.html);
            prop_assert!(mail.text.contains(&format!("  {url}\n")), "{url} in {}", mail.text);
        }
    }
}
