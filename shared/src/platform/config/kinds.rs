//! What the environment says about kinds of jobs. `almanac-api migrate` writes it into `job_kinds`, where submitting a job
//! reads it, and `almanac-api serve` refuses to start if the two differ.

use std::time::Duration;

use super::{Env, Rate};
use crate::jobs::Kind;

/// Rate and time limit of one kind of job.
#[derive(Clone, Copy, Debug)]
pub struct KindSettings {
    /// The kind, which names the variables of both.
    pub kind: Kind,
    /// Accepted jobs per user.
    pub rate: Rate,
    /// From the first start of a job.
    pub time_limit: Option<Duration>,
}

/// Reads the limits of every kind.
pub(super) fn read(env: &mut Env) -> Vec<KindSettings> {
    let settings = |kind: &Kind| {
        let limits = kind.limits();
        let time_limit = limits.time_limit.map(|limit| Duration::from_secs(env.number(limit.name, 1..=600).into()));
        KindSettings { kind: *kind, rate: env.rate(limits.rate.name), time_limit }
    };
    Kind::ALL.iter().map(settings).collect()
}
