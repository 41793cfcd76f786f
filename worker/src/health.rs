//! The worker's HTTP endpoints: `/metrics` for Prometheus and `/healthz` for a supervisor.
//! Served where `METRICS_ADDR` says. Health asks Postgres, never Redis: without Redis the worker works on.

use std::convert::Infallible;

use almanac_shared::platform::metrics::CONTENT_TYPE;
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::deps::Deps;

type Answer = Response<Full<bytes::Bytes>>;

/// Serves until the process drains.
pub async fn serve(listener: TcpListener, deps: Deps, draining: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = draining.cancelled() => return,
        };
        let Ok((socket, _)) = accepted else { continue };
        let deps = deps.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, deps.clone()));
            let _ = http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

async fn answer(request: Request<Incoming>, deps: Deps) -> Result<Answer, Infallible> {
    Ok(match request.uri().path() {
        "/metrics" => text(StatusCode::OK, CONTENT_TYPE, deps.metrics.render()),
        "/healthz" if deps.service.answers().await => text(StatusCode::OK, "text/plain", "ok\n".into()),
        "/healthz" => text(StatusCode::SERVICE_UNAVAILABLE, "text/plain", "Postgres does not answer\n".into()),
        _ => text(StatusCode::NOT_FOUND, "text/plain", "not found\n".into()),
    })
}

fn text(status: StatusCode, kind: &'static str, body: String) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    answer
}
