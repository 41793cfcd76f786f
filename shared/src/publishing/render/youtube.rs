//! YouTube: the first call opens a session with what the video is; the bytes follow in parts, and the video exists once the
//! last one has arrived.
//! <https://developers.google.com/youtube/v3/guides/using_resumable_upload_protocol>

use serde_json::{Map, Value, json};

use super::{
    Post, Rendered, Request, only_video,
    text::{check_length, check_present, utf16_units},
};
use crate::{
    platform::error::Code,
    publishing::{Problem, PublishFormat, options::PrivacyStatus},
};

const TITLE_UNITS: usize = 100;
const DESCRIPTION_BYTES: usize = 5_000;
const TAGS_UNITS: usize = 500;

pub(super) fn render(post: &Post<'_>) -> Result<Rendered, Problem> {
    match post.entry.format {
        PublishFormat::Newsletter | PublishFormat::Story | PublishFormat::Carousel => Err(post.unsupported("YouTube")),
        PublishFormat::Post | PublishFormat::Reel | PublishFormat::Video => {
            only_video(&post.entry.media)?;
            video(post)
        }
    }
}

fn video(post: &Post<'_>) -> Result<Rendered, Problem> {
    let options = &post.options.youtube;
    let mut query = "uploadType=resumable&part=snippet,status".to_owned();
    if let Some(notify) = options.notify_subscribers {
        query.push_str(&format!("&notifySubscribers={notify}"));
    }
    let mut status = json!({
        "privacyStatus": options.privacy_status.unwrap_or(PrivacyStatus::Private),
        "selfDeclaredMadeForKids": options.made_for_kids,
    });
    if let Some(made_by_ai) = options.ai_generated {
        status["containsSyntheticMedia"] = made_by_ai.into();
    }
    let open = Request::post(
        "open_session",
        format!("{}/upload/youtube/v3/videos?{query}", post.base_url),
        json!({"snippet": snippet(post)?, "status": status}),
    );
    let upload = Request::put("upload", post.later_text("session_url"), "chunk")
        .with_header("Content-Range", post.content_range());
    let video = post.later_segment("video_id");
    let processing = format!("{}/youtube/v3/videos?part=status,processingDetails&id={video}", post.base_url);
    let requests = vec![
        open.with_header("X-Upload-Content-Length", post.later_text("video_size"))
            .with_header("X-Upload-Content-Type", post.later_text("content_type")),
        upload,
        Request::get("status", processing),
    ];
    Ok(Rendered { requests, warnings: Vec::new() })
}

fn snippet(post: &Post<'_>) -> Result<Map<String, Value>, Problem> {
    let entry = post.entry;
    let description = post.text();
    check_present("title", &entry.title)?;
    check_length("title", utf16_units(&entry.title), TITLE_UNITS, "characters")?;
    check_length("caption", description.len(), DESCRIPTION_BYTES, "bytes")?;
    for (field, text) in [("title", &entry.title), ("caption", &description)] {
        if text.contains(['<', '>']) {
            return Err(Problem::new(Code::TextInvalid, field, "YouTube takes no < or > here."));
        }
    }
    let mut snippet = Map::new();
    snippet.insert("title".to_owned(), entry.title.as_str().into());
    snippet.insert("description".to_owned(), description.into());
    snippet.insert("tags".to_owned(), tags(post)?.into());
    if let Some(category) = &post.options.youtube.category_id {
        snippet.insert("categoryId".to_owned(), category.as_str().into());
    }
    Ok(snippet)
}

/// The option's tags, else the hashtags without their `#`.
fn tags(post: &Post<'_>) -> Result<Vec<String>, Problem> {
    let of_hashtags = || post.entry.hashtags.iter().map(|tag| tag.trim_start_matches('#').to_owned()).collect();
    let named = post.options.youtube.tags.clone();
    let field = if named.is_some() { "options.youtube.tags" } else { "hashtags" };
    let tags: Vec<String> = named.unwrap_or_else(of_hashtags);
    // YouTube counts its own spelling of the list: commas between the tags, quotes around those with a space.
    let quotes = |tag: &String| if tag.contains(' ') { 2 } else { 0 };
    let units: usize = tags.iter().map(|tag| utf16_units(tag) + quotes(tag)).sum();
    check_length(field, units + tags.len().saturating_sub(1), TAGS_UNITS, "characters")?;
    Ok(tags)
}
