//! Plans beside 100,000 rows: every page of a list, every round of pruning and every renewal of leases reads about as
//! many rows as it returns, also if its plan was made while the tables were empty and just analysed.

use std::path::Path;

use almanac_shared::platform::db::INDEX_SCANS_ONLY;
use almanac_tests::{OrFail, Stack};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};

/// The user of all rows, and the id of every parent among them.
const PARENT: &str = "00000000-0000-4000-8000-000000000001";
/// Rows of each table.
const MANY: i64 = 100_000;
/// Rows of a page.
const PAGE: i64 = 20;

/// Fills every listed table. Row n has the id n and is n seconds younger than the first; keys are not checked.
const FILL: &str = "
    SET session_replication_role = replica;
    CREATE FUNCTION public.id(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
        RETURN ('10000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid;
    CREATE FUNCTION public.at(n bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE
        RETURN timestamptz '2026-01-01 00:00:00Z' + n * interval '1 s';
    CREATE TEMPORARY TABLE n AS SELECT n, public.id(n) AS id, public.at(n) AS at FROM generate_series(1, $MANY) AS n;
    INSERT INTO almanac.jobs (id, user_id, kind, lane, subject_type, subject_id, state, created_at, finished_at)
    SELECT id, '$PARENT', 'flashcards.generate', 'flashcards', 'generation', n::text,
           CASE WHEN n % 500 = 0 THEN CASE n % 1000 WHEN 0 THEN 'dead' ELSE 'failed' END
                WHEN n % 2000 = 250 THEN CASE n % 4000 WHEN 250 THEN 'queued' ELSE 'running' END ELSE 'succeeded' END,
           at, CASE WHEN n % 2000 = 250 THEN NULL ELSE at END FROM n;
    INSERT INTO almanac.ai_generations (id, user_id, model, prompt_version, status, created_at)
    SELECT id, '$PARENT', 'm', 'v1', 'pending', at FROM n;
    INSERT INTO almanac.ai_suggestions (id, user_id, generation_id, ordinal, front_key, front, back)
    SELECT id, '$PARENT', CASE n % 2 WHEN 0 THEN uuid '$PARENT' ELSE public.id(n / 10) END, n, n, n, 'b' FROM n;
    INSERT INTO almanac.cards (id, user_id, suggestion_id, generation_id, front, back)
    SELECT id, '$PARENT', id, '$PARENT', n, 'b' FROM n;
    INSERT INTO almanac.calendars (id, user_id, timezone, created_at) SELECT id, '$PARENT', 'UTC', at FROM n;
    INSERT INTO almanac.calendar_runs (id, user_id, calendar_id, version, first, request, slots, model, prompt_version)
    SELECT id, '$PARENT', '$PARENT', n, false, '{}', 1, 'm', 'v1' FROM n;
    INSERT INTO almanac.calendar_entries (id, user_id, calendar_id, key, fields)
    SELECT id, '$PARENT', id, n, '{}' FROM n;
    INSERT INTO almanac.calendar_entries (id, user_id, calendar_id, key, fields)
    SELECT public.id($MANY + n), '$PARENT', '$PARENT', n, '{}' FROM n WHERE n <= 1000;
    INSERT INTO almanac.brand_profiles (user_id, id, name, timezone, created_at)
    SELECT '$PARENT', 'b' || n, 'b', 'UTC', at FROM n;
    INSERT INTO almanac.platform_accounts (user_id, brand_id, id, platform, name, created_at)
    SELECT '$PARENT', 'brand', 'a' || n, 'instagram', 'a', at FROM n;
    INSERT INTO almanac.trends (user_id, brand_id, id, title, source, created_at)
    SELECT '$PARENT', 'brand', 't' || n, 't', 'event', at FROM n;
    INSERT INTO almanac.creative_assets (user_id, brand_id, id, title, kind, terms, created_at)
    SELECT '$PARENT', 'brand', 'c' || n, 'c', 'image', '{}', at FROM n;
    INSERT INTO almanac.organic_placements (user_id, brand_id, placement_id, run_id, week_start, timezone, wished_at,
                                            scheduled_at, platform, version, fields)
    SELECT '$PARENT', 'brand', 'p' || n, id, CASE n % 2 WHEN 0 THEN date '2026-01-26' ELSE date '2026-02-02' END, 'UTC',
           at, at, 'instagram', 1, '{}' FROM n;
    INSERT INTO almanac.publish_intents (id, user_id, plan_id, calendar_id, entry_id, entry_version, entry, channel,
                                         account_id, external_account, transport, options, payload, payload_hash,
                                         publish_at, status)
    SELECT id, '$PARENT', id, '$PARENT', n, 1, '{}', 'facebook', 'a', '1', 'live', '{}', '[]', 'h', at, 'failed' FROM n;
    INSERT INTO almanac.publish_attempts (user_id, id, intent_id) SELECT '$PARENT', id, id FROM n;
    INSERT INTO almanac.publish_receipts (user_id, seq, intent_id, body) SELECT '$PARENT', n, id, '{}' FROM n;
    INSERT INTO almanac.themes (id, user_id, name, description, language, created_at)
    SELECT id, '$PARENT', 't', '', 'en', at FROM n;
    INSERT INTO almanac.schedule_runs (user_id, theme_id, fire_date, fire_at, state, zone, start_until)
    SELECT '$PARENT', '$PARENT', date '1900-01-01' + n::int, at, 'done', 'UTC', at FROM n;
    INSERT INTO almanac.syntheses (id, user_id, theme_id, model, prompt_version)
    SELECT id, '$PARENT', '$PARENT', 'm', 'v1' FROM n;
    INSERT INTO almanac.email_deliveries (user_id, id, synthesis_id, theme_id, address, dedupe_key, status)
    SELECT '$PARENT', id, '$PARENT', '$PARENT', 'a@example.org', n, CASE n % 500 WHEN 0 THEN 'failed' ELSE 'sent' END FROM n;
    SET session_replication_role = origin";

/// A query of the programs that reads one page.
#[derive(Clone, Debug)]
struct List {
    /// As it is written in a store, with `EXECUTE`'s arguments for a page from the middle.
    sql: String,
    arguments: String,
    role: &'static str,
}

/// The keyset lists among the checked queries. `.sqlx` has the text of each, as it is sent.
fn lists() -> Vec<List> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.sqlx");
    let mut lists = Vec::new();
    for file in std::fs::read_dir(folder).or_fail("reading .sqlx") {
        let text = std::fs::read_to_string(file.or_fail("a file").path()).or_fail("reading a query");
        let described: Value = serde_json::from_str(&text).or_fail("a described query");
        let sql = described["query"].as_str().or_fail("its text").to_owned();
        // The search by terms has no order of its own: it reads the assets of one brand.
        if !(sql.contains("ORDER BY") && sql.contains("LIMIT $")) || sql.contains("terms &&") {
            continue;
        }
        let types = described["describe"]["parameters"]["Left"].as_array().or_fail("its parameters").clone();
        let arguments: Vec<String> = (1..=types.len()).map(|number| argument(&sql, number, &types)).collect();
        let personal = sql.contains("almanac.uid()") || sql.contains("generation_id = $1") || sql.contains("id <> ALL");
        let role = if personal { "authenticated" } else { "almanac_admin" };
        lists.push(List { sql, arguments: arguments.join(", "), role });
    }
    lists
}

/// What stands for `$number` in a page from the middle without filters.
fn argument(sql: &str, number: usize, types: &[Value]) -> String {
    let given = |words: &str| sql.contains(&format!("{words} ${number}"));
    let middle = MANY / 2;
    match types[number - 1].as_str().unwrap_or_default() {
        _ if given("LIMIT") => PAGE.to_string(),
        _ if given("user_id =")
            || given("generation_id =")
            || given("calendar_id =")
            || given("theme_id =")
            || given("synthesis_id =") =>
        {
            format!("'{PARENT}'")
        }
        _ if given("brand_id =") => "'brand'".to_owned(),
        _ if sql.contains(&format!("status = ANY (ARRAY[${number}])")) => "'failed'".to_owned(),
        "Date" => "'2026-01-26'".to_owned(),
        "Timestamptz" => format!("public.at({middle})"),
        "Uuid" => format!("public.id({middle})"),
        "Int4" | "Int8" => middle.to_string(),
        "TextArray" if sql.contains("<> ALL") => "'{}'".to_owned(),
        "Text" if sql.contains(&format!(", ${number})")) => "'m'".to_owned(),
        _ => "NULL".to_owned(),
    }
}

async fn run(connection: &mut PgConnection, sql: impl Into<String>) {
    let sql = sql.into();
    sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(connection).await.or_fail(&sql);
}

/// Rows that this transaction has read so far, in all tables.
async fn rows_so_far(connection: &mut PgConnection) -> i64 {
    let read = "SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::bigint
                  FROM pg_stat_xact_user_tables WHERE schemaname = 'almanac'";
    sqlx::query_scalar(read).fetch_one(connection).await.or_fail("counting rows")
}

/// Pages that a plan touched, from `EXPLAIN (ANALYZE, BUFFERS)`.
fn pages(explained: &Value) -> i64 {
    let plan = &explained[0]["Plan"];
    ["Shared Hit Blocks", "Shared Read Blocks"].iter().filter_map(|name| plan[name].as_i64()).sum()
}

/// No statistics but the test's own: a plan is kept until its tables are analysed.
async fn without_autovacuum(admin: &PgPool) {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'almanac'::regnamespace AND relkind = 'r'",
    )
    .fetch_all(admin)
    .await
    .or_fail("listing tables");
    let mut connection = admin.acquire().await.or_fail("a connection");
    for table in tables {
        run(&mut connection, format!("ALTER TABLE almanac.{table} SET (autovacuum_enabled = off)")).await;
    }
    run(&mut connection, "VACUUM (ANALYZE)").await;
}

/// A session as the API's reads are, in which every list is prepared and planned once.
async fn prepared(stack: &Stack, lists: &[List], mode: &str) -> PgConnection {
    let mut connection = stack.as_api().await.acquire().await.or_fail("a connection").detach();
    for (name, value) in INDEX_SCANS_ONLY {
        run(&mut connection, format!("SET {name} = {value}")).await;
    }
    run(&mut connection, format!("SET plan_cache_mode = {mode}")).await;
    let claims = format!("SELECT set_config('request.jwt.claims', '{{\"sub\":\"{PARENT}\"}}', false)");
    run(&mut connection, claims).await;
    for (number, list) in lists.iter().enumerate() {
        run(&mut connection, format!("SET ROLE {}", list.role)).await;
        run(&mut connection, format!("PREPARE list_{number} AS {}", list.sql)).await;
        run(&mut connection, format!("EXECUTE list_{number}({})", list.arguments)).await;
    }
    connection
}

/// Reads one page of each list; those that read more than a page needs.
async fn scanning(connection: &mut PgConnection, lists: &[List], when: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, list) in lists.iter().enumerate() {
        run(connection, format!("SET ROLE {}", list.role)).await;
        let mut tx = connection.begin().await.or_fail("beginning");
        let before = rows_so_far(&mut tx).await;
        let execute = format!("EXECUTE list_{number}({})", list.arguments);
        let returned = sqlx::raw_sql(AssertSqlSafe(execute.clone())).fetch_all(&mut *tx).await.or_fail(&list.sql).len();
        let read = rows_so_far(&mut tx).await - before;
        let explain = format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {execute}");
        let explained: Value = sqlx::query_scalar(AssertSqlSafe(explain)).fetch_one(&mut *tx).await.or_fail(&list.sql);
        tx.commit().await.or_fail("committing");
        assert_eq!(i64::try_from(returned).ok(), Some(PAGE), "{when}: a full page of {}", list.sql);
        // Three rows for each of a page: itself, and two that are looked up for it. Four pages for each of three look-ups.
        if read > 3 * PAGE + 10 || pages(&explained) > 12 * PAGE + 50 {
            found.push(format!("{when}: {read} rows, {} pages: {}\n{explained:#}", pages(&explained), list.sql));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_a_list_is_found_by_its_place() {
    let stack = Stack::builder().workers(0).start().await;
    let admin = stack.admin().await;
    let mut filler = admin.acquire().await.or_fail("a connection");
    let functions = FILL.split(';').skip(1).take(2).collect::<Vec<_>>().join(";");
    run(&mut filler, functions).await;
    let lists = lists();
    assert!(lists.len() >= 16, "the lists of all domains: {}", lists.len());
    without_autovacuum(&admin).await;
    let mut old = prepared(&stack, &lists, "force_generic_plan").await;

    let fill = FILL.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION");
    run(&mut filler, fill.replace("$MANY", &MANY.to_string()).replace("$PARENT", PARENT)).await;

    let mut wrong = scanning(&mut old, &lists, "planned while empty").await;
    run(&mut filler, "VACUUM (ANALYZE)").await;
    for mode in ["force_generic_plan", "force_custom_plan"] {
        let mut new = prepared(&stack, &lists, mode).await;
        wrong.extend(scanning(&mut new, &lists, mode).await);
    }
    assert!(wrong.is_empty(), "{} plans read too much:\n{}", wrong.len(), wrong.join("\n\n"));
}

/// One round of something that runs again and again, whatever there is to do.
struct Round {
    sql: &'static str,
    /// Fills its tables with rows that are not its business, and with 30 that are.
    fill: &'static str,
}

const ROUNDS: [Round; 5] = [
    Round {
        sql: "SELECT almanac.prune_submissions(2, 20)",
        fill: "INSERT INTO almanac.submissions (user_id, family, n, at)
               SELECT gen_random_uuid(), 'generation', n, clock_timestamp() - n * interval '1 s'
                      - CASE WHEN n <= 30 THEN interval '3 days' ELSE '0' END
                 FROM generate_series(1, 100000) AS n",
    },
    Round {
        sql: "SELECT almanac.prune_idempotency_keys(20)",
        fill: "INSERT INTO almanac.idempotency_keys (user_id, route, key, fingerprint, job_id, answer, expires_at)
               SELECT gen_random_uuid(), 'POST /v1/ai/generations', n, '', gen_random_uuid(), '{}',
                      clock_timestamp() + (n - 30.5) * interval '1 h'
                 FROM generate_series(1, 100000) AS n",
    },
    Round {
        sql: "SELECT almanac.prune_events(7, 20)",
        fill: "INSERT INTO almanac.jobs (id, user_id, kind, lane, subject_type, subject_id, state, finished_at)
               SELECT gen_random_uuid(), gen_random_uuid(), 'flashcards.generate', 'flashcards', 'generation', n::text,
                      'succeeded', clock_timestamp() - n * interval '1 ms'
                      - CASE WHEN n <= 30 THEN interval '60 days' ELSE '0' END
                 FROM generate_series(1, 100000) AS n",
    },
    Round { sql: "SELECT almanac.prune_texts(30, 20)", fill: "SELECT" },
    Round {
        sql: "SELECT count(*) FROM almanac.take_late_addresses(20)",
        fill: "SET session_replication_role = replica;
               INSERT INTO almanac.publish_intents (id, user_id, plan_id, calendar_id, entry_id, entry_version, entry, channel,
                                                    account_id, external_account, transport, options, payload,
                                                    payload_hash, publish_at, status, address_due_at)
               SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), n, 1, '{}', 'tiktok', 'a',
                      '1', 'live', '{}', '[]', 'h', clock_timestamp(), 'published',
                      CASE WHEN n <= 30 THEN clock_timestamp() - interval '1 s'
                           WHEN n <= 5000 THEN clock_timestamp() + interval '1 h' END
                 FROM generate_series(1, 100000) AS n;
               SET session_replication_role = origin",
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn a_round_of_pruning_reads_the_rows_that_it_removes() {
    let stack = Stack::builder().workers(0).start().await;
    let admin = stack.admin().await;
    without_autovacuum(&admin).await;
    let mut filler = admin.acquire().await.or_fail("a connection");
    let mut old = stack.as_worker().await.acquire().await.or_fail("a connection").detach();
    for Round { sql, .. } in ROUNDS {
        run(&mut old, sql).await;
    }
    for Round { fill, .. } in ROUNDS {
        run(&mut filler, fill).await;
    }

    let mut wrong = read_by_rounds(&mut old, "planned while empty", [20, 10, 0]).await;
    run(&mut filler, "VACUUM (ANALYZE)").await;
    let mut new = stack.as_worker().await.acquire().await.or_fail("a connection").detach();
    wrong.extend(read_by_rounds(&mut new, "analysed", [0, 0, 0]).await);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Three calls of each round, which find this number; those that read more.
async fn read_by_rounds(connection: &mut PgConnection, when: &str, finds: [i64; 3]) -> Vec<String> {
    let mut wrong = Vec::new();
    for Round { sql, .. } in ROUNDS {
        for found in finds {
            let mut tx = connection.begin().await.or_fail("beginning");
            let before = rows_so_far(&mut tx).await;
            let done: i64 = sqlx::query_scalar(sql).fetch_one(&mut *tx).await.or_fail(sql);
            let read = rows_so_far(&mut tx).await - before;
            tx.commit().await.or_fail("committing");
            assert_eq!(done, found, "{when}: {sql}");
            if read > done * 6 + 10 {
                wrong.push(format!("{when}: {sql} reads {read} rows for {done}"));
            }
        }
    }
    wrong
}

/// Jobs that no round of reaping or expiry ends: `MANY` final ones, `MANY` waiting ones, and `ALIVE` running ones.
const NOT_DUE: &str = "
    INSERT INTO almanac.jobs (id, user_id, kind, lane, subject_type, subject_id, state, start_by, started_at, deadline_at,
                              finished_at, lease_owner, lease_expires_at)
    SELECT gen_random_uuid(), gen_random_uuid(), 'flashcards.generate', 'flashcards', 'generation', n::text, state,
           CASE n % 3 WHEN 0 THEN at + CASE state WHEN 'queued' THEN interval '1 h' ELSE interval '0' END END,
           CASE state WHEN 'queued' THEN NULL ELSE at END,
           CASE WHEN state <> 'queued' AND n % 3 = 1
                THEN at + CASE state WHEN 'running' THEN interval '1 h' ELSE interval '30 s' END END,
           CASE state WHEN 'succeeded' THEN at END,
           CASE state WHEN 'running' THEN 'worker' END, CASE state WHEN 'running' THEN at + interval '1 h' END
      FROM generate_series(1, $MANY) AS n
     CROSS JOIN (VALUES ('succeeded'), ('queued'), ('running')) AS s (state)
     CROSS JOIN LATERAL (SELECT clock_timestamp() - CASE state WHEN 'succeeded' THEN n ELSE 0 END * interval '1 s' AS at) AS t
     WHERE state <> 'running' OR n <= $ALIVE;
    INSERT INTO almanac.ai_generations (id, user_id, model, prompt_version) SELECT id, user_id, 'm', 'v1' FROM almanac.jobs;
    INSERT INTO almanac.llm_calls (id, job_id, epoch, step, provider, model)
    SELECT id, id, 1, 'cards', 'p', 'm' FROM almanac.jobs;
    INSERT INTO almanac.job_events (job_id, seq, type, data)
    SELECT id, 1, 'done', '{}' FROM almanac.jobs ON CONFLICT DO NOTHING";
/// Running jobs whose lease is alive: a large fleet has as many slots.
const ALIVE: i64 = 500;
/// Jobs that each of the rounds ends or returns to the queue.
const DUE: i64 = 30;

/// A round that ends jobs; which rows are due for it; and how many rows it may read that are not.
const ENDINGS: [(&str, &str, i64); 3] = [
    (
        "SELECT * FROM almanac.reap(3)",
        "INSERT INTO almanac.jobs (id, user_id, kind, lane, subject_type, subject_id, state, epoch, crashes, lease_owner,
                                   lease_expires_at, cancel_requested_at)
         SELECT gen_random_uuid(), gen_random_uuid(), 'flashcards.generate', 'flashcards', 'generation', n::text,
                'running', 1, CASE n % 3 WHEN 0 THEN 2 ELSE 0 END, 'worker', clock_timestamp() - interval '1 s',
                CASE n % 3 WHEN 1 THEN clock_timestamp() END
           FROM generate_series(1, $DUE) AS n",
        ALIVE,
    ),
    (
        "SELECT * FROM almanac.expire_unstarted()",
        "INSERT INTO almanac.jobs (id, user_id, kind, lane, subject_type, subject_id, start_by)
         SELECT gen_random_uuid(), gen_random_uuid(), 'flashcards.generate', 'flashcards', 'generation', n::text,
                clock_timestamp() - interval '1 s'
           FROM generate_series(1, $DUE) AS n",
        0,
    ),
    (
        "SELECT * FROM almanac.expire_unstarted()",
        "INSERT INTO almanac.jobs (id, user_id, kind, lane, subject_type, subject_id, state, epoch, lease_owner,
                                   lease_expires_at, started_at, deadline_at)
         SELECT gen_random_uuid(), gen_random_uuid(), 'flashcards.generate', 'flashcards', 'generation', n::text,
                'running', 1, 'worker', clock_timestamp() + interval '1 h', clock_timestamp(),
                clock_timestamp() - interval '1 min'
           FROM generate_series(1, $DUE) AS n",
        0,
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_round_of_reaping_or_expiry_reads_the_jobs_that_it_ends() {
    let stack = Stack::builder().workers(0).start().await;
    // The test is the only one that ends jobs.
    stack.api(0).kill().await;
    let admin = stack.admin().await;
    let mut filler = admin.acquire().await.or_fail("a connection");
    without_autovacuum(&admin).await;
    let mut old = stack.as_worker().await.acquire().await.or_fail("a connection").detach();
    run(&mut old, "SET plan_cache_mode = force_generic_plan").await;
    // A round plans only what it comes to: it has some jobs to end.
    for (round, due, _) in ENDINGS {
        run(&mut filler, due.replace("$DUE", "3")).await;
        run(&mut old, round).await;
    }
    run(&mut filler, NOT_DUE.replace("$MANY", &MANY.to_string()).replace("$ALIVE", &ALIVE.to_string())).await;

    let mut wrong = read_by_endings(&mut old, &mut filler, "planned while empty").await;
    let mut new = stack.as_worker().await.acquire().await.or_fail("a connection").detach();
    wrong.extend(read_by_endings(&mut new, &mut filler, "with statistics of empty tables").await);
    run(&mut filler, "VACUUM (ANALYZE)").await;
    let mut new = stack.as_worker().await.acquire().await.or_fail("a connection").detach();
    wrong.extend(read_by_endings(&mut new, &mut filler, "analysed").await);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// One call of each round with jobs that are due and one without; those that read more than these.
async fn read_by_endings(worker: &mut PgConnection, filler: &mut PgConnection, when: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (round, due, besides) in ENDINGS {
        run(filler, due.replace("$DUE", &DUE.to_string())).await;
        for ends in [DUE, 0] {
            let mut tx = worker.begin().await.or_fail("beginning");
            let before = rows_so_far(&mut tx).await;
            let explain = format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {round}");
            let explained: Value = sqlx::query_scalar(AssertSqlSafe(explain)).fetch_one(&mut *tx).await.or_fail(round);
            let read = rows_so_far(&mut tx).await - before;
            tx.commit().await.or_fail("committing");
            assert_eq!(explained[0]["Plan"]["Actual Rows"].as_f64(), Some(ends as f64), "{when}: {round}");
            // A job's own row is read five times on its way to its end, and the seven kinds three times; its end writes to
            // each index of the table.
            if read > ends * 24 + besides + 10 || pages(&explained) > ends * 110 + besides + 100 {
                wrong.push(format!("{when}: {round} reads {read} rows, {} pages for {ends} jobs", pages(&explained)));
            }
        }
    }
    wrong
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_of_a_lease_touches_no_index() {
    // Of its own: an open transaction in any database of a cluster keeps old versions of rows, which fill their pages.
    let stack = Stack::builder().workers(0).private_postgres().start().await;
    let admin = stack.admin().await;
    without_autovacuum(&admin).await;
    let mut connection = admin.acquire().await.or_fail("a connection");
    run(
        &mut connection,
        "INSERT INTO almanac.jobs (id, user_id, kind, lane, subject_type, subject_id, state, epoch, lease_owner,
                                   lease_expires_at, payload)
         SELECT gen_random_uuid(), gen_random_uuid(), 'flashcards.generate', 'flashcards', 'generation', n::text,
                CASE n % 16 WHEN 0 THEN 'running' ELSE 'succeeded' END, 1, 'worker',
                clock_timestamp() + interval '10 s', jsonb_build_object('text', repeat('x', 300))
           FROM generate_series(1, 1024) AS n",
    )
    .await;
    let updates = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relid = 'almanac.jobs'::regclass";

    for _ in 0..50 {
        run(
            &mut connection,
            "SELECT count(*) FROM almanac.renew_leases(ARRAY(SELECT id FROM almanac.jobs WHERE state = 'running'),
                                                       array_fill(1::bigint, ARRAY[64]), '10 s')",
        )
        .await;
    }

    run(&mut connection, "SELECT pg_stat_force_next_flush()").await;
    let (all, hot): (i64, i64) = sqlx::query_as(updates).fetch_one(&mut *connection).await.or_fail("statistics");
    assert_eq!(all, 3_200);
    assert_eq!(hot, all, "a row that is renewed stays in its page");
    let indexes: Vec<String> = sqlx::query_scalar(
        "SELECT indexname::text FROM pg_indexes WHERE schemaname = 'almanac' AND indexdef LIKE '%lease_expires_at%'",
    )
    .fetch_all(&admin)
    .await
    .or_fail("listing indexes");
    assert_eq!(indexes, Vec::<String>::new());
    let room: bool = sqlx::query_scalar(
        "SELECT reloptions @> ARRAY['fillfactor=80'] FROM pg_class WHERE oid = 'almanac.jobs'::regclass",
    )
    .fetch_one(&admin)
    .await
    .or_fail("reading options");
    assert!(room, "pages of jobs are filled to 80 % at most");
}
