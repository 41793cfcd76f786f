//! One run of a test binary: its folder, its runtime, its watchdog, the ports it gives out.
//! Services, processes and the world live on it, because they outlive the runtime of the test that first asked.
//! It must never leave a process or a folder behind, however the run ends.

use std::{
    collections::HashSet,
    io::Write,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{ChildStdin, Command, Stdio},
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

use anyhow::Context;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::runtime::{Handle, Runtime};

use crate::{observe::OrFail, settings::Settings};

/// Ends what the run left, as soon as the pipe to the run is closed: after the last test, a crash or a kill -9.
/// Postgres gets its own "immediate" signal, because its children do not stand in its process group.
const WATCHDOG: &str = r#"
quit="" killed="" folder="$1"
without() { kept=""; for each in $2; do [ "$each" = "$1" ] || kept="$kept $each"; done; }
while read -r verb pid; do
    case "$verb" in
        quit) quit="$quit $pid" ;;
        kill) killed="$killed $pid" ;;
        done) without "$pid" "$quit"; quit="$kept"; without "$pid" "$killed"; killed="$kept" ;;
    esac
done
for pid in $killed; do kill -s KILL -- "-$pid" 2>/dev/null; done
for pid in $quit; do kill -s QUIT "$pid" 2>/dev/null; done
for turn in 1 2 3 4 5 6 7 8 9 10; do rm -rf "$folder" 2>/dev/null && break; sleep 0.2; done
"#;

/// What all tests of one binary share.
#[derive(Debug)]
pub struct TestRun {
    /// Where the programs are.
    pub settings: Settings,
    /// Everything the run writes lies below; removed at its end.
    pub folder: PathBuf,
    runtime: Runtime,
    watchdog: Mutex<ChildStdin>,
    given_ports: Mutex<HashSet<u16>>,
}

/// The run that this process is. A global, because the test runner offers no place that all its tests share.
static RUN: OnceLock<TestRun> = OnceLock::new();

/// The run, begun by the first caller.
pub fn test_run() -> &'static TestRun {
    RUN.get_or_init(|| TestRun::begin().or_fail("beginning the test run"))
}

/// A mutex's content, also after another test panicked while holding it: nothing here is left half-changed.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl TestRun {
    fn begin() -> anyhow::Result<Self> {
        // The first caller wins; a second provider is never installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        sweep_stale_runs();
        let folder = std::env::temp_dir().join(format!("almanac-tests-{}", std::process::id()));
        // An earlier run whose number we have again.
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        // The service user of a root run must get through to its own folder below.
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).context("opening the folder")?;
        Ok(Self {
            settings: Settings::find()?,
            runtime: tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .thread_name("world")
                .enable_all()
                .build()
                .context("building the runtime of the world")?,
            watchdog: Mutex::new(start_watchdog(&folder)?),
            folder,
            given_ports: Mutex::default(),
        })
    }

    /// Where servers of the harness run: not on the runtime of one test, which ends with it.
    pub fn handle(&self) -> &Handle {
        self.runtime.handle()
    }

    /// Has the watchdog end this process (by its group) when the run ends.
    pub(crate) fn guard(&self, pid: i32) {
        self.tell_watchdog("kill", pid);
    }

    /// The same for a Postgres, with the signal it needs.
    pub(crate) fn guard_postgres(&self, pid: i32) {
        self.tell_watchdog("quit", pid);
    }

    /// Has the watchdog forget a process that has ended, whose number may soon be another's.
    pub(crate) fn unguard(&self, pid: i32) {
        self.tell_watchdog("done", pid);
    }

    fn tell_watchdog(&self, verb: &str, pid: i32) {
        // Nothing can be done if this fails: the next run cleans up.
        let _ = writeln!(locked(&self.watchdog), "{verb} {pid}");
    }

    /// A free loopback address, given out once, below the range that outgoing connections use.
    pub fn free_address(&self) -> SocketAddr {
        let mut given = locked(&self.given_ports);
        for _ in 0..1000 {
            let port = rand::random_range(15_000..32_000);
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            if !given.contains(&port) && TcpListener::bind(address).is_ok() {
                given.insert(port);
                return address;
            }
        }
        panic!("found no free loopback port");
    }
}

fn start_watchdog(folder: &Path) -> anyhow::Result<ChildStdin> {
    let mut child = Command::new("/bin/sh")
        .args(["-c", WATCHDOG, "watchdog"])
        .arg(folder)
        // In a group of its own, so that a Ctrl-C for the tests does not end it before its work.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("starting the watchdog")?;
    child.stdin.take().context("taking the watchdog's pipe")
}

/// Removes what runs left behind whose watchdog was killed too: servers whose folder names a run that is gone.
fn sweep_stale_runs() {
    let Ok(entries) = std::fs::read_dir(std::env::temp_dir()) else { return };
    for folder in entries.flatten().map(|entry| entry.path()) {
        let owner =
            folder.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix("almanac-tests-"));
        let Some(owner) = owner.and_then(|pid| pid.parse::<i32>().ok()) else { continue };
        if !Path::new("/proc").join(owner.to_string()).exists() {
            end_servers_below(&folder);
            let _ = std::fs::remove_dir_all(&folder);
        }
    }
}

fn end_servers_below(folder: &Path) {
    let Ok(processes) = std::fs::read_dir("/proc") else { return };
    for entry in processes.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&command).contains(&*folder.to_string_lossy()) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGQUIT);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{os::unix::process::ExitStatusExt, time::Duration};

    use super::*;
    use crate::observe::eventually;

    #[tokio::test]
    async fn what_a_run_started_ends_with_its_pipe_and_what_it_released_does_not() {
        let folder = test_run().folder.join("watched");
        std::fs::create_dir(&folder).expect("folder");
        let mut pipe = start_watchdog(&folder).expect("watchdog");
        let sleeper = || Command::new("sleep").arg("600").process_group(0).spawn().expect("sleep");
        let (mut guarded, mut released) = (sleeper(), sleeper());
        let lines = format!("kill {}\nkill {}\ndone {}\n", guarded.id(), released.id(), released.id());
        pipe.write_all(lines.as_bytes()).expect("write to the watchdog");

        drop(pipe);

        assert_eq!(guarded.wait().expect("its end").signal(), Some(9));
        eventually(Duration::from_secs(30), "the folder is gone", || async { (!folder.exists()).then_some(()) }).await;
        assert!(released.try_wait().expect("its state").is_none(), "a released process is left alone");
        released.kill().expect("end it");
        released.wait().expect("its end");
    }
}
