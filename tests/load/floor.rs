//! The least that telling many sockets can cost: a process without HTTP, database and Redis that copies what it is told
//! to each of them. The driver starts it as a child of its own and holds the API's fan-out against it.
//! It writes what it reads together once to every socket; nothing below that is possible with sockets.

use std::net::SocketAddr;

use anyhow::Context;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Serves one teller, the first to connect, and so many sockets after it; ends with the teller.
pub async fn serve(address: SocketAddr, sockets: usize) -> anyhow::Result<()> {
    let listener = TcpListener::bind(address).await.context("listening as the floor")?;
    let (mut teller, _) = listener.accept().await.context("accepting the teller")?;
    let mut told: Vec<TcpStream> = Vec::with_capacity(sockets);
    while told.len() < sockets {
        let (mut socket, _) = listener.accept().await.context("accepting a socket")?;
        socket.set_nodelay(true).context("setting a socket up")?;
        // Says that it is counted from now on.
        socket.write_all(b"\n").await.context("greeting a socket")?;
        told.push(socket);
    }
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = teller.read(&mut buffer).await.context("reading the teller")?;
        if read == 0 {
            return Ok(());
        }
        for socket in &mut told {
            socket.write_all(&buffer[..read]).await.context("telling a socket")?;
        }
    }
}
