//! Videos: several parts at addresses of their own, which a last call joins by their ETags.
//! <https://learn.microsoft.com/linkedin/marketing/community-management/shares/videos-api>

use almanac_shared::publishing::Channel;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::{error, invalid, not_found};
use crate::outbound::channels::sandbox::{
    call::{Answer, Call, empty, json as json_answer, text},
    folder::Folder,
    uploads::{Part, Upload, UploadKind, described},
};

pub(super) const URN: &str = "urn:li:video:";

/// Bytes of each part but the last.
const PART: u64 = 4 * 1024 * 1024;
const MAX_SIZE: u64 = 500 * 1024 * 1024;

/// The event that ends an upload, with its parts.
const FINALIZED: &str = "finalized";

pub(super) fn initialize(call: &Call, folder: &Folder) -> anyhow::Result<Answer> {
    let body = call.json();
    let request = &body["initializeUploadRequest"];
    let owner = text(request, "owner");
    let size = request["fileSizeBytes"].as_u64().filter(|size| (1..=MAX_SIZE).contains(size));
    let (false, Some(size)) = (owner.is_empty(), size) else {
        return Ok(invalid("The owner is missing, or fileSizeBytes is not a size that is allowed"));
    };
    let id = folder.add_upload(&Upload {
        channel: Channel::Linkedin,
        kind: UploadKind::Video,
        owner: owner.to_owned(),
        created_at: folder.now(),
        size: Some(size),
        urls: Vec::new(),
        is_processed: true,
        request: body.clone(),
    })?;
    let instruction = |number: u64| {
        let (first, last) = range(number, size);
        let url = format!("{}/linkedin/dms-uploads/{id}/{number}", call.origin);
        json!({"uploadUrl": url, "firstByte": first, "lastByte": last})
    };
    let expires = folder.now().timestamp_millis() + 24 * 3_600 * 1_000;
    let value = json!({
        "uploadUrlsExpireAt": expires,
        "video": format!("{URN}{id}"),
        "uploadInstructions": (0..size.div_ceil(PART)).map(instruction).collect::<Vec<_>>(),
        "uploadToken": "",
    });
    Ok(json_answer(StatusCode::OK, &json!({"value": value})))
}

/// First and last byte of a part.
fn range(number: u64, size: u64) -> (u64, u64) {
    (number * PART, size.min((number + 1) * PART) - 1)
}

/// Parts may come in any order and again. The address itself allows the upload: no token belongs here.
pub(super) fn put(call: &Call, folder: &Folder, id: &str, number: &str) -> anyhow::Result<Answer> {
    let upload = folder.upload(Channel::Linkedin, UploadKind::Video, id)?;
    let size = upload.and_then(|upload| upload.size);
    let number = number.parse::<u64>().ok();
    let Some((size, number)) = size.zip(number).filter(|(size, number)| *number < size.div_ceil(PART)) else {
        return Ok(not_found());
    };
    if call.has_token() || call.header("linkedin-version").is_some() {
        let message = "A part is uploaded without Authorization and LinkedIn-Version";
        return Ok(error(StatusCode::BAD_REQUEST, "INVALID_HEADER", message));
    }
    let (first, last) = range(number, size);
    if !call.arrived.is_whole || call.arrived.all.bytes != last - first + 1 {
        return Ok(error(StatusCode::BAD_REQUEST, "INVALID_PART", "The part has not the size of its instruction"));
    }
    let etag = &call.arrived.all.sha256;
    folder.note(id, &event(number, etag), &Part { first, piece: call.arrived.all.clone() })?;
    let mut answer = empty(StatusCode::OK);
    answer.headers_mut().insert(header::ETAG, HeaderValue::from_str(&format!("\"{etag}\""))?);
    Ok(answer)
}

/// A part that arrives again with other bytes is another part.
fn event(number: u64, etag: &str) -> String {
    format!("part{number}_{etag}")
}

/// Takes ETags with and without their quotes.
pub(super) fn finalize(call: &Call, folder: &Folder) -> anyhow::Result<Answer> {
    let body = call.json();
    let request = &body["finalizeUploadRequest"];
    let id = text(request, "video").strip_prefix(URN).unwrap_or_default();
    let upload = folder.upload(Channel::Linkedin, UploadKind::Video, id)?;
    let Some(size) = upload.and_then(|upload| upload.size) else { return Ok(not_found()) };
    let etags = request["uploadedPartIds"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !text(request, "uploadToken").is_empty() || etags.len() as u64 != size.div_ceil(PART) {
        return Ok(invalid("uploadToken or the number of uploadedPartIds is wrong"));
    }
    let mut parts = Vec::new();
    for (number, etag) in (0..).zip(etags) {
        let etag = etag.as_str().unwrap_or_default().trim_matches('"');
        match folder.noted::<Part>(id, &event(number, etag))? {
            Some(part) => parts.push(part),
            None => return Ok(invalid("uploadedPartIds are not the ETags of the parts in their order")),
        }
    }
    folder.note(id, FINALIZED, &parts)?;
    Ok(empty(StatusCode::OK))
}

/// Videos are being processed once.
pub(super) fn status(folder: &Folder, urn: &str) -> anyhow::Result<Answer> {
    let id = urn.strip_prefix(URN).unwrap_or_default();
    let Some(upload) = folder.upload(Channel::Linkedin, UploadKind::Video, id)? else { return Ok(not_found()) };
    let status = match folder.noted::<Value>(id, FINALIZED)? {
        None => "WAITING_UPLOAD",
        Some(_) if folder.is_first_look(id)? => "PROCESSING",
        Some(_) => "AVAILABLE",
    };
    Ok(json_answer(StatusCode::OK, &json!({"id": urn, "owner": upload.owner, "status": status})))
}

/// The video as a line of a post's media, if it is available and an author may name it.
pub(super) fn uploaded(folder: &Folder, author: &str, id: &str) -> anyhow::Result<Option<String>> {
    let upload = folder.upload(Channel::Linkedin, UploadKind::Video, id)?;
    if upload.is_none_or(|upload| upload.owner != author) || !folder.was_looked_at(id)? {
        return Ok(None);
    }
    let parts = folder.noted::<Vec<Part>>(id, FINALIZED)?;
    Ok(parts.map(|parts| described(&format!("{URN}{id}"), &parts)))
}
