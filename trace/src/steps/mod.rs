//! The steps of a process: how every engine lets an algorithm handle an input,
//! and how that is recorded.
//!
//! The live driver takes its steps here by the wall clock, the simulator and the
//! model checker by their own. So the record of a run is the same in every engine,
//! and one checker reads them all.
//!
//! A span is a step. It has the message received (as attributes `p2p.*` and
//! `message.*`), the messages sent and the outputs (as events), and the state after
//! the step (as attributes `state.*`). An engine that does not need spans gets the
//! same as a [`StepRecord`].

mod before;
mod catch;
mod clock;
mod fault;
mod loss;
mod operation;
mod processes;
mod queue;
mod record;
mod shape;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use algorithms::{
    Algorithm, Choices, Effect, Fields, Input, Message as _, NodeId, Output as _, Role,
};
use algorithms::{step_choosing, step_named};
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanKind, Status, TraceContextExt as _};

use before::Before;
pub use catch::catch;
pub use clock::Clock;
pub use fault::Fault;
pub use loss::Loss;
pub use processes::{Forbidden, Names, Processes};
pub use queue::TimeQueue;
pub use record::{Event, MessageRecord, ReceivedRecord, RequestRecord, StepRecord};
pub use shape::{ENTRIES, MESSAGE, REQUEST, STATE, key};

use crate::store::encode::SpanEncoder;
use crate::telemetry::Tracer;
use crate::time::unix_nano;

/// The name of the step in which a process restarts after a crash.
pub(crate) const RESTART: &str = "restart";

/// How the name of a span begins that records a lost message. Its kind follows.
pub(crate) const LOST: &str = "lost ";

/// An algorithm, and where its steps are recorded.
#[derive(Clone, Debug)]
pub struct Steps<A> {
    algorithm: A,
    /// Its state when it restarts after a crash.
    restarts_as: Arc<A>,
    id: NodeId,
    record_to: RecordTo,
    clock: Clock,
    seed: u64,
    steps: u64,
    messages: u64,
    /// The random choices of the next step, or of the last one, where the engine makes them.
    choices: Option<Choices>,
}

/// Where the records of a process's steps go.
#[derive(Clone, Debug)]
pub enum RecordTo {
    /// Nowhere.
    Nothing,
    /// Into spans.
    Spans(Tracer),
    /// To the engine, with each [`Step`].
    Engine {
        /// Of which kinds of messages it needs the fields, too.
        reads: fn(&str) -> bool,
    },
}

/// The effects of a step.
#[derive(Debug)]
pub struct Step<A: Algorithm> {
    /// The step's span; not valid without tracing.
    pub context: SpanContext,
    /// The rule that the step breaks, if it does. Then none of its effects is
    /// carried out, and the run is over.
    pub fault: Option<Fault>,
    /// The effects, in order.
    pub effects: Vec<Effect<A>>,
    /// The id of the first message among the effects. The others follow.
    pub first_message: u64,
    /// The random choices that the engine made, in words.
    pub choices: Vec<String>,
    /// For [`RecordTo::Engine`].
    pub record: Option<StepRecord>,
}

/// The metadata of a received message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Unique among the messages of its sender.
    pub id: u64,
    /// Its sequence number in the channel.
    pub sequence: u64,
    /// The number of the channel's opening.
    pub incarnation: u32,
    /// When it stops being of use, in nanoseconds since the Unix epoch.
    pub deadline_unix_nano: Option<u64>,
    /// The bytes of its payload, where it was encoded.
    pub size: Option<usize>,
    /// The step that sent it.
    pub sent_by: Option<SpanContext>,
}

impl<A: Algorithm> Steps<A> {
    /// The steps of process `id`, from its initial state on.
    pub fn new(algorithm: A, id: NodeId, record_to: RecordTo, clock: Clock, seed: u64) -> Self {
        let seed = mix(seed ^ mix(u64::from(id.0)));
        Self {
            restarts_as: Arc::new(algorithm.clone()),
            algorithm,
            id,
            record_to,
            clock,
            seed,
            steps: 0,
            // Far from the messages of other processes and other runs.
            messages: mix(seed),
            choices: None,
        }
    }

    /// Makes the random choices of the next step, instead of drawing them.
    pub fn choose(&mut self, choices: Choices) {
        self.choices = Some(choices);
    }

    /// The choices of the last step, if they were made.
    pub fn chosen(&mut self) -> Option<Choices> {
        self.choices.take()
    }

    /// Lets a process that has taken no step begin in another state.
    pub fn begin_as(&mut self, algorithm: A) {
        self.restarts_as = Arc::new(algorithm.clone());
        self.algorithm = algorithm;
    }

    /// The process as it is now.
    pub fn algorithm(&self) -> &A {
        &self.algorithm
    }

    /// Starts the process. The first start leaves no span if it has no effect.
    pub fn start(&mut self, directory: &dyn Names) -> Step<A> {
        let mut before = Before::new("start", SpanKind::Internal, self.now());
        let effects = self.step(Input::Start, None);
        // Only the very first step: a number that is missing later is a loss.
        before.silent = effects.as_ref().is_ok_and(Vec::is_empty) && self.steps == 1;
        self.finish(effects, before, directory)
    }

    /// Restarts the process after a crash: in its initial state, with the durable fields
    /// that it persisted last.
    pub fn restart(&mut self, directory: &dyn Names) -> Step<A> {
        let mut before = Before::new(RESTART, SpanKind::Internal, self.now());
        before.record.restarts = true;
        self.algorithm = A::clone(&self.restarts_as);
        let effects = self.step(Input::Restart, None);
        self.finish(effects, before, directory)
    }

    /// The state in which the process would restart after a crash now.
    pub fn restarts_as(&self) -> &A {
        &self.restarts_as
    }

    /// Handles a command. The step becomes part of the span in `given`, which its
    /// owner ends. Without one it gets a span of its own; if that one has ended, the
    /// step's span is its child. `request` is what the record says of it: nothing, if no
    /// client asks it.
    pub fn command(
        &mut self,
        command: A::Command,
        request: Option<RequestRecord>,
        given: Context,
        directory: &dyn Names,
    ) -> Step<A> {
        let mut before = Before::new("command", SpanKind::Internal, self.now());
        let span = given.span().span_context().clone();
        match given.span().is_recording() {
            true => before.operation = Some(given),
            false => before.parent = Some(&span),
        }
        before.record.request = request.filter(|_| self.records());
        let effects = self.step(Input::Command(command), None);
        self.finish(effects, before, directory)
    }

    /// Handles a message.
    pub fn message(
        &mut self,
        from: NodeId,
        message: A::Message,
        received: &Received,
        directory: &dyn Names,
    ) -> Step<A> {
        let (kind, role) = (message.kind(), message.role());
        let span_kind = match role {
            Role::Request => SpanKind::Server,
            Role::Reply => SpanKind::Internal,
            Role::OneWay => SpanKind::Consumer,
        };
        let mut before = Before::new(kind, span_kind, self.now());
        before.parent = received.sent_by.as_ref();
        before.from = Some(from);
        match &self.record_to {
            RecordTo::Nothing => {}
            RecordTo::Engine { reads } => {
                before.record.received = Some(ReceivedRecord {
                    from: directory.name(from),
                    message: message_record(&message, received.id, *reads),
                    sequence: received.sequence,
                    incarnation: received.incarnation,
                    size: received.size.map(|size| size as u64),
                });
            }
            RecordTo::Spans(_) => {
                let span = before.span.insert(SpanEncoder::new());
                let said = algorithms::Describe::fields(&message);
                let name = directory.text(from);
                shape::received(received, &name, kind, said, span);
                shape::remarks(received, kind, role, before.at, span);
            }
        }
        let effects = self.step(Input::Message { from, message }, directory.stranger(from));
        self.finish(effects, before, directory)
    }

    /// Handles a timer. The step is a child of the one that set the timer, or, if it
    /// begins an operation, has a trace of its own with a link to that step.
    pub fn timer(
        &mut self,
        timer: A::Timer,
        set_by: &SpanContext,
        directory: &dyn Names,
    ) -> Step<A> {
        let mut before = Before::new("timer", SpanKind::Internal, self.now());
        match A::begins_operation(&timer) {
            true => before.link = Some(set_by),
            false => before.parent = Some(set_by),
        }
        before.timer = self.records().then(|| format!("{timer:?}"));
        let effects = self.step(Input::Timer(timer), None);
        self.finish(effects, before, directory)
    }

    /// Records that a message will not arrive: a span under the step that
    /// sent it. `reason` states it for a reader.
    pub fn lost(
        &self,
        kind: &'static str,
        id: u64,
        to: Arc<str>,
        sent_by: Option<SpanContext>,
        loss: Loss,
        reason: &str,
    ) {
        let RecordTo::Spans(tracer) = &self.record_to else {
            return;
        };
        let start = unix_nano(self.clock.now());
        let mut span = SpanEncoder::new();
        shape::lost(loss, id, &to, &mut span);
        before::record(
            tracer,
            span,
            &format!("{LOST}{kind}"),
            &SpanKind::Internal,
            [start, unix_nano(self.clock.now())],
            sent_by.as_ref(),
            &Status::error(reason.to_owned()),
        );
    }

    fn records(&self) -> bool {
        !matches!(self.record_to, RecordTo::Nothing)
    }

    /// The time, if the step is recorded: reading the clock has a cost.
    fn now(&self) -> SystemTime {
        match self.record_to {
            RecordTo::Nothing => UNIX_EPOCH,
            RecordTo::Spans(_) | RecordTo::Engine { .. } => self.clock.now(),
        }
    }

    /// The effects of the step, or the message of its panic.
    fn step(
        &mut self,
        input: Input<A>,
        stranger: Option<Arc<str>>,
    ) -> Result<Vec<Effect<A>>, String> {
        self.steps += 1;
        let seed = mix(self.seed ^ self.steps);
        match &mut self.choices {
            None => catch(|| step_named(&mut self.algorithm, input, seed, stranger)),
            Some(choices) => catch(|| step_choosing(&mut self.algorithm, input, seed, choices)),
        }
    }

    /// The rule that these effects break, if any.
    fn misdirected(&self, effects: &[Effect<A>], directory: &dyn Names) -> Option<Fault> {
        effects.iter().find_map(|effect| match effect {
            Effect::Send { to, message, .. } => {
                let why = directory.forbids(self.id, *to)?;
                Some(Fault::Misdirected {
                    from: directory.name(self.id),
                    kind: message.kind(),
                    to: directory.name(*to),
                    why,
                })
            }
            Effect::SetTimer { .. }
            | Effect::CancelTimer { .. }
            | Effect::Output(_)
            | Effect::Persist => None,
        })
    }

    /// Numbers the messages, and records the step.
    fn finish(
        &mut self,
        effects: Result<Vec<Effect<A>>, String>,
        before: Before<'_>,
        directory: &dyn Names,
    ) -> Step<A> {
        let (effects, fault) = match effects {
            Ok(effects) => {
                let fault = self.misdirected(&effects, directory);
                (effects, fault)
            }
            Err(message) => {
                let fault = Fault::Panicked {
                    process: directory.name(self.id),
                    handling: before.handling(directory),
                    message,
                };
                (Vec::new(), Some(fault))
            }
        };
        let (mut sent, mut persists) = (0, false);
        for effect in &effects {
            match effect {
                Effect::Send { .. } => sent += 1,
                Effect::Persist => persists = true,
                Effect::SetTimer { .. } | Effect::CancelTimer { .. } | Effect::Output(_) => {}
            }
        }
        let first_message = self.messages.wrapping_add(1);
        self.messages = self.messages.wrapping_add(sent);
        if persists && fault.is_none() {
            let stored = Arc::make_mut(&mut self.restarts_as);
            algorithms::Describe::recover(stored, &self.algorithm);
        }
        let mut step = Step {
            context: before.context(),
            fault,
            effects,
            first_message,
            choices: self.choices.as_ref().map_or_else(Vec::new, |choices| {
                choices.texts().map(str::to_owned).collect()
            }),
            record: None,
        };
        if !self.records() {
            return step;
        }
        let (number, now) = (self.steps, self.now());
        // After a panic the state may be so broken that describing it panics as well.
        let state = catch(|| algorithms::Describe::fields(&self.algorithm)).unwrap_or_default();
        match &self.record_to {
            RecordTo::Nothing => {}
            RecordTo::Engine { reads } => {
                step.record = Some(StepRecord {
                    number,
                    at_unix_nano: unix_nano(before.at),
                    timer: before.timer,
                    choices: step.choices.clone(),
                    events: events(&step, directory, *reads),
                    state,
                    ..before.record
                });
            }
            RecordTo::Spans(_) if before.silent => {}
            RecordTo::Spans(tracer) => {
                step.context = before.trace(tracer, &step, number, state, now, directory);
            }
        }
        step
    }
}

/// The messages and outputs of a step.
fn events<A: Algorithm>(
    step: &Step<A>,
    directory: &dyn Names,
    reads: fn(&str) -> bool,
) -> Vec<Event> {
    let mut ids = step.first_message..;
    let events = step.effects.iter().filter_map(|effect| match effect {
        Effect::Send { to, message, .. } => Some(Event::Sent {
            to: directory.name(*to),
            message: message_record(message, ids.next().unwrap_or_default(), reads),
        }),
        Effect::Output(output) => Some(Event::Output {
            kind: output.kind().into(),
            fields: algorithms::Describe::fields(output),
        }),
        Effect::SetTimer { .. } | Effect::CancelTimer { .. } | Effect::Persist => None,
    });
    events.collect()
}

fn message_record<M: algorithms::Message>(
    message: &M,
    id: u64,
    reads: fn(&str) -> bool,
) -> MessageRecord {
    let kind = message.kind();
    MessageRecord {
        id,
        kind: kind.into(),
        fields: match reads(kind) {
            true => message.fields(),
            false => Fields::default(),
        },
    }
}

/// A number that looks random: SplitMix64's finalizer (Steele, Lea and Flood, "Fast Splittable
/// Pseudorandom Number Generators", OOPSLA 2014).
pub fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
