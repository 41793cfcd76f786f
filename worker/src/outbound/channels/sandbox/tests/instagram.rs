//! Instagram.

use std::fs;

use almanac_shared::{
    calendar::MediumType::{Image, Video},
    publishing::{Channel, PublishFormat},
};
use chrono::TimeDelta;
use serde_json::json;

use super::{Answered, Steps, World, client, is_large, page};
use crate::outbound::channels::vendor::TOKEN;

const PICTURE: &str = "https://media.example/a.jpg";

async fn create(steps: &mut Steps, step: &str, name: &str) {
    let id = steps.send(step).await.ok()["id"].clone();
    assert!(is_large(&id), "{id}");
    steps.learn(name, id);
}

#[tokio::test]
async fn a_picture_is_published_once_per_container() {
    let world = World::new("ig-picture").await;
    let mut steps = world.steps(Channel::Instagram, "17", PublishFormat::Post, &[(Image, PICTURE)]);
    let limit = steps.send("check_quota").await.ok();
    assert_eq!(limit["data"][0]["quota_usage"], 0);
    assert_eq!(limit["data"][0]["config"]["quota_duration"], 86_400);
    create(&mut steps, "create_container", "container_id").await;
    assert_eq!(steps.send("container_status").await.ok()["status_code"], "FINISHED");

    let media = steps.send("publish").await.ok()["id"].clone();

    assert_eq!(steps.send("publish").await.ok()["id"], media);
    assert_ne!(media, steps.known["container_id"]);
    assert_eq!(steps.send("container_status").await.ok()["status_code"], "PUBLISHED");
    assert_eq!(steps.send("check_quota").await.ok()["data"][0]["quota_usage"], 1);
    assert_eq!(world.kept()["media"], json!([PICTURE]));
    steps.learn("media_id", media.clone());
    let shown = steps.send("permalink").await.ok();
    let preview = page(shown["permalink"].as_str().unwrap()).await;
    assert!(preview.contains("<p>Tom &amp; &lt;Anna&gt;\n\n#a</p>") && preview.contains(PICTURE), "{preview}");
    let list = format!("{}/v23.0/17/media?fields=id,caption,timestamp,permalink", steps.post.base_url);
    let listed = Answered::of(client().get(list).bearer_auth(TOKEN)).await.ok();
    assert_eq!((&listed["data"][0]["id"], &listed["data"][0]["permalink"]), (&media, &shown["permalink"]));
}

#[tokio::test]
async fn a_reel_is_in_progress_once_and_not_published_before() {
    let world = World::new("ig-reel").await;
    let mut steps = world.video(Channel::Instagram, "17", PublishFormat::Reel);
    steps.post.options.instagram.share_to_feed = Some(true);
    create(&mut steps, "create_container", "container_id").await;

    assert_eq!(steps.send("publish").await.graph_error(), (9_007, Some(2_207_027)));
    assert_eq!(steps.send("container_status").await.ok()["status_code"], "IN_PROGRESS");
    assert_eq!(steps.send("container_status").await.ok()["status_code"], "FINISHED");
    steps.send("publish").await.ok();

    assert_eq!(world.kept()["options"], json!({"media_type": "REELS", "share_to_feed": true}));
}

#[tokio::test]
async fn a_story_has_no_caption() {
    let world = World::new("ig-story").await;
    let mut steps = world.steps(Channel::Instagram, "17", PublishFormat::Story, &[(Image, PICTURE)]);
    create(&mut steps, "create_container", "container_id").await;
    steps.send("publish").await.ok();

    let kept = world.kept();

    assert_eq!((&kept["text"], &kept["options"]["media_type"]), (&json!(""), &json!("STORIES")));
}

#[tokio::test]
async fn a_carousel_needs_finished_items() {
    let world = World::new("ig-carousel").await;
    let video = "https://media.example/v.mp4";
    let media = [(Image, PICTURE), (Video, video)];
    let mut steps = world.steps(Channel::Instagram, "17", PublishFormat::Carousel, &media);
    create(&mut steps, "create_item_1", "item_1_id").await;
    create(&mut steps, "create_item_2", "item_2_id").await;
    assert_eq!(steps.send("create_container").await.graph_error(), (9_007, Some(2_207_027)));
    assert_eq!(steps.send("item_2_status").await.ok()["status_code"], "IN_PROGRESS");
    create(&mut steps, "create_container", "container_id").await;
    assert_eq!(steps.send("container_status").await.ok()["status_code"], "IN_PROGRESS");
    assert_eq!(steps.send("container_status").await.ok()["status_code"], "FINISHED");

    steps.send("publish").await.ok();

    assert_eq!(world.kept()["media"], json!([PICTURE, video]));
    steps.learn("container_id", steps.known["item_1_id"].clone());
    assert_eq!(steps.send("publish").await.graph_error(), (100, None));
    steps.learn("item_2_id", steps.known["item_1_id"].clone());
    assert_eq!(steps.send("create_container").await.graph_error(), (100, Some(2_207_028)));
}

#[tokio::test]
async fn an_unknown_foreign_or_expired_container_is_not_published() {
    let world = World::new("ig-expired").await;
    let mut steps = world.steps(Channel::Instagram, "17", PublishFormat::Post, &[(Image, PICTURE)]);
    create(&mut steps, "create_container", "container_id").await;
    let mut foreign = world.steps(Channel::Instagram, "18", PublishFormat::Post, &[(Image, PICTURE)]);
    for id in [steps.known["container_id"].clone(), "12".into(), "../../x".into()] {
        foreign.learn("container_id", id);
        assert_eq!(foreign.send("publish").await.graph_error(), (24, Some(2_207_006)));
    }

    world.wait(TimeDelta::hours(25));

    assert_eq!(steps.send("container_status").await.ok()["status_code"], "EXPIRED");
    assert_eq!(steps.send("publish").await.graph_error(), (24, Some(2_207_008)));
    assert!(world.folder.files("json").is_empty());
}

#[tokio::test]
async fn a_wrong_container_is_refused() {
    let world = World::new("ig-wrong").await;
    let url = format!("{}/v23.0/17/media", world.sandbox.base_url(Channel::Instagram));
    let post = |form: &'static str| {
        let request = client().post(&url).header("content-type", "application/x-www-form-urlencoded").body(form);
        Answered::of(request)
    };
    for form in [
        "access_token=t&caption=x",
        "access_token=t&image_url=file:///etc/passwd",
        "access_token=t&image_url=https://a/1&video_url=https://a/2",
        "access_token=t&video_url=https://a/2&media_type=VIDEO",
        "access_token=t&image_url=https://a/1&media_type=REELS",
    ] {
        assert_eq!(post(form).await.graph_error(), (100, None), "{form}");
    }
    assert_eq!(post("image_url=https://a/1").await.graph_error(), (190, None));
    assert!(is_large(&post("access_token=t&image_url=https://a/1").await.ok()["id"]));
    let long = client().post(format!("{url}?access_token=t&image_url=https://a/1&caption={}", "x".repeat(2_201)));
    assert_eq!(Answered::of(long).await.graph_error(), (36_004, Some(2_207_010)));
}

#[tokio::test]
async fn the_quota_ends_publishing_for_a_day() {
    let world = World::new("ig-quota").await;
    let mut steps = world.steps(Channel::Instagram, "17", PublishFormat::Post, &[(Image, PICTURE)]);
    create(&mut steps, "create_container", "container_id").await;
    steps.send("publish").await.ok();
    let mut post = world.kept();
    for number in 1..100 {
        post["id"] = number.to_string().into();
        fs::write(world.folder.0.join(format!("{number}.json")), post.to_string()).unwrap();
    }
    create(&mut steps, "create_container", "container_id").await;

    assert_eq!(steps.send("publish").await.graph_error(), (9, Some(2_207_042)));

    world.wait(TimeDelta::hours(24));
    steps.send("publish").await.ok();
}
