//! The identity provider's key set: fetched from the configured address only, kept for ten minutes, used for a day
//! while the provider is unavailable. Called by `verify`; this is the API's only outbound call. It must never fetch
//! more often than its pauses allow, whatever tokens contain.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use almanac_shared::platform::error::Code;
use anyhow::{Context, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse},
};
use serde::Deserialize;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::http::error::ApiError;

/// A set younger than this is not asked for again.
const FRESH: TimeDelta = TimeDelta::minutes(10);
/// A set older than this is not believed any more.
const STALE: TimeDelta = TimeDelta::hours(24);
/// Between two fetches for the sake of a kid that is not in the set, or after a failure with old keys at hand.
const PAUSE: TimeDelta = TimeDelta::seconds(60);
/// Between two fetches while there are no keys at all: no token can be verified until one succeeds.
const PAUSE_WITHOUT_KEYS: TimeDelta = TimeDelta::seconds(5);
/// For one fetch, from connecting to the last byte.
const TIMEOUT: Duration = Duration::from_secs(5);
/// A real set has a few keys of less than 2 KiB.
const MAX_BYTES: usize = 256 * 1024;
/// Keys tried for a token that names none.
const MAX_KEYS: usize = 32;

/// The key set behind one address.
pub(super) struct Jwks(Arc<Source>);

struct Source {
    url: reqwest::Url,
    client: reqwest::Client,
    set: RwLock<Option<Arc<KeySet>>>,
    /// When a fetch was last begun. The holder of the lock fetches.
    last_try: Arc<Mutex<Option<DateTime<Utc>>>>,
}

type LastTry = OwnedMutexGuard<Option<DateTime<Utc>>>;

struct KeySet {
    fetched_at: DateTime<Utc>,
    keys: Vec<Key>,
}

struct Key {
    kid: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

impl KeySet {
    fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Vec<DecodingKey> {
        let named = |key: &&Key| kid.is_none() || key.kid.as_deref() == kid;
        self.keys.iter().filter(named).filter(|key| key.algorithm == algorithm).map(|key| key.key.clone()).collect()
    }
}

impl Jwks {
    pub fn new(url: &str) -> anyhow::Result<Self> {
        let url = reqwest::Url::parse(url).context("reading AUTH_JWKS_URL")?;
        let builder = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none());
        let client = builder.build().context("building the client for the key set")?;
        Ok(Self(Arc::new(Source { url, client, set: RwLock::new(None), last_try: Arc::default() })))
    }

    /// The keys that may have signed a token with this header; empty if none can have.
    /// 503 when there is no set to judge by.
    pub async fn keys(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
        now: DateTime<Utc>,
    ) -> Result<Vec<DecodingKey>, ApiError> {
        if let Some(set) = self.0.believed(now) {
            let keys = set.find(kid, algorithm);
            if now - set.fetched_at < FRESH && !keys.is_empty() {
                return Ok(keys);
            }
            if !keys.is_empty() {
                // The set is old but has the key: one request renews it, the others do not wait for that one.
                if let Ok(last_try) = self.0.last_try.clone().try_lock_owned() {
                    self.refresh(last_try, now).await;
                }
                return self.answer(kid, algorithm, now);
            }
        }
        self.refresh(self.0.last_try.clone().lock_owned().await, now).await;
        self.answer(kid, algorithm, now)
    }

    fn answer(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
        now: DateTime<Utc>,
    ) -> Result<Vec<DecodingKey>, ApiError> {
        let set = self.0.believed(now).ok_or_else(|| {
            let message = "tokens cannot be checked now";
            ApiError::new(Code::Unavailable, message).retry_after(PAUSE_WITHOUT_KEYS.num_seconds() as u32)
        })?;
        Ok(set.find(kid, algorithm))
    }

    /// Fetches in a task of its own, which runs to its end for all waiting requests, also when the first of them goes
    /// away: cut off with that one's request, it would only leave the pause behind.
    async fn refresh(&self, last_try: LastTry, now: DateTime<Utc>) {
        let source = self.0.clone();
        let fetching = tokio::spawn(async move { source.refresh(last_try, now).await });
        if let Err(error) = fetching.await {
            tracing::error!(error = format!("{error:#}"), "fetching the key set was interrupted");
        }
    }
}

impl Source {
    fn believed(&self, now: DateTime<Utc>) -> Option<Arc<KeySet>> {
        let set = self.set.read().unwrap_or_else(PoisonError::into_inner).clone();
        set.filter(|set| now - set.fetched_at < STALE)
    }

    /// Fetches, unless that was tried too recently, for example by the previous holder of the lock.
    async fn refresh(&self, mut last_try: LastTry, now: DateTime<Utc>) {
        let pause = if self.believed(now).is_some() { PAUSE } else { PAUSE_WITHOUT_KEYS };
        if last_try.is_some_and(|last| now - last < pause) {
            return;
        }
        *last_try = Some(now);
        match self.fetch().await {
            Ok(keys) => {
                let set = Arc::new(KeySet { fetched_at: now, keys });
                *self.set.write().unwrap_or_else(PoisonError::into_inner) = Some(set);
            }
            Err(error) => tracing::warn!(error = format!("{error:#}"), "the key set could not be fetched"),
        }
    }

    async fn fetch(&self) -> anyhow::Result<Vec<Key>> {
        let request = self.client.get(self.url.clone());
        let response = request.send().await.context("asking for the key set")?;
        let mut response = response.error_for_status().context("asking for the key set")?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.context("reading the key set")? {
            ensure!(body.len() + chunk.len() <= MAX_BYTES, "the key set is larger than {MAX_BYTES} bytes");
            body.extend_from_slice(&chunk);
        }
        read_keys(&body)
    }
}

/// A key that we cannot read is skipped: a provider may add a new kind without locking all users out.
fn read_keys(body: &[u8]) -> anyhow::Result<Vec<Key>> {
    #[derive(Deserialize)]
    struct Document {
        keys: Vec<serde_json::Value>,
    }
    let document: Document = serde_json::from_slice(body).context("reading the key set")?;
    let readable = document.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
    let keys: Vec<_> = readable.filter_map(|jwk| signing_key(&jwk)).take(MAX_KEYS).collect();
    ensure!(!keys.is_empty(), "the key set has no key for ES256 or RS256");
    Ok(keys)
}

/// The algorithm follows from the key's own kind; symmetric keys have no place in a public set.
fn signing_key(jwk: &Jwk) -> Option<Key> {
    let (algorithm, named) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        _ => return None,
    };
    let common = &jwk.common;
    let for_this = common.key_algorithm.is_none_or(|algorithm| algorithm == named);
    let for_signing = common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature);
    let key = DecodingKey::from_jwk(jwk).ok()?;
    (for_this && for_signing).then(|| Key { kid: common.key_id.clone(), algorithm, key })
}
