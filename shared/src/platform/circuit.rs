//! The models that cannot be called for a while, published by workers for the API.
//! A worker that opens a circuit publishes it with its time to live; the API looks every half second and refuses new
//! work for that model with 503. While Redis is unavailable every circuit counts as closed.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use redis::aio::ConnectionManager;

use crate::platform::redis::PATIENCE;

/// How old the API's picture may be.
const LOOK_EVERY: Duration = Duration::from_millis(500);

fn key(model: &str) -> String {
    format!("almanac:breaker:{model}")
}

/// Publishes to every API process that the circuit of a model is open for this long. Best effort, in the background.
pub fn publish(mut connection: ConnectionManager, model: &str, open_for: Duration) {
    let key = key(model);
    tokio::spawn(async move {
        let millis = u64::try_from(open_for.as_millis()).unwrap_or(u64::MAX).max(1);
        let mut set = redis::cmd("SET");
        set.arg(key).arg("open").arg("PX").arg(millis);
        let _ = tokio::time::timeout(PATIENCE, set.query_async::<()>(&mut connection)).await;
    });
}

/// The API's picture of the circuits.
#[derive(Clone, Debug, Default)]
pub struct Circuits(Arc<RwLock<HashMap<String, Instant>>>);

impl Circuits {
    /// Watches these models.
    pub fn watch(connection: ConnectionManager, models: Vec<String>) -> Self {
        let circuits = Self::default();
        tokio::spawn(circuits.clone().look(connection, models));
        circuits
    }

    /// Seconds until the circuit of this model may close; `None` if it is closed.
    pub fn open_for(&self, model: &str) -> Option<u32> {
        let open = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let left = open.get(model)?.checked_duration_since(Instant::now())?;
        Some(u32::try_from(left.as_secs()).unwrap_or(u32::MAX).max(1))
    }

    async fn look(self, mut connection: ConnectionManager, models: Vec<String>) {
        loop {
            let mut ask = redis::pipe();
            models.iter().for_each(|model| {
                ask.cmd("PTTL").arg(key(model));
            });
            let answer = tokio::time::timeout(PATIENCE, ask.query_async::<Vec<i64>>(&mut connection)).await;
            let left = match answer {
                Ok(Ok(left)) => left,
                _ => Vec::new(),
            };
            let open = models.iter().zip(left).filter_map(|(model, millis)| {
                let left = u64::try_from(millis).ok().filter(|left| *left > 0)?;
                Some((model.clone(), Instant::now() + Duration::from_millis(left)))
            });
            *self.0.write().unwrap_or_else(PoisonError::into_inner) = open.collect();
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}
