//! Redis over TLS, with a certificate that a private authority signed.

use std::time::Duration;

use almanac_tests::{Script, Stack, eventually, services::authority, world::source_text};
use http::Method;
use serde_json::json;

/// The number of connections to the TLS port of Redis that have sent a command. One whose handshake is under way or has
/// just failed is in the list too, but has sent none.
async fn connections(stack: &Stack, url: &str) -> usize {
    let port = url.rsplit(':').next().unwrap_or_default().to_owned();
    let mut connection = stack.services.redis.connect().await;
    let list: String = redis::cmd("CLIENT").arg("LIST").query_async(&mut connection).await.unwrap();
    let (at_port, silent) = (format!(" laddr=127.0.0.1:{port} "), " cmd=NULL ");
    list.lines().filter(|client| client.contains(&at_port) && !client.contains(silent)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_processes_connect_to_redis_over_tls() {
    let stack = Stack::builder().start().await;
    let (anna, url) = (stack.user(), stack.services.redis.serve_tls().await);
    stack.world.play("tls", [Script::hold_after(2)]);
    let within = Duration::from_secs(60);

    for node in [stack.worker(0), stack.api(0)] {
        node.kill().await;
        node.set("REDIS_URL", &url);
        node.set("SSL_CERT_FILE", &authority());
    }
    stack.worker(0).start().await;
    let connected = || async { (connections(&stack, &url).await >= 2).then_some(()) };
    eventually(within, "the worker is connected over TLS", connected).await;
    stack.api(0).start().await;

    assert_eq!(anna.get("/readyz").await.expect(200).json()["redis"], "up");
    let job = anna.generate(&source_text("tls")).await;
    // The second suggestion comes while the provider holds: by pub/sub or by the tail read.
    let mut stream = anna.follow(&job).await;
    stream.next_of("suggestion").await;
    stack.world.release("tls");
    assert_eq!(stream.next_of("done").await.json()["status"], "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_with_an_untrusted_certificate_counts_as_down() {
    let stack = Stack::builder().workers(0).start().await;
    let (anna, url) = (stack.user(), stack.services.redis.serve_tls().await);
    let node = stack.api(0);

    node.kill().await;
    node.set("REDIS_URL", &url);
    node.start().await;

    let ready = anna.request(Method::GET, "/readyz").send().await.expect(200).json();
    assert_eq!((&ready["status"], &ready["redis"]), (&json!("degraded"), &json!("down")));
    assert_eq!(connections(&stack, &url).await, 0);
}
