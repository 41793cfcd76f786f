//! Parts of a video, in order and of the announced size.
//! <https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide>

use almanac_shared::publishing::Channel;
use chrono::TimeDelta;
use http::{HeaderValue, StatusCode, header};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Refusal, init::invalid, keep};
use crate::outbound::channels::sandbox::{
    call::{Answer, Call, empty, hex},
    folder::Folder,
    receive::ContentRange,
    uploads::{Upload, UploadKind, received},
};

/// Decimal, as in the vendor's example.
const MB: u64 = 1_000_000;
const CHUNK: std::ops::RangeInclusive<u64> = 5 * MB..=64 * MB;
const MAX_CHUNKS: u64 = 1_000;
const MAX_SIZE: u64 = 4_000 * MB;

/// How long an upload address is valid.
const LIFE: TimeDelta = TimeDelta::hours(1);

/// The size of a video whose parts are planned as the rules say: the remainder joins the last part.
pub(super) fn check_plan(source: &Value) -> Result<u64, Refusal> {
    let number = |name: &str| source[name].as_u64().filter(|number| *number > 0);
    let (Some(size), Some(chunk), Some(count)) =
        (number("video_size"), number("chunk_size"), number("total_chunk_count"))
    else {
        return Err(invalid("video_size, chunk_size and total_chunk_count must be positive numbers"));
    };
    if size > MAX_SIZE {
        return Err(invalid("The video is too large"));
    }
    let is_one = chunk == size && size <= *CHUNK.end();
    let is_several = CHUNK.contains(&chunk) && (chunk < size && size <= *CHUNK.end() || size / chunk > 1);
    if !is_one && !is_several || count > MAX_CHUNKS || count != size / chunk {
        return Err(invalid("The chunk size is invalid, or the total chunk count does not follow from it"));
    }
    Ok(size)
}

pub(super) fn upload_url(origin: &str, id: &str) -> String {
    format!("{origin}/tiktok/video/?upload_id={id}&upload_token={}", upload_token(id))
}

/// Refuses addresses that were not used as they were answered.
fn upload_token(id: &str) -> String {
    hex(&Sha256::digest(format!("upload {id}"))[..16])
}

pub(super) fn put(call: &Call, folder: &Folder) -> anyhow::Result<Answer> {
    let id = call.query("upload_id").unwrap_or_default();
    let upload = folder.upload(Channel::Tiktok, UploadKind::Video, id)?;
    let Some((upload, size)) = upload.and_then(|upload| upload.size.map(|size| (upload, size))) else {
        return Ok(empty(StatusCode::NOT_FOUND));
    };
    if call.query("upload_token") != Some(&upload_token(id)) || upload.is_older_than(LIFE, folder) {
        return Ok(empty(StatusCode::FORBIDDEN));
    }
    let Some((first, last)) = range(call, size) else { return Ok(empty(StatusCode::BAD_REQUEST)) };
    let so_far = received(&folder.parts(id)?);
    if first != so_far {
        return Ok(empty(StatusCode::RANGE_NOT_SATISFIABLE));
    }
    let length = last - first + 1;
    if length != expected_length(&upload, so_far, size) || !call.arrived.is_whole || call.arrived.all.bytes != length {
        return Ok(empty(StatusCode::BAD_REQUEST));
    }
    folder.add_part(id, so_far, &call.arrived.all)?;
    if last + 1 == size {
        keep(folder, id, &upload)?;
        return Ok(empty(StatusCode::CREATED));
    }
    let mut answer = empty(StatusCode::PARTIAL_CONTENT);
    let uploaded = HeaderValue::from_str(&format!("bytes 0-{}/{size}", last))?;
    answer.headers_mut().insert(header::CONTENT_RANGE, uploaded);
    Ok(answer)
}

/// First and last byte, if the headers are as documented. The address itself allows the upload: no token belongs here.
fn range(call: &Call, size: u64) -> Option<(u64, u64)> {
    let is_video = ["video/mp4", "video/quicktime", "video/webm"].contains(&call.header("content-type")?);
    let is_announced = call.header_number("content-length").is_some();
    match ContentRange::parse(call.header("content-range")?)? {
        ContentRange::Bytes { first, last, size: of } if of == size && is_video && is_announced => {
            (!call.has_token()).then_some((first, last))
        }
        _ => None,
    }
}

fn expected_length(upload: &Upload, so_far: u64, size: u64) -> u64 {
    let number = |name: &str| upload.request["source_info"][name].as_u64().unwrap_or(1);
    let (chunk, count) = (number("chunk_size"), number("total_chunk_count"));
    if so_far / chunk + 1 == count { size - so_far } else { chunk }
}
