//! The networks that the fakes stand for, and what differs between them by name only: base paths, apps, fields of forms.
//! Tests name a network by it; all modules of the fakes use it.

use super::Step;

/// The app that Almanac is at Facebook: id and secret. The token endpoints accept no other.
pub const FACEBOOK_APP: [&str; 2] = ["771100220033", "facebook-app-secret-canary-41d0"];
/// The same at LinkedIn.
pub const LINKEDIN_APP: [&str; 2] = ["77x1almanac", "linkedin-client-secret-canary-9b3e"];
/// The same at Instagram, for accounts that were connected by Instagram's own login.
pub const INSTAGRAM_APP: [&str; 2] = ["771100220044", "instagram-app-secret-canary-c27a"];
/// The same at TikTok; the id is called a key there.
pub const TIKTOK_APP: [&str; 2] = ["awalmanac7k2", "tiktok-client-secret-canary-60fe"];
/// The same at Google, for YouTube.
pub const GOOGLE_APP: [&str; 2] = ["7711-almanac.apps.example", "google-client-secret-canary-e815"];

/// Which fake a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Site {
    /// Facebook's Graph API.
    Facebook,
    /// LinkedIn's API.
    Linkedin,
    /// Instagram's Graph API, for both kinds of login.
    Instagram,
    /// TikTok's Content Posting API.
    Tiktok,
    /// YouTube's Data API.
    Youtube,
    /// The host of media.
    Media,
}

impl Site {
    /// The five networks.
    pub const NETWORKS: [Self; 5] = [Self::Instagram, Self::Tiktok, Self::Linkedin, Self::Facebook, Self::Youtube];

    const ALL: [Self; 6] = [Self::Facebook, Self::Linkedin, Self::Instagram, Self::Tiktok, Self::Youtube, Self::Media];

    /// Its name in Almanac, and its path below the world's address.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Facebook => "facebook",
            Self::Linkedin => "linkedin",
            Self::Instagram => "instagram",
            Self::Tiktok => "tiktok",
            Self::Youtube => "youtube",
            Self::Media => "media",
        }
    }

    /// The request that tells whether a post exists whose answer was lost.
    pub const fn look_up_step(self) -> Step {
        match self {
            Self::Facebook | Self::Linkedin | Self::Media => Step::LookUp,
            Self::Instagram | Self::Tiktok => Step::Status,
            Self::Youtube => Step::Probe,
        }
    }

    /// Whether it speaks Meta's Graph API.
    pub(super) const fn is_graph(self) -> bool {
        matches!(self, Self::Facebook | Self::Instagram)
    }

    /// The site of a path, and the path below it.
    pub(super) fn of_path(path: &str) -> Option<(Self, &str)> {
        let below = |site: Self| Some((site, path.strip_prefix('/')?.strip_prefix(site.name())?));
        Self::ALL.into_iter().filter_map(below).find(|(_, rest)| rest.starts_with('/'))
    }
}
