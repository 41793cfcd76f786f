//! What Instagram takes of pictures and videos, by what they are to become.
//! <https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/media>

use almanac_shared::{calendar::MediumType, publishing::PublishFormat};

use crate::outbound::{
    channels::{ChannelError, Delivery},
    media::{Bounds, Media, MediaLimits},
};

const MIB: u64 = 1 << 20;

const STORY_PICTURES: MediaLimits = MediaLimits::new(&["image/jpeg"], "JPEG pictures", 8 * MIB);

/// From 4:5 to 1.91:1, by the pixels that come nearest to it.
const PICTURES: MediaLimits =
    MediaLimits { width: Some(Bounds::new(320, 1_440)), ratio: Some(Bounds::new(0.795, 1.915)), ..STORY_PICTURES };

const REELS: MediaLimits = MediaLimits {
    width: Some(Bounds::new(1, 1_920)),
    seconds: Some(Bounds::new(3, 15 * 60)),
    ..MediaLimits::new(&["video/mp4", "video/quicktime"], "MP4 and MOV videos", 300 * MIB)
};

const STORY_VIDEOS: MediaLimits =
    MediaLimits { seconds: Some(Bounds::new(3, 60)), bytes: Bounds::new(0, 100 * MIB), ..REELS };

/// Checks the media of a post before Instagram is called.
pub(super) async fn check(media: &Media, delivery: &Delivery<'_>, reel_bytes: u64) -> Result<(), ChannelError> {
    for (number, medium) in (1..).zip(&delivery.entry.media) {
        let limits = limits(delivery.entry.format, medium.kind, reel_bytes);
        media.check_one(number, medium, &limits).await?;
    }
    Ok(())
}

fn limits(format: PublishFormat, kind: MediumType, reel_bytes: u64) -> MediaLimits {
    match (format, kind) {
        (PublishFormat::Story, MediumType::Image) => STORY_PICTURES,
        (PublishFormat::Story, MediumType::Video) => STORY_VIDEOS,
        (_, MediumType::Image) => PICTURES,
        (_, MediumType::Video) => MediaLimits { bytes: Bounds::new(0, reel_bytes), ..REELS },
    }
}
