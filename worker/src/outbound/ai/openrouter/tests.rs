//! The adapter against a server that does exactly what a test writes, byte for byte.
//! Short configured deadlines stand in for long ones; nothing sleeps to wait for something else.
//! No test here looks inside the adapter: what goes over the socket and what the stream yields is all.

use std::{future::Future, net::SocketAddr, sync::Arc};

use almanac_shared::error::Code;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

use super::*;
use crate::outbound::{
    ai::{AiUsage, Item, Task},
    http,
};

const KEY: &str = "canary-of-the-key/1";
const STREAM_HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-generation-id: gen-1\r\n";
const CARDS: &str = r#"{"items":[{"front":"A?","back":"a"},{"front":"B?","back":"b"}]}"#;

/// Starts a server that runs `act` on every connection, after reading the request on it.
async fn serve<F, A>(act: A) -> SocketAddr
where
    A: Fn(TcpStream, String) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let act = Arc::new(act);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let act = act.clone();
            tokio::spawn(async move {
                if let Some(request) = read_request(&mut socket).await {
                    act(socket, request).await;
                }
            });
        }
    });
    addr
}

async fn read_request(socket: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        if body.len() >= length.unwrap_or(0) {
            return Some(text);
        }
    }
}

/// A server that answers every request with these bytes and closes.
async fn answering(response: impl Into<Vec<u8>>) -> SocketAddr {
    let response = response.into();
    serve(move |mut socket, _| {
        let response = response.clone();
        async move {
            let _ = socket.write_all(&response).await;
        }
    })
    .await
}

/// A server that sends these bytes and then keeps the connection open until the client closes it.
async fn hanging_after(response: &'static str) -> SocketAddr {
    serve(move |mut socket, _| async move {
        let _ = socket.write_all(response.as_bytes()).await;
        let _ = socket.read(&mut [0]).await;
    })
    .await
}

fn chunk(content: &str) -> String {
    format!(
        "data: {}\n\n",
        json!({"id": "gen-1", "model": "x/y", "choices": [{"index": 0, "delta": {"content": content}}]})
    )
}

fn end() -> String {
    let finish = json!({"id": "gen-1", "choices": [{"delta": {}, "finish_reason": "stop"}]});
    let usage = r#"{"id":"gen-1","choices":[],"usage":{"prompt_tokens":11,"completion_tokens":22,"cost":0.00095}}"#;
    format!("data: {finish}\n\ndata: {usage}\n\n")
}

fn stream_of(body: &str) -> String {
    format!("{STREAM_HEAD}connection: close\r\n\r\n{body}")
}

fn adapter(addr: SocketAddr) -> OpenRouter {
    OpenRouter::new(http::client().unwrap(), &format!("http://{addr}/v1/"), Some(KEY.into())).unwrap()
}

fn request() -> AiRequest {
    let document = json!({"task": "flashcards", "source_text": "text", "count": 10});
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut request = AiRequest::new(Task::Flashcards.prompt("v1").unwrap(), "x/y".to_owned(), document, deadline);
    request.traceparent = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
    request
}

#[derive(Debug, PartialEq)]
struct Told {
    fronts: Vec<String>,
    end: Result<AiUsage, AiErrorKind>,
}

async fn call_with(addr: SocketAddr, request: AiRequest) -> (Told, Option<AiError>) {
    let events: Vec<_> = adapter(addr).call(request).collect().await;
    let mut told = Told { fronts: Vec::new(), end: Err(AiErrorKind::Cancelled) };
    let mut failure = None;
    for event in events {
        match event {
            Ok(AiEvent::Started { .. }) => {}
            Ok(AiEvent::Item(Item::Flashcard(card))) => told.fronts.push(card.front),
            Ok(AiEvent::Finished(usage)) => told.end = Ok(usage),
            Err(error) => {
                told.end = Err(error.kind);
                failure = Some(error);
            }
        }
    }
    (told, failure)
}

async fn call(addr: SocketAddr) -> Told {
    call_with(addr, request()).await.0
}

async fn failure(addr: SocketAddr) -> AiError {
    call_with(addr, request()).await.1.unwrap()
}

#[tokio::test]
async fn a_call_sends_one_request_and_tells_its_items_usage_and_cost() {
    let (sent, mut received) = mpsc::unbounded_channel();
    let body = format!(
        ": OPENROUTER PROCESSING\r\n\r\n{}{}{}data: [DONE]\n\n",
        chunk(&CARDS[..20]),
        chunk(&CARDS[20..]),
        end()
    );
    let addr = serve(move |mut socket, request| {
        let (sent, body) = (sent.clone(), body.clone());
        async move {
            sent.send(request).unwrap();
            socket.write_all(stream_of(&body).as_bytes()).await.unwrap();
        }
    })
    .await;

    let events: Vec<_> = adapter(addr).call(request()).map(|event| event.unwrap()).collect().await;

    let [AiEvent::Started { provider_ref }, AiEvent::Item(_), AiEvent::Item(_), AiEvent::Finished(usage)] = &events[..]
    else {
        panic!("unexpected events: {events:?}")
    };
    assert_eq!(provider_ref.as_deref(), Some("gen-1"));
    assert_eq!((usage.tokens_input, usage.tokens_output), (Some(11), Some(22)));
    assert_eq!((usage.cost_usd.as_deref(), usage.model.as_deref()), (Some("0.00095"), Some("x/y")));
    assert_eq!((usage.finish_reason.as_deref(), usage.items.kept, &usage.excerpt), (Some("stop"), 2, &None));

    let sent = received.recv().await.unwrap();
    assert!(sent.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{sent}");
    assert!(sent.contains(&format!("authorization: Bearer {KEY}\r\n")));
    assert!(sent.contains("traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"));
    assert!(sent.contains(r#""stream":true"#) && !sent.contains("require_parameters"));
    assert!(received.try_recv().is_err());
}

#[tokio::test]
async fn each_refusal_before_the_stream_has_its_kind_and_code() {
    let table = [
        (400, AiErrorKind::Rejected, Code::ProviderRejected),
        (401, AiErrorKind::Auth, Code::ProviderAuth),
        (402, AiErrorKind::Quota, Code::ProviderAuth),
        (403, AiErrorKind::Policy, Code::ProviderRejected),
        (307, AiErrorKind::Rejected, Code::ProviderRejected),
        (408, AiErrorKind::Transient, Code::ProviderTimeout),
        (429, AiErrorKind::RateLimited, Code::ProviderRateLimited),
        (500, AiErrorKind::Transient, Code::ProviderError),
        (503, AiErrorKind::Transient, Code::ProviderError),
    ];

    for (status, kind, code) in table {
        let body = json!({"error": {"code": status, "message": "no, anna@example.com"}}).to_string();
        let head = format!(
            "HTTP/1.1 {status} x\r\nlocation: /v1/chat/completions\r\nx-request-id: req-1\r\nretry-after: 3\r\n"
        );
        let addr = answering(format!("{head}content-length: {}\r\n\r\n{body}", body.len())).await;

        let error = failure(addr).await;

        assert_eq!((error.kind, error.code(), error.status), (kind, code, Some(status)));
        assert_eq!((error.provider_ref.as_deref(), error.retry_after), (Some("req-1"), Some(Duration::from_secs(3))));
        assert!(error.excerpt.unwrap().contains("no, [redacted]"));
    }
}

#[tokio::test]
async fn a_refusal_whose_body_never_comes_is_told_by_its_status() {
    let addr = hanging_after("HTTP/1.1 503 x\r\ncontent-length: 10\r\n\r\n").await;
    let mut request = request();
    request.deadline = Instant::now() + Duration::from_millis(300);

    let (told, _) = call_with(addr, request).await;

    assert_eq!(told.end, Err(AiErrorKind::Transient));
}

#[tokio::test]
async fn the_key_is_in_no_error_even_when_the_provider_repeats_it() {
    let refused = answering(format!("HTTP/1.1 401 x\r\nconnection: close\r\n\r\nbad key {KEY}, Bearer {KEY}")).await;
    let inside = answering(stream_of(&format!("data: {{\"error\":{{\"message\":\"{KEY}\"}}}}\n\n"))).await;
    let garbage = answering(stream_of(&format!("data: {KEY}\n\n"))).await;

    for addr in [refused, inside, garbage] {
        let error = failure(addr).await;
        assert!(error.excerpt.as_ref().is_some_and(|excerpt| excerpt.contains("[redacted]")), "{error:?}");
        assert!(!format!("{error:?} {error} {} {:?}", error.detail(), adapter(addr)).contains(KEY), "{error:?}");
    }
}

#[tokio::test]
async fn an_error_chunk_inside_200_ends_the_call_and_keeps_what_was_made() {
    let error = r#"{"id":"gen-1","error":{"code":502,"message":"gone"},"choices":[{"delta":{"content":""},"finish_reason":"error"}]}"#;
    let addr = answering(stream_of(&format!("{}data: {error}\n\n", chunk(&CARDS[..36])))).await;

    let (told, error) = call_with(addr, request()).await;

    assert_eq!(told, Told { fronts: vec!["A?".to_owned()], end: Err(AiErrorKind::InStream) });
    let error = error.unwrap();
    assert_eq!((error.status, error.retryable(), error.retryable_at_once()), (Some(502), true, false));
    assert_eq!(error.usage.unwrap().items.kept, 1);
}

#[tokio::test]
async fn a_stream_cut_at_any_byte_yields_a_prefix_and_finishes_only_when_it_was_whole() {
    let body = format!("{}{}{}data: [DONE]\n\n", chunk(&CARDS[..30]), chunk(&CARDS[30..]), end());
    // The line that says "stop" counts as soon as its JSON is whole.
    let whole_from = body.find("\"stop\"").unwrap() + body[body.find("\"stop\"").unwrap()..].find('\n').unwrap();

    for cut in 0..=body.len() {
        let addr = answering(stream_of(&body[..cut])).await;
        let told = call(addr).await;
        let all = ["A?", "B?"];
        assert_eq!(told.fronts, all[..told.fronts.len()], "cut at {cut}");
        match told.end {
            Ok(_) => assert!(cut >= whole_from, "finished though cut at {cut}"),
            Err(kind) => {
                assert_eq!(kind, AiErrorKind::Truncated, "cut at {cut}");
                assert!(cut < whole_from, "not finished though cut at {cut}");
            }
        }
    }
}

#[tokio::test]
async fn a_chunked_response_without_its_last_chunk_is_truncated() {
    let content = chunk(CARDS);
    let addr =
        answering(format!("{STREAM_HEAD}transfer-encoding: chunked\r\n\r\n{:x}\r\n{content}\r\n", content.len())).await;

    let told = call(addr).await;

    assert_eq!((told.fronts.len(), told.end), (2, Err(AiErrorKind::Truncated)));
}

#[tokio::test]
async fn silence_ends_by_the_idle_time_and_a_short_deadline_comes_first() {
    let silent = hanging_after("").await;
    let after_head = hanging_after("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n: hi\n\n").await;

    for addr in [silent, after_head] {
        let mut idle = request();
        idle.idle = Duration::from_millis(50);
        let mut late = request();
        late.deadline = Instant::now() + Duration::from_millis(50);

        assert_eq!(call_with(addr, idle).await.0.end, Err(AiErrorKind::Idle));
        let (told, error) = call_with(addr, late).await;
        assert_eq!(told.end, Err(AiErrorKind::Timeout));
        assert!(error.unwrap().elapsed >= Duration::from_millis(40));
    }
}

#[tokio::test]
async fn a_drip_does_not_outlive_the_deadline() {
    let addr = serve(|mut socket, _| async move {
        let _ = socket.write_all(stream_of("").as_bytes()).await;
        let mut beat = tokio::time::interval(Duration::from_millis(5));
        while socket.write_all(b": still here\n").await.is_ok() {
            beat.tick().await;
        }
    })
    .await;
    let mut request = request();
    request.deadline = Instant::now() + Duration::from_millis(150);
    request.idle = Duration::from_millis(100);

    assert_eq!(call_with(addr, request).await.0.end, Err(AiErrorKind::Timeout));
}

#[tokio::test]
async fn floods_are_cut_off() {
    let flood = |head: String, piece: String| {
        serve(move |mut socket, _| {
            let (head, piece) = (head.clone(), piece.clone());
            async move {
                let _ = socket.write_all(head.as_bytes()).await;
                while socket.write_all(piece.as_bytes()).await.is_ok() {}
            }
        })
    };
    let line_without_end = flood(stream_of("data: "), "x".repeat(65_536)).await;
    let endless_answer = flood(stream_of(&chunk(&CARDS[..36])), chunk(&"x".repeat(16_384))).await;
    let endless_json =
        flood("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n".to_owned(), "[".repeat(65_536)).await;

    assert_eq!(call(line_without_end).await.end, Err(AiErrorKind::TooLarge));
    assert_eq!(call(endless_json).await.end, Err(AiErrorKind::TooLarge));
    let told = call(endless_answer).await;
    assert_eq!((told.fronts.len(), told.end), (1, Err(AiErrorKind::TooLarge)));
}

#[tokio::test]
async fn a_missing_done_is_fine_after_a_finish_reason() {
    let closed = answering(stream_of(&format!("{}{}", chunk(CARDS), end()))).await;
    let silent = serve(|mut socket, _| async move {
        let _ = socket.write_all(stream_of(&format!("{}{}", chunk(CARDS), end())).as_bytes()).await;
        let _ = socket.read(&mut [0]).await;
    })
    .await;
    let mut patient = request();
    patient.idle = Duration::from_millis(50);

    for told in [call(closed).await, call_with(silent, patient).await.0] {
        assert_eq!((told.fronts.len(), told.end.unwrap().tokens_output), (2, Some(22)));
    }
}

#[tokio::test]
async fn usage_may_share_a_chunk_with_the_last_words() {
    let last = r#"{"choices":[{"delta":{"content":"}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#;
    let addr =
        answering(stream_of(&format!("{}data: {last}\n\ndata: [DONE]\n\n", chunk(&CARDS[..CARDS.len() - 1])))).await;

    let usage = call(addr).await.end.unwrap();

    assert_eq!((usage.tokens_input, usage.tokens_output, usage.cost_usd), (Some(1), Some(2), None));
}

#[tokio::test]
async fn fenced_json_with_prose_around_it_gives_its_items() {
    let text = format!("Sure! Here are your cards:\n```json\n{CARDS}\n```\nEnjoy {{them}}.");
    let pieces: String = text.chars().map(|char| chunk(&char.to_string())).collect();
    let addr = answering(stream_of(&format!("{pieces}{}data: [DONE]\n\n", end()))).await;

    assert_eq!(call(addr).await.fronts, ["A?", "B?"]);
}

#[tokio::test]
async fn an_answer_without_items_is_an_error_that_says_which() {
    let table = [
        (r#"{"items":[]}"#, "stop", AiErrorKind::EmptyOutput),
        ("", "stop", AiErrorKind::EmptyOutput),
        ("I would rather not.", "stop", AiErrorKind::InvalidOutput),
        (r#"{"items":[{"front":"A"#, "length", AiErrorKind::Truncated),
        ("", "content_filter", AiErrorKind::Policy),
        ("", "error", AiErrorKind::InStream),
    ];

    for (text, reason, kind) in table {
        let finish = json!({"choices": [{"delta": {}, "finish_reason": reason}]});
        let addr = answering(stream_of(&format!("{}data: {finish}\n\ndata: [DONE]\n\n", chunk(text)))).await;
        let (told, error) = call_with(addr, request()).await;
        assert_eq!(told.end, Err(kind), "{text} {reason}");
        assert_eq!(error.unwrap().excerpt.as_deref(), Some(text).filter(|text| !text.is_empty()));
    }
}

#[tokio::test]
async fn a_server_that_does_not_stream_is_read_all_the_same() {
    let body = json!({"id": "c-1", "choices": [{"message": {"content": CARDS}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4}});
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\nconnection: close\r\n\r\n";
    let whole = answering(format!("{head}{body}")).await;
    let error = answering(format!("{head}{}", json!({"error": {"code": 402, "message": "no credits"}}))).await;
    let cut = answering(format!("{head}{}", &body.to_string()[..40])).await;

    assert_eq!(call(whole).await.fronts, ["A?", "B?"]);
    assert_eq!(call(error).await.end, Err(AiErrorKind::Quota));
    assert_eq!(call(cut).await.end, Err(AiErrorKind::Truncated));
}

#[tokio::test]
async fn no_server_and_a_lost_connection_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);
    let resetting = serve(|socket, _| async move {
        // SO_LINGER of zero makes the close a reset.
        socket.set_zero_linger().unwrap();
    })
    .await;
    let closing = answering("").await;

    assert_eq!(call(nobody).await.end, Err(AiErrorKind::Connect));
    assert_eq!(call(resetting).await.end, Err(AiErrorKind::Reset));
    assert_eq!(call(closing).await.end, Err(AiErrorKind::Reset));
}

#[tokio::test]
async fn dropping_the_stream_closes_the_connection() {
    let (closed, mut seen) = mpsc::unbounded_channel();
    let addr = serve(move |mut socket, _| {
        let closed = closed.clone();
        async move {
            socket.write_all(stream_of(&chunk(&CARDS[..36])).as_bytes()).await.unwrap();
            let end = socket.read(&mut [0]).await;
            closed.send(matches!(end, Ok(0) | Err(_))).unwrap();
        }
    })
    .await;
    let mut stream = adapter(addr).call(request());
    assert!(matches!(stream.next().await, Some(Ok(AiEvent::Started { .. }))));
    assert!(matches!(stream.next().await, Some(Ok(AiEvent::Item(_)))));

    drop(stream);

    assert_eq!(seen.recv().await, Some(true));
}

#[tokio::test]
async fn items_of_one_read_are_ready_together() {
    let addr = answering(stream_of(&format!("{}{}data: [DONE]\n\n", chunk(CARDS), end()))).await;

    let bursts: Vec<usize> = adapter(addr).call(request()).ready_chunks(64).map(|burst| burst.len()).collect().await;

    // Started and both items came in one chunk, so no burst may part them.
    assert!(bursts[0] >= 3, "{bursts:?}");
}

#[tokio::test]
async fn nothing_is_sent_before_the_stream_is_polled() {
    let (sent, mut received) = mpsc::unbounded_channel();
    let addr = serve(move |_, request| {
        let _ = sent.send(request);
        async {}
    })
    .await;

    drop(adapter(addr).call(request()));
    assert_eq!(call(addr).await.end, Err(AiErrorKind::Reset));

    assert!(received.recv().await.is_some());
    assert!(received.try_recv().is_err());
}

#[tokio::test]
async fn a_finished_call_gives_its_connection_to_the_next() {
    let (accepted, mut connections) = mpsc::unbounded_channel();
    let body = format!("{}{}data: [DONE]\n\n", chunk(CARDS), end());
    let addr = serve(move |mut socket, _| {
        let (accepted, body) = (accepted.clone(), body.clone());
        async move {
            accepted.send(()).unwrap();
            loop {
                let response =
                    format!("{STREAM_HEAD}transfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
                if socket.write_all(response.as_bytes()).await.is_err() || read_request(&mut socket).await.is_none() {
                    return;
                }
            }
        }
    })
    .await;
    let adapter = adapter(addr);

    for _ in 0..3 {
        let events: Vec<_> = adapter.call(request()).collect().await;
        assert!(matches!(events.last(), Some(Ok(AiEvent::Finished(_)))), "{events:?}");
    }

    assert!(connections.recv().await.is_some());
    assert!(connections.try_recv().is_err());
}

#[tokio::test]
async fn a_key_or_a_url_that_cannot_be_used_is_refused_at_start() {
    let client = || http::client().unwrap();

    assert!(OpenRouter::new(client(), "ftp://host/v1", None).is_err());
    assert!(OpenRouter::new(client(), "host/v1", None).is_err());
    let error = OpenRouter::new(client(), "http://host/v1", Some("two\nlines".into())).unwrap_err();
    assert!(!format!("{error:?}").contains("two"));
}
