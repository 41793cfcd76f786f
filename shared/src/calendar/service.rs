//! AI calendars: the use-cases. Called by the API's routes.
//! A run never overwrites a human edit unless an accept names it, and a calendar of another user counts as missing.

mod sent;
mod submission;

use anyhow::Context;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use self::sent::SentRuns;
pub use self::submission::{Accepted, Order, Submission};
use super::{
    Calendar, Content, Entry, Field, Made, Run,
    diff::{self, AcceptBody},
    edits,
    rules::{self, CalendarRequest},
    run, store,
};
use crate::{
    jobs::{Kind, queue::Bell},
    platform::{
        config::CalendarSettings,
        db::{Database, UserTx},
        error::{ActiveJob, Refusal},
        faults::{self, Guard},
        id::{CalendarId, EntryId, JobId, RunId, UserId},
    },
    values::merge::{Accepted as Merged, Generated, Record},
};

/// The use-cases and what they stand on.
#[derive(Clone, Debug)]
pub struct Calendars {
    database: Database,
    bell: Bell,
    settings: CalendarSettings,
    sent: SentRuns,
}

/// What an accept did, and what there is after it.
#[derive(Clone, Debug)]
pub struct Taken {
    /// What the merge did.
    pub merged: Merged<Field>,
    /// The calendar's entries now, by date.
    pub entries: Vec<Entry>,
}

/// What has come of a run.
#[derive(Clone, Debug)]
pub struct RunOutcome {
    /// Its calendar.
    pub calendar: Calendar,
    /// The calendar's entries now, by date.
    pub entries: Vec<Entry>,
    /// The run.
    pub run: Run,
    /// Of a regeneration: what accepting it would change now.
    pub diff: Option<Value>,
}

impl Calendars {
    /// Creates the use-cases on a database, the doorbell and settings.
    pub fn new(database: Database, bell: Bell, settings: CalendarSettings) -> Self {
        Self { database, bell, settings, sent: SentRuns::default() }
    }

    /// Calendars, newest first; those that came to nothing only with `empty`.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn list(
        &self,
        user: UserId,
        empty: bool,
        after: Option<(DateTime<Utc>, CalendarId)>,
        limit: i64,
    ) -> Result<Vec<Calendar>, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let found = store::calendars(&mut tx, empty, after, limit).await?;
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

    /// Gives a calendar another name; without one it is called after the channels and dates of its first request.
    ///
    /// # Errors
    /// Missing or not theirs.
    pub async fn rename(&self, user: UserId, id: CalendarId, title: Option<&str>) -> Result<Calendar, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let title = match title {
            Some(title) => Some(title.to_owned()),
            None => {
                store::first_request(&mut tx, id).await?.map(run::order).transpose()?.map(|(first, _)| first.name())
            }
        };
        if !store::rename(&mut tx, id, title.as_deref()).await? {
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
        let mut tx = self.database.as_user(user).await?;
        store::lock(&mut tx, id).await?.ok_or(Refusal::NotFound)?;
        if let Some(job) = store::active_run(&mut tx, id).await? {
            return Err(Refusal::AlreadyRunning(active(job)));
        }
        store::delete(&mut tx, id).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Adds an entry by hand, in a transaction of this person's that the caller commits.
    ///
    /// # Errors
    /// Missing or not theirs; or malformed.
    pub async fn add_entry(
        tx: &mut UserTx,
        user: UserId,
        id: CalendarId,
        body: &Map<String, Value>,
    ) -> Result<Entry, Refusal> {
        let timezone = store::lock(tx, id).await?.ok_or(Refusal::NotFound)?;
        let content = edits::by_hand(body, rules::zone(&timezone)?)?;
        let key = edits::hand_key(&content.channel, content.date, &store::keys(tx, id).await?);
        let edited = edits::patch(body)?.into_keys().collect();
        let record = Record { version: 1, fields: content.fields(), edited, from_run: false, deleted: false };
        let entry = EntryId::fresh();
        store::write(tx, user, id, None, &[(entry, &key.to_string(), &record)]).await?;
        Ok(store::entry_for_update(tx, id, entry).await?.context("reading an entry just added")?)
    }

    /// Changes an entry. Every field that is sent counts as edited by a person from then on.
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
            store::write(&mut tx, user, calendar, None, &[(id, &entry.key.to_string(), &record)]).await?;
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
        store::write(&mut tx, user, calendar, None, &[(id, &entry.key.to_string(), &record)]).await?;
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

    /// What has come of a run: its calendar with the entries as they are saved, the run, and for a regeneration what
    /// accepting it would change now.
    ///
    /// # Errors
    /// Missing or not theirs.
    pub async fn outcome(&self, user: UserId, calendar: CalendarId, id: RunId) -> Result<RunOutcome, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let shown_calendar = store::calendar(&mut tx, calendar).await?.ok_or(Refusal::NotFound)?;
        let (run, made) = (store::run(&mut tx, calendar, id).await?, store::made(&mut tx, id).await?);
        let run = run.ok_or(Refusal::NotFound)?;
        let entries = store::entries(&mut tx, calendar).await?;
        tx.commit().await?;
        let (request, generated) = generated(&run, &made)?;
        let diff = match request.calendar_id {
            Some(_) => Some(diff::wire(&diff::diff(&request, &diff::saved(&entries), &generated))?),
            None => None,
        };
        Ok(RunOutcome { calendar: shown_calendar, entries: shown(entries), run, diff })
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

    /// Takes the chosen changes of a run. A human edit stays unless it is named. Idempotent. Runs in a transaction of
    /// the user that the caller commits.
    ///
    /// # Errors
    /// Missing or not theirs; the run has not ended; or the choice is malformed.
    pub async fn accept(
        tx: &mut UserTx,
        user: UserId,
        calendar: CalendarId,
        id: RunId,
        body: AcceptBody,
    ) -> Result<Taken, Refusal> {
        store::lock(tx, calendar).await?.ok_or(Refusal::NotFound)?;
        let run = store::run(tx, calendar, id).await?.ok_or(Refusal::NotFound)?;
        let choice = diff::choice(body)?;
        if run.finished_at.is_none() {
            return Err(Refusal::NotFinal(active(JobId::from(id))));
        }
        let made = store::made(tx, id).await?;
        store::lock_entries(tx, calendar).await?;
        let entries = store::entries(tx, calendar).await?;
        let (request, generated) = generated(&run, &made)?;
        let merged = diff::accept(&request, diff::saved(&entries), &generated, &choice);
        let changed = merged.added.iter().chain(&merged.updated).filter_map(|key| {
            let known = entries.iter().find(|entry| entry.key.to_string() == *key).map(|entry| entry.id);
            let id = known.or_else(|| made.iter().find(|made| made.key.to_string() == *key).map(|made| made.entry_id));
            Some((id?, key.as_str(), merged.saved.get(key)?))
        });
        store::write(tx, user, calendar, Some(id), &changed.collect::<Vec<_>>()).await?;
        store::remove(tx, calendar, &merged.removed).await?;
        let entries = shown(store::entries(tx, calendar).await?);
        Ok(Taken { merged, entries })
    }

    async fn owned(&self, user: UserId, id: CalendarId) -> Result<UserTx, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        store::calendar(&mut tx, id).await?.ok_or(Refusal::NotFound)?;
        Ok(tx)
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
        if !expected(entry.version) && !faults::removed(Guard::VersionCheck) {
            return Err(Refusal::VersionMismatch { current: Some(entry.version) });
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
