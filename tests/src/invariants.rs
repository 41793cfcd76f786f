//! What must hold after every test, looked up in the database by SQL as its superuser.
//! Tests call `assert_all` at their end; the numbers are those of the reliability rules.
//! It must never change a row.

use sqlx::{AssertSqlSafe, PgPool};
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

/// Jobs whose owner deleted what they made, and its log with it.
const DELETED: &str = "SELECT j.id FROM almanac.jobs j
      WHERE j.finished_at IS NOT NULL AND j.kind IN ('flashcards.generate', 'calendar.generate', 'organic.generate', 'synthesis.generate',
                                                  'email.send')
        AND NOT EXISTS (SELECT FROM almanac.job_events e WHERE e.job_id = j.id)
        AND NOT EXISTS (SELECT FROM almanac.ai_generations d WHERE d.id = j.id)
        AND NOT EXISTS (SELECT FROM almanac.calendar_runs d WHERE d.id = j.id)
        AND NOT EXISTS (SELECT FROM almanac.organic_runs d WHERE d.id = j.id)
        AND NOT EXISTS (SELECT FROM almanac.syntheses d WHERE d.id = j.id)
        AND NOT EXISTS (SELECT FROM almanac.email_deliveries d WHERE d.id = j.id)";

/// I5: seq is 1..n without a gap and agrees with the job row.
const GAPS: &str = "SELECT format('I5: job %s (%s) has %s events, seq %s..%s, last_seq %s', j.id, j.state, e.n, e.first, e.last, j.last_seq)
     FROM almanac.jobs j
     CROSS JOIN LATERAL (SELECT count(*) AS n, coalesce(min(seq), 0) AS first, coalesce(max(seq), 0) AS last
                         FROM almanac.job_events WHERE job_id = j.id) e
     WHERE (e.n <> j.last_seq OR e.last <> j.last_seq OR (e.n > 0 AND e.first <> 1)) AND j.id NOT IN (DELETED)";

/// I5, second half: a final job has exactly one final event, and it is the last; any other job has none.
const ENDS: &str =
    "SELECT format('I5: job %s (%s) has %s final events, the last at %s of %s', j.id, j.state, e.n, e.last, j.last_seq)
     FROM almanac.jobs j
     CROSS JOIN LATERAL (SELECT count(*) AS n, max(seq) AS last
                         FROM almanac.job_events WHERE job_id = j.id AND type IN ('done', 'complete')) e
     WHERE CASE WHEN j.state IN ('queued', 'running') THEN e.n <> 0 ELSE e.n <> 1 OR e.last <> j.last_seq END
       AND j.id NOT IN (DELETED)";

/// I3: the ledger says of every call of a final job how it ended, also where its worker did not live to write it.
const CALLS: &str = "SELECT format('I3: call %s of job %s (%s) has no end', c.id, j.id, j.state)
     FROM almanac.llm_calls c
     JOIN almanac.jobs j ON j.id = c.job_id
     WHERE j.finished_at IS NOT NULL AND c.state = 'started'";

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

/// I5, third half: each item of a log has one row, and each row is in a log once. Only where logs are as they were
/// written, and no calendar was deleted and no week was made again during its run.
const TOLD: &str = "SELECT format('I5: job %s (%s) told of %s %ss and stored %s', j.id, j.state, e.n, k.told, s.n)
     FROM almanac.jobs j
     JOIN (VALUES ('flashcards.generate', 'suggestion'), ('calendar.generate', 'entry'), ('organic.generate', 'placement'),
                   ('synthesis.generate', 'section'))
       AS k (kind, told) ON k.kind = j.kind
     CROSS JOIN LATERAL (SELECT count(*) AS n FROM almanac.job_events WHERE job_id = j.id AND type = k.told) e
     CROSS JOIN LATERAL (
           SELECT count(*) AS n FROM almanac.ai_suggestions WHERE user_id = j.user_id AND generation_id = j.id
           HAVING j.kind = 'flashcards.generate'
           UNION ALL
           SELECT count(*) FROM almanac.calendar_run_entries WHERE user_id = j.user_id AND run_id = j.id
           HAVING j.kind = 'calendar.generate'
           UNION ALL
           SELECT placed FROM almanac.organic_runs WHERE user_id = j.user_id AND id = j.id
           UNION ALL
           SELECT jsonb_array_length(sections) FROM almanac.syntheses WHERE user_id = j.user_id AND id = j.id) s
     WHERE j.finished_at IS NOT NULL AND e.n <> s.n";

/// I1, third half: what people see of a job says the same as the job.
const REFLECTED: &str = "SELECT format('I1: job %s is %s, and its %s says %s', j.id, j.state, j.kind, d.status)
     FROM almanac.jobs j
     JOIN (SELECT user_id, id, status FROM almanac.ai_generations
           UNION ALL SELECT user_id, id, status FROM almanac.calendar_runs
           UNION ALL SELECT user_id, id, status FROM almanac.organic_runs
           UNION ALL SELECT user_id, id, CASE error ->> 'code' WHEN 'SYNTHESIS_TIMEOUT' THEN 'timeout' ELSE status END
                       FROM almanac.syntheses) d ON d.user_id = j.user_id AND d.id = j.id
     WHERE j.finished_at IS NOT NULL AND d.status <> CASE j.state WHEN 'dead' THEN 'failed' ELSE j.state END";

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

/// Fails the test where a log and what is stored differ, for tests that leave both alone.
pub async fn assert_told_is_stored(admin: &PgPool) {
    let violations = found(admin, TOLD, None).await;
    assert!(violations.is_empty(), "the logs differ from what is stored:\n{}", violations.join("\n"));
}

/// What holds even while jobs run; a sampler may ask again and again.
pub async fn at_any_instant(admin: &PgPool) -> Vec<String> {
    let mut violations = Vec::new();
    for sql in [OVERDUE, GAPS, ENDS, CALLS, SLOTS, LEASES, REFLECTED] {
        violations.extend(found(admin, sql, None).await);
    }
    violations
}

async fn found(admin: &PgPool, sql: &'static str, ids: Option<&[Uuid]>) -> Vec<String> {
    let query = sqlx::query_scalar(AssertSqlSafe(sql.replace("(DELETED)", &format!("({DELETED})"))));
    let query = if let Some(ids) = ids { query.bind(ids) } else { query };
    query.fetch_all(admin).await.or_fail("looking for broken invariants")
}
