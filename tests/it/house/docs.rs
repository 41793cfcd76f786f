//! The project's documents agree with its code, and nothing in it refers to a text that is not part of it.

use std::collections::BTreeSet;

use super::rules::{files, root};

/// Every test of `tests/it` as `folder::file::function`.
fn tests() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (path, text) in files("tests/it", ".rs") {
        let file = path.trim_start_matches("tests/it/").trim_end_matches(".rs").trim_end_matches("/mod");
        let module = file.replace('/', "::");
        let mut is_test = false;
        for line in text.lines().map(str::trim_start) {
            if line.starts_with("#[tokio::test") || line.starts_with("#[test]") {
                is_test = true;
            } else if let Some(rest) = line.trim_start_matches("async ").strip_prefix("fn ")
                && std::mem::take(&mut is_test)
            {
                let name: String =
                    rest.chars().take_while(|&letter| letter == '_' || letter.is_alphanumeric()).collect();
                found.insert(format!("{module}::{name}"));
            }
        }
    }
    found
}

/// Every test below `web/` as `path: title`.
fn web_tests() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (path, text) in files("web", ".test.ts").into_iter().chain(files("web", ".test.tsx")) {
        let calls = text.lines().filter_map(|line| {
            let line = line.trim_start();
            let single = ["test(\"", "it(\"", "])(\""].iter().find_map(|start| line.strip_prefix(start));
            let is_table = ["test.each(", "it.each("].iter().any(|start| line.starts_with(start));
            single.or_else(|| line.split_once(")(\"").filter(|_| is_table).map(|(_, title)| title))
        });
        found.extend(calls.filter_map(|rest| rest.split_once('"')).map(|(title, _)| format!("{path}: {title}")));
    }
    found
}

/// What stands between back quotes and looks like a test.
fn named(text: &str) -> Vec<&str> {
    let looks_like_a_test = |quoted: &&str| quoted.contains("::") || quoted.contains(".test.ts");
    text.split('`').skip(1).step_by(2).filter(looks_like_a_test).collect()
}

/// Lines of the requirements that name no test, or one that does not exist.
fn unshown(requirements: &str, tests: &BTreeSet<String>) -> Vec<String> {
    let lines = requirements.lines().filter(|line| line.starts_with("- "));
    let shown = |line: &str| {
        let named = named(line);
        !named.is_empty() && named.iter().all(|name| tests.contains(*name))
    };
    lines.filter(|line| !shown(line)).map(str::to_owned).collect()
}

#[test]
fn every_requirement_names_a_test_that_exists() {
    let tests = &tests() | &web_tests();
    let requirements = files("docs", "requirements.md");
    let requirements = &requirements["docs/requirements.md"];

    assert_eq!(unshown(requirements, &tests), Vec::<String>::new());
    assert!(requirements.lines().filter(|line| line.starts_with("- ")).count() > 100);
    let wrong = "- It flies. `moon::it_flies`\n- It swims.\n- It shines. `web/moon.test.ts: it shines`\n";
    assert_eq!(unshown(wrong, &tests).len(), 3, "all would be found");
}

/// Quoted paths of a page that do not exist.
fn missing(page: &str) -> Vec<&str> {
    let quoted = page.split('`').skip(1).step_by(2);
    let paths = quoted.filter(|quoted| quoted.contains('/') && !quoted.contains(' '));
    paths.filter(|path| !root().join(path).exists() && !root().join("docs").join(path).exists()).collect()
}

#[test]
fn every_path_in_the_architecture_exists() {
    let pages = files("docs", "architecture.md");
    let page = &pages["docs/architecture.md"];

    assert_eq!(missing(page), Vec::<&str>::new());
    assert!(page.matches(".sql`").count() > 5);
    assert_eq!(missing("see `api/src/nowhere.rs`"), ["api/src/nowhere.rs"], "it would be found");
}

/// Names of texts that are not part of the project, and numbers of their lines (`R` and three digits and the like).
fn references(text: &str) -> Vec<&str> {
    let is_word = |letter: char| letter.is_ascii_alphanumeric();
    let words = text.split(|letter| !is_word(letter));
    let is_tag = |word: &&str| {
        let (letter, digits) = word.split_at(word.len().min(1));
        let numbered = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        match letter {
            "R" => numbered && digits.len() == 3,
            "D" => numbered && digits.len() <= 3,
            _ => ["ARCHITECTURE", "RELIABILITY", "PROTOCOLS", "REQUIREMENTS", "DECISIONS", "RECIPES"].contains(word),
        }
    };
    words.filter(is_tag).chain(text.contains("API.md").then_some("API.md")).collect()
}

#[test]
fn nothing_refers_to_a_text_outside_the_repository() {
    let mut wrong = Vec::new();
    for ending in [".rs", ".sql", ".sh", ".md", ".yaml", ".toml", ".ts", ".tsx", ".mjs", ".css", ".html"] {
        for (path, text) in files("", ending) {
            // The rule itself; tables of code points, which are written in hexadecimal digits; what is generated.
            let excepted = ["tests/it/house/docs.rs", "api/openapi.yaml", "web/client/src/generated/api.d.ts"];
            if excepted.contains(&path.as_str()) || path.ends_with("characters.rs") {
                continue;
            }
            let lines = text.lines().enumerate();
            wrong.extend(lines.filter(|(_, line)| !line.contains("\\u{")).flat_map(|(number, line)| {
                references(line).into_iter().map(|tag| format!("{path}:{}: {tag}", number + 1)).collect::<Vec<_>>()
            }));
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for tag in ["// as R217 says", "-- (D62)", "# API.md section 1", "see ARCHITECTURE 4"] {
        assert_eq!(references(tag).len(), 1, "{tag}");
    }
}
