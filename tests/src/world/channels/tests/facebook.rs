//! Facebook: texts, photos, reels, lists, and what it refuses.

use super::*;

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

    let read = || {
        let path = format!("/facebook/v23.0/{video}?fields=status");
        json_of(client.request(Method::GET, &path).bearer_auth(&page.access_token))
    };
    assert_eq!(read().await["status"]["video_status"], "processing");
    let ledger = client.channels().ledger();
    assert_eq!((ledger.posts(&page.account).len(), ledger.posts_in_processing(&page.account).len()), (0, 1));
    assert_eq!(read().await["status"]["video_status"], "ready");
    assert_eq!(ledger.the_only_post(&page.account, "Reel").media, ["https://cdn.example/reel.mp4"]);
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

fn read_video(client: &Client, page: &Grant, video: &Value) -> RequestBuilder {
    client.get_graph(page, &format!("{video}?fields=status,permalink_url"))
}

#[tokio::test]
async fn a_video_is_seen_once_it_is_processed_or_never() {
    let client = Client::new().await;
    let ledger = client.channels().ledger();
    for (ending, shown, posts) in [
        (Ending::Ready, "ready", 1),
        (Ending::Failed("The video file is corrupt".into()), "error", 0),
        (Ending::Expired, "expired", 0),
        (Ending::Stuck, "processing", 0),
    ] {
        let page = client.channels().account(Site::Facebook);
        client.channels().set_ending(&page.account, ending.clone());
        let video = json!({ "file_url": "https://cdn.example/a.mp4", "description": "Video", "published": true });
        let id = json_of(client.post_facebook(&page, "videos", &video)).await["id"].clone();
        let list = |edge: &str| client.get_graph(&page, &format!("{}/{edge}", page.account));
        let count = |list: &Value| list["data"].as_array().map(Vec::len);
        assert_eq!(count(&json_of(list("published_posts")).await), Some(0));
        assert_eq!(json_of(list("videos")).await["data"][0]["id"], id, "its page sees it");

        assert_eq!(json_of(read_video(&client, &page, &id)).await["status"]["video_status"], "processing");
        let status = json_of(read_video(&client, &page, &id)).await["status"].clone();

        assert_eq!((&status["video_status"], ledger.posts(&page.account).len()), (&json!(shown), posts), "{ending:?}");
        assert_eq!(count(&json_of(list("published_posts")).await), Some(posts));
        assert_eq!(ledger.posts_in_processing(&page.account).len(), usize::from(ending == Ending::Stuck));
        if let Ending::Failed(reason) = ending {
            assert_eq!(status["processing_phase"]["errors"][0]["message"], json!(reason));
        }
    }
}

#[tokio::test]
async fn a_reel_is_uploaded_as_bytes_too() {
    let client = Client::new().await;
    let page = client.channels().account(Site::Facebook);
    client.channels().set_processing(&page.account, 0);
    let file = bytes(3_000);
    let started = json_of(client.post_facebook(&page, "video_reels", &json!({ "upload_phase": "start" }))).await;
    let upload =
        || client.http.post(started["upload_url"].as_str().expect("an address")).bearer_auth(&page.access_token);

    assert_eq!(status(upload()).await, 400, "no file");
    let in_part = upload().header("offset", "0").header("file_size", "3000").body(file[..100].to_vec());
    assert_eq!(status(in_part).await, 400);
    assert_eq!(status(upload().header("offset", "0").header("file_size", "3000").body(file.clone())).await, 200);
    let finish = json!({
        "upload_phase": "finish", "video_id": started["video_id"], "video_state": "PUBLISHED", "description": "Reel",
    });
    let finish = || client.post_facebook(&page, "video_reels", &finish);
    assert_eq!([status(finish()).await, status(finish()).await], [200, 400], "a reel is finished once");

    assert_eq!(client.channels().ledger().the_only_post(&page.account, "Reel").content, Some(content(&file)));
}

#[tokio::test]
async fn reels_are_limited_by_day() {
    let client = Client::new().await;
    let page = client.channels().account(Site::Facebook);
    client.channels().set_quota(&page.account, Quota { used: 30, total: 30 });

    let refused = json_of(client.post_facebook(&page, "video_reels", &json!({ "upload_phase": "start" }))).await;

    assert_eq!(refused["error"]["code"], 613);
    assert_eq!(status(client.post_facebook(&page, "feed", &json!({ "message": "Hi" }))).await, 200);
}
