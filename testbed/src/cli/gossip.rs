//! `testbed gossip` on the command line.

use std::time::Duration;

use clap::{Args, ValueEnum};
use lab::lesson::Lesson;
use lab::options::{Channel, Net};
use lab::system::gossip as flood;
use lab::system::{Setup, SystemOptions as _, Visitor};
use node::gossip::Parameters;

use super::choice::{Choice, Description};
use super::values;
use super::{Common, Measure};
use super::{Error, Usage};
use crate::experiment::gossip::{self, Options};
use crate::run::RunOptions;

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
    pub mesh: Mesh,
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
        let gossip = gossip::Gossip::new(self.try_into()?);
        let options = common.checked(self.need())?;
        self.net.check(options.peers).map_err(lab::Error::from)?;
        Ok((gossip, options))
    }
}

/// How long gossipsub may take by default. A guess: ten heartbeats.
const PATIENCE: Duration = Duration::from_secs(10);

/// The resolution of tokio's timers.
const SHORTEST_HEARTBEAT: Duration = Duration::from_millis(1);

/// What spreads messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Protocol {
    /// A peer forwards each new message to its neighbours.
    Flood,
    /// libp2p's: to a mesh of some neighbours, and news of it to others.
    Gossipsub,
}

/// gossipsub's parameters, with libp2p's defaults.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of gossipsub")]
pub struct Mesh {
    /// How many neighbours each peer has in its mesh (D) [default: 6]
    #[arg(long, value_name = "N")]
    pub mesh: Option<usize>,
    /// With fewer, others are taken in (D_low) [default: 5]
    #[arg(long, value_name = "N")]
    pub mesh_low: Option<usize>,
    /// With more, some are left out (D_high) [default: 12]
    #[arg(long, value_name = "N")]
    pub mesh_high: Option<usize>,
    /// How many of the mesh the peer itself has dialled, at least (D_out)
    /// [default: 2]
    #[arg(long, value_name = "N")]
    pub mesh_outbound: Option<usize>,
    /// How often meshes are looked after [default: 1s]
    #[arg(long, value_name = "TIME", value_parser = values::interval)]
    pub heartbeat: Option<Duration>,
    /// How long a copy may wait until its neighbour takes it; then it is given up
    /// [default: 5s for the publisher's own, 1s for those that are passed on]
    #[arg(long, value_name = "TIME", value_parser = values::interval)]
    pub queue: Option<Duration>,
    /// Publishers send to their mesh alone, not to all neighbours: with few
    /// peers, flood publishing makes the ways look short
    #[arg(long)]
    pub no_flood_publish: bool,
    /// Messages are not signed, and so no signature of a copy is checked
    #[arg(long)]
    pub unsigned: bool,
}

impl Gossip {
    /// How often gossipsub looks after its meshes.
    pub fn heartbeat(&self) -> Duration {
        let usual = Parameters::default().heartbeat;
        self.mesh.heartbeat.unwrap_or(usual)
    }
}

impl Mesh {
    /// Whether any of these options was given.
    pub fn is_given(&self) -> bool {
        let numbers = [self.mesh, self.mesh_low, self.mesh_high, self.mesh_outbound];
        numbers.iter().any(Option::is_some)
            || self.heartbeat.is_some()
            || self.queue.is_some()
            || self.no_flood_publish
            || self.unsigned
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
        ];
        if let Some((option, _)) = ignored.iter().find(|(_, given)| *given) {
            let reason = "is not for --protocol gossipsub; leave it out";
            return Err(Usage::option(*option, reason));
        }
        let usual = Parameters::default();
        let mesh = args.mesh.mesh.unwrap_or(usual.mesh);
        let mesh_low = args.mesh.mesh_low.unwrap_or(usual.mesh_low);
        let mesh_high = args.mesh.mesh_high.unwrap_or(usual.mesh_high);
        let mesh_outbound = args.mesh.mesh_outbound.unwrap_or(usual.mesh_outbound);
        if !(mesh_low <= mesh && mesh <= mesh_high) {
            let given =
                format!("--mesh {mesh} with --mesh-low {mesh_low} and --mesh-high {mesh_high}");
            return Err(Usage::value(given, "it has to lie between them"));
        }
        if mesh_outbound > mesh_low || mesh_outbound > mesh / 2 {
            let half = mesh / 2;
            return Err(Usage::value(
                format!("--mesh-outbound {mesh_outbound}"),
                format!("at most --mesh-low, {mesh_low}, and half of --mesh, {half}"),
            ));
        }
        if args.heartbeat() < SHORTEST_HEARTBEAT {
            return Err(Usage::value(
                format!("--heartbeat {:?}", args.heartbeat()),
                format!("at least {SHORTEST_HEARTBEAT:?}, the resolution of timers"),
            ));
        }
        Ok(Self {
            messages: args.flood.messages.unwrap_or(flood::MESSAGES),
            interval: args.flood.interval.0,
            kill: net.kill.clone(),
            size: args.flood.size.0,
            patience: args.flood.patience.unwrap_or(PATIENCE),
            parameters: Parameters {
                mesh,
                mesh_low,
                mesh_high,
                mesh_outbound,
                heartbeat: args.heartbeat(),
                queue: args.mesh.queue,
                flood_publish: !args.mesh.no_flood_publish,
                signed: !args.mesh.unsigned,
            },
        })
    }
}
