//! Instagram: a container is made of the media's addresses, Meta fetches them, and the finished container is published.
//! <https://developers.facebook.com/docs/instagram-platform/content-publishing>

use serde_json::{Map, Value, json};

use super::{
    Post, Rendered, Request, Visual, check_count, media_count, media_required, only_video,
    text::{check_length, marked_words, utf16_units},
};
use crate::{
    calendar::{Medium, MediumType},
    platform::error::Code,
    publishing::{Problem, PublishFormat, Warning},
};

const CAPTION_UNITS: usize = 2_200;
const HASHTAGS: usize = 30;
const MENTIONS: usize = 20;
const CAROUSEL_MIN: usize = 2;
const CAROUSEL_MAX: usize = 10;

pub(super) fn render(post: &Post<'_>) -> Result<Rendered, Problem> {
    let media = &post.entry.media;
    match (post.entry.format, Visual::of(media)) {
        (PublishFormat::Newsletter, _) => Err(post.unsupported("Instagram")),
        (_, Visual::None) => Err(media_required("a picture or a video")),
        (PublishFormat::Story, Visual::Image(medium) | Visual::Video(medium)) => Ok(story(post, medium)),
        (PublishFormat::Story, _) => Err(media_count("A story has exactly one picture or video.", 1)),
        (PublishFormat::Reel | PublishFormat::Video, _) => reel(post, only_video(media)?),
        (PublishFormat::Post, Visual::Image(image)) => picture(post, image),
        (PublishFormat::Post, Visual::Video(video)) => reel(post, video),
        (PublishFormat::Post | PublishFormat::Carousel, _) => carousel(post, media),
    }
}

fn picture(post: &Post<'_>, image: &Medium) -> Result<Rendered, Problem> {
    let mut container = source(image);
    container.insert("caption".to_owned(), caption(post)?.into());
    Ok(published(post, Vec::new(), container))
}

fn reel(post: &Post<'_>, video: &Medium) -> Result<Rendered, Problem> {
    let mut container = source(video);
    container.insert("media_type".to_owned(), "REELS".into());
    container.insert("caption".to_owned(), caption(post)?.into());
    if let Some(share) = post.options.instagram.share_to_feed {
        container.insert("share_to_feed".to_owned(), share.into());
    }
    Ok(published(post, Vec::new(), container))
}

/// Stories take no caption: a text is said to be left out, and hinders nothing.
fn story(post: &Post<'_>, medium: &Medium) -> Rendered {
    let mut container = source(medium);
    // Alternative texts are for posts only.
    container.remove("alt_text");
    container.insert("media_type".to_owned(), "STORIES".into());
    let mut rendered = published(post, Vec::new(), container);
    if !post.text().is_empty() {
        let message = "Instagram shows no text with a story; caption and hashtags are not published.";
        rendered.warnings.push(Warning::new(Code::TextIgnored, "caption", message));
    }
    rendered
}

fn carousel(post: &Post<'_>, media: &[Medium]) -> Result<Rendered, Problem> {
    check_count(media, CAROUSEL_MIN, CAROUSEL_MAX)?;
    let caption = caption(post)?;
    let mut requests = Vec::new();
    for (number, medium) in (1..).zip(media) {
        let mut item = source(medium);
        item.insert("is_carousel_item".to_owned(), true.into());
        if medium.kind == MediumType::Video {
            item.insert("media_type".to_owned(), "VIDEO".into());
        }
        requests.push(create(post, &format!("create_item_{number}"), item));
        if medium.kind == MediumType::Video {
            requests.push(status(post, &format!("item_{number}_status"), &format!("item_{number}_id")));
        }
    }
    let children: Vec<_> = (1..=media.len()).map(|number| post.later_text(&format!("item_{number}_id"))).collect();
    let container = json!({"media_type": "CAROUSEL", "children": children.join(","), "caption": caption});
    let container = container.as_object().cloned().unwrap_or_default();
    Ok(published(post, requests, container))
}

/// The requests that are the same for everything: quota first, the container after its items, then its publication.
fn published(post: &Post<'_>, items: Vec<Request>, container: Map<String, Value>) -> Rendered {
    let (account, media) = (post.account_segment(), post.later_segment("media_id"));
    let quota = format!("{account}/content_publishing_limit?fields=quota_usage,config");
    let mut requests = vec![Request::get("check_quota", post.graph_url(&quota))];
    requests.extend(items);
    requests.extend([
        create(post, "create_container", container),
        status(post, "container_status", "container_id"),
        Request::post(
            "publish",
            post.graph_url(&format!("{account}/media_publish")),
            json!({"creation_id": post.later("container_id")}),
        ),
        Request::get("permalink", post.graph_url(&format!("{media}?fields=id,permalink,timestamp"))),
    ]);
    Rendered { requests, warnings: Vec::new() }
}

fn create(post: &Post<'_>, step: &str, container: Map<String, Value>) -> Request {
    let url = post.graph_url(&format!("{}/media", post.account_segment()));
    Request::post(step, url, Value::Object(container))
}

fn status(post: &Post<'_>, step: &str, container: &str) -> Request {
    let container = post.later_segment(container);
    Request::get(step, post.graph_url(&format!("{container}?fields=status_code,status")))
}

fn source(medium: &Medium) -> Map<String, Value> {
    let mut source = Map::new();
    match medium.kind {
        MediumType::Image => source.insert("image_url".to_owned(), medium.url.as_str().into()),
        MediumType::Video => source.insert("video_url".to_owned(), medium.url.as_str().into()),
    };
    if let Some(alt) = medium.alt.as_deref().filter(|alt| !alt.is_empty() && medium.kind == MediumType::Image) {
        source.insert("alt_text".to_owned(), alt.into());
    }
    source
}

fn caption(post: &Post<'_>) -> Result<String, Problem> {
    let text = post.text();
    check_length("caption", utf16_units(&text), CAPTION_UNITS, "characters")?;
    let (hashtags, mentions) = (marked_words(&text, '#'), marked_words(&text, '@'));
    if hashtags > HASHTAGS {
        let message = format!("The text has {hashtags} hashtags; Instagram takes at most {HASHTAGS}.");
        return Err(Problem::new(Code::TooManyHashtags, "hashtags", message).with_limit(HASHTAGS));
    }
    if mentions > MENTIONS {
        let message = format!("The text has {mentions} mentions; Instagram takes at most {MENTIONS}.");
        return Err(Problem::new(Code::TooManyMentions, "caption", message).with_limit(MENTIONS));
    }
    Ok(text)
}
