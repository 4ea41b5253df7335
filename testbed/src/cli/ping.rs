//! `testbed ping` on the command line.

use std::time::Duration;

use clap::Args;
use lab::system::ping::{Options, PeerPair, TIMEOUT};
use rand::SeedableRng as _;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;

use super::scenario::Takes;
use super::values;
use super::{Common, Measure};
use super::{Error, Usage};
use crate::experiment::ping::{self, Destination};
use crate::network::neighbours;
use crate::run::RunOptions;

/// Options of `testbed ping`.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of ping")]
pub struct Ping {
    /// Who pings
    #[arg(long, value_name = "PEER", default_value_t = 0)]
    pub from: u32,
    /// Who is pinged: a peer's number, or the address of a testbed-node or any other
    /// libp2p peer that runs elsewhere (/ip4/…/tcp/…/p2p/…) [default: a random
    /// neighbour]
    #[arg(long, value_name = "PEER|ADDR")]
    pub to: Option<Destination>,
    /// What is sent.
    #[command(flatten)]
    pub pings: Options,
    /// How long to wait for a PONG [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub timeout: Option<Duration>,
    /// Every peer pings every neighbour
    #[arg(long, conflicts_with_all = ["from", "to"])]
    pub every_pair: bool,
}

impl Measure for Ping {
    type Experiment = ping::Ping;

    fn checked(&self, common: &Common) -> Result<(ping::Ping, RunOptions), Error> {
        let options = common.checked(self.need())?;
        Takes::Network.check(&options)?;
        if self.from >= options.peers {
            return Err(no_peer("--from", self.from, options.peers).into());
        }
        let external = self.to.as_ref().and_then(|to| to.external(self.from));
        let pairs = pairs(self, &options)?;
        let timeout = self.timeout.unwrap_or(TIMEOUT);
        let ping = ping::Options {
            pings: self.pings.pings(options.peers, pairs, timeout),
            external,
        };
        Ok((ping::Ping::new(ping), options))
    }
}

fn pairs(args: &Ping, options: &RunOptions) -> Result<Vec<PeerPair>, Usage> {
    let neighbours = neighbours(options);
    let from = args.from;
    let of_from = &neighbours[from as usize];
    if args.every_pair {
        return Ok(PeerPair::every(&neighbours));
    }
    let to = match &args.to {
        Some(Destination::Elsewhere { .. }) => options.peers,
        Some(Destination::Peer(to)) => {
            check_neighbour(from, *to, of_from, options)?;
            *to
        }
        None => {
            let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
            *of_from.choose(&mut rng).ok_or_else(|| {
                let topology = &options.topology;
                Usage::value(
                    format!("--from {from}"),
                    format!("peer {from} has no neighbour in topology {topology}; choose another"),
                )
            })?
        }
    };
    Ok(vec![PeerPair { from, to }])
}

fn check_neighbour(from: u32, to: u32, of_from: &[u32], options: &RunOptions) -> Result<(), Usage> {
    let given = format!("--to {to}");
    if to == from {
        let other = u32::from(from == 0);
        let reason = format!("a peer cannot ping itself; choose another, for example --to {other}");
        return Err(Usage::value(given, reason));
    }
    if to >= options.peers {
        return Err(no_peer("--to", to, options.peers));
    }
    if !of_from.contains(&to) {
        let some: Vec<_> = of_from.iter().take(8).map(u32::to_string).collect();
        let more = if of_from.len() > some.len() {
            ", …"
        } else {
            ""
        };
        let reason = format!(
            "peer {from} is not connected with peer {to} in topology {}; its neighbours are \
             {}{more}",
            options.topology,
            some.join(", ")
        );
        return Err(Usage::value(given, reason));
    }
    Ok(())
}

fn no_peer(option: &str, peer: u32, peers: u32) -> Usage {
    let last = peers - 1;
    Usage::value(
        format!("{option} {peer}"),
        format!("there is no such peer; the {peers} peers are numbered from 0 to {last}"),
    )
}
