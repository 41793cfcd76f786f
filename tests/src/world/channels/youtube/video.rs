//! Videos: what may be said about one, and how far its processing is.
//! <https://developers.google.com/youtube/v3/docs/videos>

use serde_json::{Map, Value, json};

use super::{Answer, Call, Channels, has_parts, locked};
use crate::world::channels::processing::{Ending, Processing};

const TITLE_UNITS: usize = 100;
const DESCRIPTION_BYTES: usize = 5_000;
const TAGS_UNITS: usize = 500;

const SNIPPET: [&str; 6] = ["title", "description", "tags", "categoryId", "defaultLanguage", "defaultAudioLanguage"];
const STATUS: [&str; 7] = [
    "privacyStatus",
    "publishAt",
    "license",
    "embeddable",
    "publicStatsViewable",
    "selfDeclaredMadeForKids",
    "containsSyntheticMedia",
];

/// A video, by its id.
#[derive(Clone, Debug)]
pub(in crate::world::channels) struct Video {
    account: String,
    resource: Value,
    processing: Processing,
}

/// Why there is none, by its reason.
type Flaw = &'static str;

/// Checks the resource that a session is opened with. The vendor ignores members that it does not know, which would hide
/// a misspelt one.
pub(super) fn check(resource: &Value) -> Result<(), Flaw> {
    let invalid = "invalidVideoMetadata";
    let (snippet, status) = (&resource["snippet"], &resource["status"]);
    let is_known =
        has_only(resource, &["snippet", "status"]) && has_only(snippet, &SNIPPET) && has_only(status, &STATUS);
    if !is_known {
        return Err(invalid);
    }
    let title = snippet["title"].as_str().ok_or("invalidTitle")?;
    if title.trim().is_empty() || title.chars().count() > TITLE_UNITS || title.contains(['<', '>']) {
        return Err("invalidTitle");
    }
    let description = optional_text(&snippet["description"]).ok_or("invalidDescription")?;
    if description.len() > DESCRIPTION_BYTES || description.contains(['<', '>']) {
        return Err("invalidDescription");
    }
    check_tags(&snippet["tags"])?;
    if !optional_text(&snippet["categoryId"]).is_some_and(|id| id.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err("invalidCategoryId");
    }
    check_status(status)
}

fn check_tags(tags: &Value) -> Result<(), Flaw> {
    let tags: &[Value] = match tags {
        Value::Null => &[],
        Value::Array(tags) => tags,
        _ => return Err("invalidTags"),
    };
    let mut units = tags.len().saturating_sub(1);
    for tag in tags {
        let tag = tag.as_str().filter(|tag| !tag.is_empty()).ok_or("invalidTags")?;
        units += tag.chars().count() + if tag.contains(' ') { 2 } else { 0 };
    }
    if units > TAGS_UNITS { Err("invalidTags") } else { Ok(()) }
}

fn check_status(status: &Value) -> Result<(), Flaw> {
    let privacy = optional_text(&status["privacyStatus"]).unwrap_or("?");
    let flags = ["selfDeclaredMadeForKids", "containsSyntheticMedia", "embeddable", "publicStatsViewable"];
    if !matches!(privacy, "" | "private" | "public" | "unlisted") {
        return Err("invalidVideoMetadata");
    }
    if flags.iter().any(|name| !status[*name].is_boolean() && !status[*name].is_null()) {
        return Err("invalidVideoMetadata");
    }
    let is_scheduled_wrongly = !status["publishAt"].is_null() && privacy != "private";
    if is_scheduled_wrongly { Err("invalidPublishAt") } else { Ok(()) }
}

fn has_only(object: &Value, known: &[&str]) -> bool {
    let is_known = |members: &Map<String, Value>| members.keys().all(|name| known.contains(&name.as_str()));
    object.as_object().is_some_and(is_known)
}

/// Empty for null; `None` if it is no text.
fn optional_text(value: &Value) -> Option<&str> {
    if value.is_null() { Some("") } else { value.as_str() }
}

/// Eleven characters, of which some need no escape in an address though they look like it.
pub(super) fn new_id(number: u64) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let letter = |at: u32| LETTERS[usize::try_from((number >> (6 * at)) & 63).unwrap_or_default()];
    (0..11).map(|at| char::from(letter(if at < 10 { at } else { 0 }))).collect()
}

pub(super) fn add(call: &Call<'_>, id: &str, resource: &Value) {
    let processing = call.channels.processing(call.account);
    let video = Video { account: call.account.to_owned(), resource: resource.clone(), processing };
    locked(&call.channels.videos).insert(id.to_owned(), video);
}

/// A video as an upload answers it.
pub(super) fn resource(channels: &Channels, id: &str) -> Value {
    let videos = locked(&channels.videos);
    let video = videos.get(id);
    let snippet = video.map(|video| video.resource["snippet"].clone()).unwrap_or_default();
    let privacy = video.map(|video| privacy(&video.resource)).unwrap_or_default();
    json!({
        "kind": "youtube#video", "etag": format!("etag-{id}"), "id": id, "snippet": snippet,
        "status": { "uploadStatus": "uploaded", "privacyStatus": privacy },
    })
}

/// Without a word YouTube shows a video to all.
fn privacy(resource: &Value) -> Value {
    let stated = &resource["status"]["privacyStatus"];
    if stated.is_null() { "public".into() } else { stated.clone() }
}

/// The videos that `id` names, which may be several.
pub(super) fn read(call: &Call<'_>) -> Answer {
    let known = ["id", "snippet", "status", "processingDetails", "contentDetails", "statistics"];
    if !has_parts(call.received, &known, &[]) {
        return Answer::google("unknownPart");
    }
    let Some(ids) = call.received.query.get("id") else { return Answer::google("missingRequiredParameter") };
    let mut videos = locked(&call.channels.videos);
    let mut items = Vec::new();
    for id in ids.split(',') {
        if let Some(video) = videos.get_mut(id) {
            items.push(video.shown(id, call));
        }
    }
    Answer::ok(json!({
        "kind": "youtube#videoListResponse", "items": items,
        "pageInfo": { "totalResults": items.len(), "resultsPerPage": items.len() },
    }))
}

impl Video {
    fn shown(&mut self, id: &str, call: &Call<'_>) -> Value {
        let (status, details) = match self.processing.read() {
            None => (json!({ "uploadStatus": "uploaded" }), json!({ "processingStatus": "processing" })),
            Some(Ending::Ready | Ending::Stuck) => {
                (json!({ "uploadStatus": "processed" }), json!({ "processingStatus": "succeeded" }))
            }
            Some(Ending::Failed(reason)) => (
                json!({ "uploadStatus": "failed", "failureReason": reason }),
                json!({ "processingStatus": "failed", "processingFailureReason": "transcodeFailed" }),
            ),
            Some(Ending::Rejected(reason)) => (
                json!({ "uploadStatus": "rejected", "rejectionReason": reason }),
                json!({ "processingStatus": "terminated" }),
            ),
            Some(Ending::Expired) => {
                (json!({ "uploadStatus": "deleted" }), json!({ "processingStatus": "terminated" }))
            }
        };
        let mut item = json!({ "kind": "youtube#video", "id": id, "status": status });
        item["status"]["privacyStatus"] = privacy(&self.resource);
        // What is being done with a video is shown to its owner only.
        if self.account == call.account {
            item["processingDetails"] = details;
        }
        item
    }
}
