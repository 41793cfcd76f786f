//! Media files for posts, made in place: small ones that can be read for kind, dimensions and duration, and some that a
//! careful reader refuses. `serving` calls it for everything below `/media`.
//!
//! | name | what |
//! |---|---|
//! | any `*.jpg`, `*.png`, `*.gif` | a picture of 1080 × 1080 |
//! | any `*.mp4` | an upright video of 12 s, 720 × 1280 |
//! | any `*.txt` | text |
//! | `text.jpg` | text that calls itself a picture |
//! | `huge.jpg` | a picture followed by 100 MiB of nothing |
//! | `moved.jpg`, `loop.jpg` | redirects: to another picture, to itself |
//! | `to-private.jpg`, `to-metadata.jpg` | redirects to addresses inside a network |

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, Method, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;

use super::{super::server::Body, received::Received};

const HUGE: u64 = 100 << 20;
const PIECE: u64 = 64 << 10;
const SIDE: u16 = 1_080;

/// Where the redirects go that no reader may follow.
const PRIVATE: &str = "http://10.1.2.3/inside.jpg";
const METADATA: &str = "http://169.254.169.254/latest/meta-data/";

/// A file; its last bytes may be zeros that are not kept.
struct File {
    kind: &'static str,
    start: Vec<u8>,
    length: u64,
}

pub(super) fn answer(received: &Received) -> Response<Body> {
    let name = received.segments.join("/");
    let target = match &*name {
        "moved.jpg" => Some(format!("{}/picture.jpg", received.base_url)),
        "loop.jpg" => Some(format!("{}/loop.jpg", received.base_url)),
        "to-private.jpg" => Some(PRIVATE.to_owned()),
        "to-metadata.jpg" => Some(METADATA.to_owned()),
        _ => None,
    };
    if let Some(target) = target {
        let mut response = status(StatusCode::FOUND);
        set(&mut response, header::LOCATION, &target);
        return response;
    }
    let Some(file) = file(&name) else { return status(StatusCode::NOT_FOUND) };
    match received.method {
        Method::GET | Method::HEAD => send(&file, &name, received),
        _ => status(StatusCode::METHOD_NOT_ALLOWED),
    }
}

fn file(name: &str) -> Option<File> {
    let whole = |kind, start: Vec<u8>| Some(File { kind, length: start.len() as u64, start });
    match (name, name.rsplit_once('.')?.1) {
        ("text.jpg", _) => whole("image/jpeg", b"This is no picture.\n".to_vec()),
        ("huge.jpg", _) => Some(File { kind: "image/jpeg", start: jpeg(), length: HUGE }),
        (_, "jpg") => whole("image/jpeg", jpeg()),
        (_, "png") => whole("image/png", png()),
        (_, "gif") => whole("image/gif", gif()),
        (_, "mp4") => whole("video/mp4", mp4()),
        (_, "txt") => whole("text/plain", b"Some text.\n".to_vec()),
        _ => None,
    }
}

fn send(file: &File, name: &str, received: &Received) -> Response<Body> {
    let etag = format!("\"{name}-{}\"", file.length);
    if received.header("if-none-match") == Some(&etag) {
        return status(StatusCode::NOT_MODIFIED);
    }
    let whole = (0, file.length - 1);
    let is_current = received.header("if-range").is_none_or(|given| given == etag);
    let asked = received.header("range").filter(|_| is_current).map(|range| part(range, file.length));
    let ((first, last), code) = match asked {
        None => (whole, StatusCode::OK),
        Some(Some(part)) => (part, StatusCode::PARTIAL_CONTENT),
        Some(None) => {
            let mut response = status(StatusCode::RANGE_NOT_SATISFIABLE);
            set(&mut response, header::CONTENT_RANGE, &format!("bytes */{}", file.length));
            return response;
        }
    };
    let body = if received.method == Method::HEAD { empty() } else { bytes(file, first, last) };
    let mut response = Response::new(body);
    *response.status_mut() = code;
    set(&mut response, header::CONTENT_TYPE, file.kind);
    set(&mut response, header::ETAG, &etag);
    set(&mut response, header::ACCEPT_RANGES, "bytes");
    set(&mut response, header::CONTENT_LENGTH, &(last - first + 1).to_string());
    if code == StatusCode::PARTIAL_CONTENT {
        set(&mut response, header::CONTENT_RANGE, &format!("bytes {first}-{last}/{}", file.length));
    }
    response
}

/// First and last byte of the one range that is asked for; `None` if there are no such bytes.
fn part(range: &str, length: u64) -> Option<(u64, u64)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last && first < length => Some((first, last.min(length - 1))),
        (Ok(first), Err(_)) if last.is_empty() && first < length => Some((first, length - 1)),
        (Err(_), Ok(suffix)) if first.is_empty() && suffix > 0 => Some((length.saturating_sub(suffix), length - 1)),
        _ => None,
    }
}

/// Bytes of a file from the first to the last, in pieces: a reader that stops early has not made us send the rest.
fn bytes(file: &File, first: u64, last: u64) -> Body {
    let start = Bytes::from(file.start.clone());
    let piece = move |at: u64| {
        let size = usize::try_from((last + 1 - at).min(PIECE)).unwrap_or_default();
        let from = usize::try_from(at).unwrap_or(usize::MAX).min(start.len());
        let mut piece = start.slice(from..(from + size).min(start.len())).to_vec();
        piece.resize(size, 0);
        Ok(Frame::data(Bytes::from(piece)))
    };
    let pieces = (first..=last).step_by(usize::try_from(PIECE).unwrap_or(1)).map(piece);
    BodyExt::boxed(StreamBody::new(stream::iter(pieces)))
}

/// The start of a picture file is all that a reader needs to know its kind and size.
fn jpeg() -> Vec<u8> {
    let [high, low] = SIDE.to_be_bytes();
    let application = [&[0xFF, 0xE0, 0, 16][..], b"JFIF\0", &[1, 1, 0, 0, 1, 0, 1, 0, 0]].concat();
    let frame = [0xFF, 0xC0, 0, 17, 8, high, low, high, low, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];
    [&[0xFF, 0xD8][..], &application, &frame, &[0; 64], &[0xFF, 0xD9]].concat()
}

fn png() -> Vec<u8> {
    let side = u32::from(SIDE).to_be_bytes();
    let header = [&[0, 0, 0, 13][..], b"IHDR", &side, &side, &[8, 2, 0, 0, 0], &[0; 4]].concat();
    [&[0x89][..], b"PNG\r\n", &[0x1A, b'\n'], &header, &[0, 0, 0, 0], b"IEND", &[0xAE, 0x42, 0x60, 0x82]].concat()
}

fn gif() -> Vec<u8> {
    let side = SIDE.to_le_bytes();
    [&b"GIF89a"[..], &side, &side, &[0, 0, 0, b';']].concat()
}

/// File type, then length and dimensions, then some content: the order that can be judged by its first bytes.
fn mp4() -> Vec<u8> {
    let [scale, duration] = [1_000_u32, 12_000].map(u32::to_be_bytes);
    let movie = atom(b"mvhd", &[&[0; 12][..], &scale, &duration, &[0; 80]].concat());
    let [width, height] = [720_u32 << 16, 1_280 << 16].map(u32::to_be_bytes);
    let track = atom(b"tkhd", &[&[0; 20][..], &duration, &[0; 52], &width, &height].concat());
    let handler = atom(b"hdlr", &[&[0; 8][..], b"vide", &[0; 13]].concat());
    let track = atom(b"trak", &[track, atom(b"mdia", &handler)].concat());
    let file_type = atom(b"ftyp", b"isom\0\0\x02\0isommp42");
    [file_type, atom(b"moov", &[movie, track].concat()), atom(b"mdat", &[0; 256])].concat()
}

/// A box of an MP4 file: its length, its kind, its content.
fn atom(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 8).unwrap_or_default().to_be_bytes();
    [&length[..], kind, content].concat()
}

fn empty() -> Body {
    Full::new(Bytes::new()).map_err(|never| match never {}).boxed()
}

fn status(code: StatusCode) -> Response<Body> {
    let mut response = Response::new(empty());
    *response.status_mut() = code;
    response
}

fn set(response: &mut Response<Body>, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
