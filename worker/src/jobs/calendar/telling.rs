//! What a run tells while it works and at its end: envelopes with their seq, and the summary.
//! Called by the job beside this. Whatever it says is stored in the commit that stores what it tells of; only the
//! beginning decorates.

use almanac_shared::{
    calendar::{Content, Made, diff, run, store::work},
    events::event::Event,
    jobs::{Failure, State},
    platform::{
        error::Code,
        faults::{self, Point},
    },
};
use serde_json::{Value, json};

use super::{Burst, CallEnd, JobError, Planning, Verdict};

impl Planning<'_> {
    fn meta(&self, seq: Option<i64>, done: bool) -> Value {
        json!({
            "runId": self.job.id, "calendarId": self.order.calendar_id, "version": self.order.version, "seq": seq,
            "done": done,
        })
    }

    /// The seq of the event that a burst would get next.
    fn next_seq(&self, burst: &Burst) -> i64 {
        self.seq + i64::try_from(burst.events.len()).unwrap_or(0) + 1
    }

    fn push(&self, burst: &mut Burst, kind: &str, data: &Value, error: &Value) {
        let meta = self.meta(Some(self.next_seq(burst)), false);
        burst.events.push((kind.to_owned(), run::envelope(data, error, meta)));
    }

    fn progress(&self, stage: &str) -> Value {
        let (completed, total) = (self.made.len(), self.order.slots.len());
        let percent = completed * 100 / total.max(1);
        json!({ "completed": completed, "total": total, "stage": stage, "percent": percent })
    }

    /// Says that work has begun, to those who listen now; nothing is stored for it.
    pub(super) fn tell_begin(&self) {
        let data = run::envelope(&self.progress("drafting"), &Value::Null, self.meta(None, false));
        self.deps.publisher.publish(self.job.id, vec![Event::decoration("progress", data)]);
    }

    pub(super) fn tell_entry(&self, burst: &mut Burst, made: &Made, content: &Content) {
        let id = self.order.adopts.then_some(made.entry_id);
        self.push(burst, "entry", &run::wire(id, &made.key, content), &Value::Null);
    }

    pub(super) fn tell_progress(&self, burst: &mut Burst) {
        let progress = self.progress("drafting");
        self.push(burst, "progress", &progress, &Value::Null);
        burst.progress = Some(progress);
    }

    /// Hands stored events to whoever listens.
    pub(super) fn publish(&mut self, events: Vec<(String, String)>) {
        let numbered = events.into_iter().map(|(kind, data)| {
            self.seq += 1;
            Event { seq: self.seq, kind, data }
        });
        let numbered: Vec<Event> = numbered.collect();
        self.deps.publisher.publish(self.job.id, numbered);
    }

    /// Names each slot that stayed empty.
    fn tell_unfilled(&self, burst: &mut Burst, failure: &Failure) {
        let filled = self.filled();
        for slot in self.order.slots.iter().filter(|slot| !filled.contains(&slot.key)) {
            let message = match failure.code {
                Code::SlotUnfilled => "The model gave nothing for this slot, also when it was asked again.",
                _ => failure.message.as_str(),
            };
            let error = json!({ "code": failure.code, "message": message, "key": slot.key });
            self.push(burst, "error", &error, &error);
        }
    }

    /// What the run would change in what is saved: told of to whoever regenerates, counted for everybody.
    async fn tell_changes(&self, burst: &mut Burst) -> Result<[i32; 3], JobError> {
        let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        if self.order.adopts {
            return Ok([count(self.made.len()), 0, 0]);
        }
        let saved = work::saved(&self.deps.service, self.job.user_id, self.order.calendar_id).await?;
        let made = self.made.iter().map(|made| (made.key.clone(), made.fields.clone()));
        let generated = diff::generated(&self.order.slots, made);
        let diff = diff::diff(&self.order.request, &diff::saved(&saved), &generated);
        self.push(burst, "diff", &diff::wire(&diff)?, &Value::Null);
        Ok([count(diff.added.len()), count(diff.updated.len()), count(diff.removed.len())])
    }

    /// Ends the run: what came last, what it means, and the summary, in one commit.
    pub(super) async fn end(
        mut self,
        mut burst: Burst,
        call: Option<CallEnd>,
        state: State,
        failure: Option<Failure>,
    ) -> Result<Verdict, JobError> {
        if burst.made.is_empty() {
            burst.after = self.burst().after;
        }
        if let (State::Partial, Some(failure)) = (state, &failure) {
            self.tell_unfilled(&mut burst, failure);
        }
        let changes = if state == State::Failed { [0, 0, 0] } else { self.tell_changes(&mut burst).await? };
        burst.progress = Some(self.progress("finalizing"));
        let latency_ms = self.latency_ms();
        let summary = self.summary(state, changes, latency_ms, failure.as_ref());
        // The same shape as that of a run that was cancelled before it started.
        let says_why = matches!(state, State::Failed | State::Cancelled);
        let error = if says_why { json!(failure) } else { Value::Null };
        let data = run::envelope(&summary, &error, self.meta(Some(self.next_seq(&burst)), true));
        let metadata = json!({
            "provider": self.deps.ai.provider(), "model": self.served.model, "provider_ref": self.served.provider_ref,
            "finish_reason": self.served.finish_reason, "latency_ms": latency_ms, "items": self.served.items,
        });
        let ending = work::Ending { state, failure, data: data.clone(), metadata, latency_ms, changes };
        if !burst.made.is_empty() {
            faults::pass(Point::AnsweredBeforeCommit);
        }
        work::conclude(&self.deps.service, self.job.lease(), &burst, call.as_ref(), &ending).await?;
        faults::pass(Point::CommittedBeforePublish);
        let mut events = burst.events;
        events.push(("done".to_owned(), data));
        self.publish(events);
        self.log_end(&ending);
        Ok(Verdict::Concluded)
    }

    fn summary(&self, state: State, changes: [i32; 3], latency_ms: i64, failure: Option<&Failure>) -> Value {
        let [added, updated, removed] = changes;
        let mut summary = json!({
            "status": state.as_str(), "entries": self.made.len(), "added": added, "updated": updated,
            "removed": removed, "latencyMs": latency_ms, "tokens": self.spent.tokens(),
            "tokensInput": self.spent.tokens_input, "tokensOutput": self.spent.tokens_output,
            "costUsd": self.spent.cost_usd,
        });
        if let Some(failure) = failure {
            summary["message"] = failure.message.as_str().into();
        }
        summary
    }

    /// From the job's first start, whatever attempt this is: its limit less what was left of it when this one began.
    fn latency_ms(&self) -> i64 {
        let limit = self.job.payload["timeLimitMs"].as_u64().unwrap_or(0);
        let left = self.job.time_left.map_or(u128::from(limit), |left| left.as_millis());
        let before = u128::from(limit).saturating_sub(left);
        i64::try_from(before + self.began.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    fn log_end(&self, ending: &work::Ending) {
        let status = ending.state.as_str();
        self.deps.metrics.job_finished(&self.job.kind, status, self.began.elapsed().as_secs_f64());
        tracing::info!(
            status,
            code = ending.failure.as_ref().map(|failure| failure.code.as_str()),
            latencyMs = ending.latency_ms,
            entries = self.made.len(),
            tokens = self.spent.tokens(),
            tokensInput = self.spent.tokens_input,
            tokensOutput = self.spent.tokens_output,
            version = self.order.version,
            "the run ended"
        );
    }
}
