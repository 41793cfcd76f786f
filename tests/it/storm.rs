//! Storms: work comes in all the time while one worker after the other is killed, or stands still for
//! longer than its leases. Nothing accepted is lost, nothing is made or told of twice, and what was interrupted goes on soon.
//! A small storm is part of every run of the tests; `make storm` has the full ones, which print what they measured.

mod crowd;
mod faults;
mod verdict;

use std::{sync::Arc, time::Duration};

use almanac_tests::{Stack, eventually, invariants, run::test_run};
use crowd::Crowd;
use faults::{Fault, Watch};
use futures_util::future::join_all;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use verdict::Verdict;

const WORKERS: usize = 4;
/// Of one worker: 16, as the jobs are mixed.
const SLOTS: &str = "flashcards=8,calendar=4,organic=4";
/// One worker a lane: while it stands still nobody else can take its jobs. The last one takes none, and reaps.
const SPLIT: [&str; WORKERS] = ["flashcards=48", "calendar=24", "organic=24", "account=1"];
/// In which every accepted job has been started for the first time.
const UNCLAIMED: Duration = Duration::from_secs(8);
/// After a lease the reaper gives a job back, within two seconds, and somebody takes it.
const LEASE: Duration = Duration::from_secs(10);

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
        let stack = Arc::new(stack(self.split).await);
        let admin = stack.admin().await;
        let (crowd, watch) = (Arc::new(Crowd::new(Arc::clone(&stack))), Watch::default());
        let calm = CancellationToken::new();

        let began = Instant::now();
        let work = Arc::clone(&crowd).come(self.jobs, self.pace, seed, || calm.cancel());
        let strikes = self.fault.strike(&stack, &watch, self.every, seed, &calm);
        let (seen, strikes) = tokio::select! {
            over = async { tokio::join!(work, strikes) } => over,
            () = watch.keep(&admin) => unreachable!("it looks for ever"),
            () = sample(&admin) => unreachable!("it looks for ever"),
        };
        watch.look(&admin).await;

        let took = began.elapsed();
        let verdict = Verdict::of(&stack, self.fault, seen, strikes, watch.interruptions()).await;
        eprintln!("{}", verdict.report(seed, took, crowd.refused()));
        verdict.assert_nothing_lost_or_doubled(&admin).await;
        verdict.assert_it_was_a_storm(self.least, self.recovery, self.unclaimed);
    }
}

async fn stack(split: bool) -> Stack {
    let stack = Stack::builder()
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
            eventually(Duration::from_secs(30), "the worker is at work", || async {
                stack.worker(worker).lease_owner()
            })
            .await
        }
    };
    join_all((0..WORKERS).map(at_work)).await;
    stack
}

async fn sample(admin: &sqlx::PgPool) {
    loop {
        let broken = invariants::at_any_instant(admin).await;
        assert!(broken.is_empty(), "{broken:?}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
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
        least: (8, 50),
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
        // Nobody takes them before their own worker wakes, and those that come meanwhile stand before them.
        recovery: nap + Duration::from_secs(15),
        unclaimed: nap + Duration::from_secs(20),
        least: (5, 20),
    };

    storm.blow().await;
}
