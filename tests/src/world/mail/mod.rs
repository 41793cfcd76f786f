//! Fakes of those who take mails: Resend's API, which the world serves under `/resend`, and a mail server. Tests script and
//! read them through `World::mail`, and make Resend's webhooks.
//! They must never read Almanac's database: their ledger is the independent witness of what was sent.
//!
//! A test queues scripts by recipient or delivery (`Mail::play`), and in the end counts mails (`Mail::ledger`).

mod ledger;
mod mime;
mod resend;
mod script;
mod serving;
mod smtp;
#[cfg(test)]
mod tests;
mod webhook;

use std::{
    collections::{HashMap, VecDeque},
    sync::Mutex,
    time::{Duration, SystemTime},
};

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use self::resend::Keys;
pub use self::{
    ledger::{Ledger, MailRequest, SentMail, Site},
    script::Script,
    webhook::{ResendWebhook, WEBHOOK_SECRET},
};
pub(super) use self::{
    serving::{is_path, serve},
    smtp::start,
};
use super::Outcome;
use crate::run::locked;

/// The key that Almanac has at Resend.
pub const RESEND_KEY: &str = "re_canary_5f1a77c1";
/// The only sender's domain that Resend has verified.
pub const SENDER_DOMAIN: &str = "almanac.example";

/// Requests a second that Resend takes until a test changes it.
const USUAL_RATE: usize = 100;

/// Resend and the mail server.
#[derive(Debug, Default)]
pub struct Mail {
    ledger: Ledger,
    scripts: Mutex<HashMap<String, VecDeque<Script>>>,
    /// Takes precedence over all scripts.
    outage: Mutex<Option<Script>>,
    keys: Keys,
    rate: Mutex<Option<usize>>,
    /// Requests that counted for the rate in the last second.
    recent: Mutex<VecDeque<Instant>>,
}

/// How the rate limit stands, for headers.
#[derive(Clone, Copy, Debug)]
struct Rate {
    limit: usize,
    /// `None`: this request is over the limit.
    remaining: Option<usize>,
}

impl Mail {
    /// Queues scripts for the requests for a recipient's address or a delivery's id; the last one stays for all later
    /// requests. Those of a delivery come first.
    pub fn play(&self, key: &str, scripts: impl IntoIterator<Item = Script>) {
        locked(&self.scripts).entry(key.to_lowercase()).or_default().extend(scripts);
    }

    /// Forgets the scripts of a recipient or a delivery: its mails are accepted.
    pub fn stop_playing(&self, key: &str) {
        locked(&self.scripts).remove(&key.to_lowercase());
    }

    /// Treats every new request by this script, and by its own again after `None`. No script is used up in the meantime.
    pub fn answer_everything(&self, script: Option<Script>) {
        *locked(&self.outage) = script;
    }

    /// How many requests Resend takes in a second (100). One more is answered 429.
    pub fn set_rate(&self, per_second: usize) {
        *locked(&self.rate) = Some(per_second);
    }

    /// What was seen and sent.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Waits for the n-th mail (from 1) to a recipient to be accepted.
    pub async fn wait_for_mail(&self, to: &str, n: usize) -> SentMail {
        let found = |_: &[MailRequest], mails: &[SentMail]| mails.iter().filter(|it| it.is_to(to)).nth(n - 1).cloned();
        self.ledger.wait_for(&format!("mail {n} to {to}"), found).await
    }

    /// Waits for the n-th request (from 1) for a recipient.
    pub async fn wait_for_request(&self, to: &str, n: usize) -> MailRequest {
        let found = |all: &[MailRequest], _: &[SentMail]| all.iter().filter(|it| it.is_to(to)).nth(n - 1).cloned();
        self.ledger.wait_for(&format!("request {n} for {to}"), found).await
    }

    /// Waits until a request for a recipient holds; `World::release` of the address lets it continue.
    pub async fn wait_until_holding(&self, to: &str) -> MailRequest {
        let holds = |it: &&MailRequest| it.is_to(to) && it.outcome == Outcome::Holding;
        let found = |all: &[MailRequest], _: &[SentMail]| all.iter().find(holds).cloned();
        self.ledger.wait_for(&format!("{to} holds"), found).await
    }

    /// Waits until the n-th request (from 1) for a recipient has ended, in any way.
    pub async fn wait_until_ended(&self, to: &str, n: usize) -> MailRequest {
        let ended = |it: &&MailRequest| !matches!(it.outcome, Outcome::Open | Outcome::Holding);
        let found = |all: &[MailRequest], _: &[SentMail]| {
            all.iter().filter(|it| it.is_to(to)).nth(n - 1).filter(ended).cloned()
        };
        self.ledger.wait_for(&format!("the end of request {n} for {to}"), found).await
    }

    fn next_script(&self, delivery: Option<&str>, to: &str) -> Script {
        if let Some(script) = locked(&self.outage).clone() {
            return script;
        }
        let mut scripts = locked(&self.scripts);
        for key in delivery.into_iter().chain([to]) {
            if let Some(queue) = scripts.get_mut(&key.to_lowercase()) {
                let next = if queue.len() > 1 { queue.pop_front() } else { queue.front().cloned() };
                return next.unwrap_or(Script::Ok);
            }
        }
        Script::Ok
    }

    /// Counts a request for the rate.
    fn count(&self) -> Rate {
        let limit = locked(&self.rate).unwrap_or(USUAL_RATE);
        let (now, mut recent) = (Instant::now(), locked(&self.recent));
        recent.retain(|at| now.duration_since(*at) < Duration::from_secs(1));
        if recent.len() >= limit {
            return Rate { limit, remaining: None };
        }
        recent.push_back(now);
        Rate { limit, remaining: Some(limit - recent.len()) }
    }
}

fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}
