//! Videos that workers upload in parts: what their tests share, and uploads that are cut off at each of their steps. After
//! a kill, a stall or a stranger's lock an upload goes on, and there is one post of the whole file.

use std::{os::unix::process::ExitStatusExt, time::Duration};

use almanac_tests::{
    Mode, Stack, User,
    actor::publishing::{Written, texts},
    eventually,
    world::channels::{Grant, Post, Script, Site, Step, video},
};
use futures_util::{StreamExt, future::join_all, stream};
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    SOON, assert_all_ended, assert_ledgers_agree, connected,
    locks::{Row, held_for, hold},
    media_posts::{Draft, MediaPost, account},
    sends,
};

/// On YouTube a part and a last one; on LinkedIn three parts of the size that [`Clip::submit`] asks for.
pub(super) const SHORT: &str = "video-12s-600KiB.mp4";

/// An entry with a video on its way to an account.
pub(super) struct Clip {
    pub(super) anna: User,
    pub(super) grant: Grant,
    pub(super) text: String,
    /// The video's name at the host of media.
    name: String,
    pub(super) url: String,
    written: Written,
    /// Empty until it is published.
    pub(super) intent: String,
}

impl Clip {
    /// Publishes a video on an account of its own that plays these scripts, and then executes everything.
    pub(super) async fn submit(stack: &Stack, site: Site, name: &str, scripts: &[(Step, Vec<Script>)]) -> Self {
        Self::write(stack, site, name, &json!({})).await.playing(stack, scripts).submitted().await
    }

    /// Writes an entry with a video and with these fields.
    pub(super) async fn write(stack: &Stack, site: Site, name: &str, fields: &Value) -> Self {
        let (anna, grant) = connected(stack, site).await;
        let channels = stack.world.channels();
        channels.set_parts(&grant.account, 256 << 10, true);
        let url = address(stack, name);
        let text = texts(1).remove(0);
        let mut entry = json!({ "channel": grant.channel(), "caption": text, "format": "video",
                                "media": [{ "url": url, "type": "video" }] });
        for (name, value) in fields.as_object().into_iter().flatten() {
            entry[name] = value.clone();
        }
        let written = anna.write_entries(&[entry]).await;
        Self { anna, grant, text, name: name.to_owned(), url, written, intent: String::new() }
    }

    /// Its account plays these scripts, and then executes everything.
    pub(super) fn playing(self, stack: &Stack, scripts: &[(Step, Vec<Script>)]) -> Self {
        for (step, scripts) in scripts {
            stack.world.channels().play(&self.grant.account, *step, scripts.iter().cloned().chain([Script::Ok]));
        }
        self
    }

    /// Publishes it.
    pub(super) async fn submitted(self) -> Self {
        let intent = self.anna.published(&self.written.order(&json!({}))).await.intents.remove(0);
        Self { intent, ..self }
    }

    /// Waits until it is published, and fails unless there is one post, of the whole video.
    pub(super) async fn assert_published(&self, stack: &Stack) -> Post {
        let intent = self.anna.wait_for_intent(&self.intent, "published").await;
        let post = stack.world.channels().ledger().the_only_post(&self.grant.account, &self.text);
        assert_eq!(intent["externalId"], post.id, "{intent}");
        assert_eq!(post.content, Some(video(&self.name)), "{} arrived as it is", self.name);
        self.assert_agrees(stack).await;
        post
    }

    /// Waits until it failed, and fails unless it did so with a code and nothing was posted.
    pub(super) async fn assert_failed(&self, stack: &Stack, code: &str) {
        let intent = self.anna.wait_for_intent(&self.intent, "failed").await;
        assert_eq!(intent["error"]["code"], code, "{}: {intent}", self.name);
        assert_eq!(stack.world.channels().ledger().posts(&self.grant.account), [], "{}", self.name);
        self.assert_agrees(stack).await;
    }

    pub(super) async fn assert_agrees(&self, stack: &Stack) {
        assert_ledgers_agree(stack, &self.anna, &self.grant).await;
        assert_all_ended(stack, &self.anna, std::slice::from_ref(&self.intent)).await;
    }

    /// Number of requests for a step.
    pub(super) fn requests(&self, stack: &Stack, step: Step) -> usize {
        stack.world.channels().ledger().requests(&self.grant.account, step).len()
    }
}

/// The address of a video in a folder of its own.
pub(super) fn address(stack: &Stack, name: &str) -> String {
    let base = stack.world.channel_base_url(stack.world.address(), "media");
    format!("{base}/{}/{name}", Uuid::new_v4().simple())
}

/// Does something a few at a time: an API process has few connections.
pub(super) async fn few_at_a_time<T, R>(all: impl IntoIterator<Item = T>, each: impl AsyncFn(T) -> R) -> Vec<R> {
    let each = &each;
    stream::iter(all).map(|one| async move { each(one).await }).buffered(4).collect().await
}

/// Uploads one video for each script at its step; all must end as one post each.
pub(super) async fn assert_published_in_spite_of(stack: &Stack, site: Site, faults: &[(Step, &[Script])]) {
    let cases = faults.iter().flat_map(|(step, scripts)| scripts.iter().map(|script| (*step, script.clone())));
    let submit = async |(step, script): (Step, Script)| {
        let clip = Clip::submit(stack, site, SHORT, &[(step, vec![script.clone()])]).await;
        (clip, step, script)
    };
    for (clip, step, script) in few_at_a_time(cases, submit).await {
        clip.assert_published(stack).await;
        let intent = clip.anna.intent(&clip.intent).await;
        assert!(clip.requests(stack, step) > 0, "{step:?} {script:?}: {intent}");
    }
}

/// What happens to the only worker while requests are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blow {
    Kill,
    /// It stands still for longer than its lease.
    Stall,
    /// A stranger holds a row of each intent.
    Lock(Row),
}

/// Steps at which requests of an upload are held, before and after they are executed.
const HELD: [(Site, Step, Script); 13] = [
    (Site::Youtube, Step::Init, Script::Hold),
    (Site::Youtube, Step::Init, Script::AcceptThenHold),
    (Site::Youtube, Step::Chunk, Script::HoldAfter(300_000)),
    (Site::Youtube, Step::Chunk, Script::AcceptThenHold),
    (Site::Youtube, Step::Publish, Script::HoldAfter(1_000)),
    (Site::Youtube, Step::Publish, Script::AcceptThenHold),
    (Site::Youtube, Step::Status, Script::Hold),
    (Site::Linkedin, Step::Init, Script::AcceptThenHold),
    (Site::Linkedin, Step::Chunk, Script::HoldAfter(100_000)),
    (Site::Linkedin, Step::Chunk, Script::AcceptThenHold),
    (Site::Linkedin, Step::Finish, Script::AcceptThenHold),
    (Site::Linkedin, Step::Status, Script::Hold),
    (Site::Linkedin, Step::Publish, Script::AcceptThenHold),
];

async fn survives(blow: Blow) {
    let stack = Stack::builder()
        .worker_env("WORKER_CONCURRENCY", "publishing=20,calendar=2")
        .worker_env("CHANNEL_CALL_TIMEOUT_MS", "3000")
        .start()
        .await;
    let write = async |(site, step, script): (Site, Step, Script)| {
        Clip::write(&stack, site, SHORT, &json!({})).await.playing(&stack, &[(step, vec![script])])
    };
    let written = few_at_a_time(HELD, write).await;
    stack.worker(0).kill().await;
    let clips = few_at_a_time(written, Clip::submitted).await;
    let all_hold = join_all(clips.iter().map(|clip| stack.world.channels().wait_until_holding(&clip.grant.account)));
    let release = || clips.iter().for_each(|clip| stack.world.release(&clip.grant.account));
    tokio::join!(stack.worker(0).start(), all_hold);

    match blow {
        Blow::Kill => {
            stack.worker(0).restart().await;
            release();
        }
        Blow::Stall => {
            stack.worker(0).pause();
            release();
            eventually(SOON, "its leases run out", async || leases_are_over(&stack).await).await;
            stack.worker(0).resume();
        }
        Blow::Lock(row) => {
            let holders = join_all(clips.iter().map(|clip| hold(&stack, row, clip.anna.id))).await;
            let began = Instant::now();
            release();
            // Longer than one try to write waits for a row.
            held_for(began, Duration::from_secs(2)).await;
            for holder in holders {
                holder.rollback().await.unwrap();
            }
        }
    }

    for (clip, held) in clips.iter().zip(HELD) {
        let post = clip.assert_published(&stack).await;
        assert_eq!(post.text, clip.text, "{blow:?} {held:?}");
        if held.1 == Step::Publish && held.2 == Script::AcceptThenHold {
            assert_eq!(sends(stack.world.channels().ledger(), &clip.grant), 1, "{blow:?} {held:?}: sent once");
        }
    }
}

/// Whether no worker has a lease of an intent. On a slow machine a worker is paused after its request has timed out: the
/// job then waits without a lease.
pub(super) async fn leases_are_over(stack: &Stack) -> Option<()> {
    let sql = "SELECT bool_and(lease_expires_at < clock_timestamp()) FROM almanac.jobs
                WHERE kind = 'publishing.publish' AND state = 'running'";
    let over: Option<bool> = sqlx::query_scalar(sql).fetch_one(&stack.admin().await).await.unwrap();
    over.unwrap_or(true).then_some(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_at_any_step_of_an_upload_posts_one_video() {
    survives(Blow::Kill).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stalls_at_any_step_of_an_upload_posts_one_video() {
    survives(Blow::Stall).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_held_at_any_step_of_an_upload_only_delays_it() {
    join_all([Row::Intent, Row::Job].map(|row| survives(Blow::Lock(row)))).await;
}

/// The only worker dies at `point`, and is started again.
async fn survives_a_crash_at(point: &str) {
    let stack = Stack::builder().worker_env("CHANNEL_CALL_TIMEOUT_MS", "3000").start().await;
    let sites = [Site::Youtube, Site::Linkedin, Site::Youtube, Site::Linkedin];
    let written = few_at_a_time(sites, async |site| Clip::write(&stack, site, SHORT, &json!({})).await).await;
    stack.worker(0).kill().await;
    let clips = few_at_a_time(written, Clip::submitted).await;
    stack.worker(0).set("ALMANAC_CRASH_AT", point);
    stack.worker(0).start().await;
    assert_eq!(stack.worker(0).wait_exit(SOON).await.signal(), Some(9), "{point}: the crash point fired");
    stack.worker(0).unset("ALMANAC_CRASH_AT");

    stack.worker(0).start().await;

    for clip in &clips {
        clip.assert_published(&stack).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_at_a_crash_point_of_an_upload_posts_one_video() {
    let points =
        ["publish_opened:2", "publish_prepared:2", "publish_sending:2", "publish_answered", "publish_answered:3"];

    for some in points.chunks(2) {
        join_all(some.iter().map(|point| survives_a_crash_at(point))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn networks_that_are_away_cost_no_attempt_and_no_video() {
    let stack = Stack::builder().proxied().start().await;
    let cases =
        [(Site::Facebook, "reel"), (Site::Instagram, "reel"), (Site::Youtube, "video"), (Site::Linkedin, "video")];
    let write = async |(site, format): (Site, &'static str)| {
        let account = account(&stack, stack.world.channels().account(site), &[]).await;
        MediaPost::write(&stack, account, format, &[SHORT]).await
    };
    let drafts = few_at_a_time(cases, write).await;
    stack.proxies().provider.set(Mode::Refuse).await;
    let posts = few_at_a_time(drafts, Draft::submit).await;
    for made in &posts {
        let channel = format!("\"channel\":\"{}\"", made.grant.channel());
        let tried = async || {
            let log = stack.worker(0).log();
            let mut failures = log.lines().filter(|line| line.contains("a request to the channel failed"));
            failures.any(|line| line.contains(&channel)).then_some(())
        };
        eventually(SOON, "the worker tries", tried).await;
    }

    stack.proxies().provider.set(Mode::Pass).await;

    join_all(posts.iter().map(|made| made.assert_published(&stack, 1..=1))).await;
    let attempts: Vec<i32> = sqlx::query_scalar("SELECT attempt FROM almanac.jobs WHERE kind = 'publishing.publish'")
        .fetch_all(&stack.admin().await)
        .await
        .unwrap();
    assert_eq!(attempts, [0; 4]);
}
