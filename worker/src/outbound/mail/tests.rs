//! A mail for tests of the mailers, and what all mailers have in common.

use std::os::unix::fs::PermissionsExt;

use tokio::time::Instant;

use super::*;

pub(super) const DELIVERY: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);

pub(super) fn mail() -> Outgoing {
    Outgoing {
        delivery_id: DELIVERY,
        idempotency_key: format!("synthesis/{DELIVERY}"),
        to: SecretString::from("canary@example.com"),
        subject: "Canary \u{2014} caf\u{e9}".to_owned(),
        html: "<p>canary \u{e9}</p>".to_owned(),
        text: "canary \u{e9}\n.\n..\nend".to_owned(),
        unsubscribe_url: Some("https://almanac.example/u/t0ken?x=1".to_owned()),
    }
}

pub(super) fn budget() -> SendBudget {
    SendBudget::until(Instant::now() + Duration::from_secs(5))
}

/// Fails unless the mail was certainly not sent; returns code and proof.
#[track_caller]
pub(super) fn not_sent(sent: Sent) -> (&'static str, Value) {
    match sent {
        Sent::NotSent { code, proof, .. } => (code.as_str(), proof),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
pub(super) fn rejected(sent: Sent) -> Value {
    match sent {
        Sent::Rejected { code: Code::EmailRejected, proof, .. } => proof,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_mail_is_printed_without_its_content() {
    assert_eq!(format!("{:?}", mail()), format!("Outgoing {{ delivery_id: {DELIVERY}, .. }}"));
}

#[test]
fn only_an_https_address_is_named_for_unsubscribing() {
    for (url, expected) in [
        (Some("https://almanac.example/u/1"), Some("<https://almanac.example/u/1>")),
        (Some("https://almanac.example/u/1>\r\nBcc: x"), Some("<https://almanac.example/u/1%3EBcc:%20x>")),
        (Some("http://almanac.example/u/1"), None),
        (Some("mailto:off@almanac.example"), None),
        (Some("/u/1"), None),
        (None, None),
    ] {
        let mail = Outgoing { unsubscribe_url: url.map(str::to_owned), ..mail() };
        assert_eq!(mail.list_unsubscribe().as_deref(), expected, "{url:?}");
    }
}

#[tokio::test]
async fn a_logged_mail_is_two_files_of_the_workers_user() {
    let folder = std::env::temp_dir().join(format!("almanac-mail-{}", Uuid::new_v4()));
    let mailer = connect(&MailProvider::Log { folder: Some(folder.clone()) }).unwrap();
    assert_eq!((mailer.name(), mailer.resend_is_safe()), ("log", false));
    assert_eq!(mailer.turn(Duration::ZERO), Turn::After(Duration::ZERO));

    for _ in 0..2 {
        assert_eq!(mailer.send(&mail(), budget()).await, Sent::Accepted { provider_ref: None });
    }

    for (ending, content) in [("html", mail().html), ("txt", mail().text)] {
        let path = folder.join(format!("{DELIVERY}.{ending}"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(not_sent(mailer.send(&mail(), budget()).await).0, "EMAIL_UNAVAILABLE", "the folder is gone");
}

#[tokio::test]
async fn without_a_folder_a_mail_is_only_logged() {
    let mailer = connect(&MailProvider::Log { folder: None }).unwrap();
    assert_eq!(mailer.send(&mail(), budget()).await, Sent::Accepted { provider_ref: None });
}
