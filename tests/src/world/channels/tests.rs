//! The fakes against a plain client: each behaviour is what the networks' documents say or the script names.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use super::*;
use crate::World;

/// A client of the networks with a world of its own.
struct Client {
    world: World,
    http: reqwest::Client,
}

impl Client {
    async fn new() -> Self {
        let world = World::start().await.expect("world");
        let redirects = reqwest::redirect::Policy::none();
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).redirect(redirects).build();
        Self { world, http: http.expect("client") }
    }

    fn channels(&self) -> &Channels {
        self.world.channels()
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.world.address()))
    }

    fn post_facebook(&self, page: &Grant, edge: &str, body: &Value) -> RequestBuilder {
        let path = format!("/facebook/v23.0/{}/{edge}", page.account);
        self.request(Method::POST, &path).bearer_auth(&page.access_token).json(body)
    }

    fn linkedin(&self, author: &Grant, method: Method, path: &str) -> RequestBuilder {
        let request = self.request(method, &format!("/linkedin/rest/{path}")).header("LinkedIn-Version", "202607");
        request.bearer_auth(&author.access_token)
    }

    fn post_linkedin(&self, author: &Grant, commentary: &str, content: Value) -> RequestBuilder {
        let mut body = json!({
            "author": author.account, "commentary": commentary, "visibility": "PUBLIC",
            "distribution": { "feedDistribution": "MAIN_FEED" }, "lifecycleState": "PUBLISHED",
        });
        if !content.is_null() {
            body["content"] = content;
        }
        self.linkedin(author, Method::POST, "posts").json(&body)
    }

    fn refresh(&self, token: &str) -> RequestBuilder {
        let [id, secret] = LINKEDIN_APP;
        let fields =
            [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", id), ("client_secret", secret)];
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.request(Method::POST, "/linkedin/oauth/v2/accessToken");
        request.header("content-type", "application/x-www-form-urlencoded").body(form)
    }
}

async fn sent(request: RequestBuilder) -> Response {
    request.send().await.expect("an answer")
}

async fn status(request: RequestBuilder) -> u16 {
    sent(request).await.status().as_u16()
}

async fn json_of(request: RequestBuilder) -> Value {
    sent(request).await.json().await.expect("JSON")
}

#[tokio::test]
async fn a_post_on_a_page_is_in_the_ledger_and_on_the_list() {
    let client = Client::new().await;
    let page = client.channels().account(Site::Facebook);

    let made = json_of(client.post_facebook(&page, "feed", &json!({ "message": "Hello", "published": true }))).await;

    let post = client.channels().ledger().the_only_post(&page.account, "Hello");
    assert_eq!(made["id"], json!(post.id));
    assert!(page.access_token.ends_with(&post.token_end) && post.token_end.len() < 8, "{}", post.token_end);
    let list = format!(
        "/facebook/v23.0/{}/published_posts?fields=id,message,created_time&access_token={}",
        page.account, page.access_token
    );
    let listed = json_of(client.request(Method::GET, &list)).await;
    assert_eq!((&listed["data"][0]["id"], &listed["data"][0]["message"]), (&made["id"], &json!("Hello")));
    let seen = client.channels().ledger().exchanges();
    assert_eq!(
        seen.iter().map(|it| (it.step, it.authorized)).collect::<Vec<_>>(),
        [(Some(Step::Publish), true), (Some(Step::LookUp), true)]
    );
    assert!(!format!("{seen:?}").contains(&page.access_token), "the ledger holds no token");
    let read = format!("/facebook/v23.0/{}?fields=id,permalink_url", post.id);
    let read = json_of(client.request(Method::GET, &read).bearer_auth(&page.access_token)).await;
    assert!(read["permalink_url"].as_str().unwrap_or_default().starts_with("https://www.facebook.com/"), "{read}");
}

#[tokio::test]
async fn a_list_of_a_page_has_a_start_and_further_pages() {
    let client = Client::new().await;
    let page = client.channels().account(Site::Facebook);
    for text in ["one", "two", "three"] {
        assert_eq!(status(client.post_facebook(&page, "feed", &json!({ "message": text }))).await, 200);
    }
    let get = |path: String| client.request(Method::GET, &path).bearer_auth(&page.access_token);
    let texts = |list: &Value| -> Vec<String> {
        let items = list["data"].as_array().cloned().unwrap_or_default();
        items.iter().filter_map(|item| item["message"].as_str().map(str::to_owned)).collect()
    };
    let path = format!("/facebook/v23.0/{}/published_posts", page.account);

    let first = json_of(get(format!("{path}?limit=2&since=0"))).await;
    let next = first["paging"]["next"].as_str().expect("a next page");
    let second = json_of(client.http.get(next).bearer_auth(&page.access_token)).await;
    let later = json_of(get(format!("{path}?since={}", now().timestamp() + 60))).await;

    assert_eq!((texts(&first), texts(&second)), (vec!["three".into(), "two".into()], vec!["one".into()]));
    assert!(second["paging"]["next"].is_null() && texts(&later).is_empty());
}

#[tokio::test]
async fn ids_of_photos_are_numbers_beyond_floating_point() {
    let client = Client::new().await;
    let page = client.channels().account(Site::Facebook);
    let mut photos = Vec::new();
    for name in ["a", "b"] {
        let photo = json!({ "url": format!("https://cdn.example/{name}.jpg"), "published": false });
        photos.push(json_of(client.post_facebook(&page, "photos", &photo)).await["id"].clone());
    }
    assert!(photos.iter().all(|id| id.as_u64().is_some_and(|id| id > 1 << 53 && id % 2 == 1)), "{photos:?}");

    let attached: Vec<Value> = photos.iter().map(|id| json!({ "media_fbid": id.to_string() })).collect();
    let album = json!({ "message": "Album", "attached_media": attached });
    let unknown = json!({ "message": "Album", "attached_media": [{ "media_fbid": "5" }] });

    assert_eq!(status(client.post_facebook(&page, "feed", &unknown)).await, 400);
    assert_eq!(status(client.post_facebook(&page, "feed", &album)).await, 200);
    let post = client.channels().ledger().the_only_post(&page.account, "Album");
    assert_eq!(post.media, ["https://cdn.example/a.jpg", "https://cdn.example/b.jpg"]);
}

#[tokio::test]
async fn a_reel_is_started_uploaded_and_finished() {
    let client = Client::new().await;
    let page = client.channels().account(Site::Facebook);
    let started = json_of(client.post_facebook(&page, "video_reels", &json!({ "upload_phase": "start" }))).await;
    let video = started["video_id"].clone();
    let finish =
        json!({ "upload_phase": "finish", "video_id": video, "video_state": "PUBLISHED", "description": "Reel" });
    assert_eq!(status(client.post_facebook(&page, "video_reels", &finish)).await, 400, "nothing is uploaded");

    let upload = client.http.post(started["upload_url"].as_str().expect("an address"));
    let upload = upload.header("authorization", format!("OAuth {}", page.access_token));
    assert_eq!(status(upload.header("file_url", "https://cdn.example/reel.mp4")).await, 200);
    assert_eq!(status(client.post_facebook(&page, "video_reels", &finish)).await, 200);

    let post = client.channels().ledger().the_only_post(&page.account, "Reel");
    assert_eq!(post.media, ["https://cdn.example/reel.mp4"]);
    let read = || {
        let path = format!("/facebook/v23.0/{video}?fields=status");
        json_of(client.request(Method::GET, &path).bearer_auth(&page.access_token))
    };
    assert_eq!(read().await["status"]["video_status"], "processing");
    assert_eq!(read().await["status"]["video_status"], "ready");
}

#[tokio::test]
async fn a_page_takes_only_its_own_valid_token() {
    let client = Client::new().await;
    let [page, other] = [(), ()].map(|()| client.channels().account(Site::Facebook));
    let body = json!({ "message": "Hi" });
    let foreign = Grant { access_token: other.access_token.clone(), ..page.clone() };

    let refused = json_of(client.post_facebook(&foreign, "feed", &body)).await;
    client.channels().expire(&page.account);
    let expired = json_of(client.post_facebook(&page, "feed", &body)).await;

    assert_eq!((&refused["error"]["code"], &expired["error"]["code"]), (&json!(200), &json!(190)));
    assert_eq!(client.channels().ledger().posts(&page.account), []);
    assert!(client.channels().ledger().exchanges().iter().all(|exchange| !exchange.authorized));
}

#[tokio::test]
async fn a_page_that_refuses_repeats_takes_no_text_twice_in_a_row() {
    let client = Client::new().await;
    let page = client.channels().account(Site::Facebook);
    let post = |text: &str| client.post_facebook(&page, "feed", &json!({ "message": text }));

    assert_eq!([status(post("a")).await, status(post("a")).await], [200, 200]);
    client.channels().set_repeats(&page.account, Repeats::Refused);
    let refused = json_of(post("a")).await;

    assert_eq!(refused["error"]["code"], 506);
    assert_eq!([status(post("b")).await, status(post("a")).await], [200, 200]);
    assert_eq!(client.channels().ledger().posts_by_text(&page.account)["a"], 3);
}

#[tokio::test]
async fn linkedin_wants_a_version_that_is_active() {
    let client = Client::new().await;
    let author = client.channels().account(Site::Linkedin);
    let post = |version: Option<&str>| {
        let request = client.request(Method::POST, "/linkedin/rest/posts").bearer_auth(&author.access_token);
        let request = request.json(&json!({ "author": author.account }));
        version.into_iter().fold(request, |request, version| request.header("LinkedIn-Version", version))
    };

    assert_eq!([status(post(None)).await, status(post(Some("202401"))).await], [400, 426]);
    assert_eq!(client.channels().ledger().posts(&author.account), []);
}

#[tokio::test]
async fn linkedin_answers_without_a_body_and_cuts_what_is_not_escaped() {
    let client = Client::new().await;
    let author = client.channels().account(Site::Linkedin);

    let made = sent(client.post_linkedin(&author, r"Cup \(large\)", Value::Null)).await;
    let id = made.headers()["x-restli-id"].to_str().expect("text").to_owned();
    assert_eq!((made.status().as_u16(), made.text().await.expect("a body").len()), (201, 0));
    assert_eq!(status(client.post_linkedin(&author, "Tea (small)", Value::Null)).await, 201);

    let ledger = client.channels().ledger();
    assert_eq!(ledger.the_only_post(&author.account, "Cup (large)").id, id);
    ledger.the_only_post(&author.account, "Tea ");
}

#[tokio::test]
async fn linkedin_names_the_post_that_a_text_repeats() {
    let client = Client::new().await;
    let author = client.channels().account(Site::Linkedin);
    let made = sent(client.post_linkedin(&author, "Again", Value::Null)).await;
    let id = made.headers()["x-restli-id"].to_str().expect("text").to_owned();

    let again = sent(client.post_linkedin(&author, "Again", Value::Null)).await;
    assert_eq!(again.status().as_u16(), 422);
    let body: Value = again.json().await.expect("JSON");
    assert_eq!(body["errorDetails"]["inputErrors"][0]["code"], "DUPLICATE_POST");
    assert_eq!(body["message"], format!("Content is a duplicate of {id}"));

    client.channels().set_repeats(&author.account, Repeats::Published);
    assert_eq!(status(client.post_linkedin(&author, "Again", Value::Null)).await, 201);
    assert_eq!(client.channels().ledger().posts_by_text(&author.account)["Again"], 2);
}

#[tokio::test]
async fn linkedin_takes_images_and_videos_that_were_uploaded() {
    let client = Client::new().await;
    let author = client.channels().account(Site::Linkedin);
    let start = json!({ "initializeUploadRequest": { "owner": author.account } });
    let start = client.linkedin(&author, Method::POST, "images?action=initializeUpload").json(&start);
    let image = json_of(start).await["value"].clone();
    let with_image = json!({ "media": { "id": image["image"] } });
    assert_eq!(status(client.post_linkedin(&author, "Image", with_image.clone())).await, 400, "nothing is uploaded");
    let upload = |value: &Value| client.http.put(value["uploadUrl"].as_str().expect("an address"));
    assert_eq!(status(upload(&image).body("bytes")).await, 201);
    assert_eq!(status(client.post_linkedin(&author, "Image", with_image)).await, 201);

    let start = json!({ "initializeUploadRequest": { "owner": author.account, "fileSizeBytes": 4_194_310 } });
    let start = client.linkedin(&author, Method::POST, "videos?action=initializeUpload").json(&start);
    let video = json_of(start).await["value"].clone();
    let parts = video["uploadInstructions"].as_array().expect("parts");
    assert_eq!((parts.len(), &parts[1]["lastByte"]), (2, &json!(4_194_309)));
    assert_eq!(status(upload(&parts[0]).bearer_auth(&author.access_token)).await, 400, "parts come without a token");
    let mut etags = Vec::new();
    for part in parts {
        let taken = sent(upload(part).body("part")).await;
        etags.push(taken.headers()["etag"].to_str().expect("text").trim_matches('"').to_owned());
    }
    let finish =
        json!({ "finalizeUploadRequest": { "video": video["video"], "uploadToken": "", "uploadedPartIds": etags } });
    let finish = client.linkedin(&author, Method::POST, "videos?action=finalizeUpload").json(&finish);
    assert_eq!(status(finish).await, 200);
    let with_video = json!({ "media": { "id": video["video"] } });
    let read = format!("videos/{}", video["video"].as_str().expect("a URN").replace(':', "%3A"));
    assert_eq!(status(client.post_linkedin(&author, "Video", with_video.clone())).await, 400, "it is being processed");
    for expected in ["PROCESSING", "AVAILABLE"] {
        assert_eq!(json_of(client.linkedin(&author, Method::GET, &read)).await["status"], expected);
    }
    assert_eq!(status(client.post_linkedin(&author, "Video", with_video)).await, 201);
    let post = client.channels().ledger().the_only_post(&author.account, "Video");
    assert!(post.id.starts_with("urn:li:ugcPost:"), "{}", post.id);
}

#[tokio::test]
async fn a_list_can_be_switched_off_and_can_lag() {
    let client = Client::new().await;
    let author = client.channels().account(Site::Linkedin);
    let list = || {
        let path = format!("posts?q=author&author={}", author.account.replace(':', "%3A"));
        client.linkedin(&author, Method::GET, &path)
    };
    client.channels().set_look_up(&author.account, LookUp::AfterLists(1));
    assert_eq!(status(client.post_linkedin(&author, "Late", Value::Null)).await, 201);
    let [first, second] = [json_of(list()).await, json_of(list()).await];
    assert_eq!(
        (first["elements"].as_array().map(Vec::len), &second["elements"][0]["commentary"]),
        (Some(0), &json!("Late"))
    );

    client.channels().set_look_up(&author.account, LookUp::Off);
    assert_eq!(status(list()).await, 403);
    let page = client.channels().account(Site::Facebook);
    client.channels().set_look_up(&page.account, LookUp::Off);
    let path = format!("/facebook/{}/published_posts", page.account);
    let refused = json_of(client.request(Method::GET, &path).bearer_auth(&page.access_token)).await;
    assert_eq!(refused["error"]["code"], 10);
}

#[tokio::test]
async fn a_refresh_token_is_good_for_one_refresh() {
    let client = Client::new().await;
    let author = client.channels().account(Site::Linkedin);
    let token = author.refresh_token.clone().expect("a refresh token");
    client.channels().expire(&author.account);
    assert_eq!(status(client.post_linkedin(&author, "Hi", Value::Null)).await, 401);

    let granted = json_of(client.refresh(&token)).await;
    let stale = sent(client.refresh(&token)).await;
    let (code, stale): (u16, Value) = (stale.status().as_u16(), stale.json().await.expect("JSON"));

    assert_eq!((code, &stale["error"]), (400, &json!("invalid_grant")));
    assert_eq!(client.channels().refreshes(&author.account), Refreshes { granted: 1, stale: 1 });
    let text = |name: &str| granted[name].as_str().expect("a token").to_owned();
    let renewed = Grant { access_token: text("access_token"), ..author.clone() };
    assert_eq!(status(client.post_linkedin(&renewed, "Hi", Value::Null)).await, 201);
    assert_eq!(status(client.refresh(&text("refresh_token"))).await, 200);
    let seen = client.channels().ledger().requests(&author.account, Step::Token);
    assert_eq!(seen.len(), 3);
    assert!(!format!("{seen:?}").contains(&token) && !format!("{seen:?}").contains(LINKEDIN_APP[1]), "no secret");
}

/// Publishes one text, and whether there was an answer within 200 ms.
async fn answered(client: &Client, page: &Grant, text: &str) -> Option<u16> {
    let request = client.post_facebook(page, "feed", &json!({ "message": text }));
    let answer = tokio::time::timeout(Duration::from_millis(200), request.send()).await;
    answer.ok().and_then(Result::ok).map(|answer| answer.status().as_u16())
}

#[tokio::test]
async fn each_fault_answers_and_executes_what_it_says() {
    let client = Client::new().await;
    let (channels, ledger) = (client.channels(), client.channels().ledger());
    for (script, answer, is_made, outcome) in [
        (Script::Ok, Some(200), true, Outcome::Completed),
        (Script::Delay(Duration::from_millis(5)), Some(200), true, Outcome::Completed),
        (Script::Hang, None, false, Outcome::ClosedByClient),
        (Script::ResetBefore, None, false, Outcome::Broken),
        (Script::AcceptThenHang, None, true, Outcome::ClosedByClient),
        (Script::AcceptThenReset, None, true, Outcome::Broken),
        (Script::AcceptThenStatus(500), Some(500), true, Outcome::Refused(500)),
        (Script::too_many(None), Some(429), false, Outcome::Refused(429)),
        (Script::graph(368), Some(403), false, Outcome::Refused(403)),
    ] {
        let page = channels.account(Site::Facebook);
        channels.play(&page.account, Step::Publish, [script.clone()]);

        assert_eq!(answered(&client, &page, "It").await, answer, "{script:?}");

        let exchange = channels.wait_until_ended(&page.account, Step::Publish, 1).await;
        assert_eq!((exchange.outcome, exchange.post.is_some()), (outcome, is_made), "{script:?}");
        assert_eq!(ledger.posts(&page.account).len(), usize::from(is_made), "{script:?}");
    }
}

#[tokio::test]
async fn an_error_comes_with_the_wait_that_it_asks_for() {
    let client = Client::new().await;
    let page = client.channels().account(Site::Facebook);
    client.channels().play(&page.account, Step::Publish, [Script::too_many(Some(7)), Script::OkAtUsage(95)]);

    let post = || client.post_facebook(&page, "feed", &json!({ "message": "Hi" }));
    let (refused, taken) = (sent(post()).await, sent(post()).await);

    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].as_bytes()), (429, &b"7"[..]));
    let usage: Value = serde_json::from_slice(taken.headers()["x-app-usage"].as_bytes()).expect("JSON");
    assert_eq!((taken.status().as_u16(), &usage["call_count"]), (200, &json!(95)));
}

#[tokio::test]
async fn a_held_request_waits_for_its_release_before_or_after() {
    let client = Client::new().await;
    for (script, is_made) in [(Script::Hold, 0), (Script::AcceptThenHold, 1)] {
        let page = client.channels().account(Site::Facebook);
        client.channels().play(&page.account, Step::Publish, [script]);
        let request = client.post_facebook(&page, "feed", &json!({ "message": "Held" }));

        let answer = tokio::spawn(request.send());
        client.channels().wait_until_holding(&page.account).await;
        assert_eq!(client.channels().ledger().posts(&page.account).len(), is_made);
        client.world.release(&page.account);

        assert_eq!(answer.await.expect("a task").expect("an answer").status().as_u16(), 200);
        client.channels().ledger().the_only_post(&page.account, "Held");
    }
}

#[tokio::test]
async fn connections_to_networks_are_counted_apart() {
    let client = Client::new().await;
    sent(client.http.get(client.world.jwks_url())).await;
    let idle = tokio::net::TcpStream::connect(client.world.address()).await.expect("a connection");
    // A later connection is accepted after it.
    let other = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("client");
    sent(other.get(client.world.jwks_url())).await;

    assert_eq!(client.channels().connections(), 1, "one that has sent nothing");
    drop(idle);
    let last = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("client");
    sent(last.get(format!("http://{}/media/a.jpg", client.world.address()))).await;
    assert_eq!(client.channels().connections(), 2);
}

#[tokio::test]
async fn media_have_kinds_ranges_and_redirects() {
    let client = Client::new().await;
    let get = |name: &str| client.request(Method::GET, &format!("/media/{name}"));

    for (name, kind, start) in [
        ("a.jpg", "image/jpeg", &b"\xFF\xD8\xFF"[..]),
        ("a.png", "image/png", b"\x89PNG"),
        ("a.gif", "image/gif", b"GIF89a"),
        ("a.mp4", "video/mp4", b"\0\0\0\x18ftypisom"),
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
