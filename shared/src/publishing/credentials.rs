//! Tokens of connected accounts, sealed before they are stored: XChaCha20-Poly1305 under a key of the operator. The API
//! seals, workers open. What is sealed for one account cannot be opened as another one's, and nothing here prints a token.

use std::{borrow::Cow, fmt};

use anyhow::anyhow;
use base64::{Engine, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, OsRng, Payload, rand_core::RngCore},
};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Channel;
use crate::platform::id::UserId;

/// Bytes of a nonce. It is so long that random ones do not meet (draft-irtf-cfrg-xchacha-03, section 2.1).
const NONCE: usize = 24;

/// What an account is used with.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// Sent with each request.
    pub access: SecretString,
    /// Exchanged for new tokens.
    pub refresh: Option<SecretString>,
}

/// The account that tokens belong to.
#[derive(Clone, Copy, Debug)]
pub struct AccountRef<'a> {
    /// Its owner.
    pub user: UserId,
    /// Its channel.
    pub channel: Channel,
    /// The name that the client gave it.
    pub account_id: &'a str,
}

/// Tokens as they are stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The key that sealed them.
    pub key_id: String,
    /// The nonce, then the sealed tokens with their tag.
    pub bytes: Vec<u8>,
}

/// Why stored tokens cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Their key is none of this installation's.
    #[error("no key of this installation sealed the tokens")]
    UnknownKey,
    /// They were changed, or sealed for another account.
    #[error("the sealed tokens are not those of the account")]
    Damaged,
}

/// A text that is no list of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("has a part that is not base64 of 32 bytes")]
pub struct InvalidKey;

/// The operator's keys: the first seals, all open.
#[derive(Clone)]
pub struct Keyring {
    first: SealingKey,
    others: Vec<SealingKey>,
}

#[derive(Clone)]
struct SealingKey {
    id: String,
    cipher: XChaCha20Poly1305,
}

/// The form that is sealed. Fields may be added with a default, never renamed.
#[derive(Serialize, Deserialize)]
struct Plain<'a> {
    access: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh: Option<Cow<'a, str>>,
}

impl Keyring {
    /// Reads keys: base64 of 32 bytes each, comma-separated.
    ///
    /// # Errors
    /// A part is none, or there is none at all.
    pub fn parse(text: &SecretString) -> Result<Self, InvalidKey> {
        let mut keys = text.expose_secret().split(',').map(str::trim).map(SealingKey::parse);
        let first = keys.next().ok_or(InvalidKey)??;
        Ok(Self { first, others: keys.collect::<Result<_, _>>()? })
    }

    /// Names the key that seals: the first eight hexadecimal digits of a hash of it.
    pub fn key_id(&self) -> &str {
        &self.first.id
    }

    /// The ids of all keys: tokens that another one sealed cannot be opened.
    pub fn key_ids(&self) -> Vec<&str> {
        self.keys().map(|key| key.id.as_str()).collect()
    }

    /// Seals the tokens of an account.
    ///
    /// # Errors
    /// The operating system gives no random bytes.
    pub fn seal(&self, tokens: &Tokens, account: &AccountRef<'_>) -> anyhow::Result<Sealed> {
        let refresh = tokens.refresh.as_ref().map(|token| token.expose_secret().into());
        let plain = Plain { access: tokens.access.expose_secret().into(), refresh };
        let plain = Zeroizing::new(serde_json::to_vec(&plain)?);
        let mut nonce = [0; NONCE];
        OsRng.try_fill_bytes(&mut nonce).map_err(|error| anyhow!("drawing a nonce: {error}"))?;
        let payload = Payload { msg: &plain, aad: &associated_data(account) };
        let sealed = self.first.cipher.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| anyhow!("the tokens are too long to be sealed"))?;
        Ok(Sealed { key_id: self.first.id.clone(), bytes: [&nonce[..], &sealed].concat() })
    }

    /// Opens the tokens of an account.
    ///
    /// # Errors
    /// Another installation sealed them, they were changed, or they are another account's.
    pub fn open(&self, key_id: &str, bytes: &[u8], account: &AccountRef<'_>) -> Result<Tokens, OpenError> {
        let mut named = self.keys().filter(|key| key.id == key_id).peekable();
        named.peek().ok_or(OpenError::UnknownKey)?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>().ok_or(OpenError::Damaged)?;
        let nonce = XNonce::from(*nonce);
        let aad = associated_data(account);
        let payload = || Payload { msg: sealed, aad: &aad };
        let plain = named.find_map(|key| key.cipher.decrypt(&nonce, payload()).ok());
        let plain = plain.map(Zeroizing::new).ok_or(OpenError::Damaged)?;
        read(&plain).ok_or(OpenError::Damaged)
    }

    fn keys(&self) -> impl Iterator<Item = &SealingKey> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

impl SealingKey {
    fn parse(text: &str) -> Result<Self, InvalidKey> {
        let bytes = Zeroizing::new(STANDARD.decode(text).map_err(|_| InvalidKey)?);
        let cipher = XChaCha20Poly1305::new_from_slice(&bytes).map_err(|_| InvalidKey)?;
        Ok(Self { id: key_id(&bytes), cipher })
    }
}

/// Names a key without telling anything about it.
fn key_id(key: &[u8]) -> String {
    let hash = Sha256::new_with_prefix(b"almanac credentials key\0").chain_update(key).finalize();
    hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// What is authenticated beside the tokens. Each part has its length before it, so that no two accounts have the same.
fn associated_data(account: &AccountRef<'_>) -> Vec<u8> {
    let parts: [&[u8]; 4] = [
        b"almanac tokens 1",
        account.user.0.as_bytes(),
        account.channel.as_str().as_bytes(),
        account.account_id.as_bytes(),
    ];
    parts.iter().flat_map(|part| [&(part.len() as u64).to_be_bytes()[..], part].concat()).collect()
}

fn read(plain: &[u8]) -> Option<Tokens> {
    let Plain { access, refresh } = serde_json::from_slice(plain).ok()?;
    let secret = |text: Cow<'_, str>| SecretString::from(text.into_owned());
    Some(Tokens { access: secret(access), refresh: refresh.map(secret) })
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("key_ids", &self.key_ids()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
