//! The body of an endless answer: a source of frames that a handler puts into an ordinary response.
//! Routes make it, the server takes it out and feeds a socket of its own from it; served by anything else (HTTP/1.0,
//! another server, a test) it is a normal body. It must never hold more than what is ready to be written.
//! `StreamBody` of http-body-util is not used: it has a buffer per frame; here all ready frames share one.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use bytes::{Bytes, BytesMut};
use http_body::{Body as HttpBody, Frame};
use http_body_util::combinators::BoxBody;
use poem::{
    Body, Response,
    http::{HeaderValue, header},
};

/// Makes a stream's bytes. Polled only when the socket has taken everything before, so it is never asked for more than
/// the client reads; whatever is ready at one poll goes out in one write.
pub trait FrameSource: Send {
    /// Appends all frames that are ready to `out`, which may hold something already.
    ///
    /// - `Ready(Some(()))`: something was appended.
    /// - `Ready(None)`: the stream is over; what was appended in this call is its last part.
    /// - `Pending`: nothing is ready, nothing was appended, and the task is woken when that changes.
    ///
    /// Dropping the source means that the client is gone, or that the stream is over.
    fn poll_frames(&mut self, cx: &mut Context<'_>, out: &mut BytesMut) -> Poll<Option<()>>;

    /// Notified before the source is dropped because its client read nothing for too long.
    fn client_does_not_read(&mut self) {}
}

/// A frame source on its way from a handler to the server, as an extension of the response.
#[derive(Clone)]
pub struct StreamBody(Arc<Mutex<Option<Box<dyn FrameSource>>>>);

impl StreamBody {
    /// A 200 whose body is made by `source` as it goes. No proxy may keep, change or collect it.
    pub fn respond(content_type: &'static str, source: Box<dyn FrameSource>) -> Response {
        let body = Self(Arc::new(Mutex::new(Some(source))));
        let fallback = BoxBody::new(Fallback(body.clone()));
        let mut response = Response::builder()
            .content_type(content_type)
            .header(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"))
            .header("x-accel-buffering", HeaderValue::from_static("no"))
            .body(Body::from(fallback));
        response.set_data(body);
        response
    }

    /// The source, once.
    pub(super) fn take(&self) -> Option<Box<dyn FrameSource>> {
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<dyn FrameSource>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same source behind the common body interface.
struct Fallback(StreamBody);

impl HttpBody for Fallback {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let mut slot = self.0.lock();
        let Some(source) = slot.as_mut() else { return Poll::Ready(None) };
        let mut out = BytesMut::new();
        match source.poll_frames(cx, &mut out) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Some(())) => {}
            Poll::Ready(None) => *slot = None,
        }
        Poll::Ready((!out.is_empty()).then(|| Ok(Frame::data(out.freeze()))))
    }
}
