//! AI calendars over HTTP (S0, API.md section 5): ask for a run and watch it, see calendars, take them away. Entries and
//! runs have rooms of their own beside this.

mod entries;
mod runs;
mod words;

use std::time::Duration;

use almanac_shared::{
    calendar::{
        dry_run::{self, Reason},
        export::{Export, Format},
        rules::TITLE_MAX,
        run,
        service::{Accepted, Order, Submission},
    },
    error::Refusal,
    flags::Flag,
    id::{CalendarId, JobId},
    jobs::{Kind, service::Listening},
    progress::event::Encoding,
    telemetry,
};
use poem::{Body, Request, Response};
use poem_openapi::{
    ApiResponse, OpenApi, ResponseContent,
    param::{Path, Query},
    types::MaybeUndefined,
};
use uuid::Uuid;

use crate::{
    accept::{self, Form},
    app::App,
    auth::Caller,
    error::{ApiError, Detail},
    keyed::Keyed,
    page,
    reply::{Reply, Urls},
    routes::file::{Deleted, Exported, File},
    stream::{self, Live},
    strict::{Checks, Strict},
};

use self::words::{
    CalendarPage, CalendarPatch, CalendarShown, CalendarWithEntries, CreateCalendar, DryRunShown, RunAccepted, entry,
    frame::{CalendarNdjson, CalendarSse},
};
pub use self::{entries::EntriesApi, runs::RunsApi};

/// The routes of calendars themselves.
pub struct CalendarApi {
    /// Absent only while the description is printed.
    pub app: Option<App>,
}

#[derive(ApiResponse)]
enum Submitted {
    /// Accepted; the work is done elsewhere.
    #[oai(status = 202)]
    Accepted(
        Reply<RunAccepted>,
        #[oai(header = "Location")] String,
        #[oai(header = "Idempotency-Replayed")] Option<String>,
        #[oai(header = "RateLimit-Policy")] String,
        #[oai(header = "RateLimit")] String,
    ),
    /// The event log as it grows, the finished calendar for `Prefer: wait`, or a dry run, which has no job.
    #[oai(status = 200)]
    Now(
        Answer,
        #[oai(header = "Location")] Option<String>,
        #[oai(header = "Idempotency-Replayed")] Option<String>,
        #[oai(header = "RateLimit-Policy")] Option<String>,
        #[oai(header = "RateLimit")] Option<String>,
    ),
}

#[derive(ResponseContent)]
enum Answer {
    Finished(Reply<CalendarWithEntries>),
    #[oai(content_type = "application/json")]
    DryRun(Reply<DryRunShown>),
    Sse(CalendarSse),
    Ndjson(CalendarNdjson),
}

impl From<Live> for Answer {
    fn from(live: Live) -> Self {
        match live {
            Live::Sse(log) => Self::Sse(CalendarSse(log)),
            Live::Ndjson(log) => Self::Ndjson(CalendarNdjson(log)),
        }
    }
}

#[OpenApi]
impl CalendarApi {
    /// Asks for a calendar, or for one to be made anew.
    ///
    /// Server-sent events by default; `Accept: application/x-ndjson` for lines, `application/json` for 202 at once, and
    /// with `Prefer: wait=n` the finished calendar. One active run per user. While calendars are switched off, or nothing
    /// can be stored, it answers a deterministic dry run of the same shape with `meta.dryRun`.
    #[oai(path = "/ai/calendar", method = "post", operation_id = "createCalendar")]
    async fn submit(
        &self,
        request: &Request,
        caller: Caller,
        order: Keyed<CreateCalendar>,
    ) -> Result<Submitted, ApiError> {
        let app = self.app()?;
        let form = accept::choose(request.headers(), &[Form::Sse, Form::Ndjson, Form::Json])?;
        let Keyed { body, key } = order;
        let order = app.calendars.read(body.into())?;
        if !app.flags.is_on(Flag::CalendarService, Some(caller.user)) {
            return rehearse(app, &caller, form, &order, Reason::SwitchedOff).await;
        }
        let model = app.models.default.clone();
        if let Some(retry_after) = app.circuits.open_for(&model) {
            return Err(Refusal::ProviderUnavailable { retry_after }.into());
        }
        let request_id = Some(caller.request_id.as_str().to_owned());
        let (user, trace) = (caller.user, telemetry::current_traceparent());
        let submission = Submission { user, order: order.clone(), model, key, trace, request_id };
        match app.calendars.submit(submission).await {
            Ok(accepted) => {
                let span = tracing::Span::current();
                span.record("calendarId", tracing::field::display(accepted.calendar));
                span.record("runId", tracing::field::display(accepted.run));
                if !accepted.replayed {
                    app.metrics.job_accepted(Kind::GenerateCalendar.as_str());
                }
                answer(app, request, &caller, form, accepted).await
            }
            Err(Refusal::StoreUnavailable(cause)) => {
                tracing::warn!(error = format!("{cause:#}"), "the store is away; answering a dry run");
                rehearse(app, &caller, form, &order, Reason::StorageAway).await
            }
            Err(refusal) => Err(app.calendar.refused(refusal)),
        }
    }

    /// My calendars, newest first, without their entries.
    #[oai(path = "/calendars", method = "get", operation_id = "listCalendars")]
    async fn list(
        &self,
        caller: Caller,
        #[oai(validator(minimum(value = "1"), maximum(value = "250")))] limit: Query<Option<i64>>,
        cursor: Query<Option<String>>,
    ) -> Result<Reply<CalendarPage>, ApiError> {
        let limit = limit.0.unwrap_or(page::DEFAULT);
        let after = page::moment(cursor.0.as_deref())?.map(|(at, id)| (at, CalendarId(id)));
        let mut rows = self.app()?.calendars.list(caller.user, after, page::fetch(limit)).await?;
        let next_cursor = page::cut(&mut rows, limit).map(|row| page::of_moment(row.created_at, row.id.0));
        Ok(Reply::new(CalendarPage { items: rows.into_iter().map(Into::into).collect(), next_cursor }))
    }

    /// One calendar with its latest saved entries.
    #[oai(path = "/calendars/:id", method = "get", operation_id = "showCalendar")]
    async fn show(&self, caller: Caller, id: Path<Uuid>) -> Result<Reply<CalendarWithEntries>, ApiError> {
        Ok(Reply::new(self.app()?.calendars.show(caller.user, CalendarId(id.0)).await?.try_into()?))
    }

    /// Gives a calendar another name.
    #[oai(path = "/calendars/:id", method = "patch", operation_id = "updateCalendar")]
    async fn update(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        patch: Strict<CalendarPatch>,
    ) -> Result<Reply<CalendarShown>, ApiError> {
        let title = match patch.0.title {
            MaybeUndefined::Undefined => {
                return Err(ApiError::invalid(vec![Detail::at(["body", "title"], "missing", "needs a title")]));
            }
            MaybeUndefined::Null => None,
            MaybeUndefined::Value(title) => Some(title.trim().to_owned()),
        };
        if let Some(title) = &title {
            Checks::default().length("title", title, 1..=TITLE_MAX).finish()?;
        }
        let renamed = self.app()?.calendars.rename(caller.user, CalendarId(id.0), title.as_deref()).await?;
        Ok(Reply::new(renamed.into()))
    }

    /// Removes a calendar with its runs and entries. While a run of it is active: 409, cancel that first.
    #[oai(path = "/calendars/:id", method = "delete", operation_id = "deleteCalendar")]
    async fn delete(&self, caller: Caller, id: Path<Uuid>) -> Result<Deleted, ApiError> {
        self.app()?.calendars.delete(caller.user, CalendarId(id.0)).await?;
        Ok(Deleted::Gone)
    }

    /// The latest saved entries as a file: JSON, CSV, or iCalendar.
    #[oai(path = "/calendars/:id/export", method = "get", operation_id = "exportCalendar")]
    async fn export(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        format: Query<Option<String>>,
    ) -> Result<Exported, ApiError> {
        let name = format.0.as_deref().unwrap_or("json");
        let format = Format::from_name(name).ok_or_else(|| {
            ApiError::invalid(vec![Detail::at(["query", "format"], "enum", "must be json, csv or ics")])
        })?;
        let (calendar, entries) = self.app()?.calendars.show(caller.user, CalendarId(id.0)).await?;
        let mut file = Export::start(format, calendar.id, calendar.title.as_deref());
        entries.iter().for_each(|entry| file.push(entry));
        let response = Response::builder().content_type(format.content_type()).body(Body::from(file.finish()));
        let disposition = format!("attachment; filename=\"{}\"", format.file_name());
        Ok(Exported::File(File(response), disposition))
    }
}

impl CalendarApi {
    fn app(&self) -> Result<&App, ApiError> {
        known(self.app.as_ref())
    }
}

fn known(app: Option<&App>) -> Result<&App, ApiError> {
    app.ok_or_else(|| ApiError::internal(anyhow::anyhow!("routes without an app")))
}

/// The dry run (D11): computed here and now, stored nowhere.
async fn rehearse(
    app: &App,
    caller: &Caller,
    form: Form,
    order: &Order,
    reason: Reason,
) -> Result<Submitted, ApiError> {
    let diff = match reason {
        Reason::SwitchedOff => app.calendars.dry_diff(caller.user, order).await,
        Reason::StorageAway => Ok(None),
    };
    let (diff, reason) = match diff {
        Err(Refusal::StoreUnavailable(_)) => (None, Reason::StorageAway),
        diff => (diff?, reason),
    };
    let run = dry_run::dry_run(&order.request, &order.slots, diff, reason);
    let answer = match form {
        Form::Sse => stream::canned(&run.events, Encoding::Sse).into(),
        Form::Ndjson => stream::canned(&run.events, Encoding::Ndjson).into(),
        Form::Json => {
            let entries = run.entries.iter().map(|(key, content)| entry::read(run::wire(None, key, content)));
            let entries = entries.collect::<Result<_, Refusal>>()?;
            let reply = Reply::new(DryRunShown { summary: entry::read(run.summary)?, entries }).dry_run();
            Answer::DryRun(if reason == Reason::StorageAway { reply.degraded("storage") } else { reply })
        }
    };
    Ok(Submitted::Now(answer, None, None, None, None))
}

async fn answer(
    app: &App,
    request: &Request,
    caller: &Caller,
    form: Form,
    accepted: Accepted,
) -> Result<Submitted, ApiError> {
    let job = JobId::from(accepted.run);
    let location = format!("/v1/jobs/{job}");
    let replayed = accepted.replayed.then(|| "true".to_owned());
    let (policy, left) = app.calendar.values(accepted.limit);
    let encoding = match form {
        Form::Sse => Encoding::Sse,
        Form::Ndjson => Encoding::Ndjson,
        Form::Json => {
            return Ok(match finished(app, request, caller, &accepted).await? {
                Some(calendar) => {
                    let answer = Answer::Finished(Reply::new(calendar));
                    Submitted::Now(answer, Some(location), replayed, Some(policy), Some(left))
                }
                None => Submitted::Accepted(Reply::new(pending(&accepted)), location, replayed, policy, left),
            });
        }
    };
    let answer = match app.jobs.follow(caller.user, job, None, encoding).await? {
        Listening::Follow(follower) => {
            stream::live(*follower, Some(caller.expires_at), app.clock.clone(), &app.metrics).into()
        }
        // A replay of something whose log is no longer kept has nothing left to follow.
        _ => return Ok(Submitted::Accepted(Reply::new(pending(&accepted)), location, replayed, policy, left)),
    };
    Ok(Submitted::Now(answer, Some(location), replayed, Some(policy), Some(left)))
}

fn pending(accepted: &Accepted) -> RunAccepted {
    let job = JobId::from(accepted.run);
    let urls = Urls::of_job(Kind::GenerateCalendar.as_str(), job);
    RunAccepted {
        run_id: accepted.run.to_string(),
        calendar_id: accepted.calendar.to_string(),
        version: accepted.version,
        status: "pending".into(),
        urls: urls.about("calendar", &accepted.calendar.to_string()),
    }
}

/// The finished calendar, when the client would rather wait and it is done in time.
async fn finished(
    app: &App,
    request: &Request,
    caller: &Caller,
    accepted: &Accepted,
) -> Result<Option<CalendarWithEntries>, ApiError> {
    let Some(wait) = accept::prefer_wait(request.headers()).filter(|wait| *wait > Duration::ZERO) else {
        return Ok(None);
    };
    let job = JobId::from(accepted.run);
    if let Listening::Follow(follower) = app.jobs.follow(caller.user, job, None, Encoding::Ndjson).await? {
        tokio::select! {
            () = follower.end() => {}
            () = tokio::time::sleep(wait) => return Ok(None),
            () = app.draining.cancelled() => return Ok(None),
        }
    }
    if !app.jobs.show(caller.user, job).await?.state().is_final() {
        return Ok(None);
    }
    Ok(Some(app.calendars.show(caller.user, accepted.calendar).await?.try_into()?))
}
