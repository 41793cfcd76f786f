//! HTTP connections: answers sent before the body was read, the size of heads, `Host`, logged paths.

use std::{net::SocketAddr, time::Duration};

use almanac_tests::{
    Stack, User,
    actor::raw::{RawAnswer, RawConnection},
    world::source_text,
};
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

const WITHIN: Duration = Duration::from_secs(30);
const KIB: usize = 1024;

/// A client that reuses its connection until an answer announces the close, as a pool does.
struct Pooling {
    address: SocketAddr,
    kept: Option<RawConnection>,
    lost: usize,
}

impl Pooling {
    fn at(address: SocketAddr) -> Self {
        Self { address, kept: None, lost: 0 }
    }

    /// Sends a request. A request that a reused connection does not answer counts as lost and is sent again.
    async fn send(&mut self, request: &[u8]) -> RawAnswer {
        for _ in 0..2 {
            let kept = self.kept.take();
            let was_kept = kept.is_some();
            let mut connection = match kept {
                Some(connection) => connection,
                None => RawConnection::open(self.address).await,
            };
            connection.send(request).await;
            if let Some(answer) = connection.answer(WITHIN).await {
                self.kept = (!answer.closes()).then_some(connection);
                return answer;
            }
            assert!(was_kept, "a new connection was closed without an answer");
            self.lost += 1;
        }
        panic!("a new connection was closed without an answer");
    }
}

fn head(user: &User, line: &str, more: &str) -> String {
    let token = user.token();
    let auth = if token.is_empty() { String::new() } else { format!("authorization: Bearer {token}\r\n") };
    format!("{line} HTTP/1.1\r\nhost: almanac.test\r\n{auth}content-type: application/json\r\n{more}")
}

/// A request with a body of this size, with `Content-Length` or in chunks.
fn request(user: &User, line: &str, size: usize, in_chunks: bool) -> Vec<u8> {
    let body = "x".repeat(size);
    if in_chunks {
        let chunks: String = body.as_bytes().chunks(4 * KIB).fold(String::new(), |chunks, chunk| {
            format!("{chunks}{:x}\r\n{}\r\n", chunk.len(), String::from_utf8_lossy(chunk))
        });
        return format!("{}transfer-encoding: chunked\r\n\r\n{chunks}0\r\n\r\n", head(user, line, "")).into_bytes();
    }
    format!("{}content-length: {size}\r\n\r\n{body}", head(user, line, "")).into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn early_answers_break_no_connection_of_a_pooling_client() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let nobody = anna.anonymous();
    let stranger = anna.with_token("not.a.token");
    let early = [
        (&anna, "POST /v1/nowhere", 404),
        (&anna, "PUT /v1/ai/generations", 405),
        (&nobody, "POST /v1/ai/generations", 401),
        (&stranger, "POST /v1/ai/calendar", 401),
        (&anna, "GET /v1/jobs/7", 404),
    ];
    let sizes = [1, 10 * KIB, 40 * KIB, 64 * KIB, 65 * KIB, 200 * KIB];
    let next = format!("{}\r\n", head(&anna, "GET /v1/version", "")).into_bytes();
    let mut client = Pooling::at(stack.api(0).address());

    let mut closed = Vec::new();
    let mut sent = 0;
    while sent < 200 {
        for (user, line, status) in early {
            let size = sizes[sent % sizes.len()];
            let in_chunks = sent % 2 == 1;
            let answer = client.send(&request(user, line, size, in_chunks)).await;
            assert_eq!(answer.status(), status, "{line}: {answer:?}");
            assert!(!answer.closes() || size >= 64 * KIB, "closed for {size} bytes of {line}");
            closed.push(answer.closes());
            let following = client.send(&next).await;
            assert_eq!(following.status(), 200, "{following:?}");
            sent += 1;
        }
    }

    assert_eq!(client.lost, 0, "of {sent} following requests");
    assert!(closed.contains(&true) && closed.contains(&false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_body_is_awaited_for_one_second_before_the_close() {
    let stack = Stack::shared().await;
    let nobody = stack.user().anonymous();
    let mut connection = RawConnection::open(stack.api(0).address()).await;

    let began = Instant::now();
    connection.send(format!("{}content-length: 10\r\n\r\nhalf", head(&nobody, "POST /v1/tickets", ""))).await;
    let answer = connection.answer(WITHIN).await.expect("an answer");

    assert!(answer.closes() && answer.status() == 401, "{answer:?}");
    assert!(began.elapsed() >= Duration::from_millis(900), "answered after {:?}", began.elapsed());
    assert_eq!(connection.read_to_end(WITHIN).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_early_answer_to_expect_continue_announces_the_close() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let body = json!({ "source_text": source_text("expecting") }).to_string();
    let expecting = |user: &User, line: &str| {
        head(user, line, &format!("expect: 100-continue\r\ncontent-length: {}\r\n\r\n", body.len()))
    };

    for (user, line, status) in [
        (anna.anonymous(), "POST /v1/ai/generations", 401),
        (anna.clone(), "POST /v1/nowhere", 404),
        (anna.clone(), "DELETE /v1/ai/generations", 405),
    ] {
        let mut connection = RawConnection::open(stack.api(0).address()).await;
        let began = Instant::now();
        connection.send(expecting(&user, line)).await;
        let answer = connection.answer(WITHIN).await.expect("an answer");
        assert!(answer.closes() && answer.status() == status, "{line}: {answer:?}");
        assert!(began.elapsed() < Duration::from_millis(900), "no draining with Expect");
    }

    let mut client = RawConnection::open(stack.api(0).address()).await;
    client.send(expecting(&anna, "POST /v1/ai/generations")).await;
    assert_eq!(client.answer(WITHIN).await.expect("a 100").status(), 100);
    client.send(&body).await;
    let accepted = client.answer(WITHIN).await.expect("an answer");
    assert!(
        accepted.status() == 202 && !accepted.closes(),
        "the connection stays open after a body that was read: {accepted:?}"
    );
}

/// A head of exactly this many bytes.
fn head_of(size: usize, fields: usize) -> String {
    let (line, end) = ("GET /healthz HTTP/1.1\r\nhost: almanac.test\r\n", "\r\n");
    let left = size - line.len() - end.len();
    let lengths = (0..fields).map(|n| left / fields + usize::from(n < left % fields));
    let filler: String =
        lengths.enumerate().map(|(n, length)| format!("x-{n:03}: {}\r\n", "y".repeat(length - 9))).collect();
    format!("{line}{filler}{end}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_over_16_kib_is_431_and_closes_the_connection() {
    let stack = Stack::shared().await;
    let address = stack.api(0).address();

    for fields in [1, 50] {
        let fits = head_of(16 * KIB, fields);
        assert_eq!(fits.len(), 16 * KIB);
        let mut connection = RawConnection::open(address).await;
        for _ in 0..2 {
            connection.send(&fits).await;
            let answer = connection.answer(WITHIN).await.expect("an answer");
            assert!(answer.status() == 200 && !answer.closes(), "{answer:?}");
        }
        for size in [16 * KIB + 1, 20 * KIB, 60 * KIB, 300 * KIB] {
            let mut connection = RawConnection::open(address).await;
            connection.send(head_of(size, fields)).await;
            let answer = connection.answer(WITHIN).await.unwrap_or_else(|| panic!("no answer to {size}"));
            assert_eq!((answer.status(), answer.body.len()), (431, 0), "{size}: {answer:?}");
            assert!(answer.closes(), "{size}: {answer:?}");
            assert_eq!(connection.read_to_end(WITHIN).await, "");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http_1_1_needs_exactly_one_host() {
    let stack = Stack::shared().await;
    let ask = async |head: &str| {
        let mut connection = RawConnection::open(stack.api(0).address()).await;
        connection.send(format!("{head}\r\n")).await;
        connection.answer(WITHIN).await.expect("an answer")
    };

    let wrong = [
        "GET /healthz HTTP/1.1\r\n",
        "GET /healthz HTTP/1.1\r\nhost: a.test\r\nhost: a.test\r\n",
        "GET /healthz HTTP/1.1\r\nhost: a.test\r\nhost: b.test\r\n",
        "GET /v1/jobs HTTP/1.1\r\nhost:\r\nhost: b.test\r\n",
        "GET /healthz HTTP/1.1\r\nhost: a.test, b.test\r\n",
        "GET /healthz HTTP/1.1\r\nhost: a.test/path\r\n",
        "GET /healthz HTTP/1.1\r\nhost: user@a.test\r\n",
        "GET http://a.test/healthz HTTP/1.1\r\n",
    ];
    for head in wrong {
        let answer = ask(head).await;
        assert_eq!(answer.status(), 400, "{head}");
        let body: Value = serde_json::from_slice(&answer.body).expect("an envelope");
        assert_eq!(body["error"]["code"], "VALIDATION_FAILED", "{head}");
        assert_eq!(body["error"]["details"][0]["loc"], json!(["header", "Host"]), "{head}");
        assert!(answer.closes(), "{head}");
    }
    let right = [
        "GET /healthz HTTP/1.1\r\nhost: a.test\r\n",
        "GET /healthz HTTP/1.1\r\nHOST: a.test:8080\r\n",
        "GET /healthz HTTP/1.1\r\nhost: [::1]:8080\r\n",
        "GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n",
        "GET /healthz HTTP/1.0\r\n",
    ];
    for head in right {
        assert_eq!(ask(head).await.status(), 200, "{head}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logged_path_has_at_most_256_characters() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let id = format!("long-path-{}", Uuid::now_v7());
    let path = format!("/v1/{}", "p".repeat(4_000));

    anna.request(http::Method::GET, &path).header("x-request-id", &id).send().await.refused(404, "NOT_FOUND");

    let log = stack.api(0).log();
    let lines: Vec<Value> =
        log.lines().filter(|line| line.contains(&id)).map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!lines.is_empty());
    for line in lines {
        assert_eq!(line["path"].as_str().map(str::len), Some(256), "{line}");
        assert!(line.to_string().len() < 2_000, "{line}");
    }
}
