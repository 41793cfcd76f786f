//! The rules of the house, read off its sources: who may know whom, where SQL and the queue library may stand, which
//! settings there are (ARCHITECTURE 1). A rule that nobody checks is a wish.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use almanac_shared::config::VARIABLES;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository").to_path_buf()
}

/// Files below a folder with this ending, by their path from the repository's root.
pub fn files(folder: &str, ending: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the house").map(|entry| entry.expect("an entry")) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                let name = path.strip_prefix(root()).expect("inside").to_string_lossy().into_owned();
                found.insert(name, std::fs::read_to_string(&path).expect("text"));
            }
        }
    }
    assert!(!found.is_empty(), "nothing below {folder} ends in {ending}");
    found
}

/// The code of a file, without comments and without its tests.
fn code(text: &str) -> String {
    let body = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    body.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

fn sources(folder: &str) -> BTreeMap<String, String> {
    let is_test = |name: &String| name.ends_with("/tests.rs") || name.contains("/tests/");
    files(folder, ".rs")
        .into_iter()
        .filter(|(name, _)| !is_test(name))
        .map(|(name, text)| (name, code(&text)))
        .collect()
}

fn names_crate(code: &str, name: &str) -> bool {
    ["use ", " ", "(", "<", "&", "\n", "!", ",", "::<"].iter().any(|before| code.contains(&format!("{before}{name}::")))
}

/// Complains about every source below `folder` that names one of `crates`, but for the files in `except`.
fn forbid(wrong: &mut Vec<String>, folder: &str, crates: &[&str], except: &[&str]) {
    for (file, code) in sources(folder) {
        if except.iter().any(|excepted| file.starts_with(excepted)) {
            continue;
        }
        for name in crates.iter().filter(|name| names_crate(&code, name)) {
            wrong.push(format!("{file} names {name}"));
        }
    }
}

#[test]
fn each_room_knows_only_what_it_may() {
    let mut wrong = Vec::new();

    forbid(&mut wrong, "api/src", &["almanac_worker", "apalis", "apalis_redis", "sqlx"], &[]);
    forbid(&mut wrong, "api/src", &["reqwest"], &["api/src/auth/jwks.rs", "api/src/command.rs"]);
    forbid(&mut wrong, "worker/src", &["almanac_api", "poem", "poem_openapi"], &[]);
    forbid(&mut wrong, "worker/src", &["sqlx"], &[]);
    forbid(&mut wrong, "worker/src", &["reqwest"], &["worker/src/outbound/"]);
    forbid(&mut wrong, "shared/src", &["almanac_api", "almanac_worker", "poem", "poem_openapi", "reqwest"], &[]);
    for folder in ["shared/src", "worker/src"] {
        let rooms = ["shared/src/queue.rs", "worker/src/queue.rs"];
        forbid(&mut wrong, folder, &["apalis", "apalis_redis", "apalis_core"], &rooms);
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_manifest_offers_no_crate_that_its_room_may_not_use() {
    let cases = [
        ("api", &["almanac-worker", "apalis", "apalis-redis", "sqlx"][..]),
        ("worker", &["almanac-api", "poem", "poem-openapi", "sqlx"]),
        ("shared", &["almanac-api", "almanac-worker", "poem", "poem-openapi", "reqwest"]),
    ];

    for (room, forbidden) in cases {
        let manifest = std::fs::read_to_string(root().join(room).join("Cargo.toml")).expect("a manifest");
        let usual = manifest.split("[dev-dependencies]").next().unwrap_or_default();
        for name in forbidden {
            let named = usual.lines().any(|line| line.split(['.', ' ', '=']).next() == Some(name));
            assert!(!named, "{room}/Cargo.toml depends on {name}");
        }
    }
}

#[test]
fn sql_stands_only_where_it_may() {
    // Stores of domains and of jobs, and six small files of the ground floor; `db` begins transactions and migrates.
    let may = |file: &str| {
        let ground = [
            "progress/log.rs",
            "flags.rs",
            "limits.rs",
            "idempotency.rs",
            "db.rs",
            "db/api.rs",
            "db/migrate.rs",
            "db/version.rs",
        ];
        file.ends_with("/store.rs")
            || file.contains("/store/")
            || ground.iter().any(|name| file == format!("shared/src/{name}"))
    };
    let mut wrong = Vec::new();

    for folder in ["api/src", "worker/src", "shared/src"] {
        for (file, code) in sources(folder).into_iter().filter(|(file, _)| !may(file)) {
            let words = [
                "SELECT ",
                "INSERT INTO ",
                "DELETE FROM ",
                "UPDATE almanac",
                "query!(",
                "query_as!(",
                "query_scalar!(",
            ];
            let found: Vec<_> = words.into_iter().filter(|word| code.contains(word)).collect();
            if !found.is_empty() {
                wrong.push(format!("{file} has SQL: {found:?}"));
            }
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A loop that nobody watches ends in silence: the worker would claim, or renew, nothing more and go on looking well.
#[test]
fn a_worker_starts_its_loops_where_their_end_is_seen() {
    // One call's reading, and one connection's answers: no loops of the worker.
    let may = ["worker/src/outbound/", "worker/src/health.rs"];
    let unseen: Vec<String> = sources("worker/src")
        .into_iter()
        .filter(|(file, code)| code.contains("tokio::spawn(") && !may.iter().any(|room| file.starts_with(room)))
        .map(|(file, _)| file)
        .collect();

    assert!(unseen.is_empty(), "these start tasks that nobody watches: {unseen:?}");
}

#[test]
fn a_domain_uses_no_other_domain() {
    let domains = ["calendar", "organic", "brands", "flashcards", "publishing", "synthesis"];
    let may_read = [("publishing", "calendar"), ("publishing", "organic"), ("organic", "brands")];
    let mut wrong = Vec::new();

    for domain in domains.into_iter().filter(|domain| root().join("shared/src").join(domain).is_dir()) {
        for (file, code) in sources(&format!("shared/src/{domain}")) {
            for other in domains.into_iter().filter(|other| *other != domain && !may_read.contains(&(domain, other))) {
                // The composer has rooms of the same names.
                let code = code.replace(&format!("composer::{other}"), "");
                if code.contains(&format!("crate::{other}")) || code.contains(&format!("{other}::store")) {
                    wrong.push(format!("{file} uses {other}"));
                }
            }
        }
    }
    for file in ["id", "clock", "config", "error", "telemetry", "db", "redis", "limits", "idempotency", "queue"] {
        for (name, code) in
            sources("shared/src").into_iter().filter(|(name, _)| name.starts_with(&format!("shared/src/{file}")))
        {
            for domain in domains.into_iter().filter(|domain| code.contains(&format!("crate::{domain}"))) {
                wrong.push(format!("{name} of the ground floor uses {domain}"));
            }
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_fence_stands_where_postgres_would_skip_it() {
    let sql = files("migrations", ".sql").into_iter().chain(files("shared/src", "store.rs"));
    let (mut fences, mut wrong) = (0, Vec::new());

    for (file, text) in sql {
        fences += text.matches("fence(").count();
        wrong.extend(skipped_fences(&text).into_iter().map(|name| format!("{file}: nothing refers to CTE {name:?}")));
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(fences >= 2, "only {fences} fences were found: is this test still reading the right files?");
}

#[test]
fn a_fence_in_a_cte_that_nothing_refers_to_is_found() {
    let skipped = "WITH held AS (SELECT almanac.fence($1, $2)) UPDATE x SET y = 1;";
    let read = "WITH held AS MATERIALIZED (SELECT almanac.fence($1, $2)) INSERT INTO x SELECT 1 FROM held;";
    let plain = "WITH a AS (SELECT 1) SELECT 2 FROM a; PERFORM almanac.fence(p_job, p_epoch);";

    assert_eq!(skipped_fences(skipped), ["held"]);
    assert_eq!(skipped_fences(read), Vec::<String>::new());
    assert_eq!(skipped_fences(plain), Vec::<String>::new());
}

/// The CTEs that call the fence and that nothing refers to. Postgres never runs such a one: it guards nothing.
fn skipped_fences(sql: &str) -> Vec<String> {
    let mut skipped = Vec::new();
    for (at, _) in sql.match_indices("fence(") {
        let statement = sql[..at].rsplit(';').next().unwrap_or_default();
        let Some((name, body)) = open_cte(statement) else { continue };
        let is_closed = body.matches('(').count() < body.matches(')').count();
        let after = sql[at..].split(';').next().unwrap_or_default();
        let is_read = after.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name);
        if !is_closed && !is_read {
            skipped.push(name);
        }
    }
    skipped
}

/// The last CTE that a statement's beginning opens: its name, and what stands in it so far.
fn open_cte(statement: &str) -> Option<(String, &str)> {
    let (at, opening) = ["AS MATERIALIZED (", "AS ("]
        .into_iter()
        .filter_map(|opening| statement.rfind(opening).map(|at| (at, opening)))
        .max_by_key(|(at, _)| *at)?;
    let name = statement[..at].split_whitespace().next_back()?.trim_matches(',');
    Some((name.to_owned(), &statement[at + opening.len()..]))
}

#[test]
fn the_example_environment_lists_every_variable_with_its_default_and_says_why() {
    let text = std::fs::read_to_string(root().join(".env.example")).expect(".env.example");
    let mut listed: BTreeMap<&str, (&str, Vec<&str>)> = BTreeMap::new();
    let mut about = Vec::new();

    for line in text.lines().map(str::trim) {
        if let Some((name, value)) = line.trim_start_matches('#').split_once('=').filter(|(name, _)| is_name(name)) {
            assert!(listed.insert(name, (value, std::mem::take(&mut about))).is_none(), "{name} stands twice");
        } else if line.is_empty() {
            about.clear();
        } else {
            about.push(line);
        }
    }

    for variable in VARIABLES {
        let (value, about) = listed.remove(variable.name).unwrap_or_else(|| panic!("{} is not listed", variable.name));
        assert!(!about.is_empty(), "{} has no comment", variable.name);
        let required = about.iter().any(|line| line.contains("required"));
        assert!(value == variable.default || required, "{}: {value:?} is not {:?}", variable.name, variable.default);
    }
    assert!(listed.is_empty(), "nobody reads {:?}", listed.keys());
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

#[test]
fn only_the_settings_read_the_environment() {
    let mut wrong = Vec::new();

    for folder in ["api/src", "worker/src", "shared/src"] {
        for (file, code) in sources(folder) {
            let may = ["shared/src/config.rs", "shared/src/config/", "shared/src/faults.rs"];
            if code.contains("env::var") && !may.iter().any(|allowed| file.starts_with(allowed)) {
                wrong.push(file);
            }
        }
    }

    assert!(wrong.is_empty(), "these read the environment themselves: {wrong:?}");
}

#[test]
fn every_module_says_what_it_is_and_nothing_is_allowed_silently() {
    let mut wrong = Vec::new();

    for folder in ["api/src", "worker/src", "shared/src", "tests/src"] {
        for (file, text) in files(folder, ".rs") {
            let is_test = file.ends_with("/tests.rs") || file.contains("/tests/");
            let may_be_silent = is_test && folder != "tests/src";
            if !may_be_silent && !text.starts_with("//!") {
                wrong.push(format!("{file} does not begin with what it holds"));
            }
            if text.contains(concat!("#[all", "ow(")) {
                wrong.push(format!("{file} silences a lint without a reason"));
            }
            if code(&text).contains("TODO") {
                wrong.push(format!("{file} has something left to do"));
            }
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
