//! Pushes job ids through apalis-redis and wakes a worker. Best effort: workers also look for due jobs in Postgres.
//! Called after a commit that queued a job. The only place in this crate that knows apalis.
//!
//! Why it looks like this (measured on apalis-redis 1.0.0): the stock push puts every id into the scheduled set and
//! wakes no worker, so a wake-up of our own follows it. More than about 8,000 due ids stop the library for good, so a
//! lane gets messages only while it holds fewer than `WINDOW`, and the rest waits in Postgres.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use apalis_core::task::{Task, builder::TaskBuilder};
use apalis_redis::{Config, queries::push_tasks};
use redis::aio::ConnectionManager;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::{
    jobs::Lane,
    platform::{id::JobId, metrics::Metrics, redis::PATIENCE},
};

/// Undelivered ids a lane may hold in Redis.
const WINDOW: i64 = 1_000;
/// How long a full lane gets no messages, and a Redis that failed nothing at all, before it is tried again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// How long done ids are remembered by the library.
const IDEMPOTENCY_TTL: Duration = Duration::from_secs(60);

/// The pub/sub channel for cancelled jobs.
pub const NUDGES: &str = "almanac:nudge";

/// What travels through Redis: an id, and the trace it belongs to. Everything else stays on the row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The job.
    pub job_id: JobId,
    /// W3C traceparent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}

/// The library's settings for a lane, the same for those who push and those who fetch.
pub fn config(lane: Lane) -> Config {
    Config::default()
        .queue(queue_name(lane))
        .batch_size(1)
        .heartbeat_interval(Duration::from_secs(5))
        .missed_heartbeats(6)
        .lock_tasks(false)
        .persist_results(true)
        .emit_events(false)
        .idempotency_ttl(Some(IDEMPOTENCY_TTL))
}

/// The prefix of every key of a lane. In braces, so that a cluster keeps them together.
pub fn queue_name(lane: Lane) -> String {
    format!("{{almanac:{}}}", lane.as_str())
}

/// The list of a lane's wake-ups, one for each message. Workers with room block on it, so each wake-up wakes one of them.
pub fn wake_up_key(lane: Lane) -> String {
    format!("{}:wake-ups", queue_name(lane))
}

/// Notifies workers from a task of its own, so that no request waits for Redis.
#[derive(Clone)]
pub struct Bell {
    rings: mpsc::Sender<(Lane, Ticket)>,
    nudges: ConnectionManager,
}

impl Bell {
    /// Starts ringing over this connection.
    pub fn start(connection: ConnectionManager, metrics: Arc<Metrics>) -> Self {
        let (rings, inbox) = mpsc::channel(8192);
        tokio::spawn(ring_all(connection.clone(), metrics, inbox));
        Self { rings, nudges: connection }
    }

    /// Notifies workers that cancellation of a job was requested.
    pub fn nudge(&self, job: JobId) {
        let mut connection = self.nudges.clone();
        tokio::spawn(async move {
            let send = redis::cmd("PUBLISH").arg(NUDGES).arg(job.to_string()).to_owned();
            let _ = tokio::time::timeout(PATIENCE, send.query_async::<()>(&mut connection)).await;
        });
    }

    /// The same for a job that is not due before this pause is over; forgotten if the process ends first.
    pub fn ring_after(&self, pause: Duration, lane: Lane, job_id: JobId, trace: Option<String>) {
        let bell = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            bell.ring(lane, job_id, trace);
        });
    }

    /// Notifies a worker of a queued job. Never blocks; a lost message costs the two seconds until the next look.
    pub fn ring(&self, lane: Lane, job_id: JobId, trace: Option<String>) {
        if self.rings.try_send((lane, Ticket { job_id, trace })).is_err() {
            tracing::debug!(jobId = %job_id, "too many notifications wait; workers will find the job in Postgres");
        }
    }
}

impl std::fmt::Debug for Bell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bell")
    }
}

async fn ring_all(connection: ConnectionManager, metrics: Arc<Metrics>, mut inbox: mpsc::Receiver<(Lane, Ticket)>) {
    let mut lanes: Vec<LaneBell> =
        Lane::ALL.iter().map(|lane| LaneBell::new(*lane, connection.clone(), metrics.clone())).collect();
    let mut batch = Vec::with_capacity(64);
    while inbox.recv_many(&mut batch, 64).await > 0 {
        for bell in &mut lanes {
            let tickets: Vec<&Ticket> =
                batch.iter().filter(|(lane, _)| *lane == bell.lane).map(|(_, ticket)| ticket).collect();
            bell.ring(&tickets).await;
        }
        batch.clear();
    }
}

struct LaneBell {
    lane: Lane,
    config: Config,
    connection: ConnectionManager,
    metrics: Arc<Metrics>,
    /// Until then the lane is taken for full.
    full_until: Option<Instant>,
    /// Until then Redis is left alone.
    away_until: Option<Instant>,
}

impl LaneBell {
    fn new(lane: Lane, connection: ConnectionManager, metrics: Arc<Metrics>) -> Self {
        Self { lane, config: config(lane), connection, metrics, full_until: None, away_until: None }
    }

    async fn ring(&mut self, tickets: &[&Ticket]) {
        let before = |moment: Option<Instant>| moment.is_some_and(|moment| Instant::now() < moment);
        if tickets.is_empty() || before(self.away_until) {
            return;
        }
        if before(self.full_until) {
            return;
        }
        match tokio::time::timeout(PATIENCE, self.push(tickets)).await {
            Ok(Ok(depth)) => {
                self.full_until = (depth >= WINDOW).then(|| Instant::now() + LOOK_AGAIN);
            }
            Ok(Err(error)) => {
                self.rest();
                tracing::warn!(lane = self.lane.as_str(), %error, "notifying workers failed; they will find the jobs in Postgres");
            }
            Err(_) => {
                self.rest();
                tracing::warn!(
                    lane = self.lane.as_str(),
                    "notifying workers timed out; they will find the jobs in Postgres"
                );
            }
        }
    }

    fn rest(&mut self) {
        self.metrics.ring_failed();
        self.away_until = Some(Instant::now() + LOOK_AGAIN);
    }

    /// Pushes messages and as many wake-ups, and returns the lane's depth, in one round trip: both go out on one
    /// connection, in this order. Should the library have to load its script first, the wake-ups come before the
    /// messages, and the worker's second look finds them.
    async fn push(&mut self, tickets: &[&Ticket]) -> anyhow::Result<i64> {
        let mut tasks = Vec::with_capacity(tickets.len());
        for ticket in tickets {
            // No task id of ours: the library makes a fresh one. A second push of the same id would silently do nothing.
            let task: Task<Vec<u8>> = TaskBuilder::new(serde_json::to_vec(ticket)?).build();
            tasks.push(task);
        }
        let (name, wake_ups) = (queue_name(self.lane), wake_up_key(self.lane));
        let mut behind = redis::pipe();
        behind.rpush(&wake_ups, vec!["1"; tickets.len()]).ignore();
        // Without workers, or while they are behind, none is taken.
        behind.cmd("LTRIM").arg(&wake_ups).arg(-WINDOW).arg(-1).ignore();
        behind.llen(format!("{name}:active")).zcard(format!("{name}:scheduled"));
        let mut connection = self.connection.clone();
        let push = push_tasks(&mut self.connection, &self.config, &tasks);
        let (pushed, depth) = tokio::join!(push, behind.query_async::<(i64, i64)>(&mut connection));
        pushed?;
        let (active, scheduled) = depth?;
        Ok(active + scheduled)
    }
}

/// Undelivered ids that a lane holds in Redis; what waits in Postgres alone is not among them.
///
/// # Errors
/// Redis is unavailable.
pub async fn depth(connection: &mut ConnectionManager, lane: Lane) -> redis::RedisResult<i64> {
    let name = queue_name(lane);
    let (active, scheduled): (i64, i64) =
        redis::pipe().llen(format!("{name}:active")).zcard(format!("{name}:scheduled")).query_async(connection).await?;
    Ok(active + scheduled)
}

/// Forgets what the library writes of each worker that it registers, besides the sign that it lives: it reads that nowhere
/// and never removes it, so every start of a process, and every restart of the library, would leave a key behind.
///
/// # Errors
/// Redis is unavailable.
pub async fn remove_registrations(connection: &mut ConnectionManager) -> redis::RedisResult<()> {
    let mut cursor = 0_u64;
    loop {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg("{almanac:*}:workers:metadata:*").arg("COUNT").arg(1_000);
        let (next, keys): (u64, Vec<String>) = scan.query_async(connection).await?;
        for key in keys {
            redis::cmd("DEL").arg(key).exec_async(connection).await?;
        }
        cursor = next;
        if cursor == 0 {
            return Ok(());
        }
    }
}

/// Forgets what the library keeps of finished tasks, in small steps: on its own it never does.
///
/// # Errors
/// Redis is unavailable.
pub async fn trim(connection: &mut ConnectionManager, lane: Lane) -> redis::RedisResult<()> {
    const TRIM: &str = "local ids = redis.call('SPOP', KEYS[1], 500)
if #ids > 0 then
    redis.call('HDEL', KEYS[2], unpack(ids))
    for _, id in ipairs(ids) do redis.call('DEL', KEYS[3] .. ':' .. id) end
end
return #ids";
    let name = queue_name(lane);
    redis::Script::new(TRIM)
        .key(format!("{name}:done"))
        .key(format!("{name}:data"))
        .key(format!("{name}:meta"))
        .invoke_async(connection)
        .await
}
