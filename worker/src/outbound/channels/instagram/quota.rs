//! How many posts an account may still publish, as Instagram says: its pages disagree about the number.
//! <https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/content_publishing_limit>

use std::time::Duration;

use almanac_shared::{platform::error::Code, publishing::render::Known};
use serde_json::{Value, json};

use super::{CHANNEL, Instagram};
use crate::outbound::channels::{ChannelError, Delivery, ErrorClass, Handles, graph::unreadable, ids, post};

/// Until the quota is read again. Posts count for a day each, and Instagram does not say since when.
pub(super) const QUOTA_PAUSE: Duration = Duration::from_secs(3_600);

/// Length of the time that is counted, where Instagram names none.
const SECONDS: i64 = 86_400;

impl Instagram {
    /// Reads the quota, keeps it for its owner to see, and stops if it is used up.
    pub(super) async fn check_quota(
        &self,
        delivery: &Delivery<'_>,
        known: &Known,
        handles: &dyn Handles,
    ) -> Result<(), ChannelError> {
        self.graph.check_pressure(delivery)?;
        let request = post::step(CHANNEL, delivery, known, "check_quota")?;
        let answer = self.graph.call(delivery, &request).await?;
        let limit = answer.body.pointer("/data/0").ok_or_else(|| unreadable("The quota", delivery))?;
        let number = |path: &str| limit.pointer(path).and_then(ids::number);
        let used = number("/quota_usage").ok_or_else(|| unreadable("The quota", delivery))?;
        // Without a total Instagram decides when the post is published.
        let total = number("/config/quota_total");
        let seconds = number("/config/quota_duration").unwrap_or(SECONDS);
        post::keep_quota(handles, &json!({"used": used, "total": total, "seconds": seconds})).await?;
        match total {
            Some(total) if used >= total => Err(used_up(limit)),
            _ => Ok(()),
        }
    }
}

fn used_up(limit: &Value) -> ChannelError {
    let message = "The account has published as many posts in a day as Instagram allows.";
    let mut error = ChannelError::new(ErrorClass::Quota, Code::ChannelQuota, message).after(QUOTA_PAUSE);
    error.context.extend([("quota".to_owned(), limit.clone())]);
    error
}
