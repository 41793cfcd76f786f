//! One Postgres cluster below the run's folder: started, stopped, and databases made from a migrated template.
//! `Services` starts it; fault tests stop and restart it.
//! It must never turn `synchronous_commit` off: tests about accepted work rely on it. `fsync` may be off for tests,
//! because only the machine, not the server, would lose what the kernel holds.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
    time::Duration,
};

use anyhow::{Context, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::OnceCell;

use crate::{
    observe::{OrFail, eventually},
    process::{Kind, Process, tail},
    run::{locked, test_run},
};

/// The superuser of the cluster, for tests that look at everything. Nothing under test connects as it.
pub const ADMIN: &str = "almanac_root";
const TEMPLATE: &str = "almanac_template";

/// For tests: quick to start, and small.
const QUICK: &[&str] = &["shared_buffers=128MB", "fsync=off", "full_page_writes=off", "autovacuum_naptime=10s"];
/// For figures under load: as in production, with room so that no checkpoint falls into a short run.
const DURABLE: &[&str] =
    &["shared_buffers=1GB", "fsync=on", "full_page_writes=on", "max_wal_size=4GB", "checkpoint_timeout=30min"];

/// A cluster that runs, or was stopped by its test.
#[derive(Debug)]
pub struct Postgres {
    folder: PathBuf,
    address: SocketAddr,
    process: Mutex<Option<Process>>,
    template: OnceCell<()>,
    /// Postgres refuses to copy a template that another session is copying from or connected to.
    copying: tokio::sync::Mutex<()>,
}

impl Postgres {
    pub(super) async fn start(name: &str) -> anyhow::Result<Self> {
        let run = test_run();
        let folder = run.folder.join(format!("postgres-{name}"));
        private_folder(&folder)?;
        let init = folder.clone();
        tokio::task::spawn_blocking(move || initdb(&init)).await.context("waiting for initdb")??;
        let postgres = Self {
            folder,
            address: run.free_address(),
            process: Mutex::default(),
            template: OnceCell::new(),
            copying: tokio::sync::Mutex::default(),
        };
        postgres.serve().await?;
        Ok(postgres)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of a role in a database of this cluster.
    pub fn url(&self, role: &str, database: &str) -> String {
        Self::url_at(self.address, role, database)
    }

    /// The same through another address, such as a proxy's.
    pub fn url_at(address: SocketAddr, role: &str, database: &str) -> String {
        format!("postgres://{role}@{address}/{database}")
    }

    /// Takes the server down as a crash would: sessions cut, no checkpoint; what was committed is replayed later.
    pub async fn stop_immediately(&self) {
        let process = locked(&self.process).take();
        if let Some(process) = process {
            process.kill().await;
        }
    }

    /// Fast shutdown, as an operator would: sessions end with an error, and the data is written.
    pub async fn stop_fast(&self) {
        let process = locked(&self.process).take();
        if let Some(process) = process {
            process.signal(Signal::SIGINT);
            process.wait_exit(Duration::from_secs(60)).await;
        }
    }

    /// Starts it again on the same address with the same data.
    pub async fn start_again(&self) {
        self.serve().await.or_fail("starting Postgres again");
    }

    /// A crash followed by a start.
    pub async fn restart_immediately(&self) {
        self.stop_immediately().await;
        self.start_again().await;
    }

    /// SIGSTOP for the server and all its sessions: connections stand, the kernel takes new ones, and nothing answers.
    /// They continue when the returned value is dropped.
    pub fn pause(&self) -> Paused {
        let server = locked(&self.process).as_ref().or_fail("Postgres was stopped").pid();
        // The server first: after that it starts no further session.
        let mut pids = vec![server];
        send(server, Signal::SIGSTOP);
        for pid in children(server) {
            send(pid, Signal::SIGSTOP);
            pids.push(pid);
        }
        Paused(pids)
    }

    /// A new database with roles, schema and all migrations, copied from a template that is migrated once.
    pub async fn new_database(&self) -> String {
        self.template.get_or_try_init(|| self.make_template()).await.or_fail("making the template database");
        let name = format!("t{}", uuid::Uuid::new_v4().simple());
        let _one_at_a_time = self.copying.lock().await;
        let create = format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}");
        self.execute("postgres", create).await.or_fail("copying the template database");
        // Rights on a database are not copied with it.
        let revoke = format!("REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC");
        self.execute("postgres", revoke).await.or_fail("closing the new database");
        name
    }

    /// Runs `almanac-api migrate` on a database; its standard error is in the error.
    pub async fn migrate(&self, database: &str) -> anyhow::Result<()> {
        self.migrate_with(database, &BTreeMap::new()).await
    }

    /// The same with these variables, such as rates.
    pub async fn migrate_with(&self, database: &str, environment: &BTreeMap<String, String>) -> anyhow::Result<()> {
        let (url, environment) = (self.url("almanac_owner", database), environment.clone());
        tokio::task::spawn_blocking(move || migrate(&url, &environment)).await.context("waiting for migrate")?
    }

    async fn serve(&self) -> anyhow::Result<()> {
        let settings = [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=400",
            "synchronous_commit=on",
            "log_min_messages=warning",
        ];
        let settings = settings.iter().chain(if test_run().settings.durable { DURABLE } else { QUICK });
        let mut command = as_service_user(Command::new(test_run().settings.postgres_bin.join("postgres")));
        command.arg("-D").arg(self.folder.join("data")).args(["-p", &self.address.port().to_string()]);
        settings.for_each(|setting| {
            command.args(["-c", setting]);
        });
        let process = Process::start("postgres", Kind::Postgres, command, &self.log())?;
        eventually(Duration::from_secs(60), "Postgres answers", || async {
            process.must_run();
            PgConnection::connect(&self.url(ADMIN, "postgres")).await.ok()
        })
        .await;
        *locked(&self.process) = Some(process);
        Ok(())
    }

    fn log(&self) -> PathBuf {
        self.folder.with_extension("log")
    }

    async fn make_template(&self) -> anyhow::Result<()> {
        self.execute("postgres", format!("CREATE DATABASE {TEMPLATE}")).await?;
        let roles = std::fs::read_to_string(test_run().settings.repository.join("deploy/roles.sql"))
            .context("reading deploy/roles.sql")?;
        self.execute(TEMPLATE, roles).await.context("running deploy/roles.sql")?;
        self.migrate(TEMPLATE).await?;
        match &test_run().settings.sabotage {
            Some(guard) => self.remove_guard(guard).await.context("THE SABOTAGE DID NOT APPLY"),
            None => Ok(()),
        }
    }

    /// Takes a guard of the schema away (`make sabotage`). One that has no file is a switch of the programs.
    async fn remove_guard(&self, guard: &str) -> anyhow::Result<()> {
        let folder = test_run().settings.repository.join("tests/sabotage");
        let Ok(removal) = std::fs::read_to_string(folder.join(guard).with_extension("sql")) else { return Ok(()) };
        let tool = std::fs::read_to_string(folder.join("tool.sql")).context("reading tool.sql")?;
        self.execute(TEMPLATE, tool + &removal).await
    }

    /// Runs SQL that the harness itself wrote, or that stands in the repository.
    async fn execute(&self, database: &str, sql: String) -> anyhow::Result<()> {
        let mut connection = PgConnection::connect(&self.url(ADMIN, database)).await.context("connecting as admin")?;
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.context("running SQL as admin")?;
        // A session that lingers would keep the template from being copied.
        connection.close().await.context("closing the admin connection")
    }
}

/// A server that stands still until this is dropped.
#[derive(Debug)]
pub struct Paused(Vec<i32>);

impl Drop for Paused {
    fn drop(&mut self) {
        self.0.iter().rev().for_each(|pid| send(*pid, Signal::SIGCONT));
    }
}

fn send(pid: i32, signal: Signal) {
    // A session may have ended on its own.
    let _ = kill(Pid::from_raw(pid), signal);
}

/// Processes whose parent this is. Sessions of Postgres are in process groups of their own.
fn children(parent: i32) -> Vec<i32> {
    let folders = std::fs::read_dir("/proc").or_fail("reading /proc").filter_map(Result::ok);
    let pids = folders.filter_map(|folder| folder.file_name().to_str()?.parse::<i32>().ok());
    let parent_of = |pid: &i32| -> Option<i32> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name is in brackets and may hold anything; then come the state and the parent.
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
    };
    pids.filter(|pid| parent_of(pid) == Some(parent)).collect()
}

fn migrate(owner_url: &str, environment: &BTreeMap<String, String>) -> anyhow::Result<()> {
    let output = Command::new(test_run().settings.program("almanac-api")?)
        .arg("migrate")
        .env_clear()
        .envs(environment)
        .env("DATABASE_OWNER_URL", owner_url)
        .output()
        .context("running almanac-api migrate")?;
    if !output.status.success() {
        bail!("almanac-api migrate: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

fn initdb(folder: &Path) -> anyhow::Result<()> {
    let log = folder.with_extension("log");
    let mut command = as_service_user(Command::new(test_run().settings.postgres_bin.join("initdb")));
    command.arg("--pgdata").arg(folder.join("data")).args([
        "--username",
        ADMIN,
        "--auth",
        "trust",
        "--encoding",
        "UTF8",
        "--locale",
        "C",
        "--no-sync",
    ]);
    let output = command.output().context("running initdb")?;
    std::fs::write(&log, &output.stderr).context("writing the log of initdb")?;
    if !output.status.success() {
        bail!("initdb failed:\n{}", tail(&log, 0));
    }
    Ok(())
}

/// Postgres refuses to run as root.
fn as_service_user(mut command: Command) -> Command {
    if let Some((user, group)) = test_run().settings.service_user {
        command.uid(user.as_raw()).gid(group.as_raw()).current_dir("/");
    }
    command.env("LC_ALL", "C");
    command
}

fn private_folder(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::create_dir(folder).with_context(|| format!("making {}", folder.display()))?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).context("closing the folder")?;
    if let Some((user, group)) = test_run().settings.service_user {
        std::os::unix::fs::chown(folder, Some(user.as_raw()), Some(group.as_raw()))
            .context("giving the folder away")?;
    }
    Ok(())
}
