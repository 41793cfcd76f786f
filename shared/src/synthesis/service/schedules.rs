//! Schedules: read, save, delete, preview, and what became of their fires.

use anyhow::Context;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use super::Syntheses;
use crate::{
    platform::{
        db::UserTx,
        error::Refusal,
        id::{ThemeId, UserId},
    },
    synthesis::{
        Decision, StoredSchedule,
        schedule::{Fire, Schedule, ScheduleBody},
        store::{self, schedules},
    },
};

/// Most fires of a preview.
const PREVIEW_MAX: usize = 250;

/// A span of time, both ends included.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "two ends, each by its name")]
pub struct Span {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
}

impl StoredSchedule {
    /// The schedule, as a request for it would be read.
    ///
    /// # Errors
    /// The row was not written by this program.
    pub fn read(&self) -> Result<Schedule, Refusal> {
        Schedule::parse(ScheduleBody {
            enabled: self.enabled,
            days: serde_json::from_value(self.days.clone()).context("reading the days of a schedule")?,
            time_utc: self.time_utc.clone(),
            timezone: self.timezone.clone(),
            time_local: self.time_local.clone(),
            emails: serde_json::from_value(self.emails.clone()).context("reading the recipients of a schedule")?,
            catch_up_minutes: self.catch_up_minutes.map(Into::into),
        })
    }
}

impl Syntheses {
    /// The schedule of a theme, if it has one.
    ///
    /// # Errors
    /// The theme is missing or not theirs.
    pub async fn schedule(&self, user: UserId, theme: ThemeId) -> Result<Option<StoredSchedule>, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        if !store::has_theme(&mut tx, theme).await? {
            return Err(Refusal::NotFound);
        }
        let found = schedules::schedule(&mut tx, theme).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Saves the schedule of a theme, if the version of the one it has is `expected`. A fire of today whose time has passed
    /// is due at once, unless the theme has fired today.
    ///
    /// # Errors
    /// The theme is missing or not theirs; or its schedule is of another version.
    pub async fn save_schedule(
        &self,
        user: UserId,
        theme: ThemeId,
        expected: impl FnOnce(Option<i64>) -> bool + Send,
        schedule: &Schedule,
    ) -> Result<StoredSchedule, Refusal> {
        let mut tx = self.locked(user, theme, expected).await?;
        let (now, last_fired) = schedules::clock(&mut tx, theme).await?;
        let next = schedule.recurrence().first(now, last_fired);
        let stored = schedules::upsert(&mut tx, user, theme, schedule, next).await?;
        tx.commit().await?;
        Ok(stored)
    }

    /// Removes the schedule of a theme, if its version is `expected`; a theme that has none is left as it is.
    ///
    /// # Errors
    /// The theme is missing or not theirs; or its schedule is of another version.
    pub async fn delete_schedule(
        &self,
        user: UserId,
        theme: ThemeId,
        expected: impl FnOnce(Option<i64>) -> bool + Send,
    ) -> Result<(), Refusal> {
        let mut tx = self.locked(user, theme, expected).await?;
        schedules::delete(&mut tx, theme).await?;
        tx.commit().await?;
        Ok(())
    }

    /// A transaction in which the schedule of a theme is of the expected version. The scheduler locks the theme too: a fire
    /// is before the change or after it.
    async fn locked(
        &self,
        user: UserId,
        theme: ThemeId,
        expected: impl FnOnce(Option<i64>) -> bool + Send,
    ) -> Result<UserTx, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        store::lock(&mut tx, theme).await?.then_some(()).ok_or(Refusal::NotFound)?;
        let current = schedules::schedule(&mut tx, theme).await?.map(|stored| stored.version());
        if expected(current) { Ok(tx) } else { Err(Refusal::VersionMismatch { current }) }
    }

    /// When the schedule of a theme fires in a span of time, and its zone: at most 250 fires. A fire that is due at `now` and
    /// was not handled yet counts as one of that moment. Empty without a schedule, or while it is off.
    ///
    /// # Errors
    /// The theme is missing or not theirs.
    pub async fn preview(
        &self,
        user: UserId,
        theme: ThemeId,
        span: Span,
        now: DateTime<Utc>,
    ) -> Result<(Vec<Fire>, Tz), Refusal> {
        let Some(stored) = self.schedule(user, theme).await?.filter(|stored| stored.enabled) else {
            return Ok((Vec::new(), Tz::UTC));
        };
        let recurrence = stored.read()?.recurrence();
        let next = stored.next_fire_date.zip(stored.next_fire_at).map(|(date, at)| Fire { date, at });
        let Some(next) = next else { return Ok((Vec::new(), recurrence.zone)) };
        let from =
            next.date.max(span.from.with_timezone(&recurrence.zone).date_naive().pred_opt().unwrap_or(next.date));
        let to = span.to.with_timezone(&recurrence.zone).date_naive();
        let inside = |fire: &Fire| {
            let at = if *fire == next { fire.at.max(now.min(span.to)) } else { fire.at };
            (span.from..=span.to).contains(&at)
        };
        // Up to two of these dates lie before the span, in its zone.
        let later = recurrence.between(from, to, PREVIEW_MAX + 2).filter(|fire| fire.date > next.date);
        let fires = std::iter::once(next).chain(later).filter(inside).take(PREVIEW_MAX).collect();
        Ok((fires, recurrence.zone))
    }

    /// What became of the fires of a theme, newest first.
    ///
    /// # Errors
    /// The theme is missing or not theirs.
    pub async fn decisions(
        &self,
        user: UserId,
        theme: ThemeId,
        before: Option<NaiveDate>,
        limit: i64,
    ) -> Result<Vec<Decision>, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        if !store::has_theme(&mut tx, theme).await? {
            return Err(Refusal::NotFound);
        }
        let found = schedules::decisions(&mut tx, theme, before, limit).await?;
        tx.commit().await?;
        Ok(found)
    }
}
