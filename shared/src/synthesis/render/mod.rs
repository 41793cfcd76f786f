//! A synthesis as a mail (HTML and text) and as a web page, and the page on which a recipient unsubscribes. Called by the
//! worker that mails and by the API's routes. Pure: it loads nothing, and no text of a feed or a model becomes markup.

use askama::Template;
use chrono::NaiveDate;
use css_inline::CSSInliner;

use self::content::{Content, web_address};
use super::Section;

mod clean;
mod content;
mod fit;
mod language;
mod plain;
mod web;

pub use web::{Unsubscribe, content_security_policy, page, unsubscribe_page};

/// The style of mails and pages. A mail carries it as attributes, a page as its `<style>` element.
const STYLE: &str = include_str!("../../../templates/synthesis/style.css");

/// A synthesis of one week, and how it is shown.
#[derive(Clone, Copy, Debug)]
pub struct Issue<'a> {
    /// Name of the theme.
    pub theme: &'a str,
    /// ISO week: `2026-W13`.
    pub week: &'a str,
    /// The day that is shown.
    pub date: NaiveDate,
    /// BCP 47 tag: `fr`, `en-US`.
    pub language: &'a str,
    /// In the order in which they are shown.
    pub sections: &'a [Section],
}

/// The parts of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// One line of bounded length.
    pub subject: String,
    /// At most [`fit::MAX_BYTES`] long; what was left out for that is in the text.
    pub html: String,
    /// Every item, with its address.
    pub text: String,
}

/// A synthesis cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template failed.
    #[error("a template of a synthesis failed")]
    Template(#[from] askama::Error),
    /// The style could not be turned into attributes.
    #[error("the style of a mail could not be inlined")]
    Style(#[from] css_inline::InlineError),
    /// Titles of sections alone fill the mail.
    #[error("the mail is too large even without items and summaries")]
    TooLarge,
    /// A mail without a working link must not be sent.
    #[error("the address for unsubscribing is not http or https")]
    UnsubscribeUrl,
}

/// The mail of a synthesis. Without an address for unsubscribing it has no such link.
///
/// # Errors
/// Sections whose titles alone are too large, or an unsubscribe address that is not `http` or `https`.
pub fn mail(issue: &Issue<'_>, unsubscribe_url: Option<&str>) -> Result<Mail, RenderError> {
    let unsubscribe = match unsubscribe_url {
        Some(url) => Some(web_address(url).ok_or(RenderError::UnsubscribeUrl)?.to_string()),
        None => None,
    };
    let content = Content::from_issue(issue);
    let text = plain::render(&content, unsubscribe.as_deref());
    let html = fit::largest_that_fits(content.clone(), |content| mail_html(content, unsubscribe.as_deref()))?;
    Ok(Mail { subject: content.subject, html, text })
}

fn mail_html(content: &Content, unsubscribe_url: Option<&str>) -> Result<String, RenderError> {
    let html = IssueTemplate { content, style: STYLE, footer: Some(Footer { unsubscribe_url }) }.render()?;
    // Clients drop or rewrite style elements; only the dark colours stay in one.
    let inliner = CSSInliner::options().keep_at_rules(true).minify_css(true).load_remote_stylesheets(false).build();
    Ok(inliner.inline(&html)?)
}

#[derive(Template)]
#[template(path = "synthesis/issue.html", whitespace = "minimize")]
struct IssueTemplate<'a> {
    content: &'a Content,
    style: &'static str,
    /// A mail has one; a page has none.
    footer: Option<Footer<'a>>,
}

/// Why a mail was sent, and how to get no more.
struct Footer<'a> {
    unsubscribe_url: Option<&'a str>,
}

#[cfg(test)]
mod tests;
