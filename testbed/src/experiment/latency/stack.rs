//! The path through the stack: channels between peers.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::{StreamExt as _, stream};
use node::channel::{Inbound, Inbox, Outgoing, Sender};
use node::{Handle, PeerId};
use opentelemetry::trace::{Span as _, SpanContext, SpanKind, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::Span;
use proto::{Bytes, TraceContext};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use trace::steps::key;
use trace::telemetry::{Tracer, from_wire, to_wire};
use trace::time;

use super::pace::Way;
use super::tcp::See as _;
use super::{EventKind, WAITING, Witness};
use crate::network::Members;

/// The kinds of messages in their envelopes.
const REQUEST: &str = "REQUEST";
const REPLY: &str = "REPLY";

/// How many channels open at once: over a long way each waits for a round trip. A guess.
const AT_A_TIME: usize = 64;

/// The peers, which send requests and answer them.
pub(super) struct Stack {
    peers: Vec<Writers>,
    ids: Vec<PeerId>,
    tracers: Vec<Tracer>,
    /// The spans of messages without an answer.
    open: HashMap<u64, Span>,
    next: u64,
    /// The tasks that answer. They are aborted on drop; until then each keeps its
    /// peer alive.
    _answers: JoinSet<()>,
}

/// The writers of the channels of one peer. Each is a task of its own, so that
/// reading never waits for writing.
#[derive(Clone)]
struct Writers {
    handle: Handle,
    /// Requests and answers to a peer share one channel.
    to: Arc<Mutex<HashMap<PeerId, mpsc::Sender<Outgoing>>>>,
    tasks: TaskTracker,
}

impl Stack {
    pub(super) fn new(
        members: Members,
        inboxes: Vec<Inbox>,
        witness: &Witness,
        tasks: &TaskTracker,
    ) -> Self {
        let mut peers = Vec::new();
        let mut ids = Vec::new();
        let mut all_answers = JoinSet::new();
        let all = members.handles.into_values().zip(inboxes);
        for ((handle, inbox), tracer) in all.zip(&members.tracers) {
            ids.push(handle.peer_id());
            let writers = Writers {
                handle,
                to: Arc::default(),
                tasks: tasks.clone(),
            };
            let answers = Answers {
                writers: writers.clone(),
                tracer: tracer.clone(),
                witness: witness.clone(),
            };
            all_answers.spawn(tasks.track_future(answers.run(inbox)));
            peers.push(writers);
        }
        Self {
            peers,
            ids,
            tracers: members.tracers,
            open: HashMap::new(),
            next: 0,
            _answers: all_answers,
        }
    }

    /// Opens the channels between these pairs, in both directions, unless they are
    /// open: the connection of plain TCP is also opened beforehand.
    pub(super) async fn open(&self, pairs: &[(u32, u32)]) {
        let both = pairs
            .iter()
            .flat_map(|&(from, to)| [(from, to), (to, from)]);
        let all: BTreeSet<_> = both.collect();
        let open = async |(from, to): (u32, u32)| {
            self.peers[from as usize].open(self.ids[to as usize]).await;
        };
        stream::iter(all).for_each_concurrent(AT_A_TIME, open).await;
    }
}

impl Way for Stack {
    fn send(&mut self, id: u64, (from, to): (u32, u32), size: usize) {
        let tracer = &self.tracers[from as usize];
        let to = self.ids[to as usize];
        let span = tracer
            .span_builder(REQUEST)
            .with_kind(SpanKind::Client)
            .with_attributes([
                KeyValue::new(key::ID, format!("{id:016x}")),
                KeyValue::new("p2p.message.size", size as i64),
            ])
            .start_with_context(tracer, &Context::new());
        let trace = to_wire(span.span_context());
        self.open.insert(id, span);
        self.peers[from as usize]
            .send(to, outgoing(REQUEST, id, trace, Bytes::from(vec![0; size])));
    }

    fn next_id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn answered(&mut self, id: u64, at: Instant) {
        if let Some(mut span) = self.open.remove(&id) {
            span.end_with_timestamp(time::now() - at.elapsed());
        }
    }
}

impl Writers {
    async fn open(&self, to: PeerId) {
        if self.all().contains_key(&to) {
            return;
        }
        // Without a channel to a peer, nothing is sent to it, and it does not answer.
        if let Ok(channel) = self.handle.open_channel(to).await {
            let (sender, messages) = mpsc::channel(WAITING);
            self.tasks.spawn(write(channel, messages));
            self.all().insert(to, sender);
        }
    }

    fn send(&self, to: PeerId, message: Outgoing) {
        if let Some(writer) = self.all().get(&to) {
            // If the channel has closed or its queue is full, the message gets no
            // answer.
            let _ = writer.try_send(message);
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<PeerId, mpsc::Sender<Outgoing>>> {
        self.to.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes queued messages to the channel.
async fn write(mut channel: Sender, mut messages: mpsc::Receiver<Outgoing>) {
    while let Some(message) = messages.recv().await {
        if channel.send(message).await.is_err() {
            return;
        }
    }
}

/// Answers for a peer, and receives the answers to it.
struct Answers {
    writers: Writers,
    tracer: Tracer,
    witness: Witness,
}

impl Answers {
    async fn run(self, mut inbox: Inbox) {
        while let Some(inbound) = inbox.recv().await {
            let Inbound::Message { from, envelope } = inbound else {
                continue;
            };
            match &*envelope.kind {
                REQUEST => {
                    self.witness.see(envelope.id, EventKind::Arrived);
                    let parent = envelope.trace.map(from_wire);
                    let step = self.step(envelope.id, parent);
                    let reply = outgoing(REPLY, envelope.id, to_wire(&step), envelope.payload);
                    self.writers.send(from, reply);
                }
                _ => self.witness.see(envelope.id, EventKind::Answered),
            }
        }
    }

    /// The step that answers, as a span.
    fn step(&self, id: u64, parent: Option<SpanContext>) -> SpanContext {
        let context = Context::new();
        let context = match parent {
            Some(parent) => context.with_remote_span_context(parent),
            None => context,
        };
        let mut span = self
            .tracer
            .span_builder(REQUEST)
            .with_kind(SpanKind::Server)
            .with_attributes([KeyValue::new(key::ID, format!("{id:016x}"))])
            .start_with_context(&self.tracer, &context);
        span.end();
        span.span_context().clone()
    }
}

fn outgoing(kind: &'static str, id: u64, trace: Option<TraceContext>, payload: Bytes) -> Outgoing {
    Outgoing {
        id,
        kind,
        within: None,
        trace,
        payload,
    }
}
