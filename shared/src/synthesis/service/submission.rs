//! Submitting a synthesis or a test mail: limit, key, slot, domain row and job in one commit, then a notification.

use serde_json::json;

use super::Syntheses;
use crate::{
    jobs::{
        Kind,
        submission::{LockWait, Outcome, SubmitError},
    },
    platform::{
        error::{Code, LimitState, Refusal, Work},
        faults::{self, Point},
        id::{JobId, ThemeId, UserId},
    },
    synthesis::{
        PROMPT_VERSION,
        store::{
            deliveries,
            syntheses::{self, NewJob},
        },
    },
};

/// Who asks, and what comes with the asking.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The user.
    pub user: UserId,
    /// The theme.
    pub theme: ThemeId,
    /// The idempotency key, and the fingerprint of theme and body.
    pub key: Option<(String, [u8; 32])>,
    /// W3C traceparent.
    pub trace: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
}

/// An accepted request.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// Its job; an earlier one's if the request is a replay.
    pub job: JobId,
    /// Whether an earlier request with the same key was answered again.
    pub replayed: bool,
    /// Where the limit stands now.
    pub limit: LimitState,
}

impl Syntheses {
    /// Accepts a synthesis that a person asks for.
    ///
    /// # Errors
    /// The theme is missing or not theirs, another synthesis is active, limited, key reused or in progress, or the store is
    /// unavailable. Then nothing is stored and nothing enqueued, except perhaps with [`Refusal::Unconfirmed`].
    pub async fn submit(&self, submission: Submission, model: &str) -> Result<Accepted, Refusal> {
        let new = new_job(submission);
        let mut pinned = self.database.single_submit_connection();
        let mut lock = LockWait::start();
        let prompt = (model, PROMPT_VERSION);
        let unaccepted = |error: SubmitError| error.refusal(Work::Job(new.id));
        let mut submitted = syntheses::submit(&mut pinned, &new, prompt).await.map_err(unaccepted)?;
        while lock.again(&submitted, &mut pinned).await {
            submitted = syntheses::submit(&mut pinned, &new, prompt).await.map_err(unaccepted)?;
        }
        self.accepted(Kind::GenerateSynthesis, &new, submitted)
    }

    /// Accepts a mail of the theme's latest synthesis to the user's own address.
    ///
    /// # Errors
    /// As [`Syntheses::submit`], but for the slot; or the theme has no synthesis yet.
    pub async fn submit_test_mail(&self, submission: Submission, address: &str) -> Result<Accepted, Refusal> {
        let new = new_job(submission);
        let mut pinned = self.database.single_submit_connection();
        let mut lock = LockWait::start();
        let unaccepted = |error: SubmitError| error.refusal(Work::Job(new.id));
        let mut submitted = deliveries::submit_test_mail(&mut pinned, &new, address).await.map_err(unaccepted)?;
        while lock.again(&submitted, &mut pinned).await {
            submitted = deliveries::submit_test_mail(&mut pinned, &new, address).await.map_err(unaccepted)?;
        }
        if submitted.outcome == "empty" {
            let message = "The theme has no synthesis yet.".to_owned();
            return Err(Refusal::Rule { code: Code::NoSynthesis, field: "theme", message });
        }
        self.accepted(Kind::SendEmail, &new, submitted)
    }

    fn accepted(&self, kind: Kind, new: &NewJob, submitted: Outcome) -> Result<Accepted, Refusal> {
        let (limit, job) = (submitted.limit(), submitted.job.unwrap_or(new.id));
        let replayed = submitted.replayed()?;
        if !replayed {
            faults::pass(Point::AcceptedBeforeRing);
            self.bell.ring(kind.lane(), job, new.trace.clone());
        }
        faults::pass(Point::AcceptedBeforeAnswer);
        Ok(Accepted { job, replayed, limit })
    }
}

fn new_job(submission: Submission) -> NewJob {
    let id = JobId::fresh();
    let (key, fingerprint) = submission.key.map(|(key, print)| (key, print.to_vec())).unzip();
    NewJob {
        user: submission.user,
        id,
        theme: submission.theme,
        key,
        fingerprint,
        answer: json!({ "id": id, "theme_id": submission.theme }).to_string(),
        trace: submission.trace,
        request_id: submission.request_id,
    }
}
