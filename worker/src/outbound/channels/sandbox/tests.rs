//! The adapters against the sandbox: what they send is accepted, kept and found, as the vendors' documents say.

use std::{fs, path::PathBuf, time::Duration};

use almanac_shared::publishing::{Transport, render::Known};
use chrono::TimeDelta;
use secrecy::SecretString;
use serde_json::json;

use super::{
    super::{
        Channel as Adapter, LookUp, LookUpWindow, Posted, Sent,
        facebook::Facebook,
        linkedin::{Linkedin, LinkedinApp, LinkedinSettings},
        vendor::*,
    },
    *,
};

/// A folder of one test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("almanac-sandbox-{test}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        Self(folder)
    }

    fn files(&self, extension: &str) -> Vec<PathBuf> {
        let paths = fs::read_dir(&self.0).unwrap().map(|file| file.unwrap().path());
        paths.filter(|path| path.extension().is_some_and(|it| it == extension)).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct World {
    folder: Folder,
    sandbox: Sandbox,
    files: Vendor,
}

impl World {
    async fn new(test: &str) -> Self {
        let folder = Folder::new(test);
        let sandbox = Sandbox::start(&folder.0).await.unwrap();
        Self { folder, sandbox, files: Vendor::start([]).await }
    }

    fn facebook(&self) -> Facebook {
        Facebook::new(client(), media())
    }

    fn linkedin(&self) -> Linkedin {
        let app = LinkedinApp { client_id: "id".to_owned(), secret: SecretString::from("secret") };
        let base_url = self.sandbox.base_url(Channel::Linkedin);
        Linkedin::new(client(), media(), LinkedinSettings { base_url, transport: Transport::Sandbox, app: Some(app) })
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
        let now = almanac_shared::platform::clock::Clock::now(&SystemClock);
        let taken = taken.iter().map(|id| (*id).to_owned()).collect();
        let window = LookUpWindow { from: now - TimeDelta::seconds(30), until: now, taken };
        adapter.look_up(&post.delivery(), &Known::new(), &window).await.unwrap()
    }
}

fn confirmed(sent: Sent) -> Posted {
    match sent {
        Sent::Confirmed(posted) => posted,
        other => panic!("not confirmed: {other:?}"),
    }
}

async fn page(url: &str) -> String {
    let response = crate::outbound::http::client().unwrap().get(url).send().await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_SECURITY_POLICY], PREVIEW_POLICY);
    response.text().await.unwrap()
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
}

#[tokio::test]
async fn calls_without_a_token_or_a_version_are_refused() {
    let world = World::new("refused").await;
    let client = crate::outbound::http::client().unwrap();
    let (facebook, linkedin) = (world.sandbox.base_url(Channel::Facebook), world.sandbox.base_url(Channel::Linkedin));
    let status = async |request: reqwest::RequestBuilder| request.send().await.unwrap().status().as_u16();

    let read: Value = serde_json::from_str(
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
