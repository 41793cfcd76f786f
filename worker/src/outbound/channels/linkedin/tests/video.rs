//! Videos.

use almanac_shared::{
    calendar::{Medium, MediumType},
    publishing::PublishFormat,
};

use super::*;

/// Of the first part.
const PART: usize = 70_000;
const SIZE: usize = 80_000;
const URN: &str = "urn:li:video:V1";

/// A video of ten seconds, whose movie box stands before its media.
fn file() -> Vec<u8> {
    let mut head = vec![0; 100];
    head[12..16].copy_from_slice(&1_000_u32.to_be_bytes());
    head[16..20].copy_from_slice(&10_000_u32.to_be_bytes());
    // Rate and volume.
    head[20..26].copy_from_slice(&[0, 1, 0, 0, 1, 0]);
    let movie = [&108_u32.to_be_bytes(), b"mvhd".as_slice(), &head].concat();
    let mut file = b"\0\0\0\x18ftypmp42\0\0\0\0mp42mp41".to_vec();
    file.extend([&116_u32.to_be_bytes(), b"moov".as_slice(), &movie].concat());
    file.extend(b"\0\0\0\0mdat");
    file.extend((file.len()..SIZE).map(|at| (at / 1_000) as u8));
    file
}

fn whole() -> Act {
    answer(200, "etag: \"v1\"\r\n", file())
}

struct Way {
    vendor: Vendor,
    linkedin: Linkedin,
    post: Post,
    known: Known,
    kept: Kept,
}

impl Way {
    async fn new() -> Self {
        let vendor = Vendor::start([]).await;
        let mut post = post(&vendor);
        post.entry.format = PublishFormat::Video;
        let url = format!("{}/v.mp4", vendor.base_url());
        post.entry.media = vec![Medium { url, kind: MediumType::Video, alt: Some("Alt".to_owned()) }];
        Self { linkedin: linkedin(&vendor), vendor, post, known: Known::new(), kept: Kept::default() }
    }

    /// Everything is uploaded and LinkedIn processes it.
    async fn processing() -> Self {
        let mut way = Self::new().await;
        let begun = way.initialized(json!({}));
        way.vendor.then([whole(), begun, whole(), uploaded("\"e1\""), whole(), uploaded("e2")]);
        way.vendor.then([json(200, json!({})), status("PROCESSING")]);
        assert_eq!(way.prepare().await.unwrap(), Prepared::Wait(Duration::from_secs(2)));
        way
    }

    fn initialized(&self, more: Value) -> Act {
        let url = |number| format!("{}/dms-uploads/V1/{number}", self.vendor.base_url());
        let mut value = json!({"video": URN, "uploadToken": "t", "uploadInstructions": [
            {"uploadUrl": url(0), "firstByte": 0, "lastByte": PART - 1},
            {"uploadUrl": url(1), "firstByte": PART, "lastByte": SIZE - 1},
        ]});
        for (name, more) in more.as_object().unwrap() {
            value[name] = more.clone();
        }
        json(200, json!({"value": value}))
    }

    async fn prepare(&mut self) -> Result<Prepared, ChannelError> {
        self.linkedin.prepare(&self.post.delivery(), &mut self.known, &self.kept).await
    }

    /// Requests since the first `seen` ones, without those to the video's own server.
    fn lines(&self, seen: usize) -> Vec<String> {
        let lines = self.vendor.lines();
        lines.into_iter().skip(seen).filter(|line| line != "GET /v.mp4").collect()
    }
}

fn uploaded(etag: &str) -> Act {
    answer(200, &format!("etag: {etag}\r\n"), "")
}

fn status(status: &str) -> Act {
    json(200, json!({"id": URN, "status": status}))
}

#[tokio::test]
async fn a_video_is_uploaded_in_parts_and_posted_when_it_is_available() {
    let mut way = Way::processing().await;
    way.vendor.then([status("AVAILABLE"), created("urn:li:ugcPost:8")]);

    assert_eq!(way.prepare().await.unwrap(), Prepared::Ready);
    let sent = way.linkedin.publish(&way.post.delivery(), &way.known, budget()).await;

    assert!(matches!(sent, Sent::Confirmed(_)), "{sent:?}");
    let seen = way.vendor.seen();
    let initialize = json!({"initializeUploadRequest": {"owner": AUTHOR, "fileSizeBytes": SIZE,
                                                        "uploadCaptions": false, "uploadThumbnail": false}});
    assert_eq!(seen[1].json(), initialize);
    let parts: Vec<_> = seen.iter().filter(|seen| seen.line().starts_with("PUT ")).collect();
    for (part, bytes) in parts.iter().zip([&file()[..PART], &file()[PART..]]) {
        assert_eq!(part.body, bytes);
        assert_eq!(part.header("content-type"), Some("application/octet-stream"));
        assert_eq!((part.header("authorization"), part.header("linkedin-version")), (None, None));
    }
    let finalize =
        json!({"finalizeUploadRequest": {"video": URN, "uploadToken": "t", "uploadedPartIds": ["e1", "e2"]}});
    assert_eq!(seen[6].json(), finalize);
    assert_eq!(seen[7].line(), "GET /rest/videos/urn%3Ali%3Avideo%3AV1 HTTP/1.1");
    assert_eq!(seen[9].json()["content"], json!({"media": {"id": URN, "altText": "Alt"}}));
    assert_eq!(way.prepare().await.unwrap(), Prepared::Ready, "nothing is asked again");
}

#[tokio::test]
async fn each_part_is_uploaded_once() {
    let mut way = Way::new().await;
    let begun = way.initialized(json!({}));
    way.vendor.then([whole(), begun, whole(), uploaded("e1"), whole(), json(503, json!({}))]);
    assert_eq!(way.prepare().await.unwrap_err().class, ErrorClass::Transient);
    // Another attempt knows what was kept.
    way.known = way.kept.0.lock().unwrap().last().unwrap().clone();
    assert_eq!(way.known["part_etags"], json!(["e1"]));
    let seen = way.vendor.seen().len();

    way.vendor.then([whole(), uploaded("e2"), json(200, json!({})), status("PROCESSING")]);
    way.prepare().await.unwrap();

    let expected = ["PUT /dms-uploads/V1/1", "POST /rest/videos?action=finalizeUpload"];
    assert_eq!(way.lines(seen)[..2], expected);
}

#[tokio::test]
async fn expired_addresses_are_replaced() {
    for expiry in ["uploadUrlsExpireAt", "uploadUrlExpiresAt"] {
        let mut way = Way::new().await;
        let begun = way.initialized(json!({expiry: 1_700_000_000_000_i64}));
        way.vendor.then([whole(), begun, whole(), json(503, json!({}))]);
        way.prepare().await.unwrap_err();
        let (seen, begun) = (way.vendor.seen().len(), way.initialized(json!({})));

        way.vendor.then([begun, whole(), uploaded("e1"), whole(), uploaded("e2"), json(200, json!({}))]);
        way.vendor.then([status("AVAILABLE")]);

        assert_eq!(way.prepare().await.unwrap(), Prepared::Ready);
        assert_eq!(way.lines(seen)[0], "POST /rest/videos?action=initializeUpload");
    }
}

#[tokio::test]
async fn refused_addresses_are_replaced_for_a_while() {
    let mut way = Way::new().await;
    way.vendor.then([whole()]);
    for _ in 0..2 {
        let begun = way.initialized(json!({}));
        way.vendor.then([begun, whole(), uploaded("e1"), whole(), answer(403, "", "")]);
        assert_eq!(way.prepare().await.unwrap_err().class, ErrorClass::Transient);
        assert!(!way.known.contains_key("video_urn") && !way.known.contains_key("part_etags"));
    }
    let begun = way.initialized(json!({}));
    way.vendor.then([begun, whole(), answer(403, "", "")]);

    let error = way.prepare().await.unwrap_err();

    assert_eq!((error.class, &error.context["provider_status"]), (ErrorClass::Validation, &json!(403)));
}

#[tokio::test]
async fn a_lost_answer_to_the_end_of_an_upload_is_told_by_the_status() {
    for (act, shown, prepared) in [
        (Act::Close, "PROCESSING", Some(Prepared::Wait(Duration::from_secs(2)))),
        (json(500, json!({})), "AVAILABLE", Some(Prepared::Ready)),
        (json(400, json!({"message": "already finalized"})), "AVAILABLE", Some(Prepared::Ready)),
        (Act::Hang, "WAITING_UPLOAD", None),
    ] {
        let mut way = Way::new().await;
        let begun = way.initialized(json!({}));
        way.vendor.then([whole(), begun, whole(), uploaded("e1"), whole(), uploaded("e2"), act]);
        way.vendor.then([status(shown), status(shown)]);
        match prepared {
            Some(prepared) => assert_eq!(way.prepare().await.unwrap(), prepared),
            None => assert_eq!(way.prepare().await.unwrap_err().class, ErrorClass::Transient),
        }
    }
}

#[tokio::test]
async fn an_end_that_was_not_noticed_is_said_again() {
    let mut way = Way::processing().await;
    way.vendor.then([status("WAITING_UPLOAD")]);
    assert!(matches!(way.prepare().await.unwrap(), Prepared::Wait(_)));
    let seen = way.vendor.seen().len();

    way.vendor.then([json(200, json!({})), status("AVAILABLE")]);

    assert_eq!(way.prepare().await.unwrap(), Prepared::Ready);
    assert_eq!(way.lines(seen)[0], "POST /rest/videos?action=finalizeUpload");
}

#[tokio::test]
async fn a_video_that_cannot_be_processed_fails() {
    let mut way = Way::processing().await;
    way.vendor.then([json(200, json!({"status": "PROCESSING_FAILED", "processingFailureReason": "CODEC"}))]);

    let error = way.prepare().await.unwrap_err();

    assert_eq!((error.class, code_of(&error)), (ErrorClass::Validation, "CHANNEL_REJECTED"));
    assert_eq!(error.context["provider_code"], "CODEC");
}

#[tokio::test]
async fn instructions_that_are_not_the_whole_file_are_not_followed() {
    let way = Way::new().await;
    let url = format!("{}/x", way.vendor.base_url());
    let part = |url: &str, first: usize, last: usize| json!({"uploadUrl": url, "firstByte": first, "lastByte": last});
    for instructions in [
        json!([]),
        json!([part(&url, 0, SIZE - 2)]),
        json!([part(&url, 0, SIZE)]),
        json!([part(&url, 1, SIZE - 1)]),
        json!([part(&url, 0, 9), part(&url, 11, SIZE - 1)]),
        json!([part("http://upload.example/x", 0, SIZE - 1)]),
    ] {
        let mut way = Way::new().await;
        let begun = way.initialized(json!({"uploadInstructions": instructions}));
        way.vendor.then([whole(), begun]);
        assert_eq!(way.prepare().await.unwrap_err().class, ErrorClass::Transient, "{instructions}");
        assert_eq!(way.lines(0).len(), 1);
    }
}

#[tokio::test]
async fn a_video_that_does_not_fit_is_refused_before_linkedin_is_asked() {
    let mut long = file();
    long[56..60].copy_from_slice(&1_801_000_u32.to_be_bytes());
    let mut short = file();
    short[56..60].copy_from_slice(&2_000_u32.to_be_bytes());
    for (act, code) in [
        (answer(200, "", long), "MEDIA_DURATION"),
        (answer(200, "", short), "MEDIA_DURATION"),
        (answer(200, "", file()[..74_999].to_vec()), "MEDIA_TOO_LARGE"),
        (answer(206, "content-range: bytes 0-79999/524288001\r\n", file()), "MEDIA_TOO_LARGE"),
        (picture(), "MEDIA_TYPE"),
    ] {
        let mut way = Way::new().await;
        way.vendor.then([act]);
        assert_eq!(code_of(&way.prepare().await.unwrap_err()), code);
        assert_eq!(way.vendor.lines(), ["GET /v.mp4"]);
    }
}
