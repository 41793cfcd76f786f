//! A calendar's saved entries over HTTP: what people add, change and delete by hand. A key never
//! changes, and `If-Match` keeps two people from overwriting each other.

use almanac_shared::{
    calendar::service::Calendars,
    platform::id::{CalendarId, EntryId},
};
use poem::Request;
use poem_openapi::{ApiResponse, OpenApi, param::Path};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    Deleted,
    dto::entry::{EntryShown, shown},
};
use crate::{
    auth::Caller,
    http::{
        error::{ApiError, Detail},
        idempotent_json::Keyed,
        idempotent_post::{self, Once},
        negotiation,
        reply::Reply,
        strict_json::Strict,
    },
    state::App,
};

/// The routes of entries.
pub struct EntriesApi {
    pub(crate) app: App,
}

#[derive(ApiResponse)]
enum Added {
    /// It is saved.
    #[oai(status = 201)]
    Entry(Reply<EntryShown>, #[oai(header = "Idempotency-Replayed")] Option<String>),
}

#[OpenApi]
impl EntriesApi {
    /// Adds an entry by hand: `channel`, `date` and `title`, and any other field of an entry.
    #[oai(path = "/calendars/:id/entries", method = "post", operation_id = "addEntry")]
    async fn add(&self, caller: Caller, id: Path<Uuid>, order: Keyed<Value>) -> Result<Added, ApiError> {
        let app = &self.app;
        let body = object(order.body)?;
        let mut once = Once::begin(app, caller.user, format!("/v1/calendars/{}/entries", id.0), order.key).await?;
        if let Some(again) = once.replay()? {
            return Ok(Added::Entry(again, idempotent_post::replayed()));
        }
        let entry = Calendars::add_entry(once.tx(), caller.user, CalendarId(id.0), &body).await?;
        Ok(Added::Entry(once.keep(shown(&entry)?).await?, None))
    }

    /// Changes an entry: a merge patch, whose fields are a person's from then on. `If-Match: "<version>"` is optional.
    ///
    /// Every field that is sent counts as a person's, also when its value is the same. `source` is `human` only for entries
    /// that were added by hand.
    #[oai(path = "/calendars/:id/entries/:entry", method = "patch", operation_id = "updateEntry")]
    async fn update(
        &self,
        request: &Request,
        caller: Caller,
        id: Path<Uuid>,
        entry: Path<Uuid>,
        body: Strict<Value>,
    ) -> Result<Reply<EntryShown>, ApiError> {
        let body = object(body.0)?;
        let (calendar, entry) = (CalendarId(id.0), EntryId(entry.0));
        let expected = |version| negotiation::if_match(request.headers(), version);
        let calendars = &self.app.calendars;
        let entry = calendars.edit_entry(caller.user, calendar, entry, &body, expected).await?;
        Ok(Reply::new(shown(&entry)?))
    }

    /// Deletes an entry; no run revives it unless its key is named in an accept.
    #[oai(path = "/calendars/:id/entries/:entry", method = "delete", operation_id = "deleteEntry")]
    async fn delete(
        &self,
        request: &Request,
        caller: Caller,
        id: Path<Uuid>,
        entry: Path<Uuid>,
    ) -> Result<Deleted, ApiError> {
        let (calendar, entry) = (CalendarId(id.0), EntryId(entry.0));
        let expected = |version| negotiation::if_match(request.headers(), version);
        self.app.calendars.delete_entry(caller.user, calendar, entry, expected).await?;
        Ok(Deleted::Gone)
    }
}

fn object(body: Value) -> Result<Map<String, Value>, ApiError> {
    match body {
        Value::Object(object) => Ok(object),
        _ => Err(ApiError::invalid(vec![Detail::at(["body"], "type", "must be an object")])),
    }
}
