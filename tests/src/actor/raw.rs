//! A TCP connection for requests that no well-behaved client sends.
//! Tests of malformed input write bytes and look at what comes back.
//! It must never correct what the test says.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::observe::OrFail;

/// One answer on a kept-alive connection.
#[derive(Clone, Debug)]
pub struct RawAnswer {
    /// Status line and headers, in lower case.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl RawAnswer {
    /// The status.
    pub fn status(&self) -> u16 {
        let status = self.head.split(' ').nth(1).and_then(|status| status.parse().ok());
        status.or_fail(&format!("no status: {}", self.head))
    }

    /// Whether it announces the close of the connection.
    pub fn closes(&self) -> bool {
        self.head.lines().any(|line| line == "connection: close")
    }
}

/// An open connection.
#[derive(Debug)]
pub struct RawConnection {
    stream: TcpStream,
    seen: Vec<u8>,
}

impl RawConnection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.or_fail("connecting");
        stream.set_nodelay(true).or_fail("connecting");
        Self { stream, seen: Vec::new() }
    }

    /// Sends bytes; a server that has closed already is no failure of the test.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    /// Says that nothing more will come.
    pub async fn end(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// Reads until the server closes, at most this long; fails the test when it does not.
    pub async fn read_to_end(&mut self, within: Duration) -> String {
        // A reset is an end as well.
        let read = tokio::time::timeout(within, self.stream.read_to_end(&mut self.seen)).await;
        assert!(read.is_ok(), "the server kept the connection open for {within:?}: {}", self.text());
        self.text()
    }

    /// Reads until a text has come, at most this long.
    pub async fn read_until(&mut self, text: &str, within: Duration) -> String {
        let read = async {
            while !self.text().contains(text) {
                if self.stream.read_buf(&mut self.seen).await.unwrap_or(0) == 0 {
                    return false;
                }
            }
            true
        };
        let found = tokio::time::timeout(within, read).await;
        assert_eq!(found, Ok(true), "did not come: {text:?}; so far: {}", self.text());
        self.text()
    }

    /// Reads one answer with a `Content-Length`; `None` if the connection ends before the answer is complete.
    pub async fn answer(&mut self, within: Duration) -> Option<RawAnswer> {
        let read = async {
            loop {
                if let Some(answer) = self.take_answer() {
                    return Some(answer);
                }
                if self.stream.read_buf(&mut self.seen).await.unwrap_or(0) == 0 {
                    return None;
                }
            }
        };
        let read = tokio::time::timeout(within, read).await;
        read.or_fail(&format!("no answer within {within:?}"))
    }

    fn take_answer(&mut self) -> Option<RawAnswer> {
        let end = self.seen.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let head = String::from_utf8_lossy(&self.seen[..end]).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.parse().or_fail("content-length"));
        if self.seen.len() < end + length {
            return None;
        }
        let body = self.seen[end..end + length].to_vec();
        self.seen.drain(..end + length);
        Some(RawAnswer { head, body })
    }

    /// Closes the connection so that the peer sees a reset.
    pub fn reset(self) {
        let _ = self.stream.set_zero_linger();
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.seen).into_owned()
    }
}
