//! `email.send`: one mail to one recipient. Called by the runner with a claimed job.
//! The request that mails is sent only while its effect is `sending` under this lease. If its outcome is not known, the
//! same mail is sent again with the same key where the provider takes a key once; else a person decides.

mod end;
mod render;

use std::time::Duration;

use almanac_shared::{
    jobs::{ClaimedJob, Failure, store::WriteError},
    platform::{
        error::Code,
        faults::{self, Point},
    },
    synthesis::store::mail::{self, BeginMail, OpenedMail, RenderedMail},
};
use rand::Rng;
use secrecy::SecretString;
use tokio::time::Instant;

use self::end::End;
pub use self::end::count_end;
use super::{JobError, Verdict};
use crate::{
    deps::Deps,
    outbound::{
        mail::{Outgoing, Sent, Turn},
        send_budget::SendBudget,
    },
    runner::stop::{Reason, Stop},
};

/// How often one attempt reads a delivery again because its effect changed.
const OPENINGS: usize = 5;
/// Until a delivery that keeps changing is tried again.
const COME_BACK: Duration = Duration::from_secs(1);
/// The longest wait for a turn of the provider's rate limit that keeps a slot.
const LONGEST_TURN: Duration = Duration::from_secs(2);
/// The time in which a request begins, once its effect is `sending`.
const SEND_TIME: Duration = Duration::from_secs(5);
/// Pauses while a provider does not take mails and names no time.
const PAUSES: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(300));

/// The longest pause that a provider may ask for: a key is good for a day.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// Runs one attempt of a mail.
pub async fn send(deps: &Deps, job: &ClaimedJob, stop: &Stop) -> Result<Verdict, JobError> {
    let attempt = Attempt { deps, job, stop };
    for _ in 0..OPENINGS {
        let token = render::fresh_token();
        let Some(opened) = mail::open(&deps.service, job.lease(), &token).await? else {
            return Ok(Verdict::Fail(Failure::new(Code::NotFound, "The theme was deleted.")));
        };
        if let Some(verdict) = attempt.advance(opened).await? {
            return Ok(verdict);
        }
    }
    Ok(Verdict::Leave(COME_BACK))
}

/// One attempt under one lease.
struct Attempt<'a> {
    deps: &'a Deps,
    job: &'a ClaimedJob,
    stop: &'a Stop,
}

impl Attempt<'_> {
    /// One step; `None` if the delivery has to be read again.
    async fn advance(&self, opened: OpenedMail) -> Result<Option<Verdict>, JobError> {
        if opened.is_reported {
            return self.end(End::accepted(None)).await;
        }
        if let Some(effect) = opened.effect.as_ref().filter(|effect| effect.is_open) {
            return self.settle(&effect.provider).await;
        }
        if opened.is_over {
            return self.end(End::out_of_time(opened.is_unknown)).await;
        }
        if let Some(reason) = self.stop.given() {
            return self.stopped(reason, opened.is_unknown).await;
        }
        let rendered = match opened.rendered.clone() {
            Some(rendered) => rendered,
            None => self.render(&opened).await?,
        };
        let wait = match self.deps.mailer.turn(LONGEST_TURN) {
            Turn::After(wait) => wait,
            Turn::NotBefore(pause) => return Ok(Some(Verdict::Leave(pause))),
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            reason = self.stop.wait() => return self.stopped(reason, opened.is_unknown).await,
        }
        self.send(&opened, rendered).await
    }

    /// A worker was sending when it stopped, or its answer was never stored.
    async fn settle(&self, provider: &str) -> Result<Option<Verdict>, JobError> {
        let mailer = &self.deps.mailer;
        if mailer.resend_is_safe() && mailer.name() == provider {
            mail::note(&self.deps.service, self.job.lease(), "the provider takes this key once", true).await?;
            return Ok(None);
        }
        self.end(End::unknown()).await
    }

    async fn render(&self, opened: &OpenedMail) -> Result<RenderedMail, JobError> {
        let rendered = render::render(opened, &self.deps.public_url)?;
        mail::keep(&self.deps.service, self.job.lease(), &rendered).await?;
        Ok(rendered)
    }

    /// Sends the one request. A stop signal waits for its answer: what is known then needs no second request.
    async fn send(&self, opened: &OpenedMail, rendered: RenderedMail) -> Result<Option<Verdict>, JobError> {
        let (deps, lease) = (self.deps, self.job.lease());
        // Before the statement, so that its time counts, and a process that stands still after it sends nothing.
        let budget = SendBudget::until(Instant::now() + SEND_TIME);
        let within = SEND_TIME + deps.mailer.call_timeout();
        match mail::begin(&deps.service, lease, deps.mailer.name(), within).await? {
            BeginMail::Begun => {}
            BeginMail::Reported => return self.end(End::accepted(None)).await,
            // An earlier request may have been taken; another one would mail.
            BeginMail::Suppressed | BeginMail::Removed if opened.is_unknown => return self.end(End::unknown()).await,
            BeginMail::Suppressed => return self.end(End::suppressed()).await,
            BeginMail::Removed => return self.end(End::removed()).await,
            BeginMail::Gone | BeginMail::Taken => return Ok(None),
        }
        faults::pass(Point::MailSending);
        let outgoing = Outgoing {
            delivery_id: self.job.id.0,
            idempotency_key: opened.dedupe_key.clone(),
            to: SecretString::from(opened.address.as_str()),
            subject: rendered.subject,
            html: rendered.html,
            text: rendered.text,
            unsubscribe_url: rendered.unsubscribe_url,
        };
        let sent = deps.mailer.send(&outgoing, budget).await;
        faults::pass(Point::MailAnswered);
        self.after(sent, opened).await
    }

    async fn after(&self, sent: Sent, opened: &OpenedMail) -> Result<Option<Verdict>, JobError> {
        let (service, lease) = (&self.deps.service, self.job.lease());
        match sent {
            Sent::Accepted { provider_ref } => self.end(End::accepted(provider_ref)).await,
            // An earlier request with this key may have been taken: a refusal of this one proves nothing about it.
            Sent::Rejected { .. } if opened.is_unknown => self.end(End::unknown()).await,
            Sent::Rejected { code, message, .. } => self.end(End::rejected(code, message)).await,
            Sent::NotSent { retry_after, code, .. } => {
                tracing::warn!(code = %code, "the mail provider does not take mails now");
                mail::note(service, lease, "the provider did not take the request", false).await?;
                let pause = retry_after.map_or_else(|| pause_after(opened.tried_for), |asked| asked.min(LONGEST_PAUSE));
                Ok(Some(Verdict::Leave(pause)))
            }
            Sent::Unknown { can_resend: true, .. } => {
                tracing::warn!("the mail provider's answer is missing; the same request follows");
                mail::note(service, lease, "the provider takes this key once", true).await?;
                Ok(Some(Verdict::Leave(pause_after(opened.tried_for))))
            }
            Sent::Unknown { can_resend: false, .. } => self.end(End::unknown()).await,
        }
    }

    /// The job is to stop, and no request of it is on its way.
    async fn stopped(&self, reason: Reason, is_unknown: bool) -> Result<Option<Verdict>, JobError> {
        match reason {
            Reason::Cancelled if is_unknown => self.end(End::unknown()).await,
            Reason::Cancelled => self.end(End::cancelled()).await,
            Reason::Drain | Reason::Outage => Ok(Some(Verdict::HandBack)),
            Reason::LeaseLost => Err(WriteError::LeaseLost.into()),
        }
    }
}

/// The longer a mail was tried for, the rarer it is tried; half of the pause is left to chance.
fn pause_after(tried_for: Duration) -> Duration {
    let (shortest, longest) = PAUSES;
    tried_for.clamp(shortest, longest).mul_f64(rand::rng().random_range(0.5..1.0))
}
