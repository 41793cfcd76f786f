//! What an idle stream costs: `cargo run --release -p almanac-api --example idle_streams [count]`.
//! Serves in this process, connects from a child, and prints resident memory per stream. It measures the server alone:
//! the source behind each stream is the smallest there can be.

use std::{
    env, fs,
    net::SocketAddr,
    process::{Command, Stdio},
    task::{Context, Poll},
    time::Duration,
};

use almanac_api::server::{FrameSource, Limits, Load, StreamBody, serve};
use anyhow::Context as _;
use bytes::{BufMut, BytesMut};
use futures_util::StreamExt;
use poem::{Request, Route, endpoint::make};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::broadcast,
};
use tokio_stream::wrappers::BroadcastStream;
use tokio_util::sync::CancellationToken;

struct Told(BroadcastStream<()>);

impl FrameSource for Told {
    fn poll_frames(&mut self, cx: &mut Context<'_>, out: &mut BytesMut) -> Poll<Option<()>> {
        self.0.poll_next_unpin(cx).map(|item| item.map(|_| out.put_slice(&[b'x'; 300])))
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.as_slice() {
        [clients, address, count] if clients == "clients" => connect(address.parse()?, count.parse()?).await,
        [count] => measure(count.parse()?).await,
        _ => measure(5_000).await,
    }
}

async fn measure(count: usize) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (tell, _) = broadcast::channel(16);
    let load = Load::default();
    let streams = {
        let tell = tell.clone();
        make(move |_: Request| {
            let told = Told(BroadcastStream::new(tell.subscribe()));
            async move { Ok::<_, poem::Error>(StreamBody::respond("text/event-stream", Box::new(told))) }
        })
    };
    let server =
        serve(listener, Route::new().at("/", streams), Limits::default(), load.clone(), CancellationToken::new());
    tokio::spawn(server);
    let before = resident_kib()?;
    let mut child = Command::new(env::current_exe()?)
        .args(["clients", &address.to_string(), &count.to_string()])
        .stdin(Stdio::piped())
        .spawn()
        .context("starting the clients")?;
    while load.streams() < count || load.connections() > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    report("idle", count, before)?;
    for _ in 0..20 {
        tell.send(()).ok();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    report("after traffic", count, before)?;
    child.kill()?;
    child.wait()?;
    Ok(())
}

fn report(when: &str, count: usize, before: u64) -> anyhow::Result<()> {
    let now = resident_kib()?;
    let each = (now - before) as f64 / count as f64;
    let text = format!("{count} streams {when}: {before} -> {now} KiB resident, {each:.2} KiB each\n");
    std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes())?;
    Ok(())
}

async fn connect(address: SocketAddr, count: usize) -> anyhow::Result<()> {
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..count {
        let mut socket = TcpStream::connect(address).await?;
        socket.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await?;
        readers.spawn(async move {
            let mut buffer = [0; 1024];
            while socket.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
        });
    }
    readers.join_all().await;
    Ok(())
}

fn resident_kib() -> anyhow::Result<u64> {
    let status = fs::read_to_string("/proc/self/status").context("reading our own memory")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("finding VmRSS")?;
    line.trim().trim_end_matches(" kB").parse().context("reading VmRSS")
}
