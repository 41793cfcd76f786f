//! LinkedIn's videos.

use almanac_shared::publishing::{Channel, PublishFormat};
use serde_json::{Value, json};

use super::{Answered, Steps, World, client, file, page, sha256};
use crate::outbound::channels::vendor::TOKEN;

const PART: usize = 4 * 1024 * 1024;

async fn initialize(world: &World, size: usize) -> (Steps, Vec<Value>) {
    let mut steps = world.video(Channel::Linkedin, "urn:li:person:AbC", PublishFormat::Video);
    steps.learn("video_size", size);
    let value = steps.send("initialize_video").await.ok()["value"].clone();
    steps.learn("video_urn", value["video"].clone());
    steps.learn("upload_token", value["uploadToken"].clone());
    (steps, value["uploadInstructions"].as_array().unwrap().clone())
}

async fn upload(steps: &mut Steps, instruction: &Value, file: &[u8]) -> Answered {
    let at = |name: &str| usize::try_from(instruction[name].as_u64().unwrap()).unwrap();
    steps.learn("part_upload_url", instruction["uploadUrl"].clone());
    steps.upload("upload_video", file[at("firstByte")..=at("lastByte")].to_vec()).await
}

#[tokio::test]
async fn a_video_in_parts_is_posted_when_it_is_available() {
    let world = World::new("li-video").await;
    let file = file(PART + 3);
    let (mut steps, instructions) = initialize(&world, file.len()).await;
    assert_eq!(instructions.len(), 2);
    let mut etags = Vec::new();
    // Parts may come in any order.
    for instruction in instructions.iter().rev() {
        let answered = upload(&mut steps, instruction, &file).await;
        assert_eq!(answered.status, 200);
        etags.insert(0, answered.header("etag").to_owned());
    }
    assert_eq!(steps.send("video_status").await.ok()["status"], "WAITING_UPLOAD");
    // With quotes and without.
    steps.learn("part_etags", json!([etags[0], etags[1].trim_matches('"')]));
    assert_eq!(steps.send("finalize_video").await.status, 200);
    assert_eq!(steps.send("create_post").await.status, 422, "before it is available");
    assert_eq!(steps.send("video_status").await.ok()["status"], "PROCESSING");
    assert_eq!(steps.send("video_status").await.ok()["status"], "AVAILABLE");

    let posted = steps.send("create_post").await;

    assert_eq!(posted.status, 201);
    let urn = posted.header("x-restli-id");
    assert!(urn.starts_with("urn:li:ugcPost:"), "{urn}");
    let hashes = format!("{}, {}", sha256(&file[..PART]), sha256(&file[PART..]));
    let video = steps.known["video_urn"].as_str().unwrap();
    assert_eq!(world.kept()["media"], json!([format!("{video}, {} bytes in 2 parts, SHA-256 {hashes}", file.len())]));
    let preview = page(&format!("{}/feed/update/{urn}", steps.post.base_url)).await;
    assert!(preview.contains("<dt>visibility</dt><dd>PUBLIC</dd>"), "{preview}");
}

#[tokio::test]
async fn a_wrong_part_is_refused() {
    let world = World::new("li-part").await;
    let file = file(10);
    let (mut steps, instructions) = initialize(&world, file.len()).await;
    let url = instructions[0]["uploadUrl"].as_str().unwrap();
    let put = |url: &str| client().put(url).body(file.clone());

    assert_eq!(Answered::of(put(url).bearer_auth(TOKEN)).await.status, 400);
    assert_eq!(Answered::of(put(url).header("linkedin-version", "202607")).await.status, 400);
    assert_eq!(Answered::of(client().put(url).body("short")).await.status, 400);
    let other = format!("{}1", &url[..url.len() - 1]);
    assert_eq!(Answered::of(put(&other)).await.status, 404, "no such part");
    steps.learn("part_etags", json!([sha256(&file)]));
    assert_eq!(steps.send("finalize_video").await.status, 422, "before the part has arrived");
    assert_eq!(upload(&mut steps, &instructions[0], &file).await.status, 200);
    assert_eq!(upload(&mut steps, &instructions[0], &file).await.status, 200, "again");
    steps.learn("part_etags", json!(["other"]));
    assert_eq!(steps.send("finalize_video").await.status, 422);
    steps.learn("part_etags", json!([]));
    assert_eq!(steps.send("finalize_video").await.status, 422);
}
