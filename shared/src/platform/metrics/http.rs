//! Requests at the door: how many, how long, how many turned away.
//! Called by the API's middleware and its error table; never given a raw path.

use prometheus_client::{metrics::histogram::Histogram, registry::Registry};

use super::{Counters, Histograms, Metrics, labels, register, register_seconds};

#[derive(Debug)]
pub(super) struct Http {
    requests: Counters<3>,
    seconds: Histograms<2>,
    rate_limited: Counters<1>,
}

/// Where calendars are submitted: an alert counts the requests that got an error in place of a stream.
const CALENDAR_ROUTES: [&str; 3] = ["/v1/ai/calendar", "/api/ai/calendar", "/api/v1/ai/calendar"];

impl Http {
    pub fn register(registry: &mut Registry) -> Self {
        let requests: Counters<3> = register(registry, "http_requests", "Requests answered");
        // A rate needs a first sample, also of what has not happened yet.
        for route in CALENDAR_ROUTES {
            for status in ["500", "503"] {
                let _ = requests.get_or_create(&labels([("method", "POST"), ("route", route), ("status", status)]));
            }
        }
        Self {
            requests,
            seconds: register_seconds(
                registry,
                "http_request",
                "Time until the answer's head was ready; a stream's body is not in it",
                || Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0]),
            ),
            rate_limited: register(registry, "rate_limited", "Requests refused with 429, by limit family"),
        }
    }
}

impl Metrics {
    /// A request was answered. `route` is the pattern, such as `/v1/jobs/:id`, never the path; unknown routes share one.
    pub fn http_request(&self, method: &str, route: &str, status: u16, seconds: f64) {
        let method = known_method(method);
        let status = status.to_string();
        let of = labels([("method", method), ("route", route), ("status", &status)]);
        self.http.requests.get_or_create(&of).inc();
        self.http.seconds.get_or_create(&labels([("method", method), ("route", route)])).observe(seconds);
    }

    /// A request was over its limit; `family` as in the `RateLimit` header.
    pub fn rate_limited(&self, family: &str) {
        self.http.rate_limited.get_or_create(&labels([("family", family)])).inc();
    }
}

/// A client may send any word as its method; only the known ones become a label.
fn known_method(method: &str) -> &str {
    match method {
        "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS" => method,
        _ => "other",
    }
}
