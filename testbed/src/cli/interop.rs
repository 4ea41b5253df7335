//! `testbed interop` on the command line: the scenario with which libp2p compares its
//! implementations of gossipsub (`subnet-blob-msg` of gossipsub-interop in libp2p's test
//! plans), with rust-libp2p's peers.

use std::time::Duration;

use clap::Args;
use lab::topology::Topology;
use node::Security;

use super::gossip::Mesh;
use super::scenario::Takes;
use super::values::{self, Size};
use super::{Common, Error, Measure};
use crate::experiment::gossip::{Gossip, Options};
use crate::limits::{Load, Need};
use crate::run::{RunOptions, Time};

/// How many peers there are, as in the scenario's usual run.
const PEERS: u32 = 700;

/// How many connections each of them has.
const CONNECTIONS: Topology = Topology::Random(20);

/// How long a peer validates a message: a column of Ethereum's data, as the scenario measured.
const VALIDATION: Duration = Duration::from_millis(5);

/// The most messages of a run. A guess.
const MOST: i64 = 100_000;

/// Options of `testbed interop`.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of interop")]
pub struct Interop {
    /// How many messages are published, each by a peer chosen at random
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=MOST))]
    pub messages: u32,
    /// The time from one message to the next
    #[arg(long, value_name = "TIME", default_value = "12s", value_parser = values::interval)]
    pub interval: Duration,
    /// How large each message is: up to 1M
    #[arg(long, value_name = "BYTES", default_value = "96K")]
    pub size: Size,
    /// How long the meshes may take to form, and the last message to arrive
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = values::duration)]
    pub patience: Duration,
    /// How gossipsub works.
    #[command(flatten)]
    pub mesh: Box<Mesh>,
}

impl Interop {
    /// What it requires of peers.
    pub fn need(&self) -> Need {
        Need {
            load: Load::Gossipsub {
                heartbeat: self.mesh.heartbeat(),
            },
            topology: CONNECTIONS,
            ..Need::of(2, PEERS)
        }
    }

    fn options(&self, run: &mut RunOptions) -> Result<Options, Error> {
        let mut mesh = self.mesh.clone();
        mesh.no_flood_publish = true;
        mesh.validation.get_or_insert(VALIDATION);
        let parameters = mesh.parameters(Some(self.interval))?;
        Ok(Options {
            messages: self.messages,
            interval: Some(self.interval),
            kill: Vec::new(),
            size: self.size.0,
            patience: self.patience,
            attackers: mesh.security.attackers(run, &parameters)?,
            parameters,
            topics: mesh.topics.unwrap_or(1),
        })
    }
}

impl Measure for Interop {
    type Experiment = Gossip;

    fn checked(&self, common: &Common) -> Result<(Gossip, RunOptions), Error> {
        let mut common = common.clone();
        common.time.get_or_insert(Time::Virtual);
        let peers = common.peers_or(PEERS)?;
        let scenario = common.scenario_file(peers)?;
        if scenario.is_none_or(|file| file.scenario.network.is_none()) {
            common.network.get_or_insert_with(|| "regions".into());
        }
        if common.time == Some(Time::Virtual) {
            // Encryption takes no virtual time.
            common.security.get_or_insert(Security::Plaintext);
        }
        let mut run = common.checked(self.need())?;
        Takes::Peers.check(&run)?;
        let options = self.options(&mut run)?;
        Ok((Gossip::new(options), run))
    }
}
