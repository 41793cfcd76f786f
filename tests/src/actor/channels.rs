//! What people do with channels: connect an account that nothing is published to.
//! Tests call it where accounts are not the subject. It must never hide a refusal: what is not accepted fails the test.

use serde_json::{Value, json};

use super::User;

impl User {
    /// Connects an account that no network knows, with tokens that do not expire; as it is shown then.
    pub async fn connect_unused(&self, channel: &str, account: &str) -> Value {
        let external_id = match channel {
            "linkedin" => "urn:li:organization:2414183",
            "tiktok" => "-000unused",
            "youtube" => "UCunused",
            _ => "17841400000000000",
        };
        let body = json!({ "accessToken": format!("token-of-{account}"), "externalId": external_id });
        self.connect_with(channel, account, body).await
    }
}
