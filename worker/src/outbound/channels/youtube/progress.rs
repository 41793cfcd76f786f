//! How far an upload session is, by its answers: 308 while bytes are missing, 200 or 201 with the video once it is made, 404
//! or 410 when it is not valid any more. Pure.
//! <https://developers.google.com/youtube/v3/guides/using_resumable_upload_protocol>

use http::{HeaderMap, header};

use crate::outbound::{
    channels::{answer::Answer, ids},
    media::Part,
};

/// All parts but the last have a multiple of this many bytes. Also the most of the last one, which publishes: it is held in
/// memory.
pub(super) const STEP: u64 = 256 * 1024;

/// How far a session is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// So many bytes have arrived.
    Arrived(u64),
    /// The video exists, with this id.
    Complete(String),
    /// The session is not valid any more.
    Gone,
}

impl Progress {
    /// What an answer to a part or a probe says; `None` if it is an error or cannot be read.
    pub(super) fn of(answer: &Answer, size: u64) -> Option<Self> {
        match answer.status {
            308 => arrived(&answer.headers).filter(|arrived| *arrived <= size).map(Self::Arrived),
            200 | 201 => video_id(answer).map(Self::Complete),
            404 | 410 => Some(Self::Gone),
            _ => None,
        }
    }
}

/// The id in a video resource.
pub(super) fn video_id(answer: &Answer) -> Option<String> {
    answer.body.get("id").and_then(ids::text)
}

/// `Range: bytes=0-262143`; without it nothing has arrived.
fn arrived(headers: &HeaderMap) -> Option<u64> {
    let Some(range) = headers.get(header::RANGE) else { return Some(0) };
    let range = range.to_str().ok()?.trim();
    let range = range.strip_prefix("bytes").map_or(range, |rest| rest.trim_start_matches(['=', ' ']));
    let (first, last) = range.split_once('-')?;
    if first.trim() != "0" {
        return None;
    }
    last.trim().parse::<u64>().ok()?.checked_add(1)
}

/// The part that follows on the bytes that have arrived; `None` if only the last part is missing, of at most [`STEP`] bytes.
pub(super) fn next_part(arrived: u64, size: u64, most: u64) -> Option<Part> {
    let before_last = size.saturating_sub(arrived).saturating_sub(1);
    let length = before_last.min(most) / STEP * STEP;
    (length > 0).then(|| Part { first: arrived, last: arrived + length - 1 })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::json;

    use super::*;

    fn answer(status: u16, range: Option<&'static str>, body: &serde_json::Value) -> Answer {
        let range = range.map(|range| (header::RANGE, HeaderValue::from_static(range)));
        Answer::new(status, range.into_iter().collect(), body.to_string().into_bytes())
    }

    #[test]
    fn answers_tell_how_far_a_session_is() {
        let (none, video) = (json!(null), json!({"id": "dQw"}));
        for (answer, progress) in [
            (answer(308, None, &none), Some(Progress::Arrived(0))),
            (answer(308, Some("bytes=0-511"), &none), Some(Progress::Arrived(512))),
            (answer(308, Some("0-99"), &none), Some(Progress::Arrived(100))),
            (answer(308, Some("bytes=0-999"), &none), Some(Progress::Arrived(1_000))),
            (answer(308, Some("bytes=0-1000"), &none), None),
            (answer(308, Some("bytes=5-99"), &none), None),
            (answer(308, Some("nonsense"), &none), None),
            (answer(200, None, &video), Some(Progress::Complete("dQw".to_owned()))),
            (answer(201, None, &video), Some(Progress::Complete("dQw".to_owned()))),
            (answer(200, None, &none), None),
            (answer(404, None, &none), Some(Progress::Gone)),
            (answer(410, None, &none), Some(Progress::Gone)),
            (answer(503, None, &none), None),
        ] {
            assert_eq!(Progress::of(&answer, 1_000), progress, "{} {:?}", answer.status, answer.headers);
        }
    }

    #[test]
    fn parts_have_multiples_of_a_step_and_leave_a_last_one() {
        let part = |arrived, size| next_part(arrived, size, 2 * STEP).map(|part| (part.first, part.last + 1));
        assert_eq!(part(0, 4 * STEP), Some((0, 2 * STEP)));
        assert_eq!(part(2 * STEP, 4 * STEP), Some((2 * STEP, 3 * STEP)));
        assert_eq!(part(2 * STEP, 4 * STEP + 1), Some((2 * STEP, 4 * STEP)));
        assert_eq!(part(7, 4 * STEP), Some((7, 7 + 2 * STEP)), "a vendor that kept an odd number of bytes");
        for (arrived, size) in [(3 * STEP, 4 * STEP), (3 * STEP + 1, 4 * STEP), (4 * STEP, 4 * STEP), (0, STEP), (0, 1)]
        {
            assert_eq!(part(arrived, size), None, "{arrived} of {size}");
        }
    }
}
