//! What an answer of Resend means for the mail. Pure. An answer that Resend's pages do not describe leaves the outcome
//! unknown, which a second request with the same key settles.
//! <https://resend.com/docs/api-reference/errors>

use std::time::Duration;

use almanac_shared::platform::error::Code;
use http::HeaderMap;
use serde_json::{Map, Value};

use super::super::{Sent, pace::number};
use crate::outbound::retry_after::{retry_after, until_utc_midnight};

const HOUR: Duration = Duration::from_secs(3_600);

/// No limit needs longer; also what keeps a nonsense header from overflowing a clock.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3_600);

/// Longest id or name that is kept.
const MAX_WORD: usize = 128;

/// An answer. Its body may have ended early.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// Null if it is not JSON.
    pub(super) body: Value,
}

impl Answer {
    /// The error's name, such as `validation_error`.
    pub(super) fn name(&self) -> Option<&str> {
        self.word("name")
    }

    /// A field without spaces or punctuation. Messages are not kept: they may repeat an address.
    fn word(&self, field: &str) -> Option<&str> {
        let is_word_char = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let word = self.body.get(field)?.as_str()?;
        ((1..=MAX_WORD).contains(&word.len()) && word.bytes().all(is_word_char)).then_some(word)
    }

    fn proof(&self) -> Value {
        let name = self.name().map(|name| ("name".to_owned(), name.into()));
        Value::Object(Map::from_iter([("status".to_owned(), self.status.into())].into_iter().chain(name)))
    }

    fn proof_of(&self, reason: &str) -> Value {
        let mut proof = self.proof();
        proof["reason"] = reason.into();
        proof
    }
}

/// What became of the mail.
pub(super) fn outcome(answer: &Answer) -> Sent {
    match (answer.status, answer.name().unwrap_or_default()) {
        (200..=299, _) => accepted(answer),
        // The key, the sender's domain or the address of the API: the mail is fine and waits.
        (401 | 403 | 404 | 405, _) | (422, "invalid_from_address") => {
            let message = "The e-mail provider refuses this installation; an operator has to look.";
            not_sent(answer, Code::EmailNotConfigured, message, None)
        }
        // A first mail with this key was taken, and it was another one.
        (409, "invalid_idempotent_request") => {
            Sent::Unknown { can_resend: false, why: answer.proof_of("key_used_for_another_mail") }
        }
        (409, _) => Sent::Unknown { can_resend: true, why: answer.proof_of("first_request_not_ended") },
        (429, "daily_quota_exceeded") => {
            // Its pages do not say whether a day ends at midnight or 24 hours after the first mail.
            quota(answer, until_utc_midnight(&answer.headers).map_or(HOUR, |pause| pause.min(HOUR)))
        }
        (429, "monthly_quota_exceeded") => quota(answer, HOUR),
        (429, _) => {
            let reset = || number(&answer.headers, "ratelimit-reset").map(Duration::from_secs);
            let pause = retry_after(&answer.headers).or_else(reset);
            not_sent(answer, Code::EmailRateLimited, "The e-mail provider asks for fewer requests.", pause)
        }
        (400 | 413 | 422, _) => rejected(answer, "The e-mail provider refused the mail or its recipient."),
        (451, _) => rejected(answer, "The e-mail provider blocked the mail by its own rules."),
        _ => Sent::Unknown { can_resend: true, why: answer.proof() },
    }
}

/// Without an id the body ended early or is not Resend's; the same key gives the id.
fn accepted(answer: &Answer) -> Sent {
    match answer.word("id") {
        Some(id) => Sent::Accepted { provider_ref: Some(id.to_owned()) },
        None => Sent::Unknown { can_resend: true, why: answer.proof_of("no_id_in_the_answer") },
    }
}

fn quota(answer: &Answer, pause: Duration) -> Sent {
    let pause = retry_after(&answer.headers).map_or(pause, |asked| asked.max(pause));
    not_sent(answer, Code::EmailQuota, "The e-mail provider's number of mails is used up.", Some(pause))
}

fn not_sent(answer: &Answer, code: Code, message: &'static str, pause: Option<Duration>) -> Sent {
    let retry_after = pause.map(|pause| pause.min(LONGEST_PAUSE));
    Sent::NotSent { retry_after, code, message, proof: answer.proof() }
}

fn rejected(answer: &Answer, message: &'static str) -> Sent {
    Sent::Rejected { code: Code::EmailRejected, message, proof: answer.proof() }
}
