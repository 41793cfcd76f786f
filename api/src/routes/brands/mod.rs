//! Brands over HTTP, and the import of their accounts, trends and assets, which have files of their own. An id that does not
//! parse is 404.

mod accounts;
mod assets;
mod dto;
mod trends;

use std::str::FromStr;

use almanac_shared::brands::{
    BrandId,
    rules::{BrandDraft, Import},
    service::Brands,
};
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
};

use self::dto::{BrandImport, BrandImported, BrandPage, BrandPatch, BrandResponse, CreateBrand};
pub use self::{accounts::AccountsApi, assets::AssetsApi, trends::TrendsApi};
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

/// The routes of brands and of all that belongs to them.
pub type Routes = (BrandsApi, AccountsApi, TrendsApi, AssetsApi);

/// Over this app.
pub fn routes(app: &App) -> Routes {
    let app = || app.clone();
    (BrandsApi { app: app() }, AccountsApi { app: app() }, TrendsApi { app: app() }, AssetsApi { app: app() })
}

/// The routes of brands themselves.
pub struct BrandsApi {
    pub(crate) app: App,
}

#[derive(ApiResponse)]
enum Created {
    /// The new brand.
    #[oai(status = 201)]
    Brand(Reply<BrandResponse>, #[oai(header = "Idempotency-Replayed")] Option<String>),
}

#[derive(ApiResponse)]
enum Loaded {
    /// Number of imported items.
    #[oai(status = 200)]
    Things(Reply<BrandImported>, #[oai(header = "Idempotency-Replayed")] Option<String>),
}

#[OpenApi(tag = "Tag::Brands")]
impl BrandsApi {
    /// List brands, newest first
    #[oai(path = "/brands", method = "get", operation_id = "listBrands")]
    async fn list(
        &self,
        caller: Caller,
        #[oai(validator(minimum(value = "1"), maximum(value = "250")))] limit: Query<Option<i64>>,
        cursor: Query<Option<String>>,
    ) -> Result<Reply<BrandPage>, ApiError> {
        let limit = limit.0.unwrap_or(page::DEFAULT);
        let after = page::named(cursor.0.as_deref())?;
        let mut rows = self.app.brands.list(caller.user, after, page::fetch(limit)).await?;
        let next_cursor = page::cut(&mut rows, limit).map(|row| page::of_named(row.created_at, row.id.as_str()));
        Ok(Reply::new(BrandPage { items: rows.into_iter().map(Into::into).collect(), next_cursor }))
    }

    /// Create a brand
    ///
    /// An id of another brand of the caller is 409 `ALREADY_EXISTS`. Ids are unique per user.
    #[oai(path = "/brands", method = "post", operation_id = "createBrand")]
    async fn submit(&self, caller: Caller, order: IdempotentJson<CreateBrand>) -> Result<Created, ApiError> {
        let app = &self.app;
        let draft = BrandDraft::parse(order.body.into())?;
        let mut once = IdempotentPost::begin(app, caller.user, "/v1/brands".to_owned(), order.key).await?;
        if let Some(again) = once.replay()? {
            return Ok(Created::Brand(again, idempotent_post::replayed()));
        }
        let brand = Brands::create(once.tx(), caller.user, &draft).await?;
        let shown: BrandResponse = brand.into();
        Ok(Created::Brand(once.keep(shown).await?, None))
    }

    /// Show a brand
    #[oai(path = "/brands/:id", method = "get", operation_id = "showBrand")]
    async fn show(&self, caller: Caller, id: Path<String>) -> Result<Reply<BrandResponse>, ApiError> {
        let id = named(&id.0)?;
        Ok(Reply::new(self.app.brands.show(caller.user, &id).await?.into()))
    }

    /// Edit a brand
    #[oai(path = "/brands/:id", method = "patch", operation_id = "updateBrand")]
    async fn update(
        &self,
        caller: Caller,
        id: Path<String>,
        patch: StrictJson<BrandPatch>,
    ) -> Result<Reply<BrandResponse>, ApiError> {
        let id = named(&id.0)?;
        let brands = &self.app.brands;
        let brand = brands.edit(caller.user, &id, |brand| patch.0.apply(brand)).await?;
        Ok(Reply::new(brand.into()))
    }

    /// Delete a brand with its accounts, trends, assets and placements
    #[oai(path = "/brands/:id", method = "delete", operation_id = "deleteBrand")]
    async fn delete(&self, caller: Caller, id: Path<String>) -> Result<Deleted, ApiError> {
        let id = named(&id.0)?;
        self.app.brands.delete(caller.user, &id).await?;
        Ok(Deleted::Gone)
    }

    /// Import accounts, trends and assets
    ///
    /// Imports all or none. An item with a known id replaces the stored one; of a repeated id the last item counts; an item
    /// without an id is always new. At most 2,000 of each kind.
    #[oai(path = "/brands/:id/import", method = "post", operation_id = "importBrand")]
    async fn import(
        &self,
        caller: Caller,
        id: Path<String>,
        order: IdempotentJson<BrandImport>,
    ) -> Result<Loaded, ApiError> {
        let app = &self.app;
        let id = named(&id.0)?;
        let import = Import::parse(order.body.into())?;
        let mut once = IdempotentPost::begin(app, caller.user, format!("/v1/brands/{id}/import"), order.key).await?;
        if let Some(again) = once.replay()? {
            return Ok(Loaded::Things(again, idempotent_post::replayed()));
        }
        let imported = Brands::import(once.tx(), caller.user, &id, &import).await?;
        let shown: BrandImported = imported.into();
        Ok(Loaded::Things(once.keep(shown).await?, None))
    }
}

/// The id that a path names.
fn named<T: FromStr>(text: &str) -> Result<T, ApiError> {
    text.parse().map_err(|_| ApiError::not_found())
}

/// The brand and the thing of it that a path names.
fn named_in<T: FromStr>(brand: &str, text: &str) -> Result<(BrandId, T), ApiError> {
    Ok((named(brand)?, named(text)?))
}
