//! Sending mail: the trait that each provider implements, and what is known of a mail after it was handed over. Called by
//! the job that delivers, which stores every state; a mailer stores nothing.
//! A mail is sent once per call and never repeated here. No log line holds an address, a subject or a text.

use std::{fmt, sync::Arc, time::Duration};

use almanac_shared::platform::{config::MailProvider, error::Code};
use async_trait::async_trait;
use secrecy::SecretString;
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::send_budget::SendBudget;

mod log;
mod pace;
mod resend;
mod smtp;

/// How long a provider whose `resend_is_safe` recognises an idempotency key. Later the same key is a second mail.
/// <https://resend.com/docs/dashboard/emails/idempotency-keys>
pub const KEY_LIFETIME: Duration = Duration::from_secs(24 * 3_600);

/// Who takes mails.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Its name in logs and proofs.
    fn name(&self) -> &'static str;

    /// Reserves the next turn to send under the provider's rate limit. Called and waited for before a mail is marked as
    /// being sent: inside `send` the wait would use up the budget, and a crash during it would leave an outcome that looks
    /// unknown although no byte left. A wait longer than `longest` reserves nothing, because a caller that puts its mail
    /// back would leave the turn unused.
    fn turn(&self, longest: Duration) -> Turn {
        let _ = longest;
        Turn::After(Duration::ZERO)
    }

    /// How long `send` takes at most after its budget ended.
    fn call_timeout(&self) -> Duration;

    /// Sends one mail once, if its first byte leaves inside the budget.
    async fn send(&self, mail: &Outgoing, budget: SendBudget) -> Sent;

    /// Whether the same mail may be sent again with the same key after an unknown outcome, within `KEY_LIFETIME` of the
    /// first time: the provider then sends no second one. `Sent::Unknown` says it of one outcome.
    fn resend_is_safe(&self) -> bool;
}

/// When a mail may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// After this wait; the turn is reserved.
    After(Duration),
    /// Not within the time that the caller can wait. Nothing is reserved; ask again after this pause.
    NotBefore(Duration),
}

/// One mail to one recipient.
#[derive(Clone)]
pub struct Outgoing {
    /// The delivery, which webhooks and the message's id name.
    pub delivery_id: Uuid,
    /// 1 to 256 visible ASCII characters; the same for each attempt of this delivery.
    pub idempotency_key: String,
    /// Address of the recipient, without a name.
    pub to: SecretString,
    /// Subject.
    pub subject: String,
    /// The HTML part. Like every field, the same in each attempt: a provider that knows the key refuses another mail.
    pub html: String,
    /// The text part.
    pub text: String,
    /// Takes a POST that unsubscribes the recipient. Only an `https` address is named in headers.
    pub unsubscribe_url: Option<String>,
}

impl Outgoing {
    /// The value of `List-Unsubscribe`. One-click needs https.
    /// <https://www.rfc-editor.org/rfc/rfc8058#section-3.1>
    fn list_unsubscribe(&self) -> Option<String> {
        let url = Url::parse(self.unsubscribe_url.as_deref()?).ok()?;
        (url.scheme() == "https").then(|| format!("<{url}>"))
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing").field("delivery_id", &self.delivery_id).finish_non_exhaustive()
    }
}

/// What became of a mail.
#[derive(Clone, Debug, PartialEq)]
pub enum Sent {
    /// The provider took it.
    Accepted {
        /// The provider's id.
        provider_ref: Option<String>,
    },
    /// The provider refused it and always will.
    Rejected {
        /// For a program.
        code: Code,
        /// For a person.
        message: &'static str,
        /// What shows it.
        proof: Value,
    },
    /// It was certainly not sent, and may be sent later.
    NotSent {
        /// How long to wait at least.
        retry_after: Option<Duration>,
        /// For a program. `EMAIL_NOT_CONFIGURED`: an operator has to act first; it has been logged.
        code: Code,
        /// For a person.
        message: &'static str,
        /// What shows it.
        proof: Value,
    },
    /// It may or may not have been sent.
    Unknown {
        /// Whether sending the same mail with the same key settles it. Otherwise a person has to look.
        can_resend: bool,
        /// What is known.
        why: Value,
    },
}

/// The mailer that the settings choose.
///
/// # Errors
/// A client cannot be built, or the folder of mails cannot be made.
pub fn connect(provider: &MailProvider) -> anyhow::Result<Arc<dyn Mailer>> {
    Ok(match provider {
        MailProvider::Resend { key, base_url, from } => Arc::new(resend::Resend::new(key, base_url, from)?),
        MailProvider::Smtp { server, from } => Arc::new(smtp::Smtp::new(server.clone(), from.clone())?),
        MailProvider::Log { folder } => Arc::new(log::Log::new(folder.clone())?),
    })
}

#[cfg(test)]
mod tests;
