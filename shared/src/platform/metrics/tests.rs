//! What the processes say, read back from the text that Prometheus gets.

use chrono::DateTime;

use super::*;
use crate::platform::error::Code;

/// The value of a sample, by its whole name with labels.
fn sample(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

#[test]
fn every_family_shows_what_was_said_to_it() {
    let metrics = Metrics::new("almanac-worker");

    metrics.http_request("GET", "/v1/jobs/:id", 200, 0.003);
    metrics.http_request("BREW", "unknown", 404, 0.001);
    metrics.rate_limited("generation");
    metrics.job_accepted("flashcards.generate");
    metrics.job_picked_up("flashcards", PickupSource::Ring, 0.0007);
    metrics.job_picked_up("flashcards", PickupSource::Poll, 2.0);
    metrics.job_finished("flashcards.generate", "succeeded", 1.5);
    metrics.job_retried();
    metrics.job_reaped();
    metrics.job_poisoned();
    metrics.lease_lost();
    metrics.generation_ended("succeeded");
    metrics.llm_call("openrouter", "m", "succeeded", 0.7);
    metrics.llm_usage(100, 20, 0.25);
    metrics.llm_usage(1, 1, f64::NAN);
    metrics.provider_failed("PROVIDER_TIMEOUT");
    metrics.breaker("openrouter", "m", true);
    metrics.ring_failed();
    metrics.redis_up(true);
    metrics.queue_depth("flashcards", "queued", 7);
    metrics.stream_ended("calendar.generate", "done");
    metrics.stream_ended("calendar.generate", "write_timeout");
    metrics.tail_read(2);
    let at = |seconds: i64| DateTime::from_timestamp(1_769_414_400 + seconds, 0).unwrap();
    metrics.intent_ended("tiktok", IntentEnd::Failed, Some(Code::ProviderError), at(60));
    metrics.intent_ended("tiktok", IntentEnd::Failed, Some(Code::ChannelNotConfigured), at(61));
    metrics.intent_ended("tiktok", IntentEnd::Published, None, at(62));
    metrics.publish_waiting("tiktok", "needs_review", 3);
    metrics.publish_dry_run("tiktok", false);
    metrics.channel_call("tiktok", "upload", "rate_limited", 0.7);
    metrics.channel_auth_missing("tiktok", Code::ChannelAuthMissing);
    metrics.channel_auth_missing("tiktok", Code::RateLimited);
    metrics.release_first_started(at(0));
    metrics.schedule_fired("started");
    metrics.bad_fires("missed", 2);
    metrics.schedule_lag(7);
    metrics.mail_ended("sent");
    metrics.mail_reported("delivered");

    let text = metrics.render();
    for (name, value) in [
        (r#"almanac_http_requests_total{service="S",method="GET",route="/v1/jobs/:id",status="200"}"#, 1.0),
        (r#"almanac_http_requests_total{service="S",method="other",route="unknown",status="404"}"#, 1.0),
        (r#"almanac_http_request_seconds_bucket{service="S",le="0.005",method="GET",route="/v1/jobs/:id"}"#, 1.0),
        (r#"almanac_rate_limited_total{service="S",family="generation"}"#, 1.0),
        (r#"almanac_schedule_fires_total{service="S",outcome="started"}"#, 1.0),
        (r#"almanac_schedule_fires_bad{service="S",outcome="missed"}"#, 2.0),
        (r#"almanac_schedule_lag_seconds{service="S"}"#, 7.0),
        (r#"almanac_mails_total{service="S",status="sent"}"#, 1.0),
        (r#"almanac_mails_total{service="S",status="failed"}"#, 0.0),
        (r#"almanac_mail_reports_total{service="S",status="delivered"}"#, 1.0),
        (r#"almanac_jobs_accepted_total{service="S",kind="flashcards.generate"}"#, 1.0),
        (r#"almanac_jobs_pickup_seconds_count{service="S",lane="flashcards",source="ring"}"#, 1.0),
        (r#"almanac_jobs_pickup_seconds_sum{service="S",lane="flashcards",source="poll"}"#, 2.0),
        (r#"almanac_jobs_finished_total{service="S",kind="flashcards.generate",state="succeeded"}"#, 1.0),
        (r#"almanac_jobs_run_seconds_sum{service="S",kind="flashcards.generate"}"#, 1.5),
        (r#"almanac_jobs_retried_total{service="S"}"#, 1.0),
        (r#"almanac_jobs_reaped_total{service="S"}"#, 1.0),
        (r#"almanac_jobs_poisoned_total{service="S"}"#, 1.0),
        (r#"almanac_lease_lost_total{service="S"}"#, 1.0),
        (r#"almanac_generations_total{service="S",outcome="succeeded"}"#, 1.0),
        (r#"almanac_generations_total{service="S",outcome="failed"}"#, 0.0),
        (r#"almanac_llm_calls_total{service="S",provider="openrouter",model="m",outcome="succeeded"}"#, 1.0),
        (r#"almanac_llm_call_seconds_count{service="S",provider="openrouter",model="m"}"#, 1.0),
        (r#"almanac_llm_tokens_total{service="S",direction="input"}"#, 101.0),
        (r#"almanac_llm_tokens_total{service="S",direction="output"}"#, 21.0),
        (r#"almanac_llm_cost_usd_total{service="S"}"#, 0.25),
        (r#"almanac_provider_failures_total{service="S",code="PROVIDER_TIMEOUT"}"#, 1.0),
        (r#"almanac_breaker_open{service="S",provider="openrouter",model="m"}"#, 1.0),
        (r#"almanac_ring_failures_total{service="S"}"#, 1.0),
        (r#"almanac_redis_up{service="S"}"#, 1.0),
        (r#"almanac_queue_depth{service="S",lane="flashcards",state="queued"}"#, 7.0),
        (r#"almanac_stream_ends_total{service="S",kind="calendar.generate",reason="done"}"#, 1.0),
        (r#"almanac_stream_failures_total{service="S",kind="calendar.generate",reason="write_timeout"}"#, 1.0),
        (r#"almanac_stream_failures_total{service="S",kind="calendar.generate",reason="timeout"}"#, 0.0),
        (r#"almanac_tail_reads_total{service="S"}"#, 1.0),
        (r#"almanac_tail_events_total{service="S"}"#, 2.0),
        (r#"almanac_stream_ends_total{service="S",kind="calendar.generate",reason="shutdown"}"#, 0.0),
        (r#"almanac_http_requests_total{service="S",method="POST",route="/v1/ai/calendar",status="503"}"#, 0.0),
        (r#"almanac_publish_intents_ended_total{service="S",channel="tiktok",outcome="failed",cause="provider"}"#, 1.0),
        (r#"almanac_publish_intents_ended_total{service="S",channel="tiktok",outcome="published",cause="none"}"#, 1.0),
        (
            r#"almanac_publish_intents_ended_total{service="S",channel="youtube",outcome="cancelled",cause="request"}"#,
            0.0,
        ),
        (r#"almanac_publish_failures_total{service="S",channel="tiktok",cause="provider"}"#, 1.0),
        (r#"almanac_publish_failures_total{service="S",channel="youtube",cause="unanswered"}"#, 0.0),
        (r#"almanac_publish_last_failure_timestamp_seconds{service="S",channel="tiktok"}"#, 1_769_414_460.0),
        (r#"almanac_publish_waiting{service="S",channel="tiktok",status="needs_review"}"#, 3.0),
        (r#"almanac_publish_dry_runs_total{service="S",channel="tiktok",outcome="failed"}"#, 1.0),
        (r#"almanac_channel_calls_total{service="S",channel="tiktok",step="upload",class="rate_limited"}"#, 1.0),
        (r#"almanac_channel_call_seconds_count{service="S",channel="tiktok"}"#, 1.0),
        (r#"almanac_channel_auth_missing_total{service="S",channel="tiktok",reason="missing"}"#, 1.0),
        (r#"almanac_channel_auth_missing_total{service="S",channel="tiktok",reason="not_configured"}"#, 1.0),
        (r#"almanac_channel_auth_missing_total{service="S",channel="facebook",reason="invalid"}"#, 0.0),
        (r#"almanac_release_first_start_timestamp_seconds{service="S",version="V"}"#, 1_769_414_400.0),
    ] {
        let name = name.replace("\"S\"", "\"almanac-worker\"").replace("\"V\"", &format!("{RELEASE:?}"));
        assert_eq!(sample(&text, &name), Some(value), "{name} in\n{text}");
    }
}

#[test]
fn a_gauge_comes_down_however_the_work_ends() {
    let metrics = Metrics::new("almanac-api");
    let active = r#"almanac_jobs_active{service="almanac-api",kind="k"}"#;
    let open = r#"almanac_streams_open{service="almanac-api"}"#;

    let (job, stream) = (metrics.job_running("k"), metrics.stream_open());
    let during = metrics.render();
    drop(job);
    let panicked = std::panic::catch_unwind(|| {
        let _stream = stream;
        std::panic::resume_unwind(Box::new("the stream's task"));
    });
    let after = metrics.render();

    assert!(panicked.is_err());
    assert_eq!((sample(&during, active), sample(&during, open)), (Some(1.0), Some(1.0)));
    assert_eq!((sample(&after, active), sample(&after, open)), (Some(0.0), Some(0.0)));
}

#[test]
fn the_text_is_whole_and_every_family_says_what_it_is() {
    let text = Metrics::new("almanac-api").render();

    assert!(text.ends_with("# EOF\n"));
    assert!(text.contains("almanac_build_info{service=\"almanac-api\",version="));
    assert!(text.contains("# HELP almanac_llm_cost_usd "));
    let described = text.lines().filter(|line| line.starts_with("# HELP almanac_")).count();
    let typed = text.lines().filter(|line| line.starts_with("# TYPE almanac_")).count();
    assert_eq!(described, typed);
}
