//! A week as its first start planned it: each placement with its time, account and trend, and those that cannot be made
//! with the reason. Made by the worker's job and kept with the run, so that a later attempt moves nothing.
//! Pure; what a brand has is handed in, and the same is planned from the same.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    PlacementId, PlacementSeed, WeekRequest,
    event::Failure,
    fields::Field,
    preset::{self, Stock, Stored},
    run::SavedPlacement,
    slots::{self, Before, NoFreeSlot, Occupied, Planned, Spacing, Wish},
    task::Slot,
};
use crate::{
    brands::{Account, AccountState, Platform, Trend, TrendId},
    platform::error::Code,
};

/// What is to be made of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What the model is asked for, in the order of the request.
    pub slots: Vec<Slot>,
    /// What cannot be made, and why.
    pub refused: Vec<Failure>,
}

/// What a brand has when its week is planned.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    /// Its accounts.
    pub accounts: Vec<Account>,
    /// Trends that are named, and those a preset may take, the one to take first at the front.
    pub trends: Vec<Trend>,
    /// Its placements, of this week and of all others, in short.
    pub stored: Vec<Stored>,
    /// Its placements of this week, and those of the ids that are asked for.
    pub saved: Vec<SavedPlacement>,
}

impl Plan {
    /// Placements in all.
    pub fn total(&self) -> usize {
        self.slots.len() + self.refused.len()
    }

    /// Plans a request: first what was placed, then what a preset adds in the times that are left.
    pub fn of(request: &WeekRequest, holdings: &Holdings) -> Self {
        let mut planning = Planning { request, holdings, fit: Vec::new(), refused: Vec::new() };
        planning.judge(request.seeds.iter().cloned());
        let planned: BTreeMap<PlacementId, DateTime<Utc>> = planning.times().into_iter().flatten().collect();
        let planned: Vec<_> = request.seeds.iter().map(|seed| planned.get(&seed.id).copied()).collect();
        planning.add(&planned);
        planning.close()
    }
}

/// Every id that a request may make something under.
pub fn ids(request: &WeekRequest) -> Vec<PlacementId> {
    let seeded = request.seeds.iter().map(|seed| seed.id.clone());
    let newsletter = request.newsletter().map(|seed| seed.id);
    let days = request.week.dates().take(if request.options.preset.is_some() { 7 } else { 0 });
    let preset = days.flat_map(|day| Platform::ALL.iter().map(move |platform| PlacementId::of_preset(day, *platform)));
    seeded.chain(newsletter).chain(preset).collect()
}

struct Planning<'a> {
    request: &'a WeekRequest,
    holdings: &'a Holdings,
    /// What can be made if there is a time for it.
    fit: Vec<PlacementSeed>,
    refused: Vec<Failure>,
}

impl Planning<'_> {
    fn judge(&mut self, seeds: impl IntoIterator<Item = PlacementSeed>) {
        for seed in seeds {
            match judge(&seed, self.holdings) {
                Ok(()) => self.fit.push(seed),
                Err(code) => self.refused.push(refusal(&seed.id, code)),
            }
        }
    }

    fn plan(&self) -> Vec<Result<Planned, NoFreeSlot>> {
        let (wishes, occupied) = (wishes(&self.fit, &self.holdings.saved), occupied(&self.fit, &self.holdings.stored));
        slots::plan(&self.request.week, &Spacing::default(), &wishes, &occupied)
    }

    /// The time that each fit placement gets.
    fn times(&self) -> Vec<Option<(PlacementId, DateTime<Utc>)>> {
        let planned = self.fit.iter().zip(self.plan());
        planned.map(|(seed, planned)| Some((seed.id.clone(), planned.ok()?.at))).collect()
    }

    /// What a preset and a newsletter add.
    fn add(&mut self, planned: &[Option<DateTime<Utc>>]) {
        let Holdings { accounts, trends, stored, .. } = self.holdings;
        let trends: Vec<TrendId> = trends.iter().map(|trend| trend.id.clone()).collect();
        let stock = Stock { planned, accounts, trends: &trends, stored };
        let filled = preset::fill(self.request, &stock, Spacing::default().gap);
        let newsletter = self.request.newsletter().map(|seed| {
            let trend = preset::lead(&seed.id, &stock);
            PlacementSeed { trend, ..seed }
        });
        self.refused.extend(filled.without_account.iter().map(|id| refusal(id, Code::MissingAccount)));
        self.judge(filled.seeds.into_iter().chain(newsletter));
    }

    fn close(self) -> Plan {
        let planned = self.plan();
        let Self { holdings, fit, mut refused, .. } = self;
        let trends: BTreeMap<&TrendId, &Trend> = holdings.trends.iter().map(|trend| (&trend.id, trend)).collect();
        let mut slots = Vec::new();
        for (seed, planned) in fit.into_iter().zip(planned) {
            match planned {
                Ok(planned) => {
                    let trend = seed.trend.as_ref().and_then(|id| trends.get(id)).map(|trend| (*trend).clone());
                    slots.push(Slot { seed, planned, trend });
                }
                Err(NoFreeSlot) => refused.push(refusal(&seed.id, Code::NoFreeSlot)),
            }
        }
        Plan { slots, refused }
    }
}

/// Whether a placement can be made at all.
fn judge(seed: &PlacementSeed, holdings: &Holdings) -> Result<(), Code> {
    if let Some(platform) = seed.outlet.platform() {
        let id = seed.account.as_ref().ok_or(Code::MissingAccount)?;
        let linked = holdings.accounts.iter().find(|account| account.id == *id && account.platform == platform);
        // Linked when the request was accepted, and taken away since.
        match linked.map(|account| account.state) {
            Some(AccountState::Connected) => {}
            Some(AccountState::AuthFailed) => return Err(Code::AuthFailed),
            Some(AccountState::Disconnected) | None => return Err(Code::AccountDisconnected),
        }
    }
    match &seed.trend {
        Some(id) if holdings.trends.iter().all(|trend| trend.id != *id) => Err(Code::TrendNotFound),
        _ => Ok(()),
    }
}

fn refusal(id: &PlacementId, code: Code) -> Failure {
    let message = match code {
        Code::MissingAccount => "No account is named for this placement, and none for its platform.",
        Code::AccountDisconnected => "The account of this placement is not connected any more.",
        Code::AuthFailed => "The platform no longer takes the credentials of this placement's account.",
        Code::TrendNotFound => "The brand has no trend with this id.",
        _ => "No time of this week is free on this placement's account.",
    };
    Failure { code: Some(code), message: message.to_owned(), placement_id: Some(id.clone()) }
}

fn wishes(seeds: &[PlacementSeed], saved: &[SavedPlacement]) -> Vec<Wish> {
    let wish = |seed: &PlacementSeed| {
        let same = |one: &&SavedPlacement| {
            one.placement.placement_id == seed.id && one.placement.platform.account_id == seed.account
        };
        let before = saved.iter().find(same).map(|one| Before {
            wished: one.wished_at,
            planned: one.placement.schedule.scheduled_at.at(),
            by_hand: one.record.edited.contains(&Field::Schedule),
        });
        Wish { id: seed.id.clone(), account: seed.account.clone(), at: seed.scheduled_at.at(), before }
    };
    seeds.iter().map(wish).collect()
}

/// What is stored under other ids stays where it is, in this week and in those beside it: instants are compared, so
/// neither the week nor the zone of a placement matters.
fn occupied(seeds: &[PlacementSeed], stored: &[Stored]) -> Vec<Occupied> {
    let asked: BTreeSet<&PlacementId> = seeds.iter().map(|seed| &seed.id).collect();
    let others = stored.iter().filter(|one| !asked.contains(&one.id));
    others.filter_map(|one| Some(Occupied { account: one.account.clone()?, at: one.at })).collect()
}

#[cfg(test)]
mod tests;
