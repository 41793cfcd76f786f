//! Manual edits of a calendar's saved entries. The key of an entry never changes, and `If-Match` prevents lost updates.

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
    dto::entry::{EntryPatch, EntryResponse, NewEntry, shown},
};
use crate::{
    auth::Caller,
    http::{
        document_types::Of,
        error::{ApiError, Detail},
        idempotent_json::IdempotentJson,
        idempotent_post::{self, IdempotentPost},
        negotiation,
        reply::Reply,
        strict_json::StrictJson,
    },
    routes::Tag,
    state::App,
};

/// The routes of entries.
pub struct EntriesApi {
    pub(crate) app: App,
}

#[derive(ApiResponse)]
enum Added {
    /// The saved entry.
    #[oai(status = 201)]
    Entry(Reply<EntryResponse>, #[oai(header = "Idempotency-Replayed")] Option<String>),
}

#[OpenApi(tag = "Tag::Calendar")]
impl EntriesApi {
    /// Add an entry by hand
    #[oai(path = "/calendars/:id/entries", method = "post", operation_id = "addEntry")]
    async fn add(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        order: IdempotentJson<Of<NewEntry>>,
    ) -> Result<Added, ApiError> {
        let app = &self.app;
        let body = object(order.body.value)?;
        let mut once =
            IdempotentPost::begin(app, caller.user, format!("/v1/calendars/{}/entries", id.0), order.key).await?;
        if let Some(again) = once.replay()? {
            return Ok(Added::Entry(again, idempotent_post::replayed()));
        }
        let entry = Calendars::add_entry(once.tx(), caller.user, CalendarId(id.0), &body).await?;
        Ok(Added::Entry(once.keep(shown(&entry)?).await?, None))
    }

    /// Edit an entry
    ///
    /// A merge patch. Every field that is sent counts as edited by a person, also with an unchanged value, and no run
    /// overwrites it unless an accept names it. `source` is `human` only for entries that were added by hand.
    #[oai(path = "/calendars/:id/entries/:entry", method = "patch", operation_id = "updateEntry")]
    async fn update(
        &self,
        request: &Request,
        caller: Caller,
        id: Path<Uuid>,
        entry: Path<Uuid>,
        body: StrictJson<Of<EntryPatch>>,
    ) -> Result<Reply<EntryResponse>, ApiError> {
        let body = object(body.0.value)?;
        let (calendar, entry) = (CalendarId(id.0), EntryId(entry.0));
        let expected = |version| negotiation::if_match(request.headers(), version);
        let calendars = &self.app.calendars;
        let entry = calendars.edit_entry(caller.user, calendar, entry, &body, expected).await?;
        Ok(Reply::new(shown(&entry)?))
    }

    /// Delete an entry
    ///
    /// No later run restores it, unless an accept names its key.
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
