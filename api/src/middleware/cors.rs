//! Cross-origin calls from browsers, for exact origins only. A layer of the edge.
//! It must never reflect an origin that is not in the list.
//! poem's `Cors` is not used: it refuses requests of origins that are not listed, and it replaces `Vary`.

use std::sync::Arc;

use poem::{
    Endpoint, EndpointExt, Request, Response,
    http::{HeaderValue, Method, StatusCode, header},
};

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, idempotency-key, if-match, if-none-match, last-event-id, prefer, traceparent, \
     tracestate, x-expected-user, x-request-id, x-requested-with",
);
const ANSWER_HEADERS: HeaderValue = HeaderValue::from_static(
    "content-disposition, degraded, etag, idempotency-replayed, location, ratelimit, ratelimit-policy, retry-after, \
     x-dry-run, x-error-code, x-request-id",
);
/// How long a browser may remember a preflight, in seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

pub(super) fn cors<E>(next: E, origins: Vec<String>) -> impl Endpoint<Output = Response>
where
    E: Endpoint<Output = Response> + 'static,
{
    let origins: Arc<[String]> = origins.into();
    next.around(move |next, request: Request| {
        let origin = request.headers().get(header::ORIGIN).cloned();
        let allowed = origin.clone().filter(|origin| origins.iter().any(|exact| exact.as_bytes() == origin.as_bytes()));
        let preflight = origin.is_some()
            && request.method() == Method::OPTIONS
            && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        async move {
            let mut response = if preflight { preflight_answer(allowed.is_some()) } else { next.call(request).await? };
            response.headers_mut().append(header::VARY, HeaderValue::from_static("Origin"));
            if let Some(origin) = allowed {
                let headers = response.headers_mut();
                headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
                headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
                headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, ANSWER_HEADERS);
            }
            Ok(response)
        }
    })
}

/// A stranger gets the same empty answer without permissions, and the browser refuses on its own.
fn preflight_answer(allowed: bool) -> Response {
    let answer = Response::builder().status(StatusCode::NO_CONTENT);
    if !allowed {
        return answer.finish();
    }
    answer
        .header(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS)
        .header(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS)
        .header(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE)
        .finish()
}
