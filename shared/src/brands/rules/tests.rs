//! What the rules of brands take and refuse, and which field a refusal names. Run with the crate's own tests.

use serde_json::Value;

use super::*;

fn flaws(refusal: Result<impl std::fmt::Debug, Refusal>) -> Vec<String> {
    let Err(Refusal::InvalidFields(flaws)) = refusal else { panic!("not malformed: {refusal:?}") };
    flaws.iter().map(|flaw| format!("{} {}", Value::from(flaw.loc.clone()), flaw.kind)).collect()
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn asset(id: &str, title: &str) -> AssetBody {
    AssetBody { id: text(id), title: text(title), kind: text("image"), ..AssetBody::default() }
}

#[test]
fn a_brand_needs_a_name_and_a_zone_that_exists() {
    let body =
        BrandBody { name: text(" Café "), timezone: text("Europe/Paris"), voice: text(" "), ..BrandBody::default() };
    let brand = BrandDraft::parse(body.clone()).unwrap();
    assert_eq!((brand.name.as_str(), brand.timezone.as_str(), brand.voice), ("Café", "Europe/Paris", None));

    assert_eq!(flaws(BrandDraft::parse(BrandBody::default())), [r#"["name"] missing"#, r#"["timezone"] missing"#]);
    let wrong = BrandBody { id: text("a~b"), name: text(""), voice: Some("x".repeat(2_001)), ..body.clone() };
    assert_eq!(flaws(BrandDraft::parse(wrong)), [r#"["id"] value"#, r#"["name"] too_short"#, r#"["voice"] too_long"#]);
    let nowhere = BrandDraft::parse(BrandBody { timezone: text("Mars/Base"), ..body });
    assert!(matches!(nowhere, Err(Refusal::Rule { code: Code::UnknownTimeZone, field: "timezone", .. })));
}

#[test]
fn what_is_left_out_has_its_usual_value() {
    let account = AccountBody { platform: text("tiktok"), name: text("@us"), ..AccountBody::default() };
    assert_eq!(AccountDraft::parse(account).unwrap().state, AccountState::Connected);
    let trend = TrendBody { title: text("Heat"), source: text("event"), ..TrendBody::default() };
    let trend = TrendDraft::parse(trend).unwrap();
    assert_eq!((trend.priority, trend.tags.len(), trend.description), (0, 0, None));
    let (one, other) = (AssetBody { id: None, ..asset("", "a cup") }, AssetBody { id: None, ..asset("", "a cup") });
    assert_ne!(AssetDraft::parse(one).unwrap().id, AssetDraft::parse(other).unwrap().id);
}

#[test]
fn every_flaw_is_named() {
    let account = AccountBody { platform: text("myspace"), state: text("off"), ..AccountBody::default() };
    assert_eq!(
        flaws(AccountDraft::parse(account)),
        [r#"["platform"] value"#, r#"["name"] missing"#, r#"["state"] value"#]
    );
    assert_eq!(
        flaws(AccountDraft::parse(AccountBody { name: text("@us"), ..AccountBody::default() })),
        [r#"["platform"] missing"#]
    );
    let trend = TrendBody { priority: Some(101), source: text("rumour"), ..TrendBody::default() };
    assert_eq!(
        flaws(TrendDraft::parse(trend)),
        [r#"["title"] missing"#, r#"["source"] value"#, r#"["priority"] value"#]
    );
    let tags = vec!["ok".to_owned(), " ".to_owned(), "x".repeat(65)];
    let wrong = AssetBody { kind: text("song"), url: text("ftp://x"), tags: Some(tags), ..asset("..", "a cup") };
    assert_eq!(
        flaws(AssetDraft::parse(wrong)),
        [
            r#"["id"] value"#,
            r#"["kind"] value"#,
            r#"["url"] value"#,
            r#"["tags",1] too_short"#,
            r#"["tags",2] too_long"#
        ]
    );
    let many = AssetBody { tags: Some(vec!["t".to_owned(); 51]), ..asset("a", "a cup") };
    assert_eq!(flaws(AssetDraft::parse(many)), [r#"["tags"] too_long"#]);
}

#[test]
fn an_asset_is_found_by_the_words_of_its_title_and_tags() {
    let tags = vec!["Cold-Brew".to_owned(), "summer".to_owned(), "summer".to_owned()];
    let draft = AssetDraft::parse(AssetBody { tags: Some(tags), ..asset("a", "Iced Coffee, summer") }).unwrap();
    assert_eq!(draft.tags, ["Cold-Brew", "summer"]);
    assert_eq!(draft.terms, ["brew", "coffee", "cold", "iced", "summer"]);
}

#[test]
fn of_an_import_the_last_thing_of_an_id_counts_and_a_flaw_says_where() {
    let body = |assets| ImportBody { assets, ..ImportBody::default() };
    let import = Import::parse(body(vec![asset("b", "one"), asset("a", "two"), asset("b", "three")])).unwrap();
    assert_eq!(import.assets.iter().map(|asset| asset.title.as_str()).collect::<Vec<_>>(), ["two", "three"]);

    assert_eq!(
        flaws(Import::parse(body(vec![asset("a", "one"), asset("b", " ")]))),
        [r#"["assets",1,"title"] too_short"#]
    );
    assert_eq!(flaws(Import::parse(body(vec![asset("a", "one"); 2_001]))), [r#"["assets"] too_long"#]);
    let flawed = flaws(Import::parse(body(vec![asset("a", ""); 2_000])));
    assert_eq!(flawed.len(), FLAWS_MAX, "the list of flaws is limited");
}

#[test]
fn only_an_http_address_with_a_host_is_one() {
    for good in ["https://cdn.example/a.jpg", "http://x"] {
        assert!(is_address(good), "{good}");
    }
    for bad in ["", "x", "ftp://x", "https://", "https:///x", "https://a b", "https://a\u{0}"] {
        assert!(!is_address(bad), "{bad}");
    }
}

#[test]
fn what_is_stored_of_a_brand_its_accounts_and_trends_is_read_again_as_it_is() {
    let now = chrono::DateTime::UNIX_EPOCH;
    let brand = BrandBody {
        id: text("b"),
        name: text("Café"),
        timezone: text("Europe/Paris"),
        voice: text("warm"),
        language: text("fr"),
    };
    let draft = BrandDraft::parse(brand).unwrap();
    let stored = Brand {
        id: draft.id.clone(),
        name: draft.name.clone(),
        timezone: draft.timezone.clone(),
        voice: draft.voice.clone(),
        language: draft.language.clone(),
        created_at: now,
        updated_at: now,
    };
    assert_eq!(BrandDraft::parse(BrandBody::from(&stored)).unwrap(), draft);

    let account =
        AccountBody { id: text("a"), platform: text("tiktok"), name: text("@us"), state: text("disconnected") };
    let draft = AccountDraft::parse(account).unwrap();
    let stored = Account {
        id: draft.id.clone(),
        platform: draft.platform,
        name: draft.name.clone(),
        state: draft.state,
        created_at: now,
        updated_at: now,
    };
    assert_eq!(AccountDraft::parse(AccountBody::from(&stored)).unwrap(), draft);

    let trend = TrendBody {
        id: text("t"),
        title: text("Heat"),
        source: text("event"),
        description: text("Hot days"),
        priority: Some(100),
        tags: Some(vec!["summer".to_owned()]),
    };
    let draft = TrendDraft::parse(trend).unwrap();
    let stored = Trend {
        id: draft.id.clone(),
        title: draft.title.clone(),
        source: draft.source,
        description: draft.description.clone(),
        priority: draft.priority,
        tags: draft.tags.clone(),
        created_at: now,
        updated_at: now,
    };
    assert_eq!(TrendDraft::parse(TrendBody::from(&stored)).unwrap(), draft);
}

#[test]
fn what_is_stored_of_an_asset_is_read_again_as_it_is() {
    let now = chrono::DateTime::UNIX_EPOCH;
    let draft = AssetDraft::parse(AssetBody { url: text("https://cdn.example/a.jpg"), ..asset("a", "A cup") }).unwrap();
    let stored = Asset {
        id: draft.id.clone(),
        title: draft.title.clone(),
        kind: draft.kind,
        url: draft.url.clone(),
        tags: draft.tags.clone(),
        created_at: now,
        updated_at: now,
    };
    assert_eq!(AssetDraft::parse(AssetBody::from(&stored)).unwrap(), draft);
}
