//! Brands and what belongs to them: accounts on platforms, trends, creative assets. The words; an organic week is
//! planned from them. Called by the API's routes and by the organic domain; rules, records and use-cases stand in
//! the files below. Nothing here knows a placement.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::values::wire_enum::{InvalidText, deserialize_from_str, wire_enum};

pub mod name;
pub mod rules;
pub mod service;
pub mod store;
pub mod terms;

macro_rules! named {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, sqlx::Type)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(String);

        impl $name {
            /// An id of our own making, for who did not choose one. Later ones sort after earlier ones.
            pub fn fresh() -> Self {
                Self(uuid::Uuid::now_v7().to_string())
            }

            /// The id.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidText;

            fn from_str(text: &str) -> Result<Self, InvalidText> {
                name::check(text).map(|()| Self(text.to_owned()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        deserialize_from_str! { $name }
    )*};
}

named! {
    /// A brand, unique among its owner's. Clients may choose it, e.g. `brand_123`.
    BrandId;
    /// An account on a platform, unique within its brand.
    AccountId;
    /// A trend, question or event, unique within its brand.
    TrendId;
    /// A creative asset, unique within its brand.
    AssetId;
}

wire_enum! {
    /// Where a brand has accounts.
    #[derive(sqlx::Type)]
    #[sqlx(type_name = "text", rename_all = "snake_case")]
    pub enum Platform {
        /// Instagram.
        Instagram = "instagram",
        /// LinkedIn.
        Linkedin = "linkedin",
        /// Facebook.
        Facebook = "facebook",
        /// TikTok.
        Tiktok = "tiktok",
        /// YouTube.
        Youtube = "youtube",
    }

    /// What kind of seed a trend is.
    #[derive(sqlx::Type)]
    #[sqlx(type_name = "text", rename_all = "snake_case")]
    pub enum TrendSource {
        /// Something people talk about.
        Trend = "trend",
        /// Something people ask.
        Question = "question",
        /// Something that happens on a day.
        Event = "event",
        /// Written by the brand itself.
        Manual = "manual",
    }

    /// What a creative asset is.
    #[derive(sqlx::Type)]
    #[sqlx(type_name = "text", rename_all = "snake_case")]
    pub enum AssetKind {
        /// A picture.
        Image = "image",
        /// A film.
        Video = "video",
        /// A sound.
        Audio = "audio",
        /// Anything to read.
        Document = "document",
    }

    /// Whether an account can be used. The last two refuse a placement with a code of their own.
    #[derive(sqlx::Type)]
    #[sqlx(type_name = "text", rename_all = "snake_case")]
    pub enum AccountState {
        /// It can.
        Connected = "connected",
        /// Its owner took the connection away: `ACCOUNT_DISCONNECTED`.
        Disconnected = "disconnected",
        /// The platform no longer takes our credentials: `AUTH_FAILED`.
        AuthFailed = "auth_failed",
    }
}

/// A brand profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brand {
    /// Its id.
    pub id: BrandId,
    /// Its name.
    pub name: String,
    /// IANA name of its usual zone; the zone of a request wins over it.
    pub timezone: String,
    /// Tone of voice, for the model.
    pub voice: Option<String>,
    /// The language it writes in, e.g. `en-US`.
    pub language: Option<String>,
    /// Made at.
    pub created_at: DateTime<Utc>,
    /// Last changed at.
    pub updated_at: DateTime<Utc>,
}

/// An account of a brand on a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Where it is.
    pub platform: Platform,
    /// What it is called there.
    pub name: String,
    /// Whether it can be used.
    pub state: AccountState,
    /// Made at.
    pub created_at: DateTime<Utc>,
    /// Last changed at.
    pub updated_at: DateTime<Utc>,
}

/// Something to write about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trend {
    /// Its id.
    pub id: TrendId,
    /// A headline.
    pub title: String,
    /// What kind of seed it is.
    pub source: TrendSource,
    /// More about it.
    pub description: Option<String>,
    /// The higher, the sooner it is taken.
    pub priority: i32,
    /// Tags, as they were sent.
    pub tags: Vec<String>,
    /// Made at.
    pub created_at: DateTime<Utc>,
    /// Last changed at.
    pub updated_at: DateTime<Utc>,
}

/// A picture, a film or the like that a placement may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Its id.
    pub id: AssetId,
    /// What it shows.
    pub title: String,
    /// What it is.
    pub kind: AssetKind,
    /// Where it is.
    pub url: Option<String>,
    /// Tags, as they were sent.
    pub tags: Vec<String>,
    /// Made at.
    pub created_at: DateTime<Utc>,
    /// Last changed at.
    pub updated_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_by_its_spelling_and_no_other() {
        for platform in Platform::ALL {
            assert_eq!(platform.to_string().parse(), Ok(*platform));
            assert_eq!(serde_json::to_value(platform).unwrap(), platform.as_str());
        }
        for state in AccountState::ALL {
            assert_eq!(serde_json::from_value::<AccountState>(state.as_str().into()).unwrap(), *state);
        }
        for wrong in ["", "Instagram", "newsletter", "auth-failed", "instagram "] {
            assert!(wrong.parse::<Platform>().is_err() && wrong.parse::<AccountState>().is_err(), "{wrong}");
        }
        assert_eq!("x".parse::<AssetKind>().unwrap_err().to_string(), "must be one of image, video, audio, document");
    }

    #[test]
    fn the_list_in_a_refusal_names_every_word() {
        fn named<T: FromStr<Err = InvalidText>>(all: &[T], spelling: impl Fn(&T) -> &'static str) {
            let Err(InvalidText(expected)) = "".parse::<T>() else { panic!("no word is empty") };
            let words: Vec<_> = all.iter().map(spelling).collect();
            assert_eq!(expected, format!("one of {}", words.join(", ")));
        }
        named(Platform::ALL, |word| word.as_str());
        named(TrendSource::ALL, |word| word.as_str());
        named(AssetKind::ALL, |word| word.as_str());
        named(AccountState::ALL, |word| word.as_str());
    }

    #[test]
    fn an_id_that_we_make_is_one() {
        assert!(BrandId::fresh().as_str().parse::<BrandId>().is_ok());
    }
}
