//! What the store knows about a request, read in one transaction, and the plan that follows from it.

use std::collections::HashMap;

use anyhow::Context;
use chrono::{DateTime, Utc};

use crate::{
    platform::{
        config::PublishSettings,
        db::UserTx,
        error::{FieldError, Refusal},
        id::UserId,
    },
    publishing::{
        Entry, accounts,
        plan::Plan,
        request::{Order, Source},
        rules::{self, ENTRIES_MAX, LiveIntent, Situation, StoredAccount},
        store::sources,
    },
};

/// What the store knows.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub now: DateTime<Utc>,
    pub entries: Vec<Entry>,
    pub accounts: Vec<StoredAccount>,
    live: Vec<LiveIntent>,
}

/// What is to be planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    /// Flaws stand at their intents.
    DryRun,
    /// What refuses a real call refuses all of it.
    Real,
}

impl Known {
    /// Reads what belongs to a request.
    pub async fn read(
        tx: &mut UserTx,
        user: UserId,
        order: &Order,
        settings: &PublishSettings,
    ) -> Result<Self, Refusal> {
        let only = order.only.as_deref();
        let (now, entries, brand) = match &order.source {
            Source::Calendar(id) => {
                let now = sources::now_of_calendar(tx, *id).await?.ok_or(Refusal::NotFound)?;
                (now, sources::entries(tx, *id, only).await?, "")
            }
            Source::Brand(id) => {
                let now = sources::now_of_brand(tx, id).await?.ok_or(Refusal::NotFound)?;
                (now, sources::placements(tx, user, id, only).await?, id.as_str())
            }
        };
        let entries = match only {
            Some(ids) => in_order(entries, ids)?,
            None => entries,
        };
        if entries.len() > ENTRIES_MAX {
            return Err(too_many(&order.source));
        }
        let accounts = accounts::stored(tx, settings.keyring.as_ref()).await?;
        let ids: Vec<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
        let live = sources::live_intents(tx, brand, &ids).await?;
        Ok(Self { now, accounts, live, entries })
    }

    /// The plan of a dry run.
    pub async fn plan(self, order: &Order, settings: &PublishSettings) -> Result<Plan, Refusal> {
        self.compute(order, settings, Call::DryRun).await
    }

    /// The plan of a real call, which is refused for any account, option or configuration that is missing.
    pub async fn real_plan(self, order: &Order, settings: &PublishSettings) -> Result<Plan, Refusal> {
        self.compute(order, settings, Call::Real).await
    }

    /// Rendering and hashing a thousand entries takes long enough to delay other requests of the same thread.
    async fn compute(self, order: &Order, settings: &PublishSettings, call: Call) -> Result<Plan, Refusal> {
        let (request, settings) = (order.request.clone(), settings.clone());
        let computed = tokio::task::spawn_blocking(move || {
            let Self { now, entries, accounts, live } = &self;
            let PublishSettings { transport, configured, base_urls, .. } = &settings;
            let situation = Situation { now: *now, transport: *transport, configured, accounts, live };
            let choice = rules::choose(entries, &request, &situation)?;
            if call == Call::Real {
                rules::check_real_call(&choice, &request, &situation)?;
            }
            Ok(Plan::new(&choice, &request, *transport, base_urls).context("writing a plan")?)
        });
        computed.await.context("planning")?
    }
}

/// The entries in the order of their ids; each id has to be there.
fn in_order(entries: Vec<Entry>, ids: &[String]) -> Result<Vec<Entry>, Refusal> {
    let mut by_id: HashMap<String, Entry> = entries.into_iter().map(|entry| (entry.id.clone(), entry)).collect();
    ids.iter().map(|id| by_id.remove(id).ok_or(Refusal::NotFound)).collect()
}

fn too_many(source: &Source) -> Refusal {
    let list = if source.calendar().is_some() { "entryIds" } else { "placementIds" };
    let message = format!("has more than {ENTRIES_MAX} entries; name at most {ENTRIES_MAX} in {list}");
    Refusal::InvalidFields(vec![FieldError { loc: vec![source.field().into()], kind: "too_long", message }])
}
