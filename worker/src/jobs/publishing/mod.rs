//! `publishing.publish`: one intent on its way to one account. Called by the runner with a claimed job.
//! The request that publishes is sent only while its effect is `sending` under this lease, and once. If its outcome is
//! not known, the post is looked up before anything is sent again; what cannot be looked up is left to a person.

mod access;
mod end;
mod look_up;
mod send;

use std::{sync::atomic::AtomicBool, time::Duration};

use almanac_shared::{
    jobs::{ClaimedJob, Failure, Lease, store::WriteError},
    platform::{
        error::Code,
        faults::{self, Point},
        flags::Flag,
    },
    publishing::{
        credentials::AccountRef,
        plan::{Basis, BeforeSending, before_sending},
        render::{Known, Post, render},
        store::{
            refresh,
            work::{self, OpenedIntent, RenderedAgain},
        },
    },
    values::canonical_json,
};
use anyhow::Context;
use async_trait::async_trait;
use rand::Rng;
use serde_json::Value;
use tokio::time::Instant;

use self::end::End;
pub use self::end::count_end;
use super::{JobError, Verdict};
use crate::{
    deps::Deps,
    outbound::channels::{ChannelError, ErrorClass, Handles},
    runner::stop::{Reason, Stop},
};

/// How often one attempt reads an intent again because its entry or its effect changed while it was prepared.
const OPENINGS: usize = 5;
/// Until an intent that keeps changing is tried again.
const COME_BACK: Duration = Duration::from_secs(1);
/// The longest time that an attempt waits for its channel: quotas are counted by days, which may have 25 hours, and those who
/// wait for one come back over half an hour.
const PATIENCE: Duration = Duration::from_secs(26 * 60 * 60);
/// Shortest and longest pause while a channel is waited for that names none.
const PAUSES: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(300));

/// Runs one attempt of an intent.
pub async fn publish(deps: &Deps, job: &ClaimedJob, stop: &Stop) -> Result<Verdict, JobError> {
    let mut attempt = Attempt {
        deps,
        job,
        stop,
        began: Instant::now(),
        has_refreshed: false,
        has_found_other: AtomicBool::new(false),
    };
    for _ in 0..OPENINGS {
        let Some(opened) = work::open(&deps.service, job.lease()).await? else {
            return Ok(Verdict::Fail(Failure::new(Code::NotFound, "The intent was deleted.")));
        };
        note(&opened);
        faults::pass(Point::PublishOpened);
        if let Next::Settled(verdict) = attempt.advance(opened).await? {
            return Ok(verdict);
        }
    }
    Ok(Verdict::Leave(COME_BACK))
}

/// Fields of every log line from here on.
fn note(opened: &OpenedIntent) {
    let span = tracing::Span::current();
    span.record("channel", opened.channel.as_str());
    if let Some(calendar) = opened.entry.calendar_id {
        span.record("calendarId", tracing::field::display(calendar));
    }
    if let Some(run) = opened.entry.run_id {
        span.record("runId", tracing::field::display(run));
    }
}

/// One attempt under one lease.
struct Attempt<'a> {
    deps: &'a Deps,
    job: &'a ClaimedJob,
    stop: &'a Stop,
    began: Instant,
    /// Whether the tokens were exchanged in this attempt: a channel that refuses the new ones too refuses the account.
    has_refreshed: bool,
    /// Whether what it found turned out to be the post of another intent.
    has_found_other: AtomicBool,
}

/// What follows a step.
enum Next {
    /// Read the intent again.
    Again,
    /// Nothing: the attempt is over.
    Settled(Verdict),
}

impl Attempt<'_> {
    async fn advance(&mut self, opened: OpenedIntent) -> Result<Next, JobError> {
        if let Some(effect) = &opened.effect {
            if let Some(post) = &effect.late_post {
                return self.end(&opened, End::late(post)).await;
            }
            if effect.is_open {
                return self.find_out(&opened, effect).await;
            }
        }
        if let Some(refused) = &opened.refused {
            return self.end(&opened, End::failed(refused.clone())).await;
        }
        if let Some(reason) = self.stop.given() {
            return self.stopped(&opened, reason).await;
        }
        if opened.is_overdue {
            let why = "The database was unavailable when this was due. Check whether it is still wanted.";
            return self.end(&opened, End::needs_review(why.to_owned())).await;
        }
        if self.is_switched_off().await {
            return self.end(&opened, End::switched_off()).await;
        }
        let accepted = Basis { version: opened.entry.version, external_account: &opened.external_account };
        let external_account = opened.account.as_ref().map(|sealed| sealed.account.external_id.as_str());
        let present = opened
            .current_version
            .map(|version| Basis { version, external_account: external_account.unwrap_or(&opened.external_account) });
        match before_sending(accepted, present, opened.approved) {
            BeforeSending::Send => self.prepare_and_send(opened).await,
            BeforeSending::RenderAgain => self.render_again(&opened).await,
            BeforeSending::Stale => {
                let message = "The entry or its account was changed after the plan was shown. Run the dry run again.";
                self.end(&opened, End::stale(message)).await
            }
            BeforeSending::Deleted => self.end(&opened, End::entry_deleted()).await,
        }
    }

    /// What this process knows may be two seconds old: an intent is not failed for that.
    async fn is_switched_off(&self) -> bool {
        let is_on = || self.deps.flags.is_on(Flag::PublishService, Some(self.job.user_id));
        if !is_on() {
            let _ = self.deps.flags.refresh().await;
        }
        !is_on()
    }

    /// The entry or its account was changed, and no plan of it was approved: it is published as it is now, if that is valid,
    /// and waits for its new time. An entry that now belongs elsewhere is left to a new request: nothing is cross-posted.
    async fn render_again(&self, opened: &OpenedIntent) -> Result<Next, JobError> {
        let Some(entry) = work::saved_entry(&self.deps.service, self.job.user_id, opened).await? else {
            return self.end(opened, End::entry_deleted()).await;
        };
        let goes_to_account = entry.account_id.as_ref().is_none_or(|account| *account == opened.account_id);
        if entry.channel != opened.channel.as_str() || !goes_to_account {
            let message = "The entry was moved to another channel or account. Publish it there by a new request.";
            return self.end(opened, End::stale(message)).await;
        }
        let account = opened.account.as_ref().map(|sealed| &sealed.account);
        let base_url = self.deps.channels.base_url(opened.transport, opened.channel, account.and_then(|it| it.login));
        let post = Post { entry: &entry, account, options: &opened.options, base_url: &base_url, known: &Known::new() };
        let rendered = match render(opened.channel, &post) {
            Ok(rendered) => rendered,
            Err(problem) => return self.end(opened, End::failed(ChannelError::from(problem).into())).await,
        };
        let rendered = RenderedAgain {
            payload_hash: canonical_json::sha256_hex(&rendered.requests)
                .context("hashing the requests of an intent")?,
            payload: serde_json::to_value(&rendered.requests).context("writing the requests of an intent")?,
        };
        let due_in = work::render_again(&self.deps.service, self.job.lease(), opened, &entry, &rendered).await?;
        Ok(if due_in.is_zero() { Next::Again } else { Next::Settled(Verdict::Leave(due_in)) })
    }

    /// The job is to stop, and nothing of it can be at the channel.
    async fn stopped(&self, opened: &OpenedIntent, reason: Reason) -> Result<Next, JobError> {
        match reason {
            Reason::Cancelled => self.end(opened, End::cancelled()).await,
            Reason::Drain | Reason::Outage => Ok(Next::Settled(Verdict::HandBack)),
            Reason::LeaseLost => Err(WriteError::LeaseLost.into()),
        }
    }

    /// A step failed, and nothing was published by it.
    async fn failed(&mut self, opened: &OpenedIntent, known: &Known, error: ChannelError) -> Result<Next, JobError> {
        tracing::warn!(code = %error.code, class = ?error.class, "a request to the channel failed");
        match error.class {
            ErrorClass::Auth => self.refused_tokens(opened, known, error).await,
            ErrorClass::Permission | ErrorClass::Validation | ErrorClass::Policy => {
                self.end(opened, End::failed(error.into())).await
            }
            ErrorClass::RateLimited | ErrorClass::Quota | ErrorClass::Transient | ErrorClass::Ambiguous => {
                self.wait(opened, known, error.retry_after, Some(error)).await
            }
        }
    }

    /// Gives the slot back until the channel can go on. Costs no attempt; ends with `PATIENCE`.
    async fn wait(
        &self,
        opened: &OpenedIntent,
        known: &Known,
        asked: Option<Duration>,
        error: Option<ChannelError>,
    ) -> Result<Next, JobError> {
        let waited = work::wait_for_channel(&self.deps.service, self.job.lease(), known).await?;
        if waited > PATIENCE {
            let message = "The channel did not go on with the post for a day.";
            let error =
                error.unwrap_or_else(|| ChannelError::new(ErrorClass::Transient, Code::ChannelUnavailable, message));
            return self.end(opened, End::failed(error.into())).await;
        }
        Ok(Next::Settled(Verdict::Leave(asked.unwrap_or_else(|| pause_after(waited)))))
    }

    fn handles<'a>(&'a self, opened: &'a OpenedIntent) -> StoredHandles<'a> {
        StoredHandles { deps: self.deps, lease: self.job.lease(), account: self.account_ref(opened) }
    }
}

/// The longer a channel was waited for, the rarer it is asked; half of the pause is left to chance.
fn pause_after(waited: Duration) -> Duration {
    let (shortest, longest) = PAUSES;
    waited.clamp(shortest, longest).mul_f64(rand::rng().random_range(0.5..1.0))
}

impl From<ChannelError> for Failure {
    fn from(error: ChannelError) -> Self {
        Self { code: error.code, message: error.message, context: error.context }
    }
}

/// Handles are kept with the intent, under the lease.
struct StoredHandles<'a> {
    deps: &'a Deps,
    lease: Lease,
    account: AccountRef<'a>,
}

#[async_trait]
impl Handles for StoredHandles<'_> {
    async fn keep(&self, known: &Known) -> Result<(), anyhow::Error> {
        Ok(work::keep_known(&self.deps.service, self.lease, known).await?)
    }

    async fn keep_quota(&self, quota: &Value) -> Result<(), anyhow::Error> {
        Ok(refresh::note_quota(&self.deps.service, &self.account, quota).await?)
    }
}
