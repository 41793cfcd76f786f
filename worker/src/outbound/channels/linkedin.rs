//! LinkedIn: texts, pictures and videos of people and organizations. Called by the publishing job through the `Channel` trait.
//! Pictures and videos are uploaded first and named by URN; a post whose answer is missing is found in its author's list, if the
//! token may read it. <https://learn.microsoft.com/linkedin/marketing/community-management/shares/posts-api>

use std::collections::BTreeMap;

use almanac_shared::{
    calendar::MediumType,
    platform::error::Code,
    publishing::{
        self, Transport,
        credentials::Tokens,
        render::{Known, LINKEDIN_VERSION, Method, Request, vendor_base_url},
    },
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{
    Channel, ChannelError, Delivery, ErrorClass, Handles, LookUp, LookUpWindow, Posted, Prepared, Refreshed, Sent,
    answer::Answer,
    classify,
    client::ChannelClient,
    ids, oauth,
    post::{self, encoded, instant, is_same_text},
    upload,
};
use crate::outbound::{
    media::{Media, MediaLimits},
    send_budget::SendBudget,
};

mod little_text;
mod video;

use self::little_text::plain_text;
pub(super) use self::little_text::shown_text;

/// Hosts of this domain get the token.
const DOMAIN: &str = "linkedin.com";

/// Where people read posts and tokens are refreshed.
const WEB: &str = "https://www.linkedin.com";

/// <https://learn.microsoft.com/linkedin/marketing/community-management/shares/images-api>. The page names no size in
/// bytes; uploads need a bound.
const IMAGES: MediaLimits = MediaLimits {
    pixels_below: Some(36_152_320),
    ..MediaLimits::new(&["image/jpeg", "image/png", "image/gif"], "JPEG, PNG and GIF pictures", 8 * 1024 * 1024)
};

const INITIALIZE: &str = "initialize_image_";

/// Posts per page of a list.
const PAGE_SIZE: usize = 100;

/// Pages of a list that are read.
const MAX_PAGES: usize = 10;

/// LinkedIn.
pub struct Linkedin {
    client: ChannelClient,
    media: Media,
    settings: LinkedinSettings,
}

/// What the operator has set for LinkedIn.
#[derive(Clone, Debug)]
pub struct LinkedinSettings {
    /// The host of the API, the vendor's unless the operator names another.
    pub base_url: String,
    /// Decides where posts are read.
    pub transport: Transport,
    /// The installation's client; without it tokens are not refreshed.
    pub app: Option<LinkedinApp>,
}

/// The client of the installation at LinkedIn.
#[derive(Clone, Debug)]
pub struct LinkedinApp {
    /// Its public id.
    pub client_id: String,
    /// Its secret.
    pub secret: SecretString,
}

impl LinkedinSettings {
    /// Another host for the API serves the tokens too.
    fn token_url(&self) -> String {
        let is_vendors = self.base_url == vendor_base_url(publishing::Channel::Linkedin, None);
        format!("{}/oauth/v2/accessToken", if is_vendors { WEB } else { &self.base_url })
    }

    /// The sandbox shows its posts itself.
    fn permalink(&self, urn: &str) -> String {
        let web = if self.transport == Transport::Sandbox { &self.base_url } else { WEB };
        format!("{web}/feed/update/{urn}")
    }
}

impl Linkedin {
    /// Sends by a client, and checks media before.
    pub const fn new(client: ChannelClient, media: Media, settings: LinkedinSettings) -> Self {
        Self { client, media, settings }
    }

    /// A step that may be repeated.
    async fn call(&self, delivery: &Delivery<'_>, request: &Request) -> Result<Answer, ChannelError> {
        let answer = self.client.call(request, &delivery.tokens.access).await?;
        match classify::linkedin(&answer) {
            Some(verdict) => Err(answer.error(verdict, delivery.tokens)),
            None => Ok(answer),
        }
    }

    /// Uploads one picture. Its URN is stored once its bytes have arrived: an upload address is of no use later.
    async fn upload_image(
        &self,
        delivery: &Delivery<'_>,
        known: &Known,
        number: usize,
    ) -> Result<String, ChannelError> {
        let request = post::step(publishing::Channel::Linkedin, delivery, known, &format!("{INITIALIZE}{number}"))?;
        let answer = self.call(delivery, &request).await?;
        let text = |path: &str| answer.body.pointer(path).and_then(Value::as_str);
        let url = text("/value/uploadUrl").filter(|url| upload::is_safe(url, delivery.base_url));
        let (Some(url), Some(urn)) = (url, text("/value/image").filter(|urn| ids::is_word(urn))) else {
            return Err(unreadable("The upload"));
        };
        let mut known = known.clone();
        known.insert(format!("image_{number}_upload_url"), url.into());
        let request = post::step(publishing::Channel::Linkedin, delivery, &known, &format!("upload_image_{number}"))?;
        let token = upload::takes_token(url, delivery.base_url, DOMAIN).then_some(&delivery.tokens.access);

        let medium = delivery.entry.media.get(number - 1).ok_or_else(|| unreadable("The picture"))?;
        let download = self.media.download(number, medium, IMAGES.bytes.most).await?;
        let answer = upload::send(&self.client, &request, token, download).await?;
        match classify::linkedin(&answer) {
            Some(verdict) => Err(answer.error(verdict, delivery.tokens)),
            None => Ok(urn.to_owned()),
        }
    }
}

#[async_trait]
impl Channel for Linkedin {
    async fn prepare(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        handles: &dyn Handles,
    ) -> Result<Prepared, ChannelError> {
        post::requests(publishing::Channel::Linkedin, delivery, known)?;
        if delivery.entry.media.iter().any(|medium| medium.kind == MediumType::Video) {
            return self.prepare_video(delivery, known, handles).await;
        }
        let numbers = 1..=delivery.entry.media.len();
        let missing: Vec<_> = numbers.filter(|number| !known.contains_key(&urn_name(*number))).collect();
        if !missing.is_empty() {
            self.media.check(&delivery.entry.media, &IMAGES).await?;
        }
        for number in missing {
            let urn = self.upload_image(delivery, known, number).await?;
            known.insert(urn_name(number), urn.into());
            post::keep(handles, known).await?;
        }
        Ok(Prepared::Ready)
    }

    async fn publish(&self, delivery: &Delivery<'_>, known: &Known, budget: SendBudget) -> Sent {
        let request = match post::step(publishing::Channel::Linkedin, delivery, known, "create_post") {
            Ok(request) => request,
            Err(error) => return Sent::NotSent { error, proof: json!({"reason": "not_rendered", "bodySent": "no"}) },
        };
        let answer = match self.client.publish(&request, &delivery.tokens.access, budget).await {
            Ok(answer) => answer,
            Err(fault) => return fault.sent(),
        };
        if let Some(verdict) = classify::linkedin(&answer) {
            return answer.sent(verdict, delivery.tokens);
        }
        let header = ["x-restli-id", "x-linkedin-id"].iter().find_map(|name| answer.headers.get(*name)?.to_str().ok());
        let header = header.filter(|urn| ids::is_word(urn)).map(str::to_owned);
        let Some(urn) = header.or_else(|| ids::text(answer.body.get("id")?)) else { return answer.without_id() };
        let url = self.settings.permalink(&urn);
        answer.posted(urn, Some(url))
    }

    async fn look_up(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        window: &LookUpWindow,
    ) -> Result<LookUp, ChannelError> {
        let publish = post::step(publishing::Channel::Linkedin, delivery, known, "create_post")?;
        let text = plain_text(publish.body.get("commentary").and_then(Value::as_str).unwrap_or_default());
        let mut listed = 0;
        for _ in 0..MAX_PAGES {
            let answer = match self.call(delivery, &listing(delivery, listed)).await {
                Ok(answer) => answer,
                Err(error) => return post::not_told(error),
            };
            let posts = answer.body.get("elements").and_then(Value::as_array);
            let posts = posts.ok_or_else(|| unreadable("The list"))?;
            if !posts.iter().all(|post| post.get("id").is_some() && created_at(post).is_some()) {
                return Err(unreadable("The list"));
            }
            listed += posts.len();
            if let Some(found) = posts.iter().find_map(|post| matching(post, &text, window)) {
                let (id, at) = found;
                let proof = json!({"id": id, "createdAt": instant(at)});
                let external_url = Some(self.settings.permalink(&id));
                return Ok(LookUp::Found(Posted { external_id: id, external_url, proof }));
            }
            // Newest first; a page may hold fewer than were asked for and still not be the last.
            let is_older = |post: &Value| created_at(post).is_some_and(|at| at < window.earliest());
            let reaches_back = !posts.is_empty() && posts.iter().all(is_older);
            if reaches_back || is_last_page(&answer.body, posts.len(), listed) {
                let proof = json!({"listed": listed, "since": instant(window.earliest())});
                return Ok(LookUp::Absent { proof });
            }
        }
        Ok(LookUp::Impossible { why: "The author has more new posts than could be read.".to_owned() })
    }

    async fn refresh(&self, tokens: &Tokens) -> Result<Option<Refreshed>, ChannelError> {
        let (Some(app), Some(refresh)) = (&self.settings.app, &tokens.refresh) else { return Ok(None) };
        let client = oauth::Client { parameter: "client_id", id: &app.client_id, secret: &app.secret };
        let answer = self.client.post_form(&self.settings.token_url(), oauth::form(&client, refresh)).await?;
        oauth::refreshed(&answer, classify::linkedin(&answer), tokens).map(Some)
    }
}

/// The name under which the URN of an uploaded picture is known.
fn urn_name(number: usize) -> String {
    format!("image_{number}_urn")
}

/// <https://learn.microsoft.com/linkedin/marketing/community-management/shares/posts-api#find-posts-by-authors>
fn listing(delivery: &Delivery<'_>, start: usize) -> Request {
    let author = encoded(&delivery.account.external_id);
    let url = format!(
        "{}/rest/posts?author={author}&q=author&sortBy=CREATED&count={PAGE_SIZE}&start={start}",
        delivery.base_url
    );
    let headers =
        [("LinkedIn-Version", LINKEDIN_VERSION), ("X-Restli-Protocol-Version", "2.0.0"), ("X-RestLi-Method", "FINDER")];
    let headers = headers.map(|(name, value)| (name, value.to_owned()));
    Request {
        step: "look_up".to_owned(),
        method: Method::Get,
        url,
        headers: BTreeMap::from(headers),
        body: Value::Null,
    }
}

/// The id and time of a post of a list, if it is the one that was sent.
fn matching(post: &Value, text: &str, window: &LookUpWindow) -> Option<(String, DateTime<Utc>)> {
    let id = ids::text(post.get("id")?)?;
    let commentary = post.get("commentary").and_then(Value::as_str).unwrap_or_default();
    let at = created_at(post)?;
    let is_draft = post.get("lifecycleState").and_then(Value::as_str) == Some("DRAFT");
    let is_it = is_same_text(&plain_text(commentary), text) && window.contains(at) && !window.is_taken(&id);
    (is_it && !is_draft).then_some((id, at))
}

/// Whether a list names its next page, and has none. A full page may have a next one all the same, and so may one whose
/// total is more than was listed. New posts come first, so that none is skipped between two pages.
fn is_last_page(list: &Value, page: usize, listed: usize) -> bool {
    let links = list.pointer("/paging/links").and_then(Value::as_array);
    let names_none =
        links.map(|links| links.iter().all(|link| link.get("rel").and_then(Value::as_str) != Some("next")));
    let total = list.pointer("/paging/total").and_then(Value::as_u64).and_then(|total| usize::try_from(total).ok());
    // An empty page without any link is the end too.
    names_none.unwrap_or(page == 0) && page < PAGE_SIZE && total.is_none_or(|total| total <= listed)
}

/// Milliseconds.
fn created_at(post: &Value) -> Option<DateTime<Utc>> {
    let millis = ["createdAt", "publishedAt"].iter().find_map(|name| post.get(*name)?.as_i64());
    DateTime::from_timestamp_millis(millis?)
}

fn unreadable(what: &str) -> ChannelError {
    let message = format!("{what} that LinkedIn answered cannot be read.");
    ChannelError::new(ErrorClass::Transient, Code::ChannelUnavailable, message)
}

#[cfg(test)]
mod tests;
