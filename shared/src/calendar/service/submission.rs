//! Asking for a run: a request is read, and accepted with everything that belongs to it in one commit, or refused.
//! Part of the use-cases beside this; what a dry run would change is asked here too, because nothing is accepted for it.

use anyhow::Context;
use serde_json::Value;

use super::{Calendars, diff};
use crate::{
    calendar::{
        Slot,
        rules::{CalendarRequest, RequestBody},
        slots,
        store::{self, NewRun, Submitted},
        task,
    },
    jobs::{
        Lane,
        submission::{LockWait, SubmitError},
    },
    platform::{
        error::{LimitState, Refusal, Work},
        faults::{self, Point},
        id::{CalendarId, JobId, RunId, UserId},
    },
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

impl Calendars {
    /// Checks a request: its words, its rules, its size.
    ///
    /// # Errors
    /// `InvalidFields`, or refused by a rule.
    pub fn read(&self, body: RequestBody) -> Result<Order, Refusal> {
        let request = CalendarRequest::parse(body.clone())?;
        let slots = slots::compute(&request, self.settings.max_slots)?;
        Ok(Order { body, request, slots })
    }

    /// Accepts a run: limit, key, slot, calendar, version and job in one commit, then rings.
    ///
    /// # Errors
    /// Missing calendar, another run active, limited, key reused or in progress, or the store is unavailable. Then
    /// nothing is stored and nothing enqueued, except perhaps with [`Refusal::Unconfirmed`].
    pub async fn submit(&self, submission: Submission) -> Result<Accepted, Refusal> {
        let new = new_run(submission)?;
        // Before it is sent: a client that leaves ends this request at any moment.
        self.sent.add(&new);
        let accepted = self.send(&new).await;
        match &accepted {
            Ok(accepted) => self.sent.accepted(&new, accepted.run),
            Err(Refusal::Unconfirmed { .. }) => {}
            Err(_) => self.sent.refused(&new),
        }
        accepted
    }

    /// The run that this process has, or may have, submitted for a request with this key.
    pub fn sent(&self, user: UserId, key: Option<&(String, [u8; 32])>) -> Option<RunId> {
        self.sent.run(user, &key?.0)
    }

    async fn send(&self, new: &NewRun) -> Result<Accepted, Refusal> {
        let mut pinned = self.database.single_submit_connection();
        let mut lock = LockWait::start();
        let unaccepted = |error: SubmitError| error.refusal(Work::Job(new.id));
        let mut submitted = store::submit(&mut pinned, new).await.map_err(unaccepted)?;
        while lock.again(&submitted.outcome, &mut pinned).await {
            submitted = store::submit(&mut pinned, new).await.map_err(unaccepted)?;
        }
        let accepted = to_result(new, submitted)?;
        if !accepted.replayed {
            faults::pass(Point::AcceptedBeforeRing);
            self.bell.ring(Lane::Calendar, JobId::from(accepted.run), new.trace.clone());
        }
        faults::pass(Point::AcceptedBeforeAnswer);
        Ok(accepted)
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

fn new_run(submission: Submission) -> Result<NewRun, Refusal> {
    let Submission { user, order, model, key, trace, request_id } = submission;
    let (key, fingerprint) = key.map(|(key, print)| (key, print.to_vec())).unzip();
    let request = order.request;
    Ok(NewRun {
        user,
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
        trace,
        request_id,
    })
}

fn to_result(new: &NewRun, submitted: Submitted) -> Result<Accepted, Refusal> {
    let (limit, run) = (submitted.outcome.limit(), submitted.outcome.job.unwrap_or(new.id));
    Ok(Accepted {
        replayed: submitted.outcome.replayed()?,
        run: RunId::from(run),
        calendar: submitted.calendar.unwrap_or(new.calendar),
        version: submitted.version,
        limit,
    })
}
