//! The log layer: gathers the fields of an event and of the spans around it, and writes one line with one write.
//! `subscriber` in this folder installs it in both processes; no other code knows it.
//! It must never panic and never report its own failures: a log that cannot be written is no reason to stop working.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use opentelemetry::trace::TraceContextExt;
use tracing::{
    Dispatch, Event, Subscriber,
    dispatcher::WeakDispatch,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    layer::Context,
    registry::{LookupSpan, Scope},
};

use super::line::{self, Fields, Head};
use crate::platform::clock::Clock;

/// Writes every event as one line.
pub(super) struct LogLayer<W> {
    json: bool,
    clock: Arc<dyn Clock>,
    /// Writes one whole line at once.
    write: W,
    /// The stack that this layer is part of: the way to the trace ids of a span.
    stack: OnceLock<WeakDispatch>,
}

impl<W> LogLayer<W> {
    pub fn new(json: bool, clock: Arc<dyn Clock>, write: W) -> Self {
        Self { json, clock, write, stack: OnceLock::new() }
    }

    /// The ids come from the innermost span that has them. Asking starts that span's trace: a parent from a
    /// `traceparent` has to be set before the first line is written in the span.
    fn put_trace_ids<S>(&self, fields: &mut Fields, scope: Scope<'_, S>)
    where
        S: for<'span> LookupSpan<'span>,
    {
        let Some(dispatch) = self.stack.get().and_then(WeakDispatch::upgrade) else { return };
        for span in scope {
            let Some(context) = tracing_opentelemetry::get_otel_context(&span.id(), &dispatch) else { continue };
            let ids = context.span().span_context().clone();
            if ids.is_valid() {
                fields.put_str("traceId", &ids.trace_id().to_string());
                fields.put_str("spanId", &ids.span_id().to_string());
                return;
            }
        }
    }
}

impl<S, W> Layer<S> for LogLayer<W>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: Fn(&str) + 'static,
{
    fn on_register_dispatch(&self, dispatch: &Dispatch) {
        let _ = self.stack.set(dispatch.downgrade());
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        // From the leaf to the root: what an inner span knows hides what an outer one says.
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(outer) = span.extensions().get::<Fields>() {
                fields.inherit(outer);
            }
        }
        if let Some(scope) = context.event_scope(event) {
            self.put_trace_ids(&mut fields, scope);
        }
        let metadata = event.metadata();
        let head = Head { at: self.clock.now(), level: *metadata.level(), target: metadata.target() };
        let line = if self.json { line::json(&head, &fields) } else { line::text(&head, &fields) };
        (self.write)(&line);
    }
}

impl<W> fmt::Debug for LogLayer<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogLayer").field("json", &self.json).finish_non_exhaustive()
    }
}
