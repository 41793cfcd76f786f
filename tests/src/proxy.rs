//! A TCP proxy whose faults can be switched while connections are open.
//! It stands between a process under test and Postgres, Redis or the provider; tests switch it with `set`.
//! It must never look at what it carries.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

use crate::run::test_run;

/// How the proxy treats its connections, open ones included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Carries bytes both ways.
    #[default]
    Pass,
    /// No listener: new connections are refused, open ones reset.
    Refuse,
    /// Accepts and keeps everything: no byte gets through and no connection closes. `Pass` delivers what was kept.
    BlackHole,
    /// Carries each piece after a pause.
    Delay(Duration),
    /// Resets open connections and each new one.
    Reset,
    /// Resets a connection after this number of further bytes from the server to the client.
    ResetAfter(u64),
}

/// A running proxy; ends when dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    mode: watch::Sender<Mode>,
    applied: watch::Receiver<Mode>,
    counts: Arc<Counts>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Counts {
    open: AtomicUsize,
    total: AtomicU64,
}

impl Proxy {
    /// Starts a proxy in front of a server, on a port of its own.
    pub async fn start(server: SocketAddr) -> anyhow::Result<Self> {
        let address = test_run().free_address();
        let (mode, asked) = watch::channel(Mode::Pass);
        let (apply, applied) = watch::channel(Mode::Pass);
        let counts = Arc::<Counts>::default();
        let listener = listen(address)?;
        let task = test_run().handle().spawn(accept(listener, address, server, asked, apply, Arc::clone(&counts)));
        Ok(Self { address, mode, applied, counts, task })
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Switches the mode; when it returns, new connections are treated so.
    pub async fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
        let mut applied = self.applied.clone();
        // An error means that the proxy has ended, which only its drop does.
        let _ = applied.wait_for(|seen| *seen == mode).await;
    }

    /// Connections that are open now.
    pub fn open_connections(&self) -> usize {
        self.counts.open.load(Ordering::Relaxed)
    }

    /// Connections that were ever accepted.
    pub fn accepted_connections(&self) -> u64 {
        self.counts.total.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.mode.send_replace(Mode::Reset);
        self.task.abort();
    }
}

fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let _entered = test_run().handle().enter();
    let listener = std::net::TcpListener::bind(address).context("listening as a proxy")?;
    listener.set_nonblocking(true).context("listening as a proxy")?;
    TcpListener::from_std(listener).context("listening as a proxy")
}

async fn accept(
    listener: TcpListener,
    address: SocketAddr,
    server: SocketAddr,
    mut mode: watch::Receiver<Mode>,
    apply: watch::Sender<Mode>,
    counts: Arc<Counts>,
) {
    let mut listener = Some(listener);
    loop {
        let now = *mode.borrow_and_update();
        // Only a closed listener refuses; the port stays ours, because it was given out once.
        if now == Mode::Refuse {
            listener = None;
        } else if listener.is_none() {
            listener = listen(address).ok();
        }
        apply.send_replace(now);
        tokio::select! {
            changed = mode.changed() => if changed.is_err() { return },
            Some(Ok((client, _))) = next(listener.as_ref()) => {
                counts.total.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(carry(client, server, mode.clone(), Arc::clone(&counts)));
            }
        }
    }
}

async fn next(listener: Option<&TcpListener>) -> Option<std::io::Result<(TcpStream, SocketAddr)>> {
    match listener {
        Some(listener) => Some(listener.accept().await),
        None => std::future::pending().await,
    }
}

async fn carry(client: TcpStream, server: SocketAddr, mode: watch::Receiver<Mode>, counts: Arc<Counts>) {
    counts.open.fetch_add(1, Ordering::Relaxed);
    let _ = connect_and_pump(client, server, mode).await;
    counts.open.fetch_sub(1, Ordering::Relaxed);
}

async fn connect_and_pump(mut client: TcpStream, server: SocketAddr, mut mode: watch::Receiver<Mode>) -> Option<()> {
    // A connection that is closed with zero linger is reset: the peer sees a broken one, not an ended one.
    client.set_zero_linger().ok()?;
    mode.wait_for(|mode| *mode != Mode::BlackHole).await.ok()?;
    if matches!(*mode.borrow(), Mode::Reset | Mode::Refuse) {
        return None;
    }
    let mut upstream = TcpStream::connect(server).await.ok()?;
    client.set_nodelay(true).ok()?;
    upstream.set_nodelay(true).ok()?;
    upstream.set_zero_linger().ok()?;
    // Borrowed halves: an owned one says a polite goodbye when dropped, and then nothing is reset.
    let (client_read, client_write) = client.split();
    let (server_read, server_write) = upstream.split();
    let up = pump(client_read, server_write, mode.clone(), false);
    let down = pump(server_read, client_write, mode.clone(), true);
    // A clean end of one side is passed on and the other stays open; a broken side breaks both.
    tokio::try_join!(up, down).ok().map(|_| ())
}

/// The connection is to be reset.
struct Broken;

async fn pump(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut mode: watch::Receiver<Mode>,
    downstream: bool,
) -> Result<(), Broken> {
    let mut piece = vec![0; 16 * 1024];
    let mut carried = 0;
    loop {
        let length = tokio::select! {
            biased;
            changed = mode.changed() => {
                changed.map_err(|_| Broken)?;
                carried = 0;
                if matches!(*mode.borrow(), Mode::Reset | Mode::Refuse) { return Err(Broken) }
                continue;
            }
            read = from.read(&mut piece) => read.map_err(|_| Broken)?,
        };
        // An end is a message as well: a black hole keeps it.
        let now = *mode.wait_for(|mode| *mode != Mode::BlackHole).await.map_err(|_| Broken)?;
        if length == 0 {
            return to.shutdown().await.map_err(|_| Broken);
        }
        let mut passing = length;
        match now {
            Mode::Delay(pause) => tokio::time::sleep(pause).await,
            Mode::Reset | Mode::Refuse => return Err(Broken),
            Mode::ResetAfter(limit) if downstream => {
                passing = usize::try_from(limit.saturating_sub(carried)).unwrap_or(usize::MAX).min(length);
            }
            Mode::Pass | Mode::BlackHole | Mode::ResetAfter(_) => {}
        }
        to.write_all(&piece[..passing]).await.map_err(|_| Broken)?;
        carried += passing as u64;
        if passing < length {
            return Err(Broken);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
        let address = listener.local_addr().expect("address");
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    let _ = tokio::io::copy(&mut read, &mut write).await;
                });
            }
        });
        address
    }

    async fn say(stream: &mut TcpStream, text: &str) -> std::io::Result<String> {
        stream.write_all(text.as_bytes()).await?;
        let mut answer = vec![0; text.len()];
        stream.read_exact(&mut answer).await?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    #[tokio::test]
    async fn bytes_pass_and_connections_are_counted() {
        let proxy = Proxy::start(echo().await).await.expect("proxy");

        let mut client = TcpStream::connect(proxy.address()).await.expect("connect");

        assert_eq!(say(&mut client, "hello").await.expect("answer"), "hello");
        assert_eq!((proxy.open_connections(), proxy.accepted_connections()), (1, 1));
    }

    #[tokio::test]
    async fn a_refusing_proxy_resets_the_open_and_refuses_the_new_until_it_passes_again() {
        let proxy = Proxy::start(echo().await).await.expect("proxy");
        let mut open = TcpStream::connect(proxy.address()).await.expect("connect");
        say(&mut open, "a").await.expect("answer");

        proxy.set(Mode::Refuse).await;

        let refused = TcpStream::connect(proxy.address()).await.expect_err("refused");
        assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
        assert!(open.read(&mut [0]).await.is_err(), "an open connection is reset, not ended");
        proxy.set(Mode::Pass).await;
        let mut again = TcpStream::connect(proxy.address()).await.expect("connect again");
        assert_eq!(say(&mut again, "b").await.expect("answer"), "b");
    }

    #[tokio::test]
    async fn a_black_hole_keeps_the_bytes_and_gives_them_back() {
        let proxy = Proxy::start(echo().await).await.expect("proxy");
        let mut client = TcpStream::connect(proxy.address()).await.expect("connect");
        say(&mut client, "a").await.expect("answer");

        proxy.set(Mode::BlackHole).await;
        client.write_all(b"kept").await.expect("the kernel takes it");
        let silence = tokio::time::timeout(Duration::from_millis(100), client.read(&mut [0])).await;
        proxy.set(Mode::Pass).await;

        assert!(silence.is_err(), "nothing comes out of a black hole");
        let mut answer = [0; 4];
        client.read_exact(&mut answer).await.expect("what was kept is delivered");
        assert_eq!(&answer, b"kept");
    }

    #[tokio::test]
    async fn a_connection_is_reset_after_so_many_bytes() {
        let proxy = Proxy::start(echo().await).await.expect("proxy");
        proxy.set(Mode::ResetAfter(3)).await;
        let mut client = TcpStream::connect(proxy.address()).await.expect("connect");

        client.write_all(b"hello").await.expect("write");
        let mut seen = Vec::new();
        let ended = client.read_to_end(&mut seen).await;

        assert!(ended.is_err(), "reset");
        assert!(b"hello".starts_with(&seen) && seen.len() <= 3, "at most three bytes: {seen:?}");
    }
}
