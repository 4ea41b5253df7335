//! The cells of the matrix: kinds of NAT, and how a peer is reached.

use std::fmt;

use clap::ValueEnum;
use lab::values::name_of;
use serde::{Deserialize, Serialize};

/// A kind of network address translation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The host has a public address.
    None,
    /// One public port for each local port, open to everyone as soon as it was used.
    #[value(name = "fullcone")]
    FullCone,
    /// One public port for each local port, open to addresses and ports to which the host
    /// has sent (port-restricted cone).
    Cone,
    /// Another public port for each destination.
    Symmetric,
}

impl Kind {
    /// Whether packets of strangers get in, at a port that the host has used.
    pub fn admits_strangers(self) -> bool {
        matches!(self, Self::None | Self::FullCone)
    }
}

/// What carries the connections of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Carrier {
    /// TCP.
    Tcp,
    /// QUIC, over UDP.
    Quic,
}

/// A network beside the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Special {
    /// A cone behind another cone dials a cone.
    Double,
    /// Both behind the same cone, in one LAN.
    Hairpin,
    /// IPv6: no NAT, and routers that admit answers alone.
    Firewall,
    /// Two cones; the dialler's router restarts once both have registered.
    Restart,
    /// A symmetric NAT dials a cone whose router maps ports over UPnP.
    Upnp,
}

/// Who dials whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase", untagged)]
pub enum Scene {
    /// A cell of the matrix.
    Pair {
        /// The NAT of the peer that dials.
        dialler: Kind,
        /// The NAT of the peer that is dialled.
        listener: Kind,
    },
    /// A network beside the matrix.
    Special(Special),
}

/// A network in which one peer dials another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Cell {
    /// What carries the connections.
    pub carrier: Carrier,
    /// Who dials whom.
    pub scene: Scene,
}

/// How a peer was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// By dialling its address.
    Direct,
    /// It dialled back when it was asked to over the relay.
    Reversed,
    /// Both dialled at the same time, through the holes that they made.
    Punched,
    /// Over the relay alone.
    Relayed,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&name_of(*self))
    }
}

impl fmt::Display for Special {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&name_of(*self))
    }
}

impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Quic => "quic",
        })
    }
}

/// `cone -> symmetric`
impl fmt::Display for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pair { dialler, listener } => write!(f, "{dialler} -> {listener}"),
            Self::Special(special) => special.fmt(f),
        }
    }
}

/// `tcp cone -> symmetric`
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.carrier, self.scene)
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Direct => "direct",
            Self::Reversed => "reversed",
            Self::Punched => "punched",
            Self::Relayed => "relayed",
        })
    }
}
