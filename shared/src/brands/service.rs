//! Brands: the use-cases. Called by the API's routes.
//! What belongs to a brand is reached through the brand alone: where that is missing or not theirs, so is everything.

use anyhow::Context;

use super::{
    Account, AccountId, Asset, AssetId, Brand, BrandId, Trend, TrendId,
    rules::{BrandBody, BrandDraft, Import},
    store::{self, BrandItem, Place},
};
use crate::platform::{
    db::{Database, UserTx},
    error::Refusal,
    id::UserId,
};

/// The use-cases and what they stand on.
#[derive(Clone, Debug)]
pub struct Brands {
    database: Database,
}

/// How much an import brought, each id once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Accounts.
    pub accounts: usize,
    /// Trends.
    pub trends: usize,
    /// Assets.
    pub assets: usize,
}

impl Brands {
    /// Creates the use-cases on a database.
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    /// Brands, newest first.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn list(&self, user: UserId, after: Option<Place<BrandId>>, limit: i64) -> Result<Vec<Brand>, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let found = store::brands(&mut tx, after.as_ref(), limit).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// One brand.
    ///
    /// # Errors
    /// Missing or not theirs.
    pub async fn show(&self, user: UserId, id: &BrandId) -> Result<Brand, Refusal> {
        let (tx, brand) = self.owned(user, id).await?;
        tx.commit().await?;
        Ok(brand)
    }

    /// Makes a brand, in a transaction of this person's that the caller commits.
    ///
    /// # Errors
    /// They have one of its id.
    pub async fn create(tx: &mut UserTx, user: UserId, draft: &BrandDraft) -> Result<Brand, Refusal> {
        if !store::create(tx, user, draft).await? {
            return Err(Refusal::AlreadyExists);
        }
        Ok(store::brand(tx.connection(), user, &draft.id).await?.context("reading a brand just made")?)
    }

    /// Changes a brand: `patch` gets the current values and returns the new ones.
    ///
    /// # Errors
    /// Missing or not theirs; malformed, or refused by a rule.
    pub async fn edit(
        &self,
        user: UserId,
        id: &BrandId,
        patch: impl FnOnce(&mut BrandBody) + Send,
    ) -> Result<Brand, Refusal> {
        let mut tx = self.locked(user, id).await?;
        let brand = store::brand(tx.connection(), user, id).await?.ok_or(Refusal::NotFound)?;
        let mut body = BrandBody::from(&brand);
        patch(&mut body);
        store::save(&mut tx, &BrandDraft::parse(body)?).await?;
        let brand = store::brand(tx.connection(), user, id).await?.context("reading an edited brand")?;
        tx.commit().await?;
        Ok(brand)
    }

    /// Removes a brand with everything that belongs to it.
    ///
    /// # Errors
    /// Missing or not theirs.
    pub async fn delete(&self, user: UserId, id: &BrandId) -> Result<(), Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let gone = store::delete(&mut tx, id).await?;
        tx.commit().await?;
        gone.then_some(()).ok_or(Refusal::NotFound)
    }

    /// Brings many things at once, all or none of them: what is new comes to be, what is there is replaced. In a
    /// transaction of this person's that the caller commits.
    ///
    /// # Errors
    /// The brand is missing or not theirs.
    pub async fn import(tx: &mut UserTx, user: UserId, brand: &BrandId, import: &Import) -> Result<Imported, Refusal> {
        let Import { accounts, trends, assets } = import;
        lock(tx, brand).await?;
        BrandItem::save(tx, user, brand, accounts, true).await?;
        BrandItem::save(tx, user, brand, trends, true).await?;
        BrandItem::save(tx, user, brand, assets, true).await?;
        Ok(Imported { accounts: accounts.len(), trends: trends.len(), assets: assets.len() })
    }

    /// A brand's accounts, newest first.
    ///
    /// # Errors
    /// The brand is missing or not theirs.
    pub async fn accounts(
        &self,
        user: UserId,
        brand: &BrandId,
        after: Option<Place<AccountId>>,
        limit: i64,
    ) -> Result<Vec<Account>, Refusal> {
        let (mut tx, _) = self.owned(user, brand).await?;
        let found = store::accounts::list(&mut tx, brand, after.as_ref(), limit).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// A brand's trends, newest first.
    ///
    /// # Errors
    /// The brand is missing or not theirs.
    pub async fn trends(
        &self,
        user: UserId,
        brand: &BrandId,
        after: Option<Place<TrendId>>,
        limit: i64,
    ) -> Result<Vec<Trend>, Refusal> {
        let (mut tx, _) = self.owned(user, brand).await?;
        let found = store::trends::list(&mut tx, brand, after.as_ref(), limit).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// A brand's assets, newest first; all, or those with a tag.
    ///
    /// # Errors
    /// The brand is missing or not theirs.
    pub async fn assets(
        &self,
        user: UserId,
        brand: &BrandId,
        tag: Option<&str>,
        after: Option<Place<AssetId>>,
        limit: i64,
    ) -> Result<Vec<Asset>, Refusal> {
        let (mut tx, _) = self.owned(user, brand).await?;
        let found = store::assets::list(&mut tx, brand, tag, after.as_ref(), limit).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// One thing of a brand.
    ///
    /// # Errors
    /// It or the brand is missing or not theirs.
    pub async fn find<T: BrandItem>(&self, user: UserId, brand: &BrandId, id: &T::Id) -> Result<T::Row, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let found = T::find(&mut tx, brand, id).await?;
        tx.commit().await?;
        found.ok_or(Refusal::NotFound)
    }

    /// Adds one thing to a brand, in a transaction of this person's that the caller commits.
    ///
    /// # Errors
    /// The brand is missing or not theirs; or it has one of its id.
    pub async fn add<T: BrandItem>(
        tx: &mut UserTx,
        user: UserId,
        brand: &BrandId,
        draft: &T,
    ) -> Result<T::Row, Refusal> {
        lock(tx, brand).await?;
        if T::save(tx, user, brand, std::slice::from_ref(draft), false).await? == 0 {
            return Err(Refusal::AlreadyExists);
        }
        Ok(T::find(tx, brand, draft.id()).await?.context("reading a thing just added")?)
    }

    /// Changes one item of a brand: `patch` gets the current values and returns the new ones.
    ///
    /// # Errors
    /// It or the brand is missing or not theirs; or malformed.
    pub async fn change<T: BrandItem>(
        &self,
        user: UserId,
        brand: &BrandId,
        id: &T::Id,
        patch: impl FnOnce(&mut T::Body) + Send,
    ) -> Result<T::Row, Refusal>
    where
        T::Body: for<'a> From<&'a T::Row>,
    {
        let mut tx = self.locked(user, brand).await?;
        let kept = T::find(&mut tx, brand, id).await?.ok_or(Refusal::NotFound)?;
        let mut body = T::Body::from(&kept);
        patch(&mut body);
        let draft = T::parse(body)?;
        T::save(&mut tx, user, brand, std::slice::from_ref(&draft), true).await?;
        let changed = T::find(&mut tx, brand, id).await?.context("reading a thing just changed")?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Removes one thing of a brand.
    ///
    /// # Errors
    /// It or the brand is missing or not theirs.
    pub async fn remove<T: BrandItem>(&self, user: UserId, brand: &BrandId, id: &T::Id) -> Result<(), Refusal> {
        let mut tx = self.locked(user, brand).await?;
        let gone = T::delete(&mut tx, brand, id).await?;
        tx.commit().await?;
        gone.then_some(()).ok_or(Refusal::NotFound)
    }

    async fn owned(&self, user: UserId, id: &BrandId) -> Result<(UserTx, Brand), Refusal> {
        let mut tx = self.database.as_user(user).await?;
        let brand = store::brand(tx.connection(), user, id).await?.ok_or(Refusal::NotFound)?;
        Ok((tx, brand))
    }

    async fn locked(&self, user: UserId, id: &BrandId) -> Result<UserTx, Refusal> {
        let mut tx = self.database.as_user(user).await?;
        lock(&mut tx, id).await?;
        Ok(tx)
    }
}

async fn lock(tx: &mut UserTx, id: &BrandId) -> Result<(), Refusal> {
    store::lock(tx, id).await?.then_some(()).ok_or(Refusal::NotFound)
}
