//! The rules of a request to publish: which entries go to which accounts, which are skipped, and what refuses the whole
//! request. Called by the API with what the store knows; pure.
//!
//! A dry run and a real call choose alike. What would refuse a real call ([`check_real_call`]) is a warning or the error
//! of one intent in a dry run, so that a person sees all of it at once.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Account, Channel, Configured, Entry, IntentStatus, Options, Problem, Transport};
use crate::platform::error::{Code, FieldError, Refusal};

/// Most entries of a request.
pub const ENTRIES_MAX: usize = 1_000;

/// A request to publish, without the entries that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishRequest {
    /// Only these; all if empty.
    pub channels: BTreeSet<Channel>,
    /// The account of a channel that an entry does not name itself.
    pub accounts: BTreeMap<Channel, String>,
    /// When.
    pub publish_at: PublishAt,
    /// Publishes again what was published to the account before.
    pub repost: bool,
    /// What the person decided.
    pub options: Options,
}

/// When entries are published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublishAt {
    /// As soon as possible.
    Now,
    /// Each at its own time.
    Entry,
    /// All at this instant.
    At(DateTime<Utc>),
}

/// What the store and the operator's settings say about a request.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// The present.
    pub now: DateTime<Utc>,
    /// Where requests go.
    pub transport: Transport,
    /// Which accounts there is a client for.
    pub configured: &'a Configured,
    /// All accounts of the user.
    pub accounts: &'a [StoredAccount],
    /// Live intents of the entries.
    pub live: &'a [LiveIntent],
}

/// An account and whether posts can be sent with its tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAccount {
    /// The account.
    pub account: Account,
    /// Its tokens.
    pub credentials: Credentials,
}

/// What became of an account's tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// They can be used, or refreshed.
    Usable,
    /// There are none.
    Missing,
    /// The channel refused them: the account has to be connected again.
    Refused,
    /// They are too old to be refreshed.
    Expired,
    /// No key of this installation opens them.
    Unreadable,
}

/// An intent that is on its way, or was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveIntent {
    /// Its entry.
    pub entry_id: String,
    /// Its channel.
    pub channel: Channel,
    /// Its account.
    pub account_id: String,
    /// Its state: one that [`IntentStatus::is_live`] names.
    pub status: IntentStatus,
}

/// What a request publishes.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice<'a> {
    /// In the order of the entries.
    pub targets: Vec<Target<'a>>,
    /// Entries that are left out, and why.
    pub skipped: Vec<Skipped>,
}

/// An entry and where it goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Target<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// Its channel.
    pub channel: Channel,
    /// Its account.
    pub account: Chosen<'a>,
    /// When it is due.
    pub due_at: DateTime<Utc>,
}

/// The account that was found for an entry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Chosen<'a> {
    /// The named one, or the only one of the channel.
    Stored(&'a StoredAccount),
    /// The named one is not stored, or the channel has none.
    NotStored,
    /// The channel has several, and none is named.
    Ambiguous,
}

/// An entry that is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Skipped {
    /// The entry.
    pub entry_id: String,
    /// Why: `CHANNEL_UNSUPPORTED`, `ALREADY_PUBLISHED` or `IN_THE_PAST`.
    pub code: Code,
}

impl<'a> Target<'a> {
    /// The stored account, if it was found.
    pub const fn stored(&self) -> Option<&'a StoredAccount> {
        match self.account {
            Chosen::Stored(stored) => Some(stored),
            Chosen::NotStored | Chosen::Ambiguous => None,
        }
    }

    /// Whether the installation has the client that the account is connected by.
    pub fn has_client(&self, configured: &Configured) -> bool {
        self.stored().map_or_else(
            || configured.has_any_client(self.channel),
            |it| configured.has_client(self.channel, it.account.login),
        )
    }

    /// Whether posts can be sent to the account.
    pub fn has_credentials(&self) -> bool {
        match self.account {
            Chosen::Stored(stored) => stored.credentials == Credentials::Usable,
            Chosen::NotStored => false,
            // Which credentials are needed is not known yet.
            Chosen::Ambiguous => true,
        }
    }

    /// The request's options, completed by the account's settings.
    pub fn options(&self, request: &PublishRequest) -> Options {
        self.stored().map_or_else(|| request.options.clone(), |it| request.options.or(&it.account.settings))
    }
}

/// Decides which entries go to which accounts.
///
/// # Errors
/// `IN_THE_PAST`, `ALREADY_PUBLISHED` or `NOTHING_TO_PUBLISH` when nothing is left.
pub fn choose<'a>(
    entries: &'a [Entry],
    request: &PublishRequest,
    situation: &Situation<'a>,
) -> Result<Choice<'a>, Refusal> {
    if matches!(request.publish_at, PublishAt::At(at) if at < situation.now) {
        let message = "The time to publish has passed.".to_owned();
        return Err(Refusal::Rule { code: Code::InThePast, field: "publishAt", message });
    }
    let mut choice = Choice { targets: Vec::new(), skipped: Vec::new() };
    for entry in entries {
        match target(entry, request, situation) {
            Ok(Some(target)) => choice.targets.push(target),
            Ok(None) => {}
            Err(code) => choice.skipped.push(Skipped { entry_id: entry.id.clone(), code }),
        }
    }
    if choice.targets.is_empty() { Err(nothing_left(entries, &choice.skipped)) } else { Ok(choice) }
}

/// Where an entry goes; `None` if the request leaves its channel out.
fn target<'a>(
    entry: &'a Entry,
    request: &PublishRequest,
    situation: &Situation<'a>,
) -> Result<Option<Target<'a>>, Code> {
    let channel = Channel::parse(&entry.channel);
    if !request.channels.is_empty() && channel.is_none_or(|channel| !request.channels.contains(&channel)) {
        return Ok(None);
    }
    let channel = channel.ok_or(Code::ChannelUnsupported)?;
    let account = account(entry, channel, request, situation.accounts);
    let target = Target { entry, channel, account, due_at: due_at(entry, request, situation.now) };
    if situation.live.iter().any(|intent| is_same_post(intent, &target) && !may_repeat(intent, request)) {
        return Err(Code::AlreadyPublished);
    }
    if target.due_at < situation.now {
        return Err(Code::InThePast);
    }
    Ok(Some(target))
}

fn due_at(entry: &Entry, request: &PublishRequest, now: DateTime<Utc>) -> DateTime<Utc> {
    match request.publish_at {
        PublishAt::Now => now,
        PublishAt::Entry => entry.scheduled_at,
        PublishAt::At(at) => at,
    }
}

fn account<'a>(entry: &Entry, channel: Channel, request: &PublishRequest, accounts: &'a [StoredAccount]) -> Chosen<'a> {
    let mut stored = accounts.iter().filter(|stored| stored.account.channel == channel);
    let named = entry.account_id.as_ref().or_else(|| request.accounts.get(&channel));
    match named {
        Some(id) => stored.find(|stored| stored.account.account_id == *id).map_or(Chosen::NotStored, Chosen::Stored),
        None => match (stored.next(), stored.next()) {
            (None, _) => Chosen::NotStored,
            (Some(only), None) => Chosen::Stored(only),
            (Some(_), Some(_)) => Chosen::Ambiguous,
        },
    }
}

fn is_same_post(intent: &LiveIntent, target: &Target<'_>) -> bool {
    let account = target.stored().map(|stored| stored.account.account_id.as_str());
    intent.channel == target.channel && intent.entry_id == target.entry.id && account == Some(&*intent.account_id)
}

/// A repost repeats what was published; while an intent is open, a second one could publish the entry twice unseen.
const fn may_repeat(intent: &LiveIntent, request: &PublishRequest) -> bool {
    request.repost && !intent.status.is_open()
}

fn nothing_left(entries: &[Entry], skipped: &[Skipped]) -> Refusal {
    let (code, message) = if skipped.iter().any(|skipped| skipped.code == Code::InThePast) {
        (Code::InThePast, "The entry's time has passed.")
    } else if skipped.iter().any(|skipped| skipped.code == Code::AlreadyPublished) {
        (Code::AlreadyPublished, "The entry is published or on its way to this account.")
    } else {
        let message = "Nothing of the choice can be published.".to_owned();
        return Refusal::Rule { code: Code::NothingToPublish, field: "channels", message };
    };
    let named = entries.iter().filter(|entry| skipped.iter().any(|it| it.code == code && it.entry_id == entry.id));
    let flaws = named.map(|entry| entry_flaw(entry, None, message)).collect();
    Refusal::Rules { code, channel: None, flaws }
}

/// What refuses a real call as a whole, before anything is attempted.
///
/// # Errors
/// `CHANNEL_NOT_CONFIGURED`, `CHANNEL_AUTH_MISSING`, `ACCOUNT_AMBIGUOUS` or `OPTION_REQUIRED`: the first of them that any
/// target has, with every channel, or every entry and option, in its details.
pub fn check_real_call(
    choice: &Choice<'_>,
    request: &PublishRequest,
    situation: &Situation<'_>,
) -> Result<(), Refusal> {
    let channels = |is_refused: &dyn Fn(&Target<'_>) -> bool| -> BTreeSet<Channel> {
        choice.targets.iter().filter(|target| is_refused(target)).map(|target| target.channel).collect()
    };
    let is_live = situation.transport == Transport::Live;
    let unconfigured = channels(&|target| is_live && !target.has_client(situation.configured));
    refuse_channels(Code::ChannelNotConfigured, &unconfigured, "channels", |channel| {
        format!("Publishing to {channel} is not set up on this installation.")
    })?;
    let without_credentials = channels(&|target| !target.has_credentials());
    refuse_channels(Code::ChannelAuthMissing, &without_credentials, "channels", |channel| {
        format!("No usable credentials are stored for {channel}; connect the account.")
    })?;
    let ambiguous = channels(&|target| target.account == Chosen::Ambiguous);
    refuse_channels(Code::AccountAmbiguous, &ambiguous, "accountIds", |channel| ambiguous_message(*channel))?;
    refuse_missing_options(choice, request)
}

/// What a person is told when an account has to be named.
pub fn ambiguous_message(channel: Channel) -> String {
    format!("Several accounts are stored for {channel}; name one in accountIds.")
}

fn refuse_channels(
    code: Code,
    channels: &BTreeSet<Channel>,
    field: &str,
    message: impl Fn(&Channel) -> String,
) -> Result<(), Refusal> {
    let Some(first) = channels.first() else { return Ok(()) };
    let flaw = |channel: &Channel| FieldError {
        loc: vec![field.into(), channel.as_str().into()],
        kind: "rule",
        message: message(channel),
    };
    Err(Refusal::Rules { code, channel: Some(first.as_str()), flaws: channels.iter().map(flaw).collect() })
}

fn refuse_missing_options(choice: &Choice<'_>, request: &PublishRequest) -> Result<(), Refusal> {
    let missing = |target: &Target<'_>| -> Option<(Channel, FieldError)> {
        let Problem { field, message, .. } = target.options(request).missing(target.channel)?;
        Some((target.channel, entry_flaw(target.entry, field, &message)))
    };
    let (channels, flaws): (Vec<_>, Vec<_>) = choice.targets.iter().filter_map(missing).unzip();
    match channels.first() {
        None => Ok(()),
        Some(first) => Err(Refusal::Rules { code: Code::OptionRequired, channel: Some(first.as_str()), flaws }),
    }
}

/// A flaw of one entry of the request, and of one field of it.
pub(super) fn entry_flaw(entry: &Entry, field: Option<&str>, message: &str) -> FieldError {
    let list = if entry.calendar_id.is_some() { "entryIds" } else { "placementIds" };
    let loc = [Some(list), Some(&*entry.id), field].into_iter().flatten().map(Into::into).collect();
    FieldError { loc, kind: "rule", message: message.to_owned() }
}

#[cfg(test)]
mod tests;
