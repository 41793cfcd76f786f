//! Each channel of the sandbox, driven step by step as the rendered requests do, and what it refuses.

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use almanac_shared::{
    calendar::{Medium, MediumType},
    platform::clock::{Clock, SystemClock},
    publishing::{
        Channel, PublishFormat,
        options::PrivacyLevel,
        render::{Known, Method, Request},
    },
};
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, StatusCode, header};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    super::{
        post,
        vendor::{Post, TOKEN, Vendor},
    },
    Sandbox,
    call::{PREVIEW_POLICY, hex},
};

mod adapters;
mod facebook;
mod files;
mod instagram;
mod linkedin;
mod tiktok;
mod tokens;
mod youtube;

/// How long a test waits for what happens soon.
const PATIENCE: Duration = Duration::from_secs(20);

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

/// A clock that a test moves.
#[derive(Clone)]
struct TestClock(Arc<Mutex<DateTime<Utc>>>);

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

struct World {
    folder: Folder,
    sandbox: Sandbox,
    files: Vendor,
    clock: TestClock,
}

impl World {
    async fn new(test: &str) -> Self {
        let folder = Folder::new(test);
        let clock = TestClock(Arc::new(Mutex::new(SystemClock.now())));
        let sandbox = Sandbox::start_at(&folder.0, Box::new(clock.clone())).await.unwrap();
        Self { folder, sandbox, files: Vendor::start([]).await, clock }
    }

    fn wait(&self, time: TimeDelta) {
        *self.clock.0.lock().unwrap() += time;
    }

    /// A post whose steps a test sends.
    fn steps(&self, channel: Channel, account: &str, format: PublishFormat, media: &[(MediumType, &str)]) -> Steps {
        let mut post = Post::new(channel, account, &self.files);
        post.base_url = self.sandbox.base_url(channel);
        post.entry.format = format;
        post.entry.caption = "Tom & <Anna>".to_owned();
        post.entry.media =
            media.iter().map(|(kind, url)| Medium { url: (*url).to_owned(), kind: *kind, alt: None }).collect();
        post.options.tiktok.privacy_level = Some(PrivacyLevel::Public);
        post.options.youtube.made_for_kids = Some(false);
        Steps { channel, post, known: Known::new() }
    }

    fn video(&self, channel: Channel, account: &str, format: PublishFormat) -> Steps {
        self.steps(channel, account, format, &[(MediumType::Video, "https://media.example/v.mp4")])
    }

    /// The only post, as it is kept.
    fn kept(&self) -> Value {
        let files = self.folder.files("json");
        assert_eq!((files.len(), self.folder.files("html").len()), (1, 1), "{files:?}");
        serde_json::from_slice(&fs::read(&files[0]).unwrap()).unwrap()
    }
}

/// The requests of a post with what their answers gave.
struct Steps {
    channel: Channel,
    post: Post,
    known: Known,
}

struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Answered {
    async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = serde_json::from_str(&response.text().await.unwrap()).unwrap_or_default();
        Self { status, headers, body }
    }

    #[track_caller]
    fn ok(self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.body);
        self.body
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status and code of an error of Meta's.
    fn graph_error(&self) -> (i64, Option<i64>) {
        let number = |name: &str| self.body["error"][name].as_i64();
        (number("code").unwrap(), number("error_subcode"))
    }
}

impl Steps {
    fn learn(&mut self, name: &str, value: impl Into<Value>) {
        self.known.insert(name.to_owned(), value.into());
    }

    fn request(&self, step: &str) -> Request {
        post::step(self.channel, &self.post.delivery(), &self.known, step).unwrap()
    }

    /// Sends a step with its token.
    async fn send(&self, step: &str) -> Answered {
        let request = self.request(step);
        let sending = start(&request).bearer_auth(TOKEN);
        Answered::of(if request.body.is_null() { sending } else { sending.body(request.body.to_string()) }).await
    }

    /// Uploads bytes, without a token.
    async fn upload(&self, step: &str, bytes: Vec<u8>) -> Answered {
        Answered::of(start(&self.request(step)).body(bytes)).await
    }

    /// Uploads the bytes of a file from a first one to a last one.
    async fn chunk(&mut self, file: &[u8], first: usize, last: usize) -> Answered {
        self.learn("first_byte", first);
        self.learn("last_byte", last);
        self.learn("video_size", file.len());
        self.upload("upload", file[first..=last].to_vec()).await
    }
}

fn start(request: &Request) -> reqwest::RequestBuilder {
    let method = match request.method {
        Method::Get => http::Method::GET,
        Method::Post => http::Method::POST,
        Method::Put => http::Method::PUT,
    };
    let sending = client().request(method, &request.url);
    request.headers.iter().fold(sending, |sending, (name, value)| sending.header(*name, value))
}

fn client() -> reqwest::Client {
    crate::outbound::http::client().unwrap()
}

/// Bytes whose parts differ.
fn file(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from(at * 7 % 251).unwrap()).collect()
}

fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

async fn page(url: &str) -> String {
    let response = client().get(url).send().await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_SECURITY_POLICY], PREVIEW_POLICY);
    response.text().await.unwrap()
}

/// Whether a number needs more than the 53 bits of a JavaScript number.
fn is_large(number: &Value) -> bool {
    let number = number.as_u64().or_else(|| number.as_str()?.parse().ok());
    number.is_some_and(|number| number > 1 << 53)
}
