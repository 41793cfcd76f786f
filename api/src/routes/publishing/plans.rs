//! Stored plans over HTTP: show one, and follow its intents.

use almanac_shared::platform::id::PublishPlanId;
use poem::Request;
use poem_openapi::{ApiResponse, OpenApi, param::Path};
use uuid::Uuid;

use super::{
    dto::plan::PlanResponse,
    plan_events::{self, PlanLog},
};
use crate::{
    auth::Caller,
    http::{
        error::ApiError,
        negotiation::{self, ResponseFormat},
        reply::Reply,
    },
    routes::Tag,
    state::App,
};

/// The routes of plans.
pub struct PlansApi {
    pub(crate) app: App,
}

#[derive(ApiResponse)]
enum Followed {
    /// The intents as they stand, then their changes.
    #[oai(status = 200)]
    Live(PlanLog),
}

#[OpenApi(tag = "Tag::Publishing")]
impl PlansApi {
    /// Show a plan with its intents
    #[oai(path = "/publish/plans/:id", method = "get", operation_id = "showPlan")]
    async fn show(&self, caller: Caller, id: Path<Uuid>) -> Result<Reply<PlanResponse>, ApiError> {
        let plan = self.app.publishing.stored_plan(caller.user, PublishPlanId(id.0)).await?;
        Ok(self.app.about_jobs(plan.into()))
    }

    /// Follow the intents of a plan
    ///
    /// Server-sent events by default, NDJSON with `Accept: application/x-ndjson`. Sends one `result` for each intent as it
    /// stands, then one for each change, and `done` when nothing changes any more without a person: an intent that needs a
    /// review does not keep the stream open. Events have no `seq`; a client that connects again sees the present.
    #[oai(path = "/publish/plans/:id/events", method = "get", operation_id = "followPlan")]
    async fn follow(&self, request: &Request, caller: Caller, id: Path<Uuid>) -> Result<Followed, ApiError> {
        let app = &self.app;
        let encoding =
            negotiation::choose(request.headers(), &[ResponseFormat::Sse, ResponseFormat::Ndjson])?.encoding();
        let permit = app.streams.admit(caller.user)?;
        let events = plan_events::follow(app, caller.user, PublishPlanId(id.0)).await?;
        Ok(Followed::Live(plan_events::live(app, events, &caller, (encoding, permit))))
    }
}
