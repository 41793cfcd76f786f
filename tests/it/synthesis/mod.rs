//! Syntheses: themes with feeds, what is summed up of them, and schedules. What feeds were asked is read from the world's own
//! ledger.

mod fires;
mod generation;
mod locks;
mod scheduler;
mod schedules;
mod sources;
mod themes;

use std::time::Duration;

use almanac_tests::{
    Stack,
    world::feeds::{Feed, Item},
};
use serde_json::{Value, json};

/// For what a slow machine may take its time.
const SOON: Duration = Duration::from_secs(60);

/// Some articles of the last days.
fn articles(count: usize) -> Vec<Item> {
    let article = |number: usize| {
        Item::new(&format!("Article {number}"), &format!("https://news.example/{number}"))
            .hours_old(i64::try_from(number).unwrap() + 1)
            .html(&format!("<p>Farmers in valley {number} picked <b>early</b> this year.</p>"))
    };
    (0..count).map(article).collect()
}

/// Serves feeds of the world under these names; the fields of a theme that reads them.
fn feeds(stack: &Stack, feeds: Vec<(&str, Feed)>) -> Value {
    let urls: Vec<String> = feeds.iter().map(|(name, _)| stack.world.feed_url(stack.world.address(), name)).collect();
    for (name, feed) in feeds {
        stack.world.feeds().serve(name, feed);
    }
    json!({ "sources": urls })
}
