//! Request and response bodies of publishing, as JSON and as the OpenAPI document describes them.

pub(super) mod intent;
pub(super) mod options;
pub(super) mod plan;
pub(super) mod receipt;

use std::collections::BTreeMap;

use almanac_shared::publishing::request::RequestBody;
use poem_openapi::Object;
use serde::Deserialize;

use self::options::PublishOptions;
use crate::http::{
    document_types::{CalendarFileFormat, IntentResolution, PublishChannel},
    text::{ClientId, Text},
};

/// Most characters of the address of a post.
pub(super) const URL_MAX: usize = 2_000;

/// A request to publish entries of a calendar, or placements of a brand.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[oai(rename_all = "camelCase")]
pub struct PublishCommand {
    /// The calendar; either this or `brandId`.
    #[serde(default)]
    #[oai(nullable)]
    calendar_id: Option<String>,
    /// Only these entries of the calendar; all of them if absent.
    #[serde(default)]
    #[oai(nullable, validator(max_items = 1_000))]
    entry_ids: Option<Vec<String>>,
    /// The brand whose placements are published.
    #[serde(default)]
    #[oai(nullable)]
    brand_id: Option<ClientId>,
    /// Only these placements of the brand; all of them if absent.
    #[serde(default)]
    #[oai(nullable, validator(max_items = 1_000))]
    placement_ids: Option<Vec<ClientId>>,
    /// Only entries of these channels.
    #[serde(default)]
    #[oai(nullable)]
    channels: Option<Vec<PublishChannel>>,
    /// By channel: the account of entries that name none. Not needed if the channel has one account.
    #[serde(default)]
    #[oai(nullable)]
    account_ids: Option<BTreeMap<String, ClientId>>,
    /// Only shows what would be published; true if absent.
    #[serde(default)]
    #[oai(nullable)]
    dry_run: Option<bool>,
    /// `now` (if absent), `entry` for each at its own time, or an RFC 3339 time.
    #[serde(default)]
    #[oai(nullable)]
    publish_at: Option<String>,
    /// The `planHash` of a dry run: another plan is refused with 409 `PLAN_STALE`.
    #[serde(default)]
    #[oai(nullable)]
    plan_hash: Option<String>,
    /// Publishes entries again that were published to the account before.
    #[serde(default)]
    #[oai(nullable)]
    repost: Option<bool>,
    #[serde(default)]
    #[oai(nullable)]
    options: Option<PublishOptions>,
}

impl From<PublishCommand> for RequestBody {
    fn from(command: PublishCommand) -> Self {
        let texts = |ids: Vec<ClientId>| ids.into_iter().map(Into::into).collect();
        Self {
            calendar_id: command.calendar_id,
            entry_ids: command.entry_ids,
            brand_id: command.brand_id.map(Into::into),
            placement_ids: command.placement_ids.map(texts),
            channels: command.channels.map(|names| names.into_iter().map(Into::into).collect()),
            account_ids: command
                .account_ids
                .map(|ids| ids.into_iter().map(|(channel, id)| (channel, id.into())).collect()),
            dry_run: command.dry_run,
            publish_at: command.publish_at,
            plan_hash: command.plan_hash,
            repost: command.repost,
            options: command.options.map(Into::into),
        }
    }
}

/// A file of a calendar's saved entries.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[oai(rename_all = "camelCase")]
pub struct ExportCommand {
    pub(super) calendar_id: String,
    pub(super) format: CalendarFileFormat,
}

/// What became of an intent that needs a review.
#[derive(Clone, Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct ResolveCommand {
    pub(super) outcome: IntentResolution,
    /// Address of the post.
    #[serde(default)]
    #[oai(nullable)]
    pub(super) url: Option<Text<URL_MAX>>,
}

/// No body, or an empty object.
#[derive(Clone, Debug, Default, Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub struct NoOptions {}
