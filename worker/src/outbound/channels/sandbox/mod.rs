//! The sandbox: a server on a loopback port of this process that answers as the vendors' documents say and keeps each post
//! as a file with a small preview. Made only if the transport is `sandbox`; adapters reach it by its base URL.
//! It must never call anything outside: the address of a picture or video is kept and not fetched.

use std::{convert::Infallible, net::SocketAddr, path::Path, sync::Arc};

use almanac_shared::{
    platform::clock::{Clock, SystemClock},
    publishing::Channel,
};
use anyhow::Context;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, task::AbortHandle};

use self::{
    call::{Answer, Call, empty},
    folder::Folder,
};

mod address;
mod call;
mod facebook;
mod folder;
mod graph;
mod instagram;
mod linkedin;
mod posts;
mod preview;
mod receive;
mod tiktok;
mod tokens;
mod uploads;
mod youtube;

/// Most bytes of a request that is no upload.
const MAX_REQUEST: usize = 1024 * 1024;

/// The running server; it ends when this is dropped.
#[derive(Debug)]
pub struct Sandbox {
    address: SocketAddr,
    server: AbortHandle,
}

impl Sandbox {
    /// Listens on a loopback port and keeps posts in a folder, which is made if it is missing.
    ///
    /// # Errors
    /// The folder cannot be written, or no port is free.
    pub async fn start(folder: &Path) -> anyhow::Result<Self> {
        Self::start_at(folder, Box::new(SystemClock)).await
    }

    async fn start_at(folder: &Path, clock: Box<dyn Clock>) -> anyhow::Result<Self> {
        let folder = Arc::new(Folder::open(folder, clock)?);
        let listener = address::listen(&folder).await?;
        let address = listener.local_addr().context("reading the sandbox's address")?;
        let server = tokio::spawn(serve(listener, folder, format!("http://{address}"))).abort_handle();
        Ok(Self { address, server })
    }

    /// The base URL of a channel, in the place of its vendor's.
    pub fn base_url(&self, channel: Channel) -> String {
        format!("http://{}/{channel}", self.address)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, folder: Arc<Folder>, origin: String) {
    loop {
        let Ok((socket, _)) = listener.accept().await else { continue };
        let (folder, origin) = (folder.clone(), origin.clone());
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                // A task of its own: what arrived is kept also if the connection breaks.
                let answer = tokio::spawn(answer(request, folder.clone(), origin.clone()));
                async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|_| failed())) }
            });
            let _ = http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

async fn answer(request: Request<Incoming>, folder: Arc<Folder>, origin: String) -> Answer {
    let (head, body) = request.into_parts();
    let mut call = Call::new(&head, origin);
    if call.is_upload() {
        call.arrived = receive::receive(body).await;
    } else {
        let Ok(body) = Limited::new(body, MAX_REQUEST).collect().await else {
            return empty(StatusCode::PAYLOAD_TOO_LARGE);
        };
        call.body = body.to_bytes();
    }
    // Files are read and written.
    match tokio::task::spawn_blocking(move || answer_channel(&call, &folder)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => {
            tracing::error!(error = format!("{error:#}"), "the sandbox cannot keep posts");
            failed()
        }
        Err(_) => failed(),
    }
}

fn answer_channel(call: &Call, folder: &Folder) -> anyhow::Result<Answer> {
    match call.channel() {
        Some(Channel::Facebook) => facebook::answer(call, folder),
        Some(Channel::Instagram) => instagram::answer(call, folder),
        Some(Channel::Linkedin) => linkedin::answer(call, folder),
        Some(Channel::Tiktok) => tiktok::answer(call, folder),
        Some(Channel::Youtube) => youtube::answer(call, folder),
        None => Ok(empty(StatusCode::NOT_FOUND)),
    }
}

fn failed() -> Answer {
    empty(StatusCode::INTERNAL_SERVER_ERROR)
}

#[cfg(test)]
mod tests;
