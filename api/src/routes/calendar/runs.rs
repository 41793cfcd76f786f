//! A calendar's runs over HTTP: list, show, diff and accept. A run never changes; `values::merge` decides what an accept
//! does to saved entries.

use almanac_shared::{
    calendar::service::Calendars,
    platform::id::{CalendarId, RunId},
};
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
};
use uuid::Uuid;

use super::dto::{
    AcceptChoice, AcceptDone, RunPage, RunResponse,
    entry::{self, DiffResponse},
};
use crate::{
    auth::Caller,
    http::{
        error::ApiError,
        idempotent_json::IdempotentJson,
        idempotent_post::{self, IdempotentPost},
        page,
        reply::Reply,
    },
    routes::Tag,
    state::App,
};

/// The routes of runs.
pub struct RunsApi {
    pub(crate) app: App,
}

#[derive(ApiResponse)]
enum Merged {
    /// The saved entries after the accept, and what was skipped.
    #[oai(status = 200)]
    Done(Reply<AcceptDone>, #[oai(header = "Idempotency-Replayed")] Option<String>),
}

#[OpenApi(tag = "Tag::Calendar")]
impl RunsApi {
    /// List the runs of a calendar, newest first
    #[oai(path = "/calendars/:id/runs", method = "get", operation_id = "listRuns")]
    async fn list(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        #[oai(validator(minimum(value = "1"), maximum(value = "250")))] limit: Query<Option<i64>>,
        cursor: Query<Option<String>>,
    ) -> Result<Reply<RunPage>, ApiError> {
        let limit = limit.0.unwrap_or(page::DEFAULT);
        let before = page::number(cursor.0.as_deref())?;
        let calendars = &self.app.calendars;
        let mut rows = calendars.runs(caller.user, CalendarId(id.0), before, page::fetch(limit)).await?;
        let next_cursor = page::cut(&mut rows, limit).map(|row| page::of_number(row.version));
        Ok(Reply::new(RunPage { items: rows.into_iter().map(Into::into).collect(), next_cursor }))
    }

    /// Show a run with its generated entries
    #[oai(path = "/calendars/:id/runs/:run", method = "get", operation_id = "showRun")]
    async fn show(&self, caller: Caller, id: Path<Uuid>, run: Path<Uuid>) -> Result<Reply<RunResponse>, ApiError> {
        let calendars = &self.app.calendars;
        let (run, made) = calendars.run(caller.user, CalendarId(id.0), RunId(run.0)).await?;
        Ok(Reply::new(RunResponse::with_entries(run, &made)?))
    }

    /// Compare a run with the saved entries
    #[oai(path = "/calendars/:id/runs/:run/diff", method = "get", operation_id = "diffRun")]
    async fn diff(&self, caller: Caller, id: Path<Uuid>, run: Path<Uuid>) -> Result<Reply<DiffResponse>, ApiError> {
        let calendars = &self.app.calendars;
        Ok(Reply::new(entry::read(calendars.diff(caller.user, CalendarId(id.0), RunId(run.0)).await?)?))
    }

    /// Accept a run, or parts of it
    ///
    /// Merges the run into the saved entries. Fields edited since they were last accepted stay unless they are named, and
    /// a field that already has the run's value is no conflict. `keys` restricts the accept to these entries; it also
    /// permits the removal of an edited entry that the run no longer has, and the return of a deleted one. `fields`
    /// restricts an entry to these fields and permits overwriting them. `overwriteEdits` permits overwriting every field.
    /// An entry that returns keeps its edited fields unless overwriting them is permitted. A slot that the run could not
    /// fill removes nothing. Idempotent. A run that has not ended is 409 `UNFINISHED`.
    #[oai(path = "/calendars/:id/runs/:run/accept", method = "post", operation_id = "acceptRun")]
    async fn accept(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        run: Path<Uuid>,
        choice: IdempotentJson<Option<AcceptChoice>>,
    ) -> Result<Merged, ApiError> {
        let app = &self.app;
        let path = format!("/v1/calendars/{}/runs/{}/accept", id.0, run.0);
        let mut once = IdempotentPost::begin(app, caller.user, path, choice.key).await?;
        if let Some(again) = once.replay()? {
            return Ok(Merged::Done(again, idempotent_post::replayed()));
        }
        let choice = choice.body.unwrap_or_default().into();
        match Calendars::accept(once.tx(), caller.user, CalendarId(id.0), RunId(run.0), choice).await {
            Ok(taken) => {
                let done: AcceptDone = taken.try_into()?;
                Ok(Merged::Done(once.keep(done).await?, None))
            }
            Err(refusal) => {
                drop(once);
                Err(app.refused(caller.user, refusal).await)
            }
        }
    }
}
