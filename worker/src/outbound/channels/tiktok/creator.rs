//! What an account lets its app post, as `creator_info` says it, and whether a post keeps to it. Pure.
//! It must never choose for the person: what the account does not allow is a failure that names what it does.
//! <https://developers.tiktok.com/doc/content-posting-api-reference-query-creator-info>

use std::time::Duration;

use almanac_shared::{
    platform::error::Code,
    publishing::{Problem, options::TiktokOptions},
};
use serde_json::Value;

use super::super::ids;

/// What an account allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Creator {
    /// The name in the addresses of its posts.
    pub(super) username: Option<String>,
    privacy_levels: Vec<String>,
    has_comments_off: bool,
    has_duets_off: bool,
    has_stitches_off: bool,
    longest: Option<Duration>,
}

/// What is posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Posting {
    Photos,
    /// A video, and its length if its first bytes say it.
    Video(Option<Duration>),
}

impl Creator {
    /// Reads an answer; `None` if it names no privacy level.
    pub(super) fn read(body: &Value) -> Option<Self> {
        let data = body.get("data")?;
        let is_on = |name: &str| data.get(name).and_then(Value::as_bool).unwrap_or(false);
        let levels = data.get("privacy_level_options")?.as_array()?.iter();
        let username = data.get("creator_username").and_then(Value::as_str).filter(|name| is_username(name));
        let longest = data.get("max_video_post_duration_sec").and_then(ids::number);
        let creator = Self {
            username: username.map(str::to_owned),
            privacy_levels: levels
                .filter_map(Value::as_str)
                .filter(|level| ids::is_word(level))
                .map(str::to_owned)
                .collect(),
            has_comments_off: is_on("comment_disabled"),
            has_duets_off: is_on("duet_disabled"),
            has_stitches_off: is_on("stitch_disabled"),
            longest: longest.and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs),
        };
        (!creator.privacy_levels.is_empty()).then_some(creator)
    }

    /// # Errors
    /// `OPTION_INVALID` or `MEDIA_DURATION`.
    pub(super) fn check(&self, options: &TiktokOptions, posting: Posting) -> Result<(), Problem> {
        let level = options.privacy_level.map(|level| level.as_str()).unwrap_or_default();
        if !self.privacy_levels.iter().any(|allowed| allowed == level) {
            let message = format!("The account allows {}.", self.privacy_levels.join(", "));
            return Err(Problem::new(Code::OptionInvalid, "options.tiktok.privacyLevel", message));
        }
        let is_video = matches!(posting, Posting::Video(_));
        for (option, what, asked, is_off) in [
            ("options.tiktok.allowComment", "comments", options.allow_comment, self.has_comments_off),
            ("options.tiktok.allowDuet", "duets", options.allow_duet, is_video && self.has_duets_off),
            ("options.tiktok.allowStitch", "stitches", options.allow_stitch, is_video && self.has_stitches_off),
        ] {
            if asked == Some(true) && is_off {
                let message = format!("The account has {what} switched off.");
                return Err(Problem::new(Code::OptionInvalid, option, message));
            }
        }
        match (posting, self.longest) {
            (Posting::Video(Some(length)), Some(longest)) if tenths(length) > tenths(longest) => {
                let message = format!("The account takes videos of at most {} seconds.", longest.as_secs());
                Err(Problem::new(Code::MediaDuration, "media", message))
            }
            _ => Ok(()),
        }
    }
}

/// Players round: a video of 60.04 s is one of 60 s.
fn tenths(length: Duration) -> u128 {
    (length.as_millis() + 50) / 100
}

/// Letters, digits, underscores and periods, which need no encoding in an address.
fn is_username(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use almanac_shared::publishing::options::PrivacyLevel;
    use serde_json::json;

    use super::*;

    fn creator(changes: &Value) -> Option<Creator> {
        let mut data = json!({
            "creator_username": "a.creator_1", "privacy_level_options": ["MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"],
            "comment_disabled": false, "duet_disabled": false, "stitch_disabled": false,
            "max_video_post_duration_sec": 60,
        });
        for (name, value) in changes.as_object().unwrap() {
            data[name] = value.clone();
        }
        Creator::read(&json!({ "data": data, "error": {"code": "ok"} }))
    }

    fn options() -> TiktokOptions {
        let level = Some(PrivacyLevel::OnlySelf);
        TiktokOptions {
            privacy_level: level,
            allow_comment: Some(true),
            allow_duet: Some(true),
            allow_stitch: Some(true),
            ..TiktokOptions::default()
        }
    }

    fn refusal(changes: &Value, options: &TiktokOptions, posting: Posting) -> Option<(Code, &'static str, String)> {
        let problem = creator(changes).unwrap().check(options, posting).err()?;
        Some((problem.code, problem.field.unwrap_or_default(), problem.message))
    }

    const MINUTE: Posting = Posting::Video(Some(Duration::from_secs(60)));

    #[test]
    fn a_privacy_level_that_the_account_lacks_is_refused_with_those_it_has() {
        let public = TiktokOptions { privacy_level: Some(PrivacyLevel::Public), ..options() };
        let expected = "The account allows MUTUAL_FOLLOW_FRIENDS, SELF_ONLY.".to_owned();
        for none in [public, TiktokOptions { privacy_level: None, ..options() }] {
            let (code, field, message) = refusal(&json!({}), &none, MINUTE).unwrap();
            assert_eq!((code, field, message), (Code::OptionInvalid, "options.tiktok.privacyLevel", expected.clone()));
        }
        assert_eq!(refusal(&json!({}), &options(), MINUTE), None);
    }

    #[test]
    fn what_the_account_has_switched_off_cannot_be_allowed() {
        for (name, option, of_photos) in [
            ("comment_disabled", "options.tiktok.allowComment", true),
            ("duet_disabled", "options.tiktok.allowDuet", false),
            ("stitch_disabled", "options.tiktok.allowStitch", false),
        ] {
            let off = json!({ name: true });
            let (code, field, _) = refusal(&off, &options(), MINUTE).unwrap();
            assert_eq!((code, field), (Code::OptionInvalid, option));
            assert_eq!(refusal(&off, &options(), Posting::Photos).is_some(), of_photos, "{name}");
            let silent = TiktokOptions { privacy_level: Some(PrivacyLevel::OnlySelf), ..TiktokOptions::default() };
            assert_eq!(refusal(&off, &silent, MINUTE), None, "{name}");
        }
    }

    #[test]
    fn a_video_is_not_longer_than_the_account_takes() {
        let of = |millis| Posting::Video(Some(Duration::from_millis(millis)));
        for (posting, is_refused) in [
            (of(60_049), false),
            (of(60_050), true),
            (of(1), false),
            (Posting::Video(None), false),
            (Posting::Photos, false),
        ] {
            let code = refusal(&json!({}), &options(), posting).map(|(code, ..)| code);
            assert_eq!(code, is_refused.then_some(Code::MediaDuration), "{posting:?}");
        }
        let unlimited = json!({ "max_video_post_duration_sec": null });
        assert_eq!(refusal(&unlimited, &options(), of(999_999)), None);
    }

    #[test]
    fn an_answer_without_privacy_levels_is_not_read() {
        for levels in [json!(null), json!([]), json!([7]), json!("SELF_ONLY")] {
            assert_eq!(creator(&json!({ "privacy_level_options": levels })), None);
        }
        assert_eq!(Creator::read(&json!({})), None);
        for name in ["", "a/b", "é", "a b"] {
            assert_eq!(creator(&json!({ "creator_username": name })).unwrap().username, None, "{name}");
        }
    }
}
