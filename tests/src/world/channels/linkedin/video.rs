//! Videos: an upload in parts whose ETags end it, then processing. Only what is available can be posted.
//! <https://learn.microsoft.com/linkedin/marketing/community-management/shares/videos-api>

use serde_json::{Value, json};

use super::{Answer, Call, Channels, Object, Phase, Received, Route, Step, in_a_day};
use crate::world::channels::{Content, digest::Digest, objects::Part, processing::Ending};

/// The host of parts refuses what belongs to the API: a token and a version.
pub(super) fn has_forbidden_head(received: &Received) -> bool {
    ["authorization", "linkedin-version"].iter().any(|name| received.header(name).is_some())
}

pub(super) fn start(call: &Call<'_>) -> Answer {
    let order = &call.received.fields["initializeUploadRequest"];
    let Some(size) = order["fileSizeBytes"].as_u64().filter(|size| *size > 0) else {
        return Answer::linkedin_input(400, "MISSING_FIELD", "fileSizeBytes is required");
    };
    let is_flag = |name: &str| order[name].is_boolean() || order[name].is_null();
    if !["uploadCaptions", "uploadThumbnail"].into_iter().all(is_flag) {
        return Answer::linkedin_input(400, "INVALID_FIELD", "uploadCaptions and uploadThumbnail are truth values");
    }
    let part_bytes = call.channels.account_state(call.account, |it| it.part_bytes).unwrap_or(u64::MAX);
    let urn = format!("urn:li:video:C4D05AQ{}", call.channels.next_number());
    let ends = |number: u64| (number * part_bytes, ((number + 1) * part_bytes).min(size) - 1);
    let numbers = 0..size.div_ceil(part_bytes);
    let instruction = |number: u64| {
        let (first, last) = ends(number);
        let url = format!("{}/dms-uploads/{urn}/{number}", call.received.base_url);
        json!({ "uploadUrl": url, "firstByte": first, "lastByte": last })
    };
    let instructions: Vec<Value> = numbers.clone().map(instruction).collect();
    let part = |(first, last): (u64, u64)| Part { size: last - first + 1, etag: None, digest: None };
    let object = Object::new(call.account, "", Phase::WaitingForUpload);
    let object = Object { is_video: true, parts: numbers.map(ends).map(part).collect(), ..object };
    call.channels.add_object(urn.clone(), object);
    Answer::ok(json!({ "value": {
        "video": urn, "uploadToken": "", "uploadUrlsExpireAt": in_a_day(), "uploadInstructions": instructions,
    } }))
}

/// One part; the digest of the video goes on if all parts before it have arrived.
pub(super) fn route_part(channels: &Channels, urn: &str, number: &str) -> Route {
    let route = Route::new(channels.owner_of(urn), Step::Chunk, take_part);
    let digest = || digest_before(&channels.object(urn)?, number.parse().ok()?);
    match digest() {
        Some(digest) => route.continuing(0, digest),
        None => route,
    }
}

fn digest_before(video: &Object, number: usize) -> Option<Digest> {
    match number.checked_sub(1) {
        None => Some(Digest::default()),
        Some(before) => video.parts.get(before)?.digest.clone(),
    }
}

/// Its ETag names a part in the end.
fn take_part(call: &Call<'_>) -> Answer {
    let [_, urn, number] = call.received.parts()[..] else { return Answer::empty(404) };
    let video = call.channels.object(urn);
    let Some((video, number)) = video.zip(number.parse::<usize>().ok()) else { return Answer::empty(404) };
    let Some(part) = video.parts.get(number) else { return Answer::empty(404) };
    let is_bytes = call.received.header("content-type") == Some("application/octet-stream");
    if !is_bytes || part.size != call.intake.size {
        return Answer::empty(400);
    }
    if !call.intake.is_kept_whole() {
        return Answer::empty(500);
    }
    let digest = digest_before(&video, number).map(|_| call.intake.digest.clone());
    let etag = format!("etag-{number}-{}", &call.intake.digest.hex()[..16]);
    call.channels.change_object(urn, |video| {
        let is_same = video.parts[number].etag.as_ref() == Some(&etag);
        video.parts[number].etag = Some(etag.clone());
        if !is_same {
            // What follows was hashed after other bytes.
            video.parts[number..].iter_mut().for_each(|part| part.digest = None);
            video.parts[number].digest = digest;
        }
    });
    let has_quotes = call.channels.account_state(call.account, |it| it.has_quoted_etags) == Some(true);
    Answer::empty(200).with_header("etag", if has_quotes { format!("\"{etag}\"") } else { etag })
}

pub(super) fn finish(call: &Call<'_>) -> Answer {
    let order = &call.received.fields["finalizeUploadRequest"];
    let urn = order["video"].as_str().unwrap_or_default();
    let named = order["uploadedPartIds"].as_array().into_iter().flatten();
    let named: Vec<_> = named.map(|etag| etag.as_str().map(|text| text.trim_matches('"'))).collect();
    let Some(video) = call.channels.object(urn) else { return Answer::linkedin(404) };
    let etags: Vec<_> = video.parts.iter().map(|part| part.etag.as_deref()).collect();
    if order["uploadToken"].as_str().is_none() || named.is_empty() || etags != named {
        return Answer::linkedin_input(400, "INVALID_PARTS", "uploadedPartIds do not match the uploaded parts");
    }
    if video.phase != Phase::WaitingForUpload {
        // Finished already.
        return Answer::empty(200);
    }
    let digest = video.parts.last().and_then(|part| part.digest.as_ref());
    let sha256 = digest.map(Digest::hex).unwrap_or_default();
    let content = Content { size: video.parts.iter().map(|part| part.size).sum(), sha256 };
    let phase = Phase::HandedIn(call.channels.processing(call.account));
    call.channels.change_object(urn, |video| (video.phase, video.content) = (phase, Some(content)));
    Answer::empty(200)
}

pub(super) fn read(call: &Call<'_>) -> Answer {
    let urn = call.received.segments.last().cloned().unwrap_or_default();
    let Some(video) = call.channels.object(&urn) else { return Answer::linkedin(404) };
    let mut shown = json!({ "id": urn, "owner": call.account });
    let status = match (video.phase, call.channels.read_object(&urn)) {
        (Phase::WaitingForUpload | Phase::Uploaded, _) => "WAITING_UPLOAD",
        (_, None) => "PROCESSING",
        (_, Some(Ending::Ready | Ending::Stuck)) => "AVAILABLE",
        (_, Some(Ending::Failed(reason) | Ending::Rejected(reason))) => {
            shown["processingFailureReason"] = reason.into();
            "PROCESSING_FAILED"
        }
        (_, Some(Ending::Expired)) => "PROCESSING_FAILED",
    };
    shown["status"] = status.into();
    Answer::ok(shown)
}
