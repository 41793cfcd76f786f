//! The rules of the source tree, read off all of its files: which crate may use which, where SQL and the queue library may
//! stand, which settings there are. Each rule is a function of a path and its text, and is shown to find each kind of
//! violation.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use almanac_shared::{jobs::Kind, platform::config::variables};

/// What a rule finds wrong in one file.
type Rule = fn(path: &str, text: &str) -> Vec<String>;

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository").to_path_buf()
}

/// Files below a folder with this ending, by their path from the repository's root.
pub fn files(folder: &str, ending: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the house").map(|entry| entry.expect("an entry")) {
            let path = entry.path();
            let name = path.strip_prefix(root()).expect("inside").to_string_lossy().into_owned();
            if path.is_dir() {
                if is_source_folder(&name) {
                    folders.push(path);
                }
            } else if name.ends_with(ending) {
                found.insert(name, std::fs::read_to_string(&path).expect("text"));
            }
        }
    }
    assert!(!found.is_empty(), "nothing below {folder} ends in {ending}");
    found
}

/// Build output and tools' folders hold other people's sources.
fn is_source_folder(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name);
    !last.starts_with('.') && name != "target" && last != "node_modules" && last != "dist"
}

/// Every Rust file of the repository.
fn all_sources() -> BTreeMap<String, String> {
    files("", ".rs")
}

/// Everything that a rule finds wrong in all Rust files.
fn found_by(rule: Rule) -> Vec<String> {
    all_sources().iter().flat_map(|(path, text)| rule(path, text)).collect()
}

#[track_caller]
fn assert_kept(rule: Rule) {
    let wrong = found_by(rule);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Shows that a rule finds each of these, and nothing in what is allowed.
#[track_caller]
fn assert_finds(rule: Rule, violations: &[(&str, &str)], allowed: &[(&str, &str)]) {
    for (path, text) in violations {
        assert!(!rule(path, text).is_empty(), "not found in {path}: {text}");
    }
    for (path, text) in allowed {
        assert_eq!(rule(path, text), Vec::<String>::new(), "{path}: {text}");
    }
}

/// Whether a file is a test; rules about what programs may do leave it alone.
fn is_test(path: &str) -> bool {
    path.starts_with("tests/") || path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// The code of a file, without comments and without the tests at its end.
fn code(text: &str) -> String {
    let body = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    body.lines().map(without_comment).collect::<Vec<_>>().join("\n")
}

/// A comment begins a line or follows a space, which the `//` of a URL does not.
fn without_comment(line: &str) -> &str {
    let comment =
        line.match_indices("//").find(|(at, _)| line[..*at].chars().next_back().is_none_or(char::is_whitespace));
    comment.map_or(line, |(at, _)| &line[..at])
}

const fn is_word(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '_'
}

/// What follows each occurrence of a whole word.
fn after_word<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    code.match_indices(word).filter_map(move |(at, _)| {
        let (before, after) = (&code[..at], &code[at + word.len()..]);
        let whole = !before.ends_with(is_word) && !after.starts_with(is_word);
        whole.then_some((before, after))
    })
}

/// Whether code names a crate: by a path, an import or an attribute.
fn names_crate(code: &str, name: &str) -> bool {
    after_word(code, name).any(|(before, after)| {
        let imported = ["use", "crate"].iter().any(|word| before.trim_end().ends_with(word));
        let is_local = ["crate::", "self::", "super::"].iter().any(|prefix| before.ends_with(prefix));
        (after.starts_with("::") && !is_local)
            || (imported && after.trim_start().starts_with([';', 'a']))
            || (before.ends_with("#[") && after.starts_with('('))
    })
}

/// Crates that a folder may not name, and the files that may all the same.
const FORBIDDEN: &[(&str, &[&str], &[&str])] = &[
    ("api/", &["almanac_worker", "apalis", "apalis_redis", "apalis_core", "sqlx"], &[]),
    ("api/src/", &["reqwest"], &["api/src/auth/jwks.rs", "api/src/command.rs"]),
    ("worker/", &["almanac_api", "poem", "poem_openapi", "sqlx"], &[]),
    ("worker/src/", &["reqwest"], &["worker/src/outbound/"]),
    ("shared/", &["almanac_api", "almanac_worker", "poem", "poem_openapi", "reqwest"], &[]),
    ("shared/", &["apalis", "apalis_redis", "apalis_core"], &["shared/src/jobs/queue/mod.rs"]),
    ("worker/", &["apalis", "apalis_redis", "apalis_core"], &["worker/src/queue/redis.rs"]),
];

fn forbidden_crates(path: &str, text: &str) -> Vec<String> {
    let may = |except: &[&str]| except.iter().any(|excepted| path.starts_with(excepted));
    let rules =
        FORBIDDEN.iter().filter(|(folder, _, except)| path.starts_with(folder) && !is_test(path) && !may(except));
    let code = code(text);
    let named = rules.flat_map(|(_, crates, _)| crates.iter()).filter(|name| names_crate(&code, name));
    named.map(|name| format!("{path} names {name}")).collect()
}

#[test]
fn each_room_knows_only_what_it_may() {
    assert_kept(forbidden_crates);
}

#[test]
fn a_crate_where_it_may_not_be_is_found() {
    assert_finds(
        forbidden_crates,
        &[
            ("api/src/state.rs", "use sqlx::PgPool;"),
            ("api/src/state.rs", "fn of(pool: &sqlx::PgPool) {}"),
            ("api/src/state.rs", "type Pools = [sqlx::PgPool; 2];"),
            ("api/src/routes/new/deep/file.rs", "let x = ::sqlx::query(q);"),
            ("api/src/state.rs", "use sqlx as database;"),
            ("api/src/state.rs", "#[derive(sqlx::FromRow)] struct Row;"),
            ("api/examples/new.rs", "use {almanac_worker::runner::Crew, std::fmt};"),
            ("api/src/http/stream.rs", "use reqwest::Client;"),
            ("worker/src/jobs/new.rs", "poem::http::StatusCode::OK"),
            ("worker/src/jobs/new.rs", "let client = reqwest::Client::new();"),
            ("worker/src/runner/mod.rs", "use apalis::prelude::*;"),
            ("shared/src/jobs/service.rs", "use apalis_redis::RedisStorage;"),
            ("shared/src/calendar/mod.rs", "#[poem_openapi::types::ToJSON] struct A;"),
        ],
        &[
            ("api/src/state.rs", "// sqlx::PgPool is not used here"),
            ("api/src/state.rs", "let sqlx_like = 1;"),
            ("api/src/auth/jwks.rs", "use reqwest::Client;"),
            ("worker/src/outbound/http.rs", "use reqwest::Client;"),
            ("worker/src/queue/redis.rs", "use apalis::prelude::*;"),
            ("shared/src/platform/db/mod.rs", "use sqlx::PgPool;"),
            ("tests/it/security/row_security.rs", "use sqlx::PgPool;"),
        ],
    );
}

/// Every file has to be one that the rules above look at.
fn stranger(path: &str, _: &str) -> Vec<String> {
    const KNOWN: [&str; 11] = [
        "api/src/",
        "api/examples/",
        "worker/src/",
        "worker/benches/",
        "shared/src/",
        "shared/benches/",
        "shared/build.rs",
        "tests/src/",
        "tests/it/",
        "tests/load/",
        "tests/build.rs",
    ];
    let known = KNOWN.iter().any(|known| path.starts_with(known));
    if known { Vec::new() } else { vec![format!("{path} stands where no rule looks")] }
}

#[test]
fn every_source_stands_where_the_rules_look() {
    assert_kept(stranger);
    assert!(all_sources().len() > 300, "only {} sources were found", all_sources().len());
    assert_finds(stranger, &[("billing/src/lib.rs", ""), ("api/tools/x.rs", "")], &[("api/src/a/b.rs", "")]);
}

/// Crates that a manifest offers to the code of its room though they are forbidden there.
fn forbidden_dependencies(room: &str, manifest: &str) -> Vec<String> {
    let forbidden: &[&str] = match room {
        "api" => &["almanac-worker", "apalis", "apalis-redis", "apalis-core", "sqlx"],
        "worker" => &["almanac-api", "poem", "poem-openapi", "sqlx"],
        _ => &["almanac-api", "almanac-worker", "poem", "poem-openapi", "reqwest"],
    };
    let mut section = "";
    let mut wrong = Vec::new();
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line;
        }
        // Both spellings: a line below [dependencies], and a table [dependencies.name].
        let name = match section.strip_prefix('[').and_then(|section| section.split_once("dependencies")) {
            Some((before, _)) if before.contains("dev-") => continue,
            Some((_, "]")) => line.split(['.', ' ', '=']).next(),
            Some((_, table)) if line == section => table.strip_prefix('.').map(|table| table.trim_end_matches(']')),
            _ => continue,
        };
        wrong.extend(name.filter(|name| forbidden.contains(name)).map(|name| format!("{room} depends on {name}")));
    }
    wrong
}

#[test]
fn a_manifest_offers_no_crate_that_its_room_may_not_use() {
    for room in ["api", "worker", "shared"] {
        let manifest = std::fs::read_to_string(root().join(room).join("Cargo.toml")).expect("a manifest");
        assert_eq!(forbidden_dependencies(room, &manifest), Vec::<String>::new());
    }
}

#[test]
fn a_dependency_that_may_not_be_is_found() {
    for manifest in [
        "[dependencies]\nanyhow = \"1\"\nsqlx.workspace = true",
        "[dependencies]\nsqlx = { version = \"0.9\" }",
        "[dependencies.sqlx]\nversion = \"0.9\"",
        "[dev-dependencies]\nproptest = \"1\"\n[dependencies]\nsqlx = \"0.9\"",
        "[target.'cfg(unix)'.dependencies]\nsqlx = \"0.9\"",
        "[build-dependencies]\nsqlx = \"0.9\"",
    ] {
        assert_eq!(forbidden_dependencies("api", manifest), ["api depends on sqlx"], "{manifest}");
    }
    for manifest in ["[dev-dependencies]\nsqlx.workspace = true", "[features]\nsqlx = []", "[dev-dependencies.sqlx]"] {
        assert_eq!(forbidden_dependencies("api", manifest), Vec::<String>::new(), "{manifest}");
    }
}

/// SQL outside of the stores of domains and of jobs, and of some small files of the ground floor.
fn stray_sql(path: &str, text: &str) -> Vec<String> {
    let ground = [
        "events/log.rs",
        "jobs/idempotency.rs",
        "jobs/limits.rs",
        "platform/flags.rs",
        // Begins transactions, checks the login and the schema, migrates, notes the release.
        "platform/db/mod.rs",
        "platform/db/api.rs",
        "platform/db/migrate.rs",
        "platform/db/release.rs",
        "platform/db/version.rs",
    ];
    let may = path.ends_with("/store.rs")
        || path.contains("/store/")
        || ground.iter().any(|name| path.strip_prefix("shared/src/") == Some(*name));
    let looked_at = ["api/", "worker/", "shared/"].iter().any(|room| path.starts_with(room));
    if may || !looked_at || is_test(path) {
        return Vec::new();
    }
    let code = code(text);
    let keywords = ["SELECT", "INSERT INTO", "DELETE FROM", "UPDATE almanac.", "TRUNCATE", "LOCK TABLE", "NOTIFY"];
    let keywords = keywords.into_iter().filter(|word| {
        after_word(&code, word.trim_end_matches('.')).any(|(_, after)| {
            let after = if word.ends_with('.') { after.strip_prefix('.') } else { Some(after) };
            after.is_some_and(|after| word.ends_with('.') || after.starts_with(char::is_whitespace))
        })
    });
    let calls = ["query!", "query_as!", "query_scalar!", "query_file!", "raw_sql", "sqlx::query"];
    let calls = calls.into_iter().filter(|call| code.contains(call));
    keywords.chain(calls).map(|found| format!("{path} has SQL: {found}")).collect()
}

#[test]
fn sql_stands_only_where_it_may() {
    assert_kept(stray_sql);
}

#[test]
fn sql_where_it_may_not_be_is_found() {
    assert_finds(
        stray_sql,
        &[
            ("shared/src/calendar/service.rs", r#"let sql = "SELECT id FROM x";"#),
            ("shared/src/calendar/service.rs", "let sql = \"SELECT\n id FROM x\";"),
            ("shared/src/calendar/rules.rs", r#"sqlx::query("x")"#),
            ("shared/src/calendar/rules.rs", r#"query_scalar!("x")"#),
            ("shared/src/platform/db/timeout_pool.rs", r#"sqlx::raw_sql("x")"#),
            ("shared/src/jobs/service.rs", r#""DELETE FROM almanac.jobs""#),
            ("shared/src/jobs/service.rs", r#""INSERT INTO almanac.jobs VALUES (1)""#),
            ("worker/src/runner/mod.rs", r#""UPDATE almanac.jobs SET x = 1""#),
            ("api/examples/x.rs", r#""LOCK TABLE almanac.jobs""#),
        ],
        &[
            ("shared/src/calendar/store.rs", r#""SELECT id FROM x""#),
            ("shared/src/organic/store/work.rs", r#""SELECT id FROM x""#),
            ("shared/src/platform/flags.rs", r#"query!("SELECT 1")"#),
            ("shared/src/calendar/rules.rs", "// SELECT id FROM x"),
            ("shared/src/calendar/rules.rs", "const SELECTED: u8 = 1;"),
            ("shared/src/calendar/tests.rs", r#""SELECT 1""#),
            ("tests/it/security/row_security.rs", r#""SELECT 1""#),
        ],
    );
}

/// A loop whose end is not detected: the worker would claim, or renew, nothing more and still look healthy.
fn unwatched_tasks(path: &str, text: &str) -> Vec<String> {
    // One call's reading, and one connection's answers: no loops of the worker.
    let may = ["worker/src/outbound/", "worker/src/health.rs"].iter().any(|room| path.starts_with(room));
    if may || is_test(path) || !path.starts_with("worker/src/") {
        return Vec::new();
    }
    let code = code(text);
    let spawns = ["tokio::spawn", "task::spawn", "thread::spawn", "Handle::current().spawn"];
    let imported = code.contains("use tokio::spawn") || code.contains("task::{spawn");
    let found = spawns.into_iter().filter(|spawn| after_word(&code, spawn).any(|(_, after)| after.starts_with('(')));
    let found = found.chain(imported.then_some("an imported spawn"));
    found.map(|spawn| format!("{path} starts a task that nothing watches: {spawn}")).collect()
}

#[test]
fn a_worker_starts_its_loops_where_their_end_is_seen() {
    assert_kept(unwatched_tasks);
}

#[test]
fn a_task_that_nothing_watches_is_found() {
    assert_finds(
        unwatched_tasks,
        &[
            ("worker/src/runner/mod.rs", "tokio::spawn(async {});"),
            ("worker/src/jobs/new.rs", "tokio::task::spawn(async {});"),
            ("worker/src/maintenance/rescue.rs", "std::thread::spawn(|| {});"),
            ("worker/src/runner/mod.rs", "use tokio::spawn;"),
        ],
        &[
            ("worker/src/runner/mod.rs", "loops.spawn(async {});"),
            ("worker/src/runner/mod.rs", "// tokio::spawn( is for loops that may end"),
            ("worker/src/outbound/ai/answering.rs", "tokio::spawn(async {});"),
            ("shared/src/platform/flags.rs", "tokio::spawn(async {});"),
        ],
    );
}

/// Folders of `shared/src` that every domain may use. Each other folder is a domain.
const GROUND_FLOOR: [&str; 5] = ["composer", "events", "jobs", "platform", "values"];

fn domains() -> BTreeSet<String> {
    let entries =
        std::fs::read_dir(root().join("shared/src")).expect("shared/src").map(|entry| entry.expect("an entry"));
    let folders = entries.filter(|entry| entry.path().is_dir());
    let names = folders.map(|folder| folder.file_name().to_string_lossy().into_owned());
    names.filter(|name| !GROUND_FLOOR.contains(&name.as_str())).collect()
}

/// Modules of this crate that code names: by `crate::name`, or inside `crate::{…}`.
fn modules(code: &str) -> BTreeSet<String> {
    let word = |text: &str| text.trim_start().chars().take_while(|char| is_word(*char)).collect::<String>();
    let mut found = BTreeSet::new();
    for (_, after) in after_word(code, "crate") {
        let Some(path) = after.strip_prefix("::") else { continue };
        let Some(group) = path.strip_prefix('{') else {
            found.insert(word(path));
            continue;
        };
        let (mut depth, mut at_start) = (1, true);
        for (at, char) in group.char_indices() {
            match char {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 1 => at_start = true,
                _ if at_start && is_word(char) => {
                    found.insert(word(&group[at..]));
                    at_start = false;
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
    }
    // A domain's folder is reached from another's by its parents too.
    let parents = domains().into_iter().filter(|domain| code.contains(&format!("super::super::{domain}")));
    found.extend(parents);
    found
}

/// Domains that a file of `shared` uses and may not: another domain, or any at all from the ground floor.
fn foreign_domains(path: &str, text: &str) -> Vec<String> {
    let may_read =
        [("publishing", "calendar"), ("publishing", "organic"), ("publishing", "brands"), ("organic", "brands")];
    let Some(inside) = path.strip_prefix("shared/src/").filter(|_| !is_test(path)) else { return Vec::new() };
    let own = inside.split(['/', '.']).next().unwrap_or_default();
    if own == "lib" {
        return Vec::new();
    }
    let domains = domains();
    let used = modules(&code(text)).into_iter().filter(|module| domains.contains(module) && module != own);
    let used = used.filter(|module| !may_read.contains(&(own, module.as_str())));
    // Settings have a section of publishing in its own types: both processes read them in one pass.
    let used = used.filter(|module| inside != "platform/config/publishing.rs" || module != "publishing");
    used.map(|module| format!("{path} uses {module}")).collect()
}

#[test]
fn each_kind_of_job_has_a_folder_of_tests() {
    let main = std::fs::read_to_string(root().join("tests/it/main.rs")).expect("tests/it/main.rs");
    for kind in Kind::ALL {
        let domain = kind.as_str().split('.').next().unwrap_or_default();
        assert!(main.contains(&format!("mod {domain};")), "no tests of {domain} in tests/it/main.rs");
    }
}

#[test]
fn a_domain_uses_no_other_domain_and_the_ground_floor_uses_none() {
    assert_kept(foreign_domains);
}

#[test]
fn a_domain_that_is_used_where_it_may_not_be_is_found() {
    assert_finds(
        foreign_domains,
        &[
            ("shared/src/calendar/rules.rs", "use crate::organic::Week;"),
            ("shared/src/calendar/rules.rs", "use crate::{\n    error::FieldError,\n    organic::{Week, time},\n};"),
            ("shared/src/brands/store/deep.rs", "fn of(week: &crate::organic::Week) {}"),
            ("shared/src/organic/mod.rs", "pub use crate::{calendar as other};"),
            ("shared/src/organic/mod.rs", "use super::super::calendar::Slot;"),
            ("shared/src/platform/db/pinned.rs", "use crate::flashcards::store;"),
            ("shared/src/platform/config/env.rs", "use crate::publishing::Channel;"),
            ("shared/src/platform/config/publishing.rs", "use crate::calendar::Slot;"),
            ("shared/src/values/merge.rs", "use crate::{id::UserId, calendar};"),
            ("shared/src/jobs/store/mod.rs", "crate::account::service::Account"),
            ("shared/src/composer/mod.rs", "use crate::calendar::Slot;"),
        ],
        &[
            ("shared/src/organic/plan.rs", "use crate::{brands::{Account, calendar}, error::Code};"),
            ("shared/src/calendar/task.rs", "use crate::composer::calendar;"),
            ("shared/src/calendar/task.rs", "use crate::{composer::{calendar, organic}, calendar::Slot};"),
            ("shared/src/platform/db/mod.rs", "// crate::calendar is not used here"),
            ("shared/src/platform/config/publishing.rs", "use crate::publishing::{Channel, LIVE};"),
            ("shared/src/lib.rs", "pub mod calendar;"),
        ],
    );
}

/// Fences that Postgres would skip, in any file.
fn skipped_fences_in(path: &str, text: &str) -> Vec<String> {
    // The examples below are wrong on purpose.
    if path == "tests/it/house/rules.rs" {
        return Vec::new();
    }
    skipped_fences(text).into_iter().map(|name| format!("{path}: nothing refers to CTE {name:?}")).collect()
}

#[test]
fn no_fence_stands_where_postgres_would_skip_it() {
    let sql = files("migrations", ".sql");
    let wrong: Vec<String> = sql.iter().flat_map(|(path, text)| skipped_fences_in(path, text)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_kept(skipped_fences_in);

    let count = |texts: &BTreeMap<String, String>| -> usize {
        texts.iter().filter(|(path, _)| !is_test(path)).map(|(_, text)| text.matches("almanac.fence(").count()).sum()
    };
    let (in_sql, in_rust) = (count(&sql), count(&all_sources()));
    assert!(in_sql >= 2 && in_rust >= 1, "{in_sql} fences in SQL and {in_rust} in Rust: are the right files read?");
}

#[test]
fn a_fence_in_a_cte_that_nothing_refers_to_is_found() {
    assert_finds(
        skipped_fences_in,
        &[
            ("migrations/functions/a/b.sql", "WITH held AS (SELECT almanac.fence($1, $2)) UPDATE x SET y = 1;"),
            (
                "shared/src/jobs/store/calls.rs",
                "query!(\"WITH held AS (SELECT almanac.fence($1, $2))\nDELETE FROM x\")",
            ),
            ("worker/src/any.rs", "\"WITH a AS (SELECT 1), held AS MATERIALIZED (SELECT fence($1)) SELECT 1 FROM a\""),
        ],
        &[
            (
                "migrations/a.sql",
                "WITH held AS MATERIALIZED (SELECT almanac.fence($1, $2)) INSERT INTO x SELECT 1 FROM held;",
            ),
            ("migrations/a.sql", "WITH a AS (SELECT 1) SELECT 2 FROM a; PERFORM almanac.fence(p_job, p_epoch);"),
            ("shared/src/jobs/store/calls.rs", "query!(\"DELETE FROM x AS c USING almanac.fence($2, $3) AS job\")"),
        ],
    );
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

    for variable in variables() {
        let (value, about) = listed.remove(variable.name).unwrap_or_else(|| panic!("{} is not listed", variable.name));
        assert!(!about.is_empty(), "{} has no comment", variable.name);
        let required = about.iter().any(|line| line.contains("required"));
        assert!(value == variable.default || required, "{}: {value:?} is not {:?}", variable.name, variable.default);
    }
    assert!(listed.is_empty(), "no program reads {:?}", listed.keys());
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Files that read the environment though the settings do that.
fn read_environment(path: &str, text: &str) -> Vec<String> {
    let may = ["shared/src/platform/config/", "shared/src/platform/faults.rs"];
    let looked_at = ["api/src/", "worker/src/", "shared/src/"].iter().any(|room| path.starts_with(room));
    if !looked_at || may.iter().any(|allowed| path.starts_with(allowed)) {
        return Vec::new();
    }
    let code = code(text);
    let reads = ["env::var", "env::vars", "env::var_os", "env::vars_os"];
    let imported = code.contains("use std::env::{var") || code.contains("env::{var");
    let found = reads.into_iter().any(|read| after_word(&code, read).next().is_some()) || imported;
    if found { vec![format!("{path} reads the environment itself")] } else { Vec::new() }
}

#[test]
fn only_the_settings_read_the_environment() {
    assert_kept(read_environment);
}

#[test]
fn a_file_that_reads_the_environment_is_found() {
    assert_finds(
        read_environment,
        &[
            ("api/src/serve.rs", r#"std::env::var("X")"#),
            ("worker/src/a/b.rs", r#"env::var_os("X")"#),
            ("shared/src/platform/db/pinned.rs", "for pair in std::env::vars() {}"),
            ("shared/src/platform/db/pinned.rs", "use std::env::{var, args};"),
        ],
        &[
            ("shared/src/platform/config/env.rs", "std::env::vars_os()"),
            ("worker/src/main.rs", "std::env::args().nth(1)"),
            ("shared/build.rs", r#"env::var_os("OUT_DIR")"#),
        ],
    );
}

/// What is missing at the head of a file, silenced, or left to do.
fn untidy(path: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let may_be_silent = is_test(path) && !path.starts_with("tests/");
    if !may_be_silent && !text.starts_with("//!") {
        wrong.push(format!("{path} does not begin with what it holds"));
    }
    if ["#[all", "#![all"].iter().any(|start| text.contains(&format!("{start}ow("))) {
        wrong.push(format!("{path} silences a lint without a reason"));
    }
    if ["TO", "FIX"].iter().zip(["DO", "ME"]).any(|(one, two)| text.contains(&format!("{one}{two}"))) {
        wrong.push(format!("{path} has something left to do"));
    }
    wrong
}

#[test]
fn every_module_says_what_it_is_and_nothing_is_allowed_silently() {
    assert_kept(untidy);
}

#[test]
fn an_untidy_file_is_found() {
    let [inner, outer] = ["#![", "#["].map(|start| format!("//! A file.\n{start}{}", concat!("all", "ow(dead_code)]")));
    let left = format!("//! A file.\n// {}: later", concat!("TO", "DO"));
    assert_finds(
        untidy,
        &[
            ("api/src/new.rs", "use std::fmt;"),
            ("tests/load/new.rs", "use std::fmt;"),
            ("shared/benches/new.rs", "fn main() {}"),
            ("shared/src/a.rs", inner.as_str()),
            ("worker/src/a/tests.rs", outer.as_str()),
            ("worker/src/a.rs", left.as_str()),
        ],
        &[("api/src/new.rs", "//! A file."), ("shared/src/a/tests.rs", "use super::*;")],
    );
}
