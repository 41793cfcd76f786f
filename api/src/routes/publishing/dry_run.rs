//! The dry run: computed within the request, stored nowhere. Counted in the memory of this process.

use almanac_shared::{jobs::Kind, platform::error::Refusal, publishing::request::Order};

use super::{Published, dto::plan::PublishDryRun, observe};
use crate::{
    auth::Caller,
    http::{error::ApiError, reply::Reply},
    state::App,
};

/// What the order would publish.
pub(super) async fn answer(app: &App, caller: &Caller, order: &Order) -> Result<Published, ApiError> {
    let limit = app.publish_dry_runs.admit(caller.user)?;
    let reply = match app.publishing.plan(caller.user, order).await {
        Ok(plan) => {
            observe::dry_run(app, &plan);
            Reply::new(plan.into()).dry_run()
        }
        Err(Refusal::StoreGone(cause)) => {
            tracing::warn!(error = format!("{cause:#}"), "Postgres cannot be reached; answering an empty dry run");
            Reply::new(PublishDryRun::without_store(app.publishing.transport())).dry_run().degraded("storage")
        }
        Err(refusal) => return Err(refusal.into()),
    };
    let (policy, left) = app.limits.bucket(Kind::Publish).values(limit);
    Ok(Published::DryRun(reply, policy, left))
}
