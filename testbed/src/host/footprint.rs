//! How much memory peers and connections take.

use serde::Serialize;

use super::resident;

/// How much the process's memory grew while peers started, and while they connected.
/// Reuse of memory that the process already had is not counted, so in small networks
/// the figures are too low.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Footprint {
    /// KiB for each peer that listens.
    pub peer_kib: Option<u64>,
    /// KiB for each connection, with both its ends.
    pub connection_kib: Option<u64>,
    #[serde(skip)]
    before: Option<u64>,
}

impl Footprint {
    /// The baseline, before anything has started.
    pub fn start() -> Self {
        Self {
            before: resident(),
            ..Self::default()
        }
    }

    /// Records that all peers listen.
    pub fn listening(&mut self, peers: u64) {
        self.peer_kib = self.grown(peers);
        self.before = resident();
    }

    /// Records that all peers are connected. May be called again; the last call counts.
    pub fn connected(&mut self, connections: u64) {
        self.connection_kib = self.grown(connections);
    }

    fn grown(&self, by: u64) -> Option<u64> {
        let bytes = resident()?.saturating_sub(self.before?);
        (bytes / 1024).checked_div(by)
    }
}

/// `60 KiB a peer, 40 KiB a connection`
impl std::fmt::Display for Footprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kib = |kib: Option<u64>| kib.map_or("unknown".to_owned(), |kib| format!("{kib} KiB"));
        let (peer, connection) = (kib(self.peer_kib), kib(self.connection_kib));
        write!(f, "{peer} a peer, {connection} a connection")
    }
}
