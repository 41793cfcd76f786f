//! `calendar.generate`: asks a model for the entries of a run's slots and stores each for the slot it belongs to.
//! Called by the runner with a claimed job.

mod events;

use std::collections::BTreeSet;

use almanac_shared::{
    calendar::{
        Content, EntryKey, Made,
        run::{self, Assignment},
        store::work::{self, NewEntry},
        task,
    },
    jobs::{ClaimedJob, Failure, State, store::items},
    platform::{error::Code, faults, flags::Flag, id::EntryId},
};
use serde_json::Value;

use super::{
    JobError, Verdict,
    model_run::{self, Attempt, Generation, LastWrite},
};
use crate::{
    deps::Deps,
    outbound::ai::{Item, Task},
    runner::stop::Stop,
};

/// Runs one attempt of a calendar run.
pub async fn generate(deps: &Deps, job: &ClaimedJob, stop: &Stop) -> Result<Verdict, JobError> {
    let mut attempt = Attempt::new(deps, job, stop);
    let Some(mut order) = work::assignment(&deps.service, job.user_id, job.lease()).await? else {
        return Ok(Verdict::Fail(Failure::new(Code::Internal, "The calendar was deleted.")));
    };
    tracing::Span::current().record("calendarId", tracing::field::display(order.calendar_id));
    attempt.model.clone_from(&order.model);
    attempt.prompt_version.clone_from(&order.prompt_version);
    attempt.count_earlier().await?;
    let made = std::mem::take(&mut order.made);
    model_run::run(attempt, CalendarRun { order, made }).await
}

struct CalendarRun {
    order: Assignment,
    /// Stored entries, those of earlier attempts included.
    made: Vec<Made>,
}

impl CalendarRun {
    fn filled(&self) -> BTreeSet<EntryKey> {
        self.made.iter().map(|made| made.key.clone()).collect()
    }

    /// Counts a burst's entries as stored.
    fn add(&mut self, burst: &Burst) {
        self.made.extend(burst.items.iter().map(|entry| entry.made.clone()));
    }
}

/// Entries, each of a slot that has none yet.
type Burst = items::Burst<NewEntry>;

impl Generation for CalendarRun {
    const TASK: Task = Task::Calendar;
    const ITEMS: &'static str = "entries";
    const INCOMPLETE: State = State::Partial;
    type Burst = Burst;

    fn stored(&self) -> usize {
        self.made.len()
    }

    fn unsaved(burst: &Burst) -> usize {
        burst.items.len()
    }

    fn is_done(&self, burst: &Burst, _answered: bool) -> bool {
        self.made.len() + burst.items.len() >= self.order.slots.len()
    }

    fn step(made: usize) -> String {
        format!("entries after {made}")
    }

    /// The flag is read from Postgres; while Postgres is unavailable, the last known value applies.
    async fn refusal(&self, attempt: &Attempt<'_>) -> Option<Failure> {
        let _ = attempt.deps.flags.refresh().await;
        let off = || Failure::new(Code::ServiceDisabled, "Calendar generation was switched off.");
        (!attempt.deps.flags.is_on(Flag::CalendarService, Some(attempt.job.user_id))).then(off)
    }

    fn document(&self) -> Value {
        faults::pass_poison(&Value::from(self.order.request.constraints.all.clone()).to_string());
        task::document(&self.order.request, &self.order.slots, &self.filled()).into()
    }

    /// The slot determines where and when an entry goes, never the answer.
    fn take(&self, attempt: &Attempt<'_>, burst: &mut Burst, item: Item) {
        let Item::Calendar(entry) = item else { return };
        let Some(slot) = self.order.slots.iter().find(|slot| slot.key.to_string() == entry.key) else { return };
        if self.made.iter().chain(burst.items.iter().map(|entry| &entry.made)).any(|made| made.key == slot.key) {
            return;
        }
        let content = Content::of(slot, self.order.request.zone, entry.draft);
        let made = Made { key: slot.key.clone(), entry_id: EntryId::fresh(), fields: content.generated_fields() };
        self.push_entry(attempt, burst, &made, &content);
        let ordinal = i32::try_from(self.made.len() + burst.items.len() + 1).unwrap_or(i32::MAX);
        burst.items.push(NewEntry { ordinal, made });
    }

    fn begin(&self, attempt: &Attempt<'_>) -> Option<String> {
        Some(run::envelope(&self.progress("drafting"), &Value::Null, self.meta(attempt, None)))
    }

    async fn keep(&mut self, attempt: &mut Attempt<'_>, mut burst: Burst) -> Result<(), JobError> {
        self.add(&burst);
        self.push_progress(attempt, &mut burst);
        attempt.save(&mut burst).await
    }

    /// Stores what came last, what the run changes, and the summary, in one commit.
    async fn end(mut self, attempt: &mut Attempt<'_>, last: LastWrite<Burst>) -> Result<(), JobError> {
        let LastWrite { burst, call, state, failure } = last;
        self.add(&burst);
        let conclusion = self.conclusion(attempt, LastWrite { burst, call, state, failure: failure.clone() }).await?;
        attempt.end("done", conclusion).await?;
        self.log_end(attempt, state, failure.as_ref());
        Ok(())
    }
}
