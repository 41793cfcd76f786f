//! Keys of the runs that this process has submitted, or may have. While the store is away, a request with such a key gets
//! no dry run, because the store may hold its run. Part of submitting; forgotten with the process.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    calendar::store::NewRun,
    platform::id::{RunId, UserId},
};

/// Keys that are remembered.
const MOST: usize = 1_000;

/// The keys, oldest first. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct SentRuns(Arc<Mutex<VecDeque<SentRun>>>);

#[derive(Debug)]
struct SentRun {
    user: UserId,
    key: String,
    run: RunId,
}

impl SentRuns {
    /// Remembers a run that is about to be sent. If an earlier request with the same key is known, the store may have its
    /// run, so that one stays.
    pub(super) fn add(&self, new: &NewRun) {
        let Some(key) = &new.key else { return };
        let mut runs = self.lock();
        if !runs.iter().any(|sent| sent.is(new.user, key)) {
            runs.push_back(SentRun { user: new.user, key: key.clone(), run: new.id.into() });
        }
        while runs.len() > MOST {
            runs.pop_front();
        }
    }

    /// Remembers the run that the store named.
    pub(super) fn accepted(&self, new: &NewRun, run: RunId) {
        let Some(key) = &new.key else { return };
        if let Some(sent) = self.lock().iter_mut().find(|sent| sent.is(new.user, key)) {
            sent.run = run;
        }
    }

    /// Forgets a run that the store does not have; an earlier one with the same key stays.
    pub(super) fn refused(&self, new: &NewRun) {
        let Some(key) = &new.key else { return };
        self.lock().retain(|sent| !(sent.is(new.user, key) && sent.run == new.id.into()));
    }

    /// The run of a key.
    pub(super) fn run(&self, user: UserId, key: &str) -> Option<RunId> {
        self.lock().iter().find(|sent| sent.is(user, key)).map(|sent| sent.run)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<SentRun>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SentRun {
    fn is(&self, user: UserId, key: &str) -> bool {
        self.user == user && self.key == key
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use uuid::Uuid;

    use super::*;
    use crate::platform::id::{CalendarId, JobId};

    fn run(user: UserId, key: &str) -> NewRun {
        NewRun {
            user,
            id: JobId::fresh(),
            calendar: CalendarId::fresh(),
            first: true,
            title: None,
            timezone: "UTC".to_owned(),
            request: Value::Null,
            slots: 1,
            plan: None,
            model: String::new(),
            prompt_version: String::new(),
            key: Some(key.to_owned()),
            fingerprint: None,
            trace: None,
            request_id: None,
        }
    }

    #[test]
    fn a_repeated_request_that_is_refused_does_not_hide_the_first_one() {
        let sent = SentRuns::default();
        let (anna, ben) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        let (first, again) = (run(anna, "key"), run(anna, "key"));

        sent.add(&first);
        sent.add(&again);
        sent.refused(&again);

        assert_eq!(sent.run(anna, "key"), Some(first.id.into()));
        assert_eq!(sent.run(ben, "key"), None);
        sent.refused(&first);
        assert_eq!(sent.run(anna, "key"), None);
    }

    #[test]
    fn the_oldest_of_too_many_is_forgotten() {
        let sent = SentRuns::default();
        let user = UserId(Uuid::from_u128(1));

        (0..=MOST).for_each(|n| sent.add(&run(user, &n.to_string())));

        assert_eq!(sent.run(user, "0"), None);
        assert!((1..=MOST).all(|n| sent.run(user, &n.to_string()).is_some()));
    }
}
