//! Where the sandbox listens. A process that starts again listens on a port that the folder names, so that the addresses
//! of upload sessions and posts stay valid; every process answers for the whole folder.

use std::net::Ipv4Addr;

use anyhow::Context;
use tokio::net::TcpListener;

use super::folder::Folder;

/// The newest port of the folder that is free, else a new one, which the folder then names.
pub(super) async fn listen(folder: &Folder) -> anyhow::Result<TcpListener> {
    for port in folder.ports()? {
        if let Ok(listener) = bind(port).await {
            return Ok(listener);
        }
    }
    let listener = bind(0).await.context("binding the sandbox")?;
    folder.add_port(listener.local_addr().context("reading the sandbox's address")?.port())?;
    Ok(listener)
}

async fn bind(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}
