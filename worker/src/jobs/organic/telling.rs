//! What a run tells while it works and at its end. Called by the job beside this. Whatever it says is stored in the commit
//! that stores what it tells of.

use almanac_shared::{
    events,
    jobs::{Failure, State, store::WriteError},
    organic::{
        Stage,
        event::{self, Complete, Event, Placement, Progress},
        store::work::{self, Burst, CallEnd, Ending},
    },
    platform::{
        error::Code,
        faults::{self, Point},
    },
};
use anyhow::Context;
use serde_json::json;

use super::{Week, making::Harvest};
use crate::jobs::{JobError, Verdict};

/// How often an end that a person overtook is written anew.
const MERGES: usize = 10;

impl Week<'_> {
    fn push(burst: &mut Burst, event: &Event) -> anyhow::Result<()> {
        let data = event.data().context("writing an event")?;
        burst.events.push((event.kind().to_owned(), data));
        Ok(())
    }

    pub(super) fn tell_placement(&self, burst: &mut Burst, placement: &Placement) -> anyhow::Result<()> {
        Self::push(burst, &Event::Placement { placement: Box::new(placement.clone()) })
    }

    /// How far the run is when a burst is stored, for the log and for whoever polls the job.
    pub(super) fn tell_progress(&self, burst: &mut Burst, stage: Stage) -> anyhow::Result<()> {
        self.tell_count(burst, stage, self.plan.refused.len() + self.made.len() + burst.made.len(), None)
    }

    fn tell_count(
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
    pub(super) fn tell_plan(&mut self) -> anyhow::Result<Burst> {
        let mut burst = Burst::default();
        let repeated: Vec<&str> = self.order.request.repeated.iter().map(|id| id.as_str()).collect();
        let message = (!repeated.is_empty())
            .then(|| format!("Sent more than once, and the last one counts: {}.", repeated.join(", ")));
        self.tell_count(&mut burst, Stage::Analyzing, 0, message)?;
        for refused in &self.plan.refused {
            Self::push(&mut burst, &Event::Error(refused.clone()))?;
        }
        if !self.plan.slots.is_empty() {
            self.tell_progress(&mut burst, Stage::Drafting)?;
        }
        Ok(burst)
    }

    /// Hands stored events to whoever listens.
    pub(super) fn publish(&mut self, events: Vec<(String, String)>) {
        let numbered = events.into_iter().map(|(kind, data)| {
            self.seq += 1;
            events::event::Event { seq: self.seq, kind, data }
        });
        let numbered: Vec<events::event::Event> = numbered.collect();
        self.deps.publisher.publish(self.job.id, numbered);
    }

    /// Names each placement that is missing.
    fn tell_missing(&self, burst: &mut Burst, failure: &Failure) -> anyhow::Result<()> {
        let made: Vec<_> = burst.made.iter().map(|made| made.placement.placement.placement_id.clone()).collect();
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
    fn tell_end(&self, burst: &mut Burst, state: State, failure: Option<&Failure>) -> anyhow::Result<()> {
        let came_last = burst.made.len();
        if came_last > 0 {
            self.tell_progress(burst, Stage::Matching)?;
        }
        let told = (came_last > 0).then_some(Stage::Matching).max(self.stage);
        let at_its_own_end = matches!(state, State::Succeeded | State::Partial);
        let left = Stage::ALL.iter().copied().filter(|stage| Some(*stage) > told && *stage != Stage::Finalizing);
        for stage in left.filter(|_| at_its_own_end) {
            self.tell_progress(burst, stage)?;
        }
        let mut completed = self.plan.refused.len() + self.made.len() + came_last;
        if let (State::Partial, Some(failure)) = (state, failure) {
            self.tell_missing(burst, failure)?;
            completed = self.plan.total();
        }
        self.tell_count(burst, Stage::Finalizing, completed, None)
    }

    /// Ends the run: what came last, what it means, and the summary, in one commit.
    pub(super) async fn end(
        &mut self,
        harvest: Harvest,
        call: Option<CallEnd>,
        state: State,
        failure: Option<Failure>,
    ) -> Result<Verdict, JobError> {
        let placements = self.placements(harvest).await?;
        for _ in 0..MERGES {
            let mut burst = self.burst(&placements)?;
            self.tell_end(&mut burst, state, failure.as_ref())?;
            let ending = self.ending(&burst, state, failure.clone())?;
            if !burst.made.is_empty() {
                faults::pass(Point::AnsweredBeforeCommit);
            }
            let service = &self.deps.service;
            match work::conclude(service, self.job.lease(), &burst, call.as_ref(), &ending).await {
                Err(WriteError::Overtaken) => self.look_again(&placements).await?,
                concluded => {
                    let last = concluded?;
                    faults::pass(Point::CommittedBeforePublish);
                    self.kept(burst);
                    // Of a run that failed the store says so in an event of its own before this one: who listens
                    // notices the gap and reads it.
                    self.seq = last - 1;
                    self.publish(vec![("complete".to_owned(), ending.data.clone())]);
                    self.log_end(&ending);
                    return Ok(Verdict::Concluded);
                }
            }
        }
        Err(WriteError::Overtaken.into())
    }

    fn ending(&self, burst: &Burst, state: State, failure: Option<Failure>) -> anyhow::Result<Ending> {
        let made = self.made.len() + burst.made.len();
        let failed = match (state, &failure) {
            (State::Partial, Some(_)) => self.plan.total().saturating_sub(made),
            _ => self.plan.refused.len(),
        };
        let latency_ms = self.latency_ms();
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let complete = Complete {
            status: Some(state.as_str().to_owned()),
            placements: Some(count(made)),
            errors: Some(count(failed)),
            adjusted: Some(count(self.adjusted(burst))),
            latency_ms: Some(latency_ms),
            tokens: self.spent.tokens(),
            tokens_input: self.spent.tokens_input,
            tokens_output: self.spent.tokens_output,
            cost_usd: self.spent.cost_usd,
            message: failure.as_ref().map(|failure| failure.message.clone()),
        };
        let metadata = json!({
            "provider": self.deps.ai.provider(), "model": self.served.model, "provider_ref": self.served.provider_ref,
            "finish_reason": self.served.finish_reason, "latency_ms": latency_ms, "items": self.served.items,
        });
        let data = Event::Complete(complete).data().context("writing the last event")?;
        Ok(Ending { state, failure, data, metadata, latency_ms, failed: i32::try_from(failed).unwrap_or(i32::MAX) })
    }

    /// Placements of this run that are not at the time that was asked for.
    fn adjusted(&self, burst: &Burst) -> usize {
        let before = self.made.iter().filter_map(|id| self.saved.get(id)).map(|saved| &saved.placement);
        let all = before.chain(burst.made.iter().map(|made| &made.placement.placement));
        all.filter(|placement| placement.schedule.adjusted == Some(true)).count()
    }

    /// From the job's first start, whatever attempt this is: its limit less what was left of it when this one began.
    fn latency_ms(&self) -> i64 {
        let limit = self.job.payload["timeLimitMs"].as_u64().unwrap_or(0);
        let left = self.job.time_left.map_or(u128::from(limit), |left| left.as_millis());
        let before = u128::from(limit).saturating_sub(left);
        i64::try_from(before + self.began.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    fn log_end(&self, ending: &Ending) {
        let status = ending.state.as_str();
        self.deps.metrics.job_finished(&self.job.kind, status, self.began.elapsed().as_secs_f64());
        tracing::info!(
            brandId = %self.order.brand_id,
            weekStart = %self.order.request.week.start,
            status,
            code = ending.failure.as_ref().map(|failure| failure.code.as_str()),
            latencyMs = ending.latency_ms,
            placements = self.made.len(),
            errors = ending.failed,
            tokens = self.spent.tokens(),
            tokensInput = self.spent.tokens_input,
            tokensOutput = self.spent.tokens_output,
            "the week ended"
        );
    }
}
