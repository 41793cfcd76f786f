//! One process under test: an API or a worker, with its environment and its log.
//! A stack starts them; tests kill, pause, drain and restart them.
//! It must never pass on a variable of the test's own environment.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::PathBuf,
    process::{Command, ExitStatus},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use nix::sys::signal::Signal;

use crate::{
    observe::{OrFail, eventually, log_lines},
    process::{Kind, Process, tail},
    run::{locked, test_run},
};

/// Variables of a process.
pub(super) type Environment = BTreeMap<String, String>;

/// A process that runs, or that its test has ended.
#[derive(Debug)]
pub struct Node {
    /// `api-0`, `worker-1`.
    pub name: String,
    program: PathBuf,
    /// Where it listens; workers do not.
    address: Option<SocketAddr>,
    /// `METRICS_ADDR`.
    metrics: SocketAddr,
    environment: Mutex<Environment>,
    log: PathBuf,
    /// Where the log stood when the process was started that runs now.
    log_from: AtomicU64,
    process: Mutex<Option<Arc<Process>>>,
}

impl Node {
    pub(super) fn new(
        name: String,
        program: &str,
        address: Option<SocketAddr>,
        mut environment: Environment,
    ) -> anyhow::Result<Self> {
        let unique = uuid::Uuid::new_v4().simple();
        // The default port is the same for all processes of a machine.
        let metrics = test_run().free_address();
        environment.insert("METRICS_ADDR".to_owned(), metrics.to_string());
        Ok(Self {
            metrics,
            program: test_run().settings.program(program)?,
            log: test_run().folder.join(format!("{name}-{unique}.log")),
            name,
            address,
            environment: Mutex::new(environment),
            log_from: AtomicU64::new(0),
            process: Mutex::default(),
        })
    }

    /// Where it listens. Fails the test for a worker.
    pub fn address(&self) -> SocketAddr {
        self.address.or_fail(&format!("{} listens nowhere", self.name))
    }

    /// The text of `/metrics`.
    pub async fn metrics(&self) -> String {
        crate::User::new(self.metrics).anonymous().get("/metrics").await.expect(200).text()
    }

    /// Sets a variable for the next start, such as `ALMANAC_CRASH_AT`.
    pub fn set(&self, name: &str, value: &str) {
        locked(&self.environment).insert(name.to_owned(), value.to_owned());
    }

    /// Removes a variable for the next start.
    pub fn unset(&self, name: &str) {
        locked(&self.environment).remove(name);
    }

    /// Starts it without waiting, for processes that are meant to refuse or to crash.
    pub fn launch(&self) {
        self.try_launch().or_fail(&format!("starting {}", self.name));
    }

    /// Starts it and, if it listens, waits until it is ready.
    pub async fn start(&self) {
        self.launch();
        if self.address.is_some() {
            self.wait_until_ready(Duration::from_secs(60)).await;
        }
    }

    fn try_launch(&self) -> anyhow::Result<()> {
        let mut command = Command::new(&self.program);
        command.arg("serve").env_clear().envs(&*locked(&self.environment)).current_dir(&test_run().folder);
        self.log_from.store(self.log_length(), Ordering::Relaxed);
        let process = Process::start(&self.name, Kind::Program, command, &self.log).context("launching")?;
        *locked(&self.process) = Some(Arc::new(process));
        Ok(())
    }

    /// Waits until `/readyz` answers 200.
    pub async fn wait_until_ready(&self, within: Duration) {
        let api = crate::User::new(self.address());
        eventually(within, &format!("{} is ready", self.name), || async {
            self.process().must_run();
            let reply = api.anonymous().request(http::Method::GET, "/readyz").try_send().await.ok()?;
            (reply.status == 200).then_some(())
        })
        .await;
    }

    /// SIGKILL, and returns when it is gone.
    pub async fn kill(&self) {
        self.process().kill().await;
    }

    /// SIGTERM: the process drains. See `wait_exit`.
    pub fn terminate(&self) {
        self.process().signal(Signal::SIGTERM);
    }

    /// SIGSTOP: the process stands still and notices nothing.
    pub fn pause(&self) {
        self.process().signal(Signal::SIGSTOP);
    }

    /// SIGCONT.
    pub fn resume(&self) {
        self.process().signal(Signal::SIGCONT);
    }

    /// Waits for its end, such as a crash point that fires.
    pub async fn wait_exit(&self, within: Duration) -> ExitStatus {
        self.process().wait_exit(within).await
    }

    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        locked(&self.process).as_ref().is_some_and(|process| process.exit_status().is_none())
    }

    /// Kills it if it runs, and starts it again with the variables as they are now.
    pub async fn restart(&self) {
        if self.is_running() {
            self.kill().await;
        }
        self.start().await;
    }

    /// Its process id, for /proc.
    pub fn pid(&self) -> i32 {
        self.process().pid()
    }

    /// The name under which the running worker holds its leases; none while it starts.
    pub fn lease_owner(&self) -> Option<String> {
        let started = usize::try_from(self.log_from.load(Ordering::Relaxed)).ok()?;
        let log = std::fs::read(&self.log).ok()?;
        let log = String::from_utf8_lossy(log.get(started..)?);
        let line = log.lines().find(|line| line.contains("worker started"))?;
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        line["worker"].as_str().map(str::to_owned)
    }

    /// Everything it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).or_fail(&format!("reading the log of {}", self.name))
    }

    /// The lines of its log. Fails the test if one lacks a field that every line has.
    pub fn log_lines(&self) -> Vec<serde_json::Value> {
        log_lines(&self.log())
    }

    pub(super) fn log_length(&self) -> u64 {
        std::fs::metadata(&self.log).map_or(0, |file| file.len())
    }

    pub(super) fn log_after(&self, position: u64) -> String {
        tail(&self.log, position)
    }

    fn process(&self) -> Arc<Process> {
        locked(&self.process).clone().or_fail(&format!("{} was never started", self.name))
    }
}
