//! What the preset `beta-launch` places in a week without placements, and the topic of a week's newsletter.
//! Called by the worker's job after it has planned what was placed, with the brand's accounts, trends and placements.
//! Pure: it only fills times that are free, so the plan that follows moves none of what it placed.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};
use serde_json::Map;

use super::{Outlet, PlacementId, PlacementSeed, WeekRequest};
use crate::{
    brands::{Account, AccountId, AccountState, Platform, TrendId},
    values::local_time::instant,
};

/// Most placements of an account on a day, those that were placed by hand included.
pub const MOST_A_DAY: usize = 2;
/// Monday to Friday.
const DAYS: usize = 5;

/// A placement that is stored already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its key.
    pub id: PlacementId,
    /// Where it goes.
    pub outlet: Outlet,
    /// Its account.
    pub account: Option<AccountId>,
    /// When it goes out.
    pub at: DateTime<Utc>,
    /// What it is about.
    pub trend: Option<TrendId>,
}

/// What a brand has to fill a week with.
#[derive(Clone, Copy, Debug)]
pub struct Stock<'a> {
    /// The time that each of the request's placements got, in their order; none for one that failed and leaves its time
    /// free. They are planned first, because a move may end on a time that the preset would have taken.
    pub planned: &'a [Option<DateTime<Utc>>],
    /// Its accounts.
    pub accounts: &'a [Account],
    /// Its trends, the one to take first at the front.
    pub trends: &'a [TrendId],
    /// Its placements, of this week and of all others.
    pub stored: &'a [Stored],
}

/// What a preset placed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filled {
    /// New placements by day, on each day in the order of the platforms.
    pub seeds: Vec<PlacementSeed>,
    /// Placements it owes to platforms that were preferred and have no account: `MISSING_ACCOUNT`.
    pub without_account: Vec<PlacementId>,
    /// How many free times are left because no trend is unused.
    pub without_trend: usize,
}

/// When a platform is posted to, by the clocks of the week.
pub const fn hour(platform: Platform) -> i64 {
    match platform {
        Platform::Instagram => 11,
        Platform::Linkedin => 9,
        Platform::Facebook => 13,
        Platform::Tiktok => 18,
        Platform::Youtube => 16,
    }
}

/// One post for each platform and day from Monday to Friday, where the platform's time is free on its account and the
/// account has less than two on that day. A placement that an earlier run made under the same id keeps its trend.
pub fn fill(request: &WeekRequest, stock: &Stock<'_>, gap: Duration) -> Filled {
    let mut filled = Filled::default();
    if request.options.preset.is_none() {
        return filled;
    }
    let accounts = accounts(request, stock.accounts);
    let seeded: BTreeSet<&PlacementId> = request.seeds.iter().map(|seed| &seed.id).collect();
    let slots = request.week.dates().take(DAYS).flat_map(|day| accounts.iter().map(move |(at, to)| (day, *at, *to)));
    let mut free = Vec::new();
    for (day, platform, account) in slots {
        let id = PlacementId::of_preset(day, platform);
        match account {
            _ if seeded.contains(&id) => {}
            None => filled.without_account.push(id),
            Some(account) => free.extend(slot(request, stock, id, (day, platform, account), gap)),
        }
    }
    give_trends(request, stock, free, &mut filled);
    filled
}

/// The trend a newsletter leads with: the one it had, else the first of the brand.
pub fn lead(newsletter: &PlacementId, stock: &Stock<'_>) -> Option<TrendId> {
    let had = stock.stored.iter().find(|stored| stored.id == *newsletter).and_then(|stored| stored.trend.as_ref());
    had.filter(|trend| stock.trends.contains(trend)).or(stock.trends.first()).cloned()
}

/// The platforms to fill, each with the account that the request gives it, else with one of the brand's: those that
/// work come first. Preferred platforms stand in their order, also without an account; else all linked ones that work.
fn accounts<'a>(request: &'a WeekRequest, linked: &'a [Account]) -> Vec<(Platform, Option<&'a AccountId>)> {
    let works = |account: &&Account| account.state == AccountState::Connected;
    let mut by_platform: BTreeMap<Platform, &Account> = BTreeMap::new();
    let mut linked: Vec<&Account> = linked.iter().collect();
    linked.sort_by_key(|account| (!works(account), &account.id));
    for account in &linked {
        by_platform.entry(account.platform).or_insert(account);
    }
    let preferred = &request.options.preferred_platforms;
    let account = |platform: Platform| {
        request.accounts.get(&platform).or_else(|| by_platform.get(&platform).map(|account| &account.id))
    };
    if preferred.is_empty() {
        let usable = |platform: &Platform| {
            request.accounts.contains_key(platform) || by_platform.get(platform).is_some_and(works)
        };
        Platform::ALL.iter().copied().filter(usable).map(|platform| (platform, account(platform))).collect()
    } else {
        preferred.iter().map(|platform| (*platform, account(*platform))).collect()
    }
}

fn slot(
    request: &WeekRequest,
    stock: &Stock<'_>,
    id: PlacementId,
    (day, platform, account): (NaiveDate, Platform, &AccountId),
    gap: Duration,
) -> Option<PlacementSeed> {
    let at = instant(day, NaiveTime::MIN + Duration::hours(hour(platform)), request.week.zone);
    let times = times_of(request, stock, &id, account);
    let is_free = times.iter().all(|other| (*other - at).abs() >= gap);
    let that_day = times.iter().filter(|other| request.week.date_of(**other) == day).count();
    (is_free && that_day < MOST_A_DAY).then(|| PlacementSeed {
        id,
        trend: None,
        day,
        scheduled_at: at.into(),
        time_label: None,
        outlet: Outlet::Platform(platform),
        account: Some(account.clone()),
        source: None,
        desired_format: None,
        metadata: Map::new(),
    })
}

/// When else the account is busy: with what is placed now, and with what is stored under ids that are not placed now.
fn times_of(request: &WeekRequest, stock: &Stock<'_>, id: &PlacementId, account: &AccountId) -> Vec<DateTime<Utc>> {
    let seeds = request.seeds.iter().zip(stock.planned).filter(|(seed, _)| seed.account.as_ref() == Some(account));
    let is_seeded = |stored: &&Stored| request.seeds.iter().any(|seed| seed.id == stored.id);
    let stored = stock.stored.iter().filter(|stored| stored.account.as_ref() == Some(account) && stored.id != *id);
    seeds.filter_map(|(_, at)| *at).chain(stored.filter(|one| !is_seeded(one)).map(|one| one.at)).collect()
}

/// Unused are the trends that no seed of the request and no other stored placement has. A newsletter uses none up: it
/// repeats the topics of the week.
fn give_trends(request: &WeekRequest, stock: &Stock<'_>, free: Vec<PlacementSeed>, filled: &mut Filled) {
    let mut used: BTreeSet<&TrendId> = request.seeds.iter().filter_map(|seed| seed.trend.as_ref()).collect();
    let mut had: BTreeMap<&PlacementId, &TrendId> = BTreeMap::new();
    for stored in stock.stored.iter().filter(|stored| stored.outlet != Outlet::Newsletter) {
        let Some(trend) = &stored.trend else { continue };
        if free.iter().any(|seed| seed.id == stored.id) {
            had.insert(&stored.id, trend);
        } else {
            used.insert(trend);
        }
    }
    let kept: Vec<Option<&TrendId>> = free
        .iter()
        .map(|seed| had.get(&seed.id).copied().filter(|trend| stock.trends.contains(trend) && used.insert(trend)))
        .collect();
    let mut unused = stock.trends.iter().filter(|trend| !used.contains(trend));
    for (seed, kept) in free.into_iter().zip(kept) {
        match kept.or_else(|| unused.next()) {
            Some(trend) => filled.seeds.push(PlacementSeed { trend: Some(trend.clone()), ..seed }),
            None => filled.without_trend += 1,
        }
    }
}

#[cfg(test)]
mod tests;
