//! Pictures: the start of a file is all that a reader needs to know its kind and size.

const SIDE: u16 = 1_080;

pub(super) fn jpeg() -> Vec<u8> {
    let [high, low] = SIDE.to_be_bytes();
    let application = [&[0xFF, 0xE0, 0, 16][..], b"JFIF\0", &[1, 1, 0, 0, 1, 0, 1, 0, 0]].concat();
    let frame = [0xFF, 0xC0, 0, 17, 8, high, low, high, low, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];
    [&[0xFF, 0xD8][..], &application, &frame, &[0; 64], &[0xFF, 0xD9]].concat()
}

pub(super) fn png() -> Vec<u8> {
    let side = u32::from(SIDE).to_be_bytes();
    let header = [&[0, 0, 0, 13][..], b"IHDR", &side, &side, &[8, 2, 0, 0, 0], &[0; 4]].concat();
    [&[0x89][..], b"PNG\r\n", &[0x1A, b'\n'], &header, &[0, 0, 0, 0], b"IEND", &[0xAE, 0x42, 0x60, 0x82]].concat()
}

pub(super) fn gif() -> Vec<u8> {
    let side = SIDE.to_le_bytes();
    [&b"GIF89a"[..], &side, &side, &[0, 0, 0, b';']].concat()
}
