//! The events of a week: progress, placements, errors, and the summary at the end.
//! Called by the job beside this. Each is stored in the commit that stores what it reports.

use almanac_shared::{
    jobs::{
        Failure, State,
        store::{calls::CallEnd, ends::Conclusion},
    },
    organic::{
        Stage,
        event::{self, Complete, Event, Placement, Progress},
    },
    platform::error::Code,
};
use anyhow::Context;
use serde_json::json;

use super::{Burst, OrganicWeek};
use crate::jobs::model_run::Attempt;

impl OrganicWeek {
    fn push(burst: &mut Burst, event: &Event) -> anyhow::Result<()> {
        let data = event.data().context("writing an event")?;
        burst.events.push((event.kind().to_owned(), data));
        Ok(())
    }

    pub(super) fn push_placement(burst: &mut Burst, placement: &Placement) -> anyhow::Result<()> {
        Self::push(burst, &Event::Placement { placement: Box::new(placement.clone()) })
    }

    /// Progress of the run when a burst is stored, for the log and for clients that poll the job.
    pub(super) fn push_progress(&self, burst: &mut Burst, stage: Stage) -> anyhow::Result<()> {
        self.push_count(burst, stage, self.plan.refused.len() + self.made.len() + burst.items.len(), None)
    }

    fn push_count(
        &self,
        burst: &mut Burst,
        stage: Stage,
        completed: usize,
        message: Option<String>,
    ) -> anyhow::Result<()> {
        let total = self.plan.total();
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let progress = Progress { completed: count(completed), total: count(total), stage: Some(stage), message };
        Self::push(burst, &Event::Progress(progress))?;
        let percent = completed * 100 / total.max(1);
        burst.progress = Some(json!({ "completed": completed, "total": total, "stage": stage, "percent": percent }));
        Ok(())
    }

    /// What was found when the week was planned: ids that came twice, placements that cannot be made, how many there are.
    pub(super) fn push_plan(&mut self) -> anyhow::Result<Burst> {
        let mut burst = Burst::default();
        let repeated: Vec<&str> = self.order.request.repeated.iter().map(|id| id.as_str()).collect();
        let message = (!repeated.is_empty())
            .then(|| format!("Sent more than once, and the last one counts: {}.", repeated.join(", ")));
        self.push_count(&mut burst, Stage::Analyzing, 0, message)?;
        for refused in &self.plan.refused {
            Self::push(&mut burst, &Event::Error(refused.clone()))?;
        }
        if !self.plan.slots.is_empty() {
            self.push_progress(&mut burst, Stage::Drafting)?;
        }
        Ok(burst)
    }

    /// Names each placement that is missing.
    fn push_missing(&self, burst: &mut Burst, failure: &Failure) -> anyhow::Result<()> {
        let made: Vec<_> = burst.items.iter().map(|made| made.placement.placement.placement_id.clone()).collect();
        let missing = self.plan.slots.iter().map(|slot| &slot.seed.id);
        let missing: Vec<_> = missing.filter(|id| !self.made.contains(id) && !made.contains(id)).cloned().collect();
        for id in missing {
            let message = match failure.code {
                Code::SlotUnfilled => {
                    "The model wrote nothing for this placement, also when it was asked again.".to_owned()
                }
                _ => failure.message.clone(),
            };
            let error = event::Failure { code: Some(failure.code), message, placement_id: Some(id) };
            Self::push(burst, &Event::Error(error))?;
        }
        Ok(())
    }

    /// The stages that are left: all of them for a run that came to its own end, else the last.
    pub(super) fn push_end(&self, burst: &mut Burst, state: State, failure: Option<&Failure>) -> anyhow::Result<()> {
        let came_last = burst.items.len();
        if came_last > 0 {
            self.push_progress(burst, Stage::Matching)?;
        }
        let told = (came_last > 0).then_some(Stage::Matching).max(self.stage);
        let at_its_own_end = matches!(state, State::Succeeded | State::Partial);
        let left = Stage::ALL.iter().copied().filter(|stage| Some(*stage) > told && *stage != Stage::Finalizing);
        for stage in left.filter(|_| at_its_own_end) {
            self.push_progress(burst, stage)?;
        }
        let mut completed = self.plan.refused.len() + self.made.len() + came_last;
        if let (State::Partial, Some(failure)) = (state, failure) {
            self.push_missing(burst, failure)?;
            completed = self.plan.total();
        }
        self.push_count(burst, Stage::Finalizing, completed, None)?;
        if let (State::Failed, Some(failure)) = (state, failure) {
            let Failure { code, message, .. } = failure.clone();
            Self::push(burst, &Event::Error(event::Failure { code: Some(code), message, placement_id: None }))?;
        }
        Ok(())
    }

    /// All that the week ends with.
    pub(super) fn conclusion(
        &self,
        attempt: &Attempt<'_>,
        burst: &Burst,
        call: Option<CallEnd>,
        state: State,
        failure: Option<Failure>,
    ) -> anyhow::Result<Conclusion> {
        let made = self.made.len() + burst.items.len();
        let failed = self.failed(made, state, failure.as_ref());
        let latency_ms = attempt.latency_ms();
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let complete = Complete {
            status: Some(state.as_str().to_owned()),
            placements: Some(count(made)),
            errors: Some(count(failed)),
            adjusted: Some(count(self.adjusted(burst))),
            latency_ms: Some(latency_ms),
            tokens: attempt.spent.tokens(),
            tokens_input: attempt.spent.tokens_input,
            tokens_output: attempt.spent.tokens_output,
            cost_usd: attempt.spent.cost_usd,
            message: failure.as_ref().map(|failure| failure.message.clone()),
        };
        let result = json!({
            "items": burst.items, "metadata": attempt.metadata(latency_ms), "latency_ms": latency_ms,
            "failed": failed,
        });
        Ok(Conclusion {
            lease: attempt.job.lease(),
            state,
            failure,
            events: burst.events.clone(),
            progress: burst.progress.clone(),
            call,
            result,
            data: Event::Complete(complete).data().context("writing the last event")?,
        })
    }

    /// Number of placements with an error event.
    fn failed(&self, made: usize, state: State, failure: Option<&Failure>) -> usize {
        match (state, failure) {
            (State::Partial, Some(_)) => self.plan.total().saturating_sub(made),
            _ => self.plan.refused.len(),
        }
    }

    /// Placements of this run that are not at the time that was asked for.
    fn adjusted(&self, burst: &Burst) -> usize {
        let before = self.made.iter().filter_map(|id| self.saved.get(id)).map(|saved| &saved.placement);
        let all = before.chain(burst.items.iter().map(|made| &made.placement.placement));
        all.filter(|placement| placement.schedule.adjusted == Some(true)).count()
    }

    pub(super) fn log_end(&self, attempt: &Attempt<'_>, state: State, failure: Option<&Failure>) {
        tracing::info!(
            brandId = %self.order.brand_id,
            weekStart = %self.order.request.week.start,
            status = state.as_str(),
            code = failure.map(|failure| failure.code.as_str()),
            latencyMs = attempt.latency_ms(),
            placements = self.made.len(),
            errors = self.failed(self.made.len(), state, failure),
            tokens = attempt.spent.tokens(),
            tokensInput = attempt.spent.tokens_input,
            tokensOutput = attempt.spent.tokens_output,
            "the week ended"
        );
    }
}
