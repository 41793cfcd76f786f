//! Organic weeks over HTTP: submitting a week. Saved placements have a file of their own.

mod dto;
pub(super) mod events;
mod placements;

use almanac_shared::{
    jobs::Kind,
    organic::service::{Accepted, Submission},
    platform::{
        error::Refusal,
        id::{JobId, RunId, UserId},
        telemetry,
    },
};
use anyhow::Context;
use poem::Request;
use poem_openapi::{ApiResponse, OpenApi, ResponseContent};
use serde_json::Value;

use crate::{
    auth::Caller,
    http::{
        error::ApiError,
        idempotent_json::IdempotentJson,
        negotiation::{self, ResponseFormat},
        reply::{Reply, Urls},
        stream::Live,
        stream_limit::Delivery,
    },
    routes::Tag,
    routes::after_submit,
    state::App,
};

pub use self::placements::PlacementsApi;
use self::{
    dto::{GenerateWeek, WeekAccepted, WeekResponse},
    events::{WeekFrames, WeekLines},
};

/// The routes of weeks and of what they made.
pub type Routes = (OrganicApi, PlacementsApi);

/// Over this app.
pub fn routes(app: &App) -> Routes {
    (OrganicApi { app: app.clone() }, PlacementsApi { app: app.clone() })
}

/// The routes of weeks.
pub struct OrganicApi {
    pub(crate) app: App,
}

#[derive(ApiResponse)]
#[expect(clippy::large_enum_variant, reason = "made once per request and answered at once")]
enum Submitted {
    /// Accepted. A worker does the work.
    #[oai(status = 202)]
    Accepted(
        Reply<WeekAccepted>,
        #[oai(header = "Location")] String,
        #[oai(header = "Idempotency-Replayed")] Option<String>,
        #[oai(header = "RateLimit-Policy")] String,
        #[oai(header = "RateLimit")] String,
    ),
    /// The events of the job as a stream, or the finished week (`Prefer: wait`).
    #[oai(status = 200)]
    Now(
        Answer,
        #[oai(header = "Location")] String,
        #[oai(header = "Idempotency-Replayed")] Option<String>,
        #[oai(header = "RateLimit-Policy")] String,
        #[oai(header = "RateLimit")] String,
    ),
}

#[derive(ResponseContent)]
#[expect(clippy::large_enum_variant, reason = "made once per request and answered at once")]
enum Answer {
    Lines(WeekLines),
    Frames(WeekFrames),
    Finished(Reply<WeekResponse>),
}

#[OpenApi(tag = "Tag::Organic")]
impl OrganicApi {
    /// Generate the placements of a brand's week
    ///
    /// Answers NDJSON by default, one line per event; `Accept: text/event-stream` the same as server-sent events, and
    /// `Accept: application/json` 202, or with `Prefer: wait=n` the finished week. A refused request is answered before the
    /// first line; a placement that cannot be generated is an `error` line. The last line is always `complete`. A user has
    /// at most one active run of a calendar or organic week (409 `ACTIVE_GENERATION`). An account that is not linked to the
    /// brand is 403.
    #[oai(path = "/organic/generate-calendar", method = "post", operation_id = "generateWeek")]
    async fn submit(
        &self,
        request: &Request,
        caller: Caller,
        order: IdempotentJson<GenerateWeek>,
    ) -> Result<Submitted, ApiError> {
        let app = &self.app;
        let form = negotiation::choose(
            request.headers(),
            &[ResponseFormat::Ndjson, ResponseFormat::Sse, ResponseFormat::Json],
        )?;
        let IdempotentJson { body, key } = order;
        let order = app.organic.read(body.into())?;
        let delivery = app.delivery(caller.user, form)?;
        let model = app.models.default.clone();
        if let Some(retry_after) = app.circuits.open_for(&model)
            && !app.jobs.knows(caller.user, Kind::GenerateOrganic, key.as_ref()).await?
        {
            return Err(Refusal::ProviderUnavailable { retry_after }.into());
        }
        let request_id = Some(caller.request_id.as_str().to_owned());
        let (user, trace) = (caller.user, telemetry::current_traceparent());
        let submission = Submission { user, order, model, key, trace, request_id };
        let accepted = match app.organic.submit(submission).await {
            Ok(accepted) => accepted,
            Err(refusal) => {
                return Err(app.refused(user, app.limits.bucket(Kind::GenerateOrganic).refused(refusal)).await);
            }
        };
        tracing::Span::current().record("runId", tracing::field::display(accepted.run));
        if !accepted.replayed {
            app.metrics.job_accepted(Kind::GenerateOrganic.as_str());
        }
        Ok(answer(app, request, &caller, delivery, accepted).await)
    }
}

/// What a week made, for the snapshot of its job, as it is saved now.
///
/// # Errors
/// Missing or not theirs.
pub(super) async fn made(app: &App, user: UserId, job: JobId) -> Result<Value, ApiError> {
    let (_, made) = app.organic.run(user, RunId::from(job)).await?;
    Ok(serde_json::to_value(dto::shown(&made)?).context("writing placements")?)
}

async fn answer(app: &App, request: &Request, caller: &Caller, delivery: Delivery, accepted: Accepted) -> Submitted {
    let (user, job) = (caller.user, JobId::from(accepted.run));
    let answer = match delivery {
        Delivery::Json => {
            let show = async {
                if !app.jobs.show(user, job).await?.state().is_final() {
                    return Ok(None);
                }
                let (run, made) = app.organic.run(user, accepted.run).await?;
                WeekResponse::of(run, &made).map(Some)
            };
            after_submit::finished(app, request.headers(), (user, job), show)
                .await
                .map(|shown| app.about_jobs(shown))
                .map(Answer::Finished)
        }
        Delivery::Stream(encoding, permit) => {
            after_submit::log(app, caller, job, (encoding, permit)).await.map(|log| match log {
                Live::Ndjson(log) => Answer::Lines(WeekLines(log)),
                Live::Sse(log) => Answer::Frames(WeekFrames(log)),
            })
        }
    };
    let location = format!("/v1/jobs/{job}");
    let replayed = accepted.replayed.then(|| "true".to_owned());
    let (policy, left) = app.limits.bucket(Kind::GenerateOrganic).values(accepted.limit);
    match answer {
        Some(answer) => Submitted::Now(answer, location, replayed, policy, left),
        None => Submitted::Accepted(app.about_jobs(pending(&accepted)), location, replayed, policy, left),
    }
}

fn pending(accepted: &Accepted) -> WeekAccepted {
    let urls = Urls::of_job(JobId::from(accepted.run));
    WeekAccepted {
        run_id: accepted.run.to_string(),
        brand_profile_id: accepted.brand.to_string(),
        week_start: accepted.week_start.to_string(),
        status: "pending".into(),
        urls: urls.about("week", &format!("{}/{}", accepted.brand, accepted.week_start)),
    }
}
