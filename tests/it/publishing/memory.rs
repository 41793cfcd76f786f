//! What uploads cost a worker: videos are streamed, and never held. Part of `make storm` by name.

use std::{fs, time::Duration};

use almanac_tests::{
    OrFail, Stack,
    actor::publishing::texts,
    eventually,
    world::channels::{Site, video},
};
use serde_json::json;

use super::{
    connected,
    videos::{address, few_at_a_time},
};

const MEBIBYTE: u64 = 1 << 20;
const MOST_ABOVE_IDLE: u64 = 64 * MEBIBYTE;
const VIDEO: &str = "video-60s-500MB.mp4";
const PATIENCE: Duration = Duration::from_secs(1_800);

/// A line of `/proc/<pid>/status` in bytes.
fn memory(pid: i32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).or_fail("the status of a worker");
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).or_fail("its memory");
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().or_fail("a number");
    kibibytes * 1024
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: make storm T=eight_videos"]
async fn eight_videos_of_500_mb_at_once_cost_64_mib_at_most() {
    let stack = Stack::builder()
        .worker_env("WORKER_CONCURRENCY", "publishing=12,calendar=2")
        .worker_env("CHANNEL_CALL_TIMEOUT_MS", "30000")
        .start()
        .await;
    let pid = stack.worker(0).pid();
    let idle = memory(pid, "VmRSS");
    let sites = [Site::Youtube, Site::Tiktok, Site::Linkedin].into_iter().cycle().take(8);
    let submit = async |site| {
        let (anna, grant) = connected(&stack, site).await;
        let text = texts(1).remove(0);
        let entry = json!({ "channel": grant.channel(), "caption": text, "format": "video",
                            "media": [{ "url": address(&stack, VIDEO), "type": "video" }] });
        let written = anna.write_entries(&[entry]).await;
        let intent = anna.published(&written.order(&json!({}))).await.intents.remove(0);
        (anna, grant, text, intent)
    };
    let clips = few_at_a_time(sites, submit).await;

    for (anna, grant, text, intent) in &clips {
        let published = async || (anna.intent(intent).await["status"] == "published").then_some(());
        eventually(PATIENCE, "it is published", published).await;
        let post = stack.world.channels().ledger().the_only_post(&grant.account, text);
        assert_eq!(post.content, Some(video(VIDEO)));
    }

    assert_eq!(stack.worker(0).pid(), pid, "the same process");
    let most = memory(pid, "VmHWM");
    let above = most.saturating_sub(idle);
    let shown = |bytes: u64| bytes as f64 / MEBIBYTE as f64;
    eprintln!("idle {:.1} MiB, at most {:.1} MiB: {:.1} MiB above idle", shown(idle), shown(most), shown(above));
    assert!(above <= MOST_ABOVE_IDLE, "{above} bytes above idle");
}
