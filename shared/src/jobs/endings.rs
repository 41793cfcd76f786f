//! Ends of jobs as their workers report them: those that are ready together share one statement and one commit. Batching
//! adds no delay: there is no timer. Called by the worker's jobs; decides nothing about how one ends.

use tokio::sync::{mpsc, oneshot};

use super::store::{
    BUSY_PAUSE, WriteError,
    ends::{Conclusion, finish_jobs},
    until_free,
};
use crate::platform::db::{PinnedConnection, Service};

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

    /// Ends one job; returns the seq of its final event.
    ///
    /// # Errors
    /// The lease is lost, the store is away, or a row is refused or was changed by a user. Then nothing of it is written.
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
        write(&service, &mut kept, std::mem::take(&mut batch)).await;
    }
}

/// Writes a batch. One whose row another transaction holds is written alone later, beside the batches that follow. If
/// Postgres refuses the batch, each is written alone, so that only the one at fault fails.
async fn write(service: &Service, kept: &mut PinnedConnection, batch: Vec<Waiting>) {
    let conclusions: Vec<&Conclusion> = batch.iter().map(|waiting| &waiting.conclusion).collect();
    match finish_jobs(kept, &conclusions).await {
        Ok(ended) => {
            for (waiting, end) in batch.into_iter().zip(ended) {
                answer(service, waiting, end);
            }
        }
        Err(WriteError::Refused(_) | WriteError::Overtaken) if batch.len() > 1 => {
            for waiting in batch {
                let end = write_one(kept, &waiting.conclusion).await;
                answer(service, waiting, end);
            }
        }
        // Which one was held is not known: each goes alone.
        Err(WriteError::Busy) => batch.into_iter().for_each(|waiting| answer(service, waiting, Err(WriteError::Busy))),
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

fn answer(service: &Service, waiting: Waiting, end: Result<i64, WriteError>) {
    if matches!(end, Err(WriteError::Busy)) {
        tokio::spawn(write_alone(service.clone(), waiting));
    } else {
        let _ = waiting.done.send(end);
    }
}

/// Tries again, on a connection of the common pool, until the row is free or the lease is lost.
async fn write_alone(service: Service, waiting: Waiting) {
    let Waiting { conclusion, mut done } = waiting;
    let written = async {
        tokio::time::sleep(BUSY_PAUSE).await;
        until_free(|| async { write_one(&mut service.single_end(), &conclusion).await }).await
    };
    tokio::select! {
        end = written => {
            let _ = done.send(end);
        }
        () = done.closed() => {}
    }
}

async fn write_one(kept: &mut PinnedConnection, conclusion: &Conclusion) -> Result<i64, WriteError> {
    let ended = finish_jobs(kept, &[conclusion]).await?;
    ended.into_iter().next().unwrap_or(Err(WriteError::LeaseLost))
}
