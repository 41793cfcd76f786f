//! Types of publishing: words, formats and options as requests spell them, entries as calendars and weeks hold them.

use serde_json::{Map, Value, json};

use super::{
    options::{PrivacyLevel, Visibility},
    *,
};
use crate::{
    brands::Platform,
    calendar::EntryKey,
    platform::{id::EntryId, metrics::CHANNELS},
};

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().expect("an object")
}

#[test]
fn every_platform_of_a_brand_is_a_channel() {
    let mut channels: Vec<_> = Channel::ALL.iter().map(|channel| channel.as_str()).collect();
    let mut platforms: Vec<_> = Platform::ALL.iter().map(|platform| platform.as_str()).collect();
    channels.sort_unstable();
    platforms.sort_unstable();
    assert_eq!(channels, platforms);
}

#[test]
fn every_channel_has_samples_from_the_start() {
    let channels: Vec<_> = Channel::ALL.iter().map(|channel| channel.as_str()).collect();
    assert_eq!(channels, CHANNELS);
}

#[test]
fn open_intents_are_live_and_final_ones_only_if_published() {
    for status in IntentStatus::ALL {
        let expected = match status {
            IntentStatus::Published => (false, true),
            IntentStatus::Failed | IntentStatus::Cancelled | IntentStatus::DryRun => (false, false),
            _ => (true, true),
        };
        assert_eq!((status.is_open(), status.is_live()), expected, "{status}");
    }
}

#[test]
fn a_format_that_is_none_is_a_post() {
    for (text, expected) in [
        ("reel", PublishFormat::Reel),
        (" Story ", PublishFormat::Story),
        ("newsletter", PublishFormat::Newsletter),
        ("photo", PublishFormat::Post),
        ("", PublishFormat::Post),
    ] {
        assert_eq!(PublishFormat::of(text), expected, "{text:?}");
    }
}

#[test]
fn options_are_read_as_requests_spell_them() {
    let text = json!({
        "tiktok": {"privacyLevel": "SELF_ONLY", "allowComment": true, "allowDuet": null},
        "youtube": {"privacyStatus": "unlisted", "madeForKids": false, "tags": ["a b"]},
        "linkedin": {"visibility": "CONNECTIONS"},
        "instagram": {"shareToFeed": false},
    });
    let options: Options = serde_json::from_value(text).unwrap();
    assert_eq!(options.tiktok.privacy_level, Some(PrivacyLevel::OnlySelf));
    assert_eq!(options.tiktok.allow_duet, None);
    assert_eq!(options.of_channel(Channel::Tiktok), json!({"privacyLevel": "SELF_ONLY", "allowComment": true}));
    assert_eq!(options.of_channel(Channel::Facebook), json!({}));
    assert_eq!(serde_json::from_value::<Options>(json!({})).unwrap(), Options::default());
    for wrong in [
        json!({"facebook": {}}),
        json!({"tiktok": {"privacy_level": "SELF_ONLY"}}),
        json!({"tiktok": {"privacyLevel": "EVERYBODY"}}),
        json!({"youtube": {"madeForKids": "no"}}),
    ] {
        assert!(serde_json::from_value::<Options>(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn settings_have_the_shape_of_their_channels_options() {
    let settings = Options::of_settings(Channel::Linkedin, object(json!({"visibility": "PUBLIC"}))).unwrap();
    assert_eq!(settings.linkedin.visibility, Some(Visibility::Public));
    for channel in Channel::ALL {
        assert_eq!(Options::of_settings(*channel, Map::new()).unwrap(), Options::default(), "{channel}");
        assert!(Options::of_settings(*channel, object(json!({"other": 1}))).is_err(), "{channel}");
    }
}

#[test]
fn an_option_of_the_request_wins_over_the_accounts() {
    let settings =
        Options::of_settings(Channel::Tiktok, object(json!({"privacyLevel": "SELF_ONLY", "allowDuet": true})));
    let request: Options = serde_json::from_value(json!({"tiktok": {"privacyLevel": "PUBLIC_TO_EVERYONE"}})).unwrap();

    let both = request.or(&settings.unwrap());

    assert_eq!(both.tiktok.privacy_level, Some(PrivacyLevel::Public));
    assert_eq!(both.tiktok.allow_duet, Some(true));
}

#[test]
fn a_calendars_entry_is_published_as_it_is_saved() {
    let fields = json!({
        "channel": "instagram", "date": "2026-01-26", "time": "09:00", "timezone": "America/Los_Angeles",
        "title": "T", "format": "Reel", "caption": "C", "hashtags": ["#a", "#b"],
        "media": [{"url": "https://cdn.example/a.mp4", "type": "video"}],
    });
    let saved = calendar::Entry {
        id: EntryId::fresh(),
        key: "instagram:2026-01-26:1".parse::<EntryKey>().unwrap(),
        version: 3,
        content: serde_json::from_value(fields).unwrap(),
        edited: std::collections::BTreeSet::new(),
        from_run: true,
        deleted: false,
        updated_at: DateTime::UNIX_EPOCH,
    };
    let calendar = CalendarId::fresh();

    let entry = Entry::of_calendar(calendar, None, &saved);

    assert_eq!((entry.id.as_str(), entry.version), (saved.id.to_string().as_str(), 3));
    assert_eq!((entry.format, entry.calendar_id), (PublishFormat::Reel, Some(calendar)));
    assert_eq!(entry.scheduled_at.to_rfc3339(), "2026-01-26T17:00:00+00:00");
    assert_eq!(entry.media.len(), 1);
}

#[test]
fn a_placement_has_its_own_account_and_its_tags_by_reach() {
    let placement: Placement = serde_json::from_value(json!({
        "placementId": "p1",
        "schedule": {"dayId": "2026-01-26", "scheduledAt": "2026-01-26T17:00:00Z", "timeOfDay": "morning"},
        "platform": {"name": "tiktok", "accountId": "acct_1"},
        "seed": {"trendId": "t1", "source": "trend"},
        "content": {"type": "reel", "format": "Reel", "titleTopic": "T"},
        "creative": {"creativeIdea": "I"},
        "copy": {"caption": "C", "hashtags": {"high": ["#h"], "medium": ["#m"], "low": ["#l"]}},
    }))
    .unwrap();

    let entry = Entry::of_placement(&placement, 1, None, Vec::new());

    assert_eq!((entry.channel.as_str(), entry.account_id.as_deref()), ("tiktok", Some("acct_1")));
    assert_eq!((entry.title.as_str(), entry.hashtags.join(" ").as_str()), ("T", "#h #m #l"));
    assert_eq!(entry.calendar_id, None);
}
