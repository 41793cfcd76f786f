//! The ends of generations: as many as are ready together share one statement and one commit, and a lone one is never
//! delayed for company (there is no timer). Called by the worker's job; decides nothing about how one ends.

use tokio::sync::{mpsc, oneshot};

use super::store::{self, Conclusion};
use crate::{
    db::{Kept, Service},
    jobs::store::WriteError,
};

/// Ends that may share a commit.
const BATCH: usize = 32;

/// The way to the task that writes them.
#[derive(Clone, Debug)]
pub struct Endings(mpsc::Sender<Waiting>);

#[derive(Debug)]
struct Waiting {
    conclusion: Conclusion,
    done: oneshot::Sender<Result<i64, WriteError>>,
}

impl Endings {
    /// Starts writing.
    pub fn start(service: Service) -> Self {
        let (sender, inbox) = mpsc::channel(1024);
        tokio::spawn(write_all(service, inbox));
        Self(sender)
    }

    /// Resolves when nobody writes them any more, which is a fault of ours.
    pub async fn ended(&self) {
        self.0.closed().await;
    }

    /// Ends one generation; answers the seq of its final event.
    ///
    /// # Errors
    /// The lease is lost, the store is away, or a row is refused. Then nothing of it is written.
    pub async fn write(&self, conclusion: Conclusion) -> Result<i64, WriteError> {
        let (done, answer) = oneshot::channel();
        let stopped = || WriteError::Outage(sqlx::Error::WorkerCrashed);
        self.0.send(Waiting { conclusion, done }).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

async fn write_all(service: Service, mut inbox: mpsc::Receiver<Waiting>) {
    let mut kept = service.endings();
    let mut batch = Vec::with_capacity(BATCH);
    while inbox.recv_many(&mut batch, BATCH).await > 0 {
        write(&mut kept, std::mem::take(&mut batch)).await;
    }
}

/// Writes a batch. Where the store refuses it, one of them is at fault: each is then written alone, so that only that
/// one learns of it.
async fn write(kept: &mut Kept, batch: Vec<Waiting>) {
    let conclusions: Vec<&Conclusion> = batch.iter().map(|waiting| &waiting.conclusion).collect();
    match store::conclude(kept, &conclusions).await {
        Ok(ended) => {
            for (waiting, seq) in batch.into_iter().zip(ended) {
                let _ = waiting.done.send(seq.ok_or(WriteError::LeaseLost));
            }
        }
        Err(WriteError::Refused(_)) if batch.len() > 1 => {
            for waiting in batch {
                let result = store::conclude(kept, &[&waiting.conclusion]).await;
                let ended = result.map(|ended| ended.into_iter().next().flatten());
                let _ = waiting.done.send(ended.and_then(|seq| seq.ok_or(WriteError::LeaseLost)));
            }
        }
        Err(error) => {
            let others = format!("the batch was not written: {error}");
            let mut error = Some(error);
            for waiting in batch {
                let error = error.take();
                let error = error.unwrap_or_else(|| WriteError::Outage(sqlx::Error::Protocol(others.clone())));
                let _ = waiting.done.send(Err(error));
            }
        }
    }
}
