//! Stream tickets: a signed permission to follow one job for five minutes, for `EventSource`, which sends no headers.
//! `POST /v1/tickets` mints them, the events route checks them on connect. A ticket must never count anywhere else.

use almanac_shared::platform::id::{JobId, UserId};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;

use crate::http::error::ApiError;

/// How long a ticket is good for.
const LIFETIME: TimeDelta = TimeDelta::minutes(5);
/// The signing keys serve other kinds of links too; this keeps one kind from passing for another.
const PURPOSE: &[u8] = b"almanac stream ticket 1\0";
/// User, job, expiry in seconds.
const CLAIM: usize = 16 + 16 + 8;
const SIGNATURE: usize = 32;

/// A fresh ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The text for `?ticket=`; needs no escaping in a URL.
    pub ticket: String,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// Why a ticket was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketRefusal {
    /// Not ours, changed, or expired (401).
    Invalid,
    /// Good, but for another job (404).
    OtherJob,
}

impl From<TicketRefusal> for ApiError {
    fn from(refusal: TicketRefusal) -> Self {
        match refusal {
            TicketRefusal::Invalid => Self::unauthenticated("the ticket is not valid"),
            TicketRefusal::OtherJob => Self::not_found(),
        }
    }
}

/// Mints and checks tickets. The first key signs, all verify.
#[derive(Clone)]
pub struct Tickets {
    keys: Vec<Hmac<Sha256>>,
}

impl Tickets {
    /// Tickets under these keys, the current one first.
    pub fn new(keys: &[[u8; 32]]) -> Self {
        let keyed = |key: &[u8; 32]| Hmac::<Sha256>::new_from_slice(key).ok().map(|mac| mac.chain_update(PURPOSE));
        Self { keys: keys.iter().filter_map(keyed).collect() }
    }

    /// A ticket for `user` to follow `job`. The route has checked that the job is the user's.
    pub fn mint(&self, user: UserId, job: JobId, now: DateTime<Utc>) -> Ticket {
        let expires_at = now + LIFETIME;
        let mut bytes = Vec::with_capacity(CLAIM + SIGNATURE);
        bytes.extend_from_slice(user.0.as_bytes());
        bytes.extend_from_slice(job.0.as_bytes());
        bytes.extend_from_slice(&expires_at.timestamp().to_be_bytes());
        if let Some(key) = self.keys.first() {
            let signature = key.clone().chain_update(&bytes).finalize().into_bytes();
            bytes.extend_from_slice(&signature);
        }
        Ticket { ticket: URL_SAFE_NO_PAD.encode(bytes), expires_at }
    }

    /// Whose ticket this is, when it is good for `job` now.
    pub fn check(&self, ticket: &str, job: JobId, now: DateTime<Utc>) -> Result<UserId, TicketRefusal> {
        let (user, for_job) = self.open(ticket, now).ok_or(TicketRefusal::Invalid)?;
        if for_job == job { Ok(user) } else { Err(TicketRefusal::OtherJob) }
    }

    /// Whether it is one of ours and has not expired, whatever job it is for.
    pub(super) fn is_live(&self, ticket: &str, now: DateTime<Utc>) -> bool {
        self.open(ticket, now).is_some()
    }

    fn open(&self, ticket: &str, now: DateTime<Utc>) -> Option<(UserId, JobId)> {
        let bytes = URL_SAFE_NO_PAD.decode(ticket).ok().filter(|bytes| bytes.len() == CLAIM + SIGNATURE)?;
        let (claim, signature) = bytes.split_at(CLAIM);
        // `verify_slice` compares in constant time.
        self.keys.iter().find(|key| (*key).clone().chain_update(claim).verify_slice(signature).is_ok())?;
        let (user, job) = (Uuid::from_slice(&claim[..16]).ok()?, Uuid::from_slice(&claim[16..32]).ok()?);
        let expires_at = i64::from_be_bytes(claim[32..].try_into().ok()?);
        (now.timestamp() < expires_at).then_some((UserId(user), JobId(job)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_ticket_admits_its_user_to_its_job_for_five_minutes() {
        let tickets = Tickets::new(&[[1; 32]]);
        let (user, job) = (UserId::fresh(), JobId::fresh());

        let minted = tickets.mint(user, job, at(0));

        assert_eq!(minted.expires_at, at(300));
        assert_eq!(tickets.check(&minted.ticket, job, at(299)), Ok(user));
        assert_eq!(tickets.check(&minted.ticket, job, at(300)), Err(TicketRefusal::Invalid));
        assert_eq!(tickets.check(&minted.ticket, JobId::fresh(), at(0)), Err(TicketRefusal::OtherJob));
    }

    #[test]
    fn a_ticket_survives_the_rotation_of_its_key_and_no_more() {
        let (user, job) = (UserId::fresh(), JobId::fresh());
        let ticket = Tickets::new(&[[1; 32]]).mint(user, job, at(0)).ticket;

        assert_eq!(Tickets::new(&[[2; 32], [1; 32]]).check(&ticket, job, at(1)), Ok(user));
        assert_eq!(Tickets::new(&[[2; 32]]).check(&ticket, job, at(1)), Err(TicketRefusal::Invalid));
    }

    proptest! {
        #[test]
        fn no_changed_ticket_is_taken(position in 0..CLAIM + SIGNATURE, flip in 1_u8..) {
            let tickets = Tickets::new(&[[1; 32]]);
            let (user, job) = (UserId::fresh(), JobId::fresh());
            let mut bytes = URL_SAFE_NO_PAD.decode(tickets.mint(user, job, at(0)).ticket).unwrap();
            bytes[position] ^= flip;

            let outcome = tickets.check(&URL_SAFE_NO_PAD.encode(bytes), job, at(1));

            prop_assert_eq!(outcome, Err(TicketRefusal::Invalid));
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in ".{0,200}") {
            prop_assert!(!Tickets::new(&[[1; 32]]).is_live(&text, at(0)));
        }
    }
}
