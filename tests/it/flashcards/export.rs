//! Export of many cards: page by page, in each format.

use almanac_tests::{OrFail, Stack, User};
use http::Method;
use sqlx::PgPool;

/// Cards of about 2 KiB each: 60 MiB in all.
const CARDS: i64 = 30_000;

/// Gives a user cards as accepting many generations would.
async fn give_cards(admin: &PgPool, user: &User, generation: &str) {
    let sql = "
        WITH made AS (
            INSERT INTO almanac.ai_suggestions (id, user_id, generation_id, ordinal, front_key, front, back, status)
            SELECT gen_random_uuid(), $1, $2::uuid, 1000 + n, 'key ' || n, 'Card ' || n, repeat('x', 2000), 'accepted'
              FROM generate_series(1, $3) AS n
            RETURNING *)
        INSERT INTO almanac.cards (id, user_id, suggestion_id, generation_id, front, back)
        SELECT gen_random_uuid(), user_id, id, generation_id, front, back FROM made";
    sqlx::query(sql).bind(user.id).bind(generation).bind(CARDS).execute(admin).await.unwrap();
}

/// The most memory that a process had since `forget_peak`, in MiB.
fn peak(pid: i32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).or_fail("reading the status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).or_fail("its peak");
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().or_fail("a number") / 1024
}

fn forget_peak(pid: i32) {
    std::fs::write(format!("/proc/{pid}/clear_refs"), "5").or_fail("resetting the peak");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_of_many_cards_is_complete_and_needs_little_memory() {
    let stack = Stack::builder().start().await;
    let (anna, api) = (stack.user(), stack.api(0).pid());
    let generation = anna.generation().await;
    give_cards(&stack.admin().await, &anna, &generation).await;
    anna.get("/v1/cards/export?format=csv").await.expect(200);

    for (format, mark) in [("csv", "\r\n"), ("json", "{\"front\""), ("anki", "\n")] {
        forget_peak(api);
        let before = peak(api);
        let exported = anna.get(&format!("/v1/cards/export?format={format}")).await.expect(200);
        let grown = peak(api).saturating_sub(before);

        let text = exported.text();
        let heads = match format {
            "csv" => 1,
            "anki" => 3,
            _ => 0,
        };
        assert_eq!(text.matches(mark).count(), usize::try_from(CARDS).unwrap() + heads, "{format}");
        assert!(grown < 24, "{format}: the process grew by {grown} MiB for {} MiB", text.len() / 1024 / 1024);
    }
}

/// A failure after the first byte cannot change the status any more: the answer must not look complete.
#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_breaks_off_does_not_look_complete() {
    let stack = Stack::builder().start().await;
    let (anna, admin) = (stack.user(), stack.admin().await);
    let generation = anna.generation().await;
    give_cards(&admin, &anna, &generation).await;
    let url = format!("http://{}/v1/cards/export?format=csv", stack.api(0).address());
    let request = reqwest::Client::builder().no_proxy().build().unwrap().request(Method::GET, url);

    let mut response = request.bearer_auth(anna.token()).send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.chunk().await.unwrap().or_fail("a first piece");
    sqlx::raw_sql("ALTER TABLE almanac.cards RENAME TO gone").execute(&admin).await.unwrap();
    let end = loop {
        match response.chunk().await {
            Ok(Some(_)) => {}
            Ok(None) => break "complete",
            Err(_) => break "broken",
        }
    };

    assert_eq!(end, "broken");
}
