//! A plan: all intents of a request, rendered, under one hash. A person approves the hash that a dry run showed; the real
//! call and the worker hold what they are about to send against it.
//! Pure; the API stores a plan or answers with it, the worker renders one intent of it again.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Channel, Entry, Login, Options, Problem, Transport, Warning,
    render::{Known, Post, Rendered, Request, render, vendor_base_url},
    rules::{Choice, Chosen, PublishRequest, Skipped, Target, ambiguous_message},
};
use crate::{
    platform::error::{Code, FieldError, Refusal},
    values::{canonical_json, wire_enum::wire_enum},
};

/// The hosts that requests go to: the vendors', unless the operator names others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BaseUrls(BTreeMap<Channel, String>);

impl BaseUrls {
    /// The operator's hosts; a channel without one has its vendor's.
    pub fn new(named: impl IntoIterator<Item = (Channel, String)>) -> Self {
        let trimmed = named.into_iter().map(|(channel, url)| (channel, url.trim_end_matches('/').to_owned()));
        Self(trimmed.collect())
    }

    /// The host of a channel for a kind of login.
    pub fn of(&self, channel: Channel, login: Option<Login>) -> &str {
        self.0.get(&channel).map_or_else(|| vendor_base_url(channel, login), String::as_str)
    }
}

/// All intents of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Where requests go.
    pub transport: Transport,
    /// Names transport, accounts, requests and options; lower-case hex.
    pub plan_hash: String,
    /// In the order of the entries.
    pub intents: Vec<PlannedIntent>,
    /// Entries that are left out.
    pub skipped: Vec<Skipped>,
}

/// One entry on its way to one account, rendered.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedIntent {
    /// The entry, in the version that was rendered.
    pub entry: Entry,
    /// Its channel.
    pub channel: Channel,
    /// Its account; `None` if none was found, in a dry run only.
    pub account_id: Option<String>,
    /// The vendor's id of the account.
    pub external_id: Option<String>,
    /// When it is due.
    pub due_at: DateTime<Utc>,
    /// Its options: the request's, completed by the account's settings.
    pub options: Value,
    /// What publishes it; empty with an error.
    pub requests: Vec<Request>,
    /// What a person should know.
    pub warnings: Vec<Warning>,
    /// Why it cannot be published as it is.
    pub error: Option<Problem>,
    /// Names the requests; lower-case hex.
    pub payload_hash: String,
}

impl Plan {
    /// Renders everything that was chosen.
    ///
    /// # Errors
    /// None that these types can cause.
    pub fn new(
        choice: &Choice<'_>,
        request: &PublishRequest,
        transport: Transport,
        base_urls: &BaseUrls,
    ) -> serde_json::Result<Self> {
        let intents = choice.targets.iter().map(|target| PlannedIntent::new(target, request, base_urls));
        let intents = intents.collect::<serde_json::Result<Vec<_>>>()?;
        let plan_hash = plan_hash(transport, &intents)?;
        Ok(Self { transport, plan_hash, intents, skipped: choice.skipped.clone() })
    }

    /// What a later plan is compared with.
    pub fn items(&self) -> Vec<PlanItem> {
        self.intents.iter().map(PlannedIntent::item).collect()
    }

    /// Whether this is the plan that a person approved. `approved` are the items of that one, where they are known: the hash
    /// alone cannot tell what changed.
    ///
    /// # Errors
    /// `PLAN_STALE`, with each entry that changed.
    pub fn check_approved(&self, hash: &str, approved: Option<&[PlanItem]>) -> Result<(), Refusal> {
        if hash == self.plan_hash {
            return Ok(());
        }
        let changes = approved.map(|approved| changes(approved, &self.items())).unwrap_or_default();
        let mut flaws: Vec<_> = changes.iter().flat_map(PlanChange::flaws).collect();
        if flaws.is_empty() {
            let message = "The plan has changed since it was shown; run the dry run again.".to_owned();
            flaws.push(FieldError { loc: vec!["planHash".into()], kind: "stale", message });
        }
        Err(Refusal::Rules { code: Code::PlanStale, channel: None, flaws })
    }
}

impl PlannedIntent {
    /// Renders one target.
    ///
    /// # Errors
    /// None that these types can cause.
    pub fn new(target: &Target<'_>, request: &PublishRequest, base_urls: &BaseUrls) -> serde_json::Result<Self> {
        let options = target.options(request);
        let (requests, mut warnings, error) = match rendered(target, &options, base_urls) {
            Ok(Rendered { requests, warnings }) => (requests, warnings, None),
            Err(problem) => (Vec::new(), Vec::new(), Some(problem)),
        };
        warnings.extend(other_warnings(target, &options, error.as_ref()));
        Ok(Self {
            entry: target.entry.clone(),
            channel: target.channel,
            account_id: target.stored().map(|stored| stored.account.account_id.clone()),
            external_id: target.stored().map(|stored| stored.account.external_id.clone()),
            due_at: target.due_at,
            options: options.of_channel(target.channel),
            payload_hash: canonical_json::sha256_hex(&requests)?,
            requests,
            warnings,
            error,
        })
    }

    /// What a later rendering is compared with.
    pub fn item(&self) -> PlanItem {
        PlanItem {
            entry_id: self.entry.id.clone(),
            account_id: self.account_id.clone(),
            version: self.entry.version,
            payload_hash: self.payload_hash.clone(),
            parts: self.parts(),
        }
    }

    /// Hashes of what the requests are made of, by the name of the field or option.
    fn parts(&self) -> BTreeMap<String, String> {
        let Entry { title, caption, hashtags, media, format, .. } = &self.entry;
        let part =
            |(name, value): (&str, Value)| (name.to_owned(), canonical_json::sha256_hex(&value).unwrap_or_default());
        let parts = [
            ("title", json!(title)),
            ("caption", json!(caption)),
            ("hashtags", json!(hashtags)),
            ("media", json!(media)),
            ("format", json!(format)),
            ("options", self.options.clone()),
            ("externalId", json!(self.external_id)),
        ];
        parts.into_iter().map(part).collect()
    }
}

fn rendered(target: &Target<'_>, options: &Options, base_urls: &BaseUrls) -> Result<Rendered, Problem> {
    if target.account == Chosen::Ambiguous {
        return Err(Problem::new(Code::AccountAmbiguous, "accountIds", ambiguous_message(target.channel)));
    }
    let account = target.stored().map(|stored| &stored.account);
    let base_url = base_urls.of(target.channel, account.and_then(|account| account.login));
    render(target.channel, &Post { entry: target.entry, account, options, base_url, known: &Known::new() })
}

/// What would refuse a real call beside the error of the intent itself.
fn other_warnings(target: &Target<'_>, options: &Options, error: Option<&Problem>) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if !target.has_credentials() {
        let message = format!("No usable credentials are stored for {}; connect the account.", target.channel);
        warnings.push(Warning::new(Code::ChannelAuthMissing, "channels", message));
    }
    let missing = options.missing(target.channel).filter(|missing| error.is_some_and(|error| error != missing));
    warnings.extend(missing.map(|Problem { code, message, field, .. }| Warning { code, message, field }));
    warnings
}

/// SHA-256 of the canonical JSON of everything that a person approves. The time of publication, tokens and quotas are no
/// part of it.
fn plan_hash(transport: Transport, intents: &[PlannedIntent]) -> serde_json::Result<String> {
    let mut sorted: Vec<_> = intents.iter().collect();
    sorted.sort_by(|one, other| (&one.entry.id, &one.account_id).cmp(&(&other.entry.id, &other.account_id)));
    let intents: Vec<_> = sorted
        .into_iter()
        .map(|intent| {
            json!({
                "entryId": intent.entry.id,
                "accountId": intent.account_id,
                "requests": intent.requests,
                "options": intent.options,
            })
        })
        .collect();
    canonical_json::sha256_hex(&json!({"transport": transport, "intents": intents}))
}

/// What a plan said about one entry and account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanItem {
    /// The entry.
    pub entry_id: String,
    /// The account.
    pub account_id: Option<String>,
    /// The entry's version.
    pub version: i64,
    /// Names the requests.
    pub payload_hash: String,
    /// Names what the requests are made of, by field.
    #[serde(default)]
    pub parts: BTreeMap<String, String>,
}

wire_enum! {
    /// How an entry differs between two plans.
    pub enum ChangeKind {
        /// Only the later plan has it.
        Added = "added",
        /// Only the earlier plan has it.
        Removed = "removed",
        /// Its requests are others.
        Changed = "changed",
        /// The entry was saved again, and its requests are the same.
        Saved = "saved",
    }
}

/// An entry that differs between two plans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanChange {
    /// The entry.
    pub entry_id: String,
    /// The account.
    pub account_id: Option<String>,
    /// How.
    pub kind: ChangeKind,
    /// The fields of the entry, options or account that make the requests others.
    pub fields: Vec<String>,
}

impl PlanChange {
    fn flaws(&self) -> Vec<FieldError> {
        let message = match self.kind {
            ChangeKind::Added => "The entry was not part of the plan.",
            ChangeKind::Removed => "The entry is no longer part of the plan.",
            ChangeKind::Changed => "The entry would be published differently.",
            ChangeKind::Saved => "The entry was saved again.",
        };
        let flaw = |field: Option<&String>| FieldError {
            loc: [Some("planHash"), Some(&*self.entry_id), field.map(String::as_str)]
                .into_iter()
                .flatten()
                .map(Into::into)
                .collect(),
            kind: "stale",
            message: message.to_owned(),
        };
        if self.fields.is_empty() { vec![flaw(None)] } else { self.fields.iter().map(Some).map(flaw).collect() }
    }
}

/// What differs between two plans, by entry and account.
pub fn changes(before: &[PlanItem], after: &[PlanItem]) -> Vec<PlanChange> {
    let by_target = |items: &[PlanItem]| -> BTreeMap<_, PlanItem> {
        items.iter().map(|item| ((item.entry_id.clone(), item.account_id.clone()), item.clone())).collect()
    };
    let (before, after) = (by_target(before), by_target(after));
    let targets: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let change = |target: &(String, Option<String>)| {
        let kind = match (before.get(target), after.get(target)) {
            (None, _) => ChangeKind::Added,
            (_, None) => ChangeKind::Removed,
            (Some(old), Some(new)) if old.payload_hash != new.payload_hash => ChangeKind::Changed,
            (Some(old), Some(new)) if old.version != new.version => ChangeKind::Saved,
            _ => return None,
        };
        let fields = match (before.get(target), after.get(target)) {
            (Some(old), Some(new)) if kind == ChangeKind::Changed => new
                .parts
                .iter()
                .filter(|(name, hash)| old.parts.get(*name) != Some(hash))
                .map(|(name, _)| name.clone())
                .collect(),
            _ => Vec::new(),
        };
        Some(PlanChange { entry_id: target.0.clone(), account_id: target.1.clone(), kind, fields })
    };
    targets.into_iter().filter_map(change).collect()
}

/// What a worker does with an intent right before it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeforeSending {
    /// Send what was accepted.
    Send,
    /// Render and validate the entry as it is now, then send that.
    RenderAgain,
    /// End it as `failed` / `PLAN_STALE`: the person approved something else.
    Stale,
    /// End it as `cancelled` / `ENTRY_DELETED`.
    Deleted,
}

/// What a post is made of: an intent keeps it as it was accepted, and the store has it as it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Basis<'a> {
    /// The version of the entry.
    pub version: i64,
    /// The vendor's id of the account: the same name can be connected to another account of the vendor.
    pub external_account: &'a str,
}

/// Compares what was accepted with what is there now, `None` if the entry was deleted. `is_approved` says that the request
/// named a plan's hash.
pub fn before_sending(accepted: Basis<'_>, present: Option<Basis<'_>>, is_approved: bool) -> BeforeSending {
    match present {
        None => BeforeSending::Deleted,
        Some(present) if present == accepted => BeforeSending::Send,
        Some(_) if is_approved => BeforeSending::Stale,
        Some(_) => BeforeSending::RenderAgain,
    }
}

#[cfg(test)]
mod tests;
