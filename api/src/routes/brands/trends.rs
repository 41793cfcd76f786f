//! A brand's trends over HTTP.

use almanac_shared::brands::{
    BrandId,
    rules::{Read as _, TrendDraft},
    service::Brands,
};
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
};

use super::{
    dto::{CreateTrend, TrendPage, TrendPatch, TrendResponse},
    named, named_in,
};
use crate::{
    auth::Caller,
    http::{
        error::ApiError,
        file::Deleted,
        idempotent_json::IdempotentJson,
        idempotent_post::{self, IdempotentPost},
        page,
        reply::Reply,
        strict_json::StrictJson,
    },
    routes::Tag,
    state::App,
};

/// The routes of trends.
pub struct TrendsApi {
    pub(crate) app: App,
}

#[derive(ApiResponse)]
enum Added {
    /// The new trend.
    #[oai(status = 201)]
    Trend(Reply<TrendResponse>, #[oai(header = "Idempotency-Replayed")] Option<String>),
}

#[OpenApi(tag = "Tag::Brands")]
impl TrendsApi {
    /// List the trends of a brand, newest first
    #[oai(path = "/brands/:id/trends", method = "get", operation_id = "listTrends")]
    async fn list(
        &self,
        caller: Caller,
        id: Path<String>,
        #[oai(validator(minimum(value = "1"), maximum(value = "250")))] limit: Query<Option<i64>>,
        cursor: Query<Option<String>>,
    ) -> Result<Reply<TrendPage>, ApiError> {
        let limit = limit.0.unwrap_or(page::DEFAULT);
        let after = page::named(cursor.0.as_deref())?;
        let brand: BrandId = named(&id.0)?;
        let brands = &self.app.brands;
        let mut rows = brands.trends(caller.user, &brand, after, page::fetch(limit)).await?;
        let next_cursor = page::cut(&mut rows, limit).map(|row| page::of_named(row.created_at, row.id.as_str()));
        Ok(Reply::new(TrendPage { items: rows.into_iter().map(Into::into).collect(), next_cursor }))
    }

    /// Add a trend to a brand
    ///
    /// An id of another trend of the brand is 409 `ALREADY_EXISTS`. Unknown fields are ignored.
    #[oai(path = "/brands/:id/trends", method = "post", operation_id = "createTrend")]
    async fn submit(
        &self,
        caller: Caller,
        id: Path<String>,
        order: IdempotentJson<CreateTrend>,
    ) -> Result<Added, ApiError> {
        let app = &self.app;
        let brand: BrandId = named(&id.0)?;
        let draft = TrendDraft::parse(order.body.into())?;
        let mut once = IdempotentPost::begin(app, caller.user, format!("/v1/brands/{brand}/trends"), order.key).await?;
        if let Some(again) = once.replay()? {
            return Ok(Added::Trend(again, idempotent_post::replayed()));
        }
        let added = Brands::add(once.tx(), caller.user, &brand, &draft).await?;
        let shown: TrendResponse = added.into();
        Ok(Added::Trend(once.keep(shown).await?, None))
    }

    /// Show a trend
    #[oai(path = "/brands/:id/trends/:trend", method = "get", operation_id = "showTrend")]
    async fn show(
        &self,
        caller: Caller,
        id: Path<String>,
        trend: Path<String>,
    ) -> Result<Reply<TrendResponse>, ApiError> {
        let (brand, id) = named_in(&id.0, &trend.0)?;
        let found = self.app.brands.find::<TrendDraft>(caller.user, &brand, &id).await?;
        Ok(Reply::new(found.into()))
    }

    /// Edit a trend
    #[oai(path = "/brands/:id/trends/:trend", method = "patch", operation_id = "updateTrend")]
    async fn update(
        &self,
        caller: Caller,
        id: Path<String>,
        trend: Path<String>,
        patch: StrictJson<TrendPatch>,
    ) -> Result<Reply<TrendResponse>, ApiError> {
        let (brand, id) = named_in(&id.0, &trend.0)?;
        let brands = &self.app.brands;
        let changed = brands.change::<TrendDraft>(caller.user, &brand, &id, |body| patch.0.apply(body)).await?;
        Ok(Reply::new(changed.into()))
    }

    /// Delete a trend
    #[oai(path = "/brands/:id/trends/:trend", method = "delete", operation_id = "deleteTrend")]
    async fn delete(&self, caller: Caller, id: Path<String>, trend: Path<String>) -> Result<Deleted, ApiError> {
        let (brand, id) = named_in(&id.0, &trend.0)?;
        self.app.brands.remove::<TrendDraft>(caller.user, &brand, &id).await?;
        Ok(Deleted::Gone)
    }
}
