//! The adapters of this process and what they share: made when the first intent needs one, so that a worker whose
//! publishing is switched off makes none. Called by the publishing job.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use almanac_shared::{
    platform::{
        config::{PublishSettings, WorkerPublishSettings},
        metrics::Metrics,
    },
    publishing::{Channel as Name, Login, Transport, client_channel, credentials::Keyring},
};
use anyhow::Context;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{
    Channel,
    client::ChannelClient,
    counted::Counted,
    facebook::{Facebook, FacebookSettings},
    instagram::{Instagram, InstagramSettings},
    linkedin::{Linkedin, LinkedinApp, LinkedinSettings},
    sandbox::Sandbox,
    tiktok::{Tiktok, TiktokApp, TiktokSettings},
    youtube::{Youtube, YoutubeApp, YoutubeSettings},
};
use crate::outbound::{guard::Guard, media::Media};

/// Transport, channel, and the channel whose client stands for the installation.
type Key = (Transport, Name, Name);

/// The channels that are published to.
pub struct Adapters {
    settings: PublishSettings,
    channels: WorkerPublishSettings,
    sandbox: Option<Sandbox>,
    metrics: Arc<Metrics>,
    made: Mutex<BTreeMap<Key, Arc<dyn Channel>>>,
    media_slots: Semaphore,
}

impl Adapters {
    /// Without any adapter yet; with the sandbox if the transport is. Posts with media leave a quarter of the lane's slots to
    /// those without.
    ///
    /// # Errors
    /// The sandbox cannot listen or keep posts.
    pub async fn new(
        settings: PublishSettings,
        channels: WorkerPublishSettings,
        metrics: Arc<Metrics>,
        slots: usize,
    ) -> anyhow::Result<Self> {
        let sandbox = match (settings.transport, &channels.sandbox_dir) {
            (Transport::Live, _) => None,
            (Transport::Sandbox, Some(folder)) => Some(Sandbox::start(folder).await.context("starting the sandbox")?),
            (Transport::Sandbox, None) => anyhow::bail!("SANDBOX_DIR: is required when PUBLISH_TRANSPORT is sandbox"),
        };
        let media_slots = Semaphore::new(media_slots(slots));
        Ok(Self { settings, channels, sandbox, metrics, made: Mutex::default(), media_slots })
    }

    /// A slot for a step that reads media, for as long as the permit is held; `None` if all are taken.
    pub fn media_slot(&self) -> Option<SemaphorePermit<'_>> {
        self.media_slots.try_acquire().ok()
    }

    /// The adapter for accounts of a channel that are connected by this login; `None` if it is not set up. Without `PUBLISH_TRANSPORT=sandbox` there is no
    /// sandbox, so that nothing that was accepted for it goes to a vendor.
    pub fn adapter(&self, transport: Transport, channel: Name, login: Option<Login>) -> Option<Arc<dyn Channel>> {
        let is_set_up = match transport {
            Transport::Live => self.settings.configured.has_client(channel, login),
            Transport::Sandbox => self.sandbox.is_some(),
        };
        if !is_set_up {
            return None;
        }
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        // What another client stands for is another adapter.
        let key = (transport, channel, client_channel(channel, login));
        if let Some(adapter) = made.get(&key) {
            return Some(Arc::clone(adapter));
        }
        let adapter = self
            .make(transport, channel, login)?
            .inspect_err(|error| tracing::error!(error = format!("{error:#}"), "an adapter cannot be made"))
            .ok()?;
        made.insert(key, Arc::clone(&adapter));
        Some(adapter)
    }

    /// The host of a channel, without a slash at its end.
    pub fn base_url(&self, transport: Transport, channel: Name, login: Option<Login>) -> String {
        match (transport, &self.sandbox) {
            (Transport::Sandbox, Some(sandbox)) => sandbox.base_url(channel),
            _ => self.settings.base_urls.of(channel, login).to_owned(),
        }
    }

    /// The time of one request.
    pub const fn call_timeout(&self) -> Duration {
        self.channels.call_timeout
    }

    /// From the statement that makes an effect `sending` to the moment at which its request has ended in any case: half
    /// of it is for the first byte to leave, half for the answer.
    pub fn send_time(&self) -> Duration {
        self.channels.call_timeout * 2
    }

    /// Between that moment and the search for the post: a channel may show it a little later.
    pub const fn lookup_grace(&self) -> Duration {
        self.channels.lookup_grace
    }

    /// Opens and seals tokens.
    pub const fn keyring(&self) -> Option<&Keyring> {
        self.settings.keyring.as_ref()
    }

    fn make(
        &self,
        transport: Transport,
        channel: Name,
        login: Option<Login>,
    ) -> Option<anyhow::Result<Arc<dyn Channel>>> {
        let adapter: anyhow::Result<Arc<dyn Channel>> = match channel {
            Name::Facebook => self.facebook().map(|facebook| Arc::new(facebook) as _),
            Name::Linkedin => self.linkedin(transport).map(|linkedin| Arc::new(linkedin) as _),
            Name::Instagram => self.instagram(transport, login).map(|instagram| Arc::new(instagram) as _),
            Name::Tiktok => self.tiktok(transport).map(|tiktok| Arc::new(tiktok) as _),
            Name::Youtube => self.youtube(transport).map(|youtube| Arc::new(youtube) as _),
        };
        let counted = |adapter| Arc::new(Counted::new(channel, self.metrics.clone(), adapter)) as _;
        Some(adapter.map(counted))
    }

    fn facebook(&self) -> anyhow::Result<Facebook> {
        let settings = FacebookSettings { lookup_grace: self.channels.lookup_grace };
        Ok(Facebook::new(self.client()?, self.media()?, settings))
    }

    fn instagram(&self, transport: Transport, login: Option<Login>) -> anyhow::Result<Instagram> {
        let settings = InstagramSettings {
            base_url: self.base_url(transport, Name::Instagram, login),
            app: self.channels.clients.get(&client_channel(Name::Instagram, login)).cloned(),
            login: login.unwrap_or(Login::Instagram),
            reel_bytes: self.channels.instagram_reel_bytes,
        };
        Ok(Instagram::new(self.client()?, self.media()?, settings))
    }

    fn linkedin(&self, transport: Transport) -> anyhow::Result<Linkedin> {
        let client = self.channels.clients.get(&Name::Linkedin);
        let app = client.map(|client| LinkedinApp { client_id: client.id.clone(), secret: client.secret.clone() });
        let base_url = self.base_url(transport, Name::Linkedin, None);
        Ok(Linkedin::new(self.client()?, self.media()?, LinkedinSettings { base_url, transport, app }))
    }

    fn tiktok(&self, transport: Transport) -> anyhow::Result<Tiktok> {
        let client = self.channels.clients.get(&Name::Tiktok);
        let app = client.map(|client| TiktokApp { client_key: client.id.clone(), secret: client.secret.clone() });
        let base_url = self.base_url(transport, Name::Tiktok, None);
        Ok(Tiktok::new(self.client()?, self.media()?, TiktokSettings { base_url, transport, app }))
    }

    fn youtube(&self, transport: Transport) -> anyhow::Result<Youtube> {
        let client = self.channels.clients.get(&Name::Youtube);
        let app = client.map(|client| YoutubeApp { client_id: client.id.clone(), secret: client.secret.clone() });
        let base_url = self.base_url(transport, Name::Youtube, None);
        Ok(Youtube::new(self.client()?, self.media()?, YoutubeSettings { base_url, transport, app }))
    }

    fn client(&self) -> anyhow::Result<ChannelClient> {
        ChannelClient::new(self.channels.call_timeout)
    }

    fn media(&self) -> anyhow::Result<Media> {
        Ok(Media::new(Guard::new(self.channels.allow_private.clone())?))
    }
}

/// Of a lane's slots, those that steps may take which read media: their hosts may be slow.
const fn media_slots(slots: usize) -> usize {
    let left = if slots >= 4 { slots / 4 } else { slots / 2 };
    slots - left
}
