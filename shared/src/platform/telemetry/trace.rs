//! W3C trace context: how one trace id travels from the request through the job row to the provider's call.
//! The API calls it for incoming requests and when a job is written, the worker when a job starts and when it calls out.
//! A missing or malformed `traceparent` is never an error: the work continues under a new trace.

use opentelemetry::{
    Context,
    propagation::{Extractor, Injector, TextMapPropagator},
    trace::TraceContextExt,
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::{Dispatch, Span, dispatcher};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{Registry, registry::LookupSpan};

const HEADER: &str = "traceparent";

/// The `traceparent` of the span we are in, for `jobs.trace` and for outgoing requests. `None` outside any span.
pub fn current_traceparent() -> Option<String> {
    let context = dispatcher::get_default(current_context)?;
    let mut header = Header::default();
    TraceContextPropagator::new().inject_context(&context, &mut header);
    header.0
}

/// The innermost span that is part of a trace. Spans of libraries and debug spans are not, and must not hide it: the
/// trace would break wherever the log level is raised.
fn current_context(dispatch: &Dispatch) -> Option<Context> {
    let registry = dispatch.downcast_ref::<Registry>()?;
    let current = dispatch.current_span();
    let mut spans = registry.span(current.id()?)?.scope();
    spans.find_map(|span| tracing_opentelemetry::get_otel_context(&span.id(), dispatch))
}

/// Makes `span` a child of what `traceparent` names, and says whether it is now.
///
/// Call it right after making the span: once a line was written in it, or a child made, its trace has begun and a parent
/// comes too late.
pub fn continue_trace(span: &Span, traceparent: Option<&str>) -> bool {
    remote(traceparent).is_some_and(|parent| span.set_parent(parent).is_ok())
}

/// Notes on `span` that it has to do with what `traceparent` names, without sharing its trace.
pub fn link_trace(span: &Span, traceparent: Option<&str>) {
    if let Some(other) = remote(traceparent) {
        span.add_link(other.span().span_context().clone());
    }
}

fn remote(traceparent: Option<&str>) -> Option<Context> {
    let header = Header(Some(traceparent?.to_owned()));
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &header);
    context.span().span_context().is_valid().then_some(context)
}

/// One header, as the propagator wants to see it.
#[derive(Default)]
struct Header(Option<String>);

impl Extractor for Header {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.as_deref().filter(|_| key == HEADER)
    }

    fn keys(&self) -> Vec<&str> {
        vec![HEADER]
    }
}

impl Injector for Header {
    fn set(&mut self, key: &str, value: String) {
        if key == HEADER {
            self.0 = Some(value);
        }
    }
}
