//! An answer being read while what came before is being stored.
//! Jobs that commit burst by burst call it around `Ai::call`: reading never waits for a commit, and whatever arrived
//! during one goes into the next. It keeps no more than one answer, which the adapters bound to 1 MiB.
//! `ready_chunks` of futures is not used: it reads only while it is polled, so not during a commit.

use std::time::Duration;

use futures_util::{StreamExt, stream::BoxStream};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::{AiError, AiEvent};

/// Events that may be handed over together.
const HANDFUL: usize = 64;
/// How long what has arrived waits for what arrives with it: a model that answers in one breath costs one commit, and
/// nobody sees the difference.
const BREATH: Duration = Duration::from_millis(2);

/// A call under way. Dropping it drops the call's stream, which closes the connection.
pub struct Answering {
    events: mpsc::UnboundedReceiver<Result<AiEvent, AiError>>,
    _reader: AbortOnDropHandle<()>,
}

impl Answering {
    /// Starts reading.
    pub fn start(mut call: BoxStream<'static, Result<AiEvent, AiError>>) -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        let reader = tokio::spawn(async move {
            while let Some(event) = call.next().await {
                if sender.send(event).is_err() {
                    return;
                }
            }
        });
        Self { events, _reader: AbortOnDropHandle::new(reader) }
    }

    /// Everything that has come since the last time, at least one event; empty when the call is over.
    pub async fn next(&mut self) -> Vec<Result<AiEvent, AiError>> {
        let mut ready = Vec::new();
        self.events.recv_many(&mut ready, HANDFUL).await;
        let breath = tokio::time::sleep(BREATH);
        tokio::pin!(breath);
        while !is_over(&ready) && ready.len() < HANDFUL {
            tokio::select! {
                biased;
                more = self.events.recv_many(&mut ready, HANDFUL) => if more == 0 { break },
                () = &mut breath => break,
            }
        }
        ready
    }
}

/// Whether nothing follows, or nothing that is worth waiting for has come.
fn is_over(ready: &[Result<AiEvent, AiError>]) -> bool {
    let has_item = ready.iter().any(|event| matches!(event, Ok(AiEvent::Item(_))));
    !has_item || ready.iter().any(|event| matches!(event, Ok(AiEvent::Finished(_)) | Err(_)))
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;
    use crate::outbound::ai::{AiErrorKind, AiUsage};

    #[tokio::test]
    async fn what_came_together_is_handed_over_together_and_nothing_is_lost() {
        let told = [
            Ok(AiEvent::Started { provider_ref: None }),
            Ok(AiEvent::Finished(AiUsage::default())),
            Err(AiErrorKind::Reset.into()),
        ];
        let mut answering = Answering::start(stream::iter(told).boxed());

        let mut seen = 0;
        loop {
            match answering.next().await.len() {
                0 => break,
                count => seen += count,
            }
        }

        assert_eq!(seen, 3);
    }

    #[tokio::test]
    async fn letting_go_ends_the_call() {
        let (alive, mut gone) = mpsc::channel::<()>(1);
        let call = stream::pending::<Result<AiEvent, AiError>>().map(move |event| {
            let _keep = &alive;
            event
        });
        let answering = Answering::start(call.boxed());

        drop(answering);

        assert_eq!(gone.recv().await, None, "the stream was dropped");
    }
}
