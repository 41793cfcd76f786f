//! Which assets of a brand's library fit a placement: by tags and words that they share with its trend, its topic and its
//! format, weighted.
//! Called by the worker's job: the library is read into a [`Shelf`] once a run, then asked once a placement.
//! Pure. Ties are broken by id, and a match lists its reasons, so that a user can check it.
//! Words are cut and folded where the terms that assets are found by are.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::Format;
use crate::brands::{
    AssetId, AssetKind,
    terms::{SMALL, for_each_word},
};

/// Least score of a match: a tag that is shared with a tag; or a word of the topic that is a tag, on an asset of a kind
/// that suits the format; or two words of titles.
pub const THRESHOLD: u32 = 6;
/// Most words that a reason names of each kind.
const REASON_WORDS: usize = 5;
/// What an asset gains by being of a kind that suits the format, if it shares anything.
const KIND_WEIGHT: u32 = 2;

/// An asset as matching needs it.
#[derive(Clone, Copy, Debug)]
pub struct Asset<'a> {
    /// Its id.
    pub id: &'a AssetId,
    /// What it shows.
    pub title: &'a str,
    /// What it is.
    pub kind: AssetKind,
    /// Its tags.
    pub tags: &'a [String],
}

/// What a placement is about.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// Tags of its trend and of its metadata.
    pub tags: Vec<&'a str>,
    /// The title of its trend.
    pub trend: &'a str,
    /// What the model made of it.
    pub topic: &'a str,
    /// More about the trend.
    pub description: &'a str,
    /// What it is.
    pub format: Format,
}

/// An asset that fits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    /// The asset.
    #[serde(rename = "assetId")]
    pub asset: AssetId,
    /// How well it fits; at least [`THRESHOLD`].
    pub score: u32,
    /// The reasons of the match, as text for the user.
    pub reason: String,
}

/// A brand's assets, found by their words.
#[derive(Debug)]
pub struct Shelf<'a> {
    assets: Vec<Asset<'a>>,
    /// For each word, the assets that have it, in the order of their ids.
    by_word: HashMap<Box<str>, Vec<Place>>,
}

/// Where a word stands: in a tag, which says more, or in a title only.
#[derive(Clone, Copy, Debug)]
struct Place {
    asset: u32,
    in_tag: bool,
}

impl<'a> Shelf<'a> {
    /// Reads a library. One pass over its words, whatever is asked of it later.
    pub fn of(assets: impl IntoIterator<Item = Asset<'a>>) -> Self {
        let mut assets: Vec<Asset<'a>> = assets.into_iter().collect();
        // Places in a list that is sorted by id are ties that are decided already.
        assets.sort_by_key(|asset| asset.id);
        assets.dedup_by_key(|asset| asset.id);
        let mut by_word: HashMap<Box<str>, Vec<Place>> = HashMap::with_capacity(assets.len());
        let mut buffer = String::new();
        for (number, asset) in (0..).zip(&assets) {
            let mut put = |text: &str, in_tag: bool| {
                for_each_word(text, &mut buffer, |word| match by_word.get_mut(word) {
                    // An asset's words come together, so its own place can only be the last one.
                    Some(places) if places.last().is_some_and(|place| place.asset == number) => {}
                    Some(places) => places.push(Place { asset: number, in_tag }),
                    None => drop(by_word.insert(word.into(), vec![Place { asset: number, in_tag }])),
                });
            };
            asset.tags.iter().for_each(|tag| put(tag, true));
            put(asset.title, false);
        }
        Self { assets, by_word }
    }

    /// The best `most` assets for a placement, the best first.
    pub fn matches(&self, subject: &Subject<'_>, most: usize) -> Vec<Match> {
        let words = weights(subject);
        let mut scores = vec![0_u32; self.assets.len()];
        for (word, weight) in &words {
            for place in self.by_word.get(word.as_str()).into_iter().flatten() {
                if let Some(score) = scores.get_mut(place.asset as usize) {
                    *score += weight.of(place.in_tag);
                }
            }
        }
        let shared = (0..).zip(&self.assets).zip(scores).filter(|(_, score)| *score > 0);
        let scored = shared.map(|((number, asset), score)| {
            (score + if suits(asset.kind, subject.format) { KIND_WEIGHT } else { 0 }, number)
        });
        let mut fitting: Vec<(u32, u32)> = scored.filter(|(score, _)| *score >= THRESHOLD).collect();
        fitting.sort_unstable_by_key(|(score, number)| (std::cmp::Reverse(*score), *number));
        fitting.truncate(most);
        let found = |(score, number): (u32, u32)| self.found(subject, &words, score, number);
        fitting.into_iter().filter_map(found).collect()
    }

    fn found(&self, subject: &Subject<'_>, words: &Words, score: u32, number: u32) -> Option<Match> {
        let asset = self.assets.get(number as usize)?;
        let shared = |in_tag: bool| {
            let has = |word: &&String| {
                let places = self.by_word.get(word.as_str()).map(Vec::as_slice).unwrap_or_default();
                places.binary_search_by_key(&number, |place| place.asset).is_ok_and(|at| places[at].in_tag == in_tag)
            };
            words.keys().filter(has).take(REASON_WORDS).map(String::as_str).collect::<Vec<_>>().join(", ")
        };
        let kind = if suits(asset.kind, subject.format) {
            format!("{} for a {}", asset.kind, subject.format)
        } else {
            String::new()
        };
        let parts = [("tags", shared(true)), ("title", shared(false)), ("kind", kind)];
        let said = parts.into_iter().filter(|(_, what)| !what.is_empty()).map(|(name, what)| format!("{name}: {what}"));
        Some(Match { asset: asset.id.clone(), score, reason: said.collect::<Vec<_>>().join("; ") })
    }
}

/// How many assets a placement can use: one for each slide of a carousel, else one.
pub fn wanted(format: Format, slides: Option<u32>) -> usize {
    match format {
        Format::Carousel => slides.and_then(|slides| usize::try_from(slides).ok()).unwrap_or(1).max(1),
        Format::Reel | Format::Story | Format::Post | Format::Newsletter => 1,
    }
}

/// What a shared word is worth, by where the asset has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Weight {
    tag: u32,
    title: u32,
}

impl Weight {
    const TAG: Self = Self { tag: 6, title: 4 };
    const TITLE: Self = Self { tag: 4, title: 3 };
    const ASIDE: Self = Self { tag: 2, title: 1 };

    const fn of(self, in_tag: bool) -> u32 {
        if in_tag { self.tag } else { self.title }
    }
}

type Words = BTreeMap<String, Weight>;

/// The words of a placement, each with the most that any of its places is worth.
fn weights(subject: &Subject<'_>) -> Words {
    let mut words = Words::new();
    let mut buffer = String::new();
    let mut put = |text: &str, weight: Weight| {
        for_each_word(text, &mut buffer, |word| {
            if SMALL.contains(&word) {
                return;
            }
            let known = words.entry(word.to_owned()).or_insert(weight);
            *known = weight.max(*known);
        });
    };
    subject.tags.iter().for_each(|tag| put(tag, Weight::TAG));
    put(subject.trend, Weight::TITLE);
    put(subject.topic, Weight::TITLE);
    // An asset that is tagged `reel` was made for one, but not for this one: that alone is no match.
    put(subject.format.as_str(), Weight::ASIDE);
    put(subject.description, Weight::ASIDE);
    words
}

const fn suits(kind: AssetKind, format: Format) -> bool {
    match format {
        Format::Reel => matches!(kind, AssetKind::Video),
        Format::Story => matches!(kind, AssetKind::Video | AssetKind::Image),
        Format::Carousel | Format::Post => matches!(kind, AssetKind::Image),
        Format::Newsletter => matches!(kind, AssetKind::Image | AssetKind::Document),
    }
}

#[cfg(test)]
mod tests;
