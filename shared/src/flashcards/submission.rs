//! Submitting generations: requests that wait at the same moment share one statement and one commit. Batching adds no
//! delay: there is no timer. Called by the service.

use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

use anyhow::{Context, anyhow};
use tokio::sync::{mpsc, oneshot};

use super::store::{self, NewGeneration, Submitted};
use crate::{
    jobs::{Lane, queue::Bell, submission::LockWait},
    platform::{
        db::{Database, PinnedConnection},
        error::{LimitState, Refusal, is_outage},
        faults::{self, Point},
        id::{GenerationId, JobId},
    },
};

/// Requests that may share a commit.
const BATCH: usize = 32;
/// Batchers of one process: while one waits for its commit the other collects. More of them make smaller batches, and a
/// submission dearer. Requests of one user always meet the same one, so two of them seldom meet each other's lock.
const BATCHERS: usize = 2;

/// The inboxes of the batchers.
#[derive(Clone, Debug)]
pub(super) struct Submissions {
    batchers: Vec<mpsc::Sender<Waiting>>,
    spread: RandomState,
}

/// An accepted generation.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// Its id; an earlier one's if the request is a replay.
    pub id: GenerationId,
    /// Whether an earlier request with the same key was answered again.
    pub replayed: bool,
    /// The bare answer, byte for byte what the first request got.
    pub answer: String,
    /// Where the limit stands now.
    pub limit: LimitState,
}

/// A request, how long it has waited for a lock, and the way back to its caller.
struct Waiting {
    new: NewGeneration,
    lock: Option<LockWait>,
    done: oneshot::Sender<Result<Accepted, Refusal>>,
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiting").field("id", &self.new.id).finish_non_exhaustive()
    }
}

impl Submissions {
    /// Starts the batchers.
    pub(super) fn start(database: &Database, bell: &Bell) -> Self {
        let batchers = (0..BATCHERS).map(|_| {
            let (sender, inbox) = mpsc::channel(1024);
            // Weak: the batcher ends when the last handle of this process is gone.
            let batcher = Batcher { database: database.clone(), bell: bell.clone(), again: sender.downgrade() };
            tokio::spawn(batcher.submit_all(inbox));
            sender
        });
        Self { batchers: batchers.collect(), spread: RandomState::new() }
    }

    /// Submits one request, together with others that wait.
    pub(super) async fn submit(&self, new: NewGeneration) -> Result<Accepted, Refusal> {
        let stopped = || anyhow!("the batcher has stopped");
        let (done, answer) = oneshot::channel();
        let index = usize::try_from(self.spread.hash_one(new.user) % BATCHERS as u64).unwrap_or(0);
        let batcher = self.batchers.get(index).context("finding the batcher")?;
        batcher.send(Waiting { new, lock: None, done }).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

/// What a batcher works with.
#[derive(Clone, Debug)]
struct Batcher {
    database: Database,
    bell: Bell,
    again: mpsc::WeakSender<Waiting>,
}

impl Batcher {
    /// Takes everything that waits, submits it in one commit, answers, rings. Nothing here outlives a request: what a
    /// crash cuts off was not answered, and the job row of what was is found by the workers' poll.
    async fn submit_all(self, mut inbox: mpsc::Receiver<Waiting>) {
        let mut kept = self.database.accepts();
        let mut batch = Vec::with_capacity(BATCH);
        while inbox.recv_many(&mut batch, BATCH).await > 0 {
            // Skip requests whose client disconnected: it may be asking again.
            batch.retain(|waiting: &Waiting| !waiting.done.is_closed());
            if batch.is_empty() {
                continue;
            }
            if let Err(outage) = self.submit(&mut kept, std::mem::take(&mut batch)).await {
                // The requests that came in between get the same answer now, instead of each waiting in line for it.
                while let Ok(waiting) = inbox.try_recv() {
                    let _ = waiting.done.send(Err(batch_failure(&outage)));
                }
            }
        }
    }

    /// Submits these in one commit and answers them. An error is an outage, and these have been told.
    async fn submit(&self, kept: &mut PinnedConnection, batch: Vec<Waiting>) -> Result<(), Arc<sqlx::Error>> {
        let (batch, ways): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|waiting| (waiting.new, (waiting.lock, waiting.done))).unzip();
        let submitted = match store::submit(kept, &batch).await {
            Ok(submitted) => submitted,
            Err(error) => {
                let shared = Arc::new(error);
                for (_, done) in ways {
                    let _ = done.send(Err(batch_failure(&shared)));
                }
                return if is_outage(&shared) { Err(shared) } else { Ok(()) };
            }
        };
        if submitted.iter().any(|one| one.outcome.outcome == "new") {
            faults::pass(Point::AcceptedBeforeRing);
        }
        let mut waiting: Vec<_> = batch.into_iter().zip(ways).map(Some).collect();
        for one in submitted {
            let index = usize::try_from(one.n - 1).unwrap_or(usize::MAX);
            let Some((new, (lock, done))) = waiting.get_mut(index).and_then(Option::take) else { continue };
            if one.outcome.is_contended() {
                self.submit_again(Waiting { new, lock: Some(lock.unwrap_or_else(LockWait::start)), done }, one);
                continue;
            }
            if one.outcome.outcome == "new" {
                self.bell.ring(Lane::Flashcards, JobId::from(new.id), new.trace.clone());
            }
            let _ = done.send(to_result(&new, one));
        }
        Ok(())
    }

    /// Puts a request whose lock is taken back into the inbox after a pause; after the last one it is answered.
    fn submit_again(&self, mut waiting: Waiting, last: Submitted) {
        let again = self.again.clone();
        tokio::spawn(async move {
            let goes_on = match &mut waiting.lock {
                Some(lock) => lock.next().await,
                None => false,
            };
            match again.upgrade().filter(|_| goes_on) {
                Some(inbox) => {
                    let _ = inbox.send(waiting).await;
                }
                None => {
                    let _ = waiting.done.send(to_result(&waiting.new, last));
                }
            }
        });
    }
}

fn to_result(new: &NewGeneration, submitted: Submitted) -> Result<Accepted, Refusal> {
    let limit = submitted.outcome.limit();
    let id = submitted.outcome.job.map_or(new.id, GenerationId::from);
    let replayed = submitted.outcome.replayed()?;
    Ok(Accepted { id, replayed, answer: submitted.answer.unwrap_or_default(), limit })
}

fn batch_failure(error: &Arc<sqlx::Error>) -> Refusal {
    Refusal::of_store(error, anyhow!("submitting a batch: {error}"))
}
