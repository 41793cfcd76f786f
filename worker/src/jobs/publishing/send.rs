//! The uploads of a post, and the request that publishes it.

use std::time::Duration;

use almanac_shared::{
    events::event::Event,
    jobs::{Failure, store::WriteError},
    platform::{
        error::Code,
        faults::{self, Point},
        flags::Flag,
    },
    publishing::{
        render::{Known, Post, render},
        store::work::{self, OpenedIntent, Outcome, Sending},
    },
};
use chrono::TimeDelta;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    Attempt, Next,
    access::{Access, Account},
    end::{AGAIN, End},
};
use crate::{
    jobs::{JobError, Verdict},
    outbound::{
        channels::{Channel, ChannelError, ErrorClass, Posted, Prepared, Sent},
        send_budget::SendBudget,
    },
    runner::stop::Reason,
};

/// Longest pause of a post while slow hosts of other posts take all slots for media.
const SLOT_PAUSE: Duration = Duration::from_secs(10);

impl Attempt<'_> {
    /// Uploads what the post needs, then publishes it.
    pub(super) async fn prepare_and_send(&mut self, opened: OpenedIntent) -> Result<Next, JobError> {
        if let Some(failure) = unpublishable(&opened) {
            return self.end(&opened, End::failed(failure)).await;
        }
        let Some(adapter) = self.adapter(&opened) else {
            let message = "Publishing to this channel is not set up on this installation.";
            return self.end(&opened, End::failed(Failure::new(Code::ChannelNotConfigured, message))).await;
        };
        let needs_slot = adapter.reads_media(&opened.entry, &opened.known);
        let media_slot = needs_slot.then(|| self.deps.channels.media_slot());
        if matches!(media_slot, Some(None)) {
            return self.wait_for_slot(&opened).await;
        }
        let account = match self.access(&opened, &*adapter).await? {
            Access::Usable(account) => account,
            Access::Wait(pause) => return self.wait(&opened, &opened.known, pause, None).await,
            Access::Refused(failure) => return self.end(&opened, End::failed(failure)).await,
        };
        let mut known = opened.known.clone();
        self.tell_step("preparing");
        let handles = self.handles(&opened);
        let delivery = account.delivery(&opened);
        let prepared = tokio::select! {
            prepared = adapter.prepare(&delivery, &mut known, &handles) => prepared,
            reason = self.stop.wait() => return self.stopped(&opened, reason).await,
        };
        match prepared {
            Ok(Prepared::Ready) => {}
            Ok(Prepared::Wait(pause)) => return self.wait(&opened, &known, Some(pause), None).await,
            Err(error) => return self.failed(&opened, &known, error).await,
        }
        faults::pass(Point::PublishPrepared);
        if let Some(reason) = self.stop.given() {
            return self.stopped(&opened, reason).await;
        }
        self.send(&opened, &account, &*adapter, &known).await
    }

    /// Slow hosts of other posts take all slots for media: the others go on.
    async fn wait_for_slot(&self, opened: &OpenedIntent) -> Result<Next, JobError> {
        let waited = work::wait_for_channel(&self.deps.service, self.job.lease(), &opened.known).await?;
        Ok(Next::Settled(Verdict::Leave(super::pause_after(waited).min(SLOT_PAUSE))))
    }

    /// Sends the one request. A stop signal waits for its answer: what is known then needs no look-up.
    async fn send(
        &mut self,
        opened: &OpenedIntent,
        account: &Account,
        adapter: &dyn Channel,
        known: &Known,
    ) -> Result<Next, JobError> {
        let (deps, lease) = (self.deps, self.job.lease());
        let send_time = deps.channels.send_time();
        // Before the statement, so that its time counts, and a process that stands still after it sends nothing.
        let budget = SendBudget::until(Instant::now() + send_time.saturating_sub(deps.channels.call_timeout()));
        let default = deps.flags.by_default(Flag::PublishService).enabled;
        match work::begin_sending(&deps.service, lease, opened.entry.version, send_time, default).await? {
            Sending::Begun => {}
            Sending::SwitchedOff => return self.end(opened, End::switched_off()).await,
            Sending::Deleted | Sending::Changed | Sending::Taken => return Ok(Next::Again),
        }
        faults::pass(Point::PublishSending);
        self.tell_step("sending");
        let sent = adapter.publish(&account.delivery(opened), known, budget).await;
        faults::pass(Point::PublishAnswered);
        match sent {
            Sent::Confirmed(post) => self.end(opened, End::published(post)).await,
            Sent::Accepted { proof, known, pause } => {
                self.keep_accepted(&proof, &known).await?;
                self.tell_step("processing");
                Ok(Next::Settled(Verdict::Leave(pause)))
            }
            Sent::Rejected { error, proof } if error.class == ErrorClass::Auth => {
                work::note_outcome(&deps.service, lease, Outcome::NotSent { proof: &proof, known }).await?;
                self.failed(opened, known, error).await
            }
            Sent::Rejected { error, proof } if error.code == Code::DuplicatePost => {
                self.refused_duplicate(opened, error, proof).await
            }
            Sent::Rejected { error, proof } => self.end(opened, End::rejected(error, proof)).await,
            Sent::NotSent { error, proof } => {
                work::note_outcome(&deps.service, lease, Outcome::NotSent { proof: &proof, known }).await?;
                self.failed(opened, known, error).await
            }
            Sent::Unknown { why } => {
                tracing::warn!("the channel's answer is missing; the post is looked up later");
                work::note_outcome(&deps.service, lease, Outcome::Unknown(&why)).await?;
                Ok(Next::Settled(Verdict::Leave(send_time + deps.channels.lookup_grace())))
            }
        }
    }

    /// Keeps the handle of a post that the channel has accepted, also after an outage of Postgres: without it the post could
    /// be found by its text only.
    async fn keep_accepted(&self, proof: &Value, known: &Known) -> Result<(), JobError> {
        let outcome = Outcome::Accepted { proof, known };
        loop {
            match work::note_outcome(&self.deps.service, self.job.lease(), outcome).await {
                Err(WriteError::Outage(error)) if self.stop.given() != Some(Reason::LeaseLost) => {
                    tracing::warn!(%error, "what the channel accepted could not be kept yet");
                    tokio::time::sleep(AGAIN).await;
                }
                kept => return Ok(kept?),
            }
        }
    }

    /// The channel already has such a post. It is this one if a request of this attempt had no answer before and no other
    /// intent has the post: the channel had not shown it yet when it was looked up.
    async fn refused_duplicate(
        &self,
        opened: &OpenedIntent,
        error: ChannelError,
        proof: Value,
    ) -> Result<Next, JobError> {
        let Some(effect) = opened.effect.as_ref().filter(|effect| effect.was_unknown) else {
            return self.end(opened, End::rejected(error, proof)).await;
        };
        let Some(existing) = error.context.get("existing_id").and_then(Value::as_str) else {
            let why = "The channel has a post with this text, and an earlier request for it had no answer.";
            return self.end(opened, End::needs_review(why.to_owned())).await;
        };
        let since = effect.first_sent_at - TimeDelta::days(1);
        if work::taken_posts(&self.deps.service, opened, since).await?.iter().any(|taken| taken == existing) {
            return self.end(opened, End::rejected(error, proof)).await;
        }
        let proof = json!({ "duplicateOf": existing });
        let post = Posted { external_id: existing.to_owned(), external_url: None, proof };
        self.end(opened, End::published(post)).await
    }

    /// Publishes the step to followers; it is not stored.
    fn tell_step(&self, step: &str) {
        let data = json!({ "step": step }).to_string();
        self.deps.publisher.publish(self.job.id, vec![Event::decoration("progress", data)]);
    }
}

/// Why an entry cannot be published on its channel at all, before the channel is asked for anything.
fn unpublishable(opened: &OpenedIntent) -> Option<Failure> {
    let account = opened.account.as_ref().map(|sealed| &sealed.account);
    let known = Known::new();
    let post = Post { entry: &opened.entry, account, options: &opened.options, base_url: "", known: &known };
    render(opened.channel, &post).err().map(|problem| ChannelError::from(problem).into())
}
