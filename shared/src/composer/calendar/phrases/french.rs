//! The French phrases. Read by the phrase bank. An angle that is added here is added in every language.

use super::{Angle, Bank};

pub(super) const FRENCH: Bank = Bank {
    topics: &[
        "notre savoir-faire",
        "l’histoire d’une cliente",
        "un conseil utile",
        "notre équipe",
        "nos nouveautés",
        "un retour en arrière",
    ],
    angles: ANGLES,
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

const ANGLES: &[Angle] = &[
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
