//! The limit of open streams per user in this process (`STREAMS_PER_USER`). Routes take a permit before they submit
//! anything; the stream holds it until it is dropped.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use almanac_shared::{
    events::event::Encoding,
    platform::{error::Code, id::UserId},
};

use crate::http::error::ApiError;

/// `Retry-After` of a refusal, in seconds.
const RETRY_AFTER: u32 = 5;

/// Counts open streams per user. Clones share their counts.
#[derive(Clone, Debug)]
pub struct StreamLimit {
    per_user: usize,
    open: Arc<Mutex<HashMap<UserId, usize>>>,
}

impl StreamLimit {
    /// At most `per_user` streams for each user.
    pub fn new(per_user: usize) -> Self {
        Self { per_user, open: Arc::default() }
    }

    /// A permit for one more stream; 429 if the user is at the limit.
    pub fn admit(&self, user: UserId) -> Result<StreamPermit, ApiError> {
        let mut open = self.open();
        let count = open.entry(user).or_default();
        if *count >= self.per_user {
            let message =
                format!("at most {} streams may be open at the same time; close one and try again", self.per_user);
            return Err(ApiError::new(Code::StreamLimit, message).retry_after(RETRY_AFTER));
        }
        *count += 1;
        Ok(StreamPermit { limit: self.clone(), user })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<UserId, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a request that starts work is answered.
#[derive(Debug)]
pub enum Delivery {
    /// One JSON document.
    Json,
    /// The event log as a stream, which holds the permit.
    Stream(Encoding, StreamPermit),
}

/// One open stream of a user; dropping it frees the place.
#[derive(Debug)]
pub struct StreamPermit {
    limit: StreamLimit,
    user: UserId,
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        let mut open = self.limit.open();
        if let Some(count) = open.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permits_are_counted_per_user_and_freed_on_drop() {
        let limit = StreamLimit::new(2);
        let (anna, ben) = (UserId::fresh(), UserId::fresh());

        let (first, _second) = (limit.admit(anna).unwrap(), limit.admit(anna).unwrap());
        assert_eq!(limit.admit(anna).unwrap_err().code, Code::StreamLimit);
        let theirs = limit.admit(ben).unwrap();

        drop(first);
        let _third = limit.admit(anna).unwrap();
        assert!(limit.admit(anna).is_err());
        drop(theirs);
        assert_eq!(limit.open().len(), 1, "users without open streams use no memory");
    }
}
