//! The French phrases. Read by the phrase bank. An angle that is added here is added in every language.

use super::{Angle, Bank, ByFormat, Ctas, Objectives, Openings};

pub(in super::super) const FRENCH: Bank = Bank {
    no_topic: "ce qui nous occupe en ce moment",
    angles: ANGLES,
    objectives: Objectives {
        reach: "Toucher celles et ceux qui ne nous connaissent pas encore",
        conversation: "Ouvrir la conversation",
        attendance: "Réunir du monde le jour même",
        trust: "Inspirer confiance",
        loyalty: "Garder le lien avec celles et ceux qui nous connaissent",
    },
    openings: Openings {
        playful: &["Devinez quoi ?", "Attention, surprise.", "C’est parti.", "Vous allez sourire."],
        friendly: &[
            "Quel plaisir de vous retrouver.",
            "Prenez une minute avec nous.",
            "On a pensé à vous.",
            "Installez-vous.",
        ],
        bold: &["C’est aujourd’hui.", "Cela en vaut la peine.", "Voyez plus grand.", "Fini d’attendre."],
        professional: &["Un regard sur la pratique.", "Ce que nous constatons au travail :", "En bref :"],
    },
    ctas: Ctas {
        feed: &[
            "Enregistrez pour plus tard.",
            "Dites-le-nous en commentaire.",
            "À partager avec quelqu’un qui en a besoin.",
            "Qu’ajouteriez-vous ?",
        ],
        business: &[
            "Et chez vous, comment faites-vous ?",
            "Quelle est votre expérience ?",
            "Suivez-nous pour la suite.",
        ],
        video: &[
            "Abonnez-vous pour la suite.",
            "Dites-nous quoi essayer ensuite.",
            "Regardez deux fois, puis essayez.",
        ],
        story: &["Touchez pour nous répondre.", "Envoyez-nous votre réponse.", "De quel côté êtes-vous ?"],
        letter: &[
            "Répondez à cette lettre et dites-nous ce que vous en pensez.",
            "Transmettez-la à quelqu’un qui l’aimerait.",
        ],
    },
    ideas: ByFormat {
        reel: "Trois plans rapides : la question, un gros plan sur {topic}, la réponse. Du texte à l’écran dès la première seconde.",
        carousel: "Une couverture avec une phrase forte sur {topic}, un point et une image par page, une question pour finir.",
        story: "Une image verticale de {topic}, une phrase courte et un autocollant pour répondre.",
        post: "Une image sincère de {topic} en situation, des personnes plutôt que des objets, la première phrase à part.",
        newsletter: "Une lettre d’une personne à une autre sur {topic} : trois parties courtes, une image, une demande.",
    },
    hints: ByFormat {
        reel: &[
            ("plan d’ouverture", "Un gros plan qui montre {topic} dès la première seconde"),
            ("plans de coupe", "Des mains au travail, filmées d’en haut, deux prises"),
            ("couverture", "Une image du meilleur moment avec de la place pour une phrase"),
        ],
        carousel: &[
            ("couverture", "Une image calme avec de la place pour une phrase sur {topic}"),
            ("pages", "Une image par point, toutes dans la même lumière"),
            ("dernière page", "Un visage qui regarde le lecteur"),
        ],
        story: &[("fond", "Une image verticale de {topic}, le tiers supérieur dégagé")],
        post: &[
            ("principale", "Une image de {topic} en situation, à la lumière du jour"),
            ("détail", "Un gros plan de la même scène"),
        ],
        newsletter: &[
            ("en-tête", "Une image large qui évoque {topic}"),
            ("portrait", "La personne qui écrit la lettre"),
        ],
    },
    times: [
        ("morning", "Publication le matin : léger et droit au but."),
        ("afternoon", "Publication l’après-midi : une petite pause, pas une tâche."),
        ("evening", "Publication le soir : on a le temps, cela peut être plus long."),
        ("night", "Publication la nuit : des images calmes, peu de mots."),
    ],
    in_this_video: "Dans cette vidéo :",
    greeting: "Bonjour,",
    farewell: "À bientôt,\n{brand}",
    elsewhere: "Vous nous trouvez aussi sur : {platforms}.",
    guidance: "À garder en tête : {guidance}",
    note: "À noter : {note}",
};

const ANGLES: &[Angle] = &[
    Angle {
        title: "{topic} : ce qu’on ne dit pas aux débutants",
        hook: "On apprend souvent l’essentiel en dernier. Sujet du jour : {topic}.",
        body: "Voici cette partie en premier, en mots simples, pour vous éviter le détour que nous avons pris.",
        points: [
            "Commencer plus petit que prévu",
            "Essayer deux fois avant de juger",
            "Demander à quelqu’un qui s’est trompé",
        ],
        tag: "LesBases",
    },
    Angle {
        title: "Trois erreurs à éviter : {topic}",
        hook: "Nous avons commis ces trois erreurs nous-mêmes.",
        body: "La première coûte du temps, la deuxième de l’argent, et la troisième fait rire des années plus tard. Le sujet : {topic}.",
        points: ["Commencer sans question", "Copier ce qui marche chez les autres", "S’arrêter une étape trop tôt"],
        tag: "LeçonsApprises",
    },
    Angle {
        title: "Petit guide : {topic}",
        hook: "Cinq minutes suffisent pour comprendre. {topic}, en clair.",
        body: "Pas de théorie, seulement ce que nous dirions à une amie à table.",
        points: ["À quoi cela sert", "À quoi cela ne sert pas", "Ce qu’il faut essayer d’abord"],
        tag: "PetitGuide",
    },
    Angle {
        title: "Dans les coulisses : {topic}",
        hook: "{topic}, avant que quelqu’un ait rangé.",
        body: "Sans filtre ni scénario, juste les personnes qui font le travail.",
        points: ["Ce qui prend le plus de temps", "Ce que personne ne voit", "Ce que nous préférons"],
        tag: "DansLesCoulisses",
    },
    Angle {
        title: "La question de la semaine : {topic}",
        hook: "Elle revient chaque semaine : {topic}.",
        body: "Voici donc notre réponse, avec ses raisons.",
        points: ["La réponse courte", "La réponse honnête", "La réponse pour qui veut essayer"],
        tag: "QuestionRéponse",
    },
    Angle {
        title: "Plus important qu’il n’y paraît : {topic}",
        hook: "On passe facilement à côté. {topic}, regardé de près.",
        body: "Regardez deux fois, et vous le trouverez derrière bien des choses que vous aimez.",
        points: ["Du temps gagné là où on ne l’attend pas", "Les bonnes personnes réunies", "Un effet qui dure"],
        tag: "PourquoiCelaCompte",
    },
    Angle {
        title: "{topic} : vrai ou faux ?",
        hook: "La moitié de ce qu’on en dit est vraie. Le sujet : {topic}.",
        body: "Devinez laquelle avant de lire la suite.",
        points: [
            "Tout le monde fait pareil : faux",
            "Cela devient plus facile : vrai",
            "Il faut beaucoup pour commencer : faux",
        ],
        tag: "VraiOuFaux",
    },
    Angle {
        title: "Une habitude qui change tout : {topic}",
        hook: "Deux minutes, aucun outil. {topic}, autrement.",
        body: "Essayez pendant une semaine et voyez ce que cela change.",
        points: ["Noter ce qu’on a remarqué", "Ne changer qu’une chose", "Y revenir le lendemain"],
        tag: "UneHabitude",
    },
    Angle {
        title: "{topic}, par celles et ceux qui le font",
        hook: "Nous avons interrogé les personnes qui y passent le plus d’heures : {topic}.",
        body: "Elles avaient peu de temps et beaucoup à dire. Voici ce que nous en avons gardé.",
        points: ["Ce qui les a surprises", "Ce qu’elles referaient", "Ce qu’elles laisseraient de côté"],
        tag: "LeursMots",
    },
];
