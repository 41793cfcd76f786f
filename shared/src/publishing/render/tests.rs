//! What each channel is sent for each format, held against golden files, and what each channel refuses.

use std::{fs, path::PathBuf};

use chrono::DateTime;
use serde_json::{Value, json};

use super::*;
use crate::publishing::PublishFormat;

fn image(name: &str) -> Medium {
    let alt = (name == "cup").then(|| "A cup on a table".to_owned());
    Medium { url: format!("https://cdn.example/{name}.jpg"), kind: MediumType::Image, alt }
}

fn video() -> Medium {
    Medium { url: "https://cdn.example/pour.mp4".to_owned(), kind: MediumType::Video, alt: None }
}

/// An entry with the media that its format usually has.
fn entry(channel: Channel, format: PublishFormat) -> Entry {
    let media = match (format, channel) {
        (PublishFormat::Carousel, _) => vec![image("cup"), image("beans"), image("steam")],
        (PublishFormat::Reel | PublishFormat::Video, _) | (PublishFormat::Post, Channel::Youtube) => vec![video()],
        _ => vec![image("cup")],
    };
    Entry {
        id: "0198f3c2-0000-7000-8000-000000000001".to_owned(),
        version: 1,
        channel: channel.to_string(),
        account_id: None,
        format,
        title: "Slow mornings".to_owned(),
        caption: "A cup (or two) before #work_day – who's in?".to_owned(),
        hashtags: vec!["#coffee".to_owned(), "#slowmorning".to_owned()],
        media,
        scheduled_at: DateTime::UNIX_EPOCH,
        run_id: None,
        calendar_id: None,
    }
}

fn account(channel: Channel) -> Account {
    let external_id = match channel {
        Channel::Linkedin => "urn:li:organization:2414183",
        _ => "17841400000000001",
    };
    Account {
        channel,
        account_id: "main".to_owned(),
        external_id: external_id.to_owned(),
        login: None,
        settings: Options::default(),
    }
}

fn options() -> Options {
    serde_json::from_value(json!({
        "tiktok": {"privacyLevel": "SELF_ONLY", "allowComment": true, "aiGenerated": true},
        "youtube": {"madeForKids": false, "categoryId": "22", "notifySubscribers": false, "aiGenerated": true},
        "instagram": {"shareToFeed": true},
    }))
    .expect("options")
}

fn rendered(channel: Channel, entry: &Entry) -> Result<Rendered, Problem> {
    let (account, options) = (account(channel), options());
    let post = Post {
        entry,
        account: Some(&account),
        options: &options,
        base_url: vendor_base_url(channel, account.login),
        known: &Known::new(),
    };
    render(channel, &post)
}

/// As a dry run shows it.
fn wire(rendered: Result<Rendered, Problem>) -> Value {
    match rendered {
        Ok(Rendered { requests, warnings }) => json!({"requests": requests, "warnings": warnings, "error": null}),
        Err(problem) => json!({"requests": [], "warnings": [], "error": problem}),
    }
}

fn golden(channel: Channel, format: PublishFormat) -> PathBuf {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/publishing"));
    folder.join(format!("{channel}_{format}.json"))
}

fn cases() -> impl Iterator<Item = (Channel, PublishFormat)> {
    let formats = |channel: &Channel| PublishFormat::ALL.iter().map(|format| (*channel, *format)).collect::<Vec<_>>();
    Channel::ALL.iter().flat_map(formats)
}

#[test]
fn every_format_of_every_channel_is_rendered_as_its_golden_file_says() {
    for (channel, format) in cases() {
        let path = golden(channel, format);
        let expected: Value = serde_json::from_str(&fs::read_to_string(&path).expect("a golden file")).expect("JSON");
        let found = wire(rendered(channel, &entry(channel, format)));
        assert_eq!(found, expected, "{}: {found:#}", path.display());
    }
}

#[test]
#[ignore = "writes the golden files; run it by hand after a wanted change and read the difference"]
fn write_the_golden_files() {
    for (channel, format) in cases() {
        let text = format!("{:#}\n", wire(rendered(channel, &entry(channel, format))));
        fs::write(golden(channel, format), text).expect("a file");
    }
}

/// What an adapter learns replaces its placeholders and nothing else, in the type that the vendor gave it.
#[test]
fn a_value_from_an_answer_never_changes_a_text() {
    let known: Known = [
        ("container_id", json!("17 89")),
        ("publish_id", json!("v_pub~1")),
        ("video_size", json!(50_000_123)),
        ("first_byte", json!(0)),
        ("last_byte", json!(9_999_999)),
        ("video_urn", json!("urn:li:video:C5")),
        ("part_etags", json!(["a", "b"])),
        ("upload_url", json!("https://upload.example/?token=x&id=1")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let caption = "{{container_id}} {{publish_id}} {{video_size}} {{video_urn}}";
    let step = |channel, step: &str| {
        let entry = Entry { caption: caption.to_owned(), hashtags: vec![], ..entry(channel, PublishFormat::Video) };
        let (account, options) = (account(channel), options());
        let base_url = vendor_base_url(channel, None);
        let post = Post { entry: &entry, account: Some(&account), options: &options, base_url, known: &known };
        let rendered = render(channel, &post).expect("rendered");
        rendered.requests.into_iter().find(|request| request.step == step).expect("the step")
    };

    assert_eq!(step(Channel::Instagram, "create_container").body["caption"], caption);
    assert_eq!(step(Channel::Instagram, "publish").body["creation_id"], "17 89");
    assert!(step(Channel::Instagram, "container_status").url.contains("/v23.0/17%2089?fields="));
    let init = step(Channel::Tiktok, "init_video").body;
    assert_eq!(
        (&init["post_info"]["title"], &init["source_info"]["video_size"]),
        (&json!(caption), &json!(50_000_123))
    );
    let upload = step(Channel::Tiktok, "upload");
    assert_eq!(upload.url, "https://upload.example/?token=x&id=1");
    assert_eq!(upload.headers["Content-Range"], "bytes 0-9999999/50000123");
    assert!(step(Channel::Linkedin, "video_status").url.ends_with("/rest/videos/urn%3Ali%3Avideo%3AC5"));
    let finalize = step(Channel::Linkedin, "finalize_video").body;
    assert_eq!(finalize["finalizeUploadRequest"]["uploadedPartIds"], json!(["a", "b"]));
}

#[test]
fn no_request_holds_a_token_or_a_blank_address() {
    for (channel, format) in cases() {
        let Ok(rendered) = rendered(channel, &entry(channel, format)) else { continue };
        let mut steps = std::collections::BTreeSet::new();
        for request in rendered.requests {
            assert!(request.headers.keys().all(|name| !name.eq_ignore_ascii_case("authorization")), "{request:?}");
            assert!(!request.url.contains("access_token"), "{request:?}");
            assert!(request.url.starts_with("https://") || request.url.starts_with("{{"), "{request:?}");
            assert!(steps.insert(request.step.clone()), "{channel} {format}: {} twice", request.step);
        }
    }
}

/// The code, field and limit of what refuses an entry.
fn refusal(channel: Channel, entry: &Entry) -> (Code, &'static str, Option<usize>) {
    let problem = rendered(channel, entry).expect_err("refused");
    (problem.code, problem.field.expect("a field"), problem.limit)
}

#[test]
fn media_that_a_channel_does_not_take_are_named() {
    use Channel::{Facebook, Instagram, Linkedin, Tiktok, Youtube};
    use PublishFormat::{Carousel, Post, Reel, Story, Video};
    let images = |count| vec![image("cup"); count];
    let mixed = || vec![video(), image("cup")];
    for (channel, format, media, code, limit) in [
        (Instagram, Post, vec![], Code::MediaRequired, None),
        (Instagram, Story, images(2), Code::MediaCount, Some(1)),
        (Instagram, Carousel, images(1), Code::MediaCount, Some(2)),
        (Instagram, Carousel, images(11), Code::MediaCount, Some(10)),
        (Instagram, Reel, images(1), Code::MediaType, None),
        (Instagram, Reel, vec![video(); 2], Code::MediaCount, Some(1)),
        (Tiktok, Post, vec![], Code::MediaRequired, None),
        (Tiktok, Video, images(1), Code::MediaType, None),
        (Tiktok, Carousel, mixed(), Code::MediaType, None),
        (Tiktok, Carousel, images(36), Code::MediaCount, Some(35)),
        (Linkedin, Carousel, vec![], Code::MediaRequired, None),
        (Linkedin, Carousel, images(1), Code::MediaCount, Some(2)),
        (Linkedin, Post, images(21), Code::MediaCount, Some(20)),
        (Linkedin, Post, mixed(), Code::MediaType, None),
        (Facebook, Reel, vec![], Code::MediaRequired, None),
        (Facebook, Carousel, images(1), Code::MediaCount, Some(2)),
        (Facebook, Post, mixed(), Code::MediaType, None),
        (Youtube, Post, vec![], Code::MediaRequired, None),
        (Youtube, Video, images(1), Code::MediaType, None),
    ] {
        let entry = Entry { media, ..entry(channel, format) };
        assert_eq!(refusal(channel, &entry), (code, "media", limit), "{channel} {format}");
    }
}

#[test]
fn several_pictures_of_a_post_are_published_together() {
    for (channel, create) in [
        (Channel::Instagram, "create_item_2"),
        (Channel::Tiktok, "init_photos"),
        (Channel::Linkedin, "upload_image_2"),
        (Channel::Facebook, "upload_photo_2"),
    ] {
        let entry = Entry { media: vec![image("cup"), image("beans")], ..entry(channel, PublishFormat::Post) };
        let rendered = rendered(channel, &entry).unwrap();
        assert!(rendered.requests.iter().any(|request| request.step == create), "{channel}");
    }
}

#[test]
fn an_address_that_no_vendor_can_fetch_is_refused() {
    for url in ["ftp://cdn.example/a.jpg", "https://", "https://user:secret@cdn.example/a.jpg", "nowhere", ""] {
        let medium = Medium { url: url.to_owned(), ..image("cup") };
        let entry = Entry { media: vec![medium], ..entry(Channel::Instagram, PublishFormat::Post) };
        assert_eq!(refusal(Channel::Instagram, &entry), (Code::MediaUrl, "media", None), "{url}");
    }
    let plain = Medium { url: "http://cdn.example/a.jpg".to_owned(), ..image("cup") };
    let plain = |channel| Entry { media: vec![plain.clone()], ..entry(channel, PublishFormat::Post) };
    assert_eq!(refusal(Channel::Tiktok, &plain(Channel::Tiktok)).0, Code::MediaUrl, "TikTok fetches by https only");
    assert!(rendered(Channel::Linkedin, &plain(Channel::Linkedin)).is_ok());
}

#[test]
fn texts_are_counted_in_each_channels_unit() {
    use Channel::{Facebook, Instagram, Linkedin, Tiktok, Youtube};
    use PublishFormat::{Post, Video};
    // An emoji is one character, two UTF-16 units, four bytes.
    for (channel, format, field, unit, fits, limit) in [
        (Instagram, Post, "caption", "😀", 1_100, 2_200),
        (Tiktok, Video, "caption", "😀", 1_100, 2_200),
        (Tiktok, Post, "caption", "é", 4_000, 4_000),
        (Tiktok, Post, "title", "é", 90, 90),
        (Linkedin, Post, "caption", "(", 3_000, 3_000),
        (Facebook, Post, "caption", "é", 63_206, 63_206),
        (Youtube, Video, "caption", "é", 2_500, 5_000),
        (Youtube, Video, "title", "😀", 50, 100),
    ] {
        let with = |count: usize| {
            let mut entry = Entry { hashtags: Vec::new(), ..entry(channel, format) };
            let text = unit.repeat(count);
            if field == "title" {
                entry.title = text
            } else {
                entry.caption = text
            }
            entry
        };
        assert!(rendered(channel, &with(fits)).is_ok(), "{channel} {field}");
        assert_eq!(refusal(channel, &with(fits + 1)), (Code::TextTooLong, field, Some(limit)), "{channel} {field}");
    }
}

#[test]
fn texts_that_a_channel_does_not_take_are_named() {
    let post = |channel| entry(channel, PublishFormat::Post);
    let blank = |channel| Entry { caption: " ".into(), hashtags: vec![], media: vec![], ..post(channel) };
    let tags = |channel, tag: &str, count| Entry { hashtags: vec![tag.to_owned(); count], ..post(channel) };
    let titled = |title: &str| Entry { title: title.to_owned(), ..post(Channel::Youtube) };
    for (channel, entry, expected) in [
        (Channel::Linkedin, blank(Channel::Linkedin), (Code::TextRequired, "caption", None)),
        (Channel::Facebook, blank(Channel::Facebook), (Code::TextRequired, "caption", None)),
        (Channel::Youtube, titled(""), (Code::TextRequired, "title", None)),
        (Channel::Youtube, titled("a > b"), (Code::TextInvalid, "title", None)),
        (Channel::Instagram, tags(Channel::Instagram, "#t", 30), (Code::TooManyHashtags, "hashtags", Some(30))),
        (Channel::Instagram, tags(Channel::Instagram, "@t", 21), (Code::TooManyMentions, "caption", Some(20))),
        // 26 tags of 17 characters, each with quotes, and 25 commas.
        (
            Channel::Youtube,
            tags(Channel::Youtube, "#a tag of 17 chars", 26),
            (Code::TextTooLong, "hashtags", Some(500)),
        ),
    ] {
        assert_eq!(refusal(channel, &entry), expected, "{channel}");
    }
    assert!(rendered(Channel::Youtube, &tags(Channel::Youtube, "#a tag of 17 chars", 25)).is_ok());
}

#[test]
fn what_a_person_must_decide_is_asked_for_after_the_content() {
    let without = |channel: Channel, media: Vec<Medium>| {
        let entry = Entry { media, ..entry(channel, PublishFormat::Video) };
        let (account, options) = (account(channel), Options::default());
        let post = Post {
            entry: &entry,
            account: Some(&account),
            options: &options,
            base_url: "https://x.example",
            known: &Known::new(),
        };
        render(channel, &post).expect_err("refused").code
    };
    for channel in [Channel::Tiktok, Channel::Youtube] {
        assert_eq!(without(channel, vec![video()]), Code::OptionRequired, "{channel}");
        assert_eq!(without(channel, vec![]), Code::MediaRequired, "{channel}");
    }
}

#[test]
fn branded_content_that_nobody_sees_is_refused() {
    let entry = entry(Channel::Tiktok, PublishFormat::Video);
    let options = json!({"tiktok": {"privacyLevel": "SELF_ONLY", "brandContent": true}});
    let options: Options = serde_json::from_value(options).unwrap();
    let post =
        Post { entry: &entry, account: None, options: &options, base_url: "https://x.example", known: &Known::new() };
    let problem = render(Channel::Tiktok, &post).unwrap_err();
    assert_eq!((problem.code, problem.field), (Code::OptionInvalid, Some("options.tiktok.brandContent")));
}

#[test]
fn the_login_of_an_instagram_account_decides_its_host() {
    let host = |login| vendor_base_url(Channel::Instagram, login);
    assert_eq!(host(None), "https://graph.instagram.com");
    assert_eq!(host(Some(Login::Instagram)), "https://graph.instagram.com");
    assert_eq!(host(Some(Login::Facebook)), "https://graph.facebook.com");
}

#[test]
fn an_account_id_stays_one_segment_of_the_path() {
    let entry = entry(Channel::Facebook, PublishFormat::Post);
    let account = Account { external_id: "../me?x=1#é".to_owned(), ..account(Channel::Facebook) };
    let options = Options::default();
    let post = Post {
        entry: &entry,
        account: Some(&account),
        options: &options,
        base_url: "https://x.example",
        known: &Known::new(),
    };
    let url = &render(Channel::Facebook, &post).unwrap().requests[0].url;
    assert_eq!(url, "https://x.example/v23.0/..%2Fme%3Fx%3D1%23%C3%A9/photos");
    let post = Post { account: None, ..post };
    let url = &render(Channel::Facebook, &post).unwrap().requests[0].url;
    assert_eq!(url, "https://x.example/v23.0/{{account_id}}/photos");
}
