//! Where the programs are that tests run: Postgres, Redis, and the two built with `--features faults`.
//! Read once per test run by `run`. `make test` says where things are; without it the usual places are looked at.
//! It must never install or start anything.

use std::{
    num::ParseIntError,
    path::{Path, PathBuf},
    str::FromStr,
};

use anyhow::{Context, bail};
use nix::unistd::{Gid, Uid, User, geteuid};

/// The settings of a test run, given or detected.
#[derive(Debug)]
pub struct Settings {
    /// The folder with `initdb` and `postgres`.
    pub postgres_bin: PathBuf,
    /// The Redis server.
    pub redis_server: PathBuf,
    /// The library that gives a program a wrong clock; only some tests need it.
    pub faketime: Option<PathBuf>,
    /// Whom Postgres runs as when we are root, which it refuses.
    pub service_user: Option<(Uid, Gid)>,
    /// The folder with `almanac-api` and `almanac-worker`.
    pub programs: PathBuf,
    /// The guard that `make sabotage` removes in this run.
    pub sabotage: Option<String>,
    /// Where random choices of a test begin, to make them again.
    pub seed: Option<u64>,
    /// How many jobs a storm of `make storm` has.
    pub storm_jobs: Option<usize>,
    /// How many of them are asked for in a second.
    pub storm_pace: Option<u32>,
    /// Seconds of the long provider outage of a mixed storm.
    pub storm_outage: Option<u64>,
    /// Whether servers are as durable as in production, against a crash of the machine too: for figures under load,
    /// which mean nothing without it.
    pub durable: bool,
    /// The root of the repository.
    pub repository: PathBuf,
}

impl Settings {
    /// Finds everything, or says what is missing and how to get it.
    pub fn find() -> anyhow::Result<Self> {
        let repository =
            Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("finding the repository")?.to_path_buf();
        Ok(Self {
            postgres_bin: postgres_bin()?,
            redis_server: redis_server()?,
            faketime: variable("TEST_FAKETIME").map(PathBuf::from),
            service_user: service_user()?,
            programs: programs()?,
            sabotage: variable("ALMANAC_SABOTAGE"),
            seed: number("TEST_SEED")?,
            storm_jobs: number("STORM_JOBS")?,
            storm_pace: number("STORM_PACE")?,
            storm_outage: number("STORM_OUTAGE")?,
            durable: variable("TEST_DURABLE").is_some(),
            repository,
        })
    }

    /// A program under test; it has to be built before, which `make test` does.
    pub fn program(&self, name: &str) -> anyhow::Result<PathBuf> {
        let path = self.programs.join(name);
        if !path.is_file() {
            bail!("{} is not built; run `make test`, which builds it with its crash points", path.display());
        }
        Ok(path)
    }
}

#[expect(clippy::disallowed_methods, reason = "the one reader of the harness's own variables")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn number<N: FromStr<Err = ParseIntError>>(name: &str) -> anyhow::Result<Option<N>> {
    variable(name).map(|text| text.parse().with_context(|| format!("reading {name}"))).transpose()
}

fn postgres_bin() -> anyhow::Result<PathBuf> {
    if let Some(given) = variable("TEST_POSTGRES_BIN") {
        return Ok(given.into());
    }
    let mut installed: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.flatten().map(|entry| entry.path().join("bin")).collect())
        .unwrap_or_default();
    installed.sort();
    // Postgres looks for its own parts beside the real file, so links are followed.
    let linked = on_path("initdb").and_then(|file| file.canonicalize().ok()).map(parent);
    let candidates = installed.into_iter().rev().chain(linked);
    let mut complete = candidates.filter(|folder| folder.join("postgres").is_file() && folder.join("initdb").is_file());
    complete.next().context("Postgres is not installed; run `make test`, which finds or installs it")
}

fn redis_server() -> anyhow::Result<PathBuf> {
    variable("TEST_REDIS_SERVER")
        .map(PathBuf::from)
        .or_else(|| on_path("redis-server"))
        .or_else(|| on_path("valkey-server"))
        .context("Redis is not installed; run `make test`, which finds or installs it")
}

/// The file that a shell would run. Links are not followed: a Redis is a server or a tool by the name it is called.
fn on_path(program: &str) -> Option<PathBuf> {
    let path = variable("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn parent(path: PathBuf) -> PathBuf {
    path.parent().map(Path::to_path_buf).unwrap_or_default()
}

fn service_user() -> anyhow::Result<Option<(Uid, Gid)>> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    let given = variable("TEST_SERVICE_USER");
    for name in given.as_deref().into_iter().chain(["postgres", "nobody"]) {
        if let Some(user) = User::from_name(name).with_context(|| format!("looking up user {name}"))? {
            return Ok(Some((user.uid, user.gid)));
        }
    }
    bail!("root needs an unprivileged user to run Postgres: neither postgres nor nobody exists")
}

/// Test binaries lie in `target/<profile>/deps`, the programs one folder above.
fn programs() -> anyhow::Result<PathBuf> {
    if let Some(given) = variable("TEST_PROGRAMS") {
        return Ok(given.into());
    }
    let own = std::env::current_exe().context("finding the test binary")?;
    Ok(own.parent().and_then(Path::parent).context("finding the build folder")?.to_path_buf())
}
