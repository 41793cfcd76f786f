//! What became of a request without an answer: the channel is asked for the post, after the last moment at which the
//! request can have been executed. Never sends anything again by itself.

use std::time::Duration;

use almanac_shared::{
    platform::error::Code,
    publishing::{
        render::Known,
        store::{
            sealed::SealedAccount,
            work::{self, Effect, OpenedIntent, Outcome},
        },
    },
};
use chrono::TimeDelta;
use serde_json::json;

use super::{Attempt, Next, access::Access, end::End};
use crate::{
    jobs::{JobError, Verdict},
    outbound::channels::{ChannelError, ErrorClass, LookUp, LookUpWindow},
};

/// How often a post is sent without a pause.
const SENT_AT_ONCE: i32 = 2;

impl Attempt<'_> {
    /// Waits until the request has ended in any case, then looks for the post.
    pub(super) async fn find_out(&mut self, opened: &OpenedIntent, effect: &Effect) -> Result<Next, JobError> {
        let (service, lease) = (&self.deps.service, self.job.lease());
        if effect.is_sending {
            let why = json!({"reason": "the worker stopped while it was sending"});
            work::note_outcome(service, lease, Outcome::Unknown(&why)).await?;
        }
        let grace = self.deps.channels.lookup_grace();
        let missing = (effect.until_deadline + grace).saturating_sub(effect.since_deadline);
        if !missing.is_zero() && !effect.is_accepted {
            return Ok(Next::Settled(Verdict::Leave(missing)));
        }
        let Some(adapter) = self.adapter(opened) else {
            return self
                .needs_review(opened, "The channel is no longer set up, so the post cannot be looked up.")
                .await;
        };
        let is_other = |sealed: &SealedAccount| sealed.account.external_id != opened.external_account;
        if opened.account.as_ref().is_some_and(is_other) {
            let why = "The account was connected to another one of the channel, so the post cannot be looked up.";
            return self.needs_review(opened, why).await;
        }
        let account = match self.access(opened, &*adapter).await? {
            Access::Usable(account) => account,
            Access::Wait(pause) => return self.look_up_later(opened, &opened.known, pause).await,
            Access::Refused(_) => {
                let why = "The account can no longer be used, so the post cannot be looked up.";
                return self.needs_review(opened, why).await;
            }
        };
        let window = self.window(opened, effect).await?;
        let mut known = opened.known.clone();
        let delivery = account.delivery(opened);
        match adapter.look_up(&delivery, &mut known, &window).await {
            Ok(LookUp::Found(post)) => {
                let handle = adapter.address_handle(&delivery, &known);
                self.end(opened, End::published(post).with_address_later(handle)).await
            }
            Ok(LookUp::Absent { proof }) => {
                work::note_outcome(service, lease, Outcome::NotSent { proof: &proof, known: &known }).await?;
                self.send_again(opened, effect, &known).await
            }
            Ok(LookUp::Pending(pause)) => self.look_up_later(opened, &known, Some(pause)).await,
            Ok(LookUp::Refused { error, proof }) => self.end(opened, End::rejected(error, proof)).await,
            Ok(LookUp::Impossible { why }) => self.end(opened, End::needs_review(why)).await,
            Err(error) => self.look_up_failed(opened, error).await,
        }
    }

    /// The post is certainly not there. It is sent again at once after the first time, later ever more rarely, for as long
    /// as any other wait for the channel.
    async fn send_again(&self, opened: &OpenedIntent, effect: &Effect, known: &Known) -> Result<Next, JobError> {
        if effect.sends < SENT_AT_ONCE {
            return Ok(Next::Again);
        }
        let message = "The channel answers, but does not make the post.";
        let error = ChannelError::new(ErrorClass::Transient, Code::ChannelUnavailable, message);
        self.wait(opened, known, None, Some(error)).await
    }

    /// Looks the post up again after a pause. What cannot be found out for a day is left to a person: the post may exist.
    pub(super) async fn look_up_later(
        &self,
        opened: &OpenedIntent,
        known: &Known,
        asked: Option<Duration>,
    ) -> Result<Next, JobError> {
        let waited = work::wait_for_channel(&self.deps.service, self.job.lease(), known).await?;
        if waited <= super::PATIENCE {
            let pause = asked.unwrap_or_else(|| super::pause_after(waited));
            return Ok(Next::Settled(Verdict::Leave(pause)));
        }
        self.needs_review(opened, "It could not be found out for a day whether the post exists.").await
    }

    /// Where the post can stand among the posts of the account.
    async fn window(&self, opened: &OpenedIntent, effect: &Effect) -> Result<LookUpWindow, JobError> {
        let within = TimeDelta::from_std(self.deps.channels.send_time()).unwrap_or_default();
        let from = effect.first_sent_at.min(effect.send_deadline - within);
        let taken = work::taken_posts(&self.deps.service, opened, from - TimeDelta::days(1)).await?;
        Ok(LookUpWindow { from, until: effect.send_deadline, taken })
    }

    /// A look-up is repeated while that can help.
    async fn look_up_failed(&mut self, opened: &OpenedIntent, error: ChannelError) -> Result<Next, JobError> {
        tracing::warn!(code = %error.code, class = ?error.class, "the look-up of a post failed");
        match error.class {
            ErrorClass::RateLimited | ErrorClass::Quota | ErrorClass::Transient | ErrorClass::Ambiguous => {
                self.look_up_later(opened, &opened.known, error.retry_after).await
            }
            ErrorClass::Auth if !self.has_refreshed => self.refused_tokens(opened, &opened.known, error).await,
            ErrorClass::Auth | ErrorClass::Permission | ErrorClass::Validation | ErrorClass::Policy => {
                self.needs_review(opened, "The channel does not let this account look the post up.").await
            }
        }
    }

    async fn needs_review(&self, opened: &OpenedIntent, why: &str) -> Result<Next, JobError> {
        self.end(opened, End::needs_review(why.to_owned())).await
    }
}
