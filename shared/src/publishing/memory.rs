//! What dry runs showed, for an hour in Redis: when the real call's plan is another one, the answer can then name what
//! changed. A copy for messages only: nothing is decided by it, no request waits longer for it than [`PATIENCE`], and
//! without it the answer says the same in general.

use std::time::Duration;

use redis::aio::ConnectionManager;

use super::plan::{Plan, PlanItem};
use crate::platform::id::UserId;

/// How long the items of a dry run are kept.
const KEPT: Duration = Duration::from_secs(3_600);
/// How long a real call waits for them.
const PATIENCE: Duration = Duration::from_millis(50);

/// The plans that dry runs showed.
#[derive(Clone)]
pub(super) struct PlanMemory(ConnectionManager);

impl PlanMemory {
    pub const fn new(connection: ConnectionManager) -> Self {
        Self(connection)
    }

    /// Keeps the items of a plan, in a task of its own.
    pub fn keep(&self, user: UserId, plan: &Plan) {
        let (key, items) = (key(user, &plan.plan_hash), plan.items());
        let mut connection = self.0.clone();
        tokio::spawn(async move {
            let Ok(items) = serde_json::to_string(&items) else { return };
            let set = redis::cmd("SET").arg(key).arg(items).arg("EX").arg(KEPT.as_secs()).to_owned();
            if let Err(error) = set.query_async::<()>(&mut connection).await {
                tracing::debug!(%error, "the items of a dry run were not kept");
            }
        });
    }

    /// The items of the plan with this hash, if they are known.
    pub async fn items(&self, user: UserId, hash: &str) -> Option<Vec<PlanItem>> {
        let mut connection = self.0.clone();
        let get = redis::cmd("GET").arg(key(user, hash)).to_owned();
        let found = tokio::time::timeout(PATIENCE, get.query_async::<Option<String>>(&mut connection));
        serde_json::from_str(&found.await.ok()?.ok()??).ok()
    }
}

impl std::fmt::Debug for PlanMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PlanMemory")
    }
}

fn key(user: UserId, hash: &str) -> String {
    format!("almanac:plan:{user}:{hash}")
}
