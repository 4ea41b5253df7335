//! From the command line to a [`System`].

use std::marker::PhantomData;
use std::time::Duration;

use algorithms::bank::Bank;
use algorithms::chandy_lamport::ChandyLamport;
use algorithms::lai_yang::LaiYang;
use algorithms::naive_snapshot::NaiveSnapshot;
use algorithms::producer_consumer::ProducerConsumer;
use algorithms::token::Tokens;

use super::System;
use super::snapshot::{Pair, Snapshots, Workload};
use crate::Error;
use crate::cli::options::{Need, Options};
use crate::cli::systems::{self, Channel, Net, SnapshotAlgorithm};
use crate::network::neighbours;

/// What is done with a system, whichever it is.
pub trait Engine {
    /// What comes of it.
    type Outcome;

    /// Runs it.
    fn run<S: System + 'static>(self, system: S) -> Self::Outcome;
}

/// How many processes a system takes, and if nobody says, how many there are.
pub fn need(system: &systems::System, default: u32) -> Need {
    let peers = match system {
        systems::System::Snapshot(_) | systems::System::Mutex(_) | systems::System::Wave(_) => 2,
        systems::System::Elect(_) | systems::System::Terminate(_) => 2,
    };
    Need { peers, default }
}

/// Lets `engine` run the system that the command line names. `acts` is how
/// often a process of a workload acts, if nobody says.
///
/// # Errors
/// [`Error::Usage`] with the value and the way out.
pub fn select<E: Engine>(
    system: &systems::System,
    options: &Options,
    acts: Option<u64>,
    engine: E,
) -> Result<E::Outcome, Error> {
    check(system.net(), options)?;
    let neighbours = neighbours(options);
    match system {
        systems::System::Snapshot(args) => snapshot(args, options, neighbours, acts, engine),
        systems::System::Elect(_)
        | systems::System::Mutex(_)
        | systems::System::Wave(_)
        | systems::System::Terminate(_) => Err(Error::Usage("not yet".into())),
    }
}

fn check(net: &Net, options: &Options) -> Result<(), Error> {
    match net.kill.iter().find(|kill| kill.node >= options.peers) {
        Some(kill) => Err(Error::Usage(format!(
            "--kill {}: there are {} peers, from 0 to {}",
            kill.node,
            options.peers,
            options.peers - 1
        ))),
        None => Ok(()),
    }
}

fn snapshot<E: Engine>(
    args: &systems::Snapshot,
    options: &Options,
    neighbours: Vec<Vec<u32>>,
    acts: Option<u64>,
    engine: E,
) -> Result<E::Outcome, Error> {
    if args.initiators > options.peers {
        return Err(Error::Usage(format!(
            "--initiators {}: there are {} peers",
            args.initiators, options.peers
        )));
    }
    if let Some(alone) = neighbours.iter().position(Vec::is_empty) {
        return Err(Error::Usage(format!(
            "peer {alone} has no neighbour in topology {}: no marker can reach it; choose another",
            options.topology
        )));
    }
    let plan = Plan {
        args,
        neighbours,
        acts,
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
    acts: Option<u64>,
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
            amount: AMOUNT,
            pace: Duration::from_secs_f64(1.0 / args.rate),
            limit: args.acts.or(self.acts).unwrap_or(u64::MAX),
            patience: args.patience,
            crashes: !args.net.kill.is_empty(),
            fifo: args.net.channel == Channel::Stream,
            algorithm: PhantomData,
        }
    }
}

/// What each process has at the start. A guess: enough that few run out.
const AMOUNT: u64 = 100;
