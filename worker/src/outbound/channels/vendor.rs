//! A vendor in a test: answers requests in turn and keeps what it saw, and a post for it.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use almanac_shared::{
    calendar::{Medium, MediumType},
    publishing::{
        self, Account, Entry, Options, PublishFormat,
        credentials::Tokens,
        render::{Known, Method, Request},
    },
};
use async_trait::async_trait;
use bytes::Bytes;
use chrono::DateTime;
use secrecy::SecretString;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::Instant,
};

use super::{ChannelError, Delivery, Handles, LookUpWindow, client::ChannelClient};
use crate::outbound::{guard::Guard, media::Media, send_budget::SendBudget};

/// What a vendor does with a whole request.
#[derive(Clone)]
pub(crate) enum Act {
    Answer(String, Bytes),
    /// Never answers.
    Hang,
    /// Closes the connection.
    Close,
}

/// Answers with a status, header lines that end with a line break, and a body.
pub(crate) fn answer(status: u16, headers: &str, body: impl Into<Bytes>) -> Act {
    let body = body.into();
    let head = format!("HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    Act::Answer(head, body)
}

pub(crate) fn json(status: u16, body: Value) -> Act {
    answer(status, "content-type: application/json\r\n", body.to_string())
}

/// A request as it arrived; the head's header names are in lower case.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn line(&self) -> &str {
        self.head.lines().next().unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

pub(crate) struct Vendor {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    acts: Arc<Mutex<Vec<Act>>>,
}

impl Vendor {
    pub(crate) async fn start(acts: impl IntoIterator<Item = Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let vendor = Self::at(listener.local_addr().unwrap());
        vendor.then(acts);
        let (seen, acts) = (vendor.seen.clone(), vendor.acts.clone());
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, seen.clone(), acts.clone()));
            }
        });
        vendor
    }

    /// A host where nothing listens.
    pub(crate) async fn gone() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::at(listener.local_addr().unwrap())
    }

    fn at(address: SocketAddr) -> Self {
        Self { address, seen: Arc::default(), acts: Arc::default() }
    }

    /// What it does next.
    pub(crate) fn then(&self, acts: impl IntoIterator<Item = Act>) {
        self.acts.lock().unwrap().extend(acts);
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Whole requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        let cut = |seen: &Seen| seen.line().trim_end_matches(" HTTP/1.1").to_owned();
        self.seen().iter().map(cut).collect()
    }
}

async fn serve(mut socket: TcpStream, seen: Arc<Mutex<Vec<Seen>>>, acts: Arc<Mutex<Vec<Act>>>) {
    let Some(request) = read(&mut socket).await else { return };
    seen.lock().unwrap().push(request);
    let act = acts.lock().unwrap().remove(0);
    match act {
        Act::Answer(head, body) => {
            socket.write_all(head.as_bytes()).await.unwrap();
            socket.write_all(&body).await.unwrap();
        }
        Act::Hang => drop(socket.read(&mut [0]).await),
        Act::Close => {}
    }
}

/// `None` if the connection ends before the request does.
async fn read(socket: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    loop {
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let seen = Seen { head, body: bytes[end + 4..].to_vec() };
        let length = seen.header("content-length").map_or(0, |length| length.parse().unwrap());
        if seen.body.len() >= length {
            return Some(seen);
        }
    }
}

pub(crate) const TOKEN: &str = "canary-token/1";

pub(crate) const TIMEOUT: Duration = Duration::from_millis(400);

pub(crate) fn client() -> ChannelClient {
    ChannelClient::new(TIMEOUT).unwrap()
}

pub(crate) fn media() -> Media {
    Media::new(Guard::new(vec!["127.0.0.1/32".parse().unwrap()]).unwrap())
}

/// An entry on its way.
pub(crate) struct Post {
    pub(crate) entry: Entry,
    pub(crate) account: Account,
    pub(crate) options: Options,
    pub(crate) tokens: Tokens,
    pub(crate) base_url: String,
}

impl Post {
    pub(crate) fn new(channel: publishing::Channel, external_id: &str, vendor: &Vendor) -> Self {
        Self {
            entry: Entry {
                id: "e1".to_owned(),
                version: 1,
                channel: channel.to_string(),
                account_id: None,
                format: PublishFormat::Post,
                title: "Title".to_owned(),
                caption: "Hello {{photo_1_id}}".to_owned(),
                hashtags: vec!["#a".to_owned()],
                media: Vec::new(),
                scheduled_at: DateTime::UNIX_EPOCH,
                run_id: None,
                calendar_id: None,
            },
            account: Account {
                channel,
                account_id: "acct".to_owned(),
                external_id: external_id.to_owned(),
                login: None,
                settings: Options::default(),
            },
            options: Options::default(),
            tokens: Tokens { access: SecretString::from(TOKEN), refresh: None },
            base_url: vendor.base_url(),
        }
    }

    pub(crate) fn with_pictures(mut self, number: usize) -> Self {
        let medium = |number: usize| Medium {
            url: format!("{}/{number}.png", self.base_url),
            kind: MediumType::Image,
            alt: (number == 1).then(|| "First".to_owned()),
        };
        self.entry.media = (1..=number).map(medium).collect();
        self
    }

    pub(crate) fn delivery(&self) -> Delivery<'_> {
        let Self { entry, account, options, tokens, base_url } = self;
        Delivery { entry, account, options, tokens, base_url }
    }
}

/// What was kept, in order: handles, and quotas.
#[derive(Default)]
pub(crate) struct Kept(pub(super) Mutex<Vec<Known>>, pub(super) Mutex<Vec<Value>>);

#[async_trait]
impl Handles for Kept {
    async fn keep(&self, known: &Known) -> Result<(), anyhow::Error> {
        self.0.lock().unwrap().push(known.clone());
        Ok(())
    }

    async fn keep_quota(&self, quota: &Value) -> Result<(), anyhow::Error> {
        self.1.lock().unwrap().push(quota.clone());
        Ok(())
    }
}

/// A budget that is not spent.
pub(crate) fn budget() -> SendBudget {
    SendBudget::until(Instant::now() + TIMEOUT)
}

/// The minutes around a time of the year 2026.
pub(crate) fn window(taken: &[&str]) -> LookUpWindow {
    LookUpWindow {
        from: "2026-01-02T03:04:05Z".parse().unwrap(),
        until: "2026-01-02T03:04:21Z".parse().unwrap(),
        taken: taken.iter().map(|id| (*id).to_owned()).collect(),
    }
}

/// The beginning of a PNG of this size.
pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    png.extend(width.to_be_bytes());
    png.extend(height.to_be_bytes());
    png.extend([8, 6, 0, 0, 0, 0, 0, 0, 0]);
    png
}

pub(crate) fn picture() -> Act {
    answer(200, "content-type: text/plain\r\n", png(10, 10))
}

pub(crate) fn post_request(vendor: &Vendor) -> Request {
    Request {
        step: "publish".to_owned(),
        method: Method::Post,
        url: format!("{}/feed", vendor.base_url()),
        headers: [("Content-Type", "application/json".to_owned())].into(),
        body: serde_json::json!({"message": "hi"}),
    }
}

pub(crate) fn token() -> SecretString {
    SecretString::from(TOKEN)
}

pub(crate) fn code_of(error: &ChannelError) -> &'static str {
    error.code.as_str()
}
