//! What posts say and show: texts as people wrote them, pictures, and media that no worker may use.

use almanac_tests::{
    OrFail, Stack,
    world::channels::{Exchange, Site, Step},
};
use serde_json::{Value, json};

use super::{SITES, connected, ending, sends};

/// The address of a file of the world.
fn media(stack: &Stack, name: &str) -> String {
    format!("{}/{name}", stack.world.channel_base_url(stack.world.address(), "media"))
}

fn pictures(stack: &Stack, names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| json!({ "url": media(stack, name), "type": "image" })).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_arrives_as_it_was_written() {
    let stack = Stack::shared().await;
    let caption = "A cup (or two) @ home: 50% <off> *today* ~ [new] {blend} | a_b \\ é 🎉";
    for site in SITES {
        let (anna, grant) = connected(&stack, site).await;
        let entry = json!({ "channel": grant.channel(), "caption": caption, "hashtags": ["#coffee", "#slow_morning"] });
        let written = anna.write_entries(&[entry]).await;
        let id = anna.published(&written.order(&json!({}))).await.intents.remove(0);

        anna.wait_for_intent(&id, "published").await;

        let expected = format!("{caption}\n\n#coffee #slow_morning");
        stack.world.channels().ledger().the_only_post(&grant.account, &expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_are_part_of_the_post_and_are_uploaded_once() {
    let stack = Stack::shared().await;
    for site in SITES {
        let (anna, grant) = connected(&stack, site).await;
        let entries = [
            json!({ "channel": grant.channel(), "caption": "One", "media": pictures(&stack, &["one.jpg"]) }),
            json!({
                "channel": grant.channel(), "caption": "Three", "format": "carousel",
                "media": pictures(&stack, &["a.jpg", "b.png", "c.gif"]),
            }),
        ];
        let written = anna.write_entries(&entries).await;
        let published = anna.published(&written.order(&json!({}))).await;

        for intent in anna.wait_for_ends(&published.intents).await {
            assert_eq!(ending(&intent), ("published", ""), "{intent}");
        }

        let ledger = stack.world.channels().ledger();
        let (one, three) = (ledger.the_only_post(&grant.account, "One"), ledger.the_only_post(&grant.account, "Three"));
        let uploads = ledger.requests(&grant.account, Step::Upload).len();
        if site == Site::Facebook {
            let urls = ["a.jpg", "b.png", "c.gif"].map(|name| media(&stack, name));
            assert_eq!((one.media, three.media), (vec![media(&stack, "one.jpg")], urls.to_vec()));
            assert_eq!(uploads, 3, "one photo for each picture of the carousel");
        } else {
            assert_eq!((one.media.len(), three.media.len()), (1, 3));
            assert_eq!(uploads, 8, "an upload is begun and made for each picture");
        }
    }
}

fn media_reads(stack: &Stack, name: &str) -> Vec<Exchange> {
    let all = stack.world.channels().ledger().exchanges().into_iter();
    all.filter(|exchange| exchange.site == Site::Media && exchange.target.contains(name)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn media_that_no_channel_takes_fail_before_the_first_call() {
    let stack = Stack::shared().await;
    for site in SITES {
        let (anna, grant) = connected(&stack, site).await;
        let names =
            ["text.jpg", "huge.jpg", "some.txt", "missing.exe", "to-private.jpg", "to-metadata.jpg", "loop.jpg"];
        let entry =
            |name: &&str| json!({ "channel": grant.channel(), "caption": *name, "media": pictures(&stack, &[name]) });
        let written = anna.write_entries(&names.iter().map(entry).collect::<Vec<_>>()).await;
        let published = anna.published(&written.order(&json!({}))).await;

        for (name, intent) in names.iter().zip(anna.wait_for_ends(&published.intents).await) {
            let (status, code) = ending(&intent);
            assert!(status == "failed" && code.starts_with("MEDIA_"), "{name}: {intent}");
            assert!(!intent.to_string().contains("169.254"), "{name}: no address inside a network is shown: {intent}");
        }

        let ledger = stack.world.channels().ledger();
        assert_eq!((sends(ledger, &grant), ledger.requests(&grant.account, Step::Upload).len()), (0, 0));
    }
    let reads = media_reads(&stack, "huge.jpg");
    assert!(reads.iter().all(|read| read.token_end.is_empty()), "hosts of media get no token");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_has_moved_is_followed() {
    let stack = Stack::shared().await;
    let (anna, grant) = connected(&stack, Site::Linkedin).await;
    let entry = json!({ "channel": "linkedin", "caption": "Moved", "media": pictures(&stack, &["moved.jpg"]) });
    let written = anna.write_entries(&[entry]).await;

    let id = anna.published(&written.order(&json!({}))).await.intents.remove(0);

    anna.wait_for_intent(&id, "published").await;
    stack.world.channels().ledger().the_only_post(&grant.account, "Moved");
    assert!(!media_reads(&stack, "picture.jpg").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_channel_does_not_take_fails_in_the_dry_run_too() {
    let stack = Stack::shared().await;
    let (anna, grant) = connected(&stack, Site::Linkedin).await;
    let entries = [
        (json!({ "caption": "x".repeat(3_001) }), "TEXT_TOO_LONG"),
        (json!({ "caption": "A story", "format": "story" }), "FORMAT_UNSUPPORTED"),
        (json!({ "caption": "A reel", "format": "reel" }), "MEDIA_REQUIRED"),
    ];
    let bodies: Vec<Value> = entries
        .iter()
        .map(|(entry, _)| {
            let mut entry = entry.clone();
            entry["channel"] = "linkedin".into();
            entry
        })
        .collect();
    let written = anna.write_entries(&bodies).await;

    let dry = anna.publish(&written.order(&json!({ "dryRun": true }))).await.expect(200).data();

    let shown = dry["intents"].as_array().or_fail("intents");
    for ((_, code), intent) in entries.iter().zip(shown) {
        assert_eq!(ending(intent), ("failed", *code), "{intent}");
    }
    let real = anna.publish(&written.order(&json!({}))).await;
    let real = real.expect(202).data();
    let ids: Vec<String> =
        real["intents"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect();
    for ((_, code), intent) in entries.iter().zip(anna.wait_for_ends(&ids).await) {
        assert_eq!(ending(&intent), ("failed", *code), "{intent}");
    }
    assert_eq!(sends(stack.world.channels().ledger(), &grant), 0);
}
