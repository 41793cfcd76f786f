//! MP4 and QuickTime files with one track of H.264: what readers need to know is right, the pictures themselves are noise.
//! <https://www.iso.org/standard/83102.html> (ISO/IEC 14496-12)

use super::{
    file::{File, Filler},
    name::{Kind, Place, VideoName},
};

const FRAMES_PER_SECOND: u64 = 30;
/// Of a movie; one tick is a millisecond.
const SCALE: u32 = 1_000;
/// Of a track: a frame has 1,000 ticks.
const TRACK_SCALE: u32 = 30_000;
/// A length in 64 bits, for files of any size.
const CONTENT_HEAD: u64 = 16;

/// Of no rotation.
const MATRIX: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

/// Parameters of a stream of baseline profile.
const SEQUENCE: [u8; 10] = [0x67, 0x42, 0xC0, 0x1F, 0xDA, 0x02, 0xD0, 0x28, 0x48, 0x40];
const PICTURE: [u8; 4] = [0x68, 0xCE, 0x3C, 0x80];

pub(super) fn file(video: &VideoName, kind: &'static str, size: u64, content: impl Fn(u64) -> Filler) -> File {
    let file_type = match video.kind {
        Kind::Mov => atom(b"ftyp", b"qt  \0\0\x02\0qt  "),
        _ => atom(b"ftyp", b"isom\0\0\x02\0isomiso2avc1mp41"),
    };
    // Its length does not depend on the offset that stands in it.
    let length = if video.place == Place::Nowhere { 0 } else { movie(video, 0, 0).len() as u64 };
    let start = file_type.len() as u64 + if video.place == Place::Start { length } else { 0 };
    let content_bytes = size.saturating_sub(file_type.len() as u64 + length + CONTENT_HEAD).max(1_024);
    let described = || movie(video, start + CONTENT_HEAD, content_bytes);
    let mut head = file_type;
    if video.place == Place::Start {
        head.extend(described());
    }
    head.extend([&1_u32.to_be_bytes()[..], b"mdat", &(content_bytes + CONTENT_HEAD).to_be_bytes()].concat());
    let file = File::whole(kind, head).then(content(content_bytes));
    if video.place == Place::End { file.then_bytes(described()) } else { file }
}

fn movie(video: &VideoName, offset: u64, content_bytes: u64) -> Vec<u8> {
    let header = full(
        b"mvhd",
        0,
        &[
            words(&[0, 0, SCALE, video.milliseconds, 0x1_0000]),
            vec![1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            words(&MATRIX),
            vec![0; 24],
            words(&[2]),
        ],
    );
    atom(b"moov", &[header, track(video, offset, content_bytes)].concat())
}

fn track(video: &VideoName, offset: u64, content_bytes: u64) -> Vec<u8> {
    let dimensions = [video.width, video.height].map(|pixels| u32::from(pixels) << 16);
    let header =
        full(b"tkhd", 7, &[words(&[0, 0, 1, 0, video.milliseconds]), vec![0; 16], words(&MATRIX), words(&dimensions)]);
    let frames = frames(video);
    let media_header = full(
        b"mdhd",
        0,
        &[
            words(&[0, 0, TRACK_SCALE, frames * 1_000]),
            // The language is undetermined.
            vec![0x55, 0xC4, 0, 0],
        ],
    );
    let handler = full(b"hdlr", 0, &[vec![0; 4], b"vide".to_vec(), vec![0; 12], b"Video\0".to_vec()]);
    let data = full(b"dref", 0, &[words(&[1]), full(b"url ", 1, &[])]);
    let information =
        [full(b"vmhd", 1, &[vec![0; 8]]), atom(b"dinf", &data), samples(video, frames, offset, content_bytes)];
    let media = [media_header, handler, atom(b"minf", &information.concat())];
    atom(b"trak", &[header, atom(b"mdia", &media.concat())].concat())
}

fn frames(video: &VideoName) -> u32 {
    let frames = (u64::from(video.milliseconds) * FRAMES_PER_SECOND).div_ceil(1_000).max(1);
    u32::try_from(frames).unwrap_or(u32::MAX)
}

/// All frames have the same size and stand in one chunk.
fn samples(video: &VideoName, frames: u32, offset: u64, content_bytes: u64) -> Vec<u8> {
    let size = u32::try_from(content_bytes / u64::from(frames)).unwrap_or(u32::MAX);
    let tables = [
        full(b"stsd", 0, &[words(&[1]), sample_entry(video)]),
        full(b"stts", 0, &[words(&[1, frames, 1_000])]),
        full(b"stsc", 0, &[words(&[1, 1, frames, 1])]),
        full(b"stsz", 0, &[words(&[size.max(1), frames])]),
        full(b"co64", 0, &[words(&[1]), offset.to_be_bytes().to_vec()]),
    ];
    atom(b"stbl", &tables.concat())
}

fn sample_entry(video: &VideoName) -> Vec<u8> {
    let configuration = [
        &[1, SEQUENCE[1], SEQUENCE[2], SEQUENCE[3], 0xFF, 0xE1, 0, SEQUENCE.len() as u8][..],
        &SEQUENCE,
        &[1, 0, PICTURE.len() as u8],
        &PICTURE,
    ];
    let entry = [
        &[0; 6][..],
        &[0, 1],
        &[0; 16],
        &video.width.to_be_bytes(),
        &video.height.to_be_bytes(),
        // 72 dpi, one frame in a sample, no name, 24 bits of colour.
        &words(&[0x48_0000, 0x48_0000, 0]),
        &[0, 1],
        &[0; 32],
        &[0, 24, 0xFF, 0xFF],
        &atom(b"avcC", &configuration.concat()),
    ];
    atom(b"avc1", &entry.concat())
}

/// A box of an MP4 file: its length, its kind, its content.
fn atom(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 8).unwrap_or_default().to_be_bytes();
    [&length[..], kind, content].concat()
}

/// A box of version 0 with flags.
fn full(kind: &[u8; 4], flags: u32, content: &[Vec<u8>]) -> Vec<u8> {
    atom(kind, &[&flags.to_be_bytes()[..], &content.concat()].concat())
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}
