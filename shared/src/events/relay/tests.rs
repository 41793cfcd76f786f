//! What a relay keeps while followers come and go, without any store.

use super::*;

/// A relay whose Postgres and Redis refuse every connection.
fn alone() -> Relay {
    let database = Database::open(&"postgres://nobody@127.0.0.1:1/none".to_owned().into()).unwrap();
    let client = Client::open("redis://127.0.0.1:1").unwrap();
    Relay::start(database, client, Metrics::new("test"), CancellationToken::new())
}

#[tokio::test]
async fn a_follower_that_comes_while_the_last_one_goes_is_still_heard_of() {
    let (relay, job) = (alone(), JobId::fresh());
    let come_and_go = || {
        for _ in 0..20_000 {
            let (watch, (place, _)) = relay.enter(job, None, 0);
            let known = relay.watches().get(&job).cloned();
            assert!(known.is_some_and(|known| Arc::ptr_eq(&known, &watch)), "this follower would get no events");
            relay.leave(&watch, place);
        }
    };

    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(come_and_go);
        }
    });

    assert_eq!(relay.watched(), 0);
}

#[tokio::test]
async fn what_is_wanted_of_a_redis_that_is_away_is_not_kept() {
    let (relay, job) = (alone(), JobId::fresh());
    let (done, subscribed) = oneshot::channel();

    let _ = relay.0.wanted.send(Want::Subscribe(job, done));

    // Dropped without an answer: the waiting task continues at once.
    let heard = tokio::time::timeout(Duration::from_secs(10), subscribed).await;
    assert!(matches!(heard, Ok(Err(_))), "{heard:?}");
}
