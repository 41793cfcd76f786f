//! The body of a request that must be sent at most once. Whether one byte of it left is decided by one atomic exchange: either its first
//! poll opens the gate, or the caller who gives up closes it, and a closed gate gives the connection nothing to send.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::send_budget::SendBudget;

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
/// complete at the server.
pub(super) struct GatedBody {
    bytes: Option<Bytes>,
    budget: SendBudget,
    gate: Gate,
}

impl GatedBody {
    /// `bytes` must not be empty: an empty body is never polled.
    pub(super) fn new(bytes: Bytes, budget: SendBudget, gate: Gate) -> Self {
        Self { bytes: Some(bytes), budget, gate }
    }
}

impl Body for GatedBody {
    type Data = Bytes;
    type Error = KeptBack;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, KeptBack>>> {
        let Some(bytes) = self.bytes.take() else { return Poll::Ready(None) };
        let to = if self.budget.is_spent() { SPENT } else { RELEASED };
        match self.gate.leave(to) {
            Ok(()) if to == RELEASED => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            _ => Poll::Ready(Some(Err(KeptBack))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
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
    async fn nothing_leaves_through_a_closed_gate() {
        let (body, gate) = body(Duration::from_secs(1));

        assert!(!gate.close());

        assert!(body.collect().await.is_err() && !gate.is_spent());
    }
}
