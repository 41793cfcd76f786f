//! A job that no worker runs, made and moved by the database's own functions, in the roles that may call them.
//! Tests use it where they need a log or a lease that behaves exactly as they say, which no running worker would.
//! It must never write a table: only the functions of the migrations do.

use serde_json::json;
use sqlx::{PgConnection, PgPool};
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
    /// Has the database accept a job for them that nobody will take.
    pub async fn forge(&self, stack: &Stack) -> ForgedJob {
        let id = Uuid::now_v7();
        let outcome = self.accept(stack, id, None).await;
        assert_eq!(outcome, ("new".to_owned(), Some(id)));
        ForgedJob { id, worker: stack.as_worker().await }
    }

    /// Calls `accept` as the API does, in this person's name; answers its outcome and the job it speaks of.
    pub async fn accept(&self, stack: &Stack, id: Uuid, exclusive_key: Option<&str>) -> (String, Option<Uuid>) {
        let api = stack.as_api().await;
        let mut tx = api.begin().await.or_fail("beginning as the API");
        become_user(&mut tx, self.id).await;
        let accepted = sqlx::query_as(
            "SELECT outcome, job_id
               FROM almanac.accept($1, 'flashcards.generate', $2, '{}', 'generation', $1::text, $3, NULL, NULL,
                                   'POST /v1/ai/generations', NULL, NULL, '{}', 'generation', 1000, 300, NULL, NULL)",
        )
        .bind(id)
        .bind(LANE)
        .bind(exclusive_key);
        let accepted = accepted.fetch_one(&mut *tx).await.or_fail("accepting");
        tx.commit().await.or_fail("accepting");
        accepted
    }
}

async fn become_user(connection: &mut PgConnection, user: Uuid) {
    let claims = json!({ "sub": user, "role": "authenticated" }).to_string();
    sqlx::query("SELECT set_config('role', 'authenticated', true), set_config('request.jwt.claims', $1, true)")
        .bind(claims)
        .execute(connection)
        .await
        .or_fail("becoming a user");
}

impl ForgedJob {
    /// Claims it for so many milliseconds; answers the epoch, or none if it could not be claimed.
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

    /// Appends so many events with this data.
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
        sqlx::query_scalar("SELECT almanac.finish($1, $2, 'succeeded', NULL, NULL)")
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
