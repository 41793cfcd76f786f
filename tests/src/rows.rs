//! Counts the rows that a user's requests left in the database, by SQL as its superuser.
//! Tests of refusals compare it before and after. It must never change a row.

use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

use crate::observe::OrFail;

/// Rows of one person, by table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// `jobs`.
    pub jobs: i64,
    /// `ai_generations`.
    pub generations: i64,
    /// `ai_suggestions`.
    pub suggestions: i64,
    /// `cards`.
    pub cards: i64,
    /// `submissions`, what a limit counts.
    pub submissions: i64,
    /// `idempotency_keys`.
    pub keys: i64,
}

impl Rows {
    /// The rows of a user.
    pub async fn of(admin: &PgPool, user: Uuid) -> Self {
        let count = async |table: &str| {
            let sql = format!("SELECT count(*) FROM almanac.{table} WHERE user_id = $1");
            let count = sqlx::query_scalar(AssertSqlSafe(sql)).bind(user).fetch_one(admin).await;
            count.or_fail(&format!("counting {table}"))
        };
        Self {
            jobs: count("jobs").await,
            generations: count("ai_generations").await,
            suggestions: count("ai_suggestions").await,
            cards: count("cards").await,
            submissions: count("submissions").await,
            keys: count("idempotency_keys").await,
        }
    }

    /// Nothing at all.
    pub fn none() -> Self {
        Self::default()
    }
}
