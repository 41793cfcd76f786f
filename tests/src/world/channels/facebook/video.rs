//! Videos and reels: a video is one request, a reel three. Both are seen once their processing has ended well.
//! <https://developers.facebook.com/docs/video-api/guides/reels-publishing>

use serde_json::{Value, json};

use super::{Answer, Call, Object, Phase, Post, Site, list};
use crate::world::channels::{Content, instagram::chosen, processing::Ending};

pub(super) fn publish(call: &Call<'_>) -> Answer {
    let Some(url) = call.received.text("file_url") else { return Answer::graph(100) };
    let video = call.channels.next_number();
    let text = call.received.text("description").unwrap_or_default();
    if call.received.is_on("published")
        && let Some(refusal) = hand_in(call, &video.to_string(), text, vec![url.clone()], None)
    {
        return refusal;
    }
    let object = Object::new(call.account, &url, Phase::HandedIn(call.channels.processing(call.account)));
    let is_published = call.received.is_on("published");
    call.channels.add_object(video.to_string(), Object { is_video: true, is_published, ..object });
    Answer::ok(json!({ "id": video }))
}

pub(super) fn start_reel(call: &Call<'_>) -> Answer {
    if call.received.text("upload_phase").is_none_or(|phase| phase != "start") {
        return Answer::graph(100);
    }
    if call.channels.is_exhausted(call.account) {
        // The vendor documents a limit and no code for it.
        return Answer::graph(613);
    }
    let video = call.channels.next_number();
    let object = Object::new(call.account, "", Phase::WaitingForUpload);
    call.channels.add_object(video.to_string(), Object { is_video: true, ..object });
    let upload_url = format!("{}/video-upload/v23.0/{video}", call.received.base_url);
    Answer::ok(json!({ "video_id": video, "upload_url": upload_url }))
}

/// The file is fetched from an address, or is the body with its size in a header.
pub(super) fn upload_reel(call: &Call<'_>) -> Answer {
    let received = call.received;
    let video = received.segments.last().cloned().unwrap_or_default();
    let (source, content) = match (received.header("file_url"), received.header("file_size")) {
        (Some(url), None) if url.starts_with("http") && call.intake.size == 0 => (url.to_owned(), None),
        (None, Some(size)) => {
            let is_whole = size.parse() == Ok(call.intake.size) && received.header("offset") == Some("0");
            if !is_whole || !call.intake.is_kept_whole() {
                return Answer::graph(100);
            }
            (String::new(), Some(Content { size: call.intake.size, sha256: call.intake.digest.hex() }))
        }
        _ => return Answer::graph(100),
    };
    let uploaded = call.channels.change_object(&video, |object| {
        if object.phase == Phase::WaitingForUpload {
            (object.source, object.content, object.phase) = (source, content, Phase::Uploaded);
        }
    });
    if uploaded { Answer::ok(json!({ "success": true })) } else { Answer::graph(100) }
}

pub(super) fn finish_reel(call: &Call<'_>) -> Answer {
    let received = call.received;
    let video = received.text("video_id").unwrap_or_default();
    let of_page = call.channels.object(&video).filter(|object| object.account == call.account);
    let Some(object) = of_page.filter(|object| object.phase == Phase::Uploaded) else { return Answer::graph(100) };
    let is_published = match received.text("video_state").as_deref() {
        Some("PUBLISHED") => true,
        Some("DRAFT") => false,
        _ => return Answer::graph(100),
    };
    let text = received.text("description").unwrap_or_default();
    if is_published && let Some(refusal) = hand_in(call, &video, text, vec![object.source], object.content) {
        return refusal;
    }
    let phase = Phase::HandedIn(call.channels.processing(call.account));
    call.channels.change_object(&video, |object| (object.phase, object.is_published) = (phase, is_published));
    Answer::ok(json!({ "success": true }))
}

/// Makes a post that is seen after processing, unless the page refuses to say the same twice in a row.
fn hand_in(call: &Call<'_>, video: &str, text: String, media: Vec<String>, content: Option<Content>) -> Option<Answer> {
    if let Some(refusal) = call.repeats_itself(&text) {
        return Some(refusal);
    }
    let (id, source, post) = (call.post_id(video), text.clone(), call.post(Site::Facebook));
    call.channels.ledger().add_processing(Post { id: id.clone(), text, source, media, content, ..post });
    if call.channels.processing(call.account).is_ready() {
        call.channels.show(&id);
    }
    None
}

/// The page's videos, also those in processing.
pub(super) fn list_videos(call: &Call<'_>) -> Answer {
    let number = |post: &Post| post.id.rsplit('_').next().and_then(|number| number.parse::<u64>().ok());
    let is_video = |post: &Post| {
        let number = number(post).map(|number| number.to_string()).unwrap_or_default();
        call.channels.object(&number).is_some_and(|object| object.is_video)
    };
    let mut posts = call.channels.listed_posts(call.account);
    posts.extend(call.channels.ledger().posts_in_processing(call.account));
    posts.retain(is_video);
    list(call, posts, |post| json!({ "id": number(post), "description": post.text, "post_id": post.id }))
}

/// How far a video is. Reading it shows the post once processing has ended well.
pub(super) fn read(call: &Call<'_>) -> Answer {
    let id = call.received.segments.first().cloned().unwrap_or_default();
    let Some(object) = call.channels.object(&id) else { return Answer::graph(100) };
    let post = call.post_id(&id);
    let status = match (object.phase, call.channels.read_object(&id)) {
        (Phase::WaitingForUpload | Phase::Uploaded, _) => status("upload_complete", "not_started", "not_started"),
        (_, None) => status("processing", "in_progress", "not_started"),
        (_, Some(Ending::Ready | Ending::Stuck)) => {
            call.channels.show(&post);
            status("ready", "complete", "complete")
        }
        (_, Some(Ending::Expired)) => {
            call.channels.ledger().take_processing(&post);
            status("expired", "not_started", "not_started")
        }
        (_, Some(Ending::Failed(reason) | Ending::Rejected(reason))) => {
            call.channels.ledger().take_processing(&post);
            let mut failed = status("error", "error", "not_started");
            failed["processing_phase"]["errors"] = json!([{ "code": 1_363_130, "message": reason }]);
            failed
        }
    };
    let number = id.parse::<u64>().map_or(Value::Null, Value::from);
    let permalink = format!("/reel/{id}/");
    let whole = json!({ "id": number, "status": status, "permalink_url": permalink, "post_id": post, "published": object.is_published });
    chosen(call.received, &whole).map_or_else(|| Answer::graph(100), Answer::ok)
}

fn status(video: &str, processing: &str, publishing: &str) -> Value {
    json!({
        "video_status": video, "uploading_phase": { "status": "complete" },
        "processing_phase": { "status": processing }, "publishing_phase": { "status": publishing },
    })
}
