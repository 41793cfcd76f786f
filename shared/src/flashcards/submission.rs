//! Submitting generations: requests that wait at the same moment share one statement and one commit.
//! Called by the service.

use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

use anyhow::{Context, anyhow};

use super::store::{self, NewGeneration, Submitted};
use crate::{
    jobs::{
        Lane,
        queue::Bell,
        submission::{LockWait, SubmitError},
    },
    platform::{
        batcher::{Again, Batcher, HandleBatch, Pending},
        db::{Database, PinnedConnection},
        error::{LimitState, Refusal, Work, is_outage},
        faults::{self, Point},
        id::{GenerationId, JobId},
    },
};

/// Batchers of one process: while one waits for its commit the other collects. More of them make smaller batches, and a
/// submission dearer. Requests of one user always meet the same one, so two of them seldom meet each other's lock.
const BATCHERS: usize = 2;

/// The batchers.
#[derive(Clone, Debug)]
pub(super) struct Submissions {
    batchers: Vec<Batcher<Submit>>,
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

impl Submissions {
    /// Starts the batchers.
    pub(super) fn start(database: &Database, bell: &Bell) -> Self {
        let start =
            |_| Batcher::start(|again| Submit { pinned: database.submit_connection(), bell: bell.clone(), again });
        Self { batchers: (0..BATCHERS).map(start).collect(), spread: RandomState::new() }
    }

    /// Submits one request, together with others that wait.
    pub(super) async fn submit(&self, new: NewGeneration) -> Result<Accepted, Refusal> {
        let index = usize::try_from(self.spread.hash_one(new.user) % BATCHERS as u64).unwrap_or(0);
        let batcher = self.batchers.get(index).context("finding the batcher")?;
        batcher.call(Request { new, lock: None }).await.context("the batcher has stopped")?
    }
}

/// A request, and how long it has waited for a lock.
struct Request {
    new: NewGeneration,
    lock: Option<LockWait>,
}

struct Submit {
    pinned: PinnedConnection,
    bell: Bell,
    again: Again<Self>,
}

impl HandleBatch for Submit {
    type Item = Request;
    type Answer = Result<Accepted, Refusal>;
    type Outage = Arc<sqlx::Error>;
    const MAX: usize = 32;

    /// Submits a batch in one commit, answers, notifies workers. What a crash cuts off was not answered, and the workers'
    /// poll finds the job rows of what was.
    async fn handle(&mut self, batch: Vec<Pending<Self>>) -> Result<(), Self::Outage> {
        let new: Vec<&NewGeneration> = batch.iter().map(|pending| &pending.item.new).collect();
        let submitted = match store::submit(&mut self.pinned, &new).await {
            Ok(submitted) => submitted,
            Err(error) => {
                let (error, sent) = match error {
                    SubmitError::Unanswered(error) => (Arc::new(error), true),
                    SubmitError::Unsent(error) | SubmitError::Refused(error) => (Arc::new(error), false),
                };
                for pending in batch {
                    let answer = if sent { unconfirmed(&pending, &error) } else { Self::answer_outage(&error) };
                    pending.answer(answer);
                }
                return if is_outage(&error) { Err(error) } else { Ok(()) };
            }
        };
        if submitted.iter().any(|one| one.outcome.outcome == "new") {
            faults::pass(Point::AcceptedBeforeRing);
        }
        let mut batch: Vec<_> = batch.into_iter().map(Some).collect();
        for one in submitted {
            let index = usize::try_from(one.n - 1).unwrap_or(usize::MAX);
            let Some(pending) = batch.get_mut(index).and_then(Option::take) else { continue };
            if one.outcome.is_contended() {
                tokio::spawn(submit_again(self.again.clone(), pending, one));
                continue;
            }
            let new = &pending.item.new;
            if one.outcome.outcome == "new" {
                self.bell.ring(Lane::Flashcards, JobId::from(new.id), new.trace.clone());
            }
            let answer = to_result(new, one);
            pending.answer(answer);
        }
        Ok(())
    }

    fn answer_outage(outage: &Self::Outage) -> Self::Answer {
        Err(Refusal::of_store(outage, anyhow!("submitting a batch: {outage}")))
    }
}

/// The answer to a request of a batch that was sent and not answered.
fn unconfirmed(pending: &Pending<Submit>, error: &sqlx::Error) -> Result<Accepted, Refusal> {
    let work = Work::Job(JobId::from(pending.item.new.id));
    Err(Refusal::Unconfirmed { work, cause: anyhow!("waiting for the answer to a batch: {error}") })
}

/// Puts a request whose lock is taken back into the inbox after a pause; after the last pause it is answered.
async fn submit_again(again: Again<Submit>, mut pending: Pending<Submit>, last: Submitted) {
    let goes_on = pending.item.lock.get_or_insert_with(LockWait::start).next().await;
    match again.upgrade().filter(|_| goes_on) {
        Some(inbox) => {
            let _ = inbox.send(pending).await;
        }
        None => {
            let answer = to_result(&pending.item.new, last);
            pending.answer(answer);
        }
    }
}

fn to_result(new: &NewGeneration, submitted: Submitted) -> Result<Accepted, Refusal> {
    let limit = submitted.outcome.limit();
    let id = submitted.outcome.job.map_or(new.id, GenerationId::from);
    let replayed = submitted.outcome.replayed()?;
    Ok(Accepted { id, replayed, answer: submitted.answer.unwrap_or_default(), limit })
}
