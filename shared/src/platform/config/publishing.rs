//! What the environment says about publishing: transport, hosts, clients of the channels, and the keys of tokens. A
//! mistake never shows a value that may be a secret.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use ipnet::IpNet;
use secrecy::SecretString;

use super::Env;
use crate::publishing::{Channel, Configured, Transport, credentials::Keyring, plan::BaseUrls};

/// The two variables of a channel's client.
const CLIENTS: [(Channel, &str, &str); 5] = [
    (Channel::Facebook, "FACEBOOK_APP_ID", "FACEBOOK_APP_SECRET"),
    (Channel::Linkedin, "LINKEDIN_CLIENT_ID", "LINKEDIN_CLIENT_SECRET"),
    (Channel::Instagram, "INSTAGRAM_APP_ID", "INSTAGRAM_APP_SECRET"),
    (Channel::Tiktok, "TIKTOK_CLIENT_KEY", "TIKTOK_CLIENT_SECRET"),
    (Channel::Youtube, "GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET"),
];

const HOSTS: [(Channel, &str); 5] = [
    (Channel::Facebook, "FACEBOOK_BASE_URL"),
    (Channel::Linkedin, "LINKEDIN_BASE_URL"),
    (Channel::Instagram, "INSTAGRAM_BASE_URL"),
    (Channel::Tiktok, "TIKTOK_BASE_URL"),
    (Channel::Youtube, "YOUTUBE_BASE_URL"),
];

/// What both processes know about publishing; it has to be the same in both.
#[derive(Clone, Debug)]
pub struct PublishSettings {
    /// Where requests go.
    pub transport: Transport,
    /// Hosts of the channels.
    pub base_urls: BaseUrls,
    /// Which accounts there is a client for.
    pub configured: Configured,
    /// Seals and opens tokens; without it no account can be connected.
    pub keyring: Option<Keyring>,
}

/// What only workers know about publishing.
#[derive(Clone, Debug)]
pub struct WorkerPublishSettings {
    /// The time of one request to a channel.
    pub call_timeout: Duration,
    /// The pause between the last moment at which a post can have been sent and the search for it.
    pub lookup_grace: Duration,
    /// Private networks from which media may be fetched.
    pub allow_private: Vec<IpNet>,
    /// Clients by channel. Instagram accounts that are connected by Facebook use the one of Facebook.
    pub clients: BTreeMap<Channel, ChannelClient>,
    /// The largest reel that Instagram takes: its own pages disagree.
    pub instagram_reel_bytes: u64,
    /// Where posts of the sandbox are kept.
    pub sandbox_dir: Option<PathBuf>,
}

/// What a channel knows this installation by.
#[derive(Clone, Debug)]
pub struct ChannelClient {
    /// Its public id.
    pub id: String,
    /// Its secret.
    pub secret: SecretString,
}

/// Reads what both processes need. Of the clients it keeps no secret.
pub(super) fn read(env: &mut Env) -> PublishSettings {
    let transport = env.text("PUBLISH_TRANSPORT");
    let transport = Transport::parse(&transport).unwrap_or_else(|| {
        env.mistake("PUBLISH_TRANSPORT", "is neither live nor sandbox");
        Transport::Live
    });
    let hosts: Vec<_> =
        HOSTS.iter().filter_map(|(channel, name)| env.http_url(name).map(|url| (*channel, url))).collect();
    for (_, id, secret) in CLIENTS {
        check_pair(env, id, secret);
    }
    let configured = Configured::new(clients(env).into_keys());
    PublishSettings { transport, base_urls: BaseUrls::new(hosts), configured, keyring: keyring(env) }
}

/// Reads what only workers need.
pub(super) fn read_worker(env: &mut Env) -> WorkerPublishSettings {
    let milliseconds = |env: &mut Env, name, range| Duration::from_millis(env.number(name, range).into());
    WorkerPublishSettings {
        call_timeout: milliseconds(env, "CHANNEL_CALL_TIMEOUT_MS", 1..=60_000),
        lookup_grace: milliseconds(env, "CHANNEL_LOOKUP_GRACE_MS", 0..=3_600_000),
        allow_private: env.networks("OUTBOUND_ALLOW_PRIVATE"),
        clients: clients(env),
        instagram_reel_bytes: u64::from(env.number("INSTAGRAM_REEL_MAX_MB", 1..=4_096)) << 20,
        sandbox_dir: env.folder("SANDBOX_DIR"),
    }
}

fn check_pair(env: &mut Env, id: &str, secret: &str) {
    match (env.optional(id), env.optional(secret)) {
        (Some(_), None) => env.mistake(secret, &format!("is required when {id} is set")),
        (None, Some(_)) => env.mistake(id, &format!("is required when {secret} is set")),
        _ => {}
    }
}

fn clients(env: &mut Env) -> BTreeMap<Channel, ChannelClient> {
    let mut client = |id, secret| Some(ChannelClient { id: env.optional(id)?, secret: env.secret(secret)? });
    CLIENTS.iter().filter_map(|(channel, id, secret)| Some((*channel, client(id, secret)?))).collect()
}

fn keyring(env: &mut Env) -> Option<Keyring> {
    let keys = env.secret("CREDENTIALS_KEY")?;
    let keyring = Keyring::parse(&keys);
    if let Err(error) = &keyring {
        env.mistake("CREDENTIALS_KEY", &error.to_string());
    }
    keyring.ok()
}
