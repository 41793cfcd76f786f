//! TikTok: a video is uploaded in parts to an address that the first call gives; pictures are fetched by TikTok.
//! Both are asked for after `creator_info`, which says what the account allows.
//! <https://developers.tiktok.com/doc/content-posting-api-reference-direct-post>

use serde_json::{Map, Value, json};

use super::{
    Post, Rendered, Request, Visual, check_count, media_required, media_type, only_video,
    text::{check_length, joined, utf16_units},
};
use crate::{
    calendar::Medium,
    platform::error::Code,
    publishing::{Problem, PublishFormat, Warning, options::PrivacyLevel},
};

const VIDEO_TITLE_UNITS: usize = 2_200;
const PHOTO_TITLE_UNITS: usize = 90;
const PHOTO_DESCRIPTION_UNITS: usize = 4_000;
const PHOTOS_MAX: usize = 35;

pub(super) fn render(post: &Post<'_>) -> Result<Rendered, Problem> {
    let media = &post.entry.media;
    check_options(post)?;
    match (post.entry.format, Visual::of(media)) {
        (PublishFormat::Newsletter | PublishFormat::Story, _) => Err(post.unsupported("TikTok")),
        (_, Visual::None) => Err(media_required("a video or pictures")),
        (PublishFormat::Reel | PublishFormat::Video, _) => only_video(media).and_then(|_| video(post)),
        (PublishFormat::Post, Visual::Video(_)) => video(post),
        (_, Visual::Image(_) | Visual::Images) => photos(post, media),
        (PublishFormat::Post | PublishFormat::Carousel, _) => {
            Err(media_type("TikTok takes either one video, or pictures only."))
        }
    }
}

fn video(post: &Post<'_>) -> Result<Rendered, Problem> {
    let title = post.text();
    check_length("caption", utf16_units(&title), VIDEO_TITLE_UNITS, "UTF-16 units")?;
    let options = &post.options.tiktok;
    let mut info = post_info(post, &title);
    info.insert("disable_duet".to_owned(), (!options.allow_duet.unwrap_or(false)).into());
    info.insert("disable_stitch".to_owned(), (!options.allow_stitch.unwrap_or(false)).into());
    if let Some(made_by_ai) = options.ai_generated {
        info.insert("is_aigc".to_owned(), made_by_ai.into());
    }
    let source = json!({
        "source": "FILE_UPLOAD",
        "video_size": post.later("video_size"),
        "chunk_size": post.later("chunk_size"),
        "total_chunk_count": post.later("chunk_count"),
    });
    let upload = Request::put("upload", post.later_text("upload_url"), "chunk")
        .with_header("Content-Type", post.later_text("content_type"))
        .with_header("Content-Range", post.content_range());
    let requests = vec![
        creator_info(post),
        call(post, "init_video", "video/init/", json!({"post_info": info, "source_info": source})),
        upload,
        status(post),
    ];
    Ok(Rendered { requests, warnings: Vec::new() })
}

fn photos(post: &Post<'_>, photos: &[Medium]) -> Result<Rendered, Problem> {
    check_count(photos, 1, PHOTOS_MAX)?;
    if photos.iter().any(|photo| !photo.url.starts_with("https://")) {
        return Err(Problem::new(Code::MediaUrl, "media", "TikTok fetches pictures from https addresses only."));
    }
    let entry = post.entry;
    let description = joined(&entry.caption, &entry.hashtags);
    check_length("title", utf16_units(&entry.title), PHOTO_TITLE_UNITS, "UTF-16 units")?;
    check_length("caption", utf16_units(&description), PHOTO_DESCRIPTION_UNITS, "UTF-16 units")?;
    let mut info = post_info(post, &entry.title);
    info.insert("description".to_owned(), description.into());
    let addresses: Vec<_> = photos.iter().map(|photo| photo.url.as_str()).collect();
    let body = json!({
        "media_type": "PHOTO",
        "post_mode": "DIRECT_POST",
        "post_info": info,
        "source_info": {"source": "PULL_FROM_URL", "photo_cover_index": 0, "photo_images": addresses},
    });
    let mut warnings = Vec::new();
    if post.options.tiktok.ai_generated == Some(true) {
        let message = "TikTok takes no declaration of AI content for pictures.";
        warnings.push(Warning::new(Code::OptionIgnored, "options.tiktok.aiGenerated", message));
    }
    let requests = vec![creator_info(post), call(post, "init_photos", "content/init/", body), status(post)];
    Ok(Rendered { requests, warnings })
}

/// What videos and pictures have in common.
fn post_info(post: &Post<'_>, title: &str) -> Map<String, Value> {
    let options = &post.options.tiktok;
    let info = json!({
        "title": title,
        "privacy_level": options.privacy_level,
        "disable_comment": !options.allow_comment.unwrap_or(false),
        "brand_content_toggle": options.brand_content.unwrap_or(false),
        "brand_organic_toggle": options.brand_organic.unwrap_or(false),
    });
    info.as_object().cloned().unwrap_or_default()
}

fn creator_info(post: &Post<'_>) -> Request {
    call(post, "creator_info", "creator_info/query/", json!({}))
}

fn status(post: &Post<'_>) -> Request {
    call(post, "status", "status/fetch/", json!({"publish_id": post.later("publish_id")}))
}

fn call(post: &Post<'_>, step: &str, path: &str, body: Value) -> Request {
    Request::post(step, format!("{}/v2/post/publish/{path}", post.base_url), body)
}

/// TikTok shows paid content to others by definition.
fn check_options(post: &Post<'_>) -> Result<(), Problem> {
    let options = &post.options.tiktok;
    if options.brand_content == Some(true) && options.privacy_level == Some(PrivacyLevel::OnlySelf) {
        let message = "TikTok refuses branded content that only the account itself may see.";
        return Err(Problem::new(Code::OptionInvalid, "options.tiktok.brandContent", message));
    }
    Ok(())
}
