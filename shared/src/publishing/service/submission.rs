//! The real call: a plan is computed again, compared with the one that a person approved, and submitted with its intents
//! and their jobs in one commit, or refused as a whole.

use std::time::Duration;

use anyhow::{Context, anyhow};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{Known, Publishing};
use crate::{
    jobs::{
        Kind, Lane,
        idempotency::{self, Key, Stored},
        submission::{LockWait, SubmitError},
    },
    platform::{
        error::{LimitState, Refusal, Work},
        faults::{self, Point},
        id::{IntentId, JobId, PublishPlanId, UserId},
    },
    publishing::{
        plan::{Plan, PlannedIntent},
        request::Order,
        store::submission::{self as store, NewPlan},
    },
};

/// How often a request is computed again because one of its entries was published by another request since.
const TRIES: usize = 3;
/// Workers that are notified at once. They find further jobs in Postgres.
const RINGS: usize = 48;

/// Who asks, and what comes with the asking.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Who asks.
    pub user: UserId,
    /// What for.
    pub order: Order,
    /// The idempotency key, and the fingerprint of the body it came with.
    pub key: Option<(String, [u8; 32])>,
    /// W3C traceparent.
    pub trace: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
    /// When it was accepted into the spool, if it waited there.
    pub deferred_at: Option<DateTime<Utc>>,
}

/// A plan that is submitted, for the answer that is stored with it.
#[derive(Clone, Copy, Debug)]
pub struct AcceptedPlan<'a> {
    /// Its id.
    pub id: PublishPlanId,
    /// The plan.
    pub plan: &'a Plan,
    /// The ids of its intents, in their order.
    pub intents: &'a [IntentId],
}

/// What became of a real call.
#[derive(Clone, Debug)]
pub enum Submitted {
    /// It is accepted.
    Accepted(Accepted),
    /// The same request was refused after it had waited in the spool; the stored refusal.
    Refused(String),
}

/// An accepted plan.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The bare answer, byte for byte what the first request got.
    pub answer: String,
    /// Number of intents that were made now: none for a repeated request.
    pub made: usize,
    /// Where the limit stands; unknown for a request that was answered again.
    pub limit: Option<LimitState>,
}

impl Publishing {
    /// Accepts a plan: limit, key, plan, intents and jobs in one commit, then rings. `write` makes the answer that is
    /// stored under the key.
    ///
    /// # Errors
    /// Everything that refuses a dry run; missing credentials, accounts, options or configuration; another plan than the
    /// approved one; limited, key reused or in progress; or the store is unavailable. Then nothing is stored and nothing
    /// enqueued, except perhaps with [`Refusal::Unconfirmed`]. An entry that its channel does not take refuses nothing: its
    /// intent has failed.
    pub async fn submit(
        &self,
        submission: &Submission,
        write: &(dyn for<'a> Fn(AcceptedPlan<'a>) -> serde_json::Result<String> + Sync),
    ) -> Result<Submitted, Refusal> {
        for _ in 0..TRIES {
            if let Some(submitted) = self.try_submit(submission, write).await? {
                return Ok(submitted);
            }
        }
        Err(Refusal::StoreUnavailable(anyhow!("other requests publish the same entries")))
    }

    /// What an earlier request with this key was answered.
    ///
    /// # Errors
    /// The key came with another body, or the store is unavailable.
    pub async fn answered(&self, user: UserId, key: Option<&(String, [u8; 32])>) -> Result<Option<Submitted>, Refusal> {
        let Some(key) = key else { return Ok(None) };
        let mut tx = self.database.as_user(user).await?;
        let stored = idempotency::stored(&mut tx, &stored_key(key)).await?;
        tx.commit().await?;
        Ok(stored.map(again))
    }

    /// Stores the refusal of a request that waited in the spool, as the answer of its key.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn keep_refusal(&self, user: UserId, key: &(String, [u8; 32]), refusal: &str) -> Result<(), Refusal> {
        let mut tx = self.database.as_user(user).await?;
        idempotency::keep_first(&mut tx, &stored_key(key), refusal).await?;
        tx.commit().await?;
        Ok(())
    }

    /// One try; `None` if an entry was published by another request since it was read.
    async fn try_submit(
        &self,
        submission: &Submission,
        write: &(dyn for<'a> Fn(AcceptedPlan<'a>) -> serde_json::Result<String> + Sync),
    ) -> Result<Option<Submitted>, Refusal> {
        if let Some(answered) = self.answered(submission.user, submission.key.as_ref()).await? {
            return Ok(Some(answered));
        }
        let plan = match self.real_plan(submission).await {
            Ok(plan) => plan,
            // The same request may have been accepted since: its own intents are no reason to refuse it.
            Err(refusal) => {
                return self.answered(submission.user, submission.key.as_ref()).await?.map(Some).ok_or(refusal);
            }
        };
        let new = new_plan(submission, &plan, write)?;
        let mut pinned = self.database.single_submit_connection();
        let mut lock = LockWait::start();
        let unaccepted = |error: SubmitError| error.refusal(Work::Plan(new.id));
        let mut submitted = store::submit(&mut pinned, &new).await.map_err(unaccepted)?;
        while lock.again(&submitted.outcome, &mut pinned).await {
            submitted = store::submit(&mut pinned, &new).await.map_err(unaccepted)?;
        }
        if submitted.outcome.outcome == "changed" {
            return Ok(None);
        }
        let (limit, job) = (submitted.outcome.limit(), submitted.outcome.job);
        let answer = submitted.answer.unwrap_or_default();
        if submitted.outcome.replayed()? {
            return Ok(Some(again(Stored { job, answer })));
        }
        faults::pass(Point::AcceptedBeforeRing);
        self.ring(&plan, &new);
        faults::pass(Point::AcceptedBeforeAnswer);
        Ok(Some(Submitted::Accepted(Accepted { answer, made: new.jobs.len(), limit: Some(limit) })))
    }

    /// The plan as it is now, if it may be published and is the approved one.
    async fn real_plan(&self, submission: &Submission) -> Result<Plan, Refusal> {
        let Submission { user, order, deferred_at, .. } = submission;
        let mut tx = self.database.as_user(*user).await?;
        let mut known = Known::read(&mut tx, *user, order, &self.settings).await?;
        tx.commit().await?;
        // A request that waited is judged by the time at which it was accepted.
        known.now = deferred_at.map_or(known.now, |at| at.min(known.now));
        let plan = known.real_plan(order, &self.settings).await?;
        if let Some(hash) = &order.plan_hash {
            let approved = if *hash == plan.plan_hash { None } else { self.memory.items(*user, hash).await };
            plan.check_approved(hash, approved.as_deref())?;
        }
        Ok(plan)
    }

    /// Notifies workers of jobs that are due.
    fn ring(&self, plan: &Plan, new: &NewPlan) {
        let first = plan.intents.iter().map(|intent| intent.due_at).min();
        // By the plan's own clock, which gave those that are due at once the time of the plan.
        let soon = first.map(|first| first + Duration::from_secs(1));
        let due = plan.intents.iter().zip(&new.jobs).filter(|(intent, _)| Some(intent.due_at) <= soon);
        for (_, job) in due.take(RINGS) {
            self.bell.ring(Lane::Publishing, *job, new.trace.clone());
        }
    }
}

fn stored_key((key, fingerprint): &(String, [u8; 32])) -> Key {
    Key { route: Kind::Publish.route().to_owned(), key: key.clone(), fingerprint: *fingerprint }
}

/// An answer that was stored. Only a refusal has no job.
fn again(Stored { job, answer }: Stored) -> Submitted {
    match job {
        Some(_) => Submitted::Accepted(Accepted { answer, made: 0, limit: None }),
        None => Submitted::Refused(answer),
    }
}

fn new_plan(
    submission: &Submission,
    plan: &Plan,
    write: &(dyn for<'a> Fn(AcceptedPlan<'a>) -> serde_json::Result<String> + Sync),
) -> Result<NewPlan, Refusal> {
    let Submission { user, order, key, trace, request_id, deferred_at } = submission;
    let id = PublishPlanId::fresh();
    let intents: Vec<IntentId> = plan.intents.iter().map(|_| IntentId::fresh()).collect();
    let answer = write(AcceptedPlan { id, plan, intents: &intents }).context("writing an answer to keep")?;
    let rows = plan.intents.iter().zip(&intents).map(|(intent, id)| row(*id, intent));
    let mut request = serde_json::to_value(&order.body).context("writing a request")?;
    if let Some(at) = deferred_at {
        request["deferredAt"] = json!(at);
    }
    let (key, fingerprint) = key.clone().map(|(key, print)| (key, print.to_vec())).unzip();
    Ok(NewPlan {
        user: *user,
        id,
        plan: json!({
            "id": id,
            "plan_hash": plan.plan_hash,
            "approved": order.plan_hash.is_some(),
            "transport": plan.transport,
            "calendar_id": order.source.calendar(),
            "brand_id": order.source.brand(),
            "request": request,
            "skipped": plan.skipped,
        }),
        intents: rows.collect::<anyhow::Result<Vec<Value>>>()?.into(),
        jobs: intents.iter().map(|_| JobId::fresh()).collect(),
        repost: order.request.repost,
        key,
        fingerprint,
        answer,
        trace: trace.clone(),
        request_id: request_id.clone(),
    })
}

/// The columns of an intent's row.
fn row(id: IntentId, intent: &PlannedIntent) -> anyhow::Result<Value> {
    let account = intent.account_id.as_ref().zip(intent.external_id.as_ref());
    let (account_id, external_account) = account.context("an intent of a real call has no account")?;
    Ok(json!({
        "id": id,
        "run_id": intent.entry.run_id,
        "entry_id": intent.entry.id,
        "entry_version": intent.entry.version,
        "entry": intent.entry,
        "channel": intent.channel,
        "account_id": account_id,
        "external_account": external_account,
        "options": intent.options,
        "payload": intent.requests,
        "payload_hash": intent.payload_hash,
        "publish_at": intent.due_at,
        "error": intent.error,
    }))
}
