//! LinkedIn: pictures and videos are uploaded first, then a post names them by URN.
//! <https://learn.microsoft.com/linkedin/marketing/community-management/shares/posts-api>

use serde_json::{Value, json};

use super::{
    LINKEDIN_VERSION, Post, Rendered, Request, Visual, check_count, media_required, media_type, only_video,
    text::{check_length, check_present, little_text, utf16_units},
};
use crate::{
    calendar::Medium,
    publishing::{Problem, PublishFormat, options::Visibility},
};

const COMMENTARY_UNITS: usize = 3_000;
const IMAGES_MIN: usize = 2;
const IMAGES_MAX: usize = 20;

pub(super) fn render(post: &Post<'_>) -> Result<Rendered, Problem> {
    let media = &post.entry.media;
    match (post.entry.format, Visual::of(media)) {
        (PublishFormat::Newsletter | PublishFormat::Story, _) => Err(post.unsupported("LinkedIn")),
        (PublishFormat::Reel | PublishFormat::Video, _) => only_video(media).and_then(|video| with_video(post, video)),
        (PublishFormat::Post, Visual::None) => text_only(post),
        (PublishFormat::Post, Visual::Image(image)) => with_image(post, image),
        (PublishFormat::Post, Visual::Video(video)) => with_video(post, video),
        (PublishFormat::Carousel, Visual::None) => Err(media_required("pictures")),
        (_, Visual::Image(_) | Visual::Images) => with_images(post, media),
        (PublishFormat::Post | PublishFormat::Carousel, _) => {
            Err(media_type("LinkedIn takes either one video, or pictures only."))
        }
    }
}

fn text_only(post: &Post<'_>) -> Result<Rendered, Problem> {
    check_present("caption", &post.text())?;
    posted(post, Vec::new(), None)
}

fn with_image(post: &Post<'_>, image: &Medium) -> Result<Rendered, Problem> {
    let media = named(image, &post.later("image_1_urn"));
    posted(post, upload_image(post, 1).into(), Some(json!({"media": media})))
}

fn with_images(post: &Post<'_>, images: &[Medium]) -> Result<Rendered, Problem> {
    check_count(images, IMAGES_MIN, IMAGES_MAX)?;
    let uploads = (1..=images.len()).flat_map(|number| upload_image(post, number)).collect();
    let items = (1..).zip(images).map(|(number, image)| named(image, &post.later(&format!("image_{number}_urn"))));
    let content = json!({"multiImage": {"images": items.collect::<Vec<_>>()}});
    posted(post, uploads, Some(content))
}

fn with_video(post: &Post<'_>, video: &Medium) -> Result<Rendered, Problem> {
    let initialize = json!({"initializeUploadRequest": {
        "owner": post.external_id(),
        "fileSizeBytes": post.later("video_size"),
        "uploadCaptions": false,
        "uploadThumbnail": false,
    }});
    let finalize = json!({"finalizeUploadRequest": {
        "video": post.later("video_urn"),
        "uploadToken": post.later("upload_token"),
        "uploadedPartIds": post.later("part_etags"),
    }});
    let urn = post.later_segment("video_urn");
    let uploads = vec![
        call(post, "initialize_video", "videos?action=initializeUpload", initialize),
        upload("upload_video", post.later_text("part_upload_url"), "part"),
        call(post, "finalize_video", "videos?action=finalizeUpload", finalize),
        with_version(Request::get("video_status", format!("{}/rest/videos/{urn}", post.base_url))),
    ];
    posted(post, uploads, Some(json!({"media": named(video, &post.later("video_urn"))})))
}

/// The uploads, and the post that names them.
fn posted(post: &Post<'_>, mut requests: Vec<Request>, content: Option<Value>) -> Result<Rendered, Problem> {
    let text = post.text();
    check_length("caption", utf16_units(&text), COMMENTARY_UNITS, "characters")?;
    let mut body = json!({
        "author": post.external_id(),
        "commentary": little_text(&text),
        "visibility": post.options.linkedin.visibility.unwrap_or(Visibility::Public),
        "distribution": {
            "feedDistribution": "MAIN_FEED",
            "targetEntities": [],
            "thirdPartyDistributionChannels": [],
        },
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": false,
    });
    if let (Some(content), Some(members)) = (content, body.as_object_mut()) {
        members.insert("content".to_owned(), content);
    }
    requests.push(call(post, "create_post", "posts", body));
    Ok(Rendered { requests, warnings: Vec::new() })
}

fn upload_image(post: &Post<'_>, number: usize) -> [Request; 2] {
    let body = json!({"initializeUploadRequest": {"owner": post.external_id()}});
    let url = post.later_text(&format!("image_{number}_upload_url"));
    [
        call(post, &format!("initialize_image_{number}"), "images?action=initializeUpload", body),
        upload(&format!("upload_image_{number}"), url, &format!("image_{number}")),
    ]
}

/// Uploads carry neither a version nor, on most hosts, a token.
fn upload(step: &str, url: String, bytes: &str) -> Request {
    Request::put(step, url, bytes).with_header("Content-Type", "application/octet-stream")
}

fn call(post: &Post<'_>, step: &str, path: &str, body: Value) -> Request {
    with_version(Request::post(step, format!("{}/rest/{path}", post.base_url), body))
        .with_header("Content-Type", "application/json")
}

fn with_version(request: Request) -> Request {
    request.with_header("LinkedIn-Version", LINKEDIN_VERSION).with_header("X-Restli-Protocol-Version", "2.0.0")
}

fn named(medium: &Medium, urn: &Value) -> Value {
    match medium.alt.as_deref().filter(|alt| !alt.is_empty()) {
        Some(alt) => json!({"id": urn, "altText": alt}),
        None => json!({"id": urn}),
    }
}
