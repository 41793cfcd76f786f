//! TikTok: what the creator may do, uploads in parts, photos, states, limits, and what it refuses.

use super::*;

/// Smallest size of a part.
const CHUNK: usize = 5_000_000;

fn order(size: usize, chunk: usize) -> Value {
    json!({
        "post_info": { "title": "Hi #x", "privacy_level": "PUBLIC_TO_EVERYONE", "disable_comment": true },
        "source_info": {
            "source": "FILE_UPLOAD", "video_size": size, "chunk_size": chunk, "total_chunk_count": (size / chunk).max(1),
        },
    })
}

/// The id and the address of an upload.
async fn begin(client: &Client, creator: &Grant, order: &Value) -> (String, String) {
    let begun = json_of(client.post_tiktok(creator, "video/init", order)).await;
    assert_eq!(begun["error"]["code"], "ok", "{begun}");
    let text = |name: &str| begun["data"][name].as_str().expect("a text").to_owned();
    (text("publish_id"), text("upload_url"))
}

async fn fetch(client: &Client, creator: &Grant, id: &str) -> Value {
    json_of(client.post_tiktok(creator, "status/fetch", &json!({ "publish_id": id }))).await
}

async fn code(request: RequestBuilder) -> String {
    let answer = json_of(request).await;
    answer["error"]["code"].as_str().expect("a code").to_owned()
}

#[tokio::test]
async fn a_video_is_sent_in_parts_and_seen_when_it_is_complete() {
    let client = Client::new().await;
    let creator = client.channels().account(Site::Tiktok);
    let file = bytes(12_000_000);
    let (id, url) = begin(&client, &creator, &order(file.len(), CHUNK)).await;

    assert_eq!(
        fetch(&client, &creator, &id).await["data"],
        json!({ "status": "PROCESSING_UPLOAD", "uploaded_bytes": 0 })
    );
    let first = sent(client.part(&url, &file, 0..CHUNK)).await;
    assert_eq!(
        (first.status().as_u16(), &first.headers()["content-range"]),
        (206, &"bytes 0-4999999/12000000".parse().unwrap())
    );
    assert_eq!(fetch(&client, &creator, &id).await["data"]["uploaded_bytes"], CHUNK);
    assert_eq!(status(client.part(&url, &file, CHUNK..file.len())).await, 201);

    let ledger = client.channels().ledger();
    assert_eq!((ledger.posts(&creator.account).len(), ledger.posts_by_text(&creator.account)["Hi #x"]), (0, 1));
    assert_eq!(fetch(&client, &creator, &id).await["data"]["status"], "PROCESSING_UPLOAD");
    let complete = fetch(&client, &creator, &id).await["data"].clone();
    let post = ledger.the_only_post(&creator.account, "Hi #x");
    let public = complete["publicaly_available_post_id"][0].as_u64().expect("a number");
    assert_eq!((&complete["status"], post.public_id), (&json!("PUBLISH_COMPLETE"), Some(public.to_string())));
    assert!(public > 1 << 53 && public % 2 == 1, "{public}");
    assert_eq!((post.id, post.content), (id, Some(content(&file))));
    let steps: Vec<_> =
        ledger.exchanges().into_iter().filter(|it| it.method == Method::PUT).map(|it| it.step).collect();
    assert_eq!(steps, [Some(Step::Chunk), Some(Step::Publish)]);
    assert!(!format!("{:?}", ledger.exchanges()).contains("upload-canary"), "the ledger holds no token of an upload");
}

#[tokio::test]
async fn a_part_at_a_wrong_place_or_of_a_wrong_size_is_refused() {
    let client = Client::new().await;
    let creator = client.channels().account(Site::Tiktok);
    let file = bytes(12_000_000);
    let (_, url) = begin(&client, &creator, &order(file.len(), CHUNK)).await;
    let part = |range| client.part(&url, &file, range);

    assert_eq!(status(part(CHUNK..file.len())).await, 416, "a part is missing");
    assert_eq!(status(part(0..CHUNK - 1)).await, 400, "a part is too short");
    assert_eq!(status(with(part(0..CHUNK), "content-type", "text/plain")).await, 400);
    assert_eq!(status(part(0..CHUNK).bearer_auth("token")).await, 400, "the address is enough");
    assert_eq!(status(client.part(&url, &file[..11_000_000], 0..CHUNK)).await, 400, "the size is another one");
    assert_eq!(status(client.http.put(&url).header("content-type", "video/mp4").body(file.clone())).await, 400);
    let other = url.replace("upload_token=", "upload_token=x");
    assert_eq!(status(client.part(&other, &file, 0..CHUNK)).await, 403);
    let unknown = url.replace("upload_id=", "upload_id=x");
    assert_eq!(status(client.part(&unknown, &file, 0..CHUNK)).await, 404);

    assert_eq!(status(part(0..CHUNK)).await, 206);
    assert_eq!(status(part(0..CHUNK)).await, 416, "it has arrived");
    client.channels().end_uploads(&creator.account);
    assert_eq!(status(part(CHUNK..file.len())).await, 403, "the address has expired");
    assert_eq!(client.channels().ledger().posts_by_text(&creator.account), BTreeMap::new());
}

#[tokio::test]
async fn sizes_of_parts_follow_the_rules() {
    let client = Client::new().await;
    let creator = client.channels().account(Site::Tiktok);
    for (size, chunk, count, expected) in [
        (4_000_000, 4_000_000, 1, "ok"),
        (4_000_000, 2_000_000, 2, "invalid_param"),
        (50_000_123, 10_000_000, 5, "ok"),
        (50_000_123, 10_000_000, 6, "invalid_param"),
        (64_000_000, 64_000_000, 1, "ok"),
        (70_000_000, 64_000_000, 1, "invalid_param"),
        (70_000_000, 70_000_000, 1, "invalid_param"),
        (128_000_000, 64_000_000, 2, "ok"),
        (20_000_000, 4_999_999, 4, "invalid_param"),
        (0, 0, 0, "invalid_param"),
        (5_000_000_000_u64, 64_000_000, 78, "invalid_param"),
    ] {
        let mut order = order(1, 1);
        order["source_info"] =
            json!({ "source": "FILE_UPLOAD", "video_size": size, "chunk_size": chunk, "total_chunk_count": count });
        let request = client.post_tiktok(&creator, "video/init", &order);
        assert_eq!(code(request).await, expected, "{size} in {count} parts of {chunk}");
    }
}

#[tokio::test]
async fn the_creator_decides_who_may_see_a_post() {
    let client = Client::new().await;
    let creator = client.channels().account(Site::Tiktok);
    let shown =
        Creator { privacy_levels: vec!["SELF_ONLY"], comment_disabled: true, max_seconds: 60, ..Creator::default() };
    client.channels().set_creator(&creator.account, shown);

    let info = json_of(client.post_tiktok(&creator, "creator_info/query", &json!({}))).await["data"].clone();

    assert_eq!(info["privacy_level_options"], json!(["SELF_ONLY"]));
    assert_eq!((&info["comment_disabled"], &info["max_video_post_duration_sec"]), (&json!(true), &json!(60)));
    let mut order = order(100, 100);
    let begin = |order: &Value| code(client.post_tiktok(&creator, "video/init", order));
    assert_eq!(begin(&order).await, "privacy_level_option_mismatch");
    order["post_info"]["privacy_level"] = "SELF_ONLY".into();
    order["post_info"]["brand_content_toggle"] = true.into();
    assert_eq!(begin(&order).await, "invalid_param", "an advertisement is for others");
    for (name, value) in [("disable_duet", json!("no")), ("tilte", json!("Hi")), ("title", json!("x".repeat(2_201)))] {
        let mut order = order.clone();
        order["post_info"] = json!({ "privacy_level": "SELF_ONLY", name: value });
        assert_eq!(begin(&order).await, "invalid_param", "{name}");
    }
}

#[tokio::test]
async fn photos_and_videos_are_fetched_from_addresses() {
    let client = Client::new().await;
    let creator = client.channels().account(Site::Tiktok);
    let info =
        json!({ "title": "Title", "description": "Photos", "privacy_level": "SELF_ONLY", "auto_add_music": true });
    let photos = |images: Value| {
        let source = json!({ "source": "PULL_FROM_URL", "photo_cover_index": 0, "photo_images": images });
        let order =
            json!({ "media_type": "PHOTO", "post_mode": "DIRECT_POST", "post_info": info, "source_info": source });
        client.post_tiktok(&creator, "content/init", &order)
    };
    assert_eq!(code(photos(json!([]))).await, "invalid_param");
    assert_eq!(code(photos(json!(["http://cdn.example/a.jpg"]))).await, "url_ownership_unverified");

    let begun = json_of(photos(json!(["https://cdn.example/a.jpg", "https://cdn.example/b.jpg"]))).await;

    let id = begun["data"]["publish_id"].as_str().expect("an id").to_owned();
    assert_eq!(fetch(&client, &creator, &id).await["data"]["status"], "PROCESSING_DOWNLOAD");
    let complete = fetch(&client, &creator, &id).await["data"].clone();
    assert_eq!(complete, json!({ "status": "PUBLISH_COMPLETE" }), "nobody else may see it: it has no public id");
    let post = client.channels().ledger().the_only_post(&creator.account, "Photos");
    assert_eq!((&post.title[..], post.media.len(), post.content), ("Title", 2, None));
    let mut pull = order(1, 1);
    pull["source_info"] = json!({ "source": "PULL_FROM_URL", "video_url": "https://cdn.example/a.mp4" });
    assert_eq!(code(client.post_tiktok(&creator, "video/init", &pull)).await, "ok");
    let publications = client.channels().ledger().requests(&creator.account, Step::Publish);
    assert_eq!(publications.iter().filter(|it| it.post.is_some()).count(), 2);
}

#[tokio::test]
async fn an_end_other_than_well_makes_no_post() {
    let client = Client::new().await;
    let file = bytes(1_000);
    for (ending, status, reason) in [
        (Ending::Failed("duration_check_failed".into()), "FAILED", json!("duration_check_failed")),
        (Ending::Failed("spam_risk".into()), "FAILED", json!("spam_risk")),
        (Ending::Stuck, "PROCESSING_UPLOAD", Value::Null),
    ] {
        let creator = client.channels().account(Site::Tiktok);
        client.channels().set_ending(&creator.account, ending);
        client.channels().set_processing(&creator.account, 0);
        let (id, url) = begin(&client, &creator, &order(file.len(), file.len())).await;
        assert_eq!(self::status(client.part(&url, &file, 0..file.len())).await, 201);

        for _ in 0..2 {
            let shown = fetch(&client, &creator, &id).await["data"].clone();
            assert_eq!((&shown["status"], &shown["fail_reason"]), (&json!(status), &reason));
        }
        assert_eq!(client.channels().ledger().posts(&creator.account), []);
    }
}

#[tokio::test]
async fn a_public_id_comes_later() {
    let client = Client::new().await;
    let creator = client.channels().account(Site::Tiktok);
    client.channels().set_processing(&creator.account, 0);
    client.channels().set_id_reads(&creator.account, 2);
    let file = bytes(1_000);
    let (id, url) = begin(&client, &creator, &order(file.len(), file.len())).await;
    assert_eq!(status(client.part(&url, &file, 0..file.len())).await, 201);

    let mut seen = Vec::new();
    for _ in 0..4 {
        let shown = fetch(&client, &creator, &id).await["data"].clone();
        assert_eq!(shown["status"], "PUBLISH_COMPLETE");
        seen.push(shown["publicaly_available_post_id"].clone());
    }

    assert_eq!((&seen[0], &seen[1], seen[2].is_array()), (&Value::Null, &Value::Null, true));
    assert_eq!(seen[2], seen[3]);
}

#[tokio::test]
async fn uploads_are_limited_by_minute_and_by_day() {
    let client = Client::new().await;
    let creator = client.channels().account(Site::Tiktok);
    client.channels().set_inits_per_minute(&creator.account, 6);
    let begin = || client.post_tiktok(&creator, "video/init", &order(100, 100));
    for _ in 0..6 {
        assert_eq!(code(begin()).await, "ok");
    }

    let refused = sent(begin()).await;

    assert_eq!(refused.status().as_u16(), 429);
    let other = client.channels().account(Site::Tiktok);
    client.channels().set_quota(&other.account, Quota { used: 15, total: 15 });
    let refused = sent(client.post_tiktok(&other, "video/init", &order(100, 100))).await;
    assert_eq!(
        (refused.status().as_u16(), code(client.post_tiktok(&other, "video/init", &order(100, 100))).await),
        (403, "spam_risk_too_many_posts".into())
    );
}

#[tokio::test]
async fn an_error_may_come_inside_a_200() {
    let client = Client::new().await;
    let creator = client.channels().account(Site::Tiktok);
    client.channels().play(
        &creator.account,
        Step::Init,
        [
            Script::tiktok_in_200("spam_risk_too_many_posts"),
            Script::tiktok("spam_risk_too_many_posts"),
            Script::ErrorIn200,
        ],
    );

    for (expected, code) in
        [(200, "spam_risk_too_many_posts"), (403, "spam_risk_too_many_posts"), (200, "internal_error")]
    {
        let refused = sent(client.post_tiktok(&creator, "video/init", &order(100, 100))).await;
        let (status, body): (u16, Value) = (refused.status().as_u16(), refused.json().await.expect("JSON"));
        assert_eq!((status, &body["error"]["code"]), (expected, &json!(code)));
        assert!(body["error"]["log_id"].is_string(), "{body}");
    }
}

#[tokio::test]
async fn a_publication_is_shown_to_its_account_only() {
    let client = Client::new().await;
    let [creator, other] = [(), ()].map(|()| client.channels().account(Site::Tiktok));
    let (id, _) = begin(&client, &creator, &order(100, 100)).await;

    let foreign = fetch(&client, &other, &id).await;
    client.channels().expire(&creator.account);
    let expired = sent(client.post_tiktok(&creator, "status/fetch", &json!({ "publish_id": id }))).await;

    assert_eq!(foreign["error"]["code"], "token_not_authorized_for_specified_publish_id");
    assert_eq!(fetch(&client, &other, "v_pub_file~v2.1").await["error"]["code"], "invalid_publish_id");
    assert_eq!(expired.status().as_u16(), 401);
}
