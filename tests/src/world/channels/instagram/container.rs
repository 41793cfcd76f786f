//! Containers: what is to be published, by the addresses of its media. Meta fetches them and says how far it is.
//! <https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/media>

use serde_json::{Value, json};

use super::{Call, Ending, chosen};
use crate::{
    run::locked,
    world::channels::{answer::Answer, processing::Processing},
};

const CAPTION_UNITS: usize = 2_200;
const ALT_UNITS: usize = 1_000;
const HASHTAGS: usize = 30;
const MENTIONS: usize = 20;
const ITEMS: std::ops::RangeInclusive<usize> = 2..=10;

/// Parameters that a container may have. The vendor ignores others, which would hide a misspelt one.
const KNOWN: [&str; 15] = [
    "access_token",
    "image_url",
    "video_url",
    "media_type",
    "caption",
    "is_carousel_item",
    "children",
    "share_to_feed",
    "cover_url",
    "thumb_offset",
    "location_id",
    "user_tags",
    "collaborators",
    "alt_text",
    "audio_name",
];

/// A container, by its id.
#[derive(Clone, Debug)]
pub(in crate::world::channels) struct Container {
    pub account: String,
    /// `IMAGE`, `VIDEO`, `REELS`, `STORIES` or `CAROUSEL`.
    pub kind: &'static str,
    pub is_item: bool,
    pub caption: String,
    /// Addresses.
    pub media: Vec<String>,
    pub processing: Processing,
    /// What it was published as.
    pub medium: Option<String>,
}

/// Why there is no container: code and sub-code.
type Flaw = (i64, i64);

const INVALID: Flaw = (100, 2_207_023);

pub(super) fn create(call: &Call<'_>) -> Answer {
    let container = match container(call) {
        Ok(container) => container,
        Err((code, subcode)) => return Answer::graph_sub(code, subcode),
    };
    let id = (18_000_000_000_000_000 + call.channels.next_number() % 90_000_000_000_000).to_string();
    locked(&call.channels.containers).insert(id.clone(), container);
    Answer::ok(json!({ "id": id }))
}

fn container(call: &Call<'_>) -> Result<Container, Flaw> {
    let fields = call.received.fields.as_object().ok_or(INVALID)?;
    if fields.keys().any(|name| !KNOWN.contains(&name.as_str())) {
        return Err(INVALID);
    }
    let text = |name: &str| match &call.received.fields[name] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.as_str())),
        _ => Err(INVALID),
    };
    let is_item = flag(&call.received.fields["is_carousel_item"])?.unwrap_or(false);
    let sources = (text("image_url")?, text("video_url")?, !call.received.fields["children"].is_null());
    let (kind, url) = match (text("media_type")?, sources) {
        (None | Some("IMAGE"), (Some(url), None, false)) => ("IMAGE", Some(url)),
        (Some("VIDEO"), (None, Some(url), false)) if is_item => ("VIDEO", Some(url)),
        (Some("REELS"), (None, Some(url), false)) if !is_item => ("REELS", Some(url)),
        (Some("STORIES"), (Some(url), None, false) | (None, Some(url), false)) if !is_item => ("STORIES", Some(url)),
        (Some("CAROUSEL"), (None, None, true)) if !is_item => ("CAROUSEL", None),
        _ => return Err(INVALID),
    };
    let caption = text("caption")?.unwrap_or_default();
    check_texts(kind, caption, text("alt_text")?, is_item)?;
    if flag(&call.received.fields["share_to_feed"])?.is_some() && kind != "REELS" {
        return Err(INVALID);
    }
    let media = match url {
        Some(url) if url.starts_with("http://") || url.starts_with("https://") => vec![url.to_owned()],
        Some(_) => return Err((9_004, 2_207_052)),
        None => items(call)?,
    };
    let is_video = text("video_url")?.is_some();
    Ok(Container {
        account: call.account.to_owned(),
        kind,
        is_item,
        caption: caption.to_owned(),
        media,
        processing: processing(call, is_video),
        medium: None,
    })
}

/// A truth value, also of a form.
fn flag(value: &Value) -> Result<Option<bool>, Flaw> {
    match (value, value.as_str()) {
        (Value::Null, _) => Ok(None),
        (Value::Bool(flag), _) => Ok(Some(*flag)),
        (_, Some("true")) => Ok(Some(true)),
        (_, Some("false")) => Ok(Some(false)),
        _ => Err(INVALID),
    }
}

fn check_texts(kind: &str, caption: &str, alt: Option<&str>, is_item: bool) -> Result<(), Flaw> {
    let marked = |mark: char| {
        let words = caption.split_whitespace();
        words.filter(|word| word.starts_with(mark) && word.len() > 1).count()
    };
    if caption.chars().count() > CAPTION_UNITS {
        return Err((36_004, 2_207_010));
    }
    if marked('#') > HASHTAGS || marked('@') > MENTIONS {
        return Err((100, 2_207_040));
    }
    let has_no_caption = is_item || kind == "STORIES";
    let is_alt_taken = kind == "IMAGE" && alt.is_none_or(|alt| alt.chars().count() <= ALT_UNITS);
    if (has_no_caption && !caption.is_empty()) || (alt.is_some() && !is_alt_taken) {
        return Err(INVALID);
    }
    Ok(())
}

/// The addresses of a carousel's items, which must be finished.
fn items(call: &Call<'_>) -> Result<Vec<String>, Flaw> {
    let children = &call.received.fields["children"];
    let ids: Vec<&str> = match children {
        Value::String(text) => text.split(',').map(str::trim).collect(),
        Value::Array(items) => items.iter().map(|item| item.as_str().unwrap_or_default()).collect(),
        _ => return Err(INVALID),
    };
    if !ITEMS.contains(&ids.len()) {
        return Err((100, 2_207_028));
    }
    let containers = locked(&call.channels.containers);
    let mut media = Vec::new();
    for id in ids {
        let item = containers.get(id).filter(|item| item.account == call.account && item.is_item);
        let item = item.ok_or((24, 2_207_006))?;
        if !item.processing.is_ready() {
            return Err((9_007, 2_207_027));
        }
        media.extend(item.media.iter().cloned());
    }
    Ok(media)
}

/// Images and carousels of finished items are finished at once.
fn processing(call: &Call<'_>, is_video: bool) -> Processing {
    if is_video {
        return call.channels.processing(call.account);
    }
    let ending = call.channels.account_state(call.account, |it| it.ending.clone());
    Processing::new(0, ending.unwrap_or_default())
}

pub(super) fn read(call: &Call<'_>) -> Answer {
    let id = call.received.segments.first().cloned().unwrap_or_default();
    let Some(shown) = locked(&call.channels.containers).get_mut(&id).map(|container| {
        let end = container.processing.read();
        status(end, container.medium.is_some())
    }) else {
        return Answer::graph_sub(24, 2_207_006);
    };
    let (code, text) = shown;
    let whole = json!({ "id": id, "status_code": code, "status": text });
    chosen(call.received, &whole).map_or_else(|| Answer::graph(100), Answer::ok)
}

fn status(end: Option<Ending>, is_published: bool) -> (&'static str, String) {
    match end {
        _ if is_published => ("PUBLISHED", "Published: Media has been published.".to_owned()),
        None => ("IN_PROGRESS", "In Progress: Media is still being processed.".to_owned()),
        Some(Ending::Ready | Ending::Stuck) => {
            ("FINISHED", "Finished: Media has been uploaded and it is ready to be published.".to_owned())
        }
        Some(Ending::Failed(code) | Ending::Rejected(code)) => {
            ("ERROR", format!("Error: Media upload has failed with error code {code}"))
        }
        Some(Ending::Expired) => ("EXPIRED", "Expired: The container was not published in time.".to_owned()),
    }
}
