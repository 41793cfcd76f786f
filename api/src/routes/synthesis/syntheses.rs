//! Syntheses over HTTP: ask for one, list, show, its page, its mails.

use almanac_shared::{
    jobs::Kind,
    platform::{
        error::Refusal,
        id::{DeliveryId, JobId, SynthesisId, ThemeId, UserId},
        telemetry,
    },
    synthesis::{
        Synthesis,
        render::{self, Issue},
        service::{Accepted, Submission},
    },
    values::local_time,
};
use anyhow::Context;
use chrono_tz::Tz;
use poem::{Request, Response};
use poem_openapi::{
    ApiResponse, OpenApi, ResponseContent,
    param::{Path, Query},
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    dto::synthesis::{DeliveryPage, NoSettings, SectionResponse, SynthesisPage, SynthesisResponse, WorkAccepted},
    events::{SynthesisNdjson, SynthesisSse},
};
use crate::{
    auth::Caller,
    http::{
        error::ApiError,
        file::{File, file_formats},
        idempotent_json::IdempotentJson,
        negotiation::{self, ResponseFormat},
        page,
        reply::{Reply, Urls},
        stream::Live,
        stream_limit::Delivery,
    },
    routes::{Tag, after_submit},
    state::App,
};

file_formats! {
    /// A web page.
    pub(super) HtmlPage = ["text/html"];
}

/// The routes of syntheses.
pub struct SynthesesApi {
    pub(crate) app: App,
}

#[derive(ApiResponse)]
enum Submitted {
    /// Accepted. A worker does the work.
    #[oai(status = 202)]
    Accepted(
        Reply<WorkAccepted>,
        #[oai(header = "Location")] String,
        #[oai(header = "Idempotency-Replayed")] Option<String>,
        #[oai(header = "RateLimit-Policy")] String,
        #[oai(header = "RateLimit")] String,
    ),
    /// The events of the job as a stream, or the finished synthesis (`Prefer: wait`).
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
enum Answer {
    Finished(Reply<SynthesisResponse>),
    Sse(SynthesisSse),
    Ndjson(SynthesisNdjson),
}

#[derive(ApiResponse)]
enum Page {
    /// The page.
    #[oai(status = 200)]
    Html(File<HtmlPage>, #[oai(header = "Content-Security-Policy")] String),
}

#[OpenApi(tag = "Tag::Synthesis")]
impl SynthesesApi {
    /// Sum up the feeds of a theme
    ///
    /// Answers 202 by default, and a stream or the finished synthesis as the other generations do. It is mailed to nobody:
    /// schedules mail. A user has at most one active synthesis (409 `ACTIVE_GENERATION`). One without anything new ends as
    /// `failed` with `NO_NEWS`.
    #[oai(path = "/themes/:id/syntheses", method = "post", operation_id = "createSynthesis")]
    async fn submit(
        &self,
        request: &Request,
        caller: Caller,
        id: Path<Uuid>,
        order: IdempotentJson<Option<NoSettings>>,
    ) -> Result<Submitted, ApiError> {
        let (app, theme) = (&self.app, ThemeId(id.0));
        let form = negotiation::choose(
            request.headers(),
            &[ResponseFormat::Json, ResponseFormat::Sse, ResponseFormat::Ndjson],
        )?;
        let delivery = app.delivery(caller.user, form)?;
        let model = app.models.default.clone();
        if let Some(retry_after) = app.circuits.open_for(&model)
            && !app.jobs.knows(caller.user, Kind::GenerateSynthesis, order.key.as_ref()).await?
        {
            return Err(Refusal::ProviderUnavailable { retry_after }.into());
        }
        let submission = Submission {
            user: caller.user,
            theme,
            key: of_theme(order.key, theme),
            trace: telemetry::current_traceparent(),
            request_id: Some(caller.request_id.as_str().to_owned()),
        };
        let bucket = app.limits.bucket(Kind::GenerateSynthesis);
        match app.syntheses.submit(submission, &model).await {
            Ok(accepted) => {
                tracing::Span::current().record("runId", tracing::field::display(accepted.job));
                if !accepted.replayed {
                    app.metrics.job_accepted(Kind::GenerateSynthesis.as_str());
                }
                Ok(answer(app, request, (&caller, theme), delivery, accepted).await)
            }
            Err(refusal) => Err(app.refused(caller.user, bucket.refused(refusal)).await),
        }
    }

    /// List the syntheses of a theme, newest first
    #[oai(path = "/themes/:id/syntheses", method = "get", operation_id = "listSyntheses")]
    async fn list(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        #[oai(validator(minimum(value = "1"), maximum(value = "250")))] limit: Query<Option<i64>>,
        cursor: Query<Option<String>>,
    ) -> Result<Reply<SynthesisPage>, ApiError> {
        let limit = limit.0.unwrap_or(page::DEFAULT);
        let before = page::id(cursor.0.as_deref())?.map(SynthesisId);
        let mut rows = self.app.syntheses.list(caller.user, ThemeId(id.0), before, page::fetch(limit)).await?;
        let next_cursor = page::cut(&mut rows, limit).map(|row| page::of_id(row.id.0));
        Ok(Reply::new(SynthesisPage { items: rows.into_iter().map(Into::into).collect(), next_cursor }))
    }

    /// Show a synthesis
    #[oai(path = "/syntheses/:id", method = "get", operation_id = "showSynthesis")]
    async fn show(&self, caller: Caller, id: Path<Uuid>) -> Result<Reply<SynthesisResponse>, ApiError> {
        Ok(Reply::new(self.app.syntheses.show(caller.user, SynthesisId(id.0)).await?.into()))
    }

    /// Show a synthesis as a web page, as mails show it
    #[oai(path = "/syntheses/:id/html", method = "get", operation_id = "showSynthesisPage")]
    async fn page(&self, caller: Caller, id: Path<Uuid>) -> Result<Page, ApiError> {
        let syntheses = &self.app.syntheses;
        let synthesis = syntheses.show(caller.user, SynthesisId(id.0)).await?;
        let theme = syntheses.theme(caller.user, synthesis.theme_id).await?;
        let zone = local_time::zone(&synthesis.zone).unwrap_or(Tz::UTC);
        let made_on = synthesis.created_at.with_timezone(&zone).date_naive();
        let page = render::page(&Issue {
            theme: &theme.name,
            week: synthesis.week.as_deref().unwrap_or_default(),
            date: synthesis.fire_date.unwrap_or(made_on),
            language: &theme.language,
            sections: &synthesis.sections,
        });
        let page = page.context("rendering the page of a synthesis")?;
        let response = Response::builder().content_type("text/html; charset=utf-8").body(page);
        // The console of this origin shows the page in a frame.
        let policy = render::content_security_policy().replace("frame-ancestors 'none'", "frame-ancestors 'self'");
        Ok(Page::Html(File::new(response), policy))
    }

    /// List the mails of a synthesis, one per recipient
    #[oai(path = "/syntheses/:id/deliveries", method = "get", operation_id = "listDeliveries")]
    async fn deliveries(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        #[oai(validator(minimum(value = "1"), maximum(value = "250")))] limit: Query<Option<i64>>,
        cursor: Query<Option<String>>,
    ) -> Result<Reply<DeliveryPage>, ApiError> {
        let limit = limit.0.unwrap_or(page::DEFAULT);
        let after = page::id(cursor.0.as_deref())?.map(DeliveryId);
        let syntheses = &self.app.syntheses;
        let mut rows = syntheses.deliveries(caller.user, SynthesisId(id.0), after, page::fetch(limit)).await?;
        let next_cursor = page::cut(&mut rows, limit).map(|row| page::of_id(row.id.0));
        Ok(Reply::new(DeliveryPage { items: rows.into_iter().map(Into::into).collect(), next_cursor }))
    }
}

/// What a synthesis made, for the snapshot of its job.
///
/// # Errors
/// Missing or not theirs.
pub async fn made(app: &App, user: UserId, job: JobId) -> Result<Value, ApiError> {
    let made = app.syntheses.show(user, SynthesisId::from(job)).await?.sections;
    let shown: Vec<SectionResponse> = made.into_iter().map(Into::into).collect();
    Ok(serde_json::to_value(shown).context("writing sections")?)
}

/// A key counts for one theme: its fingerprint covers the theme, which the body does not name.
pub(super) fn of_theme(key: Option<(String, [u8; 32])>, theme: ThemeId) -> Option<(String, [u8; 32])> {
    key.map(|(key, body)| (key, Sha256::new().chain_update(body).chain_update(theme.0).finalize().into()))
}

/// The body of a 202.
pub(super) fn accepted(app: &App, theme: ThemeId, job: JobId, subject: &str) -> Reply<WorkAccepted> {
    app.about_jobs(WorkAccepted {
        id: job.to_string(),
        theme_id: theme.to_string(),
        status: "pending".into(),
        urls: Urls::of_job(job).about(subject, &job.to_string()),
    })
}

async fn answer(
    app: &App,
    request: &Request,
    (caller, theme): (&Caller, ThemeId),
    delivery: Delivery,
    work: Accepted,
) -> Submitted {
    let (user, job) = (caller.user, work.job);
    let answer = match delivery {
        Delivery::Json => {
            let show = async {
                let synthesis: Synthesis = app.syntheses.show(user, SynthesisId::from(job)).await?;
                Ok(synthesis.finished_at.is_some().then(|| synthesis.into()))
            };
            after_submit::finished(app, request.headers(), (user, job), show)
                .await
                .map(|shown| app.about_jobs(shown))
                .map(Answer::Finished)
        }
        Delivery::Stream(encoding, permit) => {
            after_submit::log(app, caller, job, (encoding, permit)).await.map(|log| match log {
                Live::Sse(log) => Answer::Sse(SynthesisSse(log)),
                Live::Ndjson(log) => Answer::Ndjson(SynthesisNdjson(log)),
            })
        }
    };
    let location = format!("/v1/jobs/{job}");
    let replayed = work.replayed.then(|| "true".to_owned());
    let (policy, left) = app.limits.bucket(Kind::GenerateSynthesis).values(work.limit);
    match answer {
        Some(answer) => Submitted::Now(answer, location, replayed, policy, left),
        None => Submitted::Accepted(accepted(app, theme, job, "synthesis"), location, replayed, policy, left),
    }
}
