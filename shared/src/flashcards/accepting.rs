//! Accepting generations: whatever requests wait at the same moment share one statement and one commit, and a lone
//! request is never delayed for company (there is no timer). Called by the service.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

use anyhow::{Context, anyhow};
use tokio::sync::{mpsc, oneshot};

use super::store::{self, NewGeneration, Outcome};
use crate::{
    config::Rate,
    db::{Database, Kept},
    error::{LimitState, Refusal, is_outage},
    faults::{self, Point},
    id::{GenerationId, JobId, UserId},
    jobs::Lane,
    queue::Bell,
};

/// Requests that may share a commit.
const BATCH: usize = 32;
/// Batchers of one process: while one waits for its commit the other gathers. More of them make smaller batches, and a
/// submit dearer. A person's requests always meet the same one, so two of them seldom meet each other's lock.
const BATCHERS: usize = 2;

/// The ways to the batchers.
#[derive(Clone, Debug)]
pub(super) struct Accepting {
    batchers: Vec<mpsc::Sender<Waiting>>,
    spread: RandomState,
}

/// An accepted generation.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// Its id; an earlier one's when the request is a replay.
    pub id: GenerationId,
    /// Whether an earlier request with the same key was answered again.
    pub replayed: bool,
    /// The bare answer, byte for byte what the first request got.
    pub answer: String,
    /// Where the limit stands now.
    pub limit: LimitState,
}

/// A request and the way back to whoever made it.
struct Waiting {
    new: NewGeneration,
    done: oneshot::Sender<Result<Accepted, Refusal>>,
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiting").field("id", &self.new.id).finish_non_exhaustive()
    }
}

impl Accepting {
    /// Starts the batchers.
    pub(super) fn start(database: &Database, bell: Bell, rate: Rate) -> Self {
        let batcher = Batcher {
            database: database.clone(),
            bell,
            limit: i32::try_from(rate.count).unwrap_or(i32::MAX),
            window: i32::try_from(rate.seconds).unwrap_or(i32::MAX),
        };
        let batchers = (0..BATCHERS)
            .map(|_| {
                let (sender, inbox) = mpsc::channel(1024);
                tokio::spawn(batcher.clone().accept_all(inbox));
                sender
            })
            .collect();
        Self { batchers, spread: RandomState::new() }
    }

    /// Accepts one request, with whoever waits beside it.
    pub(super) async fn one(&self, new: NewGeneration) -> Result<Accepted, Refusal> {
        let stopped = || anyhow!("the batcher has stopped");
        let (done, answer) = oneshot::channel();
        let mine = usize::try_from(self.spread.hash_one(new.user) % BATCHERS as u64).unwrap_or(0);
        let batcher = self.batchers.get(mine).context("finding the batcher")?;
        batcher.send(Waiting { new, done }).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

/// What a batcher works with.
#[derive(Clone, Debug)]
struct Batcher {
    database: Database,
    bell: Bell,
    limit: i32,
    window: i32,
}

impl Batcher {
    /// Takes everything that waits, accepts it in one commit, answers, rings. Nothing here outlives a request: what a
    /// crash cuts off was not answered, and the job row of what was is found by the workers' poll.
    async fn accept_all(self, mut inbox: mpsc::Receiver<Waiting>) {
        let mut kept = self.database.accepts();
        let mut batch = Vec::with_capacity(BATCH);
        while inbox.recv_many(&mut batch, BATCH).await > 0 {
            // Whoever has gone away meanwhile gets nothing for it, and may be asking again.
            batch.retain(|waiting: &Waiting| !waiting.done.is_closed());
            if batch.is_empty() {
                continue;
            }
            match self.accept(&mut kept, std::mem::take(&mut batch), false).await {
                // They met another accept of their own person: they wait for it, and nobody waits with them.
                Ok(busy) => {
                    for theirs in busy.into_values() {
                        let batcher = self.clone();
                        tokio::spawn(
                            async move { batcher.accept(&mut batcher.database.accepts(), theirs, true).await },
                        );
                    }
                }
                // The store is away, for those too who came meanwhile: nobody waits in line to hear the same.
                Err(away) => {
                    while let Ok(waiting) = inbox.try_recv() {
                        let _ = waiting.done.send(Err(batch_failure(&away)));
                    }
                }
            }
        }
    }

    /// Accepts these in one commit, and answers them. Left over are, without patience, those of people who were busy. An
    /// error is one that everybody would meet, and has been told to these.
    async fn accept(
        &self,
        kept: &mut Kept,
        batch: Vec<Waiting>,
        patient: bool,
    ) -> Result<BTreeMap<UserId, Vec<Waiting>>, Arc<sqlx::Error>> {
        let (batch, dones): (Vec<_>, Vec<_>) = batch.into_iter().map(|waiting| (waiting.new, waiting.done)).unzip();
        let mut busy: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let outcomes = match store::accept(kept, &batch, self.limit, self.window, patient).await {
            Ok(outcomes) => outcomes,
            Err(error) => {
                let shared = Arc::new(error);
                for done in dones {
                    let _ = done.send(Err(batch_failure(&shared)));
                }
                return if is_outage(&shared) { Err(shared) } else { Ok(busy) };
            }
        };
        if outcomes.iter().any(|outcome| outcome.outcome == "new") {
            faults::pass(Point::AcceptedBeforeRing);
        }
        let mut waiting: Vec<_> = batch.into_iter().zip(dones).map(Some).collect();
        for outcome in outcomes {
            let index = usize::try_from(outcome.n - 1).unwrap_or(usize::MAX);
            let Some((new, done)) = waiting.get_mut(index).and_then(Option::take) else { continue };
            match outcome.outcome.as_str() {
                "busy" => {
                    busy.entry(new.user).or_default().push(Waiting { new, done });
                    continue;
                }
                "new" => self.bell.ring(Lane::Flashcards, JobId::from(new.id), new.trace.clone()),
                _ => {}
            }
            let _ = done.send(judge(&new, outcome));
        }
        Ok(busy)
    }
}

fn judge(new: &NewGeneration, outcome: Outcome) -> Result<Accepted, Refusal> {
    let limit = LimitState {
        remaining: outcome.remaining.and_then(|n| n.try_into().ok()).unwrap_or(0),
        reset_seconds: outcome.reset_seconds.and_then(|n| n.try_into().ok()).unwrap_or(0),
    };
    match outcome.outcome.as_str() {
        "new" | "replay" => Ok(Accepted {
            id: outcome.id.unwrap_or(new.id),
            replayed: outcome.outcome == "replay",
            answer: outcome.answer.unwrap_or_default(),
            limit,
        }),
        "reused" => Err(Refusal::KeyReused),
        "limited" => Err(Refusal::RateLimited(limit)),
        // A lock that did not come within two seconds: with a key its twin is still being accepted, without one the store
        // is too busy with this person's other requests.
        _ if outcome.failure.as_ref().is_some_and(|failure| failure.starts_with("55P03")) => Err(match &new.key {
            Some(_) => Refusal::KeyInProgress,
            None => Refusal::StoreUnavailable(anyhow!("waiting for the lock of a person's other accepts")),
        }),
        _ => Err(Refusal::Unexpected(anyhow!("accepting failed: {}", outcome.failure.unwrap_or_default()))),
    }
}

fn batch_failure(error: &Arc<sqlx::Error>) -> Refusal {
    let told = anyhow!("accepting a batch: {error}");
    if is_outage(error) { Refusal::StoreUnavailable(told) } else { Refusal::Unexpected(told) }
}
