//! Flashcards: the SQL of user requests. The worker's SQL is in `work.rs`.
//! Called by `service.rs` and by the worker's job; decides nothing.

mod work;

pub use self::work::{NewSuggestion, assignment};
use uuid::Uuid;

use super::{Card, Generation, Suggestion};
use crate::{
    jobs::submission::{Outcome, SubmitError},
    platform::{
        db::{PinnedConnection, UserTx, keyset::LATEST},
        id::{CardId, GenerationId, JobId, SuggestionId, UserId},
    },
};

/// Reads cards; the argument is what follows the column list.
macro_rules! select_cards {
    ($rest:literal, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            Card,
            r#"
            SELECT id AS "id: CardId", suggestion_id AS "suggestion_id: SuggestionId",
                   generation_id AS "generation_id: GenerationId", front, back, created_at, updated_at
              FROM almanac.cards
            "# + $rest,
            $($argument),*
        )
    };
}

/// Reads suggestions; the argument is what follows the column list.
macro_rules! select_suggestions {
    ($rest:literal, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            Suggestion,
            r#"
            SELECT id AS "id: SuggestionId", generation_id AS "generation_id: GenerationId", ordinal, front, back, status,
                   created_at
              FROM almanac.ai_suggestions
            "# + $rest,
            $($argument),*
        )
    };
}

/// Reads generations; the argument is what follows the column list.
macro_rules! select_generations {
    ($rest:literal, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            Generation,
            r#"
            SELECT id AS "id: GenerationId",
                   -- Not EXISTS: a plan may answer that by reading all jobs of the user.
                   CASE WHEN status = 'pending' AND (
                             SELECT j.started_at FROM almanac.jobs j
                              WHERE j.user_id = g.user_id AND j.id = g.id) IS NOT NULL
                        THEN 'running' ELSE status END AS "status!", model, prompt_version, tokens_input, tokens_output,
                   cost_usd::float8 AS cost_usd, ai_metadata, error, created_at, finished_at,
                   cardinality(ARRAY(SELECT 1 FROM almanac.ai_suggestions s
                                      WHERE s.generation_id = g.id ORDER BY s.ordinal))::bigint AS "suggestion_count!"
              FROM almanac.ai_generations g
            "# + $rest,
            $($argument),*
        )
    };
}

/// One request in a batch.
#[derive(Clone, Debug)]
pub(super) struct NewGeneration {
    pub user: UserId,
    pub id: GenerationId,
    pub source_text: String,
    pub model: String,
    pub prompt_version: String,
    pub key: Option<String>,
    pub fingerprint: Option<Vec<u8>>,
    pub answer: String,
    pub trace: Option<String>,
    pub request_id: Option<String>,
}

/// What became of one request of a batch: its place from 1, its outcome, and the answer to give.
#[derive(Clone, Debug)]
pub(super) struct Submitted {
    pub n: i32,
    pub outcome: Outcome,
    pub answer: Option<String>,
}

/// Submits a batch in one statement and one commit.
pub(super) async fn submit(
    pinned: &mut PinnedConnection,
    batch: &[&NewGeneration],
) -> Result<Vec<Submitted>, SubmitError> {
    fn column<'a, T>(batch: &[&'a NewGeneration], of: impl Fn(&'a NewGeneration) -> T) -> Vec<T> {
        batch.iter().map(|new| of(new)).collect()
    }
    let mut connection = pinned.take().await.map_err(SubmitError::Unsent)?;
    let statement = sqlx::query!(
        r#"
        SELECT n AS "n!", outcome AS "outcome!", job_id AS "job: JobId", answer, remaining, reset_seconds, failure
          FROM almanac.submit_generations($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        "#,
        &column(batch, |new| new.user.0),
        &column(batch, |new| new.id.0),
        &column(batch, |new| new.source_text.as_str()) as &[&str],
        &column(batch, |new| new.model.as_str()) as &[&str],
        &column(batch, |new| new.prompt_version.as_str()) as &[&str],
        &column(batch, |new| new.key.as_deref()) as &[Option<&str>],
        &column(batch, |new| new.fingerprint.as_deref()) as &[Option<&[u8]>],
        &column(batch, |new| new.answer.as_str()) as &[&str],
        &column(batch, |new| new.trace.as_deref()) as &[Option<&str>],
        &column(batch, |new| new.request_id.as_deref()) as &[Option<&str>]
    )
    .fetch_all(&mut *connection);
    let answer = pinned.answer(statement).await;
    pinned.put_back(connection, &answer);
    let rows = answer.map_err(SubmitError::of_statement)?.into_iter().map(|row| Submitted {
        n: row.n,
        outcome: Outcome {
            outcome: row.outcome,
            job: row.job,
            active_kind: None,
            remaining: row.remaining,
            reset_seconds: row.reset_seconds,
            failure: row.failure,
        },
        answer: row.answer,
    });
    Ok(rows.collect())
}

/// One generation.
pub async fn generation(tx: &mut UserTx, id: GenerationId) -> sqlx::Result<Option<Generation>> {
    select_generations!("WHERE id = $1", id.0).fetch_optional(tx.connection()).await
}

/// Removes a generation that has ended with its suggestions; false if there is none.
pub async fn delete_generation(tx: &mut UserTx, id: GenerationId) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        DELETE FROM almanac.ai_generations
         WHERE user_id = (SELECT almanac.uid()) AND id = $1 AND finished_at IS NOT NULL
        "#,
        id.0
    )
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Cursor of a list: the creation time and id of the last row of the previous page.
pub type After<Id> = (chrono::DateTime<chrono::Utc>, Id);

/// The user's generations, newest first. Suggestions are counted in the order of their generation's index, so that a plan
/// made without statistics takes that index and not one of all the user's suggestions.
pub async fn generations(
    tx: &mut UserTx,
    after: Option<After<GenerationId>>,
    limit: i64,
) -> sqlx::Result<Vec<Generation>> {
    let (at, id) = after.map_or((LATEST, Uuid::max()), |(at, id)| (at, id.0));
    select_generations!(
        r#"
         WHERE user_id = (SELECT almanac.uid())
           AND (created_at, id) < ($1, $2)
         ORDER BY created_at DESC, id DESC
         LIMIT $3
        "#,
        at,
        id,
        limit
    )
    .fetch_all(tx.connection())
    .await
}

/// A generation's suggestions in their order, those after `after`.
pub async fn suggestions(
    tx: &mut UserTx,
    generation: GenerationId,
    after: i32,
    limit: i64,
) -> sqlx::Result<Vec<Suggestion>> {
    select_suggestions!(
        r#"
         WHERE generation_id = $1 AND ordinal > $2
         ORDER BY ordinal
         LIMIT $3
        "#,
        generation.0,
        after,
        limit
    )
    .fetch_all(tx.connection())
    .await
}

/// One suggestion, locked for the change that follows.
pub async fn suggestion_for_update(tx: &mut UserTx, id: SuggestionId) -> sqlx::Result<Option<Suggestion>> {
    select_suggestions!(
        r#"
         WHERE id = $1
           FOR UPDATE
        "#,
        id.0
    )
    .fetch_optional(tx.connection())
    .await
}

/// Changes a suggestion's text; it is `edited` from then on.
pub async fn edit_suggestion(
    tx: &mut UserTx,
    id: SuggestionId,
    front: &str,
    back: &str,
) -> sqlx::Result<Option<Suggestion>> {
    sqlx::query_as!(
        Suggestion,
        r#"
        UPDATE almanac.ai_suggestions
           SET front = $2, back = $3, status = 'edited', updated_at = clock_timestamp()
         WHERE id = $1 AND status IN ('proposed', 'edited')
        RETURNING id AS "id: SuggestionId", generation_id AS "generation_id: GenerationId", ordinal, front, back, status,
               created_at
        "#,
        id.0,
        front,
        back
    )
    .fetch_optional(tx.connection())
    .await
}

/// How many of these suggestions the generation has.
pub async fn count_of(tx: &mut UserTx, generation: GenerationId, ids: &[SuggestionId]) -> sqlx::Result<i64> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    sqlx::query_scalar!(
        r#"
        SELECT count(*) AS "count!" FROM almanac.ai_suggestions WHERE generation_id = $1 AND id = ANY ($2)
        "#,
        generation.0,
        &ids
    )
    .fetch_one(tx.connection())
    .await
}

/// Makes a card of each open suggestion (of these, or all), in their order. What was accepted before stays as it is.
pub async fn accept_suggestions(
    tx: &mut UserTx,
    user: UserId,
    generation: GenerationId,
    ids: Option<&[SuggestionId]>,
) -> sqlx::Result<()> {
    let ids: Option<Vec<_>> = ids.map(|ids| ids.iter().map(|id| id.0).collect());
    let accepted = sqlx::query!(
        r#"
        WITH open AS (
            UPDATE almanac.ai_suggestions
               SET status = 'accepted', updated_at = clock_timestamp()
             WHERE generation_id = $1 AND status IN ('proposed', 'edited')
               AND ($2::uuid[] IS NULL OR id = ANY ($2))
            RETURNING id, front, back, ordinal)
        SELECT id AS "id: SuggestionId", front, back FROM open ORDER BY ordinal
        "#,
        generation.0,
        ids.as_deref()
    )
    .fetch_all(tx.connection())
    .await?;
    let cards: Vec<_> = accepted.iter().map(|_| CardId::fresh().0).collect();
    let (suggestions, sides): (Vec<_>, Vec<_>) =
        accepted.into_iter().map(|row| (row.id.0, (row.front, row.back))).unzip();
    let (fronts, backs): (Vec<String>, Vec<String>) = sides.into_iter().unzip();
    sqlx::query!(
        r#"
        INSERT INTO almanac.cards (id, user_id, suggestion_id, generation_id, front, back)
        SELECT c.id, $1, c.suggestion_id, $2, c.front, c.back
          FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[]) AS c (id, suggestion_id, front, back)
        ON CONFLICT (suggestion_id) DO NOTHING
        "#,
        user.0,
        generation.0,
        &cards,
        &suggestions,
        &fronts,
        &backs
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Turns open suggestions (of these, or all) down; answers the ones that are rejected now.
pub async fn reject_suggestions(
    tx: &mut UserTx,
    generation: GenerationId,
    ids: Option<&[SuggestionId]>,
) -> sqlx::Result<()> {
    let ids: Option<Vec<_>> = ids.map(|ids| ids.iter().map(|id| id.0).collect());
    sqlx::query!(
        r#"
        UPDATE almanac.ai_suggestions
           SET status = 'rejected', updated_at = clock_timestamp()
         WHERE generation_id = $1 AND status IN ('proposed', 'edited') AND ($2::uuid[] IS NULL OR id = ANY ($2))
        "#,
        generation.0,
        ids.as_deref()
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// The cards of a generation (of these suggestions, or all), in the suggestions' order.
pub async fn cards_of(
    tx: &mut UserTx,
    generation: GenerationId,
    ids: Option<&[SuggestionId]>,
) -> sqlx::Result<Vec<Card>> {
    let ids: Option<Vec<_>> = ids.map(|ids| ids.iter().map(|id| id.0).collect());
    sqlx::query_as!(
        Card,
        r#"
        SELECT c.id AS "id: CardId", c.suggestion_id AS "suggestion_id: SuggestionId",
               c.generation_id AS "generation_id: GenerationId", c.front, c.back, c.created_at, c.updated_at
          FROM almanac.ai_suggestions s
          JOIN almanac.cards c ON c.suggestion_id = s.id
         WHERE s.generation_id = $1 AND ($2::uuid[] IS NULL OR s.id = ANY ($2))
         ORDER BY s.ordinal
        "#,
        generation.0,
        ids.as_deref()
    )
    .fetch_all(tx.connection())
    .await
}

/// This person's cards, newest first, those after `before` in that order.
pub async fn cards(tx: &mut UserTx, before: Option<CardId>, limit: i64) -> sqlx::Result<Vec<Card>> {
    select_cards!(
        r#"
         WHERE user_id = (SELECT almanac.uid()) AND id < $1
         ORDER BY id DESC
         LIMIT $2
        "#,
        before.map_or(Uuid::max(), |id| id.0),
        limit
    )
    .fetch_all(tx.connection())
    .await
}

/// One card.
pub async fn card(tx: &mut UserTx, id: CardId) -> sqlx::Result<Option<Card>> {
    select_cards!("WHERE id = $1", id.0).fetch_optional(tx.connection()).await
}

/// Changes a card's text; a side that is none stays.
pub async fn edit_card(
    tx: &mut UserTx,
    id: CardId,
    front: Option<&str>,
    back: Option<&str>,
) -> sqlx::Result<Option<Card>> {
    sqlx::query_as!(
        Card,
        r#"
        UPDATE almanac.cards
           SET front = coalesce($2, front), back = coalesce($3, back), updated_at = clock_timestamp()
         WHERE id = $1
        RETURNING id AS "id: CardId", suggestion_id AS "suggestion_id: SuggestionId",
               generation_id AS "generation_id: GenerationId", front, back, created_at, updated_at
        "#,
        id.0,
        front,
        back
    )
    .fetch_optional(tx.connection())
    .await
}

/// Removes a card; false when there was none.
pub async fn delete_card(tx: &mut UserTx, id: CardId) -> sqlx::Result<bool> {
    let done = sqlx::query!("DELETE FROM almanac.cards WHERE id = $1", id.0).execute(tx.connection()).await?;
    Ok(done.rows_affected() > 0)
}
