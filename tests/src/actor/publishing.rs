//! What people do to publish: connect an account, write entries, publish them, and look at what became of each.
//! Tests call it where asking is not the subject. It must never look anywhere but over HTTP.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::{
    Call, Reply, User,
    log::{assert_follows, stored},
    stream::Event,
};
use crate::{
    observe::{OrFail, eventually},
    world::{
        World,
        channels::{Grant, Site},
    },
};

/// Time in which an intent ends: its longest way leads through pauses of half a minute, on a machine that builds.
const PATIENCE: Duration = Duration::from_secs(180);

/// States after which only a person's request changes an intent.
pub const ENDED: [&str; 4] = ["published", "failed", "cancelled", "needs_review"];

/// A calendar's entries that were written by hand.
#[derive(Clone, Debug)]
pub struct Written {
    /// The calendar.
    pub calendar: String,
    /// The entries' ids, in the order of their texts.
    pub entries: Vec<String>,
}

impl Written {
    /// A real request to publish all of them, with these fields instead of the usual ones.
    pub fn order(&self, changes: &Value) -> Value {
        let mut order = json!({ "calendarId": self.calendar, "entryIds": self.entries, "dryRun": false });
        for (name, value) in changes.as_object().into_iter().flatten() {
            order[name] = value.clone();
        }
        order
    }

    /// The path of an entry.
    pub fn path(&self, number: usize) -> String {
        format!("/v1/calendars/{}/entries/{}", self.calendar, self.entries.get(number).or_fail("an entry"))
    }
}

/// An accepted plan.
#[derive(Clone, Debug)]
pub struct Published {
    /// The plan.
    pub plan: String,
    /// The intents' ids, in the order of the entries.
    pub intents: Vec<String>,
    /// The whole answer.
    pub answer: Value,
}

impl User {
    /// Connects an account of a channel with this body; what is shown of it.
    pub async fn connect_with(&self, channel: &str, account_id: &str, body: Value) -> Value {
        let reply = self.put(&format!("/v1/channels/{channel}/accounts/{account_id}"), body).await;
        assert!(matches!(reply.status, 200 | 201), "{}: {} {}", reply.request, reply.status, reply.text());
        reply.data()
    }

    /// Connects an account of a fake network under the name `main`.
    pub async fn connect_account(&self, grant: &Grant) -> Value {
        self.connect_with(grant.channel(), "main", grant.body()).await
    }

    /// A calendar with one entry by hand for each text, all due on one day of the next year.
    pub async fn write(&self, channel: &str, texts: &[String]) -> Written {
        let bodies: Vec<Value> = texts.iter().map(|text| json!({ "channel": channel, "caption": text })).collect();
        self.write_entries(&bodies).await
    }

    /// The same with these fields of each entry.
    pub async fn write_entries(&self, bodies: &[Value]) -> Written {
        let order = json!({ "channels": ["blog"], "end": "2026-01-26", "timezone": "UTC" });
        let (_, calendar) = self.calendar(&order).await;
        let calendar = calendar["id"].as_str().or_fail("the calendar's id").to_owned();
        let mut entries = Vec::new();
        for body in bodies {
            let mut entry = json!({ "date": "2027-03-01", "time": "09:00", "title": "By hand", "format": "post" });
            for (name, value) in body.as_object().into_iter().flatten() {
                entry[name] = value.clone();
            }
            let made = self.post(&format!("/v1/calendars/{calendar}/entries"), entry).await.expect(201).data();
            entries.push(made["id"].as_str().or_fail("the entry's id").to_owned());
        }
        Written { calendar, entries }
    }

    /// Asks to publish; any answer.
    pub async fn publish(&self, order: &Value) -> Reply {
        self.publish_call(order).send().await
    }

    /// The same request, to be given headers.
    pub fn publish_call(&self, order: &Value) -> Call {
        self.request(Method::POST, "/v1/publish").json(order)
    }

    /// Publishes entries; what was accepted.
    pub async fn published(&self, order: &Value) -> Published {
        let answer = self.publish(order).await.expect(202).data();
        let intents = answer["intents"].as_array().or_fail("a list of intents").iter();
        let intents = intents.map(|intent| intent["id"].as_str().or_fail("an intent's id").to_owned()).collect();
        let plan = answer["planId"].as_str().or_fail("the plan's id").to_owned();
        Published { plan, intents, answer }
    }

    /// Writes one entry and publishes it; its intent's id and the entry.
    pub async fn publish_text(&self, channel: &str, text: &str) -> (String, Written) {
        let written = self.write(channel, &[text.to_owned()]).await;
        let published = self.published(&written.order(&json!({}))).await;
        (published.intents.first().or_fail("an intent").clone(), written)
    }

    /// Writes an entry with a video and publishes it; its intent's id and the entry.
    pub async fn publish_video(&self, channel: &str, text: &str, url: &str) -> (String, Written) {
        let written = self.write_entries(&[with_video(channel, "video", text, url)]).await;
        let published = self.published(&written.order(&json!({}))).await;
        (published.intents.first().or_fail("an intent").clone(), written)
    }

    /// Writes an entry for each text with the least that a network takes.
    pub async fn write_least(&self, world: &World, site: Site, texts: &[String]) -> Written {
        let bodies: Vec<Value> = texts.iter().map(|text| with_least(world, site, text)).collect();
        self.write_entries(&bodies).await
    }

    /// An intent as it stands.
    pub async fn intent(&self, id: &str) -> Value {
        self.get(&format!("/v1/publish/intents/{id}")).await.expect(200).data()
    }

    /// Waits until an intent has a status, a minute at most.
    pub async fn wait_for_intent(&self, id: &str, status: &str) -> Value {
        self.wait_for_intent_in(id, &[status]).await
    }

    /// Waits until an intent has one of these statuses.
    pub async fn wait_for_intent_in(&self, id: &str, statuses: &[&str]) -> Value {
        let path = format!("/v1/publish/intents/{id}");
        let path = path.as_str();
        let seen = async || {
            let reply = self.request(Method::GET, path).try_send().await.ok().filter(|reply| reply.status == 200)?;
            let intent = reply.data();
            let status = intent["status"].as_str().unwrap_or_default();
            // What has ended in another way stays so.
            let is_other_end = ENDED.contains(&status) && !statuses.iter().any(|wanted| ENDED.contains(wanted));
            assert!(!is_other_end, "intent {id} is not to become {statuses:?}: {intent}");
            statuses.contains(&status).then_some(intent)
        };
        eventually(PATIENCE, &format!("intent {id} becomes {statuses:?}"), seen).await
    }

    /// Waits until every intent has ended, and shows them in the order of the ids.
    pub async fn wait_for_ends(&self, intents: &[String]) -> Vec<Value> {
        let mut ended = Vec::new();
        for id in intents {
            ended.push(self.wait_for_intent_in(id, &ENDED).await);
        }
        ended
    }

    /// The ids of an intent's jobs, the newest first.
    pub async fn jobs_of(&self, intent: &str) -> Vec<String> {
        let page = self.get("/v1/jobs?kind=publishing.publish&limit=100").await.expect(200).data();
        let items = page["items"].as_array().or_fail("a page of jobs").iter();
        let of = items.filter(|job| job["subject"]["id"] == *intent);
        of.filter_map(|job| job["id"].as_str().map(str::to_owned)).collect()
    }

    /// The whole log of an intent's newest job, which must have ended.
    pub async fn log_of(&self, intent: &str) -> Vec<Event> {
        let jobs = self.jobs_of(intent).await;
        let job = jobs.first().or_fail("a job of the intent");
        let events = stored(self.follow(job).await.collect_to_end().await);
        assert_follows(&events, 0);
        events
    }

    /// The newest receipt of an intent.
    pub async fn receipt(&self, intent: &str) -> Value {
        self.get(&format!("/v1/publish/intents/{intent}/receipt")).await.expect(200).data()
    }
}

/// The fields of an entry with a video.
pub fn with_video(channel: &str, format: &str, caption: &str, url: &str) -> Value {
    let media = json!([{ "url": url, "type": "video" }]);
    json!({ "channel": channel, "format": format, "caption": caption, "media": media })
}

/// The fields of an entry with the least that its channel takes: a text, a picture, or a small video of its own.
pub fn with_least(world: &World, site: Site, caption: &str) -> Value {
    let folder = uuid::Uuid::new_v4().simple();
    match site {
        Site::Facebook | Site::Linkedin | Site::Media => json!({ "channel": site.name(), "caption": caption }),
        Site::Instagram => {
            let media = json!([{ "url": world.media_url(&format!("{folder}/a.jpg")), "type": "image" }]);
            json!({ "channel": site.name(), "caption": caption, "media": media })
        }
        Site::Tiktok | Site::Youtube => {
            let url = world.media_url(&format!("{folder}/video-12s-720x1280-64KiB.mp4"));
            with_video(site.name(), "video", caption, &url)
        }
    }
}

/// Texts that differ from each other and from those of any other call.
pub fn texts(count: usize) -> Vec<String> {
    let unique = uuid::Uuid::new_v4().simple();
    (0..count).map(|number| format!("Post {number} of {unique}")).collect()
}
