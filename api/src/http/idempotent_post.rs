//! A POST that makes something within its request, once under its idempotency key: routes begin here, do their work in the
//! transaction, and answer with what is kept. The stored answer is the bare body; its status is that of the route.

use almanac_shared::{
    jobs::idempotency::{self, Key},
    platform::{db::UserTx, id::UserId},
};
use anyhow::Context;
use serde::Serialize;

use crate::{
    http::{error::ApiError, reply::Reply},
    state::App,
};

/// The header `Idempotency-Replayed` of an answer that was stored.
pub fn replayed() -> Option<String> {
    Some("true".to_owned())
}

/// A request that has begun.
pub struct IdempotentPost(idempotency::Once);

impl IdempotentPost {
    /// Begins. `path` is the path in its `/v1` spelling, with ids as they are and not as a client encodes them.
    ///
    /// # Errors
    /// The key was used with another body, its first request has not ended, or the store is unavailable.
    pub async fn begin(
        app: &App,
        user: UserId,
        path: String,
        key: Option<(String, [u8; 32])>,
    ) -> Result<Self, ApiError> {
        let key = key.map(|(key, fingerprint)| Key { route: format!("POST {path}"), key, fingerprint });
        Ok(Self(idempotency::Once::begin(&app.database, user, key).await?))
    }

    /// The answer of an earlier request with this key; nothing is done for it again.
    ///
    /// # Errors
    /// What is stored is no JSON.
    pub fn replay<T>(&self) -> Result<Option<Reply<T>>, ApiError> {
        self.0.known().map(|answer| Reply::stored(answer.to_owned())).transpose()
    }

    /// The bare answer of an earlier request with this key.
    pub fn known(&self) -> Option<&str> {
        self.0.known()
    }

    /// Where the work is done.
    pub const fn tx(&mut self) -> &mut UserTx {
        self.0.tx()
    }

    /// Keeps what was made, and its answer under the key.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn keep<T: Serialize>(self, shown: T) -> Result<Reply<T>, ApiError> {
        let answer = if self.0.is_keyed() {
            serde_json::to_string(&shown).context("writing an answer to keep")?
        } else {
            String::new()
        };
        self.0.finish(&answer).await?;
        Ok(Reply::new(shown))
    }
}
