//! What the fakes saw and sent: every request in order, and every mail that was accepted because of one.
//! The fakes write, tests read: it is the independent witness of "exactly one mail". Nothing in it is ever removed.

use std::{collections::BTreeMap, fmt::Debug, sync::Mutex, time::Duration};

use chrono::{DateTime, Utc};
use tokio::{sync::watch, time::Instant};

use super::{super::Outcome, script::Script};
use crate::run::locked;

/// Which fake a mail came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Site {
    /// Resend's API.
    Resend,
    /// The mail server.
    Smtp,
}

/// One request to send a mail, and its end.
#[derive(Clone, Debug)]
pub struct MailRequest {
    /// Its place in the ledger.
    pub number: usize,
    /// The fake that it came to.
    pub site: Site,
    /// The recipient's address; empty if the request names none.
    pub to: String,
    /// The delivery's id, from a tag. The mail server learns it only from the content.
    pub delivery: Option<String>,
    /// `Idempotency-Key`.
    pub key: Option<String>,
    /// HTTP headers, lower case, without `Authorization`.
    pub headers: BTreeMap<String, String>,
    /// The body as it arrived.
    pub body: String,
    /// When it had arrived.
    pub at: Instant,
    /// How it was treated.
    pub script: Script,
    /// Its end.
    pub outcome: Outcome,
}

impl MailRequest {
    pub(super) fn is_to(&self, to: &str) -> bool {
        self.to.eq_ignore_ascii_case(to)
    }

    /// Whether its client cannot know from what it saw whether the mail was accepted.
    pub fn is_ambiguous(&self) -> bool {
        self.script.is_ambiguous() || matches!(self.outcome, Outcome::Broken | Outcome::ClosedByClient)
    }
}

/// A mail that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentMail {
    /// The fake that accepted it.
    pub site: Site,
    /// Resend's id; the `Message-ID` at the mail server.
    pub id: String,
    /// The delivery's id: from a tag, or the `Message-ID`.
    pub delivery: Option<String>,
    /// `Idempotency-Key`.
    pub key: Option<String>,
    /// The sender as it was written.
    pub from: String,
    /// The recipient's address.
    pub to: String,
    /// Subject.
    pub subject: String,
    /// The HTML part.
    pub html: String,
    /// The text part.
    pub text: String,
    /// The mail's own headers, their names in lower case: those that Resend was given, or all at the mail server.
    pub headers: BTreeMap<String, String>,
    /// Resend's tags.
    pub tags: BTreeMap<String, String>,
    /// When it was accepted.
    pub at: DateTime<Utc>,
    /// The request that it came with.
    pub request: usize,
}

impl SentMail {
    pub(super) fn is_to(&self, to: &str) -> bool {
        self.to.eq_ignore_ascii_case(to)
    }

    /// A header of the mail by its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(&name.to_lowercase()).map(String::as_str)
    }
}

#[derive(Debug, Default)]
struct Record {
    requests: Vec<MailRequest>,
    mails: Vec<SentMail>,
}

/// All requests and mails, in their order.
#[derive(Debug)]
pub struct Ledger {
    record: Mutex<Record>,
    changed: watch::Sender<()>,
}

impl Default for Ledger {
    fn default() -> Self {
        Self { record: Mutex::default(), changed: watch::Sender::new(()) }
    }
}

impl Ledger {
    /// Writes a request down; returns its number.
    pub(super) fn open(&self, mut request: MailRequest) -> usize {
        let mut record = locked(&self.record);
        request.number = record.requests.len();
        let number = request.number;
        record.requests.push(request);
        drop(record);
        self.changed.send_replace(());
        number
    }

    /// Changes how a request stands.
    pub(super) fn set_outcome(&self, number: usize, outcome: Outcome) {
        if let Some(request) = locked(&self.record).requests.get_mut(number) {
            request.outcome = outcome;
        }
        self.changed.send_replace(());
    }

    /// Writes down a mail that is accepted from now on.
    pub(super) fn add(&self, mail: SentMail) {
        locked(&self.record).mails.push(mail);
        self.changed.send_replace(());
    }

    /// All requests.
    pub fn requests(&self) -> Vec<MailRequest> {
        locked(&self.record).requests.clone()
    }

    /// The requests for a recipient.
    pub fn requests_to(&self, to: &str) -> Vec<MailRequest> {
        locked(&self.record).requests.iter().filter(|request| request.is_to(to)).cloned().collect()
    }

    /// All accepted mails.
    pub fn mails(&self) -> Vec<SentMail> {
        locked(&self.record).mails.clone()
    }

    /// The accepted mails to a recipient.
    pub fn mails_to(&self, to: &str) -> Vec<SentMail> {
        locked(&self.record).mails.iter().filter(|mail| mail.is_to(to)).cloned().collect()
    }

    /// The accepted mails of a delivery.
    pub fn mails_of(&self, delivery: &str) -> Vec<SentMail> {
        let record = locked(&self.record);
        record.mails.iter().filter(|mail| mail.delivery.as_deref() == Some(delivery)).cloned().collect()
    }

    /// Fails the test unless the recipient got exactly one mail, and returns it.
    #[track_caller]
    pub fn the_only_mail(&self, to: &str) -> SentMail {
        let mut mails = self.mails_to(to);
        assert_eq!(mails.len(), 1, "mails to {to}: {mails:#?}\n{:#?}", self.summary());
        mails.remove(0)
    }

    /// Waits until requests and mails are as the test wants them, 45 s at most. Woken by changes, not by a clock.
    pub async fn wait_for<T>(&self, what: &str, found: impl Fn(&[MailRequest], &[SentMail]) -> Option<T>) -> T {
        let mut changed = self.changed.subscribe();
        let look = async {
            loop {
                let answer = {
                    let record = locked(&self.record);
                    found(&record.requests, &record.mails)
                };
                if let Some(answer) = answer {
                    return answer;
                }
                // The sender lives as long as self.
                let _ = changed.changed().await;
            }
        };
        match tokio::time::timeout(Duration::from_secs(45), look).await {
            Ok(answer) => answer,
            Err(_) => panic!("those who take mails did not see within 45 s: {what}\n{:#?}", self.summary()),
        }
    }

    fn summary(&self) -> Vec<impl Debug> {
        let record = locked(&self.record);
        let requests = record.requests.iter();
        requests.map(|it| (it.number, it.site, it.to.clone(), it.script.clone(), it.outcome)).collect()
    }
}
