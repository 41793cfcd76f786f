//! `flashcards.generate`: asks a model for cards, stores and tells of each as it closes, and ends the generation.
//! Called by `run` with a claimed job. Every call of the model has its ledger row first; whatever was shown to somebody
//! is stored, and is never asked for again.

mod telling;

use std::{collections::HashSet, pin::pin, time::Duration};

use almanac_shared::{
    flashcards::{
        Assignment, CARDS_PER_GENERATION, rules,
        store::{self, Burst, CallEnd, Charge, Conclusion, Ending, MAX_CHARGED, Opened, OpenedCall},
    },
    jobs::{
        ClaimedJob, Failure, FirstCall, State,
        store::calls::{Spent, spent},
    },
    platform::{
        error::Code,
        faults::{self, Point},
        id::{LlmCallId, SuggestionId},
        telemetry,
    },
};
use serde_json::json;
use tokio::time::Instant;

use super::{
    BEGUN_AGAIN, JobError, LEFT_TO_NEWER, Verdict,
    calls::{self, call_end, failure_of},
    provider_wait::{Next, Waiting, limit_reached},
};
use crate::{
    deps::Deps,
    outbound::{
        ai::{AiError, AiErrorKind, AiEvent, AiRequest, AiUsage, Answering, Flashcard, Item, Prompt, Task},
        breaker::{self, Outcome},
    },
    runner::stop::{Reason, Stop},
};

/// A call of the model may take this long.
const CALL_LIMIT: Duration = Duration::from_secs(30);

/// Runs one attempt of a generation.
pub async fn generate(deps: &Deps, job: &ClaimedJob, stop: &Stop) -> Result<Verdict, JobError> {
    Generating {
        deps,
        job,
        stop,
        began: Instant::now(),
        waiting: Waiting::of(deps, job),
        seq: job.last_seq,
        made: Vec::new(),
        keys: HashSet::new(),
        served: AiUsage::default(),
        spent: Spent::default(),
    }
    .run()
    .await
}

struct Generating<'a> {
    deps: &'a Deps,
    job: &'a ClaimedJob,
    stop: &'a Stop,
    began: Instant,
    /// How long it has waited for a provider that cannot serve.
    waiting: Waiting,
    /// Last seq of the log: only the holder of the lease appends, so it can count along.
    seq: i64,
    /// Fronts that exist, those of earlier attempts included.
    made: Vec<String>,
    /// What is asked by those that were made.
    keys: HashSet<String>,
    /// What is known of the answering model, for `ai_metadata`.
    served: AiUsage,
    /// What all calls used, those of earlier attempts included.
    spent: Spent,
}

/// How one call ended.
enum CallResult {
    /// The model said all it had to say.
    Complete { burst: Burst, usage: AiUsage },
    /// It failed; what came before is in the burst or stored already.
    Broken { burst: Burst, error: AiError },
    /// Somebody wants the job to end.
    Stopped { burst: Burst, reason: Reason },
}

impl Generating<'_> {
    async fn run(mut self) -> Result<Verdict, JobError> {
        faults::pass(Point::ClaimedBeforeCall);
        let mut first = self.job.first_call.clone();
        if first.is_none() {
            self.spent = spent(&self.deps.service, self.job.id).await?;
        }
        if let Some(reason) = self.stop.given() {
            self.withdraw(first).await?;
            return self.stopped(Burst::default(), None, reason).await;
        }
        self.tell_begin();
        let mut last: Option<AiError> = None;
        let model = self.job.payload["model"].as_str().unwrap_or_default().to_owned();
        loop {
            let permit = match self.deps.breakers.admit(self.deps.ai.provider(), &model, Instant::now()) {
                Ok(permit) => permit,
                Err(breaker::Opened { retry_in }) => {
                    self.withdraw(first).await?;
                    return Ok(Verdict::Hold(self.waiting.pause(retry_in)));
                }
            };
            let provider = self.deps.ai.provider();
            let (call, opened) = self.open_call(first.take()).await?;
            self.made = opened.assignment.fronts.clone();
            self.keys = self.made.iter().map(|front| rules::front_key(front)).collect();
            if self.made.len() >= CARDS_PER_GENERATION {
                // An earlier attempt had it all, and died before it could say so: there is nothing to ask for.
                store::withdraw_call(&self.deps.service, self.job.lease(), call).await?;
                return self.succeed(Burst::default(), None).await;
            }
            let nth = match opened.opened {
                Opened::Nth(nth) => nth,
                Opened::Spent => {
                    return self.give_up(Burst::default(), None, last.unwrap_or(AiErrorKind::Timeout.into())).await;
                }
                Opened::LimitReached => {
                    return self.conclude(Burst::default(), None, State::Failed, Some(limit_reached())).await;
                }
            };
            let Some(prompt) = Task::Flashcards.prompt(&opened.assignment.prompt_version) else {
                store::withdraw_call(&self.deps.service, self.job.lease(), call).await?;
                tracing::warn!("a prompt of a newer version; left to newer workers");
                return Ok(Verdict::Leave(LEFT_TO_NEWER));
            };
            let Some(request) = self.request(prompt, &opened.assignment) else {
                store::withdraw_call(&self.deps.service, self.job.lease(), call).await?;
                return Ok(Verdict::Fail(Failure::new(Code::Internal, "The source text is no longer stored.")));
            };
            faults::pass_poison(opened.assignment.source_text.as_deref().unwrap_or_default());
            let asked = Instant::now();
            match self.call(request).await? {
                CallResult::Complete { burst, usage } => {
                    permit.record(Outcome::Served, Instant::now());
                    self.deps.metrics.llm_call(provider, &model, "succeeded", asked.elapsed().as_secs_f64());
                    let end = CallEnd { succeeded: true, ..call_end(call, Some(&usage), None) };
                    self.spend(&usage);
                    return self.succeed(burst, Some(end)).await;
                }
                CallResult::Stopped { burst, reason } => {
                    drop(permit);
                    let error = AiError::new(AiErrorKind::Cancelled);
                    return self.stopped(burst, Some(call_end(call, None, Some(&error))), reason).await;
                }
                CallResult::Broken { burst, error } => {
                    let outcome = if error.is_outage() { Outcome::Failed } else { Outcome::Served };
                    let charge = self.waiting.charge(self.deps, self.job, (&error, &permit)).await?;
                    self.publish_circuit(permit.record(outcome, Instant::now()), &model);
                    let end = CallEnd { charge, ..call_end(call, error.usage.as_deref(), Some(&error)) };
                    self.count_call(&error, &model);
                    // A model that was asked for the rest and has nothing to add has said all that it makes of the text.
                    let said_all = error.kind == AiErrorKind::EmptyOutput && !self.made.is_empty();
                    if said_all || self.made.len() >= CARDS_PER_GENERATION {
                        return self.succeed(burst, Some(end)).await;
                    }
                    let spent = charge == Charge::Full && nth >= MAX_CHARGED;
                    if spent || !worth_another(&error, last.as_ref()) {
                        return self.give_up(burst, Some(end), error).await;
                    }
                    self.keep(&burst).await?;
                    store::close_call(&self.deps.service, &end).await?;
                    let charged = u32::try_from(nth - 1).unwrap_or(0);
                    let wait = match self.waiting.next(self.deps, &error, charge, charged) {
                        Next::Here(wait) => wait,
                        Next::Queue(pause) => return Ok(Verdict::Hold(pause)),
                    };
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        reason = self.stop.wait() => return self.stopped(Burst::default(), None, reason).await,
                    }
                    last = Some(error);
                }
            }
        }
    }

    /// A call that may be made now: the one that came with the claim, or another.
    async fn open_call(&self, first: Option<FirstCall>) -> Result<(LlmCallId, OpenedCall), JobError> {
        if let Some(FirstCall { call, brief }) = first {
            let word = |name: &str| self.job.payload[name].as_str().unwrap_or_default().to_owned();
            let assignment = Assignment {
                source_text: brief,
                model: word("model"),
                prompt_version: word("prompt_version"),
                fronts: Vec::new(),
            };
            return Ok((call, OpenedCall { opened: Opened::Nth(1), assignment }));
        }
        let (call, provider) = (LlmCallId::fresh(), self.deps.ai.provider());
        let opened = store::open_call(&self.deps.service, self.job.user_id, self.job.lease(), call, provider).await?;
        Ok((call, opened))
    }

    /// The call that came with the claim is not made after all.
    async fn withdraw(&self, first: Option<FirstCall>) -> Result<(), JobError> {
        if let Some(FirstCall { call, .. }) = first {
            store::withdraw_call(&self.deps.service, self.job.lease(), call).await?;
        }
        Ok(())
    }

    /// Adds up what a call used, usable or not.
    fn spend(&mut self, usage: &AiUsage) {
        self.spent = self.spent.and(calls::spend(self.deps, usage));
        self.served = usage.clone();
    }

    /// What is asked; nothing when the text is no longer kept.
    fn request(&self, prompt: Prompt, assignment: &Assignment) -> Option<AiRequest> {
        let text = assignment.source_text.as_deref()?;
        let mut document = json!({
            "task": Task::Flashcards.name(),
            "source_text": text,
            "count": CARDS_PER_GENERATION.saturating_sub(assignment.fronts.len()),
        });
        if !assignment.fronts.is_empty() {
            document["exclude"] = json!(assignment.fronts);
        }
        let deadline = Instant::now() + CALL_LIMIT;
        let mut request = AiRequest::new(prompt, assignment.model.clone(), document, deadline);
        request.traceparent = telemetry::current_traceparent();
        Some(request)
    }

    /// Makes one call and stores what comes as it comes: everything that is ready together in one commit. The last
    /// burst is left to the caller, to be stored together with the end.
    async fn call(&mut self, request: AiRequest) -> Result<CallResult, JobError> {
        self.deps.retries.called();
        faults::pass(Point::CallInFlight);
        let mut events = Answering::start(self.deps.ai.call(request));
        loop {
            // One wait from beginning to end: what it has gathered would be lost with it.
            let mut next = pin!(events.next());
            let ready = loop {
                tokio::select! {
                    biased;
                    reason = self.stop.wait() => return Ok(CallResult::Stopped { burst: Burst::default(), reason }),
                    ready = &mut next => break ready,
                    () = tokio::time::sleep(BEGUN_AGAIN), if self.seq == 0 => self.tell_begin(),
                }
            };
            let mut burst = Burst { after: i32::try_from(self.made.len()).unwrap_or(i32::MAX), ..Burst::default() };
            if ready.is_empty() {
                return Ok(CallResult::Broken { burst, error: AiErrorKind::Truncated.into() });
            }
            for event in ready {
                match event {
                    Ok(AiEvent::Item(Item::Flashcard(card))) => self.add(&mut burst, card),
                    // The answer is read as the task that was asked for, so no other item comes.
                    Ok(AiEvent::Started { .. } | AiEvent::Item(_)) => {}
                    Ok(AiEvent::Finished(usage)) => return Ok(CallResult::Complete { burst, usage }),
                    Err(error) => return Ok(CallResult::Broken { burst, error }),
                }
            }
            self.keep(&burst).await?;
        }
    }

    fn add(&mut self, burst: &mut Burst, card: Flashcard) {
        let key = rules::front_key(&card.front);
        if self.made.len() >= CARDS_PER_GENERATION || !self.keys.insert(key.clone()) {
            return;
        }
        let id = SuggestionId::fresh();
        let data = json!({ "id": id, "front": card.front, "back": card.back }).to_string();
        burst.events.push(("suggestion".into(), data));
        self.made.push(card.front.clone());
        burst.suggestions.push((id, key, card.front, card.back));
    }

    /// Stores a burst and tells of it.
    async fn keep(&mut self, burst: &Burst) -> Result<(), JobError> {
        if burst.suggestions.is_empty() {
            return Ok(());
        }
        self.waiting.content_came(self.deps, self.job).await?;
        let mut burst = burst.clone();
        let progress = self.progress("drafting");
        burst.events.push(("progress".into(), progress.to_string()));
        burst.progress = Some(progress);
        faults::pass(Point::AnsweredBeforeCommit);
        store::save(&self.deps.service, self.job.lease(), &burst).await?;
        faults::pass(Point::CommittedBeforePublish);
        self.tell(burst.events);
        faults::pass(Point::BetweenBursts);
        Ok(())
    }

    async fn succeed(self, burst: Burst, call: Option<CallEnd>) -> Result<Verdict, JobError> {
        if self.made.is_empty() {
            let error = AiError::new(AiErrorKind::EmptyOutput);
            return self.give_up(burst, call.map(|end| CallEnd { succeeded: false, ..end }), error).await;
        }
        self.conclude(burst, call, State::Succeeded, None).await
    }

    async fn give_up(self, burst: Burst, call: Option<CallEnd>, error: AiError) -> Result<Verdict, JobError> {
        let mut failure = failure_of(&error);
        if error.kind == AiErrorKind::EmptyOutput {
            failure.message = "The model found nothing to make cards of in this text.".to_owned();
        }
        self.deps.metrics.provider_failed(error.code().as_str());
        self.conclude(burst, call, State::Failed, Some(failure)).await
    }

    async fn stopped(self, burst: Burst, call: Option<CallEnd>, reason: Reason) -> Result<Verdict, JobError> {
        match reason {
            Reason::Cancelled => {
                let failure = Failure::new(Code::Cancelled, "Cancelled by request. Results so far are kept.");
                self.conclude(burst, call, State::Cancelled, Some(failure)).await
            }
            // The call's row stays open: whoever goes on marks it as of unknown outcome, which it is.
            Reason::Drain | Reason::Outage => Ok(Verdict::HandBack),
            Reason::LeaseLost => Err(JobError::Write(almanac_shared::jobs::store::WriteError::LeaseLost)),
        }
    }

    async fn conclude(
        mut self,
        burst: Burst,
        call: Option<CallEnd>,
        state: State,
        failure: Option<Failure>,
    ) -> Result<Verdict, JobError> {
        let latency_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (usage, spent) = (&self.served, self.spent);
        let data = json!({
            "status": state.as_str(), "suggestions": self.made.len(), "latency_ms": latency_ms,
            "tokens": spent.tokens(), "tokens_input": spent.tokens_input, "tokens_output": spent.tokens_output,
            "cost_usd": spent.cost_usd, "error": failure,
        })
        .to_string();
        let metadata = json!({
            "provider": self.deps.ai.provider(), "model": usage.model, "provider_ref": usage.provider_ref,
            "finish_reason": usage.finish_reason, "latency_ms": latency_ms, "items": usage.items,
        });
        let mut burst = burst;
        burst.progress = Some(self.progress("finalizing"));
        let mut events = burst.events.clone();
        if !events.is_empty() {
            faults::pass(Point::AnsweredBeforeCommit);
        }
        let ending = Ending { state, failure: failure.clone(), data: data.clone(), metadata };
        self.deps.endings.write(Conclusion { lease: self.job.lease(), burst, call, ending }).await?;
        faults::pass(Point::CommittedBeforePublish);
        events.push(("done".into(), data));
        self.tell(events);
        self.log_end(state, latency_ms, failure.as_ref());
        Ok(Verdict::Concluded)
    }
}

/// Whether the same question may be asked again: the fault can pass, and the answer was not unusable twice.
fn worth_another(error: &AiError, last: Option<&AiError>) -> bool {
    let unusable = |error: &AiError| matches!(error.kind, AiErrorKind::InvalidOutput | AiErrorKind::EmptyOutput);
    error.retryable() && !(unusable(error) && last.is_some_and(unusable))
}
