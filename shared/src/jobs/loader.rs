//! Reads one job under its user's row security. Requests that arrive together share a statement; batching adds no
//! delay, because there is no timer. Called by the service; it never writes.

use anyhow::anyhow;
use tokio::sync::{mpsc, oneshot};

use super::{
    JobRow,
    store::{self, Look},
};
use crate::platform::{
    db::{Database, PinnedConnection, is_dead_connection},
    error::{Refusal, is_outage},
    id::{JobId, UserId},
};

/// Looks that may share a statement.
const BATCH: usize = 64;

/// The way to the task that looks.
#[derive(Clone, Debug)]
pub struct JobLoader(mpsc::Sender<Waiting>);

/// A job as its owner sees it.
#[derive(Clone, Debug)]
pub struct JobSnapshot {
    /// Its row.
    pub job: JobRow,
    /// Events that are kept of its log; fewer than its last seq when retention has taken some.
    pub kept: i64,
}

#[derive(Debug)]
struct Waiting {
    look: Look,
    done: oneshot::Sender<Result<Option<JobSnapshot>, Refusal>>,
}

impl JobLoader {
    /// Starts looking.
    pub fn start(database: Database) -> Self {
        let (sender, inbox) = mpsc::channel(1024);
        tokio::spawn(look_all(database, inbox));
        Self(sender)
    }

    /// One job; `None` if it is missing or another user's.
    ///
    /// # Errors
    /// The store is away.
    pub async fn at(&self, user: UserId, job: JobId) -> Result<Option<JobSnapshot>, Refusal> {
        let (done, answer) = oneshot::channel();
        let stopped = || Refusal::Unexpected(anyhow!("the job loader has stopped"));
        self.0.send(Waiting { look: Look { user, job }, done }).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

async fn look_all(database: Database, mut inbox: mpsc::Receiver<Waiting>) {
    let mut kept = database.looks();
    let mut batch = Vec::with_capacity(BATCH);
    while inbox.recv_many(&mut batch, BATCH).await > 0 {
        // Skip requests whose client disconnected.
        batch.retain(|waiting: &Waiting| !waiting.done.is_closed());
        let (looks, askers): (Vec<Look>, Vec<_>) = batch.drain(..).map(|waiting| (waiting.look, waiting.done)).unzip();
        match look(&mut kept, &looks).await {
            Ok(found) => {
                for (done, looked) in askers.into_iter().zip(found) {
                    let _ = done.send(Ok(looked));
                }
            }
            Err(error) => {
                let away = is_outage(&error);
                // Requests that came during a failed read have waited too: one try for each batch of them would add up.
                let come =
                    std::iter::from_fn(|| if away { inbox.try_recv().ok() } else { None }).map(|waiting| waiting.done);
                for done in askers.into_iter().chain(come) {
                    let told = anyhow!("looking at jobs: {error}");
                    let _ = done.send(Err(Refusal::of_store(&error, told)));
                }
            }
        }
    }
}

/// After a restart of Postgres every idle connection fails once; a read may be repeated.
async fn look(kept: &mut PinnedConnection, looks: &[Look]) -> sqlx::Result<Vec<Option<JobSnapshot>>> {
    for _ in 0..kept.stale() {
        match store::look(kept, looks).await {
            Err(error) if is_dead_connection(&error) => {}
            answer => return answer,
        }
    }
    store::look(kept, looks).await
}
