//! A mail as an Internet message, and what its envelope needs of a server. Pure.

use almanac_shared::platform::error::Code;
use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
    transport::smtp::extension::{Extension, MailBodyParameter, MailParameter, ServerInfo},
};
use secrecy::ExposeSecret;
use serde_json::json;

use super::super::{Outgoing, Sent};

/// A message with its envelope.
pub(super) struct Prepared {
    pub(super) from: Address,
    pub(super) to: Address,
    pub(super) bytes: Vec<u8>,
}

/// Renders a mail. Its `Message-ID` is the same each time, so that receivers can recognise a second copy.
pub(super) fn prepare(from: &Mailbox, mail: &Outgoing) -> Result<Prepared, Sent> {
    let to: Address =
        mail.to.expose_secret().parse().map_err(|_| rejected("The recipient's address is not valid.", "address"))?;
    let id = format!("<{}@{}>", mail.delivery_id, from.email.domain());
    let mut message = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to.clone()))
        .subject(mail.subject.as_str())
        .message_id(Some(id))
        .date_now();
    if let Some(unsubscribe) = mail.list_unsubscribe() {
        let post = "List-Unsubscribe=One-Click".to_owned();
        message = message
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("List-Unsubscribe"), unsubscribe))
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("List-Unsubscribe-Post"), post));
    }
    let message = message
        .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))
        .map_err(|_| rejected("No message can be made of the mail.", "message"))?;
    Ok(Prepared { from: from.email.clone(), to, bytes: message.formatted() })
}

/// What MAIL has to announce. Only addresses can make a message that is not ASCII.
/// <https://www.rfc-editor.org/rfc/rfc6531>
pub(super) fn parameters(message: &Prepared, server: &ServerInfo) -> Result<Vec<MailParameter>, Sent> {
    let is_ascii = [&message.from, &message.to].iter().all(|address| AsRef::<str>::as_ref(address).is_ascii());
    if is_ascii && message.bytes.is_ascii() {
        return Ok(Vec::new());
    }
    if [Extension::SmtpUtfEight, Extension::EightBitMime].into_iter().all(|it| server.supports_feature(it)) {
        return Ok(vec![MailParameter::SmtpUtfEight, MailParameter::Body(MailBodyParameter::EightBitMime)]);
    }
    Err(rejected("The mail server takes only ASCII addresses.", "smtputf8"))
}

fn rejected(message: &'static str, part: &str) -> Sent {
    Sent::Rejected { code: Code::EmailRejected, message, proof: json!({"reason": "malformed", "part": part}) }
}
