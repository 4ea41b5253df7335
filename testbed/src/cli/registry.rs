//! The registry of systems: one line each. Its command, options and help, what
//! `run.json` states of it, its lessons and the system itself come from its options.

use clap::{Args, Subcommand};
use lab::lesson::Lesson;
use lab::options::Net;
use lab::system::{
    Setup, SystemOptions, Visitor, election, mutual_exclusion, ping, snapshot, termination, wave,
};
use lab::topology::Topology;
use serde_json::Value;

use super::Error;
use super::gossip::Gossip;

/// A system that was chosen on the command line, with its options.
pub trait Choice {
    /// What `run.json` states of it.
    fn description(&self) -> Description;

    /// The lessons that it runs, of all its choices.
    fn lessons() -> Vec<&'static Lesson>;

    /// What happens to messages and peers.
    fn net(&self) -> &Net;

    /// Builds the system, and passes it to `visitor`.
    ///
    /// # Errors
    /// [`Usage`](super::Usage) names the value and the way out.
    fn build<V: Visitor>(&self, setup: Setup, visitor: V) -> Result<V::Output, Error>;
}

/// The description of a system.
#[derive(Clone, Debug)]
pub struct Description {
    /// The name of the command.
    pub name: &'static str,
    /// The algorithm, as the literature names it.
    pub algorithm: String,
    /// The application below a superimposed algorithm.
    pub workload: Option<String>,
    /// Its options.
    pub options: Value,
    /// The topology unless the command line names one.
    pub topology: Topology,
    /// Whether times are measured, so that a live run adds no delay of its own.
    pub measures: bool,
}

impl Description {
    /// Of the system of these options.
    pub fn of<O: SystemOptions>(options: &O) -> Self {
        Self {
            name: O::NAME,
            algorithm: options.algorithm(),
            workload: options.workload(),
            options: serde_json::to_value(options).expect("options have no keys but strings"),
            topology: O::TOPOLOGY,
            measures: O::MEASURES,
        }
    }
}

/// The options of a system, and of its network.
#[derive(Clone, Debug, Args)]
pub struct WithNet<O: Args> {
    /// Of the system.
    #[command(flatten)]
    pub options: O,
    /// What happens to messages and peers.
    #[command(flatten)]
    pub net: Net,
}

impl<O: SystemOptions> Choice for WithNet<O> {
    fn description(&self) -> Description {
        Description::of(&self.options)
    }

    fn lessons() -> Vec<&'static Lesson> {
        O::LESSONS.iter().collect()
    }

    fn net(&self) -> &Net {
        &self.net
    }

    fn build<V: Visitor>(&self, setup: Setup, visitor: V) -> Result<V::Output, Error> {
        let built = self.options.build(setup, visitor);
        Ok(built.map_err(lab::Error::from)?)
    }
}

/// Declares commands that choose a system.
macro_rules! choices {
    ($(#[$doc:meta])* $name:ident { $($(#[$of_command:meta])* $command:ident($choice:ty),)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Subcommand)]
        pub enum $name {
            $($(#[$of_command])* $command($choice),)+
        }

        impl Choice for $name {
            fn description(&self) -> Description {
                match self { $(Self::$command(choice) => choice.description(),)+ }
            }

            fn lessons() -> Vec<&'static Lesson> {
                [$(<$choice>::lessons()),+].concat()
            }

            fn net(&self) -> &Net {
                match self { $(Self::$command(choice) => choice.net(),)+ }
            }

            fn build<V: Visitor>(&self, setup: Setup, visitor: V) -> Result<V::Output, Error> {
                match self { $(Self::$command(choice) => choice.build(setup, visitor),)+ }
            }
        }
    };
}

/// All lessons, in the order in which they are best read.
pub fn lessons() -> Vec<&'static Lesson> {
    let mut all = Virtual::lessons();
    all.sort_by_key(|lesson| lesson.order);
    all
}

choices! {
    /// Systems that every engine can run.
    System {
        /// Record the state of a bank that never stands still: the cut, and whether it is consistent
        Snapshot(WithNet<snapshot::Options>),
        /// Elect a leader on a ring (Chang-Roberts)
        Elect(WithNet<election::Options>),
        /// Let one at a time into the critical section (Ricart-Agrawala)
        Mutex(WithNet<mutual_exclusion::Options>),
        /// Reach all peers and hear from all of them: the echo algorithm
        Wave(WithNet<wave::Options>),
        /// Spread messages to all peers, by flooding or by gossipsub: how fast, how often, over how many hops
        Gossip(Gossip),
        /// Find out that a computation has ended (Dijkstra-Scholten)
        Terminate(WithNet<termination::Options>),
    }
}

choices! {
    /// Systems that run without a network.
    Virtual {
        /// Those that also run over real peers.
        #[command(flatten)]
        System(System),
        /// Every peer pings a neighbour: PING and PONG
        Ping(WithNet<ping::Options>),
    }
}
