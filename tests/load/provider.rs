//! A provider that answers at once: a completion of ten cards, or of what a phase gives it, in twenty chunks, one write each.
//! Workers of the phases are pointed at it, because the scripted world's ledger and scripts cost more than the worker.
//! It must never pause, and never look into a request more than finding its end takes.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context;
use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc::UnboundedSender,
    time::Instant,
};

use crate::client;

const CHUNKS: usize = 20;
const CARDS: usize = 10;

/// A request that has arrived whole.
#[derive(Debug)]
pub struct Call {
    /// When.
    pub at: Instant,
    /// Its body.
    pub body: Bytes,
}

/// Starts a provider of ten cards on this runtime; reports each call to the receivers.
pub async fn start(tell: UnboundedSender<Call>) -> anyhow::Result<SocketAddr> {
    answering(tell, &cards()).await
}

/// The same with another answer.
pub async fn answering(tell: UnboundedSender<Call>, content: &Value) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("listening as the provider")?;
    let address = listener.local_addr().context("reading the provider's address")?;
    let answer = answer(content);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (answer, tell) = (answer.clone(), tell.clone());
            // A connection ends with its client.
            tokio::spawn(async move { serve(socket, &answer, &tell).await });
        }
    });
    Ok(address)
}

async fn serve(mut socket: TcpStream, answer: &[Bytes], tell: &UnboundedSender<Call>) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let mut buffer = BytesMut::with_capacity(32 * 1024);
    loop {
        while let Some((_, head, length)) =
            client::head_of(&buffer).filter(|(_, head, body)| buffer.len() >= head + body)
        {
            let body = buffer.split_to(head + length).split_off(head).freeze();
            // There may be no receiver.
            let _ = tell.send(Call { at: Instant::now(), body });
            for piece in answer {
                socket.write_all(piece).await?;
            }
        }
        if socket.read_buf(&mut buffer).await? == 0 {
            return Ok(());
        }
    }
}

fn cards() -> Value {
    let cards: Vec<Value> = (1..=CARDS)
        .map(|n| json!({ "front": format!("What is stated in point {n}?"), "back": format!("Statement number {n}. ").repeat(5) }))
        .collect();
    json!({ "items": cards })
}

/// The answer as it is written: head and chunks, the last with the usage and the end.
fn answer(content: &Value) -> Vec<Bytes> {
    let content: Vec<char> = content.to_string().chars().collect();
    let mut events: Vec<String> = content
        .chunks(content.len().div_ceil(CHUNKS))
        .map(|piece| delta(&json!({ "content": piece.iter().collect::<String>() }), &Value::Null))
        .collect();
    let usage = json!({ "id": "load", "choices": [], "usage": { "prompt_tokens": 1500, "completion_tokens": 400, "cost": 0.001 } });
    events.push(format!("{}data: {usage}\n\ndata: [DONE]\n\n", delta(&json!({}), &json!("stop"))));
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let last = events.len() - 1;
    let written = events.iter().enumerate().map(|(place, event)| {
        let before = if place == 0 { head } else { "" };
        let after = if place == last { "0\r\n\r\n" } else { "" };
        Bytes::from(format!("{before}{:x}\r\n{event}\r\n{after}", event.len()))
    });
    written.collect()
}

/// One piece of an answer, as an event.
pub fn delta(delta: &Value, finish: &Value) -> String {
    let chunk =
        json!({ "id": "load", "model": "load", "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] });
    format!("data: {chunk}\n\n")
}
