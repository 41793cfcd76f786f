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

mod bounds;
mod streams;

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

/// A server with `/short`, `/long` (64 MiB), `/slow` (until it is released) and `/stream` (hands its feeder to the test).
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
            .at("/long", make(async |_| Ok::<_, poem::Error>("x".repeat(64 << 20).into_response())))
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
