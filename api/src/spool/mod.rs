//! Requests to publish that wait while Postgres cannot be reached. They are synced to disk before they are answered 202
//! `deferred`, and submitted in their order when Postgres is back. Called by the route of publishing; nothing else
//! waits here, and no promise is kept in memory only.

mod file;
mod replay;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use almanac_shared::{platform::id::UserId, publishing::request::RequestBody};
use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use self::file::SpoolFile;
pub use self::{
    file::{Deferred, NotKept},
    replay::replay,
};

/// The spool of this process; without a folder nothing is kept.
#[derive(Clone, Debug)]
pub struct Spool(Option<Arc<Mutex<SpoolFile>>>);

/// A request that is to wait.
#[derive(Clone, Debug)]
pub struct NewDeferred {
    /// Who asks.
    pub user: UserId,
    /// The idempotency key, and the fingerprint of the body it came with.
    pub key: (String, [u8; 32]),
    /// What for.
    pub body: RequestBody,
    /// The request's id.
    pub request_id: String,
    /// The present.
    pub accepted_at: DateTime<Utc>,
}

impl Spool {
    /// Opens the spool in a folder.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn open(folder: Option<&Path>) -> Result<Self> {
        let open = |folder| SpoolFile::open(folder).map(Mutex::new).map(Arc::new);
        folder.map(open).transpose().map(Self).context("SPOOL_DIR")
    }

    /// Keeps a request; false without a folder. When this returns true, the request is on disk.
    ///
    /// # Errors
    /// There is no room, the key waits with another body, or the disk refuses it.
    pub async fn keep(&self, new: NewDeferred) -> Result<bool, NotKept> {
        let Some(file) = self.0.clone() else { return Ok(false) };
        let (key, fingerprint) = new.key;
        let request = Deferred {
            id: Uuid::now_v7(),
            user: new.user,
            key,
            fingerprint: fingerprint.iter().map(|byte| format!("{byte:02x}")).collect(),
            body: new.body,
            request_id: new.request_id,
            accepted_at: new.accepted_at,
        };
        blocking(move || locked(&file).append(request)).await.map(|()| true)
    }

    /// Requests that wait, the oldest first.
    fn waiting(&self) -> Vec<Deferred> {
        self.0.as_ref().map(|file| locked(file).waiting().to_vec()).unwrap_or_default()
    }

    async fn remove(&self, id: Uuid) {
        let Some(file) = self.0.clone() else { return };
        if let Err(error) = blocking(move || Ok(locked(&file).remove(id)?)).await {
            // Its key keeps it from being submitted twice.
            tracing::warn!(%error, "a submitted request stays in the spool");
        }
    }
}

impl Deferred {
    /// The key with the fingerprint; `None` if that is none.
    fn key(&self) -> Option<(String, [u8; 32])> {
        let digits = self.fingerprint.as_bytes().chunks(2);
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Vec<u8> = digits.map(byte).collect::<Option<_>>()?;
        Some((self.key.clone(), bytes.try_into().ok()?))
    }
}

/// Disks are slow: their work is done on a thread of its own.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, NotKept> + Send + 'static) -> Result<T, NotKept> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(NotKept::Disk(std::io::Error::other(error))),
    }
}

fn locked(file: &Mutex<SpoolFile>) -> MutexGuard<'_, SpoolFile> {
    file.lock().unwrap_or_else(PoisonError::into_inner)
}
