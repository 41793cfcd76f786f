//! Brands and what belongs to them: accounts on platforms, trends, creative assets. The words; an organic week is
//! planned from them. Called by the API's routes and by the organic domain; rules, records and use-cases stand in
//! the files below. Nothing here knows a placement.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, de};

pub mod name;
pub mod rules;
pub mod service;
pub mod store;
pub mod terms;

/// A text that should be a word of brands and is none; says what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be {0}")]
pub struct Malformed(pub &'static str);

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
            type Err = Malformed;

            fn from_str(text: &str) -> Result<Self, Malformed> {
                name::check(text).map(|()| Self(text.to_owned()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
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

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident, $expected:literal { $($(#[$variant_doc:meta])* $variant:ident = $wire:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
        #[sqlx(type_name = "text")]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $wire)] #[sqlx(rename = $wire)] $variant,)*
        }

        impl $name {
            /// Every one there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The spelling on the wire and in the store.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $wire,)* }
            }
        }

        impl FromStr for $name {
            type Err = Malformed;

            fn from_str(text: &str) -> Result<Self, Malformed> {
                let expected = Malformed(concat!("one of ", $expected));
                Self::ALL.iter().copied().find(|word| word.as_str() == text).ok_or(expected)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )*};
}

words! {
    /// Where a brand has accounts.
    Platform, "instagram, linkedin, facebook, tiktok, youtube" {
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
    TrendSource, "trend, question, event, manual" {
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
    AssetKind, "image, video, audio, document" {
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
    AccountState, "connected, disconnected, auth_failed" {
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
    /// How it speaks, for the model.
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
        fn named<T: FromStr<Err = Malformed>>(all: &[T], spelling: impl Fn(&T) -> &'static str) {
            let Err(Malformed(expected)) = "".parse::<T>() else { panic!("no word is empty") };
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
