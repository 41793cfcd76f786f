//! Redis and Postgres flushed, restarted, hanging or down, under load: accepted work is not lost, streams recover, and
//! service is normal after their return.

use std::time::Duration;

use almanac_tests::{
    Mode, Reply, Script, Stack, User,
    actor::{
        log::{assert_follows, id_of, stored},
        raw::RawConnection,
        stream::{Event, EventStream},
    },
    eventually, invariants,
};
use futures_util::future::join_all;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

/// The poll takes jobs that waited for 2 s; the rest is for a busy machine.
pub(crate) const POLLED: Duration = Duration::from_secs(30);
/// For what a slow machine may take its time.
pub(crate) const SOON: Duration = Duration::from_secs(45);

async fn readyz(user: &User) -> (u16, String) {
    let reply = user.anonymous().get("/readyz").await;
    (reply.status, reply.json()["status"].as_str().unwrap().to_owned())
}

/// A generation by a new user, to its end, in time although a dependency is unavailable.
pub(crate) async fn assert_generation_succeeds(stack: &Stack, what: &str) -> Uuid {
    let user = stack.user();
    let begun = Instant::now();
    let job = user.generate_scripted("works").await;
    let accepted = begun.elapsed();
    // No request waits for an unavailable dependency: without a limit, a wait for a silent Redis would not end.
    assert!(accepted < Duration::from_secs(5), "{what}: an accept took {accepted:?}");
    let Ok(events) = timeout(POLLED, user.follow_to_end(job)).await else { panic!("{what}: not done in {POLLED:?}") };
    assert_eq!(events.last().unwrap().json()["status"], "succeeded", "{what}");
    job
}

/// How long a job waited for its worker.
async fn waited(stack: &Stack, job: Uuid) -> f64 {
    let sql = "SELECT extract(epoch FROM started_at - created_at)::float8 FROM almanac.jobs WHERE id = $1";
    sqlx::query_scalar(sql).bind(job).fetch_one(&stack.admin().await).await.unwrap()
}

/// Everything is as before: ready, and jobs start faster than any poll would find them.
async fn recovered(stack: &Stack, jobs: &mut Vec<Uuid>) {
    let user = stack.user();
    eventually(SOON, "the API is ready", || async { (readyz(&user).await == (200, "ready".to_owned())).then_some(()) })
        .await;
    let begun = Instant::now();
    loop {
        let job = assert_generation_succeeds(stack, "after the return").await;
        jobs.push(job);
        if waited(stack, job).await < 1.0 {
            return;
        }
        assert!(begun.elapsed() < SOON, "the doorbell did not come back");
    }
}

/// A job whose model holds, and a stream on it that has seen three suggestions.
pub(crate) struct Held {
    user: User,
    pub(crate) job: Uuid,
    stream: EventStream,
    seen: Vec<Event>,
}

async fn hold(stack: &Stack, key: &str) -> Held {
    hold_and_then(stack, key, []).await
}

/// The same; further calls are answered so.
pub(crate) async fn hold_and_then(stack: &Stack, key: &str, later: impl IntoIterator<Item = Script>) -> Held {
    let user = stack.user();
    stack.world.play(key, std::iter::once(Script::hold_after(3)).chain(later));
    let job = user.generate_scripted(key).await;
    let (stream, seen) = user.follow_until_suggestions(job, 3).await;
    Held { user, job, stream, seen }
}

impl Held {
    /// The rest comes through the same socket, and it is the whole log.
    pub(crate) async fn heals(mut self, what: &str) -> Uuid {
        let Ok(rest) = timeout(POLLED, self.stream.collect_to_end()).await else { panic!("{what}: no end") };
        self.seen.extend(stored(rest));
        assert_follows(&self.seen, 0);
        assert_eq!(self.seen.last().unwrap().json()["status"], "succeeded", "{what}");
        assert_eq!(self.seen, self.user.follow_to_end(self.job).await, "{what}");
        self.job
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_redis_costs_a_moment_and_nothing_else() {
    let stack = Stack::builder().workers(2).start().await;
    let mut jobs = Vec::new();
    for turn in 0..3 {
        let key = format!("held-{turn}");
        let held = hold(&stack, &key).await;
        // One ring is in Redis, or already on its way, when everything there goes.
        let user = stack.user();
        let rung = user.generate_scripted("rung").await;
        stack.services.redis.flush_all().await;
        jobs.push(assert_generation_succeeds(&stack, "emptied").await);
        stack.world.release(&key);
        jobs.push(held.heals("emptied").await);
        user.follow_to_end(rung).await;
        jobs.push(rung);
    }

    recovered(&stack, &mut jobs).await;

    assert_eq!(stack.world.calls("rung").len(), 3, "no message brought a job twice");
    invariants::assert_all(&stack.admin().await, &jobs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_swallows_everything_and_answers_nothing_refuses_no_work() {
    let stack = Stack::builder().proxied().start().await;
    let mut jobs = Vec::new();
    let held = hold(&stack, "held").await;

    stack.proxies().api_redis.set(Mode::BlackHole).await;
    stack.proxies().worker_redis.set(Mode::BlackHole).await;

    jobs.push(assert_generation_succeeds(&stack, "black hole").await);
    assert_eq!(readyz(&held.user).await, (200, "degraded".to_owned()));
    stack.world.release("held");
    jobs.push(held.heals("black hole").await);
    let second = hold(&stack, "second").await;
    stack.world.release("second");
    jobs.push(second.heals("opened in the black hole").await);
    jobs.push(assert_generation_succeeds(&stack, "still a black hole").await);
    stack.proxies().api_redis.set(Mode::Pass).await;
    stack.proxies().worker_redis.set(Mode::Pass).await;

    recovered(&stack, &mut jobs).await;
    invariants::assert_all(&stack.admin().await, &jobs).await;
}

/// It still reads and still publishes: what it refuses is each write, a message to a lane and a worker's sign of life too.
#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_full_refuses_writes_and_no_work() {
    let stack = Stack::builder().start().await;
    let mut redis = stack.services.redis.connect().await;
    let mut may_hold = async |bytes: &str| {
        redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg(bytes).exec_async(&mut redis).await.unwrap();
    };
    let mut jobs = Vec::new();
    let held = hold(&stack, "held").await;

    may_hold("1").await;

    jobs.extend(join_all((0..3).map(|_| assert_generation_succeeds(&stack, "full"))).await);
    stack.world.release("held");
    jobs.push(held.heals("full").await);
    may_hold("0").await;
    recovered(&stack, &mut jobs).await;
    assert!(stack.api(0).is_running() && stack.worker(0).is_running());
    invariants::assert_all(&stack.admin().await, &jobs).await;
}

/// Work comes in for the whole half minute that Redis is gone; then it is back, empty.
#[tokio::test(flavor = "multi_thread")]
async fn half_a_minute_without_redis_loses_and_refuses_nothing() {
    let stack = Stack::builder().workers(2).start().await;
    let mut jobs = Vec::new();
    let held = hold(&stack, "held").await;

    stack.services.redis.kill().await;
    let gone = Instant::now();

    stack.world.release("held");
    jobs.push(held.heals("gone").await);
    while gone.elapsed() < Duration::from_secs(30) {
        let done = join_all((0..3).map(|_| assert_generation_succeeds(&stack, "gone"))).await;
        jobs.extend(done);
    }
    let late = hold(&stack, "late").await;
    assert_eq!(readyz(&late.user).await, (200, "degraded".to_owned()));
    stack.services.redis.start_again().await;
    stack.world.release("late");
    jobs.push(late.heals("back").await);

    recovered(&stack, &mut jobs).await;
    assert!(stack.api(0).is_running() && stack.worker(0).is_running() && stack.worker(1).is_running());
    invariants::assert_all(&stack.admin().await, &jobs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_ring_was_lost_is_found_by_the_poll() {
    let stack = Stack::builder().proxied().start().await;
    let anna = stack.user();
    stack.proxies().api_redis.set(Mode::Refuse).await;

    let job = anna.generate_scripted("unheard").await;

    let admin = stack.admin().await;
    eventually(POLLED, "the job is done", || async {
        let state: String = sqlx::query_scalar("SELECT state FROM almanac.jobs WHERE id = $1")
            .bind(job)
            .fetch_one(&admin)
            .await
            .ok()?;
        (state == "succeeded").then_some(())
    })
    .await;
    assert!(waited(&stack, job).await >= 1.9, "no wake-up came");
    invariants::assert_all(&admin, &[job]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_whose_publish_was_lost_reaches_the_stream() {
    let stack = Stack::builder().proxied().start().await;
    let held = hold(&stack, "unpublished").await;

    stack.proxies().worker_redis.set(Mode::Refuse).await;
    stack.world.release("unpublished");

    let job = held.heals("unpublished").await;
    invariants::assert_all(&stack.admin().await, &[job]).await;
}

/// What one client saw of its request while Postgres went down.
struct Asked {
    user: User,
    key: String,
    answer: reqwest::Result<Reply>,
}

async fn ask(stack: &Stack) -> Asked {
    let (user, key) = (stack.user(), Uuid::new_v4().to_string());
    let answer = user.try_generate("crowd", &key).await;
    Asked { user, key, answer }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_crashes_and_comes_back_loses_nothing_that_was_accepted() {
    let stack = Stack::builder().private_postgres().workers(2).start().await;
    // An attempt that was writing during the crash is made again, and the model does not hold the second one.
    let held = hold_and_then(&stack, "held", [Script::ok(7)]).await;
    let cut = hold_and_then(&stack, "cut", [Script::ok(7)]).await;
    let crowd = async { join_all((0..40).map(|_| ask(&stack))).await };

    let (asked, ()) = tokio::join!(crowd, stack.services.postgres.stop_immediately());

    // While it is unavailable: nothing is accepted, nothing hangs, and clients get a `Retry-After`.
    let refused = stack.user().try_generate("down", "key").await.unwrap().refused(503, "UNAVAILABLE");
    assert!(refused.header("retry-after").is_some_and(|seconds| seconds.parse::<u64>().is_ok_and(|n| n <= 10)));
    cut.user.get(&format!("/v1/jobs/{}", cut.job)).await.expect(503);
    assert_eq!(readyz(&cut.user).await.0, 503);
    // One job's cards come while there is nowhere to store them.
    stack.world.release("cut");
    stack.services.postgres.start_again().await;
    // Workers may have ended the job before the API looks at the store again.
    eventually(SOON, "the API sees its store", || async { (readyz(&cut.user).await.0 == 200).then_some(()) }).await;

    let mut jobs = vec![cut.heals("its cards came during the outage").await];
    stack.world.release("held");
    jobs.push(held.heals("its model held all the time").await);
    for asked in asked {
        let promised =
            asked.answer.ok().filter(|reply| reply.status == 202).map(|reply| id_of(&reply.json()["generation_id"]));
        let again = eventually(SOON, "the store is back", || async {
            asked.user.try_generate("crowd", &asked.key).await.ok().filter(|reply| reply.status == 202)
        })
        .await;
        let job = id_of(&again.json()["generation_id"]);
        assert!(promised.is_none_or(|promised| promised == job), "what was answered was kept");
        asked.user.follow_to_end(job).await;
        jobs.push(job);
    }
    recovered(&stack, &mut jobs).await;
    let admin = stack.admin().await;
    let crashed: Vec<(Uuid, i32)> =
        sqlx::query_as("SELECT id, crashes FROM almanac.jobs WHERE crashes > 0").fetch_all(&admin).await.unwrap();
    assert!(crashed.is_empty(), "an outage is no crash: {crashed:?}");
    invariants::assert_all(&admin, &jobs).await;
}

/// The server's last message waits in each idle connection, and no request may be answered with an outage because of
/// it.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_of_postgres_no_request_is_refused() {
    let stack = Stack::builder().private_postgres().workers(0).start().await;
    let people: Vec<User> = (0..12).map(|_| stack.user()).collect();
    let calls = || join_all(people.iter().map(|user| async move { user.get("/v1/brands").await.status }));
    for _ in 0..5 {
        assert!(calls().await.iter().all(|status| *status == 200), "each connection of the pool is open");
    }

    stack.services.postgres.stop_fast().await;
    stack.services.postgres.start_again().await;
    eventually(SOON, "the API sees its store", || async { (readyz(&people[0]).await.0 == 200).then_some(()) }).await;

    for user in people.iter().chain(&people) {
        user.get("/v1/brands").await.expect(200);
        user.get("/v1/jobs").await.expect(200);
    }
}

/// Clients go away while their `BEGIN` is on its way back: the connection must not keep their role or their claims.
#[tokio::test(flavor = "multi_thread")]
async fn a_pooled_connection_forgets_whom_it_spoke_for() {
    let stack = Stack::builder().proxied().workers(0).start().await;
    let (anna, admin) = (stack.user(), stack.admin().await);
    let open = "SELECT count(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND application_name = 'almanac-api'
                   AND state LIKE 'idle in transaction%'";
    let in_transaction = || async { sqlx::query_scalar::<_, i64>(open).fetch_one(&admin).await.unwrap() };
    // A warm connection, so that the next answer to be late is that to BEGIN.
    anna.get("/v1/jobs").await.expect(200);
    stack.proxies().api_postgres.set(Mode::Delay(Duration::from_millis(400))).await;
    let mut client = RawConnection::open(stack.api(0).address()).await;
    let head = format!("GET /v1/jobs HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n", anna.token());
    client.send(head).await;
    eventually(SOON, "the server has begun", || async { (in_transaction().await > 0).then_some(()) }).await;

    client.reset();
    stack.proxies().api_postgres.set(Mode::Pass).await;

    // Less than the 10 s after which Postgres would end the session by itself.
    eventually(Duration::from_secs(8), "no transaction is left open", || async {
        (in_transaction().await == 0).then_some(())
    })
    .await;
    // Statements of the API itself still work on every connection: none keeps another role.
    let job = anna.forge(&stack).await;
    let epoch = job.claim("the test", 3_600_000).await.unwrap();
    job.emit(epoch, 3, "{}").await.unwrap();
    job.finish(epoch).await.unwrap();
    let logs = join_all((0..12).map(|_| anna.follow_to_end(job.id))).await;
    assert!(logs.iter().all(|log| log.len() == 4));
}

/// The lines of the first worker's log that say that a claim failed, and the seconds between the first and the last.
fn refusals(stack: &Stack) -> (usize, f64) {
    let log = stack.worker(0).log();
    let refused = log.lines().filter(|line| line.contains("claiming failed") || line.contains("polling failed"));
    let times: Vec<chrono::DateTime<chrono::Utc>> = refused
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["timestamp"].as_str().unwrap().parse().unwrap()
        })
        .collect();
    let span = times.first().zip(times.last()).map_or(0.0, |(first, last)| (*last - *first).as_seconds_f64());
    (times.len(), span)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_only_reads_is_asked_now_and_then_and_loses_nothing() {
    let stack = Stack::builder().start().await;
    let (user, admin) = (stack.user(), stack.admin().await);
    let mut jobs = vec![assert_generation_succeeds(&stack, "before").await];
    let only_reads = async |setting: &str| {
        let database: String = sqlx::query_scalar("SELECT current_database()::text").fetch_one(&admin).await.unwrap();
        let alter =
            format!("ALTER ROLE almanac_worker IN DATABASE \"{database}\" {setting} default_transaction_read_only");
        let alter = if setting == "SET" { format!("{alter} = on") } else { alter };
        sqlx::query(sqlx::AssertSqlSafe(alter)).execute(&admin).await.unwrap();
        // Sessions keep what they began with.
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE usename = 'almanac_worker' AND datname = current_database()";
        sqlx::query(end).execute(&admin).await.unwrap();
    };

    only_reads("SET").await;
    for _ in 0..3 {
        jobs.push(user.generate_scripted("read-only").await);
    }
    let told = async || Some(refusals(&stack)).filter(|(_, seconds)| *seconds > 6.0);
    let (count, seconds) = eventually(SOON, "claims are refused for some seconds", told).await;

    // Each job is tried for with its wake-up and its message, and then with the polls: one of each of seven lanes in two
    // seconds.
    assert!(count < 12 + 7 * seconds as usize / 2, "{count} refusals in {seconds} s");
    only_reads("RESET").await;
    for job in &jobs {
        succeeds_in_the_end(&stack, *job).await;
    }
    invariants::assert_all(&admin, &jobs).await;
}

/// Waits for a job's end by its row.
async fn succeeds_in_the_end(stack: &Stack, job: Uuid) {
    let admin = stack.admin().await;
    let state = "SELECT state FROM almanac.jobs WHERE id = $1";
    eventually(SOON, "the job succeeds", || async {
        let state: String = sqlx::query_scalar(state).bind(job).fetch_one(&admin).await.ok()?;
        (state == "succeeded").then_some(())
    })
    .await;
}
