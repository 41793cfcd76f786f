//! What a vendor's answer means: status, headers and body in, a class and a code out. Pure; the adapters decide what
//! follows. Codes may be numbers or texts, and unknown ones are judged by the status.

use std::time::Duration;

use almanac_shared::platform::error::Code;

use super::ErrorClass;

mod graph;
mod instagram;
mod linkedin;
mod tiktok;
mod youtube;

pub(super) use self::{
    graph::{graph, subcode, usage_pause},
    instagram::{ContainerFault, container_fault, failed_container, is_final},
    linkedin::linkedin,
    tiktok::{tiktok, tiktok_chunk, tiktok_failure, tiktok_token},
    youtube::{youtube, youtube_processing},
};

/// No vendor needs longer; also what keeps a nonsense header from overflowing a clock.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3_600);

/// What an answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) class: ErrorClass,
    pub(super) code: Code,
    pub(super) message: &'static str,
    pub(super) retry_after: Option<Duration>,
    /// The vendor's own code.
    pub(super) provider_code: Option<String>,
    /// The post that is already there.
    pub(super) existing_id: Option<String>,
}

impl Verdict {
    fn of(class: ErrorClass, code: Code, message: &'static str) -> Self {
        Self { class, code, message, retry_after: None, provider_code: None, existing_id: None }
    }

    fn after(mut self, pause: Option<Duration>) -> Self {
        self.retry_after = pause.map(|pause| pause.min(LONGEST_PAUSE));
        self
    }
}

fn auth() -> Verdict {
    Verdict::of(
        ErrorClass::Auth,
        Code::ChannelAuthInvalid,
        "The channel no longer takes the account's credentials; connect it again.",
    )
}

fn permission() -> Verdict {
    Verdict::of(ErrorClass::Permission, Code::ChannelPermission, "The account lacks a permission that this post needs.")
}

fn rate_limited() -> Verdict {
    Verdict::of(ErrorClass::RateLimited, Code::ChannelRateLimited, "The channel asks for fewer calls.")
}

fn quota() -> Verdict {
    Verdict::of(ErrorClass::Quota, Code::ChannelQuota, "The channel's number of posts for the day is used up.")
}

pub(super) fn transient() -> Verdict {
    Verdict::of(ErrorClass::Transient, Code::ChannelUnavailable, "The channel could not serve the request.")
}

fn policy() -> Verdict {
    Verdict::of(ErrorClass::Policy, Code::ChannelPolicy, "The channel blocked the post by its own rules.")
}

fn rejected() -> Verdict {
    Verdict::of(ErrorClass::Validation, Code::ChannelRejected, "The channel refused the post.")
}

fn duplicate() -> Verdict {
    Verdict::of(ErrorClass::Validation, Code::DuplicatePost, "The channel already has a post with this text.")
}

fn by_status(status: u16) -> Verdict {
    match status {
        401 => auth(),
        403 => permission(),
        429 => rate_limited(),
        400 | 402 | 404..=407 | 409..=424 | 426..=499 => rejected(),
        _ => transient(),
    }
}

#[cfg(test)]
mod tests;
