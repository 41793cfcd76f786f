//! Syntheses: fires of schedules, and mails. Called by the scheduler, the job that mails, maintenance, and the API where the
//! mail provider reports. The alerts in `deploy/alerts/` read these families.

use prometheus_client::{metrics::gauge::Gauge, registry::Registry};

use super::{Counters, Gauges, Metrics, labels, register};

/// Outcomes of fires that need a person to look, which have samples from the start.
pub const BAD_FIRES: [&str; 3] = ["failed", "missed", "skipped"];

/// How mails end. `unended`: a mail whose job ended without its worker.
const MAIL_ENDS: [&str; 6] = ["sent", "failed", "needs_review", "suppressed", "skipped", "unended"];

#[derive(Debug)]
pub(super) struct Synthesis {
    fires: Counters<1>,
    bad_fires: Gauges<1>,
    lag: Gauge,
    mails: Counters<1>,
    reports: Counters<1>,
}

impl Synthesis {
    pub fn register(registry: &mut Registry) -> Self {
        let synthesis = Self {
            fires: register(registry, "schedule_fires", "Fires of schedules that this process handled, by outcome"),
            bad_fires: register(
                registry,
                "schedule_fires_bad",
                "Fires that ended within the last hour without a synthesis, by outcome, as Postgres has them",
            ),
            lag: register(registry, "schedule_lag_seconds", "How long the oldest due fire has waited"),
            mails: register(registry, "mails", "Mails that ended, by status"),
            reports: register(registry, "mail_reports", "Reports of the mail provider about mails, by status"),
        };
        for status in MAIL_ENDS {
            drop(synthesis.mails.get_or_create(&labels([("status", status)])));
        }
        for outcome in BAD_FIRES {
            synthesis.bad_fires.get_or_create(&labels([("outcome", outcome)])).set(0);
        }
        synthesis
    }
}

impl Metrics {
    /// A schedule fired, or its fire was left.
    pub fn schedule_fired(&self, outcome: &str) {
        self.synthesis.fires.get_or_create(&labels([("outcome", outcome)])).inc();
    }

    /// Fires of the last hour that ended so.
    pub fn bad_fires(&self, outcome: &str, fires: i64) {
        self.synthesis.bad_fires.get_or_create(&labels([("outcome", outcome)])).set(fires);
    }

    /// How long the oldest due fire has waited.
    pub fn schedule_lag(&self, seconds: i64) {
        self.synthesis.lag.set(seconds);
    }

    /// A mail ended.
    pub fn mail_ended(&self, status: &str) {
        self.synthesis.mails.get_or_create(&labels([("status", status)])).inc();
    }

    /// The mail provider reported a mail.
    pub fn mail_reported(&self, status: &str) {
        self.synthesis.reports.get_or_create(&labels([("status", status)])).inc();
    }
}
