//! A session: the parts of a video, in multiples of 256 KiB, and the question how many bytes have arrived.
//! <https://developers.google.com/youtube/v3/guides/using_resumable_upload_protocol>

use almanac_shared::publishing::Channel;
use chrono::TimeDelta;
use http::{HeaderValue, StatusCode, header};
use serde_json::Value;

use super::{error, keep, not_found, resource, video_id};
use crate::outbound::channels::sandbox::{
    call::{Answer, Call, empty, json},
    folder::Folder,
    receive::{ContentRange, STEP},
    uploads::{Upload, UploadKind, received},
};

/// How long a session is valid.
const LIFE: TimeDelta = TimeDelta::days(7);

pub(super) fn put(call: &Call, folder: &Folder) -> anyhow::Result<Answer> {
    let id = call.query("upload_id").unwrap_or_default();
    let session = folder.upload(Channel::Youtube, UploadKind::Video, id)?;
    let Some((session, size)) = session.and_then(|session| session.size.map(|size| (session, size))) else {
        return Ok(not_found());
    };
    if session.is_older_than(LIFE, folder) {
        return Ok(error(StatusCode::GONE, "gone", "The session has expired."));
    }
    let so_far = received(&folder.parts(id)?);
    if so_far == size {
        return complete(folder, id, &session);
    }
    match range(call, size) {
        Some(ContentRange::Probe { .. }) => incomplete(so_far),
        // Bytes that have arrived are not needed again: the answer says where to go on.
        Some(ContentRange::Bytes { first, .. }) if first < so_far => incomplete(so_far),
        Some(ContentRange::Bytes { first, last, .. }) if first == so_far => {
            store(call, folder, id, last + 1 - first)?;
            let so_far = received(&folder.parts(id)?);
            if so_far == size { complete(folder, id, &session) } else { incomplete(so_far) }
        }
        _ => Ok(error(StatusCode::BAD_REQUEST, "badRequest", "The content range is not valid.")),
    }
}

/// The range of a request, if it fits the session and the body. Without one, the body is the whole file.
fn range(call: &Call, size: u64) -> Option<ContentRange> {
    let announced = call.header_number("content-length")?;
    let range = match call.header("content-range") {
        Some(text) => ContentRange::parse(text)?,
        None => ContentRange::Bytes { first: 0, last: size - 1, size },
    };
    match range {
        ContentRange::Probe { size: of } => (of == size && announced == 0).then_some(range),
        ContentRange::Bytes { first, last, size: of } => {
            let length = last - first + 1;
            let is_aligned = length.is_multiple_of(STEP) || last + 1 == size;
            (of == size && announced == length && is_aligned).then_some(range)
        }
    }
}

/// Of a request that broke off, the beginning is kept.
fn store(call: &Call, folder: &Folder, id: &str, length: u64) -> anyhow::Result<()> {
    let so_far = received(&folder.parts(id)?);
    let piece = if call.arrived.is_whole { &call.arrived.all } else { &call.arrived.aligned };
    if piece.bytes == 0 || piece.bytes > length {
        return Ok(());
    }
    folder.add_part(id, so_far, piece).map(|_| ())
}

fn incomplete(so_far: u64) -> anyhow::Result<Answer> {
    let mut answer = empty(StatusCode::PERMANENT_REDIRECT);
    if so_far > 0 {
        let range = HeaderValue::from_str(&format!("bytes=0-{}", so_far - 1))?;
        answer.headers_mut().insert(header::RANGE, range);
    }
    Ok(answer)
}

/// The video: created by the request that completes the session, and the same one for each request after it.
fn complete(folder: &Folder, id: &str, session: &Upload) -> anyhow::Result<Answer> {
    let status = if keep(folder, id, session)? { StatusCode::CREATED } else { StatusCode::OK };
    let Some(post) = folder.post(Channel::Youtube, &video_id(id)?)? else { return Ok(not_found()) };
    Ok(json(status, &Value::Object(resource(&post, false))))
}
