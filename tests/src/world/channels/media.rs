//! Media files for posts, made in place: ones that can be read for kind, dimensions and duration, and some that a careful
//! reader refuses. `serving` calls it for everything below `/media`; folders in a path make no difference to a file.
//!
//! | name | what |
//! |---|---|
//! | any `*.jpg`, `*.png`, `*.gif` | a picture of 1080 × 1080 |
//! | any `*.mp4` | an upright video of 12 s, 720 × 1280, 64 KiB |
//! | `video-…` `.mp4`, `.mov`, `.webm` | a video that its name describes: the words stand in `media/name.rs` |
//! | any `*.txt` | text |
//! | `text.jpg`, `text.mp4` | text that calls itself a picture, a video |
//! | `huge.jpg` | a picture followed by nothing, 100 MiB in all |
//! | `moved.jpg`, `loop.jpg` | redirects: to another picture, to itself |
//! | `to-private.jpg`, `to-metadata.jpg` | redirects to addresses inside a network; the same for `.mp4` |

mod file;
mod mp4;
mod name;
mod picture;
mod sending;
mod webm;

use http::{Method, Response, StatusCode, header};

use self::{
    file::{File, Filler},
    name::VideoName,
    sending::{send, set, status},
};
use super::{
    Channels, Content,
    received::Received,
    serving::{Running, outcome},
};
use crate::{OrFail, run::locked, world::server::Body};

const HUGE: u64 = 100 << 20;

/// Where the redirects go that no reader may follow.
const PRIVATE: &str = "http://10.1.2.3/inside";
const METADATA: &str = "http://169.254.169.254/latest/meta-data/";

/// Size and SHA-256 of a video of the host of media, by its name; the words of names stand in `media/name.rs`. Of a file that
/// changes it is the first version.
pub fn video(name: &str) -> Content {
    let name = name.rsplit('/').next().unwrap_or(name);
    let file = file(name, 0).or_fail("a video of this name");
    Content { size: file.length(), sha256: file.sha256() }
}

pub(super) fn answer(mut running: Running, received: &Received) -> Response<Body> {
    let response = match found(running.channels(), received) {
        Ok((file, name, read)) => return send(running, file, &name, received, read),
        Err(Absent { code, location }) => {
            let mut response = status(code);
            if let Some(location) = location {
                set(&mut response, header::LOCATION, &location);
            }
            response
        }
    };
    running.set(outcome(response.status().as_u16()));
    response
}

/// Why there is no file.
struct Absent {
    code: StatusCode,
    /// Where it is.
    location: Option<String>,
}

impl From<StatusCode> for Absent {
    fn from(code: StatusCode) -> Self {
        Self { code, location: None }
    }
}

/// The file of a request, its host's behaviour, and which request for it this is; or why there is none.
fn found(channels: &Channels, received: &Received) -> Result<(File, VideoName, usize), Absent> {
    let path = received.segments.join("/");
    let name = received.segments.last().map(String::as_str).unwrap_or_default();
    let location = redirect(name, &path, &received.base_url);
    if location.is_some() {
        return Err(Absent { code: StatusCode::FOUND, location });
    }
    let read = match received.method {
        Method::GET => count_read(channels, &path, 1),
        Method::HEAD => count_read(channels, &path, 0),
        _ => return Err(StatusCode::METHOD_NOT_ALLOWED.into()),
    };
    let file = file(name, read).ok_or(StatusCode::NOT_FOUND)?;
    let manner = VideoName::parse(name).unwrap_or_default();
    if manner.fails_once && received.method == Method::GET && read == 1 {
        return Err(StatusCode::INTERNAL_SERVER_ERROR.into());
    }
    Ok((file, manner, read))
}

/// Counts requests for a path, and returns how many there were.
fn count_read(channels: &Channels, path: &str, more: usize) -> usize {
    let mut reads = locked(&channels.media_reads);
    let reads = reads.entry(path.to_owned()).or_default();
    *reads += more;
    *reads
}

fn redirect(name: &str, path: &str, base_url: &str) -> Option<String> {
    let (stem, kind) = name.rsplit_once('.')?;
    let folder = path.strip_suffix(name)?;
    match stem {
        "moved" => Some(format!("{base_url}/{folder}picture.{kind}")),
        "loop" => Some(format!("{base_url}/{path}")),
        "to-private" => Some(format!("{PRIVATE}.{kind}")),
        "to-metadata" => Some(METADATA.to_owned()),
        _ if VideoName::parse(name)?.is_moved => Some(format!("{base_url}/{folder}{}", name.replace("-moved", ""))),
        _ => None,
    }
}

/// The file of a name, as a request finds it that comes after so many others.
fn file(name: &str, reads: usize) -> Option<File> {
    let kind = name.rsplit_once('.')?.1;
    if name.starts_with("video-") {
        return VideoName::parse(name).map(|video| video.file(reads));
    }
    match (name, kind) {
        ("text.jpg", _) => Some(File::whole("image/jpeg", b"This is no picture.\n".to_vec())),
        ("text.mp4", _) => Some(File::whole("video/mp4", b"This is no video.\n".to_vec())),
        ("huge.jpg", _) => {
            let picture = picture::jpeg();
            let rest = Filler::zeros(HUGE - picture.len() as u64);
            Some(File::whole("image/jpeg", picture).then(rest))
        }
        (_, "jpg") => Some(File::whole("image/jpeg", picture::jpeg())),
        (_, "png") => Some(File::whole("image/png", picture::png())),
        (_, "gif") => Some(File::whole("image/gif", picture::gif())),
        (_, "mp4") => Some(VideoName::default().file(reads)),
        (_, "txt") => Some(File::whole("text/plain", b"Some text.\n".to_vec())),
        _ => None,
    }
}
