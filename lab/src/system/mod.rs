//! The systems to run: processes of an algorithm, their commands, and their
//! judge. One [`System`] serves all engines: the live network, the simulator and
//! the model checker.

pub mod agreement;
pub mod audit;
pub mod auth;
pub mod clients;
#[cfg(test)]
mod costs;
mod coverage;
pub mod election;
mod endings;
pub mod generals;
pub mod gossip;
pub mod hub;
pub mod membership;
pub mod mutual_exclusion;
pub mod overlay;
pub mod ping;
pub mod replicated_log;
pub mod route;
pub mod routing;
mod safety;
mod setup;
pub mod snapshot;
mod symmetry;
pub mod termination;
pub mod wave;

use std::collections::BTreeMap;
use std::time::Duration;

use algorithms::{Algorithm, NodeId};
use heck::ToKebabCase as _;
use serde::{Serialize, Serializer};
use trace::steps::catch;

pub use clients::{Answer, Client, Request, To};
pub use coverage::Coverage;
pub use endings::Endings;
pub use setup::{Engine, OutagesEnd, Setup, SetupError, SystemOptions, Visitor};
pub use symmetry::{Renaming, Symmetry};
use trace::history::{History, Moment};

use crate::checkers::overlay::Interval;
use crate::checkers::{Outcome, Property, rounds};
use crate::liars::Liars;
use crate::spread::Delivery;
use crate::stats::Measure;

/// Why a system is wrong, whatever the options of the run: fix the system.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It does not have a process for each peer.
    #[error(
        "the system has {processes} processes, and the run has {peers} peers: each needs a process"
    )]
    Processes {
        /// How many processes it has.
        processes: u32,
        /// How many peers the run has.
        peers: u32,
    },
    /// A client asks a process that it does not have.
    #[error(
        "a client of the system asks {node}, which is no process of the run: there are \
         {processes}, from {} on",
        NodeId(0)
    )]
    StrayClient {
        /// The process.
        node: NodeId,
        /// How many processes there are.
        processes: u32,
    },
    /// It commands a process that it does not have.
    #[error(
        "the system commands {node} to {operation:?}, which is no process of the run: there are \
         {processes}, from {} on",
        NodeId(0)
    )]
    StrayCommand {
        /// The process.
        node: NodeId,
        /// The operation.
        operation: &'static str,
        /// How many processes there are.
        processes: u32,
    },
    /// Its run could not end.
    #[error(
        "the system has no endings, so its run could not end: at least one output has to end it, \
         or a client has to ask for something"
    )]
    NoEndings,
}

/// A system to be run.
///
/// It has as many processes as the run has peers, commands only these, and has at
/// least one ending or request of a client. Every engine refuses any other system, and the run fails,
/// with the same message ([`check`]).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a system",
    label = "not a system",
    note = "write `impl System for {Self}`: how many processes there are, what is asked of them, and what is right"
)]
pub trait System: Send + Sync {
    /// What each process does.
    type Algorithm: Algorithm;

    /// How many processes there are.
    fn processes(&self) -> u32;

    /// The first state of a process.
    fn process(&self, id: NodeId) -> Self::Algorithm;

    /// For an algorithm that stabilizes from any state (Dijkstra, "Self-Stabilizing Systems
    /// in Spite of Distributed Control", CACM 17(11), 1974): the states in which that
    /// process may begin. The model checker begins in each combination of them; the
    /// simulator draws one for each process, by the seed of the schedule; a live run
    /// begins with [`process`](Self::process). By default there are none, and every run
    /// begins so.
    fn arbitrary(&self, _id: NodeId) -> Vec<Self::Algorithm> {
        Vec::new()
    }

    /// The commands, with their processes and times.
    fn commands(&self) -> Vec<ScheduledCommand<<Self::Algorithm as Algorithm>::Command>>;

    /// The clients: each asks for operations one after the other. By default there are none.
    ///
    /// A run is over when no client asks for anything more, and all endings have occurred.
    /// The model checker then distinguishes schedules also by which operations were answered
    /// before which others were asked for, which the judge of linearizability needs.
    fn clients(&self) -> Vec<Client<<Self::Algorithm as Algorithm>::Command>> {
        Vec::new()
    }

    /// How that output of a process answers an open command of it; `None` if it does not.
    /// The output ends the oldest operation that it answers.
    fn answers(
        &self,
        node: NodeId,
        _command: &<Self::Algorithm as Algorithm>::Command,
        output: &<Self::Algorithm as Algorithm>::Output,
    ) -> Option<Answer> {
        self.ends(node, output).then_some(Answer::Done)
    }

    /// The process that leads, by that output of a process; `None` if it says nothing about
    /// that. Clients ask the last one that was named ([`To::Leader`]).
    fn leads(
        &self,
        _node: NodeId,
        _output: &<Self::Algorithm as Algorithm>::Output,
    ) -> Option<NodeId> {
        None
    }

    /// Whether an operation ends with that output of that process.
    fn ends(&self, node: NodeId, output: &<Self::Algorithm as Algorithm>::Output) -> bool;

    /// How many such outputs end the run: at least one, if there are no clients.
    fn endings(&self) -> u64;

    /// How many of them are outputs of that process. A run in which it stops for ever does
    /// not wait for them. By default this is not known, and every run waits for all.
    fn endings_of(&self, _node: NodeId) -> Option<u64> {
        None
    }

    /// For an algorithm that guarantees no ending: how long after the last command, after
    /// the last of its [endings](Self::endings), and after the last planned fault has ended,
    /// a run is over although some endings are missing. That is not wrong; the judge reports
    /// what is missing. A simulated run also waits for the messages that were sent until then.
    fn gives_up_after(&self) -> Option<Duration> {
        None
    }

    /// How long the operations may go on after the last command, on a machine
    /// that takes no time itself, where a message travels for `delay` at most. A
    /// live run waits twice as long, and half a minute at least.
    fn lasts(&self, _delay: Duration) -> Duration {
        Duration::ZERO
    }

    /// Whether it needs channels that keep the order. An engine then refuses
    /// others, unless they were asked for expressly.
    fn needs_fifo(&self) -> bool {
        false
    }

    /// Whether all that [`safe`](Self::safe) and [`judge`](Self::judge) find follows from the
    /// states of the processes, the messages under way and the outputs of each process so
    /// far. The model checker then tries each such situation once, however many schedules
    /// lead to it. A system whose processes draw random numbers of which it does not try all
    /// values ([`Out::random`](algorithms::Out::random)) does not qualify.
    fn ignores_history(&self) -> bool {
        false
    }

    /// Processes that are interchangeable. The model checker then tries one of the states
    /// that differ in their names alone, if the system [ignores
    /// history](Self::ignores_history) and has no [clients](Self::clients). The processes
    /// get the same commands, and what is right does not depend on their names.
    fn symmetry(&self) -> Option<Symmetry<Self::Algorithm>> {
        None
    }

    /// Whether its judge needs the sizes of messages. The simulator then encodes each.
    fn counts_bytes(&self) -> bool {
        false
    }

    /// Whether its judge needs the fields of messages of this kind. What it does not need takes
    /// no memory in a simulated run that is judged; what is recorded of a run always has it.
    fn reads(_kind: &str) -> bool
    where
        Self: Sized,
    {
        true
    }

    /// Whether its judge needs the causal order of the steps. For each of them that takes memory
    /// in proportion to the processes.
    fn orders_causally(&self) -> bool {
        true
    }

    /// Whether its processes rely on a bound on the time of a message, as
    /// [`Rounds`](algorithms::rounds::Rounds) do that end by the clock. The model checker
    /// then lets messages take no time, and of all timers those that are due first run out
    /// first. In a run in which a message came after its round, or never, no property is
    /// known to hold.
    fn is_synchronous(&self) -> bool {
        false
    }

    /// The processes that lie. They are recorded as [liars](History::liars) if they are
    /// [`Byzantine`](crate::liars::Byzantine). By default none does, and a run for which
    /// liars were asked is refused.
    fn liars(&self) -> Liars {
        Liars::default()
    }

    /// Whether a run shows anything: a snapshot of empty channels without a
    /// violation shows little. The model checker has to find a run that does.
    fn is_nonvacuous(&self, _judged: &Judgement) -> bool {
        true
    }

    /// Whether it measures times of the network, which a saturated host would
    /// distort.
    fn measures(&self) -> bool {
        false
    }

    /// Whether a run in which a process stops can be right.
    fn survives_crashes(&self) -> bool {
        false
    }

    /// Invariants: what has to hold at every moment of a run, and not only at its end.
    /// Every moment gets the same properties. By default there are none.
    ///
    /// The model checker checks them in every state, and ends a run at the first
    /// violation. In a simulated, live or loaded run, [`judge`] checks them after each
    /// recorded step.
    fn safe(&self, _now: &Moment<'_>) -> Vec<Property> {
        Vec::new()
    }

    /// Judges a recorded run, and compares it with theory. Engines call
    /// [`judge`], which also marks the properties for which nothing was checked.
    fn judge(&self, history: &History) -> Judgement;
}

/// The name of a system that is not one of the testbed's: that of its algorithm's type, as
/// `le-lann` for `LeLann`.
pub fn name<S: System>() -> String {
    let path = std::any::type_name::<S::Algorithm>();
    // Without the parameters of `my::Snapshot<my::Bank>`, and without the modules.
    let path = path.split('<').next().unwrap_or(path);
    let name = path.rsplit("::").next().unwrap_or(path);
    name.to_kebab_case()
}

/// Whether it is a system of another program, and not one of the testbed's.
pub fn is_own<S: System>() -> bool {
    let package = module_path!().split("::").next();
    std::any::type_name::<S>().split("::").next() != package
}

/// Lets the judge of `system` judge a recorded run. A property with nothing to
/// check is not known, unless the judge marks it as idle. Nothing is known if the
/// judge panics.
pub fn judge<S: System>(system: &S, history: &History) -> Judgement {
    let judged = catch(|| {
        let mut judgement = system.judge(history);
        let invariants = safety::check(system, history);
        judgement.properties.splice(0..0, invariants);
        if system.is_synchronous() {
            rounds::require(history, &mut judgement.properties);
        }
        judgement
    });
    let mut judgement = judged.unwrap_or_else(|message| {
        let mut all = Property::new("all that the judge checks");
        all.not_known(format!("the judge panicked: {message}"));
        Judgement {
            properties: vec![all],
            ..Judgement::default()
        }
    });
    for property in &mut judgement.properties {
        property.settle(history);
    }
    judgement.unfinished.clone_from(&history.unfinished);
    judgement
}

/// Checks that `system` can be run by `peers` peers. Engines do so before they
/// take its first step.
///
/// # Errors
/// [`Error`], with what is wrong with it.
pub fn check<S: System>(system: &S, peers: u32) -> Result<(), Error> {
    let processes = system.processes();
    let (commands, clients) = (system.commands(), system.clients());
    let stray_client = clients.iter().find_map(|client| match client.to {
        To::Process(node) => (node.0 >= processes).then_some(node),
        To::Leader => None,
    });
    let asks = clients.iter().any(|client| !client.requests.is_empty());
    let stray = commands.iter().find(|asked| asked.node.0 >= processes);
    match stray {
        _ if processes != peers => Err(Error::Processes { processes, peers }),
        Some(asked) => Err(Error::StrayCommand {
            node: asked.node,
            operation: asked.operation,
            processes,
        }),
        None => match stray_client {
            Some(node) => Err(Error::StrayClient { node, processes }),
            None if system.endings() == 0 && !asks => Err(Error::NoEndings),
            None => Ok(()),
        },
    }
}

/// Checks that the processes of `system` lie that were asked to, and no others.
///
/// # Errors
/// [`SetupError::NoLiars`]: the system has no liars.
pub fn check_liars<S: System>(system: &S, asked: &Liars) -> Result<(), SetupError> {
    match system.liars() == *asked {
        true => Ok(()),
        false => Err(SetupError::NoLiars {
            asked: asked.clone(),
        }),
    }
}

/// When the last command of a system is given; 0 without any.
pub fn last_command(system: &impl System) -> Duration {
    let commands = system.commands();
    let last = commands.iter().map(|command| command.at).max();
    last.unwrap_or_default()
}

/// A command for a process.
#[derive(Clone, Debug)]
pub struct ScheduledCommand<C> {
    /// When, after the start.
    pub at: Duration,
    /// The process.
    pub node: NodeId,
    /// The command.
    pub command: C,
    /// The name in the trace of the operation that begins with it.
    pub operation: &'static str,
}

/// The judgement of a recorded run.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// What should hold, and whether it does.
    pub properties: Vec<Property>,
    /// What was counted, beside what theory says.
    pub figures: Vec<Figure>,
    /// What was measured, in the form of all experiments.
    pub measures: Vec<Measure>,
    /// The result for people, in lines.
    pub summary: Vec<String>,
    /// The paths over which messages spread.
    pub ways: Option<Ways>,
    /// The single deliveries.
    pub deliveries: Vec<Delivery>,
    /// An overlay over time.
    pub intervals: Vec<Interval>,
    /// Why the run was cut short, if it was. Engines set it.
    pub unfinished: Option<String>,
}

/// The results of a system's run, as `run.json` has them.
#[derive(Clone, Debug, Serialize)]
pub struct Results<E> {
    /// What the judge found.
    #[serde(flatten)]
    pub judgement: Judgement,
    /// What the engine counted.
    #[serde(flatten)]
    pub engine: E,
}

/// The paths over which messages spread.
#[derive(Clone, Debug, Serialize)]
pub struct Ways {
    /// How many deliveries took so many hops; 0: not known.
    pub hops: BTreeMap<u64, u64>,
    /// How many neighbours processes have: the least, the median, the greatest.
    pub degree: [u64; 3],
    /// To how many others half of them forward a message, at most.
    pub fanout: u64,
}

/// Something that was counted.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// What was counted.
    pub name: &'static str,
    /// How many there were.
    pub measured: u64,
    /// How many there should be, where theory says it.
    pub theory: Option<u64>,
    /// The formula of the theory.
    pub formula: String,
}

impl Figure {
    /// A number that no theory says. The text says of what it is.
    pub fn new(name: &'static str, measured: u64, formula: &str) -> Self {
        Self {
            name,
            measured,
            theory: None,
            formula: formula.into(),
        }
    }

    /// How many messages of that kind were sent.
    pub fn counted(history: &History, name: &'static str, kind: &str, formula: &str) -> Self {
        Self::new(name, history.count(kind), formula)
    }
}

impl Judgement {
    /// Whether no violation was found.
    pub fn holds(&self) -> bool {
        self.properties.iter().all(Property::holds)
    }

    /// What does not hold, in a line; the properties say why.
    pub fn violated(&self) -> Option<String> {
        let wrong = self.properties.iter().filter(|property| !property.holds());
        let names: Vec<_> = wrong.map(|property| property.name).collect();
        (!names.is_empty()).then(|| format!("violated: {}", names.join(", ")))
    }

    /// Which properties are not known to hold, and why: a line for each reason.
    pub fn unknown(&self) -> Vec<String> {
        let all = self.properties.iter();
        let unknown = all.filter(|property| property.outcome() == Outcome::Unknown);
        by_reason(unknown.map(|property| {
            let reason = property.reason().unwrap_or_default();
            let checked = property.checked;
            (property.name, format!("{checked} checked: {reason}"))
        }))
    }

    /// How many properties had nothing to check.
    pub fn unchecked(&self) -> usize {
        let all = self.properties.iter();
        all.filter(|property| property.checked == 0).count()
    }

    /// What was measured, and what was counted, in the form of all experiments.
    pub fn all_measures(&self) -> Vec<Measure> {
        let counted = self.figures.iter().map(|figure| {
            let counted = Measure::total(figure.name, figure.measured);
            match figure.theory {
                Some(theory) => counted.with_theory(theory as f64),
                None => counted,
            }
        });
        self.measures.iter().cloned().chain(counted).collect()
    }

    /// All of it as text, in lines.
    pub fn text(&self) -> String {
        let summary = self.summary.iter().cloned();
        let figures = self.figures.iter().map(ToString::to_string);
        let properties = self.properties.iter().map(ToString::to_string);
        let lines = summary.chain(figures).chain(properties);
        lines.map(|line| line + "\n").collect()
    }
}

/// For `run.json`: with all measures, and without the deliveries, which are rows
/// of a file of their own.
impl Serialize for Judgement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Form<'a> {
            properties: &'a [Property],
            figures: &'a [Figure],
            measures: Vec<Measure>,
            #[serde(rename = "told")]
            summary: &'a [String],
            #[serde(flatten)]
            ways: &'a Option<Ways>,
            #[serde(skip_serializing_if = "Option::is_none")]
            unfinished: &'a Option<String>,
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            intervals: &'a [Interval],
        }
        let form = Form {
            properties: &self.properties,
            figures: &self.figures,
            measures: self.all_measures(),
            summary: &self.summary,
            ways: &self.ways,
            unfinished: &self.unfinished,
            intervals: &self.intervals,
        };
        form.serialize(serializer)
    }
}

/// Properties that are not known, those with the same reason together.
fn by_reason(unknown: impl Iterator<Item = (&'static str, String)>) -> Vec<String> {
    let mut reasons = Vec::<(String, Vec<&str>)>::new();
    for (name, reason) in unknown {
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, names)) => names.push(name),
            None => reasons.push((reason, vec![name])),
        }
    }
    let reasons = reasons.into_iter();
    let lines =
        reasons.map(|(reason, names)| format!("not known: {} ({reason})", names.join(", ")));
    lines.collect()
}

/// `markers           380, in theory 380 (a marker on each channel, N(N-1))`
impl std::fmt::Display for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:<17} {}", self.name, self.measured)?;
        if let Some(theory) = self.theory {
            write!(f, ", in theory {theory}")?;
        }
        match self.formula.as_str() {
            "" => Ok(()),
            formula => write!(f, " ({formula})"),
        }
    }
}
