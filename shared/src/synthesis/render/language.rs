//! The fixed words and the dates of mails and pages, in the theme's language.

use chrono::{Locale, NaiveDate};

use super::clean::line;

/// A language that has fixed words here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    English,
    French,
}

impl Language {
    /// The language of a BCP 47 tag; English if there are no words for it.
    pub fn from_tag(tag: &str) -> Self {
        match primary_subtag(tag).as_str() {
            "fr" => Self::French,
            _ => Self::English,
        }
    }

    /// Week and day on one line. A week that is not like `2026-W13` is shown as it is.
    pub fn week_and_date(self, week: &str, date: NaiveDate, separator: &str) -> String {
        let number = week.split_once("-W").and_then(|(_, number)| number.parse::<u8>().ok());
        let week = match (self, number) {
            (Self::English, Some(number)) => format!("Week {number}"),
            (Self::French, Some(number)) => format!("Semaine {number}"),
            (_, None) => super::clean::short_line(week, 20),
        };
        format!("{week}{separator}{}", self.date(date))
    }

    fn date(self, date: NaiveDate) -> String {
        let locale = match self {
            Self::English => Locale::en_US,
            Self::French => Locale::fr_FR,
        };
        date.format_localized("%d %B %Y", locale).to_string()
    }

    pub const fn nothing(self) -> &'static str {
        match self {
            Self::English => "No new items.",
            Self::French => "Aucun nouvel article.",
        }
    }

    pub fn more_items(self, count: &usize) -> String {
        match (self, *count) {
            (Self::English, 1) => "1 more item".to_owned(),
            (Self::English, count) => format!("{count} more items"),
            (Self::French, 1) => "1 autre article".to_owned(),
            (Self::French, count) => format!("{count} autres articles"),
        }
    }

    /// Why the mail was sent.
    pub fn reason(self, theme: &str) -> String {
        match self {
            Self::English => format!("You receive this mail because your address is subscribed to “{theme}”."),
            Self::French => {
                format!("Vous recevez ce message parce que votre adresse est abonnée à «\u{a0}{theme}\u{a0}».")
            }
        }
    }

    pub const fn unsubscribe(self) -> &'static str {
        match self {
            Self::English => "Unsubscribe",
            Self::French => "Se désabonner",
        }
    }

    /// The link of a text that has no links.
    pub fn unsubscribe_at(self, url: &str) -> String {
        match self {
            Self::English => format!("Unsubscribe: {url}"),
            Self::French => format!("Se désabonner\u{a0}: {url}"),
        }
    }

    pub const fn unsubscribe_all(self) -> &'static str {
        match self {
            Self::English => "Unsubscribe from everything",
            Self::French => "Se désabonner de tout",
        }
    }

    pub fn ask_theme(self, theme: &str) -> String {
        let theme = line(theme);
        match self {
            Self::English => format!("Stop receiving “{theme}”?"),
            Self::French => format!("Ne plus recevoir «\u{a0}{theme}\u{a0}»\u{a0}?"),
        }
    }

    pub const fn ask_all(self) -> &'static str {
        match self {
            Self::English => "Or stop all mail of this service.",
            Self::French => "Ou ne plus recevoir aucun message de ce service.",
        }
    }

    pub fn done_theme(self, theme: &str) -> String {
        let theme = line(theme);
        match self {
            Self::English => format!("You are unsubscribed from “{theme}”."),
            Self::French => format!("Vous êtes désabonné de «\u{a0}{theme}\u{a0}»."),
        }
    }

    pub const fn done_all(self) -> &'static str {
        match self {
            Self::English => "You are unsubscribed from all mail of this service.",
            Self::French => "Vous êtes désabonné de tous les messages de ce service.",
        }
    }
}

/// A tag that may stand in a `lang` attribute; `en` for a text that is none.
pub fn valid_tag(tag: &str) -> &str {
    let is_tag = tag.starts_with(|char: char| char.is_ascii_alphabetic())
        && tag.len() <= 35
        && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_tag { tag } else { "en" }
}

/// The base direction of the language's script, as a `dir` attribute names it.
pub fn direction(tag: &str) -> &'static str {
    match primary_subtag(tag).as_str() {
        "ar" | "fa" | "he" | "ur" => "rtl",
        _ => "ltr",
    }
}

fn primary_subtag(tag: &str) -> String {
    tag.split('-').next().unwrap_or_default().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day() -> NaiveDate {
        "2026-03-23".parse().unwrap()
    }

    #[test]
    fn week_and_date_are_written_in_the_language_of_the_tag() {
        let table = [
            ("fr", "Semaine 13, 23 mars 2026"),
            ("FR-ca", "Semaine 13, 23 mars 2026"),
            ("en-US", "Week 13, 23 March 2026"),
            ("de", "Week 13, 23 March 2026"),
            ("", "Week 13, 23 March 2026"),
        ];
        for (tag, expected) in table {
            assert_eq!(Language::from_tag(tag).week_and_date("2026-W13", day(), ", "), expected, "{tag}");
        }
    }

    #[test]
    fn a_week_of_another_form_is_shown_as_it_is() {
        assert_eq!(Language::English.week_and_date("spring\n2026", day(), ", "), "spring 2026, 23 March 2026");
        assert_eq!(
            Language::English.week_and_date("2026-W05", "2026-02-01".parse().unwrap(), ", "),
            "Week 5, 01 February 2026"
        );
    }

    #[test]
    fn every_french_month_has_its_name() {
        let months = (1..=12).map(|month| NaiveDate::from_ymd_opt(2026, month, 1).unwrap());
        let names: Vec<_> = months.map(|date| Language::French.date(date)[3..].replace(" 2026", "")).collect();
        let expected = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre";
        assert_eq!(names.join(" "), expected);
    }

    #[test]
    fn four_languages_are_written_from_right_to_left() {
        for tag in ["ar", "ar-EG", "fa", "HE", "ur-PK"] {
            assert_eq!(direction(tag), "rtl", "{tag}");
        }
        for tag in ["en", "fr", "az", "arn", ""] {
            assert_eq!(direction(tag), "ltr", "{tag}");
        }
    }

    #[test]
    fn only_a_language_tag_becomes_an_attribute() {
        assert_eq!(valid_tag("zh-Hant-TW"), "zh-Hant-TW");
        for text in ["", "-fr", "fr\" onload=\"x", "é", "a-very-long-tag-that-no-registry-has-ever-seen"] {
            assert_eq!(valid_tag(text), "en", "{text}");
        }
    }
}
