//! Flashcards over HTTP: generations, their suggestions, cards and their export.

mod dto;
pub(super) mod events;

use almanac_shared::{
    flashcards::{
        download::Download,
        export::Format,
        rules::{self, SourceText, SourceTextError},
        service::{Accepted, Flashcards, Submission},
    },
    jobs::Kind,
    platform::{
        error::Refusal,
        id::{CardId, GenerationId, JobId, SuggestionId, UserId},
        telemetry,
    },
};
use anyhow::Context;
use poem::{Request, Response};
use poem_openapi::{
    ApiResponse, OpenApi, ResponseContent,
    param::{Path, Query},
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    auth::Caller,
    http::{
        document_types::CardFileFormat,
        error::{ApiError, Detail},
        file::{self, Deleted, File, file_formats},
        idempotent_json::IdempotentJson,
        idempotent_post::{self, IdempotentPost},
        negotiation::{self, ResponseFormat},
        page,
        reply::{Reply, Urls},
        stream::Live,
        stream_limit::Delivery,
        strict_json::StrictJson,
    },
    routes::Tag,
    routes::after_submit,
    state::App,
};

use self::dto::{
    AcceptedCards, CardPage, CardResponse, CreateGeneration, GenerationAccepted, GenerationPage, GenerationResponse,
    RejectedSuggestions, SidesPatch, SuggestionChoice, SuggestionPage, SuggestionResponse,
};
use self::events::{GenerationNdjson, GenerationSse};

file_formats! {
    /// Media types of a file of cards.
    CardFormats = ["application/json", "text/csv", "text/plain"];
}

/// The routes of flashcards.
pub struct FlashcardsApi {
    pub(crate) app: App,
}

#[derive(ApiResponse)]
enum Submitted {
    /// Accepted. A worker does the work.
    #[oai(status = 202)]
    Accepted(
        Reply<GenerationAccepted>,
        #[oai(header = "Location")] String,
        #[oai(header = "Idempotency-Replayed")] Option<String>,
        #[oai(header = "RateLimit-Policy")] String,
        #[oai(header = "RateLimit")] String,
    ),
    /// The events of the job as a stream, or the finished generation (`Prefer: wait`).
    #[oai(status = 200)]
    Now(
        Answer,
        #[oai(header = "Location")] String,
        #[oai(header = "Idempotency-Replayed")] Option<String>,
        #[oai(header = "RateLimit-Policy")] String,
        #[oai(header = "RateLimit")] String,
    ),
}

#[derive(ResponseContent)]
enum Answer {
    Finished(Reply<GenerationResponse>),
    Sse(GenerationSse),
    Ndjson(GenerationNdjson),
}

#[derive(ApiResponse)]
enum CardFile {
    /// The file.
    #[oai(status = 200)]
    File(File<CardFormats>, #[oai(header = "Content-Disposition")] String),
}

#[derive(ApiResponse)]
enum Made {
    /// The cards, also those of an earlier accept.
    #[oai(status = 200)]
    Cards(Reply<AcceptedCards>, #[oai(header = "Idempotency-Replayed")] Option<String>),
}

#[derive(ApiResponse)]
enum TurnedDown {
    /// The rejected suggestions.
    #[oai(status = 200)]
    Suggestions(Reply<RejectedSuggestions>, #[oai(header = "Idempotency-Replayed")] Option<String>),
}

#[OpenApi(tag = "Tag::Flashcards")]
impl FlashcardsApi {
    /// Generate flashcards from a text
    ///
    /// Answers 202 by default. `Accept: text/event-stream` and `application/x-ndjson` stream the events of the job, and
    /// `Prefer: wait=n` waits for the finished generation. Five generations per 300 s and user, unless configured
    /// otherwise. A model that the operator does not allow is 422 `MODEL_NOT_ALLOWED`.
    #[oai(path = "/ai/generations", method = "post", operation_id = "createGeneration")]
    async fn submit(
        &self,
        request: &Request,
        caller: Caller,
        order: IdempotentJson<CreateGeneration>,
    ) -> Result<Submitted, ApiError> {
        let app = &self.app;
        let form = negotiation::choose(
            request.headers(),
            &[ResponseFormat::Json, ResponseFormat::Sse, ResponseFormat::Ndjson],
        )?;
        let delivery = app.delivery(caller.user, form)?;
        let submission = submission(app, &caller, order).await?;
        let accepted = app
            .flashcards
            .submit(submission)
            .await
            .map_err(|refusal| app.limits.bucket(Kind::GenerateFlashcards).refused(refusal))?;
        tracing::Span::current().record("runId", tracing::field::display(accepted.id));
        if !accepted.replayed {
            app.metrics.job_accepted(Kind::GenerateFlashcards.as_str());
        }
        Ok(answer(app, request, &caller, delivery, accepted).await)
    }

    /// List generations, newest first
    #[oai(path = "/ai/generations", method = "get", operation_id = "listGenerations")]
    async fn list(
        &self,
        caller: Caller,
        #[oai(validator(minimum(value = "1"), maximum(value = "250")))] limit: Query<Option<i64>>,
        cursor: Query<Option<String>>,
    ) -> Result<Reply<GenerationPage>, ApiError> {
        let limit = limit.0.unwrap_or(page::DEFAULT);
        let after = page::moment(cursor.0.as_deref())?.map(|(at, id)| (at, GenerationId(id)));
        let mut rows = self.app.flashcards.list(caller.user, after, page::fetch(limit)).await?;
        let next_cursor = page::cut(&mut rows, limit).map(|row| page::of_moment(row.created_at, row.id.0));
        Ok(Reply::new(GenerationPage { items: rows.into_iter().map(Into::into).collect(), next_cursor }))
    }

    /// Show a generation
    #[oai(path = "/ai/generations/:id", method = "get", operation_id = "showGeneration")]
    async fn show(&self, caller: Caller, id: Path<Uuid>) -> Result<Reply<GenerationResponse>, ApiError> {
        let generation = self.app.flashcards.show(caller.user, GenerationId(id.0)).await?;
        Ok(Reply::new(generation.into()))
    }

    /// Delete a generation and its suggestions
    ///
    /// Its cards stay. A generation whose job has not ended is 409 `ACTIVE_GENERATION`: cancel the job first.
    #[oai(path = "/ai/generations/:id", method = "delete", operation_id = "deleteGeneration")]
    async fn delete(&self, caller: Caller, id: Path<Uuid>) -> Result<Deleted, ApiError> {
        let app = &self.app;
        match app.flashcards.delete(caller.user, GenerationId(id.0)).await {
            Ok(()) => Ok(Deleted::Gone),
            Err(refusal) => Err(app.refused(caller.user, refusal).await),
        }
    }

    /// List the suggestions of a generation, oldest first
    #[oai(path = "/ai/generations/:id/suggestions", method = "get", operation_id = "listSuggestions")]
    async fn suggestions(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        #[oai(validator(minimum(value = "1"), maximum(value = "250")))] limit: Query<Option<i64>>,
        cursor: Query<Option<String>>,
    ) -> Result<Reply<SuggestionPage>, ApiError> {
        let limit = limit.0.unwrap_or(page::DEFAULT);
        let after = page::number(cursor.0.as_deref())?.unwrap_or(0);
        let id = GenerationId(id.0);
        let mut rows = self.app.flashcards.suggestions(caller.user, id, after, page::fetch(limit)).await?;
        let next_cursor = page::cut(&mut rows, limit).map(|row| page::of_number(row.ordinal));
        Ok(Reply::new(SuggestionPage { items: rows.into_iter().map(Into::into).collect(), next_cursor }))
    }

    /// Edit a suggestion
    ///
    /// An accepted or rejected suggestion is 409 `ALREADY_FINAL`.
    #[oai(path = "/ai/suggestions/:id", method = "patch", operation_id = "updateSuggestion")]
    async fn update_suggestion(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        patch: StrictJson<SidesPatch>,
    ) -> Result<Reply<SuggestionResponse>, ApiError> {
        let (front, back) = sides(patch.0)?;
        let id = SuggestionId(id.0);
        let edited = self.app.flashcards.edit_suggestion(caller.user, id, front, back).await?;
        Ok(Reply::new(edited.into()))
    }

    /// Accept suggestions as cards
    ///
    /// Accepts the given suggestions, or all proposed and edited ones. Idempotent: one card per suggestion.
    #[oai(path = "/ai/generations/:id/accept", method = "post", operation_id = "acceptSuggestions")]
    async fn accept(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        choice: IdempotentJson<Option<SuggestionChoice>>,
    ) -> Result<Made, ApiError> {
        let ids = chosen(choice.body)?;
        let path = format!("/v1/ai/generations/{}/accept", id.0);
        let mut once = IdempotentPost::begin(&self.app, caller.user, path, choice.key).await?;
        if let Some(again) = once.replay()? {
            return Ok(Made::Cards(again, idempotent_post::replayed()));
        }
        let cards = Flashcards::accept(once.tx(), caller.user, GenerationId(id.0), ids.as_deref()).await?;
        let cards = AcceptedCards { cards: cards.into_iter().map(Into::into).collect() };
        Ok(Made::Cards(once.keep(cards).await?, None))
    }

    /// Reject suggestions
    ///
    /// Rejects the given suggestions, or all proposed and edited ones. Idempotent.
    #[oai(path = "/ai/generations/:id/reject", method = "post", operation_id = "rejectSuggestions")]
    async fn reject(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        choice: IdempotentJson<Option<SuggestionChoice>>,
    ) -> Result<TurnedDown, ApiError> {
        let ids = chosen(choice.body)?;
        let path = format!("/v1/ai/generations/{}/reject", id.0);
        let mut once = IdempotentPost::begin(&self.app, caller.user, path, choice.key).await?;
        if let Some(again) = once.replay()? {
            return Ok(TurnedDown::Suggestions(again, idempotent_post::replayed()));
        }
        let suggestions = Flashcards::reject(once.tx(), GenerationId(id.0), ids.as_deref()).await?;
        let rejected = RejectedSuggestions { suggestions: suggestions.into_iter().map(Into::into).collect() };
        Ok(TurnedDown::Suggestions(once.keep(rejected).await?, None))
    }

    /// List cards, newest first
    #[oai(path = "/cards", method = "get", operation_id = "listCards")]
    async fn cards(
        &self,
        caller: Caller,
        #[oai(validator(minimum(value = "1"), maximum(value = "250")))] limit: Query<Option<i64>>,
        cursor: Query<Option<String>>,
    ) -> Result<Reply<CardPage>, ApiError> {
        let limit = limit.0.unwrap_or(page::DEFAULT);
        let before = page::id(cursor.0.as_deref())?.map(CardId);
        let mut rows = self.app.flashcards.cards(caller.user, before, page::fetch(limit)).await?;
        let next_cursor = page::cut(&mut rows, limit).map(|row| page::of_id(row.id.0));
        Ok(Reply::new(CardPage { items: rows.into_iter().map(Into::into).collect(), next_cursor }))
    }

    /// Download all cards as a file
    ///
    /// `anki` is tab-separated text for Anki's importer.
    #[oai(path = "/cards/export", method = "get", operation_id = "exportCards")]
    async fn export(&self, caller: Caller, format: Query<Option<CardFileFormat>>) -> Result<CardFile, ApiError> {
        let name = format.0.as_deref().unwrap_or("json");
        let format = Format::parse(name).ok_or_else(|| {
            ApiError::invalid(vec![Detail::at(["query", "format"], "enum", "must be csv, json or anki")])
        })?;
        let download = Download::start(self.app.flashcards.clone(), caller.user, format);
        let response = Response::builder().content_type(format.content_type()).body(file::parts(download).await?);
        let disposition = format!("attachment; filename=\"{}\"", format.file_name());
        Ok(CardFile::File(File::new(response), disposition))
    }

    /// Show a card
    #[oai(path = "/cards/:id", method = "get", operation_id = "showCard")]
    async fn show_card(&self, caller: Caller, id: Path<Uuid>) -> Result<Reply<CardResponse>, ApiError> {
        Ok(Reply::new(self.app.flashcards.card(caller.user, CardId(id.0)).await?.into()))
    }

    /// Edit a card
    #[oai(path = "/cards/:id", method = "patch", operation_id = "updateCard")]
    async fn update_card(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        patch: StrictJson<SidesPatch>,
    ) -> Result<Reply<CardResponse>, ApiError> {
        let (front, back) = sides(patch.0)?;
        let edited = self.app.flashcards.edit_card(caller.user, CardId(id.0), front, back).await?;
        Ok(Reply::new(edited.into()))
    }

    /// Delete a card
    #[oai(path = "/cards/:id", method = "delete", operation_id = "deleteCard")]
    async fn delete_card(&self, caller: Caller, id: Path<Uuid>) -> Result<Deleted, ApiError> {
        self.app.flashcards.delete_card(caller.user, CardId(id.0)).await?;
        Ok(Deleted::Gone)
    }
}

/// What a generation made, for the snapshot of its job, as it is saved now.
///
/// # Errors
/// Missing or not theirs.
pub(super) async fn made(app: &App, user: UserId, job: JobId) -> Result<Value, ApiError> {
    let made = app.flashcards.suggestions(user, GenerationId::from(job), 0, i64::MAX).await?;
    let shown: Vec<SuggestionResponse> = made.into_iter().map(Into::into).collect();
    Ok(serde_json::to_value(shown).context("writing suggestions")?)
}

/// Body to domain words: shape first (400), then rules (422).
async fn submission(
    app: &App,
    caller: &Caller,
    order: IdempotentJson<CreateGeneration>,
) -> Result<Submission, ApiError> {
    let IdempotentJson { body, key } = order;
    let source_text = SourceText::parse(body.source_text).map_err(|error| {
        let kind = match error {
            SourceTextError::TooShort(_) => "too_short",
            SourceTextError::TooLong => "too_long",
        };
        ApiError::invalid(vec![Detail::at(["body", "source_text"], kind, error.to_string())])
    })?;
    let prompt_version = rules::prompt_version(body.prompt_version)?;
    let model = match callable(app, body.model) {
        Ok(model) => model,
        // The generation of this key has its model already; the one named here is not used.
        Err(refusal) => match app.jobs.knows(caller.user, Kind::GenerateFlashcards, key.as_ref()).await? {
            true => app.models.default.clone(),
            false => return Err(refusal.into()),
        },
    };
    Ok(Submission {
        user: caller.user,
        source_text,
        model,
        prompt_version,
        key,
        trace: telemetry::current_traceparent(),
        request_id: Some(caller.request_id.as_str().to_owned()),
    })
}

/// The model to ask: allowed, and behind a circuit that is closed.
fn callable(app: &App, named: Option<String>) -> Result<String, Refusal> {
    let model = rules::model(named, &app.models.default, &app.models.allowed)?;
    match app.circuits.open_for(&model) {
        Some(retry_after) => Err(Refusal::ProviderUnavailable { retry_after }),
        None => Ok(model),
    }
}

async fn answer(app: &App, request: &Request, caller: &Caller, delivery: Delivery, accepted: Accepted) -> Submitted {
    let (user, job) = (caller.user, JobId::from(accepted.id));
    let answer = match delivery {
        Delivery::Json => {
            let show = async {
                let generation = app.flashcards.show(user, accepted.id).await?;
                Ok(generation.finished_at.is_some().then(|| generation.into()))
            };
            after_submit::finished(app, request.headers(), (user, job), show)
                .await
                .map(|shown| app.about_jobs(shown))
                .map(Answer::Finished)
        }
        Delivery::Stream(encoding, permit) => {
            after_submit::log(app, caller, job, (encoding, permit)).await.map(|log| match log {
                Live::Sse(log) => Answer::Sse(GenerationSse(log)),
                Live::Ndjson(log) => Answer::Ndjson(GenerationNdjson(log)),
            })
        }
    };
    let location = format!("/v1/jobs/{job}");
    let replayed = accepted.replayed.then(|| "true".to_owned());
    let (policy, left) = app.limits.bucket(Kind::GenerateFlashcards).values(accepted.limit);
    match answer {
        Some(answer) => Submitted::Now(answer, location, replayed, policy, left),
        None => Submitted::Accepted(pending(app, request, &accepted), location, replayed, policy, left),
    }
}

/// The 202: exactly the document's two fields on `/api`, byte for byte what the first request got; with links on `/v1`.
fn pending(app: &App, request: &Request, accepted: &Accepted) -> Reply<GenerationAccepted> {
    let bare = request.original_uri().path().starts_with("/api/");
    if bare && let Ok(stored) = Reply::stored(accepted.answer.clone()) {
        return stored;
    }
    let urls = Urls::of_job(JobId::from(accepted.id)).about("generation", &accepted.id.to_string());
    app.about_jobs(GenerationAccepted {
        generation_id: accepted.id.to_string(),
        status: "pending".into(),
        urls: (!bare).then_some(urls),
    })
}

fn sides(patch: SidesPatch) -> Result<(Option<String>, Option<String>), ApiError> {
    let mut details = Vec::new();
    let mut check = |name: &str, text: Option<String>, max| {
        text.and_then(|text| match rules::side(&text, max) {
            Ok(side) => Some(side),
            Err(message) => {
                details.push(Detail::at(["body", name], "length", message));
                None
            }
        })
    };
    let front = check("front", patch.front.map(Into::into), rules::FRONT_MAX);
    let back = check("back", patch.back.map(Into::into), rules::BACK_MAX);
    if front.is_none() && back.is_none() && details.is_empty() {
        details.push(Detail::at(["body"], "missing", "needs front or back"));
    }
    if details.is_empty() { Ok((front, back)) } else { Err(ApiError::invalid(details)) }
}

/// Text that cannot be an id answers 404, like another user's id.
fn chosen(choice: Option<SuggestionChoice>) -> Result<Option<Vec<SuggestionId>>, ApiError> {
    let Some(ids) = choice.unwrap_or_default().suggestion_ids else { return Ok(None) };
    let ids: Result<Vec<SuggestionId>, _> = ids.iter().map(|id| id.parse()).collect();
    ids.map(Some).map_err(|_| ApiError::not_found())
}
