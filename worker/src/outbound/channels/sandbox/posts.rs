//! The posts of the sandbox: one JSON file each, with a preview beside it.

use std::collections::BTreeMap;

use almanac_shared::publishing::Channel;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    folder::{Folder, Shelf},
    preview,
};

/// How long the same text of an account counts as a duplicate. Vendors do not document their time.
const DUPLICATE_WINDOW: TimeDelta = TimeDelta::seconds(60);

/// A post.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SavedPost {
    pub(super) id: String,
    pub(super) channel: Channel,
    pub(super) account: String,
    pub(super) created_at: DateTime<Utc>,
    #[serde(flatten)]
    pub(super) content: Content,
}

/// What a post says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Content {
    /// As the channel shows it.
    pub(super) text: String,
    /// Addresses, or size and hash of what was uploaded.
    pub(super) media: Vec<String>,
    /// What the request decides beside text and media, such as privacy.
    #[serde(default)]
    pub(super) options: BTreeMap<String, Value>,
    /// The body of the request.
    pub(super) request: Value,
}

impl Content {
    /// With the members of an object, but for some.
    pub(super) fn with_options(mut self, options: &Value, except: &[&str]) -> Self {
        let members = options.as_object().into_iter().flatten();
        let members = members.filter(|(name, value)| !except.contains(&name.as_str()) && !value.is_null());
        self.options.extend(members.map(|(name, value)| (name.clone(), value.clone())));
        self
    }
}

impl Folder {
    /// Keeps a post under an id that `name` makes of a free number.
    pub(super) fn add_post(
        &self,
        channel: Channel,
        account: &str,
        content: Content,
        name: impl Fn(u64) -> String,
    ) -> anyhow::Result<SavedPost> {
        let mut post = self.draft(channel, account, content);
        for number in self.numbers() {
            post.id = name(number);
            if self.keep(&post)? {
                break;
            }
        }
        Ok(post)
    }

    /// Keeps a post under an id, unless it is kept already; whether it was new. The answer to a repeated request is the same.
    pub(super) fn add_post_once(
        &self,
        channel: Channel,
        account: &str,
        id: &str,
        content: Content,
    ) -> anyhow::Result<bool> {
        let mut post = self.draft(channel, account, content);
        id.clone_into(&mut post.id);
        self.keep(&post)
    }

    pub(super) fn post(&self, channel: Channel, id: &str) -> anyhow::Result<Option<SavedPost>> {
        let post = self.read::<SavedPost>(Shelf::Posts, id)?;
        Ok(post.filter(|post| post.id == id && post.channel == channel))
    }

    /// The posts of an account, newest first.
    pub(super) fn posts(&self, channel: Channel, account: &str) -> anyhow::Result<Vec<SavedPost>> {
        let mut posts = self.read_all::<SavedPost>(Shelf::Posts)?;
        posts.retain(|post| post.channel == channel && post.account == account);
        posts.sort_by(|one, other| (other.created_at, &other.id).cmp(&(one.created_at, &one.id)));
        Ok(posts)
    }

    /// The newest post of an account, if it is young and says the same with the same media.
    pub(super) fn duplicate(
        &self,
        channel: Channel,
        account: &str,
        content: &Content,
    ) -> anyhow::Result<Option<SavedPost>> {
        let newest = self.posts(channel, account)?.into_iter().next();
        let since = self.now() - DUPLICATE_WINDOW;
        Ok(newest.filter(|post| {
            post.created_at > since && post.content.text == content.text && post.content.media == content.media
        }))
    }

    fn draft(&self, channel: Channel, account: &str, content: Content) -> SavedPost {
        SavedPost { id: String::new(), channel, account: account.to_owned(), created_at: self.now(), content }
    }

    fn keep(&self, post: &SavedPost) -> anyhow::Result<bool> {
        if !self.write_new(Shelf::Posts, &post.id, post)? {
            return Ok(false);
        }
        self.write_page(&post.id, &preview::page(post))?;
        tracing::info!(channel = post.channel.as_str(), "the sandbox kept a post");
        Ok(true)
    }
}
