//! Trace context between an envelope and the OpenTelemetry API.

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use proto::TraceContext;

/// The trace context in a message; `None` if the sending step is not traced.
pub fn to_wire(context: &SpanContext) -> Option<TraceContext> {
    context.is_valid().then(|| TraceContext {
        trace_id: context.trace_id().to_bytes(),
        span_id: context.span_id().to_bytes(),
        flags: u32::from(context.trace_flags().to_u8()),
    })
}

/// The context of a remote step. The receiver alone decides whether to record: the flags
/// come from an untrusted peer and are ignored.
pub fn from_wire(trace: TraceContext) -> SpanContext {
    SpanContext::new(
        TraceId::from_bytes(trace.trace_id),
        SpanId::from_bytes(trace.span_id),
        TraceFlags::SAMPLED,
        true,
        TraceState::NONE,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_survives_the_wire_and_its_flags_do_not_matter() {
        let wire = TraceContext {
            trace_id: [1; 16],
            span_id: [2; 8],
            flags: 0,
        };
        let context = from_wire(wire);
        assert!(context.is_valid() && context.is_remote() && context.is_sampled());
        assert_eq!(to_wire(&context), Some(TraceContext { flags: 1, ..wire }));
        assert_eq!(to_wire(&SpanContext::NONE), None);
    }
}
