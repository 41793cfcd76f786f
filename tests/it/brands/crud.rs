//! Brands and what belongs to them over HTTP: create, read, update, import, delete.

use almanac_shared::brands::BrandId;
use almanac_tests::{OrFail, Stack, User};
use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};

use crate::api::lists::read_all_pages;

/// What belongs to a brand: the segment of its path, a body that makes one, a patch, and what the patch makes of it.
fn kinds() -> [(&'static str, Value, Value, Value); 3] {
    [
        (
            "accounts",
            json!({ "id": "ig_1", "platform": "instagram", "name": "@us", "state": "auth_failed", "followers": 7 }),
            json!({ "name": "@we", "state": null, "id": "other", "followers": 8 }),
            json!({ "id": "ig_1", "platform": "instagram", "name": "@we", "state": "connected" }),
        ),
        (
            "trends",
            json!({ "id": "t:1", "title": "Heat", "source": "event", "description": "It is hot.", "priority": 7,
                    "tags": ["summer", "summer"], "volume": {} }),
            json!({ "description": null, "priority": null, "tags": ["ice"] }),
            json!({ "id": "t:1", "title": "Heat", "source": "event", "description": null, "priority": 0, "tags": ["ice"] }),
        ),
        (
            "assets",
            json!({ "id": "A.1-b@c", "title": " A cup ", "kind": "image", "url": "https://cdn.example/a.jpg",
                    "tags": ["Coffee"], "width": 4 }),
            json!({ "url": "", "kind": "video", "tags": null }),
            json!({ "id": "A.1-b@c", "title": "A cup", "kind": "video", "url": null, "tags": [] }),
        ),
    ]
}

/// A thing without its times, which are checked to be there.
fn timeless(mut thing: Value) -> Value {
    let fields = thing.as_object_mut().or_fail("an object");
    for name in ["createdAt", "updatedAt"] {
        let time = fields.remove(name).or_fail("a time");
        assert!(time.as_str().is_some_and(|time| time.ends_with('Z')), "{name}: {time}");
    }
    thing
}

async fn count(admin: &PgPool, user: &User, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM almanac.{table} WHERE user_id = $1");
    sqlx::query_scalar(AssertSqlSafe(sql)).bind(user.id).fetch_one(admin).await.or_fail("counting")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_brand_is_made_shown_changed_and_removed() {
    let anna = Stack::shared().await.user();
    let order = json!({ "id": "brand_123", "name": " Corner Café ", "timezone": "America/Los_Angeles", "voice": "warm",
                        "language": "en-US", "industry": "coffee" });

    let made = anna.post("/v1/brands", order.clone()).await.expect(201).data();

    let expected = json!({ "id": "brand_123", "name": "Corner Café", "timezone": "America/Los_Angeles", "voice": "warm",
                           "language": "en-US" });
    assert_eq!(timeless(made.clone()), expected);
    for path in ["/v1/brands/brand_123", "/api/brands/brand_123", "/api/v1/brands/brand_123", "/v1/brands/brand%5F123"]
    {
        let shown = anna.get(path).await.expect(200);
        assert_eq!(if path.starts_with("/v1") { shown.data() } else { shown.json() }, made, "{path}");
    }
    anna.post("/v1/brands", order).await.refused(409, "ALREADY_EXISTS");

    let patch = json!({ "name": "Café", "voice": null });
    let changed = anna.patch("/v1/brands/brand_123", patch.clone()).await.expect(200).data();
    let expected = json!({ "id": "brand_123", "name": "Café", "timezone": "America/Los_Angeles", "voice": null,
                           "language": "en-US" });
    assert_eq!(timeless(changed.clone()), expected);
    assert_eq!(changed["createdAt"], made["createdAt"]);
    assert_ne!(changed["updatedAt"], made["updatedAt"]);
    assert_eq!(
        anna.patch("/v1/brands/brand_123", patch).await.expect(200).data(),
        changed,
        "the same again is nothing"
    );

    let ours = anna.post("/v1/brands", json!({ "name": "No id", "timezone": "UTC" })).await.expect(201).data();
    assert!(ours["id"].as_str().is_some_and(|id| id.parse::<BrandId>().is_ok()), "{ours}");
    anna.delete("/v1/brands/brand_123").await.expect(204);
    anna.delete("/v1/brands/brand_123").await.refused(404, "NOT_FOUND");
    assert_eq!(read_all_pages(&anna, "/v1/brands", 10).await, [ours["id"].as_str().or_fail("an id")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_brand_whose_id_looks_like_a_page_of_the_documentation_is_a_brand_like_any_other() {
    let anna = Stack::shared().await.user();
    for id in ["openapi.json", "healthz"] {
        let path = format!("/v1/brands/{id}");
        anna.post("/v1/brands", json!({ "id": id, "name": "Odd", "timezone": "UTC" })).await.expect(201);

        assert_eq!(anna.get(&path).await.expect(200).data()["name"], "Odd");
        assert_eq!(anna.patch(&path, json!({ "name": "Even" })).await.expect(200).data()["name"], "Even");
        anna.delete(&path).await.expect(204);
        anna.get(&path).await.refused(404, "NOT_FOUND");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_a_brand_is_made_shown_changed_and_removed() {
    let anna = Stack::shared().await.user();
    anna.post("/v1/brands", json!({ "id": "b", "name": "Ours", "timezone": "UTC" })).await.expect(201);

    for (segment, body, patch, expected) in kinds() {
        let list = format!("/v1/brands/b/{segment}");
        let made = anna.post(&list, body.clone()).await.expect(201).data();
        let one = format!("{list}/{}", body["id"].as_str().or_fail("an id"));
        assert_eq!(anna.get(&one).await.expect(200).data(), made);
        assert_eq!(anna.get(&one.replace("/v1/", "/api/")).await.expect(200).json(), made, "bare on the other mount");
        anna.post(&list, body.clone()).await.refused(409, "ALREADY_EXISTS");

        let changed = anna.patch(&one, patch.clone()).await.expect(200).data();
        assert_eq!(timeless(changed.clone()), expected);
        assert_eq!(changed["createdAt"], made["createdAt"]);
        assert_eq!(anna.patch(&one, patch).await.expect(200).data(), changed, "the same again is nothing");

        let mut unnamed = body;
        unnamed.as_object_mut().or_fail("an object").remove("id");
        let ours = anna.post(&list, unnamed).await.expect(201).data();
        anna.delete(&one).await.expect(204);
        anna.delete(&one).await.refused(404, "NOT_FOUND");
        anna.get(&one).await.refused(404, "NOT_FOUND");
        anna.patch(&one, json!({})).await.refused(404, "NOT_FOUND");
        assert_eq!(read_all_pages(&anna, &list, 10).await, [ours["id"].as_str().or_fail("an id")]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_join_newest_first_while_new_things_come() {
    let anna = Stack::shared().await.user();
    let brand = json!({ "name": "Ours", "timezone": "UTC" });
    anna.post("/v1/brands", json!({ "id": "b", "name": "Ours", "timezone": "UTC" })).await.expect(201);
    let lists = kinds().map(|(segment, body, ..)| (format!("/v1/brands/b/{segment}"), body));
    let lists = lists.into_iter().chain([("/v1/brands".to_owned(), brand)]);

    for (path, body) in lists {
        let already = read_all_pages(&anna, &path, 250).await;
        let add = async |id: &str| {
            let mut body = body.clone();
            body["id"] = json!(id);
            anna.post(&path, body).await.expect(201);
        };
        for id in ["c", "a", "d", "b2", "e"] {
            add(id).await;
        }
        let expected: Vec<_> = ["e", "b2", "d", "a", "c"].map(str::to_owned).into_iter().chain(already).collect();
        for limit in [1, 2, 5, 250] {
            assert_eq!(read_all_pages(&anna, &path, limit).await, expected, "{path} by {limit}");
        }
        let first = anna.get(&format!("{path}?limit=2")).await.expect(200).data();
        add("0").await;
        add("zzz").await;
        let cursor = first["nextCursor"].as_str().or_fail("a cursor");
        let rest = anna.get(&format!("{path}?limit=250&cursor={cursor}")).await.expect(200).data();
        let ids: Vec<_> = rest["items"].as_array().or_fail("items").iter().map(|item| item["id"].clone()).collect();
        assert_eq!(json!(ids), json!(expected[2..]), "{path}");
        for wrong in ["limit=0", "limit=251", "limit=x", "cursor=x", "cursor=AAAA"] {
            anna.get(&format!("{path}?{wrong}")).await.refused(400, "VALIDATION_FAILED");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn assets_are_filtered_by_a_tag() {
    let anna = Stack::shared().await.user();
    anna.post("/v1/brands", json!({ "id": "b", "name": "Ours", "timezone": "UTC" })).await.expect(201);
    let asset = |n: usize| {
        let parity = if n.is_multiple_of(2) { "even" } else { "odd" };
        json!({ "id": n.to_string(), "title": "x", "kind": "image", "tags": [parity, "é t"] })
    };
    for n in 0..5 {
        anna.post("/v1/brands/b/assets", asset(n)).await.expect(201);
    }

    assert_eq!(read_all_pages(&anna, "/v1/brands/b/assets?tag=odd", 1).await, ["3", "1"]);
    assert_eq!(read_all_pages(&anna, "/v1/brands/b/assets?tag=even", 2).await, ["4", "2", "0"]);
    assert_eq!(read_all_pages(&anna, "/v1/brands/b/assets?tag=%C3%A9%20t", 50).await.len(), 5);
    assert_eq!(read_all_pages(&anna, "/v1/brands/b/assets?tag=Odd", 50).await, Vec::<String>::new());
    for wrong in ["", "%00", "%20", &"x".repeat(65)] {
        anna.get(&format!("/v1/brands/b/assets?tag={wrong}")).await.refused(400, "VALIDATION_FAILED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_somebody_else_took_is_a_free_one() {
    let stack = Stack::shared().await;
    let (anna, bo) = (stack.user(), stack.user());
    for (user, name) in [(&anna, "Anna's"), (&bo, "Bo's")] {
        user.post("/v1/brands", json!({ "id": "shop", "name": name, "timezone": "UTC" })).await.expect(201);
        user.post("/v1/brands", json!({ "id": "other", "name": name, "timezone": "UTC" })).await.expect(201);
        for (segment, body, ..) in kinds() {
            for brand in ["shop", "other"] {
                user.post(&format!("/v1/brands/{brand}/{segment}"), body.clone()).await.expect(201);
            }
        }
    }

    bo.patch("/v1/brands/shop/accounts/ig_1", json!({ "name": "@bo" })).await.expect(200);
    bo.delete("/v1/brands/shop").await.expect(204);

    assert_eq!(anna.get("/v1/brands/shop").await.expect(200).data()["name"], "Anna's");
    assert_eq!(anna.get("/v1/brands/shop/accounts/ig_1").await.expect(200).data()["name"], "@us");
    bo.get("/v1/brands/shop/accounts/ig_1").await.refused(404, "NOT_FOUND");
    assert_eq!(bo.get("/v1/brands/other/accounts/ig_1").await.expect(200).data()["name"], "@us");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_cannot_be_one_is_an_id_of_nothing() {
    let anna = Stack::shared().await.user();
    let brand = anna.brand().await;
    let plain = |mut refusal: Value| {
        refusal["meta"]["requestId"] = Value::Null;
        refusal
    };
    let missing = plain(anna.get("/v1/brands/missing").await.refused(404, "NOT_FOUND").json());

    for id in ["%00", "a%20b", "a%2Fb", "%C3%A9", "a%0Ab", "a%25b", &"x".repeat(129)] {
        for path in
            [format!("/v1/brands/{id}"), format!("/v1/brands/{id}/assets"), format!("/v1/brands/{brand}/assets/{id}")]
        {
            let refused = anna.get(&path).await.refused(404, "NOT_FOUND");
            assert_eq!(plain(refused.json()), missing, "{path}");
        }
        anna.delete(&format!("/v1/brands/{id}")).await.refused(404, "NOT_FOUND");
        anna.post(&format!("/v1/brands/{id}/import"), json!({})).await.refused(404, "NOT_FOUND");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_who_add_the_same_at_once_one_does() {
    let anna = Stack::shared().await.user();
    let posts = |path: &'static str, body: Value| {
        let anna = anna.clone();
        async move {
            let all = join_all((0..6).map(|_| anna.post(path, body.clone()))).await;
            let mut statuses: Vec<_> = all.into_iter().map(|reply| reply.status).collect();
            statuses.sort_unstable();
            statuses
        }
    };

    let brand = json!({ "id": "b", "name": "Ours", "timezone": "UTC" });
    assert_eq!(posts("/v1/brands", brand).await, [201, 409, 409, 409, 409, 409]);
    let asset = json!({ "id": "a", "title": "A cup", "kind": "image" });
    assert_eq!(posts("/v1/brands/b/assets", asset).await, [201, 409, 409, 409, 409, 409]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_repeated_changes_nothing_and_a_changed_one_only_what_changed() {
    let anna = Stack::shared().await.user();
    anna.post("/v1/brands", json!({ "id": "b", "name": "Ours", "timezone": "UTC" })).await.expect(201);
    let kinds = kinds();
    let mut things = json!({ "nothing": 1 });
    for (segment, body, ..) in &kinds {
        let mut second = body.clone();
        second["id"] = json!("second");
        things[*segment] = json!([body, second, body]);
    }
    let lists = async || {
        let mut all = Vec::new();
        for (segment, ..) in &kinds {
            all.push(anna.get(&format!("/v1/brands/b/{segment}")).await.expect(200).data()["items"].clone());
        }
        all
    };

    let counts = anna.post("/v1/brands/b/import", things.clone()).await.expect(200).data();

    assert_eq!(counts, json!({ "accounts": 2, "trends": 2, "assets": 2 }), "each id once");
    let first = lists().await;
    assert!(first.iter().all(|list| list.as_array().is_some_and(|list| list.len() == 2)));
    assert_eq!(anna.post("/v1/brands/b/import", things.clone()).await.expect(200).data(), counts);
    assert_eq!(lists().await, first, "not even a time");

    things["assets"][1]["title"] = json!("Another cup");
    things["assets"][1]["url"] = Value::Null;
    anna.post("/api/brands/b/import", things).await.expect(200);
    let now = lists().await;
    assert_eq!(now[..2], first[..2]);
    let changed = now[2].as_array().or_fail("a list").iter().find(|one| one["id"] == "second").or_fail("it is there");
    assert_eq!((&changed["title"], &changed["url"]), (&json!("Another cup"), &Value::Null), "replaced as a whole");
    anna.post("/v1/brands/b/import", json!({ "trends": null })).await.expect(200);
    anna.post("/v1/brands/missing/import", json!({})).await.refused(404, "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_a_brand_leaves_nothing_of_it() {
    let stack = Stack::shared().await;
    let (anna, admin) = (stack.user(), stack.admin().await);
    let (brand, other) = (anna.brand().await, anna.brand().await);

    anna.delete(&format!("/v1/brands/{brand}")).await.expect(204);

    for table in ["brand_profiles", "platform_accounts", "trends", "creative_assets"] {
        assert_eq!(count(&admin, &anna, table).await, 1, "{table}: that of the other brand");
    }
    for rest in ["", "/accounts", "/accounts/account", "/trends/trend", "/assets/asset"] {
        anna.get(&format!("/v1/brands/{brand}{rest}")).await.refused(404, "NOT_FOUND");
        anna.get(&format!("/v1/brands/{other}{rest}")).await.expect(200);
    }
}
