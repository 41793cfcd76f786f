//! Feature flags: switched by operators at run time, for all users or for named users.
//! Both processes ask [`Flags::is_on`] on their hot paths; the admin routes read and replace the rows. A question never
//! waits for the store: a task reads all rows every second, and the last values read apply while Postgres is
//! unavailable.
//!
//! To add a flag: 1. a variant here, 2. its variable and field in `config.rs`.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use tokio::time::MissedTickBehavior;
use uuid::Uuid;

use crate::{
    platform::{
        config::FlagSettings,
        db::{AdminTx, Database, Service, TimeoutPool},
        error::Refusal,
        id::UserId,
    },
    values::wire_enum::wire_enum,
};

/// Half of the two seconds within which every process follows a change; the other half is for the read itself.
const REFRESH_EVERY: Duration = Duration::from_secs(1);
/// A read that takes longer is given up: the store counts as away.
const REFRESH_PATIENCE: Duration = Duration::from_secs(1);

wire_enum! {
    /// A switch. Its name is its row's and its variable's.
    pub enum Flag {
        /// Calendars are made by the model; off: a dry run.
        CalendarService = "CALENDAR_SERVICE_ENABLED",
        /// Entries are published and exported; off: a dry run.
        PublishService = "PUBLISH_SERVICE_ENABLED",
    }
}

impl Flag {
    const fn default_in(self, settings: FlagSettings) -> bool {
        match self {
            Self::CalendarService => settings.calendar_service,
            Self::PublishService => settings.publish_service,
        }
    }
}

/// How a flag is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    /// Off is off for all users.
    pub enabled: bool,
    /// On for these users only; `None`: for all.
    pub users: Option<Vec<UserId>>,
}

impl Setting {
    /// Whether it is on for this user, or without one.
    pub fn is_on_for(&self, user: Option<UserId>) -> bool {
        let targeted = |users: &Vec<UserId>| user.is_some_and(|user| users.contains(&user));
        self.enabled && self.users.as_ref().is_none_or(targeted)
    }
}

/// A flag as its row has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The setting.
    pub setting: Setting,
    /// Last replaced at.
    pub updated_at: DateTime<Utc>,
}

type Known = BTreeMap<Flag, Setting>;

/// What this process goes by: never older than two seconds while the store answers.
#[derive(Clone, Debug)]
pub struct Flags {
    store: TimeoutPool,
    defaults: FlagSettings,
    known: Arc<RwLock<Known>>,
}

impl Flags {
    /// Starts following the flags, as the API's own role.
    pub fn of_api(database: &Database, defaults: FlagSettings) -> Self {
        Self::start(database.own().within(REFRESH_PATIENCE), defaults)
    }

    /// Starts following the flags, as the worker's role.
    pub fn of_worker(service: &Service, defaults: FlagSettings) -> Self {
        Self::start(service.work().within(REFRESH_PATIENCE), defaults)
    }

    fn start(store: TimeoutPool, defaults: FlagSettings) -> Self {
        let flags = Self { store, defaults, known: Arc::new(RwLock::new(by_default(defaults))) };
        tokio::spawn(flags.clone().follow());
        flags
    }

    /// Whether a flag is on for this user, or without one. Costs a lock that is held briefly.
    pub fn is_on(&self, flag: Flag, user: Option<UserId>) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&flag).is_some_and(|setting| setting.is_on_for(user))
    }

    /// What this process goes by now.
    pub fn known(&self, flag: Flag) -> Setting {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&flag).cloned().unwrap_or_default()
    }

    /// What a flag is while no operator has set it.
    pub fn by_default(&self, flag: Flag) -> Setting {
        Setting { enabled: flag.default_in(self.defaults), users: None }
    }

    /// Reads the rows now: after a change, or before an action that depends on one.
    ///
    /// # Errors
    /// The store is unavailable; the last known values stay.
    pub async fn refresh(&self) -> Result<()> {
        let rows = read(&self.store).await.context("reading the flags")?;
        let mut fresh = by_default(self.defaults);
        fresh.extend(rows);
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    async fn follow(self) {
        let mut clock = tokio::time::interval(REFRESH_EVERY);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut away = false;
        loop {
            clock.tick().await;
            let outcome = self.refresh().await;
            if let Err(error) = &outcome
                && !away
            {
                tracing::warn!(error = format!("{error:#}"), "the flags cannot be read; the last known ones stand");
            }
            away = outcome.is_err();
        }
    }
}

fn by_default(settings: FlagSettings) -> Known {
    let setting = |flag: Flag| Setting { enabled: flag.default_in(settings), users: None };
    Flag::ALL.iter().map(|&flag| (flag, setting(flag))).collect()
}

/// A flag's row, as an administrator; `None` if it was never set.
///
/// # Errors
/// The store is unavailable.
pub async fn show(database: &Database, flag: Flag) -> Result<Option<Stored>, Refusal> {
    let mut tx = database.as_admin().await?;
    let stored = select(&mut tx, flag).await?;
    tx.commit().await?;
    Ok(stored)
}

/// Replaces all of a flag's row, as an administrator.
///
/// # Errors
/// The store is unavailable.
pub async fn update(database: &Database, flag: Flag, setting: &Setting) -> Result<Stored, Refusal> {
    let mut tx = database.as_admin().await?;
    let stored = upsert(&mut tx, flag, setting).await?;
    tx.commit().await?;
    Ok(stored)
}

/// Rows of flags that this version knows; others belong to a newer one.
async fn read(store: &TimeoutPool) -> sqlx::Result<Known> {
    let rows = sqlx::query!("SELECT name, enabled, users FROM almanac.feature_flags").fetch_all(store).await?;
    let known = rows.into_iter().filter_map(|row| Some((Flag::parse(&row.name)?, setting(row.enabled, row.users))));
    Ok(known.collect())
}

async fn select(tx: &mut AdminTx, flag: Flag) -> sqlx::Result<Option<Stored>> {
    let row =
        sqlx::query!("SELECT enabled, users, updated_at FROM almanac.feature_flags WHERE name = $1", flag.as_str())
            .fetch_optional(tx.connection())
            .await?;
    Ok(row.map(|row| Stored { setting: setting(row.enabled, row.users), updated_at: row.updated_at }))
}

async fn upsert(tx: &mut AdminTx, flag: Flag, new: &Setting) -> sqlx::Result<Stored> {
    let users: Option<Vec<Uuid>> = new.users.as_ref().map(|users| users.iter().map(|user| user.0).collect());
    let row = sqlx::query!(
        r#"
        INSERT INTO almanac.feature_flags (name, enabled, users)
        VALUES ($1, $2, $3)
            ON CONFLICT (name) DO UPDATE SET
               enabled = excluded.enabled,
               users = excluded.users,
               updated_at = clock_timestamp()
        RETURNING enabled, users, updated_at
        "#,
        flag.as_str(),
        new.enabled,
        users.as_deref()
    )
    .fetch_one(tx.connection())
    .await?;
    Ok(Stored { setting: setting(row.enabled, row.users), updated_at: row.updated_at })
}

fn setting(enabled: bool, users: Option<Vec<Uuid>>) -> Setting {
    Setting { enabled, users: users.map(|users| users.into_iter().map(UserId).collect()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::platform::config::{Env, WorkerSettings};

    #[test]
    fn a_flag_is_on_for_whom_its_row_says() {
        let (anna, ben) = (UserId::fresh(), UserId::fresh());
        let table = [
            // enabled, users, asked for, on
            (false, None, Some(anna), false),
            (false, Some(vec![anna]), Some(anna), false),
            (true, None, Some(anna), true),
            (true, None, None, true),
            (true, Some(vec![anna]), Some(anna), true),
            (true, Some(vec![anna]), Some(ben), false),
            (true, Some(vec![anna]), None, false),
            (true, Some(vec![]), Some(anna), false),
        ];
        for (enabled, users, user, on) in table {
            let setting = Setting { enabled, users };
            assert_eq!(setting.is_on_for(user), on, "{setting:?} for {user:?}");
        }
    }

    #[test]
    fn every_flag_is_named_after_its_service_and_has_a_variable_that_is_off() {
        for flag in Flag::ALL {
            let variable = crate::platform::config::variables().find(|variable| variable.name == flag.as_str());
            assert_eq!(variable.map(|variable| variable.default), Some("false"), "{flag:?}");
            assert!(flag.as_str().ends_with("_SERVICE_ENABLED"), "{flag:?}");
            assert_eq!(Flag::parse(flag.as_str()), Some(*flag));
        }
    }

    #[test]
    fn the_environment_sets_the_defaults_and_a_word_that_is_no_switch_is_named() {
        let read = |word: &str| {
            let base = [("DATABASE_URL", "postgres://db"), ("CALENDAR_SERVICE_ENABLED", word)];
            WorkerSettings::from_env(Env::of(base)).map(|settings| settings.flags)
        };

        assert_eq!(read("").unwrap(), FlagSettings::default());
        assert_eq!(read("true").unwrap(), FlagSettings { calendar_service: true, publish_service: false });
        assert_eq!(read("yes").unwrap_err().0, ["CALENDAR_SERVICE_ENABLED: is neither true nor false"]);
    }

    proptest! {
        #[test]
        fn a_flag_that_is_off_is_off_for_everybody(users in prop::option::of(prop::collection::vec(any::<u128>(), 0..4)), who: u128) {
            let users: Option<Vec<UserId>> = users.map(|users| users.into_iter().map(|bits| UserId(Uuid::from_u128(bits))).collect());
            let (on, off) = (Setting { enabled: true, users: users.clone() }, Setting { enabled: false, users });
            let who = Some(UserId(Uuid::from_u128(who)));
            prop_assert!(!off.is_on_for(who));
            prop_assert!(!on.is_on_for(None) || on.is_on_for(who), "on without a user is on for every user");
        }
    }
}
