//! What the database alone can do with the same work: pgbench on copies of the tables, in the cluster under test.
//! The phases ask for its rates and hold ours against them; without pgbench there are figures and no ratios.
//! It must never touch the tables of the product: its own lie in a schema `bare`, made here.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use almanac_tests::{OrFail, Stack, run::test_run, services::ADMIN};
use anyhow::{Context, ensure};

use crate::text::Texts;

/// Connections of a busy run.
pub const CLIENTS: u32 = 16;
/// The mean length of what the phases submit.
const CHARACTERS: usize = 5_500;

/// A script of pgbench.
#[derive(Clone, Copy, Debug)]
pub enum Script {
    /// One row, its text in it.
    Insert,
    /// The three rows of an accept.
    Accept,
    /// A whole job: accept, claim, results.
    Job,
}

impl Script {
    fn file(self) -> &'static str {
        match self {
            Self::Insert => "insert.sql",
            Self::Accept => "accept.sql",
            Self::Job => "job.sql",
        }
    }
}

/// A database with the tables in it.
#[derive(Debug)]
pub struct Limit {
    program: PathBuf,
    folder: PathBuf,
    port: u16,
    database: String,
    text: String,
}

impl Limit {
    /// Makes the tables; `None` if pgbench is not installed.
    pub async fn prepare(stack: &Stack) -> anyhow::Result<Option<Self>> {
        let settings = &test_run().settings;
        let Some(program) = pgbench(&settings.postgres_bin) else { return Ok(None) };
        let folder = settings.repository.join("tests/load/pgbench");
        let admin = stack.admin().await;
        sqlx::raw_sql(include_str!("pgbench/tables.sql")).execute(&admin).await.context("making the bare tables")?;
        admin.close().await;
        let port = stack.services.postgres.address().port();
        let text = Texts::new().of(CHARACTERS);
        Ok(Some(Self { program, folder, port, database: stack.database.clone(), text }))
    }

    /// Transactions a second of a script, for a number of connections and seconds.
    pub async fn rate(&self, script: Script, clients: u32, secs: u64) -> anyhow::Result<f64> {
        let mut command = self.command(script, clients, secs.max(1));
        let run = tokio::task::spawn_blocking(move || command.output());
        let output = run.await.context("waiting for pgbench")?.context("running pgbench")?;
        let (said, failed) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "pgbench {}: {failed}", script.file());
        let line = said.lines().find_map(|line| line.strip_prefix("tps = ")).context("finding pgbench's rate")?;
        line.split(' ').next().unwrap_or_default().parse().context("reading pgbench's rate")
    }

    fn command(&self, script: Script, clients: u32, secs: u64) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .args(["--no-vacuum", "--protocol=prepared", "--jobs=1", "--host=127.0.0.1", "--username=almanac_api"])
            .args([format!("--client={clients}"), format!("--time={secs}"), format!("--port={}", self.port)])
            // Every run begins its own range of ids; they are twelve hexadecimal digits long.
            .arg(format!("--define=n={}", rand::random_range(1..1_000_000_u64) * 100_000_000))
            .arg(format!("--define=text={}", self.text))
            .arg("--file")
            .arg(self.folder.join(script.file()))
            .arg(&self.database);
        command
    }
}

fn pgbench(beside: &Path) -> Option<PathBuf> {
    let own = beside.join("pgbench");
    let elsewhere = ["/usr/bin/pgbench", "/usr/local/bin/pgbench"].map(PathBuf::from);
    [own].into_iter().chain(elsewhere).find(|file| file.is_file())
}

/// The postmaster of a stack's cluster, whose children are its sessions.
pub async fn postmaster(stack: &Stack) -> anyhow::Result<i32> {
    let admin = stack.admin().await;
    let backend: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&admin).await?;
    let postmaster = crate::usage::parent(backend);
    admin.close().await;
    postmaster.with_context(|| format!("finding the parent of a session of {ADMIN}"))
}

/// The process of a stack's Redis.
pub async fn redis_process(stack: &Stack) -> anyhow::Result<i32> {
    let mut connection = stack.services.redis.connect().await;
    let info: String = redis::cmd("INFO").arg("server").query_async(&mut connection).await.context("asking Redis")?;
    let line = info.lines().find_map(|line| line.strip_prefix("process_id:")).or_fail("finding Redis's process");
    line.trim().parse().context("reading Redis's process")
}
