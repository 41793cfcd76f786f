//! The faults of a storm, and a watch over the jobs of the affected workers: which, and when another worker had them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use almanac_tests::{Stack, stack::Node};
use rand::{SeedableRng, rngs::StdRng, seq::IndexedRandom};
use sqlx::PgPool;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{LEASE, mix::Mix};

/// How often the watch looks: how exact times of recovery are.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What happens to one worker after the other.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// SIGKILL, and another process at once.
    Kill,
    /// SIGSTOP, and SIGCONT after this long; at most two stand still at the same time.
    Pause(Duration),
    /// Faults of every kind in turn.
    Mixed(Mix),
}

/// Number of faults, by their name in the report.
pub type Strikes = BTreeMap<&'static str, usize>;

/// The jobs that were interrupted, each under the epoch it had then.
#[derive(Debug, Default)]
pub struct Watch {
    /// Who does not work any more, and since when.
    gone: Mutex<HashMap<String, Instant>>,
    interrupted: Mutex<BTreeMap<(Uuid, i64), Interruption>>,
    /// Jobs that ran while Postgres was silent: their workers may have given them up.
    cut_off: Mutex<BTreeSet<(Uuid, i64)>>,
    /// The last time in which Postgres or its rows could not be reached at once: its end, `None` while it lasts.
    store_trouble: Mutex<Option<Option<Instant>>>,
}

/// One job that was taken from its worker.
#[derive(Clone, Copy, Debug)]
pub struct Interruption {
    at: Instant,
    /// Until it ran under another epoch, or was seen to have.
    pub recovered: Option<Duration>,
}

impl Watch {
    /// Everything so far.
    pub fn interruptions(&self) -> BTreeMap<(Uuid, i64), Interruption> {
        self.interrupted.lock().unwrap().clone()
    }

    /// Jobs that ran while Postgres was silent, each under the epoch it had then.
    pub fn cut_off(&self) -> BTreeSet<(Uuid, i64)> {
        self.cut_off.lock().unwrap().clone()
    }

    pub async fn cut_off_running(&self, admin: &PgPool) {
        let running = sqlx::query_as("SELECT id, epoch FROM almanac.jobs WHERE state = 'running'");
        let running: Vec<(Uuid, i64)> = running.fetch_all(admin).await.unwrap();
        self.cut_off.lock().unwrap().extend(running);
    }

    pub fn store_trouble_begins(&self) {
        *self.store_trouble.lock().unwrap() = Some(None);
    }

    pub fn store_trouble_ends(&self) {
        *self.store_trouble.lock().unwrap() = Some(Some(Instant::now()));
    }

    /// Whether Postgres or its rows cannot be reached at once, or could not until a moment ago: the reaper is late then,
    /// because it waits for one lease after an outage of the store.
    pub fn is_store_in_trouble(&self) -> bool {
        const AFTER: Duration = LEASE.saturating_add(Duration::from_secs(6));
        let trouble = *self.store_trouble.lock().unwrap();
        trouble.is_some_and(|end| end.is_none_or(|end| end.elapsed() < AFTER))
    }

    /// Looks for as long as it is polled.
    pub async fn keep(&self, admin: &PgPool) {
        loop {
            self.look(admin).await;
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// A job stays with its holder until the lease ends, so no look has to come at once.
    pub async fn look(&self, admin: &PgPool) {
        let gone = self.gone.lock().unwrap().clone();
        let names: Vec<&String> = gone.keys().collect();
        let held = "SELECT id, epoch, lease_owner FROM almanac.jobs WHERE state = 'running' AND lease_owner = ANY ($1)";
        let held: Vec<(Uuid, i64, String)> = sqlx::query_as(held).bind(names).fetch_all(admin).await.unwrap();
        let open: Vec<Uuid> = {
            let mut interrupted = self.interrupted.lock().unwrap();
            for (job, epoch, owner) in held {
                interrupted.entry((job, epoch)).or_insert(Interruption { at: gone[&owner], recovered: None });
            }
            interrupted.iter().filter(|(_, one)| one.recovered.is_none()).map(|((job, _), _)| *job).collect()
        };
        let now = "SELECT id, epoch, finished_at IS NOT NULL FROM almanac.jobs WHERE id = ANY ($1)";
        let now: Vec<(Uuid, i64, bool)> = sqlx::query_as(now).bind(open).fetch_all(admin).await.unwrap();
        let now: HashMap<Uuid, (i64, bool)> = now.into_iter().map(|(job, epoch, over)| (job, (epoch, over))).collect();
        self.interrupted.lock().unwrap().retain(|(job, epoch), one| match now.get(job) {
            Some((later, _)) if later > epoch => {
                one.recovered.get_or_insert(one.at.elapsed());
                true
            }
            // Its end was on its way when the worker was stopped: nothing was interrupted.
            Some((_, over)) => !over,
            None => true,
        });
    }

    pub fn has_gone(&self, owner: &str, at: Instant) {
        self.gone.lock().unwrap().insert(owner.to_owned(), at);
    }

    pub fn is_back(&self, owner: &str) {
        self.gone.lock().unwrap().remove(owner);
    }
}

impl Fault {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kills",
            Self::Pause(_) => "pauses",
            Self::Mixed(_) => "mixed faults",
        }
    }

    /// Strikes until it is calm; answers how often it did.
    pub async fn strike(
        self,
        stack: &Stack,
        watch: &Watch,
        every: Duration,
        seed: u64,
        calm: &CancellationToken,
    ) -> Strikes {
        if let Self::Mixed(mix) = self {
            return mix.strike(stack, watch, every, seed, calm).await;
        }
        let mut random = StdRng::seed_from_u64(seed);
        let mut clock = tokio::time::interval_at(Instant::now() + every, every);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut strikes, mut asleep) = (0, Vec::new());
        loop {
            let wakes = asleep.first().map(|sleeper: &Sleeper| sleeper.until);
            tokio::select! {
                // No process is left paused.
                () = calm.cancelled(), if asleep.is_empty() => return Strikes::from([(self.name(), strikes)]),
                () = tokio::time::sleep_until(wakes.unwrap_or_else(Instant::now)), if wakes.is_some() => {
                    let sleeper = asleep.remove(0);
                    watch.is_back(&sleeper.owner);
                    sleeper.worker.resume();
                }
                _ = clock.tick(), if !calm.is_cancelled() && asleep.len() < 2 => {
                    let awake = |worker: &&Arc<Node>| !asleep.iter().any(|one| one.worker.name == worker.name);
                    let awake: Vec<&Arc<Node>> = stack.workers().iter().filter(awake).collect();
                    let worker = awake.choose(&mut random).unwrap();
                    // One that is starting holds nothing yet.
                    let Some(owner) = worker.lease_owner() else { continue };
                    strikes += 1;
                    let at = Instant::now();
                    match self {
                        Self::Kill => {
                            worker.kill().await;
                            watch.has_gone(&owner, at);
                            worker.launch();
                        }
                        Self::Pause(length) => {
                            worker.pause();
                            watch.has_gone(&owner, at);
                            asleep.push(Sleeper { worker: Arc::clone(worker), owner, until: at + length });
                        }
                        Self::Mixed(_) => unreachable!("it strikes in turn"),
                    }
                }
            }
        }
    }
}

/// A worker that stands still.
struct Sleeper {
    worker: Arc<Node>,
    owner: String,
    until: Instant,
}
