//! How long it takes until all peers are connected, seen from both sides: from
//! nothing, with keys, listeners and dials.

use std::time::Instant;

use crate::line::{Line, seconds};
use crate::ours::Ours;
use crate::side::{Side, alone, in_turn};
use crate::{bare, ours};

/// A full mesh.
pub(crate) fn full(transport: &'static str, peers: u32, rounds: usize) -> Line {
    let arguments = ours::arguments(transport, "full", peers);
    let medians = in_turn(rounds, |side| match side {
        Side::Ours => {
            let mut ours = Ours::new(&arguments);
            alone(async move {
                let began = Instant::now();
                let _network = ours.build().await;
                began.elapsed().as_secs_f64()
            })
        }
        Side::Floor => {
            let edges = bare::edges("full", peers);
            alone(async move {
                let began = Instant::now();
                let _network = bare::network(transport, peers, &edges).await;
                began.elapsed().as_secs_f64()
            })
        }
    });
    Line {
        medians,
        show: seconds,
        rounds,
        remarks: String::new(),
    }
}
