//! Who is calling, found out once, and the limit for callers without a valid token (`ANONYMOUS_RATE`).
//! A layer of the edge; extractors read what it finds. It must never refuse a valid token.

use std::{net::IpAddr, sync::Arc};

use almanac_shared::platform::config::Rate;
use poem::{Endpoint, EndpointExt, Request};

use super::{Bucket, Client, LocalLimit};
use crate::auth::Authenticator;

/// Addresses remembered at once: about 6 MiB at the default rate when all of them are at their limit.
const ADDRESSES: usize = 10_000;

/// Health probes, which are neither identified nor counted. Whole paths only: an id chosen by a client may end like one.
fn is_open(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}

pub(super) fn limited<E>(next: E, auth: Arc<Authenticator>, rate: Rate) -> impl Endpoint<Output = E::Output>
where
    E: Endpoint + 'static,
{
    let limit = LocalLimit::new(Bucket { name: "anonymous", rate }, ADDRESSES);
    next.around(move |next, mut request: Request| {
        let (auth, limit) = (auth.clone(), limit.clone());
        async move {
            if !is_open(request.uri().path()) {
                let identity = auth.identify(&request).await;
                if identity.is_anonymous() {
                    limit.admit(household(Client::of(&request).address))?;
                }
                request.set_data(identity);
            }
            next.call(request).await
        }
    })
}

/// One household has a whole /64 of IPv6; counting single addresses would count nothing.
fn household(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 => v4,
    }
}
