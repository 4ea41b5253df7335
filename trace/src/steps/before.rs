//! The facts about a step that are known before it is taken, and how its span is made
//! from them when it is over.

use std::time::SystemTime;

use algorithms::{Algorithm, Effect, Fields, Message as _, NodeId, Output as _};
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanKind, Status, TraceContextExt as _};

use super::operation::ApiAttributes;
use super::{Fault, Names, RequestRecord, Step, StepRecord, shape};
use crate::store::encode::SpanEncoder;
use crate::store::own::kind_number;
use crate::store::{EndedSpan, Head};
use crate::telemetry::Tracer;
use crate::time::unix_nano;

/// The facts about a step that are known before it is taken.
pub(super) struct Before<'a> {
    name: &'static str,
    kind: SpanKind,
    pub(super) at: SystemTime,
    pub(super) parent: Option<&'a SpanContext>,
    /// The sender of the message that it handles.
    pub(super) from: Option<NodeId>,
    /// The timer that it handles.
    pub(super) timer: Option<String>,
    pub(super) link: Option<&'a SpanContext>,
    /// The span that it becomes part of. Without one it gets its own.
    pub(super) operation: Option<Context>,
    /// The step is not recorded.
    pub(super) silent: bool,
    /// For [`RecordTo::Spans`](super::RecordTo::Spans): its own span, partly written.
    pub(super) span: Option<SpanEncoder>,
    /// For [`RecordTo::Engine`](super::RecordTo::Engine); the request is for spans, too.
    pub(super) record: StepRecord,
}

impl Before<'_> {
    pub(super) fn new(name: &'static str, kind: SpanKind, at: SystemTime) -> Self {
        Self {
            name,
            kind,
            at,
            parent: None,
            from: None,
            timer: None,
            link: None,
            operation: None,
            silent: false,
            span: None,
            record: StepRecord::default(),
        }
    }

    /// The input that it handles: `PING from peer-01`.
    pub(super) fn handling(&self, directory: &dyn Names) -> String {
        match (self.from, &self.timer) {
            (Some(from), _) => format!("{} from {}", self.name, directory.text(from)),
            (None, Some(timer)) => format!("the timer {timer}"),
            (None, None) if matches!(self.name, "start" | super::RESTART) => {
                format!("its {}", self.name)
            }
            (None, None) => format!("a {}", self.name),
        }
    }

    /// The span of its operation, if there is one. Else that of the step that caused it: a
    /// process that is not traced passes on the traces of others.
    pub(super) fn context(&self) -> SpanContext {
        match (&self.operation, self.parent) {
            (Some(operation), _) => operation.span().span_context().clone(),
            (None, parent) => parent.cloned().unwrap_or(SpanContext::NONE),
        }
    }

    /// Records it in its operation's span, or in one of its own. Returns that span.
    pub(super) fn trace<A: Algorithm>(
        self,
        tracer: &Tracer,
        step: &Step<A>,
        number: u64,
        state: Fields,
        now: SystemTime,
        directory: &dyn Names,
    ) -> SpanContext {
        match &self.operation {
            Some(operation) => {
                let request = self.record.request.as_ref();
                add(operation, request, step, number, state, now, directory);
                self.context()
            }
            None => self.record(tracer, step, number, state, now, directory),
        }
    }

    /// Writes the rest of its own span, which has ended.
    fn record<A: Algorithm>(
        self,
        tracer: &Tracer,
        step: &Step<A>,
        number: u64,
        state: Fields,
        now: SystemTime,
        directory: &dyn Names,
    ) -> SpanContext {
        let end = unix_nano(now);
        let mut span = self.span.unwrap_or_else(SpanEncoder::new);
        if let Some(timer) = &self.timer {
            shape::timer(timer, &mut span);
        }
        if let Some(request) = &self.record.request {
            shape::request(request, &mut span);
        }
        shape::after(state, number, &step.choices, &mut span);
        let mut ids = step.first_message..;
        for effect in &step.effects {
            match effect {
                Effect::Send { to, message, .. } => {
                    let id = ids.next().unwrap_or_default();
                    let (kind, remote) = (message.kind(), directory.text(*to));
                    let said = algorithms::Describe::fields(message);
                    span.event(end, shape::SENT, |event| {
                        shape::message(kind, &remote, id, said, event);
                    });
                }
                Effect::Output(output) => {
                    let said = algorithms::Describe::fields(output);
                    span.event(end, output.kind(), |event| shape::output(said, event));
                }
                Effect::SetTimer { .. } | Effect::CancelTimer { .. } | Effect::Persist => {}
            }
        }
        if let Some(link) = self.link.filter(|link| link.is_valid()) {
            span.link(link);
        }
        let times = [unix_nano(self.at), end];
        let status = status(step.fault.as_ref());
        record(
            tracer,
            span,
            self.name,
            &self.kind,
            times,
            self.parent,
            &status,
        )
    }
}

/// Records a span that has ended. Returns its context.
pub(super) fn record(
    tracer: &Tracer,
    mut span: SpanEncoder,
    name: &str,
    kind: &SpanKind,
    [start, end]: [u64; 2],
    parent: Option<&SpanContext>,
    status: &Status,
) -> SpanContext {
    let parent = parent.filter(|parent| parent.is_valid());
    let context = tracer.context(parent);
    let id = |context: &SpanContext| u64::from_be_bytes(context.span_id().to_bytes());
    tracer.record(EndedSpan {
        head: Head {
            trace: context.trace_id().to_bytes(),
            id: id(&context),
            parent: parent.map_or(0, id),
            start,
            end,
            kind: kind_number(kind),
            error: matches!(status, Status::Error { .. }),
        },
        name,
        rest: span.end(&context, parent.is_some_and(SpanContext::is_remote), status),
    });
    context
}

/// Adds a step's events, and the state after it, to the span of an operation.
fn add<A: Algorithm>(
    operation: &Context,
    request: Option<&RequestRecord>,
    step: &Step<A>,
    number: u64,
    state: Fields,
    now: SystemTime,
    directory: &dyn Names,
) {
    let span = operation.span();
    if span.is_recording() {
        let mut ids = step.first_message..;
        for effect in &step.effects {
            let mut event = ApiAttributes::default();
            let name = match effect {
                Effect::Send { to, message, .. } => {
                    let id = ids.next().unwrap_or_default();
                    let (kind, remote) = (message.kind(), directory.text(*to));
                    let said = algorithms::Describe::fields(message);
                    shape::message(kind, &remote, id, said, &mut event);
                    shape::SENT
                }
                Effect::Output(output) => {
                    shape::output(algorithms::Describe::fields(output), &mut event);
                    output.kind()
                }
                Effect::SetTimer { .. } | Effect::CancelTimer { .. } | Effect::Persist => continue,
            };
            span.add_event_with_timestamp(name, now, event.0);
        }
        let mut attributes = ApiAttributes::default();
        if let Some(request) = request {
            shape::request(request, &mut attributes);
        }
        shape::after(state, number, &step.choices, &mut attributes);
        span.set_attributes(attributes.0);
    }
    if step.fault.is_some() {
        span.set_status(status(step.fault.as_ref()));
    }
}

fn status(fault: Option<&Fault>) -> Status {
    fault.map_or(Status::Unset, |fault| Status::error(fault.to_string()))
}
