//! Bytes of uploads: hashed as they arrive and not held, so that a video of any size needs the memory of one frame.

use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::call::hex;

/// What a broken-off request leaves at YouTube ends at a multiple of this.
pub(super) const STEP: u64 = 256 * 1024;

/// Bytes by what is kept of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Piece {
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// The body of an upload.
#[derive(Clone, Debug, Default)]
pub(super) struct Arrived {
    pub(super) all: Piece,
    /// Its beginning up to the last multiple of [`STEP`].
    pub(super) aligned: Piece,
    /// False if the connection broke first.
    pub(super) is_whole: bool,
}

pub(super) async fn receive(mut body: Incoming) -> Arrived {
    let mut hashing = Hashing::default();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return hashing.finish(false) };
        if let Some(data) = frame.data_ref() {
            hashing.update(data);
        }
    }
    hashing.finish(true)
}

#[derive(Default)]
struct Hashing {
    bytes: u64,
    hasher: Sha256,
    aligned_bytes: u64,
    aligned_hasher: Sha256,
}

impl Hashing {
    fn update(&mut self, mut data: &[u8]) {
        while !data.is_empty() {
            let room = usize::try_from(STEP - self.bytes % STEP).unwrap_or(usize::MAX);
            let (now, later) = data.split_at(room.min(data.len()));
            self.hasher.update(now);
            self.bytes += now.len() as u64;
            if self.bytes.is_multiple_of(STEP) {
                self.aligned_bytes = self.bytes;
                self.aligned_hasher = self.hasher.clone();
            }
            data = later;
        }
    }

    fn finish(self, is_whole: bool) -> Arrived {
        let piece = |bytes, hasher: Sha256| Piece { bytes, sha256: hex(&hasher.finalize()) };
        let aligned = piece(self.aligned_bytes, self.aligned_hasher);
        Arrived { all: piece(self.bytes, self.hasher), aligned, is_whole }
    }
}

/// The header `Content-Range` of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ContentRange {
    /// These bytes, the last one included.
    Bytes { first: u64, last: u64, size: u64 },
    /// No bytes: asks how many have arrived.
    Probe { size: u64 },
}

impl ContentRange {
    /// `bytes 0-9/100`, or `bytes */100`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (range, size) = text.strip_prefix("bytes ")?.split_once('/')?;
        let size = size.parse().ok()?;
        if range == "*" {
            return Some(Self::Probe { size });
        }
        let (first, last) = range.split_once('-')?;
        let (first, last) = (first.parse().ok()?, last.parse().ok()?);
        (first <= last && last < size).then_some(Self::Bytes { first, last, size })
    }
}
