//! Calendars over HTTP: submitting runs, calendars themselves, their export. Entries and runs have files of their own.

mod dto;
mod entries;
mod runs;

use almanac_shared::{
    calendar::{
        Content,
        dry_run::{self, Reason},
        export::{Export, Format},
        rules::TITLE_MAX,
        run,
        service::{Accepted, Order, Submission},
    },
    jobs::Kind,
    platform::{
        error::{Refusal, Work},
        flags::Flag,
        id::{CalendarId, JobId, RunId, UserId},
        telemetry,
    },
};
use anyhow::{Context, anyhow};
use poem::{Body, Request, Response};
use poem_openapi::{
    ApiResponse, OpenApi, ResponseContent,
    param::{Path, Query},
    types::MaybeUndefined,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    auth::Caller,
    http::{
        document_types::CalendarFileFormat,
        error::{ApiError, Detail},
        file::{Deleted, File, file_formats},
        idempotent_json::IdempotentJson,
        negotiation::{self, ResponseFormat},
        page,
        reply::{Reply, Urls},
        stream::{self, Live},
        stream_limit::Delivery,
        strict_json::{Checks, StrictJson},
    },
    routes::Tag,
    routes::after_submit,
    state::App,
};

pub(super) use self::dto::frame;
use self::dto::{
    CalendarPage, CalendarPatch, CalendarResponse, CalendarWaited, CalendarWithEntries, CreateCalendar, DryRunResponse,
    RunAccepted, entry,
    frame::{CalendarNdjson, CalendarSse},
};
pub use self::{entries::EntriesApi, runs::RunsApi};

file_formats! {
    /// Media types of a file of entries.
    CalendarFormats = ["application/json", "text/csv", "text/calendar"];
}

/// The routes of calendars themselves.
pub struct CalendarApi {
    pub(crate) app: App,
}

#[derive(ApiResponse)]
#[expect(clippy::large_enum_variant, reason = "made once per request and answered at once")]
enum Submitted {
    /// Accepted. A worker does the work.
    #[oai(status = 202)]
    Accepted(
        Reply<RunAccepted>,
        #[oai(header = "Location")] String,
        #[oai(header = "Idempotency-Replayed")] Option<String>,
        #[oai(header = "RateLimit-Policy")] String,
        #[oai(header = "RateLimit")] String,
    ),
    /// The events of the job as a stream, the finished calendar (`Prefer: wait`), or a dry run.
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
#[expect(clippy::large_enum_variant, reason = "made once per request and answered at once")]
enum Answer {
    Finished(Reply<CalendarWaited>),
    DryRun(Reply<DryRunResponse>),
    Sse(CalendarSse),
    Ndjson(CalendarNdjson),
}

#[derive(ApiResponse)]
enum CalendarFile {
    /// The file.
    #[oai(status = 200)]
    File(File<CalendarFormats>, #[oai(header = "Content-Disposition")] String),
}

impl From<Live> for Answer {
    fn from(live: Live) -> Self {
        match live {
            Live::Sse(log) => Self::Sse(CalendarSse(log)),
            Live::Ndjson(log) => Self::Ndjson(CalendarNdjson(log)),
        }
    }
}

#[OpenApi(tag = "Tag::Calendar")]
impl CalendarApi {
    /// Generate a calendar, or a new run of one
    ///
    /// Answers server-sent events by default, `Accept: application/x-ndjson` the same events as lines, and
    /// `Accept: application/json` 202, or with `Prefer: wait=n` the finished calendar. A user has at most one active run
    /// of a calendar or organic week (409 `ACTIVE_GENERATION`). The first run of a calendar is saved at once, a later one
    /// changes nothing until it is accepted. While `CALENDAR_SERVICE_ENABLED` is off or nothing can be stored, the answer
    /// is a deterministic dry run with `meta.dryRun`, which has no job and no `Location`. A 503 with `Location` may have
    /// been accepted: repeat the request with the same `Idempotency-Key`.
    #[oai(path = "/ai/calendar", method = "post", operation_id = "createCalendar")]
    async fn submit(
        &self,
        request: &Request,
        caller: Caller,
        order: IdempotentJson<CreateCalendar>,
    ) -> Result<Submitted, ApiError> {
        let app = &self.app;
        let form = negotiation::choose(
            request.headers(),
            &[ResponseFormat::Sse, ResponseFormat::Ndjson, ResponseFormat::Json],
        )?;
        let IdempotentJson { body, key } = order;
        let order = app.calendars.read(body.into())?;
        let delivery = app.delivery(caller.user, form)?;
        let model = app.models.default.clone();
        let sent = app.calendars.sent(caller.user, key.as_ref());
        if let Some(reason) = in_the_way(app, &caller, &model, key.as_ref()).await? {
            return rehearse(app, &caller, delivery, &order, unless_sent(reason, sent)?).await;
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
                Ok(answer(app, request, &caller, delivery, accepted).await)
            }
            Err(Refusal::StoreGone(cause)) => {
                let reason = unless_sent(Reason::StorageAway, sent)?;
                tracing::warn!(error = format!("{cause:#}"), "the store is gone; answering a dry run");
                rehearse(app, &caller, delivery, &order, reason).await
            }
            Err(refusal) => Err(app.refused(user, app.limits.bucket(Kind::GenerateCalendar).refused(refusal)).await),
        }
    }

    /// List calendars, newest first, without their entries
    #[oai(path = "/calendars", method = "get", operation_id = "listCalendars")]
    async fn list(
        &self,
        caller: Caller,
        #[oai(validator(minimum(value = "1"), maximum(value = "250")))] limit: Query<Option<i64>>,
        cursor: Query<Option<String>>,
        /// `true` lists calendars that never had an entry, too.
        empty: Query<Option<bool>>,
    ) -> Result<Reply<CalendarPage>, ApiError> {
        let limit = limit.0.unwrap_or(page::DEFAULT);
        let after = page::moment(cursor.0.as_deref())?.map(|(at, id)| (at, CalendarId(id)));
        let empty = empty.0.unwrap_or(false);
        let mut rows = self.app.calendars.list(caller.user, empty, after, page::fetch(limit)).await?;
        let next_cursor = page::cut(&mut rows, limit).map(|row| page::of_moment(row.created_at, row.id.0));
        Ok(Reply::new(CalendarPage { items: rows.into_iter().map(Into::into).collect(), next_cursor }))
    }

    /// Show a calendar with its saved entries
    #[oai(path = "/calendars/:id", method = "get", operation_id = "showCalendar")]
    async fn show(&self, caller: Caller, id: Path<Uuid>) -> Result<Reply<CalendarWithEntries>, ApiError> {
        Ok(Reply::new(self.app.calendars.show(caller.user, CalendarId(id.0)).await?.try_into()?))
    }

    /// Rename a calendar
    #[oai(path = "/calendars/:id", method = "patch", operation_id = "updateCalendar")]
    async fn update(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        patch: StrictJson<CalendarPatch>,
    ) -> Result<Reply<CalendarResponse>, ApiError> {
        let title = match patch.0.title {
            MaybeUndefined::Undefined => {
                return Err(ApiError::invalid(vec![Detail::at(["body", "title"], "missing", "needs a title")]));
            }
            MaybeUndefined::Null => None,
            MaybeUndefined::Value(title) => Some(title.0.trim().to_owned()),
        };
        if let Some(title) = &title {
            Checks::default().length("title", title, 1..=TITLE_MAX).finish()?;
        }
        let renamed = self.app.calendars.rename(caller.user, CalendarId(id.0), title.as_deref()).await?;
        Ok(Reply::new(renamed.into()))
    }

    /// Delete a calendar with its runs and entries
    ///
    /// A calendar with an active run is 409 `ACTIVE_GENERATION`: cancel the job of the run first.
    #[oai(path = "/calendars/:id", method = "delete", operation_id = "deleteCalendar")]
    async fn delete(&self, caller: Caller, id: Path<Uuid>) -> Result<Deleted, ApiError> {
        let app = &self.app;
        match app.calendars.delete(caller.user, CalendarId(id.0)).await {
            Ok(()) => Ok(Deleted::Gone),
            Err(refusal) => Err(app.refused(caller.user, refusal).await),
        }
    }

    /// Download the saved entries as a file
    #[oai(path = "/calendars/:id/export", method = "get", operation_id = "exportCalendar")]
    async fn export(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        format: Query<Option<CalendarFileFormat>>,
    ) -> Result<CalendarFile, ApiError> {
        let name = format.0.as_deref().unwrap_or("json");
        let format = Format::parse(name).ok_or_else(|| {
            ApiError::invalid(vec![Detail::at(["query", "format"], "enum", "must be json, csv or ics")])
        })?;
        let (calendar, entries) = self.app.calendars.show(caller.user, CalendarId(id.0)).await?;
        let mut file = Export::start(format, calendar.id, calendar.title.as_deref());
        entries.iter().for_each(|entry| file.push(entry));
        let response = Response::builder().content_type(format.content_type()).body(Body::from(file.finish()));
        let disposition = format!("attachment; filename=\"{}\"", format.file_name());
        Ok(CalendarFile::File(File::new(response), disposition))
    }
}

/// What a run made, for the snapshot of its job: its version, and its entries as they were streamed.
///
/// # Errors
/// Missing or not theirs.
pub(super) async fn made(app: &App, user: UserId, calendar: &str, job: JobId) -> Result<Value, ApiError> {
    let calendar: CalendarId = calendar.parse().map_err(|_| ApiError::not_found())?;
    let (run, made) = app.calendars.run(user, calendar, RunId::from(job)).await?;
    let is_first = run.request.get("calendarId").is_none();
    let entries = made.iter().map(|made| {
        let content = Content::from_fields(&made.fields).context("reading an entry as generated")?;
        Ok(run::wire(is_first.then_some(made.entry_id), &made.key, &content))
    });
    let entries: Vec<Value> = entries.collect::<anyhow::Result<_>>()?;
    Ok(json!({ "version": run.version, "entries": entries }))
}

/// What keeps a new run from being made, so that a dry run is answered or 503. Nothing keeps one from being answered
/// again that was accepted under this key.
async fn in_the_way(
    app: &App,
    caller: &Caller,
    model: &str,
    key: Option<&(String, [u8; 32])>,
) -> Result<Option<Reason>, Refusal> {
    let is_on = app.flags.is_on(Flag::CalendarService, Some(caller.user));
    let open_for = app.circuits.open_for(model);
    if is_on && open_for.is_none() {
        return Ok(None);
    }
    match (app.jobs.knows(caller.user, Kind::GenerateCalendar, key).await, open_for) {
        (Ok(true), _) => Ok(None),
        (Ok(false), Some(retry_after)) if is_on => Err(Refusal::ProviderUnavailable { retry_after }),
        (Ok(false), _) => Ok(Some(Reason::SwitchedOff)),
        (Err(Refusal::StoreGone(_)), _) => Ok(Some(Reason::StorageAway)),
        (Err(refusal), _) => Err(refusal),
    }
}

/// A dry run says that nothing is stored. While the store is away that is not known of a request that was sent before.
fn unless_sent(reason: Reason, sent: Option<RunId>) -> Result<Reason, Refusal> {
    match (reason, sent) {
        (Reason::StorageAway, Some(run)) => Err(Refusal::Unconfirmed {
            work: Work::Job(run.into()),
            cause: anyhow!("the store is gone, and a request with this key was sent to it before"),
        }),
        _ => Ok(reason),
    }
}

/// The dry run: computed here and now, stored nowhere.
async fn rehearse(
    app: &App,
    caller: &Caller,
    delivery: Delivery,
    order: &Order,
    reason: Reason,
) -> Result<Submitted, ApiError> {
    let limit = app.calendar_dry_runs.admit(caller.user)?;
    let diff = match reason {
        Reason::SwitchedOff => app.calendars.dry_diff(caller.user, order).await,
        Reason::StorageAway => Ok(None),
    };
    let (diff, reason) = match diff {
        Err(Refusal::StoreGone(_)) => (None, Reason::StorageAway),
        diff => (diff?, reason),
    };
    let run = dry_run::dry_run(&order.request, &order.slots, diff, reason);
    let answer = match delivery {
        Delivery::Stream(encoding, permit) => stream::dry_run(&run.events, encoding, permit).into(),
        Delivery::Json => {
            let entries = run.entries.iter().map(|(key, content)| entry::read(run::wire(None, key, content)));
            let entries = entries.collect::<Result<_, Refusal>>()?;
            let reply = Reply::new(DryRunResponse { summary: entry::read(run.summary)?, entries }).dry_run();
            Answer::DryRun(if reason == Reason::StorageAway { reply.degraded("storage") } else { reply })
        }
    };
    let (policy, left) = app.limits.bucket(Kind::GenerateCalendar).values(limit);
    Ok(Submitted::Now(answer, None, None, Some(policy), Some(left)))
}

async fn answer(app: &App, request: &Request, caller: &Caller, delivery: Delivery, accepted: Accepted) -> Submitted {
    let (user, job) = (caller.user, JobId::from(accepted.run));
    let answer = match delivery {
        Delivery::Json => {
            let show = async {
                if !app.jobs.show(user, job).await?.state().is_final() {
                    return Ok(None);
                }
                Ok(Some(app.calendars.outcome(user, accepted.calendar, accepted.run).await?.try_into()?))
            };
            after_submit::finished(app, request.headers(), (user, job), show)
                .await
                .map(|shown| app.about_jobs(shown))
                .map(Answer::Finished)
        }
        Delivery::Stream(encoding, permit) => {
            after_submit::log(app, caller, job, (encoding, permit)).await.map(Into::into)
        }
    };
    let location = format!("/v1/jobs/{job}");
    let replayed = accepted.replayed.then(|| "true".to_owned());
    let (policy, left) = app.limits.bucket(Kind::GenerateCalendar).values(accepted.limit);
    match answer {
        Some(answer) => Submitted::Now(answer, Some(location), replayed, Some(policy), Some(left)),
        None => Submitted::Accepted(app.about_jobs(pending(&accepted)), location, replayed, policy, left),
    }
}

fn pending(accepted: &Accepted) -> RunAccepted {
    let job = JobId::from(accepted.run);
    let urls = Urls::of_job(job);
    RunAccepted {
        run_id: accepted.run.to_string(),
        calendar_id: accepted.calendar.to_string(),
        version: accepted.version,
        status: "pending".into(),
        urls: urls.about("calendar", &accepted.calendar.to_string()),
    }
}
