//! The accept loop. Called by `serve`. It must never outlive its shutdown.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use bytes::BytesMut;
use poem::{Body, Endpoint, IntoResponse, Response, Server, listener::TcpAcceptor};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Where a stream's bytes come from.
pub trait FrameSource: Send {
    /// Appends everything that is ready; `Ready(None)` ends the stream.
    fn poll_frames(&mut self, cx: &mut Context<'_>, out: &mut BytesMut) -> Poll<Option<()>>;
}

/// The body of a stream.
pub struct StreamBody(Box<dyn FrameSource>);

impl StreamBody {
    /// Of this source.
    pub fn new(source: impl FrameSource + 'static) -> Self {
        Self(Box::new(source))
    }
}

impl IntoResponse for StreamBody {
    fn into_response(self) -> Response {
        let mut source = self.0;
        Response::from(Body::from_bytes_stream(futures_util::stream::poll_fn(move |cx| {
            let mut out = BytesMut::new();
            source.poll_frames(cx, &mut out).map(|polled| polled.map(|()| Ok::<_, std::io::Error>(out.freeze())))
        })))
    }
}

/// Serves.
pub async fn serve(
    listener: TcpListener,
    endpoint: impl Endpoint<Output = Response> + 'static,
    closing: CancellationToken,
    patience: Duration,
) {
    let Ok(acceptor) = listener.into_std().and_then(TcpAcceptor::from_std) else { return };
    let _ = Server::new_with_acceptor(acceptor)
        .run_with_graceful_shutdown(endpoint, async move { closing.cancelled().await }, Some(patience))
        .await;
}
