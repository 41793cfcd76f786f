//! Request bodies that the application did not read to the end. The rest of a small body is drained before the answer
//! is sent, so that the connection can be reused; otherwise the answer must announce the close. Called by `connection`.
//! It must never cause a 100 Continue.
//! hyper's own handling is not used: it reads once for the rest of a body, then closes without having announced it.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::{BodyExt, combinators::BoxBody};
use poem::{Request, http::header};

/// Larger bodies are not drained.
const MAX_DRAINED: u64 = 64 * 1024;
/// The longest time that an answer waits for the rest of a body.
const DRAIN_TIME: Duration = Duration::from_secs(1);

/// Keeps track of a body that was handed to the application, and gets it back when the application drops it.
pub(super) struct BodyTracker {
    returned: Arc<Mutex<Option<Body>>>,
    /// The client may wait for a 100 before it sends the body (RFC 9110, section 10.1.1).
    expects_continue: bool,
}

impl BodyTracker {
    /// Wraps the request's body; `None` if there is none.
    pub fn of(request: &mut Request) -> Option<Self> {
        let inner: BoxBody<Bytes, io::Error> = request.take_body().into();
        if inner.is_end_stream() {
            request.set_body(inner);
            return None;
        }
        let returned = Arc::default();
        let body = Body { inner, read: 0, ended: false };
        request.set_body(BoxBody::new(TrackedBody { body: Some(body), returned: Arc::clone(&returned) }));
        let expects_continue = request.headers().contains_key(header::EXPECT);
        Some(Self { returned, expects_continue })
    }

    /// Drains the rest of a small body. Returns whether the connection can be reused.
    pub async fn drain_rest(self) -> bool {
        let Some(mut body) = lock(&self.returned).take() else { return false };
        if body.is_over() {
            return true;
        }
        if self.expects_continue || body.read + body.inner.size_hint().lower() > MAX_DRAINED {
            return false;
        }
        let rest = async {
            while let Some(Ok(_)) = body.frame().await {
                if body.read > MAX_DRAINED {
                    return false;
                }
            }
            body.is_over()
        };
        tokio::time::timeout(DRAIN_TIME, rest).await.unwrap_or(false)
    }
}

fn lock(returned: &Mutex<Option<Body>>) -> MutexGuard<'_, Option<Body>> {
    returned.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The body itself and the number of bytes read so far.
struct Body {
    inner: BoxBody<Bytes, io::Error>,
    read: u64,
    ended: bool,
}

impl Body {
    fn is_over(&self) -> bool {
        self.ended || self.inner.is_end_stream()
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => self.read += frame.data_ref().map_or(0, |data| data.len() as u64),
            Some(Err(_)) => {}
            None => self.ended = true,
        }
        Poll::Ready(frame)
    }
}

/// The body as the application sees it.
struct TrackedBody {
    /// `None` only during drop.
    body: Option<Body>,
    returned: Arc<Mutex<Option<Body>>>,
}

impl HttpBody for TrackedBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.body.as_mut().map_or(Poll::Ready(None), |body| Pin::new(body).poll_frame(cx))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_over)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, |body| body.inner.size_hint())
    }
}

impl Drop for TrackedBody {
    fn drop(&mut self) {
        *lock(&self.returned) = self.body.take();
    }
}
