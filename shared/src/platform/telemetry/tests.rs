//! The whole stack over a clock that stands still and a writer that remembers.

use std::{
    io::{self, Read, Write},
    net::TcpListener,
    sync::Mutex,
    time::Instant,
};

use chrono::{DateTime, Utc};
use serde_json::Value;
use tracing::{Span, debug_span, error, field::Empty, info, info_span, subscriber::with_default};

use super::*;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

struct StandingClock;

impl Clock for StandingClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_769_414_400_123).unwrap()
    }
}

fn settings(json: bool, level: &str) -> TelemetrySettings {
    TelemetrySettings { json, level: level.to_owned(), otlp_endpoint: None }
}

/// Runs `work` under a stack of its own and returns its lines.
fn lines_of(settings: &TelemetrySettings, work: impl FnOnce()) -> Vec<String> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&lines);
    let traces = export::provider(None, "almanac-api").unwrap();
    let write = move |line: &str| sink.lock().unwrap().push(line.to_owned());
    let stack = subscriber(settings, "almanac-api", &traces, Arc::new(StandingClock), write).unwrap();
    with_default(stack, work);
    lines.lock().unwrap().clone()
}

fn objects_of(work: impl FnOnce()) -> Vec<Value> {
    lines_of(&settings(true, "info"), work).iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_line_outside_any_span_has_every_required_field_as_null() {
    let lines = lines_of(&settings(true, "info"), || info!(lanes = 2, "ready"));

    assert_eq!(
        lines,
        [concat!(
            r#"{"timestamp":"2026-01-26T08:00:00.123Z","level":"INFO","target":"almanac_shared::platform::telemetry::tests","#,
            r#""message":"ready","requestId":null,"userId":null,"channel":null,"calendarId":null,"runId":null,"#,
            r#""status":null,"jobId":null,"kind":null,"traceId":null,"spanId":null,"lanes":2}"#,
            "\n"
        )]
    );
}

#[test]
fn a_line_inside_a_job_carries_what_its_spans_know() {
    let lines = lines_of(&settings(true, "info"), || {
        let job =
            info_span!("job", jobId = "j1", runId = "j1", kind = "flashcards.generate", requestId = "r1", attempt = 0);
        assert!(continue_trace(&job, Some(PARENT)));
        let ids = job.in_scope(|| current_traceparent().unwrap());
        job.in_scope(|| info!(tokens = 12, latencyMs = 3.5, ok = true, note = "a \"b\"\n\u{1}", "done"));
        assert_eq!(&ids[3..35], &PARENT[3..35]);
    });

    let line = lines[0].split_once("\"spanId\":\"").map(|(start, end)| (start, &end[16..])).unwrap();
    assert_eq!(
        line,
        (
            concat!(
                r#"{"timestamp":"2026-01-26T08:00:00.123Z","level":"INFO","target":"almanac_shared::platform::telemetry::tests","#,
                r#""message":"done","requestId":"r1","userId":null,"channel":null,"calendarId":null,"runId":"j1","#,
                r#""status":null,"jobId":"j1","kind":"flashcards.generate","#,
                r#""traceId":"0af7651916cd43dd8448eb211c80319c","#
            ),
            concat!(r#"","tokens":12,"latencyMs":3.5,"ok":true,"note":"a \"b\"\n\u0001","attempt":0}"#, "\n")
        )
    );
}

#[test]
fn inner_spans_hide_outer_ones_and_the_event_hides_both() {
    let lines = objects_of(|| {
        let outer = info_span!("request", status = "outer", channel = "outer", kind = "outer").entered();
        let _inner = info_span!(parent: &outer, "job", status = "inner", channel = "inner").entered();
        info!(status = "event", "x");
    });

    let line = &lines[0];
    assert_eq!((&line["status"], &line["channel"], &line["kind"]), (&"event".into(), &"inner".into(), &"outer".into()));
}

#[test]
fn what_a_span_learns_later_is_on_the_lines_after_it() {
    let lines = objects_of(|| {
        let request = info_span!("request", user_id = Empty, status = "running", rows = 1);
        let inner = info_span!(parent: &request, "step").entered();
        info!("before");
        request.record("user_id", "anna");
        request.record("status", "a much longer status than before");
        request.record("rows", 22);
        info!("after");
        inner.exit();
    });

    assert_eq!(
        (&lines[0]["userId"], &lines[0]["status"], &lines[0]["rows"]),
        (&Value::Null, &"running".into(), &1.into())
    );
    assert_eq!(
        (&lines[1]["userId"], &lines[1]["status"], &lines[1]["rows"]),
        (&"anna".into(), &"a much longer status than before".into(), &22.into())
    );
}

#[test]
fn secrets_never_reach_a_line_whatever_carries_them() {
    let marker = "CANARY-7f3a";
    let lines = lines_of(&settings(true, "info"), || {
        let _span = info_span!("request", authorization = marker, source_text = marker, prompt = ?marker).entered();
        let failure = io::Error::other(marker);
        info!(token = %marker, email = marker, cookie = &failure as &dyn std::error::Error, tokens = 7, "x");
    });

    assert!(!lines[0].contains(marker), "{}", lines[0]);
    let line: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!((&line["token"], &line["tokens"]), (&"[redacted]".into(), &7.into()));
}

#[test]
fn a_field_that_is_called_like_the_lines_own_steps_aside() {
    let lines = objects_of(|| info!(level = "high", timestamp = "never", target = "t", "x"));

    assert_eq!(
        (&lines[0]["level"], &lines[0]["level_"], &lines[0]["timestamp_"]),
        (&"INFO".into(), &"high".into(), &"never".into())
    );
}

#[test]
fn an_error_is_printed_with_its_causes() {
    #[derive(Debug, thiserror::Error)]
    #[error("storing the card")]
    struct Outer(#[source] io::Error);

    let lines = objects_of(|| {
        let failure = Outer(io::Error::other("disk full"));
        error!(error = &failure as &dyn std::error::Error, "x");
    });

    assert_eq!(lines[0]["error"], "storing the card: disk full");
}

#[test]
fn a_quiet_log_level_keeps_the_ids_of_the_spans_around_an_error() {
    let lines = lines_of(&settings(true, "error"), || {
        let _span = info_span!("request", requestId = "r1").entered();
        info!("not printed");
        error!("printed");
    });

    assert_eq!(lines.len(), 1);
    let line: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!((&line["message"], &line["requestId"]), (&"printed".into(), &"r1".into()));
    assert!(line["traceId"].is_string());
}

#[test]
fn the_text_form_is_one_line_whatever_the_values_hold() {
    let lines = lines_of(&settings(false, "info"), || {
        let _span = info_span!("request", requestId = "r1", token = "t").entered();
        info!(note = "two\nlines", "hello\nINFO forged");
    });

    let (line, trace) = lines[0].split_once("  traceId=").unwrap();
    assert_eq!(line, r#"08:00:00.123 INFO  hello\nINFO forged  note="two\nlines"  token="[redacted]"  requestId="r1""#);
    assert_eq!(trace.matches('\n').count(), 1);
}

#[test]
fn one_trace_id_goes_from_the_request_through_the_job_row_to_the_provider() {
    let mut seen = Vec::new();
    lines_of(&settings(true, "info"), || {
        let request = info_span!("request");
        assert!(continue_trace(&request, Some(PARENT)));
        let row = request.in_scope(current_traceparent).unwrap();
        let job = info_span!(parent: None, "job");
        assert!(continue_trace(&job, Some(&row)));
        let call = job.in_scope(|| info_span!("call").in_scope(current_traceparent)).unwrap();
        seen = vec![row, call];
    });

    assert!(seen.iter().all(|header| header[3..35] == PARENT[3..35] && header.ends_with("-01")), "{seen:?}");
    assert_ne!(seen[0][36..52], seen[1][36..52]);
}

#[test]
fn a_librarys_span_or_a_debug_span_does_not_hide_the_trace_around_it() {
    let lines = lines_of(&settings(true, "trace"), || {
        let request = info_span!("request");
        continue_trace(&request, Some(PARENT));
        let _request = request.entered();
        let _library = info_span!(target: "poem", "route").entered();
        let _detail = debug_span!("detail").entered();
        assert_eq!(&current_traceparent().unwrap()[3..35], &PARENT[3..35]);
        info!("x");
    });

    assert!(lines[0].contains(&PARENT[3..35]), "{}", lines[0]);
}

#[test]
fn a_trace_begins_by_itself_when_nobody_sent_one() {
    lines_of(&settings(true, "info"), || {
        for nothing in [
            None,
            Some(""),
            Some("00-zz-b7ad6b7169203331-01"),
            Some("00-00000000000000000000000000000000-b7ad6b7169203331-01"),
        ] {
            let span = info_span!("request");
            assert!(!continue_trace(&span, nothing));
            let header = span.in_scope(current_traceparent).unwrap();
            assert_eq!(header.len(), 55);
            assert_ne!(&header[3..35], "00000000000000000000000000000000");
        }
        assert_eq!(Span::none().in_scope(current_traceparent), None);
    });
}

#[test]
fn a_parent_that_comes_after_the_first_line_is_refused() {
    lines_of(&settings(true, "info"), || {
        let span = info_span!("request");
        span.in_scope(|| info!("too early"));
        assert!(!continue_trace(&span, Some(PARENT)));
    });
}

#[test]
fn a_level_that_cannot_be_read_is_refused_at_the_start() {
    let traces = export::provider(None, "almanac-api").unwrap();
    let refused =
        subscriber(&settings(true, "almanac=loud"), "almanac-api", &traces, Arc::new(StandingClock), |_: &str| ());
    assert!(refused.is_err());
}

/// Makes one span under a stack that exports to `endpoint`, ends it, and drops the guard.
fn export_one_span(endpoint: &str) {
    // Built with the processes in one workspace, the exporter's client wants a TLS provider even for http.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let traces = export::provider(Some(endpoint), "almanac-worker").unwrap();
    let stack =
        subscriber(&settings(true, "error"), "almanac-worker", &traces, Arc::new(StandingClock), |_: &str| ()).unwrap();
    with_default(stack, || info_span!("job", jobId = "job-of-the-test", prompt = "CANARY-7f3a").in_scope(|| ()));
    drop(Guard { traces });
}

#[test]
fn finished_spans_are_sent_to_the_collector_without_their_secrets() {
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", collector.local_addr().unwrap());
    let received = std::thread::spawn(move || {
        let (mut socket, _) = collector.accept().unwrap();
        let mut request = Vec::new();
        let mut piece = [0; 4096];
        while !request.windows(15).any(|part| part == b"job-of-the-test") {
            let read = socket.read(&mut piece).unwrap();
            assert_ne!(read, 0, "the exporter hung up early");
            request.extend_from_slice(&piece[..read]);
        }
        socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
        String::from_utf8_lossy(&request).into_owned()
    });

    export_one_span(&endpoint);

    let request = received.join().unwrap();
    assert!(request.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{request}");
    assert!(
        request.contains("almanac-worker") && request.contains("[redacted]") && !request.contains("CANARY"),
        "{request}"
    );
}

#[test]
fn a_collector_that_never_answers_holds_a_shutdown_up_for_two_seconds_at_most() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let start = Instant::now();

    export_one_span(&format!("http://{}", silent.local_addr().unwrap()));

    let took = start.elapsed();
    assert!(took < FLUSH_LIMIT + Duration::from_secs(1), "{took:?}");
}
