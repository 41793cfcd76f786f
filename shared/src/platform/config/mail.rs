//! What the environment says about mail: who takes mails, who sends them, and what checks a webhook. A mistake shows no
//! value, which may be a secret or an address.

use std::{fmt::Display, path::PathBuf};

use base64::{Engine, engine::general_purpose::STANDARD};
use lettre::message::Mailbox;
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::Env;

/// Shortest key of a webhook in bytes.
/// <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>
const LEAST_WEBHOOK_KEY: usize = 24;

/// Who takes mails.
#[derive(Clone, Debug)]
pub enum MailProvider {
    /// Resend's API.
    Resend {
        /// Bearer key; visible ASCII.
        key: SecretString,
        /// Base URL without a trailing slash.
        base_url: String,
        /// Sender.
        from: Mailbox,
    },
    /// A mail server.
    Smtp {
        /// The server.
        server: SmtpServer,
        /// Sender.
        from: Mailbox,
    },
    /// No one: mails become files, for development.
    Log {
        /// Where files are written; `None`: nowhere.
        folder: Option<PathBuf>,
    },
}

/// A mail server, as `SMTP_URL` names it.
#[derive(Clone, Debug)]
pub struct SmtpServer {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How the connection is encrypted.
    pub security: SmtpSecurity,
    /// Login, if the server needs one.
    pub credentials: Option<SmtpCredentials>,
    /// Name in EHLO; `None`: that of the machine.
    pub hello: Option<String>,
}

/// A login at a mail server.
#[derive(Clone, Debug)]
pub struct SmtpCredentials {
    /// User.
    pub user: SecretString,
    /// Password.
    pub password: SecretString,
}

/// How a connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// TLS from the first byte.
    Tls,
    /// STARTTLS, or no mail.
    StartTls,
    /// STARTTLS if the server offers it, which an attacker can prevent.
    Opportunistic,
    /// None.
    Plain,
}

/// Reads who takes mails.
pub(super) fn read(env: &mut Env) -> MailProvider {
    let key = resend_key(env);
    let base_url = trimmed_url(env, "RESEND_BASE_URL");
    let server = smtp_server(env);
    let from = sender(env);
    let log = MailProvider::Log { folder: env.folder("MAIL_DIR") };
    let provider = match env.text("EMAIL_PROVIDER").as_str() {
        "" if key.is_some() => "resend",
        "" | "log" => return log,
        "resend" => "resend",
        "smtp" => "smtp",
        _ => {
            env.mistake("EMAIL_PROVIDER", "is none of resend, smtp and log");
            return log;
        }
    };
    let from = require(env, "EMAIL_FROM", from, format_args!("when EMAIL_PROVIDER is {provider}"));
    let when = format_args!("when EMAIL_PROVIDER is {provider}");
    match provider {
        "resend" => match (require(env, "RESEND_API_KEY", key, when), from) {
            (Some(key), Some(from)) => MailProvider::Resend { key, base_url, from },
            _ => log,
        },
        _ => match (require(env, "SMTP_URL", server, when), from) {
            (Some(server), Some(from)) => MailProvider::Smtp { server, from },
            _ => log,
        },
    }
}

/// A value of which any mistake has been reported; one more if the variable is not set at all.
fn require<T>(env: &mut Env, name: &str, value: Option<T>, when: impl Display) -> Option<T> {
    if value.is_none() && env.optional(name).is_none() {
        env.mistake(name, &format!("is required {when}"));
    }
    value
}

fn resend_key(env: &mut Env) -> Option<SecretString> {
    let key = env.secret("RESEND_API_KEY")?;
    if !key.expose_secret().bytes().all(|byte| byte.is_ascii_graphic()) {
        env.mistake("RESEND_API_KEY", "has characters that no header can carry");
    }
    Some(key)
}

fn sender(env: &mut Env) -> Option<Mailbox> {
    let sender = env.optional("EMAIL_FROM")?.parse().ok();
    if sender.is_none() {
        env.mistake("EMAIL_FROM", "is not a sender such as Almanac <mail@example.com>");
    }
    sender
}

fn smtp_server(env: &mut Env) -> Option<SmtpServer> {
    let server = parse_smtp(&env.optional("SMTP_URL")?);
    if server.is_none() {
        env.mistake("SMTP_URL", "is not a URL such as smtps://user:password@host or smtp://host?tls=required");
    }
    server
}

/// The same grammar and default ports as those of lettre's `from_url`.
fn parse_smtp(url: &str) -> Option<SmtpServer> {
    let url = Url::parse(url).ok()?;
    let tls = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value.into_owned());
    let (security, default_port) = match (url.scheme(), tls.as_deref()) {
        ("smtps", _) => (SmtpSecurity::Tls, 465),
        ("smtp", Some("required")) => (SmtpSecurity::StartTls, 587),
        ("smtp", Some("opportunistic")) => (SmtpSecurity::Opportunistic, 587),
        ("smtp", None) => (SmtpSecurity::Plain, 25),
        _ => return None,
    };
    let host = url.host_str().filter(|host| !host.is_empty())?;
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().ok().map(|text| SecretString::from(&*text));
    let credentials = match url.password() {
        None => None,
        Some(password) => Some(SmtpCredentials { user: decoded(url.username())?, password: decoded(password)? }),
    };
    Some(SmtpServer {
        host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
        port: url.port().unwrap_or(default_port),
        security,
        credentials,
        hello: Some(url.path().trim_matches('/').to_owned()).filter(|name| !name.is_empty()),
    })
}

/// Reads the beginning of links in mails.
pub(super) fn public_url(env: &mut Env) -> String {
    let url = trimmed_url(env, "PUBLIC_URL");
    if url.contains(['?', '#']) {
        env.mistake("PUBLIC_URL", "has a query or a fragment");
    }
    url
}

fn trimmed_url(env: &mut Env, name: &str) -> String {
    env.http_url(name).unwrap_or_default().trim_end_matches('/').to_owned()
}

/// Reads the secrets of Resend's webhook.
pub(super) fn webhook_secrets(env: &mut Env) -> Vec<SecretString> {
    const NAME: &str = "RESEND_WEBHOOK_SECRET";
    let secrets = env.list(NAME);
    let is_key = |secret: &String| {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret));
        key.is_ok_and(|key| key.len() >= LEAST_WEBHOOK_KEY)
    };
    if !secrets.iter().all(is_key) {
        env.mistake(NAME, &format!("has a part that is not whsec_ and base64 of at least {LEAST_WEBHOOK_KEY} bytes"));
    }
    secrets.into_iter().map(SecretString::from).collect()
}
