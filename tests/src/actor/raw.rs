//! A TCP connection for requests that no well-behaved client sends.
//! Tests of malformed input write bytes and look at what comes back.
//! It must never correct what the test says.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::observe::OrFail;

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

    /// Closes the connection so that the peer sees a reset.
    pub fn reset(self) {
        let _ = self.stream.set_zero_linger();
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.seen).into_owned()
    }
}
