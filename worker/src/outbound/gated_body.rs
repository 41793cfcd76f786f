//! The body of a request that must be sent at most once. Whether one byte of it left is decided by one atomic exchange: either its first
//! poll opens the gate, or the caller who gives up closes it, and a closed gate gives the connection nothing to send.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt, stream, stream::BoxStream};
use hyper::body::{Body, Frame, SizeHint};

use super::send_budget::SendBudget;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

const WAITING: u8 = 0;
const RELEASED: u8 = 1;
const CLOSED: u8 = 2;
const SPENT: u8 = 3;

/// Whether the bytes of a body were handed to its connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Gate(Arc<AtomicU8>);

impl Gate {
    fn leave(&self, to: u8) -> Result<(), u8> {
        self.0.compare_exchange(WAITING, to, Ordering::AcqRel, Ordering::Acquire).map(drop)
    }

    /// Keeps the bytes back from now on. Returns whether they may have left before.
    pub(super) fn close(&self) -> bool {
        self.leave(CLOSED) == Err(RELEASED)
    }

    /// Whether the first poll found the budget spent.
    pub(super) fn is_spent(&self) -> bool {
        self.0.load(Ordering::Acquire) == SPENT
    }
}

/// The bytes were kept back.
#[derive(Debug, thiserror::Error)]
#[error("the request was given up before its first byte")]
pub(super) struct KeptBack;

/// Bytes behind a gate. HTTP/1 polls a body before it flushes the head, so that a body that errs at once leaves nothing
/// complete at the server; nor does one that errs later, because its length was announced.
pub(super) struct GatedBody {
    /// Never locked: a body has to be `Sync`, and a boxed stream is not.
    bytes: Mutex<BoxStream<'static, Result<Bytes, BoxError>>>,
    length: Option<u64>,
    is_open: bool,
    budget: SendBudget,
    gate: Gate,
}

impl GatedBody {
    /// `bytes` must not be empty: an empty body is never polled.
    pub(super) fn new(bytes: Bytes, budget: SendBudget, gate: Gate) -> Self {
        let length = bytes.len() as u64;
        Self::streamed(stream::iter([Ok::<_, KeptBack>(bytes)]), Some(length), budget, gate)
    }

    /// Bytes that arrive one after the other; the gate opens when the first ones are there.
    pub(super) fn streamed<E: Into<BoxError> + 'static>(
        bytes: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
        length: Option<u64>,
        budget: SendBudget,
        gate: Gate,
    ) -> Self {
        let bytes = Mutex::new(bytes.map_err(Into::into).boxed());
        Self { bytes, length, is_open: false, budget, gate }
    }

    fn open(&mut self) -> Result<(), KeptBack> {
        let to = if self.budget.is_spent() { SPENT } else { RELEASED };
        self.is_open = self.gate.leave(to).is_ok() && to == RELEASED;
        if self.is_open { Ok(()) } else { Err(KeptBack) }
    }
}

impl Body for GatedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let bytes = match ready!(self.bytes.get_mut().unwrap_or_else(PoisonError::into_inner).poll_next_unpin(cx)) {
            Some(Ok(bytes)) => bytes,
            Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            None => return Poll::Ready(None),
        };
        if !self.is_open
            && let Err(error) = self.open()
        {
            return Poll::Ready(Some(Err(error.into())));
        }
        self.length = self.length.map(|left| left.saturating_sub(bytes.len() as u64));
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.length == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map(SizeHint::with_exact).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http_body_util::BodyExt;
    use tokio::time::Instant;

    use super::*;

    fn body(budget: Duration) -> (GatedBody, Gate) {
        let gate = Gate::default();
        let budget = SendBudget::until(Instant::now() + budget);
        (GatedBody::new(Bytes::from_static(b"{}"), budget, gate.clone()), gate)
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_leave_inside_the_budget() {
        let (body, gate) = body(Duration::from_secs(1));
        assert_eq!(body.size_hint().exact(), Some(2));

        assert_eq!(body.collect().await.unwrap().to_bytes(), "{}");

        assert!(gate.close() && !gate.is_spent());
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_leaves_after_the_budget() {
        let (body, gate) = body(Duration::from_secs(1));
        tokio::time::advance(Duration::from_secs(1)).await;

        assert!(body.collect().await.is_err());

        assert!(gate.is_spent() && !gate.close());
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_opens_the_gate_with_its_first_bytes() {
        let gate = Gate::default();
        let budget = SendBudget::until(Instant::now() + Duration::from_secs(1));
        let late = stream::once(async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            Ok::<_, KeptBack>(Bytes::from_static(b"late"))
        });
        let body = GatedBody::streamed(late, Some(4), budget, gate.clone());

        assert!(body.collect().await.is_err());

        assert!(gate.is_spent() && !gate.close());
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_may_go_on_after_the_budget() {
        let gate = Gate::default();
        let budget = SendBudget::until(Instant::now() + Duration::from_secs(1));
        let bytes = stream::iter([b"a".as_slice(), b"b"]).then(|bytes| async move {
            let pause = if bytes == b"b" { 2 } else { 0 };
            tokio::time::sleep(Duration::from_secs(pause)).await;
            Ok::<_, KeptBack>(Bytes::from_static(bytes))
        });
        let body = GatedBody::streamed(bytes, Some(2), budget, gate.clone());

        assert_eq!(body.collect().await.unwrap().to_bytes(), "ab");

        assert!(gate.close());
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_leaves_through_a_closed_gate() {
        let (body, gate) = body(Duration::from_secs(1));

        assert!(!gate.close());

        assert!(body.collect().await.is_err() && !gate.is_spent());
    }
}
