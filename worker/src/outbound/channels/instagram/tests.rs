//! The adapter for Instagram against a vendor that does what a test says.

use almanac_shared::{
    calendar::{Medium, MediumType},
    publishing::PublishFormat,
};
use secrecy::{ExposeSecret, SecretString};

use super::{
    super::{
        samples::{jpeg, mp4},
        vendor::*,
    },
    *,
};

fn instagram(vendor: &Vendor, login: Login) -> Instagram {
    let app = App { id: "77".to_owned(), secret: SecretString::from("app-canary") };
    let settings = InstagramSettings { base_url: vendor.base_url(), app: Some(app), login, reel_bytes: 1 << 20 };
    Instagram::new(client(), media(), settings)
}

fn post(vendor: &Vendor, format: PublishFormat, media: &[MediumType]) -> Post {
    let mut post = Post::new(CHANNEL, "17", vendor);
    let medium = |(number, kind): (usize, &MediumType)| Medium {
        url: format!("{}/{number}", vendor.base_url()),
        kind: *kind,
        alt: None,
    };
    post.entry.format = format;
    post.entry.caption = "Hello".to_owned();
    post.entry.media = media.iter().enumerate().map(|(at, kind)| medium((at + 1, kind))).collect();
    post
}

const PICTURE: [MediumType; 1] = [MediumType::Image];
const VIDEO: [MediumType; 1] = [MediumType::Video];

fn quota(used: u64) -> Act {
    let config = json!({"quota_total": 50, "quota_duration": 86_400});
    json(200, json!({"data": [{"quota_usage": used, "config": config}]}))
}

fn id(id: &str) -> Act {
    json(200, json!({"id": id}))
}

fn status(code: &str, text: &str) -> Act {
    json(200, json!({"id": "c", "status_code": code, "status": text}))
}

fn refusal(code: i64, subcode: i64) -> Act {
    json(400, json!({"error": {"message": "M", "code": code, "error_subcode": subcode, "fbtrace_id": "A6LJ"}}))
}

fn with_container() -> Known {
    Known::from([("container_id".to_owned(), json!("c"))])
}

async fn prepare(acts: impl IntoIterator<Item = Act>, format: PublishFormat, media: &[MediumType]) -> Run {
    let vendor = Vendor::start(acts).await;
    let (post, kept) = (post(&vendor, format, media), Kept::default());
    let mut known = Known::new();
    let instagram = instagram(&vendor, Login::Instagram);
    let prepared = instagram.prepare(&post.delivery(), &mut known, &kept).await;
    Run { vendor, post, instagram, known, kept, prepared }
}

/// A post whose preparation was tried once.
struct Run {
    vendor: Vendor,
    post: Post,
    instagram: Instagram,
    known: Known,
    kept: Kept,
    prepared: Result<Prepared, ChannelError>,
}

impl Run {
    async fn again(&mut self, acts: impl IntoIterator<Item = Act>) -> Result<Prepared, ChannelError> {
        self.vendor.then(acts);
        self.instagram.prepare(&self.post.delivery(), &mut self.known, &self.kept).await
    }
}

#[tokio::test]
async fn a_picture_is_checked_counted_contained_and_published() {
    let mut run =
        prepare([jpeg(1_080, 1_080), quota(3), id("c"), status("FINISHED", "")], PublishFormat::Post, &PICTURE).await;
    assert_eq!(run.prepared, Ok(Prepared::Ready));
    run.vendor.then([id("17854360229135492"), json(200, json!({"permalink": "https://www.instagram.com/p/A/"}))]);

    let sent = run.instagram.publish(&run.post.delivery(), &run.known, budget()).await;

    let Sent::Confirmed(posted) = sent else { panic!("{sent:?}") };
    assert_eq!(posted.external_id, "17854360229135492");
    assert_eq!(posted.external_url.as_deref(), Some("https://www.instagram.com/p/A/"));
    assert_eq!(
        run.vendor.lines(),
        [
            "GET /1",
            "GET /v23.0/17/content_publishing_limit?fields=quota_usage,config",
            "POST /v23.0/17/media",
            "GET /v23.0/c?fields=status_code,status",
            "POST /v23.0/17/media_publish",
            "GET /v23.0/17854360229135492?fields=id,permalink,timestamp",
        ]
    );
    assert_eq!(*run.kept.1.lock().unwrap(), [json!({"used": 3, "total": 50, "seconds": 86_400})]);
    assert_eq!(run.kept.0.lock().unwrap()[0], with_container());
    assert!(run.vendor.seen().iter().all(|seen| !seen.line().contains(TOKEN)));
    // What is known is not done again.
    assert_eq!(run.again([status("FINISHED", "")]).await, Ok(Prepared::Ready));
}

#[tokio::test]
async fn media_that_do_not_fit_stop_before_the_first_call() {
    let large = |act: Act, size: u64| match act {
        Act::Answer(_, bytes) => answer(206, &format!("content-range: bytes 0-{}/{size}\r\n", bytes.len() - 1), bytes),
        other => other,
    };
    for (file, format, media, code) in [
        (picture(), PublishFormat::Post, &PICTURE, "MEDIA_TYPE"),
        (jpeg(319, 319), PublishFormat::Post, &PICTURE, "MEDIA_DIMENSIONS"),
        (jpeg(1_441, 1_441), PublishFormat::Post, &PICTURE, "MEDIA_DIMENSIONS"),
        (jpeg(1_080, 1_400), PublishFormat::Post, &PICTURE, "MEDIA_DIMENSIONS"),
        (jpeg(1_080, 500), PublishFormat::Post, &PICTURE, "MEDIA_DIMENSIONS"),
        (mp4(720, 1_280, 2), PublishFormat::Reel, &VIDEO, "MEDIA_DURATION"),
        (mp4(720, 1_280, 901), PublishFormat::Reel, &VIDEO, "MEDIA_DURATION"),
        (mp4(720, 1_280, 61), PublishFormat::Story, &VIDEO, "MEDIA_DURATION"),
        (mp4(1_921, 1_080, 9), PublishFormat::Reel, &VIDEO, "MEDIA_DIMENSIONS"),
        (jpeg(1_080, 1_080), PublishFormat::Reel, &VIDEO, "MEDIA_TYPE"),
        (large(jpeg(1_080, 1_080), (8 << 20) + 1), PublishFormat::Post, &PICTURE, "MEDIA_TOO_LARGE"),
        (large(mp4(720, 1_280, 9), (1 << 20) + 1), PublishFormat::Reel, &VIDEO, "MEDIA_TOO_LARGE"),
    ] {
        let run = prepare([file], format, media).await;
        let error = run.prepared.unwrap_err();
        assert_eq!((error.class, code_of(&error)), (ErrorClass::Validation, code), "{}", error.message);
        assert_eq!(run.vendor.lines(), ["GET /1"]);
    }
    let fits = |file, format, media: &'static [MediumType; 1]| {
        prepare([file, quota(0), id("c"), status("IN_PROGRESS", "")], format, media)
    };
    for (file, format, media) in [
        (jpeg(1_080, 1_350), PublishFormat::Post, &PICTURE),
        (jpeg(1_440, 754), PublishFormat::Post, &PICTURE),
        (jpeg(1_080, 1_920), PublishFormat::Story, &PICTURE),
        (mp4(720, 1_280, 900), PublishFormat::Reel, &VIDEO),
        (mp4(720, 1_280, 60), PublishFormat::Story, &VIDEO),
    ] {
        assert!(matches!(fits(file, format, media).await.prepared, Ok(Prepared::Wait(_))), "{format:?} {media:?}");
    }
}

#[tokio::test]
async fn a_quota_that_is_used_up_makes_no_container() {
    let run = prepare([jpeg(1_080, 1_080), quota(50)], PublishFormat::Post, &PICTURE).await;

    let error = run.prepared.unwrap_err();

    assert_eq!((error.class, code_of(&error)), (ErrorClass::Quota, "CHANNEL_QUOTA"));
    assert_eq!(error.retry_after, Some(QUOTA_PAUSE));
    assert_eq!(*run.kept.1.lock().unwrap(), [json!({"used": 50, "total": 50, "seconds": 86_400})]);
    assert!(!run.vendor.lines().iter().any(|line| line.starts_with("POST")));
}

#[tokio::test]
async fn a_reel_is_asked_about_with_growing_pauses() {
    let mut run = prepare([mp4(720, 1_280, 9), quota(0), id("c")], PublishFormat::Reel, &VIDEO).await;
    let mut pauses = vec![run.prepared.clone()];
    for _ in 0..2 {
        pauses.push(run.again([status("IN_PROGRESS", "")]).await);
    }

    let expected: Vec<_> = [2, 4, 8].map(|seconds| Ok(Prepared::Wait(Duration::from_secs(seconds)))).into();
    assert_eq!(pauses, expected);
    assert_eq!(run.again([status("FINISHED", "")]).await, Ok(Prepared::Ready));
    let creations = run.vendor.lines().iter().filter(|line| line.ends_with("/media")).count();
    assert_eq!(creations, 1);
}

#[tokio::test]
async fn a_carousel_waits_for_its_videos_and_keeps_each_item() {
    let media = [MediumType::Image, MediumType::Video];
    let files = [jpeg(1_080, 1_080), mp4(720, 1_280, 9)];
    let acts = files.into_iter().chain([quota(0), id("i1"), json(503, json!({}))]);
    let mut run = prepare(acts, PublishFormat::Carousel, &media).await;
    assert_eq!(run.prepared.as_ref().unwrap_err().class, ErrorClass::Transient);

    assert!(matches!(run.again([id("i2")]).await, Ok(Prepared::Wait(_))), "a new video needs time");
    assert!(matches!(run.again([status("IN_PROGRESS", "")]).await, Ok(Prepared::Wait(_))));
    let rest = [status("FINISHED", ""), refusal(9_007, 2_207_027)];
    assert!(matches!(run.again(rest).await, Ok(Prepared::Wait(_))), "an item is not ready");
    assert_eq!(run.again([id("c"), status("FINISHED", "")]).await, Ok(Prepared::Ready));

    let bodies: Vec<_> =
        run.vendor.seen().iter().filter(|seen| seen.line().contains("/media ")).map(Seen::json).collect();
    assert_eq!(bodies.len(), 5);
    assert_eq!(bodies[4]["children"], "i1,i2");
    assert_eq!((&bodies[0]["is_carousel_item"], &bodies[2]["media_type"]), (&json!(true), &json!("VIDEO")));
}

#[tokio::test]
async fn a_container_that_fails_is_made_again_a_few_times() {
    let mut run = prepare([mp4(720, 1_280, 9), quota(0), id("c1")], PublishFormat::Reel, &VIDEO).await;
    for broken in [status("ERROR", "Error: Media upload has failed with error code 2207053"), status("EXPIRED", "")] {
        assert!(matches!(run.again([broken]).await, Ok(Prepared::Wait(_))));
        assert!(!run.known.contains_key("container_id"));
        assert!(matches!(run.again([mp4(720, 1_280, 9), quota(0), id("c2")]).await, Ok(Prepared::Wait(_))));
    }

    let error = run.again([refusal(24, 2_207_006)]).await.unwrap_err();

    assert_eq!((error.class, code_of(&error)), (ErrorClass::Validation, "CHANNEL_REJECTED"));
}

#[tokio::test]
async fn a_sub_code_that_is_final_fails_the_post_at_once() {
    for (text, class, code) in [
        ("Error: Media upload has failed with error code 2207026", ErrorClass::Validation, "MEDIA_TYPE"),
        ("2207051", ErrorClass::Policy, "CHANNEL_POLICY"),
    ] {
        let mut run = prepare([mp4(720, 1_280, 9), quota(0), id("c1")], PublishFormat::Reel, &VIDEO).await;
        let error = run.again([status("ERROR", text)]).await.unwrap_err();
        assert_eq!((error.class, code_of(&error)), (class, code));
        assert!(error.context["excerpt"].as_str().unwrap().contains("22070"), "the vendor's reason is kept");
    }
    let run = prepare([jpeg(1_080, 1_080), quota(0), refusal(36_003, 2_207_009)], PublishFormat::Post, &PICTURE).await;
    assert_eq!(code_of(&run.prepared.unwrap_err()), "MEDIA_DIMENSIONS");
}

async fn publish(acts: impl IntoIterator<Item = Act>) -> Sent {
    let vendor = Vendor::start(acts).await;
    let post = post(&vendor, PublishFormat::Post, &PICTURE);
    let sent = instagram(&vendor, Login::Instagram).publish(&post.delivery(), &with_container(), budget()).await;
    let publications = vendor.lines().iter().filter(|line| line.contains("media_publish")).count();
    assert_eq!(publications, 1, "one request, never repeated");
    sent
}

#[tokio::test]
async fn what_is_documented_as_not_executed_is_sent_again_later() {
    let pause = |sent| match sent {
        Sent::NotSent { error, .. } => (error.class, error.retry_after.map(|pause| pause.as_secs())),
        other => panic!("{other:?}"),
    };
    assert_eq!(pause(publish([refusal(9_007, 2_207_027)]).await), (ErrorClass::Transient, Some(2)));
    assert_eq!(pause(publish([refusal(-2, 2_207_020)]).await), (ErrorClass::Transient, Some(0)));
    assert_eq!(pause(publish([refusal(9, 2_207_042)]).await), (ErrorClass::Quota, Some(3_600)));
}

#[tokio::test]
async fn a_refusal_is_certain_unless_the_container_was_published_before() {
    let finished = status("FINISHED", "");
    let Sent::Rejected { error, .. } = publish([refusal(36_004, 2_207_010), finished]).await else { panic!("sent") };
    assert_eq!(code_of(&error), "TEXT_TOO_LONG");
    let sent = publish([refusal(100, 33), status("PUBLISHED", "")]).await;
    assert!(matches!(sent, Sent::Unknown { .. }), "{sent:?}");
}

#[tokio::test]
async fn failures_after_the_first_byte_are_unknown() {
    let server_error = json(500, json!({"error": {"code": -1, "error_subcode": 2_207_032}}));
    for act in [json(500, json!({})), server_error, json(200, json!({})), Act::Hang, Act::Close] {
        assert!(matches!(publish([act]).await, Sent::Unknown { .. }));
    }
}

async fn look_up(
    acts: impl IntoIterator<Item = Act>,
    format: PublishFormat,
) -> (Result<LookUp, ChannelError>, Known, Vec<String>) {
    let vendor = Vendor::start(acts).await;
    let post = post(&vendor, format, &PICTURE);
    let mut known = with_container();
    let found = instagram(&vendor, Login::Instagram).look_up(&post.delivery(), &mut known, &window(&["m3"])).await;
    (found, known, vendor.lines())
}

fn media_list() -> Act {
    let medium = |id: &str, caption: &str, at: &str| json!({"id": id, "caption": caption, "timestamp": at, "permalink": format!("https://i.example/{id}")});
    let media = [
        medium("m4", "Other", "2026-01-02T03:04:10+0000"),
        medium("m3", "Hello\n\n#a", "2026-01-02T03:04:09+0000"),
        medium("m2", "Hello #a", "2026-01-02T03:04:08+0000"),
        medium("m1", "Hello\n\n#a", "2026-01-02T03:04:07+0000"),
    ];
    json(200, json!({"data": media}))
}

#[tokio::test]
async fn a_container_that_was_published_is_found_among_the_media() {
    let (found, _, lines) = look_up([status("PUBLISHED", ""), media_list()], PublishFormat::Post).await;

    let Ok(LookUp::Found(posted)) = found else { panic!("{found:?}") };
    assert_eq!(posted.external_id, "m2", "the newest of this text that no other intent has");
    assert_eq!(posted.external_url.as_deref(), Some("https://i.example/m2"));
    assert_eq!(lines[1], "GET /v23.0/17/media?fields=id,caption,timestamp,permalink&limit=100");
    let (found, ..) = look_up([status("PUBLISHED", ""), json(200, json!({"data": []}))], PublishFormat::Post).await;
    assert_eq!(found, Ok(LookUp::Pending(Duration::from_secs(2))), "it exists and is not listed yet");
    let story = json!({"data": [{"id": "m9", "timestamp": "2026-01-02T03:04:10+0000"}]});
    let (found, _, lines) = look_up([status("PUBLISHED", ""), json(200, story)], PublishFormat::Story).await;
    assert!(matches!(found, Ok(LookUp::Found(posted)) if posted.external_id == "m9"));
    assert!(lines[1].starts_with("GET /v23.0/17/stories?fields=id,timestamp,permalink&"), "{lines:?}");
}

#[tokio::test]
async fn a_finished_container_was_not_published_and_stays() {
    let (found, known, lines) = look_up([status("FINISHED", "")], PublishFormat::Post).await;

    assert_eq!(found, Ok(LookUp::Absent { proof: json!({"container": "c", "status": "finished"}) }));
    assert_eq!((known, lines.len()), (with_container(), 1));
    let (found, ..) = look_up([status("IN_PROGRESS", "")], PublishFormat::Post).await;
    assert_eq!(found, Ok(LookUp::Pending(Duration::from_secs(2))));
}

#[tokio::test]
async fn a_container_that_ended_is_forgotten() {
    for ended in [status("EXPIRED", ""), status("ERROR", "Error: 2207032")] {
        let (found, known, _) = look_up([ended], PublishFormat::Post).await;
        assert!(matches!(found, Ok(LookUp::Absent { .. })), "{found:?}");
        assert!(!known.contains_key("container_id"));
    }
    let (found, ..) = look_up([status("ERROR", "Error: 2207026")], PublishFormat::Post).await;
    assert!(matches!(found, Ok(LookUp::Refused { error, .. }) if code_of(&error) == "MEDIA_TYPE"));
}

#[tokio::test]
async fn without_its_container_a_post_is_looked_for_among_the_media() {
    let (found, ..) = look_up([refusal(24, 2_207_006), media_list()], PublishFormat::Post).await;
    assert!(matches!(found, Ok(LookUp::Found(posted)) if posted.external_id == "m2"));
    let empty = json(200, json!({"data": []}));
    let (found, known, _) = look_up([json(404, json!({})), empty], PublishFormat::Post).await;
    assert!(matches!(found, Ok(LookUp::Absent { .. })), "{found:?}");
    assert!(!known.contains_key("container_id"));
    let refused = json(403, json!({"error": {"code": 10}}));
    let (found, ..) = look_up([refusal(24, 2_207_008), refused], PublishFormat::Post).await;
    assert!(matches!(found, Ok(LookUp::Impossible { .. })), "{found:?}");
    let (found, ..) = look_up([json(500, json!({}))], PublishFormat::Post).await;
    assert_eq!(found.unwrap_err().class, ErrorClass::Transient);
}

#[tokio::test]
async fn an_access_token_is_exchanged_by_the_endpoint_of_its_login() {
    let answered = || json(200, json!({"access_token": "new", "token_type": "bearer", "expires_in": 5_184_000}));
    let tokens = Tokens { access: token(), refresh: None };

    let vendor = Vendor::start([answered(), answered()]).await;
    for login in [Login::Instagram, Login::Facebook] {
        let refreshed = instagram(&vendor, login).refresh(&tokens).await.unwrap().unwrap();
        assert_eq!(refreshed.tokens.access.expose_secret(), "new");
        assert_eq!(refreshed.expires_in, Some(Duration::from_secs(5_184_000)));
    }

    let seen = vendor.seen();
    let by_query = "GET /refresh_access_token?grant_type=ig_refresh_token&access_token=canary-token%2F1 HTTP/1.1";
    assert_eq!(seen[0].line(), by_query);
    assert_eq!(seen[1].line(), "POST /v23.0/oauth/access_token HTTP/1.1");
    let form = "grant_type=fb_exchange_token&client_id=77&client_secret=app-canary&fb_exchange_token=canary-token%2F1";
    assert_eq!(seen[1].body, form.as_bytes());
}

#[tokio::test]
async fn an_exchange_that_fails_says_nothing_against_a_valid_token() {
    let too_young = json(400, json!({"error": {"message": "canary-token/1 is too young", "code": 100}}));
    let revoked = json(400, json!({"error": {"code": 190}}));
    for (act, class) in [
        (too_young, ErrorClass::Transient),
        (revoked, ErrorClass::Auth),
        (json(200, json!({"token": "canary-new"})), ErrorClass::Transient),
        (Act::Close, ErrorClass::Transient),
    ] {
        let vendor = Vendor::start([act]).await;
        let tokens = Tokens { access: token(), refresh: None };
        let error = instagram(&vendor, Login::Instagram).refresh(&tokens).await.unwrap_err();
        assert_eq!(error.class, class);
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    }
}

#[tokio::test]
async fn tokens_are_exchanged_long_before_they_expire_and_not_after() {
    let vendor = Vendor::start([]).await;
    let renewal = instagram(&vendor, Login::Instagram).renewal();
    let days = |days: u64| Duration::from_secs(days * 86_400);
    for (left, is_due) in [(days(59), false), (days(31), false), (days(29), true), (Duration::ZERO, false)] {
        assert_eq!(renewal.is_due(left, false), is_due, "{left:?}");
    }
    let by_refresh = Renewal::BY_REFRESH_TOKEN;
    assert!(by_refresh.is_due(Duration::ZERO, true) && !by_refresh.is_due(Duration::ZERO, false));
    assert!(!by_refresh.is_due(days(1), true));
}
