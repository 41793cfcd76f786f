//! Headers that every answer carries: nothing is sniffed, nothing is kept by caches, TLS stays TLS.
//! A layer of the edge. It must never overrule a route that chose its own `Cache-Control`.
//! poem's `SetHeader` is not used: it cannot keep a header that a route has set.

use poem::{
    Endpoint, EndpointExt, Request, Response,
    http::{HeaderValue, header},
};

use super::Client;

pub(super) fn security_headers<E>(next: E) -> impl Endpoint<Output = Response>
where
    E: Endpoint<Output = Response> + 'static,
{
    next.around(|next, request: Request| async move {
        let https = Client::of(&request).https;
        let mut response = next.call(request).await?;
        let headers = response.headers_mut();
        headers.remove(header::SERVER);
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        if https {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
        }
        Ok(response)
    })
}
