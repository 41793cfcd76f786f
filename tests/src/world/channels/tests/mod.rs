//! The fakes against a plain client: each behaviour is what the networks' documents say or the script names.

mod facebook;
mod faults;
mod instagram;
mod linkedin;
mod media;
mod rendered;
mod tiktok;
mod tokens;
mod uploads;
mod youtube;

use std::{ops::Range, sync::Arc, time::Duration};

use reqwest::{Method, RequestBuilder, Response, header::HeaderName};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::{state::now, *};
use crate::World;

/// A client of the networks with a world of its own.
#[derive(Clone)]
struct Client {
    world: Arc<World>,
    http: reqwest::Client,
}

impl Client {
    async fn new() -> Self {
        let world = Arc::new(World::start().await.expect("world"));
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
        self.post_form("/linkedin/oauth/v2/accessToken", &fields)
    }

    fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.request(Method::POST, path);
        request.header("content-type", "application/x-www-form-urlencoded").body(form)
    }

    fn get_graph(&self, grant: &Grant, path: &str) -> RequestBuilder {
        let path = format!("/{}/v23.0/{path}", grant.site.name());
        self.request(Method::GET, &path).bearer_auth(&grant.access_token)
    }

    fn post_instagram(&self, grant: &Grant, edge: &str, body: &Value) -> RequestBuilder {
        let path = format!("/instagram/v23.0/{}/{edge}", grant.account);
        self.request(Method::POST, &path).bearer_auth(&grant.access_token).json(body)
    }

    fn post_tiktok(&self, grant: &Grant, path: &str, body: &Value) -> RequestBuilder {
        let request = self.request(Method::POST, &format!("/tiktok/v2/post/publish/{path}/"));
        request.bearer_auth(&grant.access_token).json(body)
    }

    /// A part of a file, from a byte to before another.
    fn part(&self, url: &str, file: &[u8], part: Range<usize>) -> RequestBuilder {
        let range = format!("bytes {}-{}/{}", part.start, part.end - 1, file.len());
        let request = self.http.put(url).header("content-type", "video/mp4").header("content-range", range);
        request.body(file[part].to_vec())
    }
}

/// A request with another value of a header.
fn with(request: RequestBuilder, name: &'static str, value: &str) -> RequestBuilder {
    request.headers([(HeaderName::from_static(name), value.parse().expect("a header"))].into_iter().collect())
}

/// The status of an answer; `None` if there is none. One that is not expected is not waited for as long.
async fn patient(mut request: JoinHandle<reqwest::Result<Response>>, is_expected: bool) -> Option<u16> {
    let time = Duration::from_millis(if is_expected { 20_000 } else { 200 });
    let answer = tokio::time::timeout(time, &mut request).await;
    request.abort();
    Some(answer.ok()?.expect("a task").ok()?.status().as_u16())
}

/// Bytes that differ from place to place.
fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|at| u8::try_from(at * at % 251).expect("a byte")).collect()
}

fn content(bytes: &[u8]) -> Content {
    let mut digest = digest::Digest::default();
    digest.update(bytes);
    Content { size: bytes.len() as u64, sha256: digest.hex() }
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
