//! Bounds on request bodies: size (413) and duration (408). A layer of the edge; a handler
//! meets the bounds while it reads the body. It must never buffer a body that no handler asks for.
//! The duration is bounded here because the timeout of `tower_http` starts again with each frame.

use std::{
    error::Error,
    fmt, io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use almanac_shared::platform::error::Code;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::{BodyExt, Limited, combinators::BoxBody};
use poem::{Endpoint, EndpointExt, Request, error::ReadBodyError, http::header};
use tokio::time::{Instant, Sleep, sleep_until};

use super::BodyLimits;
use crate::http::error::ApiError;

pub(super) fn bounded<E>(next: E, limits: BodyLimits) -> impl Endpoint<Output = E::Output>
where
    E: Endpoint + 'static,
{
    next.around(move |next, mut request: Request| async move {
        if declared_length(&request).is_some_and(|length| length > limits.bytes as u64) {
            return Err(BodyFault::TooLarge.into());
        }
        let body = request.take_body();
        if !body.is_empty() {
            let deadline = Instant::now() + limits.time;
            let inner = Limited::new(BoxBody::from(body), limits.bytes).map_err(io_error);
            request.set_body(BoxBody::new(TimedBody { inner, deadline, timer: None }));
        }
        next.call(request).await
    })
}

fn declared_length(request: &Request) -> Option<u64> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Why a body could not be read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodyFault {
    TooLarge,
    TooSlow,
}

impl fmt::Display for BodyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the body is too large",
            Self::TooSlow => "the body did not arrive in time",
        })
    }
}

impl Error for BodyFault {}

impl From<BodyFault> for ApiError {
    fn from(fault: BodyFault) -> Self {
        let code = match fault {
            BodyFault::TooLarge => Code::BodyTooLarge,
            BodyFault::TooSlow => Code::BodyTimeout,
        };
        Self::new(code, fault.to_string())
    }
}

impl From<BodyFault> for poem::Error {
    fn from(fault: BodyFault) -> Self {
        ApiError::from(fault).into()
    }
}

/// What an unreadable body means for the client. poem wraps our fault in an I/O error of its own, so we look inside.
pub(super) fn refusal(error: &ReadBodyError) -> ApiError {
    let fault = match error {
        ReadBodyError::PayloadTooLarge => Some(BodyFault::TooLarge),
        ReadBodyError::Io(error) => inner_fault(error),
        _ => None,
    };
    fault.map_or_else(|| ApiError::new(Code::MalformedText, "the body could not be read"), ApiError::from)
}

fn inner_fault(error: &io::Error) -> Option<BodyFault> {
    let mut inner: &(dyn Error + 'static) = error.get_ref()?;
    loop {
        if let Some(fault) = inner.downcast_ref::<BodyFault>() {
            return Some(*fault);
        }
        inner = inner.downcast_ref::<io::Error>()?.get_ref()?;
    }
}

/// `Limited` boxes the errors of the body below it and adds one of its own.
fn io_error(error: Box<dyn Error + Send + Sync>) -> io::Error {
    error.downcast::<io::Error>().map_or_else(|_| io::Error::other(BodyFault::TooLarge), |error| *error)
}

/// A body that must have arrived in whole at `deadline`.
struct TimedBody<B> {
    inner: B,
    deadline: Instant,
    /// Made when the first wait happens: most bodies arrive with their head and never need one.
    timer: Option<Pin<Box<Sleep>>>,
}

impl<B> HttpBody for TimedBody<B>
where
    B: HttpBody<Data = Bytes, Error = io::Error> + Unpin,
{
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) {
            return Poll::Ready(frame);
        }
        let deadline = this.deadline;
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Some(Err(io::Error::other(BodyFault::TooSlow))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
