//! What a hub and its peers count for Prometheus. No label names a peer, so what is kept does
//! not grow with those that come.

use std::hash::{Hash, Hasher};
use std::time::Duration;

use algorithms::Message as _;
use algorithms::hub::{Code, Message, Output};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::reach::{Relayed, Sessions, Way};

/// Counters, by one label.
type By = Family<[(&'static str, &'static str); 1], Counter>;

/// The values of the labels, each of which is served from the beginning.
const OUTCOMES: [&str; 2] = ["accepted", "refused"];
const CODES: [&str; 10] = [
    "version",
    "proof",
    "session",
    "unregistered",
    "unknown_receiver",
    "large",
    "ration",
    "full",
    "silent",
    "pace",
];
const PASSED: [&str; 4] = ["RELAYED", "CALLED", "ANSWERED", "DIAL_BACK"];

/// The first bound of the histogram in seconds, and how many there are. Each is twice the one
/// before: from a round trip on loopback to the longest that a race takes.
const FIRST: f64 = 0.001;
const BOUNDS: u16 = 15;

fn by(label: &'static str, values: impl IntoIterator<Item = &'static str>) -> By {
    let family = By::default();
    for value in values {
        drop(family.get_or_create(&[(label, value)]));
    }
    family
}

/// What a hub has done.
#[derive(Clone, Debug)]
pub(super) struct HubCounts {
    sessions: Gauge,
    registrations: Counter,
    proofs: By,
    refusals: By,
    passed_bytes: By,
    refused_bytes: By,
    relayed: Relayed,
}

impl HubCounts {
    /// `sessions` has what its relay counts.
    pub(super) fn new(sessions: &Sessions) -> Self {
        Self {
            sessions: Gauge::default(),
            registrations: Counter::default(),
            proofs: by("outcome", OUTCOMES),
            refusals: by("code", CODES),
            passed_bytes: by("kind", PASSED),
            refused_bytes: by("code", ["large", "ration"]),
            relayed: sessions.relayed.clone(),
        }
    }

    pub(super) fn register(&self, all: &mut Registry) {
        all.register(
            "testbed_hub_sessions",
            "Peers that are registered",
            self.sessions.clone(),
        );
        all.register(
            "testbed_hub_registrations",
            "Registrations, repeated ones included",
            self.registrations.clone(),
        );
        all.register(
            "testbed_hub_proofs",
            "Proofs of work that were accepted or refused",
            self.proofs.clone(),
        );
        all.register(
            "testbed_hub_refusals",
            "Messages that were refused, by code",
            self.refusals.clone(),
        );
        all.register(
            "testbed_hub_passed_bytes",
            "Bytes of data that were passed on, which rations were used for, by message",
            self.passed_bytes.clone(),
        );
        all.register(
            "testbed_hub_refused_bytes",
            "Bytes of data that no ration was left for, or that were too large",
            self.refused_bytes.clone(),
        );
        self.relayed.register(all);
    }

    /// The hub sends that. The message that it answers carries so many `bytes` of data.
    pub(super) fn on_sent(&self, message: &Message, bytes: u64) {
        match message {
            Message::Accepted { .. } => self.proved("accepted"),
            Message::Registered => drop(self.registrations.inc()),
            Message::Relayed(_)
            | Message::Called(_)
            | Message::Answered(_)
            | Message::DialBack(_) => {
                let passed = self.passed_bytes.get_or_create(&[("kind", message.kind())]);
                passed.inc_by(data_of(message));
            }
            Message::Refused { code, .. } => self.on_refused(*code, bytes),
            _ => {}
        }
    }

    fn on_refused(&self, code: Code, bytes: u64) {
        let label = [("code", name(code))];
        self.refusals.get_or_create(&label).inc();
        match code {
            Code::Proof => self.proved("refused"),
            Code::Large | Code::Ration { .. } => {
                self.refused_bytes.get_or_create(&label).inc_by(bytes);
            }
            _ => {}
        }
    }

    fn proved(&self, outcome: &'static str) {
        self.proofs.get_or_create(&[("outcome", outcome)]).inc();
    }

    pub(super) fn on_output(&self, output: &Output) {
        match output {
            Output::SessionBegan { .. } => drop(self.sessions.inc()),
            Output::SessionEnded { .. } => drop(self.sessions.dec()),
            _ => {}
        }
    }
}

/// How many bytes of data a message carries.
pub(super) fn data_of(message: &Message) -> u64 {
    let data = match message {
        Message::Forward(parcel)
        | Message::Call(parcel)
        | Message::Answer(parcel)
        | Message::Relayed(parcel)
        | Message::Called(parcel)
        | Message::Answered(parcel) => &parcel.data,
        Message::Reverse(reversal) => &reversal.data,
        Message::DialBack(invitation) => &invitation.data,
        _ => return 0,
    };
    data.len() as u64
}

fn name(code: Code) -> &'static str {
    match code {
        Code::Version { .. } => "version",
        Code::Proof => "proof",
        Code::Session => "session",
        Code::Unregistered => "unregistered",
        Code::UnknownReceiver => "unknown_receiver",
        Code::Large => "large",
        Code::Ration { .. } => "ration",
        Code::Full => "full",
        Code::Silent => "silent",
        Code::Pace { .. } => "pace",
    }
}

/// The counts of a hub's process, which are no part of its state.
#[derive(Clone, Debug)]
pub(super) struct Apart(pub(super) Option<HubCounts>);

impl PartialEq for Apart {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Apart {}

impl Hash for Apart {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// How a peer got through to others.
#[derive(Clone, Debug)]
pub(super) struct Races {
    connections: By,
    failures: Counter,
    seconds: Histogram,
}

impl Races {
    pub(super) fn new() -> Self {
        Self {
            connections: by("way", Way::ALL.map(Way::name)),
            failures: Counter::default(),
            seconds: Histogram::new(exponential_buckets(FIRST, 2.0, BOUNDS)),
        }
    }

    pub(super) fn register(&self, all: &mut Registry) {
        all.register(
            "testbed_peer_connections",
            "Peers that this one got through to, by the way of the connection",
            self.connections.clone(),
        );
        all.register(
            "testbed_peer_unreached",
            "Peers that it did not get through to",
            self.failures.clone(),
        );
        all.register(
            "testbed_peer_race_seconds",
            "How long it took until a connection was chosen",
            self.seconds.clone(),
        );
    }

    /// `way`: `None` if there was none.
    pub(super) fn on_ended(&self, way: Option<Way>, took: Duration) {
        let Some(way) = way else {
            self.failures.inc();
            return;
        };
        let label = [("way", way.name())];
        self.connections.get_or_create(&label).inc();
        self.seconds.observe(took.as_secs_f64());
    }
}
