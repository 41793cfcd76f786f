//! Row security, by SQL under the real roles and by the catalogue.
//!
//! A new table fails here until `resources` says who may do what with it, and makes a row of it.

use std::collections::BTreeMap;

use almanac_tests::{
    Stack, User,
    services::ADMIN,
    world::channels::{Script as ChannelScript, Site, Step},
};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool, Row};

use super::resources::{GRANTS, settled};

async fn tables(admin: &PgPool) -> Vec<String> {
    let sql =
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'almanac'::regnamespace AND relkind IN ('r', 'p')
                  AND relname !~ '^_' ORDER BY 1";
    sqlx::query_scalar(sql).fetch_all(admin).await.unwrap()
}

/// Whether the rows of a table belong to users: by their own column, or through the job whose log they are.
async fn is_personal(admin: &PgPool, table: &str) -> bool {
    let sql = "SELECT EXISTS (SELECT FROM information_schema.columns
                               WHERE table_schema = 'almanac' AND table_name = $1 AND column_name = 'user_id')";
    let owned: bool = sqlx::query_scalar(sql).bind(table).fetch_one(admin).await.unwrap();
    owned || table == "job_events"
}

async fn count(admin: &PgPool, table: &str, user: Option<&User>) -> u64 {
    let person = user.map_or("true".to_owned(), |user| match table {
        "job_events" => format!("job_id IN (SELECT id FROM almanac.jobs WHERE user_id = '{}')", user.id),
        _ => format!("user_id = '{}'", user.id),
    });
    let sql = format!("SELECT count(*) FROM almanac.{table} WHERE {person}");
    let count: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(admin).await.unwrap();
    u64::try_from(count).unwrap()
}

/// Who looks, and how they become that.
enum Eyes<'a> {
    Anon,
    Person(&'a User),
    Api,
    Worker,
}

impl Eyes<'_> {
    async fn begin(&self, stack: &Stack) -> sqlx::Transaction<'static, sqlx::Postgres> {
        let pool = match self {
            Self::Anon => stack.admin().await,
            Self::Person(_) | Self::Api => stack.as_api().await,
            Self::Worker => stack.as_worker().await,
        };
        let mut tx = pool.begin().await.unwrap();
        let become_them = match self {
            Self::Anon => "SET LOCAL ROLE anon".to_owned(),
            Self::Person(user) => format!(
                "SELECT set_config('role', 'authenticated', true),
                        set_config('request.jwt.claims', '{{\"sub\":\"{}\",\"role\":\"authenticated\"}}', true)",
                user.id
            ),
            Self::Api | Self::Worker => "SELECT 1".to_owned(),
        };
        sqlx::raw_sql(AssertSqlSafe(become_them)).execute(&mut *tx).await.unwrap();
        tx
    }
}

/// Tries a statement and undoes it: the rows it touched, or the SQLSTATE it was refused with.
async fn attempt(stack: &Stack, eyes: &Eyes<'_>, sql: String) -> Result<u64, String> {
    let mut tx = eyes.begin(stack).await;
    let done = sqlx::query(AssertSqlSafe(sql)).execute(&mut *tx).await;
    match done {
        Ok(done) => Ok(done.rows_affected()),
        Err(sqlx::Error::Database(error)) => Err(error.code().unwrap_or_default().into_owned()),
        Err(error) => panic!("{error}"),
    }
}

/// A column that the role may change, else any: an update without the right to one is refused as a whole.
async fn column(admin: &PgPool, role: &str, table: &str) -> String {
    let sql = format!(
        "SELECT attname::text FROM pg_attribute WHERE attrelid = 'almanac.{table}'::regclass AND attnum > 0
          ORDER BY has_column_privilege('{role}', attrelid, attnum, 'UPDATE') DESC, attnum LIMIT 1"
    );
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(admin).await.unwrap()
}

async fn verb(admin: &PgPool, role: &str, table: &str, verb: char) -> String {
    match verb {
        's' => format!("SELECT 1 FROM almanac.{table}"),
        'i' => {
            let sql = format!(
                "SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute
                  WHERE attrelid = 'almanac.{table}'::regclass AND attnum > 0
                    AND (has_column_privilege('{role}', attrelid, attnum, 'INSERT')
                         OR NOT has_any_column_privilege('{role}', attrelid, 'INSERT'))"
            );
            let columns: String = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(admin).await.unwrap();
            // No rows: whether the right is there is what is asked; what may be written is the next test's subject.
            let nulls = columns.split(", ").map(|_| "NULL").collect::<Vec<_>>().join(", ");
            format!("INSERT INTO almanac.{table} ({columns}) SELECT {nulls} WHERE false")
        }
        'u' => {
            let column = column(admin, role, table).await;
            format!("UPDATE almanac.{table} SET {column} = {column}")
        }
        _ => format!("DELETE FROM almanac.{table}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_opens_to_each_role_just_as_far_as_it_should() {
    let stack = Stack::builder().start().await;
    let admin = stack.admin().await;
    let (anna, eve) = (settled(&stack, &admin).await, stack.user());
    settled(&stack, &admin).await;
    let granted: BTreeMap<_, _> =
        GRANTS.iter().map(|(table, person, api, worker)| (*table, (*person, *api, *worker))).collect();

    for table in tables(&admin).await {
        let (person, api, worker) =
            *granted.get(table.as_str()).unwrap_or_else(|| panic!("who may do what with {table}?"));
        let personal = is_personal(&admin, &table).await;
        let own = if personal { count(&admin, &table, Some(&anna)).await } else { 0 };
        let all = count(&admin, &table, None).await;
        assert!(!personal || (own > 0 && all > own), "{table}: the test needs rows of two people, not {own} of {all}");
        let looks = [
            (Eyes::Anon, "anon", "", 0),
            (Eyes::Person(&anna), "authenticated", person, own),
            (Eyes::Person(&eve), "authenticated", person, 0),
            (Eyes::Api, "almanac_api", api, all),
            (Eyes::Worker, "almanac_worker", worker, all),
        ];
        for (eyes, role, may, sees) in &looks {
            for letter in "siud".chars() {
                let sql = verb(&admin, role, &table, letter).await;
                let outcome = attempt(&stack, eyes, sql.clone()).await;
                let what = format!("{letter} on {table} as {role}: {outcome:?}\n{sql}");
                match (may.contains(letter), outcome) {
                    (false, Err(code)) => assert_eq!(code, "42501", "{what}"),
                    (false, Ok(_)) => panic!("allowed: {what}"),
                    (true, Ok(rows)) => assert_eq!(rows, if letter == 'i' { 0 } else { *sees }, "{what}"),
                    // A conflict with a key of another table is not about rights.
                    (true, Err(code)) => assert!(letter == 'd' && code == "23503", "{what}"),
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_cannot_write_a_row_into_anothers_name_or_onto_anothers_parent() {
    let stack = Stack::shared().await;
    let admin = stack.admin().await;
    let (anna, eve) = (settled(&stack, &admin).await, settled(&stack, &admin).await);
    let annas: uuid::Uuid = {
        let sql = "SELECT id FROM almanac.ai_suggestions WHERE user_id = $1 ORDER BY ordinal LIMIT 1";
        sqlx::query_scalar(sql).bind(anna.id).fetch_one(&admin).await.unwrap()
    };
    let delete = "DELETE FROM almanac.cards WHERE suggestion_id = $1";
    sqlx::query(delete).bind(annas).execute(&admin).await.unwrap();
    let card = |user: uuid::Uuid| {
        format!(
            "INSERT INTO almanac.cards (id, user_id, suggestion_id, generation_id, front, back)
             VALUES (gen_random_uuid(), '{user}', '{annas}', gen_random_uuid(), 'f', 'b')"
        )
    };
    let generation = |user: uuid::Uuid| {
        format!(
            "INSERT INTO almanac.ai_generations (id, user_id, source_text, model, prompt_version)
             VALUES (gen_random_uuid(), '{user}', repeat('x', 1000), 'm', 'v1')"
        )
    };
    let eyes = Eyes::Person(&eve);
    let cases = [
        (card(anna.id), "42501"),
        (card(eve.id), "23503"),
        (generation(anna.id), "42501"),
        (generation(eve.id), "23503"),
        ("UPDATE almanac.cards SET user_id = user_id".into(), "42501"),
        ("UPDATE almanac.ai_generations SET status = 'succeeded', cost_usd = 0".into(), "42501"),
        ("UPDATE almanac.jobs SET state = 'queued'".into(), "42501"),
        ("SELECT sealed FROM almanac.channel_credentials".into(), "42501"),
        ("DELETE FROM almanac.channel_credentials RETURNING sealed".into(), "42501"),
        ("UPDATE almanac.channel_credentials SET refreshing_until = 'infinity'".into(), "42501"),
        (format!("UPDATE almanac.channel_credentials SET account_id = 'b', user_id = '{}'", anna.id), "42501"),
        ("INSERT INTO almanac.submissions VALUES (almanac.uid(), 'generation', 1, now())".into(), "42501"),
        ("SELECT * FROM almanac.tail('{}', '{}', 1)".into(), "42501"),
        ("SELECT almanac.claim('{}', 'me', interval '1 s')".into(), "42501"),
        (format!("SELECT almanac.finish('{annas}', NULL, 'cancelled', NULL)"), "42501"),
        ("SELECT * FROM almanac._sqlx_migrations".into(), "42501"),
        (
            "SELECT almanac.submit('flashcards.generate', ARRAY[almanac.uid()], ARRAY[gen_random_uuid()],
                                   ARRAY['{}'::jsonb], NULL, '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}')"
                .into(),
            "42501",
        ),
        ("UPDATE almanac.job_kinds SET rate_count = 1000000".into(), "42501"),
    ];

    for (sql, code) in cases {
        assert_eq!(attempt(&stack, &eyes, sql.clone()).await, Err(code.to_owned()), "{sql}");
    }
    let others = format!("UPDATE almanac.ai_suggestions SET front = 'x' WHERE id = '{annas}'");
    assert_eq!(attempt(&stack, &eyes, others).await, Ok(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_claims_nobody_is_anybody() {
    let stack = Stack::shared().await;
    settled(&stack, &stack.admin().await).await;
    let pool = stack.as_api().await;

    for claims in ["", "{}", "{\"sub\":\"\"}", "{\"role\":\"service_role\"}", "null"] {
        let mut tx = pool.begin().await.unwrap();
        let begin = "SELECT set_config('role', 'authenticated', true), set_config('request.jwt.claims', $1, true)";
        sqlx::query(begin).bind(claims).execute(&mut *tx).await.unwrap();
        let seen: i64 = sqlx::query_scalar("SELECT count(*) FROM almanac.jobs").fetch_one(&mut *tx).await.unwrap();
        assert_eq!(seen, 0, "{claims}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_login_can_become_more_than_it_is() {
    let stack = Stack::shared().await;
    let ways =
        ["almanac_owner", "service_role", "almanac_worker", "almanac_api", ADMIN, "postgres", "pg_read_all_data"];

    for (eyes, own, may) in [(Eyes::Api, "almanac_api", true), (Eyes::Worker, "almanac_worker", false)] {
        for role in ways.into_iter().filter(|role| *role != own) {
            let outcome = attempt(&stack, &eyes, format!("SET LOCAL ROLE {role}")).await;
            // 22023: there is no such role.
            let refused = outcome.as_ref().is_err_and(|code| matches!(code.as_str(), "42501" | "22023"));
            assert!(refused, "{own} became {role}: {outcome:?}");
        }
        assert_eq!(attempt(&stack, &eyes, "SET LOCAL ROLE authenticated".into()).await.is_ok(), may);
        let off = attempt(&stack, &eyes, "ALTER TABLE almanac.jobs DISABLE ROW LEVEL SECURITY".into()).await;
        assert_eq!(off, Err("42501".into()));
        let made = attempt(&stack, &eyes, "CREATE TABLE almanac.mine ()".into()).await;
        assert_eq!(made, Err("42501".into()));
    }
}

/// What a catalogue query finds is wrong; each row one sentence.
async fn found(admin: &PgPool, sql: &'static str) -> Vec<String> {
    let mut connection = admin.acquire().await.unwrap();
    let connection: &mut PgConnection = &mut connection;
    let rows = sqlx::query(sql).fetch_all(connection).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>(0)).collect()
}

/// Functions of the owner that a role may run.
async fn runs_as_owner(admin: &PgPool, role: &str) -> Vec<String> {
    let sql = "SELECT proname::text FROM pg_proc
                WHERE pronamespace = 'almanac'::regnamespace AND prosecdef
                  AND has_function_privilege($1, oid, 'EXECUTE') ORDER BY 1";
    sqlx::query_scalar(sql).bind(role).fetch_all(admin).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_runs_only_its_functions_as_owner() {
    let stack = Stack::shared().await;
    let admin = stack.admin().await;

    assert_eq!(runs_as_owner(&admin, "authenticated").await, ["cancel_job", "resolve_intent", "retry_publication"]);
    assert_eq!(runs_as_owner(&admin, "almanac_admin").await, ["retry_job"]);
    assert_eq!(runs_as_owner(&admin, "almanac_worker").await, ["expire_unstarted"]);
    assert_eq!(runs_as_owner(&admin, "anon").await, Vec::<String>::new());
    let api = runs_as_owner(&admin, "almanac_api").await;
    let expected = [
        "expire_unstarted",
        "lane_load",
        "look_up_recipient",
        "record_mail_event",
        "submit",
        "submit_siblings",
        "tail",
        "unsubscribe",
    ];
    assert_eq!(api, expected);
}

/// A client of the database that shadows a type would have its own code run by every function of the owner that casts.
/// In a session of its own: a function keeps the types that it found first.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_cannot_shadow_a_type_of_the_owners_functions() {
    let stack = Stack::builder().workers(0).start().await;
    let anna = stack.user();
    let admin = stack.admin().await;
    // As a database on which the administrator has not run the roles file: temporary objects are allowed.
    let database: String = sqlx::query_scalar("SELECT current_database()::text").fetch_one(&admin).await.unwrap();
    let allow = format!("GRANT TEMPORARY ON DATABASE {database} TO PUBLIC; GRANT USAGE ON SCHEMA almanac TO PUBLIC");
    sqlx::raw_sql(AssertSqlSafe(allow)).execute(&admin).await.unwrap();
    let url = stack.services.postgres.url("almanac_api", &database);
    for (shadow, value) in [("uuid", "VALUE IS NOT NULL"), ("text", "true"), ("jsonb", "true"), ("int4", "true")] {
        // A job that has ended already would be answered by the first lines.
        let job = anna.forge(&stack).await.id;
        let mut session = PgConnection::connect(&url).await.unwrap();
        let setup = format!(
            "CREATE FUNCTION pg_temp.evil() RETURNS boolean LANGUAGE plpgsql AS $f$
             BEGIN RAISE EXCEPTION 'ran as %', current_user USING errcode = 'EVIL1'; END $f$;
             CREATE DOMAIN pg_temp.{shadow} AS pg_catalog.{shadow} CHECK (pg_temp.evil() AND {value});
             SELECT set_config('role', 'authenticated', false),
                    set_config('request.jwt.claims', '{{\"sub\":\"{}\",\"role\":\"authenticated\"}}', false)",
            anna.id
        );
        sqlx::raw_sql(AssertSqlSafe(setup)).execute(&mut session).await.unwrap();

        let cancel = format!("SELECT almanac.cancel_job('{job}'::pg_catalog.uuid)");
        let cancelled = sqlx::raw_sql(AssertSqlSafe(cancel)).execute(&mut session).await;

        assert!(cancelled.is_ok(), "a shadowed {shadow}: {cancelled:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_the_administrator_makes_temporary_objects() {
    let stack = Stack::shared().await;
    let admin = stack.admin().await;
    let sql = "SELECT rolname::text FROM pg_roles
                WHERE NOT rolsuper AND has_database_privilege(oid, current_database(), 'TEMPORARY')";
    let roles: Vec<String> = sqlx::query_scalar(sql).fetch_all(&admin).await.unwrap();

    assert_eq!(roles, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogue_shows_no_gap() {
    let stack = Stack::shared().await;
    let admin = stack.admin().await;
    let rules = [
        "SELECT relname || ' has row security off or not forced' FROM pg_class
          WHERE relnamespace = 'almanac'::regnamespace AND relkind IN ('r', 'p') AND relname !~ '^_'
            AND NOT (relrowsecurity AND relforcerowsecurity)",
        "SELECT c.relname || ' has no policy for its owner' FROM pg_class c
          WHERE c.relnamespace = 'almanac'::regnamespace AND c.relkind = 'r' AND c.relname !~ '^_'
            AND NOT EXISTS (SELECT FROM pg_policies p WHERE p.schemaname = 'almanac' AND p.tablename = c.relname
                            AND p.roles = '{almanac_owner}' AND p.cmd = 'ALL' AND p.qual = 'true' AND p.with_check = 'true')",
        "SELECT proname || ' runs as its owner without a safe search_path' FROM pg_proc
          WHERE pronamespace = 'almanac'::regnamespace AND prosecdef
            AND NOT 'search_path=pg_catalog, pg_temp' = ANY (coalesce(proconfig, '{}'))",
        "SELECT rolname || ' has an attribute that opens too much' FROM pg_roles
          WHERE rolname IN ('almanac_owner', 'almanac_api', 'almanac_worker', 'almanac_admin', 'authenticated', 'anon')
            AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)",
        "SELECT 'almanac_api inherits' FROM pg_roles WHERE rolname = 'almanac_api' AND rolinherit",
        "SELECT m.rolname || ' may act as ' || r.rolname FROM pg_roles m, pg_roles r
          WHERE m.rolname IN ('almanac_api', 'almanac_worker') AND r.rolname <> m.rolname
            AND pg_has_role(m.oid, r.oid, 'member')
            AND NOT (m.rolname = 'almanac_api' AND r.rolname IN ('authenticated', 'almanac_admin'))",
        "SELECT c.relname || ' belongs to ' || r.rolname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
          WHERE c.relnamespace = 'almanac'::regnamespace AND r.rolname <> 'almanac_owner'",
        "SELECT proname || ' may be executed by everybody' FROM pg_proc
          WHERE pronamespace = 'almanac'::regnamespace AND proname <> 'uid' AND has_function_privilege('public', oid, 'execute')",
        // uid() is evaluated once per query only inside a sub-select. What is inserted may be asked row by row.
        "SELECT tablename || '.' || policyname || ' calls uid() per row' FROM pg_policies
          WHERE schemaname = 'almanac' AND cmd <> 'INSERT'
            AND regexp_replace(coalesce(qual, '') || coalesce(with_check, ''), '\\( ?SELECT almanac\\.uid\\(\\)', '', 'g') ~ 'uid\\(\\)'",
        "SELECT tablename || '.' || policyname || ' opens to ' || roles::text FROM pg_policies
          WHERE schemaname = 'almanac' AND roles && ARRAY['public', 'anon']::name[]",
        "SELECT p.tablename || '.' || p.policyname || ' lets a person past user_id' FROM pg_policies p
          WHERE p.schemaname = 'almanac' AND 'authenticated' = ANY (p.roles)
            AND NOT (coalesce(p.qual, p.with_check) LIKE '%uid()%' AND coalesce(p.with_check, p.qual) LIKE '%uid()%')",
        "SELECT c.relname || ' has no index that begins with user_id' FROM pg_class c
           JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'user_id' AND NOT a.attisdropped
          WHERE c.relnamespace = 'almanac'::regnamespace AND c.relkind = 'r'
            AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indkey[0] = a.attnum)",
        // Foreign keys are checked without row security, so between people's tables they carry user_id.
        "SELECT k.conname || ' joins two people''s tables without user_id' FROM pg_constraint k
           JOIN pg_attribute mine ON mine.attrelid = k.conrelid AND mine.attname = 'user_id'
           JOIN pg_attribute theirs ON theirs.attrelid = k.confrelid AND theirs.attname = 'user_id'
          WHERE k.contype = 'f' AND k.connamespace = 'almanac'::regnamespace
            AND NOT (mine.attnum = ANY (k.conkey) AND theirs.attnum = ANY (k.confkey))",
        "SELECT grantee || ' holds ' || privilege_type || ' on ' || table_name FROM information_schema.table_privileges
          WHERE table_schema = 'almanac' AND grantee IN ('PUBLIC', 'anon', 'service_role')",
    ];

    let mut wrong = Vec::new();
    for rule in rules {
        wrong.extend(found(&admin, rule).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_may_back_fill() {
    let stack = Stack::shared().await;
    settled(&stack, &stack.admin().await).await;
    let url = stack.services.postgres.url("almanac_owner", &stack.database);
    let owner = PgPool::connect(&url).await.unwrap();

    let touched = sqlx::query("UPDATE almanac.cards SET front = front").execute(&owner).await.unwrap();

    assert!(touched.rows_affected() >= 5, "forced row security says UPDATE 0 in silence");
}

/// A client of the database can write attempts of its own intents. None of them makes a job of another kind.
#[tokio::test(flavor = "multi_thread")]
async fn a_forged_attempt_makes_no_paid_job() {
    let stack = Stack::builder().start().await;
    let admin = stack.admin().await;
    let grant = stack.world.channels().account(Site::Facebook);
    let anna = stack.user();
    anna.connect_account(&grant).await;
    stack.world.channels().play(&grant.account, Step::Publish, [ChannelScript::graph(200)]);
    let (intent, _) = anna.publish_text("facebook", "Refused").await;
    anna.wait_for_intent(&intent, "failed").await;
    let generation = anna.generation().await;
    let eyes = Eyes::Person(&anna);
    let mut tx = eyes.begin(&stack).await;
    let forge = "INSERT INTO almanac.publish_attempts (user_id, id, intent_id) VALUES ($1, $2::uuid, $3::uuid)";
    sqlx::query(forge).bind(anna.id).bind(&generation).bind(&intent).execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();

    let jobs = "SELECT count(*) FROM almanac.jobs WHERE kind = 'flashcards.generate'";
    let before: i64 = sqlx::query_scalar(jobs).fetch_one(&admin).await.unwrap();
    anna.post(&format!("/v1/publish/intents/{intent}/retry"), json!({})).await.expect(202);

    let after: i64 = sqlx::query_scalar(jobs).fetch_one(&admin).await.unwrap();
    assert_eq!(before, after, "the intent's own job is repeated, and no other");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_cannot_store_what_no_program_writes() {
    let stack = Stack::builder().start().await;
    let anna = stack.user();
    anna.calendar(&json!({})).await;
    for scalar in ["'\"x\"'", "'5'", "'[]'", "'null'"] {
        let sql = format!("UPDATE almanac.calendar_entries SET fields = {scalar}::jsonb");
        assert_eq!(attempt(&stack, &Eyes::Person(&anna), sql).await, Err("23514".to_owned()), "{scalar}");
    }
}
