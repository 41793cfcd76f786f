//! Every post as it is rendered for its channel is taken by the fake, step by step, and becomes one post there.

use almanac_shared::{
    calendar::{Medium, MediumType},
    publishing::{
        Account as Publisher, Channel, Entry, Options, PublishFormat,
        render::{self, Known, Request},
    },
};

use super::*;

/// Bytes of a video, which is sent in one part.
const SIZE: usize = 1_000;

fn options() -> Options {
    let options = json!({
        "tiktok": { "privacyLevel": "SELF_ONLY", "allowComment": true, "aiGenerated": true },
        "youtube": { "madeForKids": false, "categoryId": "22", "notifySubscribers": false, "aiGenerated": true },
        "instagram": { "shareToFeed": true },
    });
    serde_json::from_value(options).expect("options")
}

fn entry(channel: Channel, format: PublishFormat) -> Entry {
    let medium =
        |name: &str, kind| Medium { url: format!("https://cdn.example/{name}"), kind, alt: Some("A cup".into()) };
    let (image, video) = (medium("a.jpg", MediumType::Image), medium("a.mp4", MediumType::Video));
    let media = match (format, channel) {
        (PublishFormat::Carousel, Channel::Instagram) => vec![image.clone(), video, image],
        (PublishFormat::Carousel, _) => vec![image.clone(), image],
        (PublishFormat::Reel | PublishFormat::Video, _) | (PublishFormat::Post, Channel::Youtube) => vec![video],
        _ => vec![image],
    };
    Entry {
        id: "0198f3c2-0000-7000-8000-000000000001".to_owned(),
        version: 1,
        channel: channel.to_string(),
        account_id: None,
        format,
        title: "Slow mornings".to_owned(),
        caption: "A cup (or two) before #work_day – who's in?".to_owned(),
        hashtags: vec!["#coffee".to_owned()],
        media,
        scheduled_at: chrono::DateTime::UNIX_EPOCH,
        run_id: None,
        calendar_id: None,
    }
}

/// A post on its way.
struct Way<'a> {
    client: &'a Client,
    grant: &'a Grant,
    channel: Channel,
    entry: Entry,
    known: Known,
}

impl Way<'_> {
    /// The requests with what is known; none for a format that the channel does not have.
    fn requests(&self) -> Vec<Request> {
        let account = Publisher {
            channel: self.channel,
            account_id: "main".to_owned(),
            external_id: self.grant.account.clone(),
            login: None,
            settings: Options::default(),
        };
        let base_url = self.client.world.channel_base_url(self.client.world.address(), self.channel.as_str());
        let (entry, options) = (&self.entry, &options());
        let post = render::Post { entry, account: Some(&account), options, base_url: &base_url, known: &self.known };
        render::render(self.channel, &post).map(|rendered| rendered.requests).unwrap_or_default()
    }

    async fn send(&self, request: &Request) -> (http::HeaderMap, Value) {
        let is_put = request.method == render::Method::Put;
        let method = request.method.as_str().parse().expect("a method");
        let mut sending = self.client.http.request(method, &request.url);
        if !is_put {
            sending = sending.bearer_auth(&self.grant.access_token);
        }
        for (name, value) in &request.headers {
            sending = sending.header(*name, value);
        }
        let body = if is_put { bytes(SIZE) } else { request.body.to_string().into_bytes() };
        let answer = sent(if request.body.is_null() { sending } else { sending.body(body) }).await;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.expect("text");
        assert!(status < 400, "{} {}: {status} {text}", request.url, request.body);
        (headers, serde_json::from_str(&text).unwrap_or_default())
    }

    /// What the answer to a step says for later ones.
    fn learn(&mut self, step: &str, headers: &http::HeaderMap, body: &Value) {
        let number = step.rsplit('_').next().unwrap_or_default();
        let video = &body["value"];
        let header = |name: &str| headers.get(name).map(|value| json!(value.to_str().expect("text")));
        let learned = match (self.channel, step) {
            (Channel::Instagram, "create_container") => vec![("container_id".to_owned(), body["id"].clone())],
            (Channel::Instagram, "publish") => vec![("media_id".to_owned(), body["id"].clone())],
            (Channel::Instagram, item) if item.starts_with("create_item") => {
                vec![(format!("item_{number}_id"), body["id"].clone())]
            }
            (Channel::Facebook, photo) if photo.starts_with("upload_photo") => {
                vec![(format!("photo_{number}_id"), json!(body["id"].to_string()))]
            }
            (Channel::Linkedin, image) if image.starts_with("initialize_image") => vec![
                (format!("image_{number}_urn"), video["image"].clone()),
                (format!("image_{number}_upload_url"), video["uploadUrl"].clone()),
            ],
            (Channel::Linkedin, "initialize_video") => vec![
                ("video_urn".to_owned(), video["video"].clone()),
                ("upload_token".to_owned(), video["uploadToken"].clone()),
                ("part_upload_url".to_owned(), video["uploadInstructions"][0]["uploadUrl"].clone()),
            ],
            (Channel::Linkedin, "upload_video") => vec![("part_etags".to_owned(), json!([header("etag")]))],
            (Channel::Youtube, "open_session") => {
                vec![("session_url".to_owned(), header("location").unwrap_or_default())]
            }
            (Channel::Youtube, "upload") => vec![("video_id".to_owned(), body["id"].clone())],
            _ => ["publish_id", "upload_url", "video_id", "id", "post_id"]
                .map(|name| (name.to_owned(), told(body, name)))
                .into(),
        };
        self.known.extend(learned.into_iter().filter(|(_, value)| !value.is_null()));
        // A video of Facebook is published by its first request, a text has one name for its id.
        if let (Channel::Facebook, Some(id)) = (self.channel, self.known.remove("id")) {
            self.known.entry("post_id".to_owned()).or_insert_with(|| id.clone());
            self.known.entry("video_id".to_owned()).or_insert(id);
        }
    }
}

fn told(body: &Value, name: &str) -> Value {
    if body[name].is_null() { body["data"][name].clone() } else { body[name].clone() }
}

/// Whether a status says that the network is still at work.
fn is_at_work(body: &Value) -> bool {
    let said = body.to_string();
    let words = ["IN_PROGRESS", "\"PROCESSING", "\"processing\"", "\"uploaded\""];
    words.iter().any(|word| said.contains(word))
}

#[tokio::test]
async fn every_rendered_post_becomes_one_post() {
    let client = Client::new().await;
    let mut published = Vec::new();
    for (channel, format) in
        Channel::ALL.iter().flat_map(|channel| PublishFormat::ALL.iter().map(move |it| (*channel, *it)))
    {
        let site = Site::NETWORKS.into_iter().find(|site| site.name() == channel.as_str()).expect("a network");
        let grant = client.channels().account(site);
        let known = json!({
            "video_size": SIZE, "chunk_size": SIZE, "chunk_count": 1, "content_type": "video/mp4", "first_byte": 0,
            "last_byte": SIZE - 1,
        });
        let known = known.as_object().cloned().expect("an object").into_iter().collect();
        let mut way = Way { client: &client, grant: &grant, channel, entry: entry(channel, format), known };
        let steps: Vec<String> = way.requests().into_iter().map(|request| request.step).collect();

        for step in &steps {
            let request = way.requests().into_iter().find(|request| request.step == *step).expect("the step");
            let (mut headers, mut body) = way.send(&request).await;
            if step.contains("status") {
                while is_at_work(&body) {
                    (headers, body) = way.send(&request).await;
                }
            }
            way.learn(step, &headers, &body);
        }

        let ledger = client.channels().ledger();
        assert_eq!(ledger.count(&grant.account), usize::from(!steps.is_empty()), "{channel} {format}");
        assert_eq!(ledger.posts_in_processing(&grant.account), [], "{channel} {format}");
        if let Some(post) = ledger.posts(&grant.account).pop() {
            published.push(format);
            assert_eq!(
                post.text.contains("work_day"),
                format != PublishFormat::Story,
                "{channel} {format}: {}",
                post.text
            );
        }
    }
    assert!(published.len() >= 15, "{published:?}");
}
