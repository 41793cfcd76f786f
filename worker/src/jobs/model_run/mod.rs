//! One attempt of a job that asks a model, the same for every kind: each call passes the circuit and the ledger, the
//! answer is stored as it streams, a failed call is repeated or ends the job, and the job ends once. A kind supplies a
//! `Generation`. The deadline belongs to the job: whatever attempt it is, the job ends by it and keeps its results.
//! Nothing that is stored is asked for again.

mod attempt;
mod calls;
mod provider_wait;

use std::{pin::pin, time::Duration};

use almanac_shared::{
    jobs::{
        Failure, State,
        store::{
            WriteError,
            calls::{self as ledger, CallEnd, Charge, MAX_CHARGED, Opened},
        },
    },
    platform::{
        error::Code,
        faults::{self, Point},
        id::LlmCallId,
    },
};
use serde_json::Value;
use tokio::time::Instant;

pub(super) use self::{attempt::Attempt, calls::failure_of};
use self::{
    calls::call_end,
    provider_wait::{Next, limit_reached},
};
use super::{JobError, LEFT_FOR_A_MOMENT, LEFT_TO_NEWER, Verdict};
use crate::{
    outbound::{
        ai::{AiError, AiErrorKind, AiEvent, AiUsage, Answering, Item, Prompt, Task, Word},
        breaker::{Outcome, Permit},
    },
    runner::stop::Reason,
};

/// Calls of one job over all attempts: a long run is asked for in parts, and a failed call may be repeated.
const MAX_CALLS: i64 = 8;
/// Charged calls that may fail in one attempt.
const MAX_FAILURES: u32 = 3;
/// A job without stored events repeats that it has begun, for clients that connected since.
const BEGUN_AGAIN: Duration = Duration::from_secs(4);

/// What a kind of job makes with a model, and how it stores it.
pub(super) trait Generation: Send + Sync {
    /// Gives the prompt, the schema of the answer and the type of its items.
    const TASK: Task;
    /// Items, as messages name them.
    const ITEMS: &'static str;
    /// State of a job that made some items and cannot continue. A job without items is `Failed`.
    const INCOMPLETE: State;
    /// Results that are not stored yet.
    type Burst: Default + Send;

    /// Number of stored items.
    fn stored(&self) -> usize;

    /// Number of items in a burst.
    fn unsaved(burst: &Self::Burst) -> usize;

    /// Whether nothing is left to ask for. `answered`: the model has just said all that it has.
    fn is_done(&self, burst: &Self::Burst, answered: bool) -> bool;

    /// Name in the ledger of what is asked for when this number of items exists. A step is bought once at most.
    fn step(made: usize) -> String;

    /// Why the model must not be asked, read right before each call.
    async fn refusal(&self, attempt: &Attempt<'_>) -> Option<Failure>;

    /// The user message: what is still missing.
    fn document(&self) -> Value;

    /// Adds an item of the answer to the burst, unless there is one for its place.
    fn take(&self, attempt: &Attempt<'_>, burst: &mut Self::Burst, item: Item);

    /// Data of a progress event that says that work has begun, for a job without any stored event.
    fn begin(&self, attempt: &Attempt<'_>) -> Option<String>;

    /// Stores a burst with its events, then publishes them.
    async fn keep(&mut self, attempt: &mut Attempt<'_>, burst: Self::Burst) -> Result<(), JobError>;

    /// State of a job with nothing left to ask for.
    fn outcome(&self, _burst: &Self::Burst) -> (State, Option<Failure>) {
        (State::Succeeded, None)
    }

    /// What the owner reads if this error ends the job.
    fn failure(&self, error: &AiError) -> Failure {
        failure_of(error)
    }

    /// Stores what came last and ends the job, in one commit.
    async fn end(self, attempt: &mut Attempt<'_>, last: LastWrite<Self::Burst>) -> Result<(), JobError>;
}

/// What a job ends with.
pub(super) struct LastWrite<B> {
    pub burst: B,
    /// The call that ends with the job.
    pub call: Option<CallEnd>,
    pub state: State,
    pub failure: Option<Failure>,
}

/// Why an attempt ends.
enum Cause {
    /// Nothing is left to ask for.
    Done,
    /// The deadline has passed.
    TimeUp,
    /// The job cannot continue.
    Failed(Failure),
    /// The model cannot be called again.
    Model(AiError),
    Stopped(Reason),
    /// The provider cannot serve now: the job continues after this pause.
    Held(Duration),
    /// Only newer workers know the prompt.
    NewerPrompt,
}

struct End<B> {
    burst: B,
    call: Option<CallEnd>,
    cause: Cause,
}

impl<B: Default> From<Cause> for End<B> {
    fn from(cause: Cause) -> Self {
        Self { burst: B::default(), call: None, cause }
    }
}

/// How a call ended; what came last is in the burst beside it.
enum CallResult {
    Complete(AiUsage),
    Failed(AiError),
    Stopped(Reason),
    /// The deadline of the job passed.
    TimeUp,
}

/// A call from its opening until its result is known.
struct OpenCall {
    id: LlmCallId,
    /// Its number among the charged ones of its step.
    nth: i32,
    permit: Permit,
    /// Items stored before it.
    stored: usize,
    asked: Instant,
}

/// Failures of this attempt.
#[derive(Default)]
struct Failures {
    charged: u32,
    /// Missing items are asked for once more, and no third time.
    asked_again: bool,
    last: Option<AiError>,
}

struct ModelRun<'a, G> {
    attempt: Attempt<'a>,
    generation: G,
    failures: Failures,
}

/// Runs one attempt to its end.
pub(super) async fn run<G: Generation>(attempt: Attempt<'_>, generation: G) -> Result<Verdict, JobError> {
    let mut run = ModelRun { attempt, generation, failures: Failures::default() };
    if let Some(reason) = run.attempt.stop.given() {
        return run.close(Cause::Stopped(reason).into()).await;
    }
    publish_begin(&run.attempt, &run.generation);
    loop {
        if let Some(end) = run.step().await? {
            return run.close(end).await;
        }
    }
}

impl<G: Generation> ModelRun<'_, G> {
    /// One call of the model and what follows from it; `None` if another call follows.
    async fn step(&mut self) -> Result<Option<End<G::Burst>>, JobError> {
        if let Some(cause) = self.ends_without_a_call().await {
            return Ok(Some(cause.into()));
        }
        let Some(prompt) = G::TASK.prompt(&self.attempt.prompt_version) else {
            return Ok(Some(Cause::NewerPrompt.into()));
        };
        let permit = match self.attempt.admit() {
            Ok(permit) => permit,
            Err(pause) => return Ok(Some(Cause::Held(pause).into())),
        };
        let stored = self.generation.stored();
        let (id, nth) = match self.attempt.open_call(&G::step(stored)).await? {
            (id, Opened::Nth(nth)) => (id, nth),
            (_, Opened::Spent) => return Ok(Some(self.out_of_calls().into())),
            (_, Opened::LimitReached) => return Ok(Some(Cause::Failed(limit_reached()).into())),
        };
        let open = OpenCall { id, nth, permit, stored, asked: Instant::now() };
        let (burst, result) = self.call(prompt).await?;
        match result {
            CallResult::Complete(usage) => self.after_answer(open, burst, &usage).await,
            CallResult::Failed(error) => self.after_failure(open, burst, error).await,
            CallResult::Stopped(reason) => {
                let call = call_end(open.id, None, Some(&AiErrorKind::Cancelled.into()));
                Ok(Some(End { burst, call: Some(call), cause: Cause::Stopped(reason) }))
            }
            CallResult::TimeUp => {
                let silent = self.made(&burst) == open.stored;
                self.attempt.record_outcome(open.permit, if silent { Outcome::Failed } else { Outcome::Served });
                let call = call_end(open.id, None, Some(&AiErrorKind::Timeout.into()));
                let cause = if self.generation.is_done(&burst, false) { Cause::Done } else { Cause::TimeUp };
                Ok(Some(End { burst, call: Some(call), cause }))
            }
        }
    }

    async fn ends_without_a_call(&mut self) -> Option<Cause> {
        if self.generation.is_done(&G::Burst::default(), false) {
            return Some(Cause::Done);
        }
        if self.attempt.is_over() {
            return Some(Cause::TimeUp);
        }
        if let Some(failure) = self.generation.refusal(&self.attempt).await {
            return Some(Cause::Failed(failure));
        }
        // Before one is opened: the ledger holds no call that was not made.
        (self.attempt.calls >= MAX_CALLS).then(|| self.out_of_calls())
    }

    /// The last call failed, or the answers were too short. With nothing made and no error known (calls of attempts that
    /// never ended) there is only no call left.
    fn out_of_calls(&mut self) -> Cause {
        match self.failures.last.take() {
            None if self.generation.stored() > 0 => Cause::Failed(unfilled::<G>()),
            last => Cause::Model(last.unwrap_or(AiErrorKind::BudgetSpent.into())),
        }
    }

    fn made(&self, burst: &G::Burst) -> usize {
        self.generation.stored() + G::unsaved(burst)
    }

    /// Makes one call and stores results as they come: everything that is ready together in one commit. The last burst
    /// is returned, to be stored together with what follows.
    async fn call(&mut self, prompt: Prompt) -> Result<(G::Burst, CallResult), JobError> {
        let Self { attempt, generation, .. } = self;
        let request = attempt.request(prompt, generation.document());
        attempt.deps.retries.called();
        faults::pass(Point::CallInFlight);
        let mut events = Answering::start(attempt.deps.ai.call(request));
        loop {
            let mut burst = G::Burst::default();
            // One wait from beginning to end: what it has gathered would be lost with it.
            let mut next = pin!(events.next());
            let ready = loop {
                tokio::select! {
                    biased;
                    reason = attempt.stop.wait() => return Ok((burst, CallResult::Stopped(reason))),
                    () = attempt.deadline_passed() => return Ok((burst, CallResult::TimeUp)),
                    ready = &mut next => break ready,
                    () = tokio::time::sleep(BEGUN_AGAIN), if attempt.seq == 0 => publish_begin(attempt, generation),
                }
            };
            if ready.is_empty() {
                return Ok((burst, CallResult::Failed(AiErrorKind::Truncated.into())));
            }
            for event in ready {
                match event {
                    Ok(AiEvent::Item(item)) => generation.take(attempt, &mut burst, item),
                    Ok(AiEvent::Started { .. }) => {}
                    Ok(AiEvent::Finished(usage)) => return Ok((burst, CallResult::Complete(usage))),
                    Err(error) => return Ok((burst, CallResult::Failed(error))),
                }
            }
            keep(attempt, generation, burst).await?;
        }
    }

    /// A complete answer ends the job, or what it left out is asked for once more. An answer that was cut at the token
    /// limit and brought something is not that one repetition.
    async fn after_answer(
        &mut self,
        open: OpenCall,
        burst: G::Burst,
        usage: &AiUsage,
    ) -> Result<Option<End<G::Burst>>, JobError> {
        open.permit.record(Outcome::Served, Instant::now());
        self.attempt.count_answer(usage, open.asked);
        // It counts as bought if it brought something.
        let brought = self.made(&burst) > open.stored;
        let call = CallEnd { succeeded: brought, ..call_end(open.id, Some(usage), None) };
        if self.generation.is_done(&burst, true) {
            return Ok(Some(End { burst, call: Some(call), cause: Cause::Done }));
        }
        let cut_short = brought && usage.finish_reason.as_ref().map(Word::as_str) == Some("length");
        if self.failures.asked_again && !cut_short {
            return Ok(Some(End { burst, call: Some(call), cause: Cause::Failed(unfilled::<G>()) }));
        }
        self.failures.asked_again |= !cut_short;
        self.failures.last = None;
        self.go_on(burst, &call).await?;
        Ok(None)
    }

    /// A failed call ends the job, or is repeated after a pause.
    async fn after_failure(
        &mut self,
        open: OpenCall,
        burst: G::Burst,
        error: AiError,
    ) -> Result<Option<End<G::Burst>>, JobError> {
        let Attempt { deps, job, .. } = self.attempt;
        let charge = self.attempt.waiting.charge(deps, job, (&error, &open.permit)).await?;
        let outcome = if error.is_outage() { Outcome::Failed } else { Outcome::Served };
        self.attempt.record_outcome(open.permit, outcome);
        self.attempt.count_failure(&error);
        self.attempt.calls -= i64::from(charge == Charge::Nothing);
        let call = CallEnd { charge, ..call_end(open.id, error.usage.as_deref(), Some(&error)) };
        let made = self.made(&burst);
        // A model that was asked for the rest and has nothing to add has said all that it makes of it.
        let said_all = error.kind == AiErrorKind::EmptyOutput && made > 0;
        if self.generation.is_done(&burst, said_all) {
            return Ok(Some(End { burst, call: Some(call), cause: Cause::Done }));
        }
        if self.attempt.is_over() {
            return Ok(Some(End { burst, call: Some(call), cause: Cause::TimeUp }));
        }
        let charged = self.failures.charged;
        let step_spent = charge == Charge::Full && open.nth >= MAX_CHARGED && G::step(made) == G::step(open.stored);
        if !self.failures.allow_another(&error, charge) || step_spent {
            return Ok(Some(End { burst, call: Some(call), cause: Cause::Model(error) }));
        }
        self.go_on(burst, &call).await?;
        let next = self.attempt.waiting.next(deps, &error, charge, charged);
        self.failures.last = Some(error);
        Ok(match next {
            Next::Here(wait) => self.pause(wait).await.map(End::from),
            Next::Queue(pause) => Some(Cause::Held(pause).into()),
        })
    }

    /// Stores what the call brought and closes it in the ledger.
    async fn go_on(&mut self, burst: G::Burst, call: &CallEnd) -> Result<(), JobError> {
        keep(&mut self.attempt, &mut self.generation, burst).await?;
        ledger::close_call(&self.attempt.deps.service, call).await?;
        Ok(())
    }

    /// Waits, unless the job is stopped or its deadline passes.
    async fn pause(&self, wait: Duration) -> Option<Cause> {
        tokio::select! {
            () = tokio::time::sleep(wait) => None,
            reason = self.attempt.stop.wait() => Some(Cause::Stopped(reason)),
            () = self.attempt.deadline_passed() => Some(Cause::TimeUp),
        }
    }

    async fn close(mut self, end: End<G::Burst>) -> Result<Verdict, JobError> {
        self.attempt.withdraw_first_call().await?;
        let End { burst, call, cause } = end;
        let made = self.made(&burst);
        let given_up = if made == 0 { State::Failed } else { G::INCOMPLETE };
        let (state, failure) = match cause {
            Cause::Done => self.generation.outcome(&burst),
            Cause::TimeUp => (State::Timeout, Some(time_up::<G>(made))),
            Cause::Failed(failure) => (given_up, Some(failure)),
            Cause::Model(error) => {
                self.attempt.deps.metrics.provider_failed(error.code().as_str());
                (given_up, Some(self.generation.failure(&error)))
            }
            Cause::Stopped(Reason::Cancelled) => {
                let failure = Failure::new(Code::Cancelled, "Cancelled by request.");
                (State::Cancelled, Some(failure))
            }
            // The call's row stays open: the next attempt marks it as of unknown outcome, which it is.
            Cause::Stopped(Reason::Drain | Reason::Outage) => return Ok(Verdict::HandBack),
            Cause::Stopped(Reason::LeaseLost) => return Err(JobError::Write(WriteError::LeaseLost)),
            Cause::Held(pause) => return Ok(Verdict::Hold(pause)),
            Cause::NewerPrompt => {
                tracing::warn!("a prompt of a newer version; left to newer workers");
                // A deadline of seconds ends the job if no newer worker comes.
                let pause = if self.attempt.has_deadline() { LEFT_FOR_A_MOMENT } else { LEFT_TO_NEWER };
                return Ok(Verdict::Leave(pause));
            }
        };
        let Self { mut attempt, generation, .. } = self;
        generation.end(&mut attempt, LastWrite { burst, call, state, failure }).await?;
        attempt.count_end(state);
        Ok(Verdict::Concluded)
    }
}

impl Failures {
    /// Whether what is missing may be asked for again: the fault can pass, the answer was not unusable twice, and the
    /// attempt was not charged for too many.
    fn allow_another(&mut self, error: &AiError, charge: Charge) -> bool {
        self.charged += u32::from(charge == Charge::Full);
        let unusable = matches!(error.kind, AiErrorKind::InvalidOutput | AiErrorKind::EmptyOutput);
        let twice = unusable && std::mem::replace(&mut self.asked_again, true);
        error.retryable() && !twice && self.charged < MAX_FAILURES
    }
}

async fn keep<G: Generation>(attempt: &mut Attempt<'_>, generation: &mut G, burst: G::Burst) -> Result<(), JobError> {
    if G::unsaved(&burst) == 0 {
        return Ok(());
    }
    let Attempt { deps, job, .. } = *attempt;
    attempt.waiting.content_came(deps, job).await?;
    generation.keep(attempt, burst).await?;
    faults::pass(Point::BetweenBursts);
    Ok(())
}

/// Not stored: clients that connect later read the log, which is empty until the first burst.
fn publish_begin<G: Generation>(attempt: &Attempt<'_>, generation: &G) {
    if attempt.seq == 0
        && let Some(progress) = generation.begin(attempt)
    {
        attempt.decorate(progress);
    }
}

fn unfilled<G: Generation>() -> Failure {
    let message = format!("The model returned no content for some {}, even after a second request.", G::ITEMS);
    Failure::new(Code::SlotUnfilled, message)
}

fn time_up<G: Generation>(made: usize) -> Failure {
    let message = match made {
        0 => "This took longer than it may, and nothing was ready yet. Please try again.".to_owned(),
        made => format!(
            "This took longer than it may. The {made} {} that were ready are kept; you can generate again.",
            G::ITEMS
        ),
    };
    Failure::new(Code::Timeout, message)
}
