//! The file of the spool: one line for each request that waits, and one for each that waits no longer. A line is
//! written and synced before its request is answered, and begins with a checksum, so that a line that a crash cut off
//! is known. It is locked: two processes never share a file.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use almanac_shared::{platform::id::UserId, publishing::request::RequestBody};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Most requests that wait.
pub const REQUESTS_MAX: usize = 1_000;
/// Most bytes of the file.
pub const BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Files of one folder, one for each process.
const FILES_MAX: usize = 64;
/// Hexadecimal digits of a checksum.
const CHECKSUM: usize = 16;

/// A request that waits. It names its user, as the verified token did, and never holds the token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deferred {
    /// Names it in the file.
    pub id: Uuid,
    /// Who asks.
    pub user: UserId,
    /// The idempotency key.
    pub key: String,
    /// The fingerprint of the body that came with the key, in hexadecimal digits.
    pub fingerprint: String,
    /// What for.
    pub body: RequestBody,
    /// The request's id.
    pub request_id: String,
    /// When it was accepted.
    pub accepted_at: DateTime<Utc>,
}

/// What a line says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::large_enum_variant, reason = "read one by one and taken apart at once")]
enum Record {
    Deferred(Deferred),
    Done(Uuid),
}

/// Why a request is not kept.
#[derive(Debug, thiserror::Error)]
pub enum NotKept {
    /// There is no room.
    #[error("the spool is full")]
    Full,
    /// A request with its key and another body waits.
    #[error("the key waits with another body")]
    KeyReused,
    /// The disk refused it.
    #[error("writing to the spool")]
    Disk(#[from] io::Error),
}

/// The open file.
#[derive(Debug)]
pub struct SpoolFile {
    path: PathBuf,
    file: File,
    bytes: u64,
    waiting: Vec<Deferred>,
}

impl SpoolFile {
    /// Opens a file of the folder that no other process has, and takes over what processes left in theirs that run no
    /// longer.
    ///
    /// # Errors
    /// The folder cannot be made, or no file can be opened and locked.
    pub fn open(folder: &Path) -> io::Result<Self> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let mut own: Option<Self> = None;
        for number in 0..FILES_MAX {
            let path = folder.join(format!("publish-{number}.spool"));
            if own.is_some() && !path.exists() {
                continue;
            }
            let Some(mut found) = Self::lock(path)? else { continue };
            match &mut own {
                None => own = Some(found),
                Some(own) => own.adopt(&mut found)?,
            }
        }
        // A name that is not on disk yet would be lost with the requests in its file.
        File::open(folder)?.sync_all()?;
        own.ok_or_else(|| io::Error::other("every file of the folder is locked by another process"))
    }

    /// Opens one file; `None` if another process has it.
    fn lock(path: PathBuf) -> io::Result<Option<Self>> {
        let options = || OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).to_owned();
        let mut file = options().open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let mut content = Vec::new();
        file.read_to_end(&mut content)?;
        let (waiting, bytes) = read(&content);
        if bytes < content.len() {
            let cut = content.len() - bytes;
            tracing::warn!(path = %path.display(), cut, "an incomplete line of the spool was cut; it was not answered");
            file.set_len(bytes as u64)?;
            file.sync_all()?;
        }
        Ok(Some(Self { path, file, bytes: bytes as u64, waiting }))
    }

    /// Requests that wait, the oldest first.
    pub fn waiting(&self) -> &[Deferred] {
        &self.waiting
    }

    /// Keeps a request. When this returns, it is on disk. A request with the same key and body is kept once.
    ///
    /// # Errors
    /// There is no room, the key waits with another body, or the disk refuses it; then nothing is kept.
    pub fn append(&mut self, request: Deferred) -> Result<(), NotKept> {
        let same_key = self.waiting.iter().find(|known| known.user == request.user && known.key == request.key);
        match same_key {
            Some(known) if known.fingerprint == request.fingerprint => return Ok(()),
            Some(_) => return Err(NotKept::KeyReused),
            None => {}
        }
        let line = line(&Record::Deferred(request.clone()))?;
        if self.bytes + line.len() as u64 > BYTES_MAX {
            self.compact()?;
        }
        if self.waiting.len() >= REQUESTS_MAX || self.bytes + line.len() as u64 > BYTES_MAX {
            return Err(NotKept::Full);
        }
        self.write(&line)?;
        self.waiting.push(request);
        Ok(())
    }

    /// Notes that a request waits no longer.
    ///
    /// # Errors
    /// The disk refuses it: after a restart the request is submitted again, which its key makes harmless.
    pub fn remove(&mut self, id: Uuid) -> io::Result<()> {
        self.waiting.retain(|request| request.id != id);
        if !self.waiting.is_empty() {
            return self.write(&line(&Record::Done(id))?);
        }
        self.file.set_len(0)?;
        self.bytes = 0;
        self.file.sync_all()
    }

    /// Writes and syncs a line, or leaves the file as it was.
    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.bytes))?;
        let written = self.file.write_all(line).and_then(|()| self.file.sync_data());
        if written.is_err() {
            // If this fails too, the line is cut when the file is opened again, or overwritten by the next one.
            let _ = self.file.set_len(self.bytes);
        } else {
            self.bytes += line.len() as u64;
        }
        written
    }

    /// Leaves only what waits.
    fn compact(&mut self) -> io::Result<()> {
        let next = self.path.with_extension("next");
        let _ = std::fs::remove_file(&next);
        let Some(mut compacted) = Self::lock(next.clone())? else {
            return Err(io::Error::other("the next file of the spool is locked"));
        };
        for request in &self.waiting {
            compacted.write(&line(&Record::Deferred(request.clone()))?)?;
        }
        std::fs::rename(&next, &self.path)?;
        if let Some(folder) = self.path.parent() {
            File::open(folder)?.sync_all()?;
        }
        (self.file, self.bytes) = (compacted.file, compacted.bytes);
        Ok(())
    }

    /// Takes over what another file holds.
    fn adopt(&mut self, other: &mut Self) -> io::Result<()> {
        for request in &other.waiting {
            match self.append(request.clone()) {
                Ok(()) => {}
                Err(NotKept::Disk(error)) => return Err(error),
                // They wait on in the file where they are, until this one has room at the next start.
                Err(NotKept::Full | NotKept::KeyReused) => return Ok(()),
            }
        }
        other.file.set_len(0)?;
        other.file.sync_all()
    }
}

/// The requests that wait, and the bytes of all complete lines. A damaged line in the middle is skipped.
fn read(content: &[u8]) -> (Vec<Deferred>, usize) {
    let mut waiting: Vec<Deferred> = Vec::new();
    let mut complete = 0;
    for line in content.split_inclusive(|byte| *byte == b'\n') {
        let is_last = complete + line.len() == content.len();
        match parse(line) {
            Some(Record::Deferred(request)) => waiting.push(request),
            Some(Record::Done(id)) => waiting.retain(|request| request.id != id),
            None if is_last => break,
            None => tracing::error!(at = complete, "a line of the spool is damaged; its request is lost"),
        }
        complete += line.len();
    }
    (waiting, complete)
}

fn parse(line: &[u8]) -> Option<Record> {
    let line = line.strip_suffix(b"\n")?;
    let (sum, json) = line.split_at_checked(CHECKSUM)?;
    let json = json.strip_prefix(b" ")?;
    if checksum(json).as_bytes() != sum {
        return None;
    }
    serde_json::from_slice(json).ok()
}

fn line(record: &Record) -> io::Result<Vec<u8>> {
    let json = serde_json::to_vec(record)?;
    let mut line = checksum(&json).into_bytes();
    line.push(b' ');
    line.extend(json);
    line.push(b'\n');
    Ok(line)
}

fn checksum(json: &[u8]) -> String {
    Sha256::digest(json).iter().take(CHECKSUM / 2).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
