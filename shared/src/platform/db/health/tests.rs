//! The probe against servers that are silent, refuse, or answer that they take no more connections.

use std::{
    future::pending,
    sync::atomic::{AtomicBool, Ordering},
};

use tokio::net::TcpListener;

use super::*;

const LIMIT: Duration = Duration::from_secs(30);

/// A server that is silent until it is released; then it refuses each login, as a full server does.
async fn server(answers: Arc<AtomicBool>) -> PgConnectOptions {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut silent = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            if answers.load(Ordering::Relaxed) {
                tokio::spawn(refuse(stream));
            } else {
                silent.push(stream);
            }
        }
    });
    PgConnectOptions::new().host("127.0.0.1").port(port).username("nobody")
}

async fn refuse(mut stream: TcpStream) -> io::Result<()> {
    let mut asked = [0; 512];
    let _encryption = stream.read(&mut asked).await?;
    stream.write_all(b"N").await?;
    let _login = stream.read(&mut asked).await?;
    let fields = b"SFATAL\0VFATAL\0C53300\0Msorry, too many clients already\0\0";
    stream.write_all(b"E").await?;
    stream.write_all(&u32::try_from(fields.len() + 4).unwrap_or(0).to_be_bytes()).await?;
    stream.write_all(fields).await
}

fn is_gone_error<T>(answer: sqlx::Result<T>) -> bool {
    answer.is_err_and(|error| is_gone(&error))
}

#[tokio::test]
async fn a_silent_server_is_gone_until_it_answers_again() {
    let answers = Arc::new(AtomicBool::new(false));
    let health = Health::start(server(answers.clone()).await);

    // The first waiter gets the result as soon as the probe is over, and later ones are not even sent.
    assert!(is_gone_error(health.within(LIMIT, pending::<sqlx::Result<()>>()).await));
    assert!(!health.is_reachable().await);
    assert!(is_gone_error(health.within(LIMIT, async { Ok(()) }).await));

    answers.store(true, Ordering::Relaxed);
    let mut state = health.0.state.subscribe();
    state.wait_for(|state| *state == State::Healthy).await.unwrap();
    health.within(LIMIT, async { Ok(()) }).await.unwrap();
}

#[tokio::test]
async fn a_refused_connection_is_gone() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let health = Health::start(PgConnectOptions::new().host("127.0.0.1").port(free).username("nobody"));

    let timed_out = health.within(LIMIT, async { Err::<(), _>(sqlx::Error::PoolTimedOut) }).await;

    assert!(matches!(timed_out, Err(sqlx::Error::PoolTimedOut)), "a full pool alone is no outage");
    assert!(!health.is_reachable().await, "but it started the probe");
}

#[tokio::test]
async fn a_server_that_is_slow_or_busy_is_not_gone() {
    let health = Health::start(server(Arc::new(AtomicBool::new(true))).await);

    for busy in [sqlx::Error::PoolTimedOut, sqlx::Error::WorkerCrashed] {
        health.within(LIMIT, async { Err::<(), _>(busy) }).await.unwrap_err();
        assert!(health.is_reachable().await);
    }
    let silent = health.within(SUSPECT_AFTER * 2, pending::<sqlx::Result<()>>()).await;

    assert!(silent.is_err_and(|error| is_outage(&error) && !is_gone(&error)));
    assert!(health.is_reachable().await);
}

/// As through a slow network: the whole login takes longer than silence may.
#[tokio::test]
async fn a_server_whose_every_answer_is_late_is_not_gone() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                sleep(FIRST.greeting * 3 / 5).await;
                refuse(stream).await
            });
        }
    });
    let health = Health::start(PgConnectOptions::new().host("127.0.0.1").port(port).username("nobody"));

    health.within(LIMIT, async { Err::<(), _>(sqlx::Error::PoolTimedOut) }).await.unwrap_err();

    assert!(health.is_reachable().await);
}
