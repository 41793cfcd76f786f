//! Flashcards: the use-cases, each in a person's name. Called by the API's routes.
//! Accepting goes through a batcher: whatever requests wait at the same moment share one statement and one commit,
//! and a lone request is never delayed for company (there is no timer).

use std::hash::{BuildHasher, RandomState};

use anyhow::{Context, anyhow};
use tokio::sync::{mpsc, oneshot};

use super::{
    Card, Generation, Suggestion,
    rules::SourceText,
    store::{self, After, NewGeneration, Outcome},
};
use crate::{
    config::Rate,
    db::{Database, UserTx},
    error::{LimitState, Refusal},
    faults::{self, Point},
    id::{CardId, GenerationId, JobId, SuggestionId, UserId},
    jobs::Lane,
    queue::Bell,
};

/// Requests that may share a commit.
const BATCH: usize = 32;
/// Batchers of one process: while one waits for its commit the other gathers. More of them make smaller batches, and a
/// submit dearer. A person's requests always meet the same one, so their order of locks never crosses.
const BATCHERS: usize = 2;

/// The use-cases and what they stand on.
#[derive(Clone, Debug)]
pub struct Flashcards {
    database: Database,
    batchers: Vec<mpsc::Sender<Waiting>>,
    spread: RandomState,
}

/// A request for a generation, every word of it checked.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Who asks.
    pub user: UserId,
    /// The text.
    pub source_text: SourceText,
    /// The model, allowed.
    pub model: String,
    /// The prompt, existing.
    pub prompt_version: String,
    /// The idempotency key, and the fingerprint of the body it came with.
    pub key: Option<(String, [u8; 32])>,
    /// W3C traceparent.
    pub trace: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
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

struct Waiting {
    new: NewGeneration,
    done: oneshot::Sender<Result<Accepted, Refusal>>,
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiting").field("id", &self.new.id).finish_non_exhaustive()
    }
}

impl Flashcards {
    /// Starts the batchers.
    pub fn start(database: Database, bell: Bell, rate: Rate) -> Self {
        let batchers = (0..BATCHERS)
            .map(|_| {
                let (sender, inbox) = mpsc::channel(1024);
                tokio::spawn(accept_all(database.clone(), bell.clone(), rate, inbox));
                sender
            })
            .collect();
        Self { database, batchers, spread: RandomState::new() }
    }

    /// Accepts a generation: row, limit, key and job in one commit, then rings.
    ///
    /// # Errors
    /// Limited, key reused, key in progress, or the store is away. Then nothing is stored and nothing enqueued.
    pub async fn submit(&self, submission: Submission) -> Result<Accepted, Refusal> {
        let id = GenerationId::fresh();
        let (key, fingerprint) = submission.key.map(|(key, print)| (key, print.to_vec())).unzip();
        let new = NewGeneration {
            user: submission.user,
            id,
            source_text: submission.source_text.as_str().to_owned(),
            model: submission.model,
            prompt_version: submission.prompt_version,
            key,
            fingerprint,
            answer: format!("{{\"generation_id\":\"{id}\",\"status\":\"pending\"}}"),
            trace: submission.trace,
            request_id: submission.request_id,
        };
        let (done, answer) = oneshot::channel();
        let mine = usize::try_from(self.spread.hash_one(submission.user) % BATCHERS as u64).unwrap_or(0);
        let batcher = self.batchers.get(mine).context("finding the batcher")?;
        batcher.send(Waiting { new, done }).await.map_err(|_| anyhow!("the batcher has stopped"))?;
        let accepted = answer.await.map_err(|_| anyhow!("the batcher has stopped"))?;
        faults::pass(Point::AcceptedBeforeAnswer);
        accepted
    }

    /// One generation.
    ///
    /// # Errors
    /// Missing or not theirs.
    pub async fn show(&self, user: UserId, id: GenerationId) -> Result<Generation, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let found = store::generation(&mut tx, id).await?;
        tx.commit().await?;
        found.ok_or(Refusal::NotFound)
    }

    /// Generations, newest first.
    ///
    /// # Errors
    /// The store is away.
    pub async fn list(
        &self,
        user: UserId,
        after: Option<After<GenerationId>>,
        limit: i64,
    ) -> Result<Vec<Generation>, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let found = store::generations(&mut tx, after, limit).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// A generation's suggestions, those after `after` in their order.
    ///
    /// # Errors
    /// The generation is missing or not theirs.
    pub async fn suggestions(
        &self,
        user: UserId,
        id: GenerationId,
        after: i32,
        limit: i64,
    ) -> Result<Vec<Suggestion>, Refusal> {
        let mut tx = self.owned(user, id).await?;
        let found = store::suggestions(&mut tx, id, after, limit).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Changes a suggestion's text.
    ///
    /// # Errors
    /// Missing or not theirs; or accepted or rejected already.
    pub async fn edit_suggestion(
        &self,
        user: UserId,
        id: SuggestionId,
        front: Option<String>,
        back: Option<String>,
    ) -> Result<Suggestion, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let now = store::suggestion_for_update(&mut tx, id).await?.ok_or(Refusal::NotFound)?;
        let (front, back) = (front.unwrap_or(now.front), back.unwrap_or(now.back));
        let edited = store::edit_suggestion(&mut tx, id, &front, &back).await?.ok_or(Refusal::AlreadyFinal)?;
        tx.commit().await?;
        Ok(edited)
    }

    /// Makes cards of suggestions: of these, or of all that are open. Accepting again changes nothing.
    ///
    /// # Errors
    /// The generation or a named suggestion is missing or not theirs.
    pub async fn accept(
        &self,
        user: UserId,
        id: GenerationId,
        ids: Option<&[SuggestionId]>,
    ) -> Result<Vec<Card>, Refusal> {
        let mut tx = self.owned_with(user, id, ids).await?;
        store::accept_suggestions(&mut tx, user, id, ids).await?;
        let cards = store::cards_of(&mut tx, id, ids).await?;
        tx.commit().await?;
        Ok(cards)
    }

    /// Turns suggestions down: these, or all that are open. Accepted ones stay accepted.
    ///
    /// # Errors
    /// The generation or a named suggestion is missing or not theirs.
    pub async fn reject(
        &self,
        user: UserId,
        id: GenerationId,
        ids: Option<&[SuggestionId]>,
    ) -> Result<Vec<Suggestion>, Refusal> {
        let mut tx = self.owned_with(user, id, ids).await?;
        store::reject_suggestions(&mut tx, id, ids).await?;
        let mut suggestions = store::suggestions(&mut tx, id, 0, i64::MAX).await?;
        tx.commit().await?;
        if let Some(ids) = ids {
            suggestions.retain(|suggestion| ids.contains(&suggestion.id));
        }
        Ok(suggestions)
    }

    /// Cards, newest first.
    ///
    /// # Errors
    /// The store is away.
    pub async fn cards(&self, user: UserId, before: Option<CardId>, limit: i64) -> Result<Vec<Card>, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let found = store::cards(&mut tx, before, limit).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// One card.
    ///
    /// # Errors
    /// Missing or not theirs.
    pub async fn card(&self, user: UserId, id: CardId) -> Result<Card, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let found = store::card(&mut tx, id).await?;
        tx.commit().await?;
        found.ok_or(Refusal::NotFound)
    }

    /// Changes a card's text.
    ///
    /// # Errors
    /// Missing or not theirs.
    pub async fn edit_card(
        &self,
        user: UserId,
        id: CardId,
        front: Option<String>,
        back: Option<String>,
    ) -> Result<Card, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let edited = store::edit_card(&mut tx, id, front.as_deref(), back.as_deref()).await?;
        tx.commit().await?;
        edited.ok_or(Refusal::NotFound)
    }

    /// Removes a card.
    ///
    /// # Errors
    /// Missing or not theirs.
    pub async fn delete_card(&self, user: UserId, id: CardId) -> Result<(), Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let deleted = store::delete_card(&mut tx, id).await?;
        tx.commit().await?;
        deleted.then_some(()).ok_or(Refusal::NotFound)
    }

    async fn owned(&self, user: UserId, id: GenerationId) -> Result<UserTx, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        store::generation(&mut tx, id).await?.ok_or(Refusal::NotFound)?;
        Ok(tx)
    }

    async fn owned_with(
        &self,
        user: UserId,
        id: GenerationId,
        ids: Option<&[SuggestionId]>,
    ) -> Result<UserTx, Refusal> {
        let mut tx = self.owned(user, id).await?;
        if let Some(ids) = ids {
            let mut distinct = ids.to_vec();
            distinct.sort_unstable();
            distinct.dedup();
            let known = store::count_of(&mut tx, id, &distinct).await?;
            if usize::try_from(known).unwrap_or(0) != distinct.len() {
                return Err(Refusal::NotFound);
            }
        }
        Ok(tx)
    }
}

/// Takes everything that waits, accepts it in one commit, answers, rings. Nothing here outlives a request: what a crash
/// cuts off was not answered, and the job row of what was is found by the workers' poll.
async fn accept_all(database: Database, bell: Bell, rate: Rate, mut inbox: mpsc::Receiver<Waiting>) {
    let limit = i32::try_from(rate.count).unwrap_or(i32::MAX);
    let window = i32::try_from(rate.seconds).unwrap_or(i32::MAX);
    let mut kept = database.accepts();
    let mut waiting = Vec::with_capacity(BATCH);
    while inbox.recv_many(&mut waiting, BATCH).await > 0 {
        let (batch, answers): (Vec<_>, Vec<_>) = waiting.drain(..).map(|one| (one.new, Some(one.done))).unzip();
        match store::accept(&mut kept, &batch, limit, window).await {
            Ok(outcomes) => answer_all(&bell, &batch, answers, outcomes),
            Err(error) => {
                let shared = std::sync::Arc::new(error);
                for done in answers.into_iter().flatten() {
                    let _ = done.send(Err(batch_failure(&shared)));
                }
            }
        }
    }
}

fn answer_all(
    bell: &Bell,
    batch: &[NewGeneration],
    mut answers: Vec<Option<oneshot::Sender<Result<Accepted, Refusal>>>>,
    outcomes: Vec<Outcome>,
) {
    if outcomes.iter().any(|outcome| outcome.outcome == "new") {
        faults::pass(Point::AcceptedBeforeRing);
    }
    for outcome in outcomes {
        let index = usize::try_from(outcome.n - 1).unwrap_or(usize::MAX);
        let (Some(new), Some(done)) = (batch.get(index), answers.get_mut(index).and_then(Option::take)) else {
            continue;
        };
        if outcome.outcome == "new" {
            bell.ring(Lane::Flashcards, JobId::from(new.id), new.trace.clone());
        }
        let _ = done.send(judge(new, outcome));
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

fn batch_failure(error: &std::sync::Arc<sqlx::Error>) -> Refusal {
    let told = anyhow!("accepting a batch: {error}");
    if crate::error::is_outage(error) { Refusal::StoreUnavailable(told) } else { Refusal::Unexpected(told) }
}
