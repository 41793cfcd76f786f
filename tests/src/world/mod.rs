//! The scripted outside world: a model provider with OpenAI's protocol, a key set for tokens, networks to publish to, feeds
//! to read, and those who take mails. Every stack has its own; processes under test are pointed at it by `AI_BASE_URL`,
//! `AUTH_JWKS_URL`, the networks' variables, `RESEND_BASE_URL` and `SMTP_URL`.
//! It must never read Almanac's database: its ledger is the independent witness.
//!
//! A test synchronises with it instead of sleeping: `play` a script that holds, `wait_until_holding`, act, `release`.

pub mod channels;
pub mod feeds;
mod fillings;
mod ledger;
pub mod mail;
mod script;
mod sections;
mod server;
#[cfg(test)]
mod tests;
mod tls;

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use serde_json::{Value, json};
use tokio::{sync::Semaphore, task::JoinHandle};

use self::{channels::Channels, feeds::Feeds, mail::Mail};
pub use self::{
    ledger::{Call, Ledger, Outcome},
    script::{Answer, End, JsonReader, Script},
};
use crate::{
    actor::token::TestKey,
    run::{locked, test_run},
};

/// A running world; ends when dropped.
#[derive(Debug)]
pub struct World {
    address: SocketAddr,
    /// The same behind TLS.
    secure_address: SocketAddr,
    mail_server: SocketAddr,
    state: Arc<State>,
    tasks: [JoinHandle<()>; 3],
}

/// What the server and the test share.
#[derive(Debug, Default)]
struct State {
    ledger: Ledger,
    scripts: Mutex<HashMap<String, VecDeque<Script>>>,
    /// Takes precedence over all scripts.
    outage: Mutex<Option<Script>>,
    /// One permit per release, by key.
    releases: Mutex<HashMap<String, Arc<Semaphore>>>,
    keys: Mutex<Vec<TestKey>>,
    keys_down: AtomicBool,
    key_reads: AtomicU64,
    channels: Channels,
    feeds: Feeds,
    mail: Mail,
}

impl World {
    /// Starts a world on a port of its own, publishing one ES256 and one RS256 key.
    pub async fn start() -> anyhow::Result<Self> {
        let state = Arc::<State>::default();
        *locked(&state.keys) = vec![TestKey::EsOne, TestKey::Rs];
        let (address, serving) = server::start(Arc::clone(&state), test_run())?;
        let (mail_server, conversing) = mail::start(Arc::clone(&state), test_run())?;
        let (secure_address, handing_on) = tls::start(address, test_run())?;
        Ok(Self { address, secure_address, mail_server, state, tasks: [serving, conversing, handing_on] })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL for `AI_BASE_URL`, as seen through an address such as a proxy's.
    pub fn ai_base_url(&self, seen_at: SocketAddr) -> String {
        format!("http://{seen_at}/v1")
    }

    /// The URL for `AUTH_JWKS_URL`.
    pub fn jwks_url(&self) -> String {
        format!("http://{}/jwks.json", self.address)
    }

    /// The base URL of a fake network or of the media files (`Site::name`), as seen through an address such as a proxy's.
    pub fn channel_base_url(&self, seen_at: SocketAddr, channel: &str) -> String {
        format!("http://{seen_at}/{channel}")
    }

    /// The address of a media file; see `channels::video` for the names of videos. Tests whose files count requests put them
    /// into a folder of their own.
    pub fn media_url(&self, name: &str) -> String {
        format!("{}/{name}", self.channel_base_url(self.address, "media"))
    }

    /// The same behind TLS: workers trust its certificate. Redirects lead to the address without TLS.
    pub fn secure_media_url(&self, name: &str) -> String {
        format!("https://{}/media/{name}", self.secure_address)
    }

    /// The networks to publish to.
    pub fn channels(&self) -> &Channels {
        &self.state.channels
    }

    /// The base URL for `RESEND_BASE_URL`, as seen through an address such as a proxy's.
    pub fn resend_base_url(&self, seen_at: SocketAddr) -> String {
        format!("http://{seen_at}/resend")
    }

    /// The URL for `SMTP_URL`.
    pub fn smtp_url(&self) -> String {
        format!("smtp://{}", self.mail_server)
    }

    /// Those who take mails.
    pub fn mail(&self) -> &Mail {
        &self.state.mail
    }

    /// The address of a feed, as seen through an address such as a proxy's.
    pub fn feed_url(&self, seen_at: SocketAddr, name: &str) -> String {
        format!("http://{seen_at}/feeds/{name}")
    }

    /// The feeds to read.
    pub fn feeds(&self) -> &Feeds {
        &self.state.feeds
    }

    /// Queues scripts for the calls of a key; the last one stays for all later calls. See `source_text`.
    pub fn play(&self, key: &str, scripts: impl IntoIterator<Item = Script>) {
        locked(&self.state.scripts).entry(key.to_owned()).or_default().extend(scripts);
    }

    /// Answers every new call with this script, and with the scripts of its key again after `None`. No script is used up in
    /// the meantime, and answers that have begun continue.
    pub fn answer_everything(&self, script: Option<Script>) {
        *locked(&self.state.outage) = script;
    }

    /// What was seen.
    pub fn ledger(&self) -> &Ledger {
        &self.state.ledger
    }

    /// The calls of a key.
    pub fn calls(&self, key: &str) -> Vec<Call> {
        self.state.ledger.of(key)
    }

    /// Waits for the n-th call (from 1) of a key to arrive.
    pub async fn wait_for_call(&self, key: &str, n: usize) -> Call {
        let found = |calls: &[Call]| calls.iter().filter(|call| call.key == key).nth(n - 1).cloned();
        self.state.ledger.wait_for(&format!("call {n} of {key}"), found).await
    }

    /// Waits until a call of a key holds.
    pub async fn wait_until_holding(&self, key: &str) -> Call {
        let holds = |call: &&Call| call.key == key && call.outcome == Outcome::Holding;
        self.state.ledger.wait_for(&format!("{key} holds"), |calls| calls.iter().find(holds).cloned()).await
    }

    /// Waits until the n-th call (from 1) of a key has ended, in any way.
    pub async fn wait_until_ended(&self, key: &str, n: usize) -> Call {
        let ended = |call: &&Call| !matches!(call.outcome, Outcome::Open | Outcome::Holding);
        let found = |calls: &[Call]| calls.iter().filter(|call| call.key == key).nth(n - 1).filter(ended).cloned();
        self.state.ledger.wait_for(&format!("the end of call {n} of {key}"), found).await
    }

    /// Lets one holding call of a key, one holding request of a network's account, or one holding mail to an address
    /// continue; given before it holds, it does not hold.
    pub fn release(&self, key: &str) {
        self.state.gate(key).add_permits(1);
    }

    /// Publishes these keys from now on.
    pub fn publish_keys(&self, keys: &[TestKey]) {
        *locked(&self.state.keys) = keys.to_vec();
    }

    /// Makes the key set answer 503, or answer again.
    pub fn set_keys_unavailable(&self, down: bool) {
        self.state.keys_down.store(down, Ordering::Relaxed);
    }

    /// How often the key set was asked for.
    pub fn key_reads(&self) -> u64 {
        self.state.key_reads.load(Ordering::Relaxed)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl State {
    fn gate(&self, key: &str) -> Arc<Semaphore> {
        let mut releases = locked(&self.releases);
        Arc::clone(releases.entry(key.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(0))))
    }

    /// The script for the n-th call (from 0) of a key. By default all slots of a calendar are filled, and all sections of a
    /// synthesis are written, or two if it names none.
    fn script(&self, key: &str, words: Option<&str>, call: usize, task: &Value) -> Script {
        if let Some(script) = locked(&self.outage).clone() {
            return script;
        }
        if let Some(queue) = locked(&self.scripts).get_mut(key) {
            let last = queue.len() == 1;
            if let Some(script) = if last { queue.front().cloned() } else { queue.pop_front() } {
                return script;
            }
        }
        let usual = || match task {
            _ if sections::is_open(task) => Script::ok(sections::USUAL),
            _ if task["slots"].is_array() || task["sections"].is_array() => Script::ok(usize::MAX),
            _ => Script::Answer(Answer::default()),
        };
        words.map_or_else(usual, |words| Script::named(words, call))
    }

    fn jwks(&self) -> Value {
        json!({ "keys": locked(&self.keys).iter().map(|key| key.public_jwk()).collect::<Vec<_>>() })
    }
}

/// A source text of valid length whose calls are found under `key` and follow the scripts played for it.
pub fn source_text(key: &str) -> String {
    padded(&format!("[[key:{key}]]"))
}

/// A source text of valid length that names its script itself; its calls are found under these words.
pub fn scripted_text(words: &str) -> String {
    padded(&format!("[[script:{words}]]"))
}

/// The description of a theme whose syntheses' calls are found under `key` and follow the scripts played for it.
pub fn theme_description(key: &str) -> String {
    format!("[[key:{key}]] Coffee, from the plant to the cup.")
}

fn padded(marker: &str) -> String {
    const SENTENCE: &str = "The sun warms the sea, water rises as vapour, cools into clouds and falls again as rain. ";
    format!("{marker} {}", SENTENCE.repeat(1200 / SENTENCE.len() + 1))
}
