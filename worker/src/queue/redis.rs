//! One apalis worker per lane, which receives job ids and passes them to the runner.
//! The only place in this crate that knows apalis. The library delivers and nothing else: it retries nothing, schedules
//! nothing, times nothing, and running jobs do not depend on it (`shared/src/jobs/queue/mod.rs` says why).

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use almanac_shared::{
    jobs::{
        Lane,
        queue::{self, NUDGES, Ticket},
    },
    platform::{id::JobId, redis::patient},
};
use apalis::{layers::WorkerBuilderExt, prelude::Data};
use apalis_core::{
    backend::ext::{
        BackendExt,
        poll_strategy::{PollSnapshot, PollStrategy},
    },
    error::BoxDynError,
    worker::builder::WorkerBuilder,
};
use apalis_redis::RedisStorage;
use futures_util::{StreamExt, task::AtomicWaker};
use redis::{AsyncConnectionConfig, Client};
use tokio::{
    sync::Notify,
    time::{Interval, MissedTickBehavior, Sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::runner::JobRunner;

/// How long one command waits for a wake-up, and how long its answer may then take.
const WAKE_UP_WAIT: Duration = Duration::from_secs(5);
const WAKE_UP_ANSWER: Duration = Duration::from_secs(2);
/// The longest that a lane waits for the message of one wake-up before it takes the next.
const DELIVERY: Duration = Duration::from_millis(20);
/// How often a lane looks into Redis without a wake-up.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A second look soon after a wake-up: the library can lose one that arrives while it fetches.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// The library's worker of a lane is restarted if it has not looked into Redis for this long.
const WEDGED_AFTER: Duration = Duration::from_secs(30);
/// Number of checks in that time. A process that was stopped finds one check missed when it wakes, in
/// which the library could not look; that alone is no stall of the library.
const STEPS: u32 = 6;

/// Receives the messages of one lane until the process drains. If the library's worker ends (an emptied Redis, a
/// broken connection), it is started again under a new name, after a pause.
pub async fn hear(runner: JobRunner, client: Client, lane: Lane, wake: Arc<Wake>, draining: CancellationToken) {
    let mut pause = Duration::from_millis(100);
    while !draining.is_cancelled() {
        let began = Instant::now();
        tokio::select! {
            ended = attend(&runner, &client, lane, &wake) => {
                tracing::warn!(lane = lane.as_str(), error = ended, "queue worker ended; restarting it");
            }
            () = wake.wedged() => {
                tracing::error!(lane = lane.as_str(), "queue worker stalled; restarting it");
            }
            () = draining.cancelled() => return,
        }
        pause = if began.elapsed() > Duration::from_secs(10) { Duration::from_millis(100) } else { pause * 2 };
        pause = pause.min(Duration::from_secs(2));
        tokio::time::sleep(pause).await;
    }
}

async fn attend(runner: &JobRunner, client: &Client, lane: Lane, wake: &Arc<Wake>) -> String {
    let connection = match patient(client) {
        Ok(connection) => connection,
        Err(error) => return format!("{error:#}"),
    };
    let backend = RedisStorage::<Ticket>::new(connection)
        .with_config(queue::config(lane))
        .poll_with_strategy(Look::new(runner.clone(), lane, wake.clone()));
    // A fresh name for every start: the library refuses a name that is still registered.
    let name = format!("{}-{}", lane.as_str(), uuid::Uuid::now_v7());
    let worker = WorkerBuilder::new(name)
        .backend(backend)
        .data(Delivery { runner: runner.clone(), lane, wake: wake.clone() })
        .concurrency(1)
        .build(deliver);
    match worker.run().await {
        Ok(()) => "it stopped by itself".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[derive(Clone)]
struct Delivery {
    runner: JobRunner,
    lane: Lane,
    wake: Arc<Wake>,
}

/// Passes the id on and returns: the row decides whether there is anything to do. It never waits for a slot: the
/// library looks no further until it returns, and a lane without a free slot would seem to stand still.
async fn deliver(ticket: Ticket, delivery: Data<Delivery>) -> Result<(), BoxDynError> {
    delivery.runner.name(delivery.lane, ticket.job_id);
    delivery.wake.delivered.notify_one();
    Ok(())
}

/// Has a lane's library look into Redis.
#[derive(Debug, Default)]
pub struct Wake {
    rung: AtomicBool,
    waker: AtomicWaker,
    /// A message was passed on.
    delivered: Notify,
    /// Looks so far, to notice a library that stands still.
    looks: AtomicU64,
}

impl Wake {
    fn ring(&self) {
        self.rung.store(true, Ordering::Release);
        self.waker.wake();
    }

    async fn wedged(&self) {
        let (mut seen, mut still) = (self.looks.load(Ordering::Relaxed), 0);
        while still < STEPS {
            tokio::time::sleep(WEDGED_AFTER / STEPS).await;
            let now = self.looks.load(Ordering::Relaxed);
            still = if now == seen { still + 1 } else { 0 };
            seen = now;
        }
    }
}

/// When the library looks into Redis: at every wake-up, a little after it, and every second. Each source is polled until
/// it is pending, so that none loses its waker.
struct Look {
    runner: JobRunner,
    lane: Lane,
    wake: Arc<Wake>,
    clock: Interval,
    again: Option<Pin<Box<Sleep>>>,
}

impl Look {
    fn new(runner: JobRunner, lane: Lane, wake: Arc<Wake>) -> Self {
        let mut clock = tokio::time::interval(LOOK_EVERY);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { runner, lane, wake, clock, again: None }
    }
}

impl PollStrategy for Look {
    fn poll_drive(&mut self, cx: &mut Context<'_>, _: &PollSnapshot) -> Poll<Option<()>> {
        self.wake.looks.fetch_add(1, Ordering::Relaxed);
        self.wake.waker.register(cx.waker());
        let mut due = false;
        if self.wake.rung.swap(false, Ordering::AcqRel) {
            due = true;
            self.again = Some(Box::pin(tokio::time::sleep(LOOK_AGAIN)));
        }
        while self.clock.poll_tick(cx).is_ready() {
            due = true;
        }
        if self.again.as_mut().is_some_and(|again| again.as_mut().poll(cx).is_ready()) {
            self.again = None;
            due = true;
        }
        // A message that this process has no room for is left to others.
        if due && self.runner.has_room(self.lane) { Poll::Ready(Some(())) } else { Poll::Pending }
    }
}

/// Takes wake-ups of a lane while it has room for a job; makes a new connection when one breaks or falls silent. Each
/// wake-up goes to one worker, the one that has waited longest.
pub async fn take_wake_ups(
    runner: JobRunner,
    client: Client,
    lane: Lane,
    wake: Arc<Wake>,
    draining: CancellationToken,
) {
    while !draining.is_cancelled() {
        tokio::select! {
            () = take_from_one_connection(&runner, &client, lane, &wake) => {}
            () = draining.cancelled() => return,
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn take_from_one_connection(runner: &JobRunner, client: &Client, lane: Lane, wake: &Wake) {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(WAKE_UP_ANSWER))
        .set_response_timeout(Some(WAKE_UP_WAIT + WAKE_UP_ANSWER));
    let Ok(mut connection) = client.get_multiplexed_async_connection_with_config(&config).await else { return };
    // Messages may have come while this worker had no connection.
    wake.ring();
    let mut next = redis::cmd("BLPOP");
    next.arg(queue::wake_up_key(lane)).arg(WAKE_UP_WAIT.as_secs());
    while runner.wait_for_room(lane).await {
        match next.query_async::<Option<(String, String)>>(&mut connection).await {
            Ok(Some(_)) => {
                wake.ring();
                // A wake-up that is taken before the message of the last one has found its slot might find none.
                let _ = timeout(DELIVERY, wake.delivered.notified()).await;
            }
            Ok(None) => {}
            Err(_) => return,
        }
    }
}

/// Listens for nudges about running jobs; makes a new connection when one breaks or falls silent.
pub async fn listen(client: Client, runner: JobRunner, draining: CancellationToken) {
    while !draining.is_cancelled() {
        tokio::select! {
            () = listen_once(&client, &runner) => {}
            () = draining.cancelled() => return,
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn listen_once(client: &Client, runner: &JobRunner) {
    let connect = timeout(WAKE_UP_ANSWER, client.get_async_pubsub());
    let Ok(Ok(pubsub)) = connect.await else { return };
    let (mut sink, mut messages) = pubsub.split();
    if sink.subscribe(NUDGES).await.is_err() {
        return;
    }
    let mut ping = tokio::time::interval(Duration::from_secs(5));
    loop {
        tokio::select! {
            message = messages.next() => match message {
                Some(message) => nudge(runner, message.get_payload_bytes()),
                None => return,
            },
            _ = ping.tick() => {
                let answer = timeout(WAKE_UP_ANSWER, sink.ping::<redis::Value>()).await;
                if !matches!(answer, Ok(Ok(_))) {
                    return;
                }
            }
        }
    }
}

fn nudge(runner: &JobRunner, payload: &[u8]) {
    if let Some(job) = job_in(payload) {
        runner.cancel(job);
    }
}

fn job_in(payload: &[u8]) -> Option<JobId> {
    std::str::from_utf8(payload).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_library_that_stands_still_is_noticed_and_a_process_that_was_stopped_is_none() {
        let wake = Wake::default();
        let mut wedged = Box::pin(wake.wedged());
        assert!((&mut wedged).now_or_never().is_none());
        // Stopped for minutes: time has passed, and the library could not look.
        tokio::time::advance(WEDGED_AFTER * 10).await;
        assert!((&mut wedged).now_or_never().is_none());
        wake.looks.fetch_add(1, Ordering::Relaxed);

        let began = tokio::time::Instant::now();
        wedged.await;

        assert!(began.elapsed() >= WEDGED_AFTER);
    }
}
