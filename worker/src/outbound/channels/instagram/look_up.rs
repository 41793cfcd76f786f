//! Whether a container whose publication has no answer was published: the container says so, and the account's media say
//! which post it became.

use almanac_shared::publishing::{PublishFormat, render::Known};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{
    CHANNEL, Instagram,
    containers::{self, Status},
    text,
};
use crate::outbound::channels::{
    ChannelError, Delivery, LookUp, LookUpWindow, Posted,
    graph::{PostList, Search, permalink},
    ids,
    post::{self, instant, is_same_text},
};

const MEDIA: PostList =
    PostList { edge: "media", fields: "id,caption,timestamp,permalink", time: "timestamp", takes_since: false };

/// Stories are no media of the other list, and have no text.
const STORIES: PostList = PostList { edge: "stories", fields: "id,timestamp,permalink", ..MEDIA };

/// A container that was published may have been so by an earlier request, which was executed late.
fn from_earlier(window: &LookUpWindow) -> LookUpWindow {
    LookUpWindow { from: window.from - TimeDelta::hours(1), ..window.clone() }
}

impl Instagram {
    pub(super) async fn find(
        &self,
        delivery: &Delivery<'_>,
        known: &mut Known,
        window: &LookUpWindow,
    ) -> Result<LookUp, ChannelError> {
        let status = match self.container_status(delivery, known).await {
            Ok(status) => status,
            Err(error) => return post::not_told(error),
        };
        let proof = json!({"container": known.get("container_id"), "status": status.word()});
        match status {
            Status::Published => Ok(match self.listed(delivery, known, &from_earlier(window)).await? {
                // It exists: its id is all that is missing.
                LookUp::Absent { .. } => LookUp::Pending(containers::next_pause(known)),
                found => found,
            }),
            Status::Finished => Ok(LookUp::Absent { proof }),
            Status::Working => Ok(LookUp::Pending(containers::next_pause(known))),
            Status::Refused(error) => Ok(LookUp::Refused { error, proof }),
            Status::Broken(error) if !containers::forget(known) => Ok(LookUp::Refused { error, proof }),
            Status::Broken(_) => Ok(LookUp::Absent { proof }),
            Status::Gone(_) => {
                let listed = self.listed(delivery, known, window).await?;
                if matches!(listed, LookUp::Absent { .. }) {
                    containers::forget(known);
                }
                Ok(listed)
            }
        }
    }

    /// Looks for the post among those of the account, by text and time.
    async fn listed(
        &self,
        delivery: &Delivery<'_>,
        known: &Known,
        window: &LookUpWindow,
    ) -> Result<LookUp, ChannelError> {
        let list = if delivery.entry.format == PublishFormat::Story { &STORIES } else { &MEDIA };
        let container = post::step(CHANNEL, delivery, known, "create_container")?;
        let caption = text(&container.body, "caption");
        let find = |post: &Value, at: DateTime<Utc>| {
            let id = ids::text(post.get("id")?)?;
            let is_it = is_same_text(text(post, "caption"), caption) && window.contains(at) && !window.is_taken(&id);
            is_it.then(|| {
                let proof = json!({"id": id, "timestamp": instant(at), "container": known.get("container_id")});
                Posted { external_url: permalink(post.get("permalink")), external_id: id, proof }
            })
        };
        Ok(match self.graph.search(delivery, list, window, find).await {
            Ok(Search::Found(posted)) => LookUp::Found(posted),
            Ok(Search::Missing(listed)) => {
                LookUp::Absent { proof: json!({"listed": listed, "since": instant(window.earliest())}) }
            }
            Ok(Search::Endless) => {
                LookUp::Impossible { why: "The account has more new posts than could be read.".to_owned() }
            }
            Err(error) => return post::not_told(error),
        })
    }
}
