//! The adapter against a server that does exactly what a test writes, byte for byte.
//! Short configured deadlines stand in for long ones; nothing sleeps to wait for something else.
//! No test here looks inside the adapter: what goes over the socket and what the stream yields is all.

mod answers;
mod failures;

use std::{future::Future, net::SocketAddr, sync::Arc};

use almanac_shared::platform::error::Code;
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
const CARDS: &str = r#"{"items":[{"front":"A1","back":"a1"},{"front":"B1","back":"b1"}]}"#;

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
    told_by(&adapter(addr), request).await
}

async fn told_by(adapter: &OpenRouter, request: AiRequest) -> (Told, Option<AiError>) {
    let events: Vec<_> = adapter.call(request).collect().await;
    let mut told = Told { fronts: Vec::new(), end: Err(AiErrorKind::Cancelled) };
    let mut failure = None;
    for event in events {
        match event {
            Ok(AiEvent::Started { .. }) => {}
            Ok(AiEvent::Item(Item::Flashcard(card))) => told.fronts.push(card.front),
            Ok(AiEvent::Item(other)) => panic!("not a card: {other:?}"),
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
