//! Who is calling, found out once, and the limit for callers without a valid token (`ANONYMOUS_RATE`).
//! A layer of the edge; extractors read what it finds. It must never refuse a valid token.

use std::{net::IpAddr, sync::Arc};

use almanac_shared::platform::config::Rate;
use ipnet::{IpNet, Ipv6Net};
use poem::{Endpoint, EndpointExt, Request};

use super::{Bucket, Client, LocalLimit};
use crate::{auth::Authenticator, console};

/// Addresses remembered at once: about 12 MiB at the default rate when all of them are at their limit.
const ADDRESSES: usize = 10_000;

/// Requests that are neither identified nor counted: health probes; reports of a mail provider, which come in bursts from
/// few addresses and are proved by their signature; and the files of the console, which are in memory and come several at a
/// time from each person of an office with one address. Whole paths and a prefix only: an id chosen by a client may end like
/// one.
fn is_open(path: &str) -> bool {
    console::is_below(path)
        || matches!(
            path,
            "/healthz" | "/readyz" | "/v1/webhooks/resend" | "/api/webhooks/resend" | "/api/v1/webhooks/resend"
        )
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
fn household(address: IpAddr) -> IpNet {
    match address {
        IpAddr::V6(address) => Ipv6Net::new_assert(address, 64).trunc().into(),
        v4 => v4.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_v6_network_share_a_key() {
        let cases = [
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::", "2001:db8:1:3::/64"),
            ("198.51.100.1", "198.51.100.1/32"),
        ];

        for (address, network) in cases {
            assert_eq!(household(address.parse().unwrap()).to_string(), network);
        }
    }
}
