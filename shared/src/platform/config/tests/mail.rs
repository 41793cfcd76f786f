//! Who takes mails, as the environment says.

use secrecy::ExposeSecret;

use super::*;

const KEY: (&str, &str) = ("RESEND_API_KEY", "re_canary");
const FROM: (&str, &str) = ("EMAIL_FROM", "Almanac <mail@example.com>");

fn worker_with<const N: usize>(pairs: [(&str, &str); N]) -> Result<WorkerSettings, Mistakes> {
    WorkerSettings::from_env(Env::of(WORKER.into_iter().chain(pairs)))
}

fn provider<const N: usize>(pairs: [(&str, &str); N]) -> MailProvider {
    worker_with(pairs).unwrap().mail
}

fn server(url: &str) -> SmtpServer {
    match provider([("EMAIL_PROVIDER", "smtp"), FROM, ("SMTP_URL", url)]) {
        MailProvider::Smtp { server, .. } => server,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_key_chooses_resend_and_nothing_chooses_the_log() {
    let MailProvider::Resend { key, base_url, from } = provider([KEY, FROM]) else { panic!("not Resend") };
    assert_eq!((key.expose_secret(), base_url.as_str()), ("re_canary", "https://api.resend.com"));
    assert_eq!(from.to_string(), "Almanac <mail@example.com>");

    assert!(matches!(provider([]), MailProvider::Log { folder: None }));
    let named = provider([KEY, ("EMAIL_PROVIDER", "log"), ("MAIL_DIR", "/tmp/mail")]);
    assert!(matches!(named, MailProvider::Log { folder: Some(folder) } if folder.ends_with("mail")));
    let other_host = provider([KEY, FROM, ("RESEND_BASE_URL", "http://127.0.0.1:9/resend/")]);
    assert!(matches!(other_host, MailProvider::Resend { base_url, .. } if base_url == "http://127.0.0.1:9/resend"));
}

#[test]
fn what_a_provider_needs_is_required() {
    assert_eq!(mistaken(worker_with([KEY])), ["EMAIL_FROM"]);
    assert_eq!(mistaken(worker_with([("EMAIL_PROVIDER", "resend")])), ["EMAIL_FROM", "RESEND_API_KEY"]);
    assert_eq!(mistaken(worker_with([("EMAIL_PROVIDER", "smtp"), FROM])), ["SMTP_URL"]);
    assert_eq!(mistaken(worker_with([("RESEND_API_KEY", "re canary"), FROM])), ["RESEND_API_KEY"]);

    let mistakes = worker_with([KEY, ("EMAIL_FROM", "canary"), ("SMTP_URL", "canary://user:canary@host")]).unwrap_err();
    assert!(!mistakes.to_string().replace("EMAIL_FROM", "").contains("canary"), "{mistakes}");
    assert_eq!(mistaken(Err::<(), _>(mistakes)), ["SMTP_URL", "EMAIL_FROM"]);
}

#[test]
fn a_mail_server_is_named_by_a_url() {
    for (url, host, port, security) in [
        ("smtps://mail.example.com", "mail.example.com", 465, SmtpSecurity::Tls),
        ("smtps://mail.example.com:2465", "mail.example.com", 2465, SmtpSecurity::Tls),
        ("smtp://mail.example.com?tls=required", "mail.example.com", 587, SmtpSecurity::StartTls),
        ("smtp://mail.example.com?tls=opportunistic", "mail.example.com", 587, SmtpSecurity::Opportunistic),
        ("smtp://localhost:1025", "localhost", 1025, SmtpSecurity::Plain),
        ("smtp://[::1]", "::1", 25, SmtpSecurity::Plain),
    ] {
        let server = server(url);
        assert_eq!((server.host.as_str(), server.port, server.security), (host, port, security), "{url}");
        assert!(server.credentials.is_none() && server.hello.is_none(), "{url}");
    }
}

#[test]
fn a_login_is_decoded_and_not_printed() {
    let server = server("smtps://canary%40example.com:canary%2F+%20@mail.example.com/almanac.example.com");

    assert!(!format!("{server:?}").contains("canary"));
    let login = server.credentials.unwrap();
    assert_eq!(login.user.expose_secret(), "canary@example.com");
    assert_eq!(login.password.expose_secret(), "canary/+ ");
    assert_eq!(server.hello.as_deref(), Some("almanac.example.com"));
}

#[test]
fn the_api_reads_nothing_of_the_senders_side() {
    let pairs = [("EMAIL_PROVIDER", "post"), ("EMAIL_FROM", "canary"), ("SMTP_URL", "canary")];
    let of_api = ApiSettings::from_env(Env::of(API.into_iter().chain(pairs))).unwrap();

    assert_eq!(of_api.public_url, "http://127.0.0.1:8080");
    assert!(of_api.webhook_secrets.is_empty());
}

#[test]
fn webhooks_have_a_secret_and_an_old_one() {
    const SECRETS: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw, whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    let of_api = api("RESEND_WEBHOOK_SECRET", SECRETS).unwrap();

    assert_eq!(of_api.webhook_secrets.len(), 2);
    assert!(!format!("{of_api:?}").contains("whsec_"));
}

#[test]
fn links_and_ticks_have_defaults() {
    let settings = worker_with([("PUBLIC_URL", "https://almanac.example/app/")]).unwrap();
    assert_eq!((settings.public_url.as_str(), settings.scheduler_tick.as_secs()), ("https://almanac.example/app", 15));
    assert_eq!(worker("SCHEDULER_TICK_SECONDS", "60").unwrap().scheduler_tick.as_secs(), 60);
}
