//! TikTok.

use almanac_shared::{
    calendar::MediumType::Image,
    publishing::{Channel, PublishFormat, options::PrivacyLevel},
};
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Answered, Steps, World, client, file, is_large, page, sha256};
use crate::outbound::channels::vendor::TOKEN;

const MB: usize = 1_000_000;

/// A video whose parts are announced.
async fn init(world: &World, size: usize, chunk: usize) -> Steps {
    let mut steps = world.video(Channel::Tiktok, "open-id", PublishFormat::Video);
    plan(&mut steps, size, chunk, size / chunk);
    let data = steps.send("init_video").await.ok()["data"].clone();
    for name in ["publish_id", "upload_url"] {
        steps.learn(name, data[name].clone());
    }
    steps.learn("content_type", "video/mp4");
    steps
}

fn plan(steps: &mut Steps, size: usize, chunk: usize, count: usize) {
    for (name, value) in [("video_size", size), ("chunk_size", chunk), ("chunk_count", count)] {
        steps.learn(name, value);
    }
}

async fn status(steps: &Steps) -> Value {
    let body = steps.send("status").await.ok();
    assert_eq!(body["error"]["code"], "ok");
    body["data"].clone()
}

#[tokio::test]
async fn every_privacy_level_is_offered() {
    let world = World::new("tt-creator").await;
    let steps = world.video(Channel::Tiktok, "open-id", PublishFormat::Video);

    let body = steps.send("creator_info").await.ok();

    assert_eq!(body["data"]["privacy_level_options"], json!(PrivacyLevel::ALL));
    assert_eq!((&body["error"]["code"], &body["data"]["comment_disabled"]), (&json!("ok"), &json!(false)));
}

#[tokio::test]
async fn a_video_in_parts_is_published_with_its_last_byte() {
    let world = World::new("tt-video").await;
    let file = file(11 * MB + 23);
    let mut steps = init(&world, file.len(), 5 * MB).await;
    assert_eq!(status(&steps).await, json!({"status": "PROCESSING_UPLOAD", "uploaded_bytes": 0}));

    let first = steps.chunk(&file, 0, 5 * MB - 1).await;
    assert_eq!(first.status, 206);
    assert_eq!(first.header("content-range"), "bytes 0-4999999/11000023");
    assert_eq!(status(&steps).await["uploaded_bytes"], 5 * MB);
    assert_eq!(steps.chunk(&file, 0, 5 * MB - 1).await.status, 416, "a repeated part");
    assert!(world.folder.files("json").is_empty());
    assert_eq!(steps.chunk(&file, 5 * MB, file.len() - 1).await.status, 201);

    let kept = world.kept();
    let hashes = format!("{}, {}", sha256(&file[..5 * MB]), sha256(&file[5 * MB..]));
    assert_eq!(kept["media"], json!([format!("video, 11000023 bytes in 2 parts, SHA-256 {hashes}")]));
    assert_eq!(kept["options"]["privacy_level"], "PUBLIC_TO_EVERYONE");
    assert!(!kept.to_string().contains(TOKEN));
    assert_eq!(status(&steps).await["status"], "PROCESSING_UPLOAD");
    let complete = status(&steps).await;
    assert_eq!(complete["status"], "PUBLISH_COMPLETE");
    let id = &complete["publicaly_available_post_id"][0];
    assert!(id.is_u64() && is_large(id), "{id}");
    let preview = page(&format!("{}/@sandbox/video/{id}", steps.post.base_url)).await;
    assert!(preview.contains("<dt>privacy_level</dt><dd>PUBLIC_TO_EVERYONE</dd>"), "{preview}");
}

#[tokio::test]
async fn a_private_post_has_no_public_id() {
    let world = World::new("tt-private").await;
    let mut steps = world.steps(Channel::Tiktok, "open-id", PublishFormat::Post, &[(Image, "https://a/1.jpg")]);
    steps.post.options.tiktok.privacy_level = Some(PrivacyLevel::OnlySelf);
    let id = steps.send("init_photos").await.ok()["data"]["publish_id"].clone();
    steps.learn("publish_id", id);

    assert_eq!(status(&steps).await, json!({"status": "PROCESSING_DOWNLOAD", "downloaded_bytes": 0}));
    assert_eq!(status(&steps).await, json!({"status": "PUBLISH_COMPLETE", "publicaly_available_post_id": []}));
    assert_eq!(world.kept()["text"], "Title\n\nTom & <Anna>\n\n#a");
}

#[tokio::test]
async fn a_video_may_be_fetched_by_tiktok() {
    let world = World::new("tt-pull").await;
    let mut steps = world.video(Channel::Tiktok, "open-id", PublishFormat::Video);
    let mut request = steps.request("init_video");
    request.body["source_info"] = json!({"source": "PULL_FROM_URL", "video_url": "https://a/v.mp4"});
    let send =
        async |body: &Value| Answered::of(super::start(&request).bearer_auth(TOKEN).body(body.to_string())).await;

    let data = send(&request.body).await.ok()["data"].clone();

    assert!(data.get("upload_url").is_none());
    steps.learn("publish_id", data["publish_id"].clone());
    assert_eq!(status(&steps).await["status"], "PROCESSING_DOWNLOAD");
    assert_eq!(status(&steps).await["status"], "PUBLISH_COMPLETE");
    assert_eq!(world.kept()["media"], json!(["https://a/v.mp4"]));
    let mut plain = request.body.clone();
    plain["source_info"]["video_url"] = "http://a/v.mp4".into();
    assert_eq!(send(&plain).await.body["error"]["code"], "url_ownership_unverified");
}

#[tokio::test]
async fn parts_that_break_the_rules_are_not_planned() {
    let world = World::new("tt-plan").await;
    let mut steps = world.video(Channel::Tiktok, "open-id", PublishFormat::Video);
    for (size, chunk, count) in [
        (0, 0, 0),
        (4 * MB, 5 * MB, 1),
        (4 * MB, 2 * MB, 2),
        (50_000_123, 10 * MB, 6),
        (100 * MB, 100 * MB, 1),
        (100 * MB, 64 * MB, 1),
        (20 * MB, 4 * MB, 5),
        (5_000 * MB, 10 * MB, 500),
    ] {
        plan(&mut steps, size, chunk, count);
        let answered = steps.send("init_video").await;
        assert_eq!(
            (answered.status.as_u16(), &answered.body["error"]["code"]),
            (400, &json!("invalid_params")),
            "{size}"
        );
    }
    for (size, chunk, count) in
        [(1, 1, 1), (4 * MB, 4 * MB, 1), (64 * MB, 64 * MB, 1), (50_000_123, 10 * MB, 5), (128 * MB, 64 * MB, 2)]
    {
        plan(&mut steps, size, chunk, count);
        steps.send("init_video").await.ok();
    }
    steps.post.options.tiktok.brand_organic = Some(true);
    plan(&mut steps, 1, 1, 1);
    let mut request = steps.request("init_video");
    request.body["post_info"]["privacy_level"] = "EVERYONE".into();
    let answered = Answered::of(super::start(&request).bearer_auth(TOKEN).body(request.body.to_string())).await;
    assert_eq!(answered.body["error"]["code"], "privacy_level_option_mismatch");
}

#[tokio::test]
async fn a_wrong_part_is_refused() {
    let world = World::new("tt-part").await;
    let file = file(1_000);
    let mut steps = init(&world, file.len(), file.len()).await;
    let url = steps.known["upload_url"].as_str().unwrap().to_owned();
    let put = |url: &str, kind: &str, range: &str, bytes: usize| {
        let request = client().put(url).header("content-type", kind).header("content-range", range);
        request.body(file[..bytes].to_vec())
    };
    let status_of = async |request: reqwest::RequestBuilder| Answered::of(request).await.status.as_u16();

    assert_eq!(status_of(put(&url, "text/plain", "bytes 0-999/1000", 1_000)).await, 400);
    assert_eq!(status_of(put(&url, "video/mp4", "bytes 0-999/1001", 1_000)).await, 400);
    assert_eq!(status_of(put(&url, "video/mp4", "bytes 0-999/1000", 999)).await, 400);
    assert_eq!(status_of(put(&url, "video/mp4", "bytes 0-499/1000", 500)).await, 400, "not the announced size");
    assert_eq!(status_of(put(&url, "video/mp4", "bytes 1-999/1000", 999)).await, 416);
    assert_eq!(status_of(put(&url, "video/mp4", "bytes 0-999/1000", 1_000).bearer_auth(TOKEN)).await, 400);
    assert_eq!(status_of(put(&url.replace("_id=", "_id=1"), "video/mp4", "bytes 0-999/1000", 1_000)).await, 404);
    assert_eq!(status_of(put(&format!("{url}x"), "video/mp4", "bytes 0-999/1000", 1_000)).await, 403);
    assert_eq!(status(&steps).await["uploaded_bytes"], 0);
    world.wait(TimeDelta::minutes(61));
    assert_eq!(steps.chunk(&file, 0, 999).await.status, 403, "an hour later");
}

#[tokio::test]
async fn an_unknown_post_and_a_missing_token_are_errors() {
    let world = World::new("tt-unknown").await;
    let mut steps = init(&world, 1, 1).await;
    let number = steps.known["publish_id"].as_str().unwrap().rsplit('.').next().unwrap().to_owned();
    for id in ["v_pub_file~v2-1.12".to_owned(), format!("p_pub_url~v2.{number}"), number] {
        steps.learn("publish_id", id);
        let answered = steps.send("status").await;
        assert_eq!((answered.status.as_u16(), &answered.body["error"]["code"]), (400, &json!("invalid_publish_id")));
    }
    let answered = steps.upload("status", b"{}".to_vec()).await;
    assert_eq!((answered.status.as_u16(), &answered.body["error"]["code"]), (401, &json!("access_token_invalid")));
}
