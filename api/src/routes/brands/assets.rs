//! A brand's creative assets over HTTP.

use almanac_shared::brands::{
    BrandId,
    rules::{AssetDraft, Read as _, TAG_CHARS},
    service::Brands,
};
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
};

use super::{
    dto::{AssetPage, AssetPatch, AssetResponse, CreateAsset},
    named, named_in,
};
use crate::{
    auth::Caller,
    http::{
        error::{ApiError, Detail},
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

/// The routes of assets.
pub struct AssetsApi {
    pub(crate) app: App,
}

#[derive(ApiResponse)]
enum Added {
    /// The new asset.
    #[oai(status = 201)]
    Asset(Reply<AssetResponse>, #[oai(header = "Idempotency-Replayed")] Option<String>),
}

#[OpenApi(tag = "Tag::Brands")]
impl AssetsApi {
    /// List the assets of a brand, newest first
    #[oai(path = "/brands/:id/assets", method = "get", operation_id = "listAssets")]
    async fn list(
        &self,
        caller: Caller,
        id: Path<String>,
        #[oai(validator(minimum(value = "1"), maximum(value = "250")))] limit: Query<Option<i64>>,
        cursor: Query<Option<String>>,
        /// Only assets with exactly this tag.
        tag: Query<Option<String>>,
    ) -> Result<Reply<AssetPage>, ApiError> {
        let limit = limit.0.unwrap_or(page::DEFAULT);
        let after = page::named(cursor.0.as_deref())?;
        let tag = tag.0.map(tagged).transpose()?;
        let brand: BrandId = named(&id.0)?;
        let brands = &self.app.brands;
        let mut rows = brands.assets(caller.user, &brand, tag.as_deref(), after, page::fetch(limit)).await?;
        let next_cursor = page::cut(&mut rows, limit).map(|row| page::of_named(row.created_at, row.id.as_str()));
        Ok(Reply::new(AssetPage { items: rows.into_iter().map(Into::into).collect(), next_cursor }))
    }

    /// Add an asset to a brand
    ///
    /// An id of another asset of the brand is 409 `ALREADY_EXISTS`. Unknown fields are ignored.
    #[oai(path = "/brands/:id/assets", method = "post", operation_id = "createAsset")]
    async fn submit(
        &self,
        caller: Caller,
        id: Path<String>,
        order: IdempotentJson<CreateAsset>,
    ) -> Result<Added, ApiError> {
        let app = &self.app;
        let brand: BrandId = named(&id.0)?;
        let draft = AssetDraft::parse(order.body.into())?;
        let mut once = IdempotentPost::begin(app, caller.user, format!("/v1/brands/{brand}/assets"), order.key).await?;
        if let Some(again) = once.replay()? {
            return Ok(Added::Asset(again, idempotent_post::replayed()));
        }
        let added = Brands::add(once.tx(), caller.user, &brand, &draft).await?;
        let shown: AssetResponse = added.into();
        Ok(Added::Asset(once.keep(shown).await?, None))
    }

    /// Show an asset
    #[oai(path = "/brands/:id/assets/:asset", method = "get", operation_id = "showAsset")]
    async fn show(
        &self,
        caller: Caller,
        id: Path<String>,
        asset: Path<String>,
    ) -> Result<Reply<AssetResponse>, ApiError> {
        let (brand, id) = named_in(&id.0, &asset.0)?;
        let found = self.app.brands.find::<AssetDraft>(caller.user, &brand, &id).await?;
        Ok(Reply::new(found.into()))
    }

    /// Edit an asset
    #[oai(path = "/brands/:id/assets/:asset", method = "patch", operation_id = "updateAsset")]
    async fn update(
        &self,
        caller: Caller,
        id: Path<String>,
        asset: Path<String>,
        patch: StrictJson<AssetPatch>,
    ) -> Result<Reply<AssetResponse>, ApiError> {
        let (brand, id) = named_in(&id.0, &asset.0)?;
        let brands = &self.app.brands;
        let changed = brands.change::<AssetDraft>(caller.user, &brand, &id, |body| patch.0.apply(body)).await?;
        Ok(Reply::new(changed.into()))
    }

    /// Delete an asset
    #[oai(path = "/brands/:id/assets/:asset", method = "delete", operation_id = "deleteAsset")]
    async fn delete(&self, caller: Caller, id: Path<String>, asset: Path<String>) -> Result<Deleted, ApiError> {
        let (brand, id) = named_in(&id.0, &asset.0)?;
        self.app.brands.remove::<AssetDraft>(caller.user, &brand, &id).await?;
        Ok(Deleted::Gone)
    }
}

/// A tag that something could have; of another length, or with a NUL, nothing has it.
fn tagged(tag: String) -> Result<String, ApiError> {
    let tag = tag.trim().to_owned();
    if (1..=TAG_CHARS).contains(&tag.chars().count()) && !tag.contains('\0') {
        return Ok(tag);
    }
    Err(ApiError::invalid(vec![Detail::at(["query", "tag"], "value", "must be a tag of 1 to 64 characters")]))
}
