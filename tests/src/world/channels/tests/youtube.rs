//! YouTube: sessions, parts, what is kept of them, probes, states of videos, quota, and what it refuses.

use super::*;

/// Sizes of parts are multiples of it.
const STEP: usize = 256 << 10;

fn resource() -> Value {
    json!({
        "snippet": { "title": "Title", "description": "Text", "tags": ["a", "two words"], "categoryId": "22" },
        "status": { "privacyStatus": "private", "selfDeclaredMadeForKids": false },
    })
}

fn open(client: &Client, channel: &Grant, size: usize, resource: &Value) -> RequestBuilder {
    let path = "/youtube/upload/youtube/v3/videos?uploadType=resumable&part=snippet,status";
    let request = client.request(Method::POST, path).bearer_auth(&channel.access_token).json(resource);
    request.header("x-upload-content-length", size).header("x-upload-content-type", "video/mp4")
}

async fn session(client: &Client, channel: &Grant, size: usize) -> String {
    let opened = sent(open(client, channel, size, &resource())).await;
    assert_eq!(opened.status().as_u16(), 200);
    opened.headers()["location"].to_str().expect("text").to_owned()
}

fn probe(client: &Client, session: &str, size: usize) -> RequestBuilder {
    client.http.put(session).header("content-range", format!("bytes */{size}")).header("content-length", "0")
}

/// Status and `Range` of an answer.
async fn range(request: RequestBuilder) -> (u16, Option<String>) {
    let answer = sent(request).await;
    let range = answer.headers().get("range").map(|range| range.to_str().expect("text").to_owned());
    (answer.status().as_u16(), range)
}

fn reason(error: &Value) -> &str {
    error["error"]["errors"][0]["reason"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_video_exists_once_its_last_byte_has_arrived() {
    let client = Client::new().await;
    let channel = client.channels().account(Site::Youtube);
    let file = bytes(2 * STEP + 1_000);
    let session = session(&client, &channel, file.len()).await;

    assert_eq!(range(probe(&client, &session, file.len())).await, (308, None));
    assert_eq!(range(client.part(&session, &file, 0..STEP)).await, (308, Some("bytes=0-262143".into())));
    assert_eq!(range(probe(&client, &session, file.len())).await, (308, Some("bytes=0-262143".into())));
    assert_eq!(client.channels().ledger().posts(&channel.account), []);
    let made = sent(client.part(&session, &file, STEP..file.len())).await;

    let (code, made): (u16, Value) = (made.status().as_u16(), made.json().await.expect("JSON"));
    let post = client.channels().ledger().the_only_post(&channel.account, "Text");
    assert_eq!((code, &made["id"], made["id"].as_str().map(str::len)), (201, &json!(post.id), Some(11)));
    assert_eq!((&post.title[..], post.content), ("Title", Some(content(&file))));
    let again = sent(probe(&client, &session, file.len())).await;
    assert_eq!(
        (again.status().as_u16(), again.json::<Value>().await.expect("JSON")["id"].clone()),
        (200, made["id"].clone())
    );
    let steps: Vec<_> = client.channels().ledger().exchanges().into_iter().filter_map(|it| it.step).collect();
    assert_eq!(steps, [Step::Init, Step::Probe, Step::Chunk, Step::Probe, Step::Publish, Step::Probe]);
}

#[tokio::test]
async fn a_whole_file_needs_no_range() {
    let client = Client::new().await;
    let channel = client.channels().account(Site::Youtube);
    let file = bytes(1_000);
    let session = session(&client, &channel, file.len()).await;

    assert_eq!(status(client.http.put(&session).body(file.clone())).await, 201);
    assert_eq!(client.channels().ledger().the_only_post(&channel.account, "Text").content, Some(content(&file)));
}

#[tokio::test]
async fn a_part_at_a_wrong_place_or_of_a_wrong_size_is_refused() {
    let client = Client::new().await;
    let channel = client.channels().account(Site::Youtube);
    let file = bytes(4 * STEP);
    let session = session(&client, &channel, file.len()).await;
    let part = |range| client.part(&session, &file, range);

    assert_eq!(status(part(STEP..2 * STEP)).await, 400, "a part is missing");
    assert_eq!(status(part(0..STEP + 1)).await, 400, "no multiple of 256 KiB");
    assert_eq!(status(client.part(&session, &file[..3 * STEP], 0..STEP)).await, 400, "the size is another one");
    assert_eq!(status(with(part(0..STEP), "content-range", "bytes 0-5")).await, 400);
    assert_eq!(status(part(0..STEP)).await, 308);
    assert_eq!(status(part(0..STEP)).await, 400, "it has arrived");
    assert_eq!(status(probe(&client, &session, 7)).await, 400);

    assert_eq!(range(probe(&client, &session, file.len())).await.1, Some("bytes=0-262143".into()));
    let unknown = session.replace("upload_id=", "upload_id=x");
    assert_eq!(status(probe(&client, &unknown, file.len())).await, 404);
}

#[tokio::test]
async fn fewer_bytes_may_be_kept_than_were_sent() {
    let client = Client::new().await;
    let channel = client.channels().account(Site::Youtube);
    let file = bytes(4 * STEP);
    let session = session(&client, &channel, file.len()).await;
    let scripts = [Script::Keep(0), Script::Keep(STEP as u64 + 5), Script::Ok];
    client.channels().play(&channel.account, Step::Chunk, scripts);
    client.channels().play(&channel.account, Step::Publish, [Script::Keep(STEP as u64), Script::Ok]);
    let part = |range| client.part(&session, &file, range);

    assert_eq!(range(part(0..2 * STEP)).await, (308, None), "nothing is kept");
    assert_eq!(range(part(0..2 * STEP)).await, (308, Some("bytes=0-262143".into())));
    assert_eq!(range(part(STEP..2 * STEP)).await, (308, Some("bytes=0-524287".into())));
    assert_eq!(range(part(2 * STEP..4 * STEP)).await, (308, Some("bytes=0-786431".into())));
    assert_eq!(status(part(3 * STEP..4 * STEP)).await, 201);

    assert_eq!(client.channels().ledger().the_only_post(&channel.account, "Text").content, Some(content(&file)));
}

#[tokio::test]
async fn a_part_that_is_refused_or_whose_answer_is_lost_can_be_resumed() {
    let client = Client::new().await;
    let channel = client.channels().account(Site::Youtube);
    let file = bytes(3 * STEP);
    let session = session(&client, &channel, file.len()).await;
    client.channels().play(
        &channel.account,
        Step::Chunk,
        [Script::status(503), Script::AcceptThenStatus(503), Script::Ok],
    );
    client.channels().play(&channel.account, Step::Publish, [Script::AcceptThenReset]);
    let part = |range| client.part(&session, &file, range);

    assert_eq!(status(part(0..STEP)).await, 503);
    assert_eq!(range(probe(&client, &session, file.len())).await, (308, None));
    assert_eq!(status(part(0..STEP)).await, 503);
    assert_eq!(range(probe(&client, &session, file.len())).await, (308, Some("bytes=0-262143".into())));
    assert!(part(STEP..3 * STEP).send().await.is_err());

    let post = client.channels().ledger().the_only_post(&channel.account, "Text");
    let found = sent(probe(&client, &session, file.len())).await;
    assert_eq!(found.status().as_u16(), 200);
    assert_eq!(found.json::<Value>().await.expect("JSON")["id"], post.id);
}

#[tokio::test]
async fn a_session_ends_and_another_one_begins_at_the_start() {
    let client = Client::new().await;
    let channel = client.channels().account(Site::Youtube);
    let file = bytes(2 * STEP);
    let first = session(&client, &channel, file.len()).await;
    assert_eq!(status(client.part(&first, &file, 0..STEP)).await, 308);

    client.channels().end_uploads(&channel.account);

    assert_eq!(status(probe(&client, &first, file.len())).await, 404);
    assert_eq!(status(client.part(&first, &file, STEP..2 * STEP)).await, 404);
    let second = session(&client, &channel, file.len()).await;
    assert_eq!(range(probe(&client, &second, file.len())).await, (308, None));
    client.channels().play(&channel.account, Step::Probe, [Script::status(410)]);
    assert_eq!(status(probe(&client, &second, file.len())).await, 410);
}

#[tokio::test]
async fn a_video_is_processed_or_fails_or_is_rejected() {
    let client = Client::new().await;
    let file = bytes(100);
    for (ending, shown, word) in [
        (Ending::Ready, json!({ "uploadStatus": "processed", "privacyStatus": "private" }), "succeeded"),
        (
            Ending::Failed("codec".into()),
            json!({ "uploadStatus": "failed", "failureReason": "codec", "privacyStatus": "private" }),
            "failed",
        ),
        (
            Ending::Rejected("duplicate".into()),
            json!({ "uploadStatus": "rejected", "rejectionReason": "duplicate", "privacyStatus": "private" }),
            "terminated",
        ),
    ] {
        let channel = client.channels().account(Site::Youtube);
        client.channels().set_ending(&channel.account, ending);
        let session = session(&client, &channel, file.len()).await;
        assert_eq!(status(client.part(&session, &file, 0..file.len())).await, 201);
        let id = client.channels().ledger().the_only_post(&channel.account, "Text").id;
        let read = || {
            let path = format!("/youtube/youtube/v3/videos?part=status,processingDetails&id={id}");
            json_of(client.request(Method::GET, &path).bearer_auth(&channel.access_token))
        };

        assert_eq!(read().await["items"][0]["status"]["uploadStatus"], "uploaded");
        let item = read().await["items"][0].clone();

        assert_eq!((&item["status"], &item["processingDetails"]["processingStatus"]), (&shown, &json!(word)));
    }
}

#[tokio::test]
async fn the_quota_of_uploads_ends_before_a_session() {
    let client = Client::new().await;
    let channel = client.channels().account(Site::Youtube);
    client.channels().set_quota(&channel.account, Quota { used: 99, total: 100 });
    session(&client, &channel, 100).await;

    let refused = sent(open(&client, &channel, 100, &resource())).await;

    assert_eq!(refused.status().as_u16(), 403);
    assert_eq!(reason(&refused.json().await.expect("JSON")), "quotaExceeded");
    let scripts = ["uploadLimitExceeded", "rateLimitExceeded", "youtubeSignupRequired"];
    client.channels().play(&channel.account, Step::Init, scripts.map(Script::google));
    for (name, expected) in scripts.iter().zip([400, 403, 401]) {
        let refused = sent(open(&client, &channel, 100, &resource())).await;
        assert_eq!(refused.status().as_u16(), expected);
        assert_eq!(&reason(&refused.json().await.expect("JSON")), name);
    }
}

#[tokio::test]
async fn a_session_is_refused_for_what_is_wrong_with_its_video() {
    let client = Client::new().await;
    let channel = client.channels().account(Site::Youtube);
    for (pointer, value, expected) in [
        ("/snippet/title", json!(""), "invalidTitle"),
        ("/snippet/title", json!("x".repeat(101)), "invalidTitle"),
        ("/snippet/title", json!("a > b"), "invalidTitle"),
        ("/snippet/description", json!("é".repeat(2_501)), "invalidDescription"),
        ("/snippet/tags", json!(["x".repeat(501)]), "invalidTags"),
        ("/snippet/tags", json!("a,b"), "invalidTags"),
        ("/snippet/categoryId", json!("music"), "invalidCategoryId"),
        ("/status/privacyStatus", json!("hidden"), "invalidVideoMetadata"),
        ("/status/selfDeclaredMadeForKids", json!("no"), "invalidVideoMetadata"),
        ("/status", json!({ "privacyStatus": "public", "publishAt": "2027-01-01T00:00:00Z" }), "invalidPublishAt"),
        ("/status", json!({ "privacy": "public" }), "invalidVideoMetadata"),
    ] {
        let mut resource = resource();
        *resource.pointer_mut(pointer).expect("a member") = value;
        let refused = json_of(open(&client, &channel, 100, &resource)).await;
        assert_eq!(reason(&refused), expected, "{pointer}: {refused}");
    }
    let of_kind = with(open(&client, &channel, 100, &resource()), "x-upload-content-type", "text/plain");
    assert_eq!(status(of_kind).await, 400);
    client.channels().expire(&channel.account);
    assert_eq!(reason(&json_of(open(&client, &channel, 100, &resource())).await), "authError");
}
