//! `testbed gossip` on the command line.

mod attack;
mod mesh;

use std::time::Duration;

use clap::{Args, ValueEnum};
use lab::lesson::Lesson;
use lab::options::{Channel, Net};
use lab::system::gossip as flood;
use lab::system::{Setup, SystemOptions as _, Visitor};

use super::choice::{Choice, Description};
use super::scenario::Takes;
use super::{Common, Measure};
use super::{Error, Usage};
use crate::experiment::gossip::{self, Options};
use crate::run::RunOptions;
pub(super) use mesh::Mesh;

/// Options of `gossip`.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of gossip")]
pub struct Gossip {
    /// Which protocol spreads the messages
    #[arg(long, value_name = "P", default_value = "flood")]
    pub protocol: Protocol,
    /// What is published.
    #[command(flatten)]
    pub flood: flood::Options,
    /// How gossipsub works.
    #[command(flatten)]
    pub mesh: Box<Mesh>,
    /// What happens to messages and peers.
    #[command(flatten)]
    pub net: Net,
}

/// Flooding: gossipsub runs over real peers alone.
impl Choice for Gossip {
    fn description(&self) -> Description {
        Description::of(&self.flood)
    }

    fn lessons() -> Vec<&'static Lesson> {
        flood::Options::LESSONS.iter().collect()
    }

    fn net(&self) -> &Net {
        &self.net
    }

    fn build<V: Visitor>(&self, setup: Setup, visitor: V) -> Result<V::Output, Error> {
        let usage = |option: &str, reason: &str| Err(Usage::option(option, reason).into());
        match self.protocol {
            Protocol::Gossipsub => usage(
                "--protocol gossipsub",
                "is libp2p's, and runs over real peers alone; take --protocol flood",
            ),
            Protocol::Flood if self.mesh.is_given() => usage(
                "--mesh and the other options of gossipsub",
                "are for --protocol gossipsub; leave them out",
            ),
            Protocol::Flood => {
                let built = self.flood.build(setup, visitor);
                Ok(built.map_err(lab::Error::from)?)
            }
        }
    }
}

/// gossipsub.
impl Measure for Gossip {
    type Experiment = gossip::Gossip;

    fn checked(&self, common: &Common) -> Result<(gossip::Gossip, RunOptions), Error> {
        let mut measured: Options = self.try_into()?;
        let mut options = common.checked(self.need())?;
        Takes::Peers.check(&options)?;
        let security = &self.mesh.security;
        measured.attackers = security.attackers(&mut options, &measured.parameters)?;
        let gossip = gossip::Gossip::new(measured);
        self.net.check(options.peers).map_err(lab::Error::from)?;
        Ok((gossip, options))
    }
}

/// How long gossipsub may take by default. A guess: ten heartbeats.
const PATIENCE: Duration = Duration::from_secs(10);

/// What spreads messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Protocol {
    /// A peer forwards each new message to its neighbours.
    Flood,
    /// libp2p's: to a mesh of some neighbours, and news of it to others.
    Gossipsub,
}

impl Gossip {
    /// How often gossipsub looks after its meshes.
    pub fn heartbeat(&self) -> Duration {
        self.mesh.heartbeat()
    }
}

impl TryFrom<&Gossip> for Options {
    type Error = Usage;

    fn try_from(args: &Gossip) -> Result<Self, Usage> {
        let net = &args.net;
        let ignored = [
            ("--fanout", args.flood.fanout.is_some()),
            ("--delay", net.delay.is_some()),
            ("--channel per-message", net.channel == Channel::PerMessage),
            ("--timeout", net.timeout.is_some()),
            ("--liars", !net.liars.is_empty()),
            ("--crash", !net.crash.is_empty()),
            ("--restart", !net.restart.is_empty()),
        ];
        if let Some((option, _)) = ignored.iter().find(|(_, given)| *given) {
            let reason = "is not for --protocol gossipsub; leave it out";
            return Err(Usage::option(*option, reason));
        }
        let (messages, interval) = args.flood.pace().map_err(|error| {
            // Only a duration can be wrong.
            Usage::option("--duration", error.to_string())
        })?;
        Ok(Self {
            messages: messages.unwrap_or(flood::MESSAGES),
            interval,
            kill: net.kill.clone(),
            size: args.flood.size.0,
            patience: args.flood.patience.unwrap_or(PATIENCE),
            parameters: args.mesh.parameters(interval)?,
            topics: args.mesh.topics.unwrap_or(1),
            attackers: None,
        })
    }
}
