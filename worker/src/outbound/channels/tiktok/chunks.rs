//! How a video is cut for its upload: all chunks have one size but for the last, which takes what is left. Pure.
//! <https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide>

use crate::outbound::media::Part;

/// Decimal, as in the vendor's example.
const MB: u64 = 1_000_000;

/// The vendor's example, and small enough that little is lost with a connection.
const USUAL: u64 = 10 * MB;

/// The largest that any chunk but the last may be.
const LARGEST: u64 = 64 * MB;

/// Chunks of a large video. A source that ignores `Range` is read from its beginning for each of them.
const AIM: u64 = 50;

/// The chunks of a video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunks {
    size: u64,
    /// Bytes of each chunk but the last.
    pub(super) chunk: u64,
    /// How many there are.
    pub(super) count: u64,
}

impl Chunks {
    /// The chunks of a new upload. A video that is not twice as large as a chunk is one.
    pub(super) fn new(size: u64) -> Self {
        let chunk = (size / AIM).clamp(USUAL, LARGEST);
        Self::of(size, if size < 2 * chunk { size } else { chunk })
    }

    /// The chunks of an upload that was announced with this size of a chunk.
    pub(super) fn of(size: u64, chunk: u64) -> Self {
        let chunk = chunk.clamp(1, size.max(1));
        Self { size, chunk, count: (size / chunk).max(1) }
    }

    /// A chunk by its number from 0.
    fn part(&self, number: u64) -> Part {
        let first = number * self.chunk;
        let last = if number + 1 >= self.count { self.size } else { first + self.chunk };
        Part { first, last: last.saturating_sub(1) }
    }

    /// The last chunk, whose arrival publishes the video.
    pub(super) fn last(&self) -> Part {
        self.part(self.count - 1)
    }

    /// The chunks before the last that are missing if this number of bytes has arrived.
    pub(super) fn missing(&self, arrived: u64) -> impl Iterator<Item = Part> {
        (arrived / self.chunk..self.count - 1).map(|number| self.part(number))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(chunks: Chunks, arrived: u64) -> Vec<Part> {
        chunks.missing(arrived).chain([chunks.last()]).collect()
    }

    #[test]
    fn the_remainder_joins_the_last_chunk() {
        let chunks = Chunks::new(50_000_123);
        assert_eq!((chunks.chunk, chunks.count), (10 * MB, 5));
        assert_eq!(chunks.last(), Part { first: 40 * MB, last: 50_000_122 });
        assert_eq!(chunks.missing(0).count(), 4);
    }

    #[test]
    fn a_small_video_is_one_chunk() {
        for size in [1, 4_999_999, 5 * MB, 19_999_999] {
            let chunks = Chunks::new(size);
            assert_eq!((chunks.chunk, chunks.count), (size, 1), "{size}");
            assert_eq!(all(chunks, 0), [Part { first: 0, last: size - 1 }], "{size}");
        }
        assert_eq!(Chunks::new(20 * MB).count, 2);
    }

    proptest! {
        #[test]
        fn chunks_are_as_the_vendor_takes_them(size in 1..=4_000 * MB) {
            let chunks = Chunks::new(size);
            let parts = all(chunks, 0);
            prop_assert_eq!(parts.len() as u64, chunks.count);
            prop_assert!(chunks.count <= 1_000);
            prop_assert_eq!(chunks.count, size / chunks.chunk);
            if size < 5 * MB {
                prop_assert_eq!((chunks.count, chunks.chunk), (1, size));
            } else {
                prop_assert!((5 * MB..=64 * MB).contains(&chunks.chunk));
            }
            if size > 64 * MB {
                prop_assert!(chunks.count > 1);
            }
            // One after the other, without a gap.
            let mut next = 0;
            for part in &parts {
                prop_assert_eq!(part.first, next);
                next = part.last + 1;
            }
            prop_assert_eq!(next, size);
            let (last, others) = parts.split_last().unwrap();
            prop_assert!(others.iter().all(|part| part.length() == chunks.chunk));
            prop_assert!(last.length() >= chunks.chunk && last.length() <= 128 * MB);
        }

        #[test]
        fn an_upload_goes_on_where_the_vendor_is(size in 1..=4_000 * MB, arrived in 0..=4_000 * MB) {
            let chunks = Chunks::new(size);
            let parts = all(chunks, arrived);
            let last = chunks.last();
            if arrived >= last.first {
                prop_assert_eq!(parts, vec![last]);
            } else {
                prop_assert!(parts[0].first <= arrived && arrived <= parts[0].last);
                prop_assert_eq!(parts.iter().map(|part| part.length()).sum::<u64>(), size - parts[0].first);
            }
        }

        #[test]
        fn an_announced_size_gives_the_same_chunks(size in 1..=4_000 * MB) {
            let chunks = Chunks::new(size);
            prop_assert_eq!(Chunks::of(size, chunks.chunk), chunks);
        }

        #[test]
        fn no_stored_number_is_too_strange(size in any::<u64>(), chunk in any::<u64>(), arrived in any::<u64>()) {
            let chunks = Chunks::of(size, chunk);
            prop_assert!(chunks.count >= 1 && chunks.last().first <= size);
            let _ = chunks.missing(arrived).next();
        }
    }
}
