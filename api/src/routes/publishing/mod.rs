//! Publishing over HTTP: the request to publish. Plans, intents, receipts and the export have files of their own.

mod channels;
mod dry_run;
mod dto;
pub(super) mod events;
mod export;
mod intents;
pub(super) mod observe;
mod plan_events;
mod plans;
pub(crate) mod real_call;
mod receipts;

use almanac_shared::platform::flags::Flag;
use poem_openapi::{ApiResponse, OpenApi};

use self::dto::{
    PublishCommand,
    plan::{PublishAccepted, PublishDryRun},
};
pub use self::{channels::ChannelsApi, export::ExportApi, intents::IntentsApi, plans::PlansApi, receipts::ReceiptsApi};
use crate::{
    auth::Caller,
    http::{error::ApiError, idempotent_json::IdempotentJson, reply::Reply},
    routes::Tag,
    state::App,
};

/// The routes of publishing.
pub type Routes = (ChannelsApi, PublishApi, PlansApi, IntentsApi, ReceiptsApi, ExportApi);

/// Over this app.
pub fn routes(app: &App) -> Routes {
    let app = || app.clone();
    (
        ChannelsApi { app: app() },
        PublishApi { app: app() },
        PlansApi { app: app() },
        IntentsApi { app: app() },
        ReceiptsApi { app: app() },
        ExportApi { app: app() },
    )
}

/// The route of requests to publish.
pub struct PublishApi {
    pub(crate) app: App,
}

#[derive(ApiResponse)]
enum Published {
    /// Accepted: workers publish the intents. With `status: "deferred"` the request is kept on disk, because Postgres
    /// cannot be reached; there is no `Location` then.
    #[oai(status = 202)]
    Accepted(
        Reply<PublishAccepted>,
        #[oai(header = "Location")] Option<String>,
        #[oai(header = "Idempotency-Replayed")] Option<String>,
        #[oai(header = "RateLimit-Policy")] Option<String>,
        #[oai(header = "RateLimit")] Option<String>,
    ),
    /// A dry run: what would be published. Nothing is stored.
    #[oai(status = 200)]
    DryRun(Reply<PublishDryRun>, #[oai(header = "RateLimit-Policy")] String, #[oai(header = "RateLimit")] String),
}

#[OpenApi(tag = "Tag::Publishing")]
impl PublishApi {
    /// Publish entries of a calendar, or placements of a brand
    ///
    /// Each entry goes to its own channel. By default nothing is published: a dry run answers 200 with the requests
    /// that would be sent, and with the flaws and warnings of each entry. `dryRun: false` submits one intent and one
    /// job for each entry; an entry that its channel does not take as it is has `failed` in the answer already, and keeps
    /// no other from its post. Missing credentials, configuration or options, and accounts that are not clear, refuse the
    /// whole request. `planHash` of a dry run makes sure that exactly what was shown is published (409 `PLAN_STALE`), to
    /// the accounts as they were. Without it, an entry that is saved again before it is due is published as it is then;
    /// with `publishAt: "entry"` it moves with its entry, to a later time only. `repost` publishes again what is
    /// published; an intent that is on its way or needs a review is 409 `ALREADY_PUBLISHED` all the same. The limit of
    /// 1,000 entries is on what is named or, without names, on the calendar. While `PUBLISH_SERVICE_ENABLED` is off
    /// for the caller, the answer is a dry run whatever `dryRun` says. While Postgres cannot be reached, a dry run has
    /// no intents and the warning `STORE_UNAVAILABLE`; a real call is kept on disk if it has an `Idempotency-Key`, else
    /// it is 503.
    #[oai(path = "/publish", method = "post", operation_id = "publish")]
    async fn publish(&self, caller: Caller, command: IdempotentJson<PublishCommand>) -> Result<Published, ApiError> {
        let app = &self.app;
        let IdempotentJson { body, key } = command;
        let order = app.publishing.read(body.into())?;
        if let Some(calendar) = order.source.calendar() {
            tracing::Span::current().record("calendarId", tracing::field::display(calendar));
        }
        if order.is_dry_run {
            return dry_run::answer(app, &caller, &order).await;
        }
        if !app.flags.is_on(Flag::PublishService, Some(caller.user)) {
            // A request that was accepted before is answered again, also while the service is off.
            return match app.publishing.answered(caller.user, key.as_ref()).await {
                Ok(Some(outcome)) => real_call::answer(app, &caller, outcome).await,
                _ => dry_run::answer(app, &caller, &order).await,
            };
        }
        real_call::submit(app, &caller, order, key).await
    }
}
