//! What a channel takes of a picture or a video, and whether a file fits. Pure; the vendors' adapters name their limits.

use std::time::Duration;

use almanac_shared::platform::error::Code;

use super::{Beginning, video};

/// The least and the most of something.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds<T> {
    /// The least.
    pub least: T,
    /// The most.
    pub most: T,
}

impl<T: PartialOrd> Bounds<T> {
    /// Both ends are inside.
    pub const fn new(least: T, most: T) -> Self {
        Self { least, most }
    }

    fn contain(&self, value: &T) -> bool {
        self.least <= *value && *value <= self.most
    }
}

/// What a channel takes. What is `None` is not limited, or left to the vendor.
#[derive(Clone, Copy, Debug)]
pub struct MediaLimits {
    /// MIME types.
    pub types: &'static [&'static str],
    /// The same for a person.
    pub names: &'static str,
    /// Size in bytes.
    pub bytes: Bounds<u64>,
    /// Pixels that a picture must stay below.
    pub pixels_below: Option<u64>,
    /// Pixels from left to right.
    pub width: Option<Bounds<u64>>,
    /// Pixels from top to bottom.
    pub height: Option<Bounds<u64>>,
    /// Width by height.
    pub ratio: Option<Bounds<f64>>,
    /// Seconds of a video.
    pub seconds: Option<Bounds<u64>>,
}

impl MediaLimits {
    /// Limits of type and size only.
    pub const fn new(types: &'static [&'static str], names: &'static str, max_bytes: u64) -> Self {
        Self {
            types,
            names,
            bytes: Bounds { least: 0, most: max_bytes },
            pixels_below: None,
            width: None,
            height: None,
            ratio: None,
            seconds: None,
        }
    }
}

/// What the first bytes of a file say.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shape {
    /// Width and height as they are shown.
    pub sides: Option<Sides>,
    /// Of a video.
    pub duration: Option<Duration>,
}

/// Width and height in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sides {
    /// From left to right.
    pub width: u64,
    /// From top to bottom.
    pub height: u64,
}

/// Why a file does not fit.
pub(super) type Misfit = (Code, String);

/// The MIME type of a file, if the channel takes it.
pub(super) fn fitting_type(file: &Beginning, limits: &MediaLimits) -> Result<&'static str, Misfit> {
    let kind = infer::get(&file.bytes).map(|kind| kind.mime_type());
    kind.filter(|kind| limits.types.contains(kind))
        .ok_or_else(|| (Code::MediaType, format!("The channel takes {}.", limits.names)))
}

/// Whether a file of a fitting type fits. Where its server names no size, or its first bytes do not show the dimensions,
/// the vendor decides.
pub(super) fn judge(file: &Beginning, kind: &str, limits: &MediaLimits) -> Result<(), Misfit> {
    if file.size.is_some_and(|size| !limits.bytes.contain(&size)) {
        return Err((Code::MediaTooLarge, size_rule(&limits.bytes)));
    }
    judge_shape(&shape(file, kind), file.is_whole, limits)
}

fn judge_shape(shape: &Shape, is_whole: bool, limits: &MediaLimits) -> Result<(), Misfit> {
    if let (Some(seconds), Some(duration)) = (&limits.seconds, shape.duration) {
        let shown = Bounds::new(seconds.least as f64, seconds.most as f64);
        // Players round: a video of 90.04 s is one of 90 s.
        if !shown.contain(&((duration.as_secs_f64() * 10.0).round() / 10.0)) {
            let Bounds { least, most } = seconds;
            return Err((Code::MediaDuration, format!("The channel takes videos of {least} to {most} seconds.")));
        }
    }
    let has_side_limits =
        limits.pixels_below.is_some() || limits.width.is_some() || limits.height.is_some() || limits.ratio.is_some();
    match shape.sides {
        Some(sides) => judge_sides(sides, limits),
        None if is_whole && has_side_limits => {
            Err((Code::MediaDimensions, "Its dimensions cannot be read.".to_owned()))
        }
        None => Ok(()),
    }
}

fn judge_sides(Sides { width, height }: Sides, limits: &MediaLimits) -> Result<(), Misfit> {
    let refused = |fact: String| Err((Code::MediaDimensions, fact));
    if let Some(below) = limits.pixels_below.filter(|below| width.saturating_mul(height) >= *below) {
        return refused(format!("The channel takes pictures of less than {below} pixels."));
    }
    for (side, value, bounds) in [("wide", width, &limits.width), ("high", height, &limits.height)] {
        if let Some(Bounds { least, most }) = bounds.as_ref().filter(|bounds| !bounds.contain(&value)) {
            return refused(format!(
                "The channel takes media that are {least} to {most} pixels {side}; it is {value}."
            ));
        }
    }
    let ratio = width as f64 / height.max(1) as f64;
    if let Some(Bounds { least, most }) = limits.ratio.as_ref().filter(|bounds| !bounds.contain(&ratio)) {
        return refused(format!(
            "The channel takes media whose width by height is {least} to {most}; it is {ratio:.3}."
        ));
    }
    Ok(())
}

/// What the first bytes of a file say about its shape.
pub(super) fn shape(file: &Beginning, kind: &str) -> Shape {
    if kind.starts_with("video/") {
        return file.movie.as_deref().and_then(video::shape).unwrap_or_default();
    }
    let sides = imagesize::blob_size(&file.bytes).ok();
    let sides = sides.map(|size| Sides { width: size.width as u64, height: size.height as u64 });
    Shape { sides, duration: None }
}

pub(super) fn size_rule(bytes: &Bounds<u64>) -> String {
    match bytes.least {
        0 => format!("The channel takes at most {} bytes.", bytes.most),
        least => format!("The channel takes {least} to {} bytes.", bytes.most),
    }
}
