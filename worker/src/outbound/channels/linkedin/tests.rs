//! The adapter for LinkedIn against a vendor that does what a test says.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::{super::vendor::*, *};

mod video;

const AUTHOR: &str = "urn:li:person:AbC";

fn linkedin(vendor: &Vendor) -> Linkedin {
    let app = LinkedinApp { client_id: "id".to_owned(), secret: SecretString::from("se cret") };
    let settings = LinkedinSettings { base_url: vendor.base_url(), transport: Transport::Live, app: Some(app) };
    Linkedin::new(client(), media(), settings)
}

fn post(vendor: &Vendor) -> Post {
    Post::new(publishing::Channel::Linkedin, AUTHOR, vendor)
}

async fn publish(act: Act) -> Sent {
    let vendor = Vendor::start([act]).await;
    let sent = linkedin(&vendor).publish(&post(&vendor).delivery(), &Known::new(), budget()).await;
    assert_eq!(vendor.seen().len(), 1, "one request, never repeated");
    sent
}

fn created(urn: &str) -> Act {
    answer(201, &format!("x-restli-id: {urn}\r\nx-li-uuid: u1\r\n"), "")
}

#[tokio::test]
async fn a_text_is_posted_with_the_version_of_the_api() {
    let vendor = Vendor::start([created("urn:li:share:7")]).await;
    let (post, linkedin) = (post(&vendor), linkedin(&vendor));

    linkedin.prepare(&post.delivery(), &mut Known::new(), &Kept::default()).await.unwrap();
    let sent = linkedin.publish(&post.delivery(), &Known::new(), budget()).await;

    let Sent::Confirmed(posted) = sent else { panic!("{sent:?}") };
    assert_eq!(posted.external_id, "urn:li:share:7");
    assert_eq!(posted.external_url.as_deref(), Some("https://www.linkedin.com/feed/update/urn:li:share:7"));
    assert_eq!(posted.proof, json!({"status": 201, "requestId": "u1", "id": "urn:li:share:7"}));
    let seen = vendor.seen();
    assert_eq!(seen[0].line(), "POST /rest/posts HTTP/1.1");
    assert_eq!(seen[0].header("linkedin-version"), Some(LINKEDIN_VERSION));
    assert_eq!(seen[0].header("x-restli-protocol-version"), Some("2.0.0"));
    assert_eq!(seen[0].json()["author"], AUTHOR);
}

fn initialized(vendor: &Vendor, number: usize) -> Act {
    let url = format!("{}/dms-uploads/{number}", vendor.base_url());
    json(200, json!({"value": {"uploadUrl": url, "image": format!("urn:li:image:{number}")}}))
}

#[tokio::test]
async fn pictures_are_streamed_up_and_named_by_urn() {
    let vendor = Vendor::start([picture(), picture()]).await;
    let uploaded = answer(201, "", "");
    let one = |number| [initialized(&vendor, number), picture(), uploaded.clone()];
    vendor.then([one(1), one(2)].concat());
    vendor.then([created("urn:li:ugcPost:8")]);
    let (post, linkedin) = (post(&vendor).with_pictures(2), linkedin(&vendor));
    let (mut known, kept) = (Known::new(), Kept::default());

    linkedin.prepare(&post.delivery(), &mut known, &kept).await.unwrap();
    let sent = linkedin.publish(&post.delivery(), &known, budget()).await;

    assert!(matches!(sent, Sent::Confirmed(_)));
    assert_eq!(kept.0.lock().unwrap().len(), 2);
    let seen = vendor.seen();
    let upload = &seen[4];
    assert_eq!((upload.line(), upload.body.clone()), ("PUT /dms-uploads/1 HTTP/1.1", png(10, 10)));
    assert_eq!((upload.header("content-length"), upload.header("linkedin-version")), (Some("33"), None));
    assert_eq!(
        seen[8].json()["content"],
        json!({"multiImage": {"images": [{"id": "urn:li:image:1", "altText": "First"}, {"id": "urn:li:image:2"}]}})
    );
}

#[tokio::test]
async fn an_upload_that_failed_is_made_again_and_one_that_arrived_is_not() {
    let vendor = Vendor::start([picture(), picture()]).await;
    let uploaded = answer(201, "", "");
    vendor.then([initialized(&vendor, 1), picture(), uploaded.clone(), initialized(&vendor, 2), picture(), Act::Close]);
    let (post, linkedin) = (post(&vendor).with_pictures(2), linkedin(&vendor));
    let (mut known, kept) = (Known::new(), Kept::default());

    let error = linkedin.prepare(&post.delivery(), &mut known, &kept).await.unwrap_err();
    assert_eq!((error.class, code_of(&error)), (ErrorClass::Transient, "CHANNEL_UNAVAILABLE"));
    vendor.then([picture(), picture(), initialized(&vendor, 3), picture(), uploaded]);
    linkedin.prepare(&post.delivery(), &mut known, &kept).await.unwrap();

    assert_eq!((&known["image_1_urn"], &known["image_2_urn"]), (&json!("urn:li:image:1"), &json!("urn:li:image:3")));
}

#[tokio::test]
async fn a_picture_that_grows_after_its_check_is_not_uploaded_whole() {
    let vendor = Vendor::start([picture()]).await;
    let large = answer(200, "", vec![0; 9 * 1024 * 1024]);
    vendor.then([initialized(&vendor, 1), large]);
    let post = post(&vendor).with_pictures(1);

    let prepared = linkedin(&vendor).prepare(&post.delivery(), &mut Known::new(), &Kept::default()).await;

    assert_eq!(code_of(&prepared.unwrap_err()), "MEDIA_TOO_LARGE");
}

#[tokio::test]
async fn refusals_are_certain_and_a_duplicate_names_the_post() {
    let duplicate = json!({"errorDetails": {"inputErrors": [
        {"code": "DUPLICATE_POST", "description": "Content is a duplicate of urn:li:share:5"}]}});
    let Sent::Rejected { error, proof } = publish(json(422, duplicate)).await else { panic!("not rejected") };
    assert_eq!((code_of(&error), &error.context["existing_id"]), ("DUPLICATE_POST", &json!("urn:li:share:5")));
    assert_eq!(proof, json!({"status": 422, "id": "urn:li:share:5", "code": "DUPLICATE_POST"}));

    let Sent::Rejected { error, .. } = publish(json(401, json!({}))).await else { panic!("not rejected") };
    assert_eq!(error.class, ErrorClass::Auth);
    let Sent::Rejected { error, .. } = publish(json(426, json!({}))).await else { panic!("not rejected") };
    assert_eq!(error.class, ErrorClass::Validation);
}

#[tokio::test]
async fn a_limit_sends_nothing() {
    let limit = answer(429, "retry-after: 7\r\n", "{}");
    let Sent::NotSent { error, .. } = publish(limit).await else { panic!("sent") };
    assert_eq!((error.class, error.retry_after), (ErrorClass::RateLimited, Some(Duration::from_secs(7))));
}

#[tokio::test]
async fn failures_after_the_first_byte_are_unknown() {
    for act in [json(500, json!({})), answer(201, "", ""), Act::Hang, Act::Close] {
        assert!(matches!(publish(act).await, Sent::Unknown { .. }));
    }
    let gone = Vendor::gone().await;
    let sent = linkedin(&gone).publish(&post(&gone).delivery(), &Known::new(), budget()).await;
    assert!(matches!(sent, Sent::NotSent { .. }));
}

fn listed(id: &str, commentary: &str, seconds: i64) -> Value {
    json!({"id": id, "commentary": commentary, "createdAt": 1_767_323_045_000_i64 + seconds * 1_000,
           "lifecycleState": "PUBLISHED"})
}

const LITTLE: &str = r"Hello \{\{photo\_1\_id\}\} {hashtag|\#|a}";

#[tokio::test]
async fn a_lost_post_is_found_by_text_and_time() {
    let posts = json!({"elements": [
        listed("urn:li:share:9", "Other", 1),
        listed("urn:li:share:8", LITTLE, 2),
        listed("urn:li:share:7", r"Hello {{photo\_1\_id}} #a", 3),
        listed("urn:li:share:6", LITTLE, -3_600),
    ]});
    let vendor = Vendor::start([json(200, posts)]).await;

    let taken = window(&["urn:li:share:8"]);
    let found = linkedin(&vendor).look_up(&post(&vendor).delivery(), &mut Known::new(), &taken).await.unwrap();

    let LookUp::Found(posted) = found else { panic!("{found:?}") };
    assert_eq!(posted.external_id, "urn:li:share:7");
    let seen = vendor.seen();
    let line = "GET /rest/posts?author=urn%3Ali%3Aperson%3AAbC&q=author&sortBy=CREATED&count=100&start=0 HTTP/1.1";
    assert_eq!((seen[0].line(), seen[0].header("x-restli-method")), (line, Some("FINDER")));
}

#[tokio::test]
async fn absence_is_proven_by_the_whole_window() {
    let newer = json!({"elements": [listed("urn:li:share:9", "Other", 90), listed("urn:li:share:8", LITTLE, -61)]});
    let vendor = Vendor::start([json(200, newer), json(200, json!({"elements": []}))]).await;

    let absent = linkedin(&vendor).look_up(&post(&vendor).delivery(), &mut Known::new(), &window(&[])).await.unwrap();

    assert_eq!(absent, LookUp::Absent { proof: json!({"listed": 2, "since": "2026-01-02T03:03:05Z"}) });
    assert!(vendor.lines()[1].ends_with("&start=2"));
}

#[tokio::test]
async fn an_empty_page_before_the_end_proves_nothing() {
    let empty = || json!({"elements": [], "paging": {"links": [{"rel": "next", "href": "/rest/posts"}]}});
    let pages = (0..MAX_PAGES).map(|_| json(200, empty()));
    let vendor = Vendor::start(pages).await;

    let found = linkedin(&vendor).look_up(&post(&vendor).delivery(), &mut Known::new(), &window(&[])).await;

    assert!(matches!(found, Ok(LookUp::Impossible { .. })), "{found:?}");
}

#[tokio::test]
async fn without_a_read_permission_a_person_has_to_look() {
    let vendor = Vendor::start([json(403, json!({})), json(500, json!({}))]).await;
    let (post, linkedin) = (post(&vendor), linkedin(&vendor));

    let looked = linkedin.look_up(&post.delivery(), &mut Known::new(), &window(&[])).await;
    assert!(matches!(looked, Ok(LookUp::Impossible { .. })));
    let looked = linkedin.look_up(&post.delivery(), &mut Known::new(), &window(&[])).await;
    assert_eq!(looked.unwrap_err().class, ErrorClass::Transient);
}

#[tokio::test]
async fn tokens_are_renewed_by_the_refresh_token() {
    let answered = json!({"access_token": "new", "expires_in": 5_184_000, "refresh_token_expires_in": 60});
    let vendor = Vendor::start([json(200, answered), json(400, json!({"error": "invalid_grant"})), Act::Close]).await;
    let linkedin = linkedin(&vendor);
    let old = Tokens { access: token(), refresh: Some(SecretString::from("old+1")) };

    let new = linkedin.refresh(&old).await.unwrap().unwrap();
    assert_eq!(new.tokens.access.expose_secret(), "new");
    assert_eq!(new.tokens.refresh.as_ref().map(ExposeSecret::expose_secret), Some("old+1"));
    assert_eq!(
        (new.expires_in, new.refresh_expires_in),
        (Some(Duration::from_secs(5_184_000)), Some(Duration::from_secs(60)))
    );
    let seen = vendor.seen();
    assert_eq!(seen[0].line(), "POST /oauth/v2/accessToken HTTP/1.1");
    let form = "grant_type=refresh_token&refresh_token=old%2B1&client_id=id&client_secret=se+cret";
    assert_eq!(
        (String::from_utf8(seen[0].body.clone()).unwrap().as_str(), seen[0].header("authorization")),
        (form, None)
    );

    assert_eq!(linkedin.refresh(&old).await.unwrap_err().class, ErrorClass::Auth);
    assert_eq!(linkedin.refresh(&old).await.unwrap_err().class, ErrorClass::Transient);
    assert!(linkedin.refresh(&Tokens { access: token(), refresh: None }).await.unwrap().is_none());
}

#[test]
fn another_host_for_the_api_serves_tokens_and_only_the_sandbox_serves_posts() {
    let settings = |base_url: &str, transport| LinkedinSettings { base_url: base_url.to_owned(), transport, app: None };
    let vendors = settings("https://api.linkedin.com", Transport::Live);
    assert_eq!(vendors.token_url(), "https://www.linkedin.com/oauth/v2/accessToken");
    let other = settings("http://127.0.0.1:1", Transport::Live);
    assert_eq!(other.token_url(), "http://127.0.0.1:1/oauth/v2/accessToken");
    assert_eq!(other.permalink("urn:li:share:1"), "https://www.linkedin.com/feed/update/urn:li:share:1");
    let sandbox = settings("http://127.0.0.1:1/linkedin", Transport::Sandbox);
    assert_eq!(sandbox.permalink("urn:li:share:1"), "http://127.0.0.1:1/linkedin/feed/update/urn:li:share:1");
}

#[test]
fn a_full_page_or_a_greater_total_is_not_the_last_page() {
    let next = json!([{ "rel": "next", "href": "/rest/posts?start=100" }]);
    for (paging, page, listed, is_last) in [
        (json!({ "links": [] }), 3, 3, true),
        (json!({ "links": [] }), PAGE_SIZE, PAGE_SIZE, false),
        (json!({ "links": [], "total": 121 }), 3, 3, false),
        (json!({ "links": [], "total": 3 }), 3, 3, true),
        (json!({ "links": next }), 3, 3, false),
        (json!({}), 3, 3, false),
    ] {
        assert_eq!(is_last_page(&json!({ "paging": paging }), page, listed), is_last, "{paging} {page} {listed}");
    }
}
