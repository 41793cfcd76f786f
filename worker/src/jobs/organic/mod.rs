//! `organic.generate`: plans a brand's week, asks a model for its placements, stores and tells of each as it closes, and
//! ends the run. Called by `run` with a claimed job. The deadline belongs to the job: whatever attempt it is, the run ends
//! by it and keeps what it has. What was shown to somebody is stored and is never asked for again, and what was planned
//! once moves in no later attempt.

mod asking;
mod making;
mod telling;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use almanac_shared::{
    brands::Brand,
    jobs::{ClaimedJob, Failure, State, store::WriteError},
    organic::{
        PlacementId, Stage,
        plan::Plan,
        run::SavedPlacement,
        store::work::{self, Assignment, CallEnd, Charge, MAX_CALLS, Opened, Spent},
    },
    platform::{
        error::Code,
        faults::{self, Point},
        id::LlmCallId,
    },
};
use tokio::time::Instant;

use self::{asking::CallResult, making::Harvest};
use super::{
    JobError, LEFT_FOR_A_MOMENT, Verdict,
    calls::{call_end, failure_of},
    provider_wait::{Next as AfterFailure, Waiting, limit_reached},
};
use crate::{
    deps::Deps,
    outbound::{
        ai::{AiError, AiErrorKind, AiUsage, Task, Word},
        breaker::{self, Outcome, Permit},
    },
    runner::stop::{Reason, Stop},
};

/// Calls that may fail in one attempt.
const MAX_FAILURES: u32 = 3;
/// When a job has no deadline of its own.
const NO_LIMIT: Duration = Duration::from_secs(60);

/// Runs one attempt of a week.
pub async fn generate(deps: &Deps, job: &ClaimedJob, stop: &Stop) -> Result<Verdict, JobError> {
    let began = Instant::now();
    let Some(order) = work::assignment(&deps.service, job.user_id, job.lease()).await? else {
        return Ok(Verdict::Fail(gone()));
    };
    let Some(brand) = work::brand(&deps.service, job.user_id, &order.brand_id).await? else {
        return Ok(Verdict::Fail(gone()));
    };
    faults::pass(Point::ClaimedBeforeCall);
    let deadline = began + job.time_left.unwrap_or(NO_LIMIT);
    let (stage, spent, calls) = (order.stage, order.spent, order.calls);
    let (plan, saved) = (Plan { slots: Vec::new(), refused: Vec::new() }, BTreeMap::new());
    let (made, served, seq) = (BTreeSet::new(), AiUsage::default(), job.last_seq);
    let waiting = Waiting::of(deps, job);
    // A week that has told of nothing yet waits for an open circuit as if it had not started.
    if seq == 0
        && stop.given().is_none()
        && let Err(breaker::Opened { retry_in }) = deps.breakers.look(deps.ai.provider(), &order.model, Instant::now())
    {
        return Ok(Verdict::Hold(waiting.pause(retry_in)));
    }
    let mut week = Week {
        deps,
        job,
        stop,
        order,
        brand,
        plan,
        saved,
        made,
        stage,
        began,
        deadline,
        waiting,
        seq,
        spent,
        calls,
        served,
    };
    // What was cancelled before anything was planned needs no plan any more.
    if stop.given().is_none() || week.order.plan.is_some() {
        week.prepare().await?;
    }
    week.run().await
}

fn gone() -> Failure {
    Failure::new(Code::NotFound, "The brand was deleted.")
}

/// One attempt.
struct Week<'a> {
    deps: &'a Deps,
    job: &'a ClaimedJob,
    stop: &'a Stop,
    order: Assignment,
    brand: Brand,
    /// What is to be made, and what cannot be.
    plan: Plan,
    /// The brand's placements that the plan has to do with, as they are stored.
    saved: BTreeMap<PlacementId, SavedPlacement>,
    /// Placements that this run has made, those of earlier attempts included.
    made: BTreeSet<PlacementId>,
    /// The last stage that was told of.
    stage: Option<Stage>,
    began: Instant,
    /// The job's own end, seen from this attempt.
    deadline: Instant,
    /// How long it has waited for a provider that cannot serve.
    waiting: Waiting,
    /// Last seq of the log: only the holder of the lease appends, so it can count along.
    seq: i64,
    /// What all calls used.
    spent: Spent,
    /// Calls made, over all attempts.
    calls: i64,
    /// What is known of the answering model, for `ai_metadata`.
    served: AiUsage,
}

enum How {
    /// The model said all it had to say.
    Complete(AiUsage),
    /// It failed.
    Broken(AiError),
    /// Somebody wants the job to end.
    Stopped(Reason),
    /// The job's time is over.
    TimeUp,
}

/// What this attempt has been through.
#[derive(Default)]
struct Patience {
    failures: u32,
    /// Missing placements are asked for once more, and no third time.
    asked_again: bool,
    last: Option<AiError>,
}

/// Whether a loop goes on.
enum Next {
    Again,
    Over(Verdict),
}

impl Week<'_> {
    async fn run(mut self) -> Result<Verdict, JobError> {
        let mut patience = Patience::default();
        loop {
            if let Some(reason) = self.stop.given() {
                return self.stopped(Harvest::default(), None, reason).await;
            }
            if self.missing() == 0 {
                return self.finished(Harvest::default(), None).await;
            }
            if Instant::now() >= self.deadline {
                return self.time_is_up(Harvest::default(), None).await;
            }
            // Before one is opened: the ledger knows no call that was not made.
            if self.calls >= MAX_CALLS {
                return self.out_of_calls(patience.last.take()).await;
            }
            let model = self.order.model.clone();
            let permit = match self.deps.breakers.admit(self.deps.ai.provider(), &model, Instant::now()) {
                Ok(permit) => permit,
                Err(breaker::Opened { retry_in }) => return Ok(Verdict::Hold(self.waiting.pause(retry_in))),
            };
            match self.round(permit, &model, &mut patience).await? {
                Next::Again => {}
                Next::Over(verdict) => return Ok(verdict),
            }
        }
    }

    /// One call and what follows it.
    async fn round(&mut self, permit: Permit, model: &str, patience: &mut Patience) -> Result<Next, JobError> {
        let Some(prompt) = Task::Organic.prompt(&self.order.prompt_version) else {
            tracing::warn!("a prompt of a newer version; left to newer workers");
            return Ok(Next::Over(Verdict::Leave(LEFT_FOR_A_MOMENT)));
        };
        let call = LlmCallId::fresh();
        let (provider, existing) = (self.deps.ai.provider(), self.made.len());
        let opened = work::open_call(&self.deps.service, self.job.lease(), call, provider, model, existing).await?;
        self.calls += 1;
        match opened {
            Opened::Nth(_) => {}
            Opened::Spent => return self.out_of_calls(patience.last.take()).await.map(Next::Over),
            Opened::LimitReached => {
                return self.give_up(Harvest::default(), None, limit_reached()).await.map(Next::Over);
            }
        }
        let request = self.request(prompt);
        faults::pass_poison(self.order.request.options.guidance.as_deref().unwrap_or_default());
        let asked = Instant::now();
        let CallResult { harvest, how } = self.call(request).await?;
        let brought = self.made.len() + harvest.len() > existing;
        match how {
            How::Complete(usage) => {
                permit.record(Outcome::Served, Instant::now());
                self.deps.metrics.llm_call(provider, model, "succeeded", asked.elapsed().as_secs_f64());
                self.spend(&usage);
                // It counts as bought when it brought something.
                let end = CallEnd { succeeded: brought, ..call_end(call, Some(&usage), None) };
                self.answered(harvest, end, &usage, patience).await
            }
            How::Stopped(reason) => {
                drop(permit);
                let end = call_end(call, None, Some(&AiError::new(AiErrorKind::Cancelled)));
                self.stopped(harvest, Some(end), reason).await.map(Next::Over)
            }
            How::TimeUp => {
                self.judge(permit, if brought { Outcome::Served } else { Outcome::Failed }, model);
                let end = call_end(call, None, Some(&AiError::new(AiErrorKind::Timeout)));
                if self.missing() == harvest.len() {
                    return self.finished(harvest, Some(end)).await.map(Next::Over);
                }
                self.time_is_up(harvest, Some(end)).await.map(Next::Over)
            }
            How::Broken(error) => {
                let charge = self.waiting.charge(self.deps, self.job, (&error, &permit)).await?;
                self.calls -= i64::from(charge == Charge::Nothing);
                self.judge(permit, if error.is_outage() { Outcome::Failed } else { Outcome::Served }, model);
                self.count_failure(&error, model);
                let end = CallEnd { charge, ..call_end(call, error.usage.as_deref(), Some(&error)) };
                self.broken(harvest, end, error, patience).await
            }
        }
    }

    /// A complete answer ends the run, or what it left out is asked for once more. An answer that was cut at the token
    /// limit and brought something is not that one repetition.
    async fn answered(
        &mut self,
        harvest: Harvest,
        end: CallEnd,
        usage: &AiUsage,
        patience: &mut Patience,
    ) -> Result<Next, JobError> {
        if self.missing() == harvest.len() {
            return self.finished(harvest, Some(end)).await.map(Next::Over);
        }
        let cut_short = usage.finish_reason.as_ref().map(Word::as_str) == Some("length") && end.succeeded;
        if patience.asked_again && !cut_short {
            return self.give_up(harvest, Some(end), unfilled()).await.map(Next::Over);
        }
        patience.asked_again |= !cut_short;
        patience.last = None;
        self.keep(harvest).await?;
        work::close_call(&self.deps.service, &end).await?;
        Ok(Next::Again)
    }

    async fn broken(
        &mut self,
        harvest: Harvest,
        end: CallEnd,
        error: AiError,
        patience: &mut Patience,
    ) -> Result<Next, JobError> {
        if self.missing() == harvest.len() {
            return self.finished(harvest, Some(end)).await.map(Next::Over);
        }
        if Instant::now() >= self.deadline {
            return self.time_is_up(harvest, Some(end)).await.map(Next::Over);
        }
        let (charge, charged) = (end.charge, patience.failures);
        if !is_worth_another(&error, charge, patience) {
            return self.give_up_on(harvest, Some(end), &error).await.map(Next::Over);
        }
        self.keep(harvest).await?;
        work::close_call(&self.deps.service, &end).await?;
        let next = self.waiting.next(self.deps, &error, charge, charged);
        patience.last = Some(error);
        let wait = match next {
            AfterFailure::Here(wait) => wait,
            AfterFailure::Queue(pause) => return Ok(Next::Over(Verdict::Hold(pause))),
        };
        match self.pause(wait).await {
            None => Ok(Next::Again),
            Some(how) => self.interrupted(how).await.map(Next::Over),
        }
    }

    /// Waits, unless somebody wants the job to end or its time is over meanwhile.
    async fn pause(&self, wait: Duration) -> Option<How> {
        tokio::select! {
            () = tokio::time::sleep(wait) => None,
            reason = self.stop.wait() => Some(How::Stopped(reason)),
            () = tokio::time::sleep_until(self.deadline) => Some(How::TimeUp),
        }
    }

    async fn interrupted(&mut self, how: How) -> Result<Verdict, JobError> {
        match how {
            How::Stopped(reason) => self.stopped(Harvest::default(), None, reason).await,
            _ => self.time_is_up(Harvest::default(), None).await,
        }
    }

    /// All that could be planned is made; what could not be was told of when the week was planned.
    async fn finished(&mut self, harvest: Harvest, call: Option<CallEnd>) -> Result<Verdict, JobError> {
        let failure = match (self.plan.slots.is_empty(), self.plan.refused.first()) {
            (false, None) => return self.end(harvest, call, State::Succeeded, None).await,
            (false, Some(_)) => return self.end(harvest, call, State::Partial, None).await,
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
        self.end(harvest, call, State::Failed, Some(failure)).await
    }

    async fn give_up_on(
        &mut self,
        harvest: Harvest,
        call: Option<CallEnd>,
        error: &AiError,
    ) -> Result<Verdict, JobError> {
        self.deps.metrics.provider_failed(error.code().as_str());
        self.give_up(harvest, call, failure_of(error)).await
    }

    /// The last call went wrong, or the answers were too short for so many placements. With nothing made and nothing known
    /// of any answer (calls of attempts that never ended) all there is to say is that there is no call left.
    async fn out_of_calls(&mut self, last: Option<AiError>) -> Result<Verdict, JobError> {
        match last {
            None if !self.made.is_empty() => self.give_up(Harvest::default(), None, unfilled()).await,
            last => {
                let error = last.unwrap_or(AiErrorKind::BudgetSpent.into());
                self.give_up_on(Harvest::default(), None, &error).await
            }
        }
    }

    /// With something made the run is partial, and each placement that is missing is named; with nothing it has failed.
    async fn give_up(
        &mut self,
        harvest: Harvest,
        call: Option<CallEnd>,
        failure: Failure,
    ) -> Result<Verdict, JobError> {
        let nothing = self.made.is_empty() && harvest.len() == 0;
        self.end(harvest, call, if nothing { State::Failed } else { State::Partial }, Some(failure)).await
    }

    async fn time_is_up(&mut self, harvest: Harvest, call: Option<CallEnd>) -> Result<Verdict, JobError> {
        let message = match self.made.len() + harvest.len() {
            0 => "This took longer than it may, and nothing was ready yet. Please try again.".to_owned(),
            made => format!(
                "This took longer than it may. The {made} placements that were ready are kept; you can generate again."
            ),
        };
        self.end(harvest, call, State::Timeout, Some(Failure::new(Code::Timeout, message))).await
    }

    async fn stopped(&mut self, harvest: Harvest, call: Option<CallEnd>, reason: Reason) -> Result<Verdict, JobError> {
        match reason {
            Reason::Cancelled => {
                let failure = Failure::new(Code::Cancelled, "Cancelled by request. Results so far are kept.");
                self.end(harvest, call, State::Cancelled, Some(failure)).await
            }
            // The call's row stays open: whoever goes on marks it as of unknown outcome, which it is.
            Reason::Drain | Reason::Outage => Ok(Verdict::HandBack),
            Reason::LeaseLost => Err(JobError::Write(WriteError::LeaseLost)),
        }
    }
}

/// Whether missing placements may be asked for again after a failure: it can pass, the answer was not unusable twice, and
/// the run is not charged for too many.
fn is_worth_another(error: &AiError, charge: Charge, patience: &mut Patience) -> bool {
    patience.failures += u32::from(charge == Charge::Full);
    let unusable = matches!(error.kind, AiErrorKind::InvalidOutput | AiErrorKind::EmptyOutput);
    let twice = unusable && std::mem::replace(&mut patience.asked_again, true);
    error.retryable() && !twice && patience.failures < MAX_FAILURES
}

fn unfilled() -> Failure {
    Failure::new(Code::SlotUnfilled, "The model returned no content for some placements, even after a second request.")
}
