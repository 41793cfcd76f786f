//! `calendar.generate`: asks a model for a run's entries, stores and tells of each as it closes, and ends the run.
//! Called by `run` with a claimed job. The deadline belongs to the job: whatever attempt it is, the run ends by it and
//! keeps what it has. What was shown to somebody is stored, and is never asked for again.

mod asking;
mod telling;

use std::{collections::BTreeSet, time::Duration};

use almanac_shared::{
    calendar::{
        EntryKey, Made,
        run::{Assignment, Spent},
        store::work::{self, Burst, CallEnd, Charge, MAX_CALLS, Opened},
    },
    jobs::{ClaimedJob, Failure, State, store::WriteError},
    platform::{
        error::Code,
        faults::{self, Point},
        flags::Flag,
        id::LlmCallId,
    },
};
use serde_json::Value;
use tokio::time::Instant;

use self::asking::{CallResult, How};
use super::{
    JobError, LEFT_FOR_A_MOMENT, Verdict,
    calls::{call_end, failure_of},
    provider_wait::{Next, Waiting, limit_reached},
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
const NO_LIMIT: Duration = Duration::from_secs(30);

/// Runs one attempt of a calendar run.
pub async fn generate(deps: &Deps, job: &ClaimedJob, stop: &Stop) -> Result<Verdict, JobError> {
    let began = Instant::now();
    let Some(order) = work::assignment(&deps.service, job.user_id, job.lease()).await? else {
        return Ok(Verdict::Fail(Failure::new(Code::Internal, "The calendar was deleted.")));
    };
    tracing::Span::current().record("calendarId", tracing::field::display(order.calendar_id));
    let deadline = began + job.time_left.unwrap_or(NO_LIMIT);
    let (made, spent, calls) = (order.made.clone(), order.spent, order.calls);
    let (served, waiting) = (AiUsage::default(), Waiting::of(deps, job));
    let seq = job.last_seq;
    Planning { deps, job, stop, order, began, deadline, waiting, seq, made, spent, calls, served }.run().await
}

struct Planning<'a> {
    deps: &'a Deps,
    job: &'a ClaimedJob,
    stop: &'a Stop,
    order: Assignment,
    began: Instant,
    /// The job's own end, seen from this attempt.
    deadline: Instant,
    /// How long it has waited for a provider that cannot serve.
    waiting: Waiting,
    /// Last seq of the log: only the holder of the lease appends, so it can count along.
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

/// Why a run ends.
enum Why {
    /// Every slot is filled.
    Complete,
    /// Its time is over.
    TimeUp,
    /// It cannot go on.
    Failed(Failure),
    /// The model cannot be asked any more.
    Model(AiError),
    /// Somebody wants it to end.
    Stopped(Reason),
    /// Not now: the provider cannot serve. It goes on after this pause.
    Held(Duration),
    /// What it would ask with is known to newer workers only.
    NewerPrompt,
}

/// The end of a run: what came last, the call that brought it, and why there is no more.
struct Last {
    burst: Burst,
    call: Option<CallEnd>,
    why: Why,
}

impl From<Why> for Last {
    fn from(why: Why) -> Self {
        Self { burst: Burst::default(), call: None, why }
    }
}

/// A call that was opened, until it is known how it went.
struct OpenCall {
    call: LlmCallId,
    permit: Permit,
    /// Entries there were before it.
    existing: usize,
    asked: Instant,
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
            return self.close(Why::Stopped(reason).into()).await;
        }
        self.tell_begin();
        let mut patience = Patience::default();
        loop {
            if let Some(last) = self.step(&mut patience).await? {
                return self.close(last).await;
            }
        }
    }

    /// One call of the model and what follows from it: the end of the run, or nothing yet.
    async fn step(&mut self, patience: &mut Patience) -> Result<Option<Last>, JobError> {
        if let Some(why) = self.ends_without_a_call().await {
            return Ok(Some(why.into()));
        }
        // Before one is opened: the ledger knows no call that was not made.
        if self.calls >= MAX_CALLS {
            return Ok(Some(self.out_of_calls(patience).into()));
        }
        let Some(prompt) = Task::Calendar.prompt(&self.order.prompt_version) else {
            return Ok(Some(Why::NewerPrompt.into()));
        };
        let model = &self.order.model;
        let permit = match self.deps.breakers.admit(self.deps.ai.provider(), model, Instant::now()) {
            Ok(permit) => permit,
            Err(breaker::Opened { retry_in }) => return Ok(Some(Why::Held(self.waiting.pause(retry_in)).into())),
        };
        let existing = self.made.len();
        let call = match self.open_call(existing).await? {
            (call, Opened::Nth(_)) => call,
            (_, Opened::Spent) => return Ok(Some(self.out_of_calls(patience).into())),
            (_, Opened::LimitReached) => return Ok(Some(Why::Failed(limit_reached()).into())),
        };
        let request = self.request(prompt);
        faults::pass_poison(&Value::from(self.order.request.constraints.all.clone()).to_string());
        let open = OpenCall { call, permit, existing, asked: Instant::now() };
        let CallResult { burst, how } = self.call(request).await?;
        match how {
            How::Complete(usage) => self.after_an_answer(open, burst, &usage, patience).await,
            How::Broken(error) => self.after_a_failure(open, burst, error, patience).await,
            How::Stopped(reason) => {
                let error = AiError::new(AiErrorKind::Cancelled);
                Ok(Some(Last { burst, call: Some(call_end(call, None, Some(&error))), why: Why::Stopped(reason) }))
            }
            How::TimeUp => {
                let silent = self.made.len() == existing;
                self.judge(open.permit, if silent { Outcome::Failed } else { Outcome::Served });
                let error = AiError::new(AiErrorKind::Timeout);
                let why = if self.missing() == 0 { Why::Complete } else { Why::TimeUp };
                Ok(Some(Last { burst, call: Some(call_end(call, None, Some(&error))), why }))
            }
        }
    }

    /// What ends a run before anybody is asked.
    async fn ends_without_a_call(&self) -> Option<Why> {
        if self.missing() == 0 {
            return Some(Why::Complete);
        }
        if Instant::now() >= self.deadline {
            return Some(Why::TimeUp);
        }
        let off = || Failure::new(Code::ServiceDisabled, "Calendar generation was switched off.");
        (!self.is_switched_on().await).then(|| Why::Failed(off()))
    }

    /// The last call went wrong, or the answers were too short for so many slots. With nothing made and nothing known of
    /// any answer (calls of attempts that never ended) all there is to say is that there is no call left.
    fn out_of_calls(&self, patience: &mut Patience) -> Why {
        match patience.last.take() {
            None if !self.made.is_empty() => Why::Failed(unfilled()),
            last => Why::Model(last.unwrap_or(AiErrorKind::BudgetSpent.into())),
        }
    }

    /// The model has said all it had to say: all slots are filled, or what is missing is asked for once more.
    async fn after_an_answer(
        &mut self,
        open: OpenCall,
        burst: Burst,
        usage: &AiUsage,
        patience: &mut Patience,
    ) -> Result<Option<Last>, JobError> {
        let OpenCall { call, permit, existing, asked } = open;
        permit.record(Outcome::Served, Instant::now());
        let (provider, seconds) = (self.deps.ai.provider(), asked.elapsed().as_secs_f64());
        self.deps.metrics.llm_call(provider, &self.order.model, "succeeded", seconds);
        self.spend(usage);
        // It counts as bought when it brought something.
        let end = CallEnd { succeeded: self.made.len() > existing, ..call_end(call, Some(usage), None) };
        if self.missing() == 0 {
            return Ok(Some(Last { burst, call: Some(end), why: Why::Complete }));
        }
        let cut_short = usage.finish_reason.as_ref().map(Word::as_str) == Some("length") && self.made.len() > existing;
        if patience.asked_again && !cut_short {
            return Ok(Some(Last { burst, call: Some(end), why: Why::Failed(unfilled()) }));
        }
        patience.asked_again |= !cut_short;
        patience.last = None;
        self.keep(burst).await?;
        work::close_call(&self.deps.service, &end).await?;
        Ok(None)
    }

    /// A call has failed: the run ends with that, or goes on after a pause.
    async fn after_a_failure(
        &mut self,
        open: OpenCall,
        burst: Burst,
        error: AiError,
        patience: &mut Patience,
    ) -> Result<Option<Last>, JobError> {
        let charge = self.waiting.charge(self.deps, self.job, (&error, &open.permit)).await?;
        self.judge(open.permit, if error.is_outage() { Outcome::Failed } else { Outcome::Served });
        self.count_failure(&error);
        let end = CallEnd { charge, ..call_end(open.call, error.usage.as_deref(), Some(&error)) };
        self.calls -= i64::from(charge == Charge::Nothing);
        if self.missing() == 0 {
            return Ok(Some(Last { burst, call: Some(end), why: Why::Complete }));
        }
        if Instant::now() >= self.deadline {
            return Ok(Some(Last { burst, call: Some(end), why: Why::TimeUp }));
        }
        let charged = patience.failures;
        if !is_worth_another(&error, charge, patience) {
            return Ok(Some(Last { burst, call: Some(end), why: Why::Model(error) }));
        }
        self.keep(burst).await?;
        work::close_call(&self.deps.service, &end).await?;
        let next = self.waiting.next(self.deps, &error, charge, charged);
        patience.last = Some(error);
        Ok(match next {
            Next::Here(wait) => self.pause(wait).await.map(Last::from),
            Next::Queue(pause) => Some(Why::Held(pause).into()),
        })
    }

    fn missing(&self) -> usize {
        self.order.slots.len().saturating_sub(self.made.len())
    }

    fn filled(&self) -> BTreeSet<EntryKey> {
        self.made.iter().map(|made| made.key.clone()).collect()
    }

    /// Read anew right before the model is called; what is known stands while the store is away.
    async fn is_switched_on(&self) -> bool {
        let _ = self.deps.flags.refresh().await;
        self.deps.flags.is_on(Flag::CalendarService, Some(self.job.user_id))
    }

    /// Waits, unless somebody wants the job to end or its time is over meanwhile.
    async fn pause(&self, wait: Duration) -> Option<Why> {
        tokio::select! {
            () = tokio::time::sleep(wait) => None,
            reason = self.stop.wait() => Some(Why::Stopped(reason)),
            () = tokio::time::sleep_until(self.deadline) => Some(Why::TimeUp),
        }
    }

    async fn close(self, last: Last) -> Result<Verdict, JobError> {
        let Last { burst, call, why } = last;
        match why {
            Why::Complete => self.end(burst, call, State::Succeeded, None).await,
            Why::TimeUp => self.time_is_up(burst, call).await,
            Why::Failed(failure) => self.give_up(burst, call, failure).await,
            Why::Model(error) => self.give_up_on(burst, call, &error).await,
            Why::Stopped(reason) => self.stopped(burst, call, reason).await,
            Why::Held(pause) => Ok(Verdict::Hold(pause)),
            Why::NewerPrompt => {
                tracing::warn!("a prompt of a newer version; left to newer workers");
                Ok(Verdict::Leave(LEFT_FOR_A_MOMENT))
            }
        }
    }

    async fn give_up_on(self, burst: Burst, call: Option<CallEnd>, error: &AiError) -> Result<Verdict, JobError> {
        self.deps.metrics.provider_failed(error.code().as_str());
        self.give_up(burst, call, failure_of(error)).await
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
                let failure = Failure::new(Code::Cancelled, "Cancelled by request. Results so far are kept.");
                self.end(burst, call, State::Cancelled, Some(failure)).await
            }
            // The call's row stays open: whoever goes on marks it as of unknown outcome, which it is.
            Reason::Drain | Reason::Outage => Ok(Verdict::HandBack),
            Reason::LeaseLost => Err(JobError::Write(WriteError::LeaseLost)),
        }
    }
}

/// Whether missing entries may be asked for again after a failure: it can pass, the answer was not unusable twice, and the
/// run is not charged for too many.
fn is_worth_another(error: &AiError, charge: Charge, patience: &mut Patience) -> bool {
    patience.failures += u32::from(charge == Charge::Full);
    let unusable = matches!(error.kind, AiErrorKind::InvalidOutput | AiErrorKind::EmptyOutput);
    let twice = unusable && std::mem::replace(&mut patience.asked_again, true);
    error.retryable() && !twice && patience.failures < MAX_FAILURES
}

fn unfilled() -> Failure {
    Failure::new(Code::SlotUnfilled, "The model returned no content for some slots, even after a second request.")
}
