//! From the command line to a [`System`].

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::time::Duration;

use algorithms::NodeId;
use algorithms::bank::Bank;
use algorithms::chandy_lamport::ChandyLamport;
use algorithms::lai_yang::LaiYang;
use algorithms::naive_snapshot::NaiveSnapshot;
use algorithms::producer_consumer::ProducerConsumer;
use algorithms::token::Tokens;
use lab::system::System;
use lab::system::election::Election;
use lab::system::gossip::{Flooding, Plan as GossipPlan};
use lab::system::mutual_exclusion::MutualExclusion;
use lab::system::ping::Pings;
use lab::system::snapshot::{Pair, Snapshots, Workload};
use lab::system::termination::Termination;
use lab::system::wave::Waves;

use crate::Error;
use crate::cli::gossip::Protocol;
use crate::cli::options::Options;
use crate::cli::systems::{self, Net, SnapshotAlgorithm};
use crate::network::neighbours;

/// What is done with a system, whichever it is.
pub trait Engine {
    /// What comes of it.
    type Outcome;

    /// Runs it.
    fn run<S: System + 'static>(self, system: S) -> Self::Outcome;
}

/// What an engine says of the run.
#[derive(Clone, Debug)]
pub struct Given {
    /// How often a process of a workload acts, if nobody says. Some only where
    /// every schedule is tried: then processes have one token or item each, not
    /// many that may move in any order.
    pub acts: Option<u64>,
    /// Who stops, for a while or for good.
    pub stops: Vec<NodeId>,
    /// Whether channels keep the order.
    pub in_order: bool,
}

impl Given {
    /// Whether somebody stops.
    fn crashes(&self) -> bool {
        !self.stops.is_empty()
    }
}

/// Lets `engine` run the system that the command line names.
///
/// # Errors
/// [`Error::Usage`] with the value and the way out.
pub fn select<E: Engine>(
    system: &systems::System,
    options: &Options,
    given: Given,
    engine: E,
) -> Result<E::Outcome, Error> {
    all_there(system.net(), options)?;
    let neighbours = neighbours(options);
    match system {
        systems::System::Snapshot(args) => snapshot(args, options, neighbours, given, engine),
        systems::System::Elect(args) => {
            let candidates = args.candidates.unwrap_or(options.peers);
            at_most("--candidates", candidates, options)?;
            ring(&neighbours, options)?;
            Ok(engine.run(Election::new(options.peers, candidates, options.seed)))
        }
        systems::System::Mutex(args) => {
            mesh(&neighbours, options)?;
            operations("--entries", args.entries, options.peers)?;
            Ok(engine.run(MutualExclusion {
                processes: options.peers,
                entries: args.entries,
                hold: args.hold,
            }))
        }
        systems::System::Wave(args) => {
            at_most("--initiators", args.initiators, options)?;
            connected(&neighbours, options)?;
            Ok(engine.run(Waves {
                neighbours,
                initiators: args.initiators,
            }))
        }
        systems::System::Gossip(args) => {
            connected(&neighbours, options)?;
            if let Some(fanout) = args.fanout {
                enough_neighbours(&neighbours, fanout, options)?;
            }
            let messages = args.messages.or(given.acts.map(|acts| acts as u32));
            let plan = GossipPlan {
                messages: messages.unwrap_or(MESSAGES),
                interval: args.given_interval()?,
                size: args.size.0,
                fanout: args.fanout,
                patience: args.patience.unwrap_or(FLOOD_PATIENCE),
                crashes: given.crashes(),
            };
            match args.protocol {
                Protocol::Flood if args.mesh.is_given() => Err(Error::Usage(
                    "--mesh and its kin are for --protocol gossipsub; leave them out".into(),
                )),
                Protocol::Flood => Ok(engine.run(Flooding::new(neighbours, plan, options.seed))),
                Protocol::Gossipsub => Err(Error::Usage(
                    "--protocol gossipsub is libp2p's, and runs over real peers alone; take --protocol flood"
                        .into(),
                )),
            }
        }
        systems::System::Ping(args) => {
            connected(&neighbours, options)?;
            operations("--count", args.count, options.peers)?;
            Ok(engine.run(Pings {
                neighbours,
                count: args.count,
                timeout: PATIENCE,
                stops: given.stops,
            }))
        }
        systems::System::Terminate(args) => {
            connected(&neighbours, options)?;
            Ok(engine.run(Termination {
                neighbours,
                jobs: args.jobs,
                pace: args.pace,
            }))
        }
    }
}

/// An operation is a command that is kept until it is due.
const OPERATIONS: u64 = 1_000_000;

/// So many operations of so many processes can be kept.
fn operations(option: &str, each: u32, processes: u32) -> Result<(), Error> {
    let all = u64::from(each) * u64::from(processes);
    match all > OPERATIONS {
        true => Err(Error::Usage(format!(
            "{option} {each}: that is {all} operations of {processes} processes; a run has at \
             most {OPERATIONS}, for example {option} {}",
            OPERATIONS / u64::from(processes)
        ))),
        false => Ok(()),
    }
}

fn at_most(option: &str, count: u32, options: &Options) -> Result<(), Error> {
    match count > options.peers {
        true => Err(Error::Usage(format!(
            "{option} {count}: there are {} peers",
            options.peers
        ))),
        false => Ok(()),
    }
}

/// Some process has as many neighbours as it is to tell. Those with fewer tell
/// all.
fn enough_neighbours(neighbours: &[Vec<u32>], fanout: u32, options: &Options) -> Result<(), Error> {
    let degree = neighbours.iter().map(Vec::len).max().unwrap_or(0);
    match (degree as u64) < u64::from(fanout) {
        true => Err(Error::Usage(format!(
            "--fanout {fanout}: no peer has a greater degree than {degree} in topology {}; take --fanout {degree} or less, or a topology with more connections",
            options.topology
        ))),
        false => Ok(()),
    }
}

/// Every process reaches the one after it.
fn ring(neighbours: &[Vec<u32>], options: &Options) -> Result<(), Error> {
    let next = |node: usize| (node as u32 + 1) % options.peers;
    match (0..neighbours.len()).find(|&node| !neighbours[node].contains(&next(node))) {
        Some(node) => Err(Error::Usage(format!(
            "peer {node} is not connected with peer {} in topology {}: this algorithm needs a ring; take --topology ring or full",
            next(node),
            options.topology
        ))),
        None => Ok(()),
    }
}

/// Every process reaches every other.
fn mesh(neighbours: &[Vec<u32>], options: &Options) -> Result<(), Error> {
    match neighbours
        .iter()
        .position(|all| all.len() + 1 < neighbours.len())
    {
        Some(node) => Err(Error::Usage(format!(
            "peer {node} is not connected with all others in topology {}: this algorithm asks everybody; take --topology full",
            options.topology
        ))),
        None => Ok(()),
    }
}

/// There is a way from everybody to everybody.
fn connected(neighbours: &[Vec<u32>], options: &Options) -> Result<(), Error> {
    let mut reached = vec![false; neighbours.len()];
    let mut to_visit = vec![0];
    while let Some(node) = to_visit.pop() {
        if !std::mem::replace(&mut reached[node as usize], true) {
            to_visit.extend(&neighbours[node as usize]);
        }
    }
    match reached.iter().position(|reached| !reached) {
        Some(node) => Err(Error::Usage(format!(
            "peer {node} cannot be reached from peer 0 in topology {}: this algorithm needs a way between any two; take another topology",
            options.topology
        ))),
        None => Ok(()),
    }
}

/// Whoever is to stop is there, and somebody goes on.
pub(crate) fn all_there(net: &Net, options: &Options) -> Result<(), Error> {
    let peers = options.peers;
    if let Some(kill) = net.kill.iter().find(|kill| kill.node >= peers) {
        return Err(Error::Usage(format!(
            "--kill {}: there are {peers} peers, from 0 to {}",
            kill.node,
            peers - 1
        )));
    }
    let stopped: BTreeSet<_> = net.kill.iter().map(|kill| kill.node).collect();
    if stopped.len() < net.kill.len() {
        return Err(Error::Usage(
            "--kill: a peer is named twice, and can stop only once; name it once".into(),
        ));
    }
    match stopped.len() < peers as usize {
        true => Ok(()),
        false => Err(Error::Usage(format!(
            "--kill: all {peers} peers are to stop; leave one that goes on"
        ))),
    }
}

fn snapshot<E: Engine>(
    args: &systems::Snapshot,
    options: &Options,
    neighbours: Vec<Vec<u32>>,
    given: Given,
    engine: E,
) -> Result<E::Outcome, Error> {
    at_most("--initiators", args.initiators, options)?;
    operations("--snapshots", args.snapshots, args.initiators)?;
    connected(&neighbours, options)?;
    let plan = Plan {
        args,
        neighbours,
        given,
    };
    Ok(match args.workload {
        systems::Workload::Bank => plan.over::<Bank, E>(engine),
        systems::Workload::Token => plan.over::<Tokens, E>(engine),
        systems::Workload::ProducerConsumer => plan.over::<ProducerConsumer, E>(engine),
    })
}

struct Plan<'a> {
    args: &'a systems::Snapshot,
    neighbours: Vec<Vec<u32>>,
    given: Given,
}

impl Plan<'_> {
    fn over<A: Workload, E: Engine>(self, engine: E) -> E::Outcome {
        match self.args.algorithm {
            SnapshotAlgorithm::ChandyLamport => engine.run(self.system::<(A, ChandyLamport<A>)>()),
            SnapshotAlgorithm::LaiYang => engine.run(self.system::<(A, LaiYang<A>)>()),
            SnapshotAlgorithm::Naive => engine.run(self.system::<(A, NaiveSnapshot<A>)>()),
        }
    }

    fn system<P: Pair>(self) -> Snapshots<P> {
        let args = self.args;
        Snapshots {
            neighbours: self.neighbours,
            initiators: args.initiators,
            each: args.snapshots,
            every: args.every,
            amount: match (args.workload, self.given.acts) {
                (systems::Workload::Token | systems::Workload::ProducerConsumer, Some(_)) => 1,
                (systems::Workload::Bank, _) | (_, None) => AMOUNT,
            },
            pace: Duration::from_secs_f64(1.0 / args.rate),
            limit: args.acts.or(self.given.acts).unwrap_or(u64::MAX),
            patience: args.patience,
            crashes: self.given.crashes(),
            fifo: self.given.in_order,
            algorithm: PhantomData,
        }
    }
}

/// How long a PING waits for its PONG: as `testbed ping` does.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many messages are published if nobody says. A guess: enough for a median.
pub(crate) const MESSAGES: u32 = 10;

/// How long the last message of a flood may take if nobody says. A guess.
const FLOOD_PATIENCE: Duration = Duration::from_secs(2);

/// What each process has at the start. A guess: enough that few run out.
const AMOUNT: u64 = 100;
