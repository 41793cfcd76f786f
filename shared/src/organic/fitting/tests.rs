//! Limits of every outlet, clean cuts, and text that fits stays unchanged.

use proptest::prelude::*;

use super::*;

const INSTAGRAM: Outlet = Outlet::Platform(Platform::Instagram);
const YOUTUBE: Outlet = Outlet::Platform(Platform::Youtube);

fn outlets() -> Vec<Outlet> {
    Platform::ALL.iter().map(|platform| Outlet::Platform(*platform)).chain([Outlet::Newsletter]).collect()
}

fn captioned(caption: &str) -> Draft {
    Draft { title_topic: "T".to_owned(), caption: caption.to_owned(), ..Draft::default() }
}

fn tags(high: &[&str], medium: &[&str], low: &[&str]) -> Hashtags {
    let owned = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect();
    Hashtags { high: owned(high), medium: owned(medium), low: owned(low) }
}

/// What is published: the caption with its hashtags below, where they belong there.
fn published(draft: &Draft, limits: &Limits) -> String {
    let tags = draft.hashtags.all().collect::<Vec<_>>().join(" ");
    match limits.placed {
        Placed::InCaption if !tags.is_empty() => format!("{}\n\n{tags}", draft.caption),
        _ => draft.caption.clone(),
    }
}

#[test]
fn a_caption_is_cut_to_what_its_outlet_takes_in_its_own_unit() {
    let table = [
        (INSTAGRAM, Format::Reel, "a", 2_200),
        (INSTAGRAM, Format::Post, "😀", 1_100),
        (Outlet::Platform(Platform::Tiktok), Format::Reel, "a", 2_200),
        (Outlet::Platform(Platform::Tiktok), Format::Carousel, "a", 4_000),
        (Outlet::Platform(Platform::Linkedin), Format::Post, "é", 3_000),
        (Outlet::Platform(Platform::Facebook), Format::Post, "a", 63_206),
        (YOUTUBE, Format::Reel, "a", 5_000),
        (YOUTUBE, Format::Reel, "é", 2_500),
        (Outlet::Newsletter, Format::Newsletter, "a", 20_000),
    ];
    for (outlet, format, letter, most) in table {
        let whole = fit(captioned(&letter.repeat(most)), outlet, format);
        assert_eq!((whole.draft.caption.chars().count(), whole.cut.len()), (most, 0), "{outlet} {letter}");
        let cut = fit(captioned(&letter.repeat(most + 1)), outlet, format);
        assert!(cut.draft.caption.ends_with(CUT_MARK), "{outlet} {letter}");
        assert_eq!(cut.cut, ["caption"]);
        assert!(size(&cut.draft.caption, limits(outlet, format).unit) <= limits(outlet, format).caption);
    }
}

#[test]
fn hashtags_have_their_room_below_the_caption() {
    let draft = Draft { hashtags: tags(&["a"], &["b"], &[]), ..captioned(&"x".repeat(2_200)) };
    let fitted = fit(draft, INSTAGRAM, Format::Reel);
    let limits = limits(INSTAGRAM, Format::Reel);
    assert_eq!(size(&published(&fitted.draft, &limits), Unit::Utf16), 2_200);
}

#[test]
fn a_cut_ends_at_a_word_and_never_inside_of_a_character() {
    let cut = |text: &str, limit: usize| shortened(text, limit, Unit::Utf16).0;
    assert_eq!(cut("one two three four", 18), "one two three four");
    assert_eq!(cut("one two three four", 17), "one two three…");
    assert_eq!(cut("one two three four", 14), "one two three…");
    assert_eq!(cut("one two three four", 13), "one two thre…", "the last word's end is too far back");
    assert_eq!(cut("onetwothreefour", 8), "onetwot…");
    assert_eq!(cut("👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 12), "👨‍👩‍👧‍👦…");
    assert_eq!(cut("👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 11), "…");
    assert_eq!(cut("ae\u{301}e\u{301}", 4), "ae\u{301}…");
    assert_eq!(cut("👍🏽👍🏽", 5), "👍🏽…");
    assert_eq!((cut("abc", 1), cut("abc", 0)), ("…".to_owned(), String::new()));
    assert_eq!(shortened("éé", 3, Unit::Bytes), ("…".to_owned(), true));
}

#[test]
fn hashtags_are_spelled_one_way_and_each_stands_in_its_best_group() {
    let (tidied, too_long) =
        tidied(&tags(&["#Cold Brew", "##tea", "tea", "", "#"], &["TEA", "#a#b, c", "#été_26!"], &["coldbrew", "d"]));
    assert_eq!(tidied, tags(&["#ColdBrew", "#tea"], &["#a", "#b", "#c", "#été_26"], &["#d"]));
    assert!(!too_long);
    assert!(super::tidied(&tags(&[&"x".repeat(100)], &[], &[])).1);
}

#[test]
fn no_more_hashtags_and_mentions_than_an_outlet_takes() {
    let many: Vec<String> = (0..40).map(|n| format!("t{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let mentions: String = (0..25).map(|n| format!("@p{n} ")).collect();
    let draft = Draft {
        hashtags: tags(&many[..10], &many[10..25], &many[25..]),
        ..captioned(&format!("#one #two {mentions}"))
    };

    let fitted = fit(draft, INSTAGRAM, Format::Reel);

    let Hashtags { high, medium, low } = &fitted.draft.hashtags;
    assert_eq!((high.len(), medium.len(), low.len()), (10, 15, 3), "two stand in the caption");
    assert_eq!((signs_in(&fitted.draft.caption, '@'), signs_in(&fitted.draft.caption, '#')), (20, 2));
    assert!(fitted.draft.caption.contains("p24"), "the word stays");
    assert_eq!(fitted.cut, ["caption", "hashtags"]);
}

#[test]
fn the_tags_of_a_video_fit_their_own_field() {
    let many: Vec<String> = (10..40).map(|n| format!("{}{n}", "x".repeat(37))).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let fitted = fit(Draft { hashtags: tags(&many, &[], &[]), ..captioned("c") }, YOUTUBE, Format::Reel);
    // Forty characters and a separator each.
    assert_eq!((fitted.draft.hashtags.high.len(), fitted.cut.as_slice()), (12, ["hashtags"].as_slice()));
}

#[test]
fn a_video_has_a_title_of_a_hundred_characters_without_brackets() {
    let titled = |title: &str, caption: &str| {
        let draft = Draft { title_topic: title.to_owned(), ..captioned(caption) };
        fit(draft, YOUTUBE, Format::Reel).draft
    };
    assert_eq!(titled("a <b>\nc", "x < y").title_topic, "a b c");
    assert_eq!(titled("a", "x <3 y").caption, "x 3 y");
    assert_eq!(titled(&"a".repeat(101), "c").title_topic.chars().count(), 100);
    assert_eq!(titled("<>", "First words").title_topic, "First words");
}

#[test]
fn pictures_on_tiktok_have_a_title_of_ninety_characters_and_films_a_longer_one() {
    let title = |format: Format| {
        let draft = Draft { title_topic: "a".repeat(300), ..captioned("c") };
        fit(draft, Outlet::Platform(Platform::Tiktok), format).draft.title_topic.chars().count()
    };
    assert_eq!([Format::Carousel, Format::Post, Format::Reel].map(title), [90, 90, 200]);
}

#[test]
fn a_carousel_has_slides_within_bounds_and_others_only_what_they_say() {
    let slides = |given: Option<u32>, outlet: Outlet, format: Format| {
        let fitted = fit(Draft { num_slides: given, ..captioned("c") }, outlet, format);
        (fitted.draft.num_slides, fitted.cut.contains(&"numSlides"))
    };
    assert_eq!(slides(None, INSTAGRAM, Format::Carousel), (Some(5), false));
    assert_eq!(slides(Some(1), INSTAGRAM, Format::Carousel), (Some(2), true));
    assert_eq!(slides(Some(12), INSTAGRAM, Format::Carousel), (Some(10), true));
    assert_eq!(slides(Some(12), Outlet::Platform(Platform::Linkedin), Format::Carousel), (Some(12), false));
    assert_eq!(slides(Some(99), Outlet::Platform(Platform::Tiktok), Format::Carousel), (Some(35), true));
    assert_eq!(slides(None, INSTAGRAM, Format::Reel), (None, false));
    assert_eq!(slides(Some(3), INSTAGRAM, Format::Reel), (Some(3), false));
}

fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-z]{1,12} ", 1 => "#[a-zé]{1,9} ", 1 => "@[a-z_]{1,9} ", 1 => Just("<b> ".to_owned()), 1 => Just("👨‍👩‍👧‍👦".to_owned()),
        1 => "\\PC{0,9}", 1 => Just("\n\n".to_owned()), 1 => Just("##".to_owned()),
    ];
    (prop::collection::vec(piece, 0..12), prop_oneof![Just(1usize), 1usize..400])
        .prop_map(|(pieces, times)| pieces.concat().repeat(times))
}

fn any_draft() -> impl Strategy<Value = Draft> {
    let group = || prop::collection::vec("(#|##)?[a-zA-Zéß_ ,#]{0,20}", 0..25);
    (any_text(), any_text(), group(), group(), group(), prop::option::of(0u32..50)).prop_map(
        |(title_topic, caption, high, medium, low, num_slides)| {
            let hashtags = Hashtags { high, medium, low };
            Draft { title_topic, caption, hashtags, num_slides, ..Draft::default() }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_comes_fits_and_what_fits_stays_as_it_is(
        draft in any_draft(), outlet in prop::sample::select(outlets()), format in prop::sample::select(Format::ALL.to_vec()),
    ) {
        let limits = limits(outlet, format);
        let fitted = fit(draft, outlet, format);
        let Draft { title_topic, caption, hashtags, num_slides, .. } = &fitted.draft;

        let published = published(&fitted.draft, &limits);
        prop_assert!(size(&published, limits.unit) <= limits.caption, "{}", size(&published, limits.unit));
        prop_assert!(size(title_topic, Unit::Utf16) <= limits.title && !title_topic.contains('\n'));
        prop_assert!(!limits.plain || !(published.contains(is_bracket) || title_topic.contains(is_bracket)));
        prop_assert!(signs_in(&published, '@') <= limits.mentions);
        let all: Vec<&str> = hashtags.all().collect();
        prop_assert!(all.len() + signs_in(caption, '#') <= limits.hashtags);
        if let Placed::Apart(room) = limits.placed {
            prop_assert!(all.iter().map(|tag| size(tag, Unit::Utf16) + 1).sum::<usize>() <= room);
        }
        let unique: HashSet<_> = all.iter().map(|tag| tag.to_lowercase()).collect();
        prop_assert_eq!(unique.len(), all.len());
        for tag in &all {
            let word = tag.strip_prefix('#').unwrap_or_default();
            prop_assert!(!word.is_empty() && word.chars().all(|char| char.is_alphanumeric() || char == '_'));
        }
        prop_assert!(num_slides.is_none_or(|slides| (1..=limits.slides.1).contains(&slides)));
        prop_assert_eq!(fit(fitted.draft.clone(), outlet, format), Fitted { draft: fitted.draft, cut: Vec::new() });
    }

    #[test]
    fn a_cut_is_a_beginning_with_a_mark_and_never_too_long(text in any_text(), limit in 0usize..300, bytes in any::<bool>()) {
        let unit = if bytes { Unit::Bytes } else { Unit::Utf16 };
        let (kept, cut) = shortened(&text, limit, unit);
        prop_assert!(size(&kept, unit) <= limit);
        prop_assert_eq!(cut, size(text.trim(), unit) > limit);
        let beginning = if cut { kept.strip_suffix(CUT_MARK).unwrap_or("") } else { &kept };
        prop_assert!(text.trim().starts_with(beginning));
    }
}
