//! Where a request comes from: the peer, or what a trusted proxy says. Read by the anonymous limit and by HSTS.
//! It must never believe a forwarded header from anybody who is not in `TRUSTED_PROXIES`.
//! `trusted-proxies` is not used: it returns the peer if all hops are trusted, and misreads IPv6 without brackets.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use ipnet::IpNet;
use poem::{Endpoint, EndpointExt, Request, Response, http::HeaderMap};

/// Networks whose forwarded addresses are believed.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Proxies in these networks.
    pub const fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Walks `X-Forwarded-For` from the right, as long as the hop that vouches for an entry is trusted.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Client {
        let peer = peer.to_canonical();
        if !self.contain(peer) {
            return Client { address: peer, https: false };
        }
        let values: Vec<_> =
            headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).collect();
        let mut address = peer;
        for hop in values.iter().rev().flat_map(|value| value.rsplit(',')) {
            let Some(next) = parse_hop(hop.trim()) else { break };
            address = next;
            if !self.contain(address) {
                break;
            }
        }
        let https =
            headers.get("x-forwarded-proto").is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"https"));
        Client { address, https }
    }
}

/// An address with or without a port, as proxies write both.
fn parse_hop(text: &str) -> Option<IpAddr> {
    let address = text.parse().or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip())).ok()?;
    Some(address.to_canonical())
}

/// The other end of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its address.
    pub address: IpAddr,
    /// Whether a trusted proxy says that it spoke TLS.
    pub https: bool,
}

impl Client {
    /// The other end of a request that came through the edge; a stand-in for one that did not, as in tests.
    pub fn of(request: &Request) -> Self {
        request.data::<Self>().copied().unwrap_or(Self { address: IpAddr::from([0, 0, 0, 0]), https: false })
    }
}

pub(super) fn addressed<E>(next: E, proxies: TrustedProxies) -> impl Endpoint<Output = Response>
where
    E: Endpoint<Output = Response> + 'static,
{
    let proxies = Arc::new(proxies);
    next.around(move |next, mut request: Request| {
        if let Some(peer) = request.remote_addr().as_socket_addr() {
            let client = proxies.client(peer.ip(), request.headers());
            request.set_data(client);
        }
        async move { next.call(request).await }
    })
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;

    use super::*;

    #[test]
    fn only_a_trusted_hop_is_believed_about_the_one_before_it() {
        let networks = ["10.0.0.0/8", "127.0.0.1/32"].map(|network| network.parse().unwrap());
        let proxies = TrustedProxies::new(networks.into());
        let cases = [
            ("203.0.113.9", Some("198.51.100.1"), "203.0.113.9"),
            ("10.1.1.1", None, "10.1.1.1"),
            ("10.1.1.1", Some("198.51.100.1"), "198.51.100.1"),
            ("10.1.1.1", Some("6.6.6.6, 198.51.100.1"), "198.51.100.1"),
            ("10.1.1.1", Some("198.51.100.1, 10.2.2.2"), "198.51.100.1"),
            ("10.1.1.1", Some("198.51.100.1, nonsense, 10.2.2.2"), "10.2.2.2"),
            ("::ffff:127.0.0.1", Some("[2001:db8::1]:443"), "2001:db8::1"),
            ("127.0.0.1", Some("198.51.100.1:55"), "198.51.100.1"),
        ];

        for (peer, forwarded, expected) in cases {
            let mut headers = HeaderMap::new();
            if let Some(forwarded) = forwarded {
                headers.insert("x-forwarded-for", HeaderValue::from_static(forwarded));
            }
            let client = proxies.client(peer.parse().unwrap(), &headers);
            assert_eq!(client.address, expected.parse::<IpAddr>().unwrap(), "{peer} {forwarded:?}");
        }
    }
}
