//! Logs and traces: one line format for both processes, and W3C trace ids on every line whether or not a collector listens.
//! Each `main` calls `init` once, after reading its settings and installing its TLS provider; the rest of the code uses
//! `tracing`'s macros and the few functions of `trace`. Nothing here may fail a request or hold up a shutdown for longer
//! than two seconds.
//!
//! To put a required field on every line of a request or job: name it on the span, or record it there once it is known
//! (`Span::current().record("userId", …)` for a field that the span declared as `tracing::field::Empty`).

mod export;
mod layer;
mod line;
mod redact;
mod trace;

use std::{
    io::{self, Write},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result};
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Level, Metadata, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt, filter_fn},
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

pub use line::REQUIRED;
pub use trace::{continue_trace, current_traceparent, link_trace};

use crate::platform::{
    clock::{Clock, SystemClock},
    config::TelemetrySettings,
};
use layer::LogLayer;

/// The longest a shutdown waits for the last traces to leave.
const FLUSH_LIMIT: Duration = Duration::from_secs(2);

/// Keeps traces flowing; dropping it sends what is left, for two seconds at most.
#[derive(Debug)]
#[must_use = "dropping the guard ends the export of traces"]
pub struct Guard {
    traces: SdkTracerProvider,
}

impl Drop for Guard {
    fn drop(&mut self) {
        // If the collector is unavailable, traces are lost, but the shutdown succeeds.
        let _ = self.traces.shutdown_with_timeout(FLUSH_LIMIT);
    }
}

/// Starts logging and tracing for this process; `service` is `almanac-api` or `almanac-worker`.
///
/// Fails when `LOG_LEVEL` or the collector's address cannot be read, or when called twice. An https collector needs the
/// process's rustls provider to be installed before.
pub fn init(settings: &TelemetrySettings, service: &'static str) -> Result<Guard> {
    let traces = export::provider(settings.otlp_endpoint.as_deref(), service)?;
    subscriber(settings, service, &traces, Arc::new(SystemClock), write_out)?
        .try_init()
        .context("installing the log and trace subscriber")?;
    Ok(Guard { traces })
}

/// Whether `text` is a valid log filter. A bare word must be a level: the library would accept any other as a target.
pub fn is_filter(text: &str) -> bool {
    let is_bare = |directive: &&str| !directive.contains(['=', '[', ']', '{', '}']);
    let mut bare = text.split(',').map(str::trim).filter(is_bare);
    bare.all(|word| word.parse::<LevelFilter>().is_ok()) && EnvFilter::try_new(text).is_ok()
}

/// The whole stack, over any clock and any way to write a line.
fn subscriber<W>(
    settings: &TelemetrySettings,
    service: &'static str,
    traces: &SdkTracerProvider,
    clock: Arc<dyn Clock>,
    write: W,
) -> Result<impl Subscriber + for<'span> LookupSpan<'span> + Send + Sync + use<W>>
where
    W: Fn(&str) + Send + Sync + 'static,
{
    let level = EnvFilter::try_new(&settings.level).context("reading LOG_LEVEL")?;
    // A quiet log must not lose its ids: our spans stay on whatever the level is.
    let spans = || filter_fn(is_our_span).with_max_level_hint(LevelFilter::INFO);
    let traces = tracing_opentelemetry::layer()
        .with_tracer(traces.tracer(service))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        // Nothing reads OpenTelemetry's current context, so entering and leaving spans stays cheap.
        .with_context_activation(false)
        .with_filter(spans());
    let log = LogLayer::new(settings.json, clock, write).with_filter(level.or(spans()));
    Ok(tracing_subscriber::registry().with(traces).with(log))
}

fn write_out(line: &str) {
    // Standard output holds back incomplete lines only, so a line is one write. A reader that went away is no error.
    let _ = io::stdout().lock().write_all(line.as_bytes());
}

fn is_our_span(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && *metadata.level() <= Level::INFO && metadata.target().starts_with("almanac")
}

#[cfg(test)]
mod tests;
