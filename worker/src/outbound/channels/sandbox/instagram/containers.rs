//! Containers: what Instagram fetches and processes before it is published.
//! <https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/media>

use std::collections::HashSet;

use almanac_shared::publishing::Channel;
use chrono::TimeDelta;
use http::StatusCode;
use serde_json::{Value, json};

use crate::outbound::channels::sandbox::{
    call::{Answer, Call, is_address, json as json_answer, text},
    folder::Folder,
    graph,
    uploads::{Upload, UploadKind, post_number},
};

const CAPTION_UNITS: usize = 2_200;
const CAROUSEL: std::ops::RangeInclusive<usize> = 2..=10;
const LIFE: TimeDelta = TimeDelta::hours(24);

/// What a container's status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    InProgress,
    Finished,
    Published,
    Expired,
}

impl State {
    const fn code_and_text(self) -> (&'static str, &'static str) {
        match self {
            Self::InProgress => ("IN_PROGRESS", "In Progress: Media is still being processed."),
            Self::Finished => ("FINISHED", "Finished: Media has been uploaded and it is ready to be published."),
            Self::Published => ("PUBLISHED", "Published: Media has been published."),
            Self::Expired => ("EXPIRED", "Expired: The container was not published within 24 hours."),
        }
    }
}

pub(super) fn create(call: &Call, folder: &Folder, account: &str) -> anyhow::Result<Answer> {
    let request = graph::parameters(call);
    if text(&request, "caption").encode_utf16().count() > CAPTION_UNITS {
        return Ok(graph::refused_for(36_004, 2_207_010, "The caption is too long"));
    }
    let media = if text(&request, "media_type") == "CAROUSEL" {
        match items(folder, account, &request)? {
            Ok(media) => media,
            Err(refusal) => return Ok(refusal),
        }
    } else {
        match single(&request) {
            Ok(media) => media,
            Err(message) => return Ok(graph::invalid(message)),
        }
    };
    let container = Upload {
        channel: Channel::Instagram,
        kind: UploadKind::Container,
        owner: account.to_owned(),
        created_at: folder.now(),
        size: None,
        urls: media.urls,
        is_processed: media.has_video,
        request,
    };
    Ok(json_answer(StatusCode::OK, &json!({"id": folder.add_upload(&container)?})))
}

/// What a container holds.
struct Media {
    urls: Vec<String>,
    has_video: bool,
}

/// One picture or one video.
fn single(request: &Value) -> Result<Media, &'static str> {
    let (image, video) = (text(request, "image_url"), text(request, "video_url"));
    let is_video = match (image.is_empty(), video.is_empty()) {
        (false, true) => false,
        (true, false) => true,
        _ => return Err("Exactly one of image_url and video_url is required"),
    };
    let is_item = graph::is_true(request.get("is_carousel_item"));
    match (text(request, "media_type"), is_video) {
        ("" | "IMAGE", false) | ("STORIES", _) | ("REELS", true) => {}
        ("VIDEO", true) if is_item => {}
        ("VIDEO", true) => return Err("media_type VIDEO is for items of carousels only; use REELS"),
        _ => return Err("media_type does not fit the medium"),
    }
    if is_video && request.get("alt_text").is_some() {
        return Err("alt_text is for pictures only");
    }
    let url = if is_video { video } else { image };
    if is_address(url) {
        Ok(Media { urls: vec![url.to_owned()], has_video: is_video })
    } else {
        Err("The address is not a valid URI")
    }
}

/// The items of a carousel, each a finished container of the same account.
fn items(folder: &Folder, account: &str, request: &Value) -> anyhow::Result<Result<Media, Answer>> {
    let ids = children(request);
    let wrong = |message| Ok(Err(graph::refused_for(100, 2_207_028, message)));
    if !CAROUSEL.contains(&ids.len()) || ids.iter().collect::<HashSet<_>>().len() != ids.len() {
        return wrong("A carousel needs 2 to 10 different children");
    }
    let mut media = Media { urls: Vec::new(), has_video: false };
    for id in &ids {
        let item = folder.upload(Channel::Instagram, UploadKind::Container, id)?;
        let Some(item) = item.filter(|item| item.owner == account && is_item(item)) else {
            return wrong("A child is not an item of a carousel of this account");
        };
        match state(folder, id, &item)? {
            State::InProgress => return Ok(Err(not_ready())),
            State::Expired => return wrong("A child is expired"),
            State::Finished | State::Published => {}
        }
        media.has_video |= item.is_processed;
        media.urls.extend(item.urls);
    }
    Ok(Ok(media))
}

/// A list, or a text with commas.
fn children(request: &Value) -> Vec<String> {
    match request.get("children") {
        Some(Value::Array(ids)) => ids.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => text(request, "children").split(',').filter(|id| !id.is_empty()).map(str::to_owned).collect(),
    }
}

pub(super) fn is_item(container: &Upload) -> bool {
    graph::is_true(container.request.get("is_carousel_item"))
}

/// Without a change: only a request for the status lets processing go on.
pub(super) fn state(folder: &Folder, id: &str, container: &Upload) -> anyhow::Result<State> {
    if folder.post(Channel::Instagram, &post_number(id)?.to_string())?.is_some() {
        return Ok(State::Published);
    }
    if container.is_older_than(LIFE, folder) {
        return Ok(State::Expired);
    }
    let is_finished = !container.is_processed || folder.was_looked_at(id)?;
    Ok(if is_finished { State::Finished } else { State::InProgress })
}

/// Videos are in progress once.
pub(super) fn status(call: &Call, folder: &Folder, id: &str, container: &Upload) -> anyhow::Result<Answer> {
    let state = state(folder, id, container)?;
    let (code, status) = state.code_and_text();
    let fields = graph::chosen(call, json!({"id": id, "status_code": code, "status": status}), "id");
    if state == State::InProgress && fields.get("status_code").is_some() {
        folder.is_first_look(id)?;
    }
    Ok(json_answer(StatusCode::OK, &fields))
}

pub(super) fn not_ready() -> Answer {
    graph::refused_for(9_007, 2_207_027, "The media is not ready to be published; wait a moment")
}
