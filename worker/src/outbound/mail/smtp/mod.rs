//! A mail server. SMTP has no idempotency key, so it matters how far a conversation came: until the content is sent, a mail
//! is certainly not sent. The commands are given one by one, because lettre's own transport uses one kind of error for a
//! connection that is lost before the content and after it.
//! <https://www.rfc-editor.org/rfc/rfc5321#section-4.2.5>

use std::time::Duration;

use almanac_shared::platform::{
    config::{SmtpSecurity, SmtpServer},
    error::Code,
};
use anyhow::Context;
use async_trait::async_trait;
use lettre::{
    message::Mailbox,
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::ClientId,
        response::Response,
    },
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout, timeout_at};

use self::message::{Prepared, parameters, prepare};
use super::{Mailer, Outgoing, Sent};
use crate::outbound::send_budget::SendBudget;

mod message;

/// How long everything before the content may take, and again how long the reply to the content may. Servers may need ten
/// minutes for the latter, but a lease does not last as long.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// How long the farewell may take.
const QUIT_TIMEOUT: Duration = Duration::from_millis(500);

/// Sends mails by SMTP, each on a connection of its own.
pub(super) struct Smtp {
    server: SmtpServer,
    tls: TlsParameters,
    hello: ClientId,
    from: Mailbox,
    timeout: Duration,
}

/// How far a conversation came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Connection, TLS, greeting and EHLO.
    Connect,
    Login,
    Sender,
    Recipient,
    Data,
}

impl Step {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Login => "login",
            Self::Sender => "sender",
            Self::Recipient => "recipient",
            Self::Data => "data",
        }
    }
}

impl Smtp {
    pub(super) fn new(server: SmtpServer, from: Mailbox) -> anyhow::Result<Self> {
        let tls = TlsParameters::new(server.host.clone()).context("SMTP_URL: preparing TLS")?;
        let hello = server.hello.clone().map(ClientId::Domain).unwrap_or_default();
        Ok(Self { server, tls, hello, from, timeout: CALL_TIMEOUT })
    }

    /// Everything up to the server's consent to take the content.
    async fn open(&self, message: &Prepared) -> Result<AsyncSmtpConnection, Sent> {
        let at = |step: Step| move |error: Error| before_content(step, &error);
        let mut connection = self.connect().await.map_err(at(Step::Connect))?;
        if let Some(login) = &self.server.credentials {
            let (user, password) = (login.user.expose_secret(), login.password.expose_secret());
            let credentials = Credentials::new(user.to_owned(), password.to_owned());
            connection.auth(DEFAULT_MECHANISMS, &credentials).await.map_err(at(Step::Login))?;
        }
        let parameters = parameters(message, connection.server_info())?;
        connection.command(Mail::new(Some(message.from.clone()), parameters)).await.map_err(at(Step::Sender))?;
        connection.command(Rcpt::new(message.to.clone(), Vec::new())).await.map_err(at(Step::Recipient))?;
        connection.command(Data).await.map_err(at(Step::Data))?;
        Ok(connection)
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let address = (self.server.host.as_str(), self.server.port);
        let wrapper = (self.server.security == SmtpSecurity::Tls).then(|| self.tls.clone());
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(address, Some(self.timeout), &self.hello, wrapper, None).await?;
        let upgrades = match self.server.security {
            SmtpSecurity::StartTls => true,
            SmtpSecurity::Opportunistic => connection.can_starttls(),
            SmtpSecurity::Tls | SmtpSecurity::Plain => false,
        };
        if upgrades {
            connection.starttls(self.tls.clone(), &self.hello).await?;
        }
        Ok(connection)
    }
}

#[async_trait]
impl Mailer for Smtp {
    fn name(&self) -> &'static str {
        "smtp"
    }

    fn call_timeout(&self) -> Duration {
        self.timeout
    }

    async fn send(&self, mail: &Outgoing, budget: SendBudget) -> Sent {
        let message = match prepare(&self.from, mail) {
            Ok(message) => message,
            Err(refusal) => return refusal,
        };
        let deadline = budget.deadline().min(Instant::now() + self.timeout);
        let mut connection = match timeout_at(deadline, self.open(&message)).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(sent)) => return sent,
            Err(_) => return unavailable(json!({"reason": "timeout"})),
        };
        // The process may have stood still since the timer was looked at.
        if budget.is_spent() {
            return unavailable(json!({"reason": "send_budget_spent"}));
        }
        let reply = timeout(self.timeout, connection.message(&message.bytes)).await;
        let Ok(reply) = reply else {
            return Sent::Unknown { can_resend: false, why: json!({"reason": "timeout", "step": "content"}) };
        };
        let _ = timeout(QUIT_TIMEOUT, connection.abort()).await;
        after_content(reply)
    }

    fn resend_is_safe(&self) -> bool {
        false
    }
}

/// Before the content a failure is no mail. Servers refuse recipients for good with 5xx at RCPT or DATA; earlier, and where
/// they ask for a login, a 5xx is about this installation.
fn before_content(step: Step, error: &Error) -> Sent {
    let proof = proof(step.as_str(), error);
    let wants_login = error.status().is_some_and(|code| [530, 534, 535, 538].contains(&u16::from(code)));
    match step {
        _ if wants_login => not_configured(step, proof),
        Step::Recipient | Step::Data if error.is_permanent() => rejected(proof),
        Step::Login | Step::Sender if error.is_permanent() => not_configured(step, proof),
        // No STARTTLS, or no mechanism to log in with.
        Step::Connect | Step::Login if error.is_client() => not_configured(step, proof),
        _ => unavailable(proof),
    }
}

/// After the content only a reply shows what became of the mail: without one a server may have taken it.
fn after_content(reply: Result<Response, Error>) -> Sent {
    let error = match reply {
        Ok(_) => return Sent::Accepted { provider_ref: None },
        Err(error) => error,
    };
    let proof = proof("content", &error);
    if error.is_permanent() {
        rejected(proof)
    } else if error.is_transient() {
        unavailable(proof)
    } else {
        Sent::Unknown { can_resend: false, why: proof }
    }
}

/// Step and reply code. The reply's text is not kept: it may repeat an address.
fn proof(step: &str, error: &Error) -> Value {
    if let Some(code) = error.status() {
        return json!({"step": step, "status": u16::from(code)});
    }
    let reason = if error.is_tls() {
        "tls"
    } else if error.is_client() {
        "not_supported"
    } else if step == Step::Connect.as_str() {
        "no_connection"
    } else {
        "connection_lost"
    };
    json!({"step": step, "reason": reason})
}

fn rejected(proof: Value) -> Sent {
    let message = "The mail server refused the mail or its recipient.";
    Sent::Rejected { code: Code::EmailRejected, message, proof }
}

fn unavailable(proof: Value) -> Sent {
    let message = "The mail server could not be reached or could not take the mail.";
    Sent::NotSent { retry_after: None, code: Code::EmailUnavailable, message, proof }
}

fn not_configured(step: Step, proof: Value) -> Sent {
    let provider_status = proof["status"].as_u64();
    let step = step.as_str();
    tracing::error!(step, provider_status, "the mail server refuses this installation: check SMTP_URL and EMAIL_FROM");
    let message = "The mail server refuses this installation; an operator has to look.";
    Sent::NotSent { retry_after: None, code: Code::EmailNotConfigured, message, proof }
}

#[cfg(test)]
mod tests;
