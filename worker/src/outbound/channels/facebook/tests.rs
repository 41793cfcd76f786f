//! The adapter for Facebook against a vendor that does what a test says.

use super::{
    super::{ErrorClass, vendor::*},
    *,
};

fn facebook() -> Facebook {
    Facebook::new(client(), media(), FacebookSettings { lookup_grace: Duration::from_millis(10) })
}

fn post(vendor: &Vendor) -> Post {
    Post::new(publishing::Channel::Facebook, "10", vendor)
}

async fn publish(act: Act) -> Sent {
    let vendor = Vendor::start([act]).await;
    let sent = facebook().publish(&post(&vendor).delivery(), &Known::new(), budget()).await;
    assert_eq!(vendor.seen().len(), 1, "one request, never repeated");
    sent
}

fn graph_error(code: i64) -> Value {
    json!({"error": {"message": "M", "code": code, "fbtrace_id": "A6LJ"}})
}

#[tokio::test]
async fn a_text_is_posted_and_its_address_read() {
    let link = json!({"id": "10_1", "permalink_url": "https://www.facebook.com/10/posts/1"});
    let vendor = Vendor::start([json(200, json!({"id": "10_1"})), json(200, link)]).await;
    let (post, facebook) = (post(&vendor), facebook());
    let mut known = Known::new();

    let prepared = facebook.prepare(&post.delivery(), &mut known, &Kept::default()).await.unwrap();
    let sent = facebook.publish(&post.delivery(), &known, budget()).await;

    assert_eq!((prepared, known.len()), (Prepared::Ready, 0));
    let Sent::Confirmed(posted) = sent else { panic!("{sent:?}") };
    assert_eq!(posted.external_id, "10_1");
    assert_eq!(posted.external_url.as_deref(), Some("https://www.facebook.com/10/posts/1"));
    assert_eq!(posted.proof, json!({"status": 200, "id": "10_1"}));
    assert_eq!(vendor.lines(), ["POST /v23.0/10/feed", "GET /v23.0/10_1?fields=id,permalink_url,created_time"],);
    let message = "Hello {{photo_1_id}}\n\n#a";
    assert_eq!(vendor.seen()[0].json(), json!({"message": message, "published": true}));
    assert!(vendor.seen().iter().all(|seen| !seen.line().contains(TOKEN)));
}

#[tokio::test]
async fn a_photo_is_checked_and_posted_by_its_address() {
    let vendor = Vendor::start([picture(), json(200, json!({"id": 5, "post_id": "10_2"})), json(500, json!({}))]).await;
    let (post, facebook) = (post(&vendor).with_pictures(1), facebook());

    facebook.prepare(&post.delivery(), &mut Known::new(), &Kept::default()).await.unwrap();
    let sent = facebook.publish(&post.delivery(), &Known::new(), budget()).await;

    let Sent::Confirmed(posted) = sent else { panic!("{sent:?}") };
    assert_eq!((posted.external_id.as_str(), posted.external_url), ("10_2", None));
    assert_eq!(vendor.lines()[..2], ["GET /1.png", "POST /v23.0/10/photos"]);
}

#[tokio::test]
async fn photos_are_uploaded_once_and_kept_before_they_are_named() {
    let down = json(503, json!({}));
    let vendor = Vendor::start([picture(), picture(), json(200, json!({"id": "901"})), down]).await;
    let (post, facebook) = (post(&vendor).with_pictures(2), facebook());
    let (mut known, kept) = (Known::new(), Kept::default());

    let error = facebook.prepare(&post.delivery(), &mut known, &kept).await.unwrap_err();
    assert_eq!((error.class, code_of(&error)), (ErrorClass::Transient, "CHANNEL_UNAVAILABLE"));
    assert_eq!(*kept.0.lock().unwrap(), [Known::from([("photo_1_id".to_owned(), json!("901"))])]);

    let uploaded = json(200, json!({"id": 9007199254740993_u64}));
    vendor.then([picture(), picture(), uploaded, json(200, json!({"id": "10_3"})), json(404, json!({}))]);
    facebook.prepare(&post.delivery(), &mut known, &kept).await.unwrap();
    facebook.publish(&post.delivery(), &known, budget()).await;

    let seen = vendor.seen();
    assert_eq!(seen[7].json()["attached_media"], json!([{"media_fbid": "901"}, {"media_fbid": "9007199254740993"}]));
    let uploads = vendor.lines().iter().filter(|line| line.ends_with("/photos")).count();
    assert_eq!((uploads, kept.0.lock().unwrap().len()), (3, 2));
}

#[tokio::test]
async fn a_medium_that_does_not_fit_stops_before_the_first_call() {
    let vendor = Vendor::start([answer(200, "", "no picture")]).await;
    let post = post(&vendor).with_pictures(1);

    let error = facebook().prepare(&post.delivery(), &mut Known::new(), &Kept::default()).await.unwrap_err();

    assert_eq!((error.class, code_of(&error)), (ErrorClass::Validation, "MEDIA_TYPE"));
    assert_eq!(vendor.lines(), ["GET /1.png"]);
}

#[tokio::test]
async fn refusals_are_certain() {
    for (act, class, code) in [
        (json(401, json!({})), ErrorClass::Auth, "CHANNEL_AUTH_INVALID"),
        (json(400, graph_error(190)), ErrorClass::Auth, "CHANNEL_AUTH_INVALID"),
        (json(400, graph_error(506)), ErrorClass::Validation, "DUPLICATE_POST"),
        (json(403, graph_error(200)), ErrorClass::Permission, "CHANNEL_PERMISSION"),
    ] {
        let Sent::Rejected { error, proof } = publish(act).await else { panic!("not rejected") };
        assert_eq!((error.class, code_of(&error)), (class, code));
        assert!(proof["status"].is_u64());
    }
}

#[tokio::test]
async fn a_limit_sends_nothing_and_names_its_pause() {
    let limit = answer(429, "retry-after: 7\r\n", graph_error(32).to_string());

    let Sent::NotSent { error, proof } = publish(limit).await else { panic!("sent") };

    assert_eq!((error.class, error.retry_after), (ErrorClass::RateLimited, Some(Duration::from_secs(7))));
    assert_eq!(proof, json!({"status": 429, "requestId": "A6LJ", "code": "32"}));
}

#[tokio::test]
async fn failures_after_the_first_byte_are_unknown() {
    for act in [
        json(500, json!({})),
        json(502, graph_error(2)),
        json(400, graph_error(1)),
        json(200, json!({})),
        answer(200, "", "{\"id\": \"1"),
        Act::Hang,
        Act::Close,
    ] {
        assert!(matches!(publish(act).await, Sent::Unknown { .. }));
    }
}

#[tokio::test]
async fn a_page_near_its_limit_pauses_before_its_next_post() {
    let usage = "x-app-usage: {\"call_count\": 91}\r\n";
    let vendor = Vendor::start([answer(200, usage, r#"{"id": "10_1"}"#), json(404, json!({}))]).await;
    let (post, facebook) = (post(&vendor), facebook());

    assert!(matches!(facebook.publish(&post.delivery(), &Known::new(), budget()).await, Sent::Confirmed(_)));
    let error = facebook.prepare(&post.delivery(), &mut Known::new(), &Kept::default()).await.unwrap_err();

    assert_eq!((error.class, code_of(&error)), (ErrorClass::RateLimited, "CHANNEL_RATE_LIMITED"));
    assert!(error.retry_after.is_some_and(|pause| pause.as_secs() > 200));
}

fn listed(id: &str, message: &str, created: &str) -> Value {
    json!({"id": id, "message": message, "created_time": created, "permalink_url": format!("https://f.example/{id}")})
}

const TEXT: &str = "Hello {{photo_1_id}}\n\n#a";

#[tokio::test]
async fn a_lost_post_is_found_by_text_and_time() {
    let first = json!({"data": [
        listed("10_9", "Other", "2026-01-02T03:04:06+0000"),
        listed("10_8", TEXT, "2026-01-02T03:04:06+0000"),
        listed("10_7", TEXT, "2026-01-02T02:00:00+0000"),
    ], "paging": {"cursors": {"after": "c/1"}, "next": "https://graph.facebook.com/secret"}});
    let second =
        json!({"data": [listed("10_6", TEXT, "2026-01-02T03:04:05+0000")], "paging": {"cursors": {"after": "c2"}}});
    let vendor = Vendor::start([json(200, first), json(200, second)]).await;

    let found = facebook().look_up(&post(&vendor).delivery(), &mut Known::new(), &window(&["10_8"])).await.unwrap();

    let LookUp::Found(posted) = found else { panic!("{found:?}") };
    assert_eq!((posted.external_id.as_str(), posted.external_url.as_deref()), ("10_6", Some("https://f.example/10_6")));
    let list = "GET /v23.0/10/published_posts?fields=id,message,created_time,permalink_url&since=1767322985&limit=100";
    assert_eq!(vendor.lines(), [list.to_owned(), format!("{list}&after=c%2F1")]);
}

#[tokio::test]
async fn absence_is_proven_by_the_whole_window() {
    let vendor = Vendor::start([json(200, json!({"data": [listed("10_1", TEXT, "2026-01-02T03:06:00+0000")]}))]).await;

    let absent = facebook().look_up(&post(&vendor).delivery(), &mut Known::new(), &window(&[])).await.unwrap();

    assert_eq!(absent, LookUp::Absent { proof: json!({"listed": 1, "since": "2026-01-02T03:03:05Z"}) });
}

#[tokio::test]
async fn a_page_before_the_end_of_a_list_proves_nothing() {
    let empty = || json(200, json!({"data": [], "paging": {"cursors": {"after": "c"}, "next": "n"}}));
    let without_cursor =
        json!({"data": [listed("10_1", "Other", "2026-01-02T03:04:06+0000")], "paging": {"next": "n"}});
    let vendor = Vendor::start(
        (0..crate::outbound::channels::graph::MAX_PAGES).map(|_| empty()).chain([json(200, without_cursor)]),
    )
    .await;

    for _ in 0..2 {
        let found = facebook().look_up(&post(&vendor).delivery(), &mut Known::new(), &window(&[])).await;
        assert!(matches!(found, Ok(LookUp::Impossible { .. })), "{found:?}");
    }
}

#[tokio::test]
async fn a_list_that_cannot_be_read_proves_nothing() {
    let endless = json!({"data": [listed("10_1", "Other", "2026-01-02T03:04:06+0000")],
                         "paging": {"cursors": {"after": "c"}, "next": "n"}});
    let vendor = Vendor::start(vec![json(200, endless); crate::outbound::channels::graph::MAX_PAGES]).await;
    let facebook = facebook();
    let post = post(&vendor);
    let look_up = async || facebook.look_up(&post.delivery(), &mut Known::new(), &window(&[])).await;

    assert!(matches!(look_up().await, Ok(LookUp::Impossible { .. })));
    vendor.then([json(403, graph_error(10)), json(500, json!({})), json(200, json!({}))]);
    assert!(matches!(look_up().await, Ok(LookUp::Impossible { .. })));
    for _ in 0..2 {
        assert_eq!(look_up().await.unwrap_err().class, ErrorClass::Transient);
    }
}

mod videos;
