//! One Redis server below the run's folder: started, killed, restarted, emptied.
//! Every stack has its own; fault tests take it down.
//! It must never be reachable without its password: that would hand the test user's rights to every local user.

use std::{
    net::SocketAddr,
    path::PathBuf,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use nix::sys::signal::Signal;
use redis::aio::MultiplexedConnection;

use crate::{
    observe::{OrFail, eventually},
    process::{Kind, Process},
    run::{locked, test_run},
};

/// The certificate of the authority that signed the one of [`Redis::serve_tls`].
pub fn authority() -> String {
    key_file("authority")
}

/// Files of the certificate for 127.0.0.1 that this authority signed, and of its key.
pub fn server_certificate() -> [String; 2] {
    ["redis", "redis-key"].map(key_file)
}

fn key_file(name: &str) -> String {
    test_run().settings.repository.join(format!("tests/src/services/keys/{name}.test-only.pem")).display().to_string()
}

/// A server that runs, or was stopped by its test.
#[derive(Debug)]
pub struct Redis {
    folder: PathBuf,
    address: SocketAddr,
    password: String,
    append_only: AtomicBool,
    process: Mutex<Option<Process>>,
}

impl Redis {
    pub(super) async fn start() -> anyhow::Result<Self> {
        let name = uuid::Uuid::new_v4().simple().to_string();
        let folder = test_run().folder.join(format!("redis-{name}"));
        std::fs::create_dir(&folder).context("making the folder of Redis")?;
        let redis = Self {
            folder,
            address: test_run().free_address(),
            password: name,
            append_only: AtomicBool::new(test_run().settings.durable),
            process: Mutex::default(),
        };
        redis.serve().await?;
        Ok(redis)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL.
    pub fn url(&self) -> String {
        self.url_at(self.address)
    }

    /// Its URL through another address, such as a proxy's.
    pub fn url_at(&self, address: SocketAddr) -> String {
        format!("redis://:{}@{address}", self.password)
    }

    /// Opens a TLS port until the next restart and returns its URL. Needs a Redis built with TLS.
    pub async fn serve_tls(&self) -> String {
        let address = test_run().free_address();
        let mut connection = self.connect().await;
        redis::cmd("CONFIG")
            .arg("SET")
            .arg(&["tls-cert-file", &key_file("redis"), "tls-key-file", &key_file("redis-key")])
            .arg(&["tls-ca-cert-file", &authority(), "tls-auth-clients", "no"])
            .arg("tls-port")
            .arg(address.port())
            .exec_async(&mut connection)
            .await
            .or_fail("opening the TLS port");
        self.url_at(address).replace("redis://", "rediss://")
    }

    /// A connection of the test's own.
    pub async fn connect(&self) -> MultiplexedConnection {
        self.try_connect().await.or_fail("connecting to Redis")
    }

    /// Empties it.
    pub async fn flush_all(&self) {
        let mut connection = self.connect().await;
        redis::cmd("FLUSHALL").exec_async(&mut connection).await.or_fail("FLUSHALL");
    }

    /// Kills it without warning.
    pub async fn kill(&self) {
        let process = locked(&self.process).take();
        if let Some(process) = process {
            process.kill().await;
        }
    }

    /// Starts it again on the same address: empty, unless it kept an append-only file.
    pub async fn start_again(&self) {
        self.serve().await.or_fail("starting Redis again");
    }

    /// From the next start on, writes an append-only file (`everysec`), as in production.
    pub fn keep_append_only_file(&self) {
        self.append_only.store(true, Ordering::Relaxed);
    }

    /// Stops it from answering without closing anything (SIGSTOP).
    pub fn pause(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets it answer again (SIGCONT).
    pub fn resume(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        if let Some(process) = &*locked(&self.process) {
            process.signal(signal);
        }
    }

    async fn serve(&self) -> anyhow::Result<()> {
        let append_only = if self.append_only.load(Ordering::Relaxed) { "yes" } else { "no" };
        let mut command = Command::new(&test_run().settings.redis_server);
        command
            .args(["--bind", "127.0.0.1", "--port", &self.address.port().to_string()])
            .args(["--requirepass", &self.password, "--save", "", "--appendonly", append_only])
            .args(["--appendfsync", "everysec", "--dir"])
            .arg(&self.folder);
        let log = self.folder.with_extension("log");
        let process = Process::start("redis", Kind::Program, command, &log)?;
        eventually(Duration::from_secs(60), "Redis answers", || async {
            process.must_run();
            let mut connection = self.try_connect().await.ok()?;
            redis::cmd("PING").exec_async(&mut connection).await.ok()
        })
        .await;
        *locked(&self.process) = Some(process);
        Ok(())
    }

    async fn try_connect(&self) -> redis::RedisResult<MultiplexedConnection> {
        redis::Client::open(self.url())?.get_multiplexed_async_connection().await
    }
}
