//! The host of media: kinds, ranges, redirects, and what goes wrong on the way.

use super::*;

#[tokio::test]
async fn media_have_kinds_ranges_and_redirects() {
    let client = Client::new().await;
    let get = |name: &str| client.request(Method::GET, &format!("/media/{name}"));

    for (name, kind, start) in [
        ("a.jpg", "image/jpeg", &b"\xFF\xD8\xFF"[..]),
        ("a.png", "image/png", b"\x89PNG"),
        ("a.gif", "image/gif", b"GIF89a"),
        ("a.mp4", "video/mp4", b"\0\0\0\x20ftypisom"),
        ("a.txt", "text/plain", b"Some"),
        ("text.jpg", "image/jpeg", b"This"),
    ] {
        let file = sent(get(name)).await;
        assert_eq!(file.headers()["content-type"], kind, "{name}");
        let etag = file.headers()["etag"].clone();
        let bytes = file.bytes().await.expect("bytes");
        assert!(bytes.starts_with(start), "{name}: {bytes:?}");
        assert_eq!(status(get(name).header("if-none-match", etag)).await, 304, "{name}");
    }
    let part = sent(get("huge.jpg").header("range", "bytes=100000-100003")).await;
    assert_eq!(
        (part.status().as_u16(), &part.headers()["content-range"]),
        (206, &"bytes 100000-100003/104857600".parse().expect("a header"))
    );
    assert_eq!(&part.bytes().await.expect("bytes")[..], [0; 4]);
    assert_eq!(sent(get("huge.jpg")).await.content_length(), Some(104_857_600));
    assert_eq!(status(get("a.txt").header("range", "bytes=100-")).await, 416);
    assert_eq!(status(get("nothing.exe")).await, 404);
    for (name, target) in
        [("to-private.jpg", "http://10."), ("to-metadata.jpg", "http://169.254."), ("loop.jpg", "http://127.")]
    {
        let redirect = sent(get(name)).await;
        assert_eq!(redirect.status().as_u16(), 302, "{name}");
        assert!(redirect.headers()["location"].to_str().expect("text").starts_with(target), "{name}");
    }
}

fn get(client: &Client, name: &str) -> RequestBuilder {
    client.request(Method::GET, &format!("/media/{name}"))
}

async fn bytes_of(request: RequestBuilder) -> Vec<u8> {
    sent(request).await.bytes().await.expect("bytes").to_vec()
}

/// The value of a header; empty without one.
fn header(answer: &Response, name: &str) -> String {
    answer.headers().get(name).map(|value| value.to_str().expect("text").to_owned()).unwrap_or_default()
}

#[tokio::test]
async fn videos_have_the_size_and_the_digest_of_their_names() {
    let client = Client::new().await;
    for (name, kind, size) in [
        ("video-12s-720x1280-1MiB.mp4", "video/mp4", 1 << 20),
        ("a-folder/video-12s-720x1280-1MiB.mp4", "video/mp4", 1 << 20),
        ("video-9s-1080x1920-3MB-tail.mp4", "video/mp4", 3_000_000),
        ("video-3s-500KB.mov", "video/quicktime", 500_000),
        ("video-3s-500KB.webm", "video/webm", 500_000),
        ("any.mp4", "video/mp4", 65_536),
    ] {
        let answer = sent(get(&client, name)).await;
        assert_eq!(
            (header(&answer, "content-type"), header(&answer, "content-length")),
            (kind.into(), size.to_string())
        );
        let file = answer.bytes().await.expect("bytes");
        assert_eq!((video(name), file.len()), (content(&file), size), "{name}");
        let part = bytes_of(get(&client, name).header("range", "bytes=400000-400999")).await;
        assert_eq!(part, file.get(400_000..401_000).map_or(b""[..].to_vec(), <[u8]>::to_vec), "{name}");
    }
    assert_ne!(video("video-1MiB.mp4").sha256, video("video-1MiB-n1.mp4").sha256);
    assert_eq!(sent(get(&client, "video-10GB.mp4")).await.content_length(), Some(10_000_000_000));
    let end = bytes_of(get(&client, "video-10GB.mp4").header("range", "bytes=9999999999-")).await;
    assert_eq!(end.len(), 1);
    assert_eq!(status(get(&client, "video-1MiB-weka.mp4")).await, 404, "a misspelt word");
}

#[tokio::test]
async fn the_description_of_a_video_stands_where_its_name_says() {
    let client = Client::new().await;
    let place = async |name: &str, kind: &[u8]| {
        let file = bytes_of(get(&client, name)).await;
        file.windows(kind.len()).position(|window| window == kind)
    };

    assert_eq!(place("video-100KB.mp4", b"moov").await, Some(36));
    assert!(place("video-100KB-tail.mp4", b"moov").await.is_some_and(|at| at > 98_000));
    assert_eq!(place("video-100KB-bare.mp4", b"moov").await, None);
}

#[tokio::test]
async fn a_host_may_have_no_ranges_no_length_or_weak_tags() {
    let client = Client::new().await;
    let part = |name: &str| get(&client, name).header("range", "bytes=10-19");

    let ignoring = sent(part("video-100KB-norange.mp4")).await;
    assert_eq!((ignoring.status().as_u16(), header(&ignoring, "accept-ranges")), (200, String::new()));
    let chunked = sent(get(&client, "video-100KB-nolength.mp4")).await;
    assert_eq!((chunked.content_length(), header(&chunked, "transfer-encoding")), (None, "chunked".into()));
    assert_eq!(chunked.bytes().await.expect("bytes").len(), 100_000);

    for (name, condition, expected) in [
        ("video-100KB.mp4", "etag", 206),
        ("video-100KB-weak.mp4", "etag", 200),
        ("video-100KB-weak.mp4", "last-modified", 206),
        ("video-100KB-dated.mp4", "last-modified", 206),
    ] {
        let condition = header(&sent(get(&client, name)).await, condition);
        assert!(!condition.is_empty(), "{name}");
        assert_eq!(status(part(name).header("if-range", condition)).await, expected, "{name}");
    }
    assert!(header(&sent(get(&client, "video-weak.mp4")).await, "etag").starts_with("W/"));
    let untagged = sent(get(&client, "video-untagged.mp4")).await;
    assert_eq!((header(&untagged, "etag"), header(&untagged, "last-modified")), (String::new(), String::new()));
    assert_eq!(status(part("video-100KB.mp4").header("if-range", "\"another\"")).await, 200);
}

#[tokio::test]
async fn a_file_may_change_or_grow_after_some_requests() {
    let client = Client::new().await;
    let changing = "video-100KB-changes2.mp4";
    let first = header(&sent(get(&client, changing)).await, "etag");
    let part = get(&client, changing).header("range", "bytes=50000-").header("if-range", &first);
    assert_eq!(status(part.try_clone().expect("a request")).await, 206);

    let changed = sent(part).await;

    assert_eq!((changed.status().as_u16(), header(&changed, "etag") == first), (200, false));
    assert_ne!(content(&changed.bytes().await.expect("bytes")), video(changing));
    let growing = "video-100KB-grows1.mp4";
    let [before, after] = [sent(get(&client, growing)).await, sent(get(&client, growing)).await];
    assert_eq!((before.content_length(), after.content_length()), (Some(100_000), Some(101_024)));
    assert_eq!(header(&before, "etag"), header(&after, "etag"));
}

#[tokio::test]
async fn a_file_may_break_off_stall_or_fail_once() {
    let client = Client::new().await;
    for (name, expected) in [("video-100KB-cut30000.mp4", [false, true]), ("video-100KB-cuts30000.mp4", [false, false])]
    {
        for is_whole in expected {
            let answer = sent(get(&client, name)).await;
            assert_eq!((answer.status().as_u16(), answer.bytes().await.is_ok()), (200, is_whole), "{name}");
        }
    }
    let mut stalled = sent(get(&client, "video-100KB-stall30000.mp4")).await;
    let mut seen = 0;
    while seen < 30_000 {
        seen += stalled.chunk().await.expect("bytes").expect("more bytes").len();
    }
    let more = tokio::time::timeout(Duration::from_millis(50), stalled.chunk()).await;
    assert!(seen == 30_000 && more.is_err(), "{seen}");
    drop(stalled);
    assert_eq!(status(get(&client, "video-100KB-fails.mp4")).await, 500);
    assert_eq!(status(get(&client, "video-100KB-fails.mp4")).await, 200);
    let ended = |all: &[Exchange]| all.iter().all(|it| it.outcome != Outcome::Open).then(|| all.to_vec());
    let seen = client.channels().ledger().wait_for("the ends of all requests", ended).await;
    let seen: Vec<_> = seen.iter().map(|it| (it.outcome, it.sent)).collect();
    let [broken, completed] = [(Outcome::Broken, 30_000), (Outcome::Completed, 100_000)];
    let (stalled, failed) = ((Outcome::ClosedByClient, 30_000), (Outcome::Refused(500), 0));
    assert_eq!(seen, [broken, completed, broken, broken, stalled, failed, completed]);
}

#[tokio::test]
async fn a_video_may_be_slow_or_elsewhere_or_no_video() {
    let client = Client::new().await;
    let before = Instant::now();
    assert_eq!(bytes_of(get(&client, "video-32KiB-slow320.mp4")).await.len(), 32_768);
    assert!(before.elapsed() >= Duration::from_millis(100), "{:?}", before.elapsed());

    let moved = sent(get(&client, "folder/video-32KiB-moved.mp4")).await;
    assert_eq!(
        (moved.status().as_u16(), header(&moved, "location").ends_with("/media/folder/video-32KiB.mp4")),
        (302, true)
    );
    assert!(header(&sent(get(&client, "to-private.mp4")).await, "location").starts_with("http://10."));
    let text = sent(get(&client, "text.mp4")).await;
    assert_eq!(header(&text, "content-type"), "video/mp4");
    assert_eq!(text.text().await.expect("text"), "This is no video.\n");
}

#[tokio::test]
async fn files_come_over_tls_too() {
    let client = Client::new().await;
    let authority = std::fs::read(crate::services::authority()).expect("a certificate");
    let authority = reqwest::Certificate::from_pem(&authority).expect("a certificate");
    let trusting = reqwest::Client::builder().no_proxy().tls_certs_only([authority]).build().expect("client");
    let url = client.world.secure_media_url("video-2MiB.mp4");

    let whole = bytes_of(trusting.get(&url)).await;
    let part = bytes_of(trusting.get(&url).header("range", "bytes=7-9")).await;

    assert_eq!((content(&whole), &part[..]), (video("video-2MiB.mp4"), &whole[7..10]));
    assert!(client.http.get(&url).send().await.is_err(), "nobody else trusts it");
    assert!(trusting.get(url.replace("2MiB", "2MiB-cut300000")).send().await.expect("a head").bytes().await.is_err());
}
