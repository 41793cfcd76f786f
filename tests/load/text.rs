//! Source texts that look like prose to a compressor, and the people who send them.
//! The phases draw from here before their clock runs.
//! It must never hand out a text outside of 1,000 to 10,000 characters.

use almanac_tests::actor::token;
use bytes::Bytes;
use rand::{Rng, SeedableRng, rngs::StdRng};
use uuid::Uuid;

use crate::client;

/// Shortest and longest text that is accepted, characters.
const LENGTHS: std::ops::RangeInclusive<usize> = 1_000..=10_000;
/// Words to draw from; few words would compress better than prose does.
const VOCABULARY: usize = 4_000;

/// A source of texts, the same in every run.
#[derive(Debug)]
pub struct Texts {
    words: Vec<String>,
    chance: StdRng,
}

impl Texts {
    /// Starts at the same place in every run.
    pub fn new() -> Self {
        let mut chance = StdRng::seed_from_u64(7);
        let words = (0..VOCABULARY).map(|_| word(&mut chance)).collect();
        Self { words, chance }
    }

    /// A text of this number of characters.
    pub fn of(&mut self, characters: usize) -> String {
        let mut text = String::with_capacity(characters + 16);
        while text.len() < characters {
            // The square prefers the first words, as language does.
            let place = self.chance.random::<f64>().powi(2) * self.words.len() as f64;
            text.push_str(&self.words[place as usize]);
            text.push_str(if self.chance.random_ratio(1, 12) { ". " } else { " " });
        }
        text.truncate(characters - 1);
        // A text is trimmed before it is measured.
        text.push('.');
        text
    }

    /// This number of submits, ready to be sent, by these users in turn.
    pub fn submits(&mut self, count: usize, people: &[String]) -> Vec<Bytes> {
        let made = (0..count).map(|place| {
            let length = self.chance.random_range(LENGTHS);
            client::submit(&people[place % people.len()], &self.of(length))
        });
        made.collect()
    }
}

fn word(chance: &mut StdRng) -> String {
    const ONSETS: [&str; 16] = ["b", "c", "d", "f", "g", "l", "m", "n", "p", "r", "s", "t", "v", "st", "tr", "pl"];
    const RIMES: [&str; 12] = ["a", "e", "i", "o", "u", "an", "er", "in", "or", "us", "ea", "ent"];
    let syllables = chance.random_range(1..=4);
    let pick = |from: &[&'static str], chance: &mut StdRng| from[chance.random_range(0..from.len())];
    (0..syllables).map(|_| format!("{}{}", pick(&ONSETS, chance), pick(&RIMES, chance))).collect()
}

/// Tokens of this number of users.
pub fn people(count: usize) -> Vec<String> {
    (0..count).map(|_| token::hs256(&token::claims(Uuid::new_v4()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_the_length_it_was_asked_for_also_when_trimmed() {
        let mut texts = Texts::new();
        for length in [1_000, 5_500, 10_000] {
            assert_eq!(texts.of(length).trim().chars().count(), length);
        }
    }
}
