//! The space-time diagram's data: every step of every process, in columns.
//!
//! The data comes from the spans that the API returns as OTLP, reduced to what a
//! diagram of a hundred thousand steps needs, and starts where the page has stopped
//! reading. Peers and kinds are referred to by their indices in lists of the same
//! answer.

mod columns;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use algorithms::Fields;
use indexmap::IndexSet;
use opentelemetry_proto::tonic::trace::v1::Span;
use serde::Serialize;
use trace::steps::{Event, Loss as Cause, key};

use lab::checkers::snapshot::is_control;
use trace::history;
use trace::history::Hindrance;
use trace::history::faults::{self, Lifecycle};
use trace::store::{Store, hex};

use super::names::Names;
use columns::{Loss, Losses, Output, Outputs, Send, Sends, Step, Steps};

/// The most spans that are read for one answer of the server: about ten megabytes of
/// text.
pub(super) const MOST_SPANS: usize = 50_000;

/// The longest text of a message or an output. The complete one is in its span.
const LONGEST_TEXT: usize = 120;

/// Marks a missing peer or sequence number.
const NONE: i64 = -1;

/// `GET /api/diagram?after=N`, and with `states=true` the states' digests.
#[derive(Debug, Default, Serialize)]
pub(super) struct Diagram {
    /// The position at which to continue reading.
    next: usize,
    /// How many spans there are from there on.
    left: usize,
    /// Whether there may be more to read: the answer has the greatest allowed length.
    /// Spans that were stored while it was made do not count.
    more: bool,
    /// How many earlier spans were evicted to limit memory.
    evicted: u64,
    /// The origin of times, in nanoseconds since 1970. It is a text because it exceeds
    /// the exact integers of JavaScript.
    base: String,
    peers: IndexSet<String>,
    kinds: IndexSet<String>,
    traces: IndexSet<String>,
    steps: Steps,
    /// For each step a digest of the state after it, if requested; zero if no state was
    /// recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    states: Option<Vec<u32>>,
    sends: Sends,
    outputs: Outputs,
    losses: Losses,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    crashes: Vec<Crash>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    partitions: Vec<Partition>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hindrances: Vec<Hindered>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<NewLinks>,
}

/// `{"peer":"peer-00","at":1500000,"happened":"pause"}`
#[derive(Debug, Serialize)]
struct Hindered {
    peer: String,
    /// Since `base`, in nanoseconds.
    at: i64,
    happened: Hindrance,
}

/// `{"at":1500000,"network":"wan"}`
#[derive(Debug, Serialize)]
struct NewLinks {
    /// Since `base`, in nanoseconds.
    at: i64,
    network: String,
}

/// `{"peer":"peer-00","at":1500000,"happened":"crash"}`
#[derive(Debug, Serialize)]
struct Crash {
    peer: String,
    /// Since `base`, in nanoseconds.
    at: i64,
    happened: Lifecycle,
}

/// `{"group":["peer-00"],"others":["peer-01"],"at":1500000,"happened":"partition"}`
#[derive(Debug, Serialize)]
struct Partition {
    /// The peers on one side.
    group: Vec<String>,
    /// The peers on the other side.
    others: Vec<String>,
    /// Since `base`, in nanoseconds.
    at: i64,
    happened: Parted,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Parted {
    Partition,
    /// The two sides are the ends of a link.
    Cut,
    Heal,
}

/// The parameters of a query for steps.
#[derive(Clone, Copy, Debug)]
pub(super) struct StepsQuery {
    /// The position from which on spans are read.
    pub(super) after: usize,
    /// The most spans that are read.
    pub(super) most: usize,
    /// Whether digests of states are wanted: a comparison of two runs needs them, and the page of
    /// an overlay.
    pub(super) states: bool,
}

/// The steps among these spans.
pub(super) fn diagram(store: &Store, asked: StepsQuery) -> Diagram {
    let mut reader = Reader::new(store, asked.states);
    let mut read = 0;
    let next = store.read_from(asked.after, asked.most, |peer, span| {
        read += 1;
        reader.read(peer, span);
    });
    reader.diagram.next = next;
    reader.diagram.left = (store.len() + evicted(store)).saturating_sub(next);
    reader.diagram.more = read == asked.most;
    reader.diagram
}

/// The steps among the spans at these places, with nothing to read after them.
pub(super) fn at_places(store: &Store, places: &[u64]) -> Diagram {
    let mut reader = Reader::new(store, false);
    store.read_places(places, |peer, span| reader.read(peer, span));
    let all = store.len();
    reader.diagram.next = all + evicted(store);
    reader.diagram.left = all.saturating_sub(places.len());
    reader.diagram
}

fn evicted(store: &Store) -> usize {
    usize::try_from(store.evicted().unwrap_or_default().spans).unwrap_or(usize::MAX)
}

struct Reader {
    base: u64,
    /// Spans of peers on their own name others by their PeerIds.
    names: Names,
    /// How many steps the diagram has.
    steps: usize,
    diagram: Diagram,
}

impl Reader {
    fn new(store: &Store, states: bool) -> Self {
        let base = store.first_start();
        Self {
            base,
            names: Names::of(store),
            steps: 0,
            diagram: Diagram {
                base: base.to_string(),
                evicted: evicted(store) as u64,
                states: states.then(Vec::new),
                ..Diagram::default()
            },
        }
    }

    fn read(&mut self, peer: &str, span: Span) {
        if let Some((peer, happened)) = faults::crash(peer, &span) {
            self.diagram.crashes.push(Crash {
                peer: peer.to_string(),
                at: signed(span.start_time_unix_nano) - signed(self.base),
                happened,
            });
            return;
        }
        if let Some((sides, ends)) = faults::separation(peer, &span) {
            let names = |side: Vec<_>| side.iter().map(ToString::to_string).collect();
            let [group, others] = sides.map(names);
            self.diagram.partitions.push(Partition {
                group,
                others,
                at: signed(span.start_time_unix_nano) - signed(self.base),
                happened: match (ends, &*span.name) {
                    (true, _) => Parted::Heal,
                    (false, faults::CUT) => Parted::Cut,
                    (false, _) => Parted::Partition,
                },
            });
            return;
        }
        let at = signed(span.start_time_unix_nano) - signed(self.base);
        if let Some((peer, happened)) = history::hindrance(peer, &span) {
            let peer = peer.to_string();
            self.diagram
                .hindrances
                .push(Hindered { peer, at, happened });
            return;
        }
        if let Some(network) = history::new_links(peer, &span) {
            let network = network.to_owned();
            self.diagram.links.push(NewLinks { at, network });
            return;
        }
        if let Some(loss) = self.loss(peer, &span) {
            self.diagram.losses.push(loss);
            return;
        }
        // The first step of an operation shares the operation's span, which began earlier.
        // So the events determine the step's time.
        let events = span.events.iter().map(|event| event.time_unix_nano);
        let at = events.min().unwrap_or(span.start_time_unix_nano);
        let took = span
            .end_time_unix_nano
            .saturating_sub(span.start_time_unix_nano);
        let (trace, id) = (hex(&span.trace_id), hex(&span.span_id));
        let name = span.name.clone();
        let Some(step) = history::step(span) else {
            return;
        };
        let (sender, message, sequence) = match step.received {
            None => (NONE, String::new(), NONE),
            Some(received) => (
                signed(self.peer(&received.from) as u64),
                message_id(received.message.id),
                signed(received.sequence),
            ),
        };
        let row = Step {
            timer: step.timer.as_deref().map(cut).unwrap_or_default(),
            peer: self.peer(peer),
            kind: self.kind(&name),
            number: step.number,
            at: signed(at) - signed(self.base),
            duration: took,
            trace: self.diagram.traces.insert_full(trace).0,
            span: id,
            sender,
            message,
            sequence,
        };
        self.diagram.steps.push(row);
        if let Some(states) = &mut self.diagram.states {
            states.push(digest(&step.state));
        }
        let index = self.steps;
        self.steps += 1;
        for event in step.events {
            self.read_event(index, event);
        }
    }

    fn read_event(&mut self, step: usize, event: Event) {
        match event {
            Event::Sent { to, message } => {
                let send = Send {
                    step,
                    receiver: self.peer(&to),
                    kind: self.kind(&message.kind),
                    message: message_id(message.id),
                    text: cut(&message.fields.to_string()),
                    control: u8::from(is_control(&message)),
                };
                self.diagram.sends.push(send);
            }
            Event::Output { kind, fields } => {
                let output = Output {
                    step,
                    kind: self.kind(&kind),
                    text: cut(&fields.to_string()),
                };
                self.diagram.outputs.push(output);
            }
        }
    }

    /// The lost message, if the span reports one.
    fn loss(&mut self, sender: &str, span: &Span) -> Option<Loss> {
        let text = |name: &str| history::text(&span.attributes, name);
        let cause = Cause::from_name(text(key::ERROR)?)?;
        let (receiver, message) = (text(key::REMOTE)?, text(key::ID)?);
        let reason = span.status.as_ref()?.message.clone();
        Some(Loss {
            sender: self.peer(sender),
            receiver: self.peer(receiver),
            message: message.to_owned(),
            cause: cause.name(),
            reason,
        })
    }

    fn peer(&mut self, name: &str) -> usize {
        let name = self.names.name(name);
        self.diagram.peers.insert_full(name.to_owned()).0
    }

    fn kind(&mut self, name: &str) -> usize {
        self.diagram.kinds.insert_full(name.to_owned()).0
    }
}

/// Equal states have equal digests, in all runs that this program reads.
fn digest(state: &Fields) -> u32 {
    if state.iter().next().is_none() {
        return 0;
    }
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    let half = u32::try_from(hasher.finish() >> 32).expect("32 bits");
    half.max(1)
}

fn message_id(id: u64) -> String {
    format!("{id:016x}")
}

pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST_TEXT) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::common::v1::KeyValue;
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    use opentelemetry_proto::tonic::trace::v1::{Status, span};
    use serde_json::json;

    use super::*;
    use trace::store::samples;

    fn send(id: &str, kind: &str, field: KeyValue) -> span::Event {
        span::Event {
            time_unix_nano: samples::START,
            name: "send".into(),
            attributes: vec![
                samples::text(key::KIND, kind),
                samples::text(key::REMOTE, "peer-1"),
                samples::text(key::ID, id),
                field,
            ],
            ..span::Event::default()
        }
    }

    /// Two spans: a step that sends a marker and a transfer, and no step.
    #[test]
    fn an_answer_marks_control_messages_and_counts_what_is_left() {
        let store = Store::new();
        let peer = store.add_service(samples::resource("peer-0"));
        let mut step = samples::span([1; 16], 1, 0, "timer", 0);
        step.attributes = vec![samples::attribute(key::STEP, Value::IntValue(4))];
        step.events = vec![
            send("1", "MARKER", samples::text("message.snapshot", "0/0")),
            send("2", "TRANSFER", samples::text("message.id", "0/1")),
        ];
        let other = samples::span([1; 16], 2, 0, "dial", 10);
        for span in [step, other] {
            store.insert(peer, &span).expect("a good span");
        }
        let asked = |after| StepsQuery {
            after,
            most: 1,
            states: false,
        };
        let answer = |after| serde_json::to_value(diagram(&store, asked(after))).expect("JSON");
        let first = answer(0);
        assert_eq!([&first["next"], &first["left"]], [&json!(1), &json!(1)]);
        assert_eq!(first["sends"]["control"], json!([1, 0]));
        assert_eq!(first["sends"]["step"], json!([0, 0]));
        for after in [1, 2] {
            let last = answer(after);
            assert_eq!([&last["next"], &last["left"]], [&json!(2), &json!(0)]);
        }
    }

    #[test]
    fn an_answer_has_timers_cut_links_partitions_and_causes_of_losses() {
        let store = Store::new();
        let laboratory = store.add_service(samples::resource(trace::LABORATORY));
        let peer = store.add_service(samples::resource("peer-0"));
        let list = |name, one| samples::attribute(name, samples::texts(&[one]));
        let mut id = 0;
        let mut add = |service, name, attributes| {
            id += 1;
            let mut span = samples::span([1; 16], id, 0, name, u64::from(id));
            span.attributes = attributes;
            span.status = Some(Status::default());
            store.insert(service, &span).expect("a good span");
        };
        let link = || {
            let ends = [(faults::PEER, "peer-1"), (key::REMOTE, "peer-0")];
            ends.map(|(name, end)| samples::text(name, end)).to_vec()
        };
        add(laboratory, faults::CUT, link());
        add(laboratory, faults::HEAL, link());
        let sides = [
            list(faults::GROUP, "peer-0"),
            list(faults::OTHERS, "peer-1"),
        ];
        add(laboratory, faults::PARTITION, sides.to_vec());
        for name in ["pause", "resume", "slow", "usual"] {
            add(
                laboratory,
                name,
                vec![samples::text(faults::PEER, "peer-1")],
            );
        }
        // The page pauses a whole run, which concerns no peer.
        add(laboratory, "pause", Vec::new());
        add(
            laboratory,
            "links",
            vec![samples::text("p2p.network", "wan")],
        );
        for cause in ["down", "undelivered", "dial"] {
            let of_loss = [(key::ERROR, cause), (key::REMOTE, "peer-1"), (key::ID, "7")];
            let of_loss = of_loss.map(|(name, value)| samples::text(name, value));
            add(peer, "lost PING", of_loss.to_vec());
        }
        for timer in [None, Some("Election")] {
            let mut step = vec![samples::attribute(key::STEP, Value::IntValue(1))];
            step.extend(timer.map(|timer| samples::text(key::TIMER, timer)));
            add(peer, "timer", step);
        }
        let asked = StepsQuery {
            after: 0,
            most: 100,
            states: false,
        };
        let answer = serde_json::to_value(diagram(&store, asked)).expect("JSON");
        let partitions = answer["partitions"].as_array().expect("a list");
        for (partition, happened) in partitions.iter().zip(["cut", "heal", "partition"]) {
            assert_eq!(partition["group"], json!(["peer-0"]));
            assert_eq!(partition["others"], json!(["peer-1"]));
            assert_eq!(partition["happened"], happened);
        }
        assert_eq!(partitions.len(), 3);
        let hindrances = answer["hindrances"].as_array().expect("a list");
        let happened: Vec<_> = hindrances.iter().map(|one| &one["happened"]).collect();
        assert_eq!(happened, ["pause", "resume", "slow", "usual"]);
        assert_eq!(answer["links"][0]["network"], "wan");
        assert_eq!(answer["losses"]["cause"], json!(["down", "undelivered"]));
        assert_eq!(answer["steps"]["timer"], json!(["", "Election"]));
    }

    /// A page that queries until nothing is new would never stop during a live run.
    #[test]
    fn an_answer_says_whether_it_ends_before_the_spans_do() {
        for (after, most, next, more) in [(0, 2, 2, true), (2, 2, 3, false), (3, 2, 3, false)] {
            let asked = StepsQuery {
                after,
                most,
                states: false,
            };
            let answer = diagram(&samples::store(), asked);
            assert_eq!((answer.next, answer.more), (next, more), "{after}");
        }
    }
}
