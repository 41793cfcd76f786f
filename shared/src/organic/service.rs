//! Organic weeks: the use-cases. Called by the API's routes.
//! Requests are refused before anything is stored, a run never overwrites a human edit, and a row of another user
//! counts as missing.

use anyhow::Context;
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Map, Value};

use super::{
    PlacementId, WeekRequest, edits, fields,
    rules::RequestBody,
    run::{Run, SavedPlacement},
    store::{self, NewRun, Submitted},
};
use crate::{
    brands::{AccountId, BrandId, Platform},
    jobs::{
        Lane,
        queue::Bell,
        submission::{LockWait, SubmitError},
    },
    platform::{
        config::OrganicSettings,
        db::{Database, UserTx},
        error::{FieldError, LimitState, Refusal, Work},
        faults::{self, Point},
        id::{JobId, RunId, UserId},
    },
};

/// The prompt of new runs.
const PROMPT_VERSION: &str = "v1";

/// The use-cases and what they stand on.
#[derive(Clone, Debug)]
pub struct Organic {
    database: Database,
    bell: Bell,
    settings: OrganicSettings,
}

/// A request for a week, every word of it checked.
#[derive(Clone, Debug)]
pub struct Order {
    /// As it was sent: kept with the run.
    pub body: RequestBody,
    /// As it was read.
    pub request: WeekRequest,
}

/// Who asks, and what comes with the asking.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Who asks.
    pub user: UserId,
    /// What for.
    pub order: Order,
    /// The model.
    pub model: String,
    /// The idempotency key, and the fingerprint of the body it came with.
    pub key: Option<(String, [u8; 32])>,
    /// W3C traceparent.
    pub trace: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
}

/// An accepted week.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The run; an earlier one when the request is a replay.
    pub run: RunId,
    /// Its brand.
    pub brand: BrandId,
    /// Its Monday.
    pub week_start: NaiveDate,
    /// Whether an earlier request with the same key was answered again.
    pub replayed: bool,
    /// Where the limit stands now.
    pub limit: LimitState,
}

impl Organic {
    /// Creates the use-cases on a database, the doorbell and settings.
    pub const fn new(database: Database, bell: Bell, settings: OrganicSettings) -> Self {
        Self { database, bell, settings }
    }

    /// Checks a request: its words, its rules, its size.
    ///
    /// # Errors
    /// `InvalidFields`, or refused by a rule.
    pub fn read(&self, body: RequestBody) -> Result<Order, Refusal> {
        let request = WeekRequest::parse(body.clone(), self.settings.max_placements)?;
        Ok(Order { body, request })
    }

    /// Accepts a week: limit, key, slot, brand, accounts and job in one commit, then rings.
    ///
    /// # Errors
    /// Missing brand, an account that is not linked to it, another run active, limited, key reused or in progress, or
    /// the store is unavailable. Then nothing is stored and nothing enqueued, except perhaps with
    /// [`Refusal::Unconfirmed`].
    pub async fn submit(&self, submission: Submission) -> Result<Accepted, Refusal> {
        let trace = submission.trace.clone();
        let new = new_run(&submission)?;
        let mut pinned = self.database.single_submit_connection();
        let mut lock = LockWait::start();
        let unaccepted = |error: SubmitError| error.refusal(Work::Job(new.id));
        let mut submitted = store::submit(&mut pinned, &new).await.map_err(unaccepted)?;
        while lock.again(&submitted.outcome, &mut pinned).await {
            submitted = store::submit(&mut pinned, &new).await.map_err(unaccepted)?;
        }
        let accepted = to_result(&new, &submission.order, submitted)?;
        if !accepted.replayed {
            faults::pass(Point::AcceptedBeforeRing);
            self.bell.ring(Lane::Organic, JobId::from(accepted.run), trace);
        }
        faults::pass(Point::AcceptedBeforeAnswer);
        Ok(accepted)
    }

    /// One run with what it made, as it is saved now.
    ///
    /// # Errors
    /// Missing or not theirs.
    pub async fn run(&self, user: UserId, id: RunId) -> Result<(Run, Vec<SavedPlacement>), Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let run = store::run(&mut tx, id).await?.ok_or(Refusal::NotFound)?;
        let made = store::made(&mut tx, id).await?;
        tx.commit().await?;
        Ok((run, made))
    }

    /// A brand's placements by time: of one week, or of all.
    ///
    /// # Errors
    /// The brand is missing or not theirs.
    pub async fn placements(
        &self,
        user: UserId,
        brand: &BrandId,
        week: Option<NaiveDate>,
        after: Option<(DateTime<Utc>, PlacementId)>,
        limit: i64,
    ) -> Result<Vec<SavedPlacement>, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        if !store::has_brand(&mut tx, brand).await? {
            return Err(Refusal::NotFound);
        }
        let found = store::placements(&mut tx, brand, week, after, limit).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Removes a placement. A later week that asks for its id makes it again.
    ///
    /// # Errors
    /// Missing or not theirs; or not of the version expected.
    pub async fn delete(
        &self,
        user: UserId,
        brand: &BrandId,
        id: &PlacementId,
        expected: impl FnOnce(i64) -> bool,
    ) -> Result<(), Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let saved = store::placement_for_update(&mut tx, brand, id).await?.ok_or(Refusal::NotFound)?;
        if !expected(saved.record.version) {
            return Err(Refusal::VersionMismatch { current: Some(saved.record.version) });
        }
        store::delete(&mut tx, brand, id).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Changes a placement. Every field that is sent counts as edited by a person from then on; no run overwrites it.
    ///
    /// # Errors
    /// Missing or not theirs; not of the version expected; malformed; or moved to an account that is not the brand's.
    pub async fn edit(
        &self,
        user: UserId,
        brand: &BrandId,
        id: &PlacementId,
        body: &Map<String, Value>,
        expected: impl FnOnce(i64) -> bool,
    ) -> Result<SavedPlacement, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let saved = store::placement_for_update(&mut tx, brand, id).await?.ok_or(Refusal::NotFound)?;
        if !expected(saved.record.version) {
            return Err(Refusal::VersionMismatch { current: Some(saved.record.version) });
        }
        let patch = edits::patch(body, &saved.placement, saved.zone)?;
        let mut record = saved.record;
        if record.edit(patch) {
            let placement = fields::read(id.as_str(), &record.fields).context("reading an edited placement")?;
            let moved = placement.platform != saved.placement.platform;
            let account = placement.platform.name.platform().zip(placement.platform.account_id.as_ref());
            if let (true, Some((platform, account))) = (moved, account) {
                linked(&mut tx, brand, platform, account).await?;
            }
            let week_start = edits::week_start(placement.schedule.day_id);
            store::write(&mut tx, brand, &placement, week_start, &record).await?;
        }
        let saved = store::placement_for_update(&mut tx, brand, id).await?.context("reading an edited placement")?;
        tx.commit().await?;
        Ok(saved)
    }
}

async fn linked(tx: &mut UserTx, brand: &BrandId, platform: Platform, account: &AccountId) -> Result<(), Refusal> {
    if store::has_account(tx, brand, platform, account).await? {
        return Ok(());
    }
    Err(Refusal::Forbidden(vec![stranger(vec!["platform".into(), "accountId".into()])]))
}

fn stranger(loc: Vec<Value>) -> FieldError {
    FieldError { loc, kind: "account", message: "This account is not linked to the brand on that platform.".to_owned() }
}

/// Every place of the request that names this account.
fn places(body: &RequestBody, platform: Platform, account: &AccountId) -> Vec<FieldError> {
    let mapped = body.platform_account_ids.iter().flatten();
    let mapped = mapped.filter(|(name, id)| name.as_str() == platform.as_str() && id.as_str() == account.as_str());
    let mapped = mapped.map(|(name, _)| stranger(vec!["platformAccountIds".into(), name.as_str().into()]));
    let placed = body.placements.iter().enumerate().filter(|(_, placement)| {
        placement.platform == platform.as_str() && placement.account_id.as_deref() == Some(account.as_str())
    });
    let placed = placed.map(|(at, _)| stranger(vec!["placements".into(), at.into(), "accountId".into()]));
    mapped.chain(placed).collect()
}

fn new_run(submission: &Submission) -> Result<NewRun, Refusal> {
    let (key, fingerprint) = submission.key.clone().map(|(key, print)| (key, print.to_vec())).unzip();
    let Order { body, request } = &submission.order;
    let accounts = request.named_accounts().into_iter();
    Ok(NewRun {
        user: submission.user,
        id: JobId::fresh(),
        brand: request.brand.clone(),
        week_start: request.week.start,
        request: serde_json::to_value(body).context("writing a request")?,
        accounts: accounts.map(|(platform, account)| (platform, account.clone())).collect(),
        model: submission.model.clone(),
        prompt_version: PROMPT_VERSION.to_owned(),
        key,
        fingerprint,
        trace: submission.trace.clone(),
        request_id: submission.request_id.clone(),
    })
}

fn to_result(new: &NewRun, order: &Order, submitted: Submitted) -> Result<Accepted, Refusal> {
    if submitted.outcome.outcome == "unlinked" {
        let place = submitted.unlinked.and_then(|nth| usize::try_from(nth - 1).ok());
        let (platform, account) = place.and_then(|at| new.accounts.get(at)).context("finding the unlinked account")?;
        return Err(Refusal::Forbidden(places(&order.body, *platform, account)));
    }
    let (limit, run) = (submitted.outcome.limit(), submitted.outcome.job.unwrap_or(new.id));
    Ok(Accepted {
        replayed: submitted.outcome.replayed()?,
        run: RunId::from(run),
        brand: new.brand.clone(),
        week_start: new.week_start,
        limit,
    })
}
