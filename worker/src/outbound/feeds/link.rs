//! Addresses of items in their normal form, and the keys by which the same item is found again in any feed.

use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;
use url::Url;

const MAX_LINK_BYTES: usize = 2_048;

/// The address in its normal form: absolute, without fragment, default port and tracking parameters, the host in lower
/// case. `None` if it is not a web address, or holds a login.
pub(super) fn normalise(link: &str, base: &Url) -> Option<String> {
    let link = link.trim();
    if link.is_empty() || link.len() > MAX_LINK_BYTES {
        return None;
    }
    let mut url = base.join(link).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    if !is_web || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    url.set_fragment(None);
    let kept = url.query().map(without_tracking);
    url.set_query(kept.as_deref().filter(|query| !query.is_empty()));
    (url.as_str().len() <= MAX_LINK_BYTES).then(|| url.into())
}

/// The parameters that name the article, in their order and spelling.
fn without_tracking(query: &str) -> String {
    let is_tracking = |parameter: &&str| {
        let name = parameter.split('=').next().unwrap_or_default().to_ascii_lowercase();
        name.starts_with("utm_") || matches!(&*name, "fbclid" | "gclid")
    };
    query.split('&').filter(|parameter| !is_tracking(parameter)).collect::<Vec<_>>().join("&")
}

/// Names an item: by its address, else by the id that its feed gives it, else by its text.
pub(super) fn key(url: Option<&str>, id: &str, text: &str, source: &Url) -> String {
    match (url, id) {
        (Some(url), _) => digest(["link", url]),
        (None, "") => digest(["text", &text.nfc().collect::<String>().to_lowercase()]),
        (None, id) if is_global(id) => digest(["id", id]),
        (None, id) => digest(["id", &format!("{}\n{id}", source.host_str().unwrap_or_default())]),
    }
}

/// Whether an id is unique in all feeds, as Atom's are. Others, such as numbers, are unique on their host at most.
fn is_global(id: &str) -> bool {
    ["tag:", "urn:", "http:", "https:"].iter().any(|scheme| id.starts_with(scheme))
}

fn digest(parts: [&str; 2]) -> String {
    format!("{:x}", Sha256::digest(parts.join("\n")))
}
