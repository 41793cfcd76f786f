//! `almanac-api migrate`: what it applies, replaces and refuses.

use std::time::Duration;

use almanac_tests::{
    Stack,
    services::{ADMIN, Postgres, Services},
};
use sqlx::{AssertSqlSafe, PgPool};

async fn admin(postgres: &Postgres, database: &str) -> PgPool {
    PgPool::connect(&postgres.url(ADMIN, database)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_migrate_changes_nothing() {
    let services = Services::shared().await;
    let database = services.postgres.new_database().await;
    let admin = admin(&services.postgres, &database).await;
    let versions = "SELECT string_agg(xmin::text, ',' ORDER BY proname, oid) FROM pg_proc
                     WHERE pronamespace = 'almanac'::regnamespace";
    let before: String = sqlx::query_scalar(versions).fetch_one(&admin).await.unwrap();

    services.postgres.migrate(&database).await.unwrap();

    let after: String = sqlx::query_scalar(versions).fetch_one(&admin).await.unwrap();
    assert_eq!(before, after);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_whose_file_changed_is_replaced() {
    let services = Services::shared().await;
    let database = services.postgres.new_database().await;
    let admin = admin(&services.postgres, &database).await;
    let body = "SELECT prosrc FROM pg_proc WHERE oid = 'almanac.latency_ms'::regproc";
    let before: String = sqlx::query_scalar(body).fetch_one(&admin).await.unwrap();
    let older = "CREATE OR REPLACE FUNCTION almanac.latency_ms(p_job almanac.jobs) RETURNS bigint
                 LANGUAGE sql IMMUTABLE AS $$ SELECT 0::bigint $$;
                 UPDATE almanac._functions SET checksum = '\\x00' WHERE path = 'jobs/latency_ms.sql'";
    sqlx::raw_sql(older).execute(&admin).await.unwrap();

    services.postgres.migrate(&database).await.unwrap();

    let after: String = sqlx::query_scalar(body).fetch_one(&admin).await.unwrap();
    assert_eq!(before, after);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_an_earlier_development_version_is_refused() {
    let services = Services::shared().await;
    for change in [
        "UPDATE almanac._sqlx_migrations SET checksum = '\\x00' WHERE version = 2",
        "INSERT INTO almanac._sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (99, 'dropped since', true, '\\x00', 1)",
    ] {
        let database = services.postgres.new_database().await;
        let admin = admin(&services.postgres, &database).await;
        sqlx::raw_sql(AssertSqlSafe(change)).execute(&admin).await.unwrap();

        let refusal = services.postgres.migrate(&database).await.unwrap_err().to_string();

        assert!(refusal.contains("earlier development version"), "{refusal}");
        assert!(refusal.contains("make clean"), "{refusal}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_function_in_the_schema_stands_in_one_file() {
    let services = Services::shared().await;
    let database = services.postgres.new_database().await;
    let admin = admin(&services.postgres, &database).await;
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT proname::text FROM pg_proc WHERE pronamespace = 'almanac'::regnamespace ORDER BY proname",
    )
    .fetch_all(&admin)
    .await
    .unwrap();
    let texts = crate::house::rules::files("migrations", ".sql");
    let definitions = |name: &str| {
        let create = format!("FUNCTION almanac.{name}(");
        texts
            .values()
            .flat_map(|text| text.lines())
            .filter(|line| line.starts_with("CREATE") && line.contains(&create))
            .count()
    };

    let wrong: Vec<_> = names.iter().map(|name| (name, definitions(name))).filter(|(_, files)| *files != 1).collect();

    assert!(wrong.is_empty(), "functions and the number of their definitions in files: {wrong:?}");
}

/// How a hook of `job_kinds` is called: its column, its arguments, its result.
const HOOKS: [(&str, &str, &str); 8] = [
    ("on_lock", "uuid[], uuid[]", "uuid[]"),
    ("on_start", "almanac.jobs[]", "void"),
    ("on_save", "almanac.jobs[], jsonb[]", "void"),
    ("on_finish", "almanac.jobs[], jsonb[]", "TABLE(n integer, final text)"),
    ("on_cancel", "almanac.jobs", "boolean"),
    ("on_retry", "almanac.jobs, uuid", "boolean"),
    ("on_prune", "uuid[], uuid[]", "uuid[]"),
    ("on_erase", "uuid, timestamp with time zone, integer", "bigint"),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_hook_of_a_kind_is_a_function_that_only_workers_call() {
    let services = Services::shared().await;
    let database = services.postgres.new_database().await;
    let admin = admin(&services.postgres, &database).await;
    for (hook, arguments, result) in HOOKS {
        let sql = format!(
            "SELECT k.kind, to_regprocedure(k.{hook} || '({arguments})') IS NOT NULL,
                    pg_get_function_result(to_regproc(k.{hook})),
                    coalesce(has_function_privilege('authenticated', to_regproc(k.{hook}), 'EXECUTE'), true)
               FROM almanac.job_kinds k WHERE k.{hook} IS NOT NULL"
        );
        let hooks: Vec<(String, bool, Option<String>, bool)> =
            sqlx::query_as(AssertSqlSafe(sql)).fetch_all(&admin).await.unwrap();
        assert!(!hooks.is_empty(), "{hook} is used by no kind");
        for (kind, takes_arguments, returns, open) in hooks {
            assert!(takes_arguments, "{hook} of {kind} takes ({arguments})");
            assert_eq!(returns.as_deref(), Some(result), "{hook} of {kind}");
            assert!(!open, "a client of the database may call {hook} of {kind}");
        }
    }
    let tables = "SELECT bool_and(to_regclass(domain_table) IS NOT NULL) FROM almanac.job_kinds
                   WHERE domain_table IS NOT NULL";
    assert!(sqlx::query_scalar::<_, bool>(tables).fetch_one(&admin).await.unwrap(), "each domain table exists");
    let writers = "SELECT bool_or(has_table_privilege(role, 'almanac.job_kinds', 'INSERT, UPDATE, DELETE'))
                     FROM unnest(ARRAY['almanac_api', 'almanac_worker', 'almanac_admin', 'authenticated']) AS role";
    assert!(!sqlx::query_scalar::<_, bool>(writers).fetch_one(&admin).await.unwrap(), "only the owner writes hooks");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_with_other_limits_than_its_database_refuses_to_start() {
    let stack = Stack::builder().workers(0).api_env("CALENDAR_RATE", "7/60").start().await;
    let api = stack.api(0);
    api.kill().await;
    api.set("CALENDAR_RATE", "8/60");
    api.set("ORGANIC_TIMEOUT_SECONDS", "61");
    api.launch();

    let status = api.wait_exit(Duration::from_secs(20)).await;

    assert!(!status.success());
    let log = api.log();
    assert!(log.contains("CALENDAR_RATE is 8/60 here and 7/60 in the database"), "{log}");
    assert!(log.contains("ORGANIC_TIMEOUT_SECONDS is 61 here and 60 in the database"), "{log}");
}
