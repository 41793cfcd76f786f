//! The reading of one completion, from the response's head to `Finished` or an error.
//! Driven by the adapter's stream, one event at a time; all events of one read become ready together.
//! It holds the response, so dropping it closes the connection, which is how a call is cancelled.

use std::{collections::VecDeque, mem, time::Duration};

use http::header;
use reqwest::Response;
use secrecy::SecretString;
use tokio::time::{Instant, timeout, timeout_at};

use super::{
    chunk::Chunk,
    provider_ref, refusal,
    sse::{Decoder, EventTooLarge},
};
use crate::outbound::ai::{
    AiError, AiErrorKind, AiEvent, AiRequest, AiUsage, Excerpt, Filter, Word,
    answer::{Answer, MAX_ANSWER},
};

/// Most bytes of a whole response: a chunk of a few characters costs some 300 bytes, and comments come on top.
const MAX_RESPONSE: usize = 64 * 1024 * 1024;

/// After a `finish_reason` the answer is complete; so long the usage chunk and `[DONE]` are waited for.
const USAGE_PATIENCE: Duration = Duration::from_secs(2);

/// After `[DONE]` the response's end is waited for this long, because only a response read to its end gives its
/// connection back to the pool.
const END_PATIENCE: Duration = Duration::from_millis(50);

/// A completion being read.
pub(super) struct Reading {
    response: Response,
    framing: Framing,
    received: usize,
    deadline: Instant,
    idle: Duration,
    answer: Answer,
    usage: AiUsage,
    refused: bool,
    announced: bool,
    ready: VecDeque<Result<AiEvent, AiError>>,
    ended: bool,
}

/// How the response carries its chunks.
enum Framing {
    Events(Decoder),
    /// A server that does not stream: one JSON document.
    Whole(Vec<u8>),
}

/// What a chunk, or the end of the response, means for the reading.
enum Step {
    GoOn,
    Done,
}

impl Reading {
    pub(super) fn of(response: Response, request: &AiRequest, key: Option<SecretString>) -> Self {
        let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let framing = match content_type {
            Some(json) if json.starts_with("application/json") => Framing::Whole(Vec::new()),
            _ => Framing::Events(Decoder::default()),
        };
        let filter = Filter::of(request.prompt, key);
        Self {
            usage: AiUsage { provider_ref: provider_ref(response.headers(), &filter), ..AiUsage::default() },
            response,
            framing,
            received: 0,
            deadline: request.deadline,
            idle: request.idle,
            answer: Answer::to(request, filter),
            refused: false,
            announced: false,
            ready: VecDeque::new(),
            ended: false,
        }
    }

    pub(super) async fn next(&mut self) -> Option<Result<AiEvent, AiError>> {
        while self.ready.is_empty() && !self.ended {
            match self.read().await {
                Ok(Step::GoOn) => {}
                Ok(Step::Done) => self.finish(),
                Err(error) => self.fail(error),
            }
        }
        self.ready.pop_front()
    }

    async fn read(&mut self) -> Result<Step, AiError> {
        let complete = self.usage.finish_reason.is_some();
        let (until, expired) = self.next_limit(complete);
        let bytes = match timeout_at(until, self.response.chunk()).await {
            Ok(Ok(Some(bytes))) => bytes,
            Ok(Ok(None)) => return self.at_end(),
            // Only the usage is missing: the answer is whole, and whole answers are not thrown away.
            _ if complete => return Ok(Step::Done),
            Ok(Err(_)) => return Err(AiErrorKind::Truncated.into()),
            Err(_) => return Err(expired.into()),
        };
        self.received += bytes.len();
        if self.received > MAX_RESPONSE {
            return Err(AiErrorKind::TooLarge.into());
        }
        let events = match &mut self.framing {
            Framing::Events(decoder) => decoder.push(&bytes).map_err(|EventTooLarge| AiErrorKind::TooLarge)?,
            Framing::Whole(text) if text.len() + bytes.len() > 2 * MAX_ANSWER => {
                return Err(AiErrorKind::TooLarge.into());
            }
            Framing::Whole(text) => {
                text.extend_from_slice(&bytes);
                return Ok(Step::GoOn);
            }
        };
        for event in events {
            if let Step::Done = self.take(&event)? {
                // Failing or not, the wait serves the next call only.
                let _ = timeout(END_PATIENCE, self.response.chunk()).await;
                return Ok(Step::Done);
            }
        }
        Ok(Step::GoOn)
    }

    /// Until when the next bytes are waited for, and what it means when none come. A model that thinks before it writes
    /// is silent, so before the first content there is only the deadline.
    fn next_limit(&self, complete: bool) -> (Instant, AiErrorKind) {
        let idle = match complete {
            true => self.idle.min(USAGE_PATIENCE),
            false if self.answer.text().is_empty() => return (self.deadline, AiErrorKind::Timeout),
            false => self.idle,
        };
        let silent = Instant::now() + idle;
        if self.deadline <= silent { (self.deadline, AiErrorKind::Timeout) } else { (silent, AiErrorKind::Idle) }
    }

    fn take(&mut self, data: &[u8]) -> Result<Step, AiError> {
        match data.trim_ascii() {
            b"" => return Ok(Step::GoOn),
            b"[DONE]" => return self.at_done(),
            _ => {}
        }
        // A chunk we cannot read may have held part of an item, so going on could join two halves that do not fit.
        let Some(chunk) = Chunk::read(data) else {
            return Err(AiError { excerpt: self.excerpt(data), ..AiErrorKind::InStream.into() });
        };
        self.note(&chunk);
        let items = self.answer.push(chunk.content())?;
        self.ready.extend(items.into_iter().map(|item| Ok(AiEvent::Item(item))));
        if let Some(error) = chunk.error() {
            let (kind, status) = refusal::kind_in_stream(&error);
            return Err(AiError { status, excerpt: self.excerpt(error.to_string().as_bytes()), ..kind.into() });
        }
        match chunk.finish_reason() {
            Some("error") => Err(AiErrorKind::InStream.into()),
            Some(reason) => {
                let reason = self.answer.filter().word(reason);
                self.usage.finish_reason = Some(reason.unwrap_or_else(|| Word::of_ours("other")));
                Ok(Step::GoOn)
            }
            None => Ok(Step::GoOn),
        }
    }

    /// `[DONE]` closes an answer also where a server forgot the finish reason.
    fn at_done(&mut self) -> Result<Step, AiError> {
        self.usage.finish_reason.get_or_insert_with(|| Word::of_ours("stop"));
        Ok(Step::Done)
    }

    /// The response ended. Without `[DONE]` and without a finish reason it was cut off.
    fn at_end(&mut self) -> Result<Step, AiError> {
        let rest = match mem::replace(&mut self.framing, Framing::Whole(Vec::new())) {
            Framing::Events(decoder) => decoder.finish(),
            Framing::Whole(text) => Some(text),
        };
        if let Some(Step::Done) = rest.filter(|rest| is_whole(rest)).map(|rest| self.take(&rest)).transpose()? {
            return Ok(Step::Done);
        }
        match self.usage.finish_reason {
            Some(_) => Ok(Step::Done),
            None => Err(AiErrorKind::Truncated.into()),
        }
    }

    /// Takes over what a chunk says about the call itself.
    fn note(&mut self, chunk: &Chunk) {
        let (usage, filter) = (&mut self.usage, self.answer.filter());
        usage.provider_ref = usage.provider_ref.take().or_else(|| filter.word(chunk.id.as_deref()?));
        usage.model = usage.model.take().or_else(|| filter.word(chunk.model.as_deref()?));
        if let Some(counted) = &chunk.usage {
            usage.tokens_input = counted.tokens_input().or(usage.tokens_input);
            usage.tokens_output = counted.tokens_output().or(usage.tokens_output);
            usage.cost_usd = counted.cost_usd().or(usage.cost_usd.take());
        }
        self.refused |= chunk.is_refusal();
        if !mem::replace(&mut self.announced, true) {
            self.ready.push_back(Ok(AiEvent::Started { provider_ref: self.usage.provider_ref.clone() }));
        }
    }

    /// The answer is whole; whether it is worth anything is another question.
    fn finish(&mut self) {
        let verdict = self.answer.verdict().map(|kind| match self.usage.finish_reason.as_ref().map(Word::as_str) {
            _ if self.refused => AiErrorKind::Policy,
            Some("content_filter") => AiErrorKind::Policy,
            Some("length") => AiErrorKind::Truncated,
            _ => kind,
        });
        match verdict {
            Some(kind) => self.fail(kind.into()),
            None => {
                self.ended = true;
                let usage = self.counted();
                self.ready.push_back(Ok(AiEvent::Finished(usage)));
            }
        }
    }

    fn fail(&mut self, error: AiError) {
        self.ended = true;
        let excerpt = error.excerpt.or_else(|| self.answer.excerpt());
        let mut usage = self.counted();
        // Prose that repeats the prompt is no item, and counts all the same.
        usage.items.echoed = usage.items.echoed.max(u32::from(excerpt.as_ref().is_some_and(Excerpt::is_echo)));
        self.ready.push_back(Err(AiError {
            provider_ref: self.usage.provider_ref.clone(),
            excerpt,
            usage: Some(Box::new(usage)),
            began: !self.answer.text().is_empty(),
            // A number inside the stream is closer to the cause than the 200 before it.
            status: error.status.or(Some(self.response.status().as_u16())),
            ..error
        }));
    }

    fn counted(&self) -> AiUsage {
        let items = self.answer.counts();
        let excerpt = (items.dropped + items.echoed > 0).then(|| self.answer.excerpt()).flatten();
        AiUsage { items, excerpt, ..self.usage.clone() }
    }

    fn excerpt(&self, text: &[u8]) -> Option<Excerpt> {
        self.answer.filter().excerpt(text)
    }
}

/// Whether what the end of the response left open had arrived whole all the same.
fn is_whole(rest: &[u8]) -> bool {
    rest == b"[DONE]" || serde_json::from_slice::<serde::de::IgnoredAny>(rest).is_ok()
}
