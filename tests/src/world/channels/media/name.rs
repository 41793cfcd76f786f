//! Names of videos that say what they are and how the host behaves: `video-12s-720x1280-50MiB-weak-slow256.mp4`.
//!
//! The words stand in any order; a name with another word is not found. Numbers count requests by `GET` of one path, from 1;
//! tests that use them give each video a folder of its own.
//!
//! | word | what |
//! |---|---|
//! | `12s`, `1500ms` | duration (12 s) |
//! | `720x1280` | width and height |
//! | `50MiB`, `5KiB`, `10GB`, `3MB`, `100000B` | size (64 KiB); at least what the description of the video needs |
//! | `n7` | another content of the same form |
//! | `tail` | the description of the video stands at the end of the file |
//! | `bare` | it has none |
//! | `norange` | `Range` is ignored, each answer is the whole file |
//! | `nolength` | no `Content-Length`: chunked |
//! | `weak` | a weak `ETag` |
//! | `dated` | no `ETag`, a `Last-Modified` |
//! | `untagged` | neither |
//! | `changes3` | another content and another `ETag` (or date) after the third request |
//! | `grows3` | 1 KiB longer after the third request, with the same `ETag` |
//! | `cut100000` | the first answer ends after this number of bytes, later ones do not |
//! | `cuts100000` | each answer ends after this number of bytes |
//! | `stall100000` | the first answer says nothing more after this number of bytes |
//! | `slow256` | 256 KiB a second |
//! | `fails` | the first request is answered with 500 |
//! | `moved` | a redirect to the same name without this word |

use super::{
    file::{File, Filler},
    mp4, webm,
};

/// A video and its host's behaviour, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct VideoName {
    pub kind: Kind,
    pub milliseconds: u32,
    pub width: u16,
    pub height: u16,
    size: u64,
    number: u64,
    pub place: Place,
    pub ignores_range: bool,
    pub has_no_length: bool,
    pub tag: Tag,
    changes_after: Option<usize>,
    grows_after: Option<usize>,
    pub cut_first: Option<u64>,
    pub cut: Option<u64>,
    pub stall: Option<u64>,
    pub slow: Option<u64>,
    pub fails_once: bool,
    pub is_moved: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Mp4,
    Mov,
    Webm,
}

/// Where the description of the video stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Start,
    End,
    Nowhere,
}

/// By what an answer says which version of a file it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    Strong,
    Weak,
    Date,
    None,
}

impl Default for VideoName {
    fn default() -> Self {
        Self {
            kind: Kind::Mp4,
            milliseconds: 12_000,
            width: 720,
            height: 1_280,
            size: 64 << 10,
            number: 0,
            place: Place::Start,
            ignores_range: false,
            has_no_length: false,
            tag: Tag::Strong,
            changes_after: None,
            grows_after: None,
            cut_first: None,
            cut: None,
            stall: None,
            slow: None,
            fails_once: false,
            is_moved: false,
        }
    }
}

impl VideoName {
    /// `None` for what is no name of a video.
    pub fn parse(name: &str) -> Option<Self> {
        let (stem, kind) = name.rsplit_once('.')?;
        let kind = match kind {
            "mp4" => Kind::Mp4,
            "mov" => Kind::Mov,
            "webm" => Kind::Webm,
            _ => return None,
        };
        let mut video = Self { kind, ..Self::default() };
        stem.strip_prefix("video-")?.split('-').try_for_each(|word| video.take(word))?;
        Some(video)
    }

    fn take(&mut self, word: &str) -> Option<()> {
        match word {
            "tail" => self.place = Place::End,
            "bare" => self.place = Place::Nowhere,
            "norange" => self.ignores_range = true,
            "nolength" => self.has_no_length = true,
            "weak" => self.tag = Tag::Weak,
            "dated" => self.tag = Tag::Date,
            "untagged" => self.tag = Tag::None,
            "fails" => self.fails_once = true,
            "moved" => self.is_moved = true,
            _ => return self.take_measure(word).or_else(|| self.take_number(word)),
        }
        Some(())
    }

    fn take_measure(&mut self, word: &str) -> Option<()> {
        if let Some((width, height)) = word.split_once('x') {
            (self.width, self.height) = (width.parse().ok()?, height.parse().ok()?);
            return Some(());
        }
        let (number, unit) = word.split_at(word.find(|char: char| !char.is_ascii_digit())?);
        let number: u64 = number.parse().ok()?;
        let factor = match unit {
            "ms" | "s" => {
                self.milliseconds = u32::try_from(if unit == "s" { number * 1_000 } else { number }).ok()?;
                return Some(());
            }
            "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            "KB" => 1_000,
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            _ => return None,
        };
        self.size = number.checked_mul(factor)?;
        Some(())
    }

    fn take_number(&mut self, word: &str) -> Option<()> {
        let (name, number) = word.split_at(word.find(|char: char| char.is_ascii_digit())?);
        let number: u64 = number.parse().ok()?;
        let count = usize::try_from(number).ok();
        match name {
            "n" => self.number = number,
            "changes" => self.changes_after = count,
            "grows" => self.grows_after = count,
            "cut" => self.cut_first = Some(number),
            "cuts" => self.cut = Some(number),
            "stall" => self.stall = Some(number),
            "slow" => self.slow = Some(number.max(1)),
            _ => return None,
        }
        Some(())
    }

    /// Which version of the file a request finds.
    pub fn version(&self, reads: usize) -> u64 {
        u64::from(self.changes_after.is_some_and(|after| reads > after))
    }

    /// The file as a request finds it.
    pub fn file(&self, reads: usize) -> File {
        let size = self.size + if self.grows_after.is_some_and(|after| reads > after) { 1_024 } else { 0 };
        let content = |length| Filler::content(length, 2 * self.number + self.version(reads));
        match self.kind {
            Kind::Webm => webm::file(self, size, content),
            Kind::Mp4 => mp4::file(self, "video/mp4", size, content),
            Kind::Mov => mp4::file(self, "video/quicktime", size, content),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_describes_a_video_and_its_host() {
        let video = VideoName::parse("video-9s-1080x1920-3MB-n2-tail-weak-changes3-slow256.mov").expect("a name");

        assert_eq!((video.milliseconds, video.width, video.height), (9_000, 1_080, 1_920));
        assert_eq!((video.size, video.kind, video.place, video.tag), (3_000_000, Kind::Mov, Place::End, Tag::Weak));
        assert_eq!((video.number, video.changes_after, video.slow), (2, Some(3), Some(256)));
        assert_eq!((video.version(3), video.version(4)), (0, 1));
    }

    #[test]
    fn a_misspelt_word_is_no_name() {
        for name in
            ["video-12s-weka.mp4", "video-.mp4", "video-12h.mp4", "video-1x.mp4", "film-12s.mp4", "video-12s.avi"]
        {
            assert_eq!(VideoName::parse(name), None, "{name}");
        }
    }
}
