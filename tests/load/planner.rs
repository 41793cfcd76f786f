//! A provider that fills a calendar's slots at a steady pace, one entry in one write, and says when each of them left.
//! Workers of the calendar phase are pointed at it. It looks into a request only for the keys of its slots.
//! It must never say that an entry left before its last byte was handed to the socket.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use anyhow::Context;
use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc::UnboundedSender,
    time::Instant,
};

use crate::{client, provider::delta};

/// What a planner has done, and when.
#[derive(Debug)]
pub enum Said {
    /// A request has arrived whole.
    Asked(Instant),
    /// The object of an entry has closed.
    Entry(String, Instant),
    /// The answer is complete.
    Ended(Instant),
}

/// Starts a planner on this runtime, with a pause before each entry.
pub async fn start(pace: Duration, tell: UnboundedSender<Said>) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("listening as the planner")?;
    let address = listener.local_addr().context("reading the planner's address")?;
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let tell = tell.clone();
            // A connection ends with its client.
            tokio::spawn(async move { serve(socket, pace, &tell).await });
        }
    });
    Ok(address)
}

async fn serve(mut socket: TcpStream, pace: Duration, tell: &UnboundedSender<Said>) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let mut buffer = BytesMut::with_capacity(64 * 1024);
    loop {
        while let Some((_, head, length)) =
            client::head_of(&buffer).filter(|(_, head, body)| buffer.len() >= head + body)
        {
            let asked = Instant::now();
            let body = buffer.split_to(head + length).split_off(head).freeze();
            answer(&mut socket, &body, pace, asked, tell).await?;
        }
        if socket.read_buf(&mut buffer).await? == 0 {
            return Ok(());
        }
    }
}

async fn answer(
    socket: &mut TcpStream,
    body: &Bytes,
    pace: Duration,
    asked: Instant,
    tell: &UnboundedSender<Said>,
) -> std::io::Result<()> {
    // There may be no receiver.
    let say = |said| drop(tell.send(said));
    say(Said::Asked(asked));
    let keys = keys(body);
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    socket.write_all(head.as_bytes()).await?;
    let mut due = Instant::now();
    for (place, key) in keys.iter().enumerate() {
        // From the beginning, not from the last entry: what is late does not make the rest late.
        due += pace;
        tokio::time::sleep_until(due).await;
        let before = if place == 0 { "{\"items\":[" } else { "," };
        let piece = format!("{before}{}", entry(key));
        socket.write_all(&chunk(&delta(&json!({ "content": piece }), &Value::Null))).await?;
        say(Said::Entry(key.clone(), Instant::now()));
    }
    let usage = json!({ "id": "load", "choices": [], "usage": { "prompt_tokens": 2000, "completion_tokens": 9000, "cost": 0.01 } });
    let end = [delta(&json!({ "content": "]}" }), &Value::Null), delta(&json!({}), &json!("stop"))].concat();
    socket.write_all(&chunk(&format!("{end}data: {usage}\n\ndata: [DONE]\n\n"))).await?;
    socket.write_all(b"0\r\n\r\n").await?;
    say(Said::Ended(Instant::now()));
    Ok(())
}

fn chunk(event: &str) -> Bytes {
    Bytes::from(format!("{:x}\r\n{event}\r\n", event.len()))
}

/// The keys of the slots that a request asks for.
fn keys(body: &[u8]) -> Vec<String> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let messages = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let asked =
        messages.iter().find(|message| message["role"] == "user").and_then(|message| message["content"].as_str());
    let task: Value = asked.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let slots = task["slots"].as_array().map(Vec::as_slice).unwrap_or_default();
    slots.iter().filter_map(|slot| slot["key"].as_str().map(str::to_owned)).collect()
}

/// An entry of usual length.
fn entry(key: &str) -> Value {
    json!({
        "key": key, "title": "What a slow morning does for a cup of coffee", "topic": "slow coffee", "format": "carousel",
        "caption": "Three minutes, one kettle, and nobody who asks for anything. ".repeat(5),
        "hashtags": ["#coffee", "#slowmorning", "#roastery"], "notes": "A photo of the kettle, from above.",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_a_request_are_read_from_its_task() {
        let task = json!({ "task": "calendar", "slots": [{ "key": "a" }, { "key": "b" }] }).to_string();
        let body = json!({ "messages": [{ "role": "system", "content": "x" }, { "role": "user", "content": task }] });
        assert_eq!(keys(body.to_string().as_bytes()), ["a", "b"]);
        assert!(keys(b"nothing").is_empty());
    }
}
