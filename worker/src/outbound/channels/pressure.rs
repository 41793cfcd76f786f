//! Pauses that a vendor's usage headers ask for, per app or account. Kept in memory only: after a restart the next answer
//! names them again. Called by the adapters of Meta's channels.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use almanac_shared::platform::error::Code;
use tokio::time::Instant;

use super::{ChannelError, ErrorClass};

/// Until when accounts pause.
#[derive(Debug, Default)]
pub(super) struct Pressure(Mutex<HashMap<String, Instant>>);

impl Pressure {
    /// Notes that an account has to pause.
    pub(super) fn note(&self, account: &str, pause: Duration) {
        let now = Instant::now();
        let mut pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pauses.retain(|_, until| *until > now);
        pauses.insert(account.to_owned(), now + pause);
    }

    /// # Errors
    /// `CHANNEL_RATE_LIMITED` while the account pauses.
    pub(super) fn check(&self, account: &str) -> Result<(), ChannelError> {
        let until = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(account).copied();
        let Some(left) = until.map(|until| until.saturating_duration_since(Instant::now())) else { return Ok(()) };
        if left.is_zero() {
            return Ok(());
        }
        let message = "The account has used 90 percent of the calls that the channel allows.";
        Err(ChannelError::new(ErrorClass::RateLimited, Code::ChannelRateLimited, message).after(left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_account_pauses_for_as_long_as_was_asked() {
        let pressure = Pressure::default();
        pressure.note("1", Duration::from_secs(60));

        assert_eq!(pressure.check("1").unwrap_err().retry_after, Some(Duration::from_secs(60)));
        assert_eq!(pressure.check("2"), Ok(()));
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(pressure.check("1"), Ok(()));
    }
}
