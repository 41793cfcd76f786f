//! Ends of jobs as their workers report them: those that are ready together share one statement and one commit. Batching
//! adds no delay: there is no timer. Called by the worker's jobs; decides nothing about how one ends.

use super::store::{
    BUSY_PAUSE, WriteError,
    ends::{Conclusion, finish_jobs},
    until_free,
};
use crate::platform::{
    batcher::{Batcher, HandleBatch, Pending},
    db::{PinnedConnection, Service},
};

/// The way to the task that writes ends.
#[derive(Clone, Debug)]
pub struct Endings(Batcher<Finish>);

impl Endings {
    /// Starts writing.
    pub fn start(service: Service) -> Self {
        Self(Batcher::start(|_| Finish { pinned: service.finish_connection(), service }))
    }

    /// Resolves if the task ends, which is a fault of ours.
    pub async fn ended(&self) {
        self.0.ended().await;
    }

    /// Ends one job; returns the seq of its final event.
    ///
    /// # Errors
    /// The lease is lost, the store is unavailable, or a row is refused or was changed by a user. Then nothing is
    /// written.
    pub async fn write(&self, conclusion: Conclusion) -> Result<i64, WriteError> {
        self.0.call(conclusion).await.unwrap_or(Err(WriteError::Outage(sqlx::Error::WorkerCrashed)))
    }
}

#[derive(Debug)]
struct Finish {
    service: Service,
    pinned: PinnedConnection,
}

impl HandleBatch for Finish {
    type Item = Conclusion;
    type Answer = Result<i64, WriteError>;
    type Outage = String;
    const MAX: usize = 32;

    /// One whose row another transaction holds is written alone later, beside the batches that follow. If Postgres refuses
    /// the batch, each is written alone, so that only the one at fault fails.
    async fn handle(&mut self, batch: Vec<Pending<Self>>) -> Result<(), String> {
        let conclusions: Vec<&Conclusion> = batch.iter().map(|pending| &pending.item).collect();
        match finish_jobs(&mut self.pinned, &conclusions).await {
            Ok(ended) => {
                for (pending, end) in batch.into_iter().zip(ended) {
                    self.answer(pending, end);
                }
            }
            Err(WriteError::Refused(_) | WriteError::Overtaken) if batch.len() > 1 => {
                for pending in batch {
                    let end = write_one(&mut self.pinned, &pending.item).await;
                    self.answer(pending, end);
                }
            }
            // Which one was held is not known: each goes alone.
            Err(WriteError::Busy) => {
                batch.into_iter().for_each(|pending| self.answer(pending, Err(WriteError::Busy)));
            }
            Err(error) => {
                let others = format!("the batch was not written: {error}");
                let mut error = Some(error);
                for pending in batch {
                    let first = error.take();
                    pending.answer(first.map_or_else(|| Self::answer_outage(&others), Err));
                }
            }
        }
        Ok(())
    }

    fn answer_outage(outage: &String) -> Self::Answer {
        Err(WriteError::Outage(sqlx::Error::Protocol(outage.clone())))
    }
}

impl Finish {
    fn answer(&self, pending: Pending<Self>, end: Result<i64, WriteError>) {
        if matches!(end, Err(WriteError::Busy)) {
            tokio::spawn(write_alone(self.service.clone(), pending));
        } else {
            pending.answer(end);
        }
    }
}

/// Tries again, on a connection of the common pool, until the row is free or the lease is lost.
async fn write_alone(service: Service, pending: Pending<Finish>) {
    let Pending { item: conclusion, mut reply } = pending;
    let written = async {
        tokio::time::sleep(BUSY_PAUSE).await;
        until_free(|| async { write_one(&mut service.single_finish_connection(), &conclusion).await }).await
    };
    tokio::select! {
        end = written => {
            let _ = reply.send(end);
        }
        () = reply.closed() => {}
    }
}

async fn write_one(pinned: &mut PinnedConnection, conclusion: &Conclusion) -> Result<i64, WriteError> {
    let ended = finish_jobs(pinned, &[conclusion]).await?;
    ended.into_iter().next().unwrap_or(Err(WriteError::LeaseLost))
}
