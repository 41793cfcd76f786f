//! Times for the placements of a week: each keeps the one it asks for unless its account is busy then, and is moved as
//! little as possible where it must be.
//! Called by the worker's job before it asks a model, with everything that is planned on the same accounts already.
//! Pure: the same wishes give the same plan, and a plan that is asked for again moves nothing.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, Duration, NaiveDate, NaiveTime, TimeZone, Utc};
use serde::{Deserialize, Serialize};

use super::{PlacementId, Week};
use crate::{brands::AccountId, values::local_time::instant};

/// How far apart placements of one account are, and where a moved one may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spacing {
    /// Two that are closer overlap.
    pub gap: Duration,
    /// How far a placement is moved at a time.
    pub step: Duration,
    /// First local time to move to.
    pub opens: NaiveTime,
    /// Last local time to move to.
    pub closes: NaiveTime,
}

impl Default for Spacing {
    fn default() -> Self {
        let (opens, closes) = (NaiveTime::MIN + Duration::hours(7), NaiveTime::MIN + Duration::hours(22));
        Self { gap: Duration::minutes(30), step: Duration::minutes(30), opens, closes }
    }
}

/// A time that a placement asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The placement.
    pub id: PlacementId,
    /// Its account. A newsletter has none and conflicts with no other placement.
    pub account: Option<AccountId>,
    /// When it wants to go out.
    pub at: DateTime<Utc>,
    /// What an earlier run made of it on the same account.
    pub before: Option<Before>,
}

/// What is stored of a placement that was planned before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Before {
    /// What it asked for then.
    pub wished: DateTime<Utc>,
    /// The planned time, or the time a person set since.
    pub planned: DateTime<Utc>,
    /// The time was set by a person: it stays, even if another placement is close to it.
    pub by_hand: bool,
}

/// A time that is taken on an account by a placement that is not among the wishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupied {
    /// The account.
    pub account: AccountId,
    /// When.
    pub at: DateTime<Utc>,
}

/// The time a placement gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// When it goes out.
    pub at: DateTime<Utc>,
    /// Why the time differs from the requested one; `None` if it does not.
    pub moved: Option<Why>,
}

/// Why a placement was moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Why {
    /// Something else of its account is too close to the time it asked for.
    Taken,
    /// It was planned here before, and nothing that is asked for again moves.
    PlannedBefore,
    /// Moved here by a person.
    ByHand,
}

/// Nothing of its week is free on its account from the time it asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no time of this week is free on its account")]
pub struct NoFreeSlot;

impl Why {
    /// Text for `schedule.reason`.
    pub fn sentence(self, wished: DateTime<Utc>, week: &Week) -> String {
        let wished = week.zone.from_utc_datetime(&wished.naive_utc()).format("%a %H:%M");
        match self {
            Self::Taken => format!("Moved from {wished}: another placement of this account is too close to it."),
            Self::PlannedBefore => format!("Asked for {wished}, and kept where it was planned before."),
            Self::ByHand => format!("Asked for {wished}, and kept where a person moved it."),
        }
    }
}

/// A time for each wish, in their order.
///
/// What was planned before and is asked for again keeps its time first of all. Then each wish in turn keeps its own if
/// nothing of its account is closer than the gap, else it takes the first free one after it: in steps on the same day,
/// then on the following days of the week, between the opening and the closing time.
pub fn plan(
    week: &Week,
    spacing: &Spacing,
    wishes: &[Wish],
    occupied: &[Occupied],
) -> Vec<Result<Planned, NoFreeSlot>> {
    let mut diary = Diary { gap: spacing.gap, taken: BTreeMap::new() };
    for Occupied { account, at } in occupied {
        diary.take(Some(account), *at);
    }
    let kept = keep(wishes, &mut diary);
    let planned = wishes.iter().zip(kept);
    planned.map(|(wish, kept)| kept.map_or_else(|| place(week, spacing, wish, &mut diary), Ok)).collect()
}

/// Times that stay: those people gave, whatever they are beside, then what was planned before.
fn keep<'a>(wishes: &'a [Wish], diary: &mut Diary<'a>) -> Vec<Option<Planned>> {
    let mut kept = vec![None; wishes.len()];
    for by_hand in [true, false] {
        for (wish, kept) in wishes.iter().zip(&mut kept) {
            let Some(before) = wish.before.filter(|before| before.by_hand == by_hand && before.still_holds(wish))
            else {
                continue;
            };
            if by_hand || diary.is_free(wish.account.as_ref(), before.planned) {
                // Everything that moved it the first time is in the diary again, so the reason is the same again.
                let why = match diary.is_free(wish.account.as_ref(), wish.at) {
                    _ if by_hand => Why::ByHand,
                    true => Why::PlannedBefore,
                    false => Why::Taken,
                };
                diary.take(wish.account.as_ref(), before.planned);
                *kept = Some(Planned { at: before.planned, moved: (before.planned != wish.at).then_some(why) });
            }
        }
    }
    kept
}

impl Before {
    /// A wish that is new is a new plan, unless it is for the very time the placement has.
    fn still_holds(&self, wish: &Wish) -> bool {
        self.by_hand || wish.at == self.wished || wish.at == self.planned
    }
}

fn place<'a>(week: &Week, spacing: &Spacing, wish: &'a Wish, diary: &mut Diary<'a>) -> Result<Planned, NoFreeSlot> {
    let account = wish.account.as_ref();
    let planned = if diary.is_free(account, wish.at) {
        Planned { at: wish.at, moved: None }
    } else {
        let free = later(week, spacing, wish.at).find(|at| diary.is_free(account, *at)).ok_or(NoFreeSlot)?;
        Planned { at: free, moved: Some(Why::Taken) }
    };
    diary.take(account, planned.at);
    Ok(planned)
}

/// The times a placement may be moved to, the nearest first. Steps are counted in real time, so a day on which the clocks
/// change has its hours and no others.
fn later(week: &Week, spacing: &Spacing, wished: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> + use<> {
    let (week, spacing) = (*week, *spacing);
    let step = spacing.step.max(Duration::minutes(1));
    let today = week.date_of(wished);
    let on = move |day: NaiveDate, from: DateTime<Utc>| {
        let steps = (0..).map_while(move |n| from.checked_add_signed(step * n));
        let today = steps.take_while(move |at| week.date_of(*at) == day);
        today.filter(move |at| (spacing.opens..=spacing.closes).contains(&week.time_of(*at)))
    };
    let same_day = on(today, wished + step);
    let days = (1..7).map_while(move |n| today.checked_add_days(Days::new(n))).filter(move |day| week.holds(*day));
    same_day.chain(days.flat_map(move |day| on(day, instant(day, spacing.opens, week.zone))))
}

/// What is taken, by account.
struct Diary<'a> {
    gap: Duration,
    taken: BTreeMap<&'a AccountId, BTreeSet<DateTime<Utc>>>,
}

impl<'a> Diary<'a> {
    fn take(&mut self, account: Option<&'a AccountId>, at: DateTime<Utc>) {
        if let Some(account) = account {
            self.taken.entry(account).or_default().insert(at);
        }
    }

    fn is_free(&self, account: Option<&AccountId>, at: DateTime<Utc>) -> bool {
        let Some(taken) = account.and_then(|account| self.taken.get(account)) else { return true };
        let next = taken.range(at..).next();
        let last = taken.range(..at).next_back();
        next.is_none_or(|next| *next - at >= self.gap) && last.is_none_or(|last| at - *last >= self.gap)
    }
}

#[cfg(test)]
mod tests;
