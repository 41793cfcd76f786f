//! The deploy marker: when the first process of this release started. Alerts compare it with the time of a failure. It
//! comes from Postgres, so a restart of the same version does not move it.

use chrono::{DateTime, Utc};
use prometheus_client::registry::{Registry, Unit};

use super::{Gauges, Metrics, labels};
use crate::platform::db::RELEASE;

#[derive(Debug)]
pub(super) struct Release {
    first_start: Gauges<1>,
}

impl Release {
    pub fn register(registry: &mut Registry) -> Self {
        let first_start = Gauges::default();
        let help = "When a process of this version first started, as Unix time; absent until Postgres has said so";
        registry.register_with_unit("release_first_start_timestamp", help, Unit::Seconds, first_start.clone());
        Self { first_start }
    }
}

impl Metrics {
    /// This release was first started at this time.
    pub fn release_first_started(&self, at: DateTime<Utc>) {
        self.release.first_start.get_or_create(&labels([("version", RELEASE)])).set(at.timestamp());
    }
}
