//! Uploads that break off, wait or go wrong, and that their bytes are not kept in memory.

use futures_util::stream;
use tokio::io::AsyncWriteExt;

use super::*;

const STEP: usize = 256 << 10;

async fn session(client: &Client, channel: &Grant, size: usize) -> String {
    let path = "/youtube/upload/youtube/v3/videos?uploadType=resumable&part=snippet,status";
    let body = json!({ "snippet": { "title": "Title", "description": "Text" }, "status": {} });
    let request = client.request(Method::POST, path).bearer_auth(&channel.access_token).json(&body);
    let opened = sent(request.header("x-upload-content-length", size)).await;
    opened.headers()["location"].to_str().expect("text").to_owned()
}

/// How many bytes of a session have arrived.
async fn arrived(client: &Client, session: &str) -> usize {
    let probe = client.http.put(session).header("content-range", "bytes */*").header("content-length", "0");
    let answer = sent(probe).await;
    assert_eq!(answer.status().as_u16(), 308);
    let range = answer.headers().get("range").map(|range| range.to_str().expect("text").to_owned());
    range.map_or(0, |range| range.trim_start_matches("bytes=0-").parse::<usize>().expect("a number") + 1)
}

#[tokio::test]
async fn a_part_that_the_network_cuts_off_is_kept_to_a_boundary() {
    let client = Client::new().await;
    let channel = client.channels().account(Site::Youtube);
    let file = bytes(8 * STEP);
    let session = session(&client, &channel, file.len()).await;
    let cut = Script::CutAfter(3 * STEP as u64 + 77);
    client.channels().play(&channel.account, Step::Publish, [cut, Script::CutAfter(10 * STEP as u64)]);

    assert!(client.part(&session, &file, 0..file.len()).send().await.is_err());

    let exchange = client.channels().wait_until_ended(&channel.account, Step::Publish, 1).await;
    assert_eq!((exchange.outcome, exchange.bytes), (Outcome::Broken, 3 * STEP as u64 + 77));
    assert_eq!(arrived(&client, &session).await, 3 * STEP);
    assert!(client.part(&session, &file, 3 * STEP..file.len()).send().await.is_err(), "it is cut after its end");
    let post = client.channels().ledger().the_only_post(&channel.account, "Text");
    assert_eq!(post.content, Some(content(&file)), "nothing is counted twice");
}

#[tokio::test]
async fn a_part_that_the_client_breaks_off_is_kept_to_a_boundary() {
    let client = Client::new().await;
    let channel = client.channels().account(Site::Youtube);
    let file = bytes(8 * STEP);
    let session = session(&client, &channel, file.len()).await;
    let broken = stream::iter([Ok(file[..5 * STEP + 9].to_vec()), Err(std::io::Error::other("gone"))]);
    let request = client.part(&session, &file, 0..file.len()).header("content-length", file.len());

    assert!(request.body(reqwest::Body::wrap_stream(broken)).send().await.is_err());

    let exchange = client.channels().wait_until_ended(&channel.account, Step::Publish, 1).await;
    assert_eq!(exchange.outcome, Outcome::ClosedByClient);
    let kept = arrived(&client, &session).await;
    assert!(kept.is_multiple_of(STEP) && kept <= 5 * STEP, "{kept}");
    assert_eq!(status(client.part(&session, &file, kept..file.len())).await, 201);
    assert_eq!(client.channels().ledger().the_only_post(&channel.account, "Text").content, Some(content(&file)));
}

#[tokio::test]
async fn a_part_waits_in_its_middle_for_a_release() {
    let client = Client::new().await;
    let channel = client.channels().account(Site::Youtube);
    let file = bytes(4 * STEP);
    let session = session(&client, &channel, file.len()).await;
    client.channels().play(&channel.account, Step::Publish, [Script::HoldAfter(STEP as u64), Script::Ok]);

    let answer = tokio::spawn(client.part(&session, &file, 0..file.len()).send());
    client.channels().wait_until_holding(&channel.account).await;
    assert_eq!(client.channels().ledger().posts(&channel.account), []);
    client.world.release(&channel.account);

    assert_eq!(answer.await.expect("a task").expect("an answer").status().as_u16(), 201);
    client.channels().ledger().the_only_post(&channel.account, "Text");
}

#[tokio::test]
async fn a_client_that_goes_while_its_part_waits_leaves_what_it_had_sent() {
    let client = Client::new().await;
    let channel = client.channels().account(Site::Youtube);
    let file = bytes(8 * STEP);
    let session = session(&client, &channel, file.len()).await;
    client.channels().play(&channel.account, Step::Publish, [Script::HoldAfter(2 * STEP as u64), Script::Ok]);
    let (size, target) = (file.len(), session.trim_start_matches(&format!("http://{}", client.world.address())));
    let head = format!(
        "PUT {target} HTTP/1.1\r\nhost: {}\r\ncontent-range: bytes 0-{}/{size}\r\ncontent-length: {size}\r\n\r\n",
        client.world.address(),
        size - 1
    );
    let mut connection = tokio::net::TcpStream::connect(client.world.address()).await.expect("a connection");
    connection.write_all(&[head.as_bytes(), &file[..5 * STEP + 9]].concat()).await.expect("sent");

    client.channels().wait_until_holding(&channel.account).await;
    drop(connection);
    client.world.release(&channel.account);

    let exchange = client.channels().wait_until_ended(&channel.account, Step::Publish, 1).await;
    assert_eq!((exchange.outcome, exchange.bytes), (Outcome::ClosedByClient, 5 * STEP as u64 + 9));
    assert_eq!(arrived(&client, &session).await, 5 * STEP);
    assert_eq!(status(client.part(&session, &file, 5 * STEP..size)).await, 201);
    assert_eq!(client.channels().ledger().the_only_post(&channel.account, "Text").content, Some(content(&file)));
}

#[tokio::test]
async fn what_breaks_off_elsewhere_is_not_kept() {
    let client = Client::new().await;
    let file = bytes(1_000_000);
    let creator = client.channels().account(Site::Tiktok);
    let order = json!({
        "post_info": { "title": "Hi", "privacy_level": "SELF_ONLY" },
        "source_info": { "source": "FILE_UPLOAD", "video_size": file.len(), "chunk_size": file.len(), "total_chunk_count": 1 },
    });
    let begun = json_of(client.post_tiktok(&creator, "video/init", &order)).await["data"].clone();
    let url = begun["upload_url"].as_str().expect("an address");
    client.channels().play(&creator.account, Step::Publish, [Script::CutAfter(600_000), Script::Keep(5), Script::Ok]);
    let uploaded = async || {
        let read = client.post_tiktok(&creator, "status/fetch", &json!({ "publish_id": begun["publish_id"] }));
        json_of(read).await["data"]["uploaded_bytes"].clone()
    };

    assert!(client.part(url, &file, 0..file.len()).send().await.is_err());
    assert_eq!(uploaded().await, 0);
    assert_eq!(status(client.part(url, &file, 0..file.len())).await, 500);
    assert_eq!(status(client.part(url, &file, 0..file.len())).await, 201);
    assert_eq!(uploaded().await, file.len());
}

#[tokio::test]
async fn each_fault_of_an_upload_executes_what_it_says() {
    let client = Client::new().await;
    let file = bytes(3_000);
    for (script, answer, is_made, outcome) in [
        (Script::Delay(Duration::from_millis(5)), Some(201), true, Outcome::Completed),
        (Script::Hang, None, false, Outcome::ClosedByClient),
        (Script::ResetBefore, None, false, Outcome::Broken),
        (Script::AcceptThenHang, None, true, Outcome::ClosedByClient),
        (Script::AcceptThenReset, None, true, Outcome::Broken),
        (Script::AcceptThenStatus(503), Some(503), true, Outcome::Refused(503)),
        (Script::too_many(Some(1)), Some(429), false, Outcome::Refused(429)),
        (Script::CutAfter(0), None, false, Outcome::Broken),
        (Script::SlowHead(Duration::from_millis(5)), Some(201), true, Outcome::Completed),
        (Script::ErrorIn200, Some(200), false, Outcome::Completed),
    ] {
        let channel = client.channels().account(Site::Youtube);
        let session = session(&client, &channel, file.len()).await;
        client.channels().play(&channel.account, Step::Publish, [script.clone()]);
        let request = tokio::spawn(client.part(&session, &file, 0..file.len()).send());
        client.channels().wait_for_request(&channel.account, Step::Publish, 1).await;

        let answered = patient(request, answer.is_some()).await;

        assert_eq!(answered, answer, "{script:?}");
        let exchange = client.channels().wait_until_ended(&channel.account, Step::Publish, 1).await;
        assert_eq!((exchange.outcome, exchange.post.is_some()), (outcome, is_made), "{script:?}");
        assert_eq!(client.channels().ledger().posts(&channel.account).len(), usize::from(is_made), "{script:?}");
    }
}

/// Resident bytes of this process.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a process");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a size");
    line.split_whitespace().nth(1).and_then(|kibibytes| kibibytes.parse::<u64>().ok()).expect("a number") << 10
}

#[tokio::test]
async fn many_large_uploads_cost_no_memory() {
    const SIZE: usize = 64 << 20;
    let client = Client::new().await;
    let piece = bytes::Bytes::from(bytes(1 << 20));
    let before = resident();

    let uploads = (0..8).map(|_| {
        let (client, piece) = (client.clone(), piece.clone());
        async move {
            let channel = client.channels().account(Site::Youtube);
            let session = session(&client, &channel, SIZE).await;
            let pieces = stream::iter((0..SIZE >> 20).map(move |_| Ok::<_, std::io::Error>(piece.clone())));
            let request = client.http.put(&session).header("content-length", SIZE);
            assert_eq!(status(request.body(reqwest::Body::wrap_stream(pieces))).await, 201);
        }
    });
    futures_util::future::join_all(uploads).await;

    let grown = resident().saturating_sub(before) >> 20;
    // Other tests of the process run at the same time.
    assert!(grown < 160, "{grown} MiB for 512 MiB of uploads");
}
