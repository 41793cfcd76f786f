//! The phrase bank of the calendar's composer: angles, openings and closings in English and French, formats by channel.
//! Called by the composer only; these are words, chosen so that a topic can stand in them without being bent.
//! It must never name a product, a price, a date or an address: whatever is printed here may be published by mistake.

use super::super::language::Language;

/// A way to look at a topic. `{topic}` stands for it.
#[derive(Debug)]
pub(super) struct Angle {
    pub(super) title: &'static str,
    pub(super) caption: &'static str,
    pub(super) tag: &'static str,
}

/// What one language has.
#[derive(Debug)]
pub(super) struct Bank {
    pub(super) topics: &'static [&'static str],
    pub(super) angles: &'static [Angle],
    pub(super) closings: &'static [&'static str],
    /// `{audience}` stands for those it is for.
    pub(super) audience: &'static str,
    /// `{date}` and `{time}` stand for when it is due.
    pub(super) due: &'static str,
    /// `{tone}` stands for the tone asked for.
    pub(super) tone: &'static str,
    /// From Monday.
    pub(super) weekdays: [&'static str; 7],
    /// From January.
    pub(super) months: [&'static str; 12],
}

pub(super) const fn bank(language: Language) -> &'static Bank {
    match language {
        Language::English => &ENGLISH,
        Language::French => &FRENCH,
    }
}

/// How captions begin, by the tone asked for. An unknown tone begins plainly.
pub(super) fn openings(language: Language, tone: Option<&str>) -> &'static [&'static str] {
    let tone = tone.unwrap_or_default().to_lowercase();
    let is = |stems: &[&str]| stems.iter().any(|stem| tone.contains(stem));
    match language {
        Language::English if is(&["play", "fun", "humor", "humour", "witty", "light"]) => {
            &["Plot twist ahead.", "Guess what?", "Warning: may cause nodding.", "Here we go."]
        }
        Language::English if is(&["friend", "warm", "casual", "kind"]) => {
            &["Good to see you here.", "Take a minute with us.", "Make yourself comfortable.", "We thought of you."]
        }
        Language::English if is(&["bold", "inspir", "energ", "confident"]) => {
            &["Start today.", "No excuses.", "This one is worth it.", "Think bigger."]
        }
        Language::French if is(&["ludi", "drôle", "humour", "léger", "fun", "play"]) => {
            &["Devinez quoi ?", "Attention, surprise.", "C’est parti.", "Vous allez sourire."]
        }
        Language::French if is(&["amic", "chaleur", "bienveill", "décontract", "friend", "warm"]) => &[
            "Quel plaisir de vous retrouver.",
            "Prenez une minute avec nous.",
            "Installez-vous.",
            "On a pensé à vous.",
        ],
        Language::French if is(&["audac", "inspir", "énerg", "bold"]) => {
            &["C’est aujourd’hui.", "Plus d’excuses.", "Cela en vaut la peine.", "Voyez plus grand."]
        }
        Language::English | Language::French => &[""],
    }
}

/// What a channel's content can be. The names are those the channels use, in every language.
pub(super) fn formats(channel: &str) -> &'static [&'static str] {
    match channel {
        "instagram" => &["carousel", "reel", "photo", "story"],
        "tiktok" => &["video", "tutorial", "duet"],
        "linkedin" => &["post", "document", "article", "poll"],
        "facebook" => &["post", "photo", "video", "event"],
        "youtube" => &["short", "video", "community"],
        "newsletter" => &["letter", "digest"],
        "blog" => &["article", "interview", "list"],
        _ => &["post", "photo", "video"],
    }
}

const ENGLISH: Bank = Bank {
    topics: &["our craft", "a customer's story", "a useful tip", "our team", "what is new", "a look back"],
    angles: ENGLISH_ANGLES,
    closings: &[
        "What would you add?",
        "Save this for later.",
        "Tell us in the comments.",
        "Share it with somebody who needs it.",
        "More of this soon.",
        "How do you do it?",
        "Follow along for the next part.",
    ],
    audience: "Made for {audience}.",
    due: "Have text and pictures ready for {date}, {time}.",
    tone: "Keep the tone {tone}.",
    weekdays: ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
};

const FRENCH: Bank = Bank {
    topics: &[
        "notre savoir-faire",
        "l’histoire d’une cliente",
        "un conseil utile",
        "notre équipe",
        "nos nouveautés",
        "un retour en arrière",
    ],
    angles: FRENCH_ANGLES,
    closings: &[
        "Qu’ajouteriez-vous ?",
        "À garder pour plus tard.",
        "Dites-le-nous en commentaire.",
        "À partager avec qui en a besoin.",
        "La suite très bientôt.",
        "Et vous, comment faites-vous ?",
        "Suivez-nous pour ne rien manquer.",
    ],
    audience: "Pour {audience}.",
    due: "Préparer textes et images pour le {date}, {time}.",
    tone: "Ton souhaité : {tone}.",
    weekdays: ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
    months: [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
};

const ENGLISH_ANGLES: &[Angle] = &[
    Angle {
        title: "{topic}: what nobody tells beginners",
        caption: "Most people start with {topic} in a hurry and learn the important part last. Here is that part first, in plain words.",
        tag: "Basics",
    },
    Angle {
        title: "Three mistakes with {topic}",
        caption: "We have made all three of them ourselves. The first costs time, the second costs money, and the third is the one people laugh about years later.",
        tag: "Mistakes",
    },
    Angle {
        title: "A small guide to {topic}",
        caption: "Five minutes are enough to see how {topic} works. Save this one for the day you need it.",
        tag: "Guide",
    },
    Angle {
        title: "Behind the scenes: {topic}",
        caption: "This is what {topic} looks like before anybody has tidied up. No filter, no script, just the people who do the work.",
        tag: "BehindTheScenes",
    },
    Angle {
        title: "{topic} in one minute",
        caption: "If you only have sixty seconds, this is what to remember about {topic}.",
        tag: "InOneMinute",
    },
    Angle {
        title: "The question we hear most about {topic}",
        caption: "It comes up every week, so here is our answer, with the reasons behind it.",
        tag: "QuestionAndAnswer",
    },
    Angle {
        title: "{topic}: then and now",
        caption: "Look how far this has come. Some things changed beyond recognition, others are as good as they ever were.",
        tag: "ThenAndNow",
    },
    Angle {
        title: "Why {topic} matters more than it seems",
        caption: "It is easy to overlook {topic}. Look twice, and you will find it behind most of the things you like.",
        tag: "WhyItMatters",
    },
    Angle {
        title: "A day with {topic}",
        caption: "From the first hour to the last light: what a day with {topic} is really like.",
        tag: "ADayWith",
    },
    Angle {
        title: "{topic}: myth or fact?",
        caption: "Half of what is said about {topic} is true. Guess which half before you swipe.",
        tag: "MythOrFact",
    },
    Angle {
        title: "Our checklist for {topic}",
        caption: "Seven lines we go through every single time. Copy it, change it, make it yours.",
        tag: "Checklist",
    },
    Angle {
        title: "The story that started it: {topic}",
        caption: "It began with a detour and a good conversation about {topic}. The rest is what you see today.",
        tag: "OurStory",
    },
    Angle {
        title: "{topic} on a small budget",
        caption: "You do not need much. These are the choices that cost little and change a lot.",
        tag: "SmallBudget",
    },
    Angle {
        title: "What we learned about {topic} this season",
        caption: "Some plans worked, some did not. Here are the lessons we are keeping.",
        tag: "LessonsLearned",
    },
    Angle {
        title: "{topic}, explained by those who do it",
        caption: "We asked the people with the most hours in it to describe {topic} in their own words.",
        tag: "InTheirWords",
    },
    Angle {
        title: "One habit that improves {topic}",
        caption: "It takes two minutes and no tools. Try it for a week and tell us what changed.",
        tag: "OneHabit",
    },
    Angle {
        title: "{topic}: before and after",
        caption: "Same place, same people, one different decision. See what it did.",
        tag: "BeforeAndAfter",
    },
    Angle {
        title: "An honest look at {topic}",
        caption: "There is a good side and a tiring side. Today we show both.",
        tag: "HonestLook",
    },
    Angle {
        title: "The tools we use for {topic}",
        caption: "Nothing fancy: what lies on our table, what it is good for, and what we would leave out.",
        tag: "Toolbox",
    },
    Angle {
        title: "{topic}: your turn",
        caption: "You have read enough from us. Show us how you do it, and we will share what we like best.",
        tag: "YourTurn",
    },
    Angle {
        title: "Two ways to think about {topic}",
        caption: "There is the careful way and the bold way. Both have their day, and here is how to tell which.",
        tag: "TwoWays",
    },
    Angle {
        title: "{topic} for the weekend",
        caption: "A calm idea for two free days, with everything you need to know about {topic}.",
        tag: "WeekendIdea",
    },
    Angle {
        title: "What comes next for {topic}",
        caption: "We have been watching closely. These are the changes we expect, and how to be ready.",
        tag: "WhatComesNext",
    },
];

const FRENCH_ANGLES: &[Angle] = &[
    Angle {
        title: "{topic} : ce que personne ne dit aux débutants",
        caption: "On commence souvent trop vite, et l’on apprend l’essentiel en dernier. Le voici d’abord, en mots simples.",
        tag: "LesBases",
    },
    Angle {
        title: "{topic} : trois erreurs courantes",
        caption: "Nous les avons toutes commises. La première coûte du temps, la deuxième de l’argent, et la troisième fait encore rire des années après.",
        tag: "Erreurs",
    },
    Angle {
        title: "Petit guide : {topic}",
        caption: "Cinq minutes suffisent pour comprendre. À garder pour le jour où vous en aurez besoin.",
        tag: "PetitGuide",
    },
    Angle {
        title: "En coulisses : {topic}",
        caption: "Voilà à quoi cela ressemble avant que tout soit rangé. Sans filtre ni mise en scène, avec celles et ceux qui font le travail.",
        tag: "EnCoulisses",
    },
    Angle {
        title: "{topic} en une minute",
        caption: "Si vous n’avez que soixante secondes, voici ce qu’il faut retenir.",
        tag: "EnUneMinute",
    },
    Angle {
        title: "{topic} : la question qui revient toujours",
        caption: "On nous la pose chaque semaine. Voici notre réponse, et les raisons qui vont avec.",
        tag: "QuestionReponse",
    },
    Angle {
        title: "{topic} : hier et aujourd’hui",
        caption: "Que de chemin parcouru ! Certaines choses ont changé du tout au tout, d’autres sont restées aussi bonnes.",
        tag: "HierEtAujourdhui",
    },
    Angle {
        title: "{topic} : plus important qu’il n’y paraît",
        caption: "On passe facilement à côté. Regardez-y à deux fois, et vous le retrouverez derrière bien des choses que vous aimez.",
        tag: "PourquoiCaCompte",
    },
    Angle {
        title: "Une journée avec {topic}",
        caption: "De la première heure à la dernière lumière : à quoi ressemble vraiment une telle journée.",
        tag: "UneJourneeAvec",
    },
    Angle {
        title: "{topic} : vrai ou faux ?",
        caption: "La moitié de ce que l’on entend est vraie. Devinez laquelle avant de continuer.",
        tag: "VraiOuFaux",
    },
    Angle {
        title: "Notre liste pour {topic}",
        caption: "Sept lignes que nous relisons à chaque fois. Copiez-la, changez-la, faites-en la vôtre.",
        tag: "NotreListe",
    },
    Angle {
        title: "Comment tout a commencé : {topic}",
        caption: "Un détour et une belle conversation, voilà le début. La suite, c’est ce que vous voyez aujourd’hui.",
        tag: "NotreHistoire",
    },
    Angle {
        title: "{topic} avec un petit budget",
        caption: "Il n’en faut pas beaucoup. Voici les choix qui coûtent peu et changent tout.",
        tag: "PetitBudget",
    },
    Angle {
        title: "{topic} : nos leçons de la saison",
        caption: "Certains projets ont réussi, d’autres non. Voici ce que nous en gardons.",
        tag: "NosLecons",
    },
    Angle {
        title: "{topic}, par celles et ceux qui le font",
        caption: "Nous avons demandé aux plus expérimentés de raconter avec leurs propres mots.",
        tag: "AvecLeursMots",
    },
    Angle {
        title: "Une habitude qui change tout : {topic}",
        caption: "Deux minutes, aucun outil. Essayez pendant une semaine et racontez-nous.",
        tag: "UneHabitude",
    },
    Angle {
        title: "{topic} : avant et après",
        caption: "Même lieu, mêmes personnes, une seule décision différente. Voyez le résultat.",
        tag: "AvantApres",
    },
    Angle {
        title: "{topic} : un regard honnête",
        caption: "Il y a le bon côté et le côté fatigant. Aujourd’hui, nous montrons les deux.",
        tag: "RegardHonnete",
    },
    Angle {
        title: "Nos outils pour {topic}",
        caption: "Rien de compliqué : ce qui est sur notre table, à quoi cela sert, et ce dont on peut se passer.",
        tag: "NosOutils",
    },
    Angle {
        title: "{topic} : à vous de jouer",
        caption: "Assez parlé de nous. Montrez-nous votre façon de faire, nous partagerons nos préférées.",
        tag: "AVousDeJouer",
    },
    Angle {
        title: "{topic} : deux façons de voir",
        caption: "Il y a la manière prudente et la manière audacieuse. Chacune a son heure, voici comment choisir.",
        tag: "DeuxFacons",
    },
    Angle {
        title: "{topic} pour le week-end",
        caption: "Une idée tranquille pour deux jours libres, avec tout ce qu’il faut savoir.",
        tag: "IdeeWeekEnd",
    },
    Angle {
        title: "{topic} : et demain ?",
        caption: "Nous suivons cela de près. Voici les changements que nous attendons, et comment s’y préparer.",
        tag: "EtDemain",
    },
];
