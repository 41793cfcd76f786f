//! How many connections one user may use at once. Further requests of the same user wait in line, and those of others
//! meet free connections. Called where the API begins in a user's name.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::platform::id::UserId;

/// The lines of all users who have a request under way.
#[derive(Clone, Debug)]
pub(super) struct UserLimits {
    most: usize,
    users: Arc<Mutex<HashMap<UserId, Arc<Semaphore>>>>,
}

/// The right to one connection, until it is dropped.
#[derive(Debug)]
pub(crate) struct UserPermit {
    user_limits: UserLimits,
    user: UserId,
    permit: Option<OwnedSemaphorePermit>,
}

impl UserLimits {
    pub(super) fn of(most: u32) -> Self {
        Self { most: usize::try_from(most).unwrap_or(1), users: Arc::default() }
    }

    /// Waits in line for this long. A user without a free turn is busy, as a full pool is.
    pub(super) async fn take(&self, user: UserId, limit: Duration) -> sqlx::Result<UserPermit> {
        let line = self.users().entry(user).or_insert_with(|| Arc::new(Semaphore::new(self.most))).clone();
        // Made first: whatever ends the wait, its drop removes the line.
        let mut turn = UserPermit { user_limits: self.clone(), user, permit: None };
        match timeout(limit, line.acquire_owned()).await {
            Ok(Ok(permit)) => turn.permit = Some(permit),
            _ => return Err(sqlx::Error::PoolTimedOut),
        }
        Ok(turn)
    }

    fn users(&self) -> MutexGuard<'_, HashMap<UserId, Arc<Semaphore>>> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UserPermit {
    fn drop(&mut self) {
        let mut users = self.user_limits.users();
        self.permit = None;
        // Each holder of a turn, and each that waits for one, has a reference too.
        if users.get(&self.user).is_some_and(|line| Arc::strong_count(line) == 1) {
            users.remove(&self.user);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn a_user_has_so_many_turns_and_others_have_theirs() {
        let user_limits = UserLimits::of(2);
        let (anna, ben) = (UserId::fresh(), UserId::fresh());
        let first = user_limits.take(anna, LONG).await.unwrap();
        let _second = user_limits.take(anna, LONG).await.unwrap();

        assert!(matches!(user_limits.take(anna, SHORT).await, Err(sqlx::Error::PoolTimedOut)));
        user_limits.take(ben, SHORT).await.unwrap();

        let waiting = tokio::spawn({
            let user_limits = user_limits.clone();
            async move { user_limits.take(anna, LONG).await.map(drop) }
        });
        drop(first);
        waiting.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn nothing_is_kept_of_users_who_are_done() {
        let user_limits = UserLimits::of(1);
        let anna = UserId::fresh();

        let turn = user_limits.take(anna, LONG).await.unwrap();
        user_limits.take(anna, SHORT).await.unwrap_err();
        assert_eq!(user_limits.users().len(), 1);
        drop(turn);

        assert_eq!(user_limits.users().len(), 0);
    }
}
