//! Flashcards: the use-cases. Called by the API's routes.

pub use super::submission::Accepted;
use super::{
    Card, Generation, Suggestion,
    rules::SourceText,
    store::{self, After, NewGeneration},
    submission::Submissions,
};
use crate::{
    jobs::{Kind, queue::Bell},
    platform::{
        db::{Database, UserTx},
        error::{ActiveJob, Refusal},
        faults::{self, Point},
        id::{CardId, GenerationId, JobId, SuggestionId, UserId},
    },
};

/// The use-cases and what they stand on.
#[derive(Clone, Debug)]
pub struct Flashcards {
    database: Database,
    submissions: Submissions,
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

impl Flashcards {
    /// Starts the batchers of submissions.
    pub fn start(database: Database, bell: &Bell) -> Self {
        Self { submissions: Submissions::start(&database, bell), database }
    }

    /// Accepts a generation: row, limit, key and job in one commit, then rings.
    ///
    /// # Errors
    /// Limited, key reused, key in progress, or the store is unavailable. Then nothing is stored and nothing enqueued,
    /// except perhaps with [`Refusal::Unconfirmed`].
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
        let accepted = self.submissions.submit(new).await;
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
    /// The store is unavailable.
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

    /// Removes a generation with its suggestions. The cards that were made of them stay.
    ///
    /// # Errors
    /// Missing or not theirs; or it has not ended: it is cancelled first.
    pub async fn delete(&self, user: UserId, id: GenerationId) -> Result<(), Refusal> {
        let mut tx = self.owned(user, id).await?;
        if !store::delete_generation(&mut tx, id).await? {
            let kind = Kind::GenerateFlashcards.as_str().to_owned();
            return Err(Refusal::AlreadyRunning(ActiveJob { id: JobId::from(id), kind }));
        }
        tx.commit().await?;
        Ok(())
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

    /// Makes cards of suggestions: of these, or of all that are open. Accepting again changes nothing. In a transaction of
    /// this person's that the caller commits.
    ///
    /// # Errors
    /// The generation or a named suggestion is missing or not theirs.
    pub async fn accept(
        tx: &mut UserTx,
        user: UserId,
        id: GenerationId,
        ids: Option<&[SuggestionId]>,
    ) -> Result<Vec<Card>, Refusal> {
        owns(tx, id, ids).await?;
        store::accept_suggestions(tx, user, id, ids).await?;
        Ok(store::cards_of(tx, id, ids).await?)
    }

    /// Turns suggestions down: these, or all that are open. Accepted ones stay accepted. In a transaction of this person's
    /// that the caller commits.
    ///
    /// # Errors
    /// The generation or a named suggestion is missing or not theirs.
    pub async fn reject(
        tx: &mut UserTx,
        id: GenerationId,
        ids: Option<&[SuggestionId]>,
    ) -> Result<Vec<Suggestion>, Refusal> {
        owns(tx, id, ids).await?;
        store::reject_suggestions(tx, id, ids).await?;
        let mut suggestions = store::suggestions(tx, id, 0, i64::MAX).await?;
        if let Some(ids) = ids {
            suggestions.retain(|suggestion| ids.contains(&suggestion.id));
        }
        Ok(suggestions)
    }

    /// Cards, newest first.
    ///
    /// # Errors
    /// The store is unavailable.
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
}

/// Whether a generation is this person's, and has these suggestions.
async fn owns(tx: &mut UserTx, id: GenerationId, ids: Option<&[SuggestionId]>) -> Result<(), Refusal> {
    store::generation(tx, id).await?.ok_or(Refusal::NotFound)?;
    let Some(ids) = ids else { return Ok(()) };
    let mut distinct = ids.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let known = store::count_of(tx, id, &distinct).await?;
    let has_all = usize::try_from(known).is_ok_and(|known| known == distinct.len());
    has_all.then_some(()).ok_or(Refusal::NotFound)
}
