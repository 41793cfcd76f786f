//! Pictures: one request for an upload, one with the bytes.
//! <https://learn.microsoft.com/linkedin/marketing/community-management/shares/images-api>

use almanac_shared::publishing::Channel;
use http::StatusCode;
use serde_json::{Value, json};

use super::{invalid, not_found};
use crate::outbound::channels::sandbox::{
    call::{Answer, Call, empty, json as json_answer},
    folder::Folder,
    uploads::{Upload, UploadKind, described},
};

const URN: &str = "urn:li:image:";

pub(super) fn initialize(call: &Call, folder: &Folder) -> anyhow::Result<Answer> {
    let request = call.json();
    let Some(owner) = request.pointer("/initializeUploadRequest/owner").and_then(Value::as_str) else {
        return Ok(invalid("The owner is missing"));
    };
    let id = folder.add_upload(&Upload {
        channel: Channel::Linkedin,
        kind: UploadKind::Picture,
        owner: owner.to_owned(),
        created_at: folder.now(),
        size: None,
        urls: Vec::new(),
        is_processed: false,
        request: request.clone(),
    })?;
    let expires = folder.now().timestamp_millis() + 24 * 3_600 * 1_000;
    let url = format!("{}/linkedin/dms-uploads/{id}", call.origin);
    let value = json!({"uploadUrlExpiresAt": expires, "uploadUrl": url, "image": format!("{URN}{id}")});
    Ok(json_answer(StatusCode::OK, &json!({"value": value})))
}

pub(super) fn put(call: &Call, folder: &Folder, id: &str) -> anyhow::Result<Answer> {
    if folder.upload(Channel::Linkedin, UploadKind::Picture, id)?.is_none() {
        return Ok(not_found());
    }
    if call.arrived.all.bytes == 0 || !call.arrived.is_whole {
        return Ok(invalid("The picture is empty"));
    }
    folder.add_part(id, 0, &call.arrived.all)?;
    Ok(empty(StatusCode::CREATED))
}

/// The picture as a line of a post's media, if an author may name it.
pub(super) fn uploaded(folder: &Folder, author: &str, urn: &str) -> anyhow::Result<Option<String>> {
    let id = urn.strip_prefix(URN).unwrap_or_default();
    let upload = folder.upload(Channel::Linkedin, UploadKind::Picture, id)?;
    if upload.is_none_or(|upload| upload.owner != author) {
        return Ok(None);
    }
    let parts = folder.parts(id)?;
    Ok((!parts.is_empty()).then(|| described(urn, &parts)))
}
