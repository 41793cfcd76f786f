//! Requests to Meta's Graph API, and its lists of what an account has posted. Called by the adapters of Facebook and
//! Instagram.
//! Before an account that has used 90 percent of its calls sends more, it pauses.

use std::{collections::BTreeMap, time::Duration};

use almanac_shared::{
    platform::error::Code,
    publishing::render::{GRAPH_VERSION, Method, Request},
};
use chrono::{DateTime, Utc};
use serde_json::Value;
use url::Url;

use super::{
    ChannelError, Delivery, ErrorClass, LookUpWindow, Posted,
    answer::Answer,
    classify,
    client::{ChannelClient, Fault},
    post::encoded,
    pressure::Pressure,
};
use crate::outbound::send_budget::SendBudget;

/// Posts per page of a list.
const PAGE_SIZE: usize = 100;

/// Pages of a list that are read: more posts than an account makes in the minutes of a window.
pub(super) const MAX_PAGES: usize = 10;

/// Longest address that is kept.
const URL_CHARS: usize = 2_000;

/// Sends requests to the Graph API.
pub(super) struct Graph {
    client: ChannelClient,
    pressure: Pressure,
}

/// A list of an account's posts, newest first.
#[derive(Clone, Copy, Debug)]
pub(super) struct PostList {
    /// The last part of its path.
    pub(super) edge: &'static str,
    /// What is read of each post.
    pub(super) fields: &'static str,
    /// The field that holds its time.
    pub(super) time: &'static str,
    /// Whether the list can begin at a time.
    pub(super) takes_since: bool,
}

/// What a list said about a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Search {
    Found(Posted),
    /// It is not among the posts of the time in question, of which this number was read.
    Missing(usize),
    /// The list is longer than what is read of it.
    Endless,
}

impl Graph {
    pub(super) fn new(client: ChannelClient) -> Self {
        Self { client, pressure: Pressure::default() }
    }

    pub(super) const fn client(&self) -> &ChannelClient {
        &self.client
    }

    /// # Errors
    /// `CHANNEL_RATE_LIMITED` while the account pauses.
    pub(super) fn check_pressure(&self, delivery: &Delivery<'_>) -> Result<(), ChannelError> {
        self.pressure.check(&delivery.account.external_id)
    }

    /// The answer to a step that may be repeated, also if it is a refusal.
    pub(super) async fn ask(&self, delivery: &Delivery<'_>, request: &Request) -> Result<Answer, Fault> {
        let answer = self.client.call(request, &delivery.tokens.access).await?;
        self.note_usage(delivery, &answer);
        Ok(answer)
    }

    /// A step that may be repeated.
    pub(super) async fn call(&self, delivery: &Delivery<'_>, request: &Request) -> Result<Answer, ChannelError> {
        let answer = self.ask(delivery, request).await?;
        match classify::graph(&answer) {
            Some(verdict) => Err(answer.error(verdict, delivery.tokens)),
            None => Ok(answer),
        }
    }

    /// The request that publishes.
    pub(super) async fn publish(
        &self,
        delivery: &Delivery<'_>,
        request: &Request,
        budget: SendBudget,
    ) -> Result<Answer, Fault> {
        let answer = self.client.publish(request, &delivery.tokens.access, budget).await?;
        self.note_usage(delivery, &answer);
        Ok(answer)
    }

    fn note_usage(&self, delivery: &Delivery<'_>, answer: &Answer) {
        if let Some(pause) = classify::usage_pause(&answer.headers) {
            self.pressure.note(&delivery.account.external_id, pause);
        }
    }

    /// Reads a list until a post is the one that is looked for, or the time in question lies behind.
    pub(super) async fn search(
        &self,
        delivery: &Delivery<'_>,
        list: &PostList,
        window: &LookUpWindow,
        find: impl Fn(&Value, DateTime<Utc>) -> Option<Posted> + Send + Sync,
    ) -> Result<Search, ChannelError> {
        let (mut after, mut listed) = (None, 0);
        for _ in 0..MAX_PAGES {
            let answer = self.call(delivery, &list.request(delivery, window, after.as_deref())).await?;
            let posts = list.posts(&answer).ok_or_else(|| unreadable("The list", delivery))?;
            listed += posts.len();
            if let Some(posted) = posts.iter().find_map(|(post, at)| find(post, *at)) {
                return Ok(Search::Found(posted));
            }
            after = answer.body.pointer("/paging/cursors/after").and_then(Value::as_str).map(str::to_owned);
            let has_more = answer.body.pointer("/paging/next").is_some();
            let is_older = !posts.is_empty() && posts.iter().all(|(_, at)| *at < window.earliest());
            if !has_more || is_older {
                return Ok(Search::Missing(listed));
            }
            // There is more, and no cursor that leads to it.
            if after.is_none() {
                return Ok(Search::Endless);
            }
        }
        Ok(Search::Endless)
    }
}

impl PostList {
    /// Cursors and not the answer's own link to the next page: the link holds the token.
    fn request(&self, delivery: &Delivery<'_>, window: &LookUpWindow, after: Option<&str>) -> Request {
        let account = encoded(&delivery.account.external_id);
        let Self { edge, fields, takes_since, .. } = self;
        let mut url = format!("{}/{GRAPH_VERSION}/{account}/{edge}?fields={fields}", delivery.base_url);
        if *takes_since {
            url.push_str(&format!("&since={}", window.earliest().timestamp()));
        }
        url.push_str(&format!("&limit={PAGE_SIZE}"));
        if let Some(after) = after {
            url.push_str(&format!("&after={}", encoded(after)));
        }
        read_request("look_up", url)
    }

    /// The posts of a page with their times; `None` if any of them cannot be read.
    fn posts<'a>(&self, answer: &'a Answer) -> Option<Vec<(&'a Value, DateTime<Utc>)>> {
        let posts = answer.body.get("data")?.as_array()?.iter();
        posts.map(|post| post.get("id").and(Some((post, instant_of(post.get(self.time)?)?)))).collect()
    }
}

/// A request that reads.
pub(super) fn read_request(step: &str, url: String) -> Request {
    Request { step: step.to_owned(), method: Method::Get, url, headers: BTreeMap::new(), body: Value::Null }
}

/// `2026-01-02T03:04:05+0000`, or seconds.
fn instant_of(value: &Value) -> Option<DateTime<Utc>> {
    let Some(text) = value.as_str() else { return DateTime::from_timestamp(value.as_i64()?, 0) };
    let read = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%z"));
    read.ok().map(|at| at.to_utc())
}

/// The address of a post for people; Facebook's is relative for some posts.
pub(super) fn permalink(value: Option<&Value>) -> Option<String> {
    let url =
        Url::parse("https://www.facebook.com").ok()?.join(value?.as_str().filter(|text| !text.is_empty())?).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.as_str().len() <= URL_CHARS).then(|| url.into())
}

/// An answer that is a success and not what it has to be.
pub(super) fn unreadable(what: &str, delivery: &Delivery<'_>) -> ChannelError {
    let message = format!("{what} that {} answered cannot be read.", delivery.account.channel);
    ChannelError::new(ErrorClass::Transient, Code::ChannelUnavailable, message).after(Duration::from_secs(5))
}
