//! Instagram, professional accounts: pictures, carousels, reels and stories. Called by the publishing job through the
//! `Channel` trait. Containers are made of the addresses of the media, Meta fetches those, and a finished container is
//! published: however often that is asked for, it becomes one post.
//! <https://developers.facebook.com/docs/instagram-platform/content-publishing>

use std::time::Duration;

use almanac_shared::{
    platform::config::ChannelClient as App,
    publishing::{self, Entry, Login, credentials::Tokens, render::Known},
};
use async_trait::async_trait;
use serde_json::{Value, json};

use super::{
    Channel, ChannelError, Delivery, ErrorClass, Handles, LookUp, LookUpWindow, Prepared, Refreshed, Renewal, Sent,
    answer::Answer,
    classify::{self, ContainerFault},
    client::ChannelClient,
    graph::{Graph, permalink},
    ids, polls, post,
};
use crate::outbound::{media::Media, send_budget::SendBudget};

mod containers;
mod limits;
mod look_up;
mod quota;
mod tokens;

use self::{containers::Status, quota::QUOTA_PAUSE};

const CHANNEL: publishing::Channel = publishing::Channel::Instagram;

/// An access token is exchanged in the second half of its 60 days: an account whose posts are further apart than that has
/// to be connected again.
const RENEWED_BEFORE: Duration = Duration::from_secs(30 * 86_400);

/// Instagram.
pub struct Instagram {
    graph: Graph,
    media: Media,
    settings: InstagramSettings,
}

/// What the operator has set for Instagram.
#[derive(Clone, Debug)]
pub struct InstagramSettings {
    /// The host of the API.
    pub base_url: String,
    /// How the accounts are connected.
    pub login: Login,
    /// The installation's client; without it the tokens of Facebook's login are not exchanged.
    pub app: Option<App>,
    /// The largest reel.
    pub reel_bytes: u64,
}

impl Instagram {
    /// Sends by a client, and checks media before.
    pub fn new(client: ChannelClient, media: Media, settings: InstagramSettings) -> Self {
        Self { graph: Graph::new(client), media, settings }
    }

    /// The post's address; a failure to read it does not matter.
    async fn permalink(&self, delivery: &Delivery<'_>, known: &Known, id: &str) -> Option<String> {
        let mut known = known.clone();
        known.insert("media_id".to_owned(), id.into());
        let request = post::step(CHANNEL, delivery, &known, "permalink").ok()?;
        permalink(self.graph.call(delivery, &request).await.ok()?.body.get("permalink"))
    }

    /// What became of a request that Instagram refused to execute.
    async fn refused(&self, delivery: &Delivery<'_>, known: &Known, answer: &Answer) -> Option<Sent> {
        let verdict = classify::graph(answer)?;
        let fault = classify::subcode(answer).and_then(classify::container_fault);
        // Documented as not executed; what is wrong with the container is found when it is prepared again.
        let sent = match (answer.sent(verdict.clone(), delivery.tokens), fault) {
            (Sent::Unknown { why }, Some(fault)) if answer.status < 500 => {
                let pause = match fault {
                    ContainerFault::NotReady => polls::SHORTEST_PAUSE,
                    ContainerFault::Broken => Duration::ZERO,
                };
                Sent::NotSent { error: answer.error(verdict, delivery.tokens).after(pause), proof: why }
            }
            (Sent::NotSent { error, proof }, _) if error.class == ErrorClass::Quota => {
                let pause = error.retry_after.unwrap_or(QUOTA_PAUSE);
                Sent::NotSent { error: error.after(pause), proof }
            }
            (sent, _) => sent,
        };
        let is_refused = matches!(&sent, Sent::Rejected { error, .. } if error.class == ErrorClass::Validation);
        if is_refused && matches!(self.container_status(delivery, known).await, Ok(Status::Published)) {
            // An earlier request was executed late: the look-up finds its post.
            return Some(Sent::Unknown { why: json!({"reason": "the container was published before"}) });
        }
        Some(sent)
    }
}

#[async_trait]
impl Channel for Instagram {
    async fn prepare(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        handles: &dyn Handles,
    ) -> Result<Prepared, ChannelError> {
        post::requests(CHANNEL, delivery, known)?;
        if !containers::are_begun(known) {
            limits::check(&self.media, delivery, self.settings.reel_bytes).await?;
            self.check_quota(delivery, known, handles).await?;
        }
        let prepared = self.make_containers(delivery, known, handles).await?;
        self.graph.check_pressure(delivery)?;
        Ok(prepared)
    }

    /// Instagram fetches the media itself; they are looked at once.
    fn reads_media(&self, _entry: &Entry, known: &Known) -> bool {
        !containers::are_begun(known)
    }

    async fn publish(&self, delivery: &Delivery<'_>, known: &Known, budget: SendBudget) -> Sent {
        let request = match post::step(CHANNEL, delivery, known, "publish") {
            Ok(request) => request,
            Err(error) => return Sent::NotSent { error, proof: json!({"reason": "not_rendered", "bodySent": "no"}) },
        };
        let answer = match self.graph.publish(delivery, &request, budget).await {
            Ok(answer) => answer,
            Err(fault) => return fault.sent(),
        };
        if let Some(sent) = self.refused(delivery, known, &answer).await {
            return sent;
        }
        let Some(id) = answer.body.get("id").and_then(ids::text) else { return answer.without_id() };
        let url = self.permalink(delivery, known, &id).await;
        answer.posted(id, url)
    }

    async fn look_up(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        window: &LookUpWindow,
    ) -> Result<LookUp, ChannelError> {
        self.find(delivery, known, window).await
    }

    fn renewal(&self) -> Renewal {
        Renewal { before: RENEWED_BEFORE, by_access_token: true }
    }

    async fn refresh(&self, tokens: &Tokens) -> Result<Option<Refreshed>, ChannelError> {
        self.renew(tokens).await
    }
}

/// What is read of a list, so that an answer without it is none.
fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests;
