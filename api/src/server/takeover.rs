//! A stream on a socket of its own: head and chunks are written by one small task, without hyper and its buffers.
//! `connection` hands sockets over. It must never hold a buffer while it waits: that is what makes an idle stream cheap.
//! hyper is not used for streams: it keeps its buffers while a connection waits, 26 KiB each instead of 3.

use std::{
    fmt::Write,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::SystemTime,
};

use bytes::{Buf, BufMut, BytesMut};
use poem::{
    Response,
    http::{HeaderName, header},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{FrameSource, Socket};

/// What a client may still send after its request (the rest of a body, a pipelined request) before it is cut off.
const MAX_DISCARDED: usize = 64 * 1024;
/// Eight hexadecimal digits and a line end: a chunk's size is written in front once the chunk is there.
const CHUNK_HEAD: usize = 10;
/// A source is not asked for more while this many bytes wait for the client.
const ENOUGH: usize = 16 * 1024;
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// Everything that leaves hyper: the answer's head as bytes, and who makes its body.
pub(super) struct TakeOver {
    pub head: BytesMut,
    pub source: Box<dyn FrameSource>,
}

impl TakeOver {
    pub fn new(response: &Response, source: Box<dyn FrameSource>) -> Self {
        Self { head: head(response), source }
    }

    /// Runs the stream to its end: the source's, the client's, or that of our patience.
    pub fn run(self, socket: Socket) -> Streaming {
        let Self { head, source } = self;
        Streaming { socket, source: Some(source), out: head, discarded: 0 }
    }
}

fn head(response: &Response) -> BytesMut {
    const OURS: [HeaderName; 4] = [header::CONNECTION, header::CONTENT_LENGTH, header::DATE, header::TRANSFER_ENCODING];
    let status = response.status();
    let mut head = BytesMut::with_capacity(512);
    // Writing into memory cannot fail.
    let _ = write!(head, "HTTP/1.1 {} {}\r\n", status.as_str(), status.canonical_reason().unwrap_or_default());
    for (name, value) in response.headers().iter().filter(|(name, _)| !OURS.contains(name)) {
        head.put_slice(name.as_str().as_bytes());
        head.put_slice(b": ");
        head.put_slice(value.as_bytes());
        head.put_slice(b"\r\n");
    }
    let date = httpdate::fmt_http_date(SystemTime::now());
    let _ = write!(head, "date: {date}\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n");
    head
}

/// The task. Small on purpose: there may be thousands, nearly all of them waiting.
pub(super) struct Streaming {
    socket: Socket,
    /// None once the last chunk is in `out`.
    source: Option<Box<dyn FrameSource>>,
    /// What the socket has not taken yet; without memory while there is nothing.
    out: BytesMut,
    discarded: usize,
}

impl Future for Streaming {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        // The reading side first: it says that the client is gone, and an unread byte would turn our orderly close
        // into a reset that can swallow the last chunk.
        if this.poll_client_gone(cx).is_ready() {
            return Poll::Ready(());
        }
        loop {
            let waiting = this.poll_source(cx).is_pending();
            if waiting && this.out.is_empty() {
                return Poll::Pending;
            }
            if ready!(this.poll_write_out(cx)).is_err() {
                return Poll::Ready(());
            }
            if this.source.is_none() {
                return Pin::new(&mut this.socket).poll_shutdown(cx).map(drop);
            }
        }
    }
}

impl Streaming {
    /// Collects what is ready behind what is not written yet (the head, at first), so that it leaves in one write; not
    /// when the client is behind already.
    fn poll_source(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(source) = self.source.as_mut().filter(|_| self.out.len() < ENOUGH) else { return Poll::Ready(()) };
        if ready!(poll_chunk(source.as_mut(), cx, &mut self.out)).is_none() {
            self.out.put_slice(LAST_CHUNK);
            // The source can be dropped now, however long the client takes to read the rest.
            self.source = None;
        }
        Poll::Ready(())
    }

    /// Ready when everything has been taken; an error when the client is gone or makes no progress.
    fn poll_write_out(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ()>> {
        while !self.out.is_empty() {
            match ready!(Pin::new(&mut self.socket).poll_write(cx, &self.out)) {
                Ok(written) if written > 0 => self.out.advance(written),
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    if let Some(source) = self.source.as_mut() {
                        source.client_does_not_read();
                    }
                    tracing::debug!("closing a stream whose client does not read");
                    return Poll::Ready(Err(()));
                }
                _ => return Poll::Ready(Err(())),
            }
        }
        self.out = BytesMut::new();
        Poll::Ready(Ok(()))
    }

    fn poll_client_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let mut space = [0; 512];
            let mut buffer = ReadBuf::new(&mut space);
            let read = ready!(Pin::new(&mut self.socket).poll_read(cx, &mut buffer));
            let count = buffer.filled().len();
            self.discarded += count;
            if read.is_err() || count == 0 || self.discarded > MAX_DISCARDED {
                return Poll::Ready(());
            }
        }
    }
}

/// Lets the source append one chunk and writes its size in front of it, so that nothing is copied twice.
fn poll_chunk(source: &mut dyn FrameSource, cx: &mut Context<'_>, out: &mut BytesMut) -> Poll<Option<()>> {
    let start = out.len();
    out.put_bytes(0, CHUNK_HEAD);
    let polled = source.poll_frames(cx, out);
    let size = out.len() - start - CHUNK_HEAD;
    if size == 0 {
        // A chunk of no bytes would end the body.
        out.truncate(start);
        if out.is_empty() {
            *out = BytesMut::new();
        }
        return polled;
    }
    let digits = format!("{size:08x}\r\n");
    out[start..start + CHUNK_HEAD].copy_from_slice(digits.as_bytes());
    out.put_slice(b"\r\n");
    // Bytes count, whatever the source says of itself.
    if polled.is_pending() { Poll::Ready(Some(())) } else { polled }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_stream_is_small() {
        assert!(size_of::<Streaming>() <= 128, "{}", size_of::<Streaming>());
    }
}
