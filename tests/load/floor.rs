//! The minimal cost of writing to many sockets: a process without HTTP, database and Redis that copies its input to
//! each of them. The driver starts it as a child process and compares the API's fan-out with it.
//! It writes what it reads together once to every socket; nothing below that is possible with sockets.

use std::net::SocketAddr;

use anyhow::Context;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Serves one sender, the first to connect, and this number of sockets after it; ends with the sender.
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
