//! What processes that share a folder see, and what a page shows.

use almanac_shared::{
    calendar::MediumType::Image,
    publishing::{Channel, PublishFormat},
};
use serde_json::json;
use tokio::{net::TcpStream, time::timeout};
use url::Url;

use super::{PATIENCE, World, client, page};
use crate::outbound::channels::sandbox::Sandbox;

#[tokio::test]
async fn a_process_that_starts_again_listens_where_it_did() {
    let World { folder, sandbox, .. } = World::new("again").await;
    let before = sandbox.base_url(Channel::Youtube);
    let other = Sandbox::start(&folder.0).await.unwrap();
    assert_ne!(other.base_url(Channel::Youtube), before);
    drop(sandbox);

    // The port is free once the runtime has dropped the listener.
    let port = Url::parse(&before).unwrap().port().unwrap();
    let closed = async { while TcpStream::connect(("127.0.0.1", port)).await.is_ok() {} };
    timeout(PATIENCE, closed).await.expect("a closed port");
    let again = Sandbox::start(&folder.0).await.unwrap();

    assert_eq!(again.base_url(Channel::Youtube), before);
    let status = client().get(again.base_url(Channel::Youtube)).send().await.unwrap().status();
    assert_eq!(status, 401, "it answers there");
}

#[tokio::test]
async fn an_upload_goes_on_in_another_process() {
    let world = World::new("other").await;
    let other = Sandbox::start(&world.folder.0).await.unwrap();
    let mut steps = world.video(Channel::Instagram, "17", PublishFormat::Reel);
    let id = steps.send("create_container").await.ok()["id"].clone();
    steps.learn("container_id", id);
    assert_eq!(steps.send("container_status").await.ok()["status_code"], "IN_PROGRESS");

    let here = steps.send("container_status").await.ok();
    steps.post.base_url = other.base_url(Channel::Instagram);
    let there = steps.send("container_status").await.ok();

    assert_eq!((&here["status_code"], &there["status_code"]), (&json!("FINISHED"), &json!("FINISHED")));
    let published = steps.send("publish").await.ok();
    steps.post.base_url = world.sandbox.base_url(Channel::Instagram);
    assert_eq!(steps.send("publish").await.ok(), published);
    world.kept();
}

#[tokio::test]
async fn an_id_that_is_no_name_of_a_file_is_unknown() {
    let world = World::new("long").await;
    for channel in Channel::ALL {
        let base_url = world.sandbox.base_url(*channel);
        for id in ["x".repeat(2_000), "..%2F..%2Fetc%2Fpasswd".to_owned(), "%00".to_owned()] {
            for path in
                [format!("p/{id}"), format!("watch?v={id}"), format!("feed/update/{id}"), format!("@a/video/{id}")]
            {
                let status = client().get(format!("{base_url}/{path}")).send().await.unwrap().status();
                assert!(status.is_client_error(), "{channel} {path}: {status}");
            }
        }
    }
}

#[tokio::test]
async fn nothing_of_a_post_is_markup_on_its_page() {
    let world = World::new("markup").await;
    let url = "https://media.example/\"><script>alert(1)</script>.jpg";
    let mut steps = world.steps(Channel::Instagram, "<b>17", PublishFormat::Post, &[(Image, url)]);
    steps.post.entry.media[0].alt = Some("<img src=x onerror=alert(1)>".to_owned());
    let id = steps.send("create_container").await.ok()["id"].clone();
    steps.learn("container_id", id);
    let media = steps.send("publish").await.ok()["id"].as_str().unwrap().to_owned();

    let shown = page(&format!("{}/p/{media}", steps.post.base_url)).await;

    assert!(shown.contains("&lt;img src=x"), "{shown}");
    for markup in ["<script", "<img", "<b>"] {
        assert!(!shown.contains(markup), "{shown}");
    }
}
