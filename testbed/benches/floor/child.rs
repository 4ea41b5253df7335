//! A process of its own for one measurement: this program, started again with
//! a job to do.

use std::env;
use std::io::{self, Write as _};
use std::process::Command;

use crate::ours::{self, Ours};
use crate::side::{Side, alone};
use crate::{bare, resident};

/// The argument that a job follows.
pub(crate) const FLAG: &str = "--child";

/// A network to be built by a process of its own.
pub(crate) struct Job<'a> {
    pub(crate) side: Side,
    pub(crate) transport: &'a str,
    pub(crate) topology: &'a str,
    pub(crate) peers: u32,
}

impl Job<'_> {
    /// The command that does it.
    pub(crate) fn command(&self) -> Command {
        let this = env::current_exe().expect("the path of this program");
        let mut command = Command::new(this);
        let peers = self.peers.to_string();
        command.args([
            FLAG,
            self.side.name(),
            self.transport,
            self.topology,
            &peers,
        ]);
        command
    }
}

/// What the child does: it builds the network, prints by how many bytes its
/// memory grew, and exits with everything still open.
pub(crate) fn work(job: &[String]) -> io::Result<()> {
    let [side, transport, topology, peers] = job else {
        return Err(io::Error::other("a job is SIDE TRANSPORT TOPOLOGY PEERS"));
    };
    let side: Side = side.parse().map_err(io::Error::other)?;
    let transport = transport.clone();
    let peers = peers.parse().map_err(io::Error::other)?;
    let topology = topology.clone();
    let grown = match side {
        Side::Ours => alone(async move {
            let mut ours = Ours::new(&ours::arguments(&transport, &topology, peers));
            let before = resident::resident();
            let _network = ours.build().await;
            resident::resident() - before
        }),
        Side::Floor => alone(async move {
            let edges = bare::edges(&topology, peers);
            let before = resident::resident();
            let _network = bare::network(&transport, peers, &edges).await;
            resident::resident() - before
        }),
    };
    writeln!(io::stdout(), "{grown}")
}
