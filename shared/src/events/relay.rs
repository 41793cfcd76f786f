//! Fan-out of job events from one Redis subscription: one buffer per watched job, any number of sockets.
//! Called by the API's streams. Redis may lose anything: a read of Postgres every second closes every gap.

use std::{
    collections::HashMap,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::{Stream, StreamExt, stream};
use redis::{Client, Msg};
use tokio::{
    sync::{Notify, Semaphore, mpsc, oneshot},
    time::MissedTickBehavior,
};
use tokio_util::sync::CancellationToken;

use super::{
    event::{self, Encoding, Event, Frame, Message},
    follower::Follower,
    log::{self, Place},
    watch::{Cursor, Watch},
};
use crate::{
    jobs::Kind,
    platform::{
        db::Database,
        faults::{self, Guard},
        id::JobId,
        metrics::Metrics,
        redis::PATIENCE,
    },
};

/// How often silent logs are read.
const TAIL_EVERY: Duration = Duration::from_secs(1);
/// How often sockets that were silent get a heartbeat: well inside the 15 s of the contract, and the 5 s of organic
/// streams.
pub const BEAT_EVERY: Duration = Duration::from_secs(5);
/// Replays that may read Postgres at once.
const READERS: usize = 8;
/// How long Redis may leave a ping unanswered before the subscription is made again.
const PING_EVERY: Duration = Duration::from_secs(5);

/// Follows jobs for every socket of this process.
#[derive(Clone)]
pub struct Relay(Arc<Inner>);

struct Inner {
    database: Database,
    watches: Mutex<HashMap<JobId, Arc<Watch>>>,
    wanted: mpsc::UnboundedSender<Want>,
    readers: Semaphore,
    tail_now: Notify,
    /// Whether the subscription stands, or has not failed yet.
    live: AtomicBool,
    metrics: Arc<Metrics>,
    draining: CancellationToken,
}

enum Want {
    Subscribe(JobId, oneshot::Sender<()>),
    Unsubscribe(JobId),
}

impl Relay {
    /// Starts the subscription and the tail for this process; `draining` ends every stream.
    pub fn start(database: Database, client: Client, metrics: Arc<Metrics>, draining: CancellationToken) -> Self {
        let (wanted, wants) = mpsc::unbounded_channel();
        let relay = Self(Arc::new(Inner {
            database,
            watches: Mutex::default(),
            wanted,
            readers: Semaphore::new(READERS),
            tail_now: Notify::new(),
            live: AtomicBool::new(true),
            metrics,
            draining,
        }));
        tokio::spawn(relay.clone().listen(client, wants));
        tokio::spawn(relay.clone().tail());
        tokio::spawn(relay.clone().beat());
        relay
    }

    /// Follows a job from after `after`. The caller has checked that the job is the listener's, and where it stands:
    /// `ended_at` is the last seq of a job that has ended.
    pub async fn follow(
        &self,
        (job, kind): (JobId, Option<Kind>),
        after: i64,
        ended_at: Option<i64>,
        encoding: Encoding,
    ) -> Follower {
        if let Some(last) = ended_at {
            return Follower::archive(self.clone(), (job, kind), after, last, encoding);
        }
        let (watch, place) = self.enter(job, kind, after);
        let follower = Follower::live(self.clone(), (watch.clone(), kind), place, encoding);
        if !watch.is_loaded() {
            self.load(&watch, after).await;
        }
        follower
    }

    /// Number of jobs being watched now.
    pub fn watched(&self) -> usize {
        self.watches().len()
    }

    /// Whether events arrive by Redis; else they are read from Postgres every second.
    pub fn is_live(&self) -> bool {
        self.0.live.load(Ordering::Relaxed)
    }

    pub(super) fn is_draining(&self) -> bool {
        self.0.draining.is_cancelled()
    }

    /// A page of the log after a position, as frames. Retries while Postgres is unavailable.
    pub(super) fn page(&self, place: Place) -> Pin<Box<dyn Future<Output = Vec<Frame>> + Send>> {
        let relay = self.clone();
        Box::pin(async move {
            loop {
                let read = {
                    let _reader = relay.0.readers.acquire().await;
                    log::tail(&relay.0.database, &[place], log::SOCKET_PAGE).await
                };
                match read {
                    Ok(events) => return events.iter().map(|(_, event)| Frame::of(event)).collect(),
                    Err(_) if relay.is_draining() => return Vec::new(),
                    Err(_) => tokio::time::sleep(TAIL_EVERY).await,
                }
            }
        })
    }

    pub(super) fn leave(&self, watch: &Arc<Watch>, place: u32) {
        let mut watches = self.watches();
        if watch.leave(place) == 0 && watches.get(&watch.job).is_some_and(|known| Arc::ptr_eq(known, watch)) {
            watches.remove(&watch.job);
            let _ = self.0.wanted.send(Want::Unsubscribe(watch.job));
        }
    }

    /// Enters the job's watch. The map stays locked for both steps, as it does in `leave`; otherwise the last follower
    /// could leave between them, and the watch found would no longer get events.
    fn enter(&self, job: JobId, kind: Option<Kind>, after: i64) -> (Arc<Watch>, (u32, Cursor)) {
        let mut watches = self.watches();
        let watch = watches.entry(job).or_insert_with(|| Arc::new(Watch::of_kind(job, kind)));
        let place = watch.enter(after);
        (watch.clone(), place)
    }

    fn watches(&self) -> MutexGuard<'_, HashMap<JobId, Arc<Watch>>> {
        self.0.watches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Subscribes first, then reads: whatever is appended in between arrives by one way or the other.
    async fn load(&self, watch: &Arc<Watch>, after: i64) {
        let _alone = watch.loading.lock().await;
        if watch.is_loaded() {
            return;
        }
        let (done, subscribed) = oneshot::channel();
        let _ = self.0.wanted.send(Want::Subscribe(watch.job, done));
        // Redis may be away: the tail will do its work.
        let _ = tokio::time::timeout(PATIENCE, subscribed).await;
        let read = {
            let _reader = self.0.readers.acquire().await;
            log::tail(&self.0.database, &[watch.place(after)], log::PAGE).await
        };
        let unread = read.is_err();
        let events: Vec<Event> = read.unwrap_or_default().into_iter().map(|(_, event)| event).collect();
        let full = events.len() >= usize::try_from(log::PAGE).unwrap_or(usize::MAX);
        watch.load(after, &events, unread || full);
        if watch.is_behind() {
            self.0.tail_now.notify_one();
        }
    }

    /// Heartbeats have a clock of their own, because a store that is slow or silent must not stop them: with them come
    /// the end of a token, and the goodbye of a process that ends.
    async fn beat(self) {
        let mut clock = tokio::time::interval(BEAT_EVERY);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut told = false;
        loop {
            tokio::select! {
                _ = clock.tick() => self.each(Watch::beat),
                // A follower that was about to wait is woken by the next heartbeat.
                () = self.0.draining.cancelled(), if !told => told = true,
            }
            self.each(Watch::wake);
        }
    }

    /// Reads silent logs and known gaps, for all jobs in one statement.
    async fn tail(self) {
        let mut clock = tokio::time::interval(TAIL_EVERY);
        // After a read that took long the next one is as far away as ever.
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let silent_since = tokio::select! {
                _ = clock.tick() => Instant::now().checked_sub(TAIL_EVERY / 2),
                () = self.0.tail_now.notified() => None,
                () = self.0.draining.cancelled() => return,
            };
            if !faults::removed(Guard::TailRead) {
                self.tail_once(silent_since).await;
            }
        }
    }

    async fn tail_once(&self, silent_since: Option<Instant>) {
        let silent: Vec<Place> = self
            .watches()
            .values()
            .filter_map(|watch| watch.wants_tail(silent_since).map(|last| watch.place(last)))
            .collect();
        if silent.is_empty() {
            return;
        }
        let Ok(rows) = log::tail(&self.0.database, &silent, log::PAGE).await else { return };
        self.0.metrics.tail_read(u64::try_from(rows.len()).unwrap_or(u64::MAX));
        let full = rows.len() >= usize::try_from(log::PAGE).unwrap_or(usize::MAX);
        let mut found: HashMap<JobId, Vec<Event>> = HashMap::new();
        for (job, event) in rows {
            found.entry(job).or_default().push(event);
        }
        let watches = self.watches();
        for Place { job, .. } in silent {
            let Some(watch) = watches.get(&job) else { continue };
            watch.caught_up();
            if let Some(events) = found.get(&job)
                && watch.hear(events)
            {
                watch.wake();
            }
        }
        drop(watches);
        if full {
            self.0.tail_now.notify_one();
        }
    }

    fn each(&self, act: impl Fn(&Watch)) {
        let watches: Vec<_> = self.watches().values().cloned().collect();
        watches.iter().for_each(|watch| act(watch));
    }

    /// Keeps one subscription alive for the whole process.
    async fn listen(self, client: Client, mut wants: mpsc::UnboundedReceiver<Want>) {
        let mut pause = Duration::from_millis(50);
        while !self.is_draining() {
            let connecting = tokio::time::timeout(Duration::from_secs(2), client.get_async_pubsub());
            match unconnected(&mut wants, connecting).await {
                Ok(Ok(pubsub)) => {
                    pause = Duration::from_millis(50);
                    let (sink, messages) = pubsub.split();
                    self.0.live.store(true, Ordering::Relaxed);
                    self.serve(sink, messages, &mut wants).await;
                }
                _ => pause = (pause * 2).min(Duration::from_secs(1)),
            }
            self.0.live.store(false, Ordering::Relaxed);
            unconnected(&mut wants, tokio::time::sleep(pause)).await;
        }
    }

    /// One connection's life: takes up all watches, then serves wants and messages until it breaks.
    async fn serve(
        &self,
        mut sink: redis::aio::PubSubSink,
        messages: impl Stream<Item = Msg> + Unpin,
        wants: &mut mpsc::UnboundedReceiver<Want>,
    ) {
        let channels: Vec<String> = self.watches().keys().map(|job| event::channel(*job)).collect();
        if !channels.is_empty() && !timely(sink.subscribe(&channels)).await {
            return;
        }
        // Events published without a subscription are in the log.
        self.each(Watch::hear_of_silence);
        self.0.tail_now.notify_one();

        let mut messages = messages.ready_chunks(512);
        let mut ping = tokio::time::interval(PING_EVERY);
        let mut asked = Vec::new();
        loop {
            tokio::select! {
                heard = messages.next() => match heard {
                    Some(heard) => self.hear(&heard),
                    None => return,
                },
                count = wants.recv_many(&mut asked, 256) => {
                    if count == 0 || !self.heed(&mut sink, &mut asked).await {
                        return;
                    }
                }
                // A black hole keeps the connection and answers nothing.
                _ = ping.tick() => if !timely(sink.ping::<redis::Value>()).await { return },
                () = self.0.draining.cancelled() => return,
            }
        }
    }

    /// Subscribes and unsubscribes in as few commands as can be.
    async fn heed(&self, sink: &mut redis::aio::PubSubSink, asked: &mut Vec<Want>) -> bool {
        let (mut open, mut close, mut done) = (Vec::new(), Vec::new(), Vec::new());
        {
            let watches = self.watches();
            for want in asked.drain(..) {
                match want {
                    Want::Subscribe(job, ready) if watches.contains_key(&job) => {
                        open.push(event::channel(job));
                        done.push(ready);
                    }
                    // Its last follower has gone already, and this connection would carry its events for ever.
                    Want::Subscribe(..) => {}
                    // A follower may have subscribed again since.
                    Want::Unsubscribe(job) if !watches.contains_key(&job) => close.push(event::channel(job)),
                    Want::Unsubscribe(_) => {}
                }
            }
        }
        if !close.is_empty() && !timely(sink.unsubscribe(&close)).await {
            return false;
        }
        if !open.is_empty() && !timely(sink.subscribe(&open)).await {
            return false;
        }
        for ready in done {
            let _ = ready.send(());
        }
        true
    }

    /// Takes in everything that arrived together, then wakes each log's listeners once: one write per socket.
    fn hear(&self, heard: &[Msg]) {
        let mut news: HashMap<JobId, Arc<Watch>> = HashMap::new();
        let mut gaps = false;
        {
            let watches = self.watches();
            for message in heard {
                let Some(watch) = event::job_of(message.get_channel_name()).and_then(|job| watches.get(&job)) else {
                    continue;
                };
                let Ok(text) = std::str::from_utf8(message.get_payload_bytes()) else { continue };
                match Message::parse(text) {
                    Some(Message::Event(event)) if watch.hear(std::slice::from_ref(&event)) => {
                        news.insert(watch.job, watch.clone());
                    }
                    Some(Message::Event(_)) => {}
                    Some(Message::Seq(seq)) => watch.hear_of(seq),
                    None => {}
                }
                gaps |= watch.is_behind();
            }
        }
        news.values().for_each(|watch| watch.wake());
        if gaps {
            self.0.tail_now.notify_one();
        }
    }
}

impl Follower {
    /// Waits for the log's end without keeping any of it, for `Prefer: wait`.
    pub async fn end(mut self) {
        let mut scrap = bytes::BytesMut::new();
        let mut frames = stream::poll_fn(move |cx| {
            scrap.clear();
            self.poll_frames(cx, &mut scrap)
        });
        while frames.next().await.is_some() {}
    }
}

/// Waits while there is no connection. Subscriptions wanted until then are not kept: the next one takes up all watches,
/// and a stream that opens now need not wait for it.
async fn unconnected<T>(wants: &mut mpsc::UnboundedReceiver<Want>, until: impl Future<Output = T>) -> T {
    let mut until = pin!(until);
    loop {
        tokio::select! {
            done = &mut until => return done,
            Some(_) = wants.recv() => {}
        }
    }
}

async fn timely<T>(asked: impl Future<Output = redis::RedisResult<T>>) -> bool {
    matches!(tokio::time::timeout(Duration::from_secs(2), asked).await, Ok(Ok(_)))
}

#[cfg(test)]
mod tests;
