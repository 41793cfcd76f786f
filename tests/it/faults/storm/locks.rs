//! Row locks of a session that is no part of the product: an operator's, or a report's that forgot its transaction.

use std::time::Duration;

use sqlx::PgPool;

/// Some rows of each table that a job needs, under the strongest lock. Rows that are locked already are left out, so this
/// session waits for no other.
const ROWS: [&str; 9] = [
    "SELECT FROM almanac.jobs WHERE state = 'queued' ORDER BY random() LIMIT 3 FOR UPDATE SKIP LOCKED",
    "SELECT FROM almanac.jobs WHERE state = 'running' ORDER BY random() LIMIT 3 FOR UPDATE SKIP LOCKED",
    "SELECT FROM almanac.ai_generations WHERE finished_at IS NULL ORDER BY random() LIMIT 3 FOR UPDATE SKIP LOCKED",
    "SELECT FROM almanac.calendar_runs WHERE finished_at IS NULL ORDER BY random() LIMIT 3 FOR UPDATE SKIP LOCKED",
    "SELECT FROM almanac.calendars c
      WHERE EXISTS (SELECT FROM almanac.calendar_runs r WHERE r.calendar_id = c.id AND r.finished_at IS NULL)
      ORDER BY random() LIMIT 3 FOR UPDATE SKIP LOCKED",
    "SELECT FROM almanac.organic_runs WHERE finished_at IS NULL ORDER BY random() LIMIT 3 FOR UPDATE SKIP LOCKED",
    "SELECT FROM almanac.submissions ORDER BY random() LIMIT 20 FOR UPDATE SKIP LOCKED",
    "SELECT FROM almanac.idempotency_keys ORDER BY random() LIMIT 20 FOR UPDATE SKIP LOCKED",
    "SELECT FROM almanac.job_kinds ORDER BY random() LIMIT 1 FOR UPDATE SKIP LOCKED",
];

/// Holds random rows for this long; returns their number.
pub async fn hold(admin: &PgPool, length: Duration) -> usize {
    let mut stranger = admin.begin().await.unwrap();
    let mut held = 0;
    for rows in ROWS {
        held += sqlx::query(rows).fetch_all(&mut *stranger).await.unwrap().len();
    }
    tokio::time::sleep(length).await;
    stranger.rollback().await.unwrap();
    held
}
