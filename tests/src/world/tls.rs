//! The world behind TLS, for what is taken from `https` addresses only: a port that decrypts and hands on to the other one.
//! `World::start` starts it. Its certificate is signed by the authority of the tests, which workers trust.

use std::{
    io::{self, Read, Write},
    net::SocketAddr,
    sync::Arc,
};

use anyhow::Context;
use rustls::{
    ServerConfig, ServerConnection,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

use crate::{run::TestRun, services};

/// Below what a connection buffers before it encrypts.
const PIECE: usize = 32 << 10;

/// Hands on to the world at an address.
pub(super) fn start(world: SocketAddr, run: &TestRun) -> anyhow::Result<(SocketAddr, JoinHandle<()>)> {
    let config = Arc::new(config()?);
    let address = run.free_address();
    let listener = std::net::TcpListener::bind(address).context("listening with TLS")?;
    listener.set_nonblocking(true).context("listening with TLS")?;
    let _entered = run.handle().enter();
    let listener = TcpListener::from_std(listener).context("listening with TLS")?;
    Ok((address, run.handle().spawn(accept(listener, world, config))))
}

fn config() -> anyhow::Result<ServerConfig> {
    let [certificate, key] = services::server_certificate();
    let certificate = CertificateDer::from_pem_file(certificate).context("reading the certificate")?;
    let key = PrivateKeyDer::from_pem_file(key).context("reading the key")?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions()?.with_no_client_auth();
    config.with_single_cert(vec![certificate], key).context("taking the certificate")
}

async fn accept(listener: TcpListener, world: SocketAddr, config: Arc<ServerConfig>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let config = Arc::clone(&config);
        connections.spawn(async move { hand_on(client, world, config).await });
        while connections.try_join_next().is_some() {}
    }
}

/// An error leaves both connections without a proper end, as what happened behind it did.
async fn hand_on(client: TcpStream, world: SocketAddr, config: Arc<ServerConfig>) -> io::Result<()> {
    let mut plain = TcpStream::connect(world).await?;
    let mut tls = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut buffer = vec![0; PIECE];
    loop {
        send(&mut tls, &client).await?;
        tokio::select! {
            ready = client.readable() => {
                ready?;
                match tls.read_tls(&mut Ready(&client)) {
                    Ok(0) => return Ok(()),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                    read => read?,
                };
                let state = tls.process_new_packets().map_err(io::Error::other)?;
                let mut arrived = vec![0; state.plaintext_bytes_to_read()];
                tls.reader().read_exact(&mut arrived)?;
                plain.write_all(&arrived).await?;
            }
            read = plain.read(&mut buffer) => match read? {
                0 => {
                    tls.send_close_notify();
                    return send(&mut tls, &client).await;
                }
                size => tls.writer().write_all(&buffer[..size])?,
            },
        }
    }
}

/// Sends everything that is encrypted.
async fn send(tls: &mut ServerConnection, client: &TcpStream) -> io::Result<()> {
    while tls.wants_write() {
        match tls.write_tls(&mut Ready(client)) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => client.writable().await?,
            written => {
                written?;
            }
        }
    }
    Ok(())
}

/// A socket as it is now, without waiting.
struct Ready<'a>(&'a TcpStream);

impl Read for Ready<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buffer)
    }
}

impl Write for Ready<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
