//! Which features are on for the caller, so that a front end offers only what works. Operators set flags through the admin
//! routes.

use almanac_shared::platform::flags::Flag;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use crate::{
    auth::Caller,
    http::{error::ApiError, reply::Reply},
    routes::Tag,
    state::App,
};

/// The routes of flags.
pub struct FlagsApi {
    pub(crate) app: App,
}

/// Feature flags of the caller.
#[derive(Debug, Serialize, Object)]
struct FlagsResponse {
    /// Calendars are generated; if off, requests are answered with a dry run.
    #[serde(rename = "CALENDAR_SERVICE_ENABLED")]
    #[oai(rename = "CALENDAR_SERVICE_ENABLED")]
    calendar: bool,
    /// Entries are published; if off, requests are answered with a dry run.
    #[serde(rename = "PUBLISH_SERVICE_ENABLED")]
    #[oai(rename = "PUBLISH_SERVICE_ENABLED")]
    publishing: bool,
}

#[OpenApi(tag = "Tag::Service")]
impl FlagsApi {
    /// Show the feature flags of the caller
    #[oai(path = "/flags", method = "get", operation_id = "showFlags")]
    async fn show(&self, caller: Caller) -> Result<Reply<FlagsResponse>, ApiError> {
        let app = &self.app;
        let is_on = |flag| app.flags.is_on(flag, Some(caller.user));
        Ok(Reply::new(FlagsResponse {
            calendar: is_on(Flag::CalendarService),
            publishing: is_on(Flag::PublishService),
        }))
    }
}
