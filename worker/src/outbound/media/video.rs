//! Duration and dimensions of an MP4 or QuickTime video, read from its movie box. Pure; `Media` fetches the bytes.
//! Only the boxes that are needed are decoded, so that an unknown one elsewhere hides nothing. ISO/IEC 14496-12, 8.2 and 8.3.

use std::time::Duration;

use mp4_atom::{Atom, Decode, FourCC, Header, Mvhd, Tkhd};

use super::limits::{Shape, Sides};

const MOVIE: FourCC = FourCC::new(b"moov");
const TRACK: FourCC = FourCC::new(b"trak");

/// Where a file's movie box is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Movie {
    /// From this byte on; of this length, without its header.
    At {
        /// The first byte behind the header.
        from: u64,
        /// Number of bytes.
        length: u64,
    },
    /// Not before this byte, where the next box begins.
    After(u64),
    /// The file has none, or cannot be read.
    Missing,
}

/// Looks for the movie box among the boxes that begin in `bytes`, which begin at byte `start` of the file.
pub(super) fn find_movie(bytes: &[u8], start: u64) -> Movie {
    let mut at = 0;
    loop {
        let Some(mut rest) = bytes.get(at..).filter(|rest| rest.len() >= 16) else {
            return Movie::After(start + at as u64);
        };
        let before = rest.len();
        let Ok(header) = Header::decode(&mut rest) else { return Movie::Missing };
        // A box without a size reaches to the end of the file.
        let Some(length) = header.size else { return Movie::Missing };
        let from = at + (before - rest.len());
        if header.kind == MOVIE {
            return Movie::At { from: start + from as u64, length: length as u64 };
        }
        match from.checked_add(length) {
            Some(next) => at = next,
            None => return Movie::Missing,
        }
        if at > bytes.len() {
            return Movie::After(start + at as u64);
        }
    }
}

/// What the content of a movie box says.
pub(super) fn shape(movie: &[u8]) -> Option<Shape> {
    let mut shape = Shape::default();
    for (kind, body) in children(movie) {
        if kind == Mvhd::KIND {
            shape.duration = Mvhd::decode_body(&mut &*body).ok().and_then(|head| duration(&head));
        } else if kind == TRACK && shape.sides.is_none() {
            shape.sides = children(body).find(|(kind, _)| *kind == Tkhd::KIND).and_then(|(_, body)| sides(body));
        }
    }
    Some(shape).filter(|shape| shape.sides.is_some() || shape.duration.is_some())
}

/// Unknown while it is zero, as in a fragmented file, or all ones.
fn duration(head: &Mvhd) -> Option<Duration> {
    let is_known = head.timescale > 0 && head.duration > 0 && head.duration < u64::from(u32::MAX);
    is_known.then(|| Duration::from_secs_f64(head.duration as f64 / f64::from(head.timescale)))
}

/// Width and height of a track as it is shown; tracks of sound have none.
fn sides(head: &[u8]) -> Option<Sides> {
    let head = Tkhd::decode_body(&mut &*head).ok().filter(|head| !head.size_is_aspect_ratio)?;
    let (width, height) = (u64::from(head.width.integer()), u64::from(head.height.integer()));
    let is_turned = head.matrix.a == 0 && head.matrix.d == 0;
    let sides = if is_turned { Sides { width: height, height: width } } else { Sides { width, height } };
    (width > 0 && height > 0).then_some(sides)
}

/// The boxes in the content of another. The last one may have lost its end: the head of a track comes before its tables.
fn children(mut content: &[u8]) -> impl Iterator<Item = (FourCC, &[u8])> {
    std::iter::from_fn(move || {
        let header = Header::decode(&mut content).ok()?;
        let (body, rest) = content.split_at(header.size.unwrap_or(usize::MAX).min(content.len()));
        content = rest;
        Some((header.kind, body))
    })
}

#[cfg(test)]
mod tests {
    use mp4_atom::{Encode, Matrix};
    use proptest::prelude::*;

    use super::*;

    fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len() + 8).unwrap().to_be_bytes();
        [length.as_slice(), kind, content].concat()
    }

    fn encoded(atom: &impl Encode) -> Vec<u8> {
        let mut bytes = Vec::new();
        atom.encode(&mut bytes).unwrap();
        bytes
    }

    fn movie(duration: u64, track: Tkhd) -> Vec<u8> {
        let head = Mvhd { timescale: 600, duration, ..Mvhd::default() };
        let sound = boxed(b"trak", &encoded(&Tkhd::default()));
        let picture = boxed(b"trak", &[boxed(b"edts", &[]), encoded(&track)].concat());
        [encoded(&head), boxed(b"what", b"?"), sound, picture].concat()
    }

    fn track(width: u16, height: u16) -> Tkhd {
        Tkhd { width: width.into(), height: height.into(), ..Tkhd::default() }
    }

    #[test]
    fn a_movie_tells_its_duration_and_its_sides() {
        let shape = shape(&movie(7_200, track(1_080, 1_920))).unwrap();
        assert_eq!(shape.duration, Some(Duration::from_secs(12)));
        assert_eq!(shape.sides, Some(Sides { width: 1_080, height: 1_920 }));
    }

    #[test]
    fn a_turned_video_is_as_high_as_it_was_wide() {
        let turned = Matrix { a: 0, b: 0x10000, c: -0x10000, d: 0, ..Matrix::default() };
        let shape = shape(&movie(600, Tkhd { matrix: turned, ..track(1_920, 1_080) })).unwrap();
        assert_eq!(shape.sides, Some(Sides { width: 1_080, height: 1_920 }));
    }

    #[test]
    fn a_movie_without_its_end_tells_as_much() {
        let whole = movie(7_200, track(1_080, 1_920));
        let long = [whole.as_slice(), &boxed(b"udta", &[0; 64])].concat();
        assert_eq!(shape(&long[..long.len() - 60]), shape(&whole));
    }

    #[test]
    fn a_fragmented_video_tells_no_duration() {
        let shape = shape(&movie(0, track(100, 100))).unwrap();
        assert_eq!((shape.duration, shape.sides.is_some()), (None, true));
    }

    #[test]
    fn the_movie_box_is_found_before_and_behind_the_media() {
        let head = boxed(b"ftyp", b"isom\0\0\x02\0");
        let media = boxed(b"mdat", &[0; 100]);
        let moov = boxed(b"moov", &movie(600, track(100, 100)));
        let length = moov.len() as u64 - 8;

        let first = [head.as_slice(), &moov, &media].concat();
        assert_eq!(find_movie(&first, 0), Movie::At { from: 24, length });
        let last = [head.as_slice(), &media, &moov].concat();
        assert_eq!(find_movie(&last, 0), Movie::At { from: 132, length });
        assert_eq!(find_movie(&last[..64], 0), Movie::After(124));
        assert_eq!(find_movie(&moov, 124), Movie::At { from: 132, length });
        assert_eq!(find_movie(&boxed(b"mdat", &[0; 100]), 0), Movie::After(108));
        assert_eq!(find_movie(&[0, 0, 0, 0, b'm', b'd', b'a', b't', 0, 0, 0, 0, 0, 0, 0, 0], 0), Movie::Missing);
        let long = [&[0, 0, 0, 1][..], b"mdat", &[0, 0, 0, 2, 0, 0, 0, 0]].concat();
        assert_eq!(find_movie(&long, 0), Movie::After(8_589_934_592));
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = (shape(&bytes), find_movie(&bytes, 7));
            let _ = shape(&boxed(b"mvhd", &bytes));
            let _ = shape(&boxed(b"trak", &boxed(b"tkhd", &bytes)));
        }
    }
}
