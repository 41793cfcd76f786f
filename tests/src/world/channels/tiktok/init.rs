//! The requests that begin a post: their fields are checked, and where bytes are to come an address is given out.
//! <https://developers.tiktok.com/doc/content-posting-api-reference-direct-post>,
//! <https://developers.tiktok.com/doc/content-posting-api-reference-photo-post>

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Call, Post, Publication, Received, Upload, ok};
use crate::{
    run::locked,
    world::channels::{Site, answer::Answer, digest::Digest},
};

const TITLE_UNITS: usize = 2_200;
const PHOTO_TITLE_UNITS: usize = 90;
const DESCRIPTION_UNITS: usize = 4_000;
const PHOTOS: std::ops::RangeInclusive<usize> = 1..=35;

/// Megabytes are decimal in the vendor's example.
const MIN_CHUNK: u64 = 5_000_000;
const MAX_CHUNK: u64 = 64_000_000;
const MAX_SIZE: u64 = 4_000_000_000;
const MAX_CHUNKS: u64 = 1_000;

const VIDEO_INFO: [&str; 9] = [
    "title",
    "privacy_level",
    "disable_comment",
    "disable_duet",
    "disable_stitch",
    "video_cover_timestamp_ms",
    "brand_content_toggle",
    "brand_organic_toggle",
    "is_aigc",
];
const PHOTO_INFO: [&str; 7] = [
    "title",
    "description",
    "privacy_level",
    "disable_comment",
    "auto_add_music",
    "brand_content_toggle",
    "brand_organic_toggle",
];

/// Why nothing is begun, by its code.
type Flaw = &'static str;

const INVALID: Flaw = "invalid_param";

/// Whether TikTok is to fetch the video.
pub(super) fn is_fetched(received: &Received) -> bool {
    received.fields["source_info"]["source"] == "PULL_FROM_URL"
}

pub(super) fn begin_video(call: &Call<'_>) -> Answer {
    let begun = video_post(call).and_then(|post| Ok((post, upload(&call.received.fields["source_info"])?)));
    let (post, upload) = match begun.and_then(|begun| may_begin(call).map(|()| begun)) {
        Ok(begun) => begun,
        Err(code) => return Answer::tiktok(code),
    };
    let id = format!("v_pub_file~v2-1.{}", call.channels.next_number());
    let url = format!("{}/video/?upload_id={}&upload_token={}", call.received.base_url, upload.id, upload.token);
    keep(call, &id, Post { id: id.clone(), ..post }, Some(upload));
    ok(&json!({ "publish_id": id, "upload_url": url }))
}

pub(super) fn fetch_video(call: &Call<'_>) -> Answer {
    let source = &call.received.fields["source_info"];
    let is_known = members(source, &["source", "video_url"]);
    let begun = video_post(call).and_then(|post| Ok((post, is_known.and(address(&source["video_url"]))?)));
    let (post, url) = match begun.and_then(|begun| may_begin(call).map(|()| begun)) {
        Ok(begun) => begun,
        Err(code) => return Answer::tiktok(code),
    };
    fetch(call, "v_pub_url", Post { media: vec![url], ..post })
}

pub(super) fn fetch_photos(call: &Call<'_>) -> Answer {
    match photos_post(call).and_then(|post| may_begin(call).map(|()| post)) {
        Ok(post) => fetch(call, "p_pub_url", post),
        Err(code) => Answer::tiktok(code),
    }
}

/// Nothing else is needed: the post comes by itself.
fn fetch(call: &Call<'_>, prefix: &str, post: Post) -> Answer {
    let id = format!("{prefix}~v2-1.{}", call.channels.next_number());
    let post = Post { id: id.clone(), ..post };
    call.channels.ledger().add_processing(post.clone());
    keep(call, &id, post, None);
    if let Some(publication) = locked(&call.channels.publications).get_mut(&id) {
        publication.processing = Some(call.channels.processing(call.account));
    }
    ok(&json!({ "publish_id": id }))
}

fn keep(call: &Call<'_>, id: &str, post: Post, upload: Option<Upload>) {
    let publication = Publication {
        account: call.account.to_owned(),
        upload,
        post,
        is_public: call.received.fields["post_info"]["privacy_level"] == "PUBLIC_TO_EVERYONE",
        processing: None,
        id_reads: call.channels.account_state(call.account, |it| it.id_reads).unwrap_or_default(),
    };
    locked(&call.channels.publications).insert(id.to_owned(), publication);
}

fn may_begin(call: &Call<'_>) -> Result<(), Flaw> {
    if !call.channels.may_begin(call.account) {
        return Err("rate_limit_exceeded");
    }
    if call.channels.is_exhausted(call.account) { Err("spam_risk_too_many_posts") } else { Ok(()) }
}

fn video_post(call: &Call<'_>) -> Result<Post, Flaw> {
    members(&call.received.fields, &["post_info", "source_info"])?;
    let info = &call.received.fields["post_info"];
    members(info, &VIDEO_INFO)?;
    let title = text(info, "title", TITLE_UNITS)?;
    check_info(call, info)?;
    Ok(Post { source: title.clone(), text: title, ..call.post(Site::Tiktok) })
}

fn photos_post(call: &Call<'_>) -> Result<Post, Flaw> {
    let fields = &call.received.fields;
    members(fields, &["media_type", "post_mode", "post_info", "source_info"])?;
    let (info, source) = (&fields["post_info"], &fields["source_info"]);
    members(info, &PHOTO_INFO)?;
    members(source, &["source", "photo_cover_index", "photo_images"])?;
    if fields["media_type"] != "PHOTO" || fields["post_mode"] != "DIRECT_POST" || source["source"] != "PULL_FROM_URL" {
        return Err(INVALID);
    }
    check_info(call, info)?;
    let (title, text) = (text(info, "title", PHOTO_TITLE_UNITS)?, text(info, "description", DESCRIPTION_UNITS)?);
    let photos = source["photo_images"].as_array().ok_or(INVALID)?;
    let cover = source["photo_cover_index"].as_u64().and_then(|index| usize::try_from(index).ok()).ok_or(INVALID)?;
    if !PHOTOS.contains(&photos.len()) || cover >= photos.len() {
        return Err(INVALID);
    }
    let media = photos.iter().map(address).collect::<Result<_, _>>()?;
    Ok(Post { title, source: text.clone(), text, media, ..call.post(Site::Tiktok) })
}

/// What videos and photos have in common.
fn check_info(call: &Call<'_>, info: &Value) -> Result<(), Flaw> {
    let flags = info.as_object().into_iter().flatten();
    let is_flag = |name: &str| name.starts_with("disable_") || name.ends_with("_toggle") || name == "is_aigc";
    if flags.filter(|(name, _)| is_flag(name) || *name == "auto_add_music").any(|(_, value)| !value.is_boolean()) {
        return Err(INVALID);
    }
    if info.get("video_cover_timestamp_ms").is_some_and(|time| !time.is_u64()) {
        return Err(INVALID);
    }
    let level = info["privacy_level"].as_str().ok_or(INVALID)?;
    let levels = call.channels.account_state(call.account, |it| it.creator.privacy_levels.clone()).unwrap_or_default();
    if !levels.contains(&level) {
        return Err("privacy_level_option_mismatch");
    }
    if level == "SELF_ONLY" && info["brand_content_toggle"] == true { Err(INVALID) } else { Ok(()) }
}

/// The sizes of parts, as the guide to media transfer has them.
/// <https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide>
fn upload(source: &Value) -> Result<Upload, Flaw> {
    members(source, &["source", "video_size", "chunk_size", "total_chunk_count"])?;
    let number = |name: &str| source[name].as_u64().filter(|number| *number > 0).ok_or(INVALID);
    let (size, chunk, count) = (number("video_size")?, number("chunk_size")?, number("total_chunk_count")?);
    let is_single = count == 1 && chunk == size && size <= MAX_CHUNK;
    let is_several = (size <= MAX_CHUNK || count > 1)
        && (MIN_CHUNK..=MAX_CHUNK).contains(&chunk)
        && count == size / chunk
        && count <= MAX_CHUNKS;
    if source["source"] != "FILE_UPLOAD" || size > MAX_SIZE || !(is_single || is_several) {
        return Err(INVALID);
    }
    let (id, token) =
        (Uuid::new_v4().simple().to_string(), format!("tiktok-upload-canary-{}", Uuid::new_v4().simple()));
    Ok(Upload { id, token, size, chunk, count, arrived: 0, digest: Digest::default(), is_over: false })
}

/// Fails if there is a member of another name, or no object.
fn members(object: &Value, known: &[&str]) -> Result<(), Flaw> {
    let is_known = |members: &Map<String, Value>| members.keys().all(|name| known.contains(&name.as_str()));
    if object.as_object().is_some_and(is_known) { Ok(()) } else { Err(INVALID) }
}

fn text(object: &Value, name: &str, most: usize) -> Result<String, Flaw> {
    match &object[name] {
        Value::Null => Ok(String::new()),
        Value::String(text) if text.encode_utf16().count() <= most => Ok(text.clone()),
        _ => Err(INVALID),
    }
}

/// TikTok fetches from `https` only.
fn address(value: &Value) -> Result<String, Flaw> {
    let url = value.as_str().ok_or(INVALID)?;
    if url.starts_with("https://") { Ok(url.to_owned()) } else { Err("url_ownership_unverified") }
}
