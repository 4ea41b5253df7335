//! The steps of a process: how every engine lets an algorithm handle an input,
//! and how that is recorded.
//!
//! The live driver makes its steps here by the wall clock, the simulator and
//! the model checker by their own. So a run tells the same wherever it was
//! made, and one checker reads them all.
//!
//! A span is a step. It tells what came (as attributes `p2p.*` and
//! `message.*`), what was sent and said (as events), and the state after it
//! (as attributes `state.*`). An engine that has no use for spans gets the
//! same as a [`StepRecord`].

mod clock;
mod record;
mod shape;

use std::borrow::Cow;
use std::sync::Arc;

use algorithms::{Algorithm, Effect, Input, Message as _, NodeId, Output as _, Role, step};
use opentelemetry::trace::{
    Link, SpanContext, SpanKind, Status, TraceContextExt as _, Tracer as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::SdkTracer;

pub use clock::Clock;
pub use record::{Event, MessageRecord, ReceivedRecord, StepRecord};
pub use shape::{MESSAGE, STATE, key};

use crate::channel::unix_nano;
use crate::driver::Directory;

/// An algorithm, and who records its steps.
#[derive(Clone, Debug)]
pub struct Steps<A> {
    algorithm: A,
    recorder: Recorder,
    clock: Clock,
    seed: u64,
    steps: u64,
    messages: u64,
}

/// Where the records of a process's steps go.
#[derive(Clone, Debug)]
pub enum Recorder {
    /// Nowhere.
    Nothing,
    /// Into spans.
    Spans(SdkTracer),
    /// To the engine, with each [`Step`].
    Engine,
}

/// What a step wants done.
#[derive(Debug)]
pub struct Step<A: Algorithm> {
    /// The step's span; not valid when nobody traces.
    pub context: SpanContext,
    /// What to do, in order.
    pub effects: Vec<Effect<A>>,
    /// The id of the first message among the effects. The others follow.
    pub first_message: u64,
    /// For [`Recorder::Engine`].
    pub record: Option<StepRecord>,
}

/// What is known of a message that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Unique among the messages of its sender.
    pub id: u64,
    /// Its place in the channel.
    pub sequence: u64,
    /// Which opening of the channel it is.
    pub incarnation: u32,
    /// When it stops being of use, in nanoseconds since the Unix epoch.
    pub deadline_unix_nano: Option<u64>,
    /// The bytes of its payload, where it was encoded.
    pub size: Option<usize>,
    /// The step that sent it.
    pub sent_by: Option<SpanContext>,
}

impl<A: Algorithm> Steps<A> {
    /// The steps of process `id` from its first state on.
    pub fn new(algorithm: A, id: NodeId, recorder: Recorder, clock: Clock, seed: u64) -> Self {
        let seed = mix(seed ^ mix(u64::from(id.0)));
        Self {
            algorithm,
            recorder,
            clock,
            seed,
            steps: 0,
            // Far from the messages of other processes and other runs.
            messages: mix(seed),
        }
    }

    /// The process as it is now.
    pub fn algorithm(&self) -> &A {
        &self.algorithm
    }

    /// The process begins. A step that does nothing leaves no span.
    pub fn start(&mut self, directory: &Directory) -> Step<A> {
        let at = self.clock.now();
        let effects = self.step(Input::Start);
        let context = match &self.recorder {
            Recorder::Spans(tracer) if !effects.is_empty() => {
                let builder = tracer.span_builder("start").with_start_time(at);
                let span = builder.start_with_context(tracer, &Context::new());
                Context::new().with_span(span)
            }
            _ => Context::new(),
        };
        let step = self.finish(effects, &context, StepRecord::default(), directory);
        self.end(&context);
        step
    }

    /// The process begins again as `algorithm`: it has lost its memory.
    pub fn restart(&mut self, algorithm: A, directory: &Directory) -> Step<A> {
        self.algorithm = algorithm;
        self.start(directory)
    }

    /// The world outside asks for something. The step becomes part of the span
    /// in `given`, which its owner ends; without one it gets its own.
    pub fn command(
        &mut self,
        command: A::Command,
        given: Context,
        directory: &Directory,
    ) -> Step<A> {
        let is_operation = given.span().span_context().is_valid();
        let context = if is_operation {
            given
        } else {
            self.span("command", SpanKind::Internal, None, None, Vec::new)
        };
        let effects = self.step(Input::Command(command));
        let step = self.finish(effects, &context, StepRecord::default(), directory);
        if !is_operation {
            self.end(&context);
        }
        step
    }

    /// A message has come.
    pub fn message(
        &mut self,
        from: NodeId,
        message: A::Message,
        received: &Received,
        directory: &Directory,
    ) -> Step<A> {
        let (kind, role) = (message.kind(), message.role());
        let span_kind = match role {
            Role::Request => SpanKind::Server,
            Role::Reply => SpanKind::Internal,
            Role::OneWay => SpanKind::Consumer,
        };
        let record = StepRecord {
            received: self.records().then(|| ReceivedRecord {
                from: directory.name(from),
                message: message_record(&message, received.id),
                sequence: received.sequence,
                incarnation: received.incarnation,
            }),
            ..StepRecord::default()
        };
        let parent = received.sent_by.clone();
        let context = self.span(kind, span_kind, parent, None, || {
            shape::received(record.received.as_ref(), received, role, &self.clock)
        });
        let effects = self.step(Input::Message { from, message });
        let step = self.finish(effects, &context, record, directory);
        self.end(&context);
        step
    }

    /// A timer has run out. The step is a child of the one that set it, or, if
    /// it begins an operation, has a trace of its own with a link to it.
    pub fn timer(
        &mut self,
        timer: A::Timer,
        set_by: &SpanContext,
        directory: &Directory,
    ) -> Step<A> {
        let set_by = set_by.is_valid().then(|| set_by.clone());
        let (parent, link) = match A::begins_operation(&timer) {
            true => (None, set_by),
            false => (set_by, None),
        };
        let record = StepRecord {
            timer: self.records().then(|| format!("{timer:?}")),
            ..StepRecord::default()
        };
        let context = self.span("timer", SpanKind::Internal, parent, link, || {
            shape::timer(record.timer.as_deref())
        });
        let effects = self.step(Input::Timer(timer));
        let step = self.finish(effects, &context, record, directory);
        self.end(&context);
        step
    }

    /// Records that a message will not arrive: a span under the step that
    /// sent it.
    pub fn lost(
        &mut self,
        kind: &'static str,
        id: u64,
        to: Arc<str>,
        sent_by: Option<SpanContext>,
        reason: &str,
    ) {
        let name = format!("lost {kind}");
        let context = self.span(name, SpanKind::Internal, sent_by, None, || {
            shape::lost(id, to)
        });
        context.span().set_status(Status::error(reason.to_owned()));
        self.end(&context);
    }

    fn records(&self) -> bool {
        !matches!(self.recorder, Recorder::Nothing)
    }

    /// The context of a new span, or none when nobody traces.
    fn span(
        &self,
        name: impl Into<Cow<'static, str>>,
        kind: SpanKind,
        parent: Option<SpanContext>,
        link: Option<SpanContext>,
        attributes: impl FnOnce() -> Vec<KeyValue>,
    ) -> Context {
        let Recorder::Spans(tracer) = &self.recorder else {
            return Context::new();
        };
        let parent = parent.map_or_else(Context::new, |parent| {
            Context::new().with_remote_span_context(parent)
        });
        let mut builder = tracer
            .span_builder(name)
            .with_kind(kind)
            .with_start_time(self.clock.now())
            .with_attributes(attributes());
        if let Some(link) = link {
            builder = builder.with_links(vec![Link::with_context(link)]);
        }
        Context::new().with_span(builder.start_with_context(tracer, &parent))
    }

    fn end(&self, context: &Context) {
        context.span().end_with_timestamp(self.clock.now());
    }

    fn step(&mut self, input: Input<A>) -> Vec<Effect<A>> {
        self.steps += 1;
        step(&mut self.algorithm, input, mix(self.seed ^ self.steps))
    }

    /// Numbers the messages, and records what the step did.
    fn finish(
        &mut self,
        effects: Vec<Effect<A>>,
        context: &Context,
        mut record: StepRecord,
        directory: &Directory,
    ) -> Step<A> {
        let first_message = self.messages.wrapping_add(1);
        if self.records() {
            record.number = self.steps;
            if matches!(self.recorder, Recorder::Engine) {
                record.at_unix_nano = unix_nano(self.clock.now());
            }
            record.state = algorithms::Describe::fields(&self.algorithm);
        }
        for effect in &effects {
            match effect {
                Effect::Send { to, message, .. } => {
                    self.messages = self.messages.wrapping_add(1);
                    if self.records() {
                        record.events.push(Event::Sent {
                            to: directory.name(*to),
                            message: message_record(message, self.messages),
                        });
                    }
                }
                Effect::Output(output) if self.records() => record.events.push(Event::Said {
                    kind: output.kind().into(),
                    fields: algorithms::Describe::fields(output),
                }),
                Effect::Output(_) | Effect::SetTimer { .. } | Effect::CancelTimer { .. } => {}
            }
        }
        let mut step = Step {
            context: context.span().span_context().clone(),
            effects,
            first_message,
            record: None,
        };
        match &self.recorder {
            Recorder::Nothing => {}
            Recorder::Spans(_) => shape::finish(&context.span(), record, self.clock.now()),
            Recorder::Engine => step.record = Some(record),
        }
        step
    }
}

fn message_record<M: algorithms::Message>(message: &M, id: u64) -> MessageRecord {
    MessageRecord {
        id,
        kind: message.kind().into(),
        fields: message.fields(),
    }
}

/// SplitMix64's finalizer (Steele, Lea and Flood, "Fast Splittable
/// Pseudorandom Number Generators", OOPSLA 2014).
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
