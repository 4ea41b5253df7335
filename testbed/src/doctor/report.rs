//! The steps, and what follows from them.

use std::fmt::Write as _;
use std::time::Duration;

use node::{Multiaddr, PeerId, Transport};
use serde_json::{Value, json};

use super::advice;
use super::target::Target;

/// How a step has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It worked.
    Ok,
    /// It did not work.
    Failed,
    /// It was not tried, or the other side does not offer it.
    Skipped,
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// A step of the examination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name.
    pub name: &'static str,
    /// How it has ended.
    pub outcome: Outcome,
    /// How long it took; `None` if it was not tried.
    pub took: Option<Duration>,
    /// What was found.
    pub detail: String,
    /// What to do about it.
    pub advice: Option<String>,
}

impl Step {
    pub(super) fn ok(name: &'static str, took: Duration, detail: String) -> Self {
        Self::new(name, Outcome::Ok, Some(took), detail)
    }

    pub(super) fn failed(name: &'static str, took: Duration, detail: String) -> Self {
        Self::new(name, Outcome::Failed, Some(took), detail)
    }

    pub(super) fn skipped(name: &'static str, took: Option<Duration>, detail: String) -> Self {
        Self::new(name, Outcome::Skipped, took, detail)
    }

    pub(super) fn advise(mut self, advice: String) -> Self {
        self.advice = Some(advice);
        self
    }

    fn new(name: &'static str, outcome: Outcome, took: Option<Duration>, detail: String) -> Self {
        Self {
            name,
            outcome,
            took,
            detail,
            advice: None,
        }
    }
}

/// What a peer says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Its program.
    pub agent: String,
    /// Its network.
    pub protocol_version: String,
    /// What it speaks.
    pub protocols: Vec<String>,
    /// Where it listens.
    pub listen: Vec<Multiaddr>,
    /// Our address, as it sees it.
    pub observed: Option<Multiaddr>,
}

/// What was found out about an address.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    address: Multiaddr,
    steps: Vec<Step>,
    pub(super) peer: Option<PeerId>,
    pub(super) identity: Option<Identity>,
    conclusion: String,
}

impl Diagnosis {
    pub(super) fn new(target: &Target) -> Self {
        let kind = match target.transport {
            Transport::WebSocket => "WebSocket",
            Transport::Quic => "QUIC",
            Transport::Tcp | Transport::Memory => "TCP",
        };
        let (names, circuit) = (target.peer.is_some(), target.circuit.is_some());
        let detail = match (names, circuit) {
            (true, true) => format!("{kind} to a relay, and a circuit behind it"),
            (false, true) => format!("{kind} to a relay without its PeerId, and a circuit"),
            (true, false) => format!("{kind}, and the PeerId of the listener"),
            (false, false) => format!("{kind}, without a PeerId: any peer is taken"),
        };
        Self {
            address: target.address.clone(),
            steps: vec![Step::ok("address", Duration::ZERO, detail)],
            peer: None,
            identity: None,
            conclusion: String::new(),
        }
    }

    pub(super) fn add(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// Whether no step has failed.
    pub fn is_ok(&self) -> bool {
        self.failure().is_none()
    }

    /// The steps, in their order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// What follows from them, with the way out.
    pub fn conclusion(&self) -> &str {
        &self.conclusion
    }

    fn failure(&self) -> Option<&Step> {
        let mut steps = self.steps.iter();
        steps.find(|step| step.outcome == Outcome::Failed)
    }

    /// Adds the steps that were not reached, and the conclusion.
    pub(super) fn conclude(&mut self, target: &Target, timeout: Duration) {
        for name in names(target) {
            if self.steps.iter().all(|step| step.name != name) {
                let why = "not reached".to_owned();
                self.steps.push(Step::skipped(name, None, why));
            }
        }
        self.conclusion = match self.failure() {
            Some(step) => advice::of_failure(step, timeout),
            None => advice::of_success(self.peer, self.identity.as_ref(), &self.steps),
        };
    }

    /// One line for each step, and the conclusion.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for step in &self.steps {
            let took = match step.took {
                Some(took) => format!("{:.2} ms", took.as_secs_f64() * 1e3),
                None => "-".to_owned(),
            };
            let (outcome, name) = (step.outcome.name(), step.name);
            let _ = writeln!(text, "{outcome:<8} {name:<12} {took:>12}  {}", step.detail);
        }
        let _ = writeln!(text, "{}", self.conclusion);
        text
    }

    /// The same as JSON; `docs/command-line.md` describes it.
    pub fn json(&self) -> Value {
        let steps = self.steps.iter().map(|step| {
            json!({
                "step": step.name,
                "outcome": step.outcome.name(),
                "ms": step.took.map(|took| took.as_secs_f64() * 1e3),
                "detail": step.detail,
            })
        });
        json!({
            "address": self.address,
            "peer": self.peer.map(|peer| peer.to_string()),
            "ok": self.is_ok(),
            "steps": steps.collect::<Vec<_>>(),
            "identify": self.identity.as_ref().map(|identity| json!({
                "agent": identity.agent,
                "protocol_version": identity.protocol_version,
                "protocols": identity.protocols,
                "listen": identity.listen,
                "observed": identity.observed,
            })),
            "conclusion": self.conclusion,
        })
    }
}

/// The steps of an address, in their order.
fn names(target: &Target) -> Vec<&'static str> {
    let mut names = vec!["address", "dial"];
    match target.transport {
        Transport::WebSocket => names.extend(["websocket", "negotiation"]),
        Transport::Tcp | Transport::Memory => names.push("negotiation"),
        // Part of the dial.
        Transport::Quic => {}
    }
    names.extend([
        "security",
        "muxer",
        "admission",
        "identify",
        "ping",
        "channel",
        "relay",
    ]);
    if target.circuit.is_some() {
        names.extend(["circuit", "target"]);
    }
    names
}
