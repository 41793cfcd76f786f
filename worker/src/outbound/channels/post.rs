//! The requests of a post, by the names of their steps. Called by the adapters, which render again with each handle that
//! they learn.

use almanac_shared::{
    platform::error::Code,
    publishing::{
        Channel,
        render::{Known, Post, Request, render},
    },
};
use chrono::{DateTime, Utc};
use serde_json::Value;

use unicode_normalization::UnicodeNormalization;

use super::{ChannelError, Delivery, ErrorClass, Handles, LookUp};

/// All requests, with everything that is known so far.
pub(super) fn requests(channel: Channel, delivery: &Delivery<'_>, known: &Known) -> Result<Vec<Request>, ChannelError> {
    let Delivery { entry, account, options, base_url, .. } = *delivery;
    Ok(render(channel, &Post { entry, account: Some(account), options, base_url, known })?.requests)
}

/// The request of a step.
pub(super) fn step(
    channel: Channel,
    delivery: &Delivery<'_>,
    known: &Known,
    name: &str,
) -> Result<Request, ChannelError> {
    let mut requests = requests(channel, delivery, known)?.into_iter();
    requests.find(|request| request.step == name).ok_or_else(|| {
        let message = format!("Publishing has no step {name}.");
        ChannelError::new(ErrorClass::Validation, Code::FormatUnsupported, message)
    })
}

/// Whether two texts are the same post. Vendors may trim texts, change line breaks, compose characters, drop invisible ones
/// and escape markup: a difference that is only of this kind must not lead to a second post.
pub(super) fn is_same_text(one: &str, other: &str) -> bool {
    comparable(one).split_whitespace().eq(comparable(other).split_whitespace())
}

fn comparable(text: &str) -> String {
    let unescaped = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&#039;", "'"), ("&amp;", "&")]
        .iter()
        .fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain));
    let is_seen = |letter: &char| !matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}');
    unescaped.nfc().filter(is_seen).collect()
}

/// A value as part of a query or a path.
pub(super) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// An instant in a proof.
pub(super) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// Stores handles before the next step uses them.
pub(super) async fn keep(handles: &dyn Handles, known: &Known) -> Result<(), ChannelError> {
    handles.keep(known).await.map_err(|_| {
        let message = "What the channel answered could not be stored.";
        ChannelError::new(ErrorClass::Transient, Code::Unavailable, message)
    })
}

/// Stores the quota of an account for its owner to see.
pub(super) async fn keep_quota(handles: &dyn Handles, quota: &Value) -> Result<(), ChannelError> {
    handles.keep_quota(quota).await.map_err(|_| {
        let message = "The quota of the account could not be stored.";
        ChannelError::new(ErrorClass::Transient, Code::Unavailable, message)
    })
}

/// A look-up that the vendor refuses for good can only be made by a person; one that may succeed later is an error.
pub(super) fn not_told(error: ChannelError) -> Result<LookUp, ChannelError> {
    match error.class {
        ErrorClass::Permission | ErrorClass::Validation | ErrorClass::Policy => Ok(LookUp::Impossible {
            why: format!("The channel does not tell what became of the post. {}", error.message),
        }),
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::is_same_text;

    #[test]
    fn a_text_that_a_vendor_tidied_is_the_same_text() {
        let sent = "Caf\u{e9} & cr\u{e8}me\n\n#a\u{200b}b <3 \"now\"";
        for shown in [
            sent,
            "  Caf\u{e9} & cr\u{e8}me\r\n#ab <3 \"now\" ",
            "Cafe\u{301} & cre\u{300}me #ab <3 \"now\"",
            "Caf\u{e9} &amp; cr\u{e8}me #ab &lt;3 &quot;now&quot;",
        ] {
            assert!(is_same_text(shown, sent), "{shown}");
        }
        for other in ["", "Cafe & creme #ab <3 \"now\"", "Caf\u{e9} & cr\u{e8}me #ab <3"] {
            assert!(!is_same_text(other, sent), "{other}");
        }
    }
}
