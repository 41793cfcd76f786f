//! Clients on raw connections: slow, silent, and sending invalid HTTP.

use std::time::Duration;

use almanac_tests::{Stack, actor::raw::RawConnection, rows::Rows};
use tokio::time::Instant;

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_do_not_come_in_fifteen_seconds_are_not_waited_for() {
    let stack = Stack::shared().await;
    let address = stack.api(0).address();
    let wait = async |start: &str| {
        let mut connection = RawConnection::open(address).await;
        connection.send(start).await;
        let began = Instant::now();
        let answer = connection.read_to_end(Duration::from_secs(45)).await;
        assert_eq!(answer, "", "closed without an answer");
        assert!(began.elapsed() >= Duration::from_secs(10), "closed after {:?}", began.elapsed());
    };

    tokio::join!(wait(""), wait("GET /v1/jobs HTTP/1.1\r\nhost: x\r\n"), wait("G"));

    stack.user().get("/v1/jobs").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_come_in_thirty_seconds_is_408() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let mut connection = RawConnection::open(stack.api(0).address()).await;
    let head = format!(
        "POST /v1/ai/generations HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: 2000\r\n\r\n{{\"source_text\": \"",
        anna.token()
    );

    connection.send(head).await;
    let answer = connection.read_until("\"meta\"", Duration::from_secs(75)).await;

    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(
        answer.contains("\"BODY_TIMEOUT\"") && answer.to_lowercase().contains("x-error-code: body_timeout"),
        "{answer}"
    );
    assert_eq!(Rows::of(&stack.admin().await, anna.id).await, Rows::none());
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_on_the_wire_is_survived() {
    let stack = Stack::shared().await;
    let token = stack.user().token().to_owned();
    let smuggled = format!(
        "POST /v1/tickets HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: 3\r\n\
         transfer-encoding: chunked\r\nconnection: close\r\n\r\n0\r\n\r\nGET /v1/jobs HTTP/1.1\r\n\r\n"
    );
    let cases = [
        "GET / HTTP/9.9\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
        "POST /v1/jobs\r\n\r\n",
        "GET /v1/jobs HTTP/1.1\r\nbad header\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        smuggled.as_str(),
    ];

    for nonsense in cases {
        let mut connection = RawConnection::open(stack.api(0).address()).await;
        connection.send(nonsense).await;
        let answer = connection.read_to_end(Duration::from_secs(30)).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.0 4"), "{answer}");
        assert!(answer.matches("HTTP/1.").count() <= 1, "one request, one answer: {answer}");
    }
    stack.user().get("/v1/jobs").await.expect(200);
}
