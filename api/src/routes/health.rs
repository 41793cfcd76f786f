//! Whether the process lives, whether it can work, what it counts, what it is.
//! Asked by load balancers and Prometheus, without a token; says nothing about anybody.

use almanac_shared::platform::redis;
use poem::{
    Endpoint, IntoResponse, Request, Response,
    endpoint::{make, make_sync},
    http::StatusCode,
    web::Json,
};
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use serde_json::json;

use crate::{
    http::{error::ApiError, reply::Reply},
    routes::Tag,
    state::App,
};

/// The one operation that the description has.
pub struct HealthApi;

/// Version of the service.
#[derive(Debug, Serialize, Object)]
struct Version {
    /// Always `almanac`.
    name: String,
    version: String,
}

#[OpenApi(tag = "Tag::Service")]
impl HealthApi {
    /// Show the version of the service
    #[oai(path = "/version", method = "get", operation_id = "showVersion")]
    async fn version(&self) -> Result<Reply<Version>, ApiError> {
        Ok(Reply::new(Version { name: "almanac".into(), version: env!("CARGO_PKG_VERSION").into() }))
    }
}

/// `GET /healthz`: the event loop turns.
pub fn alive(_app: App) -> impl Endpoint<Output = Response> {
    make_sync(|_: Request| Json(json!({ "status": "ok" })).into_response())
}

/// `GET /readyz`: each dependency; 200 `degraded` when only Redis is unavailable, 503 without Postgres or while
/// draining.
pub fn ready(app: App) -> impl Endpoint<Output = Response> {
    make(move |_: Request| {
        let app = app.clone();
        async move { readiness(&app).await }
    })
}

async fn readiness(app: &App) -> Response {
    let draining = app.draining.is_cancelled();
    let (postgres, redis) = tokio::join!(app.database.answers(), redis::answers(&app.redis));
    app.metrics.redis_up(redis);
    let (status, word) = match (draining, postgres, redis) {
        (true, ..) => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
        (_, false, _) => (StatusCode::SERVICE_UNAVAILABLE, "down"),
        (_, _, false) => (StatusCode::OK, "degraded"),
        _ => (StatusCode::OK, "ready"),
    };
    let said = |up: bool| if up { "up" } else { "down" };
    let body = json!({ "status": word, "postgres": said(postgres), "redis": said(redis) });
    let mut response = Json(body).into_response();
    response.set_status(status);
    response
}

/// `GET /metrics` in the Prometheus text format. Served at `METRICS_ADDR` only.
pub fn metrics(app: App) -> impl Endpoint<Output = Response> {
    make_sync(move |_: Request| {
        Response::builder().content_type(almanac_shared::platform::metrics::CONTENT_TYPE).body(app.metrics.render())
    })
}
