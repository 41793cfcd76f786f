//! Calls of language models: how many, how long, what they cost, and when a provider is given a rest.
//! Called by the worker's AI client only. Models are the operator's list, so their names are safe as labels.

use std::sync::atomic::AtomicU64;

use prometheus_client::{
    metrics::{counter::Counter, histogram::Histogram},
    registry::Registry,
};

use super::{Counters, Gauges, Histograms, Metrics, labels, register, register_seconds};

#[derive(Debug)]
pub(super) struct Llm {
    calls: Counters<3>,
    seconds: Histograms<2>,
    tokens: Counters<1>,
    cost_usd: Counter<f64, AtomicU64>,
    breaker_open: Gauges<2>,
    provider_failures: Counters<1>,
}

impl Llm {
    pub fn register(registry: &mut Registry) -> Self {
        Self {
            calls: register(registry, "llm_calls", "Calls of a model that ended"),
            seconds: register_seconds(registry, "llm_call", "Time from a call's first byte out to its end", || {
                Histogram::new([0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0])
            }),
            tokens: register(registry, "llm_tokens", "Tokens as the provider counts them"),
            cost_usd: register(registry, "llm_cost_usd", "What calls cost, in US dollars"),
            breaker_open: register(registry, "breaker_open", "1 while the circuit of a model is open"),
            provider_failures: register(registry, "provider_failures", "Failed calls by error code"),
        }
    }
}

impl Metrics {
    /// A call ended; `outcome` is `succeeded`, `failed` or `cancelled`.
    pub fn llm_call(&self, provider: &str, model: &str, outcome: &str, seconds: f64) {
        let of = labels([("provider", provider), ("model", model), ("outcome", outcome)]);
        self.llm.calls.get_or_create(&of).inc();
        self.llm.seconds.get_or_create(&labels([("provider", provider), ("model", model)])).observe(seconds);
    }

    /// What a call used. A cost that is no amount, as some providers send, counts as nothing.
    pub fn llm_usage(&self, tokens_input: u64, tokens_output: u64, cost_usd: f64) {
        self.llm.tokens.get_or_create(&labels([("direction", "input")])).inc_by(tokens_input);
        self.llm.tokens.get_or_create(&labels([("direction", "output")])).inc_by(tokens_output);
        if cost_usd.is_finite() && cost_usd > 0.0 {
            self.llm.cost_usd.inc_by(cost_usd);
        }
    }

    /// A call failed; `code` as in `error::Code`, such as `PROVIDER_TIMEOUT`.
    pub fn provider_failed(&self, code: &str) {
        self.llm.provider_failures.get_or_create(&labels([("code", code)])).inc();
    }

    /// Calls of a model are held back, or let through again.
    pub fn breaker(&self, provider: &str, model: &str, open: bool) {
        let of = labels([("provider", provider), ("model", model)]);
        self.llm.breaker_open.get_or_create(&of).set(i64::from(open));
    }
}
