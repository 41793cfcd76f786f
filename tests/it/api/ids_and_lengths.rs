//! Every id that a client may choose and every text of bounded length: what is accepted is stored and found again, and what
//! is refused is refused before anything is stored or paid for. Rule, table and OpenAPI document say the same.

use std::fmt::Write as _;

use almanac_shared::brands::{BrandId, name};
use almanac_shared::organic::PlacementId;
use almanac_tests::{
    OrFail, Stack, User,
    actor::organic::{MONDAY, options_with_key, placement_ids, seed, week_order},
};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};
use uuid::Uuid;

/// Letters, letters with their marks, digits and the punctuation that an id may hold.
const PIECES: &[&str] = &[
    "a", "Z", "7", "é", "ß", "ж", "Ω", "ش", "א", "日", "本", "한", "ก", "ำ", "٣", "३", "𝔸", "𐐷", "हि", "न्", "e\u{301}",
    "ก็", " ", ".", "_", "-", ":", "/", "#", "@", "+", ",",
];

/// What no id may be.
const REFUSED: &[&str] = &[
    "",
    " ",
    ".",
    "..",
    " a",
    "a ",
    "a\tb",
    "a\nb",
    "a\u{7f}b",
    "a\u{85}b",
    "a~b",
    "a%b",
    "a?b",
    "a&b",
    "a=b",
    "a\\b",
    "a\"b",
    "a'b",
    "a<b",
    "a*b",
    "a;b",
    "a|b",
    "a!b",
    "a(b",
    "a$b",
    "a\u{a0}b",
    "a\u{2003}b",
    "a\u{200b}b",
    "a\u{200d}b",
    "a\u{200e}b",
    "a\u{202e}b",
    "a\u{2066}b",
    "a\u{feff}b",
    "a\u{ad}b",
    "a\u{2028}b",
    "a😀",
    "€",
    "a—b",
    "¿",
    "\u{301}a",
    " \u{301}a",
    "a-\u{301}",
    "a\u{fe0f}",
    "\u{3164}",
    "\u{e000}",
    "a\u{e0041}",
];

/// Ids that the rule accepts: some that users have, the longest, and drawn ones.
fn accepted() -> Vec<String> {
    let mut ids: Vec<String> =
        ["post #1", "a/b", "日本-1", "हिन्दी", "a/../b", "#", "@shop", "a+b,c:d", "..."].map(str::to_owned).into();
    ids.push("日".repeat(128));
    ids.push("न्".repeat(64));
    let piece = proptest::sample::select(PIECES);
    let drawn = proptest::collection::vec(piece, 1..60).prop_map(|pieces| pieces.concat());
    let drawn = drawn
        .prop_filter("an id", |id: &String| id.trim() == id && id.chars().count() <= 128 && id != "." && id != "..");
    let mut runner = TestRunner::deterministic_with(Config::default());
    while ids.len() < 20 {
        let id = drawn.new_tree(&mut runner).or_fail("drawing an id").current();
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

trait Deterministic {
    fn deterministic_with(config: Config) -> Self;
}

impl Deterministic for TestRunner {
    fn deterministic_with(config: Config) -> Self {
        let rng = proptest::test_runner::TestRng::deterministic_rng(config.rng_algorithm);
        Self::new_with_rng(config, rng)
    }
}

/// An id as a path holds it.
fn encoded(id: &str) -> String {
    id.bytes().fold(String::new(), |mut path, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => path.push(char::from(byte)),
            _ => write!(path, "%{byte:02X}").or_fail("writing"),
        }
        path
    })
}

/// The lists of things whose ids clients choose, each with a body for a new one and a patch.
fn lists(brand: &str) -> Vec<(String, Value, Value)> {
    let brand = encoded(brand);
    vec![
        ("/v1/brands".into(), json!({ "name": "A", "timezone": "UTC" }), json!({ "name": "B" })),
        (format!("/v1/brands/{brand}/accounts"), json!({ "platform": "tiktok", "name": "A" }), json!({ "name": "B" })),
        (format!("/v1/brands/{brand}/trends"), json!({ "title": "A", "source": "manual" }), json!({ "title": "B" })),
        (format!("/v1/brands/{brand}/assets"), json!({ "title": "A", "kind": "image" }), json!({ "title": "B" })),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_accepted_id_is_stored_found_changed_and_removed() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let brand = "Ours / #1: हिन्दी";
    let order = json!({ "id": brand, "name": "Ours", "timezone": "UTC" });
    anna.post("/v1/brands", order).await.expect(201);

    for (list, body, patch) in lists(brand) {
        let with = |id: &str| {
            let mut body = body.clone();
            body["id"] = json!(id);
            body
        };
        let before = super::lists::read_all_pages(&anna, &list, 1).await.len();
        for id in accepted() {
            let at = format!("{list}/{}", encoded(&id));
            let made = anna.post(&list, with(&id)).await.expect(201).data();
            assert_eq!(made["id"], json!(id));
            assert_eq!(anna.get(&at).await.expect(200).data(), made, "{at}");
            let changed = anna.patch(&at, patch.clone()).await.expect(200).data();
            let (name, value) = patch.as_object().and_then(|patch| patch.iter().next()).or_fail("a patch");
            assert_eq!((&changed["id"], &changed[name]), (&json!(id), value));
        }
        let listed = super::lists::read_all_pages(&anna, &list, 3).await;
        assert_eq!(listed.len(), before + accepted().len(), "pages join whatever the ids are");
        for id in accepted() {
            let at = format!("{list}/{}", encoded(&id));
            anna.delete(&at).await.expect(204);
            anna.get(&at).await.refused(404, "NOT_FOUND");
        }
        for id in REFUSED {
            let reply = anna.post(&list, with(id)).await.refused(400, "VALIDATION_FAILED");
            assert_eq!(reply.json()["error"]["details"][0]["loc"], json!(["body", "id"]), "{id:?}");
        }
        let long = "x".repeat(129);
        anna.post(&list, with(&long)).await.refused(400, "VALIDATION_FAILED");
        anna.get(&format!("{list}/{long}")).await.refused(404, "NOT_FOUND");
        anna.get(&format!("{list}/a%7Eb")).await.refused(404, "NOT_FOUND");
        assert_eq!(super::lists::read_all_pages(&anna, &list, 250).await.len(), before);
    }
    let things: Vec<Value> =
        accepted().iter().map(|id| json!({ "id": id, "title": "A", "source": "manual" })).collect();
    let brand = format!("/v1/brands/{}", encoded(brand));
    anna.post(&format!("{brand}/import"), json!({ "trends": things })).await.expect(200);
    assert_eq!(super::lists::read_all_pages(&anna, &format!("{brand}/trends"), 250).await.len(), accepted().len());
    anna.delete(&brand).await.expect(204);
    anna.get(&brand).await.refused(404, "NOT_FOUND");
}

/// A brand, an account and a trend of these ids.
async fn branded(user: &User, brand: &str, account: &str, trend: &str) {
    user.post("/v1/brands", json!({ "id": brand, "name": "Ours", "timezone": "UTC" })).await.expect(201);
    let things = json!({
        "accounts": [{ "id": account, "platform": "instagram", "name": "us" }],
        "trends": [{ "id": trend, "title": "Cold brew", "source": "trend" }],
    });
    user.post(&format!("/v1/brands/{}/import", encoded(brand)), things).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_accepted_id_of_a_placement_is_made_and_found() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let (brand, account, trend) = ("a/b c", "acct #1", "日本");
    branded(&anna, brand, account, trend).await;
    let ids = accepted();
    let placements: Vec<Value> = ids
        .iter()
        .zip(0..)
        .map(|(id, n)| {
            let mut placement = seed(id, n / 5, 8 + 2 * (n % 5));
            placement["trendId"] = json!(trend);
            placement
        })
        .collect();
    let order = json!({
        "brandProfileId": brand, "platformAccountIds": { "instagram": account }, "placements": placements,
    });

    let mut stream = anna.week(&order).await;
    let events = stream.collect_to_end().await;

    assert_eq!(events.last().or_fail("an end").json()["status"], "succeeded", "{:?}", events.last());
    let mut told = placement_ids(&events);
    told.sort_unstable();
    let mut wanted = ids.clone();
    wanted.sort_unstable();
    assert_eq!(told, wanted);
    let job = stream.headers["location"].to_str().unwrap().to_owned();
    let own = anna.get(&job).await.expect(200).data()["urls"]["self"].as_str().or_fail("a link").to_owned();
    assert_eq!(own, format!("/v1/brands/a%2Fb%20c/placements?weekStart={MONDAY}"));
    assert_eq!(anna.get(&own).await.expect(200).data()["items"].as_array().map(Vec::len), Some(ids.len()));
    for id in ids {
        let at = format!("/v1/brands/a%2Fb%20c/placements/{}", encoded(&id));
        let changed = anna.patch(&at, json!({ "copy": { "caption": "Mine" } })).await.expect(200).data();
        assert_eq!((&changed["placementId"], &changed["copy"]["caption"]), (&json!(id), &json!("Mine")));
        anna.delete(&at).await.expect(204);
        anna.delete(&at).await.refused(404, "NOT_FOUND");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_id_of_a_week_is_refused_before_anything_is_paid() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    anna.coffee_brand().await;
    let key = format!("unpaid-{}", Uuid::new_v4().simple());
    let path = "/v1/organic/generate-calendar";

    for id in REFUSED.iter().copied().chain([&*"x".repeat(129)]) {
        for field in ["placementId", "trendId", "accountId"] {
            let mut placement = seed("p1", 0, 9);
            placement[field] = json!(id);
            let order = week_order(&json!({ "placements": [placement], "options": options_with_key(&key) }));
            let reply = anna.post(path, order).await.refused(400, "VALIDATION_FAILED");
            assert_eq!(reply.json()["error"]["details"][0]["loc"], json!(["body", "placements", 0, field]), "{id:?}");
        }
        for changes in [json!({ "brandProfileId": id }), json!({ "platformAccountIds": { "instagram": id } })] {
            anna.post(path, week_order(&changes)).await.refused(400, "VALIDATION_FAILED");
        }
    }

    assert_eq!(anna.get("/v1/jobs").await.expect(200).data()["items"], json!([]));
    assert!(stack.world.calls(&key).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_accepts_exactly_the_ids_that_the_rule_accepts() {
    let admin = Stack::shared().await.admin().await;
    for (before, after) in [("", ""), ("a", "b")] {
        let sql = "SELECT array_agg(c) FROM generate_series(1, 1114111) AS c
                    WHERE c NOT BETWEEN 55296 AND 57343 AND almanac.is_name($1 || chr(c) || $2)";
        let table: Vec<i32> =
            sqlx::query_scalar(sql).bind(before).bind(after).fetch_one(&admin).await.or_fail("asking the table");
        let by_rule = |c: &char| name::check(&format!("{before}{c}{after}")).is_ok();
        let rule: Vec<i32> = (char::MIN..=char::MAX).filter(by_rule).map(|c| c as i32).collect();
        let odd: Vec<_> = rule.iter().filter(|c| table.binary_search(c).is_err()).take(5).collect();
        assert!(odd.is_empty(), "refused by the table alone: {odd:x?}");
        assert_eq!(table.len(), rule.len(), "accepted by the table alone");
    }
    let texts = accepted().into_iter().chain(REFUSED.iter().map(|text| (*text).to_owned()));
    for text in texts.chain(["x".repeat(128), "x".repeat(129), "日".repeat(129)]) {
        let table: bool =
            sqlx::query_scalar("SELECT almanac.is_name($1)").bind(&text).fetch_one(&admin).await.or_fail("asking");
        assert_eq!(table, text.parse::<BrandId>().is_ok(), "{text:?}");
        assert_eq!(table, text.parse::<PlacementId>().is_ok(), "{text:?}");
    }
}

/// A text with this number of characters, of one, two or four bytes each.
fn long(chars: usize) -> [String; 3] {
    ["x", "é", "😀"].map(|character| character.repeat(chars))
}

/// Where a text of bounded length goes: the path, a body without it, its field, its most characters.
fn texts() -> Vec<(&'static str, Value, &'static str, usize)> {
    let (brand, account) = (json!({ "name": "A", "timezone": "UTC" }), json!({ "platform": "tiktok", "name": "A" }));
    let (trend, asset) = (json!({ "title": "A", "source": "manual" }), json!({ "title": "A", "kind": "image" }));
    vec![
        ("/v1/brands", brand.clone(), "name", 200),
        ("/v1/brands", brand.clone(), "voice", 2000),
        ("/v1/brands", brand, "language", 64),
        ("/v1/brands/b/accounts", account, "name", 200),
        ("/v1/brands/b/trends", trend.clone(), "title", 300),
        ("/v1/brands/b/trends", trend, "description", 2000),
        ("/v1/brands/b/assets", asset, "title", 300),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_text_of_each_field_is_stored_and_one_more_character_is_refused() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    anna.post("/v1/brands", json!({ "id": "b", "name": "Ours", "timezone": "UTC" })).await.expect(201);
    for (path, body, field, most) in texts() {
        let with = |text: &str| {
            let mut body = body.clone();
            body[field] = json!(text);
            body
        };
        for text in long(most) {
            let made = anna.post(path, with(&text)).await.expect(201).data();
            assert_eq!(made[field], json!(text), "{path} {field}");
            let at = format!("{path}/{}", made["id"].as_str().or_fail("an id"));
            anna.patch(&at, json!({ field: format!("{text}x") })).await.refused(400, "VALIDATION_FAILED");
        }
        anna.post(path, with(&"x".repeat(most + 1))).await.refused(400, "VALIDATION_FAILED");
    }
    let tags: Vec<String> = (10..60).map(|n| format!("{n}{}", "é".repeat(62))).collect();
    for (path, body) in [
        ("/v1/brands/b/trends", json!({ "title": "A", "source": "manual", "tags": tags, "priority": 100 })),
        (
            "/v1/brands/b/assets",
            json!({ "title": "A", "kind": "image", "tags": tags,
            "url": format!("https://x.example/{}", "a".repeat(2048 - 18)) }),
        ),
    ] {
        let made = anna.post(path, body.clone()).await.expect(201).data();
        for (name, value) in body.as_object().or_fail("a body") {
            assert_eq!(&made[name], value, "{path} {name}");
        }
    }

    let calendar = anna.calendar(&json!({ "title": "😀".repeat(200) })).await.1;
    assert_eq!(calendar["title"], json!("😀".repeat(200)));
    let at = format!("/v1/calendars/{}", calendar["id"].as_str().or_fail("an id"));
    anna.patch(&at, json!({ "title": "x".repeat(201) })).await.refused(400, "VALIDATION_FAILED");
    let generation = anna.generation().await;
    let suggestion = anna.suggestions(&generation).await[0]["id"].as_str().or_fail("an id").to_owned();
    let at = format!("/v1/ai/suggestions/{suggestion}");
    for (front, back) in long(500).into_iter().zip(long(2000)) {
        let changed = anna.patch(&at, json!({ "front": front, "back": back })).await.expect(200).data();
        assert_eq!((&changed["front"], &changed["back"]), (&json!(front), &json!(back)));
    }
    anna.patch(&at, json!({ "front": "x".repeat(501) })).await.refused(400, "VALIDATION_FAILED");
    anna.patch(&at, json!({ "back": "x".repeat(2001) })).await.refused(400, "VALIDATION_FAILED");
    for text in [long(1000)[2].clone(), long(10_000)[2].clone()] {
        let body = json!({ "source_text": text });
        anna.post("/v1/ai/generations", body).await.expect(202);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_describes_each_id_and_length_as_the_rule_has_it() {
    let anna = Stack::shared().await.user();
    let document = anna.get("/v1/openapi.json").await.expect(200).json();
    let schemas = &document["components"]["schemas"];
    let property = |schema: &str, field: &str| {
        let found = &schemas[schema]["properties"][field];
        if found["allOf"].is_array() { found["allOf"][0].clone() } else { found.clone() }
    };

    for (schema, field) in [
        ("CreateBrand", "id"),
        ("CreateAccount", "id"),
        ("CreateTrend", "id"),
        ("CreateAsset", "id"),
        ("GenerateWeek", "brandProfileId"),
        ("SeedPlacement", "placementId"),
        ("SeedPlacement", "trendId"),
        ("SeedPlacement", "accountId"),
    ] {
        let found = property(schema, field);
        assert_eq!(
            (&found["minLength"], &found["maxLength"], &found["pattern"]),
            (&json!(1), &json!(name::MAX), &json!(name::PATTERN)),
            "{schema}.{field}: {found}"
        );
    }
    let accounts = property("GenerateWeek", "platformAccountIds");
    assert_eq!(accounts["additionalProperties"]["pattern"], json!(name::PATTERN), "{accounts}");
    for (schema, field, most) in [
        ("CreateBrand", "name", 200),
        ("CreateBrand", "voice", 2000),
        ("CreateBrand", "language", 64),
        ("CreateAccount", "name", 200),
        ("CreateTrend", "title", 300),
        ("CreateTrend", "description", 2000),
        ("CreateAsset", "title", 300),
        ("CreateAsset", "url", 2048),
        ("BrandPatch", "name", 200),
        ("AccountPatch", "name", 200),
        ("TrendPatch", "title", 300),
        ("AssetPatch", "url", 2048),
        ("CreateCalendar", "title", 200),
        ("CalendarPatch", "title", 200),
        ("SidesPatch", "front", 500),
        ("SidesPatch", "back", 2000),
    ] {
        assert_eq!(property(schema, field)["maxLength"], json!(most), "{schema}.{field}: {}", property(schema, field));
    }
}
