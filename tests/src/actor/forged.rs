//! A job that no worker runs, made and moved by the database's own functions, in the roles that may call them.
//! Tests use it where they need a log or a lease that behaves exactly as they say, which no running worker would.
//! It must never write a table: only the functions of the migrations do.

use almanac_shared::jobs::{Lease, State, store::ends::Conclusion};
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use super::User;
use crate::{Stack, observe::OrFail};

/// No worker serves it.
const LANE: &str = "nobody";

/// A job in a lane that no worker serves.
#[derive(Clone, Debug)]
pub struct ForgedJob {
    /// Its id.
    pub id: Uuid,
    worker: PgPool,
}

impl User {
    /// Has the database accept a generation for them that no worker takes.
    pub async fn forge(&self, stack: &Stack) -> ForgedJob {
        let id = Uuid::now_v7();
        let outcome = self.submit_job(stack, "flashcards.generate", id).await;
        assert_eq!(outcome, ("new".to_owned(), Some(id)));
        ForgedJob { id, worker: stack.as_worker().await }
    }

    /// Calls `submit` in this person's name, and moves what it made into a lane that no worker has; answers its outcome
    /// and the job it names.
    pub async fn submit_job(&self, stack: &Stack, kind: &str, id: Uuid) -> (String, Option<Uuid>) {
        loop {
            let submitted = self.try_submit_job(stack, kind, id).await;
            // Another submit of this user holds the lock (`busy`), or committed between our DELETE and our submit
            // (`limited`).
            if !matches!(submitted.0.as_str(), "busy" | "limited") {
                return submitted;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn try_submit_job(&self, stack: &Stack, kind: &str, id: Uuid) -> (String, Option<Uuid>) {
        let mut tx = stack.admin().await.begin().await.or_fail("beginning");
        // No limit counts what tests forge.
        let forget = sqlx::query("DELETE FROM almanac.submissions WHERE user_id = $1").bind(self.id);
        forget.execute(&mut *tx).await.or_fail("forgetting");
        let submitted = sqlx::query_as(
            "SELECT outcome, job_id
               FROM almanac.submit($1, ARRAY[$2], ARRAY[$3], ARRAY['{}'::jsonb], NULL, ARRAY[NULL], ARRAY[NULL]::bytea[],
                                   ARRAY['{}'], ARRAY[NULL], ARRAY[NULL])",
        )
        .bind(kind)
        .bind(self.id)
        .bind(id);
        let submitted = submitted.fetch_one(&mut *tx).await.or_fail("submitting");
        let lane = sqlx::query("UPDATE almanac.jobs SET lane = $2 WHERE id = $1").bind(id).bind(LANE);
        lane.execute(&mut *tx).await.or_fail("moving the job");
        tx.commit().await.or_fail("submitting");
        submitted
    }
}

impl ForgedJob {
    /// Claims it for this number of milliseconds; returns the epoch, or `None` if it could not be claimed.
    pub async fn claim(&self, owner: &str, lease_ms: i32) -> Option<i64> {
        let sql = "SELECT (job).epoch
                     FROM almanac.start(ARRAY[$1], ARRAY[$1], $2, make_interval(secs => $3 / 1000.0), NULL, NULL)";
        sqlx::query_scalar(sql)
            .bind(self.id)
            .bind(owner)
            .bind(f64::from(lease_ms))
            .fetch_optional(&self.worker)
            .await
            .or_fail("claiming")
    }

    /// Appends this number of events with this data.
    pub async fn emit(&self, epoch: i64, count: usize, data: &str) -> sqlx::Result<i64> {
        let kinds = vec!["suggestion"; count];
        sqlx::query_scalar("SELECT almanac.emit($1, $2, $3, $4, NULL)")
            .bind(self.id)
            .bind(epoch)
            .bind(kinds)
            .bind(vec![data; count])
            .fetch_one(&self.worker)
            .await
    }

    /// Ends it as succeeded.
    pub async fn finish(&self, epoch: i64) -> sqlx::Result<i64> {
        sqlx::query_scalar("SELECT almanac.finish($1, $2, 'succeeded', NULL)")
            .bind(self.id)
            .bind(epoch)
            .fetch_one(&self.worker)
            .await
    }

    /// The pool it is moved through: the workers' role.
    pub fn worker(&self) -> &PgPool {
        &self.worker
    }
}

/// The SQLSTATE of a refusal.
pub fn sqlstate<T: std::fmt::Debug>(result: sqlx::Result<T>) -> String {
    let Err(error) = result else { panic!("not refused: {result:?}") };
    error.as_database_error().and_then(|error| error.code()).or_fail("a refusal by the database").into_owned()
}

/// The end of a job that succeeded with this result.
pub fn succeeded(lease: Lease, result: Value) -> Conclusion {
    let (events, data) = (Vec::new(), "{}".to_owned());
    Conclusion { lease, state: State::Succeeded, failure: None, events, progress: None, call: None, result, data }
}
