//! What a person may ask of everything that is theirs: its end.

use almanac_shared::{
    account::ERASE_RATE,
    jobs::Kind,
    platform::{error::Refusal, telemetry},
};
use poem_openapi::{ApiResponse, OpenApi};

use crate::{
    auth::Caller,
    http::{error::ApiError, reply::Reply},
    middleware::Bucket,
    routes::jobs::Job,
    state::App,
};

/// The limit as clients see it.
const ERASE: Bucket = Bucket { name: "erase", rate: ERASE_RATE };

/// The routes of the account.
pub struct AccountApi {
    pub(crate) app: App,
}

#[derive(ApiResponse)]
enum Erasing {
    /// Accepted, or on its way already; the job says when it is done.
    #[oai(status = 202)]
    Accepted(
        Reply<Job>,
        #[oai(header = "Location")] String,
        #[oai(header = "RateLimit-Policy")] String,
        #[oai(header = "RateLimit")] String,
    ),
}

#[OpenApi]
impl AccountApi {
    /// Removes everything of mine that exists at this moment.
    ///
    /// Active jobs are cancelled; content, idempotency keys and logs are removed. What was sent to the outside world
    /// stays on record, as hashes. Asking again while it is on its way answers with the same job.
    #[oai(path = "/me/data", method = "delete", operation_id = "eraseMyData")]
    async fn submit(&self, caller: Caller) -> Result<Erasing, ApiError> {
        let app = &self.app;
        let request_id = Some(caller.request_id.as_str().to_owned());
        let accepted = app.account.erase(caller.user, telemetry::current_traceparent(), request_id).await;
        let accepted = accepted.map_err(refused)?;
        if accepted.new {
            app.metrics.job_accepted(Kind::EraseAccount.as_str());
        }
        let location = format!("/v1/jobs/{}", accepted.job.id);
        let mut limit = ERASE.headers(accepted.limit).into_iter();
        let mut header =
            || limit.next().and_then(|(_, text)| text.to_str().map(str::to_owned).ok()).unwrap_or_default();
        Ok(Erasing::Accepted(app.about_jobs(accepted.job.into()), location, header(), header()))
    }
}

/// A refused submit says where its limit stands.
fn refused(refusal: Refusal) -> ApiError {
    let headers = match &refusal {
        Refusal::RateLimited(limit) => ERASE.headers(*limit),
        _ => Vec::new(),
    };
    headers.into_iter().fold(ApiError::from(refusal), |error, (name, value)| error.with_header(name, value))
}
