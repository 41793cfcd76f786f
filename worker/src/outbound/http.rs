//! The one HTTP client of the worker: pooled, rustls with the ring provider, no redirects, no proxy from the environment.
//! Made once at start-up and handed to the adapters; clients with other pools or resolvers are built from the same settings.
//! It must never retry by itself: every request of ours has a ledger row written before it.
//! Only settings of reqwest: `reqwest-retry` would send requests that have no ledger row.

use std::time::Duration;

use anyhow::Context;
use rustls::crypto::{CryptoProvider, ring};

/// How long a TCP and TLS handshake may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Idle connections kept per host: as many as jobs of one lane run at once, or a burst pays a handshake each.
const IDLE_PER_HOST: usize = 64;

/// Makes ring the process's TLS provider. Repeating it is harmless; `client` does it too.
pub fn install_crypto_provider() {
    // An error means that another caller was first, and this process knows only this one provider.
    let _ = ring::default_provider().install_default();
}

/// The client. Deadlines are set per call by the adapters, because only they know the job's.
pub fn client() -> anyhow::Result<reqwest::Client> {
    builder().build().context("building the outbound client")
}

/// A client that opens a connection for each call. A kept connection may be closed by the server just when a request is
/// written to it, which leaves the outcome of that request unknown.
pub fn unpooled_client() -> anyhow::Result<reqwest::Client> {
    builder().pool_max_idle_per_host(0).build().context("building the outbound client without a pool")
}

/// The settings that all clients share.
pub(super) fn builder() -> reqwest::ClientBuilder {
    if CryptoProvider::get_default().is_none() {
        install_crypto_provider();
    }
    reqwest::Client::builder()
        .user_agent(concat!("almanac/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .pool_max_idle_per_host(IDLE_PER_HOST)
        .pool_idle_timeout(Duration::from_secs(55))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .no_proxy()
}
