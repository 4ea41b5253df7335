//! Options of the network.

use std::collections::BTreeSet;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::error::Error;
use crate::delay::Delay;
use crate::liars::Liars;
use crate::planned::Kill;
use crate::simulator::{Crash, Memory};
use crate::values;

/// What happens to messages and peers.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of the network")]
pub struct Net {
    /// How long messages travel: 5ms, 1ms..10ms, 0..100ms or exponential:5ms
    /// [default: 0..20ms live, but as they do in gossip; 1ms..10ms simulated]
    #[arg(long, global = true, value_name = "D")]
    pub delay: Option<Delay>,
    /// What carries messages between two peers, and so whether they keep their
    /// order
    #[arg(long, global = true, value_name = "C", default_value = "stream")]
    pub channel: Channel,
    /// Stop a peer: 3@100ms. May be given several times
    #[arg(long, global = true, value_name = "PEER@TIME")]
    pub kill: Vec<Kill>,
    /// Let peers lie: 0,3:equivocate tells some the truth and others not; 2:forge lies to
    /// all, 2:silent sends nothing, 2:custom is the system's own. May be given several times
    #[arg(long, global = true, value_name = "PEER,...:LIE")]
    pub liars: Vec<Liars>,
    /// How long a live run may take [default: 30s, or what its options need, after
    /// the last operation is to begin], and a check [default: 5m]
    #[arg(long, global = true, value_name = "TIME", value_parser = values::duration)]
    pub timeout: Option<Duration>,
}

/// What order a channel keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Channel {
    /// One stream: first in, first out
    Stream,
    /// A stream for each message: any may overtake another
    PerMessage,
}

impl Net {
    /// The processes to be stopped for ever.
    pub fn stops(&self) -> impl Iterator<Item = Crash> {
        self.kill.iter().map(|kill| Crash {
            process: kill.node,
            at: kill.at,
            restart: None,
            state: Memory::Kept,
        })
    }

    /// The processes that are to lie.
    pub fn liars(&self) -> Liars {
        self.liars.iter().cloned().collect()
    }

    /// Requires that each process to be stopped exists, is named once, and that
    /// one goes on. Processes that lie have to exist, and to lie in one way.
    ///
    /// # Errors
    /// [`Error`] names the value and the way out.
    pub fn check(&self, peers: u32) -> Result<(), Error> {
        if let Some(kill) = self.kill.iter().find(|kill| kill.node >= peers) {
            let peer = kill.node;
            return Err(Error::UnknownPeer { peer, peers });
        }
        let mut lies = BTreeSet::new();
        for (node, _) in self.liars.iter().flat_map(Liars::iter) {
            let peer = node.0;
            if peer >= peers {
                return Err(Error::UnknownLiar { peer, peers });
            }
            if !lies.insert(peer) {
                return Err(Error::LiesTwice { peer });
            }
        }
        let stopped: BTreeSet<_> = self.kill.iter().map(|kill| kill.node).collect();
        if stopped.len() < self.kill.len() {
            return Err(Error::KilledTwice);
        }
        match stopped.len() < peers as usize {
            true => Ok(()),
            false => Err(Error::AllKilled { peers }),
        }
    }
}
