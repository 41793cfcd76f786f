//! From drafts to placements: the plan is made and stored once, and each draft becomes the placement of its slot, with
//! assets of the brand's library, merged into the stored one so that no edit is lost.
//! Called by the job beside this.

use std::collections::BTreeSet;

use almanac_shared::{
    brands::terms::terms,
    organic::{
        PlacementId, Stage,
        event::Placement,
        fields, fitting,
        matching::{self, Match, Shelf},
        plan::{self, Plan},
        run::SavedPlacement,
        store::work::{self, Made},
        task::{self, Draft, Slot},
    },
    platform::id::RunId,
    values::merge::{self, Choice, Generated, Record},
};
use anyhow::Context;

use super::{Burst, Drafts, OrganicWeek};
use crate::jobs::{JobError, model_run::Attempt};

/// A draft made into the placement of its slot.
pub(super) struct Filled {
    placement: Placement,
    slot: Slot,
    /// The assets that fit it, best first.
    found: Vec<Match>,
}

impl OrganicWeek {
    /// Reads the plan of an earlier attempt, or makes it and stores it with its events.
    pub(super) async fn prepare(&mut self, attempt: &mut Attempt<'_>) -> Result<(), JobError> {
        let (service, user) = (&attempt.deps.service, attempt.job.user_id);
        if let Some(kept) = self.order.plan.take() {
            self.plan = serde_json::from_value(kept).context("reading a kept plan")?;
            let (request, ids) = (&self.order.request, plan::ids(&self.order.request));
            let saved = work::saved(service, user, &self.order.brand_id, request.week.start, &ids).await?;
            self.remember(saved);
            let run = RunId::from(attempt.job.id);
            let of_this_run = self.saved.iter().filter(|(_, saved)| saved.run_id == run);
            self.made = of_this_run.map(|(id, _)| id.clone()).collect();
            return Ok(());
        }
        let request = &self.order.request;
        let holdings = work::holdings(service, user, &self.order.brand_id, request).await?;
        self.plan = Plan::of(request, &holdings);
        self.remember(holdings.saved);
        let burst = self.push_plan()?;
        let kept = serde_json::to_value(&self.plan).context("writing a plan")?;
        let counts = [self.plan.total(), self.plan.refused.len()].map(|n| i32::try_from(n).unwrap_or(i32::MAX));
        work::keep_plan(service, attempt.job.lease(), &kept, counts, &burst).await?;
        self.stage = Some(if self.plan.slots.is_empty() { Stage::Analyzing } else { Stage::Drafting });
        attempt.publish(burst.events);
        Ok(())
    }

    fn remember(&mut self, saved: Vec<SavedPlacement>) {
        self.saved.extend(saved.into_iter().map(|saved| (saved.placement.placement_id.clone(), saved)));
    }

    /// Counts a stored burst's placements.
    pub(super) fn add(&mut self, burst: Burst) {
        self.made.extend(burst.items.iter().map(|made| made.placement.placement.placement_id.clone()));
        self.remember(burst.items.into_iter().map(|made| made.placement).collect());
    }

    /// Reads again placements that a user has changed since they were read.
    pub(super) async fn read_again(&mut self, attempt: &Attempt<'_>, placements: &[Filled]) -> Result<(), JobError> {
        let ids: Vec<PlacementId> = placements.iter().map(|filled| filled.placement.placement_id.clone()).collect();
        let (service, user, week) = (&attempt.deps.service, attempt.job.user_id, self.order.request.week.start);
        let saved = work::saved(service, user, &self.order.brand_id, week, &ids).await?;
        ids.iter().for_each(|id| drop(self.saved.remove(id)));
        self.remember(saved);
        Ok(())
    }

    /// Each draft as the placement of its slot: fitted to where it goes, with the assets that fit it.
    pub(super) async fn placements(&self, attempt: &Attempt<'_>, drafts: Drafts) -> Result<Vec<Filled>, JobError> {
        let slot = |id: &PlacementId| self.plan.slots.iter().find(|slot| slot.seed.id == *id);
        let drafts = drafts.into_iter().filter_map(|(id, draft)| {
            let slot = slot(&id)?;
            Some((slot, fitting::fit(draft, slot.seed.outlet, slot.seed.format()).draft))
        });
        let drafts: Vec<(&Slot, Draft)> = drafts.collect();
        let wanted = drafts.iter().flat_map(|(slot, draft)| {
            let subject = slot.subject(&draft.title_topic);
            [subject.tags, vec![subject.trend, subject.topic, subject.description]].concat()
        });
        let wanted: Vec<String> = terms(wanted).into_iter().collect();
        let assets = match wanted.is_empty() {
            true => Vec::new(),
            false => work::assets(&attempt.deps.service, attempt.job.user_id, &self.order.brand_id, &wanted).await?,
        };
        let shelf = Shelf::of(assets.iter().map(|asset| matching::Asset {
            id: &asset.id,
            title: &asset.title,
            kind: asset.kind,
            tags: &asset.tags,
        }));
        let made = drafts.into_iter().map(|(slot, draft)| {
            let most = matching::wanted(slot.seed.format(), draft.num_slides);
            let found = shelf.matches(&slot.subject(&draft.title_topic), most);
            Filled {
                placement: task::placement(&self.order.request.week, slot, draft, &found),
                slot: slot.clone(),
                found,
            }
        });
        Ok(made.collect())
    }

    /// Placements merged into the saved ones, with their events.
    pub(super) fn burst(&self, attempt: &Attempt<'_>, placements: &[Filled]) -> Result<Burst, JobError> {
        let mut burst = Burst::default();
        for filled in placements {
            let made = self.merged(attempt, filled)?;
            Self::push_placement(&mut burst, &made.placement.placement)?;
            burst.items.push(made);
        }
        Ok(burst)
    }

    /// Fields that a person edited stay; all other fields come from this run.
    fn merged(&self, attempt: &Attempt<'_>, Filled { placement, slot, found }: &Filled) -> anyhow::Result<Made> {
        let id = &placement.placement_id;
        let theirs = fields::of(placement).context("reading a placement's fields")?;
        let before = self.saved.get(id);
        let record = match before {
            None => Record::generated(theirs),
            Some(saved) => {
                let ours = [(id.to_string(), saved.record.clone())].into();
                let run = Generated { records: [(id.to_string(), theirs)].into(), unfilled: BTreeSet::new() };
                let accepted = merge::accept(ours, &run, &Choice::default(), |_| true);
                accepted.saved.into_values().next().context("a merge lost its record")?
            }
        };
        let placement = fields::read(id.as_str(), &record.fields).context("reading a merged placement")?;
        let week_start = almanac_shared::organic::edits::week_start(placement.schedule.day_id);
        let known = before.map_or(0, |saved| saved.record.version);
        let saved = SavedPlacement {
            placement,
            week_start,
            zone: self.order.request.week.zone,
            wished_at: slot.seed.scheduled_at.at(),
            run_id: RunId::from(attempt.job.id),
            record,
            matches: found.clone(),
            updated_at: before.map_or_else(Default::default, |saved| saved.updated_at),
        };
        Ok(Made { placement: saved, known })
    }
}
