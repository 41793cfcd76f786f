//! A guess at a text's language, from the small words every sentence needs.
//! Called by the composer to choose its phrase bank; a wrong guess costs style, nothing else.
//! It knows English and French; everything else counts as English.

/// A language the phrase bank has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    English,
    French,
}

const ENGLISH: &[&str] = &[
    "the", "of", "and", "to", "in", "is", "are", "was", "were", "that", "it", "with", "for", "by", "this", "from",
    "which", "their", "has", "have", "be", "or", "as", "its", "not", "but", "they", "these", "when", "than", "into",
    "at", "an", "on", "can", "may", "also", "between", "through", "about", "because", "there", "where", "while",
    "after", "before", "such",
];

const FRENCH: &[&str] = &[
    "le", "la", "les", "des", "du", "de", "et", "est", "sont", "une", "un", "dans", "que", "qui", "pour", "par", "sur",
    "avec", "ce", "cette", "ces", "il", "elle", "au", "aux", "ne", "pas", "plus", "se", "son", "sa", "ses", "leur",
    "leurs", "en", "été", "était", "entre", "dont", "mais", "ou", "comme", "elles", "ils", "nous", "vous", "avant",
    "après", "aussi", "être",
];

impl Language {
    /// The language most of the text's small words belong to.
    pub(super) fn of(text: &str) -> Self {
        let mut french = 0_i64;
        for word in text.split(|char: char| !char.is_alphabetic()) {
            let word = word.to_lowercase();
            french += i64::from(FRENCH.contains(&word.as_str())) - i64::from(ENGLISH.contains(&word.as_str()));
        }
        if french > 0 { Self::French } else { Self::English }
    }

    /// The language of a name: `fr`, `fr-CA`, `French`, `français`; everything else is written in English.
    pub(super) fn named(name: &str) -> Self {
        let name = name.to_lowercase();
        let primary = name.split(['-', '_', ' ']).next().unwrap_or_default();
        if ["fr", "fra", "fre", "french", "français", "francais"].contains(&primary) {
            Self::French
        } else {
            Self::English
        }
    }

    /// Whether a word says nothing of its own.
    pub(super) fn is_small(self, word: &str) -> bool {
        let word = word.to_lowercase();
        match self {
            Self::English => ENGLISH.contains(&word.as_str()),
            Self::French => FRENCH.contains(&word.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_small_words_tell_the_language() {
        let table = [
            ("The cell is the unit of life.", Language::English),
            ("La cellule est l'unité de la vie.", Language::French),
            ("", Language::English),
            ("Zelle Einheit Leben", Language::English),
        ];

        for (text, language) in table {
            assert_eq!(Language::of(text), language, "{text}");
        }
    }
}
