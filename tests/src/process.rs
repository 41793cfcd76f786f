//! One child process: started with a clean environment and a log file, signalled by pid, never left behind.
//! Services and the processes under test are made of it.
//! It must never signal a process that it has already reaped.

use std::{
    fs::OpenOptions,
    io::{Read, Seek, SeekFrom},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    time::Duration,
};

use anyhow::Context;
use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};
use tokio::sync::watch;

use crate::run::test_run;

/// Whether the watchdog ends it by its group or, for Postgres, by the signal for an immediate shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An ordinary process.
    Program,
    /// A Postgres server.
    Postgres,
}

/// A process that runs, or has ended.
#[derive(Debug)]
pub struct Process {
    /// What it is called in messages.
    pub name: String,
    /// Where its output goes.
    pub log: PathBuf,
    kind: Kind,
    pid: Pid,
    exit: watch::Receiver<Option<ExitStatus>>,
}

impl Process {
    /// Starts a command in a process group of its own; output is appended to the log.
    pub fn start(name: &str, kind: Kind, mut command: Command, log: &Path) -> anyhow::Result<Self> {
        let output = OpenOptions::new().create(true).append(true).open(log).context("opening the log")?;
        let mut child = command
            .stdin(Stdio::null())
            .stderr(output.try_clone().context("sharing the log")?)
            .stdout(output)
            .process_group(0)
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        let pid = i32::try_from(child.id()).context("reading the pid")?;
        match kind {
            Kind::Program => test_run().guard(pid),
            Kind::Postgres => test_run().guard_postgres(pid),
        }
        let (tell, exit) = watch::channel(None);
        std::thread::spawn(move || {
            let status = child.wait().ok();
            test_run().unguard(pid);
            tell.send_replace(status);
        });
        Ok(Self { name: name.to_owned(), log: log.to_path_buf(), kind, pid: Pid::from_raw(pid), exit })
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        self.pid.as_raw()
    }

    /// How it ended, if it has.
    pub fn exit_status(&self) -> Option<ExitStatus> {
        *self.exit.borrow()
    }

    /// Fails the test if it has ended, with the end of its log.
    pub fn must_run(&self) {
        if let Some(status) = self.exit_status() {
            panic!("{} ended with {status}; its log ends:\n{}", self.name, tail(&self.log, 0));
        }
    }

    /// Sends a signal to the process alone, unless it has ended.
    pub fn signal(&self, signal: Signal) {
        if self.exit_status().is_none() {
            // It may end between the look and the call; then there is nothing to signal.
            let _ = kill(self.pid, signal);
        }
    }

    /// Waits for its end.
    pub async fn wait_exit(&self, within: Duration) -> ExitStatus {
        let mut exit = self.exit.clone();
        let ended = tokio::time::timeout(within, exit.wait_for(Option::is_some)).await;
        match ended.ok().and_then(Result::ok).and_then(|status| *status) {
            Some(status) => status,
            None => panic!("{} did not end within {within:?}; its log ends:\n{}", self.name, tail(&self.log, 0)),
        }
    }

    /// Ends it at once and returns when it has ended. Postgres goes down "immediate": no checkpoint, as in a crash.
    pub async fn kill(&self) {
        match self.kind {
            Kind::Program => self.signal(Signal::SIGKILL),
            Kind::Postgres => self.signal(Signal::SIGQUIT),
        }
        self.wait_exit(Duration::from_secs(30)).await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.exit_status().is_some() {
            return;
        }
        match self.kind {
            Kind::Program => drop(killpg(self.pid, Signal::SIGKILL)),
            Kind::Postgres => drop(kill(self.pid, Signal::SIGQUIT)),
        }
    }
}

/// The last 16 KiB of a log after a position.
pub(crate) fn tail(log: &Path, from: u64) -> String {
    const AT_MOST: u64 = 16 * 1024;
    let read = || -> std::io::Result<String> {
        let mut file = std::fs::File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(from.max(length.saturating_sub(AT_MOST)).min(length)))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    };
    read().unwrap_or_else(|error| format!("(no log: {error})"))
}
