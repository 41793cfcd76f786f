//! Asking for a run: a request is read, and accepted with everything that belongs to it in one commit, or refused.
//! Part of the use-cases beside this; what a dry run would change is asked here too, because nothing is accepted for it.

use anyhow::{Context, anyhow};
use serde_json::Value;

use super::{Calendars, diff};
use crate::{
    calendar::{
        Slot,
        rules::{CalendarRequest, RequestBody},
        slots,
        store::{self, NewRun, Outcome},
        task,
    },
    error::{ActiveJob, LimitState, Refusal},
    faults::{self, Point},
    id::{CalendarId, JobId, RunId, UserId},
    jobs::Lane,
};

/// The prompt of new runs.
const PROMPT_VERSION: &str = "v1";

/// A request for a run, every word of it checked.
#[derive(Clone, Debug)]
pub struct Order {
    /// As it was sent: kept with the run.
    pub body: RequestBody,
    /// As it was read.
    pub request: CalendarRequest,
    /// What it asks for.
    pub slots: Vec<Slot>,
}

/// Who asks, and what comes with the asking.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Who asks.
    pub user: UserId,
    /// What for.
    pub order: Order,
    /// The model.
    pub model: String,
    /// The idempotency key, and the fingerprint of the body it came with.
    pub key: Option<(String, [u8; 32])>,
    /// W3C traceparent.
    pub trace: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
}

/// An accepted run.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The run; an earlier one when the request is a replay.
    pub run: RunId,
    /// Its calendar.
    pub calendar: CalendarId,
    /// Its version; none for a replay whose calendar was deleted since.
    pub version: Option<i32>,
    /// Whether an earlier request with the same key was answered again.
    pub replayed: bool,
    /// Where the limit stands now.
    pub limit: LimitState,
}

/// Why a run was not accepted, or may not have been.
#[derive(Debug)]
pub enum Unaccepted {
    /// Nothing is stored and nothing enqueued.
    Refused(Refusal),
    /// The commit was sent and nothing came back: whether the run is stored, only the store knows.
    Unsure(anyhow::Error),
}

impl From<Refusal> for Unaccepted {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<sqlx::Error> for Unaccepted {
    fn from(error: sqlx::Error) -> Self {
        Self::Refused(error.into())
    }
}

impl Calendars {
    /// Checks a request: its words, its rules, its size.
    ///
    /// # Errors
    /// Malformed, or refused by a rule.
    pub fn read(&self, body: RequestBody) -> Result<Order, Refusal> {
        let request = CalendarRequest::parse(body.clone())?;
        let slots = slots::compute(&request, self.settings.max_slots)?;
        Ok(Order { body, request, slots })
    }

    /// Accepts a run: limit, key, slot, calendar, version and job in one commit, then rings.
    ///
    /// # Errors
    /// Missing calendar, another run active, limited, key reused or in progress, or the store is away. Then nothing is
    /// stored and nothing enqueued, unless the store went away at the commit.
    pub async fn submit(&self, submission: Submission) -> Result<Accepted, Unaccepted> {
        let (user, trace) = (submission.user, submission.trace.clone());
        let new = self.new_run(submission)?;
        let mut tx = self.database.as_user(user).await?;
        let outcome = store::submit(&mut tx, &new).await.map_err(|error| refused(error, new.key.is_some()))?;
        let accepted = judge(&new, outcome)?;
        tx.commit().await.map_err(uncommitted)?;
        if !accepted.replayed {
            faults::pass(Point::AcceptedBeforeRing);
            self.bell.ring(Lane::Calendar, JobId::from(accepted.run), trace);
        }
        faults::pass(Point::AcceptedBeforeAnswer);
        Ok(accepted)
    }

    fn new_run(&self, submission: Submission) -> Result<NewRun, Refusal> {
        let Submission { user: _, order, model, key, trace, request_id } = submission;
        let (key, fingerprint) = key.map(|(key, print)| (key, print.to_vec())).unzip();
        let request = order.request;
        Ok(NewRun {
            id: JobId::fresh(),
            calendar: request.calendar_id.unwrap_or_else(CalendarId::fresh),
            first: request.calendar_id.is_none(),
            title: Some(request.title.clone().unwrap_or_else(|| request.name())),
            timezone: request.zone.name().to_owned(),
            request: serde_json::to_value(&order.body).context("writing a request")?,
            slots: i32::try_from(order.slots.len()).unwrap_or(i32::MAX),
            plan: request.plan_id,
            model,
            prompt_version: PROMPT_VERSION.to_owned(),
            key,
            fingerprint,
            limit: i32::try_from(self.settings.rate.count).unwrap_or(i32::MAX),
            window: i32::try_from(self.settings.rate.seconds).unwrap_or(i32::MAX),
            time_limit: self.settings.timeout,
            trace,
            request_id,
        })
    }

    /// What a request's dry run would change, for a request that names a calendar.
    ///
    /// # Errors
    /// The calendar is missing or not theirs.
    pub async fn dry_diff(&self, user: UserId, order: &Order) -> Result<Option<Value>, Refusal> {
        let Some(calendar) = order.request.calendar_id else { return Ok(None) };
        let mut tx = self.owned(user, calendar).await?;
        let saved = diff::saved(&store::entries(&mut tx, calendar).await?);
        tx.commit().await?;
        let made = task::dry_run(&order.request, &order.slots);
        let made = made.into_iter().map(|(key, content)| (key, content.generated_fields()));
        let run = diff::generated(&order.slots, made);
        Ok(Some(diff::wire(&diff::diff(&order.request, &saved, &run))?))
    }
}

fn uncommitted(error: sqlx::Error) -> Unaccepted {
    match Refusal::from(error) {
        Refusal::StoreUnavailable(cause) => Unaccepted::Unsure(cause.context("committing a run")),
        refusal => Unaccepted::Refused(refusal),
    }
}

/// A lock that did not come within two seconds: the twin is still being accepted.
fn refused(error: sqlx::Error, keyed: bool) -> Refusal {
    let code = error.as_database_error().and_then(|db| db.code()).unwrap_or_default();
    if keyed && code == "55P03" { Refusal::KeyInProgress } else { error.into() }
}

fn judge(new: &NewRun, outcome: Outcome) -> Result<Accepted, Refusal> {
    let limit = LimitState {
        remaining: outcome.remaining.and_then(|n| n.try_into().ok()).unwrap_or(0),
        reset_seconds: outcome.reset_seconds.and_then(|n| n.try_into().ok()).unwrap_or(0),
    };
    match outcome.outcome.as_str() {
        "new" | "replay" => Ok(Accepted {
            run: RunId::from(outcome.job.unwrap_or(new.id)),
            calendar: outcome.calendar.unwrap_or(new.calendar),
            version: outcome.version,
            replayed: outcome.outcome == "replay",
            limit,
        }),
        "missing" => Err(Refusal::NotFound),
        "reused" => Err(Refusal::KeyReused),
        "limited" => Err(Refusal::RateLimited(limit)),
        "active" => {
            let id = outcome.job.context("a slot is taken by nothing")?;
            Err(Refusal::AlreadyRunning(ActiveJob { id, kind: outcome.active_kind.unwrap_or_default() }))
        }
        other => Err(Refusal::Unexpected(anyhow!("accepting a run: {other}"))),
    }
}
