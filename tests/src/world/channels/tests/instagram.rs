//! Instagram: containers, their states, publication, the publishing limit, lists, and what it refuses.

use super::*;

async fn container(client: &Client, account: &Grant, body: &Value) -> String {
    let made = json_of(client.post_instagram(account, "media", body)).await;
    made["id"].as_str().unwrap_or_else(|| panic!("a container: {made}")).to_owned()
}

async fn status_code(client: &Client, account: &Grant, container: &str) -> String {
    let read = json_of(client.get_graph(account, &format!("{container}?fields=status_code,status"))).await;
    read["status_code"].as_str().expect("a status").to_owned()
}

fn publish(client: &Client, account: &Grant, container: &str) -> RequestBuilder {
    client.post_instagram(account, "media_publish", &json!({ "creation_id": container }))
}

fn subcode(error: &Value) -> (i64, i64) {
    let number = |name: &str| error["error"][name].as_i64().unwrap_or_default();
    (number("code"), number("error_subcode"))
}

#[tokio::test]
async fn an_image_is_finished_at_once_and_published_once() {
    let client = Client::new().await;
    let account = client.channels().account(Site::Instagram);
    let image = json!({ "image_url": "https://cdn.example/a.jpg", "caption": "Hi #x", "alt_text": "A cup" });
    let id = container(&client, &account, &image).await;

    assert_eq!(status_code(&client, &account, &id).await, "FINISHED");
    let [first, second] =
        [json_of(publish(&client, &account, &id)).await, json_of(publish(&client, &account, &id)).await];

    let post = client.channels().ledger().the_only_post(&account.account, "Hi #x");
    assert_eq!(
        (&first["id"], &second["id"], &post.media[0][..]),
        (&json!(post.id), &first["id"], "https://cdn.example/a.jpg")
    );
    assert_eq!(status_code(&client, &account, &id).await, "PUBLISHED");
    let read = json_of(client.get_graph(&account, &format!("{}?fields=id,permalink,timestamp", post.id))).await;
    assert!(read["permalink"].as_str().is_some_and(|url| url.starts_with("https://www.instagram.com/")), "{read}");
    let listed = json_of(client.get_graph(&account, &format!("{}/media?fields=id,caption", account.account))).await;
    assert_eq!(listed["data"], json!([{ "id": post.id, "caption": "Hi #x" }]));
    assert!(post.id.parse::<u64>().is_ok_and(|id| id > 1 << 53), "{}", post.id);
}

#[tokio::test]
async fn a_reel_is_not_published_before_it_is_finished() {
    let client = Client::new().await;
    let account = client.channels().instagram_by_facebook();
    client.channels().set_processing(&account.account, 2);
    let reel = json!({ "media_type": "REELS", "video_url": "https://cdn.example/a.mp4", "caption": "Reel", "share_to_feed": true });
    let id = container(&client, &account, &reel).await;

    assert_eq!(subcode(&json_of(publish(&client, &account, &id)).await), (9_007, 2_207_027));
    for expected in ["IN_PROGRESS", "IN_PROGRESS", "FINISHED"] {
        assert_eq!(status_code(&client, &account, &id).await, expected);
    }
    assert_eq!(client.channels().ledger().posts(&account.account), []);
    assert_eq!(status(publish(&client, &account, &id)).await, 200);

    client.channels().ledger().the_only_post(&account.account, "Reel");
    let steps: Vec<_> = client.channels().ledger().exchanges().into_iter().filter_map(|it| it.step).collect();
    assert_eq!(steps, [Step::Init, Step::Publish, Step::Status, Step::Status, Step::Status, Step::Publish]);
}

#[tokio::test]
async fn a_container_fails_expires_or_never_ends() {
    let client = Client::new().await;
    let image = json!({ "image_url": "https://cdn.example/a.jpg" });
    for (ending, state, refusal) in [
        (Ending::Failed("2207026".into()), "ERROR", (-1, 2_207_032)),
        (Ending::Expired, "EXPIRED", (-2, 2_207_020)),
        (Ending::Stuck, "IN_PROGRESS", (9_007, 2_207_027)),
    ] {
        let account = client.channels().account(Site::Instagram);
        client.channels().set_ending(&account.account, ending);
        let id = container(&client, &account, &image).await;

        assert_eq!(status_code(&client, &account, &id).await, state);
        assert_eq!(status_code(&client, &account, &id).await, state);
        assert_eq!(subcode(&json_of(publish(&client, &account, &id)).await), refusal, "{state}");
        assert_eq!(client.channels().ledger().posts(&account.account), []);
    }
}

#[tokio::test]
async fn a_carousel_has_finished_items_of_its_account() {
    let client = Client::new().await;
    let account = client.channels().account(Site::Instagram);
    let image = json!({ "image_url": "https://cdn.example/a.jpg", "is_carousel_item": true });
    let video = json!({ "video_url": "https://cdn.example/b.mp4", "media_type": "VIDEO", "is_carousel_item": true });
    let items = [container(&client, &account, &image).await, container(&client, &account, &video).await];
    let carousel = json!({ "media_type": "CAROUSEL", "children": items.join(","), "caption": "Two" });
    let create = || client.post_instagram(&account, "media", &carousel);

    assert_eq!(subcode(&json_of(create()).await), (9_007, 2_207_027), "an item is not finished");
    assert_eq!(status(publish(&client, &account, &items[0])).await, 400, "an item is no post");
    for expected in ["IN_PROGRESS", "FINISHED"] {
        assert_eq!(status_code(&client, &account, &items[1]).await, expected);
    }
    let id = json_of(create()).await["id"].as_str().expect("a container").to_owned();
    assert_eq!(status(publish(&client, &account, &id)).await, 200);

    let post = client.channels().ledger().the_only_post(&account.account, "Two");
    assert_eq!(post.media, ["https://cdn.example/a.jpg", "https://cdn.example/b.mp4"]);
    let other = client.channels().account(Site::Instagram);
    let foreign = client.post_instagram(&other, "media", &carousel);
    assert_eq!(subcode(&json_of(foreign).await), (24, 2_207_006));
}

#[tokio::test]
async fn a_story_has_no_text_and_a_list_of_its_own() {
    let client = Client::new().await;
    let account = client.channels().account(Site::Instagram);
    let story = json!({ "image_url": "https://cdn.example/a.jpg", "media_type": "STORIES" });
    let id = container(&client, &account, &story).await;
    assert_eq!(status(publish(&client, &account, &id)).await, 200);

    for (edge, count) in [("media", 0), ("stories", 1)] {
        let listed = json_of(client.get_graph(&account, &format!("{}/{edge}", account.account))).await;
        assert_eq!(listed["data"].as_array().map(Vec::len), Some(count), "{edge}");
    }
}

#[tokio::test]
async fn the_publishing_limit_is_read_and_ends() {
    let client = Client::new().await;
    let account = client.channels().account(Site::Instagram);
    client.channels().set_quota(&account.account, Quota { used: 1, total: 2 });
    let read = async || {
        let path = format!("{}/content_publishing_limit?fields=quota_usage,config", account.account);
        json_of(client.get_graph(&account, &path)).await["data"][0].clone()
    };
    let image = json!({ "image_url": "https://cdn.example/a.jpg" });
    let ids = [container(&client, &account, &image).await, container(&client, &account, &image).await];
    assert_eq!(read().await, json!({ "quota_usage": 1, "config": { "quota_total": 2, "quota_duration": 86_400 } }));

    assert_eq!(status(publish(&client, &account, &ids[0])).await, 200);
    let refused = json_of(publish(&client, &account, &ids[1])).await;

    assert_eq!((subcode(&refused), read().await["quota_usage"].clone()), ((9, 2_207_042), json!(2)));
    assert_eq!(client.channels().ledger().posts(&account.account).len(), 1);
}

#[tokio::test]
async fn a_container_is_refused_for_what_is_wrong_with_it() {
    let client = Client::new().await;
    let account = client.channels().account(Site::Instagram);
    let url = "https://cdn.example/a.jpg";
    for (body, expected) in [
        (json!({}), (100, 2_207_023)),
        (json!({ "image_url": url, "video_url": url }), (100, 2_207_023)),
        (json!({ "media_type": "REELS", "image_url": url }), (100, 2_207_023)),
        (json!({ "image_url": url, "captoin": "Hi" }), (100, 2_207_023)),
        (json!({ "image_url": url, "caption": 5 }), (100, 2_207_023)),
        (json!({ "image_url": url, "is_carousel_item": "yes" }), (100, 2_207_023)),
        (json!({ "image_url": url, "is_carousel_item": true, "caption": "Hi" }), (100, 2_207_023)),
        (json!({ "image_url": url, "media_type": "STORIES", "alt_text": "A" }), (100, 2_207_023)),
        (json!({ "image_url": "ftp://cdn.example/a.jpg" }), (9_004, 2_207_052)),
        (json!({ "image_url": url, "caption": "x".repeat(2_201) }), (36_004, 2_207_010)),
        (json!({ "image_url": url, "caption": "#x ".repeat(31) }), (100, 2_207_040)),
        (json!({ "media_type": "CAROUSEL", "children": "1" }), (100, 2_207_028)),
        (json!({ "media_type": "CAROUSEL", "children": "1,2" }), (24, 2_207_006)),
    ] {
        let refused = json_of(client.post_instagram(&account, "media", &body)).await;
        assert_eq!(subcode(&refused), expected, "{body}: {refused}");
    }
    let unknown = json_of(client.get_graph(&account, "17889615691921648?fields=status_code")).await;
    assert!(unknown["error"]["code"].is_i64(), "{unknown}");
    let other = client.channels().account(Site::Instagram);
    let foreign = Grant { access_token: other.access_token, ..account.clone() };
    let foreign = json_of(client.post_instagram(&foreign, "media", &json!({ "image_url": url }))).await;
    assert_eq!(foreign["error"]["code"], 200);
}

#[tokio::test]
async fn a_list_of_media_lags_or_is_closed() {
    let client = Client::new().await;
    let account = client.channels().account(Site::Instagram);
    client.channels().set_look_up(&account.account, LookUp::AfterLists(1));
    let id = container(&client, &account, &json!({ "image_url": "https://cdn.example/a.jpg" })).await;
    assert_eq!(status(publish(&client, &account, &id)).await, 200);
    let list = || client.get_graph(&account, &format!("{}/media", account.account));

    let [first, second] = [json_of(list()).await, json_of(list()).await];
    client.channels().set_look_up(&account.account, LookUp::Off);

    assert_eq!([&first, &second].map(|list| list["data"].as_array().map(Vec::len)), [Some(0), Some(1)]);
    assert_eq!(json_of(list()).await["error"]["code"], 10);
}
