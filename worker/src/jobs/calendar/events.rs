//! The events of a calendar run: envelopes with their seq, and the summary at the end.
//! Called by the job beside this. Each is stored in the commit that stores what it reports, except the first progress.

use almanac_shared::{
    calendar::{Content, Made, diff, run, store::work},
    jobs::{Failure, State, store::ends::Conclusion},
    platform::error::Code,
};
use serde_json::{Value, json};

use super::{Burst, CalendarRun};
use crate::jobs::{
    JobError,
    model_run::{Attempt, LastWrite},
};

/// The seq of the event that a burst gets next.
fn next_seq(attempt: &Attempt<'_>, burst: &Burst) -> i64 {
    attempt.seq + i64::try_from(burst.events.len()).unwrap_or(0) + 1
}

impl CalendarRun {
    pub(super) fn meta(&self, attempt: &Attempt<'_>, seq: Option<i64>) -> Value {
        json!({
            "runId": attempt.job.id, "calendarId": self.order.calendar_id, "version": self.order.version, "seq": seq,
            "done": false,
        })
    }

    fn push(&self, attempt: &Attempt<'_>, burst: &mut Burst, kind: &str, data: &Value, error: &Value) {
        let meta = self.meta(attempt, Some(next_seq(attempt, burst)));
        burst.events.push((kind.to_owned(), run::envelope(data, error, meta)));
    }

    pub(super) fn progress(&self, stage: &str) -> Value {
        let (completed, total) = (self.made.len(), self.order.slots.len());
        let percent = completed * 100 / total.max(1);
        json!({ "completed": completed, "total": total, "stage": stage, "percent": percent })
    }

    pub(super) fn push_entry(&self, attempt: &Attempt<'_>, burst: &mut Burst, made: &Made, content: &Content) {
        let id = self.order.adopts.then_some(made.entry_id);
        self.push(attempt, burst, "entry", &run::wire(id, &made.key, content), &Value::Null);
    }

    pub(super) fn push_progress(&self, attempt: &Attempt<'_>, burst: &mut Burst) {
        let progress = self.progress("drafting");
        self.push(attempt, burst, "progress", &progress, &Value::Null);
        burst.progress = Some(progress);
    }

    /// Names each slot without an entry.
    fn push_unfilled(&self, attempt: &Attempt<'_>, burst: &mut Burst, failure: &Failure) {
        let filled = self.filled();
        for slot in self.order.slots.iter().filter(|slot| !filled.contains(&slot.key)) {
            let message = match failure.code {
                Code::SlotUnfilled => "The model gave nothing for this slot, also when it was asked again.",
                _ => failure.message.as_str(),
            };
            let error = json!({ "code": failure.code, "message": message, "key": slot.key });
            self.push(attempt, burst, "error", &error, &error);
        }
    }

    /// Entries that the run would add, update and remove: pushed as a diff unless they are adopted at once.
    async fn push_changes(&self, attempt: &Attempt<'_>, burst: &mut Burst) -> Result<[i32; 3], JobError> {
        let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        if self.order.adopts {
            return Ok([count(self.made.len()), 0, 0]);
        }
        let saved = work::saved(&attempt.deps.service, attempt.job.user_id, self.order.calendar_id).await?;
        let made = self.made.iter().map(|made| (made.key.clone(), made.fields.clone()));
        let generated = diff::generated(&self.order.slots, made);
        let diff = diff::diff(&self.order.request, &diff::saved(&saved), &generated);
        self.push(attempt, burst, "diff", &diff::wire(&diff)?, &Value::Null);
        Ok([count(diff.added.len()), count(diff.updated.len()), count(diff.removed.len())])
    }

    /// All that the run ends with.
    pub(super) async fn conclusion(
        &self,
        attempt: &Attempt<'_>,
        last: LastWrite<Burst>,
    ) -> Result<Conclusion, JobError> {
        let LastWrite { mut burst, call, state, failure } = last;
        if let (State::Partial, Some(failure)) = (state, &failure) {
            self.push_unfilled(attempt, &mut burst, failure);
        }
        let changes = if state == State::Failed { [0, 0, 0] } else { self.push_changes(attempt, &mut burst).await? };
        let latency_ms = attempt.latency_ms();
        let summary = self.summary(attempt, state, changes, latency_ms, failure.as_ref());
        // The same shape as that of a run that was cancelled before it started.
        let error = match state {
            State::Failed | State::Cancelled => json!(failure),
            _ => Value::Null,
        };
        let mut meta = self.meta(attempt, Some(next_seq(attempt, &burst)));
        meta["done"] = true.into();
        let [added, updated, removed] = changes;
        let result = json!({
            "items": burst.items, "metadata": attempt.metadata(latency_ms),
            "latency_ms": latency_ms, "added": added, "updated": updated, "removed": removed,
        });
        Ok(Conclusion {
            lease: attempt.job.lease(),
            state,
            failure,
            events: burst.events,
            progress: Some(self.progress("finalizing")),
            call,
            result,
            data: run::envelope(&summary, &error, meta),
        })
    }

    fn summary(
        &self,
        attempt: &Attempt<'_>,
        state: State,
        [added, updated, removed]: [i32; 3],
        latency_ms: i64,
        failure: Option<&Failure>,
    ) -> Value {
        let spent = attempt.spent;
        let mut summary = json!({
            "status": state.as_str(), "entries": self.made.len(), "added": added, "updated": updated,
            "removed": removed, "latencyMs": latency_ms, "tokens": spent.tokens(),
            "tokensInput": spent.tokens_input, "tokensOutput": spent.tokens_output, "costUsd": spent.cost_usd,
        });
        if let Some(failure) = failure {
            summary["message"] = failure.message.as_str().into();
        }
        summary
    }

    pub(super) fn log_end(&self, attempt: &Attempt<'_>, state: State, failure: Option<&Failure>) {
        tracing::info!(
            status = state.as_str(),
            code = failure.map(|failure| failure.code.as_str()),
            latencyMs = attempt.latency_ms(),
            entries = self.made.len(),
            tokens = attempt.spent.tokens(),
            tokensInput = attempt.spent.tokens_input,
            tokensOutput = attempt.spent.tokens_output,
            version = self.order.version,
            "the run ended"
        );
    }
}
