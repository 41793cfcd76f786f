//! The scheduler: fires schedules that are due, in every worker, without a leader. Rows are locked one by one and skipped if
//! another worker has them; the primary key of `schedule_runs` keeps a date from firing twice. Due is decided by the
//! database's clock. Each fire ends in one row, whatever became of it.

use std::{collections::HashMap, time::Duration};

use almanac_shared::{
    jobs::Lane,
    platform::id::JobId,
    synthesis::{
        schedule::{Fire, Recurrence, Schedule},
        store::fires::{self, DueSchedule, Fired, NewFire},
    },
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::deps::Deps;

/// Fires that one statement handles: their rows stay locked for its time.
const BATCH: i32 = 50;
/// Attempts that one statement starts.
const RETRIES: usize = 50;
/// Workers that are notified in one round. They find further jobs in Postgres.
const RINGS: usize = 48;

/// What the scheduler is configured with.
#[derive(Clone, Debug)]
pub struct Scheduling {
    /// Time between two rounds.
    pub tick: Duration,
    /// The model of scheduled syntheses.
    pub model: String,
}

/// Looks for due schedules again and again. A failed round is logged, and the next one follows.
pub async fn run(deps: Deps, scheduling: Scheduling, draining: CancellationToken) {
    let mut ticks = tokio::time::interval(scheduling.tick);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = draining.cancelled() => return,
            _ = ticks.tick() => {}
        }
        if let Err(error) = round(&deps, &scheduling.model, &draining).await {
            tracing::warn!(error = format!("{error:#}"), "schedules could not be read; tried again at the next tick");
        }
    }
}

/// Handles everything that is due now.
async fn round(deps: &Deps, model: &str, draining: &CancellationToken) -> anyhow::Result<()> {
    // Schedules that this round cannot do anything about any more.
    let mut left: Vec<Uuid> = Vec::new();
    while !draining.is_cancelled() {
        let (due, has_retries) = fires::due(&deps.service, BATCH, &left).await?;
        if due.is_empty() {
            return if has_retries { retry_all(deps, model, draining).await } else { Ok(()) };
        }
        let count = due.iter().filter(|due| due.is_due).count();
        if count > 0 {
            tracing::info!(count, "Found due scheduled jobs");
        }
        fire_all(deps, model, due, &mut left).await?;
    }
    Ok(())
}

async fn fire_all(deps: &Deps, model: &str, due: Vec<DueSchedule>, left: &mut Vec<Uuid>) -> anyhow::Result<()> {
    let mut new: Vec<NewFire> = Vec::new();
    for due in due {
        let Some(recurrence) = recurrence(&due) else {
            // It fires never; its owner sees no next fire.
            fires::set_next(&deps.service, due.schedule.id, due.schedule.next_fire_at, None).await?;
            left.push(due.schedule.id);
            continue;
        };
        match next_step(&due, &recurrence) {
            Step::Fire(fire) => new.push(fire),
            Step::Move(next) => {
                fires::set_next(&deps.service, due.schedule.id, due.schedule.next_fire_at, next).await?;
                left.push(due.schedule.id);
            }
        }
    }
    if new.is_empty() {
        return Ok(());
    }
    let schedules: HashMap<usize, Uuid> = new.iter().enumerate().map(|(at, fire)| (at, fire.schedule)).collect();
    for fired in fires::fire(&deps.service, &new, model).await? {
        if !["started", "missed", "skipped", "known"].contains(&fired.outcome.as_str()) {
            left.extend(schedules.get(&fired.place));
        }
        report(deps, &fired, new.get(fired.place));
    }
    Ok(())
}

/// What the scheduler does with a schedule that it looks at.
enum Step {
    /// It fires.
    Fire(NewFire),
    /// Its next fire is another one than is stored.
    Move(Option<Fire>),
}

/// What is stored only says when to look: what fires is computed from the schedule and the database's time.
fn next_step(due: &DueSchedule, recurrence: &Recurrence) -> Step {
    let (Some(date), Some(seen)) = (due.schedule.next_fire_date, due.schedule.next_fire_at) else {
        return Step::Move(None);
    };
    let stored = recurrence.fire(date).map(|at| Fire { date, at });
    let Some(fire) = stored.filter(|fire| fire.at <= due.now) else {
        return Step::Move(stored.or_else(|| recurrence.next(date)));
    };
    let schedule = &due.schedule;
    let catch_up = schedule.catch_up_minutes.and_then(|minutes| u32::try_from(minutes).ok());
    Step::Fire(NewFire {
        schedule: schedule.id,
        seen,
        fire,
        start_until: recurrence.start_until(fire, catch_up, schedule.saved_at),
        zone: recurrence.zone.name().to_owned(),
        next: recurrence.next(date),
        job: JobId::fresh(),
    })
}

fn recurrence(due: &DueSchedule) -> Option<Recurrence> {
    let schedule = due.schedule.read();
    if schedule.is_err() {
        tracing::error!(scheduleId = %due.schedule.id, themeId = %due.schedule.theme_id, "the schedule cannot be read");
    }
    schedule.ok().as_ref().map(Schedule::recurrence)
}

fn report(deps: &Deps, fired: &Fired, fire: Option<&NewFire>) {
    let (Some(user), Some(theme), Some(fire)) = (fired.user_id, fired.theme_id, fire) else { return };
    let schedule = fire.schedule;
    let outcome = fired.outcome.as_str();
    match outcome {
        "started" => {
            tracing::info!(scheduleId = %schedule, themeId = %theme, userId = %user, "scheduled synthesis started");
            if fired.place < RINGS {
                deps.bell.ring(Lane::Synthesis, fire.job, None);
            }
        }
        "busy" => {
            tracing::info!(themeId = %theme, userId = %user, "skipped: the user has an active synthesis; tried again");
        }
        "missed" | "skipped" => {
            tracing::error!(scheduleId = %schedule, themeId = %theme, userId = %user, status = outcome,
                            "a scheduled synthesis did not start in time");
        }
        _ => return,
    }
    deps.metrics.schedule_fired(outcome);
}

async fn retry_all(deps: &Deps, model: &str, draining: &CancellationToken) -> anyhow::Result<()> {
    while !draining.is_cancelled() {
        let jobs: Vec<JobId> = std::iter::repeat_with(JobId::fresh).take(RETRIES).collect();
        let retried = fires::retry(&deps.service, &jobs, model).await?;
        for fire in &retried {
            let outcome = fire.outcome.as_str();
            tracing::info!(themeId = %fire.theme_id, userId = %fire.user_id, status = outcome, "next attempt of a fire");
            if outcome == "started" {
                deps.bell.ring(Lane::Synthesis, fire.job, None);
            }
        }
        // What could not be started stays due; the next round tries it again.
        if !retried.iter().any(|fire| fire.outcome == "started") || retried.len() < RETRIES {
            return Ok(());
        }
    }
    Ok(())
}
