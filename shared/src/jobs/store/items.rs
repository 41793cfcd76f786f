//! Items that workers made, for all kinds: stored in bursts, with the events that report them.
//! Called by the worker's jobs; decides nothing.

use serde::Serialize;
use serde_json::Value;
use sqlx::types::Json;

use super::{Lease, WriteError, until_free};
use crate::platform::db::Service;

/// Items that are not stored yet, with the events that report them.
#[derive(Clone, Debug)]
pub struct Burst<T> {
    /// In the form that the kind's `on_save` takes.
    pub items: Vec<T>,
    /// Type and data of each event.
    pub events: Vec<(String, String)>,
    /// `{completed, total, stage, percent}` for clients that poll the job.
    pub progress: Option<Value>,
}

impl<T> Default for Burst<T> {
    fn default() -> Self {
        Self { items: Vec::new(), events: Vec::new(), progress: None }
    }
}

/// Stores a burst under the lease, in one statement and one commit; returns the seq of its last event.
///
/// # Errors
/// `Overtaken` if a user changed what an item was merged with. Nothing is stored then.
pub async fn save_items<T: Serialize>(service: &Service, lease: Lease, burst: &Burst<T>) -> Result<i64, WriteError> {
    let (types, data): (Vec<&str>, Vec<&str>) =
        burst.events.iter().map(|(kind, data)| (kind.as_str(), data.as_str())).unzip();
    until_free(|| async {
        let seq = sqlx::query_scalar!(
            r#"SELECT almanac.save_items($1, $2, $3, $4, $5, $6) AS "seq!""#,
            lease.job.0,
            lease.epoch,
            Json(&burst.items) as _,
            &types as &[&str],
            &data as &[&str],
            burst.progress
        )
        .fetch_one(service.work())
        .await?;
        Ok(seq)
    })
    .await
}
