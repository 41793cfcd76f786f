//! The adapter for YouTube against a vendor that does what a test says.

use std::ops::Range;

use almanac_shared::{
    calendar::{Medium, MediumType},
    publishing::PublishFormat,
};
use secrecy::ExposeSecret;

use super::{super::vendor::*, session::ARRIVED, *};

const STEP: usize = 256 * 1024;

/// A video of two parts and a last one.
const SIZE: usize = 2 * STEP + 17;

fn youtube(vendor: &Vendor) -> Youtube {
    let app = YoutubeApp { client_id: "id".to_owned(), secret: SecretString::from("se cret") };
    let settings = YoutubeSettings { base_url: vendor.base_url(), transport: Transport::Live, app: Some(app) };
    let youtube = Youtube::new(client(), media(), settings);
    Youtube { part_bytes: STEP as u64, back_off: Duration::from_millis(1), ..youtube }
}

fn post(vendor: &Vendor) -> Post {
    let mut post = Post::new(NAME, "UC1", vendor);
    post.entry.format = PublishFormat::Video;
    post.entry.caption = "Caption".to_owned();
    let url = format!("{}/v.mp4", vendor.base_url());
    post.entry.media = vec![Medium { url, kind: MediumType::Video, alt: None }];
    post.options.youtube.made_for_kids = Some(false);
    post
}

fn video(size: usize) -> Vec<u8> {
    let mut video = b"\0\0\0\x18ftypmp42\0\0\0\0mp42mp41\0\0\0\0mdat".to_vec();
    video.extend((video.len()..size).map(|at| (at / STEP) as u8));
    video
}

/// The whole file, as a server answers that has no parts.
fn whole(size: usize) -> Act {
    answer(200, "etag: \"v1\"\r\n", video(size))
}

fn part(size: usize, bytes: Range<usize>) -> Act {
    let range = format!("content-range: bytes {}-{}/{size}\r\netag: \"v1\"\r\n", bytes.start, bytes.end - 1);
    answer(206, &range, video(size)[bytes].to_vec())
}

fn session(vendor: &Vendor) -> Act {
    let url = format!("{}/upload/youtube/v3/videos?uploadType=resumable&upload_id=canary-session", vendor.base_url());
    answer(200, &format!("location: {url}\r\n"), "")
}

/// So many bytes have arrived.
fn arrived(bytes: usize) -> Act {
    match bytes {
        0 => answer(308, "", ""),
        _ => answer(308, &format!("range: bytes=0-{}\r\n", bytes - 1), ""),
    }
}

fn made(status: u16) -> Act {
    json(status, json!({"kind": "youtube#video", "id": "dQw4w9WgXcQ", "status": {"uploadStatus": "uploaded"}}))
}

fn status(upload_status: &str, reason: Option<(&str, &str)>) -> Act {
    let mut status = json!({"uploadStatus": upload_status});
    if let Some((name, reason)) = reason {
        status[name] = reason.into();
    }
    json(200, json!({"items": [{"id": "dQw4w9WgXcQ", "status": status}]}))
}

fn error(status: u16, reason: &str) -> Act {
    let errors = json!([{"domain": "youtube", "reason": reason}]);
    json(status, json!({"error": {"code": status, "message": "M", "errors": errors}}))
}

/// A video on its way.
struct Way {
    vendor: Vendor,
    youtube: Youtube,
    post: Post,
    known: Known,
    kept: Kept,
}

impl Way {
    async fn new() -> Self {
        let vendor = Vendor::start([]).await;
        let (youtube, post) = (youtube(&vendor), post(&vendor));
        Self { vendor, youtube, post, known: Known::new(), kept: Kept::default() }
    }

    /// Everything before the last part is there.
    async fn prepared() -> Self {
        let mut way = Self::new().await;
        let session = session(&way.vendor);
        way.vendor.then([whole(SIZE), session, part(SIZE, 0..STEP), arrived(STEP)]);
        way.vendor.then([part(SIZE, STEP..2 * STEP), arrived(2 * STEP)]);
        assert_eq!(way.prepare().await.unwrap(), Prepared::Ready);
        way
    }

    async fn prepare(&mut self) -> Result<Prepared, ChannelError> {
        self.youtube.prepare(&self.post.delivery(), &mut self.known, &self.kept).await
    }

    async fn publish(&self, acts: impl IntoIterator<Item = Act>) -> Sent {
        self.vendor.then(acts);
        self.youtube.publish(&self.post.delivery(), &self.known, budget()).await
    }

    async fn look_up(&mut self, acts: impl IntoIterator<Item = Act>) -> Result<LookUp, ChannelError> {
        self.vendor.then(acts);
        self.youtube.look_up(&self.post.delivery(), &mut self.known, &window(&[])).await
    }

    /// Ranges of the parts and probes that were sent.
    fn ranges(&self) -> Vec<String> {
        let seen = self.vendor.seen();
        let range = |seen: &Seen| seen.header("content-range").unwrap_or_default().to_owned();
        seen.iter().filter(|seen| seen.line().starts_with("PUT ")).map(range).collect()
    }
}

#[tokio::test]
async fn a_video_goes_up_in_parts_and_its_last_one_publishes() {
    let mut way = Way::new().await;
    let session = session(&way.vendor);
    way.vendor.then([whole(SIZE), session, part(SIZE, 0..STEP), arrived(STEP)]);
    way.vendor.then([part(SIZE, STEP..2 * STEP), arrived(2 * STEP)]);

    assert_eq!(way.prepare().await.unwrap(), Prepared::Ready);
    let sent = way.publish([part(SIZE, 2 * STEP..SIZE), made(201), status("processed", None)]).await;

    let Sent::Confirmed(posted) = sent else { panic!("{sent:?}") };
    assert_eq!(posted.external_id, "dQw4w9WgXcQ");
    assert_eq!(posted.external_url.as_deref(), Some("https://www.youtube.com/watch?v=dQw4w9WgXcQ"));
    assert_eq!(posted.proof, json!({"status": 201, "id": "dQw4w9WgXcQ", "uploadStatus": "processed"}));
    let seen = way.vendor.seen();
    let open = &seen[1];
    assert!(open.line().starts_with("POST /upload/youtube/v3/videos?uploadType=resumable&part=snippet,status"));
    assert_eq!(open.header("x-upload-content-length"), Some(SIZE.to_string().as_str()));
    assert_eq!(open.header("x-upload-content-type"), Some("video/mp4"));
    let expected = [format!("bytes 0-262143/{SIZE}"), format!("bytes 262144-524287/{SIZE}")];
    assert_eq!(way.ranges(), [&expected[..], &[format!("bytes 524288-524304/{SIZE}")]].concat());
    let sent: Vec<u8> =
        seen.iter().filter(|seen| seen.line().starts_with("PUT ")).flat_map(|seen| seen.body.clone()).collect();
    assert_eq!(sent, video(SIZE));
    assert!(
        seen.iter().filter(|seen| seen.line().starts_with("PUT ")).all(|put| put.header("authorization").is_some())
    );
    let kept = way.kept.0.lock().unwrap();
    assert!(!kept[0].contains_key(SESSION) && kept[1].contains_key(SESSION), "kept before the first part");
}

#[tokio::test]
async fn a_small_video_is_one_part() {
    let mut way = Way::new().await;
    let session = session(&way.vendor);
    way.vendor.then([whole(STEP), session]);

    assert_eq!(way.prepare().await.unwrap(), Prepared::Ready);
    let sent = way.publish([whole(STEP), made(200), Act::Close]).await;

    let Sent::Confirmed(posted) = sent else { panic!("{sent:?}") };
    assert_eq!(posted.proof, json!({"status": 200, "id": "dQw4w9WgXcQ"}), "without its status");
    assert_eq!(way.ranges(), [format!("bytes 0-{}/{STEP}", STEP - 1)]);
}

#[tokio::test]
async fn an_upload_goes_on_where_its_session_says() {
    let mut way = Way::new().await;
    let (size, session) = (4 * STEP, session(&way.vendor));
    way.youtube.part_bytes = 2 * STEP as u64;
    way.vendor.then([whole(size), session]);
    // Half of a part arrives; then it fails after it has arrived, and the answer to a probe is lost too.
    way.vendor.then([part(size, 0..2 * STEP), arrived(STEP), part(size, STEP..3 * STEP), error(503, "backendError")]);
    way.vendor.then([Act::Close, arrived(3 * STEP)]);

    assert_eq!(way.prepare().await.unwrap(), Prepared::Ready);

    let probe = format!("bytes */{size}");
    let parts = [format!("bytes 0-524287/{size}"), format!("bytes 262144-786431/{size}")];
    assert_eq!(way.ranges(), [&parts[..], &[probe.clone(), probe]].concat());
    let seen = way.vendor.seen();
    let probed = seen.last().unwrap();
    assert_eq!((probed.header("content-length"), probed.body.len()), (Some("0"), 0));
    assert_eq!(way.known[ARRIVED], 3 * STEP);
}

#[tokio::test]
async fn another_attempt_asks_the_session_first() {
    let mut way = Way::prepared().await;
    // Nothing has arrived after all.
    way.vendor.then([arrived(0), part(SIZE, 0..STEP), arrived(STEP), part(SIZE, STEP..2 * STEP), arrived(2 * STEP)]);

    assert_eq!(way.prepare().await.unwrap(), Prepared::Ready);

    assert_eq!(way.ranges()[2], format!("bytes */{SIZE}"));
    let opened = way.vendor.lines().iter().filter(|line| line.starts_with("POST ")).count();
    assert_eq!(opened, 1, "the same session");
}

#[tokio::test]
async fn failures_give_the_slot_back_after_some_tries() {
    let mut way = Way::new().await;
    let session = session(&way.vendor);
    way.vendor.then([whole(SIZE), session, part(SIZE, 0..STEP), error(503, "backendError")]);
    way.vendor.then([arrived(0), part(SIZE, 0..STEP), Act::Close]);
    way.vendor.then([error(500, ""), error(500, "")]);

    let failed = way.prepare().await.unwrap_err();
    assert_eq!((failed.class, code_of(&failed)), (ErrorClass::Transient, "CHANNEL_UNAVAILABLE"));
    assert_eq!(way.ranges().len(), 5);

    // It answers, and takes nothing.
    way.vendor.then([arrived(0)]);
    way.vendor.then(vec![[part(SIZE, 0..STEP), arrived(0)]; 4].concat());
    assert_eq!(way.prepare().await.unwrap_err().class, ErrorClass::Transient);
    // A time that it names is waited for without the slot.
    way.vendor.then([answer(503, "retry-after: 7\r\n", "")]);
    assert_eq!(way.prepare().await.unwrap_err().retry_after, Some(Duration::from_secs(7)));
}

#[tokio::test]
async fn a_session_that_is_gone_before_the_last_part_begins_again() {
    for gone in [404, 410] {
        let mut way = Way::prepared().await;
        way.vendor.then([error(gone, "notFound")]);
        assert_eq!(way.prepare().await.unwrap_err().class, ErrorClass::Transient);
        assert!(!way.kept.0.lock().unwrap().last().unwrap().contains_key(SESSION));

        let session = session(&way.vendor);
        way.vendor.then([session, part(SIZE, 0..STEP), arrived(2 * STEP)]);
        assert_eq!(way.prepare().await.unwrap(), Prepared::Ready);
    }
}

#[tokio::test]
async fn a_video_that_exists_already_is_confirmed_without_another_request() {
    let mut way = Way::prepared().await;
    way.vendor.then([made(200)]);
    assert_eq!(way.prepare().await.unwrap(), Prepared::Ready);
    let puts = way.ranges().len();

    let sent = way.publish([status("uploaded", None)]).await;

    assert!(matches!(sent, Sent::Confirmed(_)), "{sent:?}");
    assert_eq!(way.ranges().len(), puts);
    assert_eq!(way.prepare().await.unwrap(), Prepared::Ready, "nothing is asked again");
    assert!(matches!(way.look_up([status("uploaded", None)]).await, Ok(LookUp::Found(_))));
}

#[tokio::test]
async fn a_video_that_changes_is_not_mixed() {
    let mut way = Way::new().await;
    let session = session(&way.vendor);
    let other = answer(206, &format!("content-range: bytes 0-262143/{SIZE}\r\netag: \"v2\"\r\n"), vec![0; STEP]);
    way.vendor.then([whole(SIZE), session, other]);

    assert_eq!(code_of(&way.prepare().await.unwrap_err()), "MEDIA_CHANGED");
}

#[tokio::test]
async fn a_file_that_is_no_video_is_refused_before_a_session_is_opened() {
    let mut way = Way::new().await;
    way.vendor.then([picture()]);

    assert_eq!(code_of(&way.prepare().await.unwrap_err()), "MEDIA_TYPE");
    assert_eq!(way.vendor.lines(), ["GET /v.mp4"]);
}

#[tokio::test]
async fn a_session_elsewhere_must_be_https_and_gets_no_token() {
    for url in ["http://upload.example/?upload_id=1", "nonsense", ""] {
        let mut way = Way::new().await;
        way.vendor.then([whole(SIZE), answer(200, &format!("location: {url}\r\n"), "")]);
        assert_eq!(way.prepare().await.unwrap_err().class, ErrorClass::Transient, "{url}");
        assert!(!way.known.contains_key(SESSION));
    }
    let other = Vendor::start([]).await;
    let mut way = Way::prepared().await;
    way.known.insert(SESSION.to_owned(), format!("{}/?upload_id=1", other.base_url()).into());
    other.then([made(200)]);
    way.prepare().await.unwrap();
    assert_eq!(other.seen()[0].header("authorization"), None);
}

#[tokio::test]
async fn a_last_part_without_a_clear_answer_is_unknown() {
    let acts = [error(500, "backendError"), error(503, ""), Act::Hang, Act::Close, json(200, json!({})), arrived(SIZE)];
    for act in acts.into_iter().chain([error(404, "notFound"), error(410, "")]) {
        let way = Way::prepared().await;
        let sent = way.publish([part(SIZE, 2 * STEP..SIZE), act]).await;
        assert!(matches!(sent, Sent::Unknown { .. }), "{sent:?}");
    }
}

#[tokio::test]
async fn a_last_part_that_was_certainly_not_taken_may_go_again() {
    let way = Way::prepared().await;
    for act in [arrived(2 * STEP), arrived(STEP), answer(429, "retry-after: 7\r\n", "")] {
        let sent = way.publish([part(SIZE, 2 * STEP..SIZE), act]).await;
        assert!(matches!(sent, Sent::NotSent { .. }), "{sent:?}");
    }
    // Its bytes cannot be read.
    let puts = way.ranges().len();
    let Sent::NotSent { error, .. } = way.publish([answer(500, "", "")]).await else { panic!("sent") };
    assert_eq!((code_of(&error), way.ranges().len()), ("MEDIA_UNREACHABLE", puts));
}

#[tokio::test]
async fn a_refusal_is_certain() {
    let way = Way::prepared().await;
    for (act, class) in [(error(401, "authError"), ErrorClass::Auth), (error(403, "forbidden"), ErrorClass::Permission)]
    {
        let Sent::Rejected { error, .. } = way.publish([part(SIZE, 2 * STEP..SIZE), act]).await else { panic!("sent") };
        assert_eq!(error.class, class);
    }
}

#[tokio::test]
async fn the_session_tells_what_became_of_a_lost_answer() {
    let mut way = Way::prepared().await;
    let found = way.look_up([made(200), status("uploaded", None)]).await.unwrap();
    let LookUp::Found(posted) = found else { panic!("{found:?}") };
    assert_eq!(posted.proof, json!({"probed": true, "id": "dQw4w9WgXcQ", "uploadStatus": "uploaded"}));

    let absent = way.look_up([arrived(2 * STEP)]).await.unwrap();
    assert_eq!(absent, LookUp::Absent { proof: json!({"arrived": 2 * STEP, "size": SIZE}) });
    assert!(way.known.contains_key(SESSION), "the same session goes on");
    assert_eq!(way.look_up([arrived(SIZE)]).await.unwrap(), LookUp::Pending(SETTLING));
    for gone in [404, 410] {
        let looked = way.look_up([error(gone, "notFound")]).await.unwrap();
        assert!(matches!(looked, LookUp::Impossible { .. }), "{looked:?}");
    }
    assert!(matches!(way.look_up([error(400, "badRequest")]).await, Ok(LookUp::Impossible { .. })));
    for (act, class) in [(error(503, ""), ErrorClass::Transient), (error(401, "authError"), ErrorClass::Auth)] {
        assert_eq!(way.look_up([act]).await.unwrap_err().class, class);
    }
    way.known.clear();
    assert!(matches!(way.look_up([]).await, Ok(LookUp::Impossible { .. })));
}

#[tokio::test]
async fn a_video_that_youtube_does_not_show_is_refused_by_name() {
    for (upload_status, (name, reason), class, code) in [
        ("failed", ("failureReason", "codec"), ErrorClass::Validation, "CHANNEL_REJECTED"),
        ("rejected", ("rejectionReason", "duplicate"), ErrorClass::Validation, "DUPLICATE_POST"),
        ("rejected", ("rejectionReason", "length"), ErrorClass::Validation, "CHANNEL_REJECTED"),
        ("rejected", ("rejectionReason", "copyright"), ErrorClass::Policy, "CHANNEL_POLICY"),
    ] {
        let mut way = Way::prepared().await;
        let shown = status(upload_status, Some((name, reason)));
        let sent = way.publish([part(SIZE, 2 * STEP..SIZE), made(201), shown.clone()]).await;
        let Sent::Rejected { error, proof } = sent else { panic!("{sent:?}") };
        assert_eq!((error.class, code_of(&error), &error.context["provider_code"]), (class, code, &json!(reason)));
        assert_eq!((&proof["id"], &proof["uploadStatus"]), (&json!("dQw4w9WgXcQ"), &json!(upload_status)));

        assert!(matches!(way.look_up([made(200), shown]).await, Ok(LookUp::Refused { .. })));
    }
}

#[tokio::test]
async fn those_who_wait_for_the_quota_come_back_over_half_an_hour() {
    let mut pauses = Vec::new();
    for _ in 0..8 {
        let mut way = Way::new().await;
        let body = json!({"error": {"errors": [{"reason": "quotaExceeded"}]}}).to_string();
        // 01:00 on the Pacific coast.
        way.vendor.then([whole(SIZE), answer(403, "date: Sat, 03 Jan 2026 09:00:00 GMT\r\n", body)]);
        let error = way.prepare().await.unwrap_err();
        assert_eq!((error.class, code_of(&error)), (ErrorClass::Quota, "CHANNEL_QUOTA"));
        pauses.push(error.retry_after.unwrap());
    }
    let day = Duration::from_secs(23 * 3_600);
    assert!(pauses.iter().all(|pause| *pause >= day && *pause <= day + SPREAD), "{pauses:?}");
    pauses.dedup();
    assert!(pauses.len() > 1);
}

#[tokio::test]
async fn the_address_of_a_session_is_in_no_error() {
    let mut way = Way::prepared().await;
    let echo = json!({"error": {"message": "Bad upload_id canary-session", "errors": [{"reason": "badRequest"}]}});
    way.vendor.then([json(400, echo.clone())]);

    let error = format!("{:?}", way.prepare().await.unwrap_err());
    let sent = format!("{:?}", way.publish([part(SIZE, 2 * STEP..SIZE), json(400, echo)]).await);

    assert!(!error.contains("canary") && !sent.contains("canary"), "{error} {sent}");
}

#[tokio::test]
async fn access_tokens_are_renewed_and_the_refresh_token_stays() {
    let answered = json!({"access_token": "new", "expires_in": 3_599, "token_type": "Bearer"});
    let refused = json!({"error": "invalid_grant", "error_description": "Token has been expired or revoked."});
    let ours = json!({"error": "invalid_client", "error_description": "Unauthorized"});
    let acts = [json(200, answered), json(400, refused), json(503, json!({})), json(401, ours)];
    let vendor = Vendor::start(acts).await;
    let youtube = youtube(&vendor);
    let old = Tokens { access: token(), refresh: Some(SecretString::from("old+1")) };

    let new = youtube.refresh(&old).await.unwrap().unwrap();
    assert_eq!(new.tokens.access.expose_secret(), "new");
    assert_eq!(new.tokens.refresh.as_ref().map(ExposeSecret::expose_secret), Some("old+1"));
    assert_eq!((new.expires_in, new.refresh_expires_in), (Some(Duration::from_secs(3_599)), None));
    let seen = vendor.seen();
    assert_eq!(seen[0].line(), "POST /token HTTP/1.1");
    let form = "grant_type=refresh_token&refresh_token=old%2B1&client_id=id&client_secret=se+cret";
    assert_eq!(
        (String::from_utf8(seen[0].body.clone()).unwrap().as_str(), seen[0].header("authorization")),
        (form, None)
    );

    let refused = youtube.refresh(&old).await.unwrap_err();
    assert_eq!((refused.class, &refused.context["provider_code"]), (ErrorClass::Auth, &json!("invalid_grant")));
    assert_eq!(youtube.refresh(&old).await.unwrap_err().class, ErrorClass::Transient);
    let ours = youtube.refresh(&old).await.unwrap_err();
    assert_eq!(ours.class, ErrorClass::Transient, "a wrong client costs no account");
    assert!(youtube.refresh(&Tokens { access: token(), refresh: None }).await.unwrap().is_none());
}

#[test]
fn another_host_for_the_api_serves_tokens_and_only_the_sandbox_serves_videos() {
    let settings = |base_url: &str, transport| YoutubeSettings { base_url: base_url.to_owned(), transport, app: None };
    let vendors = settings("https://www.googleapis.com", Transport::Live);
    assert_eq!(vendors.token_url(), "https://oauth2.googleapis.com/token");
    let other = settings("http://127.0.0.1:1", Transport::Live);
    assert_eq!(other.token_url(), "http://127.0.0.1:1/token");
    assert_eq!(other.watch_url("x"), "https://www.youtube.com/watch?v=x");
    let sandbox = settings("http://127.0.0.1:1/youtube", Transport::Sandbox);
    assert_eq!(sandbox.watch_url("x"), "http://127.0.0.1:1/youtube/watch?v=x");
}

#[test]
fn pauses_before_new_sessions_grow_to_an_hour() {
    let pauses: Vec<_> = (1..9).map(|lost| session_pause(lost).as_secs()).collect();
    assert_eq!(pauses, [2, 8, 32, 128, 512, 2_048, 3_600, 3_600]);
}
