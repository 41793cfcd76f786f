//! The uploads of a post, and the request that publishes it.

use almanac_shared::{
    events::event::Event,
    jobs::Failure,
    platform::{
        error::Code,
        faults::{self, Point},
        flags::Flag,
    },
    publishing::{
        render::{Known, Post, render},
        store::work::{self, OpenedIntent, Sending},
    },
};
use chrono::TimeDelta;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    Attempt, Next,
    access::{Access, Account},
    end::End,
};
use crate::{
    jobs::{JobError, Verdict},
    outbound::{
        channels::{Channel, ChannelError, ErrorClass, Posted, Prepared, Sent},
        send_budget::SendBudget,
    },
};

impl Attempt<'_> {
    /// Uploads what the post needs, then publishes it.
    pub(super) async fn prepare_and_send(&mut self, opened: OpenedIntent) -> Result<Next, JobError> {
        if let Some(failure) = unpublishable(&opened) {
            return self.end(&opened, End::failed(failure)).await;
        }
        let Some(adapter) = self.deps.channels.adapter(opened.transport, opened.channel) else {
            let message = "Publishing to this channel is not set up on this installation.";
            return self.end(&opened, End::failed(Failure::new(Code::ChannelNotConfigured, message))).await;
        };
        let account = match self.access(&opened, &*adapter).await? {
            Access::Usable(account) => account,
            Access::Wait(pause) => return Ok(Next::Settled(Verdict::Leave(pause))),
            Access::Refused(failure) => return self.end(&opened, End::failed(failure)).await,
        };
        let mut known = opened.known.clone();
        self.tell_step("preparing");
        let handles = self.handles();
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
            Sent::Rejected { error, proof } if error.class == ErrorClass::Auth => {
                work::note_not_sent(&deps.service, lease, &json!({ "proof": proof })).await?;
                self.failed(opened, known, error).await
            }
            Sent::Rejected { error, proof } => match self.own_duplicate(opened, &error).await? {
                Some(post) => self.end(opened, End::published(post)).await,
                None => self.end(opened, End::rejected(error, proof)).await,
            },
            Sent::NotSent { error, proof } => {
                work::note_not_sent(&deps.service, lease, &json!({ "proof": proof })).await?;
                self.failed(opened, known, error).await
            }
            Sent::Unknown { why } => {
                tracing::warn!("the channel's answer is missing; the post is looked up later");
                work::note_unknown(&deps.service, lease, &why).await?;
                Ok(Next::Settled(Verdict::Leave(send_time + deps.channels.lookup_grace())))
            }
        }
    }

    /// The post that the channel calls a duplicate of this one, if it can only be this one: this attempt sent it before
    /// without an answer, and no other intent has it. The channel had not shown it yet when it was looked up.
    async fn own_duplicate(&self, opened: &OpenedIntent, error: &ChannelError) -> Result<Option<Posted>, JobError> {
        let existing = error.context.get("existing_id").and_then(Value::as_str);
        let (Some(existing), Some(effect)) = (existing, &opened.effect) else { return Ok(None) };
        let since = effect.send_deadline - TimeDelta::days(1);
        if work::taken_posts(&self.deps.service, opened, since).await?.iter().any(|taken| taken == existing) {
            return Ok(None);
        }
        let proof = json!({ "duplicateOf": existing });
        Ok(Some(Posted { external_id: existing.to_owned(), external_url: None, proof }))
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
