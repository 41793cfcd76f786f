//! Erasure of all data of a user.

use almanac_shared::{jobs::Kind, platform::telemetry};
use poem_openapi::{ApiResponse, OpenApi};

use crate::{
    auth::Caller,
    http::{error::ApiError, reply::Reply},
    routes::Tag,
    routes::jobs::Job,
    state::App,
};

/// The routes of the account.
pub struct AccountApi {
    pub(crate) app: App,
}

#[derive(ApiResponse)]
enum Erasing {
    /// The job of the erasure, which may have been submitted before.
    #[oai(status = 202)]
    Accepted(
        Reply<Job>,
        #[oai(header = "Location")] String,
        #[oai(header = "RateLimit-Policy")] String,
        #[oai(header = "RateLimit")] String,
    ),
}

#[OpenApi(tag = "Tag::Account")]
impl AccountApi {
    /// Erase all data of the caller
    ///
    /// Cancels active jobs and removes content, idempotency keys and logs that exist at the time of the request. Records of
    /// effects outside this service stay, as hashes. A request during an erasure answers with the same job.
    #[oai(path = "/me/data", method = "delete", operation_id = "eraseMyData")]
    async fn submit(&self, caller: Caller) -> Result<Erasing, ApiError> {
        let app = &self.app;
        let request_id = Some(caller.request_id.as_str().to_owned());
        let accepted = app.account.erase(caller.user, telemetry::current_traceparent(), request_id).await;
        let bucket = app.limits.bucket(Kind::EraseAccount);
        let accepted = accepted.map_err(|refusal| bucket.refused(refusal))?;
        if accepted.new {
            app.metrics.job_accepted(Kind::EraseAccount.as_str());
        }
        let location = format!("/v1/jobs/{}", accepted.job.id);
        let (policy, left) = bucket.values(accepted.limit);
        Ok(Erasing::Accepted(app.about_jobs(accepted.job.into()), location, policy, left))
    }
}
