//! Bounds on request bodies: size (413) and duration (408). A layer of the edge; a handler
//! meets the bounds while it reads the body. It must never buffer a body that no handler asks for.

use std::{
    error::Error,
    fmt, io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use almanac_shared::platform::error::Code;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::combinators::BoxBody;
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
            let body = TimeoutPool { inner: body.into(), left: limits.bytes, deadline, timer: None };
            request.set_body(BoxBody::new(body));
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

struct TimeoutPool {
    inner: BoxBody<Bytes, io::Error>,
    left: usize,
    deadline: Instant,
    /// Made when the first wait happens: most bodies arrive with their head and never need one.
    timer: Option<Pin<Box<Sleep>>>,
}

impl HttpBody for TimeoutPool {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) {
            return Poll::Ready(frame.map(|frame| frame.and_then(|frame| counted(frame, &mut this.left))));
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

fn counted(frame: Frame<Bytes>, left: &mut usize) -> io::Result<Frame<Bytes>> {
    let length = frame.data_ref().map_or(0, Bytes::len);
    *left = left.checked_sub(length).ok_or_else(|| io::Error::other(BodyFault::TooLarge))?;
    Ok(frame)
}
