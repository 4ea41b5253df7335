//! One step of an algorithm, as a span and as things to do.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use algorithms::{Algorithm, Effect, Input, Message as _, NodeId, Role, step};
use opentelemetry::trace::{SpanContext, SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::SdkTracer;
use proto::Envelope;
use proto::prost::Message as _;

use super::Directory;
use super::outbox::Lost;
use crate::channel::{Outgoing, unix_nano};
use crate::telemetry::{from_wire, to_wire};

/// The algorithm, and who records its steps.
pub(super) struct Steps<A> {
    algorithm: A,
    tracer: Option<SdkTracer>,
    seed: u64,
    steps: u64,
    messages: u64,
}

/// What a step wants done.
pub(super) struct Step<A: Algorithm> {
    pub(super) at: Instant,
    pub(super) context: SpanContext,
    pub(super) messages: Vec<(NodeId, Outgoing)>,
    /// Timers to set, or, without a duration, to cancel.
    pub(super) timers: Vec<(A::Timer, Option<Duration>)>,
    pub(super) outputs: Vec<A::Output>,
}

impl<A: Algorithm> Steps<A> {
    pub(super) fn new(algorithm: A, id: NodeId, tracer: Option<SdkTracer>, seed: u64) -> Self {
        let seed = mix(seed ^ mix(u64::from(id.0)));
        Self {
            algorithm,
            tracer,
            seed,
            steps: 0,
            // Far from the messages of other processes and other runs.
            messages: mix(seed),
        }
    }

    /// The first step. One that does nothing leaves no span.
    pub(super) fn start(&mut self, directory: &Directory) -> Step<A> {
        let at = SystemTime::now();
        let effects = self.step(Input::Start);
        if effects.is_empty() {
            return Step::begin(&Context::new());
        }
        let tracer = self.tracer.as_ref();
        let context = tracer.map_or_else(Context::new, |tracer| {
            let span = tracer
                .span_builder("start")
                .with_start_time(at)
                .start(tracer);
            Context::new().with_span(span)
        });
        let step = self.finish(effects, &context, Step::begin(&context), directory);
        context.span().end();
        step
    }

    pub(super) fn command(
        &mut self,
        command: A::Command,
        given: Context,
        directory: &Directory,
    ) -> Step<A> {
        let is_operation = given.span().span_context().is_valid();
        let context = match &self.tracer {
            Some(tracer) if !is_operation => {
                let span = tracer.start_with_context("command", &given);
                given.with_span(span)
            }
            Some(_) | None => given,
        };
        let begun = Step::begin(&context);
        let effects = self.step(Input::Command(command));
        let step = self.finish(effects, &context, begun, directory);
        if !is_operation {
            context.span().end();
        }
        step
    }

    /// `None` for a message that says nothing.
    pub(super) fn message(
        &mut self,
        from: NodeId,
        envelope: Envelope,
        directory: &Directory,
    ) -> Option<Step<A>> {
        let message = A::Message::decode(envelope.payload.clone()).ok()?;
        let kind = message.kind()?;
        let context = self.span(
            kind,
            match message.role() {
                Role::Request => SpanKind::Server,
                Role::Reply => SpanKind::Internal,
                Role::OneWay => SpanKind::Consumer,
            },
            envelope.trace.map(from_wire),
            || received(kind, directory.name(from), message.role(), &envelope),
        );
        let begun = Step::begin(&context);
        let effects = self.step(Input::Message { from, message });
        let step = self.finish(effects, &context, begun, directory);
        context.span().end();
        Some(step)
    }

    pub(super) fn timer(
        &mut self,
        timer: A::Timer,
        set_by: &SpanContext,
        directory: &Directory,
    ) -> Step<A> {
        let parent = set_by.is_valid().then(|| set_by.clone());
        let context = self.span("timer", SpanKind::Internal, parent, || {
            vec![KeyValue::new("p2p.timer", format!("{timer:?}"))]
        });
        let begun = Step::begin(&context);
        let effects = self.step(Input::Timer(timer));
        let step = self.finish(effects, &context, begun, directory);
        context.span().end();
        step
    }

    /// Records that a message will not arrive: a span under the step that
    /// sent it.
    pub(super) fn lost(&mut self, to: Arc<str>, lost: &Lost) {
        let name = format!("lost {}", lost.message.kind);
        let parent = lost.message.trace.map(from_wire);
        let context = self.span(name, SpanKind::Internal, parent, || {
            vec![
                KeyValue::new("error.type", "lost"),
                KeyValue::new("p2p.remote", to),
                KeyValue::new("p2p.message.id", hex(lost.message.id)),
            ]
        });
        context
            .span()
            .set_status(Status::error(lost.reason.clone()));
        context.span().end();
    }

    /// The context of a new span, or none when nobody traces.
    fn span(
        &self,
        name: impl Into<Cow<'static, str>>,
        kind: SpanKind,
        parent: Option<SpanContext>,
        attributes: impl FnOnce() -> Vec<KeyValue>,
    ) -> Context {
        let Some(tracer) = &self.tracer else {
            return Context::new();
        };
        let parent = parent.map_or_else(Context::new, |parent| {
            Context::new().with_remote_span_context(parent)
        });
        let builder = tracer
            .span_builder(name)
            .with_kind(kind)
            .with_attributes(attributes());
        Context::new().with_span(builder.start_with_context(tracer, &parent))
    }

    fn step(&mut self, input: Input<A>) -> Vec<Effect<A>> {
        self.steps += 1;
        step(&mut self.algorithm, input, mix(self.seed ^ self.steps))
    }

    /// Sorts the effects, and notes on the span what they send.
    fn finish(
        &mut self,
        effects: Vec<Effect<A>>,
        context: &Context,
        mut step: Step<A>,
        directory: &Directory,
    ) -> Step<A> {
        let trace = to_wire(&step.context);
        for effect in effects {
            match effect {
                Effect::Send {
                    to,
                    message,
                    within,
                } => {
                    self.messages = self.messages.wrapping_add(1);
                    let message = Outgoing {
                        id: self.messages,
                        kind: message.kind().unwrap_or("?"),
                        within,
                        trace,
                        payload: message.encode_to_vec().into(),
                    };
                    if trace.is_some() {
                        context
                            .span()
                            .add_event("send", sent(directory.name(to), &message));
                    }
                    step.messages.push((to, message));
                }
                Effect::SetTimer { timer, after } => step.timers.push((timer, Some(after))),
                Effect::CancelTimer { timer } => step.timers.push((timer, None)),
                Effect::Output(output) => step.outputs.push(output),
            }
        }
        step
    }
}

impl<A: Algorithm> Step<A> {
    fn begin(context: &Context) -> Self {
        Self {
            at: Instant::now(),
            context: context.span().span_context().clone(),
            messages: Vec::new(),
            timers: Vec::new(),
            outputs: Vec::new(),
        }
    }
}

fn sent(to: Arc<str>, message: &Outgoing) -> Vec<KeyValue> {
    vec![
        KeyValue::new("p2p.message.kind", message.kind),
        KeyValue::new("p2p.remote", to),
        KeyValue::new("p2p.message.id", hex(message.id)),
        KeyValue::new("p2p.message.size", integer(message.payload.len() as u64)),
    ]
}

fn received(kind: &'static str, from: Arc<str>, role: Role, envelope: &Envelope) -> Vec<KeyValue> {
    let mut attributes = vec![
        KeyValue::new("p2p.message.kind", kind),
        KeyValue::new("p2p.remote", from),
        KeyValue::new("p2p.message.id", hex(envelope.id)),
        KeyValue::new("p2p.message.size", integer(envelope.payload.len() as u64)),
        KeyValue::new("p2p.channel.sequence", integer(envelope.sequence)),
        KeyValue::new("p2p.channel.incarnation", i64::from(envelope.incarnation)),
    ];
    if role == Role::Request {
        attributes.push(KeyValue::new("rpc.system.name", "libp2p"));
        attributes.push(KeyValue::new("rpc.method", kind));
    }
    let late = |deadline: &u64| *deadline < unix_nano(SystemTime::now());
    if envelope.deadline_unix_nano.as_ref().is_some_and(late) {
        attributes.push(KeyValue::new("p2p.message.late", true));
    }
    attributes
}

/// Ids are names, not amounts.
fn hex(id: u64) -> String {
    format!("{id:016x}")
}

fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// SplitMix64's finalizer (Steele, Lea and Flood, "Fast Splittable
/// Pseudorandom Number Generators", OOPSLA 2014).
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
