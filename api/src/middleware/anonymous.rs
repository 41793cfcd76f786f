//! Who is calling, found out once, and the limit for callers without a valid token (`ANONYMOUS_RATE`).
//! A layer of the edge; extractors read what it finds. It must never refuse somebody whose token is good.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use almanac_shared::config::Rate;
use poem::{Endpoint, EndpointExt, Request};

use super::{Bucket, Client, SlidingLog};
use crate::{auth::Authenticator, error::ApiError};

/// Addresses remembered at once: about 6 MiB at the default rate when all of them are at their limit.
const ADDRESSES: usize = 10_000;

/// What probes, scrapers and readers of the documentation call; they are neither identified nor counted. Whole paths
/// only: an id that a client chooses may look like the end of any of them.
fn is_open(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz" | "/metrics" | "/docs" | "/v1/openapi.json") || path.starts_with("/docs/")
}

pub(super) fn limited<E>(next: E, auth: Arc<Authenticator>, rate: Rate) -> impl Endpoint<Output = E::Output>
where
    E: Endpoint + 'static,
{
    let bucket = Bucket { name: "anonymous", rate };
    let log = Arc::new(Mutex::new(SlidingLog::new(rate, ADDRESSES)));
    next.around(move |next, mut request: Request| {
        let (auth, log) = (auth.clone(), log.clone());
        async move {
            if !is_open(request.uri().path()) {
                let identity = auth.identify(&request).await;
                if identity.is_anonymous() {
                    admit(&log, bucket, Client::of(&request).address)?;
                }
                request.set_data(identity);
            }
            next.call(request).await
        }
    })
}

fn admit(log: &Mutex<SlidingLog<IpAddr>>, bucket: Bucket, address: IpAddr) -> Result<(), ApiError> {
    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
    log.admit(household(address), Instant::now()).map_err(|state| bucket.refusal(state))
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
