//! The routes mounted under their prefixes, and the middleware around them. Called by `serve` and by `openapi`.

use std::sync::Arc;

use almanac_shared::platform::config::ApiSettings;
use poem::{
    Endpoint, EndpointExt, Request, Response, Route,
    endpoint::make_sync,
    get,
    http::{
        StatusCode, Uri,
        header::{self, LOCATION},
    },
    middleware::SetHeader,
};
use poem_openapi::OpenApiService;
use serde_json::Value;

use crate::{
    console::{self, Console},
    http::document::document,
    middleware::{self, AllowedMethods, BodyLimits, Edge, LimitedOperations, TrustedProxies},
    openapi,
    routes::{self, Routes, health},
    state::App,
};

/// The OpenAPI document.
///
/// # Errors
/// See [`openapi::document`].
pub fn description() -> serde_json::Result<Value> {
    openapi::document::<Routes>()
}

/// `POST /generate-calendar`: a third spelling of the organic week's route.
fn bare_week(service: impl Endpoint<Output = Response> + 'static) -> impl Endpoint<Output = Response> {
    service.around(|next, mut request: Request| async move {
        *request.uri_mut() = Uri::from_static("/organic/generate-calendar");
        next.call(request).await
    })
}

fn redirect(to: &'static str) -> impl Endpoint {
    make_sync(move |_| Response::builder().status(StatusCode::FOUND).header(LOCATION, to).finish())
}

/// The whole door, with the console if there is one.
///
/// # Errors
/// See [`description`].
pub fn door(
    app: &App,
    settings: &ApiSettings,
    console: Option<Console>,
) -> serde_json::Result<impl Endpoint<Output = Response> + use<>> {
    let service = || {
        let operations = LimitedOperations::of::<Routes>(app.database.clone(), &app.limits);
        let routes = OpenApiService::new(routes::mounted(app), "Almanac", env!("CARGO_PKG_VERSION"));
        middleware::with_limit_state(routes, operations)
    };
    let description = document("application/json", description()?.to_string());
    let page = document("text/html; charset=utf-8", openapi::page::<Routes>())
        .with(SetHeader::new().overriding(header::CONTENT_SECURITY_POLICY, openapi::PAGE_POLICY));
    let v1 = Route::new().at("/openapi.json", get(description)).nest("/", middleware::enveloped(service()));
    let routes = Route::new()
        .nest("/v1", v1)
        // The documents' own spellings: the same handlers, bare bodies.
        .nest("/api/v1", service())
        .nest("/api", service())
        // The bare form of a week, for clients that replace an older upstream by this one.
        .at("/generate-calendar", bare_week(service()))
        .at("/", get(redirect(if console.is_some() { "/console/" } else { "/docs" })))
        .at("/docs", get(page))
        .at("/healthz", health::alive(app.clone()))
        .at("/readyz", health::ready(app.clone()));
    let routes = match console {
        Some(console) => routes.nest(console::MOUNT, console.endpoint()),
        None => routes,
    };
    let metrics = app.metrics.clone();
    let edge = Edge {
        auth: app.auth.clone(),
        cors_origins: settings.cors_origins.clone(),
        proxies: TrustedProxies::new(settings.trusted_proxies.clone()),
        anonymous_rate: settings.anonymous_rate,
        allowed: AllowedMethods::of::<Routes>(),
        observe: Arc::new(move |seen| {
            metrics.http_request(seen.method, seen.route, seen.status.as_u16(), seen.seconds);
            if seen.status.as_u16() == 429 {
                metrics.rate_limited(seen.route);
            }
        }),
        body: BodyLimits::default(),
    };
    Ok(middleware::edge(routes, edge).map_to_response())
}
