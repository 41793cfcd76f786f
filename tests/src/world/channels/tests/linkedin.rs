//! LinkedIn: posts, images, videos, the list of an author's posts, and tokens.

use super::*;

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

    let start = json!({ "initializeUploadRequest": { "owner": author.account, "fileSizeBytes": 4_194_310, "uploadCaptions": false } });
    let start = client.linkedin(&author, Method::POST, "videos?action=initializeUpload").json(&start);
    let video = json_of(start).await["value"].clone();
    let parts = video["uploadInstructions"].as_array().expect("parts");
    assert_eq!((parts.len(), &parts[1]["lastByte"]), (2, &json!(4_194_309)));
    let bytes = "application/octet-stream";
    let part = |number: usize, size: usize| {
        upload(&parts[number]).header("content-type", bytes).body(vec![u8::try_from(number).unwrap(); size])
    };
    assert_eq!(status(part(0, 4_194_304).bearer_auth(&author.access_token)).await, 400, "parts come without a token");
    assert_eq!(status(part(0, 4_194_304).header("linkedin-version", "202607")).await, 400, "and without a version");
    assert_eq!(status(part(0, 4_194_303)).await, 400, "a byte is missing");
    let mut etags = Vec::new();
    for part in [part(0, 4_194_304), part(1, 6)] {
        let taken = sent(part).await;
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
    let whole = [vec![0; 4_194_304], vec![1; 6]].concat();
    assert_eq!(post.content, Some(content(&whole)));
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

/// A video that is to be uploaded, and its parts.
async fn start_video(client: &Client, author: &Grant, size: usize) -> (Value, Vec<Value>) {
    let order = json!({ "initializeUploadRequest": {
        "owner": author.account, "fileSizeBytes": size, "uploadCaptions": false, "uploadThumbnail": false,
    } });
    let started = json_of(client.linkedin(author, Method::POST, "videos?action=initializeUpload").json(&order)).await;
    let parts = started["value"]["uploadInstructions"].as_array().cloned().expect("parts");
    (started["value"]["video"].clone(), parts)
}

async fn etag_of(client: &Client, part: &Value, file: &[u8]) -> String {
    let byte = |name: &str| usize::try_from(part[name].as_u64().expect("a number")).expect("a number");
    let upload = client.http.put(part["uploadUrl"].as_str().expect("an address"));
    let upload = upload.header("content-type", "application/octet-stream");
    let taken = sent(upload.body(file[byte("firstByte")..=byte("lastByte")].to_vec())).await;
    assert_eq!(taken.status().as_u16(), 200);
    taken.headers()["etag"].to_str().expect("text").to_owned()
}

fn finish_video(client: &Client, author: &Grant, video: &Value, etags: &[String]) -> RequestBuilder {
    let order = json!({ "finalizeUploadRequest": { "video": video, "uploadToken": "", "uploadedPartIds": etags } });
    client.linkedin(author, Method::POST, "videos?action=finalizeUpload").json(&order)
}

#[tokio::test]
async fn a_video_is_whole_if_its_parts_are_named_in_order() {
    let client = Client::new().await;
    let file = bytes(2_500);
    for has_quotes in [true, false] {
        let author = client.channels().account(Site::Linkedin);
        client.channels().set_parts(&author.account, 1_000, has_quotes);
        client.channels().set_processing(&author.account, 0);
        let (video, parts) = start_video(&client, &author, file.len()).await;
        let mut etags = Vec::new();
        for part in &parts {
            etags.push(etag_of(&client, part, &file).await);
        }

        assert_eq!(etags.iter().map(|etag| etag.starts_with('"')).collect::<Vec<_>>(), [has_quotes; 3]);
        let swapped = [etags[1].clone(), etags[0].clone(), etags[2].clone()];
        assert_eq!(status(finish_video(&client, &author, &video, &swapped)).await, 400);
        assert_eq!(status(finish_video(&client, &author, &video, &etags[..2])).await, 400);
        assert_eq!(etag_of(&client, &parts[1], &file).await, etags[1], "a part may be sent again");
        assert_eq!(status(finish_video(&client, &author, &video, &etags)).await, 200);
        assert_eq!(status(client.post_linkedin(&author, "Video", json!({ "media": { "id": video } }))).await, 201);

        let post = client.channels().ledger().the_only_post(&author.account, "Video");
        assert_eq!(post.content, Some(content(&file)));
        let chunks = client.channels().ledger().requests(&author.account, Step::Chunk);
        assert!(chunks.len() == 4 && chunks.iter().all(|chunk| chunk.token_end.is_empty()));
    }
}

#[tokio::test]
async fn bytes_that_arrive_out_of_order_have_no_digest() {
    let client = Client::new().await;
    let author = client.channels().account(Site::Linkedin);
    client.channels().set_parts(&author.account, 1_000, true);
    client.channels().set_processing(&author.account, 0);
    let file = bytes(2_000);
    let (video, parts) = start_video(&client, &author, file.len()).await;
    let second = etag_of(&client, &parts[1], &file).await;
    let first = etag_of(&client, &parts[0], &file).await;

    assert_eq!(status(finish_video(&client, &author, &video, &[first, second])).await, 200);

    assert_eq!(status(client.post_linkedin(&author, "Video", json!({ "media": { "id": video } }))).await, 201);
    let post = client.channels().ledger().the_only_post(&author.account, "Video");
    assert_eq!(post.content, Some(Content { size: 2_000, sha256: String::new() }));
}

#[tokio::test]
async fn a_video_that_fails_or_never_ends_is_not_posted() {
    let client = Client::new().await;
    let file = bytes(100);
    for (ending, shown) in [(Ending::Failed("corrupt".into()), "PROCESSING_FAILED"), (Ending::Stuck, "PROCESSING")] {
        let author = client.channels().account(Site::Linkedin);
        client.channels().set_ending(&author.account, ending);
        let (video, parts) = start_video(&client, &author, file.len()).await;
        let etag = etag_of(&client, &parts[0], &file).await;
        assert_eq!(status(finish_video(&client, &author, &video, &[etag])).await, 200);
        let path = format!("videos/{}", video.as_str().expect("a URN").replace(':', "%3A"));

        assert_eq!(json_of(client.linkedin(&author, Method::GET, &path)).await["status"], "PROCESSING");
        assert_eq!(json_of(client.linkedin(&author, Method::GET, &path)).await["status"], shown);

        assert_eq!(status(client.post_linkedin(&author, "Video", json!({ "media": { "id": video } }))).await, 400);
        let steps: Vec<_> = client.channels().ledger().exchanges().into_iter().rev().filter_map(|it| it.step).collect();
        assert_eq!(steps[1..6], [Step::Status, Step::Status, Step::Finish, Step::Chunk, Step::Init]);
    }
}
