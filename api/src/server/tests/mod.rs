//! The server over real sockets, spoken to byte by byte.

use std::task::{Context, Poll};

use bytes::{BufMut, Bytes, BytesMut};
use poem::{IntoResponse, Request, Response, Route, endpoint::make, http::StatusCode};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use super::*;

/// A stream that a test feeds by hand, and that says when it was let go.
struct Fed {
    frames: mpsc::UnboundedReceiver<Bytes>,
    dropped: Option<oneshot::Sender<bool>>,
    unread: bool,
}

impl FrameSource for Fed {
    fn poll_frames(&mut self, cx: &mut Context<'_>, out: &mut BytesMut) -> Poll<Option<()>> {
        let start = out.len();
        loop {
            match self.frames.poll_recv(cx) {
                Poll::Ready(Some(frame)) => out.put_slice(&frame),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending if out.len() > start => return Poll::Ready(Some(())),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn client_does_not_read(&mut self) {
        self.unread = true;
    }
}

impl Drop for Fed {
    fn drop(&mut self) {
        let unread = self.unread;
        let _ = self.dropped.take().map(|dropped| dropped.send(unread));
    }
}

struct Feeder {
    frames: mpsc::UnboundedSender<Bytes>,
    /// Tells, when the source was let go, whether that was because nobody read.
    dropped: oneshot::Receiver<bool>,
}

impl Feeder {
    fn send(&self, frame: impl Into<Bytes>) {
        self.frames.send(frame.into()).unwrap();
    }
}

/// A server with `/short`, `/slow` (until it is released) and `/stream` (hands its feeder to the test).
struct World {
    address: SocketAddr,
    feeders: mpsc::UnboundedReceiver<Feeder>,
    slow: mpsc::UnboundedReceiver<oneshot::Sender<()>>,
    load: Load,
    stop: CancellationToken,
    server: JoinHandle<()>,
}

fn stream(feeders: &mpsc::UnboundedSender<Feeder>) -> Response {
    let (frames, received) = mpsc::unbounded_channel();
    let (tell, dropped) = oneshot::channel();
    feeders.send(Feeder { frames, dropped }).unwrap();
    StreamBody::respond("text/event-stream", Box::new(Fed { frames: received, dropped: Some(tell), unread: false }))
}

/// More than a small socket takes at once.
const LONG: usize = 200_000;

fn no_content() -> Response {
    Response::builder().status(StatusCode::NO_CONTENT).header("x-long", "x".repeat(LONG)).finish()
}

impl World {
    async fn new() -> Self {
        Self::with(Limits::default()).await
    }

    async fn with(limits: Limits) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), limits)
    }

    fn on(listener: TcpListener, limits: Limits) -> Self {
        let address = listener.local_addr().unwrap();
        let (load, stop) = (Load::default(), CancellationToken::new());
        let (send_feeder, feeders) = mpsc::unbounded_channel();
        let (send_slow, slow) = mpsc::unbounded_channel();
        let streams = make(move |mut request: Request| {
            let feeders = send_feeder.clone();
            async move {
                if request.header("x-read-body").is_some() {
                    assert_eq!(request.take_body().into_string().await?, "the whole body");
                }
                Ok::<_, poem::Error>(stream(&feeders))
            }
        });
        let slow_ones = make(move |_| {
            let slow = send_slow.clone();
            async move {
                let (release, released) = oneshot::channel();
                slow.send(release).unwrap();
                let _ = released.await;
                Ok::<_, poem::Error>("slow".into_response())
            }
        });
        let app = Route::new()
            .at("/short", make(async |_| Ok::<_, poem::Error>("short".into_response())))
            .at("/none", make(async |_| Ok::<_, poem::Error>(no_content())))
            .at("/slow", slow_ones)
            .at("/stream", streams);
        let server = tokio::spawn(serve(listener, app, limits, load.clone(), stop.clone()));
        Self { address, feeders, slow, load, stop, server }
    }

    async fn connect(&self) -> Client {
        Client(TcpStream::connect(self.address).await.unwrap())
    }

    async fn open(&mut self) -> (Client, Feeder) {
        let mut client = self.connect().await;
        client.send("GET /stream HTTP/1.1\r\nhost: x\r\n\r\n").await;
        (client, self.feeders.recv().await.unwrap())
    }
}

struct Client(TcpStream);

impl Client {
    async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Reads up to and including `end`.
    async fn until(&mut self, end: &str) -> String {
        let mut text = Vec::new();
        while !text.ends_with(end.as_bytes()) {
            text.push(self.0.read_u8().await.unwrap_or_else(|error| {
                panic!("{error} after {:?}", String::from_utf8_lossy(&text));
            }));
        }
        String::from_utf8(text).unwrap()
    }

    async fn head(&mut self) -> String {
        self.until("\r\n\r\n").await
    }

    async fn chunk(&mut self) -> String {
        let size = self.until("\r\n").await;
        let size = usize::from_str_radix(size.trim_end(), 16).unwrap();
        let mut chunk = vec![0; size + 2];
        self.0.read_exact(&mut chunk).await.unwrap();
        assert!(chunk.ends_with(b"\r\n"));
        chunk.truncate(size);
        String::from_utf8(chunk).unwrap()
    }

    async fn rest(&mut self) -> String {
        let mut text = String::new();
        self.0.read_to_string(&mut text).await.unwrap();
        text
    }
}

#[tokio::test]
async fn a_stream_leaves_hyper_and_ends_in_order() {
    let mut world = World::new().await;
    let (mut client, feeder) = world.open().await;
    feeder.send("data: one\n\n");

    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    for line in [
        "content-type: text/event-stream",
        "transfer-encoding: chunked",
        "connection: close",
        "cache-control: no-cache, no-transform",
        "x-accel-buffering: no",
        "date: ",
    ] {
        assert_eq!(head.matches(line).count(), 1, "{line} in {head}");
    }
    assert_eq!(client.chunk().await, "data: one\n\n");
    assert_eq!(world.load.streams(), 1);
    feeder.send("data: two\n\n");
    assert_eq!(client.chunk().await, "data: two\n\n");
    drop(feeder.frames);

    assert_eq!(client.rest().await, "0\r\n\r\n");
}

#[tokio::test]
async fn everything_that_is_ready_leaves_in_one_chunk() {
    let mut world = World::new().await;
    let (mut client, feeder) = world.open().await;
    client.head().await;

    // One thread runs everything here, so nothing is written between these lines.
    for frame in ["one,", "two,", "three"] {
        feeder.send(frame);
    }
    drop(feeder.frames);

    assert_eq!(client.chunk().await, "one,two,three");
    assert_eq!(client.rest().await, "0\r\n\r\n");
}

#[tokio::test]
async fn a_post_becomes_a_stream_whether_its_body_was_read_or_not() {
    let mut world = World::new().await;
    let whole = "content-length: 14\r\n\r\nthe whole body";
    let chunked = "transfer-encoding: chunked\r\n\r\n5\r\nthe w\r\n9\r\nhole body\r\n0\r\n\r\n";
    for (read, body) in [("x-read-body: 1\r\n", whole), ("x-read-body: 1\r\n", chunked), ("", whole), ("", chunked)] {
        let mut client = world.connect().await;
        client.send(&format!("POST /stream HTTP/1.1\r\nhost: x\r\n{read}{body}")).await;
        let feeder = world.feeders.recv().await.unwrap();
        feeder.send("data");

        client.head().await;
        assert_eq!(client.chunk().await, "data");
        drop(feeder.frames);
        assert_eq!(client.rest().await, "0\r\n\r\n");
    }
}

#[tokio::test]
async fn a_kept_connection_may_end_as_a_stream() {
    let mut world = World::new().await;
    let mut client = world.connect().await;
    for _ in 0..2 {
        client.send("GET /short HTTP/1.1\r\nhost: x\r\n\r\n").await;
        client.until("short").await;
    }
    client.send("GET /stream HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let feeder = world.feeders.recv().await.unwrap();
    feeder.send("data");

    client.head().await;
    assert_eq!(client.chunk().await, "data");
    assert_eq!(world.load.streams(), 1);
}

#[tokio::test]
async fn requests_behind_a_stream_are_dropped_with_the_connection() {
    let mut world = World::new().await;
    let mut client = world.connect().await;
    let short = "GET /short HTTP/1.1\r\nhost: x\r\n\r\n";
    client.send(&format!("{short}GET /stream HTTP/1.1\r\nhost: x\r\n\r\n{short}")).await;
    let feeder = world.feeders.recv().await.unwrap();
    client.until("short").await;
    client.send(short).await;
    feeder.send("data");

    client.head().await;
    assert_eq!(client.chunk().await, "data");
    drop(feeder.frames);
    assert_eq!(client.rest().await, "0\r\n\r\n");
}

/// hyper answers one request after the other, each flushed before the next is read, also when an answer comes before the
/// end of its request's body and the socket is full. Taking the socket out relies on it.
#[tokio::test]
async fn a_stream_does_not_overtake_the_answer_before_it() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_send_buffer_size(2_048).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let mut world = World::on(socket.listen(8).unwrap(), Limits::default());
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(2_048).unwrap();
    let mut client = Client(socket.connect(world.address).await.unwrap());

    let early = "POST /none HTTP/1.1\r\nhost: x\r\ncontent-length: 14\r\n\r\nthe whole body";
    client.send(&format!("{early}GET /stream HTTP/1.1\r\nhost: x\r\n\r\n")).await;
    let feed = async { drop(world.feeders.recv().await.unwrap()) };
    let (answers, ()) = tokio::join!(client.rest(), feed);

    assert_eq!(answers.matches("x").count() / LONG, 1);
    assert_eq!(answers.matches("HTTP/1.1 200 OK\r\n").count(), 1);
    assert!(answers.ends_with("0\r\n\r\n"));
}

#[tokio::test]
async fn a_client_that_goes_away_lets_its_source_go() {
    let mut world = World::new().await;
    let (mut client, feeder) = world.open().await;
    client.head().await;

    drop(client);

    assert!(!feeder.dropped.await.unwrap(), "going away is not reading slowly");
    world.load.streams.close();
    world.load.streams.wait().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_closed() {
    let limits = Limits { blocked_write: Duration::from_millis(50), ..Limits::default() };
    let mut world = World::with(limits).await;
    let (client, feeder) = world.open().await;

    feeder.send(vec![b'x'; 64 << 20]);

    assert!(feeder.dropped.await.unwrap(), "its source hears why");
    drop(client);
}

#[tokio::test]
async fn a_client_that_floods_a_stream_is_closed() {
    let mut world = World::new().await;
    let (mut client, feeder) = world.open().await;
    client.head().await;

    let _ = client.0.write_all(&vec![b'x'; 1 << 20]).await;

    feeder.dropped.await.unwrap();
}

#[tokio::test]
async fn old_clients_and_head_requests_get_the_common_body() {
    let mut world = World::new().await;
    let mut old = world.connect().await;
    old.send("GET /stream HTTP/1.0\r\n\r\n").await;
    let feeder = world.feeders.recv().await.unwrap();
    feeder.send("data");
    drop(feeder.frames);
    assert!(old.rest().await.ends_with("\r\n\r\ndata"));

    let mut head = world.connect().await;
    head.send("HEAD /stream HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    let feeder = world.feeders.recv().await.unwrap();
    assert!(head.rest().await.contains("content-type: text/event-stream"));
    feeder.dropped.await.unwrap();
    assert_eq!(world.load.streams(), 0);
}

#[tokio::test]
async fn a_head_that_does_not_come_is_closed_without_an_answer() {
    let limits = Limits { header_read: Duration::from_millis(50), ..Limits::default() };
    let world = World::with(limits).await;
    for beginning in ["", "GET /short HT", "GET /short HTTP/1.1\r\nhost: x\r\n"] {
        let mut client = world.connect().await;
        client.send(beginning).await;
        assert_eq!(client.rest().await, "", "{beginning:?}");
    }
}

#[tokio::test]
async fn shutdown_finishes_requests_and_waits_for_streams_to_be_ended() {
    let mut world = World::new().await;
    let (mut streaming, feeder) = world.open().await;
    streaming.head().await;
    let mut idle = world.connect().await;
    idle.send("GET /short HTTP/1.1\r\nhost: x\r\n\r\n").await;
    idle.until("short").await;
    let mut slow = world.connect().await;
    slow.send("GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let release = world.slow.recv().await.unwrap();

    world.stop.cancel();

    assert_eq!(idle.rest().await, "");
    release.send(()).unwrap();
    assert!(slow.rest().await.ends_with("slow"));
    assert!(!world.server.is_finished());
    feeder.send("retry: 500\n\n");
    drop(feeder.frames);
    assert_eq!(streaming.chunk().await, "retry: 500\n\n");
    assert_eq!(streaming.rest().await, "0\r\n\r\n");
    world.server.await.unwrap();
    assert!(TcpStream::connect(world.address).await.is_err());
}

#[tokio::test]
async fn shutdown_does_not_wait_for_ever() {
    let limits = Limits { drain: Duration::from_millis(50), ..Limits::default() };
    let mut world = World::with(limits).await;
    let (_client, _feeder) = world.open().await;

    world.stop.cancel();

    world.server.await.unwrap();
}

#[test]
fn an_error_of_one_connection_is_no_reason_to_pause() {
    let of_process = io::Error::from_raw_os_error(24);
    assert!(!is_of_one_connection(&of_process), "EMFILE");
    assert!(is_of_one_connection(&io::Error::from(io::ErrorKind::ConnectionAborted)));

    let mut pause = Pause::default();
    let pauses: Vec<_> = (0..12).map(|_| pause.next().as_millis()).collect();
    assert_eq!(pauses[..4], [5, 10, 20, 40]);
    assert_eq!(pauses[11], 1_000);
}
