//! The doorbell's other end: one apalis worker per lane, which hears ids and hands them to the crew.
//! The only place in this crate that knows apalis. The library delivers and nothing else: it retries nothing, schedules
//! nothing, times nothing, and work in flight does not hang on it (`shared/src/jobs/queue/mod.rs` says why).

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
        queue::{self, NUDGES, Ticket, wake::WakeUp},
    },
    platform::{id::JobId, metrics::PickupSource, redis::patient},
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
use redis::Client;
use tokio::time::{Interval, MissedTickBehavior, Sleep};
use tokio_util::sync::CancellationToken;

use crate::runner::Crew;

/// How often a lane looks into Redis when nobody wakes it.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A second look soon after a wake-up: the library can lose one that arrives while it fetches.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// A lane whose library has not looked for this long is started anew.
const WEDGED_AFTER: Duration = Duration::from_secs(30);
/// So often it is looked at meanwhile. A process that was stopped for long finds one such step gone when it wakes, in
/// which nobody looked; that is no standstill of the library's.
const STEPS: u32 = 6;

/// Hears the doorbell of one lane until the process drains. Whatever ends the library's worker (an emptied Redis, a
/// broken connection), it is started again under a new name, after a pause.
pub async fn hear(crew: Crew, client: Client, lane: Lane, wake: Arc<Wake>, draining: CancellationToken) {
    let mut pause = Duration::from_millis(100);
    while !draining.is_cancelled() {
        let began = Instant::now();
        tokio::select! {
            ended = attend(&crew, &client, lane, &wake) => {
                tracing::warn!(lane = lane.as_str(), error = ended, "the queue's worker ended; starting another");
            }
            () = wake.wedged() => {
                tracing::error!(lane = lane.as_str(), "the queue's worker stands still; starting another");
            }
            () = draining.cancelled() => return,
        }
        pause = if began.elapsed() > Duration::from_secs(10) { Duration::from_millis(100) } else { pause * 2 };
        pause = pause.min(Duration::from_secs(2));
        tokio::time::sleep(pause).await;
    }
}

async fn attend(crew: &Crew, client: &Client, lane: Lane, wake: &Arc<Wake>) -> String {
    let connection = match patient(client) {
        Ok(connection) => connection,
        Err(error) => return format!("{error:#}"),
    };
    let backend = RedisStorage::<Ticket>::new(connection)
        .with_config(queue::config(lane))
        .poll_with_strategy(Look::new(wake.clone()));
    // A name of its own for every start: a name that is still registered is refused, and orphans go to nobody.
    let name = format!("{}-{}", lane.as_str(), uuid::Uuid::now_v7());
    let worker = WorkerBuilder::new(name)
        .backend(backend)
        .data(Hearing { crew: crew.clone(), lane })
        .concurrency(1)
        .build(deliver);
    match worker.run().await {
        Ok(()) => "it stopped by itself".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[derive(Clone)]
struct Hearing {
    crew: Crew,
    lane: Lane,
}

/// Hands the id over if a slot is free, and is done: the row says whether there is anything to do. It never waits for a
/// slot: the library looks no further meanwhile, and a lane whose slots are all taken would pass for one that stands
/// still. The poll takes the oldest job as soon as a slot is free.
async fn deliver(ticket: Ticket, hearing: Data<Hearing>) -> Result<(), BoxDynError> {
    if hearing.crew.took_early(ticket.job_id) {
        return Ok(());
    }
    match hearing.crew.more_slots(hearing.lane, 1).pop() {
        Some(slot) => hearing.crew.take(ticket.job_id, PickupSource::Ring, slot).await,
        None => hearing.crew.fell_behind(hearing.lane),
    }
    Ok(())
}

/// Wakes a lane's library when somebody rang.
#[derive(Debug, Default)]
pub struct Wake {
    rung: AtomicBool,
    waker: AtomicWaker,
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
    wake: Arc<Wake>,
    clock: Interval,
    again: Option<Pin<Box<Sleep>>>,
}

impl Look {
    fn new(wake: Arc<Wake>) -> Self {
        let mut clock = tokio::time::interval(LOOK_EVERY);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { wake, clock, again: None }
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
        if due { Poll::Ready(Some(())) } else { Poll::Pending }
    }
}

/// Listens on one connection for the rings of all lanes and for nudges about running jobs; makes a new connection when
/// it breaks or falls silent.
pub async fn listen(client: Client, lanes: Vec<(Lane, Arc<Wake>)>, crew: Crew, draining: CancellationToken) {
    while !draining.is_cancelled() {
        tokio::select! {
            () = listen_once(&client, &lanes, &crew) => {}
            () = draining.cancelled() => return,
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn listen_once(client: &Client, lanes: &[(Lane, Arc<Wake>)], crew: &Crew) {
    let connect = tokio::time::timeout(Duration::from_secs(2), client.get_async_pubsub());
    let Ok(Ok(pubsub)) = connect.await else { return };
    let (mut sink, mut messages) = pubsub.split();
    let mut channels: Vec<String> = lanes.iter().map(|(lane, _)| queue::wake_channel(*lane)).collect();
    channels.push(NUDGES.to_owned());
    if sink.subscribe(&channels).await.is_err() {
        return;
    }
    // Whatever was rung while nobody listened.
    lanes.iter().for_each(|(_, wake)| wake.ring());
    let mut ping = tokio::time::interval(Duration::from_secs(5));
    loop {
        tokio::select! {
            message = messages.next() => {
                let Some(message) = message else { return };
                match message.get_channel_name() {
                    NUDGES => nudge(crew, message.get_payload_bytes()),
                    channel => {
                        let rung = lanes.iter().find(|(lane, _)| queue::wake_channel(*lane) == channel);
                        if let Some((lane, wake)) = rung {
                            if let Some(said) = WakeUp::read(message.get_payload_bytes()) {
                                crew.take_early(*lane, &said);
                            }
                            wake.ring();
                        }
                    }
                }
            }
            _ = ping.tick() => {
                let answer = tokio::time::timeout(Duration::from_secs(2), sink.ping::<redis::Value>()).await;
                if !matches!(answer, Ok(Ok(_))) {
                    return;
                }
            }
        }
    }
}

fn nudge(crew: &Crew, payload: &[u8]) {
    if let Some(job) = job_in(payload) {
        crew.cancel(job);
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
        // Stopped for minutes: time has passed, and nobody could look.
        tokio::time::advance(WEDGED_AFTER * 10).await;
        assert!((&mut wedged).now_or_never().is_none());
        wake.looks.fetch_add(1, Ordering::Relaxed);

        let began = tokio::time::Instant::now();
        wedged.await;

        assert!(began.elapsed() >= WEDGED_AFTER);
    }
}
