//! What theory says about each cell.
//!
//! A peer with a public address, or behind a full cone, is dialled. Otherwise one that can
//! be dialled is asked over the relay to be dialled back (connection reversal, as in Ford,
//! Srisuresh and Kegel, "Peer-to-Peer Communication Across Network Address Translators",
//! 2005). Two port-restricted cones open holes for each other. Towards a symmetric NAT the
//! hole is in the wrong place: its next connection has another public port, which the
//! other NAT does not expect. The transport changes none of this.

use super::{Cell, How, Kind, Scene, Special};

/// How the dialler of this cell should reach the listener. Without `punching` peers do not
/// punch holes.
pub fn expected(cell: Cell, punching: bool) -> How {
    let how = match cell.scene {
        Scene::Pair { dialler, listener } => pair(dialler, listener),
        // Two cones in a row are a cone.
        Scene::Special(Special::Double) => How::Punched,
        // Each knows the other's address in the LAN from the hub.
        Scene::Special(Special::Hairpin) => How::Direct,
        // A cone that changes no address.
        Scene::Special(Special::Firewall) => How::Punched,
        // Its router lets others in at the mapped port.
        Scene::Special(Special::Upnp) => How::Direct,
        // A cone that keeps ports gives the same again.
        Scene::Special(Special::Restart) => How::Punched,
    };
    match how {
        How::Punched if !punching => How::Relayed,
        how => how,
    }
}

fn pair(dialler: Kind, listener: Kind) -> How {
    match (dialler, listener) {
        (_, Kind::None | Kind::FullCone) => How::Direct,
        (Kind::None | Kind::FullCone, _) => How::Reversed,
        (Kind::Cone, Kind::Cone) => How::Punched,
        (Kind::Symmetric, _) | (_, Kind::Symmetric) => How::Relayed,
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;
    use crate::nat::Carrier;

    /// Rows dial, columns listen; D direct, V reversed, P punched, R relayed.
    const MATRIX: [&str; 4] = ["DDVV", "DDVV", "DDPR", "DDRR"];

    fn letter(how: How) -> char {
        match how {
            How::Direct => 'D',
            How::Reversed => 'V',
            How::Punched => 'P',
            How::Relayed => 'R',
        }
    }

    fn matrix(carrier: Carrier, punching: bool) -> Vec<String> {
        let row = |dialler: &Kind| {
            let cell = |listener: &Kind| {
                let scene = Scene::Pair {
                    dialler: *dialler,
                    listener: *listener,
                };
                letter(expected(Cell { carrier, scene }, punching))
            };
            Kind::value_variants().iter().map(cell).collect()
        };
        Kind::value_variants().iter().map(row).collect()
    }

    #[test]
    fn theory_is_the_same_for_both_transports() {
        for carrier in [Carrier::Tcp, Carrier::Quic] {
            assert_eq!(matrix(carrier, true), MATRIX, "{carrier}");
        }
    }

    #[test]
    fn without_punching_cones_stay_relayed() {
        let without = MATRIX.map(|row| row.replace('P', "R"));
        assert_eq!(matrix(Carrier::Tcp, false), without);
    }
}
