//! `testbed gossip` on the command line.

use std::time::Duration;

use clap::{Args, ValueEnum};
use node::gossip::Parameters;

use super::values::{self, Size};
use crate::Error;
use crate::experiment::gossip::Options;

/// Options of `testbed gossip`.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of gossip")]
pub struct Gossip {
    /// What spreads the messages
    #[arg(long, value_name = "P", default_value = "gossipsub")]
    pub protocol: Protocol,
    /// How many messages are published, by random peers
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub messages: u32,
    /// The time from one message to the next
    #[arg(long, value_name = "TIME", default_value = "50ms", value_parser = values::duration)]
    pub interval: Duration,
    /// How many bytes each carries (0 to 1M)
    #[arg(long, value_name = "BYTES", default_value = "1K")]
    pub size: Size,
    /// How long to wait: for the meshes to form, and after the last message or
    /// arrival for another
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = values::duration)]
    pub patience: Duration,
    /// How peers gossip.
    #[command(flatten)]
    pub mesh: Mesh,
}

/// What spreads messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Protocol {
    /// libp2p's: a mesh of some neighbours, and gossip to the others
    Gossipsub,
}

/// gossipsub's parameters, with libp2p's defaults.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of gossipsub")]
pub struct Mesh {
    /// How many neighbours each peer has in its mesh (D)
    #[arg(long, value_name = "N", default_value_t = 6)]
    pub mesh: usize,
    /// With fewer, others are taken in (D_low)
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub mesh_low: usize,
    /// With more, some are left out (D_high)
    #[arg(long, value_name = "N", default_value_t = 12)]
    pub mesh_high: usize,
    /// How many of the mesh the peer itself has dialled, at least (D_out)
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub mesh_outbound: usize,
    /// How often meshes are looked after
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = values::duration)]
    pub heartbeat: Duration,
    /// Publishers send to their mesh alone, not to all neighbours: with few
    /// peers, flood publishing makes the ways look short
    #[arg(long)]
    pub no_flood_publish: bool,
    /// Messages are not signed, and so no signature of a copy is checked
    #[arg(long)]
    pub unsigned: bool,
}

impl TryFrom<&Gossip> for Options {
    type Error = Error;

    fn try_from(args: &Gossip) -> Result<Self, Error> {
        let Protocol::Gossipsub = args.protocol;
        let usage = |text: String| Err(Error::Usage(text));
        if args.interval.is_zero() {
            return usage(
                "--interval 0s: messages need a time between them, for example --interval 50ms"
                    .into(),
            );
        }
        let Mesh {
            mesh,
            mesh_low,
            mesh_high,
            mesh_outbound,
            heartbeat,
            ..
        } = args.mesh;
        if heartbeat.is_zero() {
            return usage(
                "--heartbeat 0s: meshes would be looked after without end; libp2p's is 1s".into(),
            );
        }
        if !(mesh_low <= mesh && mesh <= mesh_high) {
            return usage(format!(
                "--mesh {mesh} with --mesh-low {mesh_low} and --mesh-high {mesh_high}: it has to lie between them"
            ));
        }
        if mesh_outbound > mesh_low || 2 * mesh_outbound > mesh {
            return usage(format!(
                "--mesh-outbound {mesh_outbound}: at most --mesh-low, {mesh_low}, and half of --mesh, {}",
                mesh / 2
            ));
        }
        Ok(Self {
            messages: args.messages,
            interval: args.interval,
            size: args.size.0,
            patience: args.patience,
            parameters: Parameters {
                mesh,
                mesh_low,
                mesh_high,
                mesh_outbound,
                heartbeat,
                flood_publish: !args.mesh.no_flood_publish,
                signed: !args.mesh.unsigned,
            },
        })
    }
}
