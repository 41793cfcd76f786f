use proptest::prelude::*;

use super::*;

fn article(id: &str, title: &str, summary: &str) -> Article {
    let url = Some(format!("https://news.example/{id}"));
    let published = NaiveDate::from_ymd_opt(2026, 3, 24).unwrap();
    Article { id: id.to_owned(), title: title.to_owned(), url, published, summary: summary.to_owned() }
}

fn articles() -> Vec<Article> {
    vec![
        article("1", "Harvest forecast lowered", "Growers expect a smaller harvest. The rain came late."),
        article("2", "New roasting machine", "A machine for small shops was shown in Lyon. It runs on gas."),
        article("3", "Tasting notes", ""),
        article("4", "Harvests in the south", "The south expects more."),
    ]
}

fn document(language: &str, sections: &[&str], articles: Vec<Article>) -> Document {
    let description = "Coffee from the plant to the cup. Mostly for small roasters.";
    let theme = Theme { name: "Coffee".to_owned(), description: description.to_owned() };
    Document::new(theme, "2026-W13".to_owned(), language.to_owned(), articles).asking_for(owned(sections), Vec::new())
}

fn owned(titles: &[&str]) -> Vec<String> {
    titles.iter().map(|title| (*title).to_owned()).collect()
}

fn titles(sections: &[Section]) -> Vec<&str> {
    sections.iter().map(|section| section.title.as_str()).collect()
}

fn ids(section: &Section) -> Vec<&str> {
    section.articles.iter().map(|note| note.id.as_str()).collect()
}

#[test]
fn sections_have_the_titles_given_and_the_articles_that_share_words_with_them() {
    let made = compose(&document("en", &["Roasting", "Harvest"], articles()));

    assert_eq!(titles(&made), ["Roasting", "Harvest"]);
    assert_eq!((ids(&made[0]), ids(&made[1])), (vec!["2", "3"], vec!["1", "4"]));
    assert_eq!(
        made[1].summary,
        "2 articles of the week belong here, the first being “Harvest forecast lowered”. Growers expect a smaller \
         harvest. Also worth attention: “Harvests in the south”."
    );
    let takeaways: Vec<_> = made[0].articles.iter().map(|note| note.takeaway.as_str()).collect();
    assert_eq!(
        takeaways,
        ["A machine for small shops was shown in Lyon.", "The article “Tasting notes” is part of this week’s reading."]
    );
}

#[test]
fn without_titles_the_number_of_sections_follows_from_that_of_the_articles() {
    let many = |count: usize| (0..count).map(|at| article(&at.to_string(), "Title", "A text.")).collect();
    for (articles, sections) in [(1, 1), (2, 2), (5, 2), (6, 3), (12, 4), (80, 4)] {
        let made = compose(&document("en", &[], many(articles)));
        assert_eq!(made.len(), sections, "{articles}");
        assert_eq!(made.iter().map(|section| section.articles.len()).sum::<usize>(), articles);
    }
    let one = compose(&document("en", &["All of it"], many(80)));
    assert_eq!(one[0].articles.len(), ARTICLES_MAX);
}

#[test]
fn without_articles_sections_come_from_the_description() {
    let made = compose(&document("en", &[], Vec::new()));

    assert_eq!(titles(&made), ["Overview", "Background"]);
    assert_eq!(made[0].summary, "“Overview” is a part of the theme “Coffee”. Coffee from the plant to the cup.");
    assert!(made[1].summary.ends_with("Mostly for small roasters."), "{}", made[1].summary);
    assert!(made.iter().all(|section| section.articles.is_empty()));
    let given = compose(&document("en", &["Prices"], Vec::new()));
    assert_eq!(titles(&given), ["Prices"]);
}

#[test]
fn a_section_without_an_article_says_so() {
    let made = compose(&document("en", &["Harvest", "Prices"], vec![articles().remove(0)]));
    assert_eq!(ids(&made[0]), ["1"]);
    assert_eq!(made[1].summary, "There is no new article for “Prices” this week. Mostly for small roasters.");
}

#[test]
fn a_document_without_a_word_gives_nothing_unless_it_names_sections() {
    let empty = |sections: &[&str]| {
        let theme = Theme { name: " ".to_owned(), description: String::new() };
        Document::new(theme, String::new(), String::new(), Vec::new()).asking_for(owned(sections), Vec::new())
    };
    assert_eq!(compose(&empty(&[])), []);
    assert_eq!(compose(&empty(&[" "])), []);
    assert_eq!(titles(&compose(&empty(&["Prices"]))), ["Prices"]);
}

#[test]
fn sections_are_in_the_language_asked_for_and_others_in_english() {
    let opening = |language: &str| compose(&document(language, &[], articles())).remove(0).title;
    for french in ["fr", "fr-CA", "Français"] {
        assert_eq!(opening(french), "À la une cette semaine");
    }
    for other in ["en-US", "es", "de", ""] {
        assert_eq!(opening(other), "In focus this week");
    }
    let mut unnamed = document("", &[], articles());
    unnamed.theme.description = "Le café, de la plante à la tasse, pour les petits torréfacteurs.".to_owned();
    assert_eq!(compose(&unnamed)[0].title, "À la une cette semaine", "the language is detected from the text");
}

#[test]
fn addresses_in_titles_and_texts_are_left_out() {
    let linked = article("1", "See https://a.example now", "www.b.example http://c.example/x");
    let made = compose(&document("en", &[], vec![linked]));
    let text = Value::from(made[0].clone()).to_string();
    assert!(!text.contains("example") && text.contains("See now"), "{text}");
}

#[test]
fn a_text_that_was_cut_ends_in_a_mark() {
    let table = [
        ("No full stop", "No full stop."),
        ("A first part that is long enough! And", "A first part that is long enough!"),
    ];
    for (summary, takeaway) in table {
        let made = compose(&document("en", &[], vec![article("1", "Title", summary)]));
        assert_eq!(made[0].articles[0].takeaway, takeaway);
    }
    let long = compose(&document("en", &[], vec![article("1", &"word ".repeat(60), &"word ".repeat(120))]));
    assert!(long[0].articles[0].takeaway.ends_with("word…"));
    assert!(long[0].summary.contains("word…”"), "{}", long[0].summary);
}

#[test]
fn titles_are_equal_apart_from_case_and_white_space() {
    for (title, normalised) in [(" Market\tNEWS\n", "market news"), ("Été", "été"), ("a-b", "a-b"), (" ", "")] {
        assert_eq!(normalised_title(title), normalised);
    }
    let mut document = document("en", &["Harvest", "harvest ", "Prices"], articles());
    document.exclude = owned(&["PRICES"]);
    assert_eq!(titles(&compose(&document)), ["Harvest"]);
}

#[test]
fn a_document_survives_its_own_json() {
    let document = document("fr", &["Récolte"], articles()).asking_for(owned(&["Prix"]), owned(&["Récolte"]));
    let value = Value::from(document.clone());
    assert_eq!(value["articles"][0]["published"], "2026-03-24");
    assert_eq!(Document::read(&value), Some(document));
    let least = json!({"task": "synthesis", "theme": {"name": "Coffee"}, "week": "2026-W13"});
    assert!(Document::read(&least).is_some());
    assert_eq!(Document::read(&json!({"task": "calendar", "theme": {"name": "Coffee"}, "week": "2026-W13"})), None);
}

#[test]
fn every_language_has_as_many_phrases() {
    let count = |language| {
        let bank = bank(language);
        let lists =
            [bank.titles, bank.general_titles, bank.one, bank.several, bank.also, bank.without_article, bank.general];
        lists.map(<[_]>::len)
    };
    assert_eq!(count(Language::English), count(Language::French));
    assert!(count(Language::English).iter().all(|length| *length > 0));
}

fn any_articles() -> impl Strategy<Value = Vec<Article>> {
    let texts = prop::collection::vec(("\\PC{0,60}", "\\PC{0,200}"), 0..24);
    texts.prop_map(|texts| {
        let numbered = texts.iter().enumerate();
        numbered.map(|(at, (title, summary))| article(&(at + 1).to_string(), title, summary)).collect()
    })
}

proptest! {
    #[test]
    fn any_document_gives_whole_sections_and_the_same_ones_again(
        articles in any_articles(), sections in prop::collection::hash_set("[A-Za-zé]{1,12}( [a-z]{1,12}){0,3}", 0..8),
        description in "\\PC{0,300}", language in prop::sample::select(vec!["en", "fr", "xx", ""]),
    ) {
        let wanted: HashSet<String> = sections.iter().map(|title| normalised_title(title)).collect();
        let mut document = document(language, &[], articles);
        document.sections = sections.into_iter().collect();
        document.theme.description = description;

        let made = compose(&document);

        prop_assert_eq!(&compose(&document), &made);
        if !wanted.is_empty() {
            prop_assert_eq!(made.iter().map(|section| normalised_title(&section.title)).collect::<HashSet<_>>(), wanted);
        }
        prop_assert!(!made.is_empty());
        let mut cited = HashSet::new();
        for section in &made {
            prop_assert!(section.title.chars().count() <= TITLE_CHARS && section.articles.len() <= ARTICLES_MAX);
            let length = section.summary.chars().count();
            let unfilled = ["{article}", "{count}"].iter().any(|name| section.summary.contains(name));
            prop_assert!((20..=SUMMARY_CHARS).contains(&length) && !unfilled, "{}", section.summary);
            for note in &section.articles {
                prop_assert!(cited.insert(&note.id) && document.articles.iter().any(|article| article.id == note.id));
                prop_assert!(note.takeaway.chars().count() <= TAKEAWAY_CHARS && note.takeaway.chars().any(char::is_alphanumeric));
            }
        }
    }

    #[test]
    fn asking_for_the_rest_gives_what_was_missing(
        articles in any_articles(), given in prop::collection::btree_set("[a-z]{1,12}", 0..6),
        stored in prop::collection::vec(any::<bool>(), 6),
    ) {
        let mut document = document("en", &[], articles);
        document.sections = given.into_iter().collect();
        let whole = compose(&document);
        let (kept, missing): (Vec<_>, Vec<_>) = whole.iter().zip(stored).partition(|(_, stored)| *stored);
        let named = |sections: &[(&Section, bool)]| sections.iter().map(|(section, _)| section.title.clone()).collect::<Vec<_>>();
        let sections = if document.sections.is_empty() { Vec::new() } else { named(&missing) };
        prop_assume!(!missing.is_empty());

        let rest = compose(&document.asking_for(sections, named(&kept)));

        let missing: Vec<Section> = missing.into_iter().map(|(section, _)| section.clone()).collect();
        prop_assert_eq!(rest, missing);
    }
}
