//! What is seen of every request: its id, its span in the caller's trace, one log line, one metric.
//! The outermost layer of the edge. It must never log a query string (tickets), a header or a body.
//! poem's `Tracing` is not used: it puts the whole URI into its span, query included.

use std::{sync::Arc, time::Instant};

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use poem::{
    Endpoint, EndpointExt, PathPattern, Request, Response,
    http::{Method, StatusCode},
};
use tracing::{Instrument, Span, field};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::request_id::{self, RequestId};

/// Maximum number of characters of a logged path.
const LOGGED_PATH: usize = 256;

/// One answer, as a metric wants it: few distinct values, whatever strangers send.
#[derive(Clone, Copy, Debug)]
pub struct Observation<'a> {
    /// The method, or `OTHER`.
    pub method: &'static str,
    /// The route's pattern, e.g. `/v1/jobs/:param0`, or `unmatched`.
    pub route: &'a str,
    /// The answer's status.
    pub status: StatusCode,
    /// From the head's arrival to the answer's head, in seconds.
    pub seconds: f64,
}

/// Called with every answer.
pub type Observe = Arc<dyn Fn(Observation<'_>) + Send + Sync>;

pub(super) fn observed<E>(next: E, observe: Observe) -> impl Endpoint<Output = Response>
where
    E: Endpoint<Output = Response> + 'static,
{
    next.around(move |next, mut request: Request| {
        let observe = observe.clone();
        let id = RequestId::accept(request.headers());
        let method = method_label(request.method());
        let span = span(&request, method, &id);
        request.set_data(id.clone());
        async move {
            let started = Instant::now();
            let mut response = next.call(request).await?;
            if let Some(value) = id.header() {
                response.headers_mut().insert(request_id::HEADER, value);
            }
            report(&response, method, started.elapsed().as_secs_f64(), &observe);
            Ok(response)
        }
        .instrument(span)
    })
}

fn span(request: &Request, method: &'static str, id: &RequestId) -> Span {
    let span = tracing::info_span!(
        "http.request",
        otel.kind = "server",
        requestId = id.as_str(),
        method,
        path = logged(request.uri().path()),
        route = field::Empty,
        userId = field::Empty,
        calendarId = field::Empty,
        runId = field::Empty,
        status = field::Empty,
    );
    if request.headers().contains_key("traceparent") && !span.is_disabled() {
        let parent = TraceContextPropagator::new().extract(&HeaderExtractor(request.headers()));
        // Fails only when no tracer is installed, and then there is no trace to join.
        span.set_parent(parent).ok();
    }
    span
}

/// The logged part of a path: without the token of an unsubscribe link, which alone ends a person's mails.
fn logged(path: &str) -> &str {
    const LINK: &str = "/unsubscribe/";
    let path = path.find(LINK).map_or(path, |at| &path[..at + LINK.len()]);
    path.char_indices().nth(LOGGED_PATH).map_or(path, |(end, _)| &path[..end])
}

fn report(response: &Response, method: &'static str, seconds: f64, observe: &Observe) {
    let status = response.status();
    let route = response.data::<PathPattern>().map_or("unmatched", |pattern| &pattern.0);
    let span = Span::current();
    span.record("route", route).record("status", status.as_u16());
    // A refusal says which in its header, so that a log line distinguishes a taken slot from a stale version.
    let code = response.headers().get("x-error-code").and_then(|code| code.to_str().ok());
    tracing::info!(target: "almanac_api::access", route, method, status = status.as_u16(), code, seconds, "answered");
    observe(Observation { method, route, status, seconds });
}

const fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}
