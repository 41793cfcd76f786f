//! Beginnings of media files that tests give to adapters.

use super::vendor::{Act, answer};

/// A JPEG picture of this size.
pub(crate) fn jpeg(width: u16, height: u16) -> Act {
    let application = [&[0xff, 0xe0, 0, 16][..], b"JFIF\0", &[1, 1, 0, 0, 1, 0, 1, 0, 0]].concat();
    let frame = [&[0xff, 0xc0, 0, 17, 8][..], &height.to_be_bytes(), &width.to_be_bytes(), &[3, 1, 0x22, 0]].concat();
    let bytes = [&[0xff, 0xd8][..], &application, &frame, &[2, 0x11, 1, 3, 0x11, 1], &[0; 64], &[0xff, 0xd9]].concat();
    answer(200, "content-type: image/jpeg\r\n", bytes)
}

/// An MP4 video of this size and length.
pub(crate) fn mp4(width: u16, height: u16, seconds: u32) -> Act {
    let [scale, duration] = [1_000, seconds * 1_000].map(u32::to_be_bytes);
    let movie = boxed(b"mvhd", &[&[0; 12][..], &scale, &duration, &[0; 80]].concat());
    let [width, height] = [width, height].map(|side| (u32::from(side) << 16).to_be_bytes());
    // The matrix of a track that is shown as it is.
    let turns = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x4000_0000_u32].map(u32::to_be_bytes).concat();
    let head = [&[0; 20][..], &duration, &[0; 16], &turns, &width, &height].concat();
    let track = boxed(b"trak", &boxed(b"tkhd", &head));
    let file = [boxed(b"ftyp", b"isom\0\0\x02\0isommp42"), boxed(b"moov", &[movie, track].concat())].concat();
    answer(200, "content-type: video/mp4\r\n", [file, boxed(b"mdat", &[0; 64])].concat())
}

fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 8).unwrap_or_default().to_be_bytes();
    [&length[..], kind, content].concat()
}
