//! The adapters against the sandbox: what they send is accepted, kept and found, as the vendors' documents say.

use std::time::Duration;

use almanac_shared::{
    calendar::{Medium, MediumType},
    platform::clock::{Clock, SystemClock},
    publishing::{Channel, PublishFormat, Transport, credentials::Tokens, render::Known},
};
use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::{World, client, page, sha256};
use crate::outbound::channels::{
    Channel as Adapter, LookUp, LookUpWindow, Posted, Prepared, Sent,
    client::ChannelClient,
    facebook::{Facebook, FacebookSettings},
    instagram::{Instagram, InstagramSettings},
    linkedin::{Linkedin, LinkedinApp, LinkedinSettings},
    samples::{jpeg, mp4},
    sandbox::Sandbox,
    tiktok::{Tiktok, TiktokApp, TiktokSettings},
    vendor::{Act, Kept, Post, answer, budget, client as channel_client, code_of, media, picture, window},
    youtube::{Youtube, YoutubeApp, YoutubeSettings},
};

impl World {
    fn facebook(&self) -> Facebook {
        Facebook::new(channel_client(), media(), FacebookSettings { lookup_grace: Duration::from_millis(10) })
    }

    fn linkedin(&self) -> Linkedin {
        let app = LinkedinApp { client_id: "id".to_owned(), secret: SecretString::from("secret") };
        let base_url = self.sandbox.base_url(Channel::Linkedin);
        let settings = LinkedinSettings { base_url, transport: Transport::Sandbox, app: Some(app) };
        Linkedin::new(channel_client(), media(), settings)
    }

    fn tiktok(&self) -> Tiktok {
        let app = TiktokApp { client_key: "key".to_owned(), secret: SecretString::from("secret") };
        let base_url = self.sandbox.base_url(Channel::Tiktok);
        // The sandbox hashes what is uploaded.
        let client = ChannelClient::new(Duration::from_secs(10)).unwrap();
        Tiktok::new(client, media(), TiktokSettings { base_url, transport: Transport::Sandbox, app: Some(app) })
    }

    fn youtube(&self) -> Youtube {
        let app = YoutubeApp { client_id: "id".to_owned(), secret: SecretString::from("secret") };
        let base_url = self.sandbox.base_url(Channel::Youtube);
        let settings = YoutubeSettings { base_url, transport: Transport::Sandbox, app: Some(app) };
        Youtube::new(channel_client(), media(), settings)
    }

    fn post(&self, channel: Channel, pictures: usize) -> Post {
        let account = if channel == Channel::Facebook { "10" } else { "urn:li:person:AbC" };
        let mut post = Post::new(channel, account, &self.files).with_pictures(pictures);
        post.entry.caption = "Tom & <Anna> (50_000) {{x}}".to_owned();
        post.base_url = self.sandbox.base_url(channel);
        post
    }

    async fn publish(&self, adapter: &dyn Adapter, post: &Post) -> Sent {
        let mut known = Known::new();
        adapter.prepare(&post.delivery(), &mut known, &Kept::default()).await.unwrap();
        adapter.publish(&post.delivery(), &known, budget()).await
    }

    async fn look_up(&self, adapter: &dyn Adapter, post: &Post, taken: &[&str]) -> LookUp {
        let now = SystemClock.now();
        let taken = taken.iter().map(|id| (*id).to_owned()).collect();
        let window = LookUpWindow { from: now - TimeDelta::seconds(30), until: now, taken };
        adapter.look_up(&post.delivery(), &mut Known::new(), &window).await.unwrap()
    }
}

fn confirmed(sent: Sent) -> Posted {
    match sent {
        Sent::Confirmed(posted) => posted,
        other => panic!("not confirmed: {other:?}"),
    }
}

#[tokio::test]
async fn a_text_is_kept_as_a_file_with_a_preview_and_found_again() {
    let world = World::new("text").await;
    for (number, (channel, adapter)) in (1..).zip([
        (Channel::Facebook, Box::new(world.facebook()) as Box<dyn Adapter>),
        (Channel::Linkedin, Box::new(world.linkedin())),
    ]) {
        let post = world.post(channel, 0);

        let posted = confirmed(world.publish(&*adapter, &post).await);

        let shown = page(posted.external_url.as_deref().unwrap()).await;
        assert!(shown.contains("<p>Tom &amp; &lt;Anna&gt; (50_000) {{x}}\n\n#a</p>"), "{shown}");
        assert_eq!((world.folder.files("json").len(), world.folder.files("html").len()), (number, number));
        assert!(world.folder.files("draft").is_empty());
        let LookUp::Found(found) = world.look_up(&*adapter, &post, &[]).await else { panic!("not found") };
        assert_eq!(
            (found.external_id.as_str(), found.external_url),
            (posted.external_id.as_str(), posted.external_url)
        );
        let looked = world.look_up(&*adapter, &post, &[&posted.external_id]).await;
        assert!(matches!(looked, LookUp::Absent { .. }), "{looked:?}");
    }
}

#[tokio::test]
async fn pictures_are_uploaded_and_named() {
    let world = World::new("pictures").await;
    world.files.then(vec![picture(); 9]);
    for channel in [Channel::Facebook, Channel::Linkedin] {
        for pictures in [1, 2] {
            let adapter: Box<dyn Adapter> = match channel {
                Channel::Facebook => Box::new(world.facebook()),
                _ => Box::new(world.linkedin()),
            };
            let posted = confirmed(world.publish(&*adapter, &world.post(channel, pictures)).await);
            let shown = page(posted.external_url.as_deref().unwrap()).await;
            assert_eq!(shown.matches("<li>").count(), pictures, "{shown}");
        }
    }
}

#[tokio::test]
async fn videos_are_uploaded_and_found_again() {
    let world = World::new("videos").await;
    let mut video = b"\0\0\0\x18ftypmp42\0\0\0\0mp42mp41\0\0\0\0mdat".to_vec();
    video.resize(600_000, 7);
    world.files.then(vec![answer(200, "etag: \"v1\"\r\n", video); 9]);
    for (channel, account, adapter) in [
        (Channel::Youtube, "UC1", Box::new(world.youtube()) as Box<dyn Adapter>),
        (Channel::Linkedin, "urn:li:person:AbC", Box::new(world.linkedin())),
    ] {
        let mut post = world.post(channel, 0);
        post.account.external_id = account.to_owned();
        post.entry.format = PublishFormat::Video;
        post.entry.caption = "Tom & Anna".to_owned();
        let url = format!("{}/v.mp4", world.files.base_url());
        post.entry.media = vec![Medium { url, kind: MediumType::Video, alt: None }];
        post.options.youtube.made_for_kids = Some(false);
        let mut known = Known::new();
        // LinkedIn processes it while it is asked for the first time.
        while adapter.prepare(&post.delivery(), &mut known, &Kept::default()).await.unwrap() != Prepared::Ready {}

        let posted = confirmed(adapter.publish(&post.delivery(), &known, budget()).await);

        let shown = page(posted.external_url.as_deref().unwrap()).await;
        assert!(shown.contains("600000 bytes"), "{shown}");
        let now = SystemClock.now();
        let window = LookUpWindow { from: now - TimeDelta::seconds(30), until: now, taken: Vec::new() };
        let LookUp::Found(found) = adapter.look_up(&post.delivery(), &mut known, &window).await.unwrap() else {
            panic!("not found")
        };
        assert_eq!(found.external_id, posted.external_id);
    }
}

#[tokio::test]
async fn the_same_text_again_is_a_duplicate() {
    let world = World::new("duplicate").await;
    for (channel, adapter) in [
        (Channel::Facebook, Box::new(world.facebook()) as Box<dyn Adapter>),
        (Channel::Linkedin, Box::new(world.linkedin())),
    ] {
        let post = world.post(channel, 0);
        let first = confirmed(world.publish(&*adapter, &post).await);

        let Sent::Rejected { error, .. } = world.publish(&*adapter, &post).await else { panic!("not rejected") };

        assert_eq!(code_of(&error), "DUPLICATE_POST");
        if channel == Channel::Linkedin {
            assert_eq!(error.context["existing_id"], json!(first.external_id));
        }
    }
}

#[tokio::test]
async fn tokens_are_renewed() {
    let world = World::new("tokens").await;
    let mut post = world.post(Channel::Linkedin, 0);
    post.tokens.refresh = Some(SecretString::from("r"));

    let refreshed = world.linkedin().refresh(&post.tokens).await.unwrap().unwrap();
    assert_eq!(refreshed.expires_in, Some(Duration::from_secs(5_184_000)));
    let refreshed = world.youtube().refresh(&post.tokens).await.unwrap().unwrap();
    assert!(refreshed.expires_in.is_some());
}

#[tokio::test]
async fn calls_without_a_token_or_a_version_are_refused() {
    let world = World::new("refused").await;
    let client = client();
    let (facebook, linkedin) = (world.sandbox.base_url(Channel::Facebook), world.sandbox.base_url(Channel::Linkedin));
    let status = async |request: reqwest::RequestBuilder| request.send().await.unwrap().status().as_u16();

    let read: serde_json::Value = serde_json::from_str(
        &client.post(format!("{facebook}/v23.0/10/feed")).body("{}").send().await.unwrap().text().await.unwrap(),
    )
    .unwrap();
    assert_eq!(read["error"]["code"], 190);
    assert_eq!(status(client.post(format!("{linkedin}/rest/posts")).body("{}")).await, 401);
    let with_token = || client.post(format!("{linkedin}/rest/posts")).bearer_auth("t").body("{}");
    assert_eq!(status(with_token()).await, 400);
    assert_eq!(status(with_token().header("LinkedIn-Version", "202001")).await, 426);
    assert_eq!(status(with_token().header("LinkedIn-Version", "202607")).await, 422);
    assert_eq!(status(client.get(format!("{linkedin}/feed/update/..%2F..%2Fetc%2Fpasswd"))).await, 404);
    assert!(world.folder.files("json").is_empty());
}

#[tokio::test]
async fn two_processes_share_a_folder() {
    let world = World::new("shared").await;
    let other = Sandbox::start(&world.folder.0).await.unwrap();
    let mut post = world.post(Channel::Facebook, 0);
    confirmed(world.publish(&world.facebook(), &post).await);

    post.base_url = other.base_url(Channel::Facebook);

    assert!(matches!(world.look_up(&world.facebook(), &post, &[]).await, LookUp::Found(_)));
}

/// A part of a file from its server.
fn part(file: &[u8], first: usize, last: usize) -> Act {
    let range = format!("etag: \"v1\"\r\ncontent-range: bytes {first}-{last}/{}\r\n", file.len());
    answer(206, &range, file[first..=last].to_vec())
}

#[tokio::test]
async fn a_video_goes_to_tiktok_in_chunks_and_is_found_by_its_handle() {
    let world = World::new("tiktok-adapter").await;
    let mut file = b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41".to_vec();
    file.resize(21_000_023, 7);
    let last = file.len() - 1;
    world.files.then([part(&file, 0, 262_143), part(&file, 0, 9_999_999), part(&file, 10_000_000, last)]);
    let url = format!("{}/v.mp4", world.files.base_url());
    let steps = world.steps(Channel::Tiktok, "open-id", PublishFormat::Video, &[(MediumType::Video, &url)]);
    let (tiktok, delivery, mut known) = (world.tiktok(), steps.post.delivery(), Known::new());

    let prepared = tiktok.prepare(&delivery, &mut known, &Kept::default()).await.unwrap();
    assert_eq!(prepared, Prepared::Ready);
    assert!(world.folder.files("json").is_empty(), "nothing is posted before the last chunk");
    let sent = tiktok.publish(&delivery, &known, budget()).await;

    let Sent::Accepted { mut known, .. } = sent else { panic!("{sent:?}") };
    let hashes = format!("{}, {}", sha256(&file[..10_000_000]), sha256(&file[10_000_000..]));
    assert_eq!(world.kept()["media"], json!([format!("video, 21000023 bytes in 2 parts, SHA-256 {hashes}")]));
    let window = window(&[]);
    let mut look = async || tiktok.look_up(&delivery, &mut known, &window).await.unwrap();
    assert!(matches!(look().await, LookUp::Pending(_)));
    let LookUp::Found(posted) = look().await else { panic!("not found") };
    assert!(page(posted.external_url.as_deref().unwrap()).await.contains("21000023 bytes"));
}

#[tokio::test]
async fn pictures_go_to_tiktok_by_their_addresses() {
    let world = World::new("tiktok-pictures").await;
    let images =
        [(MediumType::Image, "https://media.example/1.jpg"), (MediumType::Image, "https://media.example/2.jpg")];
    let steps = world.steps(Channel::Tiktok, "open-id", PublishFormat::Carousel, &images);
    let (tiktok, delivery) = (world.tiktok(), steps.post.delivery());

    let sent = tiktok.publish(&delivery, &Known::new(), budget()).await;

    let Sent::Accepted { mut known, .. } = sent else { panic!("{sent:?}") };
    assert_eq!(world.kept()["media"], json!(["https://media.example/1.jpg", "https://media.example/2.jpg"]));
    assert!(matches!(tiktok.look_up(&delivery, &mut known, &window(&[])).await, Ok(LookUp::Pending(_))));
    assert!(matches!(tiktok.look_up(&delivery, &mut known, &window(&[])).await, Ok(LookUp::Found(_))));
}

#[tokio::test]
async fn a_refresh_token_of_tiktok_is_replaced() {
    let world = World::new("tiktok-tokens").await;
    let mut post = world.post(Channel::Tiktok, 0);
    post.tokens.refresh = Some(SecretString::from("r"));

    let first = world.tiktok().refresh(&post.tokens).await.unwrap().unwrap();
    let second = world.tiktok().refresh(&first.tokens).await.unwrap().unwrap();

    let text = |it: &Tokens| it.refresh.as_ref().map(|token| token.expose_secret().to_owned());
    assert_ne!(text(&first.tokens), text(&second.tokens));
    let error = world.tiktok().refresh(&post.tokens).await.unwrap_err();
    assert_eq!(code_of(&error), "CHANNEL_AUTH_INVALID");
}

#[tokio::test]
async fn instagram_and_videos_of_facebook_are_processed_and_published() {
    use almanac_shared::{calendar::Medium, publishing::Login};

    let world = World::new("meta").await;
    let settings = InstagramSettings {
        base_url: world.sandbox.base_url(Channel::Instagram),
        app: None,
        login: Login::Instagram,
        reel_bytes: 1 << 20,
    };
    let instagram = Instagram::new(channel_client(), media(), settings);
    let facebook = world.facebook();
    let kinds: [(&dyn Adapter, Channel, PublishFormat, bool); 5] = [
        (&instagram, Channel::Instagram, PublishFormat::Post, false),
        (&instagram, Channel::Instagram, PublishFormat::Story, false),
        (&instagram, Channel::Instagram, PublishFormat::Reel, true),
        (&facebook, Channel::Facebook, PublishFormat::Video, true),
        (&facebook, Channel::Facebook, PublishFormat::Reel, true),
    ];
    for (adapter, channel, format, is_video) in kinds {
        let mut post = Post::new(channel, "17", &world.files);
        post.base_url = world.sandbox.base_url(channel);
        post.entry.format = format;
        let kind = if is_video { MediumType::Video } else { MediumType::Image };
        post.entry.media = vec![Medium { url: format!("{}/m", world.files.base_url()), kind, alt: None }];
        world.files.then([if is_video { mp4(720, 1_280, 9) } else { jpeg(1_080, 1_080) }]);
        let mut known = Known::new();
        while adapter.prepare(&post.delivery(), &mut known, &Kept::default()).await.unwrap() != Prepared::Ready {}

        let sent = adapter.publish(&post.delivery(), &known, budget()).await;

        let url = match sent {
            Sent::Confirmed(posted) => posted.external_url,
            Sent::Accepted { known: mut accepted, .. } => loop {
                let now = SystemClock.now();
                let window = LookUpWindow { from: now - TimeDelta::seconds(30), until: now, taken: Vec::new() };
                match adapter.look_up(&post.delivery(), &mut accepted, &window).await.unwrap() {
                    LookUp::Pending(_) => {}
                    LookUp::Found(posted) => break posted.external_url,
                    other => panic!("{channel} {format}: {other:?}"),
                }
            },
            other => panic!("{channel} {format}: {other:?}"),
        };
        let shown = page(&url.unwrap()).await;
        assert!(shown.contains("/m"), "{channel} {format}: {shown}");
    }
    assert_eq!(world.folder.files("json").len(), 5);
}
