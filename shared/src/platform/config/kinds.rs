//! What the environment says about kinds of jobs. `almanac-api migrate` writes it into `job_kinds`, where submitting a job
//! reads it, and `almanac-api serve` refuses to start if the two differ.

use std::time::Duration;

use super::{ApiSettings, CalendarSettings, Env, OrganicSettings, Rate};
use crate::jobs::Kind;

/// Rate and time limit of one kind of job, each with its variable.
#[derive(Clone, Copy, Debug)]
pub struct KindSettings {
    /// The kind.
    pub kind: Kind,
    /// Accepted jobs per user.
    pub rate: (&'static str, Rate),
    /// From the first start of a job.
    pub time_limit: Option<(&'static str, Duration)>,
}

fn settings(generation: Rate, calendar: &CalendarSettings, organic: &OrganicSettings) -> Vec<KindSettings> {
    vec![
        KindSettings { kind: Kind::GenerateFlashcards, rate: ("GENERATION_RATE", generation), time_limit: None },
        KindSettings {
            kind: Kind::GenerateCalendar,
            rate: ("CALENDAR_RATE", calendar.rate),
            time_limit: Some(("CALENDAR_TIMEOUT_SECONDS", calendar.timeout)),
        },
        KindSettings {
            kind: Kind::GenerateOrganic,
            rate: ("ORGANIC_RATE", organic.rate),
            time_limit: Some(("ORGANIC_TIMEOUT_SECONDS", organic.timeout)),
        },
    ]
}

impl ApiSettings {
    /// What this process takes for granted about `job_kinds`.
    pub fn job_kinds(&self) -> Vec<KindSettings> {
        settings(self.generation_rate, &self.calendar, &self.organic)
    }
}

/// Reads the settings of kinds alone, for the `migrate` command.
pub(super) fn read(env: &mut Env) -> Vec<KindSettings> {
    settings(env.rate("GENERATION_RATE"), &env.calendar(), &env.organic())
}
