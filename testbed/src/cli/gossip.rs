//! `testbed gossip` on the command line.

use std::time::Duration;

use clap::{Args, ValueEnum};
use node::gossip::Parameters;

use super::systems::{Channel, Net};
use super::values::{self, Interval, Size};
use crate::Error;
use crate::cli::select::MESSAGES;
use crate::experiment::gossip::Options;

/// Options of `gossip`.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of gossip")]
pub struct Gossip {
    /// Which protocol spreads the messages
    #[arg(long, value_name = "P", default_value = "flood")]
    pub protocol: Protocol,
    /// How many messages are published in all, each by a peer chosen at random
    /// [default: 10; 1 in a check]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MOST_MESSAGES))]
    pub messages: Option<u32>,
    /// The time from one message to the next. auto: the shortest at which the
    /// host does not set the pace, found by trying (gossipsub)
    #[arg(long, value_name = "TIME|auto", default_value = "50ms")]
    pub interval: Interval,
    /// How large each message is: up to 1M
    #[arg(long, value_name = "BYTES", default_value = "1K")]
    pub size: Size,
    /// In a flood: to how many neighbours a peer sends a message on, or to all if
    /// it has fewer [default: all]
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    pub fanout: Option<u32>,
    /// How long after the last message, or the last who got one, a live run waits
    /// for those who have not got all; gossipsub's meshes may take as long to form [default: 2s, with
    /// gossipsub 10s]
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub patience: Option<Duration>,
    /// How gossipsub works.
    #[command(flatten)]
    pub mesh: Mesh,
    /// What happens to messages and peers.
    #[command(flatten)]
    pub net: Net,
}

/// How many messages may be asked for: each is held from the start. A guess.
const MOST_MESSAGES: i64 = 100_000;

/// How long gossipsub may take if nobody says. A guess: ten heartbeats.
const PATIENCE: Duration = Duration::from_secs(10);

/// tokio's timers have this resolution.
const SHORTEST_HEARTBEAT: Duration = Duration::from_millis(1);

/// What spreads messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Protocol {
    /// Whoever hears of something new tells his neighbours.
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

    /// The interval for a protocol for which none is looked for.
    ///
    /// # Errors
    /// [`Error::Usage`] when one was to be.
    pub fn given_interval(&self) -> Result<Duration, Error> {
        self.interval.0.ok_or_else(|| {
            Error::Usage(
                "--interval auto is for --protocol gossipsub; say how long, as in --interval 50ms"
                    .into(),
            )
        })
    }
}

impl Mesh {
    /// Whether anything was said of it.
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
    type Error = Error;

    fn try_from(args: &Gossip) -> Result<Self, Error> {
        let usage = |text: String| Err(Error::Usage(text));
        let net = &args.net;
        let ignored = [
            ("--fanout", args.fanout.is_some()),
            ("--delay", net.delay.is_some()),
            ("--channel per-message", net.channel == Channel::PerMessage),
            ("--timeout", net.timeout.is_some()),
        ];
        if let Some((option, _)) = ignored.iter().find(|(_, given)| *given) {
            return usage(format!(
                "{option} is not for --protocol gossipsub; leave it out"
            ));
        }
        let usual = Parameters::default();
        let mesh = args.mesh.mesh.unwrap_or(usual.mesh);
        let mesh_low = args.mesh.mesh_low.unwrap_or(usual.mesh_low);
        let mesh_high = args.mesh.mesh_high.unwrap_or(usual.mesh_high);
        let mesh_outbound = args.mesh.mesh_outbound.unwrap_or(usual.mesh_outbound);
        if !(mesh_low <= mesh && mesh <= mesh_high) {
            return usage(format!(
                "--mesh {mesh} with --mesh-low {mesh_low} and --mesh-high {mesh_high}: it has to lie between them"
            ));
        }
        if mesh_outbound > mesh_low || mesh_outbound > mesh / 2 {
            return usage(format!(
                "--mesh-outbound {mesh_outbound}: at most --mesh-low, {mesh_low}, and half of --mesh, {}",
                mesh / 2
            ));
        }
        if args.heartbeat() < SHORTEST_HEARTBEAT {
            return usage(format!(
                "--heartbeat {:?}: at least {SHORTEST_HEARTBEAT:?}, the resolution of timers",
                args.heartbeat()
            ));
        }
        Ok(Self {
            messages: args.messages.unwrap_or(MESSAGES),
            interval: args.interval.0,
            kill: net.kill.clone(),
            size: args.size.0,
            patience: args.patience.unwrap_or(PATIENCE),
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
