//! What a process counts, by the domain's own words, for Prometheus to fetch from `/metrics`.
//! Each `main` makes one `Metrics` and hands it on; the code that acts calls the method named after the event.
//! No label may hold anything that grows with users or requests: no ids, no paths, no messages.
//!
//! To add a family: 1. a field in the group it belongs to, 2. its registration with a help text, 3. a method named after
//! what happened, 4. a line in the test below.

mod http;
mod jobs;
mod llm;
mod publishing;
mod queue;
mod release;
mod streams;
mod synthesis;

use std::sync::Arc;

use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::{Metric, Registry, Unit},
};

use crate::platform::db::RELEASE;

pub use jobs::PickupSource;
pub use publishing::{CHANNELS, IntentEnd};
pub use synthesis::BAD_FIRES;

/// For the `Content-Type` header of `/metrics`.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything one process counts.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    http: http::Http,
    jobs: jobs::Jobs,
    llm: llm::Llm,
    publishing: publishing::Publishing,
    queue: queue::Queue,
    release: release::Release,
    streams: streams::Streams,
    synthesis: synthesis::Synthesis,
}

impl Metrics {
    /// A fresh set of counts; `service` is `almanac-api` or `almanac-worker` and stands on every sample.
    pub fn new(service: &'static str) -> Arc<Self> {
        let labels = [("service".into(), service.into())].into_iter();
        let mut registry = Registry::with_prefix_and_labels("almanac", labels);
        let build = Info::new([("version", RELEASE)]);
        registry.register("build", "What is running", build);
        Arc::new(Self {
            http: http::Http::register(&mut registry),
            jobs: jobs::Jobs::register(&mut registry),
            llm: llm::Llm::register(&mut registry),
            publishing: publishing::Publishing::register(&mut registry),
            queue: queue::Queue::register(&mut registry),
            release: release::Release::register(&mut registry),
            streams: streams::Streams::register(&mut registry),
            synthesis: synthesis::Synthesis::register(&mut registry),
            registry,
        })
    }

    /// All samples as OpenMetrics text.
    pub fn render(&self) -> String {
        let mut text = String::with_capacity(16 * 1024);
        // Writing into a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// Counts one while it lives: a running job, an open stream. However the work ends, the gauge comes down.
#[derive(Debug)]
#[must_use = "the gauge comes down when this is dropped"]
pub struct InFlight(Gauge);

impl InFlight {
    fn enter(gauge: Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The labels of one sample, by name.
type Labels<const N: usize> = [(&'static str, String); N];
type Counters<const N: usize> = Family<Labels<N>, Counter>;
type Gauges<const N: usize> = Family<Labels<N>, Gauge>;
type Histograms<const N: usize> = Family<Labels<N>, Histogram>;

fn labels<const N: usize>(pairs: [(&'static str, &str); N]) -> Labels<N> {
    pairs.map(|(name, value)| (name, value.to_owned()))
}

fn register<M: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

/// A histogram of seconds; `make` sets the buckets. The unit is added to the name.
fn register_seconds<const N: usize>(
    registry: &mut Registry,
    name: &str,
    help: &str,
    make: fn() -> Histogram,
) -> Histograms<N> {
    let family = Family::new_with_constructor(make);
    registry.register_with_unit(name, help, Unit::Seconds, family.clone());
    family
}

#[cfg(test)]
mod tests;
