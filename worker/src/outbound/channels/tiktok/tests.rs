//! The adapter for TikTok against a vendor that does what a test says.

use almanac_shared::{
    calendar::Medium,
    platform::clock::{Clock, SystemClock},
    publishing::{PublishFormat, options::PrivacyLevel},
};
use chrono::TimeDelta;
use secrecy::ExposeSecret;

use super::{super::vendor::*, *};

/// An upright video of 12 s in 100 bytes and some.
fn movie() -> Vec<u8> {
    use mp4_atom::{Encode, Mvhd, Tkhd};
    let boxed = |kind: &[u8; 4], content: &[u8]| {
        let length = u32::try_from(content.len() + 8).unwrap().to_be_bytes();
        [length.as_slice(), kind, content].concat()
    };
    let mut head = Vec::new();
    Mvhd { timescale: 1, duration: 12, ..Mvhd::default() }.encode(&mut head).unwrap();
    let mut track = Vec::new();
    Tkhd { width: 720.into(), height: 1_280.into(), ..Tkhd::default() }.encode(&mut track).unwrap();
    let start = boxed(b"ftyp", b"isom\0\0\x02\0isommp42");
    [start, boxed(b"moov", &[head, boxed(b"trak", &track)].concat())].concat()
}

fn tiktok(vendor: &Vendor) -> Tiktok {
    let app = TiktokApp { client_key: "key".to_owned(), secret: SecretString::from("se cret") };
    let settings = TiktokSettings { base_url: vendor.base_url(), transport: Transport::Live, app: Some(app) };
    Tiktok::new(client(), media(), settings)
}

fn post(vendor: &Vendor, kind: MediumType, url: &str) -> Post {
    let mut post = Post::new(publishing::Channel::Tiktok, "open-id", vendor);
    post.options.tiktok.privacy_level = Some(PrivacyLevel::OnlySelf);
    post.entry.media = vec![Medium { url: url.to_owned(), kind, alt: None }];
    post
}

fn video(vendor: &Vendor) -> Post {
    let mut post = post(vendor, MediumType::Video, &format!("{}/v.mp4", vendor.base_url()));
    post.entry.format = PublishFormat::Video;
    post
}

fn photo(vendor: &Vendor) -> Post {
    post(vendor, MediumType::Image, "https://media.example/1.jpg")
}

fn ok(data: Value) -> Act {
    json(200, json!({"data": data, "error": {"code": "ok", "message": "", "log_id": "L1"}}))
}

fn refusal(status: u16, code: &str) -> Act {
    json(status, json!({"data": {}, "error": {"code": code, "message": "No.", "log_id": "L2"}}))
}

fn creator() -> Act {
    ok(json!({"creator_username": "anna.b", "privacy_level_options": ["SELF_ONLY"], "max_video_post_duration_sec": 60}))
}

fn begun(vendor: &Vendor) -> Act {
    let url = format!("{}/video/?upload_id=1&upload_token=s3cret", vendor.base_url());
    ok(json!({"publish_id": "v_pub_file~v2-1.7", "upload_url": url}))
}

fn uploading(bytes: u64) -> Act {
    ok(json!({"status": "PROCESSING_UPLOAD", "uploaded_bytes": bytes}))
}

fn file() -> Act {
    answer(200, "etag: \"v1\"\r\n", movie())
}

fn empty(status: u16) -> Act {
    answer(status, "", "")
}

/// A part of a video of ten bytes.
fn part(first: usize, last: usize) -> Act {
    let range = format!("etag: \"v1\"\r\ncontent-range: bytes {first}-{last}/10\r\n");
    answer(206, &range, b"0123456789"[first..=last].to_vec())
}

/// What is known of an upload in chunks of four bytes, which began so many minutes ago.
fn known(vendor: &Vendor, minutes: i64) -> Known {
    let until = SystemClock.now() + TimeDelta::minutes(65 - minutes);
    let known = json!({
        "source": {"size": 10, "kind": "video/mp4", "duration_ms": 12_000, "etag": "\"v1\""},
        "video_size": 10, "content_type": "video/mp4", "chunk_size": 4, "chunk_count": 2, "creator_username": "anna.b",
        "publish_id": "v_pub_file~v2-1.7", "upload_url": format!("{}/video/?upload_id=1", vendor.base_url()),
        "upload_until": post::instant(until),
    });
    known.as_object().unwrap().clone().into_iter().collect()
}

async fn prepare(vendor: &Vendor, known: &mut Known) -> (Result<Prepared, ChannelError>, Vec<Known>) {
    let kept = Kept::default();
    let prepared = tiktok(vendor).prepare(&video(vendor).delivery(), known, &kept).await;
    (prepared, kept.0.into_inner().unwrap())
}

#[tokio::test]
async fn a_small_video_is_one_chunk_that_publishes() {
    let vendor = Vendor::start([file(), creator()]).await;
    vendor.then([begun(&vendor), file(), empty(201)]);
    let (post, tiktok, size) = (video(&vendor), tiktok(&vendor), movie().len());
    let (mut known, kept) = (Known::new(), Kept::default());

    let prepared = tiktok.prepare(&post.delivery(), &mut known, &kept).await.unwrap();
    assert_eq!(prepared, Prepared::Ready);
    assert_eq!(vendor.lines().len(), 3, "nothing is uploaded yet");
    assert_eq!(kept.0.lock().unwrap().last().unwrap()["publish_id"], "v_pub_file~v2-1.7", "kept before it is used");
    let sent = tiktok.publish(&post.delivery(), &known, budget()).await;

    let Sent::Accepted { proof, known, pause } = sent else { panic!("{sent:?}") };
    assert_eq!((proof, pause.as_secs()), (json!({"status": 201, "id": "v_pub_file~v2-1.7"}), 2));
    assert_eq!(known["upload_complete"], true);
    let seen = vendor.seen();
    assert_eq!(seen[1].line(), "POST /v2/post/publish/creator_info/query/ HTTP/1.1");
    assert_eq!(seen[1].header("content-type"), Some("application/json; charset=UTF-8"));
    let source = json!({"source": "FILE_UPLOAD", "video_size": size, "chunk_size": size, "total_chunk_count": 1});
    assert_eq!(seen[2].json()["source_info"], source);
    let last = &seen[4];
    assert_eq!(last.line(), "PUT /video/?upload_id=1&upload_token=s3cret HTTP/1.1");
    assert_eq!((last.header("content-type"), last.header("authorization")), (Some("video/mp4"), None));
    assert_eq!(last.header("content-range"), Some(&*format!("bytes 0-{}/{size}", size - 1)));
    assert_eq!(last.body, movie());
}

#[tokio::test]
async fn a_medium_that_does_not_fit_stops_before_the_first_call() {
    let vendor = Vendor::start([answer(200, "", "no video")]).await;
    let error = prepare(&vendor, &mut Known::new()).await.0.unwrap_err();
    assert_eq!((error.class, code_of(&error)), (ErrorClass::Validation, "MEDIA_TYPE"));
    assert_eq!(vendor.lines(), ["GET /v.mp4"]);
}

#[tokio::test]
async fn what_the_account_does_not_allow_stops_before_the_post_begins() {
    let of = |changes: Value| {
        let mut data = json!({"privacy_level_options": ["SELF_ONLY"], "max_video_post_duration_sec": 60});
        data.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        ok(data)
    };
    for (creator, code) in [
        (of(json!({"privacy_level_options": ["PUBLIC_TO_EVERYONE"]})), "OPTION_INVALID"),
        (of(json!({"max_video_post_duration_sec": 11})), "MEDIA_DURATION"),
        (refusal(200, "spam_risk_too_many_posts"), "CHANNEL_QUOTA"),
        (refusal(403, "spam_risk_user_banned_from_posting"), "CHANNEL_POLICY"),
        (refusal(401, "scope_not_authorized"), "CHANNEL_PERMISSION"),
        (refusal(401, "access_token_invalid"), "CHANNEL_AUTH_INVALID"),
        (json(200, json!({})), "CHANNEL_UNAVAILABLE"),
        (of(json!({"privacy_level_options": []})), "CHANNEL_UNAVAILABLE"),
    ] {
        let vendor = Vendor::start([file(), creator]).await;
        let error = prepare(&vendor, &mut Known::new()).await.0.unwrap_err();
        assert_eq!((code_of(&error), vendor.lines().len()), (code, 2), "{error}");
    }
}

#[tokio::test]
async fn an_upload_goes_on_where_the_vendor_is() {
    for (arrived, chunks) in [(0, 1), (3, 1), (4, 0), (6, 0)] {
        let vendor = Vendor::start([uploading(arrived)]).await;
        vendor.then([part(0, 3), empty(206)]);
        let mut known = known(&vendor, 10);

        let (prepared, _) = prepare(&vendor, &mut known).await;

        assert_eq!(prepared, Ok(Prepared::Ready));
        let uploads = vendor.seen().into_iter().filter(|seen| seen.line().starts_with("PUT")).collect::<Vec<_>>();
        assert_eq!(uploads.len(), chunks, "{arrived} bytes have arrived");
        assert_eq!(vendor.seen()[0].json(), json!({"publish_id": "v_pub_file~v2-1.7"}));
        for upload in uploads {
            assert_eq!((upload.header("content-range"), &*upload.body), (Some("bytes 0-3/10"), &b"0123"[..]));
        }
    }
}

#[tokio::test]
async fn a_chunk_that_fails_leaves_the_upload_for_a_later_attempt() {
    for (chunk, class) in [
        (empty(500), ErrorClass::Transient),
        (empty(416), ErrorClass::Transient),
        (Act::Close, ErrorClass::Transient),
        (empty(429), ErrorClass::RateLimited),
        (empty(400), ErrorClass::Validation),
    ] {
        let vendor = Vendor::start([uploading(0), part(0, 3), chunk]).await;
        let mut known = known(&vendor, 10);
        let before = known.clone();

        let (prepared, _) = prepare(&vendor, &mut known).await;

        assert_eq!(prepared.unwrap_err().class, class);
        assert_eq!(known, before);
    }
}

#[tokio::test]
async fn an_upload_whose_address_has_expired_is_begun_again() {
    for status in [403, 404] {
        let vendor = Vendor::start([uploading(0), part(0, 3), empty(status)]).await;
        let mut known = known(&vendor, 10);

        let (prepared, kept) = prepare(&vendor, &mut known).await;

        assert_eq!(prepared.unwrap_err().class, ErrorClass::Transient);
        assert!(!known.contains_key("publish_id") && known.contains_key("source"), "the video is the same");
        assert_eq!(kept, [known]);
    }
    let vendor = Vendor::start([uploading(4), creator()]).await;
    vendor.then([begun(&vendor)]);
    let mut known = known(&vendor, 65);

    let (prepared, kept) = prepare(&vendor, &mut known).await;

    assert_eq!(prepared, Ok(Prepared::Ready));
    assert_eq!((&known["chunk_size"], kept.len()), (&json!(10), 1), "a new one");
}

#[tokio::test]
async fn a_failure_that_may_pass_begins_again_and_any_other_ends_the_post() {
    let failed = |reason: &str| ok(json!({"status": "FAILED", "fail_reason": reason}));
    let vendor = Vendor::start([failed("internal"), creator()]).await;
    vendor.then([begun(&vendor)]);
    assert_eq!(prepare(&vendor, &mut known(&vendor, 10)).await.0, Ok(Prepared::Ready));
    let vendor = Vendor::start([failed("frame_rate_check_failed")]).await;
    let error = prepare(&vendor, &mut known(&vendor, 10)).await.0.unwrap_err();
    assert_eq!(error.context["provider_code"], "frame_rate_check_failed");
}

#[tokio::test]
async fn a_source_that_changed_is_not_uploaded() {
    let other = answer(206, "etag: \"v2\"\r\ncontent-range: bytes 0-3/10\r\n", "0123");
    let vendor = Vendor::start([uploading(0), other.clone()]).await;
    let error = prepare(&vendor, &mut known(&vendor, 10)).await.0.unwrap_err();
    assert_eq!(code_of(&error), "MEDIA_CHANGED");

    let vendor = Vendor::start([other]).await;
    let sent = tiktok(&vendor).publish(&video(&vendor).delivery(), &known(&vendor, 10), budget()).await;
    let Sent::NotSent { error, .. } = sent else { panic!("{sent:?}") };
    assert_eq!(code_of(&error), "MEDIA_CHANGED");
}

#[tokio::test]
async fn an_upload_address_that_is_not_safe_is_not_used() {
    let vendor = Vendor::start([file(), creator()]).await;
    vendor.then([ok(json!({"publish_id": "p", "upload_url": "http://upload.example/?upload_token=s3cret"}))]);
    let (prepared, kept) = prepare(&vendor, &mut Known::new()).await;
    let error = prepared.unwrap_err();
    assert_eq!((error.class, error.context.len()), (ErrorClass::Transient, 0));
    assert!(kept.iter().all(|known| !known.contains_key("upload_url")));
}

#[tokio::test]
async fn an_account_that_began_too_many_posts_pauses() {
    let vendor = Vendor::start([file(), refusal(429, "rate_limit_exceeded"), file()]).await;
    let (post, tiktok) = (video(&vendor), tiktok(&vendor));
    for calls in [2, 3] {
        let error = tiktok.prepare(&post.delivery(), &mut Known::new(), &Kept::default()).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::RateLimited);
        let pause = error.retry_after.unwrap_or_default();
        assert!(pause > Duration::from_secs(29) && pause <= Duration::from_secs(30), "{pause:?}");
        assert_eq!(vendor.lines().len(), calls, "the second time the vendor is not asked");
    }
}

/// The last chunk is answered like this, and its upload then stands there.
async fn last_chunk(act: Act, status: Act, minutes: i64) -> (Sent, LookUp, Known) {
    let vendor = Vendor::start([part(4, 9), act, status]).await;
    let (post, tiktok, mut known) = (video(&vendor), tiktok(&vendor), known(&vendor, minutes));
    let sent = tiktok.publish(&post.delivery(), &known, budget()).await;
    assert_eq!(vendor.seen()[1].header("content-range"), Some("bytes 4-9/10"));
    let looked = tiktok.look_up(&post.delivery(), &mut known, &window(&[])).await.unwrap();
    assert_eq!(vendor.lines().len(), 3, "one request, never repeated");
    (sent, looked, known)
}

#[tokio::test]
async fn a_last_chunk_without_its_confirmation_is_looked_up() {
    for (act, is_over) in [
        (empty(206), false),
        (ok(json!({})), false),
        (empty(416), false),
        (empty(503), false),
        (empty(429), false),
        (Act::Close, false),
        (Act::Hang, false),
        (empty(400), true),
        (empty(403), true),
        (empty(404), true),
    ] {
        let (sent, looked, known) = last_chunk(act, uploading(4), 10).await;
        assert!(matches!(sent, Sent::Unknown { .. }), "{sent:?}");
        let LookUp::Absent { proof } = looked else { panic!("{looked:?}") };
        assert_eq!(proof, json!({"status": "PROCESSING_UPLOAD", "uploadedBytes": 4, "videoSize": 10}));
        assert_eq!(known.contains_key("publish_id"), !is_over, "{sent:?}");
    }
    let (_, looked, known) = last_chunk(Act::Close, uploading(4), 66).await;
    assert!(matches!(looked, LookUp::Absent { .. }) && !known.contains_key("publish_id"), "too old to go on with");
}

#[tokio::test]
async fn a_refused_chunk_of_an_upload_that_is_complete_is_no_proof_of_absence() {
    for act in [empty(403), empty(404), empty(416), empty(400)] {
        let (sent, looked, known) = last_chunk(act, uploading(10), 10).await;
        assert!(matches!(sent, Sent::Unknown { .. }), "{sent:?}");
        assert!(matches!(looked, LookUp::Pending(_)) && known.contains_key("publish_id"), "{looked:?}");
    }
}

async fn look_up(post: &Post, vendor: &Vendor, known: &mut Known) -> Result<LookUp, ChannelError> {
    tiktok(vendor).look_up(&post.delivery(), known, &window(&[])).await
}

#[tokio::test]
async fn a_post_is_there_when_the_vendor_says_so() {
    for (ids, id, url) in [
        (
            json!([7412345678901234567_u64]),
            "7412345678901234567",
            Some("https://www.tiktok.com/@anna.b/video/7412345678901234567"),
        ),
        (json!([]), "v_pub_file~v2-1.7", None),
    ] {
        let vendor =
            Vendor::start([ok(json!({"status": "PUBLISH_COMPLETE", "publicaly_available_post_id": ids}))]).await;
        let looked = look_up(&video(&vendor), &vendor, &mut known(&vendor, 10)).await.unwrap();
        let LookUp::Found(posted) = looked else { panic!("{looked:?}") };
        assert_eq!((&*posted.external_id, posted.external_url.as_deref()), (id, url));
        let proof = json!({"status": 200, "requestId": "L1", "id": id, "publishId": "v_pub_file~v2-1.7"});
        assert_eq!(posted.proof, proof);
    }
}

#[tokio::test]
async fn other_states_of_a_post_are_told_as_they_are() {
    let vendor = Vendor::start([]).await;
    let (post, known) = (video(&vendor), known(&vendor, 10));
    let complete = Known::from_iter(known.clone().into_iter().chain([("upload_complete".to_owned(), true.into())]));
    let state = |status: &str| ok(json!({"status": status}));
    for (act, known, is_expected) in [
        (state("PROCESSING_DOWNLOAD"), &known, (|it| matches!(it, LookUp::Pending(_))) as fn(&LookUp) -> bool),
        (state("PROCESSING_UPLOAD"), &known, |it| matches!(it, LookUp::Pending(_))),
        (state("SOMETHING_NEW"), &known, |it| matches!(it, LookUp::Pending(_))),
        (uploading(4), &complete, |it| matches!(it, LookUp::Pending(_))),
        (state("SEND_TO_USER_INBOX"), &known, |it| matches!(it, LookUp::Impossible { .. })),
        (refusal(400, "invalid_publish_id"), &known, |it| matches!(it, LookUp::Impossible { .. })),
        (refusal(200, "token_not_authorized_for_specified_publish_id"), &known, |it| {
            matches!(it, LookUp::Impossible { .. })
        }),
    ] {
        vendor.then([act]);
        let looked = look_up(&post, &vendor, &mut known.clone()).await.unwrap();
        assert!(is_expected(&looked), "{looked:?}");
    }
    for (act, class) in [
        (refusal(401, "access_token_invalid"), ErrorClass::Auth),
        (refusal(429, "rate_limit_exceeded"), ErrorClass::RateLimited),
        (refusal(500, "internal_error"), ErrorClass::Transient),
        (ok(json!({})), ErrorClass::Transient),
    ] {
        vendor.then([act]);
        assert_eq!(look_up(&post, &vendor, &mut known.clone()).await.unwrap_err().class, class);
    }
}

#[tokio::test]
async fn a_failed_post_is_refused_or_forgotten() {
    let vendor = Vendor::start([]).await;
    let (post, known) = (video(&vendor), known(&vendor, 10));
    for (reason, code) in [
        ("file_format_check_failed", "MEDIA_TYPE"),
        ("duration_check_failed", "MEDIA_DURATION"),
        ("frame_rate_check_failed", "CHANNEL_REJECTED"),
        ("picture_size_check_failed", "MEDIA_DIMENSIONS"),
        ("publish_cancelled", "CHANNEL_REJECTED"),
        ("auth_removed", "CHANNEL_AUTH_INVALID"),
        ("spam_risk_text", "CHANNEL_POLICY"),
        ("spam_risk_too_many_posts", "CHANNEL_QUOTA"),
        ("something new", "CHANNEL_REJECTED"),
    ] {
        vendor.then([ok(json!({"status": "FAILED", "fail_reason": reason}))]);
        let looked = look_up(&post, &vendor, &mut known.clone()).await.unwrap();
        let LookUp::Refused { error, proof } = looked else { panic!("{reason}: {looked:?}") };
        assert_eq!((code_of(&error), &proof["status"]), (code, &json!("FAILED")), "{reason}");
    }
    for reason in ["internal", "video_pull_failed", "photo_pull_failed"] {
        vendor.then([ok(json!({"status": "FAILED", "fail_reason": reason}))]);
        let mut known = known.clone();
        let looked = look_up(&post, &vendor, &mut known).await.unwrap();
        assert_eq!(looked, LookUp::Absent { proof: json!({"status": "FAILED", "failReason": reason}) });
        assert!(!known.contains_key("publish_id"));
    }
}

#[tokio::test]
async fn pictures_are_published_by_the_request_that_names_them() {
    let vendor = Vendor::start([ok(json!({"publish_id": "p_pub_url~v2.9"}))]).await;
    let known = Known::from([("creator_username".to_owned(), json!("anna.b"))]);

    let sent = tiktok(&vendor).publish(&photo(&vendor).delivery(), &known, budget()).await;

    let Sent::Accepted { proof, mut known, .. } = sent else { panic!("{sent:?}") };
    assert_eq!(proof, json!({"status": 200, "requestId": "L1", "id": "p_pub_url~v2.9"}));
    let seen = vendor.seen();
    assert_eq!(seen[0].line(), "POST /v2/post/publish/content/init/ HTTP/1.1");
    assert_eq!(seen[0].json()["source_info"]["photo_images"], json!(["https://media.example/1.jpg"]));
    vendor.then([ok(json!({"status": "PUBLISH_COMPLETE", "publicaly_available_post_id": [12]}))]);
    let looked = look_up(&photo(&vendor), &vendor, &mut known).await.unwrap();
    let LookUp::Found(posted) = looked else { panic!("{looked:?}") };
    assert_eq!(posted.external_url.as_deref(), Some("https://www.tiktok.com/@anna.b/photo/12"));
}

#[tokio::test]
async fn pictures_whose_answer_is_lost_are_left_to_a_person() {
    for act in [Act::Close, Act::Hang, refusal(500, "internal_error"), ok(json!({})), json(200, json!({}))] {
        let vendor = Vendor::start([act]).await;
        let post = photo(&vendor);
        let sent = tiktok(&vendor).publish(&post.delivery(), &Known::new(), budget()).await;
        assert!(matches!(sent, Sent::Unknown { .. }), "{sent:?}");
        let looked = look_up(&post, &vendor, &mut Known::new()).await.unwrap();
        assert!(matches!(looked, LookUp::Impossible { .. }), "{looked:?}");
    }
}

#[tokio::test]
async fn refusals_of_pictures_are_certain() {
    for (act, code) in [
        (refusal(403, "url_ownership_unverified"), "MEDIA_URL"),
        (refusal(200, "unaudited_client_can_only_post_to_private_accounts"), "CHANNEL_PERMISSION"),
        (refusal(403, "privacy_level_option_mismatch"), "OPTION_INVALID"),
        (refusal(400, "invalid_params"), "CHANNEL_REJECTED"),
        (refusal(401, "access_token_invalid"), "CHANNEL_AUTH_INVALID"),
    ] {
        let vendor = Vendor::start([act]).await;
        let sent = tiktok(&vendor).publish(&photo(&vendor).delivery(), &Known::new(), budget()).await;
        let Sent::Rejected { error, .. } = sent else { panic!("{code}: {sent:?}") };
        assert_eq!((code_of(&error), &error.context["request_id"]), (code, &json!("L2")));
    }
    for (act, class) in [
        (refusal(429, "rate_limit_exceeded"), ErrorClass::RateLimited),
        (refusal(403, "reached_active_user_cap"), ErrorClass::Quota),
    ] {
        let vendor = Vendor::start([act]).await;
        let sent = tiktok(&vendor).publish(&photo(&vendor).delivery(), &Known::new(), budget()).await;
        let Sent::NotSent { error, .. } = sent else { panic!("{sent:?}") };
        assert_eq!((error.class, error.retry_after.is_some()), (class, class == ErrorClass::RateLimited));
    }
}

#[tokio::test]
async fn a_refresh_gives_other_tokens() {
    let vendor = Vendor::start([json(
        200,
        json!({"open_id": "o", "access_token": "a2", "expires_in": 7_200, "refresh_token": "r2",
               "refresh_expires_in": 15_552_000, "token_type": "Bearer"}),
    )])
    .await;
    let old = Tokens { access: SecretString::from("a1"), refresh: Some(SecretString::from("r 1")) };

    let new = tiktok(&vendor).refresh(&old).await.unwrap().unwrap();

    let refresh = new.tokens.refresh.unwrap();
    assert_eq!((new.tokens.access.expose_secret(), refresh.expose_secret()), ("a2", "r2"));
    let lifetimes = [new.expires_in, new.refresh_expires_in].map(|it| it.unwrap().as_secs());
    assert_eq!(lifetimes, [7_200, 15_552_000]);
    let seen = &vendor.seen()[0];
    assert_eq!((seen.line(), seen.header("authorization")), ("POST /v2/oauth/token/ HTTP/1.1", None));
    assert_eq!(seen.body, b"grant_type=refresh_token&refresh_token=r+1&client_key=key&client_secret=se+cret");
}

#[tokio::test]
async fn a_refused_refresh_token_needs_another_connection_and_a_wrong_client_does_not() {
    let flat = |error: &str| json!({"error": error, "error_description": "No r1-canary.", "log_id": "L3"});
    let old = Tokens { access: SecretString::from("a1"), refresh: Some(SecretString::from("r1")) };
    for (act, class) in [
        (json(400, flat("invalid_grant")), ErrorClass::Auth),
        (json(200, flat("invalid_grant")), ErrorClass::Auth),
        (json(401, flat("invalid_client")), ErrorClass::Transient),
        (json(500, json!({})), ErrorClass::Transient),
        (json(200, json!({})), ErrorClass::Transient),
    ] {
        let vendor = Vendor::start([act]).await;
        assert_eq!(tiktok(&vendor).refresh(&old).await.unwrap_err().class, class);
    }
    let vendor = Vendor::start([]).await;
    let none = Tokens { access: SecretString::from("a1"), refresh: None };
    assert!(tiktok(&vendor).refresh(&none).await.unwrap().is_none());
}
