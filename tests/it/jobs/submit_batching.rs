//! Requests that arrive at the same moment share one statement; each has the outcome it would have alone.

use std::{collections::BTreeMap, time::Duration};

use almanac_tests::{Stack, User, eventually, rows::Rows, world::source_text};
use futures_util::future::join_all;
use http::Method;
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::json;
use sqlx::{Connection, PgConnection, PgPool};
use uuid::Uuid;

/// One request of a batch: of the person at this place, perhaps with a key and the fingerprint of its body.
#[derive(Clone, Copy, Debug)]
struct Ask {
    person: usize,
    key: Option<(&'static str, u8)>,
}

/// What became of it: outcome, accepts that are left, whose job answers (its place among all that were asked), the answer.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    outcome: String,
    remaining: Option<i32>,
    job: Option<usize>,
    answer: Option<String>,
}

/// The result of the function: place, outcome, job, answer, remaining requests.
type Row = (i32, String, Option<Uuid>, Option<String>, Option<i32>);

/// People, and every job that was asked for in their name.
struct Side {
    people: Vec<Uuid>,
    jobs: Vec<Uuid>,
}

impl Side {
    fn new(people: usize) -> Self {
        Self { people: std::iter::repeat_with(Uuid::new_v4).take(people).collect(), jobs: Vec::new() }
    }

    /// Asks for all of these in one call, as the API does; answers in their order.
    async fn ask(&mut self, api: &mut PgConnection, asks: &[Ask]) -> Vec<Told> {
        let jobs: Vec<Uuid> = asks.iter().map(|_| Uuid::now_v7()).collect();
        let first = self.jobs.len();
        self.jobs.extend(&jobs);
        let users: Vec<Uuid> = asks.iter().map(|ask| self.people[ask.person]).collect();
        let answers: Vec<String> = (0..asks.len()).map(|place| format!("answer {}", first + place)).collect();
        let text = source_text("together");
        let same = vec!["v1"; asks.len()];
        let none = vec![None::<&str>; asks.len()];
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT n, outcome, job_id, answer, remaining
               FROM almanac.submit_generations($1, $2, $3, $4, $4, $5, $6, $7, $8, $8) ORDER BY n",
        )
        .bind(users)
        .bind(&jobs)
        .bind(vec![text.as_str(); asks.len()])
        .bind(same)
        .bind(asks.iter().map(|ask| ask.key.map(|(key, _)| key)).collect::<Vec<_>>())
        .bind(asks.iter().map(|ask| ask.key.map(|(_, print)| vec![print])).collect::<Vec<_>>())
        .bind(answers)
        .bind(none)
        .fetch_all(api)
        .await
        .unwrap();
        assert_eq!(rows.iter().map(|row| row.0).collect::<Vec<_>>(), (1..).take(asks.len()).collect::<Vec<_>>());
        let place = |id| self.jobs.iter().position(|job| *job == id).expect("a job of this side");
        let told = |(_, outcome, job, answer, remaining): (_, _, Option<_>, _, _)| Told {
            outcome,
            remaining,
            job: job.map(place),
            answer,
        };
        rows.into_iter().map(told).collect()
    }

    async fn rows(&self, admin: &PgPool) -> Vec<Rows> {
        join_all(self.people.iter().map(|person| Rows::of(admin, *person))).await
    }
}

/// Any batch: few people, so that they meet themselves in it; few keys, so that they repeat; bodies that differ at times.
fn any_batch(random: &mut StdRng, people: usize) -> Vec<Ask> {
    let size = random.random_range(2..=8);
    let ask = |random: &mut StdRng| Ask {
        person: random.random_range(0..people),
        key: random
            .random_bool(0.6)
            .then(|| (["a", "b", "c", "d", "e"][random.random_range(0..5)], random.random_range(0..2))),
    };
    std::iter::repeat_with(|| ask(random)).take(size).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_judged_as_its_requests_would_be_one_by_one() {
    const PEOPLE: usize = 4;
    let stack = Stack::builder().workers(0).start().await;
    let (admin, pool) = (stack.admin().await, stack.as_api().await);
    let mut api = pool.acquire().await.unwrap();
    let mut random = StdRng::seed_from_u64(1263);
    let mut outcomes = BTreeMap::<String, usize>::new();
    for round in 0..8 {
        let (mut together, mut alone) = (Side::new(PEOPLE), Side::new(PEOPLE));
        for _ in 0..4 {
            let batch = any_batch(&mut random, PEOPLE);
            let at_once = together.ask(&mut api, &batch).await;
            // Requests of different users are independent: any order that keeps each user's own is equivalent.
            let mut one_by_one = Vec::new();
            for ask in &batch {
                one_by_one.extend(alone.ask(&mut api, std::slice::from_ref(ask)).await);
            }
            assert_eq!(at_once, one_by_one, "round {round}: {batch:?}");
            for told in at_once {
                *outcomes.entry(told.outcome).or_default() += 1;
            }
        }
        assert_eq!(together.rows(&admin).await, alone.rows(&admin).await, "round {round}");
    }
    assert_eq!(outcomes.keys().collect::<Vec<_>>(), ["limited", "new", "replay", "reused"], "{outcomes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_several_people_are_written_at_one_instant_each_under_its_own_name() {
    let stack = Stack::builder().workers(0).start().await;
    let (admin, pool) = (stack.admin().await, stack.as_api().await);
    let mut side = Side::new(3);
    let asks: Vec<Ask> = [0, 1, 2, 1].map(|person| Ask { person, key: None }).to_vec();

    let told = side.ask(&mut pool.acquire().await.unwrap(), &asks).await;

    assert!(told.iter().all(|told| told.outcome == "new"), "{told:?}");
    let instants = "SELECT count(DISTINCT created_at) FROM almanac.jobs WHERE id = ANY ($1)";
    let instants: i64 = sqlx::query_scalar(instants).bind(&side.jobs).fetch_one(&admin).await.unwrap();
    assert_eq!(instants, 1, "one by one they have an instant each");
    let owners = "SELECT j.user_id FROM almanac.jobs j JOIN almanac.ai_generations g USING (user_id, id)
                   WHERE j.id = ANY ($1) ORDER BY array_position($1, j.id)";
    let owners: Vec<Uuid> = sqlx::query_scalar(owners).bind(&side.jobs).fetch_all(&admin).await.unwrap();
    assert_eq!(owners, [0, 1, 2, 1].map(|person| side.people[person]));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_row_of_a_statement_is_judged_by_the_claims_it_is_made_under() {
    let stack = Stack::builder().workers(0).start().await;
    let admin = stack.admin().await;
    let (anna, ben) = (Uuid::new_v4(), Uuid::new_v4());
    let jobs = "INSERT INTO almanac.jobs (id, user_id, kind, lane, subject_type, subject_id)
                SELECT u, u, 'flashcards.generate', 'flashcards', 'generation', u::text FROM unnest($1) AS u";
    sqlx::query(jobs).bind([anna, ben]).execute(&admin).await.unwrap();
    // In the name of the second, a row of the first.
    let insert = "WITH made AS (
                      SELECT set_config('request.jwt.claims', '{\"sub\":\"' || claimed || '\"}', true) AS claims, usr
                        FROM unnest($1::uuid[], $2::uuid[]) AS u (claimed, usr))
                  INSERT INTO almanac.ai_generations (user_id, id, source_text, model, prompt_version)
                  SELECT usr, usr, $3 || left(claims, 0), 'm', 'v1' FROM made";
    let write = async |claimed: [Uuid; 2]| {
        let mut tx = stack.as_api().await.begin().await.unwrap();
        sqlx::query("SET LOCAL ROLE authenticated").execute(&mut *tx).await.unwrap();
        let insert = sqlx::query(insert).bind(claimed).bind([anna, ben]).bind(source_text("rows"));
        let written = insert.execute(&mut *tx).await.map(|done| done.rows_affected());
        written.map_err(|error| error.as_database_error().and_then(|db| db.code().map(String::from)))
    };

    assert_eq!(write([anna, ben]).await, Ok(2));
    assert_eq!(write([anna, anna]).await, Err(Some("42501".into())));
    assert_eq!(write([ben, ben]).await, Err(Some("42501".into())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_refused_takes_none_of_its_batch_along() {
    let stack = Stack::builder().workers(0).start().await;
    let (admin, pool) = (stack.admin().await, stack.as_api().await);
    let mut api = pool.acquire().await.unwrap();
    let mut side = Side::new(2);
    let asks = [0, 1].map(|person| Ask { person, key: None });
    let before = side.ask(&mut api, &asks).await;
    // Its fingerprint is missing, which no row of a key may be.
    let broken = "SELECT outcome, left(failure, 5)
                    FROM almanac.submit_generations(
                         ARRAY[$1, $2], ARRAY[gen_random_uuid(), gen_random_uuid()], ARRAY[$3, $3], ARRAY['m', 'm'],
                         ARRAY['v1', 'v1'], ARRAY['key', NULL], ARRAY[NULL, NULL]::bytea[], ARRAY['{}', '{}'],
                         ARRAY[NULL, NULL]::text[], ARRAY[NULL, NULL]::text[]) ORDER BY n";

    let rows: Vec<(String, Option<String>)> = sqlx::query_as(broken)
        .bind(side.people[0])
        .bind(side.people[1])
        .bind(source_text("broken"))
        .fetch_all(&mut *api)
        .await
        .unwrap();

    assert!(before.iter().all(|told| told.outcome == "new"));
    assert_eq!(rows, [("error".into(), Some("23502".into())), ("new".into(), None)]);
    let left: Vec<i64> = side.rows(&admin).await.iter().map(|rows| rows.generations).collect();
    assert_eq!(left, [1, 2]);
}

/// Holds the lock of a user's submissions, and that of their key `one`, as its twin would, until it is dropped.
async fn hold(stack: &Stack, user: Uuid) -> PgConnection {
    let mut connection = stack.admin().await.acquire().await.unwrap().detach();
    let lock = "SELECT pg_advisory_lock(hashtextextended($1::text, 7311)),
                       pg_advisory_lock(hashtextextended($1::text || 'POST /v1/ai/generations' || 'one', 7312))";
    sqlx::query(lock).bind(user).execute(&mut connection).await.unwrap();
    connection
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_strangers_lock_and_its_owner_is_asked_to_come_back() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    // Enough that each batcher of the API gets some of them.
    let strangers: Vec<User> = (0..12).map(|_| stack.user()).collect();
    let body = |user: &User| json!({ "source_text": source_text(&format!("lock-{}", user.id)) });
    let submit = |user: &User, key: Option<&'static str>| {
        let call = user.request(Method::POST, "/v1/ai/generations").json(&body(user));
        let call = match key {
            Some(key) => call.key(key),
            None => call,
        };
        call.send()
    };
    let held = hold(&stack, anna.id).await;

    let keys = [None, None, Some("two"), Some("one")];
    let hers = join_all(keys.map(|key| submit(&anna, key)));
    let theirs = join_all(strangers.iter().map(|stranger| submit(stranger, None)));
    let (mut hers, mut theirs) = (std::pin::pin!(hers), std::pin::pin!(theirs));
    let first = tokio::select! {
        biased;
        _ = &mut hers => "hers",
        replies = &mut theirs => {
            assert!(replies.iter().all(|reply| reply.status == 202), "{replies:?}");
            "theirs"
        }
    };
    assert_eq!(first, "theirs", "a request has waited for her lock");
    for (n, reply) in hers.await.into_iter().enumerate() {
        if n < 3 {
            reply.refused(503, "UNAVAILABLE");
        } else {
            reply.refused(409, "IDEMPOTENCY_IN_PROGRESS");
        }
    }
    held.close().await.unwrap();
    submit(&anna, Some("one")).await.expect(202);
    assert_eq!(Rows::of(&stack.admin().await, anna.id).await.generations, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_meets_their_own_lock_is_accepted_as_soon_as_it_is_free() {
    let stack = Stack::builder().workers(0).start().await;
    let anna = stack.user();
    let held = hold(&stack, anna.id).await;

    let reply = tokio::spawn({
        let anna = anna.clone();
        async move { anna.submit(&source_text("patient")).await }
    });
    let tried = "SELECT count(*) FROM pg_stat_activity
                  WHERE datname = current_database() AND query LIKE '%almanac.submit_generations%' AND pid <> pg_backend_pid()";
    let admin = stack.admin().await;
    eventually(Duration::from_secs(5), "the request was tried", || async {
        let tries: i64 = sqlx::query_scalar(tried).fetch_one(&admin).await.unwrap();
        (tries > 0).then_some(())
    })
    .await;
    held.close().await.unwrap();

    reply.await.unwrap().expect(202);
}
