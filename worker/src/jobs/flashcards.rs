//! `flashcards.generate`: asks a model for cards of a text and stores them as suggestions.
//! Called by the runner with a claimed job.

use std::collections::HashSet;

use almanac_shared::{
    flashcards::{
        CARDS_PER_GENERATION, rules,
        store::{self, NewSuggestion},
    },
    jobs::{
        ClaimedJob, Failure, State,
        store::{calls, ends::Conclusion, items},
    },
    platform::{error::Code, faults, id::SuggestionId},
};
use serde_json::{Value, json};

use super::{
    JobError, Verdict,
    model_run::{self, Attempt, Generation, LastWrite, failure_of},
};
use crate::{
    deps::Deps,
    outbound::ai::{AiError, AiErrorKind, Item, Task, Word},
    runner::stop::Stop,
};

/// Runs one attempt of a generation.
pub async fn generate(deps: &Deps, job: &ClaimedJob, stop: &Stop) -> Result<Verdict, JobError> {
    let mut attempt = Attempt::new(deps, job, stop);
    let Some(assignment) = store::assignment(&deps.service, job.user_id, job.id).await? else {
        return Ok(Verdict::Fail(Failure::new(Code::Internal, "The generation was deleted.")));
    };
    if job.first_call.is_none() {
        attempt.spent = calls::earlier(&deps.service, job.id).await?.spent;
    }
    (attempt.model, attempt.prompt_version) = (assignment.model, assignment.prompt_version);
    let keys = assignment.fronts.iter().map(|front| rules::front_key(front)).collect();
    let generation = FlashcardGeneration { source_text: assignment.source_text, fronts: assignment.fronts, keys };
    model_run::run(attempt, generation).await
}

struct FlashcardGeneration {
    /// `None` once its retention is over.
    source_text: Option<String>,
    /// Stored fronts, those of earlier attempts included.
    fronts: Vec<String>,
    /// Their questions, case and spacing aside.
    keys: HashSet<String>,
}

impl FlashcardGeneration {
    fn progress(&self, stage: &str) -> Value {
        let (completed, total) = (self.fronts.len(), CARDS_PER_GENERATION);
        json!({ "completed": completed, "total": total, "stage": stage, "percent": completed * 100 / total })
    }

    /// Counts a burst's suggestions as stored.
    fn add(&mut self, burst: &Burst) {
        for suggestion in &burst.items {
            self.fronts.push(suggestion.front.clone());
            self.keys.insert(suggestion.front_key.clone());
        }
    }
}

/// Suggestions, each with a front that no other has.
type Burst = items::Burst<NewSuggestion>;

impl Generation for FlashcardGeneration {
    const TASK: Task = Task::Flashcards;
    const ITEMS: &'static str = "cards";
    const INCOMPLETE: State = State::Failed;
    type Burst = Burst;

    fn stored(&self) -> usize {
        self.fronts.len()
    }

    fn unsaved(burst: &Burst) -> usize {
        burst.items.len()
    }

    /// A text may have fewer cards in it than were asked for.
    fn is_done(&self, burst: &Burst, answered: bool) -> bool {
        answered || self.fronts.len() + burst.items.len() >= CARDS_PER_GENERATION
    }

    fn step(_made: usize) -> String {
        "cards".to_owned()
    }

    async fn refusal(&self, _attempt: &Attempt<'_>) -> Option<Failure> {
        let gone = || Failure::new(Code::Internal, "The source text is no longer stored.");
        self.source_text.is_none().then(gone)
    }

    fn document(&self) -> Value {
        let text = self.source_text.as_deref().unwrap_or_default();
        faults::pass_poison(text);
        let mut document = json!({
            "task": Task::Flashcards.as_str(),
            "source_text": text,
            "count": CARDS_PER_GENERATION.saturating_sub(self.fronts.len()),
        });
        if !self.fronts.is_empty() {
            document["exclude"] = json!(self.fronts);
        }
        document
    }

    fn take(&self, _attempt: &Attempt<'_>, burst: &mut Burst, item: Item) {
        let Item::Flashcard(card) = item else { return };
        let front_key = rules::front_key(&card.front);
        let known = self.keys.contains(&front_key) || burst.items.iter().any(|s| s.front_key == front_key);
        if known || self.is_done(burst, false) {
            return;
        }
        let id = SuggestionId::fresh();
        let data = json!({ "id": id, "front": card.front, "back": card.back }).to_string();
        burst.events.push(("suggestion".into(), data));
        let ordinal = i32::try_from(self.fronts.len() + burst.items.len() + 1).unwrap_or(i32::MAX);
        burst.items.push(NewSuggestion { ordinal, id, front_key, front: card.front, back: card.back });
    }

    fn begin(&self, _attempt: &Attempt<'_>) -> Option<String> {
        Some(self.progress("drafting").to_string())
    }

    async fn keep(&mut self, attempt: &mut Attempt<'_>, mut burst: Burst) -> Result<(), JobError> {
        self.add(&burst);
        let progress = self.progress("drafting");
        burst.events.push(("progress".into(), progress.to_string()));
        burst.progress = Some(progress);
        attempt.save(&mut burst).await
    }

    fn failure(&self, error: &AiError) -> Failure {
        let mut failure = failure_of(error);
        if error.kind == AiErrorKind::EmptyOutput {
            failure.message = "The model found nothing to make cards of in this text.".to_owned();
        }
        failure
    }

    async fn end(mut self, attempt: &mut Attempt<'_>, last: LastWrite<Burst>) -> Result<(), JobError> {
        let LastWrite { burst, call, state, failure } = last;
        self.add(&burst);
        let (latency_ms, spent) = (attempt.latency_ms(), attempt.spent);
        let data = json!({
            "status": state.as_str(), "suggestions": self.fronts.len(), "latency_ms": latency_ms,
            "tokens": spent.tokens(), "tokens_input": spent.tokens_input, "tokens_output": spent.tokens_output,
            "cost_usd": spent.cost_usd, "error": failure,
        })
        .to_string();
        let code = failure.as_ref().map(|failure| failure.code);
        let result = json!({ "items": burst.items, "metadata": attempt.metadata(latency_ms) });
        let progress = Some(self.progress("finalizing"));
        let lease = attempt.job.lease();
        let conclusion = Conclusion { lease, state, failure, events: burst.events, progress, call, result, data };
        attempt.end("done", conclusion).await?;
        attempt.deps.metrics.generation_ended(state.as_str());
        tracing::info!(
            status = state.as_str(),
            code = code.map(Code::as_str),
            latencyMs = latency_ms,
            suggestions = self.fronts.len(),
            tokensInput = spent.tokens_input,
            tokensOutput = spent.tokens_output,
            providerRequestId = attempt.served.provider_ref.as_ref().map(Word::as_str),
            "the generation ended"
        );
        Ok(())
    }
}
