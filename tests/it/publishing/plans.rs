//! Plans: what a dry run shows and hashes, what a real call stores and answers again, how it is followed, and what is
//! exported.

use almanac_shared::publishing::receipts::verify;
use almanac_tests::{
    OrFail, Stack, User, actor::publishing::texts, actor::stream::Encoding, rows::Rows, world::channels::Site,
};
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::connected;

fn dry(order: &Value) -> Value {
    let mut order = order.clone();
    order["dryRun"] = json!(true);
    order
}

async fn plan_hash(user: &User, order: &Value) -> String {
    let plan = user.publish(&dry(order)).await.expect(200).data();
    plan["planHash"].as_str().or_fail("a hash").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_shows_the_requests_and_stores_nothing() {
    let stack = Stack::shared().await;
    let (anna, grant) = connected(&stack, Site::Facebook).await;
    let written = anna.write("facebook", &["Take your time.".to_owned()]).await;
    let before = Rows::of(&stack.admin().await, anna.id).await;
    let order = json!({ "calendarId": written.calendar, "channels": ["facebook"] });

    let first = anna.publish(&order).await.expect(200);
    let again = anna.post("/api/publish", order).await.expect(200);

    let plan = first.data();
    assert_eq!((&plan["planId"], &plan["urls"], &plan["transport"]), (&Value::Null, &Value::Null, &json!("live")));
    assert_eq!((first.header("location"), &first.json()["meta"]["dryRun"]), (None, &json!(true)));
    assert_eq!(first.header("ratelimit-policy"), Some("\"publish\";q=60;w=300"));
    let intent = &plan["intents"][0];
    let shown = json!({ "id": null, "entryId": written.entries[0], "channel": "facebook", "accountId": "main" });
    for (name, value) in shown.as_object().or_fail("fields") {
        assert_eq!(&intent[name], value, "{intent}");
    }
    assert_eq!((&intent["status"], &intent["error"]), (&json!("dry_run"), &Value::Null));
    assert_eq!(intent["requests"][0]["body"]["message"], "Take your time.");
    assert!(!plan.to_string().contains(&grant.access_token), "no token is shown");
    assert_eq!(again.text(), plan.to_string(), "the same bytes, bare on the other mount");
    assert_eq!(Rows::of(&stack.admin().await, anna.id).await, before);
    assert_eq!(anna.get("/v1/publish/intents").await.expect(200).data()["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_names_what_is_published_and_not_when() {
    let stack = Stack::shared().await;
    let (anna, _) = connected(&stack, Site::Facebook).await;
    let written = anna.write("facebook", &texts(2)).await;
    let order = written.order(&json!({}));
    let of = async |changes: Value| plan_hash(&anna, &written.order(&changes)).await;
    let hash = plan_hash(&anna, &order).await;

    let reversed: Vec<_> = written.entries.iter().rev().collect();
    assert_eq!(of(json!({ "publishAt": "entry", "entryIds": reversed })).await, hash);
    assert_eq!(of(json!({ "publishAt": "2099-01-01T00:00:00+02:00" })).await, hash);
    assert_ne!(of(json!({ "entryIds": [written.entries[0]] })).await, hash);
    anna.patch(&written.path(0), json!({ "notes": "only for us" })).await.expect(200);
    assert_eq!(plan_hash(&anna, &order).await, hash, "notes are not published");
    anna.patch(&written.path(0), json!({ "caption": "Other words" })).await.expect(200);
    assert_ne!(plan_hash(&anna, &order).await, hash);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_entry_goes_to_its_own_channel_and_others_are_skipped_with_a_reason() {
    let stack = Stack::shared().await;
    let (anna, _) = connected(&stack, Site::Facebook).await;
    let entries =
        ["facebook", "linkedin", "blog", "youtube"].map(|channel| json!({ "channel": channel, "caption": "Hi" }));
    let written = anna.write_entries(&entries).await;
    let channels = |plan: &Value| -> Vec<String> {
        let intents = plan["intents"].as_array().or_fail("intents").iter();
        intents.map(|intent| intent["channel"].as_str().or_fail("a channel").to_owned()).collect()
    };

    let all = anna.publish(&dry(&written.order(&json!({})))).await.expect(200).data();
    let some = anna.publish(&dry(&written.order(&json!({ "channels": ["facebook"] })))).await.expect(200).data();

    assert_eq!(channels(&all), ["facebook", "linkedin", "youtube"]);
    assert_eq!(all["skipped"], json!([{ "entryId": written.entries[2], "code": "CHANNEL_UNSUPPORTED" }]));
    let linkedin = &all["intents"][1];
    assert_eq!(
        (&linkedin["accountId"], &linkedin["warnings"][0]["code"]),
        (&Value::Null, &json!("CHANNEL_AUTH_MISSING"))
    );
    assert!(linkedin["requests"].to_string().contains("{{account_id}}"), "{linkedin}");
    assert_eq!(all["intents"][2]["error"]["code"], "MEDIA_REQUIRED");
    assert_eq!((channels(&some), &some["skipped"]), (vec!["facebook".to_owned()], &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_changed_is_refused_and_says_which_entries_did() {
    let stack = Stack::builder().start().await;
    let (anna, _) = connected(&stack, Site::Facebook).await;
    let written = anna.write("facebook", &texts(4)).await;
    let order = |hash: &str, entries: &[String]| written.order(&json!({ "planHash": hash, "entryIds": entries }));
    let hash = plan_hash(&anna, &written.order(&json!({ "entryIds": written.entries[..3] }))).await;
    anna.patch(&written.path(0), json!({ "caption": "Other words" })).await.expect(200);
    anna.patch(&written.path(1), json!({ "notes": "only for us" })).await.expect(200);

    let stale = anna.publish(&order(&hash, &written.entries[..2])).await.refused(409, "PLAN_STALE").json();

    let details: Vec<_> = stale["error"]["details"].as_array().or_fail("details").iter().map(|it| &it["loc"]).collect();
    let mut changed = [
        json!(["body", "planHash", written.entries[0], "caption"]),
        json!(["body", "planHash", written.entries[1]]),
        json!(["body", "planHash", written.entries[2]]),
    ];
    changed.sort_by_key(ToString::to_string);
    assert_eq!(details, changed.iter().collect::<Vec<_>>(), "changed, saved again, removed: {stale}");
    assert_eq!(anna.get("/v1/publish/intents").await.expect(200).data()["items"], json!([]));

    let unknown = anna.publish(&order(&"0".repeat(64), &written.entries)).await.refused(409, "PLAN_STALE").json();
    assert_eq!(unknown["error"]["details"][0]["loc"], json!(["body", "planHash"]), "a hash of no dry run");
    let hash = plan_hash(&anna, &written.order(&json!({}))).await;
    let accepted = anna.publish(&order(&hash, &written.entries)).await.expect(202);
    assert_eq!(accepted.data()["planHash"], json!(hash));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_plan_is_answered_again_under_its_key_and_shown() {
    let stack = Stack::shared().await;
    let (anna, _) = connected(&stack, Site::Facebook).await;
    let written = anna.write("facebook", &texts(2)).await;
    let order = written.order(&json!({ "publishAt": "2099-01-01T00:00:00Z" }));

    let first = anna.publish_call(&order).key("once").send().await.expect(202);
    let again = anna.publish_call(&order).key("once").send().await.expect(202);
    let other = anna.publish_call(&dry(&order)).key("once").send().await;

    let accepted = first.data();
    let plan = accepted["planId"].as_str().or_fail("a plan");
    assert_eq!(first.header("location"), Some(&*format!("/v1/publish/plans/{plan}")));
    assert_eq!((again.data(), again.header("idempotency-replayed")), (accepted.clone(), Some("true")));
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(again.header("ratelimit-policy"), first.header("ratelimit-policy"));
    other.refused(409, "ALREADY_PUBLISHED");
    anna.publish_call(&written.order(&json!({}))).key("once").send().await.refused(422, "IDEMPOTENCY_KEY_REUSED");

    let shown = anna.get(&format!("/v1/publish/plans/{plan}")).await.expect(200).data();
    assert_eq!((&shown["planHash"], &shown["approvedBy"]), (&accepted["planHash"], &json!(anna.id)));
    assert_eq!((&shown["counts"]["total"], &shown["counts"]["pending"]), (&json!(2), &json!(2)));
    let ids =
        |plan: &Value| plan["intents"].as_array().map(|it| it.iter().map(|it| it["id"].clone()).collect::<Vec<_>>());
    assert_eq!(ids(&shown), ids(&accepted));

    let listed = anna.get(&format!("/v1/publish/intents?calendarId={}&status=pending&limit=1", written.calendar)).await;
    let page = listed.expect(200).data();
    assert_eq!(page["items"].as_array().map(Vec::len), Some(1));
    let cursor = page["nextCursor"].as_str().or_fail("a cursor");
    let next = anna.get(&format!("/v1/publish/intents?limit=1&cursor={cursor}")).await.expect(200).data();
    assert_eq!((&next["items"][0]["id"], &next["nextCursor"]), (&accepted["intents"][0]["id"], &Value::Null));
    let intent = anna.intent(accepted["intents"][0]["id"].as_str().or_fail("an id")).await;
    assert_eq!((&intent["publishAt"], &intent["attempt"]), (&json!("2099-01-01T00:00:00Z"), &json!(1)));
    assert_eq!(
        intent["payload"][0]["body"]["message"],
        anna.get(&format!("/v1/calendars/{}", written.calendar)).await.data()["entries"]
            .as_array()
            .or_fail("entries")
            .iter()
            .find(|entry| entry["id"] == intent["entryId"])
            .or_fail("the entry")["caption"]
    );
    for id in ids(&shown).into_iter().flatten() {
        let cancel = format!("/v1/publish/intents/{}/cancel", id.as_str().or_fail("an id"));
        anna.post(&cancel, json!({})).await.expect(202);
        anna.post(&cancel, json!({})).await.refused(409, "ALREADY_FINAL");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_on_its_way_is_not_published_again() {
    let stack = Stack::shared().await;
    let (anna, _) = connected(&stack, Site::Facebook).await;
    let written = anna.write("facebook", &texts(2)).await;
    let first = json!({ "entryIds": [written.entries[0]], "publishAt": "2099-01-01T00:00:00Z" });
    let intent = anna.published(&written.order(&first)).await.intents.remove(0);

    for is_dry in [true, false] {
        let order = written.order(&json!({ "entryIds": [written.entries[0]], "dryRun": is_dry, "repost": true }));
        let refused = anna.publish(&order).await.refused(409, "ALREADY_PUBLISHED").json();
        assert_eq!(refused["error"]["details"][0]["loc"], json!(["body", "entryIds", written.entries[0]]));
    }
    let rest = anna.publish(&dry(&written.order(&json!({})))).await.expect(200).data();
    assert_eq!(rest["skipped"], json!([{ "entryId": written.entries[0], "code": "ALREADY_PUBLISHED" }]));

    anna.post(&format!("/v1/publish/intents/{intent}/cancel"), json!({})).await.expect(202);
    let again = anna.publish(&dry(&written.order(&json!({})))).await.expect(200).data();
    assert_eq!(again["skipped"], json!([]), "a cancelled intent is not in the way");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_followed_to_its_end_in_both_encodings() {
    let stack = Stack::shared().await;
    let (anna, _) = connected(&stack, Site::Facebook).await;
    let written = anna.write("facebook", &texts(3)).await;
    let published = anna.published(&written.order(&json!({}))).await;
    let path = format!("/v1/publish/plans/{}/events", published.plan);

    let events = anna.request(Method::GET, &path).open(Encoding::Sse).await.collect_to_end().await;
    let again = anna.request(Method::GET, &path).open(Encoding::Ndjson).await.collect_to_end().await;

    assert!(events.iter().all(|event| event.seq.is_none()), "{events:?}");
    let done = events.last().or_fail("an end").json();
    assert_eq!((&done["counts"]["published"], &done["planId"]), (&json!(3), &json!(published.plan)));
    for intent in &published.intents {
        let mut of_intent =
            events.iter().filter(|event| event.kind == "result" && event.json()["intentId"] == **intent);
        let last = of_intent.next_back().or_fail("a result").json();
        assert_eq!((&last["status"], &last["error"]), (&json!("published"), &Value::Null));
        assert!(last["externalUrl"].is_string(), "{last}");
    }
    let kinds: Vec<_> = again.iter().map(|event| event.kind.as_str()).filter(|kind| *kind != "progress").collect();
    assert_eq!(kinds, ["result", "result", "result", "done"], "a later stream shows the present");
    anna.get(&format!("/v1/publish/plans/{}/events", Uuid::now_v7())).await.refused(404, "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_are_one_chain_and_exported_oldest_first() {
    let stack = Stack::shared().await;
    let (anna, _) = connected(&stack, Site::Facebook).await;
    let export = async || anna.get("/v1/publish/receipts").await.expect(200);
    assert_eq!(export().await.text(), "{\"count\":0,\"head\":null}\n");
    let written = anna.write("facebook", &texts(3)).await;
    let later = json!({ "entryIds": [written.entries[2]], "publishAt": "2099-01-01T00:00:00Z" });
    let waiting = anna.published(&written.order(&later)).await.intents.remove(0);
    let order = written.order(&json!({ "entryIds": written.entries[..2] }));
    let intents = anna.published(&order).await.intents;
    anna.wait_for_ends(&intents).await;

    let path = format!("/v1/publish/intents/{waiting}/receipt");
    anna.get(&path).await.refused(404, "NOT_FINAL");
    anna.post(&format!("/v1/publish/intents/{waiting}/cancel"), json!({})).await.expect(202);
    anna.get(&path).await.refused(404, "NO_RECEIPT");
    anna.get(&format!("/v1/publish/intents/{}/receipt", Uuid::now_v7())).await.refused(404, "NOT_FOUND");

    let file = export().await;
    assert_eq!(file.header("content-type"), Some("application/x-ndjson"));
    let head = verify(file.text().as_bytes(), None).or_fail("a whole chain");
    assert_eq!(head.count, 2);
    let lines: Vec<Value> = file.text().lines().map(|line| serde_json::from_str(line).or_fail("a line")).collect();
    let receipt = anna.receipt(&intents[0]).await;
    assert!(lines.contains(&receipt), "{receipt}");
    assert_eq!((&receipt["outcome"], &receipt["approvedBy"]), (&json!("published"), &json!(anna.id)));
}

#[tokio::test(flavor = "multi_thread")]
async fn placements_are_published_with_their_assets_as_media() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let brand = anna.brand().await;
    anna.place(&brand).await;
    let asset = format!("/v1/brands/{brand}/assets/asset");
    let placement = format!("/v1/brands/{brand}/placements/placement");
    anna.patch(&placement, json!({ "creative": { "assetIds": ["asset"] }, "content": { "type": "post" } }))
        .await
        .expect(200);
    let order = json!({ "brandId": brand, "placementIds": ["placement"] });

    let without = anna.publish(&order).await.expect(200).data();
    anna.patch(&asset, json!({ "url": "https://cdn.example/cup.jpg" })).await.expect(200);
    let with = anna.publish(&json!({ "brandId": brand })).await.expect(200).data();

    assert_eq!(without["intents"][0]["error"]["code"], "MEDIA_REQUIRED", "an asset without an address: {without}");
    let intent = &with["intents"][0];
    assert_eq!((&intent["entryId"], &intent["channel"]), (&json!("placement"), &json!("instagram")));
    assert!(intent["requests"].to_string().contains("https://cdn.example/cup.jpg"), "{with}");
    assert_eq!(intent["warnings"][0]["code"], "MEDIA_UNCHECKED", "{intent}");
    anna.publish(&json!({ "brandId": brand, "placementIds": ["nobody"] })).await.refused(404, "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_entries_are_one_request_and_one_more_is_refused() {
    let stack = Stack::builder().start().await;
    let (anna, _) = connected(&stack, Site::Facebook).await;
    let written = anna.write("facebook", &texts(1)).await;
    let admin = stack.admin().await;
    let copies = "INSERT INTO almanac.calendar_entries (id, user_id, calendar_id, key, fields)
                  SELECT gen_random_uuid(), user_id, calendar_id, 'facebook:2027-03-01:h' || n, fields
                    FROM almanac.calendar_entries, generate_series(2, $2) AS n WHERE id = $1";
    let first: Uuid = written.entries[0].parse().or_fail("an id");
    let copy = async |up_to: i32| {
        sqlx::query(copies).bind(first).bind(up_to).execute(&admin).await.or_fail("copying an entry");
    };
    copy(999).await;
    let order = json!({ "calendarId": written.calendar });

    // With the entry of another channel, which the calendar began with, a thousand.
    let plan = anna.publish(&order).await.expect(200).data();
    let accepted = anna
        .publish(&json!({ "calendarId": written.calendar, "dryRun": false, "publishAt": "2099-01-01T00:00:00Z" }))
        .await;

    assert_eq!(
        (plan["intents"].as_array().map(Vec::len), plan["skipped"].as_array().map(Vec::len)),
        (Some(999), Some(1))
    );
    let accepted = accepted.expect(202).data();
    assert_eq!(accepted["intents"].as_array().map(Vec::len), Some(999));
    let shown = anna.get(&format!("/v1/publish/plans/{}", accepted["planId"].as_str().or_fail("a plan"))).await;
    assert_eq!(shown.expect(200).data()["counts"]["pending"], 999);
    let one_more = "INSERT INTO almanac.calendar_entries (id, user_id, calendar_id, key, fields)
                    SELECT gen_random_uuid(), user_id, calendar_id, 'facebook:2027-03-01:h1000', fields
                      FROM almanac.calendar_entries WHERE id = $1";
    sqlx::query(one_more).bind(first).execute(&admin).await.or_fail("one more entry");
    let refused = anna.publish(&order).await.refused(400, "VALIDATION_FAILED").json();
    assert_eq!(refused["error"]["details"][0]["loc"], json!(["body", "calendarId"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_intent_names_the_run_that_last_wrote_its_entry() {
    let stack = Stack::shared().await;
    let (anna, _) = connected(&stack, Site::Facebook).await;
    let order = json!({ "channels": ["facebook"], "end": "2026-01-26" });
    let (first, calendar) = anna.calendar(&order).await;
    let id = calendar["id"].as_str().or_fail("a calendar").to_owned();
    let publish = json!({ "calendarId": id, "dryRun": false, "publishAt": "2099-01-01T00:00:00Z" });
    let run_of = async || {
        let intent = anna.intent(&anna.published(&publish).await.intents[0]).await;
        // One that Facebook does not take, for want of media, has failed already.
        anna.post(&format!("/v1/publish/intents/{}/cancel", intent["id"].as_str().or_fail("an id")), json!({})).await;
        intent["runId"].clone()
    };
    assert_eq!(run_of().await, json!(first));

    let mut again = order.clone();
    again["calendarId"] = json!(id);
    again["constraints"] = json!({ "topics": ["tea"] });
    let (second, _) = anna.calendar(&again).await;
    assert_eq!(run_of().await, json!(first), "a run that is not accepted wrote nothing");
    let accepted = anna.post(&format!("/v1/calendars/{id}/runs/{second}/accept"), json!({})).await.expect(200).data();
    let expected = if accepted["updated"] == json!([]) { first } else { second };
    assert_eq!(run_of().await, json!(expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_export_for_publishing_is_the_calendars_own_file() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let written = anna.write("facebook", &texts(2)).await;
    anna.patch(&written.path(0), json!({ "caption": "Edited, \"and\" saved" })).await.expect(200);

    for format in ["json", "csv", "ics"] {
        let order = json!({ "calendarId": written.calendar, "format": format });
        let exported = anna.post("/v1/publish/export", order).await.expect(200);
        let own = anna.get(&format!("/v1/calendars/{}/export?format={format}", written.calendar)).await.expect(200);
        assert_eq!(exported.text(), own.text());
        assert_eq!(exported.header("content-disposition"), own.header("content-disposition"));
        assert_eq!(exported.header("x-dry-run"), None, "publishing is on");
    }
}
