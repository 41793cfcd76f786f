//! The body of an upload while it arrives: counted and hashed, and never kept, so that many large uploads at once cost no
//! memory. `serving` fills it; the fakes decide what of it they keep.

use super::digest::Digest;

/// Networks keep a part that breaks off up to a multiple of this many bytes.
/// <https://developers.google.com/youtube/v3/guides/using_resumable_upload_protocol>
pub(super) const BOUNDARY: u64 = 256 << 10;

/// What of a body has arrived.
#[derive(Clone, Debug)]
pub(super) struct Intake {
    /// Where in the file the body begins.
    pub first: u64,
    /// At most this many bytes of the body are kept.
    limit: u64,
    /// Bytes that arrived.
    pub size: u64,
    /// Of the file up to the last byte that arrived.
    pub digest: Digest,
    /// Bytes up to the last boundary.
    kept: u64,
    kept_digest: Digest,
    /// Whether the body has arrived to its end.
    pub is_whole: bool,
}

impl Intake {
    /// Continues a file from a byte, with the digest of all bytes before it.
    pub fn new(first: u64, digest: Digest) -> Self {
        let kept_digest = digest.clone();
        Self { first, limit: u64::MAX, size: 0, digest, kept: 0, kept_digest, is_whole: false }
    }

    /// Keeps no more than this many bytes of what comes.
    pub fn limit(&mut self, bytes: u64) {
        self.limit = bytes;
    }

    pub fn take(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let at = self.first + self.size;
            let to_boundary = usize::try_from(BOUNDARY - at % BOUNDARY).unwrap_or(usize::MAX);
            let (now, rest) = bytes.split_at(bytes.len().min(to_boundary));
            self.digest.update(now);
            self.size += now.len() as u64;
            if (self.first + self.size).is_multiple_of(BOUNDARY) && self.size <= self.limit {
                (self.kept, self.kept_digest) = (self.size, self.digest.clone());
            }
            bytes = rest;
        }
    }

    /// How many bytes a network keeps, and the digest of the file up to them: all of a whole body, else those up to the
    /// last boundary.
    pub fn kept(&self) -> (u64, Digest) {
        if self.is_whole && self.size <= self.limit {
            return (self.size, self.digest.clone());
        }
        (self.kept, self.kept_digest.clone())
    }

    /// Whether the body arrived to its end and no script limits what is kept.
    pub fn is_kept_whole(&self) -> bool {
        self.is_whole && self.size <= self.limit
    }
}

impl Default for Intake {
    fn default() -> Self {
        Self::new(0, Digest::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest_of(bytes: &[u8]) -> String {
        let mut digest = Digest::default();
        digest.update(bytes);
        digest.hex()
    }

    #[test]
    fn what_breaks_off_is_kept_up_to_a_boundary() {
        let bytes: Vec<u8> = (0..700_000_u32).map(|number| (number % 251) as u8).collect();
        let mut intake = Intake::default();
        bytes.chunks(60_000).for_each(|piece| intake.take(piece));

        let (kept, digest) = intake.kept();

        assert_eq!((intake.size, kept, digest.hex()), (700_000, 524_288, digest_of(&bytes[..524_288])));
        intake.is_whole = true;
        assert_eq!((intake.kept().0, intake.kept().1.hex()), (700_000, digest_of(&bytes)));
    }

    #[test]
    fn boundaries_are_counted_from_the_start_of_the_file() {
        let mut intake = Intake::new(262_144, Digest::default());
        intake.limit(300_000);
        intake.take(&[1; 600_000]);
        intake.is_whole = true;

        assert_eq!((intake.kept().0, intake.is_kept_whole()), (262_144, false));
    }
}
