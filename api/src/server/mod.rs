//! The accept loop: HTTP/1.1 connections around the application, with the timers that poem's own server lacks, and
//! sockets taken out of hyper for streams (26 KiB each become 3). Called by `main` with the wrapped application.
//! It must never end because one connection, or the process's file table, is in trouble.

mod connection;
mod stream_body;
mod takeover;
mod unread;

use std::{io, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use poem::Endpoint;
use tokio::net::{TcpListener, TcpStream};
use tokio_io_timeout::TimeoutWriter;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use self::stream_body::{FrameSource, StreamBody};

/// The server's patience.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Maximum size of a request head; a larger one is answered 431.
    pub head_bytes: usize,
    /// For a request's head, and for the next one on a kept connection; then it is closed without an answer.
    pub header_read: Duration,
    /// For a write that makes no progress, of a stream or of any other answer; then the connection is closed.
    pub blocked_write: Duration,
    /// For connections and streams to end after shutdown has begun.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_bytes: 16 * 1024,
            header_read: Duration::from_secs(15),
            blocked_write: Duration::from_secs(30),
            drain: Duration::from_secs(10),
        }
    }
}

/// What the server carries at the moment, for metrics. Clones share their counts.
#[derive(Clone, Debug, Default)]
pub struct Load {
    connections: TaskTracker,
    streams: TaskTracker,
}

impl Load {
    /// Connections that hyper serves.
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// Streams on sockets of their own.
    pub fn streams(&self) -> usize {
        self.streams.len()
    }
}

/// Accepts until `stop`, then lets what runs come to its end for at most `limits.drain`. Streams are not ended here:
/// their source ends them.
pub async fn serve<E>(listener: TcpListener, app: E, limits: Limits, load: Load, stop: CancellationToken)
where
    E: Endpoint + 'static,
{
    let app = Arc::new(app);
    let mut pause = Pause::default();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, peer)) => {
                pause = Pause::default();
                let Some(addresses) = prepare(&socket, peer) else { continue };
                let serving = connection::serve(socket, addresses, app.clone(), limits, load.clone(), stop.clone());
                load.connections.spawn(serving);
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                // Most often the file table is full: connections that end make room.
                tracing::warn!(%error, "accepting a connection failed");
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = tokio::time::sleep(pause.next()) => {}
                }
            }
        }
    }
    drop(listener);
    drain(&load, limits.drain).await;
}

async fn drain(load: &Load, patience: Duration) {
    load.connections.close();
    load.streams.close();
    let ended = async {
        // Connections first: one that is ending may still become a stream.
        load.connections.wait().await;
        load.streams.wait().await;
    };
    if tokio::time::timeout(patience, ended).await.is_err() {
        let (connections, streams) = (load.connections(), load.streams());
        tracing::warn!(connections, streams, "shutting down with connections open");
    }
}

/// A client's socket. A write that makes no progress for `Limits::blocked_write` is an error; a client that reads may take
/// as long as it likes.
type Socket = Pin<Box<TimeoutWriter<TcpStream>>>;

/// Local and remote address.
type Addresses = (SocketAddr, SocketAddr);

/// `None` if the client is gone already.
fn prepare(socket: &TcpStream, peer: SocketAddr) -> Option<Addresses> {
    // Answers are written in one piece; waiting for more would only delay them.
    socket.set_nodelay(true).ok()?;
    Some((socket.local_addr().ok()?, peer))
}

fn with_write_timeout(stream: TcpStream, blocked_write: Duration) -> Socket {
    let mut socket = TimeoutWriter::new(stream);
    socket.set_timeout(Some(blocked_write));
    Box::pin(socket)
}

/// Errors that say nothing about the next `accept`.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// Doubles from 5 ms to 1 s.
#[derive(Default)]
struct Pause(u32);

impl Pause {
    fn next(&mut self) -> Duration {
        let pause = Duration::from_millis(5) * 2_u32.pow(self.0);
        self.0 = (self.0 + 1).min(8);
        pause.min(Duration::from_secs(1))
    }
}

#[cfg(test)]
mod tests;
