//! What vendors hold before there is a post: pictures, containers, sessions of videos. Each is a file, and so is each
//! thing that happens to it, such as a part that arrives: if two workers write it, the first one decides.

use almanac_shared::publishing::Channel;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    folder::{Folder, Shelf},
    receive::Piece,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum UploadKind {
    Picture,
    Video,
    /// Of Instagram.
    Container,
}

/// An upload as it began.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Upload {
    pub(super) channel: Channel,
    pub(super) kind: UploadKind,
    /// The account, page or author.
    pub(super) owner: String,
    pub(super) created_at: DateTime<Utc>,
    /// Bytes that were announced.
    pub(super) size: Option<u64>,
    /// Addresses from which the vendor fetches.
    pub(super) urls: Vec<String>,
    /// Whether it is processed before it can be published.
    pub(super) is_processed: bool,
    /// The body of the request.
    pub(super) request: Value,
}

/// Bytes that have arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) first: u64,
    #[serde(flatten)]
    pub(super) piece: Piece,
}

impl Upload {
    pub(super) fn is_older_than(&self, age: TimeDelta, folder: &Folder) -> bool {
        self.created_at + age < folder.now()
    }
}

impl Folder {
    /// Keeps an upload under a new number.
    pub(super) fn add_upload(&self, upload: &Upload) -> anyhow::Result<String> {
        for number in self.numbers() {
            let id = number.to_string();
            if self.write_new(Shelf::Uploads, &id, upload)? {
                return Ok(id);
            }
        }
        anyhow::bail!("no number is free")
    }

    pub(super) fn upload(&self, channel: Channel, kind: UploadKind, id: &str) -> anyhow::Result<Option<Upload>> {
        // Files of what happened have other names.
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(None);
        }
        let upload = self.read::<Upload>(Shelf::Uploads, id)?;
        Ok(upload.filter(|upload| upload.channel == channel && upload.kind == kind))
    }

    /// Keeps what happened to an upload; false if it had happened before.
    pub(super) fn note<T: Serialize>(&self, id: &str, event: &str, value: &T) -> anyhow::Result<bool> {
        self.write_new(Shelf::Uploads, &format!("{id}_{event}"), value)
    }

    /// What happened to an upload.
    pub(super) fn noted<T: DeserializeOwned>(&self, id: &str, event: &str) -> anyhow::Result<Option<T>> {
        self.read(Shelf::Uploads, &format!("{id}_{event}"))
    }

    /// Whether processing goes on: it ends with the first request for its status.
    pub(super) fn is_first_look(&self, id: &str) -> anyhow::Result<bool> {
        self.note(id, "looked", &self.now())
    }

    /// Whether its status was asked for.
    pub(super) fn was_looked_at(&self, id: &str) -> anyhow::Result<bool> {
        Ok(self.noted::<Value>(id, "looked")?.is_some())
    }

    /// Keeps a part that follows those that have arrived; false if another request was first.
    pub(super) fn add_part(&self, id: &str, first: u64, piece: &Piece) -> anyhow::Result<bool> {
        self.note(id, &format!("part_{first}"), &Part { first, piece: piece.clone() })
    }

    /// The parts from the first byte on, without a gap.
    pub(super) fn parts(&self, id: &str) -> anyhow::Result<Vec<Part>> {
        let mut parts = Vec::new();
        while let Some(part) = self.noted::<Part>(id, &format!("part_{}", received(&parts)))? {
            if part.piece.bytes == 0 {
                break;
            }
            parts.push(part);
        }
        Ok(parts)
    }
}

/// How many bytes have arrived.
pub(super) fn received(parts: &[Part]) -> u64 {
    parts.last().map_or(0, |part| part.first + part.piece.bytes)
}

/// Number of the post that comes of an upload: the same one however often it is published.
pub(super) fn post_number(upload: &str) -> anyhow::Result<u64> {
    Ok(upload.parse::<u64>()? + 1)
}

/// Uploaded bytes as a line of a post's media.
pub(super) fn described(name: &str, parts: &[Part]) -> String {
    let hashes: Vec<_> = parts.iter().map(|part| part.piece.sha256.as_str()).collect();
    let number = if parts.len() == 1 { String::new() } else { format!(" in {} parts", parts.len()) };
    format!("{name}, {} bytes{number}, SHA-256 {}", received(parts), hashes.join(", "))
}
