//! What a mail or page shows: the texts of an issue cleaned, and its addresses checked. Plain texts; escaping is the
//! templates' part.

use url::Url;

use super::{
    Issue,
    clean::{line, paragraphs, short_line},
    language::{self, Language},
};
use crate::synthesis::{Article, Section};

/// Characters of a theme's name in a subject.
const SUBJECT_THEME: usize = 100;

#[derive(Clone, Debug)]
pub struct Content {
    pub language: String,
    pub direction: &'static str,
    pub words: Language,
    pub subject: String,
    pub theme: String,
    /// Week and date.
    pub when: String,
    pub sections: Vec<Part>,
}

/// A section.
#[derive(Clone, Debug)]
pub struct Part {
    pub title: String,
    /// Its paragraphs.
    pub summary: Vec<String>,
    pub items: Vec<Item>,
    /// Number of items that are not shown.
    pub left_out: usize,
}

#[derive(Clone, Debug)]
pub struct Item {
    pub title: String,
    pub link: Option<Link>,
    pub takeaway: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Link {
    pub url: String,
    pub host: String,
}

impl Content {
    pub fn from_issue(issue: &Issue<'_>) -> Self {
        let words = Language::from_tag(issue.language);
        let date = words.week_and_date(issue.week, issue.date, ", ");
        Self {
            language: language::valid_tag(issue.language).to_owned(),
            direction: language::direction(issue.language),
            words,
            subject: format!("{} – {date}", short_line(issue.theme, SUBJECT_THEME)),
            theme: line(issue.theme),
            when: words.week_and_date(issue.week, issue.date, " · "),
            sections: issue.sections.iter().map(Part::from_section).collect(),
        }
    }
}

impl Part {
    fn from_section(section: &Section) -> Self {
        Self {
            title: line(&section.title),
            summary: paragraphs(&section.summary),
            items: section.articles.iter().map(Item::from_article).collect(),
            left_out: 0,
        }
    }
}

impl Item {
    fn from_article(article: &Article) -> Self {
        let link = article.url.as_deref().and_then(Link::from_address);
        let takeaway = Some(line(&article.takeaway)).filter(|takeaway| !takeaway.is_empty());
        let title = Some(line(&article.title)).filter(|title| !title.is_empty());
        // A link without text could not be followed.
        let title = title.unwrap_or_else(|| link.as_ref().map_or_else(|| "…".to_owned(), |link| link.url.clone()));
        Self { title, link, takeaway }
    }
}

impl Link {
    fn from_address(address: &str) -> Option<Self> {
        let url = web_address(address)?;
        let host = url.host_str()?;
        let host = host.strip_prefix("www.").unwrap_or(host).to_owned();
        Some(Self { host, url: url.into() })
    }
}

/// The address, if a reader may follow it: `http` or `https`, and no login in front of the host to hide behind.
pub fn web_address(address: &str) -> Option<Url> {
    let url = Url::parse(address).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    (is_web && url.username().is_empty() && url.password().is_none()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_of_the_web_is_a_link() {
        let link = |address: &str| Link::from_address(address).map(|link| (link.url, link.host));
        let expected = ("https://www.example.com/a%22b?q=%3Cx%3E".to_owned(), "example.com".to_owned());
        assert_eq!(link("https://www.EXAMPLE.com/a\"b?q=<x>"), Some(expected));
        assert_eq!(link("http://bücher.example/").map(|link| link.1).as_deref(), Some("xn--bcher-kva.example"));
        let refused =
            ["javascript:alert(1)", "data:text/html,x", "ftp://a.example/", "//a.example/", "/a", "", "mailto:a@b.c"];
        for address in refused.into_iter().chain(["https://bank.example@evil.example/", "https://:x@evil.example/"]) {
            assert_eq!(link(address), None, "{address}");
        }
    }
}
