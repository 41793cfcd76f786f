//! What must hold after every test, looked up in the database by SQL as its superuser.
//! Tests call `assert_all` at their end; the numbers are those of the reliability rules.
//! It must never change a row.

use sqlx::PgPool;
use uuid::Uuid;

use crate::observe::OrFail;

/// I1: every job that a client holds an id of has a row.
const MISSING: &str = "SELECT format('I1: job %s has no row', given)
     FROM unnest($1::uuid[]) AS given
     WHERE NOT EXISTS (SELECT FROM almanac.jobs WHERE id = given)";

/// I1, second half: no job outlives its deadline by a minute.
const OVERDUE: &str = "SELECT format('I1: job %s is %s a minute after its deadline', id, state)
     FROM almanac.jobs
     WHERE state IN ('queued', 'running') AND deadline_at < clock_timestamp() - interval '60 s'";

/// I5: seq is 1..n without a gap and agrees with the job row.
const GAPS: &str = "SELECT format('I5: job %s (%s) has %s events, seq %s..%s, last_seq %s', j.id, j.state, e.n, e.first, e.last, j.last_seq)
     FROM almanac.jobs j
     CROSS JOIN LATERAL (SELECT count(*) AS n, coalesce(min(seq), 0) AS first, coalesce(max(seq), 0) AS last
                         FROM almanac.job_events WHERE job_id = j.id) e
     WHERE e.n <> j.last_seq OR e.last <> j.last_seq OR (e.n > 0 AND e.first <> 1)";

/// I5, second half: a final job has exactly one final event, and it is the last; any other job has none.
const ENDS: &str =
    "SELECT format('I5: job %s (%s) has %s final events, the last at %s of %s', j.id, j.state, e.n, e.last, j.last_seq)
     FROM almanac.jobs j
     CROSS JOIN LATERAL (SELECT count(*) AS n, max(seq) AS last
                         FROM almanac.job_events WHERE job_id = j.id AND type IN ('done', 'complete')) e
     WHERE CASE WHEN j.state IN ('queued', 'running') THEN e.n <> 0 ELSE e.n <> 1 OR e.last <> j.last_seq END";

/// I7: at most one active job per user and exclusive key.
const SLOTS: &str = "SELECT format('I7: user %s has %s active jobs of %s', user_id, count(*), exclusive_key)
     FROM almanac.jobs
     WHERE exclusive_key IS NOT NULL AND state IN ('queued', 'running')
     GROUP BY user_id, exclusive_key
     HAVING count(*) > 1";

/// I11: no running job whose lease ran out three reaper rounds (6 s) ago.
const LEASES: &str = "SELECT format('I11: job %s runs on a lease that ended at %s', id, lease_expires_at)
     FROM almanac.jobs
     WHERE state = 'running' AND lease_expires_at < clock_timestamp() - interval '6 s'";

/// A test that leaves a job behind is not finished.
const UNFINISHED: &str = "SELECT format('job %s was left %s', id, state)
     FROM almanac.jobs
     WHERE id = ANY ($1) AND state IN ('queued', 'running')";

/// Fails the test with every violation, for all jobs in the database; `accepted` are the ids that its clients hold,
/// and those have to be final.
pub async fn assert_all(admin: &PgPool, accepted: &[Uuid]) {
    let mut violations = at_any_instant(admin).await;
    for sql in [MISSING, UNFINISHED] {
        violations.extend(found(admin, sql, Some(accepted)).await);
    }
    assert!(violations.is_empty(), "invariants are broken:\n{}", violations.join("\n"));
}

/// What holds even while jobs run; a sampler may ask again and again.
pub async fn at_any_instant(admin: &PgPool) -> Vec<String> {
    let mut violations = Vec::new();
    for sql in [OVERDUE, GAPS, ENDS, SLOTS, LEASES] {
        violations.extend(found(admin, sql, None).await);
    }
    violations
}

async fn found(admin: &PgPool, sql: &'static str, ids: Option<&[Uuid]>) -> Vec<String> {
    let query = sqlx::query_scalar(sql);
    let query = if let Some(ids) = ids { query.bind(ids) } else { query };
    query.fetch_all(admin).await.or_fail("looking for broken invariants")
}
