//! Facebook Pages: texts and pictures go to the Page's feed, videos and reels have calls of their own.
//! <https://developers.facebook.com/docs/pages-api/posts>, <https://developers.facebook.com/docs/video-api/guides/reels-publishing>

use serde_json::{Value, json};

use super::{
    Post, Rendered, Request, Visual, check_count, media_required, media_type, only_video,
    text::{check_length, check_present, utf16_units},
};
use crate::{
    calendar::Medium,
    publishing::{Problem, PublishFormat},
};

const TEXT_UNITS: usize = 63_206;
const CAROUSEL_MIN: usize = 2;
/// As many media as an entry can have: the vendor's documents name no limit.
const CAROUSEL_MAX: usize = 20;

pub(super) fn render(post: &Post<'_>) -> Result<Rendered, Problem> {
    let media = &post.entry.media;
    let text = post.text();
    check_length("caption", utf16_units(&text), TEXT_UNITS, "characters")?;
    let requests = match (post.entry.format, Visual::of(media)) {
        (PublishFormat::Newsletter | PublishFormat::Story, _) => Err(post.unsupported("Facebook")),
        (PublishFormat::Reel, _) => only_video(media).map(|video| reel(post, video, &text)),
        (PublishFormat::Video, _) => only_video(media).map(|video| with_video(post, video, &text)),
        (PublishFormat::Post, Visual::None) => check_present("caption", &text).map(|()| text_only(post, &text)),
        (PublishFormat::Post, Visual::Image(image)) => Ok(with_image(post, image, &text)),
        (PublishFormat::Post, Visual::Video(video)) => Ok(with_video(post, video, &text)),
        (PublishFormat::Carousel, Visual::None) => Err(media_required("pictures")),
        (_, Visual::Image(_) | Visual::Images) => with_images(post, media, &text),
        (PublishFormat::Post | PublishFormat::Carousel, _) => {
            Err(media_type("Facebook takes either one video, or pictures only."))
        }
    }?;
    Ok(Rendered { requests, warnings: Vec::new() })
}

fn text_only(post: &Post<'_>, text: &str) -> Vec<Request> {
    vec![call(post, "publish", "feed", json!({"message": text, "published": true})), permalink(post)]
}

fn with_image(post: &Post<'_>, image: &Medium, text: &str) -> Vec<Request> {
    let body = json!({"url": image.url, "caption": text, "published": true});
    vec![call(post, "publish", "photos", body), permalink(post)]
}

fn with_images(post: &Post<'_>, images: &[Medium], text: &str) -> Result<Vec<Request>, Problem> {
    check_count(images, CAROUSEL_MIN, CAROUSEL_MAX)?;
    let uploads = (1..).zip(images).map(|(number, image)| {
        call(post, &format!("upload_photo_{number}"), "photos", json!({"url": image.url, "published": false}))
    });
    let photos: Vec<_> =
        (1..=images.len()).map(|number| json!({"media_fbid": post.later(&format!("photo_{number}_id"))})).collect();
    let publish = call(post, "publish", "feed", json!({"message": text, "attached_media": photos, "published": true}));
    Ok(uploads.chain([publish, permalink(post)]).collect())
}

fn with_video(post: &Post<'_>, video: &Medium, text: &str) -> Vec<Request> {
    let body = json!({"file_url": video.url, "description": text, "published": true});
    vec![call(post, "publish", "videos", body), status(post)]
}

/// The upload address is Meta's own; it fetches the file from the header's address.
fn reel(post: &Post<'_>, video: &Medium, text: &str) -> Vec<Request> {
    let upload =
        Request::post_empty("upload", post.later_text("upload_url")).with_header("file_url", video.url.as_str());
    let finish = json!({
        "upload_phase": "finish",
        "video_id": post.later("video_id"),
        "video_state": "PUBLISHED",
        "description": text,
    });
    vec![
        call(post, "start", "video_reels", json!({"upload_phase": "start"})),
        upload,
        call(post, "publish", "video_reels", finish),
        status(post),
    ]
}

fn call(post: &Post<'_>, step: &str, edge: &str, body: Value) -> Request {
    Request::post(step, post.graph_url(&format!("{}/{edge}", post.account_segment())), body)
}

fn permalink(post: &Post<'_>) -> Request {
    let id = post.later_segment("post_id");
    Request::get("permalink", post.graph_url(&format!("{id}?fields=id,permalink_url,created_time")))
}

fn status(post: &Post<'_>) -> Request {
    let id = post.later_segment("video_id");
    Request::get("status", post.graph_url(&format!("{id}?fields=status,permalink_url")))
}
