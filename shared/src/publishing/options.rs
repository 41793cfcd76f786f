//! What a person decides about a post besides its content: the options of a request, or the settings of an account.
//! A request's option wins over the account's; what neither names has the default that stands at its use, or is required.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Channel, Problem};
use crate::{platform::error::Code, values::wire_enum::wire_enum};

wire_enum! {
    /// Who sees a TikTok post. An account allows only some of them, which its `creator_info` lists.
    pub enum PrivacyLevel {
        /// Everybody.
        Public = "PUBLIC_TO_EVERYONE",
        /// Followers whom the account follows.
        Friends = "MUTUAL_FOLLOW_FRIENDS",
        /// Followers.
        Followers = "FOLLOWER_OF_CREATOR",
        /// The account only.
        OnlySelf = "SELF_ONLY",
    }

    /// Who sees a YouTube video.
    pub enum PrivacyStatus {
        /// The account, and whom it invites.
        Private = "private",
        /// Everybody.
        Public = "public",
        /// Whoever has the link.
        Unlisted = "unlisted",
    }

    /// Who sees a LinkedIn post.
    pub enum Visibility {
        /// Everybody.
        Public = "PUBLIC",
        /// Connections of the person.
        Connections = "CONNECTIONS",
        /// Members who are signed in.
        LoggedIn = "LOGGED_IN",
    }
}

/// Options of one channel: all may be absent, and null is as good as absent.
macro_rules! channel_options {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_doc])* #[serde(default, skip_serializing_if = "Option::is_none")] pub $field: Option<$type>,)*
        }

        impl $name {
            /// These options, completed by others.
            #[must_use]
            pub fn or(&self, others: &Self) -> Self {
                Self { $($field: self.$field.clone().or_else(|| others.$field.clone()),)* }
            }
        }
    )*};
}

channel_options! {
    /// Options of TikTok posts.
    TiktokOptions {
        /// Required: TikTok's rules leave the choice to the person.
        privacy_level: PrivacyLevel,
        /// Off unless a person allows it, as TikTok's rules ask.
        allow_comment: bool,
        /// Off unless a person allows it; videos only.
        allow_duet: bool,
        /// Off unless a person allows it; videos only.
        allow_stitch: bool,
        /// Advertises the brand of a third party.
        brand_content: bool,
        /// Advertises the account's own brand.
        brand_organic: bool,
        /// Declares the content as made by AI; videos only.
        ai_generated: bool,
    }
    /// Options of YouTube videos.
    YoutubeOptions {
        /// Private when absent.
        privacy_status: PrivacyStatus,
        /// Required by law: who publishes declares it.
        made_for_kids: bool,
        /// YouTube's number of a category.
        category_id: String,
        /// Keywords instead of the hashtags.
        tags: Vec<String>,
        /// YouTube's default when absent.
        notify_subscribers: bool,
        /// Declares realistic content as altered or synthetic.
        ai_generated: bool,
    }
    /// Options of LinkedIn posts.
    LinkedinOptions {
        /// Public when absent.
        visibility: Visibility,
    }
    /// Options of Instagram posts.
    InstagramOptions {
        /// Whether a reel is shown in the feed too; Instagram's default when absent.
        share_to_feed: bool,
    }
}

/// Options of a request, by channel. Facebook has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// Of TikTok.
    #[serde(default)]
    pub tiktok: TiktokOptions,
    /// Of YouTube.
    #[serde(default)]
    pub youtube: YoutubeOptions,
    /// Of LinkedIn.
    #[serde(default)]
    pub linkedin: LinkedinOptions,
    /// Of Instagram.
    #[serde(default)]
    pub instagram: InstagramOptions,
}

impl Options {
    /// The settings of an account: an object with the options of its channel.
    ///
    /// # Errors
    /// It holds something else.
    pub fn of_settings(channel: Channel, settings: Map<String, Value>) -> serde_json::Result<Self> {
        let wrapped = match channel {
            Channel::Facebook if settings.is_empty() => Map::new(),
            _ => Map::from_iter([(channel.as_str().to_owned(), Value::Object(settings))]),
        };
        serde_json::from_value(wrapped.into())
    }

    /// The options of one channel, as a request or an account's settings spell them.
    pub fn of_channel(&self, channel: Channel) -> Value {
        let written = match channel {
            Channel::Tiktok => serde_json::to_value(&self.tiktok),
            Channel::Youtube => serde_json::to_value(&self.youtube),
            Channel::Linkedin => serde_json::to_value(&self.linkedin),
            Channel::Instagram => serde_json::to_value(&self.instagram),
            Channel::Facebook => Ok(Value::Object(Map::new())),
        };
        // Words, texts and booleans always have a JSON form.
        written.unwrap_or_default()
    }

    /// A request's options, completed by an account's settings.
    #[must_use]
    pub fn or(&self, settings: &Self) -> Self {
        Self {
            tiktok: self.tiktok.or(&settings.tiktok),
            youtube: self.youtube.or(&settings.youtube),
            linkedin: self.linkedin.or(&settings.linkedin),
            instagram: self.instagram.or(&settings.instagram),
        }
    }

    /// The option of a channel that a person has to decide and did not.
    pub fn missing(&self, channel: Channel) -> Option<Problem> {
        let (field, message) = match channel {
            Channel::Tiktok if self.tiktok.privacy_level.is_none() => {
                ("options.tiktok.privacyLevel", "TikTok needs to know who may see the post: set privacyLevel.")
            }
            Channel::Youtube if self.youtube.made_for_kids.is_none() => (
                "options.youtube.madeForKids",
                "YouTube needs to know whether the video is made for kids: set madeForKids.",
            ),
            _ => return None,
        };
        Some(Problem::new(Code::OptionRequired, field, message))
    }
}
