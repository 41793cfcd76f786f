//! YouTube.

use almanac_shared::publishing::{Channel, PublishFormat, options::PrivacyStatus};
use chrono::TimeDelta;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};

use super::{Answered, PATIENCE, Steps, World, client, file, page, sha256};
use crate::outbound::channels::{sandbox::receive::STEP, vendor::TOKEN};

const PART: usize = 256 * 1024;

async fn open(world: &World, size: usize) -> Steps {
    let mut steps = world.video(Channel::Youtube, "UC1", PublishFormat::Video);
    steps.post.options.youtube.privacy_status = Some(PrivacyStatus::Unlisted);
    steps.post.options.youtube.notify_subscribers = Some(false);
    steps.post.entry.caption = "Tom & Anna".to_owned();
    steps.learn("video_size", size);
    steps.learn("content_type", "video/mp4");
    let answered = steps.send("open_session").await;
    assert_eq!(answered.status, 200, "{}", answered.body);
    steps.learn("session_url", answered.header("location"));
    steps
}

async fn probe(steps: &Steps) -> Answered {
    let url = steps.known["session_url"].as_str().unwrap();
    let range = format!("bytes */{}", steps.known["video_size"]);
    Answered::of(client().put(url).header("content-range", range).header("content-length", 0)).await
}

#[tokio::test]
async fn a_video_in_parts_exists_with_its_last_byte() {
    let world = World::new("yt-video").await;
    let file = file(2 * PART + 17);
    let mut steps = open(&world, file.len()).await;
    let nothing = probe(&steps).await;
    assert_eq!((nothing.status.as_u16(), nothing.header("range")), (308, ""));

    let first = steps.chunk(&file, 0, PART - 1).await;
    assert_eq!((first.status.as_u16(), first.header("range")), (308, "bytes=0-262143"));
    let again = steps.chunk(&file, 0, 2 * PART - 1).await;
    assert_eq!((again.status.as_u16(), again.header("range")), (308, "bytes=0-262143"), "bytes that have arrived");
    assert!(world.folder.files("json").is_empty());
    let last = steps.chunk(&file, PART, file.len() - 1).await;
    assert_eq!(last.status, 201);

    let id = last.body["id"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 11);
    let probed = probe(&steps).await;
    assert_eq!((probed.status.as_u16(), &probed.body["id"]), (200, &json!(id)));
    let kept = world.kept();
    let hashes = format!("{}, {}", sha256(&file[..PART]), sha256(&file[PART..]));
    assert_eq!(kept["media"], json!([format!("video, {} bytes in 2 parts, SHA-256 {hashes}", file.len())]));
    assert_eq!(kept["options"]["privacyStatus"], "unlisted");
    assert_eq!(kept["options"]["notifySubscribers"], "false");
    let preview = page(&format!("{}/watch?v={id}", steps.post.base_url)).await;
    assert!(preview.contains("<p>Title\n\nTom &amp; Anna\n\n#a</p>"), "{preview}");
    steps.learn("video_id", id);
    for status in ["uploaded", "processed"] {
        assert_eq!(steps.send("status").await.ok()["items"][0]["status"]["uploadStatus"], status);
    }
    steps.learn("video_id", "AAAAAAAAAAA");
    assert_eq!(steps.send("status").await.ok()["items"], json!([]));
}

#[tokio::test]
async fn the_beginning_of_a_broken_request_is_kept() {
    let world = World::new("yt-broken").await;
    let file = file(4 * PART);
    let mut steps = open(&world, file.len()).await;
    let url = url::Url::parse(steps.known["session_url"].as_str().unwrap()).unwrap();
    let mut socket = TcpStream::connect(("127.0.0.1", url.port().unwrap())).await.unwrap();
    let head = format!(
        "PUT {}?{} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\ncontent-range: bytes 0-{}/{}\r\n\r\n",
        url.path(),
        url.query().unwrap(),
        file.len(),
        file.len() - 1,
        file.len()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(&file[..PART + 5]).await.unwrap();
    drop(socket);

    let kept = async {
        loop {
            let probed = probe(&steps).await;
            if !probed.header("range").is_empty() {
                return probed;
            }
        }
    };
    let probed = timeout(PATIENCE, kept).await.expect("a beginning that is kept");

    assert_eq!(probed.header("range"), format!("bytes=0-{}", STEP - 1));
    assert_eq!(steps.chunk(&file, PART, file.len() - 1).await.status, 201);
    let media = world.kept()["media"][0].as_str().unwrap().to_owned();
    assert!(media.contains(&sha256(&file[..PART])) && media.contains(&sha256(&file[PART..])), "{media}");
}

#[tokio::test]
async fn a_whole_file_needs_no_range() {
    let world = World::new("yt-whole").await;
    let file = file(1_000);
    let steps = open(&world, file.len()).await;
    let url = steps.known["session_url"].as_str().unwrap();

    let answered = Answered::of(client().put(url).body(file.clone())).await;

    assert_eq!(answered.status, 201);
    assert_eq!(world.kept()["media"], json!([format!("video, 1000 bytes, SHA-256 {}", sha256(&file))]));
}

#[tokio::test]
async fn a_wrong_range_is_refused() {
    let world = World::new("yt-range").await;
    let file = file(3 * PART);
    let mut steps = open(&world, file.len()).await;
    let size = file.len();

    assert_eq!(steps.chunk(&file, PART, 2 * PART - 1).await.status, 400, "a gap");
    assert_eq!(steps.chunk(&file, 0, PART).await.status, 400, "no multiple of 256 KiB");
    let url = steps.known["session_url"].as_str().unwrap().to_owned();
    for (range, bytes) in [
        (format!("bytes 0-{}/{}", PART - 1, size + 1), PART),
        (format!("bytes 0-{}/{size}", PART - 1), PART - 1),
        (format!("bytes */{}", size + 1), 0),
        ("bytes 5-1/10".to_owned(), 0),
    ] {
        let request = client().put(&url).header("content-range", &range).body(file[..bytes].to_vec());
        assert_eq!(Answered::of(request).await.status, 400, "{range}");
    }
    assert_eq!(probe(&steps).await.header("range"), "");
    assert_eq!(Answered::of(client().put(format!("{url}0")).body(file.clone())).await.status, 404);
    world.wait(TimeDelta::days(8));
    assert_eq!(probe(&steps).await.status, 410, "a week later");
}

#[tokio::test]
async fn a_video_that_breaks_the_rules_has_no_session() {
    let world = World::new("yt-rules").await;
    let mut steps = open(&world, 1).await;
    steps.learn("video_size", 5);
    let request = steps.request("open_session");
    let reason = async |change: &dyn Fn(&mut Value)| {
        let mut body = request.body.clone();
        change(&mut body);
        let answered = Answered::of(super::start(&request).bearer_auth(TOKEN).body(body.to_string())).await;
        (
            answered.status.as_u16(),
            answered.body["error"]["errors"][0]["reason"].as_str().unwrap_or_default().to_owned(),
        )
    };

    assert_eq!(reason(&|body| body["snippet"]["title"] = "<b>".into()).await, (400, "invalidTitle".to_owned()));
    let description = |body: &mut Value| body["snippet"]["description"] = "é".repeat(2_501).into();
    assert_eq!(reason(&description).await, (400, "invalidDescription".to_owned()));
    let tags = |body: &mut Value| body["snippet"]["tags"] = json!(["x".repeat(501)]);
    assert_eq!(reason(&tags).await, (400, "invalidTags".to_owned()));
    let publish_at = |body: &mut Value| body["status"]["publishAt"] = "2027-01-01T00:00:00Z".into();
    assert_eq!(reason(&publish_at).await, (400, "invalidPublishAt".to_owned()));
    assert_eq!(reason(&|_| ()).await, (200, String::new()));
    let without_token = Answered::of(super::start(&request).body(request.body.to_string())).await;
    assert_eq!(without_token.status, 401);
    steps.learn("video_size", 0);
    assert_eq!(steps.send("open_session").await.body["error"]["errors"][0]["reason"], "mediaBodyRequired");
}
