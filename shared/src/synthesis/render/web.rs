//! Web pages: a synthesis, and unsubscribing. They need neither scripts nor anything from another address.

use askama::Template;
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use super::{
    Issue, IssueTemplate, RenderError, STYLE,
    content::Content,
    language::{self, Language},
};

/// The synthesis as a web page, whole.
///
/// # Errors
/// A template failed.
pub fn page(issue: &Issue<'_>) -> Result<String, RenderError> {
    let content = Content::from_issue(issue);
    Ok(IssueTemplate { content: &content, style: STYLE, footer: None }.render()?)
}

/// What the page for unsubscribing shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsubscribe {
    /// Two forms that post to the page's own address: one as it is, one with `scope=all`.
    Asking,
    /// The recipient left the theme.
    DoneTheme,
    /// The recipient gets no mail of this service any more.
    DoneAll,
}

/// The page for unsubscribing. Opening it changes nothing, because mail scanners open every link.
///
/// # Errors
/// A template failed.
pub fn unsubscribe_page(state: Unsubscribe, theme: &str, language: &str, url: &str) -> Result<String, RenderError> {
    let template = UnsubscribeTemplate {
        state,
        theme,
        language: language::valid_tag(language),
        direction: language::direction(language),
        words: Language::from_tag(language),
        url,
        style: STYLE,
    };
    Ok(template.render()?)
}

#[derive(Template)]
#[template(path = "synthesis/unsubscribe.html", whitespace = "minimize")]
struct UnsubscribeTemplate<'a> {
    state: Unsubscribe,
    theme: &'a str,
    language: &'a str,
    direction: &'static str,
    words: Language,
    url: &'a str,
    style: &'static str,
}

/// The `Content-Security-Policy` header of these pages: only their own style element, and forms to their own origin.
pub fn content_security_policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}
