//! AI calendars: the use-cases, each in a person's name. Called by the API's routes.
//! It never lets a run change what a person wrote, and never answers for what is not theirs.

use anyhow::{Context, anyhow};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{
    Calendar, Content, Entry, Field, Made, Run, Slot,
    diff::{self, AcceptBody},
    edits,
    rules::{self, CalendarRequest, RequestBody},
    slots,
    store::{self, NewRun, Outcome},
};
use crate::{
    config::CalendarSettings,
    db::{Database, UserTx},
    error::{ActiveJob, LimitState, Refusal},
    faults::{self, Point},
    id::{CalendarId, EntryId, JobId, RunId, UserId},
    jobs::{Kind, Lane},
    merge::{Accepted as Merged, Generated, Record},
    queue::Bell,
};

/// The prompt of new runs.
const PROMPT_VERSION: &str = "v1";

/// The use-cases and what they stand on.
#[derive(Clone, Debug)]
pub struct Calendars {
    database: Database,
    bell: Bell,
    settings: CalendarSettings,
}

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

/// What an accept did, and what there is after it.
#[derive(Clone, Debug)]
pub struct Taken {
    /// What the merge did.
    pub merged: Merged<Field>,
    /// The calendar's entries now, by date.
    pub entries: Vec<Entry>,
}

impl Calendars {
    /// Over these.
    pub const fn new(database: Database, bell: Bell, settings: CalendarSettings) -> Self {
        Self { database, bell, settings }
    }

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
    /// stored and nothing enqueued.
    pub async fn submit(&self, submission: Submission) -> Result<Accepted, Refusal> {
        let (user, trace) = (submission.user, submission.trace.clone());
        let new = self.new_run(submission)?;
        let mut tx = self.database.as_user(user).await?;
        let outcome = store::submit(&mut tx, &new).await.map_err(|error| refused(error, new.key.is_some()))?;
        let accepted = judge(&new, outcome)?;
        tx.commit().await?;
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
            title: request.title,
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
        let made = super::task::dry_run(&order.request, &order.slots);
        let made = made.into_iter().map(|(key, content)| (key, content.generated_fields()));
        let run = diff::generated(&order.slots, made);
        Ok(Some(diff::wire(&diff::diff(&order.request, &saved, &run))?))
    }

    /// Calendars, newest first.
    ///
    /// # Errors
    /// The store is away.
    pub async fn list(
        &self,
        user: UserId,
        after: Option<(DateTime<Utc>, CalendarId)>,
        limit: i64,
    ) -> Result<Vec<Calendar>, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let found = store::calendars(&mut tx, after, limit).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// One calendar with its latest saved entries, by date.
    ///
    /// # Errors
    /// Missing or not theirs.
    pub async fn show(&self, user: UserId, id: CalendarId) -> Result<(Calendar, Vec<Entry>), Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let calendar = store::calendar(&mut tx, id).await?.ok_or(Refusal::NotFound)?;
        let entries = shown(store::entries(&mut tx, id).await?);
        tx.commit().await?;
        Ok((calendar, entries))
    }

    /// Gives a calendar another name, or none.
    ///
    /// # Errors
    /// Missing or not theirs.
    pub async fn rename(&self, user: UserId, id: CalendarId, title: Option<&str>) -> Result<Calendar, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        if !store::rename(&mut tx, id, title).await? {
            return Err(Refusal::NotFound);
        }
        let calendar = store::calendar(&mut tx, id).await?.ok_or(Refusal::NotFound)?;
        tx.commit().await?;
        Ok(calendar)
    }

    /// Removes a calendar with its runs and entries.
    ///
    /// # Errors
    /// Missing or not theirs; or a run of it has not ended: it is cancelled first.
    pub async fn delete(&self, user: UserId, id: CalendarId) -> Result<(), Refusal> {
        let mut tx = self.locked(user, id).await?.0;
        if let Some(job) = store::active_run(&mut tx, id).await? {
            return Err(Refusal::AlreadyRunning(active(job)));
        }
        store::delete(&mut tx, id).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Adds an entry by hand.
    ///
    /// # Errors
    /// Missing or not theirs; or malformed.
    pub async fn add_entry(&self, user: UserId, id: CalendarId, body: &Map<String, Value>) -> Result<Entry, Refusal> {
        let (mut tx, timezone) = self.locked(user, id).await?;
        let content = edits::by_hand(body, rules::zone(&timezone)?)?;
        let key = edits::hand_key(&content.channel, content.date, &store::keys(&mut tx, id).await?);
        let edited = edits::patch(body)?.into_keys().collect();
        let record = Record { version: 1, fields: content.fields(), edited, base: None, deleted: false };
        let entry = EntryId::fresh();
        store::write(&mut tx, user, id, &[(entry, &key.to_string(), &record)]).await?;
        let entry = store::entry_for_update(&mut tx, id, entry).await?.context("reading an entry just added")?;
        tx.commit().await?;
        Ok(entry)
    }

    /// Changes an entry; what is sent is a person's from then on.
    ///
    /// # Errors
    /// Missing, not theirs or deleted; not of the version expected; or malformed.
    pub async fn edit_entry(
        &self,
        user: UserId,
        calendar: CalendarId,
        id: EntryId,
        body: &Map<String, Value>,
        expected: impl FnOnce(i64) -> bool,
    ) -> Result<Entry, Refusal> {
        let (mut tx, entry) = self.entry(user, calendar, id, expected).await?;
        let patch = edits::patch(body)?;
        let mut record = diff::record(&entry);
        if record.edit(patch) {
            Content::from_fields(&record.fields).context("reading an edited entry")?;
            store::write(&mut tx, user, calendar, &[(id, &entry.key.to_string(), &record)]).await?;
        }
        let entry = store::entry_for_update(&mut tx, calendar, id).await?.context("reading an edited entry")?;
        tx.commit().await?;
        Ok(entry)
    }

    /// Deletes an entry; a tombstone keeps runs from reviving it.
    ///
    /// # Errors
    /// Missing, not theirs or deleted; or not of the version expected.
    pub async fn delete_entry(
        &self,
        user: UserId,
        calendar: CalendarId,
        id: EntryId,
        expected: impl FnOnce(i64) -> bool,
    ) -> Result<(), Refusal> {
        let (mut tx, entry) = self.entry(user, calendar, id, expected).await?;
        let mut record = diff::record(&entry);
        record.delete();
        store::write(&mut tx, user, calendar, &[(id, &entry.key.to_string(), &record)]).await?;
        tx.commit().await?;
        Ok(())
    }

    /// A calendar's runs, newest first.
    ///
    /// # Errors
    /// Missing or not theirs.
    pub async fn runs(
        &self,
        user: UserId,
        calendar: CalendarId,
        before: Option<i32>,
        limit: i64,
    ) -> Result<Vec<Run>, Refusal> {
        let mut tx = self.owned(user, calendar).await?;
        let found = store::runs(&mut tx, calendar, before, limit).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// One run with what it made, as generated.
    ///
    /// # Errors
    /// Missing or not theirs.
    pub async fn run(&self, user: UserId, calendar: CalendarId, id: RunId) -> Result<(Run, Vec<Made>), Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let run = store::run(&mut tx, calendar, id).await?.ok_or(Refusal::NotFound)?;
        let made = store::made(&mut tx, id).await?;
        tx.commit().await?;
        Ok((run, made))
    }

    /// What accepting a run would change now.
    ///
    /// # Errors
    /// Missing or not theirs.
    pub async fn diff(&self, user: UserId, calendar: CalendarId, id: RunId) -> Result<Value, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let (run, made) = (store::run(&mut tx, calendar, id).await?, store::made(&mut tx, id).await?);
        let run = run.ok_or(Refusal::NotFound)?;
        let saved = diff::saved(&store::entries(&mut tx, calendar).await?);
        tx.commit().await?;
        let (request, generated) = generated(&run, &made)?;
        Ok(diff::wire(&diff::diff(&request, &saved, &generated))?)
    }

    /// Takes from a run what is chosen; what a person wrote stays unless it is named. Accepting again changes nothing.
    ///
    /// # Errors
    /// Missing or not theirs; the run has not ended; or the choice is malformed.
    pub async fn accept(
        &self,
        user: UserId,
        calendar: CalendarId,
        id: RunId,
        body: AcceptBody,
    ) -> Result<Taken, Refusal> {
        let (mut tx, _) = self.locked(user, calendar).await?;
        let run = store::run(&mut tx, calendar, id).await?.ok_or(Refusal::NotFound)?;
        let choice = diff::choice(body)?;
        if run.finished_at.is_none() {
            return Err(Refusal::NotFinal(active(JobId::from(id))));
        }
        let made = store::made(&mut tx, id).await?;
        store::lock_entries(&mut tx, calendar).await?;
        let entries = store::entries(&mut tx, calendar).await?;
        let (request, generated) = generated(&run, &made)?;
        let merged = diff::accept(&request, diff::saved(&entries), &generated, &choice);
        let changed = merged.added.iter().chain(&merged.updated).filter_map(|key| {
            let known = entries.iter().find(|entry| entry.key.to_string() == *key).map(|entry| entry.id);
            let id = known.or_else(|| made.iter().find(|made| made.key.to_string() == *key).map(|made| made.entry_id));
            Some((id?, key.as_str(), merged.saved.get(key)?))
        });
        store::write(&mut tx, user, calendar, &changed.collect::<Vec<_>>()).await?;
        store::remove(&mut tx, calendar, &merged.removed).await?;
        let entries = shown(store::entries(&mut tx, calendar).await?);
        tx.commit().await?;
        Ok(Taken { merged, entries })
    }

    async fn owned(&self, user: UserId, id: CalendarId) -> Result<UserTx, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        store::calendar(&mut tx, id).await?.ok_or(Refusal::NotFound)?;
        Ok(tx)
    }

    async fn locked(&self, user: UserId, id: CalendarId) -> Result<(UserTx, String), Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let timezone = store::lock(&mut tx, id).await?.ok_or(Refusal::NotFound)?;
        Ok((tx, timezone))
    }

    async fn entry(
        &self,
        user: UserId,
        calendar: CalendarId,
        id: EntryId,
        expected: impl FnOnce(i64) -> bool,
    ) -> Result<(UserTx, Entry), Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let entry = store::entry_for_update(&mut tx, calendar, id).await?;
        let entry = entry.filter(|entry| !entry.deleted).ok_or(Refusal::NotFound)?;
        if !expected(entry.version) {
            return Err(Refusal::VersionMismatch { current: entry.version });
        }
        Ok((tx, entry))
    }
}

/// What people see: no tombstones, by date and time.
fn shown(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.retain(|entry| !entry.deleted);
    entries.sort_by_cached_key(|entry| (entry.content.scheduled_at(), entry.key.to_string()));
    entries
}

fn generated(run: &Run, made: &[Made]) -> anyhow::Result<(CalendarRequest, Generated<Field>)> {
    let (request, slots) = run.order()?;
    let made = made.iter().map(|made| (made.key.clone(), made.fields.clone()));
    Ok((request, diff::generated(&slots, made)))
}

fn active(id: JobId) -> ActiveJob {
    ActiveJob { id, kind: Kind::GenerateCalendar.as_str().to_owned() }
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
