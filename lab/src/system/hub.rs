//! Hubs and their peers: sessions, rations and what is passed on.

mod attack;
mod flood;
mod options;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use algorithms::hub::{Command, Hub, Known, Node, Output, Server, Terms, VERSION};
use algorithms::{Algorithm, NodeId};
use proto::Bytes;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use trace::history::History;

use super::{Answer, Figure, Judgement, ScheduledCommand, System};
use crate::checkers::hub;
pub use attack::{Attack, Attacker, Member, Span};
pub use options::{Mistake, Options};

/// The first hub, which attackers attack.
const HUB: NodeId = NodeId(0);

/// Hubs and peers that register, ask, and leave. `A` is the type of the processes.
#[derive(Clone)]
pub struct Hubs<A> {
    /// How many processes there are, the hubs included.
    pub processes: u32,
    /// How many of them, the first ones, are hubs.
    pub hubs: u32,
    /// What the hub grants.
    pub terms: Terms,
    /// How often peers say that they are there; `None` for never.
    pub alive: Option<Duration>,
    /// What each peer asks for.
    pub questions: u32,
    /// The time between two questions of a peer.
    pub every: Duration,
    /// How many of the peers, the last ones, leave after a quarter of their questions.
    pub leavers: u32,
    /// How long a run goes on without an answer that is missing.
    pub patience: Duration,
    /// How many of the peers, the first ones, speak a version that is too old.
    pub old: u32,
    /// How many of the peers, the last ones, attack the hub while the others ask.
    pub attackers: u32,
    /// The seed of what is asked.
    pub seed: u64,
    /// The process of the type, where it is no attacker.
    pub process: Arc<dyn Fn(NodeId, Hub) -> A + Send + Sync>,
}

/// How long a peer waits for the answer to a call. A guess.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a run goes on at least although something is missing. A guess.
const GIVES_UP: Duration = Duration::from_secs(10);

/// In so many lives of a session everybody is answered, although messages are lost. A guess:
/// peers ask some tens of times meanwhile.
const LIVES: u32 = 40;

/// In how many questions a peer uses its bucket up. A guess: one in three of them asks to
/// pass bytes on.
const GREED: u64 = 4;

impl<A> Hubs<A> {
    fn nodes(&self) -> impl Iterator<Item = NodeId> {
        (self.hubs..self.honest()).map(NodeId)
    }

    /// How many processes there are that do not attack, the hubs included.
    fn honest(&self) -> u32 {
        self.processes - self.attackers
    }

    /// When attackers attack: while honest peers have the second half of their questions.
    pub(super) fn attacked(&self) -> Span {
        let half = self.every * (self.questions / 2);
        Span {
            begins: self.every + half,
            lasts: self.every * self.questions - half,
        }
    }

    fn is_hub(&self, node: NodeId) -> bool {
        node.0 < self.hubs
    }

    /// The hubs, with their names.
    fn hubs(&self) -> Vec<Known> {
        let all = (0..self.hubs).map(NodeId);
        all.map(|hub| (hub, hub.to_string())).collect()
    }

    /// Each hub has a secret of its own.
    fn hub(&self, id: NodeId) -> Hub {
        let mut key = [0; 32];
        let seed = self.seed.wrapping_add(id.0.into());
        ChaCha8Rng::seed_from_u64(seed).fill(&mut key);
        let mut others = self.hubs();
        others.retain(|(other, _)| *other != id);
        let server = Server::new(id.to_string(), self.terms.clone(), key);
        Hub::Server(server.beside(others))
    }

    /// Each peer joins, asks, and may leave.
    fn asked(&self) -> Vec<ScheduledCommand<Command>> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let mut all = Vec::new();
        let mut add = |at, node, command, operation| {
            all.push(ScheduledCommand {
                at,
                node,
                command,
                operation,
            });
        };
        for node in self.nodes() {
            let begins = self.every.mul_f64(rng.random_range(0.0..1.0));
            add(begins, node, Command::Join, "join");
            let questions = self.questions_of(node);
            for number in 1..=questions {
                let (command, operation) = self.question(node, &mut rng);
                add(begins + self.every * number, node, command, operation);
            }
            if let Some(wait) = self.looks_after(node) {
                let at = begins + self.every * (questions + 1) + wait;
                add(at, node, Command::Find(rng.random()), "find");
            }
            if self.leaves(node) {
                let at = begins + self.every * (questions + 1);
                add(at, node, Command::Leave, "leave");
            }
        }
        all.sort_by_key(|asked| (asked.at, asked.node));
        all
    }

    fn question(&self, node: NodeId, rng: &mut ChaCha8Rng) -> (Command, &'static str) {
        let others: Vec<_> = self.nodes().filter(|other| *other != node).collect();
        // Alone, it asks for itself, and is refused.
        let other = others.choose(rng).copied().unwrap_or(node);
        let most = (self.terms.largest.min(self.terms.burst * 2 / GREED)).max(1);
        let bytes = rng.random_range(1..=most);
        let zeros = || Bytes::from(vec![0; bytes as usize]);
        let other = other.to_string();
        match rng.random_range(0..6) {
            0 | 1 => (Command::Find(rng.random()), "find"),
            2 | 3 => (Command::Forward(other, zeros()), "forward"),
            4 => (Command::Call(other, zeros(), PATIENCE), "call"),
            _ => (Command::Reverse(other, Bytes::new()), "reverse"),
        }
    }

    /// Whether that peer falls silent while the others go on.
    fn leaves(&self, node: NodeId) -> bool {
        let last = self.honest();
        !self.is_hub(node) && (last.saturating_sub(self.leavers)..last).contains(&node.0)
    }

    fn questions_of(&self, node: NodeId) -> u32 {
        match self.leaves(node) {
            true => self.questions / 4,
            false => self.questions,
        }
    }

    /// How long after its questions that peer has another one, when the sessions of those that
    /// left have ended.
    fn looks_after(&self, node: NodeId) -> Option<Duration> {
        let is_first = node == NodeId(self.hubs) && !self.leaves(node) && self.leavers > 0;
        let life = self.terms.life.filter(|_| is_first)?;
        Some(life.saturating_mul(2))
    }

    /// How many outputs end what that process is asked for.
    fn endings_of_one(&self, node: NodeId) -> u64 {
        if self.is_hub(node) || node.0 >= self.honest() {
            return 0;
        }
        let more = self.leaves(node) || self.looks_after(node).is_some();
        1 + u64::from(self.questions_of(node)) + u64::from(more)
    }
}

impl<A: Algorithm<Command = Command, Output = Output>> System for Hubs<A> {
    type Algorithm = A;

    fn processes(&self) -> u32 {
        self.processes
    }

    fn process(&self, id: NodeId) -> A {
        let is_old = id.0 < self.hubs.saturating_add(self.old);
        let hub = match self.is_hub(id) {
            true => self.hub(id),
            false => {
                let version = if is_old { 0 } else { VERSION };
                Hub::Node(Node::new(id.to_string(), self.hubs(), version, self.alive))
            }
        };
        (self.process)(id, hub)
    }

    fn commands(&self) -> Vec<ScheduledCommand<Command>> {
        self.asked()
    }

    /// A session may end more than once, where messages come late.
    fn ends(&self, _: NodeId, output: &Output) -> bool {
        !matches!(
            output,
            Output::Entered { .. }
                | Output::SessionBegan { .. }
                | Output::SessionEnded { .. }
                | Output::Vouched { .. }
                | Output::DialBack { .. }
                | Output::Received { .. }
        )
    }

    fn endings(&self) -> u64 {
        let all = (0..self.processes).map(NodeId);
        all.map(|node| self.endings_of_one(node)).sum()
    }

    fn endings_of(&self, node: NodeId) -> Option<u64> {
        Some(self.endings_of_one(node))
    }

    fn answers(&self, _: NodeId, asked: &Command, output: &Output) -> Option<Answer> {
        let is_answer = match output {
            Output::Joined => *asked == Command::Join,
            Output::Left => *asked == Command::Leave,
            Output::Found { .. } => matches!(asked, Command::Find(_)),
            Output::Sent { .. } => matches!(asked, Command::Forward(..)),
            Output::Answered { .. } => matches!(asked, Command::Call(..)),
            Output::Late { .. } => *asked != Command::Leave,
            Output::Reversed { .. } => matches!(asked, Command::Reverse(..)),
            Output::Refused { .. } => *asked != Command::Leave,
            Output::Entered { .. }
            | Output::SessionBegan { .. }
            | Output::SessionEnded { .. }
            | Output::Vouched { .. }
            | Output::DialBack { .. }
            | Output::Received { .. } => false,
        };
        is_answer.then_some(Answer::Done)
    }

    /// A process that crashes loses what it was asked, and a hub that stops answers nobody.
    fn gives_up_after(&self) -> Option<Duration> {
        Some(self.patience)
    }

    fn lasts(&self, delay: Duration) -> Duration {
        let life = self.terms.life.unwrap_or_default();
        life.saturating_mul(4) + PATIENCE + delay.saturating_mul(10)
    }

    /// A channel that reorders lets a peer ask before it is registered, which it is told.
    fn survives_crashes(&self) -> bool {
        true
    }

    fn judge(&self, history: &History) -> Judgement {
        let terms = hub::Terms {
            hubs: self.hubs().into_iter().map(|(_, name)| name).collect(),
            bits: self.terms.bits,
            kept: self.terms.kept.try_into().unwrap_or(i64::MAX),
            life: self.terms.life,
            retries: self.alive.is_some(),
            attackers: flood::attackers(history).into_iter().collect(),
            nearest: self.terms.nearest,
            burst: self.terms.burst as i64,
            tick: self.terms.tick,
            fill: self.terms.fill as i64,
            largest: self.terms.largest as i64,
            errands: self.terms.errands,
            pace: self
                .terms
                .pace
                .map(|pace| (pace.burst as i64, pace.fill as i64)),
        };
        let passed = history.count("RELAYED") + history.count("CALLED") + history.count("ANSWERED");
        let mut judgement = Judgement {
            properties: hub::check(history, &terms),
            figures: vec![
                Figure::new(
                    "sessions",
                    history.count("ACCEPTED"),
                    "one a peer that does not restart",
                ),
                Figure::new(
                    "passed on",
                    passed,
                    "FORWARD, CALL and ANSWER within the ration",
                ),
                Figure::new(
                    "handed over",
                    history.count("HANDED_OVER"),
                    "one for each peer of another hub that is found",
                ),
                Figure::new("refused", history.count("REFUSED"), "each with its reason"),
            ],
            ..Judgement::default()
        };
        if self.attackers > 0 {
            flood::add(history, &mut judgement);
        }
        judgement
    }
}
