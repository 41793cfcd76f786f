//! A brand's accounts on platforms over HTTP.

use almanac_shared::brands::{
    BrandId,
    rules::{AccountDraft, Read as _},
    service::Brands,
};
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
};

use super::{
    dto::{AccountPage, AccountPatch, AccountResponse, CreateAccount},
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

/// The routes of accounts.
pub struct AccountsApi {
    pub(crate) app: App,
}

#[derive(ApiResponse)]
enum Added {
    /// The new account.
    #[oai(status = 201)]
    Account(Reply<AccountResponse>, #[oai(header = "Idempotency-Replayed")] Option<String>),
}

#[OpenApi(tag = "Tag::Brands")]
impl AccountsApi {
    /// List the accounts of a brand, newest first
    #[oai(path = "/brands/:id/accounts", method = "get", operation_id = "listPlatformAccounts")]
    async fn list(
        &self,
        caller: Caller,
        id: Path<String>,
        #[oai(validator(minimum(value = "1"), maximum(value = "250")))] limit: Query<Option<i64>>,
        cursor: Query<Option<String>>,
    ) -> Result<Reply<AccountPage>, ApiError> {
        let limit = limit.0.unwrap_or(page::DEFAULT);
        let after = page::named(cursor.0.as_deref())?;
        let brand: BrandId = named(&id.0)?;
        let brands = &self.app.brands;
        let mut rows = brands.accounts(caller.user, &brand, after, page::fetch(limit)).await?;
        let next_cursor = page::cut(&mut rows, limit).map(|row| page::of_named(row.created_at, row.id.as_str()));
        Ok(Reply::new(AccountPage { items: rows.into_iter().map(Into::into).collect(), next_cursor }))
    }

    /// Add an account to a brand
    ///
    /// An id of another account of the brand is 409 `ALREADY_EXISTS`. Unknown fields are ignored.
    #[oai(path = "/brands/:id/accounts", method = "post", operation_id = "createPlatformAccount")]
    async fn submit(
        &self,
        caller: Caller,
        id: Path<String>,
        order: IdempotentJson<CreateAccount>,
    ) -> Result<Added, ApiError> {
        let app = &self.app;
        let brand: BrandId = named(&id.0)?;
        let draft = AccountDraft::parse(order.body.into())?;
        let mut once =
            IdempotentPost::begin(app, caller.user, format!("/v1/brands/{brand}/accounts"), order.key).await?;
        if let Some(again) = once.replay()? {
            return Ok(Added::Account(again, idempotent_post::replayed()));
        }
        let added = Brands::add(once.tx(), caller.user, &brand, &draft).await?;
        let shown: AccountResponse = added.into();
        Ok(Added::Account(once.keep(shown).await?, None))
    }

    /// Show an account
    #[oai(path = "/brands/:id/accounts/:account", method = "get", operation_id = "showPlatformAccount")]
    async fn show(
        &self,
        caller: Caller,
        id: Path<String>,
        account: Path<String>,
    ) -> Result<Reply<AccountResponse>, ApiError> {
        let (brand, id) = named_in(&id.0, &account.0)?;
        let found = self.app.brands.find::<AccountDraft>(caller.user, &brand, &id).await?;
        Ok(Reply::new(found.into()))
    }

    /// Edit an account
    #[oai(path = "/brands/:id/accounts/:account", method = "patch", operation_id = "updatePlatformAccount")]
    async fn update(
        &self,
        caller: Caller,
        id: Path<String>,
        account: Path<String>,
        patch: StrictJson<AccountPatch>,
    ) -> Result<Reply<AccountResponse>, ApiError> {
        let (brand, id) = named_in(&id.0, &account.0)?;
        let brands = &self.app.brands;
        let changed = brands.change::<AccountDraft>(caller.user, &brand, &id, |body| patch.0.apply(body)).await?;
        Ok(Reply::new(changed.into()))
    }

    /// Delete an account
    #[oai(path = "/brands/:id/accounts/:account", method = "delete", operation_id = "deletePlatformAccount")]
    async fn delete(&self, caller: Caller, id: Path<String>, account: Path<String>) -> Result<Deleted, ApiError> {
        let (brand, id) = named_in(&id.0, &account.0)?;
        self.app.brands.remove::<AccountDraft>(caller.user, &brand, &id).await?;
        Ok(Deleted::Gone)
    }
}
