//! Tokens that workers replace: one of them at a time, and never tokens that a user has sent since.

use std::time::Duration;

use almanac_shared::{
    platform::{db::Service, id::UserId},
    publishing::{
        Channel,
        credentials::{AccountRef, Keyring, Sealed, Tokens},
        store::refresh::{NewTokens, claim_refresh, mark_invalid, note_quota, release_refresh, store_tokens},
    },
};
use almanac_tests::{CREDENTIALS_KEY, OrFail, Stack, User};
use secrecy::ExposeSecret;
use serde_json::json;
use sqlx::PgPool;

const PATH: &str = "/v1/channels/linkedin/accounts/corner";
const MINUTE: Duration = Duration::from_secs(60);

fn worker(stack: &Stack) -> Service {
    let url = stack.services.postgres.url("almanac_worker", &stack.database);
    Service::open(&url.into()).or_fail("a worker's connections")
}

fn account(user: &User) -> AccountRef<'static> {
    AccountRef { user: UserId(user.id), channel: Channel::Linkedin, account_id: "corner" }
}

fn keyring() -> Keyring {
    Keyring::parse(&CREDENTIALS_KEY.into()).or_fail("keys")
}

fn new_tokens(user: &User, access: &str) -> NewTokens {
    let tokens = Tokens { access: access.into(), refresh: None };
    let sealed = keyring().seal(&tokens, &account(user)).or_fail("sealing");
    NewTokens { sealed, has_refresh: false, expires_in: Some(MINUTE), refresh_expires_in: Some(Duration::MAX) }
}

/// The stored access token, and the version of the tokens.
async fn stored(admin: &PgPool, user: &User) -> (String, i64) {
    let sql = "SELECT key_id, sealed, version FROM almanac.channel_credentials WHERE user_id = $1";
    let (key_id, bytes, version) = sqlx::query_as(sql).bind(user.id).fetch_one(admin).await.or_fail("the row");
    let sealed = Sealed { key_id, bytes };
    let tokens = keyring().open(&sealed.key_id, &sealed.bytes, &account(user)).or_fail("opening");
    (tokens.access.expose_secret().to_owned(), version)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_worker_at_a_time_refreshes_the_tokens_of_an_account() {
    let stack = Stack::shared().await;
    let (service, admin, anna) = (worker(&stack), stack.admin().await, stack.user());
    anna.connect_unused("linkedin", "corner").await;
    let of_anna = account(&anna);
    let claim = async |version, time| claim_refresh(&service, &of_anna, version, time).await.or_fail("claiming");

    assert!(!claim(2, MINUTE).await, "another version");
    assert!(claim(1, MINUTE).await);
    assert!(!claim(1, MINUTE).await, "it is reserved");
    release_refresh(&service, &of_anna, 1).await.or_fail("giving it back");
    assert!(claim(1, Duration::ZERO).await && claim(1, Duration::ZERO).await, "a reservation ends by itself");
    let claims = futures_util::future::join_all((0..8).map(|_| claim(1, MINUTE))).await;
    assert_eq!(claims.iter().filter(|claimed| **claimed).count(), 1);

    let version = store_tokens(&service, &of_anna, 1, &new_tokens(&anna, "second")).await.or_fail("storing");
    assert_eq!(version, Some(2));
    assert_eq!(stored(&admin, &anna).await, ("second".to_owned(), 2));
    assert!(anna.get(PATH).await.expect(200).data()["expiresAt"].is_string());
    assert!(claim(2, MINUTE).await, "the reservation ended with it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_another_transaction_holds_is_not_waited_for() {
    let stack = Stack::shared().await;
    let (service, admin, anna) = (worker(&stack), stack.admin().await, stack.user());
    anna.connect_unused("linkedin", "corner").await;
    let mut holder = admin.begin().await.or_fail("a transaction");
    let hold = "SELECT 1 FROM almanac.channel_credentials WHERE user_id = $1 FOR UPDATE";
    sqlx::query(hold).bind(anna.id).execute(&mut *holder).await.or_fail("the lock");

    let claimed = claim_refresh(&service, &account(&anna), 1, MINUTE).await;

    assert!(!claimed.or_fail("no error"), "a wait would have ended in one");
    holder.rollback().await.or_fail("the end");
    assert!(claim_refresh(&service, &account(&anna), 1, MINUTE).await.or_fail("claiming"));
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_a_user_sent_in_the_meantime_stay() {
    let stack = Stack::shared().await;
    let (service, admin, anna) = (worker(&stack), stack.admin().await, stack.user());
    anna.connect_unused("linkedin", "corner").await;
    let of_anna = account(&anna);
    assert!(claim_refresh(&service, &of_anna, 1, MINUTE).await.or_fail("claiming"));
    anna.connect_unused("linkedin", "corner").await;

    let kept = store_tokens(&service, &of_anna, 1, &new_tokens(&anna, "late")).await.or_fail("storing");

    assert_eq!(kept, None);
    assert_eq!(stored(&admin, &anna).await, ("token-of-corner".to_owned(), 2));
    assert!(!mark_invalid(&service, &of_anna, 1).await.or_fail("marking"), "the refused tokens are gone");
    assert_eq!(anna.get(PATH).await.data()["health"], "ok");

    assert!(mark_invalid(&service, &of_anna, 2).await.or_fail("marking"));
    note_quota(&service, &of_anna, &json!({ "left": 3 })).await.or_fail("noting");
    assert_eq!(anna.get(PATH).await.data()["health"], "invalid");

    anna.delete(PATH).await.expect(204);
    let gone = store_tokens(&service, &of_anna, 2, &new_tokens(&anna, "late")).await.or_fail("storing");
    assert_eq!(gone, None, "a disconnected account is not connected again");
}
