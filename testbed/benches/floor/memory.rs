//! How much memory a connection takes: what a process grows by while its peers
//! start and connect, divided by the connections.

use crate::bare;
use crate::child::Job;
use crate::line::{Line, kib_a_connection};
use crate::side::in_turn;

/// A full mesh.
pub(crate) fn full(transport: &'static str, peers: u32, rounds: usize) -> Line {
    let connections = bare::edges("full", peers).len() as f64;
    let medians = in_turn(rounds, |side| {
        let job = Job {
            side,
            transport,
            topology: "full",
            peers,
        };
        let output = job.command().output().expect("this program again");
        let text = String::from_utf8_lossy(&output.stdout);
        let grown: f64 = text.trim().parse().expect("a child that ended well");
        grown / connections
    });
    Line {
        medians,
        show: kib_a_connection,
        rounds,
        remarks: String::new(),
    }
}
