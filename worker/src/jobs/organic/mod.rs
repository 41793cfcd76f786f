//! `organic.generate`: plans a brand's week, asks a model for its placements, and stores each in the slot it belongs to.
//! Called by the runner with a claimed job. The plan is made once: no later attempt moves a slot.

mod events;
mod placements;

use std::collections::{BTreeMap, BTreeSet};

use almanac_shared::{
    brands::Brand,
    jobs::{
        ClaimedJob, Failure, State,
        store::{WriteError, items},
    },
    organic::{
        PlacementId, Stage,
        plan::Plan,
        run::SavedPlacement,
        store::work::{self, Assignment, Made},
        task::{self, Draft},
    },
    platform::{error::Code, faults},
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

/// How often a write that a user's edit overtook is merged again before the attempt fails.
const MERGES: usize = 10;

/// Runs one attempt of a week.
pub async fn generate(deps: &Deps, job: &ClaimedJob, stop: &Stop) -> Result<Verdict, JobError> {
    let mut attempt = Attempt::new(deps, job, stop);
    let gone = || Failure::new(Code::NotFound, "The brand was deleted.");
    let Some(order) = work::assignment(&deps.service, job.user_id, job.lease()).await? else {
        return Ok(Verdict::Fail(gone()));
    };
    let Some(brand) = work::brand(&deps.service, job.user_id, &order.brand_id).await? else {
        return Ok(Verdict::Fail(gone()));
    };
    attempt.model.clone_from(&order.model);
    attempt.prompt_version.clone_from(&order.prompt_version);
    attempt.count_earlier().await?;
    let mut week = OrganicWeek {
        stage: order.stage,
        order,
        brand,
        plan: Plan { slots: Vec::new(), refused: Vec::new() },
        saved: BTreeMap::new(),
        made: BTreeSet::new(),
    };
    if stop.given().is_none() {
        // A week without any event waits for an open circuit as if it had not started.
        if attempt.seq == 0
            && let Some(pause) = attempt.closed_for()
        {
            return Ok(Verdict::Hold(pause));
        }
    }
    // A week that is cancelled before it was planned needs no plan.
    if stop.given().is_none() || week.order.plan.is_some() {
        week.prepare(&mut attempt).await?;
    }
    model_run::run(attempt, week).await
}

struct OrganicWeek {
    order: Assignment,
    brand: Brand,
    /// Slots to fill, and placements that cannot be made.
    plan: Plan,
    /// The brand's stored placements that the plan refers to.
    saved: BTreeMap<PlacementId, SavedPlacement>,
    /// Placements that this run has stored, those of earlier attempts included.
    made: BTreeSet<PlacementId>,
    /// Stage of the last stored progress.
    stage: Option<Stage>,
}

/// Placements, merged with what is saved of them.
type Burst = items::Burst<Made>;

/// Drafts, each of a slot that has none yet.
type Drafts = Vec<(PlacementId, Draft)>;

impl Generation for OrganicWeek {
    const TASK: Task = Task::Organic;
    const ITEMS: &'static str = "placements";
    const INCOMPLETE: State = State::Partial;
    type Burst = Drafts;

    fn stored(&self) -> usize {
        self.made.len()
    }

    fn unsaved(burst: &Drafts) -> usize {
        burst.len()
    }

    fn is_done(&self, burst: &Drafts, _answered: bool) -> bool {
        self.made.len() + burst.len() >= self.plan.slots.len()
    }

    fn step(made: usize) -> String {
        format!("placements after {made}")
    }

    async fn refusal(&self, _attempt: &Attempt<'_>) -> Option<Failure> {
        None
    }

    fn document(&self) -> Value {
        faults::pass_poison(self.order.request.options.guidance.as_deref().unwrap_or_default());
        let missing = self.plan.slots.iter().filter(|slot| !self.made.contains(&slot.seed.id));
        task::document(&self.order.request, &self.brand, missing).into()
    }

    fn take(&self, _attempt: &Attempt<'_>, burst: &mut Drafts, item: Item) {
        let Item::Organic(draft) = item else { return };
        let known = self.made.contains(&draft.id) || burst.iter().any(|(taken, _)| *taken == draft.id);
        if !known && self.plan.slots.iter().any(|slot| slot.seed.id == draft.id) {
            burst.push((draft.id, draft.draft));
        }
    }

    fn begin(&self, _attempt: &Attempt<'_>) -> Option<String> {
        None
    }

    async fn keep(&mut self, attempt: &mut Attempt<'_>, burst: Drafts) -> Result<(), JobError> {
        let placements = self.placements(attempt, burst).await?;
        for _ in 0..MERGES {
            let mut burst = self.burst(attempt, &placements)?;
            self.push_progress(&mut burst, Stage::Matching)?;
            match attempt.save(&mut burst).await {
                Err(JobError::Write(WriteError::Overtaken)) => self.read_again(attempt, &placements).await?,
                saved => {
                    saved?;
                    self.stage = Some(Stage::Matching);
                    self.add(burst);
                    return Ok(());
                }
            }
        }
        Err(WriteError::Overtaken.into())
    }

    /// Placements that could not be planned have their errors since the week was planned.
    fn outcome(&self, _burst: &Drafts) -> (State, Option<Failure>) {
        let failure = match (self.plan.slots.is_empty(), self.plan.refused.first()) {
            (false, None) => return (State::Succeeded, None),
            (false, Some(_)) => return (State::Partial, None),
            (true, None) => {
                let message = "There is nothing to make: no account is free, or every trend has been used.";
                Failure::new(Code::NoPlacements, message)
            }
            (true, Some(first)) => {
                let code = first.code.unwrap_or(Code::RuleRefused);
                let same = self.plan.refused.iter().all(|refused| refused.code == Some(code));
                let message = "None of the placements can be made; each says why.";
                Failure::new(if same { code } else { Code::NoPlacements }, message)
            }
        };
        (State::Failed, Some(failure))
    }

    async fn end(mut self, attempt: &mut Attempt<'_>, last: LastWrite<Drafts>) -> Result<(), JobError> {
        let LastWrite { burst, call, state, failure } = last;
        let placements = self.placements(attempt, burst).await?;
        for _ in 0..MERGES {
            let mut burst = self.burst(attempt, &placements)?;
            self.push_end(&mut burst, state, failure.as_ref())?;
            let conclusion = self.conclusion(attempt, &burst, call.clone(), state, failure.clone())?;
            match attempt.end("complete", conclusion).await {
                Err(JobError::Write(WriteError::Overtaken)) => self.read_again(attempt, &placements).await?,
                ended => {
                    ended?;
                    self.add(burst);
                    self.log_end(attempt, state, failure.as_ref());
                    return Ok(());
                }
            }
        }
        Err(WriteError::Overtaken.into())
    }
}
