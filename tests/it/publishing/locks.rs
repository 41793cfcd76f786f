//! Rows that another transaction holds while an intent is published: nothing is lost, nothing is posted twice, and no
//! other intent waits for them.

use std::time::Duration;

use almanac_tests::{
    Stack,
    actor::publishing::texts,
    eventually,
    world::channels::{Script, Site, Step},
};
use sqlx::AssertSqlSafe;
use tokio::time::Instant;
use uuid::Uuid;

use super::{SOON, assert_all_ended, assert_ledgers_agree, connected, sends};

/// Rows of a person's only intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Row {
    Intent,
    Attempt,
    Effect,
    Account,
    ReceiptHead,
    Job,
}

impl Row {
    pub(super) const ALL: [Self; 6] =
        [Self::Intent, Self::Attempt, Self::Effect, Self::Account, Self::ReceiptHead, Self::Job];

    const fn table_and_condition(self) -> (&'static str, &'static str) {
        match self {
            Self::Intent => ("publish_intents", "user_id = $1"),
            Self::Attempt => ("publish_attempts", "user_id = $1"),
            Self::Effect => ("effects", "user_id = $1 AND kind = 'post'"),
            Self::Account => ("channel_credentials", "user_id = $1"),
            Self::ReceiptHead => ("publish_receipt_heads", "user_id = $1"),
            Self::Job => ("jobs", "user_id = $1 AND kind = 'publishing.publish'"),
        }
    }
}

/// Holds a row under the strongest lock until it is rolled back.
pub(super) async fn hold(stack: &Stack, row: Row, user: Uuid) -> sqlx::Transaction<'static, sqlx::Postgres> {
    let mut holder = stack.admin().await.begin().await.unwrap();
    let (table, condition) = row.table_and_condition();
    let lock = format!("SELECT FROM almanac.{table} WHERE {condition} FOR UPDATE");
    let held = sqlx::query(AssertSqlSafe(lock)).bind(user).execute(&mut *holder).await.unwrap();
    assert_eq!(held.rows_affected(), 1, "{row:?}");
    holder
}

pub(super) async fn held_for(began: Instant, time: Duration) {
    eventually(SOON, "the row was held for a while", async || (began.elapsed() > time).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_held_while_a_post_is_answered_loses_no_answer() {
    let stack = Stack::builder().start().await;
    for row in Row::ALL {
        let (anna, grant) = connected(&stack, Site::Facebook).await;
        let (ben, bens) = connected(&stack, Site::Linkedin).await;
        let channels = stack.world.channels();
        channels.play(&grant.account, Step::Publish, [Script::AcceptThenHold, Script::Ok]);
        let texts = texts(2);
        let (id, _) = anna.publish_text("facebook", &texts[0]).await;
        channels.wait_until_holding(&grant.account).await;

        let holder = hold(&stack, row, anna.id).await;
        let began = Instant::now();
        stack.world.release(&grant.account);
        let (other, _) = ben.publish_text("linkedin", &texts[1]).await;
        ben.wait_for_intent(&other, "published").await;
        // Longer than one try to write waits for a row.
        held_for(began, Duration::from_secs(2)).await;
        holder.rollback().await.unwrap();

        anna.wait_for_intent(&id, "published").await;
        channels.ledger().the_only_post(&grant.account, &texts[0]);
        channels.ledger().the_only_post(&bens.account, &texts[1]);
        assert_eq!(sends(channels.ledger(), &grant), 1, "{row:?}: sent once");
        assert_ledgers_agree(&stack, &anna, &grant).await;
        assert_all_ended(&stack, &anna, &[id]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_held_before_a_post_is_sent_only_delays_it() {
    let stack = Stack::builder().worker_env("WORKER_CONCURRENCY", "publishing=1,calendar=2").start().await;
    for row in [Row::Intent, Row::Attempt, Row::Account, Row::ReceiptHead, Row::Job] {
        let (anna, grant) = connected(&stack, Site::Facebook).await;
        let (ben, _) = connected(&stack, Site::Facebook).await;
        let texts = texts(2);
        let (of_anna, of_ben) = (anna.write("facebook", &texts[..1]).await, ben.write("facebook", &texts[1..]).await);
        stack.worker(0).kill().await;
        let id = anna.published(&of_anna.order(&serde_json::json!({}))).await.intents.remove(0);
        let other = ben.published(&of_ben.order(&serde_json::json!({}))).await.intents.remove(0);
        let holder = hold(&stack, row, anna.id).await;

        stack.worker(0).start().await;

        ben.wait_for_intent(&other, "published").await;
        holder.rollback().await.unwrap();
        anna.wait_for_intent(&id, "published").await;
        stack.world.channels().ledger().the_only_post(&grant.account, &texts[0]);
        assert_eq!(sends(stack.world.channels().ledger(), &grant), 1, "{row:?}: sent once");
        assert_all_ended(&stack, &anna, &[id]).await;
    }
}

/// Ten answers come at once while a stranger holds the rows of two of them, and the chain of receipts.
#[tokio::test(flavor = "multi_thread")]
async fn held_rows_of_some_intents_keep_no_other_from_ending() {
    let stack = Stack::builder().start().await;
    let mut people = Vec::new();
    for number in 0..10 {
        let (anna, grant) = connected(&stack, Site::Facebook).await;
        stack.world.channels().play(&grant.account, Step::Publish, [Script::AcceptThenHold, Script::Ok]);
        let text = format!("Post of person {number}");
        let (id, _) = anna.publish_text("facebook", &text).await;
        people.push((anna, grant, id, text));
        // Held one by one: a network does not wait for long.
        let (_, grant, ..) = people.last().unwrap();
        stack.world.channels().wait_until_holding(&grant.account).await;
        if number < 8 {
            stack.world.release(&grant.account);
        }
    }
    let holders =
        [hold(&stack, Row::Intent, people[8].0.id).await, hold(&stack, Row::ReceiptHead, people[9].0.id).await];

    people[8..].iter().for_each(|(_, grant, ..)| stack.world.release(&grant.account));

    for (anna, _, id, _) in &people[..8] {
        anna.wait_for_intent(id, "published").await;
    }
    for holder in holders {
        holder.rollback().await.unwrap();
    }
    for (anna, grant, id, text) in &people {
        anna.wait_for_intent(id, "published").await;
        stack.world.channels().ledger().the_only_post(&grant.account, text);
        assert_eq!(sends(stack.world.channels().ledger(), grant), 1, "{text}");
    }
}
