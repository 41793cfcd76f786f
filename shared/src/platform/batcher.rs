//! Collects requests that wait, handles them in one call, and answers each. Batching adds no delay: there is no timer, and
//! a batch is what came while the one before was being handled. Used for submissions, ends of jobs and reads of jobs.

use tokio::sync::{mpsc, oneshot};

/// Requests that may wait for a batcher before their senders wait too.
const INBOX: usize = 1024;

/// What a batcher does with a batch.
pub(crate) trait HandleBatch: Send + Sized + 'static {
    /// A request.
    type Item: Send;
    /// Its answer.
    type Answer: Send;
    /// Why the store could not be reached.
    type Outage: Send;
    /// Requests that one call takes at most.
    const MAX: usize;

    /// Handles a batch and answers all of it, at once or later. An outage is returned: requests that came while it was
    /// noticed are answered with it, instead of waiting for it once more.
    fn handle(&mut self, batch: Vec<Pending<Self>>) -> impl Future<Output = Result<(), Self::Outage>> + Send;

    /// The answer to a request that was not tried.
    fn answer_outage(outage: &Self::Outage) -> Self::Answer;
}

/// A request that waits for its answer.
pub(crate) struct Pending<H: HandleBatch> {
    pub item: H::Item,
    pub reply: oneshot::Sender<H::Answer>,
}

impl<H: HandleBatch> Pending<H> {
    /// Answers it. The client may be gone.
    pub(crate) fn answer(self, answer: H::Answer) {
        let _ = self.reply.send(answer);
    }
}

/// The way to the task that handles batches. The task ends with the last of these.
pub(crate) struct Batcher<H: HandleBatch>(mpsc::Sender<Pending<H>>);

/// A way back for requests that are tried again; it does not keep the task alive.
pub(crate) type Again<H> = mpsc::WeakSender<Pending<H>>;

impl<H: HandleBatch> std::fmt::Debug for Batcher<H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Batcher")
    }
}

impl<H: HandleBatch> Clone for Batcher<H> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<H: HandleBatch> Batcher<H> {
    /// Starts the task.
    pub(crate) fn start(handler: impl FnOnce(Again<H>) -> H) -> Self {
        let (sender, inbox) = mpsc::channel(INBOX);
        tokio::spawn(run(handler(sender.downgrade()), inbox));
        Self(sender)
    }

    /// Waits for the answer to a request; `None` if the task has ended.
    pub(crate) async fn call(&self, item: H::Item) -> Option<H::Answer> {
        let (reply, answer) = oneshot::channel();
        self.0.send(Pending { item, reply }).await.ok()?;
        answer.await.ok()
    }

    /// Resolves when the task has ended.
    pub(crate) async fn ended(&self) {
        self.0.closed().await;
    }
}

async fn run<H: HandleBatch>(mut handler: H, mut inbox: mpsc::Receiver<Pending<H>>) {
    let mut batch = Vec::with_capacity(H::MAX);
    while inbox.recv_many(&mut batch, H::MAX).await > 0 {
        // Skip requests whose client is gone: it may be asking again.
        batch.retain(|pending: &Pending<H>| !pending.reply.is_closed());
        if batch.is_empty() {
            continue;
        }
        if let Err(outage) = handler.handle(std::mem::take(&mut batch)).await {
            while let Ok(pending) = inbox.try_recv() {
                pending.answer(H::answer_outage(&outage));
            }
        }
    }
}
