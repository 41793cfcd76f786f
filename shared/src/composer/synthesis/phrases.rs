//! The phrase bank of the composer's sections, in English and French.
//! Called by the composer only; these are words, chosen so that a title can stand in them without being bent.
//! It must never claim an event, a number or a name: whatever is printed here may be mailed.

use super::super::language::Language;

/// What one language has. `{article}` stands for the title of an article in every text.
#[derive(Debug)]
pub(super) struct Bank {
    /// Titles of sections where none are given.
    pub(super) titles: &'static [&'static str],
    /// Titles of sections where neither titles nor articles are given.
    pub(super) general_titles: &'static [&'static str],
    /// How a section with one article begins.
    pub(super) one: &'static [&'static str],
    /// How a section with several articles begins. `{count}` stands for their number.
    pub(super) several: &'static [&'static str],
    /// Names the second article.
    pub(super) also: &'static [&'static str],
    /// Stands for the sentence of an article if none has a text.
    pub(super) no_details: &'static str,
    /// What an article without a text says.
    pub(super) takeaway: &'static str,
    /// How a section without articles begins if other sections have some. `{title}` stands for its title.
    pub(super) without_article: &'static [&'static str],
    /// How a section begins if there are no articles. `{title}` and `{theme}` stand for names.
    pub(super) general: &'static [&'static str],
    /// Stands for the sentence of a description if there is none.
    pub(super) no_description: &'static str,
    /// Stands for an empty name of a theme.
    pub(super) no_theme: &'static str,
    /// Stands for an empty title of an article.
    pub(super) no_title: &'static str,
}

pub(super) const fn bank(language: Language) -> &'static Bank {
    match language {
        Language::English => &ENGLISH,
        Language::French => &FRENCH,
    }
}

const ENGLISH: Bank = Bank {
    titles: &["In focus this week", "New developments", "In more depth", "Also worth reading"],
    general_titles: &["Overview", "Background", "Points to follow"],
    one: &[
        "One article stands out here this week: “{article}”.",
        "This section rests on one article of the week, “{article}”.",
        "The article to read on this subject is “{article}”.",
    ],
    several: &[
        "{count} articles of the week belong here, the first being “{article}”.",
        "Of {count} articles on this subject, “{article}” comes first.",
        "This week brought {count} articles for this section, among them “{article}”.",
    ],
    also: &[
        "Also worth attention: “{article}”.",
        "It is joined by “{article}”.",
        "A second article to read is “{article}”.",
    ],
    no_details: "The feed gives the title without a text, so the details are in the article itself.",
    takeaway: "The article “{article}” is part of this week’s reading.",
    without_article: &[
        "None of this week’s articles belongs to “{title}”.",
        "There is no new article for “{title}” this week.",
    ],
    general: &[
        "“{title}” is a part of the theme “{theme}”.",
        "On the theme “{theme}”, this section is about “{title}”.",
        "Within “{theme}”, “{title}” deserves regular attention.",
    ],
    no_description: "This section continues as soon as there is something new to read.",
    no_theme: "this week",
    no_title: "untitled",
};

const FRENCH: Bank = Bank {
    titles: &["À la une cette semaine", "Nouveautés", "Pour approfondir", "À lire aussi"],
    general_titles: &["Vue d’ensemble", "Contexte", "Points à suivre"],
    one: &[
        "Un article retient l’attention cette semaine : « {article} ».",
        "Cette section repose sur un article de la semaine, « {article} ».",
        "L’article à lire sur ce sujet est « {article} ».",
    ],
    several: &[
        "{count} articles de la semaine trouvent leur place ici, à commencer par « {article} ».",
        "Sur {count} articles consacrés à ce sujet, « {article} » vient en premier.",
        "La semaine apporte {count} articles à cette section, dont « {article} ».",
    ],
    also: &[
        "À retenir également : « {article} ».",
        "S’y ajoute « {article} ».",
        "Un deuxième article mérite la lecture : « {article} ».",
    ],
    no_details: "Le flux donne le titre sans le texte ; les détails se trouvent dans l’article lui-même.",
    takeaway: "L’article « {article} » fait partie des lectures de la semaine.",
    without_article: &[
        "Aucun article de la semaine ne relève de « {title} ».",
        "Il n’y a pas de nouvel article pour « {title} » cette semaine.",
    ],
    general: &[
        "« {title} » est un volet du thème « {theme} ».",
        "Pour le thème « {theme} », cette section porte sur « {title} ».",
        "Au sein de « {theme} », « {title} » mérite une attention régulière.",
    ],
    no_description: "Cette section reprendra dès qu’il y aura du nouveau à lire.",
    no_theme: "la semaine",
    no_title: "sans titre",
};
