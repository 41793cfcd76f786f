//! The rules of themes: what each of their fields may be. A patch is judged like a whole theme. Pure; every flaw is a 400
//! that names its field.

use url::Url;

use super::{SOURCES_MAX, Theme};
use crate::{platform::error::Refusal, values::json_reader::JsonReader};

/// Most characters of a name.
pub const NAME_CHARS: usize = 200;
/// Most characters of a description.
pub const DESCRIPTION_CHARS: usize = 2_000;
/// Most characters of a language.
pub const LANGUAGE_CHARS: usize = 35;
/// Most bytes of a feed's address.
pub const URL_BYTES: usize = 2_048;
/// Most sections.
pub const SECTIONS_MAX: usize = 20;
/// Most characters of a section's title.
pub const SECTION_CHARS: usize = 120;
/// The language of a theme that names none.
const DEFAULT_LANGUAGE: &str = "en";

/// A theme as it was sent, or as a patch would leave it.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of `Theme`")]
pub struct ThemeBody {
    pub name: Option<String>,
    pub description: Option<String>,
    pub language: Option<String>,
    pub sources: Option<Vec<String>>,
    pub sections: Option<Vec<String>>,
}

/// A theme to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThemeDraft {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) language: String,
    pub(super) sources: Vec<String>,
    pub(super) sections: Vec<String>,
}

impl From<&Theme> for ThemeBody {
    fn from(theme: &Theme) -> Self {
        Self {
            name: Some(theme.name.clone()),
            description: Some(theme.description.clone()),
            language: Some(theme.language.clone()),
            sources: Some(theme.sources.clone()),
            sections: Some(theme.sections.clone()),
        }
    }
}

impl ThemeDraft {
    /// A theme. Feeds and sections that are named twice count once.
    ///
    /// # Errors
    /// `InvalidFields` with every flaw.
    pub fn parse(body: ThemeBody) -> Result<Self, Refusal> {
        let mut shape = JsonReader::default();
        let name = match body.name {
            Some(name) => shape.text(&[&"name"], &name.into(), 1..=NAME_CHARS),
            None => {
                shape.flaw(&[&"name"], "missing", "is required");
                None
            }
        };
        let name = name.filter(|name| is_one_line(&mut shape, name));
        let description = body.description.unwrap_or_default();
        let description = shape.text(&[&"description"], &description.into(), 0..=DESCRIPTION_CHARS);
        let language = language(&mut shape, body.language);
        let sources = sources(&mut shape, &body.sources.unwrap_or_default());
        let sections = body.sections.unwrap_or_default().into();
        let sections = distinct(shape.texts(&[&"sections"], &sections, 0..=SECTIONS_MAX, 1..=SECTION_CHARS));
        let parsed = name.zip(description).zip(language);
        let ((name, description), language) = shape.finish(parsed)?;
        Ok(Self { name, description, language, sources, sections })
    }
}

/// A name becomes the subject of a mail.
fn is_one_line(shape: &mut JsonReader, name: &str) -> bool {
    let one_line = !name.chars().any(char::is_control);
    if !one_line {
        shape.flaw(&[&"name"], "value", "must not contain control characters");
    }
    one_line
}

/// A language tag: letters, digits and hyphens, as BCP 47 spells them.
fn language(shape: &mut JsonReader, language: Option<String>) -> Option<String> {
    let language = language.unwrap_or_else(|| DEFAULT_LANGUAGE.to_owned());
    let language = shape.text(&[&"language"], &language.into(), 1..=LANGUAGE_CHARS)?;
    let parts = || language.split('-');
    let is_tag = parts().all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
        && parts().next().is_some_and(|first| first.len() >= 2 && first.bytes().all(|b| b.is_ascii_alphabetic()));
    if !is_tag {
        shape.flaw(&[&"language"], "value", "must be a language tag such as fr or en-US");
        return None;
    }
    Some(language)
}

fn sources(shape: &mut JsonReader, urls: &[String]) -> Vec<String> {
    shape.count(&[&"sources"], urls.len(), 0..=SOURCES_MAX);
    let urls = urls.iter().enumerate().take(SOURCES_MAX);
    distinct(urls.filter_map(|(at, url)| {
        let read = feed_address(url.trim());
        if read.is_none() {
            shape.flaw(&[&"sources", &at], "value", "must be an http or https address without a login");
        }
        read
    }))
}

/// A feed's address in its normal form. Whether it may be fetched is decided when it is fetched.
fn feed_address(text: &str) -> Option<String> {
    let mut url = Url::parse(text).ok()?;
    url.set_fragment(None);
    let is_web = ["http", "https"].contains(&url.scheme()) && url.host_str().is_some_and(|host| !host.is_empty());
    let has_login = !url.username().is_empty() || url.password().is_some();
    (is_web && !has_login && url.as_str().len() <= URL_BYTES).then(|| url.into())
}

/// Each text once, in the order of its first place.
fn distinct(texts: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for text in texts {
        if !kept.contains(&text) {
            kept.push(text);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body() -> ThemeBody {
        ThemeBody { name: Some("Robotics".into()), ..ThemeBody::default() }
    }

    /// The paths of the flaws.
    fn flaws(body: ThemeBody) -> Vec<String> {
        match ThemeDraft::parse(body) {
            Err(Refusal::InvalidFields(flaws)) => {
                flaws.iter().map(|flaw| serde_json::Value::from(flaw.loc.clone()).to_string()).collect()
            }
            other => panic!("not refused: {other:?}"),
        }
    }

    #[test]
    fn a_theme_needs_only_a_name() {
        let draft = ThemeDraft::parse(body()).unwrap();

        assert_eq!((draft.name.as_str(), draft.language.as_str()), ("Robotics", "en"));
        assert!(draft.sources.is_empty() && draft.sections.is_empty() && draft.description.is_empty());
        assert_eq!(flaws(ThemeBody::default()), [r#"["name"]"#]);
    }

    #[test]
    fn each_flaw_is_named_by_its_path() {
        let sources = ["https://a.example/feed", "ftp://a.example", "https://u:p@a.example", "nonsense", "https://"];
        let wrong = ThemeBody {
            name: Some("two\nlines".into()),
            description: Some("d".repeat(DESCRIPTION_CHARS + 1)),
            language: Some("fr_FR".into()),
            sources: Some(sources.map(str::to_owned).to_vec()),
            sections: Some(vec!["News".into(), " ".into()]),
        };
        let expected = [
            r#"["name"]"#,
            r#"["description"]"#,
            r#"["language"]"#,
            r#"["sources",1]"#,
            r#"["sources",2]"#,
            r#"["sources",3]"#,
            r#"["sources",4]"#,
            r#"["sections",1]"#,
        ];
        assert_eq!(flaws(wrong), expected);
        let too_many = vec!["https://a.example".to_owned(); SOURCES_MAX + 1];
        assert_eq!(flaws(ThemeBody { sources: Some(too_many), ..body() }), [r#"["sources"]"#]);
    }

    #[test]
    fn a_language_is_a_tag() {
        for tag in ["en", "fr-CA", "zh-Hant-TW", "es-419", "pt-BR"] {
            assert_eq!(ThemeDraft::parse(ThemeBody { language: Some(tag.into()), ..body() }).unwrap().language, tag);
        }
        for tag in ["e", "12", "en-", "en--US", "en us", "toolonglang", "日本"] {
            assert_eq!(flaws(ThemeBody { language: Some(tag.into()), ..body() }), [r#"["language"]"#], "{tag}");
        }
    }

    #[test]
    fn what_is_named_twice_counts_once() {
        let twice = ThemeBody {
            sources: Some(vec!["https://a.example/x#top".into(), "https://A.example:443/x".into()]),
            sections: Some(vec!["News".into(), "Law".into(), " News ".into()]),
            ..body()
        };

        let draft = ThemeDraft::parse(twice).unwrap();

        assert_eq!(draft.sources, ["https://a.example/x"]);
        assert_eq!(draft.sections, ["News", "Law"]);
    }
}
