//! The offline model: the shared composer behind the `Ai` trait, streaming its answer at a configured pace.
//! Used without a provider key, for demonstrations, and by tests that want a whole system without a network.
//! It opens no connection and costs nothing; the same document always gives the same items.

use std::{collections::VecDeque, time::Duration};

use almanac_shared::composer;
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout_at};

use super::{Ai, AiError, AiErrorKind, AiEvent, AiRequest, AiUsage, Filter, Word, answer::Answer};

/// Characters per piece: about what a provider puts in a few chunks.
const PIECE_CHARS: usize = 24;

/// The name under which it appears as provider and as model.
const NAME: &str = "offline";

/// The composer as a model.
#[derive(Clone, Copy, Debug)]
pub struct Offline {
    pace: Duration,
}

impl Offline {
    /// A model that pauses for `pace` before each piece of its answer; zero means at once.
    pub fn new(pace: Duration) -> Self {
        Self { pace }
    }
}

impl Ai for Offline {
    fn provider(&self) -> &'static str {
        NAME
    }

    fn call(&self, request: AiRequest) -> BoxStream<'static, Result<AiEvent, AiError>> {
        let recital = Recital::of(request, self.pace);
        stream::unfold(recital, |mut recital| async { recital.next().await.map(|event| (event, recital)) }).boxed()
    }
}

/// One answer being recited.
struct Recital {
    started: Instant,
    deadline: Instant,
    pace: Duration,
    pieces: VecDeque<String>,
    answer: Answer,
    tokens: (u32, u32),
    ready: VecDeque<Result<AiEvent, AiError>>,
    ended: bool,
}

impl Recital {
    fn of(request: AiRequest, pace: Duration) -> Self {
        let text = compose(&request.document);
        let chars: Vec<char> = text.chars().collect();
        Self {
            started: Instant::now(),
            deadline: request.deadline,
            pace,
            pieces: chars.chunks(PIECE_CHARS).map(|piece| piece.iter().collect()).collect(),
            answer: Answer::to(&request, Filter::of(request.prompt, None)),
            tokens: (words(request.prompt.text()) + words(&request.document.to_string()), words(&text)),
            ready: VecDeque::from([Ok(AiEvent::Started { provider_ref: None })]),
            ended: false,
        }
    }

    async fn next(&mut self) -> Option<Result<AiEvent, AiError>> {
        while self.ready.is_empty() && !self.ended {
            if let Err(kind) = self.recite().await {
                self.ended = true;
                let usage = Some(Box::new(self.usage()));
                self.ready.push_back(Err(AiError { elapsed: self.started.elapsed(), usage, ..kind.into() }));
            }
        }
        self.ready.pop_front()
    }

    async fn recite(&mut self) -> Result<(), AiErrorKind> {
        let Some(piece) = self.pieces.pop_front() else {
            self.answer.verdict().map_or(Ok(()), Err)?;
            self.ended = true;
            self.ready.push_back(Ok(AiEvent::Finished(self.usage())));
            return Ok(());
        };
        if !self.pace.is_zero() {
            timeout_at(self.deadline, sleep(self.pace)).await.map_err(|_| AiErrorKind::Timeout)?;
        }
        let items = self.answer.push(&piece)?;
        self.ready.extend(items.into_iter().map(|item| Ok(AiEvent::Item(item))));
        Ok(())
    }

    /// The composer's token is the word.
    fn usage(&self) -> AiUsage {
        AiUsage {
            model: Some(Word::of_ours(NAME)),
            tokens_input: Some(self.tokens.0),
            tokens_output: Some(self.tokens.1),
            cost_usd: Some("0".to_owned()),
            finish_reason: self.pieces.is_empty().then(|| Word::of_ours("stop")),
            items: self.answer.counts(),
            ..AiUsage::default()
        }
    }
}

fn compose(document: &Value) -> String {
    let items = composer::compose(document).unwrap_or_default();
    json!({ "items": items }).to_string()
}

fn words(text: &str) -> u32 {
    u32::try_from(text.split_whitespace().count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::ai::{Item, Task};

    const TEXT: &str = "Photosynthesis is the process by which plants turn light into sugar. Chlorophyll absorbs red and \
        blue light. The leaf takes in carbon dioxide through small openings called stomata. Oxygen is released as waste.";

    fn request(count: u32, exclude: &[String], deadline: Instant) -> AiRequest {
        let document = json!({"task": "flashcards", "source_text": TEXT, "count": count, "exclude": exclude});
        AiRequest::new(Task::Flashcards.prompt("v1").unwrap(), "any".to_owned(), document, deadline)
    }

    fn fronts(events: &[Result<AiEvent, AiError>]) -> Vec<String> {
        let front = |event: &Result<AiEvent, AiError>| match event {
            Ok(AiEvent::Item(Item::Flashcard(card))) => Some(card.front.clone()),
            _ => None,
        };
        events.iter().filter_map(front).collect()
    }

    async fn recite(request: AiRequest) -> Vec<Result<AiEvent, AiError>> {
        Offline::new(Duration::ZERO).call(request).collect().await
    }

    #[test]
    fn the_composer_knows_every_task_of_a_model() {
        for task in Task::ALL {
            assert!(composer::knows(task.as_str()), "{task} is not in almanac_shared::composer");
        }
    }

    #[tokio::test]
    async fn an_answer_starts_gives_its_items_and_finishes() {
        let events = recite(request(4, &[], Instant::now() + Duration::from_secs(30))).await;

        assert_eq!(fronts(&events).len(), 4);
        assert!(matches!(events.first(), Some(Ok(AiEvent::Started { .. }))));
        let Some(Ok(AiEvent::Finished(usage))) = events.last() else { panic!("not finished: {events:?}") };
        assert_eq!((usage.items.kept, usage.items.dropped, usage.cost_usd.as_deref()), (4, 0, Some("0")));
        assert!(usage.tokens_input > Some(30) && usage.tokens_output > Some(10));
    }

    #[tokio::test]
    async fn a_second_call_for_the_rest_repeats_nothing() {
        let deadline = Instant::now() + Duration::from_secs(30);
        let whole = fronts(&recite(request(5, &[], deadline)).await);

        let rest = fronts(&recite(request(3, &whole[..2], deadline)).await);

        assert_eq!(rest, whole[2..]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_pace_is_kept_and_the_deadline_ends_it() {
        let begun = Instant::now();
        let offline = Offline::new(Duration::from_millis(100));

        let events: Vec<_> = offline.call(request(10, &[], begun + Duration::from_secs(2))).collect().await;

        let Some(Err(error)) = events.last() else { panic!("no error: {events:?}") };
        assert_eq!(error.kind, AiErrorKind::Timeout);
        assert_eq!(begun.elapsed(), Duration::from_secs(2));
        assert!(!fronts(&events).is_empty() && fronts(&events).len() < 10);
    }
}
