//! The events of a synthesis: `progress {step, message, percent}`, `section`, and `done`. Called by the job beside this.

use almanac_shared::{
    jobs::{Failure, State, store::ends::Conclusion},
    platform::{error::Code, id::JobId},
    synthesis::{RECIPIENTS_MAX, Section},
};
use serde_json::{Value, json};

use super::{Burst, SynthesisRun};
use crate::jobs::{
    JobError,
    model_run::{Attempt, LastWrite},
};

/// Percent at which the feeds are read.
const READ: usize = 30;
/// Percent at which all sections are written.
const WRITTEN: usize = 95;
/// Sections of a synthesis whose theme names none.
const USUAL_SECTIONS: usize = 4;

/// Data of a `section` event.
pub(super) fn section(section: &Section) -> String {
    serde_json::to_string(section).unwrap_or_default()
}

fn progress(step: &str, message: &str, percent: usize) -> String {
    json!({ "step": step, "message": message, "percent": percent }).to_string()
}

impl SynthesisRun {
    fn total(&self) -> usize {
        if self.order.titles.is_empty() { self.sections.len().max(USUAL_SECTIONS) } else { self.order.titles.len() }
    }

    /// For clients that poll the job.
    fn stage(&self, stage: &str, percent: usize) -> Value {
        json!({ "completed": self.sections.len(), "total": self.total(), "stage": stage, "percent": percent })
    }

    /// Stores and publishes a progress event.
    pub(super) async fn report(
        &self,
        attempt: &mut Attempt<'_>,
        (step, percent): (&str, usize),
        message: &str,
    ) -> Result<(), JobError> {
        let mut burst = Burst { progress: Some(self.stage(step, percent)), ..Burst::default() };
        burst.events.push(("progress".into(), progress(step, message, percent)));
        attempt.save(&mut burst).await
    }

    /// The feeds are read.
    pub(super) async fn report_read(&self, attempt: &mut Attempt<'_>) -> Result<(), JobError> {
        let message = match self.articles.len() {
            0 => "Writing from the description of the theme.".to_owned(),
            1 => "Writing about 1 article.".to_owned(),
            articles => format!("Writing about {articles} articles."),
        };
        self.report(attempt, ("write", READ), &message).await
    }

    pub(super) fn push_writing(&self, burst: &mut Burst) {
        let made = self.sections.len();
        let percent = READ + (WRITTEN - READ) * made.min(self.total()) / self.total().max(1);
        let message = format!("Wrote section {made} of about {}.", self.total());
        burst.events.push(("progress".into(), progress("write", &message, percent)));
        burst.progress = Some(self.stage("write", percent));
    }

    /// All that the job ends with.
    pub(super) fn conclusion(&self, attempt: &Attempt<'_>, last: LastWrite<Burst>) -> Conclusion {
        let LastWrite { burst, call, state, failure } = last;
        let failure = failure.map(|failure| match state {
            State::Timeout => Failure { code: Code::SynthesisTimeout, ..failure },
            _ => failure,
        });
        let (latency_ms, spent) = (attempt.latency_ms(), attempt.spent);
        let status = if matches!(state, State::Succeeded | State::Cancelled) { state } else { State::Failed };
        let data = json!({
            "status": status.as_str(), "synthesis_id": attempt.job.id, "week": self.week,
            "sections": self.sections.len(), "latency_ms": latency_ms, "tokens": spent.tokens(),
            "tokens_input": spent.tokens_input, "tokens_output": spent.tokens_output, "cost_usd": spent.cost_usd,
            "error": failure,
        });
        // Ids for the jobs of its mails, which the end of a scheduled synthesis makes.
        let mail_jobs: Vec<JobId> = std::iter::repeat_with(JobId::fresh).take(RECIPIENTS_MAX).collect();
        Conclusion {
            lease: attempt.job.lease(),
            state,
            failure,
            events: burst.events,
            progress: Some(self.stage("done", 100)),
            call,
            result: json!({
                "items": burst.items, "metadata": attempt.metadata(latency_ms), "mail_jobs": mail_jobs,
            }),
            data: data.to_string(),
        }
    }

    pub(super) fn log_end(&self, attempt: &Attempt<'_>, state: State, code: Option<Code>) {
        tracing::info!(
            status = state.as_str(),
            code = code.map(Code::as_str),
            synthesisId = %attempt.job.id,
            themeId = %self.order.theme_id,
            latencyMs = attempt.latency_ms(),
            articles = self.articles.len(),
            sections = self.sections.len(),
            tokens = attempt.spent.tokens(),
            "the synthesis ended"
        );
    }
}
