//! Connections to Redis, which may be empty, slow or away at any moment.
//! Called by the queue, the log's publisher and the relay; nothing here is ever the only copy of anything.

use std::time::Duration;

use anyhow::{Context, Result};
use redis::{
    Client, IntoConnectionInfo,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use secrecy::{ExposeSecret, SecretString};

/// The longest a request or a job may wait for Redis before it continues without.
pub const PATIENCE: Duration = Duration::from_millis(250);

/// Whether `text` is a Redis URL: `redis://`, `rediss://` for TLS, or a unix socket.
pub fn is_url(text: &str) -> bool {
    text.into_connection_info().is_ok()
}

/// A client that has not connected yet.
///
/// # Errors
/// The URL does not parse.
pub fn client(url: &SecretString) -> Result<Client> {
    Client::open(url.expose_secret()).context("reading REDIS_URL")
}

/// A connection for short commands: fails fast and reconnects by itself.
///
/// # Errors
/// The configuration is refused.
pub fn quick(client: &Client) -> Result<ConnectionManager> {
    managed(client, PATIENCE, PATIENCE)
}

/// A connection for the queue library, whose worker dies with the first failed command: patient instead of fast.
///
/// # Errors
/// The configuration is refused.
pub fn patient(client: &Client) -> Result<ConnectionManager> {
    managed(client, Duration::from_secs(5), Duration::from_secs(2))
}

fn managed(client: &Client, response: Duration, connect: Duration) -> Result<ConnectionManager> {
    let config = ConnectionManagerConfig::new()
        .set_response_timeout(Some(response))
        .set_connection_timeout(Some(connect))
        .set_number_of_retries(1)
        .set_min_delay(Duration::from_millis(50))
        .set_max_delay(Duration::from_millis(500));
    ConnectionManager::new_lazy_with_config(client.clone(), config).context("configuring the Redis connection")
}

/// Whether Redis answers now.
pub async fn answers(connection: &ConnectionManager) -> bool {
    let mut connection = connection.clone();
    let ping = redis::cmd("PING");
    let ask = ping.query_async::<()>(&mut connection);
    matches!(tokio::time::timeout(PATIENCE * 2, ask).await, Ok(Ok(())))
}
