//! Which section gets which article. Called by the composer once a document.
//! The plan depends on the set of titles, wanted or existing, and on the articles, never on which titles are left.

use std::{cmp::Reverse, collections::BTreeMap};

use super::{ARTICLES_MAX, Article, Document, normalised_title, phrases::Bank, telling_sentences};

/// Shortest word of a title that an article is recognised by, in characters.
const TELLING_CHARS: usize = 4;

/// A section to be written.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub(super) title: &'a str,
    pub(super) articles: Vec<&'a Article>,
}

/// All sections of a document, those that exist already included: in the order of their normalised titles if titles are
/// given, else in the order of the phrase bank.
pub(super) fn plan<'a>(document: &'a Document, bank: &'static Bank) -> Vec<Part<'a>> {
    let given = given_titles(document);
    let chosen = document.sections.is_empty();
    let titles = if chosen { chosen_titles(document, bank) } else { given.values().copied().collect() };
    // The bank's titles name no subject, so none attracts an article.
    let stems = titles.iter().map(|title| if chosen { Vec::new() } else { stems(title) }).collect::<Vec<_>>();
    let parts = distribute(&document.articles, &stems);
    titles.into_iter().zip(parts).map(|(title, articles)| Part { title, articles }).collect()
}

/// By normalised title; a blank title is none.
fn given_titles(document: &Document) -> BTreeMap<String, &str> {
    let titles = document.sections.iter().chain(&document.exclude);
    let titles = titles.map(|title| (normalised_title(title), title.as_str()));
    titles.filter(|(normalised, _)| !normalised.is_empty()).collect()
}

/// More sections for more to say; none for a document without a word.
fn chosen_titles<'a>(document: &Document, bank: &'static Bank) -> Vec<&'a str> {
    let theme = &document.theme;
    let count = match document.articles.len() {
        0 if theme.name.trim().is_empty() && theme.description.trim().is_empty() => 0,
        0 => telling_sentences(&theme.description).len().clamp(1, bank.general_titles.len()),
        1 => 1,
        2..=5 => 2,
        6..=11 => 3,
        _ => 4,
    };
    let titles = if document.articles.is_empty() { bank.general_titles } else { bank.titles };
    titles.iter().copied().take(count).collect()
}

/// Articles that share words with a title go to the section that shares most; then the others fill the sections that
/// have the fewest.
fn distribute<'a>(articles: &'a [Article], stems: &[Vec<String>]) -> Vec<Vec<&'a Article>> {
    let mut parts: Vec<Vec<&Article>> = vec![Vec::new(); stems.len()];
    let scored = articles.iter().map(|article| (article, shared_words(article, stems)));
    let (matching, others): (Vec<_>, Vec<_>) = scored.partition(|(_, shared)| shared.iter().any(|count| *count > 0));
    for (article, shared) in matching.into_iter().chain(others) {
        let open = shared.iter().zip(&mut parts).enumerate().filter(|(_, (_, part))| part.len() < ARTICLES_MAX);
        let best = open.max_by_key(|(at, (shared, part))| (**shared, Reverse((part.len(), *at))));
        if let Some((_, (_, part))) = best {
            part.push(article);
        }
    }
    parts
}

/// How many words each title shares with an article.
fn shared_words(article: &Article, stems: &[Vec<String>]) -> Vec<usize> {
    let words = words(&format!("{} {}", article.title, article.summary));
    let occurs = |stem: &&String| words.iter().any(|word| word.starts_with(stem.as_str()));
    stems.iter().map(|stems| stems.iter().filter(occurs).count()).collect()
}

/// The telling words of a title, without the mark of a plural.
fn stems(title: &str) -> Vec<String> {
    let words = words(title).into_iter().filter(|word| word.chars().count() >= TELLING_CHARS);
    words.map(|word| word.trim_end_matches('s').to_owned()).filter(|stem| !stem.is_empty()).collect()
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}
