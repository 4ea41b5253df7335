//! Faults injected into the network, recorded as spans of the laboratory.

use opentelemetry_proto::tonic::trace::v1::Span;
use serde::{Deserialize, Serialize};

use super::text;
use crate::LABORATORY;
use crate::steps::key;

/// The name of the span that records the kill of a peer.
pub const KILL: &str = "kill";
/// The name of the span that records the cut of a link.
pub const CUT: &str = "cut";
/// The name of the span that records the healing of a link.
pub const HEAL: &str = "heal";

/// The attribute of these spans that names the peer. [`key::REMOTE`] names the other
/// end of a link.
pub const PEER: &str = "p2p.peer";

/// A fault, or its end. Peers are named as in the trace.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "action", rename_all = "lowercase", deny_unknown_fields)]
pub enum FaultAction {
    /// All processes stop taking steps.
    Pause {},
    /// All processes continue.
    Resume {},
    /// A peer stops for ever.
    Kill {
        /// The peer.
        peer: String,
    },
    /// Messages between two peers are held back.
    Cut {
        /// One end.
        peer: String,
        /// The other.
        other: String,
    },
    /// Messages between two peers are delivered again.
    Heal {
        /// One end.
        peer: String,
        /// The other.
        other: String,
    },
}

impl FaultAction {
    /// Its name in the trace, and the peers involved.
    pub fn parts(&self) -> (&'static str, [Option<&str>; 2]) {
        match self {
            Self::Pause {} => ("pause", [None, None]),
            Self::Resume {} => ("resume", [None, None]),
            Self::Kill { peer } => (KILL, [Some(peer), None]),
            Self::Cut { peer, other } => (CUT, [Some(peer), Some(other)]),
            Self::Heal { peer, other } => (HEAL, [Some(peer), Some(other)]),
        }
    }
}

/// The fault that a span records: a link cut or healed, or a peer killed. `None` for any
/// other span.
pub fn fault(service: &str, span: &Span) -> Option<FaultAction> {
    if service != LABORATORY {
        return None;
    }
    let text = |name: &str| text(&span.attributes, name).map(str::to_owned);
    Some(match span.name.as_str() {
        KILL => FaultAction::Kill { peer: text(PEER)? },
        CUT => FaultAction::Cut {
            peer: text(PEER)?,
            other: text(key::REMOTE)?,
        },
        HEAL => FaultAction::Heal {
            peer: text(PEER)?,
            other: text(key::REMOTE)?,
        },
        _ => return None,
    })
}
