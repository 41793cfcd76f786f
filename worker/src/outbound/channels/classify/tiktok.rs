//! Answers of TikTok. One is a success only if its `error.code` is `ok`, whatever its status.
//! <https://developers.tiktok.com/doc/tiktok-api-v2-error-handling>,
//! <https://developers.tiktok.com/doc/content-posting-api-reference-get-video-status>

use std::time::Duration;

use almanac_shared::platform::error::Code;

use super::{ErrorClass, Verdict, auth, by_status, permission, policy, quota, rate_limited, rejected, transient};
use crate::outbound::{
    channels::{answer::Answer, ids},
    retry_after::{retry_after, until_utc_midnight},
};

/// An answer with TikTok's envelope; `None` if it is a success.
pub(in crate::outbound::channels) fn tiktok(answer: &Answer) -> Option<Verdict> {
    let code = answer.body.pointer("/error/code").and_then(ids::text);
    if code.as_deref() == Some("ok") {
        return None;
    }
    let verdict = code.as_deref().and_then(by_code).unwrap_or_else(|| by_status(answer.status));
    let pause = pause(answer, verdict.class);
    Some(Verdict { provider_code: code, ..verdict.after(pause) })
}

/// An answer of the token endpoint, whose errors are flat; `None` if it is a success.
/// <https://developers.tiktok.com/doc/oauth-user-access-token-management>
pub(in crate::outbound::channels) fn tiktok_token(answer: &Answer) -> Option<Verdict> {
    let code = answer.body.get("error").and_then(ids::text);
    if answer.is_success() && code.is_none() {
        return None;
    }
    let verdict = match code.as_deref() {
        Some("invalid_grant" | "access_token_invalid") => auth(),
        // The installation's own mistake, which must not cost its users their accounts.
        Some("invalid_client" | "unauthorized_client") => transient(),
        Some("rate_limit_exceeded") => rate_limited(),
        _ => by_status(answer.status),
    };
    Some(Verdict { provider_code: code, ..verdict.after(retry_after(&answer.headers)) })
}

/// The answer to a chunk that comes before the last, which has no body; `None` if TikTok has it.
/// <https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide>
pub(in crate::outbound::channels) fn tiktok_chunk(answer: &Answer) -> Option<Verdict> {
    let verdict = match answer.status {
        206 => return None,
        // The address has expired, the upload is not known any more, or it is at another place.
        201 | 403 | 404 | 416 => transient(),
        status => by_status(status),
    };
    Some(verdict.after(retry_after(&answer.headers)))
}

/// Why TikTok made no post of what it had, by its `fail_reason`.
pub(in crate::outbound::channels) fn tiktok_failure(reason: &str) -> Verdict {
    let media = |code, message| Verdict::of(ErrorClass::Validation, code, message);
    let verdict = match reason {
        "file_format_check_failed" => media(Code::MediaType, "TikTok does not take the format of the media."),
        "duration_check_failed" => media(Code::MediaDuration, "TikTok does not take the duration of the video."),
        "frame_rate_check_failed" => media(Code::ChannelRejected, "TikTok does not take the frame rate of the video."),
        "picture_size_check_failed" => {
            media(Code::MediaDimensions, "TikTok does not take the dimensions of the media.")
        }
        "publish_cancelled" => media(Code::ChannelRejected, "The post was cancelled on TikTok."),
        "auth_removed" => auth(),
        reason if may_pass(reason) => transient(),
        reason => by_code(reason).unwrap_or_else(rejected),
    };
    Verdict { provider_code: ids::is_word(reason).then(|| reason.to_owned()), ..verdict }
}

fn may_pass(reason: &str) -> bool {
    matches!(reason, "internal" | "video_pull_failed" | "photo_pull_failed")
}

fn by_code(code: &str) -> Option<Verdict> {
    let of = |class, code, message| Verdict::of(class, code, message);
    Some(match code {
        "access_token_invalid" => auth(),
        "scope_not_authorized" | "scope_permission_missed" | "token_not_authorized_for_specified_publish_id" => {
            permission()
        }
        "unaudited_client_can_only_post_to_private_accounts" => of(
            ErrorClass::Permission,
            Code::ChannelPermission,
            "TikTok has not audited the app of this installation: it posts to private accounts only, for themselves only.",
        ),
        "spam_risk_too_many_posts" | "spam_risk_too_many_pending_share" => quota(),
        "reached_active_user_cap" => of(
            ErrorClass::Quota,
            Code::ChannelQuota,
            "The number of accounts that may post by the app of this installation is used up for the day.",
        ),
        "url_ownership_unverified" => of(
            ErrorClass::Validation,
            Code::MediaUrl,
            "TikTok fetches media only from domains and prefixes that the operator has verified in its developer portal.",
        ),
        "privacy_level_option_mismatch" => of(
            ErrorClass::Validation,
            Code::OptionInvalid,
            "The account does not allow this privacyLevel for the post.",
        ),
        "rate_limit_exceeded" => rate_limited(),
        "internal_error" | "internal" => transient(),
        "invalid_param"
        | "invalid_params"
        | "invalid_publish_id"
        | "invalid_file_upload"
        | "app_version_check_failed" => rejected(),
        code if code.starts_with("spam_risk") => policy(),
        _ => return None,
    })
}

/// Posts are counted by the day, by the answer's own date.
fn pause(answer: &Answer, class: ErrorClass) -> Option<Duration> {
    let asked = retry_after(&answer.headers);
    if class == ErrorClass::Quota { asked.or_else(|| until_utc_midnight(&answer.headers)) } else { asked }
}
