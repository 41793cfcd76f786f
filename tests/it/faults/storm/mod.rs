//! Storms: work comes in all the time while one worker after the other is killed, or is paused for longer than its
//! leases, or while faults of every kind come in turn. Nothing accepted is lost, nothing is made or streamed twice, and
//! interrupted work continues soon. A small storm of kills and a small mixed one are part of every run of the tests;
//! `make storm` has the full ones, which print what they measured.

mod crowd;
mod faults;
mod locks;
mod mix;
mod verdict;

use std::{sync::Arc, time::Duration};

use almanac_tests::{Stack, eventually, invariants, run::test_run};
use crowd::Crowd;
use faults::{Fault, Watch};
use futures_util::future::join_all;
use mix::{Mix, Turn};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use verdict::Verdict;

const WORKERS: usize = 4;
/// Of one worker: 16, as the jobs are mixed.
const SLOTS: &str = "flashcards=8,calendar=4,organic=4";
/// One worker a lane: while it is paused no other worker can take its jobs. The last one takes none, and reaps.
const SPLIT: [&str; WORKERS] = ["flashcards=48", "calendar=24", "organic=24", "account=1"];
/// In which every accepted job has been started for the first time.
const UNCLAIMED: Duration = Duration::from_secs(8);
/// After a lease the reaper returns a job to the queue, within two seconds, and a worker takes it.
const LEASE: Duration = Duration::from_secs(10);
/// After the last fault every job has ended within.
const TAIL: Duration = Duration::from_secs(300);

/// A storm's size, and what makes it count.
#[derive(Clone, Copy, Debug)]
struct Storm {
    jobs: usize,
    /// Jobs asked for in a second.
    pace: u32,
    fault: Fault,
    /// Whether each worker has a lane of its own.
    split: bool,
    /// From one fault to the next.
    every: Duration,
    /// 99 of 100 interrupted jobs run again within.
    recovery: Duration,
    /// Every job is started for the first time within.
    unclaimed: Duration,
    /// With fewer faults, or fewer jobs interrupted in flight, it was no storm.
    least: (usize, usize),
}

impl Storm {
    /// The whole of it. The sampler of the invariants and the watch look on from outside all the time.
    async fn blow(self) {
        let seed = test_run().settings.seed.unwrap_or_else(rand::random);
        let mixed = matches!(self.fault, Fault::Mixed(_));
        let stack = Arc::new(stack(self.split, mixed).await);
        let _logs = LogsOnFailure(Arc::clone(&stack));
        let admin = stack.admin().await;
        let (crowd, watch) = (Arc::new(Crowd::new(Arc::clone(&stack), mixed)), Watch::default());
        let calm = CancellationToken::new();

        let began = Instant::now();
        let work = Arc::clone(&crowd).come(self.jobs, self.pace, seed, || calm.cancel());
        let over = CancellationToken::new();
        let strikes = async {
            let strikes = self.fault.strike(&stack, &watch, self.every, seed, &calm).await;
            over.cancel();
            strikes
        };
        let (seen, strikes) = tokio::select! {
            ended = async { tokio::join!(work, strikes) } => ended,
            stuck = unfinished(&admin, &over) => panic!("stuck {TAIL:?} after the last fault:\n{stuck}"),
            () = watch.keep(&admin) => unreachable!("it looks for ever"),
            () = sample(&admin, &watch) => unreachable!("it looks for ever"),
        };
        watch.look(&admin).await;

        let took = began.elapsed();
        let verdict = Verdict::of(&stack, self.fault, seen, strikes, &watch).await;
        eprintln!("{}", verdict.report(seed, took, crowd.refused()));
        verdict.assert_nothing_lost_or_doubled(&admin).await;
        if mixed {
            verdict.assert_prompts_stay_inside(&stack, &admin).await;
        }
        verdict.assert_it_was_a_storm(self.least, self.recovery, self.unclaimed);
    }
}

/// The stack outlives the test that fails, because the crowd has it too.
struct LogsOnFailure(Arc<Stack>);

impl Drop for LogsOnFailure {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.print_logs();
        }
    }
}

async fn stack(split: bool, proxied: bool) -> Stack {
    let builder = if proxied { Stack::builder().proxied() } else { Stack::builder() };
    let stack = builder
        .workers(WORKERS)
        .worker_env("WORKER_CONCURRENCY", SLOTS)
        .worker_env("JOB_MAX_CRASHES", "10")
        .env("LOG_LEVEL", "warn,almanac_worker::serve=info")
        // People who are asked for more than people would; and time enough to be interrupted several times.
        .api_env("STREAMS_PER_USER", "100000")
        .api_env("GENERATION_RATE", "100000/300")
        .api_env("CALENDAR_RATE", "100000/300")
        .api_env("ORGANIC_RATE", "100000/300")
        .api_env("CALENDAR_TIMEOUT_SECONDS", "600")
        .api_env("ORGANIC_TIMEOUT_SECONDS", "600")
        .start()
        .await;
    if split {
        for (worker, lanes) in stack.workers().iter().zip(SPLIT) {
            worker.set("WORKER_CONCURRENCY", lanes);
            worker.restart().await;
        }
    }
    let at_work = |worker: usize| {
        let stack = &stack;
        async move {
            eventually(Duration::from_secs(30), "worker started", || async { stack.worker(worker).lease_owner() }).await
        }
    };
    join_all((0..WORKERS).map(at_work)).await;
    stack
}

async fn sample(admin: &sqlx::PgPool, watch: &Watch) {
    loop {
        let mut broken = invariants::at_any_instant(admin).await;
        if watch.is_store_in_trouble() {
            broken.retain(|violation| !violation.starts_with("I11"));
        }
        assert!(broken.is_empty(), "{broken:?}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// What has not ended long after the last fault.
async fn unfinished(admin: &sqlx::PgPool, over: &CancellationToken) -> String {
    over.cancelled().await;
    tokio::time::sleep(TAIL).await;
    let rows = "SELECT to_jsonb(j)::text FROM almanac.jobs j WHERE finished_at IS NULL ORDER BY created_at LIMIT 20";
    let rows: Vec<String> = sqlx::query_scalar(rows).fetch_all(admin).await.unwrap();
    rows.join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn work_goes_on_while_one_worker_after_the_other_is_killed() {
    let storm = Storm {
        jobs: 300,
        pace: 30,
        fault: Fault::Kill,
        split: false,
        every: Duration::from_millis(1_250),
        // More than is promised: other tests run beside this one.
        recovery: Duration::from_secs(20),
        unclaimed: UNCLAIMED,
        least: (5, 5),
    };

    storm.blow().await;
}

/// Of the full storms.
fn usual_or_given(jobs: usize) -> (usize, u32) {
    let settings = &test_run().settings;
    (settings.storm_jobs.unwrap_or(jobs), settings.storm_pace.unwrap_or(40))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: make storm"]
async fn ten_thousand_jobs_outlast_a_kill_every_two_seconds() {
    let (jobs, pace) = usual_or_given(10_000);
    let storm = Storm {
        jobs,
        pace,
        fault: Fault::Kill,
        split: false,
        every: Duration::from_secs(2),
        recovery: Duration::from_secs(15),
        unclaimed: UNCLAIMED,
        least: (75, 300),
    };

    storm.blow().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: make storm"]
async fn workers_that_sleep_for_three_leases_wake_to_jobs_that_are_others() {
    let (jobs, pace) = usual_or_given(6_000);
    let storm = Storm {
        jobs,
        pace,
        fault: Fault::Pause(3 * LEASE),
        split: false,
        every: Duration::from_secs(5),
        recovery: Duration::from_secs(15),
        unclaimed: UNCLAIMED,
        least: (8, 30),
    };

    storm.blow().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: make storm"]
async fn workers_that_have_a_lane_alone_wake_to_their_own_jobs() {
    let (jobs, pace) = usual_or_given(2_000);
    let nap = LEASE + Duration::from_millis(3_500);
    let storm = Storm {
        jobs,
        pace: pace.min(20),
        fault: Fault::Pause(nap),
        split: true,
        every: Duration::from_secs(10),
        // No other worker takes them before their own worker wakes, and newer jobs are claimed before them.
        recovery: nap + Duration::from_secs(15),
        unclaimed: nap + Duration::from_secs(20),
        least: (5, 20),
    };

    storm.blow().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn work_goes_on_through_faults_of_every_kind() {
    const TURNS: &[Turn] = &[Turn::Kill, Turn::Locks, Turn::Silence, Turn::Delay, Turn::Kill];
    let storm = Storm {
        jobs: 200,
        pace: 10,
        fault: Fault::Mixed(Mix { turns: TURNS, outage: Duration::from_secs(6) }),
        split: false,
        every: Duration::from_secs(1),
        recovery: MIXED_RECOVERY,
        unclaimed: MIXED_UNCLAIMED,
        // Jobs run for milliseconds, and in the outage none does: three kills may meet none. The full storms meet many.
        least: (6, 0),
    };

    storm.blow().await;
}

/// Each kind of fault in turn; kills and locks twice as often.
const EVERY_TURN: &[Turn] =
    &[Turn::Kill, Turn::Kill, Turn::Pause, Turn::Locks, Turn::Locks, Turn::Silence, Turn::Delay];
/// A fault that follows at once takes its time too: the longest of them is a pause.
const MIXED_RECOVERY: Duration = Duration::from_secs(40);
/// A calendar or a week that cannot start ends after a minute. A generation waits while the provider is unavailable.
const MIXED_UNCLAIMED: Duration = Duration::from_secs(75);

fn long_outage(usual: u64) -> Duration {
    Duration::from_secs(test_run().settings.storm_outage.unwrap_or(usual))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: make storm"]
async fn mixed_faults_and_five_minutes_without_the_provider_lose_nothing() {
    let (jobs, pace) = usual_or_given(4_000);
    let storm = Storm {
        jobs,
        pace,
        fault: Fault::Mixed(Mix { turns: EVERY_TURN, outage: long_outage(300) }),
        split: false,
        every: Duration::from_secs(2),
        recovery: MIXED_RECOVERY,
        unclaimed: MIXED_UNCLAIMED + long_outage(300),
        least: (8, 5),
    };

    storm.blow().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: make storm"]
async fn mixed_faults_lose_nothing_of_workers_that_have_a_lane_alone() {
    let (jobs, pace) = usual_or_given(2_000);
    let storm = Storm {
        jobs,
        pace: pace.min(20),
        fault: Fault::Mixed(Mix { turns: EVERY_TURN, outage: long_outage(30) }),
        split: true,
        every: Duration::from_secs(2),
        recovery: MIXED_RECOVERY,
        unclaimed: MIXED_UNCLAIMED + long_outage(30),
        least: (8, 5),
    };

    storm.blow().await;
}
