//! Facebook's videos and reels.

use almanac_shared::publishing::{Channel, PublishFormat};
use serde_json::json;

use super::{Answered, Steps, World, client, file, is_large, page, sha256};
use crate::outbound::channels::vendor::TOKEN;

const VIDEO: &str = "https://media.example/v.mp4";

async fn start(world: &World) -> Steps {
    let mut steps = world.video(Channel::Facebook, "10", PublishFormat::Reel);
    let body = steps.send("start").await.ok();
    assert!(is_large(&body["video_id"]), "{body}");
    for name in ["video_id", "upload_url"] {
        steps.learn(name, body[name].clone());
    }
    steps
}

async fn status(steps: &Steps) -> String {
    steps.send("status").await.ok()["status"]["video_status"].as_str().unwrap().to_owned()
}

async fn get(steps: &Steps, path: &str) -> Answered {
    Answered::of(client().get(format!("{}/v23.0/{path}", steps.post.base_url)).bearer_auth(TOKEN)).await
}

#[tokio::test]
async fn a_video_is_processed_once_and_listed() {
    let world = World::new("fb-video").await;
    let mut steps = world.video(Channel::Facebook, "10", PublishFormat::Video);

    let id = steps.send("publish").await.ok()["id"].clone();

    assert!(is_large(&id), "{id}");
    steps.learn("video_id", id.clone());
    assert_eq!(status(&steps).await, "processing");
    let ready = steps.send("status").await.ok();
    assert_eq!(ready["status"]["video_status"], "ready");
    let preview = page(ready["permalink_url"].as_str().unwrap()).await;
    assert!(preview.contains(VIDEO) && preview.contains("Tom &amp; &lt;Anna&gt;"), "{preview}");
    let listed = get(&steps, "10/videos?fields=id,description").await.ok();
    assert_eq!(listed["data"], json!([{"id": id, "description": "Tom & <Anna>\n\n#a"}]));
    assert_eq!(get(&steps, "10/video_reels?fields=id").await.ok()["data"], json!([]));
    let posts = get(&steps, "10/published_posts?fields=id,message").await.ok();
    let post = posts["data"][0]["id"].as_str().unwrap();
    assert_eq!(post, format!("10_{}", id.as_str().unwrap()));
    assert_eq!(get(&steps, &format!("{post}?fields=id")).await.ok()["id"], post);
}

#[tokio::test]
async fn a_reel_has_three_phases() {
    let world = World::new("fb-reel").await;
    let steps = start(&world).await;
    assert_eq!(status(&steps).await, "uploading");
    assert_eq!(steps.send("publish").await.graph_error(), (6_000, None), "before the upload");

    assert_eq!(steps.send("upload").await.ok(), json!({"success": true}));
    assert_eq!(status(&steps).await, "upload_complete");
    assert!(world.folder.files("json").is_empty());
    assert_eq!(steps.send("publish").await.ok(), json!({"success": true}));
    assert_eq!(steps.send("publish").await.ok(), json!({"success": true}));

    assert_eq!(world.kept()["media"], json!([VIDEO]));
    assert_eq!((status(&steps).await, status(&steps).await), ("processing".to_owned(), "ready".to_owned()));
    let listed = get(&steps, "10/video_reels?fields=id").await.ok();
    assert_eq!(listed["data"], json!([{"id": steps.known["video_id"]}]));
}

#[tokio::test]
async fn a_reel_may_be_uploaded_from_an_offset() {
    let world = World::new("fb-bytes").await;
    let steps = start(&world).await;
    let file = file(1_000);
    let url = steps.known["upload_url"].as_str().unwrap();
    let post = |offset: usize, last: usize, size: usize| {
        let request = client().post(url).header("authorization", format!("OAuth {TOKEN}"));
        Answered::of(request.header("offset", offset).header("file_size", size).body(file[offset..last].to_vec()))
    };

    post(0, 600, 1_000).await.ok();
    assert_eq!(steps.send("publish").await.graph_error(), (6_000, None), "before its end");
    for (offset, last, size) in [(0, 600, 1_000), (700, 1_000, 1_000), (600, 1_000, 1_001)] {
        assert_eq!(post(offset, last, size).await.graph_error(), (100, None), "{offset}");
    }
    post(600, 1_000, 1_000).await.ok();
    steps.send("publish").await.ok();

    let hashes = format!("{}, {}", sha256(&file[..600]), sha256(&file[600..]));
    assert_eq!(world.kept()["media"], json!([format!("video, 1000 bytes in 2 parts, SHA-256 {hashes}")]));
}

#[tokio::test]
async fn a_foreign_or_unknown_video_is_refused() {
    let world = World::new("fb-wrong").await;
    let mut steps = start(&world).await;
    steps.send("upload").await.ok();
    let mut foreign = world.video(Channel::Facebook, "11", PublishFormat::Reel);
    foreign.learn("video_id", steps.known["video_id"].clone());
    assert_eq!(foreign.send("publish").await.graph_error(), (100, None));
    let tokenless = Answered::of(super::start(&steps.request("upload"))).await;
    assert_eq!(tokenless.graph_error(), (190, None));
    steps.learn("video_id", "12");
    assert_eq!(steps.send("status").await.graph_error(), (100, None));
    let url = format!("{}/v23.0/10/videos", steps.post.base_url);
    let request = client().post(url).bearer_auth(TOKEN).header("content-type", "application/json");
    let answered = Answered::of(request.body(json!({"file_url": "file:///etc/passwd"}).to_string())).await;
    assert_eq!(answered.graph_error(), (389, None));
    assert!(world.folder.files("json").is_empty());
}
