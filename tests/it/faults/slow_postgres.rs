//! A Postgres that is slow and not away: each piece of the protocol is late by some hundred milliseconds, and a worker has
//! few connections for many jobs. Jobs take longer, and nothing is given up: a call of the model is paid for once.

use std::time::Duration;

use almanac_shared::{
    jobs::{
        Lease,
        store::{self, Release},
    },
    platform::{db::Service, id::JobId},
};
use almanac_tests::{Mode, Script, Stack, eventually, invariants, services::Postgres, world::Answer};
use futures_util::future::join_all;
use tokio::time::timeout;
use uuid::Uuid;

/// For what a slow machine may take its time.
const SOON: Duration = Duration::from_secs(120);
/// A statement has two round trips of two pieces each, so four connections serve three or four of them in a second.
const LATE: Duration = Duration::from_millis(300);
const JOBS: usize = 24;

/// Ten cards that come one after the other, so that they are stored in several bursts.
fn trickle(first: usize) -> Script {
    Answer { cards: 10, first, piece: usize::MAX, gap: Duration::from_millis(50), ..Answer::default() }.into()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_jobs_on_a_slow_postgres_have_their_model_called_once() {
    let stack = Stack::builder().proxied().worker_env("WORKER_CONCURRENCY", "flashcards=32").start().await;
    let (stack, admin) = (&stack, stack.admin().await);
    stack.proxies().worker_postgres.set(Mode::Delay(LATE)).await;

    let jobs: Vec<Uuid> = join_all((0..JOBS).map(|n| async move {
        let key = format!("slow-{n}");
        stack.world.play(&key, [trickle(1), trickle(11), trickle(21)]);
        stack.user().generate_scripted(&key).await
    }))
    .await;

    let ended = "SELECT true WHERE NOT EXISTS (SELECT FROM almanac.jobs WHERE finished_at IS NULL)";
    let ended = async || sqlx::query_scalar::<_, bool>(ended).fetch_optional(&admin).await.unwrap();
    eventually(SOON, "all of them end", ended).await;
    stack.proxies().worker_postgres.set(Mode::Pass).await;
    let calls: Vec<usize> = (0..JOBS).map(|n| stack.world.calls(&format!("slow-{n}")).len()).collect();
    assert_eq!(calls, [1; JOBS]);
    let succeeded = "SELECT count(*) FROM almanac.jobs WHERE state = 'succeeded' AND crashes + stalls = 0";
    let succeeded: i64 = sqlx::query_scalar(succeeded).fetch_one(&admin).await.unwrap();
    assert_eq!(usize::try_from(succeeded).unwrap(), JOBS);
    invariants::assert_all(&admin, &jobs).await;
}

/// As after an outage, when a worker gives back all that it holds.
#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_waits_for_no_job_that_is_given_back() {
    let stack = Stack::builder().proxied().workers(0).start().await;
    let url = Postgres::url_at(stack.proxies().worker_postgres.address(), "almanac_worker", &stack.database);
    let service = Service::open(&url.into()).unwrap();
    let mut renewals = store::RenewalConnection::new(&service);
    let lease = Lease { job: JobId(Uuid::now_v7()), epoch: 1 };
    let held = [lease];
    renewals.renew(&held).await.unwrap();
    stack.proxies().worker_postgres.set(Mode::Delay(LATE)).await;

    let releases = join_all((0..48).map(|_| store::release(&service, lease, Release::Drain)));
    let renewal = timeout(Duration::from_secs(4), renewals.renew(&held));
    let renewed = tokio::select! {
        biased;
        _ = releases => None,
        renewed = renewal => Some(renewed),
    };

    assert!(matches!(renewed, Some(Ok(Ok(_)))), "{renewed:?}");
}
