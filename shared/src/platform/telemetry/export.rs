//! Where traces go: to an OTLP collector when one is named, else nowhere, with valid ids either way.
//! Called by `init` only. Sending happens in batches on a thread of its own; a collector that is slow or away costs
//! traces and one warning a minute, never a request.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use opentelemetry::{KeyValue, Value};
use opentelemetry_otlp::{Protocol, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider, SpanData, SpanExporter},
};

use super::redact::{REDACTED, is_secret};

/// How long one batch may take to leave.
const SEND_LIMIT: Duration = Duration::from_secs(5);
/// How long a finished span waits for company.
const BATCH_DELAY: Duration = Duration::from_secs(2);
/// The least time between two warnings about the collector.
const WARNING_PAUSE: Duration = Duration::from_secs(60);

/// The source of trace ids, with an exporter behind it when `endpoint` is given.
///
/// With a collector everything is recorded, also below a caller that records nothing: sampling is the collector's
/// business. Without one nothing is recorded, and ids are made and passed on all the same.
pub(super) fn provider(endpoint: Option<&str>, service: &'static str) -> Result<SdkTracerProvider> {
    let Some(endpoint) = endpoint else {
        let sampler = Sampler::ParentBased(Box::new(Sampler::AlwaysOff));
        return Ok(SdkTracerProvider::builder().with_sampler(sampler).build());
    };
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(traces_url(endpoint))
        .with_timeout(SEND_LIMIT)
        .build()
        .context("preparing the export of traces to OTEL_EXPORTER_OTLP_ENDPOINT")?;
    let batches = BatchConfigBuilder::default().with_scheduled_delay(BATCH_DELAY).build();
    let resource = Resource::builder()
        .with_service_name(service)
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    Ok(SdkTracerProvider::builder()
        .with_sampler(Sampler::AlwaysOn)
        .with_resource(resource)
        .with_span_processor(BatchSpanProcessor::builder(Careful::new(exporter)).with_batch_config(batches).build())
        .build())
}

/// The endpoint is a base address, as OpenTelemetry's own variable of that name has it.
fn traces_url(endpoint: &str) -> String {
    let base = endpoint.trim_end_matches('/');
    if base.ends_with("/v1/traces") { base.to_owned() } else { format!("{base}/v1/traces") }
}

/// An exporter that lets no secret out and complains rarely.
#[derive(Debug)]
struct Careful<E> {
    inner: E,
    complaints: Mutex<Complaints>,
}

impl<E> Careful<E> {
    fn new(inner: E) -> Self {
        Self { inner, complaints: Mutex::default() }
    }
}

impl<E: SpanExporter> SpanExporter for Careful<E> {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        batch.iter_mut().for_each(hide_secrets);
        let lost = batch.len();
        let sent = self.inner.export(batch).await;
        if let Err(error) = &sent {
            let due = self.complaints.lock().ok().and_then(|mut kept| kept.add(lost, Instant::now()));
            if let Some(spans_lost) = due {
                tracing::warn!(error = %error, spans_lost, "traces could not be sent to the collector");
            }
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

fn hide_secrets(span: &mut SpanData) {
    let events = span.events.events.iter_mut().flat_map(|event| event.attributes.iter_mut());
    for attribute in span.attributes.iter_mut().chain(events) {
        if matches!(attribute.value, Value::String(_) | Value::Array(_)) && is_secret(attribute.key.as_str()) {
            attribute.value = Value::from(REDACTED);
        }
    }
}

/// Failures that were not spoken of yet.
#[derive(Debug, Default)]
struct Complaints {
    spans: usize,
    last: Option<Instant>,
}

impl Complaints {
    /// Counts a failure; gives the number of spans to complain of when it is time to.
    fn add(&mut self, spans: usize, now: Instant) -> Option<usize> {
        self.spans += spans;
        if self.last.is_some_and(|last| now.duration_since(last) < WARNING_PAUSE) {
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.spans))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_collector_is_complained_of_once_a_minute_with_all_that_was_lost() {
        let mut complaints = Complaints::default();
        let start = Instant::now();

        let said: Vec<_> =
            [0, 1, 59, 60, 61].map(|second| complaints.add(10, start + Duration::from_secs(second))).into();

        assert_eq!(said, [Some(10), None, None, Some(30), None]);
    }

    #[test]
    fn the_endpoint_is_a_base_address_or_already_whole() {
        for given in ["http://c:4318", "http://c:4318/", "http://c:4318/v1/traces"] {
            assert_eq!(traces_url(given), "http://c:4318/v1/traces");
        }
    }
}
