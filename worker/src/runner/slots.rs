//! How many jobs of each lane may run in this process. A slot is taken before a job is claimed, and given back when its
//! attempt has ended.

use std::{collections::BTreeMap, sync::Arc};

use almanac_shared::jobs::Lane;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The slots of one process.
#[derive(Debug)]
pub struct SlotPool(BTreeMap<Lane, Arc<Semaphore>>);

impl SlotPool {
    pub fn new(counts: &BTreeMap<Lane, usize>) -> Self {
        Self(counts.iter().map(|(lane, count)| (*lane, Arc::new(Semaphore::new(*count)))).collect())
    }

    pub fn lanes(&self) -> impl Iterator<Item = Lane> {
        self.0.keys().copied()
    }

    pub fn free(&self, lane: Lane) -> usize {
        self.0.get(&lane).map_or(0, |slots| slots.available_permits())
    }

    /// Waits until a slot of the lane is free, without taking it. False once the pool is closed.
    pub async fn wait_for_free(&self, lane: Lane) -> bool {
        match self.0.get(&lane) {
            Some(slots) => slots.acquire().await.is_ok(),
            None => false,
        }
    }

    /// Waits for a slot and takes it, with up to `max` in all if more are free. `None` once the pool is closed.
    pub async fn take(&self, lane: Lane, max: usize) -> Option<Vec<OwnedSemaphorePermit>> {
        let slots = self.0.get(&lane)?;
        let first = slots.clone().acquire_owned().await.ok()?;
        let more = std::iter::from_fn(|| slots.clone().try_acquire_owned().ok());
        Some(std::iter::once(first).chain(more.take(max - 1)).collect())
    }

    /// No slot is given from now on.
    pub fn close(&self) {
        self.0.values().for_each(|slots| slots.close());
    }
}
