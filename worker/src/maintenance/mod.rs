//! Background rounds of every worker, without a leader: expired leases, expired jobs, old rows, late addresses, gauges.
//! Started by `serve`; a round may run in several processes at once, because every statement checks again what it changes.

pub mod addresses;
pub mod metrics;
pub mod prune;
pub mod rescue;

/// How long things are kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Crashes after which a job is poison.
    pub max_crashes: u32,
    /// Days of event logs.
    pub events_days: u32,
    /// Days of source texts.
    pub prompts_days: u32,
}
