//! One connection: hyper serves it until a response turns out to be a stream, then the socket is taken out.
//! The accept loop spawns it. It must never take a socket out while hyper holds bytes that the client has not got:
//! hyper turns to the next request only after the last answer is flushed, and tests hold it to that.
//! poem's server and the `auto` connection of hyper-util are not used: neither can give the socket back.

use std::{
    convert::Infallible,
    io,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use poem::{
    Endpoint, IntoResponse, Request, Response,
    http::{self, HeaderValue, Method, Version, header, uri::Scheme},
    web::{LocalAddr, RemoteAddr},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Notify,
};
use tokio_util::sync::CancellationToken;

use super::{Addresses, Limits, Load, Socket, StreamBody, takeover::TakeOver, unread::BodyTracker, with_write_timeout};

type HyperResponse = hyper::Response<BoxBody<Bytes, io::Error>>;

/// Bounds of discarding after the last answer.
const LINGER_TIME: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 1024 * 1024;

pub(super) async fn serve<E>(
    stream: TcpStream,
    (local, peer): Addresses,
    app: Arc<E>,
    limits: Limits,
    load: Load,
    stop: CancellationToken,
) where
    E: Endpoint + 'static,
{
    let exit = Arc::new(Exit::default());
    let service = service_fn({
        let exit = exit.clone();
        move |request: http::Request<Incoming>| {
            let (app, exit) = (app.clone(), exit.clone());
            async move { Ok::<_, Infallible>(answer(&*app, request, (local, peer), &exit).await) }
        }
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_read)
        // hyper answers 431 with an empty body and closes the connection.
        .max_header_size(limits.head_bytes)
        .serve_connection(TokioIo::new(with_write_timeout(stream, limits.blocked_write)), service);

    let mut stopping = pin!(stop.cancelled());
    let mut told = false;
    loop {
        tokio::select! {
            ended = &mut connection => {
                // Errors here are the client's: it went away, was too slow, or spoke no HTTP.
                let unread = exit.unread.load(Ordering::Relaxed) || ended.is_err_and(|error| error.is_parse());
                if unread {
                    linger(connection.into_parts().io.into_inner()).await;
                }
                return;
            }
            () = exit.taken.notified() => break,
            () = &mut stopping, if !told => {
                told = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
        }
    }
    let socket = connection.into_parts().io.into_inner();
    if let Some(take_over) = exit.lock().take() {
        load.streams.spawn(take_over.run(socket));
    }
}

/// Closing a socket with unread bytes resets the connection, and the client may lose the answer. So its remaining bytes
/// are discarded for a short time.
async fn linger(mut socket: Socket) {
    let mut scrap = vec![0; 8 * 1024];
    let mut left = LINGER_BYTES;
    let taking = async {
        let _ = socket.shutdown().await;
        while let Ok(count @ 1..) = socket.read(&mut scrap).await {
            left = left.saturating_sub(count);
            if left == 0 {
                return;
            }
        }
    };
    // The socket is dropped on either outcome.
    let _ = tokio::time::timeout(LINGER_TIME, taking).await;
}

/// The application's answer; never returns when the answer leaves by the exit.
async fn answer<E: Endpoint>(
    app: &E,
    request: http::Request<Incoming>,
    (local, peer): Addresses,
    exit: &Exit,
) -> HyperResponse {
    // HTTP/1.0 knows no chunks, and the answer to HEAD has no body: both stay with hyper.
    let chunked = request.version() == Version::HTTP_11 && request.method() != Method::HEAD;
    let local = LocalAddr(poem::Addr::SocketAddr(local));
    let remote = RemoteAddr(poem::Addr::SocketAddr(peer));
    let mut request = Request::from((request, local, remote, Scheme::HTTP));
    let tracker = BodyTracker::of(&mut request);
    let mut response = app.call(request).await.map_or_else(poem::Error::into_response, IntoResponse::into_response);
    let stream = response.extensions_mut().remove::<StreamBody>();
    if let Some(stream) = stream.filter(|_| chunked) {
        leave(&response, &stream, exit).await;
    }
    if let Some(tracker) = tracker
        && !tracker.drain_rest().await
    {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        exit.unread.store(true, Ordering::Relaxed);
    }
    response.into()
}

/// Hands the answer to the connection's task, which drops hyper and with it this very future.
async fn leave(response: &Response, stream: &StreamBody, exit: &Exit) {
    if let Some(source) = stream.take() {
        *exit.lock() = Some(TakeOver::new(response, source));
        exit.taken.notify_one();
        std::future::pending::<()>().await;
    }
}

/// The way out of hyper, shared by a connection's service, its socket and its task.
#[derive(Default)]
struct Exit {
    /// The last answer was sent before its request's body was read.
    unread: AtomicBool,
    take_over: Mutex<Option<TakeOver>>,
    taken: Notify,
}

impl Exit {
    fn lock(&self) -> MutexGuard<'_, Option<TakeOver>> {
        self.take_over.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
