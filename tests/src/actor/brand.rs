//! What people do with brands: have one with something of everything.
//! Tests call it where brands are not the subject. It must never hide a refusal: what is not accepted fails the test.

use serde_json::json;
use uuid::Uuid;

use super::User;

impl User {
    /// Makes a brand with an account, a trend and an asset, whose ids are `account`, `trend` and `asset`; its id.
    pub async fn brand(&self) -> String {
        let id = format!("brand-{}", Uuid::new_v4().simple());
        self.post("/v1/brands", json!({ "id": id, "name": "Corner Café", "timezone": "Europe/Paris" }))
            .await
            .expect(201);
        let things = json!({
            "accounts": [{ "id": "account", "platform": "instagram", "name": "@corner" }],
            "trends": [{ "id": "trend", "title": "Cold brew", "source": "trend", "tags": ["coffee"] }],
            "assets": [{ "id": "asset", "title": "A cup", "kind": "image", "tags": ["coffee"] }],
        });
        self.post(&format!("/v1/brands/{id}/import"), things).await.expect(200);
        id
    }
}
