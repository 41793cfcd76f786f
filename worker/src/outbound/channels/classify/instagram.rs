//! Sub-codes of Instagram: in answers of the Graph API, and in the status of a container that failed.
//! <https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/error-codes>

use almanac_shared::platform::error::Code;

use super::{ErrorClass, Verdict, graph::graph_subcode, rejected, transient};

/// What can be done about a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::outbound::channels) enum ContainerFault {
    /// Instagram still works on it.
    NotReady,
    /// Another one of the same media may do.
    Broken,
}

/// What a sub-code says about a container; `None` if it is about something else.
pub(in crate::outbound::channels) fn container_fault(subcode: i64) -> Option<ContainerFault> {
    match subcode {
        2_207_027 => Some(ContainerFault::NotReady),
        // Slow or failed downloads, expired and unknown containers, failed uploads.
        2_207_003 | 2_207_006 | 2_207_008 | 2_207_020 | 2_207_032 | 2_207_052 | 2_207_053 => {
            Some(ContainerFault::Broken)
        }
        _ => None,
    }
}

pub(super) fn instagram_subcode(subcode: i64) -> Option<Verdict> {
    let refused = |code, message| Some(Verdict::of(ErrorClass::Validation, code, message));
    match subcode {
        2_207_003 | 2_207_006 | 2_207_008 | 2_207_020 | 2_207_027 | 2_207_032 | 2_207_053 => Some(transient()),
        2_207_004 => refused(Code::MediaTooLarge, "Instagram refused a picture for its size."),
        2_207_005 | 2_207_026 => refused(Code::MediaType, "Instagram does not take the format of a picture or video."),
        2_207_009 => refused(Code::MediaDimensions, "Instagram does not take the aspect ratio of a picture."),
        2_207_010 => refused(Code::TextTooLong, "Instagram refused the caption for its length."),
        2_207_028 => refused(Code::MediaCount, "Instagram refused the number of media of the carousel."),
        2_207_052 => refused(Code::MediaUnreachable, "Instagram could not fetch the media from their address."),
        2_207_023 | 2_207_040 | 2_207_057 => Some(rejected()),
        _ => None,
    }
}

/// Whether a sub-code says that another container of the same media would fail too.
pub(in crate::outbound::channels) fn is_final(subcode: i64) -> bool {
    let verdict = graph_subcode(Some(subcode)).or_else(|| instagram_subcode(subcode));
    container_fault(subcode).is_none() && verdict.is_some_and(|verdict| ends(&verdict))
}

const fn ends(verdict: &Verdict) -> bool {
    matches!(verdict.class, ErrorClass::Validation | ErrorClass::Policy | ErrorClass::Permission)
}

/// Why a post fails whose container has failed for the last time. A sub-code that only asks for another container is
/// Instagram's refusal by then.
pub(in crate::outbound::channels) fn failed_container(subcode: Option<i64>) -> Verdict {
    let known = graph_subcode(subcode).or_else(|| instagram_subcode(subcode?));
    let verdict = known.filter(ends).unwrap_or_else(|| {
        Verdict::of(ErrorClass::Validation, Code::ChannelRejected, "Instagram could not process the media.")
    });
    Verdict { provider_code: subcode.map(|subcode| subcode.to_string()), ..verdict }
}
