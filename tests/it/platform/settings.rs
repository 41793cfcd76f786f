//! Start-up with an invalid environment: all mistakes at once, by name, without secrets.

use std::time::Duration;

use almanac_tests::Stack;

const WITHIN: Duration = Duration::from_secs(45);

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_is_named_in_one_refusal_to_start() {
    let stack = Stack::builder().start().await;
    let both = [
        ("DATABASE_URL", "mysql://almanac:canary-1f@db/almanac"),
        ("REDIS_URL", "http://:canary-2f@cache"),
        ("LOG_LEVEL", "loud"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector"),
        ("METRICS_ADDR", "9464"),
        ("PUBLISH_TRANSPORT", "perhaps"),
        ("CREDENTIALS_KEY", "canary-4f"),
        ("LINKEDIN_BASE_URL", "linkedin"),
    ];
    let api = [
        ("API_ADDR", "localhost"),
        ("AUTH_JWT_SECRET", "canry"),
        ("AUTH_JWKS_URL", "http://id.example.test/jwks.json"),
        ("CORS_ALLOWED_ORIGINS", "*"),
        ("TRUSTED_PROXIES", "10.0.0.0/99"),
        ("SIGNING_KEY", "canary-3f"),
        ("STREAMS_PER_USER", "0"),
        ("GENERATION_RATE", "5 per minute"),
    ];
    let worker = [("AI_BASE_URL", "ftp://models"), ("WORKER_CONCURRENCY", "unknown=3"), ("JOB_MAX_CRASHES", "none")];

    for (node, own) in [(stack.api(0), &api[..]), (stack.worker(0), &worker[..])] {
        node.kill().await;
        let wrong: Vec<_> = both.iter().chain(own).collect();
        wrong.iter().for_each(|(name, value)| node.set(name, value));
        let before = node.log().len();
        node.launch();
        let status = node.wait_exit(WITHIN).await;

        let said = node.log().split_off(before);
        assert!(!status.success(), "{} started: {said}", node.name);
        for (name, _) in &wrong {
            let told = said.lines().filter(|line| line.trim_start().starts_with(&format!("{name}: "))).count();
            assert_eq!(told, 1, "{name} in: {said}");
        }
        assert!(said.contains(&format!("{} mistake(s)", wrong.len())), "{said}");
        assert!(!said.contains("canary") && !said.contains("canry"), "a secret is shown: {said}");
    }
}
