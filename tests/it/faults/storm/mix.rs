//! Faults of every kind, one after the other, in an order that the seed decides; beside them outages of the provider.

use std::{sync::Arc, time::Duration};

use almanac_tests::{Mode, Script, Stack, stack::Node};
use rand::{
    Rng, SeedableRng,
    rngs::StdRng,
    seq::{IndexedRandom, IteratorRandom, SliceRandom},
};
use sqlx::PgPool;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{
    LEASE,
    faults::{Strikes, Watch},
    locks,
};

/// From the storm's start to the long outage of the provider.
const BEFORE_OUTAGE: Duration = Duration::from_secs(5);
/// From the end of an outage to the next, and the length of all but the first.
const BETWEEN_OUTAGES: Duration = Duration::from_secs(45);
const SHORT_OUTAGE: Duration = Duration::from_secs(15);
/// The answer to a transaction that began before Postgres became silent may be late by this.
const SETTLED: Duration = Duration::from_secs(1);

/// One fault, from its beginning to its end.
#[derive(Clone, Copy, Debug)]
pub enum Turn {
    /// SIGKILL of a worker, and another process at once.
    Kill,
    /// SIGSTOP of a worker for longer than its leases.
    Pause,
    /// Another session holds rows that jobs need, for seconds but shorter than a lease.
    Locks,
    /// No byte of Postgres reaches the API or a worker.
    Silence,
    /// Each piece to and from Postgres is late by some hundred milliseconds.
    Delay,
}

/// What a mixed storm consists of.
#[derive(Clone, Copy, Debug)]
pub struct Mix {
    /// Shuffled for each round.
    pub turns: &'static [Turn],
    /// Length of the first outage of the provider.
    pub outage: Duration,
}

impl Mix {
    /// Strikes until the last job was submitted, for at least one round and one outage.
    pub async fn strike(
        self,
        stack: &Stack,
        watch: &Watch,
        every: Duration,
        seed: u64,
        calm: &CancellationToken,
    ) -> Strikes {
        let mut random = StdRng::seed_from_u64(seed);
        let script = if random.random() { Script::status(503) } else { Script::Repeating(503) };
        let (mut strikes, outages) = tokio::join!(
            self.take_turns(stack, watch, every, &mut random, calm),
            self.fail_provider(stack, script, calm),
        );
        strikes.insert("provider outages", outages);
        strikes
    }

    async fn take_turns(
        self,
        stack: &Stack,
        watch: &Watch,
        every: Duration,
        random: &mut StdRng,
        calm: &CancellationToken,
    ) -> Strikes {
        let admin = stack.admin().await;
        let (began, mut strikes, mut first) = (Instant::now(), Strikes::new(), true);
        loop {
            let mut round = self.turns.to_vec();
            round.shuffle(random);
            for turn in round {
                if calm.is_cancelled() && !first {
                    return strikes;
                }
                sleep(every).await;
                eprintln!("  {:>6.1} s  {turn:?}", began.elapsed().as_secs_f64());
                let (name, count) = turn.take(stack, watch, &admin, random).await;
                *strikes.entry(name).or_default() += count;
            }
            first = false;
        }
    }

    async fn fail_provider(self, stack: &Stack, script: Script, calm: &CancellationToken) -> usize {
        let began = Instant::now();
        let (mut outages, mut pause, mut length) = (0, BEFORE_OUTAGE, self.outage);
        loop {
            tokio::select! {
                () = calm.cancelled(), if outages > 0 => return outages,
                () = sleep(pause) => {}
            }
            eprintln!("  {:>6.1} s  provider outage of {length:?}", began.elapsed().as_secs_f64());
            stack.world.answer_everything(Some(script.clone()));
            sleep(length).await;
            stack.world.answer_everything(None);
            outages += 1;
            (pause, length) = (BETWEEN_OUTAGES, SHORT_OUTAGE);
        }
    }
}

impl Turn {
    /// Its name in the report, and what it counts.
    async fn take(self, stack: &Stack, watch: &Watch, admin: &PgPool, random: &mut StdRng) -> (&'static str, usize) {
        match self {
            Self::Kill => ("kills", interrupt(stack, watch, admin, random, None).await),
            Self::Pause => {
                ("pauses", interrupt(stack, watch, admin, random, Some(LEASE + Duration::from_secs(3))).await)
            }
            Self::Locks => {
                watch.store_trouble_begins();
                let held = locks::hold(admin, seconds(random, 1..=5)).await;
                watch.store_trouble_ends();
                ("spells of row locks", usize::from(held > 0))
            }
            Self::Silence => {
                watch.store_trouble_begins();
                set_postgres(stack, Mode::BlackHole).await;
                watch.cut_off_running(admin).await;
                sleep(SETTLED).await;
                watch.cut_off_running(admin).await;
                sleep(seconds(random, 2..=8)).await;
                set_postgres(stack, Mode::Pass).await;
                watch.store_trouble_ends();
                ("silences", 1)
            }
            Self::Delay => {
                watch.store_trouble_begins();
                set_postgres(stack, Mode::Delay(Duration::from_millis(random.random_range(100..=300)))).await;
                sleep(seconds(random, 3..=6)).await;
                set_postgres(stack, Mode::Pass).await;
                watch.store_trouble_ends();
                ("slow spells", 1)
            }
        }
    }
}

/// Kills a worker, or stops it for a while: one that holds a job if there is one. A worker that is starting is left
/// alone.
async fn interrupt(
    stack: &Stack,
    watch: &Watch,
    admin: &PgPool,
    random: &mut StdRng,
    pause: Option<Duration>,
) -> usize {
    let busy: Vec<String> = sqlx::query_scalar("SELECT DISTINCT lease_owner FROM almanac.jobs WHERE state = 'running'")
        .fetch_all(admin)
        .await
        .unwrap_or_default();
    // The one that was killed last may still be starting; the other three are at work.
    let at_work: Vec<(&Arc<Node>, String)> =
        stack.workers().iter().filter_map(|worker| Some((worker, worker.lease_owner()?))).collect();
    let holds_a_job = at_work.iter().filter(|(_, owner)| busy.contains(owner));
    let (worker, owner) = holds_a_job.choose(random).or_else(|| at_work.choose(random)).unwrap();
    let at = Instant::now();
    match pause {
        None => {
            worker.kill().await;
            watch.has_gone(owner, at);
            worker.launch();
        }
        Some(pause) => {
            worker.pause();
            watch.has_gone(owner, at);
            sleep(pause).await;
            watch.is_back(owner);
            worker.resume();
        }
    }
    1
}

async fn set_postgres(stack: &Stack, mode: Mode) {
    let proxies = stack.proxies();
    tokio::join!(proxies.api_postgres.set(mode), proxies.worker_postgres.set(mode));
}

fn seconds(random: &mut StdRng, range: std::ops::RangeInclusive<u64>) -> Duration {
    Duration::from_secs(random.random_range(range))
}
