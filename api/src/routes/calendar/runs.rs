//! A calendar's runs over HTTP: its versions, what each would change, and taking from them what is wanted (API.md
//! section 5). A run never changes; what accepting it does to saved entries is the merge's to say.

use almanac_shared::id::{CalendarId, RunId};
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};
use uuid::Uuid;

use super::{
    known,
    words::{
        AcceptChoice, AcceptDone, RunPage, RunShown,
        entry::{self, DiffShown},
    },
};
use crate::{app::App, auth::Caller, error::ApiError, page, reply::Reply, strict::Strict};

/// The routes of runs.
pub struct RunsApi {
    /// Absent only while the description is printed.
    pub app: Option<App>,
}

#[OpenApi]
impl RunsApi {
    /// A calendar's runs, newest first.
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
        let calendars = &known(self.app.as_ref())?.calendars;
        let mut rows = calendars.runs(caller.user, CalendarId(id.0), before, page::fetch(limit)).await?;
        let next_cursor = page::cut(&mut rows, limit).map(|row| page::of_number(row.version));
        Ok(Reply::new(RunPage { items: rows.into_iter().map(Into::into).collect(), next_cursor }))
    }

    /// One run with its entries as generated.
    #[oai(path = "/calendars/:id/runs/:run", method = "get", operation_id = "showRun")]
    async fn show(&self, caller: Caller, id: Path<Uuid>, run: Path<Uuid>) -> Result<Reply<RunShown>, ApiError> {
        let calendars = &known(self.app.as_ref())?.calendars;
        let (run, made) = calendars.run(caller.user, CalendarId(id.0), RunId(run.0)).await?;
        Ok(Reply::new(RunShown::with_entries(run, &made)?))
    }

    /// What accepting a run would change in the latest saved entries, now.
    #[oai(path = "/calendars/:id/runs/:run/diff", method = "get", operation_id = "diffRun")]
    async fn diff(&self, caller: Caller, id: Path<Uuid>, run: Path<Uuid>) -> Result<Reply<DiffShown>, ApiError> {
        let calendars = &known(self.app.as_ref())?.calendars;
        Ok(Reply::new(entry::read(calendars.diff(caller.user, CalendarId(id.0), RunId(run.0)).await?)?))
    }

    /// Takes from a run what is chosen. What a person wrote stays unless it is named; doing it twice changes nothing.
    #[oai(path = "/calendars/:id/runs/:run/accept", method = "post", operation_id = "acceptRun")]
    async fn accept(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        run: Path<Uuid>,
        choice: Strict<Option<AcceptChoice>>,
    ) -> Result<Reply<AcceptDone>, ApiError> {
        let app = known(self.app.as_ref())?;
        let choice = choice.0.unwrap_or_default().into();
        match app.calendars.accept(caller.user, CalendarId(id.0), RunId(run.0), choice).await {
            Ok(taken) => Ok(Reply::new(taken.try_into()?)),
            Err(refusal) => Err(app.refused(caller.user, refusal).await),
        }
    }
}
