//! The calls that begin a post, and what is wrong with them.
//! <https://developers.tiktok.com/doc/content-posting-api-reference-direct-post>,
//! <https://developers.tiktok.com/doc/content-posting-api-reference-photo-post>

use almanac_shared::publishing::{Channel, options::PrivacyLevel};
use http::StatusCode;
use serde_json::{Value, json};

use super::{Refusal, chunks, data, keep, publish_id, refused};
use crate::outbound::channels::sandbox::{
    call::{Answer, Call, text},
    folder::Folder,
    uploads::{Upload, UploadKind},
};

const VIDEO_TITLE_UNITS: usize = 2_200;
const PHOTO_TITLE_UNITS: usize = 90;
const PHOTO_DESCRIPTION_UNITS: usize = 4_000;
const PHOTOS: std::ops::RangeInclusive<usize> = 1..=35;

pub(super) const NOT_FOUND: Refusal = refusal(StatusCode::NOT_FOUND, "not_found", "The resource does not exist");
pub(super) const NO_TOKEN: Refusal =
    refusal(StatusCode::UNAUTHORIZED, "access_token_invalid", "The access token is invalid or not found");
pub(super) const INVALID_PUBLISH_ID: Refusal =
    refusal(StatusCode::BAD_REQUEST, "invalid_publish_id", "The publish_id does not exist");
const PRIVACY_MISMATCH: Refusal = refusal(
    StatusCode::FORBIDDEN,
    "privacy_level_option_mismatch",
    "The privacy level is not one of those that creator_info lists, or does not fit branded content",
);
const UNVERIFIED: Refusal =
    refusal(StatusCode::FORBIDDEN, "url_ownership_unverified", "Media are fetched from verified https addresses only");

const fn refusal(status: StatusCode, code: &'static str, message: &'static str) -> Refusal {
    Refusal { status, code, message }
}

pub(super) const fn invalid(message: &'static str) -> Refusal {
    refusal(StatusCode::BAD_REQUEST, "invalid_params", message)
}

pub(super) fn video(call: &Call, folder: &Folder) -> anyhow::Result<Answer> {
    let request = call.json();
    let source = &request["source_info"];
    let checked = check_info(&request["post_info"], VIDEO_TITLE_UNITS).and_then(|()| match text(source, "source") {
        "FILE_UPLOAD" => chunks::check_plan(source).map(|size| (Some(size), Vec::new())),
        "PULL_FROM_URL" => check_addresses([&source["video_url"]]).map(|urls| (None, urls)),
        _ => Err(invalid("The source is neither FILE_UPLOAD nor PULL_FROM_URL")),
    });
    let (size, urls) = match checked {
        Ok(checked) => checked,
        Err(refusal) => return Ok(refused(&refusal)),
    };
    begin(call, folder, Upload { size, urls, ..draft(call, folder, UploadKind::Video, request) })
}

pub(super) fn photos(call: &Call, folder: &Folder) -> anyhow::Result<Answer> {
    let request = call.json();
    match check_photos(&request) {
        Ok(urls) => begin(call, folder, Upload { urls, ..draft(call, folder, UploadKind::Picture, request) }),
        Err(refusal) => Ok(refused(&refusal)),
    }
}

fn check_photos(request: &Value) -> Result<Vec<String>, Refusal> {
    let (info, source) = (&request["post_info"], &request["source_info"]);
    if text(request, "media_type") != "PHOTO" || text(request, "post_mode") != "DIRECT_POST" {
        return Err(invalid("media_type must be PHOTO and post_mode DIRECT_POST"));
    }
    check_info(info, PHOTO_TITLE_UNITS)?;
    if text(info, "description").encode_utf16().count() > PHOTO_DESCRIPTION_UNITS {
        return Err(invalid("The description is too long"));
    }
    if text(source, "source") != "PULL_FROM_URL" {
        return Err(invalid("Pictures are fetched: the source must be PULL_FROM_URL"));
    }
    let images = source["photo_images"].as_array().map(Vec::as_slice).unwrap_or_default();
    let cover = source["photo_cover_index"].as_u64().and_then(|at| usize::try_from(at).ok());
    if !PHOTOS.contains(&images.len()) || cover.is_none_or(|at| at >= images.len()) {
        return Err(invalid("photo_images must be 1 to 35 addresses, and photo_cover_index one of them"));
    }
    check_addresses(images)
}

/// What videos and pictures have in common.
fn check_info(info: &Value, title_units: usize) -> Result<(), Refusal> {
    if text(info, "title").encode_utf16().count() > title_units {
        return Err(invalid("The title is too long"));
    }
    let level = PrivacyLevel::parse(text(info, "privacy_level")).ok_or(PRIVACY_MISMATCH)?;
    if level == PrivacyLevel::OnlySelf && info["brand_content_toggle"] == true {
        return Err(PRIVACY_MISMATCH);
    }
    Ok(())
}

fn check_addresses<'a>(addresses: impl IntoIterator<Item = &'a Value>) -> Result<Vec<String>, Refusal> {
    let address = |address: &Value| address.as_str().filter(|url| url.starts_with("https://")).map(str::to_owned);
    addresses.into_iter().map(address).collect::<Option<_>>().ok_or(UNVERIFIED)
}

fn draft(call: &Call, folder: &Folder, kind: UploadKind, request: Value) -> Upload {
    Upload {
        channel: Channel::Tiktok,
        kind,
        owner: call.account_of_token(),
        created_at: folder.now(),
        size: None,
        urls: Vec::new(),
        is_processed: true,
        request,
    }
}

/// What is fetched is a post at once, what is uploaded only with its last byte.
fn begin(call: &Call, folder: &Folder, upload: Upload) -> anyhow::Result<Answer> {
    let id = folder.add_upload(&upload)?;
    let mut answer = json!({"publish_id": publish_id(&id, &upload)});
    if upload.size.is_some() {
        answer["upload_url"] = chunks::upload_url(&call.origin, &id).into();
    } else {
        keep(folder, &id, &upload)?;
    }
    Ok(data(&answer))
}
