//! Mails of syntheses: one to each recipient, whatever happens to workers, provider and recipients. What was sent is read from
//! the fake provider's own ledger, never from the database.

mod crash;
mod delivery;
mod erase;
mod faults;
mod locks;
mod reports;
mod unsubscribe;

use std::time::Duration;

use almanac_tests::{OrFail, Stack, User, actor::synthesis::recipients, invariants, stack::PUBLIC_URL};
use serde_json::{Value, json};
use uuid::Uuid;

/// For what a slow machine may take its time.
const SOON: Duration = Duration::from_secs(60);

/// A theme whose schedule fires at once, and its recipients.
struct Mailing {
    anna: User,
    theme: String,
    to: Vec<String>,
}

impl Mailing {
    /// Fires.
    async fn start(stack: &Stack, readers: usize) -> Self {
        let mailing = Self::prepare(stack, readers).await;
        mailing.fire().await;
        mailing
    }

    /// Has not fired yet.
    async fn prepare(stack: &Stack, readers: usize) -> Self {
        let anna = stack.user();
        let theme = anna.theme(&json!({})).await;
        Self { anna, theme, to: recipients(readers) }
    }

    async fn fire(&self) {
        self.anna.schedule(&self.theme, &json!({ "emails": self.to })).await;
    }

    /// The synthesis, once it is made.
    async fn synthesis(&self) -> String {
        self.anna.wait_for_decision(&self.theme, &["delivering", "done"]).await;
        let newest = self.anna.syntheses(&self.theme).await.into_iter().next().or_fail("a synthesis");
        newest["id"].as_str().or_fail("its id").to_owned()
    }

    /// Waits for the end of the fire; its reason.
    async fn done(&self) -> Value {
        self.anna.wait_for_decision(&self.theme, &["done"]).await["reason"].clone()
    }

    /// Fails the test unless each recipient got exactly one mail, and all jobs have ended.
    async fn assert_each_got_one(&self, stack: &Stack) {
        for address in &self.to {
            stack.world.mail().ledger().the_only_mail(address);
        }
        self.assert_ended(stack).await;
    }

    /// Fails the test unless all jobs have ended.
    async fn assert_ended(&self, stack: &Stack) {
        let synthesis = self.synthesis().await;
        let mut jobs: Vec<Uuid> = vec![synthesis.parse().or_fail("an id")];
        for mail in self.anna.deliveries(&synthesis).await {
            jobs.push(mail["id"].as_str().or_fail("an id").parse().or_fail("an id"));
        }
        invariants::assert_all(&stack.admin().await, &jobs).await;
    }
}

/// The path of a link to this service.
fn path_of(url: &str) -> &str {
    url.strip_prefix(PUBLIC_URL).or_fail("a link to this service")
}
