//! A brand's saved placements over HTTP. `If-Match` prevents lost updates, and no run overwrites an edited field.

use almanac_shared::{brands::BrandId, organic::PlacementId, platform::error::Code, values::local_time};
use chrono::{Datelike, NaiveDate, Weekday};
use poem::Request;
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};
use serde_json::Value;

use super::{
    dto::{PlacementPage, PlacementResponse, shown},
    events::PlacementPatch,
};
use crate::{
    auth::Caller,
    http::{
        document_types::Of,
        error::{ApiError, Detail},
        file::Deleted,
        negotiation, page,
        reply::Reply,
        strict_json::StrictJson,
    },
    routes::Tag,
    state::App,
};

/// The routes of placements.
pub struct PlacementsApi {
    pub(crate) app: App,
}

#[OpenApi(tag = "Tag::Organic")]
impl PlacementsApi {
    /// List placements of a brand, ordered by time
    ///
    /// A `weekStart` that is not a Monday is 422 `NOT_A_MONDAY`.
    #[oai(path = "/brands/:id/placements", method = "get", operation_id = "listPlacements")]
    async fn list(
        &self,
        caller: Caller,
        id: Path<String>,
        /// Only placements of the week that begins on this Monday, `YYYY-MM-DD`.
        #[oai(name = "weekStart")]
        week_start: Query<Option<String>>,
        #[oai(validator(minimum(value = "1"), maximum(value = "250")))] limit: Query<Option<i64>>,
        cursor: Query<Option<String>>,
    ) -> Result<Reply<PlacementPage>, ApiError> {
        let brand = brand(&id.0)?;
        let week = week_start.0.as_deref().map(monday).transpose()?;
        let limit = limit.0.unwrap_or(page::DEFAULT);
        let after = page::named::<PlacementId>(cursor.0.as_deref())?;
        let organic = &self.app.organic;
        let mut rows = organic.placements(caller.user, &brand, week, after, page::fetch(limit)).await?;
        let next_cursor = page::cut(&mut rows, limit).map(|row| {
            let placement = &row.placement;
            page::of_named(placement.schedule.scheduled_at.at(), placement.placement_id.as_str())
        });
        Ok(Reply::new(PlacementPage { items: shown(&rows)?, next_cursor }))
    }

    /// Edit a placement
    ///
    /// A merge patch in the shape of the `placement` event, e.g. `{"copy": {"caption": "…"}}`. No later run overwrites a
    /// field that was edited.
    #[oai(path = "/brands/:id/placements/:placement", method = "patch", operation_id = "updatePlacement")]
    async fn update(
        &self,
        request: &Request,
        caller: Caller,
        id: Path<String>,
        placement: Path<String>,
        body: StrictJson<Of<PlacementPatch>>,
    ) -> Result<Reply<PlacementResponse>, ApiError> {
        let Value::Object(body) = body.0.value else {
            return Err(ApiError::invalid(vec![Detail::at(["body"], "type", "must be an object")]));
        };
        let brand = brand(&id.0)?;
        let placement: PlacementId = placement.0.parse().map_err(|_| ApiError::not_found())?;
        let expected = |version| negotiation::if_match(request.headers(), version);
        let organic = &self.app.organic;
        let saved = organic.edit(caller.user, &brand, &placement, &body, expected).await?;
        Ok(Reply::new(PlacementResponse::try_from(&saved)?))
    }

    /// Delete a placement
    ///
    /// A later request with its id generates it again.
    #[oai(path = "/brands/:id/placements/:placement", method = "delete", operation_id = "deletePlacement")]
    async fn delete(
        &self,
        request: &Request,
        caller: Caller,
        id: Path<String>,
        placement: Path<String>,
    ) -> Result<Deleted, ApiError> {
        let brand = brand(&id.0)?;
        let placement: PlacementId = placement.0.parse().map_err(|_| ApiError::not_found())?;
        let expected = |version| negotiation::if_match(request.headers(), version);
        self.app.organic.delete(caller.user, &brand, &placement, expected).await?;
        Ok(Deleted::Gone)
    }
}

fn monday(text: &str) -> Result<NaiveDate, ApiError> {
    let place = ["query", "weekStart"];
    let date = local_time::date(text)
        .map_err(|error| ApiError::invalid(vec![Detail::at(place, "date", error.to_string())]))?;
    if date.weekday() == Weekday::Mon {
        return Ok(date);
    }
    Err(ApiError::rule(Code::NotAMonday, &place, "A week starts on a Monday."))
}

/// Text that cannot be an id is a missing id.
fn brand(id: &str) -> Result<BrandId, ApiError> {
    id.parse().map_err(|_| ApiError::not_found())
}
