//! What surrounds every request, in one fixed order: [`edge`] stacks it, `app` wraps its routes with it, and
//! [`enveloped`] dresses the `/v1` mount. It must never know a route's business.

mod address;
mod anonymous;
mod body;
mod boundary;
mod cors;
mod host;
mod limit_state;
mod observe;
mod rate_limit;
mod request_id;
mod security;

use std::{sync::Arc, time::Duration};

use poem::{Endpoint, EndpointExt, IntoEndpoint, Request, Response};

pub use self::{
    address::{Client, TrustedProxies},
    boundary::AllowedMethods,
    limit_state::{LimitedOperations, with_limit_state},
    observe::{Observation, Observe},
    rate_limit::{Bucket, KindLimits, LocalLimit, SlidingLog},
    request_id::RequestId,
};
use crate::{auth::Authenticator, http::reply};
use almanac_shared::platform::config::Rate;

/// What the edge needs to know.
pub struct Edge {
    /// Who is calling.
    pub auth: Arc<Authenticator>,
    /// Exact origins that browsers may call from.
    pub cors_origins: Vec<String>,
    /// Whose forwarded addresses are believed.
    pub proxies: TrustedProxies,
    /// Requests without a valid token, per address.
    pub anonymous_rate: Rate,
    /// Which methods each path knows, for the `Allow` of a 405.
    pub allowed: AllowedMethods,
    /// Called with every answer, for metrics.
    pub observe: Observe,
    /// Bytes of a request's body, and how long it may take to arrive.
    pub body: BodyLimits,
}

/// How much body, and how slowly.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// Bytes.
    pub bytes: usize,
    /// From the head's arrival to the body's last byte.
    pub time: Duration,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self { bytes: 256 * 1024, time: Duration::from_secs(30) }
    }
}

/// Wraps the whole application. From the outside in: the request's id, span, log line and metrics; the caller's
/// address; headers that every answer carries; CORS; errors and panics into envelopes; exactly one `Host`; authentication and
/// the limit for requests without a token; the body's bounds. What refuses stands inside of what renders refusals.
pub fn edge<E>(app: E, edge: Edge) -> impl Endpoint<Output = Response>
where
    E: Endpoint + 'static,
{
    let app = body::bounded(app, edge.body);
    let app = anonymous::limited(app, edge.auth, edge.anonymous_rate);
    let app = host::one_host(app);
    let app = boundary::boundary(app, edge.allowed);
    let app = cors::cors(app, edge.cors_origins);
    let app = security::security_headers(app);
    let app = address::addressed(app, edge.proxies);
    observe::observed(app, edge.observe)
}

/// Puts the envelope around the replies of a mount: `/v1` has it, `/api` goes without. Streams, files and refusals pass
/// untouched.
pub fn enveloped<E>(mount: E) -> impl Endpoint<Output = Response>
where
    E: IntoEndpoint,
    E::Endpoint: 'static,
{
    mount.into_endpoint().map_to_response().around(|next, request: Request| async move {
        let id = RequestId::of(&request);
        Ok(reply::dress(next.call(request).await?, id.as_str()))
    })
}

#[cfg(test)]
mod tests;
