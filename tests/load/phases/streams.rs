//! What thousands of open streams cost one API process, and how soon one event reaches all of them.
//! Held against a process that copies bytes to as many plain sockets. No worker runs; events are published by hand.

use std::{
    future::Future,
    net::SocketAddr,
    process::Command,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use almanac_tests::{
    OrFail, eventually,
    process::{Kind, Process},
    run::test_run,
};
use anyhow::Context;
use bytes::{Buf, BytesMut};
use futures_util::{StreamExt, TryStreamExt, stream};
use redis::aio::MultiplexedConnection;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::Instant,
};

use super::stack;
use crate::{
    Knobs,
    client::{self, Connection, find},
    figures::{Latencies, Report, Yardstick},
    text::{Texts, people},
    usage::memory_kib,
};

/// Events sent one by one, and the pause between them.
const PACED: usize = 25;
const PAUSE: Duration = Duration::from_millis(200);
/// Events sent at once.
const BURST: usize = 100;
/// Connections that are opened at the same time.
const OPENING: usize = 32;
/// Heartbeats go out every five seconds: after this long every stream has written once.
const ONE_HEARTBEAT: Duration = Duration::from_secs(6);
const PATIENCE: Duration = Duration::from_secs(60);

pub async fn run(knobs: &Knobs, mut report: Report) -> anyhow::Result<()> {
    let stack = stack().workers(0).start().await;
    let (person, api, pid) = (people(1).swap_remove(0), stack.api(0).address(), stack.api(0).pid());
    let submit = client::submit(&person, &Texts::new().of(5_500));
    let job = Connection::open(api).await?.exchange(&submit).await?.generation()?;
    let request = client::events(&person, &job);
    // Threads, pools and code are paid for before the first stream is counted.
    drop(open_streams(api, &request, knobs.streams.min(64)).await?);
    let empty = memory_kib(pid, "VmRSS")?;

    let began = Instant::now();
    let streams = open_streams(api, &request, knobs.streams).await?;
    let opened = knobs.streams as f64 / began.elapsed().as_secs_f64();
    let crowd = Crowd::gather(streams);
    tokio::time::sleep(ONE_HEARTBEAT).await;
    let each = |now: f64| (now - empty) / knobs.streams as f64;
    let idle = each(memory_kib(pid, "VmRSS")?);
    let mut teller =
        ByRedis { connection: stack.services.redis.connect().await, channel: format!("almanac:ev:{job}"), seq: 0 };
    let mut ours = Fanout::measure(&crowd, &mut teller).await?;
    let busy = each(memory_kib(pid, "VmRSS")?);
    drop(crowd);
    let mut floor = floor(knobs.streams).await?;

    let count = knobs.streams;
    report.figure(&format!("{count} streams opened"), opened, "/s", None)?;
    report.figure(&format!("memory per stream at rest, {count} streams"), idle, "KiB", None)?;
    let at_rest = Yardstick::of("at rest", Some(idle));
    report.figure(&format!("memory per stream after traffic, {count} streams"), busy, "KiB", at_rest)?;
    let plain = [floor.paced.quantile(0.5), floor.paced.quantile(0.99)];
    report.latencies("published to read by all", &mut ours.paced, Some(("plain sockets", plain)))?;
    report.figure("deliveries in a burst", ours.burst, "/s", Yardstick::of("plain sockets", Some(floor.burst)))
}

async fn open_streams(api: SocketAddr, request: &[u8], count: usize) -> anyhow::Result<Vec<(TcpStream, BytesMut)>> {
    let opening = (0..count).map(|_| async { Connection::open(api).await?.follow(request).await });
    stream::iter(opening).buffer_unordered(OPENING).try_collect().await
}

/// The same crowd at a process that only copies.
async fn floor(sockets: usize) -> anyhow::Result<Fanout> {
    let address = test_run().free_address();
    let mut command = Command::new(std::env::current_exe().context("finding this program")?);
    command.args(["floor", &address.to_string(), &sockets.to_string()]);
    let _process = Process::start("floor", Kind::Program, command, &test_run().folder.join("floor.log"))?;
    let connect = || async { TcpStream::connect(address).await.ok() };
    let mut teller = BySocket(eventually(PATIENCE, "the floor listens", connect).await);
    let opening = (0..sockets).map(|_| async {
        let mut socket = TcpStream::connect(address).await?;
        socket.read_u8().await?;
        anyhow::Ok((socket, BytesMut::new()))
    });
    let crowd = Crowd::gather(stream::iter(opening).buffer_unordered(OPENING).try_collect().await?);
    Fanout::measure(&crowd, &mut teller).await
}

/// Sends events to many streams.
trait Teller {
    /// Sends this number of events together, each with the time it is sent at.
    fn tell(&mut self, events: usize, now: Duration) -> impl Future<Output = anyhow::Result<()>>;
}

struct ByRedis {
    connection: MultiplexedConnection,
    channel: String,
    seq: usize,
}

impl Teller for ByRedis {
    async fn tell(&mut self, events: usize, now: Duration) -> anyhow::Result<()> {
        let mut pipe = redis::pipe();
        for _ in 0..events {
            self.seq += 1;
            let message = format!("{} progress {{\"ts\":{}}}", self.seq, now.as_nanos());
            pipe.publish(&self.channel, message).ignore();
        }
        pipe.exec_async(&mut self.connection).await.context("publishing")
    }
}

struct BySocket(TcpStream);

impl Teller for BySocket {
    async fn tell(&mut self, events: usize, now: Duration) -> anyhow::Result<()> {
        let event = format!("id: 1\nevent: progress\ndata: {{\"ts\":{}}}\n\n", now.as_nanos());
        self.0.write_all(event.repeat(events).as_bytes()).await.context("telling the floor")
    }
}

/// How a crowd was reached.
struct Fanout {
    /// From the sending of an event to its reading, each socket by itself.
    paced: Latencies,
    /// Events read a second while many are sent at once.
    burst: f64,
}

impl Fanout {
    async fn measure(crowd: &Crowd, teller: &mut impl Teller) -> anyhow::Result<Self> {
        for _ in 0..PACED {
            teller.tell(1, crowd.began.elapsed()).await?;
            tokio::time::sleep(PAUSE).await;
        }
        let paced = crowd.take_all(PACED).await;
        let began = Instant::now();
        teller.tell(BURST, crowd.began.elapsed()).await?;
        let mut read = crowd.take_all(BURST).await;
        // The slowest reading ends the burst, not our noticing it.
        let took = Duration::from_secs_f64(read.quantile(1.0) / 1e3).min(began.elapsed());
        Ok(Self { paced, burst: read.count() as f64 / took.as_secs_f64() })
    }
}

/// Sockets that are read as fast as one thread can.
struct Crowd {
    size: usize,
    began: Instant,
    heard: Arc<Heard>,
    _readers: JoinSet<()>,
}

#[derive(Default)]
struct Heard {
    count: AtomicUsize,
    latencies: Mutex<Latencies>,
}

impl Crowd {
    fn gather(sockets: Vec<(TcpStream, BytesMut)>) -> Self {
        let (size, began, heard) = (sockets.len(), Instant::now(), Arc::<Heard>::default());
        let mut readers = JoinSet::new();
        for (socket, rest) in sockets {
            readers.spawn(listen(socket, rest, began, Arc::clone(&heard)));
        }
        Self { size, began, heard, _readers: readers }
    }

    /// Waits until every stream has read this number of further events; fails when one does not.
    async fn take_all(&self, events: usize) -> Latencies {
        let expected = events * self.size;
        eventually(PATIENCE, "every stream has read every event", || async {
            (self.heard.count.load(Ordering::Relaxed) >= expected).then_some(())
        })
        .await;
        self.heard.count.store(0, Ordering::Relaxed);
        std::mem::take(&mut *self.heard.latencies.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn listen(mut socket: TcpStream, mut text: BytesMut, began: Instant, heard: Arc<Heard>) {
    loop {
        let events = times(&mut text);
        if !events.is_empty() {
            let now = began.elapsed();
            let mut latencies = heard.latencies.lock().unwrap_or_else(PoisonError::into_inner);
            heard.count.fetch_add(events.len(), Ordering::Relaxed);
            events.into_iter().for_each(|sent| latencies.add(now.saturating_sub(sent)));
        }
        text.reserve(2 * 1024);
        let read = socket.read_buf(&mut text).await.or_fail("reading a stream");
        assert!(read > 0, "the server ended a stream");
    }
}

/// The moments that whole events in the text carry; what was looked at is taken away.
fn times(text: &mut BytesMut) -> Vec<Duration> {
    const MARK: &[u8] = b"\"ts\":";
    let mut found = Vec::new();
    while let Some(end) = find(text, b"\n\n") {
        let event = &text[..end];
        let digits = find(event, MARK).map(|at| &event[at + MARK.len()..]);
        let nanos = digits.map(|digits| digits.iter().take_while(|byte| byte.is_ascii_digit()));
        found.extend(
            nanos.map(|digits| Duration::from_nanos(digits.fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')))),
        );
        text.advance(end + 2);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moments_of_whole_events_are_read_and_half_an_event_waits() {
        let mut text =
            BytesMut::from("retry: 1\n\nid: 1\ndata: {\"ts\":120}\n\n\r\n: still here\n\nid: 2\ndata: {\"ts\":3");
        assert_eq!(times(&mut text), [Duration::from_nanos(120)]);
        text.extend_from_slice(b"4}\n\n");
        assert_eq!(times(&mut text), [Duration::from_nanos(34)]);
        assert!(text.is_empty());
    }
}
