//! The schedule of a theme over HTTP. A theme that is missing or belongs to another user is 404 on every route.

use almanac_shared::{
    jobs::Kind,
    platform::{
        error::{Code, Refusal},
        id::ThemeId,
        telemetry,
    },
    synthesis::{
        schedule::{self, Schedule},
        service::{Span, Submission},
    },
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use poem::Request;
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
};
use uuid::Uuid;

use super::{
    dto::{
        schedule::{DecisionPage, FireList, FireResponse, ScheduleResponse, UpsertScheduleRequest},
        synthesis::{NoSettings, WorkAccepted},
    },
    syntheses::{accepted, of_theme},
};
use crate::{
    auth::{Caller, EmailClaim},
    http::{
        document_types::Nullable, error::ApiError, file::Deleted, idempotent_json::IdempotentJson, negotiation, page,
        reply::Reply, strict_json::StrictJson,
    },
    routes::Tag,
    state::App,
};

/// The span of a preview that names no end.
const PREVIEW: TimeDelta = TimeDelta::days(35);

/// The routes of schedules.
pub struct SchedulesApi {
    pub(crate) app: App,
}

#[derive(ApiResponse)]
enum TestMailSubmitted {
    /// Accepted. A worker sends it.
    #[oai(status = 202)]
    Accepted(
        Reply<WorkAccepted>,
        #[oai(header = "Location")] String,
        #[oai(header = "Idempotency-Replayed")] Option<String>,
        #[oai(header = "RateLimit-Policy")] String,
        #[oai(header = "RateLimit")] String,
    ),
}

#[OpenApi(tag = "Tag::Synthesis")]
impl SchedulesApi {
    /// Show the schedule of a theme; null if it has none
    #[oai(path = "/themes/:id/schedule", method = "get", operation_id = "showSchedule")]
    async fn show(&self, caller: Caller, id: Path<Uuid>) -> Result<Reply<Nullable<ScheduleResponse>>, ApiError> {
        let stored = self.app.syntheses.schedule(caller.user, ThemeId(id.0)).await?;
        Ok(Reply::new(Nullable(stored.map(ScheduleResponse::try_from).transpose()?)))
    }

    /// Save the schedule of a theme
    ///
    /// All fields are replaced. With `If-None-Match: *` the theme must have no schedule. A schedule whose time of today has passed is due at once, unless the theme has fired today.
    #[oai(path = "/themes/:id/schedule", method = "put", operation_id = "saveSchedule")]
    async fn save(
        &self,
        request: &Request,
        caller: Caller,
        id: Path<Uuid>,
        body: StrictJson<UpsertScheduleRequest>,
    ) -> Result<Reply<ScheduleResponse>, ApiError> {
        let theme = ThemeId(id.0);
        // Ownership is answered before anything about the body.
        self.app.syntheses.theme(caller.user, theme).await?;
        let schedule = Schedule::parse(body.0.into())?;
        let expected = |version| negotiation::matches(request.headers(), version);
        let stored = self.app.syntheses.save_schedule(caller.user, theme, expected, &schedule).await?;
        Ok(Reply::new(stored.try_into()?))
    }

    /// Delete the schedule of a theme
    ///
    /// Idempotent. A theme that has fired today does not fire again today when a new schedule is saved.
    #[oai(path = "/themes/:id/schedule", method = "delete", operation_id = "deleteSchedule")]
    async fn delete(&self, request: &Request, caller: Caller, id: Path<Uuid>) -> Result<Deleted, ApiError> {
        let expected = |version| negotiation::matches(request.headers(), version);
        self.app.syntheses.delete_schedule(caller.user, ThemeId(id.0), expected).await?;
        Ok(Deleted::Gone)
    }

    /// Show when a schedule fires
    ///
    /// A fire that is due and was not handled yet is among them. At most 250; a later `from` shows what follows. Empty while
    /// the schedule is off.
    #[oai(path = "/themes/:id/schedule/preview", method = "get", operation_id = "previewSchedule")]
    async fn preview(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        /// Beginning; now if absent.
        from: Query<Option<DateTime<Utc>>>,
        /// End; 35 days after the beginning if absent.
        to: Query<Option<DateTime<Utc>>>,
    ) -> Result<Reply<FireList>, ApiError> {
        let now = self.app.clock.now();
        let from = from.0.unwrap_or(now);
        let span = Span { from, to: to.0.unwrap_or_else(|| from + PREVIEW) };
        if span.to < span.from {
            return Err(ApiError::rule(Code::EndBeforeStart, &["query", "to"], "The span ends before it begins."));
        }
        let (fires, zone) = self.app.syntheses.preview(caller.user, ThemeId(id.0), span, now).await?;
        Ok(Reply::new(FireList { items: fires.into_iter().map(|fire| FireResponse::new(fire, zone)).collect() }))
    }

    /// List what became of the fires of a schedule, newest first
    #[oai(path = "/themes/:id/schedule/decisions", method = "get", operation_id = "listDecisions")]
    async fn decisions(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        #[oai(validator(minimum(value = "1"), maximum(value = "250")))] limit: Query<Option<i64>>,
        cursor: Query<Option<String>>,
    ) -> Result<Reply<DecisionPage>, ApiError> {
        let limit = limit.0.unwrap_or(page::DEFAULT);
        let before: Option<NaiveDate> = page::date(cursor.0.as_deref())?;
        let mut rows = self.app.syntheses.decisions(caller.user, ThemeId(id.0), before, page::fetch(limit)).await?;
        let next_cursor = page::cut(&mut rows, limit).map(|row| page::of_date(row.fire_date));
        Ok(Reply::new(DecisionPage { items: rows.into_iter().map(Into::into).collect(), next_cursor }))
    }

    /// Mail the latest synthesis to the caller
    ///
    /// To the address in the token; a token without one is 422 `NO_EMAIL`. A theme without a synthesis is 422 `NO_SYNTHESIS`.
    /// The mail has the theme's unsubscribe link, and a suppressed address gets none.
    #[oai(path = "/themes/:id/schedule/test-mail", method = "post", operation_id = "sendTestMail")]
    async fn test_mail(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        order: IdempotentJson<Option<NoSettings>>,
    ) -> Result<TestMailSubmitted, ApiError> {
        let (app, theme) = (&self.app, ThemeId(id.0));
        app.syntheses.theme(caller.user, theme).await?;
        let address = caller
            .email
            .as_ref()
            .map(EmailClaim::as_str)
            .filter(|address| schedule::is_email(address))
            .ok_or_else(no_email)?;
        let submission = Submission {
            user: caller.user,
            theme,
            key: of_theme(order.key, theme),
            trace: telemetry::current_traceparent(),
            request_id: Some(caller.request_id.as_str().to_owned()),
        };
        let bucket = app.limits.bucket(Kind::SendEmail);
        let mail = app.syntheses.submit_test_mail(submission, address).await.map_err(|it| bucket.refused(it))?;
        if !mail.replayed {
            app.metrics.job_accepted(Kind::SendEmail.as_str());
        }
        let (policy, left) = bucket.values(mail.limit);
        let replayed = mail.replayed.then(|| "true".to_owned());
        let location = format!("/v1/jobs/{}", mail.job);
        Ok(TestMailSubmitted::Accepted(accepted(app, theme, mail.job, "delivery"), location, replayed, policy, left))
    }
}

fn no_email() -> ApiError {
    let message = "The token names no e-mail address.".to_owned();
    Refusal::Rule { code: Code::NoEmail, field: "email", message }.into()
}
