//! Matches by example, and against the rule said again without an index.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::brands::terms::CHARS_MIN;

/// An asset that owns its words.
#[derive(Clone, Debug)]
struct Owned {
    id: AssetId,
    title: String,
    kind: AssetKind,
    tags: Vec<String>,
}

fn owned(id: &str, title: &str, kind: AssetKind, tags: &[&str]) -> Owned {
    let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
    Owned { id: id.parse().unwrap(), title: title.to_owned(), kind, tags }
}

fn shelf(assets: &[Owned]) -> Shelf<'_> {
    Shelf::of(assets.iter().map(|asset| Asset {
        id: &asset.id,
        title: &asset.title,
        kind: asset.kind,
        tags: &asset.tags,
    }))
}

fn subject<'a>(tags: &[&'a str], trend: &'a str) -> Subject<'a> {
    Subject { tags: tags.to_vec(), trend, topic: "", description: "", format: Format::Reel }
}

fn found(assets: &[Owned], subject: &Subject<'_>) -> Vec<String> {
    shelf(assets).matches(subject, 9).iter().map(|found| format!("{} {}", found.asset, found.score)).collect()
}

#[test]
fn what_shares_the_most_comes_first_and_says_why() {
    let assets = [
        owned("beans", "Beans in a bag", AssetKind::Image, &["coffee"]),
        owned("pour", "Pouring cold brew", AssetKind::Video, &["coffee", "Cold-Brew", "summer"]),
        owned("team", "The team at work", AssetKind::Video, &["people"]),
    ];
    let subject = Subject {
        topic: "Cold brew at home",
        description: "Iced coffee sells best in summer.",
        ..subject(&["coffee"], "Cold brew")
    };

    let found = shelf(&assets).matches(&subject, 9);

    assert_eq!(found.iter().map(|found| found.asset.as_str()).collect::<Vec<_>>(), ["pour", "beans"]);
    assert_eq!((found[0].score, found[1].score), (6 + 4 + 4 + 2 + KIND_WEIGHT, 6));
    assert_eq!(found[0].reason, "tags: brew, coffee, cold, summer; kind: video for a reel");
    assert_eq!(found[1].reason, "tags: coffee");
}

#[test]
fn words_are_the_same_in_any_case_and_with_or_without_diacritics() {
    for (one, other) in [
        ("Café", "cafe"),
        ("CRÈME BRÛLÉE", "creme brulee"),
        ("straße", "STRASSE"),
        ("cœur", "Coeur"),
        ("cafe\u{301}", "café"),
        ("İzmir", "izmir"),
        ("Łódź", "lodz"),
        ("Привет", "ПРИВЕТ"),
        ("#ColdBrew", "coldbrew"),
    ] {
        let assets = [owned("a", "", AssetKind::Image, &[one])];
        assert_eq!(found(&assets, &subject(&[other], "")).len(), 1, "{one} {other}");
    }
}

#[test]
fn small_words_single_letters_and_signs_match_nothing() {
    let assets = [owned("a", "the of les dans", AssetKind::Video, &["and", "c", "☕", "reel"])];
    assert_eq!(found(&assets, &subject(&["and", "c", "☕", "les"], "The best of les dans")), [""; 0]);
}

#[test]
fn the_format_alone_is_no_match() {
    let assets = [owned("a", "Reel", AssetKind::Video, &["reel", "video"])];
    assert_eq!(found(&assets, &subject(&[], "Coffee")), [""; 0]);
    let assets = [owned("a", "Reel", AssetKind::Video, &["reel", "coffee"])];
    assert_eq!(found(&assets, &subject(&[], "Coffee")), ["a 8"]);
}

#[test]
fn one_word_of_a_title_is_too_little_and_two_are_enough() {
    let assets =
        [owned("a", "Morning light", AssetKind::Image, &[]), owned("b", "Morning coffee", AssetKind::Image, &[])];
    assert_eq!(found(&assets, &subject(&[], "A morning with coffee")), ["b 6"]);
}

#[test]
fn ties_go_by_id_whatever_the_order_of_the_library() {
    let mut assets: Vec<_> = ["c", "a", "b"].map(|id| owned(id, "", AssetKind::Image, &["tea"])).into();
    for _ in 0..3 {
        assets.rotate_left(1);
        assert_eq!(found(&assets, &subject(&["tea"], "")), ["a 6", "b 6", "c 6"]);
    }
    assert_eq!(shelf(&assets).matches(&subject(&["tea"], ""), 2).len(), 2);
}

#[test]
fn a_carousel_wants_one_asset_a_slide() {
    assert_eq!(wanted(Format::Carousel, Some(5)), 5);
    assert_eq!(
        (wanted(Format::Carousel, None), wanted(Format::Carousel, Some(0)), wanted(Format::Reel, Some(5))),
        (1, 1, 1)
    );
}

fn any_words(most: usize) -> impl Strategy<Value = Vec<String>> {
    let word = prop::sample::select(vec![
        "Café", "cafe", "tea", "The", "latte", "brew", "x", "reel", "süß", "suss", "☕", "morning",
    ]);
    let text = prop::collection::vec(word, 1..3).prop_map(|words| words.join(" "));
    prop::collection::vec(text, 0..most)
}

fn any_assets() -> impl Strategy<Value = Vec<Owned>> {
    let kinds = prop::sample::select(AssetKind::ALL.to_vec());
    let one = (0usize..30, any_words(3), kinds, any_words(4));
    prop::collection::vec(one, 0..20).prop_map(|assets| {
        let one = |(id, title, kind, tags): (usize, Vec<String>, AssetKind, Vec<String>)| {
            let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
            owned(&format!("a{id}"), &title.join(" "), kind, &tags)
        };
        let mut known = BTreeSet::new();
        assets.into_iter().map(one).filter(|asset| known.insert(asset.id.clone())).collect()
    })
}

fn words(text: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for_each_word(text, &mut String::new(), |word| _ = words.insert(word.to_owned()));
    words
}

/// The score of one asset, word by word.
fn score(asset: &Owned, subject: &Subject<'_>) -> u32 {
    let tags: BTreeSet<String> = asset.tags.iter().flat_map(|tag| words(tag)).collect();
    let title = words(&asset.title);
    let asked: BTreeSet<String> = subject.tags.iter().flat_map(|tag| words(tag)).collect();
    let titles = [subject.trend, subject.topic].iter().flat_map(|text| words(text)).collect::<BTreeSet<_>>();
    let aside =
        [subject.description, subject.format.as_str()].iter().flat_map(|text| words(text)).collect::<BTreeSet<_>>();
    let all: BTreeSet<String> = [&asked, &titles, &aside].into_iter().flatten().cloned().collect();
    let worth = |word: &String| {
        let (in_tag, in_title) = if asked.contains(word) {
            (6, 4)
        } else if titles.contains(word) {
            (4, 3)
        } else {
            (2, 1)
        };
        if tags.contains(word) {
            in_tag
        } else if title.contains(word) {
            in_title
        } else {
            0
        }
    };
    let shared: u32 = all.iter().filter(|word| !SMALL.contains(&word.as_str())).map(worth).sum();
    if shared > 0 && suits(asset.kind, subject.format) { shared + 2 } else { shared }
}

proptest! {
    #[test]
    fn the_index_finds_what_the_rule_says(
        assets in any_assets(), tags in any_words(4), trend in any_words(3), topic in any_words(3), description in any_words(4),
        format in prop::sample::select(Format::ALL.to_vec()), most in 0usize..6,
    ) {
        let (trend, topic, description) = (trend.join(" "), topic.join(" "), description.join(" "));
        let tags = tags.iter().map(String::as_str).collect();
        let subject = Subject { tags, trend: &trend, topic: &topic, description: &description, format };

        let found = shelf(&assets).matches(&subject, most);

        let mut expected: Vec<_> = assets.iter().map(|asset| (std::cmp::Reverse(score(asset, &subject)), &asset.id)).collect();
        expected.retain(|(score, _)| score.0 >= THRESHOLD);
        expected.sort();
        expected.truncate(most);
        let shown: Vec<_> = found.iter().map(|found| (std::cmp::Reverse(found.score), &found.asset)).collect();
        prop_assert_eq!(shown, expected);
        prop_assert!(found.iter().all(|found| !found.reason.is_empty()));
    }

    #[test]
    fn any_text_has_words_without_capitals_and_marks(text in "\\PC{0,60}") {
        for word in words(&text) {
            prop_assert!(word.chars().count() >= CHARS_MIN);
            let again = words(&word);
            prop_assert!(again.contains(&word) || !word.chars().all(char::is_alphanumeric), "{} {:?}", word, again);
        }
    }
}
