//! The leanest HTTP/1.1 client that is still honest: one kept connection, whole answers, and requests written beforehand.
//! The phases call it; streams read their socket themselves once its head is there.
//! It must never do work per request that could be done before the clock runs.

use std::{io, net::SocketAddr};

use anyhow::{Context, ensure};
use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A kept connection.
#[derive(Debug)]
pub struct Connection {
    socket: TcpStream,
    buffer: BytesMut,
}

/// A whole answer.
#[derive(Debug)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub body: Bytes,
}

impl Reply {
    /// The generation that a 202 names.
    pub fn generation(&self) -> anyhow::Result<String> {
        let body = String::from_utf8_lossy(&self.body);
        ensure!(self.status == 202, "a submit was answered {}: {body}", self.status);
        let read: Value = serde_json::from_slice(&self.body).context("reading the answer to a submit")?;
        // Enveloped on the one mount, bare on the other.
        let id = read["generation_id"].as_str().or_else(|| read["data"]["generation_id"].as_str());
        id.map(str::to_owned).with_context(|| format!("finding the id in {body}"))
    }
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        Ok(Self { socket, buffer: BytesMut::with_capacity(16 * 1024) })
    }

    /// Sends a request and reads the whole answer.
    pub async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Reply> {
        self.socket.write_all(request).await.context("sending a request")?;
        let (status, head, length) = self.read_head().await?;
        while self.buffer.len() < head + length {
            self.read_more().await?;
        }
        let mut answer = self.buffer.split_to(head + length);
        Ok(Reply { status, body: answer.split_off(head).freeze() })
    }

    /// Sends a request and waits for the head of a stream; what came behind the head is handed over with the socket.
    pub async fn follow(mut self, request: &[u8]) -> anyhow::Result<(TcpStream, BytesMut)> {
        self.socket.write_all(request).await.context("asking for a stream")?;
        let (status, head, _) = self.read_head().await?;
        ensure!(status == 200, "a stream was answered {status}: {}", String::from_utf8_lossy(&self.buffer));
        let rest = self.buffer.split_off(head);
        Ok((self.socket, rest))
    }

    async fn read_head(&mut self) -> anyhow::Result<(u16, usize, usize)> {
        loop {
            if let Some(head) = head_of(&self.buffer) {
                return Ok(head);
            }
            self.read_more().await?;
        }
    }

    async fn read_more(&mut self) -> anyhow::Result<()> {
        let read = self.socket.read_buf(&mut self.buffer).await.context("reading an answer")?;
        ensure!(read > 0, "the server closed the connection: {}", String::from_utf8_lossy(&self.buffer));
        Ok(())
    }
}

/// Status, length of the head, length of the body; none while the head is incomplete.
pub fn head_of(bytes: &[u8]) -> Option<(u16, usize, usize)> {
    const LENGTH: &[u8] = b"content-length:";
    let end = find(bytes, b"\r\n\r\n")? + 4;
    let head = bytes[..end].to_ascii_lowercase();
    let status = std::str::from_utf8(head.get(9..12)?).ok()?.parse().unwrap_or_default();
    let length = find(&head, LENGTH).and_then(|at| {
        let value = head[at + LENGTH.len()..].split(|byte| *byte == b'\r').next()?;
        std::str::from_utf8(value).ok()?.trim().parse().ok()
    });
    Some((status, end, length.unwrap_or(0)))
}

/// Where a needle first stands.
pub fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len()).position(|window| window == needle)
}

/// A request for a generation.
pub fn submit(token: &str, text: &str) -> Bytes {
    post(token, "/v1/ai/generations", &json!({ "source_text": text }))
}

/// A POST.
pub fn post(token: &str, path: &str, body: &Value) -> Bytes {
    let body = body.to_string();
    let length = body.len();
    Bytes::from(format!(
        "POST {path} HTTP/1.1\r\nhost: load\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    ))
}

/// A request for a job's events.
pub fn events(token: &str, job: &str) -> Bytes {
    Bytes::from(format!(
        "GET /v1/jobs/{job}/events HTTP/1.1\r\nhost: load\r\nauthorization: Bearer {token}\r\n\
         accept: text/event-stream\r\n\r\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let answer = b"HTTP/1.1 202 Accepted\r\nX: y\r\nContent-Length: 12\r\n\r\n{\"a\":\"bcd\"}\n";
        assert_eq!(head_of(answer), Some((202, answer.len() - 12, 12)));
        assert_eq!(head_of(&answer[..20]), None);
        assert_eq!(head_of(b"HTTP/1.1 204 No Content\r\n\r\n"), Some((204, 27, 0)));
    }
}
