//! `calendar.generate`: asks a model for a run's entries, stores and tells of each as it closes, and ends the run.
//! Called by `run` with a claimed job. The deadline belongs to the job: whatever attempt it is, the run ends by it and
//! keeps what it has. What was shown to somebody is stored, and is never asked for again.

mod telling;

use std::{collections::BTreeSet, time::Duration};

use almanac_shared::{
    calendar::{
        Content, EntryKey, Made,
        run::{Assignment, Spent},
        store::work::{self, Burst, CallEnd, MAX_CALLS},
        task,
    },
    circuit,
    error::Code,
    faults::{self, Point},
    flags::Flag,
    id::{EntryId, LlmCallId},
    jobs::{ClaimedJob, Failure, State, store::WriteError},
    telemetry,
};
use serde_json::Value;
use tokio::time::Instant;

use super::{JobError, Verdict, calls::call_end};
use crate::{
    deps::Deps,
    outbound::{
        ai::{AiError, AiErrorKind, AiEvent, AiRequest, AiUsage, Answering, CalendarEntry, Item, Task},
        backoff::Backoff,
        breaker::{Opened, Outcome, Permit},
    },
    stop::{Reason, Stop},
};

/// Calls that may fail in one attempt.
const MAX_FAILURES: u32 = 3;
/// When a job has no deadline of its own.
const NO_LIMIT: Duration = Duration::from_secs(30);

/// Runs one attempt of a calendar run.
pub async fn generate(deps: &Deps, job: &ClaimedJob, stop: &Stop) -> Result<Verdict, JobError> {
    let began = Instant::now();
    let Some(order) = work::assignment(&deps.service, job.user_id, job.lease()).await? else {
        return Ok(Verdict::Fail(Failure::new(Code::Internal, "The calendar is no longer there.")));
    };
    let deadline = began + job.time_left.unwrap_or(NO_LIMIT);
    let (made, spent, calls) = (order.made.clone(), order.spent, order.calls);
    let served = AiUsage::default();
    Planning { deps, job, stop, order, began, deadline, seq: job.last_seq, made, spent, calls, served }.run().await
}

struct Planning<'a> {
    deps: &'a Deps,
    job: &'a ClaimedJob,
    stop: &'a Stop,
    order: Assignment,
    began: Instant,
    /// The job's own end, seen from this attempt.
    deadline: Instant,
    /// Last seq of the log: only the holder of the lease appends, so it can count along (D49).
    seq: i64,
    /// Entries that exist, those of earlier attempts included.
    made: Vec<Made>,
    /// What all calls used.
    spent: Spent,
    /// Calls made, over all attempts.
    calls: i64,
    /// What is known of the answering model, for `ai_metadata`.
    served: AiUsage,
}

/// How one call ended; what came last is in the burst, to be stored together with what follows.
struct CallResult {
    burst: Burst,
    how: How,
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
    /// Missing slots are asked for once more, and no third time.
    asked_again: bool,
    last: Option<AiError>,
}

impl Planning<'_> {
    async fn run(mut self) -> Result<Verdict, JobError> {
        faults::pass(Point::ClaimedBeforeCall);
        if let Some(reason) = self.stop.given() {
            return self.stopped(Burst::default(), None, reason).await;
        }
        self.tell_begin();
        let mut patience = Patience::default();
        loop {
            if self.missing() == 0 {
                return self.end(Burst::default(), None, State::Succeeded, None).await;
            }
            if Instant::now() >= self.deadline {
                return self.time_is_up(Burst::default(), None).await;
            }
            if !self.is_switched_on().await {
                let failure = Failure::new(Code::ServiceDisabled, "Calendars were switched off meanwhile.");
                return self.give_up(Burst::default(), None, failure).await;
            }
            let model = self.order.model.clone();
            let permit = match self.deps.breakers.admit(self.deps.ai.provider(), &model, Instant::now()) {
                Ok(permit) => permit,
                Err(Opened { retry_in }) => {
                    if Instant::now() + retry_in >= self.deadline {
                        return self.give_up_on(Burst::default(), None, &AiErrorKind::BreakerOpen.into()).await;
                    }
                    if let Some(verdict) = self.pause(retry_in).await {
                        return self.interrupted(verdict).await;
                    }
                    continue;
                }
            };
            let call = LlmCallId::fresh();
            let (provider, lease) = (self.deps.ai.provider(), self.job.lease());
            let existing = self.made.len();
            let opened = work::open_call(&self.deps.service, lease, call, provider, &model, existing).await?;
            self.calls += 1;
            if opened.is_none() || self.calls > MAX_CALLS {
                let last = patience.last.unwrap_or(AiErrorKind::BudgetSpent.into());
                return self.give_up_on(Burst::default(), None, &last).await;
            }
            let Some(request) = self.request() else {
                return Ok(Verdict::Fail(Failure::new(Code::Internal, "The prompt of this run is no longer kept.")));
            };
            faults::pass_poison(&Value::from(self.order.request.constraints.all.clone()).to_string());
            let asked = Instant::now();
            let CallResult { burst, how } = self.call(request).await?;
            match how {
                How::Complete(usage) => {
                    permit.record(Outcome::Served, Instant::now());
                    self.deps.metrics.llm_call(provider, &model, "succeeded", asked.elapsed().as_secs_f64());
                    let end = self.spend(call, &usage, existing);
                    if self.missing() == 0 {
                        return self.end(burst, Some(end), State::Succeeded, None).await;
                    }
                    let cut_short = usage.finish_reason.as_deref() == Some("length") && self.made.len() > existing;
                    if patience.asked_again && !cut_short {
                        return self.give_up(burst, Some(end), unfilled()).await;
                    }
                    patience.asked_again |= !cut_short;
                    self.keep(burst).await?;
                    work::close_call(&self.deps.service, &end).await?;
                }
                How::Stopped(reason) => {
                    drop(permit);
                    let error = AiError::new(AiErrorKind::Cancelled);
                    return self.stopped(burst, Some(call_end(call, None, Some(&error))), reason).await;
                }
                How::TimeUp => {
                    let silent = self.made.len() == existing;
                    self.judge(permit, if silent { Outcome::Failed } else { Outcome::Served }, &model);
                    let error = AiError::new(AiErrorKind::Timeout);
                    return self.time_is_up(burst, Some(call_end(call, None, Some(&error)))).await;
                }
                How::Broken(error) => {
                    let outcome = if error.is_outage() { Outcome::Failed } else { Outcome::Served };
                    self.judge(permit, outcome, &model);
                    self.count_failure(&error, &model);
                    let end = call_end(call, error.usage.as_deref(), Some(&error));
                    if Instant::now() >= self.deadline {
                        return self.time_is_up(burst, Some(end)).await;
                    }
                    if !self.is_worth_another(&error, &mut patience) {
                        return self.give_up_on(burst, Some(end), &error).await;
                    }
                    self.keep(burst).await?;
                    work::close_call(&self.deps.service, &end).await?;
                    let left = self.deadline.saturating_duration_since(Instant::now());
                    let wait = Backoff::MODEL.wait(patience.failures - 1, error.retry_after, left, &mut rand::rng());
                    patience.last = Some(error);
                    if let Some(verdict) = self.pause(wait.unwrap_or(left)).await {
                        return self.interrupted(verdict).await;
                    }
                }
            }
        }
    }

    fn missing(&self) -> usize {
        self.order.slots.len().saturating_sub(self.made.len())
    }

    fn filled(&self) -> BTreeSet<EntryKey> {
        self.made.iter().map(|made| made.key.clone()).collect()
    }

    /// Read anew right before the model is called (D10); what is known stands while the store is away.
    async fn is_switched_on(&self) -> bool {
        let _ = self.deps.flags.refresh().await;
        self.deps.flags.is_on(Flag::CalendarService, Some(self.job.user_id))
    }

    /// Whether missing entries may be asked for again after a failure: it can pass, the answer was not unusable twice,
    /// and this process has retries left.
    fn is_worth_another(&self, error: &AiError, patience: &mut Patience) -> bool {
        patience.failures += 1;
        let unusable = matches!(error.kind, AiErrorKind::InvalidOutput | AiErrorKind::EmptyOutput);
        let twice = unusable && std::mem::replace(&mut patience.asked_again, true);
        let may = error.retryable() && !twice && patience.failures < MAX_FAILURES;
        may && self.deps.retries.try_retry(Instant::now())
    }

    fn request(&self) -> Option<AiRequest> {
        let prompt = Task::Calendar.prompt(&self.order.prompt_version)?;
        let document = task::document(&self.order.request, &self.order.slots, &self.filled());
        let mut request = AiRequest::new(prompt, self.order.model.clone(), document.into(), self.deadline);
        request.traceparent = telemetry::current_traceparent();
        Some(request)
    }

    /// Makes one call and stores what comes as it comes: everything that is ready together in one commit. The last
    /// burst is left to the caller.
    async fn call(&mut self, request: AiRequest) -> Result<CallResult, JobError> {
        self.deps.retries.called();
        faults::pass(Point::CallInFlight);
        let mut events = Answering::start(self.deps.ai.call(request));
        loop {
            let mut burst = self.burst();
            let ready = tokio::select! {
                biased;
                reason = self.stop.wait() => return Ok(CallResult { burst, how: How::Stopped(reason) }),
                () = tokio::time::sleep_until(self.deadline) => return Ok(CallResult { burst, how: How::TimeUp }),
                ready = events.next() => ready,
            };
            if ready.is_empty() {
                return Ok(CallResult { burst, how: How::Broken(AiErrorKind::Truncated.into()) });
            }
            for event in ready {
                match event {
                    Ok(AiEvent::Item(Item::Calendar(entry))) => self.add(&mut burst, entry),
                    // The answer is read as the task that was asked for, so no other item comes.
                    Ok(AiEvent::Started { .. } | AiEvent::Item(_)) => {}
                    Ok(AiEvent::Finished(usage)) => return Ok(CallResult { burst, how: How::Complete(usage) }),
                    Err(error) => return Ok(CallResult { burst, how: How::Broken(error) }),
                }
            }
            self.keep(burst).await?;
        }
    }

    fn burst(&self) -> Burst {
        Burst { after: i32::try_from(self.made.len()).unwrap_or(i32::MAX), ..Burst::default() }
    }

    /// A draft becomes the entry of its slot: where and when it goes is the slot's to say, never the answer's.
    fn add(&mut self, burst: &mut Burst, entry: CalendarEntry) {
        let Some(slot) = self.order.slots.iter().find(|slot| slot.key.to_string() == entry.key) else { return };
        if self.made.iter().any(|made| made.key == slot.key) {
            return;
        }
        let content = Content::of(slot, self.order.request.zone, entry.draft);
        let made = Made { key: slot.key.clone(), entry_id: EntryId::fresh(), fields: content.generated_fields() };
        self.tell_entry(burst, &made, &content);
        self.made.push(made.clone());
        burst.made.push(made);
    }

    /// Stores a burst and tells of it.
    async fn keep(&mut self, mut burst: Burst) -> Result<(), JobError> {
        if burst.made.is_empty() {
            return Ok(());
        }
        self.tell_progress(&mut burst);
        faults::pass(Point::AnsweredBeforeCommit);
        work::save(&self.deps.service, self.job.lease(), &burst).await?;
        faults::pass(Point::CommittedBeforePublish);
        self.publish(burst.events);
        faults::pass(Point::BetweenBursts);
        Ok(())
    }

    /// Adds up what a complete call used. It counts as bought when it brought something.
    fn spend(&mut self, call: LlmCallId, usage: &AiUsage, existing: usize) -> CallEnd {
        self.spent = self.spent.and(Spent {
            tokens_input: usage.tokens_input.map(i64::from),
            tokens_output: usage.tokens_output.map(i64::from),
            cost_usd: usage.cost_usd.as_deref().and_then(|cost| cost.parse().ok()),
        });
        self.served = usage.clone();
        CallEnd { succeeded: self.made.len() > existing, ..call_end(call, Some(usage), None) }
    }

    /// Waits, unless somebody wants the job to end or its time is over meanwhile.
    async fn pause(&self, wait: Duration) -> Option<How> {
        tokio::select! {
            () = tokio::time::sleep(wait) => None,
            reason = self.stop.wait() => Some(How::Stopped(reason)),
            () = tokio::time::sleep_until(self.deadline) => Some(How::TimeUp),
        }
    }

    async fn interrupted(self, how: How) -> Result<Verdict, JobError> {
        match how {
            How::Stopped(reason) => self.stopped(Burst::default(), None, reason).await,
            _ => self.time_is_up(Burst::default(), None).await,
        }
    }

    async fn give_up_on(self, burst: Burst, call: Option<CallEnd>, error: &AiError) -> Result<Verdict, JobError> {
        let mut failure = Failure::new(error.code(), sentence(error.code()));
        if let Value::Object(detail) = error.detail() {
            failure.context = detail.into_iter().filter(|(name, value)| name != "code" && !value.is_null()).collect();
        }
        self.deps.metrics.provider_failed(error.code().as_str());
        self.give_up(burst, call, failure).await
    }

    /// With something made the run is partial, and each slot without an entry is named; with nothing it has failed.
    async fn give_up(self, burst: Burst, call: Option<CallEnd>, failure: Failure) -> Result<Verdict, JobError> {
        let state = if self.made.is_empty() { State::Failed } else { State::Partial };
        self.end(burst, call, state, Some(failure)).await
    }

    async fn time_is_up(self, burst: Burst, call: Option<CallEnd>) -> Result<Verdict, JobError> {
        let message = match self.made.len() {
            0 => "This took longer than it may, and nothing was ready yet. Please try again.".to_owned(),
            made => format!(
                "This took longer than it may. The {made} entries that were ready are kept; you can generate again."
            ),
        };
        self.end(burst, call, State::Timeout, Some(Failure::new(Code::Timeout, message))).await
    }

    async fn stopped(self, burst: Burst, call: Option<CallEnd>, reason: Reason) -> Result<Verdict, JobError> {
        match reason {
            Reason::Cancelled => {
                let failure = Failure::new(Code::Cancelled, "Cancelled on request; what was made is kept.");
                self.end(burst, call, State::Cancelled, Some(failure)).await
            }
            // The call's row stays open: whoever goes on marks it as of unknown outcome, which it is.
            Reason::Drain | Reason::Outage => Ok(Verdict::HandBack),
            Reason::LeaseLost => Err(JobError::Write(WriteError::LeaseLost)),
        }
    }

    /// Records how a call went with its circuit, and tells the API when that opens.
    fn judge(&self, permit: Permit, outcome: Outcome, model: &str) {
        let Some(Opened { retry_in }) = permit.record(outcome, Instant::now()) else { return };
        tracing::warn!(model, seconds = retry_in.as_secs(), "the provider's circuit is open");
        self.deps.metrics.breaker(self.deps.ai.provider(), model, true);
        circuit::publish(self.deps.redis.clone(), model, retry_in);
    }

    fn count_failure(&self, error: &AiError, model: &str) {
        self.deps.metrics.llm_call(self.deps.ai.provider(), model, error.kind.as_str(), error.elapsed.as_secs_f64());
        tracing::warn!(%error, code = %error.code(), providerRequestId = error.provider_ref, "a call of the model failed");
    }
}

fn unfilled() -> Failure {
    Failure::new(Code::SlotUnfilled, "The model left some slots empty, also when it was asked again.")
}

/// What a person reads.
fn sentence(code: Code) -> &'static str {
    match code {
        Code::ProviderTimeout => "The model did not answer in time. Please try again.",
        Code::ProviderRateLimited => "The model is busy. Please try again in a while.",
        Code::EmptyOutput => "The model answered nothing. Please try again.",
        Code::InvalidOutput | Code::OutputTooLarge => "The model's answer could not be read. Please try again.",
        Code::ProviderRejected => "The model refused this request.",
        _ => "The model could not be reached. Please try again later.",
    }
}
