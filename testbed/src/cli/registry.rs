//! The registry of systems: one line each. A system's options type provides its
//! command, its help, its description in `run.json`, its lessons and the system.

use clap::Subcommand;
use lab::lesson::Lesson;
use lab::options::Net;
use lab::system::{Setup, Visitor, agreement, audit, auth, election, generals, hub, overlay};
use lab::system::{membership, mutual_exclusion, ping};
use lab::system::{replicated_log, route, routing, snapshot, termination, wave};

use super::Error;
use super::choice::{Choice, Description, WithNet};
use super::gossip::Gossip;

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

/// All lessons, in reading order.
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
        /// Elect a leader: on a ring (Chang-Roberts), or the largest that is up (bully)
        Elect(WithNet<election::Options>),
        /// Let one at a time into the critical section (Ricart-Agrawala)
        Mutex(WithNet<mutual_exclusion::Options>),
        /// Reach all peers and hear from all of them: the echo algorithm
        Wave(WithNet<wave::Options>),
        /// Spread messages to all peers, by flooding or by gossipsub: how fast, how often, over how many hops
        Gossip(Gossip),
        /// Find out that a computation has ended (Dijkstra-Scholten)
        Terminate(WithNet<termination::Options>),
        /// Agree on a log of commands, although some peers stop and restart (Raft)
        Replicate(WithNet<replicated_log::Options>),
        /// Agree on a value in synchronous rounds, although some stop (FloodSet)
        Agree(WithNet<agreement::Options>),
        /// Obey the same order, although some lie: the Byzantine generals (OM)
        Generals(WithNet<generals::Options>),
        /// Register at a hub that asks for work, rations what it passes on, and finds the others
        Hub(WithNet<hub::Options>),
        /// Prove to others that an identity is one's own, and try to be taken for another one
        Auth(WithNet<auth::Options>),
        /// Ask others for random blocks of a file, and drop those who lack them
        Audit(WithNet<audit::Options>),
        /// Route messages to the peer nearest to a key, over tables of a few peers
        Route(WithNet<route::Options>),
        /// Admit peers by certificates of a registry that end, and spread its settings
        Membership(WithNet<membership::Options>),
        /// Keep an overlay of a few links a peer, which are replaced by what they carry
        Overlay(WithNet<overlay::Options>),
        /// Find shortest ways that never form a loop, although links break (Babel)
        Routing(WithNet<routing::Options>),
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
