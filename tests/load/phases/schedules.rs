//! What the scheduler costs beside 100,000 schedules: a tick that finds nothing due, and 1,000 schedules that come due in
//! the same moment, from the tick that sees them to the last job. Held against what the product promised itself.

use std::time::Duration;

use anyhow::{Context, ensure};
use sqlx::PgPool;
use tokio::time::Instant;

use super::stack;
use crate::{
    Knobs,
    figures::{Latencies, Report, Yardstick},
};

/// Schedules whose next fire is not due.
const WAITING: i32 = 100_000;
/// Schedules that come due together.
const DUE: i32 = 1_000;
/// What a tick with nothing due may cost, milliseconds.
const PROMISED_TICK: f64 = 5.0;
/// In what time the due schedules may be enqueued, milliseconds.
const PROMISED_FIRES: f64 = 2_000.0;
/// A tick and the fires, on a slow machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A person with a theme and a daily schedule each; half of the schedules name a zone. Next fire: in one to two days.
const FILL: &str = "
    WITH people AS (SELECT gen_random_uuid() AS id, n FROM generate_series(1, $1) AS n),
         themes AS (INSERT INTO almanac.themes (id, user_id, name, description, language)
                    SELECT p.id, p.id, 'Load', '', 'en' FROM people p)
    INSERT INTO almanac.theme_schedules (theme_id, user_id, days, time_utc, timezone, time_local, next_fire_date,
                                         next_fire_at, zone_data)
    SELECT p.id, p.id, '[\"mon\",\"tue\",\"wed\",\"thu\",\"fri\",\"sat\",\"sun\"]', to_char(t.at, 'HH24:MI'),
           CASE n % 2 WHEN 0 THEN 'Europe/Paris' END,
           CASE n % 2 WHEN 0 THEN to_char(t.at + interval '1 hour', 'HH24:MI') END, t.at::date + 1,
           t.at AT TIME ZONE 'UTC' + interval '1 day', '9999z'
      FROM people p
     CROSS JOIN LATERAL (SELECT date_trunc('minute', clock_timestamp() AT TIME ZONE 'UTC') + (n % 1440) * interval '1 min' AS at) t";

/// Schedules of the same minute, which has passed.
const COME_DUE: &str = "
    UPDATE almanac.theme_schedules
       SET timezone = NULL, time_local = NULL,
           time_utc = to_char((clock_timestamp() - interval '1 minute') AT TIME ZONE 'UTC', 'HH24:MI'),
           next_fire_date = ((clock_timestamp() - interval '1 minute') AT TIME ZONE 'UTC')::date,
           next_fire_at = date_trunc('minute', clock_timestamp() - interval '1 minute')
     WHERE id IN (SELECT id FROM almanac.theme_schedules ORDER BY id LIMIT $1)";

pub async fn run(knobs: &Knobs, mut report: Report) -> anyhow::Result<()> {
    // A worker that fires and runs no synthesis.
    let stack = stack()
        .workers(knobs.workers)
        .worker_env("WORKER_CONCURRENCY", "flashcards=1")
        .worker_env("SCHEDULER_TICK_SECONDS", "15")
        .start()
        .await;
    let admin = stack.admin().await;
    sqlx::query(FILL).bind(WAITING).execute(&admin).await.context("making schedules")?;
    sqlx::raw_sql("VACUUM (ANALYZE)").execute(&admin).await.context("analysing")?;

    let worker = stack.as_worker().await;
    let mut ticks = Latencies::default();
    for round in 0..knobs.repeats + 3 {
        let began = Instant::now();
        let found: i64 = sqlx::query_scalar("SELECT count(*) FROM almanac.due_fires(50, '{}', '2026a')")
            .fetch_one(&worker)
            .await
            .context("looking for due schedules")?;
        ensure!(found == 0, "{found} schedules are due");
        if round >= 3 {
            ticks.add(began.elapsed());
        }
    }
    let promised = Some(("what was promised", [PROMISED_TICK; 2]));
    report.latencies("a tick with nothing due beside 100,000", &mut ticks, promised)?;

    sqlx::query(COME_DUE).bind(DUE).execute(&admin).await.context("making schedules due")?;
    let took = enqueued(&admin).await?;
    let promised = Yardstick::of("promised", Some(PROMISED_FIRES));
    report.figure("1,000 due schedules, first to last job", took, "ms", promised)
}

/// From the first fire's row to the last job, by the database's clock, in milliseconds.
async fn enqueued(admin: &PgPool) -> anyhow::Result<f64> {
    let began = Instant::now();
    loop {
        let (jobs, took): (i64, Option<f64>) = sqlx::query_as(
            "SELECT count(*), (extract(epoch FROM max(j.created_at) - min(r.created_at)) * 1000)::float8
               FROM almanac.schedule_runs r JOIN almanac.jobs j ON j.id = r.job_id",
        )
        .fetch_one(admin)
        .await
        .context("counting jobs")?;
        if jobs == i64::from(DUE) {
            return took.context("no time");
        }
        ensure!(began.elapsed() < PATIENCE, "only {jobs} schedules fired");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
