//! What a storm does to workers, and a watch over the jobs that they held: which, and when somebody else had them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use almanac_tests::{Stack, stack::Node};
use rand::{SeedableRng, rngs::StdRng, seq::IndexedRandom};
use sqlx::PgPool;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How often the watch looks: how exact times of recovery are.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What happens to one worker after the other.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// SIGKILL, and another process at once.
    Kill,
    /// SIGSTOP, and SIGCONT after this long; at most two stand still at the same time.
    Pause(Duration),
}

/// The jobs that were interrupted, each under the epoch it had then.
#[derive(Debug, Default)]
pub struct Watch {
    /// Who does not work any more, and since when.
    gone: Mutex<HashMap<String, Instant>>,
    interrupted: Mutex<BTreeMap<(Uuid, i64), Interruption>>,
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

    fn has_gone(&self, owner: &str, at: Instant) {
        self.gone.lock().unwrap().insert(owner.to_owned(), at);
    }

    fn is_back(&self, owner: &str) {
        self.gone.lock().unwrap().remove(owner);
    }
}

impl Fault {
    /// Strikes until it is calm; answers how often it did.
    pub async fn strike(
        self,
        stack: &Stack,
        watch: &Watch,
        every: Duration,
        seed: u64,
        calm: &CancellationToken,
    ) -> usize {
        let mut random = StdRng::seed_from_u64(seed);
        let mut clock = tokio::time::interval_at(Instant::now() + every, every);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut strikes, mut asleep) = (0, Vec::new());
        loop {
            let wakes = asleep.first().map(|sleeper: &Sleeper| sleeper.until);
            tokio::select! {
                // Nobody is left asleep.
                () = calm.cancelled(), if asleep.is_empty() => return strikes,
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
