//! WebM files with one track of VP8. <https://www.rfc-editor.org/rfc/rfc9559> (Matroska)

use super::{
    file::{File, Filler},
    name::VideoName,
};

/// Kind and length of the element that holds the content.
const CONTENT_HEAD: u64 = 9;

pub(super) fn file(video: &VideoName, size: u64, content: impl Fn(u64) -> Filler) -> File {
    let head = element(
        &[0x1A, 0x45, 0xDF, 0xA3],
        &[
            number(&[0x42, 0x86], 1),
            number(&[0x42, 0xF7], 1),
            number(&[0x42, 0xF2], 4),
            number(&[0x42, 0xF3], 8),
            element(&[0x42, 0x82], &[b"webm".to_vec()]),
            number(&[0x42, 0x87], 2),
            number(&[0x42, 0x85], 2),
        ],
    );
    let information = element(
        &[0x15, 0x49, 0xA9, 0x66],
        &[
            number(&[0x2A, 0xD7, 0xB1], 1_000_000),
            element(&[0x44, 0x89], &[f64::from(video.milliseconds).to_be_bytes().to_vec()]),
            element(&[0x4D, 0x80], &[b"fake".to_vec()]),
            element(&[0x57, 0x41], &[b"fake".to_vec()]),
        ],
    );
    let pixels = element(&[0xE0], &[number(&[0xB0], video.width.into()), number(&[0xBA], video.height.into())]);
    let track = [
        number(&[0xD7], 1),
        number(&[0x73, 0xC5], 1),
        number(&[0x83], 1),
        element(&[0x86], &[b"V_VP8".to_vec()]),
        pixels,
    ];
    let tracks = element(&[0x16, 0x54, 0xAE, 0x6B], &[element(&[0xAE], &track)]);
    let before = (head.len() + information.len() + tracks.len()) as u64 + 12 + CONTENT_HEAD;
    let content_bytes = size.saturating_sub(before).max(1_024);
    let inside = (information.len() + tracks.len()) as u64 + CONTENT_HEAD + content_bytes;
    let segment = [&[0x18, 0x53, 0x80, 0x67][..], &length(inside)].concat();
    // An element that readers skip.
    let skipped = [&[0xEC][..], &length(content_bytes)].concat();
    File::whole("video/webm", [head, segment, information, tracks, skipped].concat()).then(content(content_bytes))
}

fn element(kind: &[u8], content: &[Vec<u8>]) -> Vec<u8> {
    let content = content.concat();
    [kind, &length(content.len() as u64), &content].concat()
}

fn number(kind: &[u8], number: u32) -> Vec<u8> {
    element(kind, &[number.to_be_bytes().to_vec()])
}

/// A length in eight bytes, the first of which says so.
fn length(length: u64) -> [u8; 8] {
    (length | 1 << 56).to_be_bytes()
}
