//! Fires of schedules: the SQL of the scheduler. Due is decided by the database's clock. Called by the worker's scheduler;
//! decides nothing.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::super::{
    PROMPT_VERSION, StoredSchedule,
    schedule::{Fire, zone_data_version},
};
use crate::platform::{
    db::Service,
    id::{JobId, ThemeId, UserId},
};

/// A schedule that has to be looked at.
#[derive(Clone, Debug)]
pub struct DueSchedule {
    /// The schedule.
    pub schedule: StoredSchedule,
    /// Its owner.
    pub user_id: UserId,
    /// Whether its next fire is due. If not, its next fire was computed with older data of the zones.
    pub is_due: bool,
    /// What time it is.
    pub now: DateTime<Utc>,
}

/// One fire of a schedule, for [`fire`].
#[derive(Clone, Debug)]
pub struct NewFire {
    /// Id of the schedule.
    pub schedule: Uuid,
    /// The next fire that the caller saw on it.
    pub seen: DateTime<Utc>,
    /// The fire.
    pub fire: Fire,
    /// End of its catch-up window; `None`: it is never missed.
    pub start_until: Option<DateTime<Utc>>,
    /// Name of the schedule's zone.
    pub zone: String,
    /// The fire after it.
    pub next: Option<Fire>,
    /// Id of its synthesis.
    pub job: JobId,
}

/// What became of a fire.
#[derive(Clone, Debug)]
pub struct Fired {
    /// Place among the fires, from 0.
    pub place: usize,
    /// started, missed, skipped, busy, known, held or gone, as `almanac.fire_schedules` says.
    pub outcome: String,
    /// Its owner.
    pub user_id: Option<UserId>,
    /// Its theme.
    pub theme_id: Option<ThemeId>,
}

/// A further attempt of a fire.
#[derive(Clone, Debug)]
pub struct Retried {
    /// started, skipped, busy or held.
    pub outcome: String,
    /// Its owner.
    pub user_id: UserId,
    /// Its theme.
    pub theme_id: ThemeId,
    /// Id of its synthesis, if it was started.
    pub job: JobId,
}

/// Schedules to look at, the oldest fires first, without those named; and whether fires wait for an attempt that is due.
pub async fn due(service: &Service, max: i32, except: &[Uuid]) -> sqlx::Result<(Vec<DueSchedule>, bool)> {
    let rows = sqlx::query!(
        r#"
        SELECT (schedule).id,  (schedule).theme_id AS "theme_id: ThemeId", (schedule).user_id AS "user_id: UserId",
               (schedule).enabled, (schedule).days, (schedule).time_utc,
               (schedule).emails, (schedule).timezone, (schedule).time_local, (schedule).catch_up_minutes,
               (schedule).last_run_at, (schedule).saved_at, (schedule).next_fire_date,
               (schedule).next_fire_at, is_due AS "is_due!", now AS "now!"
          FROM almanac.due_fires($1, $2, $3)
        "#,
        max,
        except,
        zone_data_version()
    )
    .fetch_all(service.work())
    .await?;
    let has_retries = rows.iter().any(|row| row.id.is_none());
    let due = rows.into_iter().filter_map(|row| {
        Some(DueSchedule {
            schedule: StoredSchedule {
                id: row.id?,
                theme_id: row.theme_id?,
                enabled: row.enabled?,
                days: row.days?,
                time_utc: row.time_utc?,
                emails: row.emails?,
                timezone: row.timezone,
                time_local: row.time_local,
                catch_up_minutes: row.catch_up_minutes,
                last_run_at: row.last_run_at,
                saved_at: row.saved_at?,
                next_fire_date: row.next_fire_date,
                next_fire_at: row.next_fire_at,
            },
            user_id: row.user_id?,
            is_due: row.is_due,
            now: row.now,
        })
    });
    Ok((due.collect(), has_retries))
}

/// Fires schedules in one statement, each for itself.
pub async fn fire(service: &Service, fires: &[NewFire], model: &str) -> sqlx::Result<Vec<Fired>> {
    fn column<T>(fires: &[NewFire], of: impl Fn(&NewFire) -> T) -> Vec<T> {
        fires.iter().map(of).collect()
    }
    let rows = sqlx::query!(
        r#"
        SELECT n AS "n!", outcome AS "outcome!", user_id AS "user_id: UserId", theme_id AS "theme_id: ThemeId"
          FROM almanac.fire_schedules(
               $1, $2, $3, $4,
               ARRAY(SELECT coalesce(u.until, 'infinity')
                       FROM unnest($5::timestamptz[]) WITH ORDINALITY AS u (until, place) ORDER BY u.place),
               $6, $7, $8, $9, $10, $11, $12)
        "#,
        &column(fires, |new| new.schedule),
        &column(fires, |new| new.seen),
        &column(fires, |new| new.fire.date),
        &column(fires, |new| new.fire.at),
        &column(fires, |new| new.start_until) as &[Option<DateTime<Utc>>],
        &column(fires, |new| new.zone.clone()),
        &column(fires, |new| new.next.map(|fire| fire.date)) as &[Option<NaiveDate>],
        &column(fires, |new| new.next.map(|fire| fire.at)) as &[Option<DateTime<Utc>>],
        zone_data_version(),
        &column(fires, |new| new.job.0),
        model,
        PROMPT_VERSION
    )
    .fetch_all(service.work())
    .await?;
    let fired = rows.into_iter().map(|row| Fired {
        place: usize::try_from(row.n - 1).unwrap_or(usize::MAX),
        outcome: row.outcome,
        user_id: row.user_id,
        theme_id: row.theme_id,
    });
    Ok(fired.collect())
}

/// Starts the next attempt of fires that wait for it, at most as many as there are ids.
pub async fn retry(service: &Service, jobs: &[JobId], model: &str) -> sqlx::Result<Vec<Retried>> {
    let jobs: Vec<Uuid> = jobs.iter().map(|job| job.0).collect();
    sqlx::query_as!(
        Retried,
        r#"
        SELECT outcome AS "outcome!", user_id AS "user_id!: UserId", theme_id AS "theme_id!: ThemeId", job_id AS "job!: JobId"
          FROM almanac.retry_fires($1, $2, $3)
        "#,
        &jobs,
        model,
        PROMPT_VERSION
    )
    .fetch_all(service.work())
    .await
}

/// Writes the next fire of a schedule, unless it is not as the caller saw it.
pub async fn set_next(
    service: &Service,
    schedule: Uuid,
    seen: Option<DateTime<Utc>>,
    next: Option<Fire>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        UPDATE almanac.theme_schedules
           SET next_fire_date = $3, next_fire_at = $4, zone_data = $5
         WHERE ctid = ANY (ARRAY(SELECT s.ctid FROM almanac.theme_schedules s
                                  WHERE s.id = $1 AND s.next_fire_at IS NOT DISTINCT FROM $2
                                    FOR NO KEY UPDATE SKIP LOCKED))
        "#,
        schedule,
        seen,
        next.map(|fire| fire.date),
        next.map(|fire| fire.at),
        zone_data_version()
    )
    .execute(service.work())
    .await?;
    Ok(())
}

/// Counts for operators: fires that ended badly within the last hour, by outcome, and how late the oldest due fire is.
pub async fn health(service: &Service) -> sqlx::Result<(Vec<(String, i64)>, i64)> {
    let rows = sqlx::query!(
        r#"
        SELECT state, count(*) AS "count!" FROM almanac.schedule_runs
         WHERE state IN ('missed', 'skipped', 'failed') AND updated_at > clock_timestamp() - interval '1 hour'
         GROUP BY state
        "#
    )
    .fetch_all(service.work())
    .await?;
    let late = sqlx::query_scalar!(
        r#"
        SELECT greatest(0, extract(epoch FROM clock_timestamp() - min(next_fire_at)))::bigint AS "late"
          FROM almanac.theme_schedules WHERE enabled = true
        "#
    )
    .fetch_one(service.work())
    .await?;
    Ok((rows.into_iter().map(|row| (row.state, row.count)).collect(), late.unwrap_or_default()))
}
