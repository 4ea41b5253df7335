//! What was done to the network, as spans of the laboratory's own tell of it.

use opentelemetry_proto::tonic::trace::v1::Span;
use serde::{Deserialize, Serialize};

use super::text;
use crate::LABORATORY;
use crate::steps::key;

/// The name of the span of a peer that was killed.
pub const KILL: &str = "kill";
/// That of a link that was cut.
pub const CUT: &str = "cut";
/// That of one that was healed.
pub const HEAL: &str = "heal";

/// The attribute of such a span with the peer; the other end of a link is its
/// remote.
pub const PEER: &str = "p2p.peer";

/// What can be done to a run. Peers are named as in the trace.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "action", rename_all = "lowercase", deny_unknown_fields)]
pub enum FaultAction {
    /// Nobody takes a step.
    Pause {},
    /// All go on.
    Resume {},
    /// A peer stops for ever.
    Kill {
        /// Who.
        peer: String,
    },
    /// What two peers send each other waits.
    Cut {
        /// One end.
        peer: String,
        /// The other.
        other: String,
    },
    /// It comes.
    Heal {
        /// One end.
        peer: String,
        /// The other.
        other: String,
    },
}

impl FaultAction {
    /// Its name in the trace, and the peers that it is about.
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

/// The links that are cut and healed, and the peers that are killed. `None` for
/// a span that tells of something else.
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
