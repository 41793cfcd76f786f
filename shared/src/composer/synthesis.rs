//! The composer's sections of a synthesis: what the articles of a week say, and the document that asks for it.
//! The worker writes the document for every model, the composer reads it; both compare sections by `normalised_title`.
//! A section depends on all titles, those of `exclude` included, so asking for the rest gives what was missing.

use std::collections::HashSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::{
    phrases::{Bank, bank},
    plan::{Part, plan},
};
use super::{language::Language, sentences::sentences};

mod phrases;
mod plan;

/// The task's name in a document.
pub const TASK: &str = "synthesis";

/// Most sections if the document names none.
pub const SECTIONS_MAX: usize = 8;
/// Longest title of a section in characters.
pub const TITLE_CHARS: usize = 120;
/// Longest summary of a section in characters.
pub const SUMMARY_CHARS: usize = 2_000;
/// Most articles in a section.
pub const ARTICLES_MAX: usize = 20;
/// Longest takeaway in characters.
pub const TAKEAWAY_CHARS: usize = 500;

/// Longest title that a sentence quotes, in characters.
const QUOTED_CHARS: usize = 120;

/// The user message of a synthesis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Always `synthesis`.
    pub task: String,
    /// What the synthesis is about.
    pub theme: Theme,
    /// ISO week, `2026-W13`.
    pub week: String,
    /// The language to write in.
    #[serde(default)]
    pub language: String,
    /// Titles still wanted, in order. If empty, the model chooses up to `SECTIONS_MAX`.
    #[serde(default)]
    pub sections: Vec<String>,
    /// Titles of sections that exist already.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// What there is to read: data, never instructions.
    #[serde(default)]
    pub articles: Vec<Article>,
}

/// The theme of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Theme {
    /// Its name.
    pub name: String,
    /// What it covers, in the words of its owner; may be empty.
    #[serde(default)]
    pub description: String,
}

/// An article of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Article {
    /// By which an answer names it; unique in the document.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its address, if the feed gives one. Never copied into a section.
    #[serde(default)]
    pub url: Option<String>,
    /// Its date.
    pub published: NaiveDate,
    /// The beginning of its text; may be empty.
    #[serde(default)]
    pub summary: String,
}

impl Document {
    /// Asks for sections on these articles. The model chooses their titles unless `asking_for` follows.
    pub fn new(theme: Theme, week: String, language: String, articles: Vec<Article>) -> Self {
        let (sections, exclude) = (Vec::new(), Vec::new());
        Self { task: TASK.to_owned(), theme, week, language, sections, exclude, articles }
    }

    /// Names the sections still wanted and those that exist already.
    #[must_use]
    pub fn asking_for(self, sections: Vec<String>, exclude: Vec<String>) -> Self {
        Self { sections, exclude, ..self }
    }

    /// The document in a JSON value, if it is one of this task.
    pub fn read(value: &Value) -> Option<Self> {
        Self::deserialize(value).ok().filter(|document| document.task == TASK)
    }
}

impl From<Document> for Value {
    fn from(document: Document) -> Self {
        let article = |article: Article| {
            json!({
                "id": article.id, "title": article.title, "url": article.url,
                "published": article.published.to_string(), "summary": article.summary,
            })
        };
        let articles: Vec<Value> = document.articles.into_iter().map(article).collect();
        json!({
            "task": document.task,
            "theme": { "name": document.theme.name, "description": document.theme.description },
            "week": document.week, "language": document.language,
            "sections": document.sections, "exclude": document.exclude, "articles": articles,
        })
    }
}

/// One composed section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// As the document gives it, else of the phrase bank.
    pub title: String,
    /// Two or three sentences.
    pub summary: String,
    /// The articles it is about.
    pub articles: Vec<Note>,
}

/// What a section says about one article.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The article's id in the document.
    pub id: String,
    /// One sentence.
    pub takeaway: String,
}

impl From<Section> for Value {
    fn from(section: Section) -> Self {
        let note = |note: Note| json!({ "id": note.id, "takeaway": note.takeaway });
        let articles: Vec<Value> = section.articles.into_iter().map(note).collect();
        json!({ "title": section.title, "summary": section.summary, "articles": articles })
    }
}

/// A title as it counts for telling sections apart: case and white space aside.
pub fn normalised_title(title: &str) -> String {
    one_line(title).to_lowercase()
}

/// The sections wanted, in their order; without titles, a few of the phrase bank.
pub fn compose(document: &Document) -> Vec<Section> {
    let writer = Writer::of(document);
    let mut seen: HashSet<String> = document.exclude.iter().map(|title| normalised_title(title)).collect();
    let parts = plan(document, writer.bank);
    let wanted: Vec<&str> = if document.sections.is_empty() {
        parts.iter().map(|part| part.title).collect()
    } else {
        document.sections.iter().map(String::as_str).collect()
    };
    let missing = wanted.into_iter().filter(|title| seen.insert(normalised_title(title)));
    let section = |title: &str| {
        let turn = parts.iter().position(|part| normalised_title(part.title) == normalised_title(title))?;
        Some(writer.section(title, parts.get(turn)?, turn))
    };
    missing.filter_map(section).collect()
}

/// What all sections of a document are written with.
struct Writer {
    bank: &'static Bank,
    theme: String,
    description: Vec<String>,
    has_articles: bool,
}

impl Writer {
    fn of(document: &Document) -> Self {
        let Theme { name, description } = &document.theme;
        let language = match document.language.trim() {
            "" => Language::of(&format!("{name} {description}")),
            language => Language::named(language),
        };
        Self {
            bank: bank(language),
            theme: quotable(name),
            description: telling_sentences(description),
            has_articles: !document.articles.is_empty(),
        }
    }

    fn section(&self, title: &str, part: &Part<'_>, turn: usize) -> Section {
        let sentences =
            if part.articles.is_empty() { self.general(title, turn) } else { self.news(&part.articles, turn) };
        let takeaway = |article: &Article| {
            first_sentence(&article.summary).unwrap_or_else(|| self.on_title(self.bank.takeaway, article))
        };
        let note = |article: &&Article| Note { id: article.id.clone(), takeaway: takeaway(article) };
        Section {
            title: title.to_owned(),
            summary: sentences.join(" "),
            articles: part.articles.iter().map(note).collect(),
        }
    }

    /// From the articles: how many and which is the first, what one of them says, and which is the second.
    fn news(&self, articles: &[&Article], turn: usize) -> Vec<String> {
        let Some(first) = articles.first() else { return Vec::new() };
        let opening = if articles.len() == 1 { self.bank.one } else { self.bank.several };
        let opening = pick(opening, turn).replace("{count}", &articles.len().to_string());
        let said = articles.iter().find_map(|article| first_sentence(&article.summary));
        let said = said.unwrap_or_else(|| self.bank.no_details.to_owned());
        let second = articles.get(1).map(|second| self.on_title(pick(self.bank.also, turn), second));
        [Some(self.on_title(&opening, first)), Some(said), second].into_iter().flatten().collect()
    }

    /// Without an article: what the theme's description says, and no news.
    fn general(&self, title: &str, turn: usize) -> Vec<String> {
        let opening = if self.has_articles { self.bank.without_article } else { self.bank.general };
        let theme = if self.theme.is_empty() { self.bank.no_theme } else { &self.theme };
        let opening = pick(opening, turn).replace("{theme}", theme).replace("{title}", &quotable(title));
        let said = self.description.get(turn % self.description.len().max(1));
        vec![opening, said.map_or(self.bank.no_description, String::as_str).to_owned()]
    }

    fn on_title(&self, phrase: &str, article: &Article) -> String {
        let title = quotable(&article.title);
        phrase.replace("{article}", if title.is_empty() { self.bank.no_title } else { &title })
    }
}

fn first_sentence(text: &str) -> Option<String> {
    telling_sentences(text).into_iter().next()
}

/// The sentences with a word in them, each with a mark at its end.
fn telling_sentences(text: &str) -> Vec<String> {
    let mut sentences = sentences(&without_links(text));
    let last = sentences.len().saturating_sub(1);
    for (at, sentence) in sentences.iter_mut().enumerate() {
        if sentence.ends_with(|char: char| char.is_alphanumeric() || matches!(char, ',' | ';' | ':' | '-')) {
            sentence.push(if at == last { '.' } else { '…' });
        }
    }
    sentences.retain(|sentence| sentence.chars().any(char::is_alphanumeric));
    sentences
}

/// A title to stand inside a sentence: on one line, short, cut between words where there are any.
fn quotable(title: &str) -> String {
    let title = without_links(title);
    let Some((end, _)) = title.char_indices().nth(QUOTED_CHARS) else { return title };
    let kept = &title[..end];
    format!("{}…", kept.rfind(' ').map_or(kept, |at| &kept[..at]))
}

/// On one line, without the addresses that feeds write into their texts.
fn without_links(text: &str) -> String {
    let is_link = |word: &&str| word.contains("://") || word.starts_with("www.");
    text.split_whitespace().filter(|word| !is_link(word)).collect::<Vec<_>>().join(" ")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The phrase whose turn it is. The lists are never empty; were one, it would say nothing.
fn pick<'a>(list: &[&'a str], turn: usize) -> &'a str {
    list.get(turn % list.len().max(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
