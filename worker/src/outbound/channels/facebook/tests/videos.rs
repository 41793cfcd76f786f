//! Videos and reels.

use almanac_shared::{
    calendar::{Medium, MediumType},
    platform::clock::{Clock, SystemClock},
    publishing::PublishFormat,
};

use super::{super::super::samples::mp4, *};

fn video(vendor: &Vendor, format: PublishFormat) -> Post {
    let mut post = post(vendor);
    post.entry.format = format;
    post.entry.media = vec![Medium { url: format!("{}/v.mp4", vendor.base_url()), kind: MediumType::Video, alt: None }];
    post
}

fn stage(video: &str, uploading: &str, publishing: &str) -> Act {
    let phase = |status: &str| json!({"status": status});
    let status = json!({
        "video_status": video, "uploading_phase": phase(uploading), "processing_phase": phase("not_started"),
        "publishing_phase": phase(publishing),
    });
    json(200, json!({"id": 5, "status": status, "permalink_url": "/reel/5/"}))
}

fn started(vendor: &Vendor) -> Act {
    json(200, json!({"video_id": 9007199254740993_u64, "upload_url": format!("{}/up/5", vendor.base_url())}))
}

fn done() -> Act {
    json(200, json!({"success": true}))
}

fn with_video() -> Known {
    Known::from([("video_id".to_owned(), json!("5"))])
}

#[tokio::test]
async fn a_video_is_accepted_and_found_by_its_id_once_it_is_processed() {
    let vendor = Vendor::start([mp4(720, 1_280, 9), json(200, json!({"id": 5}))]).await;
    let (post, facebook) = (video(&vendor, PublishFormat::Video), facebook());
    let prepared = facebook.prepare(&post.delivery(), &mut Known::new(), &Kept::default()).await;
    assert_eq!(prepared, Ok(Prepared::Ready));

    let sent = facebook.publish(&post.delivery(), &Known::new(), budget()).await;

    let Sent::Accepted { mut known, proof, .. } = sent else { panic!("{sent:?}") };
    assert_eq!((&known["video_id"], proof), (&json!("5"), json!({"status": 200, "id": "5"})));
    let body = vendor.seen()[1].json();
    assert_eq!((&body["file_url"], &body["published"]), (&json!(post.entry.media[0].url), &json!(true)));
    let post_id = json(200, json!({"id": 5, "post_id": "10_5"}));
    vendor.then([stage("processing", "complete", "not_started"), stage("ready", "complete", "not_started"), post_id]);
    let pending = facebook.look_up(&post.delivery(), &mut known, &window(&[])).await;
    assert_eq!(pending, Ok(LookUp::Pending(Duration::from_secs(2))));
    let found = facebook.look_up(&post.delivery(), &mut known, &window(&[])).await;
    let Ok(LookUp::Found(posted)) = found else { panic!("{found:?}") };
    assert_eq!(
        (posted.external_id.as_str(), posted.external_url.as_deref()),
        ("10_5", Some("https://www.facebook.com/reel/5/"))
    );
}

#[tokio::test]
async fn a_video_that_cannot_be_processed_fails_with_the_vendors_reason() {
    let errors = json!([{"code": 1_363_030, "message": "The video is damaged"}]);
    let status = json!({"video_status": "error", "processing_phase": {"status": "error", "errors": errors}});
    let vendor = Vendor::start([json(200, json!({"id": 5, "status": status}))]).await;
    let post = video(&vendor, PublishFormat::Video);

    let found = facebook().look_up(&post.delivery(), &mut with_video(), &window(&[])).await;

    let Ok(LookUp::Refused { error, .. }) = found else { panic!("{found:?}") };
    assert_eq!((error.class, code_of(&error)), (ErrorClass::Validation, "CHANNEL_REJECTED"));
    assert_eq!(
        (&error.context["excerpt"], &error.context["provider_code"]),
        (&json!("The video is damaged"), &json!("1363030"))
    );
}

#[tokio::test]
async fn a_video_that_does_not_fit_stops_before_the_first_call() {
    for (file, format, code) in [
        (picture(), PublishFormat::Video, "MEDIA_TYPE"),
        (mp4(720, 1_280, 2), PublishFormat::Reel, "MEDIA_DURATION"),
        (mp4(720, 1_280, 91), PublishFormat::Reel, "MEDIA_DURATION"),
        (mp4(1_280, 720, 9), PublishFormat::Reel, "MEDIA_DIMENSIONS"),
        (mp4(1_080, 1_080, 9), PublishFormat::Reel, "MEDIA_DIMENSIONS"),
        (mp4(360, 640, 9), PublishFormat::Reel, "MEDIA_DIMENSIONS"),
    ] {
        let vendor = Vendor::start([file]).await;
        let post = video(&vendor, format);
        let error = facebook().prepare(&post.delivery(), &mut Known::new(), &Kept::default()).await.unwrap_err();
        assert_eq!((error.class, code_of(&error)), (ErrorClass::Validation, code), "{}", error.message);
        assert_eq!(vendor.lines(), ["GET /v.mp4"]);
    }
}

#[tokio::test]
async fn a_reel_is_started_uploaded_and_finished() {
    let vendor = Vendor::start([mp4(608, 1_080, 90)]).await;
    vendor.then([started(&vendor), json(503, json!({}))]);
    let (post, facebook) = (video(&vendor, PublishFormat::Reel), facebook());
    let (mut known, kept) = (Known::new(), Kept::default());
    let error = facebook.prepare(&post.delivery(), &mut known, &kept).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Transient);

    vendor.then([done(), stage("uploading", "in_progress", "not_started")]);
    assert!(matches!(facebook.prepare(&post.delivery(), &mut known, &kept).await, Ok(Prepared::Wait(_))));
    vendor.then([stage("upload_complete", "complete", "not_started"), done()]);
    assert_eq!(facebook.prepare(&post.delivery(), &mut known, &kept).await, Ok(Prepared::Ready));
    let sent = facebook.publish(&post.delivery(), &known, budget()).await;

    assert!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
    let lines = vendor.lines();
    let status = "GET /v23.0/9007199254740993?fields=status,permalink_url";
    let reels = "POST /v23.0/10/video_reels";
    assert_eq!(lines, ["GET /v.mp4", reels, "POST /up/5", "POST /up/5", status, status, reels]);
    let seen = vendor.seen();
    assert_eq!(seen[2].header("authorization"), Some(format!("OAuth {TOKEN}").as_str()));
    assert_eq!(seen[2].header("file_url"), Some(post.entry.media[0].url.as_str()));
    let finish = json!({"upload_phase": "finish", "video_id": "9007199254740993", "video_state": "PUBLISHED",
                        "description": "Hello {{photo_1_id}}\n\n#a"});
    let mut body = seen[6].json();
    body["video_id"] = body["video_id"].as_str().map_or_else(|| body["video_id"].to_string().into(), Into::into);
    assert_eq!(body, finish);
    let first = &kept.0.lock().unwrap()[0];
    assert!(first.contains_key("video_id") && first.contains_key("upload_url"), "kept before it is used");
}

#[tokio::test]
async fn an_upload_that_is_gone_is_begun_again_a_few_times() {
    let vendor = Vendor::start([]).await;
    let (post, facebook) = (video(&vendor, PublishFormat::Reel), facebook());
    let (mut known, kept) = (Known::new(), Kept::default());
    for ends in [json(404, json!({})), stage("expired", "complete", "not_started")] {
        let is_status = matches!(&ends, Act::Answer(_, body) if !body.starts_with(b"{}"));
        vendor.then([mp4(720, 1_280, 9), started(&vendor)]);
        vendor.then(is_status.then(done).into_iter().chain([ends]));
        assert!(matches!(facebook.prepare(&post.delivery(), &mut known, &kept).await, Ok(Prepared::Wait(_))));
        assert!(!known.contains_key("video_id"));
    }
    vendor.then([mp4(720, 1_280, 9), started(&vendor), json(400, json!({}))]);
    let error = facebook.prepare(&post.delivery(), &mut known, &kept).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Validation);
}

#[tokio::test]
async fn an_upload_address_of_another_host_gets_no_token() {
    let vendor = Vendor::start([mp4(720, 1_280, 9)]).await;
    vendor.then([json(200, json!({"video_id": "5", "upload_url": "https://evil.example/up"}))]);
    let post = video(&vendor, PublishFormat::Reel);

    let error = facebook().prepare(&post.delivery(), &mut Known::new(), &Kept::default()).await.unwrap_err();

    assert_eq!(error.class, ErrorClass::Transient);
}

#[tokio::test]
async fn the_limit_of_reels_is_a_quota_of_the_day() {
    let vendor = Vendor::start([mp4(720, 1_280, 9), json(400, graph_error(613)), json(400, graph_error(613))]).await;
    let (post, facebook) = (video(&vendor, PublishFormat::Reel), facebook());

    let error = facebook.prepare(&post.delivery(), &mut Known::new(), &Kept::default()).await.unwrap_err();
    let sent = facebook.publish(&post.delivery(), &with_video(), budget()).await;

    assert_eq!((error.class, error.retry_after), (ErrorClass::Quota, Some(Duration::from_secs(3_600))));
    assert!(matches!(sent, Sent::NotSent { error, .. } if error.class == ErrorClass::Quota));
}

#[tokio::test]
async fn a_reel_whose_finish_is_lost_is_judged_by_its_status() {
    let vendor = Vendor::start([]).await;
    let (post, facebook) = (video(&vendor, PublishFormat::Reel), facebook());
    let look_up = async |act: Act, mut known: Known| {
        vendor.then([act]);
        facebook.look_up(&post.delivery(), &mut known, &window(&[])).await.unwrap()
    };
    let waiting = || stage("upload_complete", "complete", "not_started");
    assert!(matches!(look_up(waiting(), with_video()).await, LookUp::Absent { .. }), "it was not handed in");
    let accepted = Known::from([("is_accepted".to_owned(), json!(true)), ("video_id".to_owned(), json!("5"))]);
    assert!(matches!(look_up(waiting(), accepted).await, LookUp::Pending(_)), "Facebook had said that it was");
    for working in [stage("processing", "complete", "not_started"), stage("ready", "complete", "in_progress")] {
        assert!(matches!(look_up(working, with_video()).await, LookUp::Pending(_)));
    }
    let mut idle = with_video();
    for asked in 1..=6 {
        vendor.then([stage("ready", "complete", "not_started")]);
        let found = facebook.look_up(&post.delivery(), &mut idle, &window(&[])).await.unwrap();
        assert_eq!(matches!(found, LookUp::Absent { .. }), asked == 6, "{asked}: {found:?}");
    }
    vendor.then([stage("ready", "complete", "complete")]);
    let found = look_up(json(404, json!({})), with_video()).await;
    assert!(matches!(found, LookUp::Found(posted) if posted.external_id == "5"), "the id of its post is not told");
}

#[tokio::test]
async fn a_refused_finish_of_a_published_reel_is_no_failure() {
    let published = stage("ready", "complete", "complete");
    let waiting = stage("upload_complete", "complete", "not_started");
    let vendor = Vendor::start([json(400, graph_error(100)), published, json(400, graph_error(100)), waiting]).await;
    let (post, facebook) = (video(&vendor, PublishFormat::Reel), facebook());

    let sent = facebook.publish(&post.delivery(), &with_video(), budget()).await;
    assert!(matches!(sent, Sent::Unknown { .. }), "{sent:?}");
    let sent = facebook.publish(&post.delivery(), &with_video(), budget()).await;
    assert!(matches!(sent, Sent::Rejected { .. }), "{sent:?}");
}

#[tokio::test]
async fn a_video_whose_answer_is_lost_is_found_among_videos_and_posts() {
    let listed = |id: &str| {
        let at = "2026-01-02T03:04:06+0000";
        json(200, json!({"data": [{"id": id, "description": TEXT, "message": TEXT, "created_time": at}]}))
    };
    let none = || json(200, json!({"data": []}));
    let vendor =
        Vendor::start([listed("5"), none(), listed("10_6"), none(), none(), none(), json(403, graph_error(10))]).await;
    let (post, facebook) = (video(&vendor, PublishFormat::Video), facebook());
    let look_up = async |known: &mut Known| facebook.look_up(&post.delivery(), known, &window(&[])).await.unwrap();

    let mut known = Known::new();
    assert!(matches!(look_up(&mut known).await, LookUp::Pending(_)), "its status tells the rest");
    assert_eq!(known["video_id"], "5");
    assert!(matches!(look_up(&mut Known::new()).await, LookUp::Found(posted) if posted.external_id == "10_6"));
    assert!(matches!(look_up(&mut Known::new()).await, LookUp::Absent { .. }));
    assert!(matches!(look_up(&mut Known::new()).await, LookUp::Impossible { .. }), "one list alone proves nothing");
    let fields = "fields=id,description,created_time,permalink_url,post_id&limit=100";
    assert_eq!(vendor.lines()[0], format!("GET /v23.0/10/videos?{fields}"));
}

#[tokio::test]
async fn a_video_that_was_accepted_and_is_not_known_is_left_to_a_person() {
    let none = || json(200, json!({"data": []}));
    let vendor = Vendor::start([json(400, graph_error(100)), none(), none()]).await;
    let post = video(&vendor, PublishFormat::Video);
    let mut known = Known::from([("video_id".to_owned(), json!("5")), ("is_accepted".to_owned(), true.into())]);

    let found = facebook().look_up(&post.delivery(), &mut known, &window(&[])).await.unwrap();

    assert!(matches!(found, LookUp::Impossible { .. }), "{found:?}");
}

#[tokio::test]
async fn a_video_that_facebook_may_still_fetch_is_not_absent() {
    let none = || json(200, json!({"data": []}));
    let vendor = Vendor::start([none(), none()]).await;
    let post = video(&vendor, PublishFormat::Video);
    let patient = Facebook::new(client(), media(), FacebookSettings { lookup_grace: Duration::from_secs(30) });
    let now = SystemClock.now();
    let window = LookUpWindow { from: now, until: now, taken: Vec::new() };

    let found = patient.look_up(&post.delivery(), &mut Known::new(), &window).await;

    assert_eq!(found, Ok(LookUp::Pending(Duration::from_secs(60))));
}
