//! Whether Postgres can be reached: an unreachable one is known within two seconds, and from then on no request waits for
//! it until a probe on a connection of its own succeeds. Kept by the API's pools; every wait of theirs goes through
//! [`Health::within`]. It costs a healthy request one atomic read.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use sqlx::{ConnectOptions, Connection, postgres::PgConnectOptions};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    sync::{Notify, watch},
    time::{Instant, interval, sleep, timeout},
};

use super::{
    timeout_pool::TimeoutPool,
    unanswered::{Unanswered, is_gone},
};
use crate::platform::error::is_outage;

/// After so much silence of one statement a probe is started. With the pause between two pings and the limit of the
/// probe it makes less than two seconds.
const SUSPECT_AFTER: Duration = Duration::from_millis(400);
/// How often a pooled connection is asked for a sign of life, so that an outage is known before a request meets it.
const PING_EVERY: Duration = Duration::from_millis(300);
/// How long the first probe may take: requests wait for it.
const FIRST: Limits = Limits { greeting: Duration::from_secs(1), login: Duration::from_secs(5) };
/// How long a later one may take. No request waits for it, and a server on a machine that is short of processor time is
/// there.
const LATER: Limits = Limits { greeting: Duration::from_secs(8), login: Duration::from_secs(8) };
/// Later probes that are on their way at once and start one after the other; more of them start a second apart, so that
/// one that hangs on a broken network keeps no other from finding the server again.
const AT_ONCE: usize = 4;
/// SSLRequest: eight bytes long, code 1234 5679 (PostgreSQL manual, "Message Formats").
const TLS_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
/// The pause between two probes.
const PROBE_EVERY: Duration = Duration::from_millis(250);

/// How long a fresh connection may take to be opened and answered, and how long a login then.
#[derive(Clone, Copy, Debug)]
struct Limits {
    greeting: Duration,
    login: Duration,
}

/// What is known of Postgres.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Healthy,
    /// A statement failed or was not answered, and the probe is on its way.
    Suspected,
    Gone,
}

/// What a process knows of its Postgres.
#[derive(Clone, Debug)]
pub(crate) struct Health(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// The same as `state` for those who must not wait.
    gone: AtomicBool,
    state: watch::Sender<State>,
    suspicion: Arc<Notify>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.suspicion.notify_one();
    }
}

impl Health {
    /// Starts the probe, which opens connections with these options.
    pub(super) fn start(options: PgConnectOptions) -> Self {
        let suspicion = Arc::new(Notify::new());
        let state = watch::Sender::new(State::Healthy);
        let inner = Arc::new(Inner { gone: AtomicBool::new(false), state, suspicion: suspicion.clone() });
        tokio::spawn(probe(Arc::downgrade(&inner), suspicion, options));
        Self(inner)
    }

    /// Looks at Postgres through this pool while no request does.
    pub(super) fn ping_through(&self, pool: TimeoutPool) {
        let watched = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            while watched.strong_count() > 0 {
                sleep(PING_EVERY).await;
                // A failure has been noticed where the pool waited.
                let _ = pool.ping().await;
            }
        });
    }

    /// The answer to a statement; an error at once if Postgres is gone, or as soon as that is known.
    pub(super) async fn within<T>(
        &self,
        limit: Duration,
        statement: impl Future<Output = sqlx::Result<T>>,
    ) -> sqlx::Result<T> {
        if self.0.gone.load(Ordering::Relaxed) {
            return Err(Unanswered::Gone.into());
        }
        let mut statement = std::pin::pin!(statement);
        let unsuspicious = SUSPECT_AFTER.min(limit);
        if let Ok(answer) = timeout(unsuspicious, &mut statement).await {
            return self.seen(answer);
        }
        self.suspect();
        let mut state = self.0.state.subscribe();
        tokio::select! {
            biased;
            answer = statement => self.seen(answer),
            _ = state.wait_for(|state| *state == State::Gone) => Err(Unanswered::Gone.into()),
            () = sleep(limit.saturating_sub(unsuspicious)) => Err(Unanswered::Silent(limit).into()),
        }
    }

    /// Whether Postgres can be reached, after the probe that is on its way, if one is.
    pub(super) async fn is_reachable(&self) -> bool {
        let mut state = self.0.state.subscribe();
        let settled = state.wait_for(|state| *state != State::Suspected).await;
        settled.is_ok_and(|state| *state == State::Healthy)
    }

    fn seen<T>(&self, answer: sqlx::Result<T>) -> sqlx::Result<T> {
        if let Err(error) = &answer
            && is_outage(error)
        {
            self.suspect();
        }
        answer
    }

    fn suspect(&self) {
        let is_new = self.0.state.send_if_modified(|state| {
            let healthy = *state == State::Healthy;
            if healthy {
                *state = State::Suspected;
            }
            healthy
        });
        if is_new {
            self.0.suspicion.notify_one();
        }
    }

    fn record(&self, reachable: bool) {
        let was_gone = self.0.gone.swap(!reachable, Ordering::Relaxed);
        match (was_gone, reachable) {
            (false, false) => tracing::error!("Postgres cannot be reached"),
            (true, true) => tracing::warn!("Postgres can be reached again"),
            _ => {}
        }
        self.0.state.send_replace(if reachable { State::Healthy } else { State::Gone });
    }
}

/// Probes on suspicion, and then until Postgres answers.
async fn probe(inner: Weak<Inner>, suspicion: Arc<Notify>, options: PgConnectOptions) {
    let options = options.application_name("almanac-probe");
    loop {
        suspicion.notified().await;
        let Some(()) = record(&inner, answers(&options, FIRST).await) else { return };
        if is_gone_to(&inner) {
            comes_back(&inner, &options).await;
            let Some(()) = record(&inner, true) else { return };
        }
        // The least pause between two suspicions of a store that is slow.
        sleep(PROBE_EVERY).await;
    }
}

/// `None` once nothing uses it any more.
fn record(inner: &Weak<Inner>, reachable: bool) -> Option<()> {
    inner.upgrade().map(|inner| Health(inner).record(reachable))
}

fn is_gone_to(inner: &Weak<Inner>) -> bool {
    inner.upgrade().is_some_and(|inner| inner.gone.load(Ordering::Relaxed))
}

/// Ends when a server answers, or nothing uses it any more.
async fn comes_back(inner: &Weak<Inner>, options: &PgConnectOptions) {
    let mut clock = interval(PROBE_EVERY);
    let mut probes = FuturesUnordered::new();
    let mut started = Instant::now();
    while inner.strong_count() > 0 {
        tokio::select! {
            Some(true) = probes.next() => return,
            now = clock.tick() => {
                if probes.len() < AT_ONCE || now.duration_since(started) >= Duration::from_secs(1) {
                    started = now;
                    probes.push(answers(options, LATER));
                }
            }
        }
    }
}

/// Whether a server answers on a fresh connection and takes logins. One that refuses the login is there.
async fn answers(options: &PgConnectOptions, limits: Limits) -> bool {
    if !matches!(timeout(limits.greeting, greet(options)).await, Ok(Ok(()))) {
        return false;
    }
    let login = async {
        let mut connection = options.connect().await?;
        connection.ping().await?;
        // A polite end may wait for the server too.
        tokio::spawn(async move { timeout(FIRST.greeting, connection.close()).await });
        Ok(())
    };
    match timeout(limits.login, login).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => !is_gone(&error),
        Err(_) => false,
    }
}

/// Asks whether the server takes TLS, which it answers with one byte before anything else: a login has many round trips,
/// and on a slow network their sum says nothing about silence.
async fn greet(options: &PgConnectOptions) -> io::Result<()> {
    let (host, port) = (options.get_host(), options.get_port());
    let folder = options.get_socket().map(PathBuf::as_path).or_else(|| host.starts_with('/').then(|| Path::new(host)));
    match folder {
        Some(folder) => ask_for_tls(UnixStream::connect(folder.join(format!(".s.PGSQL.{port}"))).await?).await,
        None => ask_for_tls(TcpStream::connect((host, port)).await?).await,
    }
}

async fn ask_for_tls(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    stream.write_all(&TLS_REQUEST).await?;
    stream.read_u8().await.map(drop)
}

#[cfg(test)]
mod tests;
