//! What a week is planned from: a brand's accounts, trends and assets as a worker and their owner read them.

use std::collections::BTreeSet;

use almanac_shared::{
    brands::{AssetId, BrandId, store, terms::terms},
    platform::id::UserId,
};
use almanac_tests::{OrFail, Stack};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Row};

#[tokio::test(flavor = "multi_thread")]
async fn a_week_is_planned_from_accounts_and_trends_in_an_order_that_never_depends_on_chance() {
    let stack = Stack::shared().await;
    let (anna, eve, worker) = (stack.user(), stack.user(), stack.as_worker().await);
    let brand = anna.brand().await;
    let things = json!({
        "accounts": [{ "id": "yt", "platform": "youtube", "name": "x" }, { "id": "ig", "platform": "instagram", "name": "y" }],
        "trends": [
            { "id": "low", "title": "x", "source": "trend", "priority": 1 },
            { "id": "high", "title": "x", "source": "question", "priority": 90 },
        ],
    });
    anna.post(&format!("/v1/brands/{brand}/import"), things).await.expect(200);
    let (user, brand): (_, BrandId) = (UserId(anna.id), brand.parse().or_fail("an id"));

    let accounts = store::accounts::of_brand(&worker, user, &brand).await.or_fail("accounts");
    let ids: Vec<_> = accounts.iter().map(|account| account.id.as_str()).collect();
    assert_eq!(ids, ["account", "ig", "yt"], "by platform, then the oldest");
    let first = async |except: &[&str], limit| {
        let trends = store::trends::first_without(&worker, user, &brand, except, limit).await.or_fail("trends");
        trends.into_iter().map(|trend| trend.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(first(&[], 9).await, ["high", "low", "trend"]);
    assert_eq!(first(&["high", "unknown"], 1).await, ["low"]);
    let asked = ["trend", "high", "missing"];
    let found = store::trends::by_ids(&worker, user, &brand, &asked).await.or_fail("trends");
    let found: BTreeSet<_> = found.iter().map(|trend| trend.id.as_str()).collect();
    assert_eq!(found, BTreeSet::from(["high", "trend"]));

    let stranger = UserId(eve.id);
    assert_eq!(store::brand(&worker, user, &brand).await.or_fail("a brand").map(|brand| brand.id), Some(brand.clone()));
    assert_eq!(store::brand(&worker, stranger, &brand).await.or_fail("no brand"), None);
    assert_eq!(store::accounts::of_brand(&worker, stranger, &brand).await.or_fail("nothing"), []);
    assert_eq!(store::trends::by_ids(&worker, stranger, &brand, &asked).await.or_fail("nothing"), []);
}

/// The query of that name's parts, as the program sends it.
fn described_query(part: &str) -> String {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../.sqlx");
    let queries = std::fs::read_dir(folder).or_fail("the described queries").map(|file| {
        let text = std::fs::read_to_string(file.or_fail("a file").path()).or_fail("a description");
        let described: Value = serde_json::from_str(&text).or_fail("JSON");
        described["query"].as_str().or_fail("a query").to_owned()
    });
    let found: Vec<_> = queries.filter(|query| query.contains(part)).collect();
    assert_eq!(found.len(), 1, "one query with {part}");
    found.into_iter().next().or_fail("a query")
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_assets_come_in_a_few_imports_and_are_found_by_an_index() {
    let stack = Stack::shared().await;
    let (anna, eve, admin, worker) = (stack.user(), stack.user(), stack.admin().await, stack.as_worker().await);
    let brand = anna.brand().await;
    let asset = |n: usize| {
        json!({ "id": format!("a{n}"), "title": format!("Photo {n} of topic{}", n % 500), "kind": "image",
                "tags": [format!("Set{}", n % 50)] })
    };
    for part in 0..5 {
        let assets: Vec<_> = (part * 2_000..(part + 1) * 2_000).map(asset).collect();
        let counts = anna.post(&format!("/v1/brands/{brand}/import"), json!({ "assets": assets })).await.expect(200);
        assert_eq!(counts.data()["assets"], 2_000);
    }
    sqlx::raw_sql("ANALYZE almanac.creative_assets").execute(&admin).await.or_fail("analyzing");
    let (user, id): (_, BrandId) = (UserId(anna.id), brand.parse().or_fail("an id"));
    let words: Vec<String> = terms(["Tópic7 in the SET7", "nothing"]).into_iter().collect();

    let found = store::assets::sharing(&worker, user, &id, &words, 250).await.or_fail("assets");

    let ids: Vec<_> = found.iter().map(|asset| asset.id.as_str()).collect();
    let (both, one) = ids.split_at(20);
    assert!(
        both.iter().all(|id| id.ends_with("07") || *id == "a7") && both.is_sorted(),
        "most in common first: {both:?}"
    );
    assert_eq!((one.len(), one.is_sorted()), (180, true), "then those of the set alone");
    let again = store::assets::sharing(&worker, user, &id, &words, 3).await.or_fail("assets");
    assert_eq!(again, found[..3]);
    assert_eq!(store::assets::sharing(&worker, UserId(eve.id), &id, &words, 9).await.or_fail("nothing"), []);

    let query = described_query("terms && $3");
    let topics = ["topic7".to_owned(), "topic8".to_owned()];
    let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN {query}")));
    let plan =
        plan.bind(user.0).bind(id.as_str()).bind(&topics).bind(50_i64).fetch_all(&worker).await.or_fail("a plan");
    let plan: Vec<String> = plan.iter().map(|line| line.get(0)).collect();
    assert!(plan.iter().any(|line| line.contains("creative_assets_terms")), "{}", plan.join("\n"));

    // A user sees the same, through the brand's own rows.
    let mut tx = stack.as_api().await.begin().await.or_fail("a transaction");
    let become_anna = "SELECT set_config('role', 'authenticated', true), set_config('request.jwt.claims', $1, true)";
    let claims = json!({ "sub": anna.id, "role": "authenticated" }).to_string();
    sqlx::query(become_anna).bind(claims).execute(&mut *tx).await.or_fail("becoming Anna");
    assert_eq!(store::assets::sharing(&mut *tx, user, &id, &words, 250).await.or_fail("assets"), found);
    tx.rollback().await.or_fail("ending");

    // What an asset says later is what it is found by later.
    let one = format!("/v1/brands/{brand}/assets/a7");
    anna.patch(&one, json!({ "title": "Portrait", "tags": null })).await.expect(200);
    let left = store::assets::sharing(&worker, user, &id, &words, 250).await.or_fail("assets");
    assert_eq!(left.len(), 199);
    let renamed = store::assets::sharing(&worker, user, &id, &["portrait".to_owned()], 9).await.or_fail("assets");
    assert_eq!(renamed.iter().map(|asset| &asset.id).collect::<Vec<_>>(), [&"a7".parse::<AssetId>().or_fail("an id")]);
    anna.delete(&format!("/v1/brands/{brand}")).await.expect(204);
}
