//! A file as pieces that are made when they are read, so that a file of 10 GB costs nothing.
//! The content of a video is the same for the same place in it, and another one a little further on: what arrives at a wrong
//! place is noticed by its hash.

use std::sync::LazyLock;

use bytes::Bytes;

use crate::world::channels::digest::Digest;

/// A prime, so that no two parts of a file of a usual size begin alike.
const PATTERN_BYTES: u64 = 1_048_573;

static PATTERN: LazyLock<Bytes> = LazyLock::new(pattern);

static ZEROS: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(vec![0; 64 << 10]));

/// A file.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub kind: &'static str,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug)]
enum Piece {
    Bytes(Bytes),
    Filler(Filler),
}

/// Content that nobody reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filler {
    length: u64,
    /// Where in the pattern it begins; `None` for zeros.
    from: Option<u64>,
}

impl Filler {
    pub const fn zeros(length: u64) -> Self {
        Self { length, from: None }
    }

    /// Content of a video of this number: each has its own.
    pub const fn content(length: u64, number: u64) -> Self {
        Self { length, from: Some(number.wrapping_mul(7_919) % PATTERN_BYTES) }
    }

    fn read(&self, at: u64, most: usize) -> Bytes {
        let (source, at) = match self.from {
            None => (&*ZEROS, 0),
            Some(from) => (&*PATTERN, (from + at) % PATTERN_BYTES),
        };
        let at = usize::try_from(at).unwrap_or_default();
        source.slice(at..source.len().min(at + most))
    }
}

impl File {
    pub fn whole(kind: &'static str, bytes: Vec<u8>) -> Self {
        Self { kind, pieces: vec![Piece::Bytes(bytes.into())] }
    }

    pub fn then(mut self, filler: Filler) -> Self {
        self.pieces.push(Piece::Filler(filler));
        self
    }

    pub fn then_bytes(mut self, bytes: Vec<u8>) -> Self {
        self.pieces.push(Piece::Bytes(bytes.into()));
        self
    }

    pub fn length(&self) -> u64 {
        self.pieces.iter().map(Piece::length).sum()
    }

    /// Some bytes from a place on, at most this number; empty at the end.
    pub fn read(&self, mut at: u64, most: usize) -> Bytes {
        for piece in &self.pieces {
            let length = piece.length();
            if at < length {
                let most = usize::try_from(length - at).unwrap_or(usize::MAX).min(most);
                return piece.read(at, most);
            }
            at -= length;
        }
        Bytes::new()
    }

    pub fn sha256(&self) -> String {
        let (mut digest, mut at) = (Digest::default(), 0);
        loop {
            let bytes = self.read(at, usize::MAX);
            if bytes.is_empty() {
                return digest.hex();
            }
            digest.update(&bytes);
            at += bytes.len() as u64;
        }
    }
}

impl Piece {
    fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Filler(filler) => filler.length,
        }
    }

    fn read(&self, at: u64, most: usize) -> Bytes {
        match self {
            Self::Bytes(bytes) => {
                let at = usize::try_from(at).unwrap_or_default();
                bytes.slice(at..at + most)
            }
            Self::Filler(filler) => filler.read(at, most),
        }
    }
}

/// Bytes without an order, the same in every run.
fn pattern() -> Bytes {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut bytes = Vec::with_capacity(PATTERN_BYTES as usize + 8);
    while (bytes.len() as u64) < PATTERN_BYTES {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(PATTERN_BYTES as usize);
    bytes.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_reads_the_same_in_any_pieces() {
        let file = File::whole("video/mp4", vec![1, 2, 3]).then(Filler::content(3_000_000, 5)).then_bytes(vec![9]);
        let read = |step: usize| {
            let (mut all, mut at) = (Vec::new(), 0);
            loop {
                let bytes = file.read(at, step);
                if bytes.is_empty() {
                    return all;
                }
                at += bytes.len() as u64;
                all.extend_from_slice(&bytes);
            }
        };

        let whole = read(usize::MAX);

        assert_eq!((whole.len() as u64, whole.last()), (file.length(), Some(&9)));
        assert!(whole == read(65_536) && whole == read(1_000_003));
        let mut digest = Digest::default();
        digest.update(&whole);
        assert_eq!(file.sha256(), digest.hex());
    }

    #[test]
    fn content_differs_from_place_to_place_and_from_video_to_video() {
        let [one, two] = [1, 2].map(|number| Filler::content(20 << 20, number));
        let starts: Vec<Bytes> = (0..40).map(|part| one.read(part * (256 << 10), 16)).collect();

        assert!((1..starts.len()).all(|at| !starts[..at].contains(&starts[at])), "parts that begin alike");
        assert_ne!(one.read(0, 64), two.read(0, 64));
    }
}
