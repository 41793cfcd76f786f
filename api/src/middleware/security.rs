//! Headers that every answer carries: nothing is sniffed, framed or kept by caches, no link says where it was followed, TLS
//! stays TLS. A layer of the edge. It must never overrule a route that chose its own `Cache-Control` or policy.
//! poem's `SetHeader` is not used: it cannot keep a header that a route has set.

use poem::{
    Endpoint, EndpointExt, Request, Response,
    http::{HeaderValue, header},
};

use super::Client;

/// For all that is not a page.
const NO_PAGE: &str = "default-src 'none'; frame-ancestors 'none'";

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
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(NO_PAGE));
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        if https {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
        }
        Ok(response)
    })
}
