//! Fetches addresses that users wrote, without reaching the operator's own network: every address is checked when it is
//! dialled, so that a name cannot change its meaning after the check. Called by the checks of media.
//! It must never carry a credential, follow a redirect unchecked, or speak plain http outside the operator's allowed ranges.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use anyhow::Context;
use http::{HeaderMap, header};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use reqwest::{
    Client, Response,
    dns::{Addrs, Name, Resolve, Resolving},
};
use tokio::time::{Instant, timeout_at};
use url::{Host, Url};

use super::http as outbound_http;

/// Redirects that are followed.
const MAX_REDIRECTS: usize = 3;

/// Longest address that is fetched, redirects included.
const MAX_URL_BYTES: usize = 2_048;

/// Ranges of IPv4 that are not the public internet.
/// <https://www.iana.org/assignments/iana-ipv4-special-registry>
const RESERVED_V4: [Ipv4Net; 17] = [
    v4(0, 0, 0, 0, 8),
    v4(10, 0, 0, 0, 8),
    v4(100, 64, 0, 0, 10),
    v4(127, 0, 0, 0, 8),
    // Link-local; metadata of most clouds.
    v4(169, 254, 0, 0, 16),
    // Metadata of Azure, in its public range.
    v4(168, 63, 129, 16, 32),
    v4(172, 16, 0, 0, 12),
    v4(192, 0, 0, 0, 24),
    v4(192, 0, 2, 0, 24),
    v4(192, 31, 196, 0, 24),
    // Relays of 6to4.
    v4(192, 88, 99, 0, 24),
    v4(192, 168, 0, 0, 16),
    v4(198, 18, 0, 0, 15),
    v4(198, 51, 100, 0, 24),
    v4(203, 0, 113, 0, 24),
    v4(224, 0, 0, 0, 4),
    v4(240, 0, 0, 0, 4),
];

/// The only part of IPv6 that is given out; everything else is local, mapped or reserved.
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0, 0, 0], 3);

/// Ranges inside it that are not the public internet.
/// <https://www.iana.org/assignments/iana-ipv6-special-registry>
const RESERVED_V6: [Ipv6Net; 5] = [
    // Protocol assignments: Teredo, benchmarks, ORCHID.
    v6([0x2001, 0, 0, 0], 23),
    v6([0x2001, 0xdb8, 0, 0], 32),
    // 6to4 holds an IPv4 address.
    v6([0x2002, 0, 0, 0], 16),
    v6([0x2620, 0x4f, 0x8000, 0], 48),
    v6([0x3fff, 0, 0, 0], 20),
];

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(start: [u16; 4], prefix: u8) -> Ipv6Net {
    let [a, b, c, d] = start;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0), prefix)
}

/// Whether an address belongs to the public internet.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !RESERVED_V4.iter().any(|range| range.contains(&address)),
        IpAddr::V6(address) => {
            GLOBAL_V6.contains(&address) && !RESERVED_V6.iter().any(|range| range.contains(&address))
        }
    }
}

/// Why an address was not fetched.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// Its form, its host or a redirect of it is refused; the text names the rule.
    #[error("{0}")]
    Refused(&'static str),
    /// No answer in time.
    #[error("no answer in time")]
    Timeout,
    /// The connection failed.
    #[error("the connection failed")]
    Network(#[source] reqwest::Error),
}

/// Fetches addresses of users.
#[derive(Clone, Debug)]
pub struct Guard {
    https: Client,
    http: Client,
    allowed: Arc<[IpNet]>,
}

impl Guard {
    /// A guard that reaches the public internet, and `allowed` also if it is private. Plain http reaches only `allowed`.
    pub fn new(allowed: Vec<IpNet>) -> anyhow::Result<Self> {
        let allowed: Arc<[IpNet]> = allowed.into();
        let client = |scheme| {
            let resolver = GuardedResolver { scheme, allowed: allowed.clone() };
            let builder = outbound_http::builder().pool_max_idle_per_host(0).dns_resolver(Arc::new(resolver));
            builder.build().context("building the client for addresses of users")
        };
        Ok(Self { https: client(Scheme::Https)?, http: client(Scheme::Http)?, allowed })
    }

    /// The answer to a GET, after at most three redirects. `headers` go to every host on the way and hold no credential.
    ///
    /// # Errors
    /// The address or a redirect is refused, or there is no answer before the deadline.
    pub async fn get(&self, url: &str, headers: &HeaderMap, deadline: Instant) -> Result<Response, GuardError> {
        let mut url = parse(url)?;
        for _ in 0..=MAX_REDIRECTS {
            let client = self.client_for(&url)?;
            let sending = client.get(url.clone()).headers(headers.clone()).send();
            let response = timeout_at(deadline, sending).await.map_err(|_| GuardError::Timeout)?.map_err(to_error)?;
            if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return Ok(response);
            }
            url = redirect(&url, &response)?;
        }
        Err(GuardError::Refused("The address redirects more than three times."))
    }

    /// The client for an address. A host that is an address never reaches the resolver, so it is checked here.
    fn client_for(&self, url: &Url) -> Result<&Client, GuardError> {
        let (scheme, client) = match url.scheme() {
            "https" => (Scheme::Https, &self.https),
            "http" => (Scheme::Http, &self.http),
            _ => return Err(GuardError::Refused("The address is not https.")),
        };
        let literal: Option<IpAddr> = match url.host() {
            Some(Host::Ipv4(address)) => Some(address.into()),
            Some(Host::Ipv6(address)) => Some(address.into()),
            Some(Host::Domain(_)) => None,
            None => return Err(GuardError::Refused("The address has no host.")),
        };
        if literal.is_none_or(|address| scheme.may_reach(address, &self.allowed)) {
            return Ok(client);
        }
        Err(GuardError::Refused(scheme.rule()))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Https,
    Http,
}

impl Scheme {
    fn may_reach(self, address: IpAddr, allowed: &[IpNet]) -> bool {
        allowed.iter().any(|range| range.contains(&address)) || self == Self::Https && is_public(address)
    }

    const fn rule(self) -> &'static str {
        match self {
            Self::Https => "The address is not on the public internet.",
            Self::Http => "The address is not https.",
        }
    }
}

/// Resolves names to the addresses that may be dialled.
struct GuardedResolver {
    scheme: Scheme,
    allowed: Arc<[IpNet]>,
}

/// The name has no address that may be dialled.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct NotDialled(&'static str);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (scheme, allowed) = (self.scheme, self.allowed.clone());
        Box::pin(async move {
            // The connector replaces port 0 by the one of the address.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let dialled: Vec<SocketAddr> = found.filter(|address| scheme.may_reach(address.ip(), &allowed)).collect();
            if dialled.is_empty() {
                return Err(NotDialled(scheme.rule()).into());
            }
            Ok(Box::new(dialled.into_iter()) as Addrs)
        })
    }
}

fn parse(url: &str) -> Result<Url, GuardError> {
    let url = Url::parse(url).map_err(|_| GuardError::Refused("The address cannot be read."))?;
    check_form(&url)?;
    Ok(url)
}

fn check_form(url: &Url) -> Result<(), GuardError> {
    if url.as_str().len() > MAX_URL_BYTES {
        return Err(GuardError::Refused("The address is too long."));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(GuardError::Refused("The address holds a login."));
    }
    Ok(())
}

fn redirect(from: &Url, response: &Response) -> Result<Url, GuardError> {
    let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
    let to = location.and_then(|location| from.join(location).ok());
    let to = to.ok_or(GuardError::Refused("The address redirects to nowhere."))?;
    check_form(&to)?;
    Ok(to)
}

/// A refusal of the resolver arrives inside the client's error.
fn to_error(error: reqwest::Error) -> GuardError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(error) = cause {
        if let Some(NotDialled(rule)) = error.downcast_ref() {
            return GuardError::Refused(rule);
        }
        cause = error.source();
    }
    GuardError::Network(error.without_url())
}

#[cfg(test)]
mod tests;
