//! HTTP/1.1 requests need exactly one `Host`, else 400 (RFC 9112, section 3.2): with two of them a proxy may route by
//! the other one. A layer of the edge.
//! Written here because hyper and poem accept a request without `Host` or with several.

use poem::{
    Endpoint, EndpointExt, Request,
    http::{HeaderMap, HeaderValue, Version, header, uri::Authority},
};

use crate::http::error::{ApiError, Detail};

pub(super) fn one_host<E>(next: E) -> impl Endpoint<Output = E::Output>
where
    E: Endpoint + 'static,
{
    next.around(|next, request: Request| async move {
        if request.version() == Version::HTTP_11 && !has_one_host(request.headers()) {
            let detail = Detail::at(["header", "Host"], "value", "must be given exactly once, as host or host:port");
            let refusal = ApiError::invalid(vec![detail]);
            // The framing of such a request is not trusted either.
            return Err(refusal.with_header(header::CONNECTION, HeaderValue::from_static("close")).into());
        }
        next.call(request).await
    })
}

/// An empty value is valid: a client sends it if the target has no authority.
fn has_one_host(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let is_host =
        |host: &str| host.is_empty() || host.parse::<Authority>().is_ok_and(|host| !host.as_str().contains('@'));
    host.to_str().is_ok_and(is_host)
}
